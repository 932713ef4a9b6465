"""Who may do what where."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.domain.access_world import ALWAYS, FRAUD, KEY, NOW, STAGING, names, person, text

from modeltui.domain.acting.access import (
    DEFAULT_ACCESS,
    NO_BREAK_GLASS,
    AccessPolicy,
    BreakGlass,
    Effect,
    Role,
    Rule,
    nobody,
    permit,
    with_broken_glass,
)
from modeltui.domain.acting.action import ActionKind
from modeltui.domain.acting.deed import RESCUES, RISKS, Deed, deed_of
from modeltui.domain.acting.freeze import Freeze, Once, Weekly
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import UNKNOWN, Instant, TargetKey


def asked(
    policy: AccessPolicy,
    actor: Actor,
    deed: Deed,
    target: TargetKey = FRAUD,
    *,
    production: bool = True,
    now: Instant = NOW,
) -> Permission:
    """Return the answer of the rules."""
    kind = ActionKind.ROLLBACK if deed is Deed.OTHER_VERSION else ActionKind(deed.value)
    return permit(policy, actor, kind, target, is_last_known_good=deed is Deed.ROLLBACK, production=production, now=now)


# Without a file


@pytest.mark.parametrize("deed", sorted(RESCUES))
def test_whoever_is_logged_in_may_go_back(deed: Deed) -> None:
    """Without a policy, anybody who is logged in may abort and roll back to the last known good, alone."""
    answer = asked(DEFAULT_ACCESS, person("anybody"), deed)
    assert (answer.is_allowed, answer.second_person, answer.frozen) == (True, False, UNKNOWN)


@pytest.mark.parametrize("deed", sorted(RISKS))
def test_production_needs_two_for_what_is_risky(deed: Deed) -> None:
    """Without a policy, everything else needs a second person where people are served from, and none elsewhere."""
    assert asked(DEFAULT_ACCESS, person("anybody"), deed).second_person
    assert asked(DEFAULT_ACCESS, person("anybody"), deed).is_allowed
    assert not asked(DEFAULT_ACCESS, person("anybody"), deed, STAGING, production=False).second_person


@pytest.mark.parametrize("deed", sorted(Deed))
def test_a_name_that_was_only_said_may_nothing(deed: Deed) -> None:
    """Behind a shared account nobody acts: the answer says what would show who it is."""
    answer = asked(DEFAULT_ACCESS, person("ops", Assurance.NONE), deed)
    assert not answer.is_allowed
    assert answer.says == "logged-in: ops must be shown by an OS user, and is shown by nothing"


def test_glass_is_broken_for_another_version_and_not_for_a_promotion() -> None:
    """Alone at night another version can be forced with an incident; a promotion waits for somebody else."""
    assert asked(DEFAULT_ACCESS, person("anybody"), Deed.OTHER_VERSION).break_glass
    assert not asked(DEFAULT_ACCESS, person("anybody"), Deed.PROMOTE).break_glass
    assert not asked(DEFAULT_ACCESS, person("anybody"), Deed.ROLLBACK).break_glass, "there is nothing to overrule"


@pytest.mark.parametrize("deed", sorted(Deed))
def test_a_policy_that_cannot_be_read_allows_nothing(deed: Deed) -> None:
    """When the real policy cannot be read, nobody may do anything, and glass does not help."""
    answer = asked(nobody("the policy is not there"), person("anybody", Assurance.SSH_KEY), deed)
    assert (answer.is_allowed, answer.break_glass) == (False, False)
    assert "the policy is not there" in answer.says


# Rules

ONCALL = {text("oncall"): Role(names("alice"), names(KEY)), text("lead"): Role(names("carol"))}
RESCUE = Rule(text("rescue"), Effect.MAY, RESCUES, names("oncall", "lead"))
RISKY = Rule(text("risky"), Effect.MAY, RISKS, names("lead"), assurance=Assurance.SSH_KEY)


def test_a_no_says_who_may() -> None:
    """Who may not is told which roles may."""
    policy = AccessPolicy(ONCALL, (RESCUE, RISKY))
    answer = asked(policy, person("mallory"), Deed.ABORT)
    assert answer.says == "no rule lets mallory abort a rollout on fraud@prod-hk; lead, oncall may"


def test_a_role_is_shown_by_name_or_by_key() -> None:
    """A key in a role opens it under whatever name; the same key only claimed does not."""
    policy = AccessPolicy(ONCALL, (RESCUE,))
    assert asked(policy, person("alice"), Deed.ABORT).is_allowed
    assert asked(policy, person("a.smith", Assurance.SSH_KEY, KEY), Deed.ABORT).is_allowed
    assert not asked(policy, person("a.smith", Assurance.OS_USER, KEY), Deed.ABORT).is_allowed
    assert not asked(policy, person("alice", Assurance.NONE), Deed.ABORT).is_allowed


def test_a_rule_may_ask_for_a_key() -> None:
    """Where a rule wants a key, an OS user is not enough, and the answer says so."""
    policy = AccessPolicy(ONCALL, (RISKY,))
    answer = asked(policy, person("carol"), Deed.PROMOTE)
    assert (answer.is_allowed, answer.assurance) == (False, Assurance.SSH_KEY)
    assert answer.says == "risky: carol must be shown by an SSH key, and is shown by an OS user"
    assert asked(policy, person("carol", Assurance.SSH_KEY, text("SHA256:x")), Deed.PROMOTE).is_allowed


def test_a_denial_beats_any_permission() -> None:
    """Where one rule allows and another denies, the answer is no, in whatever order they stand."""
    deny = Rule(text("no-weights"), Effect.MAY_NOT, frozenset({Deed.WEIGHTS}), match=(text("*@prod-*"),))
    allow = Rule(text("all"), Effect.MAY, frozenset(Deed))
    for rules in ((deny, allow), (allow, deny)):
        answer = asked(AccessPolicy(rules=rules), person("alice"), Deed.WEIGHTS)
        assert answer.says == "no-weights: alice may not move traffic on fraud@prod-hk"
        assert asked(AccessPolicy(rules=rules), person("alice"), Deed.WEIGHTS, STAGING).is_allowed


def test_a_denial_hits_whoever_might_be_meant() -> None:
    """A denial for a role that does not exist hits everybody, and one for a person also who only says the name."""
    allow = Rule(text("all"), Effect.MAY, frozenset(Deed))
    lost = Rule(text("lost"), Effect.MAY_NOT, frozenset({Deed.PROMOTE}), names("no-such-role"))
    assert not asked(AccessPolicy(ONCALL, (allow, lost)), person("bob"), Deed.PROMOTE).is_allowed
    meant = Rule(text("meant"), Effect.MAY_NOT, frozenset({Deed.PROMOTE}), names("lead"))
    policy = AccessPolicy(ONCALL, (allow, meant))
    assert asked(policy, person("bob", Assurance.NONE), Deed.PROMOTE).is_allowed
    assert not asked(policy, person("carol", Assurance.NONE), Deed.PROMOTE).is_allowed


def test_the_strictest_demand_counts() -> None:
    """Of several rules that allow the same, the strictest conditions count."""
    loose = Rule(text("loose"), Effect.MAY, frozenset(Deed))
    strict = Rule(text("strict"), Effect.MAY, frozenset(Deed), second_person=True, assurance=Assurance.OS_USER)
    answer = asked(AccessPolicy(rules=(loose, strict)), person("alice"), Deed.PROMOTE)
    assert (answer.second_person, answer.assurance, answer.says) == (
        True,
        Assurance.OS_USER,
        "strict: somebody else must approve",
    )


def test_an_abort_waits_for_nobody() -> None:
    """Whatever a rule says, stopping a rollout needs no second person."""
    rule = Rule(text("two"), Effect.MAY, frozenset(Deed), second_person=True)
    assert not asked(AccessPolicy(rules=(rule,)), person("alice"), Deed.ABORT).second_person


# Freeze windows


def test_a_freeze_holds_up_what_is_risky_and_says_until_when() -> None:
    """While everything is frozen nobody promotes, and the answer says until when, and who may."""
    until = Once(NOW, Instant(datetime(2026, 1, 5, 8, 0, tzinfo=UTC).timestamp()), UTC)
    freeze = Freeze(text("year-end"), (until,), RISKS, exempt=names("lead"))
    policy = AccessPolicy(ONCALL, freezes=(freeze,))
    answer = asked(policy, person("alice"), Deed.PROMOTE)
    assert not answer.is_allowed
    assert answer.frozen == "freeze year-end until Mon 2026-01-05 08:00 UTC"
    assert answer.says == "freeze year-end until Mon 2026-01-05 08:00 UTC; lead may"
    assert asked(policy, person("carol"), Deed.PROMOTE).is_allowed
    assert asked(policy, person("alice"), Deed.PROMOTE, now=until.ends_at).is_allowed, "its end is not in it"


def test_a_freeze_does_not_hold_up_the_way_back() -> None:
    """Abort and rollback to the last known good go on during a freeze, which is noted."""
    policy = AccessPolicy(freezes=(Freeze(text("weekend"), ALWAYS, frozenset(Deed)),))
    for deed in sorted(RESCUES):
        answer = asked(policy, person("alice"), deed)
        assert (answer.is_allowed, answer.frozen) == (True, UNKNOWN)
        assert "does not hold up a way back" in answer.says


def test_broken_glass_overrules_freeze_and_second_person() -> None:
    """Who breaks the glass goes on where glass may be broken, and nowhere else."""
    policy = AccessPolicy(freezes=(Freeze(text("weekend"), ALWAYS, RISKS),))
    held = asked(policy, person("alice"), Deed.OTHER_VERSION)
    assert (held.is_allowed, held.break_glass, held.second_person) == (False, True, True)
    broken = with_broken_glass(held)
    assert (broken.is_allowed, broken.second_person, broken.frozen) == (True, False, UNKNOWN)
    promotion = asked(policy, person("alice"), Deed.PROMOTE)
    assert with_broken_glass(promotion) == promotion


def test_glass_may_be_for_some_roles_only() -> None:
    """Where a policy names who may break glass, nobody else can."""
    policy = AccessPolicy(ONCALL, break_glass=BreakGlass(frozenset({Deed.PROMOTE}), names("lead")))
    assert asked(policy, person("carol"), Deed.PROMOTE).break_glass
    assert not asked(policy, person("alice"), Deed.PROMOTE).break_glass
    assert not asked(policy, person("carol"), Deed.OTHER_VERSION).break_glass


# For every policy

PEOPLE = ("alice", "bob", "carol")
ROLES = ("oncall", "lead", "auditor")
roles_given = st.frozensets(st.sampled_from([text(role) for role in ROLES]), max_size=2)
deeds_given = st.frozensets(st.sampled_from(Deed), min_size=1)
matches = st.sampled_from([(text("*"),), (text("*@prod-*"),), (text("*@staging"), text("fraud@*"))])
places = st.sampled_from([UNKNOWN, True, False])
rules_given = st.builds(
    Rule,
    st.sampled_from([text("r1"), text("r2"), text("r3")]),
    st.sampled_from(Effect),
    deeds_given,
    roles_given,
    matches,
    places,
    st.sampled_from(Assurance),
    st.booleans(),
)
freezes_given = st.builds(
    Freeze,
    st.just(text("freeze")),
    st.sampled_from([ALWAYS, (Weekly(0, 600, UTC),), (Once(Instant(0.0), Instant(1.0), UTC),)]),
    deeds_given,
    matches,
    places,
    roles_given,
)
members = st.frozensets(st.sampled_from([text(name) for name in PEOPLE]))
role_tables = st.dictionaries(
    st.sampled_from([text(role) for role in ROLES]),
    st.builds(Role, members, st.sampled_from([frozenset(), frozenset({KEY})])),
)
policies = st.builds(
    AccessPolicy,
    role_tables,
    st.lists(rules_given, max_size=5).map(tuple),
    st.lists(freezes_given, max_size=2).map(tuple),
    st.builds(BreakGlass, st.frozensets(st.sampled_from(Deed)), roles_given),
)
people = st.builds(
    person,
    st.sampled_from([*PEOPLE, "mallory"]),
    st.sampled_from(Assurance),
    st.sampled_from([None, KEY]),
)
wishes = st.tuples(people, st.sampled_from(Deed), st.sampled_from([FRAUD, STAGING]), st.booleans())

Wish = tuple[Actor, Deed, TargetKey, bool]


def answered(policy: AccessPolicy, wish: Wish) -> Permission:
    """Return the answer to a wish."""
    actor, deed, target, production = wish
    return asked(policy, actor, deed, target, production=production)


def allows_at_most(less: Permission, more: Permission) -> bool:
    """Tell whether nothing goes by `less` that does not go by `more` in the same way."""
    for breaks in (False, True):
        one = with_broken_glass(less) if breaks else less
        other = with_broken_glass(more) if breaks else more
        if one.is_allowed and not (other.is_allowed and (one.second_person or not other.second_person)):
            return False
    return True


@given(policies, rules_given, wishes, st.integers(0, 5))
def test_one_more_denial_never_allows_more(policy: AccessPolicy, rule: Rule, wish: Wish, place: int) -> None:
    """A denial that is added anywhere takes or changes nothing; it never gives."""
    deny = replace(rule, effect=Effect.MAY_NOT)
    stricter = replace(policy, rules=(*policy.rules[:place], deny, *policy.rules[place:]))
    assert allows_at_most(answered(stricter, wish), answered(policy, wish))


@given(policies, rules_given, wishes)
def test_one_more_demand_never_allows_more(policy: AccessPolicy, rule: Rule, wish: Wish) -> None:
    """A demand that is added takes or changes nothing; it never gives."""
    stricter = replace(policy, rules=(*policy.rules, replace(rule, effect=Effect.DEMAND)))
    assert allows_at_most(answered(stricter, wish), answered(policy, wish))


@given(policies, freezes_given, wishes)
def test_one_more_freeze_never_allows_more(policy: AccessPolicy, freeze: Freeze, wish: Wish) -> None:
    """A freeze window that is added never gives."""
    stricter = replace(policy, freezes=(*policy.freezes, freeze))
    assert allows_at_most(answered(stricter, wish), answered(policy, wish))


@given(policies, wishes, st.sampled_from(ROLES))
def test_a_role_less_never_allows_more(policy: AccessPolicy, wish: Wish, role: str) -> None:
    """A role that is taken out of the policy, also one that is denied something, never opens anything."""
    fewer = {name: people for name, people in policy.roles.items() if name != role}
    assert allows_at_most(answered(replace(policy, roles=fewer), wish), answered(policy, wish))


@given(policies, wishes)
def test_somebody_unknown_gets_what_everybody_gets(policy: AccessPolicy, wish: Wish) -> None:
    """A person in no role may at most what the rules for everybody give."""
    stranger = (person("nobody-knows", Assurance.OS_USER), *wish[1:])
    rules = tuple(rule for rule in policy.rules if rule.effect is not Effect.MAY or not rule.roles)
    assert allows_at_most(answered(policy, stranger), answered(replace(policy, rules=rules), stranger))


@given(policies, wishes)
def test_more_surely_known_is_never_allowed_less(policy: AccessPolicy, wish: Wish) -> None:
    """Whoever shows a key may at least what the same person may without."""
    actor, *rest = wish
    assume(actor.ssh_key is UNKNOWN)
    shown = replace(actor, assurance=Assurance.SSH_KEY)
    assert allows_at_most(answered(policy, wish), answered(policy, (shown, *rest)))  # type: ignore[arg-type]


@given(policies, people, st.booleans())
def test_nobody_promotes_during_a_freeze_without_glass(policy: AccessPolicy, actor: Actor, production: bool) -> None:
    """While a target is frozen for everybody, a promotion is a no, and glass breaks only where the policy says so."""
    frozen = replace(policy, freezes=(*policy.freezes, Freeze(text("all"), ALWAYS, RISKS)))
    answer = asked(frozen, actor, Deed.PROMOTE, production=production)
    assert not answer.is_allowed
    assert not answer.break_glass or Deed.PROMOTE in policy.break_glass.deeds
    sealed = replace(frozen, break_glass=NO_BREAK_GLASS)
    assert not with_broken_glass(asked(sealed, actor, Deed.PROMOTE, production=production)).is_allowed


@given(policies, wishes)
def test_glass_opens_only_what_the_role_may(policy: AccessPolicy, wish: Wish) -> None:
    """Broken glass overrules a freeze and a missing colleague, never a missing right or a name that is not sure."""
    answer = answered(policy, wish)
    bare = AccessPolicy(
        policy.roles, tuple(replace(rule, second_person=False) for rule in policy.rules), (), NO_BREAK_GLASS
    )
    assert not answer.break_glass or answered(bare, wish).is_allowed


@given(policies, wishes)
def test_every_answer_has_its_reason(policy: AccessPolicy, wish: Wish) -> None:
    """No answer comes without the rule or the reason that decided."""
    answer = answered(policy, wish)
    assert answer.says
    assert answer.frozen is UNKNOWN or not answer.is_allowed
    assert not (wish[1] is Deed.ABORT and answer.second_person)


@pytest.mark.parametrize("kind", sorted(ActionKind))
def test_every_kind_of_action_is_a_deed(kind: ActionKind) -> None:
    """The rules have a word for everything that can be done."""
    known, other = deed_of(kind, is_last_known_good=True), deed_of(kind, is_last_known_good=False)
    assert (known != other) == (kind is ActionKind.ROLLBACK)
    assert other in RISKS or kind is ActionKind.ABORT
