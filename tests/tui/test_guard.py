"""The guard on the screen: what opens it, what it takes to pass it, and all that must not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from tests.present import plans
from tests.tui.fake_acting import Chosen, FakeActing, HandClock
from tests.tui.screen_stage import ShownApp, StagedWorld, incident, shown
from textual import events

from modeltui.domain.acting.action import NO_REASON, Plan, Reason, ReasonCode, Refusal
from modeltui.domain.acting.challenge import Verdict
from modeltui.domain.acting.outcome import Outcome, Phase, Progress
from modeltui.domain.acting.permission import Permission
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.event import RolloutsRead, VersionsRead
from modeltui.domain.names import Instant, ModelName
from modeltui.domain.text import SafeText
from modeltui.domain.version import Version
from modeltui.testing import worlds
from modeltui.tui.guarding import Guarding, Step
from modeltui.tui.widgets.guard import GuardPanel
from modeltui.tui.widgets.prompt import Prompt

# Every guard is passed key by key in a program that draws.
pytestmark = pytest.mark.broad

FRAUD = worlds.target_key("fraud@prod-hk")


@dataclass
class Guarded:
    """A stage whose keys take their time."""

    stage: ShownApp
    acting: FakeActing
    clock: HandClock

    @property
    def panel(self) -> GuardPanel | None:
        """The guard, while it is open."""
        found = self.stage.app.screen.query(GuardPanel)
        return found.first() if found else None

    @property
    def guarding(self) -> Guarding:
        """What the guard shows."""
        assert self.panel is not None, self.stage.text
        return self.panel.guarding

    async def press(self, *keys: str) -> None:
        """Press keys as a person does, one after the other."""
        for key in keys:
            self.clock.passes(0.2)
            await self.stage.press(key)
            self.clock.passes(0.1)
            await self.tick()

    async def tick(self) -> None:
        """Let the panel look at the time."""
        if self.panel is not None:
            self.panel._tick()
        await self.stage.settle()

    async def open(self, key: str = "R") -> None:
        """Press the key and let the plan come."""
        await self.stage.press(key)
        await self.settle()

    async def settle(self) -> None:
        """Let plan and runner arrive."""
        for _ in range(4):
            await self.stage.pilot.pause(0.005)
            await self.stage.settle()

    async def terminal_answers(self) -> None:
        """Let the terminal say that it has drawn everything, and the dead time pass."""
        panel = self.panel
        assert panel is not None
        panel.ask_receipt()
        self.stage.app._receipt_wanted = None  # as if it was sent: there is no terminal here
        for answer in list(panel._asked):
            self.stage.app.post_message(events.CursorPosition(*answer))
        await self.stage.settle()
        self.clock.passes(0.5)
        await self.tick()

    async def pass_rollback(self) -> None:
        """Type what a rollback asks for."""
        await self.terminal_answers()
        await self.press(*"2.3.1")
        await self.terminal_answers()
        await self.press(self.letter)
        await self.settle()

    @property
    def letter(self) -> str:
        """The letter that is asked for now."""
        assert self.guarding.challenge is not None
        return self.guarding.challenge.letter


@asynccontextmanager
async def guarded(
    plan: Plan | Refusal | None = None,
    size: tuple[int, int] = (80, 24),
    *,
    world: StagedWorld | None = None,
    acting: FakeActing | None = None,
    ascii_only: bool = False,
) -> AsyncIterator[Guarded]:
    """Run the screens with a way to act whose plan is given."""
    acting = acting or FakeActing(plan or plans.rollback(FRAUD))
    clock = HandClock()
    async with shown(world or incident(), size, acting=acting, clock=clock, ascii_only=ascii_only) as stage:
        stage.app.chance = Chosen("xbdhkm")
        await stage.settle()
        yield Guarded(stage, acting, clock)


async def test_a_rollback_takes_the_version_and_a_letter() -> None:
    """R, the version as it stands there, the letter that is shown only then: GO, with the plan's hash, once."""
    async with guarded() as on:
        await on.open()
        assert on.acting.asked[0].target == FRAUD
        assert "Afterwards only 2.3.1 answers" in on.stage.text
        await on.pass_rollback()
        assert [consent.plan_hash for consent in on.acting.gone] == [plans.rollback().hash]
        assert "under way" in on.stage.text


async def test_an_abort_takes_one_letter() -> None:
    """A and the letter: the safe direction is two keys."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        await on.terminal_answers()
        await on.press(on.letter)
        await on.settle()
        assert len(on.acting.gone) == 1


async def test_nothing_counts_before_the_terminal_has_answered() -> None:
    """A terminal that answers late: the right letter, typed before, is not taken, however long ago it was painted."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        letter = on.letter
        await on.press(*[letter, "z"] * 3)
        on.clock.passes(3)
        await on.tick()
        assert on.acting.gone == []
        assert "keys do not count yet" in on.stage.text
        assert on.guarding.challenge is not None
        assert on.guarding.challenge.failures == 0
        await on.terminal_answers()
        await on.press(on.letter)
        await on.settle()
        assert len(on.acting.gone) == 1


async def test_an_answer_to_an_earlier_guard_arms_no_later_one() -> None:
    """The terminal's late answer to a guard that was left is not taken for one to the guard that is open now."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        panel = on.panel
        assert panel is not None
        late = list(panel._asked)
        on.stage.app._receipt_wanted = None  # it was sent, and the answer is on its way
        await on.press("escape")
        await on.open("A")
        for answer in late:
            on.stage.app.post_message(events.CursorPosition(*answer))
        await on.stage.settle()
        on.clock.passes(1)
        await on.press(on.letter)
        await on.settle()
        assert late
        assert on.acting.gone == []


async def test_keys_in_the_dead_time_do_not_count() -> None:
    """Within 400 ms of the terminal's answer nobody can have read anything."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        panel = on.panel
        assert panel is not None
        panel.ask_receipt()
        for answer in list(panel._asked):
            on.stage.app.post_message(events.CursorPosition(*answer))
        await on.stage.settle()
        await on.stage.press(on.letter)
        on.clock.passes(0.2)
        await on.tick()
        on.clock.passes(0.1)
        await on.tick()
        assert on.acting.gone == []


@pytest.mark.parametrize("prose", ["see rollback doc\n", "2.3.1x", "2.3.1\r\n\r\n", "x" * 4096])
async def test_pasted_text_does_nothing(prose: str) -> None:
    """A paste, even of the right version, resets what was typed and completes nothing."""
    async with guarded() as on:
        await on.open()
        await on.terminal_answers()
        on.stage.app.post_message(events.Paste(prose))
        await on.stage.settle()
        await on.press("x", "enter", "space")
        assert on.acting.gone == []
        on.stage.app.post_message(events.Paste("2.3.1"))
        await on.stage.settle()
        assert "pasted text does not count" in on.stage.text


async def test_a_burst_of_keys_resets() -> None:
    """Keys faster than fingers (a paste without brackets, a slow line) are not taken for typing."""
    async with guarded() as on:
        await on.open()
        await on.terminal_answers()
        for key in "2.3.1":
            await on.stage.press(key)
        challenge = on.guarding.challenge
        assert challenge is not None
        assert challenge.typed in {"", "1"}
        assert challenge.letter == ""


@pytest.mark.broad
@pytest.mark.parametrize(("across", "down"), [(21, 7), (7, 3)])
async def test_a_mouse_storm_does_nothing(across: int, down: int) -> None:
    """Clicks all over the screen pass no guard; one on the way out leaves it."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        await on.terminal_answers()
        for x in range(0, 80, across):
            for y in range(0, 24, down):
                await on.stage.pilot.click(offset=(x, y))
        await on.settle()
        assert on.acting.gone == []


async def test_a_held_key_does_not_pass() -> None:
    """The key that opened the guard, held down, is no answer; nor is one key held for ever."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        await on.terminal_answers()
        for _ in range(60):
            on.clock.passes(0.033)
            await on.stage.press("A")
        await on.tick()
        challenge = on.guarding.challenge
        assert challenge is not None
        assert (challenge.failures, challenge.verdict) == (0, Verdict.OPEN)


async def test_esc_means_nothing_happened() -> None:
    """Esc leaves the guard at any moment; the runner is ended without a word, and the keys are the screen's again."""
    async with guarded() as on:
        await on.open()
        await on.terminal_answers()
        await on.press("2", ".")
        await on.press("escape")
        await on.settle()
        assert on.panel is None
        assert on.acting.left == [False]
        assert "enter open" in on.stage.rows[-1]


async def test_the_chosen_target_stays_whatever_the_cursor_does() -> None:
    """The plan is about the target under the cursor when the key was pressed."""
    async with guarded() as on:
        await on.open()
        await on.press("down", "down", "j")
        assert [request.target for request in on.acting.asked] == [FRAUD]
        assert "fraud@prod-hk" in on.stage.text


async def test_only_one_guard_is_open_at_a_time() -> None:
    """R in an open guard opens no second one."""
    async with guarded() as on:
        await on.open()
        await on.press("R", "A", "R")
        assert len(on.acting.asked) == 1
        assert len(on.stage.app.screen.query(GuardPanel)) == 1


async def test_a_moved_premise_disarms() -> None:
    """When the runner finds the world moved, the guard says what moved and takes nothing more."""
    async with guarded(acting=FakeActing(plans.rollback(FRAUD), prepares=False)) as on:
        await on.open()
        on.acting.runners[0].say(Progress(Phase.MOVED, plans.NOW, SafeText("traffic was 5% and is now 25%")))
        await on.settle()
        assert "DISARMED" in on.stage.text
        assert "traffic was 5% and is now 25%" in on.stage.text
        await on.press(*"2.3.1x")
        assert on.acting.gone == []


async def test_a_letter_before_the_runner_agrees_waits_for_it() -> None:
    """Whoever is faster than the runner waits for its agreement; when it disagrees nothing is sent."""
    async with guarded(plans.abort(FRAUD), acting=FakeActing(plans.abort(FRAUD), prepares=False)) as on:
        await on.open("A")
        await on.terminal_answers()
        await on.press(on.letter)
        await on.settle()
        assert on.acting.gone == []
        on.acting.runners[0].say(Progress(Phase.MOVED, plans.NOW, SafeText("the rollout is over")))
        await on.settle()
        assert on.acting.gone == []
        assert "the rollout is over" in on.stage.text


async def test_what_is_seen_to_move_disarms_too() -> None:
    """A poll of the screens that shows another candidate disarms the guard at once."""
    world = incident()
    async with guarded(world=world) as on:
        await on.open()
        other = worlds.rollout("fraud@prod-hk", "2.3.1", "3.1.0")
        world.apply(RolloutsRead(worlds.source_name("rollouts"), Instant(plans.NOW + 5), (other,)))
        await on.stage.show_news()
        await on.tick()
        assert "DISARMED" in on.stage.text
        assert "3.1.0" in on.stage.text


@pytest.mark.parametrize("cause", ["small", "blur", "away", "clock", "slept", "expired", "screen"])
async def test_whatever_takes_the_eyes_away_disarms(cause: str) -> None:
    """A window too small, another window, a suspended terminal, a clock that jumps, sleep, time, another screen."""
    async with guarded() as on:
        await on.open()
        await on.terminal_answers()
        guarding = on.guarding
        if cause == "small":
            await on.stage.resize(59, 16)
        elif cause == "blur":
            on.stage.app.post_message(events.AppBlur())
            await on.stage.settle()
        elif cause == "away":
            on.stage.app.upset_guard("the terminal was left meanwhile")
        elif cause == "clock":
            on.clock.wall += 30
        elif cause == "slept":
            await on.tick()
            on.clock.passes(20)
        elif cause == "expired":
            for _ in range(70):
                on.clock.passes(1)
                await on.tick()
        else:
            on.stage.app.action_sources()
            await on.stage.settle()
        await on.tick()
        challenge = guarding.challenge
        assert challenge is not None
        assert not challenge.is_open
        assert challenge.verdict is not Verdict.PASSED
        if on.panel is not None:
            await on.press(*"2.3.1x")
        assert on.acting.gone == []


async def test_three_wrong_letters_close_it() -> None:
    """Each wrong letter asks for another one; the third closes the guard."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        seen = []
        for wrong in "oil":
            await on.terminal_answers()
            seen.append(on.letter)
            await on.press(wrong)
        assert len(set(seen)) == 3
        assert "CLOSED" in on.stage.text
        assert on.acting.gone == []


async def test_the_heavy_guard_wants_identity_reason_and_each_flag() -> None:
    """A version of somebody's choice: what, why, and yes to each thing that did not pass; GO carries all of it."""
    plan = replace(plans.to_any_version(), target=FRAUD)
    async with guarded(plan, (120, 36)) as on:
        await on.open()
        await on.terminal_answers()
        await on.press(*"prod-hk/fraud@2.1.0")
        await on.terminal_answers()
        await on.press(*"errors in hk", "enter")
        for flag in plan.flags:
            await on.terminal_answers()
            assert str(flag.says) in on.stage.text
            await on.press(on.letter)
        await on.terminal_answers()
        await on.press(on.letter)
        await on.settle()
        [consent] = on.acting.gone
        assert consent.reason.text == "errors in hk"
        assert consent.acknowledged == ("approved", "artifact")


async def test_a_promotion_waits_for_a_second_person() -> None:
    """After everything of mine is there, the plan is put before somebody else; then one more letter of mine."""
    acting = FakeActing(replace(plans.promotion(), target=FRAUD))
    acting.refuses = Refusal(SafeText("nobody has approved it yet"), SafeText("ask amy"))
    async with guarded(acting=acting) as on:
        await on.open()
        await on.terminal_answers()
        await on.press(*"prod-hk/fraud@3.0.0")
        await on.terminal_answers()
        await on.press(*"gates passed", "enter")
        await on.terminal_answers()
        await on.press(on.letter)
        await on.settle()
        await on.tick()
        assert "modeltui --context prod approve" in on.stage.text
        assert len(acting.approvals) == 1
        assert acting.gone == []
        acting.refuses = None
        await on.settle()
        await on.terminal_answers()
        assert acting.gone == []
        await on.press(on.letter)
        await on.settle()
        assert len(acting.gone) == 1


async def test_whoever_waits_for_a_second_person_reads_how_long_and_not_longer() -> None:
    """The time that somebody has left to approve counts down, with the loud way beside it; once it is over, it ends."""
    acting = FakeActing(replace(plans.promotion(), target=FRAUD))
    loud = "modeltui plan promote fraud@prod-hk --break-glass --out plan.json"
    remedy = f"ask a second person: modeltui approve; or, with an incident: {loud}"
    acting.refuses = Refusal(SafeText("waits for a second person"), SafeText(remedy))
    async with guarded(acting=acting) as on:
        acting.approvable_until = Instant(on.clock.now() + 30)
        await on.open()
        await on.terminal_answers()
        await on.press(*"prod-hk/fraud@3.0.0")
        await on.terminal_answers()
        await on.press(*"gates passed", "enter")
        await on.terminal_answers()
        await on.press(on.letter)
        await on.settle()
        await on.tick()
        drawn = " ".join(" ".join(row.strip("│┃┏┗┓┛━─ ") for row in on.stage.rows).split())
        assert re.search(r"\d+s left; waits for a second person; or, with an incident: ", drawn), drawn
        assert loud in drawn
        assert "ask a second person" not in drawn
        for _ in range(30):
            on.clock.passes(1.0)
            await on.tick()
        await on.settle()
        assert "nobody approved it in time" in on.stage.text
        assert acting.gone == []


async def test_what_can_be_gone_back_to_is_what_the_evidence_and_the_registry_know() -> None:
    """Known good versions stand first, without what serves alone already; what the registry lists comes at the end
    while I look, and the mark stays where it is.
    """
    world = incident()
    served = (worlds.record("2.2.0", -90_000, -50_000), worlds.record("2.3.1", -50_000))
    told = worlds.rollout("fraud@prod-hk", "2.3.1", served=served)
    world.apply(RolloutsRead(worlds.source_name("rollouts"), world.now, (told,)))
    async with guarded(world=world) as on:
        on.stage.app.action_rollback_to()
        await on.settle()
        drawn = [row.split() for row in on.stage.rows]
        assert ["▶", "2.2.0", "known", "good"] in drawn
        assert not any("2.3.1" in row and "last" in row for row in drawn)
        model = ModelName(SafeText("fraud"))
        assert on.stage.observer.listed == [model]
        old = Version(model, worlds.version_id("1.0.0"), Instant(0.0))
        world.apply(VersionsRead(worlds.source_name("registry"), world.now, model, (old,)))
        for _ in range(50):  # it looks by itself, twice a second
            if "in the registry" in on.stage.text:
                break
            on.stage.app.screen.query_one(Prompt)._take_more()
            await on.settle()
        drawn = [row.split() for row in on.stage.rows]
        assert ["1.0.0", "in", "the", "registry"] in drawn
        assert ["▶", "2.2.0", "known", "good"] in drawn
        await on.press("enter")
        await on.settle()
        assert [request.version for request in on.acting.asked] == ["2.2.0"]


async def test_a_last_refusal_sends_nothing() -> None:
    """When writes were locked or an approval is missing at the last moment, it says so and sends nothing."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        await on.terminal_answers()
        on.acting.refuses = Refusal(SafeText("writes were locked meanwhile"), SafeText("u unlocks them"))
        await on.press(on.letter)
        await on.settle()
        assert on.acting.gone == []
        assert "writes were locked meanwhile" in on.stage.text


async def test_an_actor_that_is_gone_before_go_sent_nothing() -> None:
    """When the actor process ended before it was told GO, it is said that nothing was sent, not that nobody knows."""
    async with guarded(plans.abort(FRAUD)) as on:
        await on.open("A")
        await on.terminal_answers()
        on.acting.runners[0].cannot = ModeltuiError("the actor process ended before GO", "Nothing was sent: go again.")
        await on.press(on.letter)
        await on.settle()
        assert on.guarding.step is Step.REFUSED
        assert "the actor process ended before GO" in on.stage.text
        assert "Nothing was sent: go" in on.stage.text
        assert "It may have gone on" not in on.stage.text


async def test_a_refused_plan_says_why_and_what_to_do() -> None:
    """A refusal shows its reason, its remedy and what was looked at; esc closes it."""
    refusal = Refusal(SafeText("no version is known to be good"), SafeText("name one: rollback-to"), plans.FLAGS)
    async with guarded(refusal) as on:
        await on.open()
        for text in (
            "no version is known to be good",
            "name one: rollback-to",
            "the artifact store",
            "Nothing was sent",
        ):
            assert text in on.stage.text
        await on.press("x", "enter")
        await on.press("escape")
        assert on.panel is None
        assert on.acting.runners == []


# After GO


async def test_the_guard_becomes_the_tracker() -> None:
    """What was seen has its time, what is waited for says so, and nothing sent is called done."""
    async with guarded() as on:
        await on.open()
        await on.pass_rollback()
        on.acting.runners[0].say(*plans.UNDER_WAY[1:])
        await on.settle()
        await on.tick()
        assert "2.3.1 answers 62% of requests" in on.stage.text
        assert "done" not in on.stage.text.lower()
        on.acting.runners[0].say(plans.ended()[-1], None)
        await on.settle()
        assert "VERIFIED" in on.stage.text
        assert "#42" in on.stage.text


async def test_the_reason_of_a_rollback_is_one_key() -> None:
    """While it runs, a digit says why; once."""
    async with guarded() as on:
        await on.open()
        await on.pass_rollback()
        assert "Why? one key" in on.stage.text
        await on.press("1", "2")
        await on.settle()
        assert on.acting.runners[0].reasons == [Reason(ReasonCode.ERROR)]
        assert on.acting.gone[0].reason == NO_REASON
        assert "Why? one key" not in on.stage.text


async def test_the_tracker_can_be_left_and_the_action_goes_on() -> None:
    """Esc closes the tracker; a line stays until the action has ended and been looked at."""
    async with guarded() as on:
        await on.open()
        await on.pass_rollback()
        on.acting.runners[0].say(*plans.UNDER_WAY[1:])
        await on.settle()
        await on.press("escape")
        assert on.panel is None
        assert on.acting.left == []
        assert "waits to be serving" in on.stage.text
        on.acting.runners[0].say(plans.ended(Outcome.UNKNOWN)[-1], None)
        await on.settle()
        assert "OUTCOME UNKNOWN" in on.stage.text
        await on.press("5", "escape")
        assert "OUTCOME UNKNOWN" not in on.stage.text


async def test_a_runner_that_falls_silent_is_not_called_failed() -> None:
    """When the runner's words end without an outcome, the journal is named, and nothing is said to have failed."""
    async with guarded() as on:
        await on.open()
        await on.pass_rollback()
        on.acting.runners[0].say(plans.UNDER_WAY[1], None)
        await on.settle()
        assert "no longer answers" in on.stage.text
        assert "failed" not in on.stage.text.lower()


# Keys that cannot be used


async def test_writes_off_keeps_the_keys_visible_and_says_why() -> None:
    """With writes off A and R stay in the last row in brackets, say why when pressed, and open nothing."""
    async with guarded(acting=FakeActing(on=False)) as on:
        assert "WRITES OFF" in on.stage.rows[0]
        assert "(A abort)" in on.stage.rows[-1]
        await on.press("R")
        assert "writes are off: u unlocks them" in on.stage.text
        assert on.acting.asked == []
        await on.press("?")
        assert "not now: writes are off: u unlocks them" in on.stage.text


async def test_u_unlocks_with_a_reason_and_locks_at_once() -> None:
    """u asks why, row 1 counts the time down, u again locks."""
    async with guarded(acting=FakeActing(on=False)) as on:
        await on.press("u", *"pager says so", "enter")
        await on.settle()
        assert on.acting.unlocks == ["pager says so"]
        assert "WRITES ON 14:59" in on.stage.rows[0]
        await on.press("u")
        await on.settle()
        assert "WRITES OFF" in on.stage.rows[0]


async def test_an_action_that_somebody_may_not_take_says_who_may() -> None:
    """A rule's no is shown with its words where the action stands."""
    acting = FakeActing()
    acting.allowed = Permission(is_allowed=False, says=SafeText("only group release may act in prod-hk"))
    async with guarded(acting=acting) as on:
        await on.press("A")
        assert "only group release may act in prod-hk" in on.stage.text
        assert acting.asked == []


async def test_in_a_freeze_the_screen_shows_the_whole_command_of_the_loud_way() -> None:
    """Where glass may be broken, a frozen action tells its command in the panel, where nothing is cut at 80 columns."""
    command = "modeltui rollback fraud@prod-hk --to 2.2.0 --break-glass --incident ID --reason TEXT"
    refusal = Refusal(SafeText("freeze until Thu"), SafeText(f"with an incident, on the command line: {command}"))
    acting = FakeActing(refusal)
    frozen = SafeText("freeze until Thu")
    acting.allowed = Permission(is_allowed=False, says=frozen, frozen=frozen, break_glass=True)
    async with guarded(acting=acting) as on:
        await on.press("A")
        await on.settle()
        drawn = " ".join(row.strip("│┃┏┗┓┛━─ ") for row in on.stage.rows)
        assert command in " ".join(drawn.split())
        assert acting.runners == []


async def test_a_session_that_only_looks_has_no_such_keys() -> None:
    """Read-only: A, R and u are bound to nothing, and the help says why."""
    async with shown(incident(), (80, 24)) as stage:
        before = stage.text
        await stage.press("A", "R", "u")
        assert stage.text == before
        assert not {"A", "R", "u"} & set(stage.app.active_bindings)
        await stage.press("?")
        assert "READ-ONLY: this session cannot write" in stage.text


@pytest.mark.broad
@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50), (60, 16)])
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("which", ["abort", "rollback", "any", "promotion"])
async def test_the_guard_fits(size: tuple[int, int], ascii_only: bool, which: str) -> None:
    """At every size the question, the way out and the list behind are in sight; nothing is beyond ASCII where asked."""
    plan = {
        "abort": plans.abort(FRAUD),
        "rollback": plans.rollback(FRAUD),
        "any": replace(plans.to_any_version(), target=FRAUD),
        "promotion": replace(plans.promotion(), target=FRAUD),
    }[which]
    async with guarded(plan, size, ascii_only=ascii_only) as on:
        await on.open("A" if which == "abort" else "R")
        rows = on.stage.rows
        assert "MODEL" in rows[1]
        assert any("Press [" in row or "Type " in row for row in rows)
        assert "esc keep everything as it is" in rows[-1]
        if size != (60, 16):
            assert "more rows" not in on.stage.text
            assert on.stage.text.count("surety") == (which != "abort")
        if ascii_only:
            assert all(ord(character) < 128 for row in rows for character in row), on.stage.text


async def test_a_window_too_small_opens_no_guard() -> None:
    """Below 60x16 a plan cannot be read: it says so."""
    async with guarded(size=(59, 20)) as on:
        await on.press("R")
        assert "too small" in on.stage.text
        assert on.acting.asked == []
