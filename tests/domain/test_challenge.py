"""The guard as a state machine: what passes it, and all that must not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples
from tests.present import plans

from modeltui.domain.acting.action import GuardLevel, Plan
from modeltui.domain.acting.challenge import (
    DEAD_SECONDS,
    GAP_SECONDS,
    LIMIT_SECONDS,
    SETTLE_SECONDS,
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
from modeltui.domain.acting.challenging import new_challenge, take
from modeltui.domain.names import VersionId
from modeltui.domain.text import SafeText

SUPPLY = "xbdhmnpvzax"
WALL = 1_700_000_000.0
LEVELS = {
    GuardLevel.LETTER: plans.abort(),
    GuardLevel.VERSION: plans.rollback(),
    GuardLevel.IDENTITY: plans.to_any_version(),
    GuardLevel.SECOND_PERSON: plans.promotion(),
}
EVERY_LEVEL = pytest.mark.parametrize("level", LEVELS, ids=lambda level: level.name)


class Person:
    """Types into one guard, and lets time pass."""

    def __init__(self, plan: Plan, opened_by: str = "R") -> None:
        self.at = 100.0
        self.guard: Challenge = new_challenge(plan, at=self.at, wall=WALL, supply=SUPPLY, opened_by=opened_by)

    def takes(self, one: Input) -> Challenge:
        """Hand in one input."""
        self.guard = take(self.guard, one)
        return self.guard

    def waits(self, seconds: float) -> None:
        """Let time pass, tick by tick."""
        end = self.at + seconds
        while self.at < end - 1e-9:
            self.at = min(self.at + 0.1, end)
            self.takes(Ticked(self.at, WALL + self.at - 100.0))

    def sees(self) -> None:
        """Let the terminal say that the question is painted, and read it."""
        self.takes(Painted(self.at, self.guard.prompt))
        self.waits(DEAD_SECONDS + 0.1)

    def presses(self, name: str, character: str = "") -> None:
        """Press a key, and wait a little."""
        self.takes(Key(self.at, name, character or (name if len(name) == 1 else "")))
        self.waits(0.15)

    def types(self, text: str) -> None:
        """Type a text."""
        for character in text:
            self.presses("space" if character == " " else character, character)

    def answers(self) -> None:
        """Do exactly what is asked for, once."""
        guard = self.guard
        if guard.stage is Stage.APPROVAL:
            self.takes(Approved(self.at))
            return
        self.sees()
        if guard.stage is Stage.TEXT:
            self.types(guard.expected.text)
        elif guard.stage is Stage.REASON:
            self.types("errors in hong kong")
            self.presses("enter", "\r")
        else:
            self.presses(guard.letter)

    def passes(self) -> None:
        """Do everything that is asked for."""
        for _ in range(12):
            if self.guard.is_open:
                self.answers()


@EVERY_LEVEL
def test_who_does_what_is_asked_passes(level: GuardLevel) -> None:
    """Each level can be passed by doing exactly what it asks for, one thing after the other."""
    person = Person(LEVELS[level])
    person.passes()
    assert person.guard.verdict is Verdict.PASSED
    if level >= GuardLevel.IDENTITY:
        assert person.guard.reason == "errors in hong kong"
        assert person.guard.acknowledged == len(LEVELS[level].flags)


@EVERY_LEVEL
def test_nothing_counts_before_the_paint_is_acknowledged(level: GuardLevel) -> None:
    """Whatever is typed before the terminal has answered changes nothing that is asked for."""
    person = Person(LEVELS[level])
    for _ in range(5):
        person.types(person.guard.expected.text + person.guard.letter + "z")
    guard = person.guard
    assert (guard.typed, guard.failures, guard.prompt, guard.verdict) == ("", 0, 1, Verdict.OPEN)


def test_keys_that_arrived_before_the_answer_are_old_however_late_they_are_read() -> None:
    """A key carries the time at which it arrived: one from before the acknowledgement never counts."""
    person = Person(plans.abort(), "A")
    letter = person.guard.letter
    arrived = person.at
    person.waits(0.5)
    person.sees()
    person.takes(Key(arrived, letter, letter))
    person.waits(1)
    assert person.guard.verdict is Verdict.OPEN


def test_an_acknowledgement_of_another_question_arms_nothing() -> None:
    """An answer that belongs to an earlier question, or to none, is not taken."""
    person = Person(plans.rollback())
    person.takes(Painted(person.at, 0))
    person.takes(Painted(person.at, 2))
    assert person.guard.painted_at is None
    person.sees()
    person.types("2.3.1")
    assert person.guard.stage is Stage.LETTER
    person.takes(Painted(person.at, 1))
    person.waits(1)
    person.presses(person.guard.letter)
    assert person.guard.verdict is Verdict.OPEN


def test_the_version_alone_completes_nothing() -> None:
    """After the right version one further letter is asked for that was not shown before; Enter and Space are none."""
    person = Person(plans.rollback())
    assert person.guard.letter == ""
    person.sees()
    person.types("2.3.1")
    assert (person.guard.stage, person.guard.verdict) == (Stage.LETTER, Verdict.OPEN)
    person.sees()
    for name, character in (("enter", "\r"), ("space", " "), ("tab", "\t"), ("f5", ""), ("up", "")):
        person.presses(name, character)
    assert person.guard.verdict is Verdict.OPEN
    assert person.guard.failures == 0


def test_each_letter_is_another_one_and_the_third_mistake_closes() -> None:
    """A wrong letter asks for a new one; three wrong ones close the guard."""
    person = Person(plans.abort(), "A")
    seen = []
    for wrong in "oil":
        person.sees()
        seen.append(person.guard.letter)
        person.presses(wrong)
    assert len(set(seen)) == 3
    assert person.guard.verdict is Verdict.FAILED


def test_a_capital_letter_is_a_hint_and_no_failure() -> None:
    """With caps lock on it is said what is wrong."""
    person = Person(plans.abort(), "A")
    person.sees()
    person.presses(person.guard.letter.upper())
    assert person.guard.hint is Hint.SMALL_LETTER
    assert person.guard.failures == 0


def test_a_burst_resets_what_was_typed() -> None:
    """More than three keys in 30 ms are no typing: what was there is taken away."""
    person = Person(plans.rollback())
    person.sees()
    for place, character in enumerate("2.3.1"):
        person.takes(Key(person.at + place * 0.005, character, character))
    assert person.guard.stage is Stage.TEXT
    assert person.guard.typed in {"", "1"}
    person = Person(plans.rollback())
    person.sees()
    person.types("2.3")
    person.takes(Pasted(person.at))
    assert (person.guard.typed, person.guard.hint) == ("", Hint.PASTED)


def test_the_right_letter_among_others_does_not_count() -> None:
    """A letter counts only alone: with another key right before or right after it, it was one of many."""
    for before in (True, False):
        person = Person(plans.abort(), "A")
        person.sees()
        letter = person.guard.letter
        keys = ("tab", letter) if before else (letter, "tab")
        for place, name in enumerate(keys):
            person.takes(Key(person.at + place * SETTLE_SECONDS / 2, name, name if len(name) == 1 else "\t"))
        person.waits(1)
        assert person.guard.verdict is Verdict.OPEN
        assert person.guard.failures == 1


def test_a_held_key_is_not_an_answer() -> None:
    """The opening key, and one held since before the question could be read, are ignored until another was seen."""
    person = Person(plans.abort(), "A")
    letter = person.guard.letter
    person.takes(Key(person.at + 0.1, letter, letter))  # held since before it was painted
    person.takes(Painted(person.at, 1))
    for _ in range(100):
        person.waits(0.033)
        person.takes(Key(person.at, letter, letter))
    assert (person.guard.verdict, person.guard.failures) == (Verdict.OPEN, 0)


@EVERY_LEVEL
def test_it_expires_by_boot_time(level: GuardLevel) -> None:
    """Each level has its time from when it could be read; then the right answer comes too late."""
    person = Person(LEVELS[level])
    person.takes(Painted(person.at, 1))
    person.waits(LIMIT_SECONDS[level] - 0.2)
    assert person.guard.is_open
    person.waits(0.4)
    assert person.guard.verdict is Verdict.EXPIRED


@pytest.mark.parametrize("one", [Upset(101.0, "moved"), Ticked(101.0, WALL + 9.0), Ticked(101.0, WALL - 9.0)])
@EVERY_LEVEL
def test_what_it_was_not_meant_for_disarms(level: GuardLevel, one: Input) -> None:
    """A moved premise, a lost focus, a stepped clock: disarmed for good, and it says why."""
    person = Person(LEVELS[level])
    guard = person.takes(one)
    assert guard.verdict is Verdict.DISARMED
    assert guard.why
    person.passes()
    assert person.guard.verdict is Verdict.DISARMED


def test_a_computer_that_slept_wakes_up_disarmed() -> None:
    """Between two ticks more time passed than any program is busy for."""
    person = Person(plans.rollback())
    person.sees()
    person.at += GAP_SECONDS + 1
    person.takes(Ticked(person.at, WALL + person.at - 100.0))
    assert person.guard.verdict is Verdict.DISARMED


def test_a_clock_set_while_the_letter_settles_disarms() -> None:
    """The right letter is not taken when the very tick that would take it shows another time."""
    person = Person(plans.abort(), "A")
    person.sees()
    letter = person.guard.letter
    person.takes(Key(person.at, letter, letter))
    person.takes(Ticked(person.at + 0.2, WALL + 500.0))
    assert person.guard.verdict is Verdict.DISARMED


@EVERY_LEVEL
@pytest.mark.parametrize("name", ["escape", "alt+x", "alt+enter"])
def test_esc_always_leaves(level: GuardLevel, name: str) -> None:
    """Esc, alone or with a key right behind it, leaves at every stage."""
    stages = 12
    for stage in range(stages):
        person = Person(LEVELS[level])
        for _ in range(stage):
            if person.guard.is_open:
                person.answers()
        if not person.guard.is_open:
            break
        person.presses(name)
        assert person.guard.verdict is Verdict.CANCELLED


def test_a_second_person_is_waited_for_without_an_end_and_then_a_letter_is_asked_for() -> None:
    """While somebody else reads, nothing typed counts; after the yes, a letter of mine within its time."""
    person = Person(plans.promotion())
    while person.guard.stage is not Stage.APPROVAL:
        person.answers()
    person.waits(300)
    person.types("xbdh 3.0.0")
    assert person.guard.stage.name == "APPROVAL"
    person.takes(Approved(person.at))
    assert person.guard.stage.name == "LETTER"
    person.waits(LIMIT_SECONDS[GuardLevel.LETTER] + 1)
    assert person.guard.verdict is Verdict.EXPIRED


def test_an_approval_at_another_stage_does_nothing() -> None:
    """A yes that comes before everything of mine is there skips nothing."""
    person = Person(plans.promotion())
    person.takes(Approved(person.at))
    assert person.guard.stage is Stage.TEXT


@pytest.mark.parametrize("reason", ["", "short", "aaaaaaaaaaaaaa", "          "])
def test_a_reason_has_to_say_something(reason: str) -> None:
    """Ten characters of which some differ: else it is asked for again."""
    person = Person(plans.to_any_version())
    person.answers()
    person.sees()
    person.types(reason)
    person.presses("enter", "\r")
    assert person.guard.stage is Stage.REASON
    assert person.guard.hint is Hint.SHORT_REASON


def test_what_cannot_be_typed_surely_is_replaced_by_the_end_of_a_digest() -> None:
    """A long version, or one with letters that look like others, is not typed: six digits of a digest are."""
    plan = plans.rollback()
    cyrillic = replace(plan, to=replace(plan.to, stable=VersionId(SafeText("2.3.1-с"))))
    long = replace(plan, to=replace(plan.to, stable=VersionId(SafeText("v10.2.1-sha1111-canary-eu"))))
    for strange in (cyrillic, long):
        assert expected_text(strange).text == plan.hash[-6:]
        known = replace(strange, premise=replace(plan.premise, digest=SafeText("sha256:00aa11bb22cc")))
        assert expected_text(known).text == "bb22cc"
    assert expected_text(plan).text == "2.3.1"
    assert expected_text(plans.to_any_version()).text == "prod-hk/fraud-detector@2.1.0"


def test_a_supply_of_too_few_letters_is_an_error() -> None:
    """A guard that always asks for the same letter is none."""
    with pytest.raises(ValueError, match="four kinds"):
        new_challenge(plans.abort(), at=0.0, wall=WALL, supply="aaaabbb")


# Whatever happens

_names = st.sampled_from([*"abdhmnpvxz2.31/@-R", "enter", "space", "tab", "backspace", "up", "f1", "A"])
_inputs = st.lists(
    st.tuples(
        st.sampled_from(["key", "key", "key", "letter", "expected", "paint", "paste", "mouse", "tick", "approve"]),
        _names,
        st.sampled_from([0.0, 0.004, 0.02, 0.05, 0.09, 0.2, 0.5, 1.2]),
    ),
    max_size=60,
)


@settings(max_examples=examples(400))
@given(level=st.sampled_from(list(LEVELS)), happenings=_inputs)
def test_nothing_passes_without_exactly_what_was_asked_for(
    level: GuardLevel, happenings: list[tuple[str, str, float]]
) -> None:
    """Whatever is typed, pasted, clicked and waited: what passed had each thing asked for, in order and painted."""
    plan = LEVELS[level]
    at = 100.0
    guard = new_challenge(plan, at=at, wall=WALL, supply=SUPPLY, opened_by="R")
    answered: list[Stage] = []
    for what, name, wait in happenings:
        at += wait
        before = guard
        one = _input(what, name, at, guard)
        guard = take(guard, one)
        assert before.is_open or guard is before
        if isinstance(one, Key) and not before.is_ready(at):
            # It may end it, and does nothing else that could help: what is asked for stays asked for.
            assert guard.verdict in (before.verdict, Verdict.CANCELLED, Verdict.EXPIRED, Verdict.PASSED)
            assert guard.typed == before.typed or guard.prompt != before.prompt
        if guard.prompt != before.prompt and guard.failures == before.failures:
            answered.append(before.stage)
            _check_answer(before, one)
    guard = take(guard, Ticked(at + 0.2, WALL + at + 0.2 - 100.0))
    if guard.verdict is Verdict.PASSED:
        flags = [Stage.FLAG] * len(plan.flags)
        heavy = [Stage.TEXT, Stage.REASON, *flags]
        expected = {
            GuardLevel.LETTER: [],
            GuardLevel.VERSION: [Stage.TEXT],
            GuardLevel.IDENTITY: heavy,
            GuardLevel.SECOND_PERSON: [*heavy, Stage.APPROVAL],
        }[level]
        assert answered == expected


def _input(what: str, name: str, at: float, guard: Challenge) -> Input:
    match what:
        case "key":
            characters = {"enter": "\r", "space": " ", "tab": "\t"}
            return Key(at, name, characters.get(name, name if len(name) == 1 else ""))
        case "letter":
            return Key(at, guard.letter or "x", guard.letter or "x")
        case "expected":
            missing = guard.expected.text.removeprefix(guard.typed)[:1] if guard.stage is Stage.TEXT else "e"
            return Key(at, missing or "x", missing or "x")
        case "paint":
            return Painted(at, guard.prompt)
        case "paste":
            return Pasted(at)
        case "mouse":
            return Pointed(at)
        case "approve":
            return Approved(at)
    return Ticked(at, WALL + at - 100.0)


def _check_answer(before: Challenge, one: Input) -> None:
    """Fail unless this input was what the question before it asked for."""
    assert before.painted_at is not None or before.stage is Stage.APPROVAL
    match before.stage:
        case Stage.TEXT:
            assert isinstance(one, Key)
            assert before.typed + one.character == before.expected.text
        case Stage.REASON:
            assert isinstance(one, Key)
            assert one.name == "enter"
            assert len(before.typed.strip()) >= 10
        case Stage.APPROVAL:
            assert isinstance(one, Approved)
        case Stage.FLAG | Stage.LETTER:
            assert before.settling_at is not None
            assert one.at >= before.settling_at + SETTLE_SECONDS
