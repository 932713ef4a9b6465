"""The ledgers of all pages become samples: each version's totals are added up before anything is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf, isnan
from typing import Final, TypeAlias

from modeltui.adapters.scrape.catalogue import Group, Meaning, Segment, Track
from modeltui.adapters.scrape.cells import Cell, CellReading, read_cell
from modeltui.adapters.scrape.ledger import Ledger
from modeltui.adapters.scrape.plan import Gauge, SignalPlan
from modeltui.domain.names import Instant, SegmentName
from modeltui.domain.signal import Measurement, Sample, segment_name

MOST_SEGMENTS: Final = 20
"""Of one label, by traffic; the rest is one segment called `other`."""
OTHER: Final = "other"
_GAUGE_LINGERS_SECONDS: Final = 60.0
"""How long the last value of a dead instance counts beside those of living ones: four scrapes of 15 s."""
_SHORTEST_MEMORY_SECONDS: Final = 300.0
"""How long a version that nobody answers for is still named, with its old time, when its window is shorter."""


@dataclass(slots=True, eq=False)
class Folded:
    """One signal of one version, over all pages."""

    seen_at: float
    """The moment when it was last on any page."""
    measured_at: float
    whole: Cell = field(default_factory=Cell)
    segments: dict[Segment, Cell] = field(default_factory=dict)
    begin: float = inf
    end: float = -inf

    @property
    def covered_seconds(self) -> float:
        """What the counts really cover; not positive before the second scrape."""
        return self.end - self.begin if self.end > self.begin else 0.0

    def cell(self, segment: Segment | None) -> Cell:
        """Return the cell of a segment, or of the whole."""
        if segment is None:
            return self.whole
        found = self.segments.get(segment)
        if found is None:
            found = self.segments[segment] = Cell()
        return found


Picked: TypeAlias = Sequence[tuple[Ledger, Sequence[Track]]]
"""The tracks that are wanted, by the page that they are on."""


def pick(ledgers: Iterable[Ledger], wants: Callable[[Group], bool] | None = None) -> Picked:
    """Return the tracks of all groups, or of those that are wanted."""
    return [
        (ledger, [track for track in ledger.catalogue.tracks if wants is None or wants(track.group)])
        for ledger in ledgers
    ]


class Folder:
    """Adds up what all pages say."""

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self.clamped = 0
        """Quantiles of the last answer that lie above the highest finite bound."""

    def samples(
        self, picked: Picked, moment: float, as_instant: Callable[[float], Instant], longest_age_seconds: float = inf
    ) -> list[Sample]:
        """Return what was known at `moment`, of pages that had been scraped not longer before than that."""
        self.clamped = 0
        found: list[Sample] = []
        incomplete = frozenset().union(*(ledger.catalogue.incomplete for ledger, _ in picked))
        for (group, index), folded in self._folded(picked, moment, longest_age_seconds).items():
            if (group, index) in incomplete:
                continue
            plan = self._meaning.plans[index]
            reading = _read(plan, folded.whole, folded.covered_seconds)
            if reading is None:
                continue
            self.clamped += reading.is_clamped
            # A gauge is of one moment and stands for its whole window.
            is_gauge = isinstance(plan.recipe, Gauge)
            covered = plan.window_seconds if is_gauge else min(folded.covered_seconds, plan.window_seconds)
            segments = tuple(self._segments(plan, folded))
            at = as_instant(folded.measured_at)
            found.append(Sample(group.target, group.version, plan.signal, reading.measurement, at, covered, segments))
        return found

    def _folded(self, picked: Picked, moment: float, longest_age_seconds: float) -> dict[tuple[Group, int], Folded]:
        tracks = list(self._living(picked, moment, longest_age_seconds))
        folded: dict[tuple[Group, int], Folded] = {}
        for _, track, seen in tracks:
            key = (track.group, track.signal_index)
            measured = min(track.measured_at, seen)
            known = folded.get(key)
            if known is None:
                folded[key] = Folded(seen, measured)
            else:
                known.seen_at, known.measured_at = max(known.seen_at, seen), max(known.measured_at, measured)
        for ledger, track, _ in tracks:
            self._add(ledger, track, folded[track.group, track.signal_index])
        return folded

    def _living(
        self, picked: Picked, moment: float, longest_age_seconds: float
    ) -> Iterator[tuple[Ledger, Track, float]]:
        """Yield the tracks that still count at `moment`, and when they were seen last before."""
        plans = self._meaning.plans
        memories = [max(plan.window_seconds, _SHORTEST_MEMORY_SECONDS) for plan in plans]
        for ledger, tracks in picked:
            scraped_at = ledger.ring.last_scrape(moment)
            if moment - scraped_at > longest_age_seconds:
                continue
            for track in tracks:
                if track.began_at > moment:
                    continue
                if moment - track.seen_at <= min(memories[track.signal_index], longest_age_seconds):
                    yield ledger, track, min(track.seen_at, scraped_at)

    def _add(self, ledger: Ledger, track: Track, folded: Folded) -> None:
        plan = self._meaning.plans[track.signal_index]
        if isinstance(plan.recipe, Gauge):
            _add_gauges(ledger, track, folded)
            return
        span = ledger.ring.span(folded.seen_at, plan.window_seconds)
        if span is None:
            return
        folded.begin = min(folded.begin, max(span.begin, track.began_at))
        folded.end = max(folded.end, span.end)
        for segment, parts in track.parts.items():
            folded.cell(segment).take_grown(parts, span)

    def _segments(self, plan: SignalPlan, folded: Folded) -> Iterator[tuple[SegmentName, Measurement]]:
        for index, label in enumerate(self._meaning.segments):
            parts = {segment.value: cell for segment, cell in folded.segments.items() if segment.label_index == index}
            # A signal without the label has one nameless part, which is the whole.
            if set(parts) <= {""}:
                continue
            named: dict[SegmentName, Cell] = {}
            for value, cell in _largest(parts).items():
                named.setdefault(segment_name(label, value), Cell()).add(cell)
            for name, cell in named.items():
                reading = _read(plan, cell, folded.covered_seconds)
                if reading is not None:
                    yield name, reading.measurement


def _add_gauges(ledger: Ledger, track: Track, folded: Folded) -> None:
    for segment, parts in track.parts.items():
        for slot, role, _ in parts:
            value, scraped_at = ledger.ring.value(folded.seen_at, slot)
            if not isnan(value) and folded.seen_at - scraped_at <= _GAUGE_LINGERS_SECONDS:
                folded.cell(segment).take(role, value)


def _read(plan: SignalPlan, cell: Cell, covered_seconds: float) -> CellReading | None:
    if covered_seconds <= 0 and not isinstance(plan.recipe, Gauge):
        return None
    reading = read_cell(plan.recipe, cell, covered_seconds)
    return reading if isinstance(reading, CellReading) else None


def _largest(parts: dict[str, Cell]) -> dict[str, Cell]:
    """Return the segments with the most traffic, and the others as one."""
    if len(parts) <= MOST_SEGMENTS:
        return parts
    ordered = sorted(parts.items(), key=lambda item: (item[1].weight(), item[0]), reverse=True)
    kept = dict(ordered[:MOST_SEGMENTS])
    other = Cell()
    for _, part in ordered[MOST_SEGMENTS:]:
        other.add(part)
    if OTHER in kept:
        other.add(kept.pop(OTHER))
    kept[OTHER] = other
    return kept
