"""What a guard becomes with each input: opened, armed, passed, or void."""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.acting.action import GuardLevel, Plan
from modeltui.domain.acting.challenge import (
    BURST_KEYS,
    BURST_SECONDS,
    GAP_SECONDS,
    LEAST_LETTERS,
    LEAST_REASON,
    LIMIT_SECONDS,
    LONGEST_TYPED,
    MOST_FAILURES,
    REPEAT_SECONDS,
    SETTLE_SECONDS,
    STEP_SECONDS,
    Approved,
    Challenge,
    Hint,
    Input,
    Key,
    Painted,
    Pasted,
    Pointed,
    Stage,
    Ticked,
    Upset,
    Verdict,
    expected_text,
)

_LETTERS = (Stage.FLAG, Stage.LETTER)


def new_challenge(plan: Plan, *, at: float, wall: float, supply: str, opened_by: str = "") -> Challenge:
    """Return the guard of a plan, about to be painted.

    `supply`: letters drawn by chance, of at least four kinds, none of which any key binding uses. `opened_by`: the
    key that asked for the plan; held down, it does not count.
    """
    if len(set(supply)) < LEAST_LETTERS or not supply.isascii() or not supply.islower():
        raise ValueError("a guard needs small letters of at least four kinds to choose from")
    start = Challenge(
        level=plan.guard,
        expected=expected_text(plan),
        flags=tuple(str(check.name) for check in plan.flags) if plan.guard >= GuardLevel.IDENTITY else (),
        supply=supply,
        deadline=at + LIMIT_SECONDS[plan.guard],
        wall_offset=wall - at,
        stage=Stage.LETTER if plan.guard is GuardLevel.LETTER else Stage.TEXT,
        held=opened_by,
        held_at=at,
    )
    return _with_letter(start) if start.stage is Stage.LETTER else start


def take(guard: Challenge, one: Input) -> Challenge:
    """Return what a guard is after an input; once it has ended nothing changes it."""
    if not guard.is_open:
        return guard
    if isinstance(one, Upset):
        return _ended(guard, Verdict.DISARMED, one.why)
    if isinstance(one, Ticked):
        stood = _stood_still(guard, one)
        if stood:
            return _ended(guard, Verdict.DISARMED, stood)
        guard = replace(guard, ticked_at=one.at)
    guard = _settled(guard, one.at)
    if not guard.is_open:
        return guard
    if one.at >= guard.deadline:
        return _ended(guard, Verdict.EXPIRED, "the time for this guard is over")
    match one:
        case Painted():
            return _painted(guard, one)
        case Pasted():
            return _restarted(guard, Hint.PASTED) if guard.is_ready(one.at) else guard
        case Approved():
            return _approved(guard, one)
        case Key():
            return _key(guard, one)
        case Pointed() | Ticked():
            return guard


# Each input


def _painted(guard: Challenge, one: Painted) -> Challenge:
    if one.prompt != guard.prompt or guard.painted_at is not None:
        return guard
    # The time runs from when it could first be read; a later question does not prolong it.
    deadline = one.at + LIMIT_SECONDS[guard.level] if guard.prompt == 1 else guard.deadline
    return replace(guard, painted_at=one.at, deadline=deadline)


def _stood_still(guard: Challenge, one: Ticked) -> str:
    """Return why time itself is not to be trusted; empty when it is."""
    if abs(one.wall - one.at - guard.wall_offset) > STEP_SECONDS:
        return "the clock was set while it was armed"
    if guard.ticked_at is not None and one.at - guard.ticked_at > GAP_SECONDS:
        return "the computer or the terminal stood still meanwhile"
    return ""


def _approved(guard: Challenge, one: Approved) -> Challenge:
    if guard.stage is not Stage.APPROVAL:
        return guard
    return replace(_asking(guard, Stage.LETTER), deadline=one.at + LIMIT_SECONDS[GuardLevel.LETTER])


def _key(guard: Challenge, key: Key) -> Challenge:
    if key.name == "escape" or key.name.startswith("alt+"):  # Esc and a key right behind it come as one
        return _ended(guard, Verdict.CANCELLED, "left: nothing happened")
    if guard.stage is Stage.APPROVAL:
        return guard
    if not guard.is_ready(key.at):
        return _too_early(guard, key)
    if key.name == guard.held and key.at - guard.held_at < REPEAT_SECONDS:
        hint = Hint.HELD if guard.settling_at is None else guard.hint
        return replace(guard, held_at=key.at, hint=hint)
    before = guard.arrivals
    arrivals = (*before[-BURST_KEYS:], key.at)
    guard = replace(guard, held="", arrivals=arrivals, hint=Hint.NONE)
    if len(arrivals) > BURST_KEYS and key.at - arrivals[0] <= BURST_SECONDS:
        return _restarted(guard, Hint.TOO_FAST)
    if guard.stage in _LETTERS:
        return _letter_key(guard, key, before)
    return _text_key(guard, key)


def _too_early(guard: Challenge, key: Key) -> Challenge:
    """Return the guard with the key noted as down, and with a word on it: what is not taken must not go unsaid."""
    if key.name == guard.held:
        return replace(guard, held_at=key.at)
    if guard.stage in _LETTERS:
        return replace(guard, held=key.name, held_at=key.at, hint=Hint.EARLY)
    return replace(guard, hint=Hint.EARLY)  # a text is compared whole: a key held down only spoils it


def _letter_key(guard: Challenge, key: Key, before: tuple[float, ...]) -> Challenge:
    if guard.settling_at is not None or (before and key.at - before[-1] < SETTLE_SECONDS):
        return _restarted(guard, Hint.TOO_FAST)
    if key.name in ("enter", "space") or key.character.isspace():
        return replace(guard, hint=Hint.NOT_ENTER)
    if not key.character or not key.character.isprintable():
        return guard
    if key.character == guard.letter:
        return replace(guard, settling_at=key.at, held=key.name, held_at=key.at)
    if key.character.lower() == guard.letter:
        return replace(guard, hint=Hint.SMALL_LETTER)
    return _restarted(replace(guard, held=key.name, held_at=key.at), Hint.WRONG_LETTER)


def _text_key(guard: Challenge, key: Key) -> Challenge:
    if key.name == "enter":
        return _reason_given(guard, key) if guard.stage is Stage.REASON else replace(guard, hint=Hint.NOT_ENTER)
    if key.name == "backspace":
        return replace(guard, typed=guard.typed[:-1])
    if key.name == "ctrl+u":
        return replace(guard, typed="")
    if len(key.character) != 1 or not key.character.isprintable() or len(guard.typed) >= LONGEST_TYPED:
        return guard
    typed = guard.typed + key.character
    if guard.stage is Stage.REASON:
        return replace(guard, typed=typed)
    if typed == guard.expected.text:
        return _advanced(replace(guard, held=key.name, held_at=key.at))
    hint = Hint.NONE if guard.expected.text.startswith(typed) else Hint.DIFFERS
    return replace(guard, typed=typed, hint=hint)


def _reason_given(guard: Challenge, key: Key) -> Challenge:
    reason = " ".join(guard.typed.split())
    if len(reason) < LEAST_REASON or len(set(reason)) < LEAST_LETTERS:
        return replace(guard, hint=Hint.SHORT_REASON)
    return _advanced(replace(guard, reason=reason, held=key.name, held_at=key.at))


# From question to question


def _settled(guard: Challenge, at: float) -> Challenge:
    """Take the right letter for given once it is clear that it came alone."""
    if guard.settling_at is None or at < guard.settling_at + SETTLE_SECONDS:
        return guard
    return _advanced(replace(guard, settling_at=None))


def _advanced(guard: Challenge) -> Challenge:
    if guard.stage is Stage.LETTER:
        return _ended(guard, Verdict.PASSED, "")
    acknowledged = guard.acknowledged + (guard.stage is Stage.FLAG)
    following = replace(guard, acknowledged=acknowledged, typed="")
    if guard.level < GuardLevel.IDENTITY:
        return _asking(following, Stage.LETTER)
    if guard.stage is Stage.TEXT:
        return _asking(following, Stage.REASON)
    if acknowledged < len(guard.flags):
        return _asking(following, Stage.FLAG)
    if guard.level is GuardLevel.SECOND_PERSON:
        return replace(_asking(following, Stage.APPROVAL), deadline=float("inf"))
    return _asking(following, Stage.LETTER)


def _asking(guard: Challenge, stage: Stage) -> Challenge:
    """Return the next question: not painted yet, and so deaf."""
    asked = replace(guard, stage=stage, prompt=guard.prompt + 1, painted_at=None, settling_at=None, hint=Hint.NONE)
    return _with_letter(asked) if stage in _LETTERS else replace(asked, letter="")


def _with_letter(guard: Challenge) -> Challenge:
    place = guard.drawn
    while guard.supply[place % len(guard.supply)] in (guard.letter, guard.held.lower()):
        place += 1
    return replace(guard, letter=guard.supply[place % len(guard.supply)], drawn=place + 1)


def _restarted(guard: Challenge, hint: Hint) -> Challenge:
    """Ask the same again; where it is a letter, for another one, and count it as wrong."""
    if guard.stage not in _LETTERS:
        return replace(guard, typed="", hint=hint)
    failures = guard.failures + 1
    if failures >= MOST_FAILURES:
        return _ended(replace(guard, failures=failures), Verdict.FAILED, "three times wrong")
    return replace(_asking(replace(guard, failures=failures), guard.stage), hint=hint)


def _ended(guard: Challenge, verdict: Verdict, why: str) -> Challenge:
    return replace(guard, verdict=verdict, why=why, settling_at=None)
