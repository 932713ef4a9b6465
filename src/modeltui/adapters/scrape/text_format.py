"""The text in which model servers expose their metrics, as samples.

Prometheus text format 0.0.4 and OpenMetrics 1.0; also the quoted UTF-8 names of Prometheus 3. Sources:
prometheus.io/docs/instrumenting/exposition_formats, github.com/prometheus/OpenMetrics. A line that cannot be read is
counted and skipped: one broken series must not cost the others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from modeltui.domain.names import NO_DATA, Instant, NoData
from modeltui.domain.text import SafeText, safe_text

_METRIC_NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_QUOTED: Final = r'"(?:[^"\\\n]++|\\[^\n])*+"'
_NUMBER: Final = r"[-+0-9.eEnNaAiIfFtTyY]++"
"""What a float may consist of, without the underscores that Python would accept."""

# Every quantifier inside is possessive: a hostile line costs time in proportion to its length, not more.
_LINE: Final = re.compile(
    rf"""^[ \t]*+(?:
        (?P<name>{_METRIC_NAME})?+[ \t]*+
        (?:\{{(?P<labels>(?:[^"}}\n]++|{_QUOTED})*+)\}})?+
        [ \t]*+(?P<value>{_NUMBER})
        (?:[ \t]++(?P<time>{_NUMBER}))?+
        [ \t]*+(?:\#[ \t]*+\{{[^\n]*+)?+\r?+
      | \#[ \t]++TYPE[ \t]++(?P<family>{_METRIC_NAME}|{_QUOTED})[ \t]++(?P<type>[a-z]++)[ \t]*+\r?+
      | \#[ \t]*+(?P<end>EOF)[ \t]*+\r?+
      | (?P<comment>\#)[^\n]*+
      | (?P<blank>)\r?+
    )$\n?""",
    re.VERBOSE | re.MULTILINE,
)
_LABEL: Final = re.compile(
    r'([ \t]*+([a-zA-Z_][a-zA-Z0-9_]*+)[ \t]*+=[ \t]*+"((?:[^"\\]++|\\.)*+)"[ \t]*+(?:,[ \t]*+|$))'
)
_ANY_ITEM: Final = re.compile(
    rf"[ \t]*+(?:([a-zA-Z_][a-zA-Z0-9_]*+)|({_QUOTED}))[ \t]*+(?:=[ \t]*+({_QUOTED}))?+[ \t]*+(?:,[ \t]*+|$)"
)
_ESCAPE: Final = re.compile(r'\\([\\"n])')
_MOST_CACHED: Final = 10_000
_MOST_REPORTED: Final = 5
_NAME_LABEL: Final = "__name__"
OPENMETRICS: Final = "application/openmetrics-text"
_END: Final = "# EOF"


class Scraped(NamedTuple):
    """One line of an exposition. Its texts are as they came: *not yet safe to show*."""

    name: str
    labels: Mapping[str, str]
    """Shared between samples with the same labels: never change it."""
    value: float
    """May be NaN or infinite: that is what the server said."""
    timestamp: Instant | NoData
    """When the server says it was measured; mostly it says nothing, and the moment of the scrape counts."""


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line that is no sample."""

    number: int
    """Counted from 1."""
    text: SafeText
    """Its beginning."""


class Exposition:
    """One answer of a `/metrics` page. Iterate it once; then it knows what could not be read."""

    def __init__(self, body: bytes | str, media_type: str = "", wanted: Collection[str] | None = None) -> None:
        """Prepare to read `body`; only metrics in `wanted` are given, all when it is None."""
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
        self._text = text.removeprefix("\ufeff")
        # OpenMetrics counts time in seconds, the older format in milliseconds.
        self._is_openmetrics = media_type == OPENMETRICS or (not media_type and self._text.rstrip().endswith(_END))
        self._wanted = wanted
        self._cached: dict[str, Mapping[str, str] | None] = {}
        self.types: dict[str, str] = {}
        """`counter`, `gauge`, `histogram` … by metric family, as far as they have been read."""
        self.samples_given = 0
        self.line_number = 0
        """Of the sample given last, counted from 1."""
        self.unreadable_count = 0
        self.first_unreadable: list[UnreadableLine] = []
        """The first few lines that could not be read."""
        self.is_complete = not self._is_openmetrics
        """Whether the end was seen; the older format has no mark for it."""

    def __iter__(self) -> Iterator[Scraped]:
        position = number = 0
        end = len(self._text)
        while position < end:
            number += 1
            line = _LINE.match(self._text, position)
            if line is None:
                stop = self._text.find("\n", position)
                stop = end if stop < 0 else stop
                self._note_unreadable(number, self._text[position : min(stop, position + 200)])
                position = stop + 1
                continue
            position = line.end()
            if line["value"] is not None:
                sample = self._sample(line, number)
                if sample is not None:
                    self.samples_given += 1
                    self.line_number = number
                    yield sample
            elif line["type"] is not None:
                self.types[_unquoted(line["family"])] = line["type"]
            elif line["end"] is not None and self._is_openmetrics:
                self.is_complete = True
                return

    def _sample(self, line: re.Match[str], number: int) -> Scraped | None:
        name, labels_text, value_text, time_text = line.group("name", "labels", "value", "time")
        if name is not None and not self._is_wanted(name):
            return None
        labels = self._labels(labels_text) if labels_text else {}
        if labels is not None and (name is None or _NAME_LABEL in labels):
            name, labels = _named_within(name, labels)
        try:
            value = float(value_text)
            timestamp = NO_DATA if time_text is None else self._instant(time_text)
        except ValueError:
            name = None
        if labels is None or name is None:
            self._note_unreadable(number, line.group()[:200])
            return None
        return Scraped(name, labels, value, timestamp) if self._is_wanted(name) else None

    def _is_wanted(self, name: str) -> bool:
        return self._wanted is None or name in self._wanted

    def _labels(self, text: str) -> Mapping[str, str] | None:
        """Return the labels in `text`, or None when they cannot be read."""
        if text in self._cached:
            return self._cached[text]
        if text.isspace():
            return {}
        pairs = _LABEL.findall(text)
        labels: Mapping[str, str] | None = {name: value for _, name, value in pairs}
        if sum(len(pair[0]) for pair in pairs) != len(text):
            labels = _unusual_labels(text)
        elif len(labels or ()) != len(pairs):
            labels = None
        elif "\\" in text:
            labels = {name: _unescaped(value) for _, name, value in pairs}
        if len(self._cached) < _MOST_CACHED:
            self._cached[text] = labels
        return labels

    def _instant(self, text: str) -> Instant:
        seconds = float(text) if self._is_openmetrics else int(text) / 1000
        if not abs(seconds) < 1e12:
            raise ValueError(text)
        return Instant(seconds)

    def _note_unreadable(self, number: int, text: str) -> None:
        self.unreadable_count += 1
        if len(self.first_unreadable) < _MOST_REPORTED:
            self.first_unreadable.append(UnreadableLine(number, safe_text(text, 80)))


def parse(body: bytes | str, media_type: str = "", wanted: Collection[str] | None = None) -> Exposition:
    """Return the samples in `body`, to be iterated once.

    `media_type` is the content type of the answer, without parameters. `wanted` names the metrics that are needed:
    of all others not even the labels are read.
    """
    return Exposition(body, media_type, wanted)


def _named_within(name: str | None, labels: Mapping[str, str]) -> tuple[str | None, Mapping[str, str]]:
    """Return the name that stands among the labels, and the others; no name when there is one before them too."""
    others = {label: value for label, value in labels.items() if label != _NAME_LABEL}
    return (labels.get(_NAME_LABEL) if name is None else None), others


def _unusual_labels(text: str) -> Mapping[str, str] | None:
    """Read labels with quoted names; a quoted text without a value is the name of the metric."""
    labels: dict[str, str] = {}
    position = 0
    while position < len(text):
        item = _ANY_ITEM.match(text, position)
        if item is None:
            return None
        plain, quoted, value = item.groups()
        name = plain if quoted is None else _unquoted(quoted)
        if value is None:
            name, value = _NAME_LABEL, quoted
        if value is None or name in labels:
            return None
        labels[name] = _unquoted(value)
        position = item.end()
    return labels


def _unquoted(text: str) -> str:
    return _unescaped(text[1:-1]) if text.startswith('"') else text


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], text) if "\\" in text else text
