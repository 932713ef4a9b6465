"""A source is as old as the older of its answer and what it tells."""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.event import SamplesRead
from modeltui.domain.fleet import Context, Fleet, SourceCondition, SourceKind, SourceState
from modeltui.domain.names import Environment, Instant, ModelName, SignalName, SourceName, TargetKey, VersionId
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.reduce import reduce
from modeltui.domain.signal import Counts, Sample
from modeltui.domain.text import safe_text
from modeltui.present.words import source_words

METRICS = SourceName(safe_text("metrics"))
TARGET = TargetKey(ModelName(safe_text("fraud")), Environment(safe_text("prod")))


def fleet_with(source: SourceState) -> Fleet:
    """Return a fleet with one source."""
    return Fleet(Context(safe_text("here")), DEFAULT_POLICY, sources={METRICS: source})


def answer(at: float, observed_at: float, name: str = "error_rate") -> SamplesRead:
    """Return an answer at `at` whose only sample was observed earlier."""
    signal = SignalName(safe_text(name))
    sample = Sample(TARGET, VersionId(safe_text("1")), signal, Counts(1.0, 1000.0), Instant(observed_at), 300.0)
    return SamplesRead(METRICS, Instant(at), (sample,))


SOURCE = SourceState(METRICS, SourceKind.METRICS, safe_text("prometheus"), expected_every_seconds=15.0)


def test_row_one_tells_the_age_of_the_newest_observation() -> None:
    """A backend that answers at once with figures 40 s old is 40 s old, not 0 s."""
    fleet, _ = reduce(fleet_with(SOURCE), answer(1_000.0, 960.0))
    assert source_words(fleet.sources[METRICS], Instant(1_000.0))[0] == "metrics 40s"


def test_a_source_that_tells_only_old_news_is_stale() -> None:
    """When nobody measures any more, answers that come in time make nothing fresh."""
    fleet, _ = reduce(fleet_with(SOURCE), answer(1_000.0, 939.0))
    assert fleet.sources[METRICS].condition(Instant(1_000.0)) is SourceCondition.STALE


def test_the_age_that_a_context_allows_counts() -> None:
    """Where samples may be 90 s old, a source is not stale at 61."""
    patient = replace(
        DEFAULT_POLICY, signals=tuple(replace(one, max_age_seconds=90.0) for one in DEFAULT_POLICY.signals)
    )
    fleet, _ = reduce(replace(fleet_with(SOURCE), policy=patient), answer(1_000.0, 939.0))
    assert fleet.sources[METRICS].condition(Instant(1_000.0)) is SourceCondition.FRESH


def test_a_source_of_what_is_measured_once_a_day_is_not_late_after_a_minute() -> None:
    """Whoever measures only drift, once a day, is as patient as drift; who measures errors too is as eager as they."""
    patient = replace(
        DEFAULT_POLICY,
        signals=tuple(
            replace(one, max_age_seconds=172_800.0) if one.name == "drift" else one for one in DEFAULT_POLICY.signals
        ),
    )
    fleet, _ = reduce(replace(fleet_with(SOURCE), policy=patient), answer(100_000.0, 20_000.0, "drift"))
    assert fleet.sources[METRICS].condition(Instant(100_000.0)) is SourceCondition.FRESH
    assert source_words(fleet.sources[METRICS], Instant(100_000.0))[0] == "metrics 22h13m"
    fleet, _ = reduce(fleet, answer(100_015.0, 20_000.0))
    fleet, _ = reduce(fleet, answer(100_015.0, 20_000.0, "drift"))
    assert fleet.sources[METRICS].condition(Instant(100_015.0)) is SourceCondition.STALE


def test_an_observation_from_the_future_is_as_old_as_the_answer() -> None:
    """A backend whose clock is ahead cannot make its figures younger than its answer."""
    fleet, _ = reduce(fleet_with(SOURCE), answer(1_000.0, 1_050.0))
    assert fleet.sources[METRICS].known_at == 1_000.0
