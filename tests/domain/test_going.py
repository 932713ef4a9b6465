"""What still stands between a plan and its execution, once GO was said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeltui.domain.acting.action import Check, CheckResult, Consent, GuardLevel, Plan, Reason, Refusal
from modeltui.domain.acting.approval import Decision, GivenApproval
from modeltui.domain.acting.going import objection_to
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.testing.acting_fakes import ALICE, BOB, FakeWorld, abort_plan, consent_to, rollback_plan
from modeltui.testing.clock import VirtualClock

ALLOWED = Permission(True, SafeText("allowed"))
FLAG = Check(SafeText("approved"), CheckResult.WARN, SafeText("nobody approved it"))


def plan(guard: GuardLevel) -> Plan:
    world = FakeWorld(VirtualClock())
    return rollback_plan(world, "0", guard=guard, checks=(FLAG,))


def grant(of: Plan, by: Actor) -> GivenApproval:
    return GivenApproval(of.hash, by, Decision.GRANT, SafeText("fine"), of.made_at, Instant(of.made_at + 900.0))


def asked(
    of: Plan, consent: Consent, permission: Permission = ALLOWED, *given: GivenApproval, actor: Actor = ALICE
) -> Refusal | None:
    return objection_to(of, consent, permission, given, actor, of.made_at)


def test_nothing_stands_against_a_consent_that_passed_the_guard() -> None:
    """I passed the plan's own guard: it may go."""
    for level in (GuardLevel.LETTER, GuardLevel.VERSION, GuardLevel.IDENTITY):
        assert asked(plan(level), consent_to(plan(level))) is None


@pytest.mark.parametrize("level", [GuardLevel.VERSION, GuardLevel.IDENTITY, GuardLevel.SECOND_PERSON])
def test_a_lighter_guard_does_not_count(level: GuardLevel) -> None:
    """A letter was typed where the version had to be: it is refused."""
    refusal = asked(plan(level), replace(consent_to(plan(level)), guard=GuardLevel.LETTER), ALLOWED)
    assert refusal is not None
    assert "guard 2 was passed" in refusal.reason


def test_every_flag_of_a_heavy_guard_must_be_acknowledged() -> None:
    """One flag was not ticked: I read which."""
    refusal = asked(plan(GuardLevel.IDENTITY), replace(consent_to(plan(GuardLevel.IDENTITY)), acknowledged=()))
    assert refusal is not None
    assert refusal.reason == "not acknowledged: approved"
    assert asked(plan(GuardLevel.VERSION), replace(consent_to(plan(GuardLevel.VERSION)), acknowledged=())) is None


def test_who_may_break_the_glass_reads_how() -> None:
    """A freeze, nobody to approve: where the rules leave the loud way, the refusal has its whole command."""
    command = "modeltui rollback fraud@prod --to 1 --break-glass --incident ID --reason TEXT"
    waits = rollback_plan(FakeWorld(VirtualClock()), "1", guard=GuardLevel.SECOND_PERSON)
    alone = asked(waits, consent_to(waits), replace(ALLOWED, second_person=True, break_glass=True))
    assert alone is not None
    assert alone.remedy == f"ask a second person: modeltui approve; or, with an incident: {command}"
    frozen = asked(waits, consent_to(waits), Permission(False, SafeText("freeze"), break_glass=True))
    assert frozen is not None
    assert frozen.remedy == f"ask somebody who may; or, with an incident: {command}"
    nobody = asked(waits, consent_to(waits), replace(ALLOWED, second_person=True))
    assert nobody is not None
    assert "incident" not in nobody.remedy


def test_a_heavy_guard_wants_a_reason() -> None:
    """I say no word why: blanks are none either."""
    for text in ("", "   "):
        reason = Reason(text=SafeText(text))
        refusal = asked(plan(GuardLevel.IDENTITY), replace(consent_to(plan(GuardLevel.IDENTITY)), reason=reason))
        assert refusal is not None
        assert "reason" in refusal.reason


def test_an_expired_plan_does_not_go() -> None:
    """The plan's time is over at this very moment: it is refused."""
    made = abort_plan(FakeWorld(VirtualClock()))
    assert objection_to(made, consent_to(made), ALLOWED, (), ALICE, made.expires_at) is not None
    assert objection_to(made, consent_to(made), ALLOWED, (), ALICE, Instant(made.expires_at - 0.001)) is None


def test_whoever_approved_a_plan_does_not_execute_it_alone() -> None:
    """Alice plans, Bob approves, and Bob executes: his own yes does not count for his own deed."""
    made = plan(GuardLevel.SECOND_PERSON)
    assert asked(made, consent_to(made), ALLOWED, grant(made, BOB)) is None
    assert asked(made, consent_to(made), ALLOWED, grant(made, BOB), actor=BOB) is not None


def test_an_actor_who_is_not_surely_known_is_refused() -> None:
    """The rules want my ssh key, and I am known by a name that anybody can say."""
    sure = Permission(True, SafeText("allowed"), assurance=Assurance.SSH_KEY)
    made = plan(GuardLevel.VERSION)
    assert asked(made, consent_to(made), sure) is not None
    shown = replace(ALICE, assurance=Assurance.SSH_KEY, ssh_key=SafeText("SHA256:x"))
    assert asked(made, consent_to(made), sure, actor=shown) is None


@pytest.mark.parametrize(
    ("permission", "goes"),
    [
        (Permission(False, SafeText("freeze"), frozen=SafeText("freeze"), break_glass=True), True),
        (Permission(False, SafeText("freeze"), frozen=SafeText("freeze"), break_glass=False), False),
        (Permission(True, SafeText("four eyes"), second_person=True, break_glass=True), True),
        (Permission(True, SafeText("four eyes"), second_person=True, break_glass=False), False),
        (Permission(False, SafeText("alice may not")), False),
    ],
)
def test_the_glass_is_broken_only_by_those_who_may(permission: Permission, goes: bool) -> None:
    """A freeze or a missing second person yields to break-glass where the rules say so, and to nothing else."""
    made = plan(GuardLevel.VERSION)
    plain = consent_to(made)
    broken = replace(plain, break_glass=True, reason=Reason(incident=SafeText("INC-1")))
    assert asked(made, plain, permission) is not None
    assert (asked(made, broken, permission) is None) is goes


def test_a_no_is_not_overruled_by_break_glass() -> None:
    """Bob looked at it and said no: no incident makes that a yes."""
    made = plan(GuardLevel.VERSION)
    permission = Permission(True, SafeText("four eyes"), second_person=True, break_glass=True)
    broken = replace(consent_to(made), break_glass=True, reason=Reason(incident=SafeText("INC-1")))
    denied = replace(grant(made, BOB), decision=Decision.DENY)
    assert asked(made, broken, permission, denied) is not None
