"""The second person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.domain.access_world import ALWAYS, FRAUD, NOW, names, person, text

from modeltui.domain.acting.access import AccessPolicy, Effect, Role, Rule
from modeltui.domain.acting.action import ActionKind, PlanHash
from modeltui.domain.acting.approval import Decision, GivenApproval
from modeltui.domain.acting.approving import (
    ApprovalStanding,
    Standing,
    approval_standing,
    is_same_person,
    permit_approval,
)
from modeltui.domain.acting.deed import RISKS, Deed
from modeltui.domain.acting.freeze import Freeze, Weekly
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText

HASH = PlanHash(SafeText("sha256:" + "a" * 64))
OTHER = PlanHash(SafeText("sha256:" + "b" * 64))
ALICE, BOB = person("alice"), person("bob")


def given(by: Actor, decision: Decision = Decision.GRANT, at: float = NOW, seconds: float = 900.0) -> GivenApproval:
    """Return a decision on the plan."""
    return GivenApproval(HASH, by, decision, text("looked at it"), Instant(at), Instant(at + seconds))


def stands(*decisions: GivenApproval, now: float = NOW) -> ApprovalStanding:
    """Return what these decisions come to for Alice's plan."""
    return approval_standing(HASH, ALICE, decisions, Instant(now))


def may_approve(policy: AccessPolicy, who: Actor, kind: ActionKind = ActionKind.PROMOTE) -> Permission:
    """Return whether somebody may approve Alice's plan."""
    return permit_approval(policy, who, ALICE, kind, FRAUD, is_last_known_good=False, production=True, now=NOW)


def test_one_other_is_enough() -> None:
    """A grant by somebody else lets the plan go; without one it waits."""
    assert stands().standing is Standing.WAITING
    assert stands(given(BOB)).standing is Standing.GRANTED
    assert stands(given(BOB)).granted == (given(BOB),)


def test_nobody_approves_their_own_plan() -> None:
    """A grant by whoever asked counts for nothing."""
    assert stands(given(ALICE)).standing is Standing.WAITING
    assert may_approve(AccessPolicy(), ALICE).says == "alice asked for it: somebody else must approve"


@pytest.mark.parametrize("name", ["bob", "Bob", "bob@example.com", " BOB@elsewhere.example "])
def test_whoever_made_the_version_does_not_approve_it(name: str) -> None:
    """Three people for a promotion: whoever asks, whoever made the version, and whoever says yes, however spelt."""
    said = permit_approval(
        AccessPolicy(),
        BOB,
        ALICE,
        ActionKind.PROMOTE,
        FRAUD,
        is_last_known_good=False,
        production=True,
        now=NOW,
        authors=(text("carol"), text(name)),
    )
    assert not said.is_allowed
    assert said.says == "bob made the version, by its registry: somebody else must approve"
    assert may_approve(AccessPolicy(), BOB).is_allowed


def test_an_account_that_registers_versions_bars_nobody_who_sits_there_by_name() -> None:
    """Jobs register as root, and bob has shown his own key there: it is not he who made the version."""
    bob = replace(BOB, assurance=Assurance.SSH_KEY, os_user=text("root"), ssh_key=text("SHA256:b"))
    kind, authors = ActionKind.PROMOTE, (text("root"),)
    said = permit_approval(
        AccessPolicy(), bob, ALICE, kind, FRAUD, is_last_known_good=False, production=True, now=NOW, authors=authors
    )
    assert said.is_allowed


def test_one_no_kills_it() -> None:
    """One denial ends it, before or after a grant, whoever says it and however long ago."""
    no = given(BOB, Decision.DENY, seconds=1.0)
    carol = given(person("carol"))
    for decisions in ((no, carol), (carol, no)):
        found = stands(*decisions, now=NOW + 600)
        assert found.standing is Standing.DENIED
        assert found.says == "denied by bob: looked at it"
    assert stands(carol, given(ALICE, Decision.DENY)).standing is Standing.DENIED, "whoever asked may think again"


def test_a_grant_counts_for_its_time_only() -> None:
    """A grant from yesterday, or from a clock far ahead, is none; a minute between two clocks is nothing."""
    assert stands(given(BOB), now=NOW + 899).standing is Standing.GRANTED
    assert stands(given(BOB), now=NOW + 900).standing is Standing.EXPIRED
    assert stands(given(BOB, at=NOW + 30)).standing is Standing.GRANTED
    assert stands(given(BOB, at=NOW + 3_600)).standing is not Standing.GRANTED


def test_a_grant_for_another_plan_is_none() -> None:
    """A decision counts for exactly the plan whose hash it names."""
    assert approval_standing(OTHER, ALICE, [given(BOB)], NOW).standing is Standing.WAITING


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (person("alice"), person("alice"), True),
        (person("alice"), replace(person("alice"), host=text("laptop")), True),
        (person("alice"), person("bob"), False),
        (replace(person("a"), os_user=text("ops")), replace(person("b"), os_user=text("ops")), True),
        (
            replace(person("a", Assurance.SSH_KEY, text("SHA256:1")), os_user=text("ops")),
            replace(person("b", Assurance.SSH_KEY, text("SHA256:2")), os_user=text("ops")),
            False,
        ),
        (person("a", Assurance.SSH_KEY, text("SHA256:1")), person("b", Assurance.SSH_KEY, text("SHA256:1")), True),
        (
            replace(person("a", Assurance.SSH_KEY, text("SHA256:1")), os_user=text("ops")),
            replace(person("b"), os_user=text("ops")),
            True,
        ),
        (
            replace(person("a.smith", Assurance.SSH_KEY, text("SHA256:1")), os_user=text("a"), host=text("laptop")),
            person("a"),
            True,
        ),
        (replace(person("a"), os_user=text("ops")), replace(person("b"), os_user=text("ops"), host=text("x")), False),
    ],
)
def test_two_names_may_be_one_person(one: Actor, other: Actor, same: bool) -> None:
    """One account without proof of who sits there is one person; two keys behind it are two."""
    assert is_same_person(one, other) is same
    assert is_same_person(other, one) is same


def test_an_approver_must_be_allowed_to_do_it_too() -> None:
    """Without roles for it, whoever may do the deed may approve it, and nobody else."""
    roles = {text("lead"): Role(names("bob"))}
    policy = AccessPolicy(roles, (Rule(text("lead"), Effect.MAY, RISKS, names("lead"), second_person=True),))
    assert may_approve(policy, BOB).is_allowed
    assert not may_approve(policy, person("carol")).is_allowed


def test_a_policy_may_name_who_approves() -> None:
    """Where roles approve, they do so without the right to act, and others do not."""
    roles = {text("risk"): Role(names("carol"))}
    policy = replace(AccessPolicy(), roles=roles, approvers=names("risk"))
    assert may_approve(policy, person("carol")).is_allowed
    assert may_approve(policy, BOB).says == "only risk may approve"


def test_an_approver_must_be_as_sure_as_the_actor() -> None:
    """Where a rule wants a key of whoever acts, an approval needs one as well, by whatever role."""
    roles = {text("risk"): Role(names("carol"))}
    demand = Rule(text("keys"), Effect.DEMAND, frozenset({Deed.PROMOTE}), assurance=Assurance.SSH_KEY)
    policy = AccessPolicy(roles, (*AccessPolicy().rules, demand), approvers=names("risk"))
    answer = may_approve(policy, person("carol"))
    assert (answer.is_allowed, answer.assurance) == (False, Assurance.SSH_KEY)
    assert may_approve(policy, person("carol", Assurance.SSH_KEY)).is_allowed
    assert not may_approve(AccessPolicy(), person("bob", Assurance.NONE)).is_allowed, (
        "a shared account approves nothing"
    )


def test_a_freeze_does_not_keep_anybody_from_looking() -> None:
    """During a freeze a plan can be approved; whether it may go is another question."""
    policy = AccessPolicy(freezes=(Freeze(text("weekend"), ALWAYS, RISKS),))
    assert may_approve(policy, BOB).is_allowed
    assert isinstance(ALWAYS[0], Weekly)
