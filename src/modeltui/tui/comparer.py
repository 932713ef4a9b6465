"""Comparisons for the screens: small ones at once, large ones beside the loop; the last ones are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeAlias

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing, ModelName, TargetKey, VersionId
from modeltui.domain.suspects.suspect import Suspect
from modeltui.domain.suspects.symptoms import is_new, usual_pair
from modeltui.tui.comparing import (
    MOST_AT_ONCE,
    Result,
    Subject,
    computed,
    entries,
    ingredients,
    is_same,
    symptom_for,
)

MOST_KEPT: Final = 24
"""Results: as many targets as somebody looks at in one night."""

_Key: TypeAlias = tuple[ModelName, TargetKey | None, VersionId | None, tuple[VersionId, ...]]


class Comparer:
    """Holds what was computed, and computes anew what is made of something else by now."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, None]], object]) -> None:
        self._run = run
        """Runs something beside the screens."""
        self._kept: dict[_Key, Result] = {}
        self._running: dict[_Key, list[Callable[[], None]]] = {}

    def result(self, fleet: Fleet, subject: Subject, then: Callable[[], None]) -> Result | None:
        """Return what comparing found, newest known; while it is computed beside the loop what was found before.

        None: nothing was ever found. `then` is called when what is computed beside the loop is there.
        """
        key = _key(subject)
        kept = self._kept.get(key)
        made_of = ingredients(fleet, subject)
        if kept is not None and is_same(kept.made_of, made_of) and kept.symptom == symptom_for(fleet, subject):
            return kept
        if entries(fleet, subject) <= MOST_AT_ONCE:
            return self._keep(key, computed(fleet, subject, made_of))
        waiting = self._running.get(key)
        if waiting is None:
            self._running[key] = [then]
            self._run(self._compute(key, fleet, replace(subject), made_of))
        elif then not in waiting:
            waiting.append(then)
        return kept

    def is_computing(self, subject: Subject) -> bool:
        """Tell whether it is computed at this moment."""
        return _key(subject) in self._running

    def top_suspect(self, fleet: Fleet, target: TargetKey, then: Callable[[], None]) -> Suspect | None:
        """Return the first suspect of what is wrong on a target, as far as its two versions were read; else None."""
        subject = suspected(fleet, target)
        if subject is None or any((subject.model, one) not in fleet.claims for one in (subject.a, *subject.others)):
            return None
        result = self.result(fleet, subject, then)
        return result.suspects[0] if result is not None and result.suspects else None

    def _keep(self, key: _Key, result: Result) -> Result:
        self._kept.pop(key, None)
        self._kept[key] = result
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return result

    async def _compute(self, key: _Key, fleet: Fleet, subject: Subject, made_of: tuple[Any, ...]) -> None:
        try:
            self._keep(key, await asyncio.to_thread(computed, fleet, subject, made_of))
        finally:
            waiting = self._running.pop(key, [])
        for then in waiting:
            then()


def suspected(fleet: Fleet, key: TargetKey) -> Subject | None:
    """Return the two versions behind what is wrong on a target; None where no change of version can be behind it."""
    target = fleet.targets.get(key)
    pair = usual_pair(fleet, target) if target is not None else None
    if target is None or pair is None or isinstance(pair, Missing) or not is_new(target, pair[1]):
        return None
    return Subject(key.model, key, *pair)


def _key(subject: Subject) -> _Key:
    return (subject.model, subject.target, subject.a, subject.others)
