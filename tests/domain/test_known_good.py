"""To which version one would go back, and on what evidence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.health import Level
from modeltui.domain.history import MOST_SPANS, ServingSpan, merged, observe
from modeltui.domain.known_good import KnownGood
from modeltui.domain.names import UNKNOWN, Instant, Missing
from modeltui.testing.worlds import START, World, record, rollout, seen, version_id

PLACE = "fraud@prod-hk"
WELL, BADLY, WARNED = (1, 900), (400, 900), (40, 900)


def serves(world: World, minutes: float, *versions: tuple[str, float, tuple[float, float]]) -> None:
    """Let versions answer requests for some minutes, each with its rate and its errors."""
    for _ in range(int(minutes * 4)):
        at = world.passes()
        world.sees(*(seen(PLACE, name, at, throughput=rate, error_rate=errors) for name, rate, errors in versions))


def known_good(world: World) -> KnownGood | Missing:
    """Return the last known good version of the place."""
    return world.target(PLACE).known_good


def good_version(world: World) -> str | Missing:
    """Return its name alone."""
    good = known_good(world)
    return good if isinstance(good, Missing) else good.version


# By what was seen here


def test_a_version_that_served_ten_minutes_within_its_limits_is_known_good() -> None:
    """Ten minutes of most of the traffic, all limits kept, are the evidence; nine are not enough."""
    world = World()
    serves(world, 9, ("1", 100.0, WELL))
    assert known_good(world) is UNKNOWN
    serves(world, 1.5, ("1", 100.0, WELL))
    good = known_good(world)
    assert isinstance(good, KnownGood)
    assert (good.version, good.by_controller) == ("1", False)
    assert good.served_from == START + 15
    assert good.healthy_seconds >= 600


def test_a_canary_proves_nothing_for_everybody() -> None:
    """A candidate at 5 % is never the last known good, however long it does well."""
    world = World()
    world.told(rollout(PLACE, "1", "2"))
    serves(world, 30, ("1", 95.0, WELL), ("2", 5.0, WELL))
    assert good_version(world) == "1"


def test_the_version_before_is_the_way_back_once_the_new_one_breaks() -> None:
    """A version in breach is not a way back, although it served well before; the one before it is."""
    world = World()
    serves(world, 11, ("1", 100.0, WELL))
    serves(world, 11, ("2", 100.0, WELL))
    assert good_version(world) == "2"
    serves(world, 1, ("2", 100.0, BADLY))
    assert good_version(world) == "1"


def test_a_version_that_recovered_and_served_well_again_is_trusted_again() -> None:
    """After the breach is over, its evidence counts again."""
    world = World()
    serves(world, 11, ("1", 100.0, WELL))
    serves(world, 2, ("1", 100.0, BADLY))
    assert known_good(world) is UNKNOWN
    serves(world, 15, ("1", 100.0, WELL))
    assert good_version(world) == "1"


def test_time_that_nobody_saw_proves_nothing() -> None:
    """Two good looks an hour apart are two looks, not an hour of good service."""
    world = World()
    for _ in range(10):
        serves(world, 0.25, ("1", 100.0, WELL))
        world.passes(3600)
    assert known_good(world) is UNKNOWN


def test_time_without_a_verdict_proves_nothing() -> None:
    """A version with too few requests to judge has not passed."""
    world = World()
    serves(world, 30, ("1", 100.0, (0, 20)))
    assert known_good(world) is UNKNOWN


# By the controller's records


def test_the_controllers_record_counts_where_nothing_was_seen() -> None:
    """The newest version that the controller records as passed, and that is not the one in breach, is the way back."""
    world = World()
    world.told(rollout(PLACE, "3", served=[record("1", -9000, -6000), record("2", -6000, -60), record("3", -60)]))
    assert good_version(world) == "3"
    good = known_good(world)
    assert isinstance(good, KnownGood)
    assert good.by_controller
    serves(world, 1, ("3", 100.0, BADLY))
    assert good_version(world) == "2"


def test_a_version_that_failed_its_gates_is_no_way_back() -> None:
    """A record of a version that did not pass is passed over."""
    world = World()
    world.told(rollout(PLACE, "3", served=[record("1", -9000, -6000), record("2", -6000, -60, passed=False)]))
    assert good_version(world) == "1"


def test_a_breach_seen_here_outweighs_the_controllers_record() -> None:
    """The controller is content and the metrics are not: the version is not a way back."""
    world = World()
    world.told(rollout(PLACE, "1", served=[record("1", -9000)]))
    serves(world, 1, ("1", 100.0, BADLY))
    assert known_good(world) is UNKNOWN


# The account of what served


def look(spans: tuple[ServingSpan, ...], version: str, at: float, level: Level = Level.OK) -> tuple[ServingSpan, ...]:
    """Return the spans after one look at a version with all traffic."""
    moment = Instant(START + at)
    return observe(spans, version_id(version), 1.0, level, moment, longest_gap_seconds=330.0, proving_share=0.5)


def test_a_long_absence_begins_a_new_stretch() -> None:
    """A version that served, left for an hour and came back has two stretches."""
    spans: tuple[ServingSpan, ...] = ()
    for at in (0, 300, 600, 4200, 4500):
        spans = look(spans, "1", at)
    assert [(s.started_at - START, s.last_seen_at - START, s.healthy_seconds) for s in spans] == [
        (0, 600, 600),
        (4200, 4500, 300),
    ]


def test_a_look_at_the_same_moment_adds_nothing() -> None:
    """The same answer twice is evidence once."""
    spans = look(look((), "1", 0), "1", 60)
    assert look(spans, "1", 60) == spans
    assert look(spans, "1", 30) == spans


def test_many_short_lived_versions_do_not_push_out_the_one_that_serves() -> None:
    """After 100 canaries the version that has served all the time still has its whole stretch."""
    spans: tuple[ServingSpan, ...] = ()
    for number in range(100):
        spans = look(look(spans, "stable", number * 300), f"canary-{number}", number * 300 + 1)
    assert len(spans) == MOST_SPANS
    stable = next(span for span in spans if span.version == "stable")
    assert stable.started_at == START


def test_history_and_what_was_seen_live_are_one_account() -> None:
    """A stretch that both know is told once, from its earlier beginning, with the better evidence."""
    live = look(look((), "1", 300), "1", 600)
    past = look(look(look((), "1", 0), "1", 150), "1", 400)
    (span,) = merged(past, live)
    assert (span.started_at, span.last_seen_at, span.healthy_seconds) == (START, START + 600, 400)


def test_reading_history_does_not_shorten_what_was_seen_live() -> None:
    """An operator who has watched for two hours keeps those two hours when the last one is read again."""
    world = World()
    serves(world, 120, ("1", 100.0, WELL))
    before = known_good(world)
    moments = range(3600, 7200, 30)
    world.remembers(
        PLACE,
        [(at, seen(PLACE, "1", Instant(START + at), throughput=100.0, error_rate=WELL)) for at in moments],
    )
    after = known_good(world)
    assert isinstance(before, KnownGood)
    assert isinstance(after, KnownGood)
    assert (after.served_from, after.served_until) == (before.served_from, before.served_until)
    assert after.healthy_seconds >= before.healthy_seconds


@given(
    st.lists(
        st.tuples(st.sampled_from("123"), st.integers(0, 600), st.sampled_from(list(Level))),
        max_size=60,
    )
)
def test_the_account_is_bounded_and_never_claims_more_than_passed(looks: list[tuple[str, int, Level]]) -> None:
    """Whatever was seen in whatever order: good time is at most the time between first and last look."""
    spans: tuple[ServingSpan, ...] = ()
    at = 0
    for version, pause, level in looks:
        at += pause
        spans = look(spans, version, at, level)
    assert len(spans) <= MOST_SPANS
    for span in spans:
        assert 0 <= span.healthy_seconds <= span.last_seen_at - span.started_at
