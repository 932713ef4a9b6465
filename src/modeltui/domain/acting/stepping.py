"""The states that a plan leads through: all at once, or by rising shares with a pause between them."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

from modeltui.domain.acting.action import Desired, Expectation, Refusal, Step
from modeltui.domain.acting.desired import as_rollout, blend, percent_text, share_of, whole_traffic
from modeltui.domain.acting.situation import Timings
from modeltui.domain.names import UNKNOWN, Missing, Unknown
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text

MOST_STEPS = 20
LONGEST_STEP_SECONDS = 86_400.0


def paths(
    now: Desired, to: Desired, shares: tuple[float, ...], step_seconds: float, *, splits: bool
) -> tuple[Desired, ...] | Refusal:
    """Return the states from `now` to `to`, the last of them `to`; refused are shares that do not rise to the whole.

    Where nothing can split traffic, two pointers that both move are two writes: the good version first, and only
    then the candidate's end.
    """
    if shares:
        if not (isfinite(step_seconds) and 0.0 <= step_seconds <= LONGEST_STEP_SECONDS):
            return _no("the pause between two steps is some seconds, up to a day", "for example: --every 60s")
        return _by_shares(now, to, shares, splits=splits)
    moves_both = to.stable not in (now.stable, now.candidate) and not isinstance(now.candidate, Missing)
    if splits or not moves_both:
        return (to,)
    return (Desired(to.weights, to.stable, now.candidate), to)


def steps_of(
    way: tuple[Desired, ...],
    rollout: Rollout | Unknown,
    call: Callable[[Rollout | Unknown, Desired], SafeText],
    step_seconds: float,
) -> tuple[Step, ...]:
    """Return the writes, each with the words that the backend will hear in the state that it will be in by then."""
    steps = []
    seen = rollout
    for place, desired in enumerate(way):
        steps.append(Step(desired, step_seconds if place else 0.0, safe_text(call(seen, desired), 1_000)))
        seen = UNKNOWN if isinstance(seen, Missing) else as_rollout(seen, desired)
    return tuple(steps)


def expectation(steps: tuple[Step, ...], timings: Timings) -> Expectation:
    """Return by when the plan shows, counted from the first byte."""
    waiting = sum(step.after_seconds for step in steps)
    serving = waiting + timings.serving_seconds + timings.window_seconds
    return Expectation(waiting + timings.accepted_seconds, serving, serving + timings.healthy_seconds)


def _by_shares(now: Desired, to: Desired, shares: tuple[float, ...], *, splits: bool) -> tuple[Desired, ...] | Refusal:
    if not splits:
        return _no("traffic cannot be split here: the way back is all at once", "leave the shares out")
    whole = shares if shares[-1] >= 1.0 else (*shares, 1.0)
    has = share_of(now.weights, to.stable)
    rises = all(before < after for before, after in zip((has, *whole), whole, strict=False))
    if not all(0.0 < share <= 1.0 for share in whole) or not rises or len(whole) > MOST_STEPS:
        return _no(
            f"shares rise from more than {percent_text(has)} to 100 % in at most {MOST_STEPS} steps",
            "for example: --shares 25,50,100",
        )
    candidate = now.candidate if to.stable == now.stable else to.stable
    before = now.weights or whole_traffic(now.stable)
    partly = (Desired(blend(before, to.stable, share), now.stable, candidate) for share in whole[:-1])
    return (*partly, to)


def _no(reason: str, remedy: str) -> Refusal:
    return Refusal(safe_text(reason), safe_text(remedy))
