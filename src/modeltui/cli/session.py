"""A configured observer for the length of one command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from modeltui.config.load import Loaded, Options, load
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.fleet import Fleet, SourceCondition, Target
from modeltui.engine.observer import Observer
from modeltui.wiring.observing import open_observer

T = TypeVar("T")


class UnknownNameError(ModeltuiError):
    """Nothing has that name."""


class WrongNameError(UnknownNameError):
    """The command line names something that is not there: a mistake in its use."""

    exit_code = 2


class UnansweredError(UnknownNameError):
    """What is named may be there: whoever knows did not answer."""


def with_observer(options: Options, use: Callable[[Observer, Loaded], Awaitable[T]]) -> T:
    """Load the configuration, open its sources, and return what `use` returns."""
    loaded = load(options)

    async def session() -> T:
        async with open_observer(loaded) as observer:
            return await use(observer, loaded)

    return asyncio.run(session())


def chosen_targets(fleet: Fleet, wanted: str | None) -> list[Target]:
    """Return the targets that `MODEL` or `MODEL@ENV` names, worst first; all without a name.

    Raises `WrongNameError`, or `UnansweredError` where a source that might know the name did not answer.
    """
    targets = fleet.worst_first()
    if wanted is None:
        return targets
    model, at_sign, environment = wanted.partition("@")
    chosen = [
        target
        for target in targets
        if target.key.model == model and (not at_sign or target.key.environment == environment)
    ]
    if not chosen:
        from modeltui.config.problems import did_you_mean

        known = {str(target.key) if at_sign else str(target.key.model) for target in targets}
        where = f"{len(targets)} targets are known in context {fleet.context.name}"
        says = f"nothing is known of {wanted!r}{did_you_mean(wanted, known)}"
        if failures(fleet):
            raise UnansweredError(f"{says}, and not all sources answered", where)
        raise WrongNameError(says, where)
    return chosen


def failures(fleet: Fleet) -> list[tuple[str, str]]:
    """Return title and remedy for every source that did not answer."""
    return [
        (str(source.error), "" if not source.remedy else str(source.remedy))
        for source in fleet.sources.values()
        if source.condition(fleet.at) is SourceCondition.DOWN
    ]
