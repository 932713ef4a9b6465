"""What one page counted, scrape by scrape."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Final

from modeltui.adapters.scrape.catalogue import Catalogue
from modeltui.adapters.scrape.processes import Leap, Process, Processes
from modeltui.adapters.scrape.ring import Ring

_START_SLACK_SECONDS: Final = 2.0
"""Clocks are compared by a header that is exact to the second."""
_ANSWERS_BEFORE_TRUST: Final = 2
"""A series that appears later was not there before only if whole pages were read without it."""
_DEAD_SHARE: Final = 0.1
"""Part of the series that must be gone before making room is worth its price."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines of one page that matter."""

    indices: Sequence[int]
    """Series numbers, none twice."""
    values: Sequence[float]
    stamped_at: dict[int, float]
    """By series: the moment at which its value was measured, where the page says so."""
    started_at: float | None = None
    """When the process that answered started, by its own clock."""
    uptime_seconds: float | None = None


class Ledger:
    """The running totals of one page, and their past."""

    def __init__(self, catalogue: Catalogue, window_seconds: float, keep_seconds: float, most_numbers: int) -> None:
        self.catalogue: Final = catalogue
        self.ring: Final = Ring(keep_seconds, most_numbers)
        self.processes: Final = Processes()
        self._window_seconds = window_seconds
        self._totals = array("d")
        self._recent: set[int] = set()
        self._swept_at: float | None = None

    def take(self, reading: Reading, moment: float) -> None:
        """Add what a page says at `moment`."""
        series = self.catalogue.series
        previous = self.ring.newest
        self._totals.extend([0.0] * (len(self.catalogue.slots) - len(self._totals)))
        self._take_gauges(reading)
        counters = [place for place, index in enumerate(reading.indices) if series[index].counters]
        indices = [reading.indices[place] for place in counters]
        values = [reading.values[place] for place in counters]
        has_just_started = (
            previous is not None
            and reading.uptime_seconds is not None
            and reading.uptime_seconds <= moment - previous + _START_SLACK_SECONDS
        )
        process, undone = self.processes.answering(reading.started_at, has_just_started, indices, values, moment)
        if undone is not None:
            self._undo(undone)
        before = array("d", process.last)
        appeared, added = self._take_counters(process, indices, values)
        added |= self._take_new(process, appeared, moment)
        process.answered(before, added, moment)
        self._mark_seen(reading, moment)
        self.ring.append(moment, self._totals)
        self._sweep(reading.indices, moment)

    def _take_gauges(self, reading: Reading) -> None:
        totals, series = self._totals, self.catalogue.series
        gauges = [place for place, index in enumerate(reading.indices) if series[index].gauges]
        for one in series:
            for slot in one.gauges:
                totals[slot] = nan
        for place in gauges:
            value = reading.values[place]
            for slot in series[reading.indices[place]].gauges:
                totals[slot] = value if isnan(totals[slot]) else max(totals[slot], value)

    def _take_counters(
        self, process: Process, indices: Sequence[int], values: Sequence[float]
    ) -> tuple[dict[int, float], dict[int, float]]:
        """Add what has grown; return the series that this process did not have before, and what was added."""
        series, totals, last, doubted = self.catalogue.series, self._totals, process.last, process.doubted
        process.make_room(len(series))
        appeared: dict[int, float] = {}
        added: dict[int, float] = {}
        for index, value in zip(indices, values, strict=True):
            before = last[index]
            if value == before:
                continue
            if value > before:
                grown = added[index] = value - before
                for slot in series[index].counters:
                    totals[slot] += grown
            elif isnan(before):
                appeared[index] = value
            elif index not in doubted:
                # Alone among counters that stand: it is believed when it is still low at the next answer.
                doubted.add(index)
                continue
            doubted.discard(index)
            last[index] = value
        return appeared, added

    def _take_new(self, process: Process, appeared: Mapping[int, float], moment: float) -> dict[int, float]:
        """Count series that this process did not have before, from zero where it is sure that they began there.

        Return what was added.
        """
        previous = self.ring.newest
        is_watched = process.answers >= _ANSWERS_BEFORE_TRUST
        known = set(process.metrics)
        added: dict[int, float] = {}
        for index, value in appeared.items():
            series = self.catalogue.series[index]
            process.metrics.add(series.metric)
            if previous is None or not (process.counts_from_zero or (is_watched and series.metric in known)):
                continue
            added[index] = value
            for slot in series.counters:
                self._totals[slot] += value
            for track in series.tracks:
                if self.catalogue.tracks[track].began_at == moment:
                    self.catalogue.tracks[track].began_at = previous
        return added

    def _undo(self, leap: Leap) -> None:
        """Take back what was growth only as long as two processes seemed one."""
        amounts: dict[int, float] = {}
        for index, grown in leap.added.items():
            for slot in self.catalogue.series[index].counters:
                amounts[slot] = amounts.get(slot, 0.0) + grown
                self._totals[slot] -= grown
        self.ring.subtract(leap.moment, amounts)

    def _mark_seen(self, reading: Reading, moment: float) -> None:
        series, tracks = self.catalogue.series, self.catalogue.tracks
        stamped = reading.stamped_at
        for touched in {series[index].tracks for index in reading.indices if index not in stamped}:
            for track in touched:
                tracks[track].seen_at = tracks[track].measured_at = moment
        for index in stamped.keys() & set(reading.indices):
            for track in series[index].tracks:
                old = tracks[track]
                if old.seen_at < moment:
                    old.seen_at, old.measured_at = moment, -inf
                old.measured_at = max(old.measured_at, min(stamped[index], moment))

    def _sweep(self, indices: Sequence[int], moment: float) -> None:
        """Forget, once in a window, the series that were not seen in it."""
        self._recent.update(indices)
        if self._swept_at is None:
            self._swept_at = moment
        if moment - self._swept_at <= self._window_seconds:
            return
        living, self._recent, self._swept_at = self._recent, set(), moment
        everything = len(self.catalogue.series)
        if everything - len(living) <= everything * _DEAD_SHARE:
            return
        kept_series, kept_slots = self.catalogue.keep(living)
        self.processes.keep(kept_series)
        self.ring.keep_slots(kept_slots)
        self._totals = array("d", (self._totals[slot] for slot in kept_slots))
