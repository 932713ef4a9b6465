"""Rows of an answer become samples: each row finds its version and its part, each version its measurement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from operator import attrgetter
from typing import Any, Final

from modeltui.adapters.prometheus.arithmetic import number
from modeltui.adapters.prometheus.cells import Cell, Reading, bucket_bound, read_cell
from modeltui.adapters.prometheus.groups import Group, Groups, seen_by_our_clock
from modeltui.adapters.prometheus.plan import Role
from modeltui.adapters.prometheus.promql import BUCKET_BOUND, Leg, Question
from modeltui.adapters.prometheus.wire import Point, Table
from modeltui.domain.names import UNKNOWN, Missing, SegmentName, Unknown
from modeltui.domain.signal import Estimate, Measurement, Sample, Signal, segment_name
from modeltui.domain.text import SafeText, safe_text

MOST_SEGMENTS: Final = 20
"""Of one dimension, by traffic; the rest is one segment called `other`."""
OTHER: Final = "other"

Cells = dict[Group, Cell]


class Folder:
    """Reads the rows of one question."""

    def __init__(self, question: Question, groups: Groups, segments: tuple[str, ...]) -> None:
        self._question = question
        self._groups = groups
        self._segments = segments
        self._legs = {str(index): leg for index, leg in enumerate(question.legs)}
        self._unlabelled: Counter[tuple[str, ...]] = Counter()
        labels = question.row_labels
        self._identity = _several([labels.index(label) for label in groups.identity.labels])
        self._segment_values = _several([labels.index(label) for label in segments]) if segments else None
        self._bound = attrgetter(f"l{labels.index(BUCKET_BOUND)}")
        self._part = attrgetter(f"l{len(labels)}")
        self._clamped = 0

    def fold_now(self, table: Table) -> Cells:
        """Return what each version's rows of an instant answer add up to."""
        cells: Cells = {}
        if self._segment_values is None:
            self._fold_whole(table, cells)
            return cells
        for group, leg, row in self._known_rows(table):
            self._take(cells, group, leg, row, row.value, row.histogram)
        return cells

    def _fold_whole(self, table: Table, cells: Cells) -> None:
        """Add up rows without segments: the same as `_take`, for the answers that have most of the rows."""
        find, identity, part, bound_of, legs = (
            self._groups.find,
            self._identity,
            self._part,
            self._bound,
            self._legs,
        )
        for row in table:
            labels = row.metric
            group, leg = find(identity(labels)), legs.get(part(labels))
            if leg is None or isinstance(group, Missing):
                self._leave_out(identity(labels), group)
                continue
            cell = cells.get(group)
            if cell is None:
                cell = cells[group] = Cell()
            if row.value is None:
                self._add(cell, leg, row, None, row.histogram)
            elif leg.role is Role.BUCKET:
                cell.take_bucket(bucket_bound(bound_of(labels)) * leg.scale, number(row.value.text))
            else:
                cell.take(leg, number(row.value.text))

    def _leave_out(self, raw: tuple[str, ...], group: Group | Missing) -> None:
        if isinstance(group, Missing):
            self._unlabelled[self._groups.missing_dimensions(raw)] += 1

    def fold_steps(self, table: Table, wanted: Callable[[Group], bool]) -> dict[float, Cells]:
        """Return, by the server's time, what each wanted version's points of a range answer add up to."""
        steps: dict[float, Cells] = {}
        for group, leg, row in self._known_rows(table):
            if not wanted(group):
                continue
            for point in row.values:
                self._take(steps.setdefault(point.at, {}), group, leg, row, point, None)
            for native in row.histograms:
                self._take(steps.setdefault(native.at, {}), group, leg, row, None, native)
        return steps

    def _known_rows(self, table: Table) -> Iterator[tuple[Group, Leg, Any]]:
        find, identity, part, legs = self._groups.find, self._identity, self._part, self._legs
        for row in table:
            labels = row.metric
            group, leg = find(identity(labels)), legs.get(part(labels))
            if leg is None or isinstance(group, Missing):
                self._leave_out(identity(labels), group)
            else:
                yield group, leg, row

    def _take(self, cells: Cells, group: Group, leg: Leg, row: Any, point: Point | None, native: Any) -> None:
        cell = cells.get(group)
        if cell is None:
            cell = cells[group] = Cell()
        self._add(cell, leg, row, point, native)
        # Freshness is asked for whole versions only.
        if self._segment_values is None or leg.role is Role.SEEN_AT:
            return
        if cell.segments is None:
            cell.segments = {}
        for place in enumerate(self._segment_values(row.metric)):
            part = cell.segments.get(place)
            if part is None:
                part = cell.segments[place] = Cell()
            self._add(part, leg, row, point, native)

    def _add(self, cell: Cell, leg: Leg, row: Any, point: Point | None, native: Any) -> None:
        if native is not None:
            cell.take_native(leg, native.histogram)
        elif point is None:
            return
        elif leg.role is Role.BUCKET:
            cell.take_bucket(bucket_bound(self._bound(row.metric)) * leg.scale, number(point.text))
        else:
            cell.take(leg, number(point.text))

    def samples(self, cells: Cells, at: float, offset_seconds: float) -> list[Sample]:
        """Return the samples of one moment, `at` by the server's clock, and remember how fresh each version is."""
        plan = self._question.plan
        before = self._groups.last_answer(plan.signal)
        found: list[Sample] = []
        for group, cell in cells.items():
            covered = self._remember(group, cell, at, before)
            reading = read_cell(plan, cell)
            if isinstance(reading, Missing):
                continue
            self._clamped += reading.is_clamped
            seen = seen_by_our_clock(group, plan.signal, offset_seconds)
            segments = self._segments_of(cell, self._measured) if cell.segments else ()
            found.append(Sample(group.target, group.version, plan.signal, reading.measurement, seen, covered, segments))
        self._groups.answered(plan.signal, at)
        return found

    def rates(self, cells: Cells, rate: Signal, offset_seconds: float) -> list[Sample]:
        """Return requests per second, from the same counts. To be called after `samples`."""
        signal = self._question.plan.signal
        found = []
        for group, cell in cells.items():
            total = cell.observations()
            if isinstance(total, Missing):
                continue
            covered = self._covered(group)
            segments = self._segments_of(cell, partial(_per_second, covered=covered)) if cell.segments else ()
            seen = seen_by_our_clock(group, signal, offset_seconds)
            value = _rate(total, covered)
            found.append(Sample(group.target, group.version, rate.name, value, seen, covered, segments))
        return found

    def notes(self) -> tuple[SafeText, ...]:
        """Return what was odd about the rows so far."""
        identity = self._groups.identity
        notes = [
            safe_text(
                f"{count} series without "
                + " and ".join(f"{dimension} ({' or '.join(identity.of(dimension))})" for dimension in dimensions)
                + f" left out; set labels.{dimensions[0]}, or a fixed one such as '=prod'"
            )
            for dimensions, count in self._unlabelled.most_common(3)
            if dimensions
        ]
        if self._clamped:
            notes.append(
                safe_text(f"{self._clamped} values lie above the highest bucket; its bound is shown in their place")
            )
        return tuple(notes)

    def _remember(self, group: Group, cell: Cell, at: float, last_answer: float | Unknown) -> float:
        """Note how fresh a version is; return the seconds that its counts really cover."""
        plan = self._question.plan
        if cell.seen_at is not None:
            # A time that has not come yet would never grow old.
            seen = min(cell.seen_at, at)
            before = group.seen_at.get(plan.signal)
            is_new = before is None or seen - before > plan.window_seconds
            if is_new and isinstance(last_answer, float):
                group.began_at[plan.signal] = last_answer
            group.seen_at[plan.signal] = seen if before is None else max(before, seen)
        group.asked_at = at
        covered = self._covered(group)
        if covered >= plan.window_seconds:
            group.began_at.pop(plan.signal, None)
        return covered

    def _covered(self, group: Group) -> float:
        plan = self._question.plan
        began = group.began_at.get(plan.signal)
        if began is None:
            return plan.window_seconds
        # It began somewhere after the last answer without it: rather too long than a rate that never was.
        return min(max(group.seen_at[plan.signal] - began, 1.0), plan.window_seconds)

    def _measured(self, cell: Cell) -> Measurement | None:
        reading = read_cell(self._question.plan, cell)
        return reading.measurement if isinstance(reading, Reading) else None

    def _segments_of(
        self, cell: Cell, measure: Callable[[Cell], Measurement | None]
    ) -> tuple[tuple[SegmentName, Measurement], ...]:
        found: list[tuple[SegmentName, Measurement]] = []
        for index, label in enumerate(self._segments):
            parts = {value: part for (place, value), part in (cell.segments or {}).items() if place == index}
            # A signal without the label has one nameless part, which is the whole.
            if set(parts) <= {""}:
                continue
            for value, part in _largest(parts).items():
                measurement = measure(part)
                if measurement is not None:
                    found.append((segment_name(label, value), measurement))
        return tuple(found)


def _rate(total: float, covered_seconds: float) -> Estimate:
    # No request in the window is a fact about the traffic, not a lack of observations: n is left unknown.
    return Estimate(total / covered_seconds, total if total > 0 else UNKNOWN)


def _per_second(cell: Cell, covered: float) -> Measurement | None:
    total = cell.observations()
    return _rate(total, covered) if isinstance(total, float) else None


def _largest(parts: dict[str, Cell]) -> dict[str, Cell]:
    if len(parts) <= MOST_SEGMENTS:
        return parts
    ordered = sorted(parts.items(), key=_weight, reverse=True)
    kept = dict(ordered[:MOST_SEGMENTS])
    other = kept.setdefault(OTHER, Cell())
    for _, part in ordered[MOST_SEGMENTS:]:
        other.add(part)
    return kept


def _weight(item: tuple[str, Cell]) -> tuple[float, str]:
    value, cell = item
    traffic = cell.observations()
    weight = traffic if isinstance(traffic, float) else cell.value
    return (weight if weight is not None else -1.0, value)


def _several(indexes: list[int]) -> Callable[[Any], tuple[str, ...]]:
    names = [f"l{index}" for index in indexes]
    if len(names) == 1:
        single = attrgetter(names[0])
        return lambda labels: (single(labels),)
    return attrgetter(*names)
