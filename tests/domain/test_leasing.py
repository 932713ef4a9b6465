"""Who gets a target next, whatever happens in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.domain.access_world import FRAUD

from modeltui.domain.acting.action import ActionKind, PlanId
from modeltui.domain.acting.lease import LEASE_SECONDS, Lease
from modeltui.domain.acting.leasing import SKEW_SECONDS, Claim, is_in_force, is_same, renewed, taken
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.text import SafeText

OPERATORS = ("alice", "bob", "carol")
happenings = st.lists(
    st.tuples(
        st.sampled_from(OPERATORS),
        st.sampled_from(["take", "break", "renew", "release"]),
        st.floats(0.0, 200.0),
        st.floats(-SKEW_SECONDS / 2, SKEW_SECONDS / 2),
    ),
    max_size=40,
)


def claim(name: str, *, breaks_others: bool) -> Claim:
    """Return a wish for the target by somebody with one plan."""
    kind = ActionKind.ABORT if breaks_others else ActionKind.ROLLBACK
    return Claim(FRAUD, Actor(SafeText(name)), PlanId(SafeText(f"plan-of-{name}")), kind, breaks_others)


@given(happenings)
def test_nobody_acts_on_anothers_lease(story: list[tuple[str, str, float, float]]) -> None:
    """With clocks some seconds apart, whoever may believe to have the target has it, and fences only grow."""
    current: Lease | Unknown = UNKNOWN
    fence, now = 0, 1_000_000.0
    mine: dict[str, Lease] = {}
    for name, deed, later, skew in story:
        now += later
        told = Instant(now + skew)
        if deed in ("take", "break"):
            before = current
            given_to = taken(current, fence, claim(name, breaks_others=deed == "break"), told)
            if given_to.plan_id != f"plan-of-{name}":
                assert given_to == before, "who does not get it is told who has it"
                continue
            if isinstance(before, Missing) or not is_same(given_to, before):
                assert given_to.fence == fence + 1
            if deed == "take" and not isinstance(before, Missing) and before.plan_id != given_to.plan_id:
                assert now > before.expires_at, "somebody else had it"
            current = mine[name] = given_to
            fence = max(fence, given_to.fence)
        elif name in mine and deed == "renew":
            longer = renewed(current, mine[name], "on its way", told)
            if isinstance(longer, Missing):
                assert isinstance(current, Missing) or not is_same(current, mine[name])
                continue
            assert longer.fence == mine[name].fence == fence, "an old lease came back to life"
            current = mine[name] = longer
        elif name in mine and deed == "release" and not isinstance(current, Missing) and is_same(current, mine[name]):
            current = UNKNOWN


@given(st.floats(-1e9, 1e9))
def test_a_lease_counts_for_no_longer_than_a_lease_lasts(offset: float) -> None:
    """Wherever a clock jumps, a lease counts only around its own time."""
    lease = taken(UNKNOWN, 0, claim("alice", breaks_others=False), Instant(0.0))
    assert is_in_force(lease, Instant(offset)) == (-SKEW_SECONDS <= offset < LEASE_SECONDS + SKEW_SECONDS)


@given(st.floats(0, LEASE_SECONDS), st.sampled_from(OPERATORS))
def test_an_abort_gets_it_at_once(later: float, name: str) -> None:
    """Whoever aborts has the target now, whoever had it."""
    held = taken(UNKNOWN, 6, claim("alice", breaks_others=False), Instant(0.0))
    got = taken(held, held.fence, claim(name, breaks_others=True), Instant(later))
    assert got.holder.principal == name
    assert isinstance(renewed(got, held, "still here", Instant(later)), Missing) == (name != "alice")


def test_an_old_lease_of_the_same_plan_stays_old() -> None:
    """Who lost the target and took it again cannot go on with the lease that was lost: its fence is an old one."""
    first = taken(UNKNOWN, 0, claim("alice", breaks_others=False), Instant(0.0))
    broken = taken(first, first.fence, claim("bob", breaks_others=True), Instant(1.0))
    again = taken(broken, broken.fence, claim("alice", breaks_others=True), Instant(2.0))
    assert (again.plan_id, again.fence) == (first.plan_id, 3)
    assert renewed(again, first, "sending", Instant(3.0)) is UNKNOWN
