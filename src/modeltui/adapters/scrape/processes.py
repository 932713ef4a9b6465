"""Whose counters these are: a page is answered by one process after another, or by several in turn.

A process that tells when it started is known by that. One that does not is known by its counters, which never fall:
when most of them are below what they were, somebody else answers. Each process' counters are compared with its own
past only, so that neither a restart nor a load balancer in between makes a negative number or a spike.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isnan, nan
from typing import Final

_MOST_PROCESSES: Final = 8
"""Behind one address; the one that was not heard of for the longest is forgotten."""
_FORGET_AFTER_SECONDS: Final = 900.0
_LEAP_IS_RECENT: Final = 10
"""Answers after which a leap is history."""


@dataclass(slots=True, eq=False)
class Leap:
    """The largest growth within the last answers of a process: perhaps it was another process that answered."""

    moment: float
    growth: float
    before: array[float]
    """What was counted before it."""
    added: Mapping[int, float]
    """By series: what was taken for growth."""
    answer: int


@dataclass(slots=True, eq=False)
class Process:
    """One process behind an address, and what it counted when it last answered."""

    started_at: float | None
    """Unix time by its own clock, when it says so."""
    counts_from_zero: bool
    """It started while its address was watched: all that it counted happened since the scrape before."""
    heard_at: float
    last: array[float] = field(default_factory=lambda: array("d"))
    """By series number; NaN: never seen."""
    metrics: set[str] = field(default_factory=set)
    """Metrics of which it had a series."""
    answers: int = 0
    doubted: set[int] = field(default_factory=set)
    """Series that fell alone at the last answer: half a line, or a counter that was cleared."""
    leap: Leap | None = None
    mistaken_for: tuple[Process, Leap] | None = None
    """When it answered first, it went on from before another's leap: then it was there already, and that no growth."""

    def make_room(self, series: int) -> None:
        """Make `last` long enough for so many series."""
        self.last.extend([nan] * (series - len(self.last)))

    def answered(self, before: array[float], added: Mapping[int, float], moment: float) -> None:
        """Note an answer that added so much, by series, to what was counted before."""
        self.answers += 1
        self.heard_at = moment
        growth = sum(added.values())
        leap = self.leap
        if growth > 0 and (leap is None or growth > leap.growth or self.answers - leap.answer > _LEAP_IS_RECENT):
            self.leap = Leap(moment, growth, before, added, self.answers)

    def keep(self, kept: Sequence[int]) -> None:
        """Forget all series but these."""
        self.make_room(max(kept, default=-1) + 1)
        self.last = array("d", (self.last[index] for index in kept))
        self.doubted.clear()
        self.leap = self.mistaken_for = None


class Processes:
    """The processes behind one address."""

    def __init__(self) -> None:
        self._known: list[Process] = []
        self._current: Process | None = None
        self._changes: list[float] = []
        """Moments at which another process answered than before."""

    def answering(
        self,
        started_at: float | None,
        has_just_started: bool,
        indices: Sequence[int],
        values: Sequence[float],
        moment: float,
    ) -> tuple[Process, Leap | None]:
        """Return the process that answers with these counters, and growth of the past that turns out to be none."""
        self._known = [one for one in self._known if moment - one.heard_at <= _FORGET_AFTER_SECONDS]
        if started_at is None:
            found = self._by_counters(indices, values)
        else:
            found = next((one for one in self._known if one.started_at == started_at), None)
        if found is None:
            found = Process(started_at, started_at is not None and has_just_started, moment)
            found.mistaken_for = self._leaper(indices, values)
            self._known = sorted((*self._known, found), key=lambda one: one.heard_at)[-_MOST_PROCESSES:]
        undone = None
        if self._current is not None and found is not self._current:
            self._changes.append(moment)
            undone = self._no_growth(found)
        self._changes = [at for at in self._changes if moment - at <= _FORGET_AFTER_SECONDS]
        self._current = found
        return found, undone

    def changes_since(self, moment: float) -> int:
        """Return how often another process answered than before."""
        return sum(at >= moment for at in self._changes)

    def keep(self, kept: Sequence[int]) -> None:
        """Forget all series but these."""
        for one in self._known:
            one.keep(kept)

    def _by_counters(self, indices: Sequence[int], values: Sequence[float]) -> Process | None:
        """Return the process whose counters are nearest below these; none when most fell, whoever it would be."""
        nearest, smallest = None, inf
        for one in self._known:
            growth = _growth(one.last, indices, values) if one.started_at is None else None
            if growth is not None and growth < smallest:
                nearest, smallest = one, growth
        return nearest

    def _leaper(self, indices: Sequence[int], values: Sequence[float]) -> tuple[Process, Leap] | None:
        """Return the process that leapt away from these counters, if they go on where it was before."""
        current = self._current
        if current is None or current.started_at is not None or current.leap is None:
            return None
        growth = _growth(current.leap.before, indices, values)
        return (current, current.leap) if growth is not None and growth < current.leap.growth / 2 else None

    def _no_growth(self, returned: Process) -> Leap | None:
        """Return the leap by which `returned` came, when it answers again after the one it was mistaken for.

        A process that restarted never has its old counters again: only two that take turns do.
        """
        for one in self._known:
            if one.mistaken_for is not None and one.mistaken_for[0] is returned:
                leap = one.mistaken_for[1]
                one.mistaken_for = None
                return leap
        return None


def _growth(last: Sequence[float], indices: Sequence[int], values: Sequence[float]) -> float | None:
    """Return how much counters grew in all since they were `last`; None when most of them fell."""
    known = len(last)
    growth = 0.0
    fell = stood = 0
    for index, value in zip(indices, values, strict=True):
        before = last[index] if index < known else nan
        if isnan(before):
            continue
        if value < before:
            fell += 1
        else:
            stood += before > 0
            growth += value - before
    return None if fell > stood else growth
