"""What is no longer as a plan has it: between that plan and one that was made for the same wish just now."""

from __future__ import annotations

from collections.abc import Iterator

from modeltui.domain.acting.action import ActionKind, Desired, Plan
from modeltui.domain.names import Missing
from modeltui.domain.text import SafeText, safe_text
from modeltui.present.plan_text import weights_words


def plan_changes(made: Plan, now: Plan) -> tuple[SafeText, ...]:
    """Return in words what differs and matters; empty while a plan made now would do the same to the same world.

    An abort stands while it is the same rollout: the step that it is at does not matter.
    """
    return (*_places(made, now), *_changes(made, now))


def _places(made: Plan, now: Plan) -> Iterator[SafeText]:
    if made.writes_to != now.writes_to:
        yield safe_text(f"it writes to {made.writes_to}, and the configuration now says {now.writes_to}", 800)


def _changes(made: Plan, now: Plan) -> Iterator[SafeText]:
    before, after = made.premise, now.premise
    then, today = before.desired, after.desired
    if isinstance(then, Missing) or isinstance(today, Missing):
        if then is not today:
            yield SafeText("who says which version gets what is no longer the same")
    else:
        if then.stable != today.stable:
            yield safe_text(f"stable was {then.stable} and is now {today.stable}")
        if then.candidate != today.candidate:
            yield safe_text(f"candidate was {_or_none(then.candidate)} and is now {_or_none(today.candidate)}")
        if made.kind is not ActionKind.ABORT and then.weights != today.weights:
            yield safe_text(f"traffic was {weights_words(then.weights)} and is now {weights_words(today.weights)}")
    if made.version != now.version:
        yield safe_text(f"it would now lead to {now.version}, and not to {made.version}")
    elif made.to != now.to or _states(made) != _states(now):
        yield safe_text(f"its steps are not those of a plan to {now.version} that is made now")
    if made.guard < now.guard:
        yield safe_text(f"it asks for guard {int(made.guard)}, and guard {int(now.guard)} is needed now")
    if made.authors != now.authors:
        yield safe_text(f"made by {_names(made)}, and by {_names(now)} as it is read now")
    yield from _flags(made, now)
    if made.kind is ActionKind.ROLLBACK and before.known_good != after.known_good:
        yield safe_text(f"last known good was {_or_none(before.known_good)} and is now {_or_none(after.known_good)}")
    known = not isinstance(before.digest, Missing) and not isinstance(after.digest, Missing)
    if made.kind is not ActionKind.ABORT and known and before.digest != after.digest:
        yield safe_text(f"the artifact was {before.digest} and is now {after.digest}", 300)


def _flags(made: Plan, now: Plan) -> Iterator[SafeText]:
    """Yield what does not pass now and was said to pass, or not looked at, when the plan was agreed to."""
    if made.kind is ActionKind.ABORT:
        return
    known = {check.name for check in made.flags}
    for check in now.flags:
        if check.name not in known:
            yield safe_text(f"{check.name} does not pass any more: {check.says}", 300)


def _names(plan: Plan) -> str:
    return ", ".join(plan.authors) or "nobody who is named"


def _states(plan: Plan) -> tuple[tuple[Desired, float], ...]:
    return tuple((step.desired, step.after_seconds) for step in plan.steps)


def _or_none(value: SafeText | Missing) -> str:
    return "none" if isinstance(value, Missing) else str(value)
