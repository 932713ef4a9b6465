"""What is wrong, and which differences may be the cause: values; `suspecting` has the rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from modeltui.domain.comparison.difference import Group
from modeltui.domain.names import SegmentName, SignalName, VersionId
from modeltui.domain.text import SafeText

NOTHING: Final = SafeText("")


@dataclass(frozen=True, slots=True)
class Symptom:
    """How the bad version shows, as the metrics judged it; nothing in it when nothing is wrong."""

    signals: frozenset[SignalName] = frozenset()
    """Signals in warn or breach."""
    segments: frozenset[SegmentName] = frozenset()
    """Segments in warn or breach, `merchant_size=micro`; drifting features (`feature=…`) are not among them."""
    drifted: frozenset[SafeText] = frozenset()
    """Names of features that drifted."""
    version: VersionId | None = None
    """Whose symptom it is; None: nobody looked at a target."""

    def __bool__(self) -> bool:
        return bool(self.signals or self.segments or self.drifted)


class Closeness(StrEnum):
    """How near a difference is to the symptom."""

    FEEDS = "feeds"
    """It feeds what is wrong: the source of the drifted feature, the filter that names the harmed segment."""
    USUAL = "usual"
    """Such differences usually show as this signal: a base image as latency."""
    UNRELATED = "unrelated"
    """Nothing connects them, or nothing is known to be wrong."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """One difference, or several of one thing, that may be the cause."""

    rank: int
    """1 is the first to look at."""
    field: SafeText
    """The difference that stands for it: a `Difference.field`."""
    group: Group
    title: SafeText
    """What changed, in few words: `query: 1 line added`."""
    because: SafeText
    """One sentence: why it is suspected, and what speaks against; never that it is the cause."""
    closeness: Closeness
    weight: float
    """By which it is ranked, 0 to 1; for tests and for explaining the rule, not for showing as a probability."""
    fields: tuple[SafeText, ...] = ()
    """All differences that it covers."""
    feeds: SafeText = NOTHING
    """The harmed segment or drifted feature that it feeds; empty where it feeds none."""
