"""What every metrics adapter must keep, as checks that any of them can be run through.

    @pytest.mark.parametrize("check", CHECKS, ids=check_name)
    async def test_it_keeps_the_contract(check, case):
        await check(case)

A check raises `AssertionError` with what it found. It asks only what `ports.metrics` promises, of a backend that has
data for at least one target of the case.
"""

# ruff: noqa: S101 - a check that fails is an assertion that failed

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import isclose, isfinite
from typing import Final

from modeltui.domain.names import Environment, Instant, Missing, ModelName, TargetKey
from modeltui.domain.signal import Counts, Estimate, Mean, Measurement, Sample, Signal, Unit, has_observations
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.metrics import HistoryAnswer, Metrics

_NOBODY: Final = TargetKey(ModelName(SafeText("no-such-model")), Environment(SafeText("nowhere")))
_CLOCK_TOLERANCE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class MetricsCase:
    """One adapter, connected to a backend that has data."""

    metrics: Metrics
    clock: Clock
    signals: tuple[Signal, ...]
    """What it was asked for when it was connected."""
    targets: frozenset[TargetKey]
    """Some targets that the backend has data of, now."""
    step_seconds: float = 2.0
    """A step for history that fits how long the backend has been fed."""
    history_steps: int = 5
    keeps_history: bool = True


Check = Callable[[MetricsCase], Awaitable[None]]


async def samples_are_well_formed(case: MetricsCase) -> None:
    """Every sample has safe names, a finite measurement of its signal's kind, and an age that can be."""
    answer = await case.metrics.read()
    _check_samples(answer.samples, case)
    _check_safe(answer.warnings)


async def every_target_is_there(case: MetricsCase) -> None:
    """All targets that have data are in one answer, with no signal of a version twice."""
    answer = await case.metrics.read()
    missing = case.targets - {sample.target for sample in answer.samples}
    assert not missing, f"no samples of {', '.join(map(str, missing))}"
    keys = [(sample.target, sample.version, sample.signal) for sample in answer.samples]
    assert len(keys) == len(set(keys)), "a signal of a version came twice"


async def fresh_data_has_an_age(case: MetricsCase) -> None:
    """A target that is scraped now has samples whose time is known, and recent by our clock."""
    answer = await case.metrics.read()
    now = case.clock.now()
    limits = {signal.name: signal.max_age_seconds for signal in case.signals}
    for target in case.targets:
        ages = [
            (now - sample.at, limits[sample.signal])
            for sample in answer.samples
            if sample.target == target and not isinstance(sample.at, Missing)
        ]
        assert any(age <= limit for age, limit in ages), f"nothing of {target} is fresh"


async def reading_twice_agrees(case: MetricsCase) -> None:
    """Two answers in a row name the same versions; the second is not older than the first."""
    first, second = await case.metrics.read(), await case.metrics.read()
    before = {(s.target, s.version, s.signal): s.at for s in first.samples if s.target in case.targets}
    after = {(s.target, s.version, s.signal): s.at for s in second.samples if s.target in case.targets}
    assert before.keys() <= after.keys(), "a signal vanished between two answers"
    for key, at in before.items():
        later = after[key]
        if isinstance(at, float):
            assert isinstance(later, float), f"{key} lost its age"
            assert later >= at - _CLOCK_TOLERANCE_SECONDS, f"{key} grew older"


async def history_has_equal_steps(case: MetricsCase) -> None:
    """The past comes oldest first, in equal steps within the span that was asked for, of the asked targets only."""
    end = case.clock.now()
    start = Instant(end - case.history_steps * case.step_seconds)
    answer = await case.metrics.read_history(sorted(case.targets), start, end, case.step_seconds)
    _check_steps(answer, start, end, case.step_seconds)
    for _, samples in answer.steps:
        _check_samples(samples, case)
        assert {sample.target for sample in samples} <= case.targets, "a target that was not asked for"
        keys = [(sample.target, sample.version, sample.signal) for sample in samples]
        assert len(keys) == len(set(keys)), "a signal of a version came twice in one step"
    if case.keeps_history:
        assert any(samples for _, samples in answer.steps), "no past at all"
    elif not answer.steps:
        assert answer.warnings, "a source without history says so"


async def history_of_nobody_is_empty(case: MetricsCase) -> None:
    """Neither no targets nor an unknown one have a past, and asking is no error."""
    end = case.clock.now()
    start = Instant(end - case.history_steps * case.step_seconds)
    for targets in ((), (_NOBODY,)):
        answer = await case.metrics.read_history(targets, start, end, case.step_seconds)
        assert not any(samples for _, samples in answer.steps)


async def probing_explains_itself(case: MetricsCase) -> None:
    """The probe finds something, in safe words; what is wrong comes with a remedy."""
    probe = await case.metrics.probe()
    assert probe.findings, "a probe that found nothing helps nobody"
    for finding in probe.findings:
        _check_safe((finding.name, finding.says, finding.remedy))
        assert finding.name
        assert finding.says
    if isinstance(probe.latency_seconds, float):
        assert probe.latency_seconds >= 0


CHECKS: Final[tuple[Check, ...]] = (
    samples_are_well_formed,
    every_target_is_there,
    fresh_data_has_an_age,
    reading_twice_agrees,
    history_has_equal_steps,
    history_of_nobody_is_empty,
    probing_explains_itself,
)
"""All of the contract."""


def check_name(check: Check) -> str:
    """Return what a check is called in a test's id."""
    return getattr(check, "__name__", repr(check))


def _check_samples(samples: Iterable[Sample], case: MetricsCase) -> None:
    now = case.clock.now()
    signals = {signal.name: signal for signal in case.signals}
    for sample in samples:
        where = f"{sample.target} {sample.version} {sample.signal}"
        _check_safe((sample.target.model, sample.target.environment, sample.version))
        assert sample.target.model, f"{where}: no model"
        assert sample.target.environment, f"{where}: no environment"
        assert sample.version, f"{where}: no version"
        assert sample.signal in signals, f"{where}: nobody asked for this signal"
        signal = signals[sample.signal]
        assert 0 < sample.window_seconds <= signal.window_seconds, f"{where}: a window of {sample.window_seconds}"
        if isinstance(sample.at, float):
            assert sample.at <= now + _CLOCK_TOLERANCE_SECONDS, f"{where}: made in the future"
        _check_measurement(sample.measurement, signal, where)
        names = [name for name, _ in sample.segments]
        assert len(names) == len(set(names)), f"{where}: a segment twice"
        for name, measurement in sample.segments:
            _check_safe((name,))
            assert "=" in name, f"{where}: segment {name} is not dimension=value"
            _check_measurement(measurement, signal, f"{where} {name}")


def _check_measurement(measurement: Measurement, signal: Signal, where: str) -> None:
    match measurement:
        case Counts(bad=bad, total=total):
            assert 0 <= bad <= total < float("inf"), f"{where}: {bad} of {total}"
            assert signal.unit is Unit.RATIO, f"{where}: counts for a signal in {signal.unit}"
        case Mean(sum=amount, total=total):
            assert isfinite(amount), f"{where}: a sum of {amount}"
            assert 0 <= total < float("inf"), f"{where}: a mean of {total}"
        case Estimate(value=value, n=n):
            assert isfinite(value), f"{where}: {value}"
            assert isinstance(n, Missing) or 0 <= n < float("inf"), f"{where}: {n} observations"
    if has_observations(measurement):
        value = measurement.value
        assert isfinite(value), f"{where}: {value}"
        if signal.unit in (Unit.SECONDS, Unit.PER_SECOND):
            assert value >= 0, f"{where}: {value} {signal.unit}"


def _check_steps(answer: HistoryAnswer, start: Instant, end: Instant, step_seconds: float) -> None:
    times = [at for at, _ in answer.steps]
    assert times == sorted(times), "not oldest first"
    for earlier, later in pairwise(times):
        assert isclose(later - earlier, step_seconds, abs_tol=0.01), f"a step of {later - earlier} s"
    slack = step_seconds / 2
    assert all(start - slack <= at <= end + slack for at in times), "a step outside the span"


def _check_safe(texts: Iterable[str]) -> None:
    for text in texts:
        assert safe_text(text, 2_000) == text, f"{text!r} was not made safe"
