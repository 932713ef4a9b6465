"""What the readers make of a world, whole or broken."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from modeltui.adapters.embedded import metrics, registry, rollout_reader
from modeltui.adapters.embedded.file import Options
from modeltui.adapters.embedded.world import open_world, set_weights
from modeltui.domain.errors import BackendError, BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.lineage import ABSENT, UNSUPPORTED, Known, Unreadable
from modeltui.domain.names import UNKNOWN, Missing, ModelName
from modeltui.domain.rollout import Rollout, Stage
from modeltui.domain.signal import Counts, Estimate, Mean, Sample
from modeltui.domain.text import SafeText
from modeltui.testing.clock import VirtualClock
from tests.adapters.embedded.story import BEGAN_AT, surroundings, target_key, version

# A whole world is made and read.
pytestmark = pytest.mark.broad

HK = target_key("fraud-detector@prod-hk")


def model(name: str) -> ModelName:
    return ModelName(SafeText(name))


@contextmanager
def pen(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection that writes whatever it likes."""
    with closing(sqlite3.connect(path)) as connection:
        yield connection
        connection.commit()


async def read_samples(path: Path, clock: VirtualClock) -> tuple[Sample, ...]:
    async with metrics.connect(Options(path=path), surroundings("metrics", clock)) as port:
        return (await port.read()).samples


async def read_rollout(path: Path, clock: VirtualClock, key: str) -> Rollout:
    async with rollout_reader.connect(Options(path=path), surroundings("rollouts", clock)) as port:
        answer = await port.read_rollouts()
    return next(rollout for rollout in answer.rollouts if rollout.target == target_key(key))


def by_version_and_signal(samples: tuple[Sample, ...]) -> dict[tuple[str, str], Sample]:
    return {(sample.version, sample.signal): sample for sample in samples if sample.target == HK}


async def ask_registry(path: Path, clock: VirtualClock) -> object:
    async with registry.connect(Options(path=path), surroundings("registry", clock)) as port:
        return await port.read_models()


async def ask_rollouts(path: Path, clock: VirtualClock) -> object:
    async with rollout_reader.connect(Options(path=path), surroundings("rollouts", clock)) as port:
        return await port.read_rollouts()


async def ask_metrics(path: Path, clock: VirtualClock) -> object:
    return await read_samples(path, clock)


QUESTIONS: list[Callable[[Path, VirtualClock], Awaitable[object]]] = [ask_registry, ask_rollouts, ask_metrics]


async def test_signals_are_counts_with_their_segments(world_path: Path, clock: VirtualClock) -> None:
    """Errors and outcomes come as bad of all, confidence as a sum, and the segments add up to the whole."""
    samples = by_version_and_signal(await read_samples(world_path, clock))
    assert len(samples) == 12, "six signals of two versions"
    errors = samples["2.3.1", "error_rate"]
    assert isinstance(errors.measurement, Counts)
    assert errors.measurement.total > 250_000
    assert [name for name, _ in errors.segments] == [
        f"merchant_size={size}" for size in ("large", "medium", "micro", "small")
    ]
    assert sum(m.total for _, m in errors.segments if isinstance(m, Counts)) == errors.measurement.total
    assert isinstance(samples["2.3.1", "confidence"].measurement, Mean)
    latency = samples["2.3.1", "latency_p95"].measurement
    assert isinstance(latency, Estimate)
    assert latency.n == errors.measurement.total
    assert 0.03 < latency.value < 0.045
    rate = samples["3.0.0", "throughput"]
    assert rate.window_seconds == 60
    assert rate.measurement.value == pytest.approx(80, rel=0.3)
    assert errors.window_seconds == 300
    assert all(sample.at == BEGAN_AT for sample in samples.values())


async def test_a_version_that_gets_nothing_has_a_rate_of_nought(world_path: Path, clock: VirtualClock) -> None:
    """No request at all is a throughput of zero, while its error rate is no data."""
    with pen(world_path) as connection:
        connection.execute("UPDATE counters SET requests = 0, errors = 0, latency = zeroblob(200)")
    samples = by_version_and_signal(await read_samples(world_path, clock))
    rate = samples["3.0.0", "throughput"].measurement
    assert isinstance(rate, Estimate)
    assert (rate.value, rate.n) == (0.0, UNKNOWN)
    assert samples["3.0.0", "error_rate"].measurement == Counts(0, 0)


async def test_the_past_is_as_long_as_the_world_remembers(world_path: Path, clock: VirtualClock) -> None:
    """An hour of steps, each over its own window; the silent target ends where it fell silent."""
    silent = target_key("limit-optimizer@prod-cn")
    async with metrics.connect(Options(path=world_path), surroundings("metrics", clock)) as port:
        start = clock.now() - 3600
        answer = await port.read_history((HK, silent), type(clock.now())(start), clock.now(), 60.0)
    assert len(answer.steps) == 61
    for at, samples in answer.steps:
        of_canary = [s for s in samples if s.target == HK and s.version == version("3.0.0")]
        assert len(of_canary) == 6
        assert all(not isinstance(s.at, Missing) and at - 15 <= s.at <= at for s in of_canary)
    last_heard = max(at for at, samples in answer.steps if any(s.target == silent for s in samples))
    assert clock.now() - last_heard == pytest.approx(480, abs=61)


async def test_a_pause_of_the_simulator_is_no_window(world_path: Path, clock: VirtualClock) -> None:
    """After hours without a tick the first new window is short, and not an average over the pause."""
    await clock.advance(7200)
    with open_world(world_path) as world:
        for _ in range(10):
            await clock.advance(2)
            world.append(clock.now())
    sample = next(s for s in await read_samples(world_path, clock) if s.target == HK and s.signal == "error_rate")
    assert sample.window_seconds == pytest.approx(18)
    assert isinstance(sample.measurement, Counts)
    assert sample.measurement.total == pytest.approx(18 * 1600 * 0.95, rel=0.4)


async def test_a_rollout_tells_stage_jobs_and_surroundings(world_path: Path, clock: VirtualClock) -> None:
    """The canary's stage, the job that runs on it, who served before, and what it runs in."""
    rollout = await read_rollout(world_path, clock, "fraud-detector@prod-hk")
    assert dict(rollout.weights) == {"2.3.1": pytest.approx(0.95), "3.0.0": pytest.approx(0.05)}
    assert (rollout.stable, rollout.candidate, rollout.shadow) == ("2.3.1", "3.0.0", UNKNOWN)
    assert rollout.stage == Stage(
        SafeText("canary-5"), 0.05, type(BEGAN_AT)(BEGAN_AT - 11 * 3600), hold_seconds=24 * 3600
    )
    assert [(job.name, job.version) for job in rollout.jobs] == [("chargeback-backfill", "3.0.0")]
    assert rollout.jobs[0].progress == pytest.approx(0.53, abs=0.02)
    by_version = {record.version: record for record in rollout.served}
    assert by_version[version("2.3.1")].ended_at is UNKNOWN
    assert not by_version[version("2.3.0")].passed_gates
    assert by_version[version("2.2.0")].passed_gates
    starts = [record.started_at for record in rollout.served]
    assert starts == sorted(starts)
    shadowed = await read_rollout(world_path, clock, "card-routing@prod-hk")
    assert (shadowed.candidate, shadowed.shadow) == (UNKNOWN, "5.6.0")
    assert dict(shadowed.weights) == {"5.5.1": 1.0}


async def test_the_offices_of_the_skewed_model_run_different_libraries(world_path: Path, clock: VirtualClock) -> None:
    """The same model in two offices: another Python, another scikit-learn, another image."""
    tables = []
    for office in ("prod-hk", "prod-cn"):
        facts = (await read_rollout(world_path, clock, f"aml-screening@{office}")).environment
        assert isinstance(facts, Known)
        tables.append(facts.value)
    differing = {name for name in tables[0] if tables[0][name] != tables[1][name]}
    assert {"python", "scikit-learn", "image digest"} <= differing


async def test_a_rollout_that_did_not_change_reads_the_same(world_path: Path, clock: VirtualClock) -> None:
    """Asking again later gives an equal value, so that nothing is judged anew."""
    first = await read_rollout(world_path, clock, "credit-scorer@prod-hk")
    await clock.advance(30)
    assert await read_rollout(world_path, clock, "credit-scorer@prod-hk") == first


async def test_provenance_has_all_four_kinds_of_answers(world_path: Path, clock: VirtualClock) -> None:
    """Known, absent, unsupported and unreadable facts are told apart."""
    async with registry.connect(Options(path=world_path), surroundings("registry", clock)) as port:
        canary = await port.read_provenance(model("fraud-detector"), version("3.0.0"))
        first = await port.read_provenance(model("fraud-detector"), version("2.1.0"))
        limit = await port.read_provenance(model("limit-optimizer"), version("1.4.2"))
        assistant = await port.read_provenance(model("support-assistant"), version("r15"))
        before = await port.read_provenance(model("support-assistant"), version("r14"))
        ensemble = await port.read_provenance(model("pricing-ensemble"), version("7.0.2"))
    assert isinstance(canary.extraction_query, Known)
    assert canary.extraction_query.value[-1] == "  AND m.monthly_volume > 500"
    assert isinstance(canary.segment_metrics, Known)
    assert "auc/merchant_size=micro" not in canary.segment_metrics.value
    assert isinstance(canary.data_snapshots, Known)
    assert all(snapshot.digest for snapshot in canary.data_snapshots.value)
    assert isinstance(canary.approvals, Known)
    assert canary.prompts is UNSUPPORTED
    assert first.parents is ABSENT
    assert isinstance(limit.artifact, Unreadable)
    assert "403" in limit.artifact.reason
    assert isinstance(assistant.prompts, Known)
    assert isinstance(before.prompts, Known)
    changed = {name for name, text in assistant.prompts.value.items() if before.prompts.value[name] != text}
    assert changed == {"system"}
    assert assistant.data_snapshots == before.data_snapshots
    assert isinstance(ensemble.components, Known)
    assert ensemble.components.value[model("price-gbm")] == "3.4.0"


async def test_a_field_that_holds_nonsense_costs_only_itself(world_path: Path, clock: VirtualClock) -> None:
    """A table where a list was expected, a word for a number: unreadable, and all the rest is read."""
    with pen(world_path) as connection:
        connection.execute(
            "UPDATE versions SET provenance = json_set(provenance, '$.metrics', json('{\"auc\": \"high\"}'),"
            " '$.requirements', 'numpy', '$.data_snapshots', json('[{}]')) WHERE model = 'credit-scorer'"
        )
    async with registry.connect(Options(path=world_path), surroundings("registry", clock)) as port:
        provenance = await port.read_provenance(model("credit-scorer"), version("5.0.0"))
    assert isinstance(provenance.metrics, Unreadable)
    assert isinstance(provenance.requirements, Unreadable)
    assert isinstance(provenance.data_snapshots, Unreadable)
    assert isinstance(provenance.code, Known)


async def test_hostile_text_is_made_harmless(world_path: Path, clock: VirtualClock) -> None:
    """A version with an escape sequence in its name paints nothing."""
    with pen(world_path) as connection:
        connection.execute("UPDATE series SET version = ? WHERE version = '3.0.0'", ["3.0.0\x1b]0;owned\x07"])
        connection.execute("UPDATE targets SET says = ? WHERE model = 'kyc-agent'", ["[red]\u202efine"])
    names = {sample.version for sample in await read_samples(world_path, clock)}
    assert any(name.startswith("3.0.0␛") for name in names)
    assert all(name.isprintable() for name in names)
    says = (await read_rollout(world_path, clock, "kyc-agent@prod-hk")).says
    assert says == "[red]\\u{202e}fine"


def _footprint(path: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in path.parent.iterdir()}


@pytest.mark.parametrize("question", QUESTIONS)
async def test_reading_leaves_no_trace(
    question: Callable[[Path, VirtualClock], Awaitable[object]], world_path: Path, clock: VirtualClock
) -> None:
    """Before, between and after ticks a reader makes no file and changes no byte."""
    before = _footprint(world_path)
    await question(world_path, clock)
    assert _footprint(world_path) == before
    world = open_world(world_path)
    await clock.advance(2)
    world.append(clock.now())
    names = set(_footprint(world_path))
    await question(world_path, clock)
    assert set(_footprint(world_path)) == names
    world.close()
    after = _footprint(world_path)
    assert set(after) == {"world.sqlite", "world.sqlite.lock"}, "the writer tidies up"
    await question(world_path, clock)
    assert _footprint(world_path) == after


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_world_left_in_wal_mode_alone_is_read_without_making_files(
    question: Callable[[Path, VirtualClock], Awaitable[object]], world_path: Path, tmp_path: Path, clock: VirtualClock
) -> None:
    """A copy of only the main file of a running world can be looked at."""
    with pen(world_path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    alone = tmp_path / "copy" / "world.sqlite"
    alone.parent.mkdir()
    shutil.copy(world_path, alone)
    await question(alone, clock)
    assert set(_footprint(alone)) == {"world.sqlite"}


def _missing(path: Path) -> None:
    path.unlink()


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("<html>" * 100)


def _foreign(path: Path) -> None:
    path.unlink()
    with pen(path) as connection:
        connection.execute("CREATE TABLE notes (text)")


def _newer(path: Path) -> None:
    with pen(path) as connection:
        connection.execute("PRAGMA user_version = 99")


def _without_tables(path: Path) -> None:
    with pen(path) as connection:
        for table in ("targets", "models", "counters"):
            connection.execute(f"DROP TABLE {table}")


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20_000])


def _scrambled(path: Path) -> None:
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xa5" * (len(whole) - 4096)
    path.write_bytes(bytes(whole))


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (_missing, BackendUnavailable),
        (_directory, BackendUnavailable),
        (_empty, BackendMalformed),
        (_text, BackendMalformed),
        (_foreign, BackendMalformed),
        (_newer, BackendMalformed),
        (_without_tables, BackendMalformed),
        (_cut_off, BackendMalformed),
        (_scrambled, BackendMalformed),
    ],
)
async def test_a_file_that_is_no_world_is_an_error_with_a_remedy(
    harm: Callable[[Path], None],
    expected: type[BackendError],
    question: Callable[[Path, VirtualClock], Awaitable[object]],
    world_path: Path,
    clock: VirtualClock,
) -> None:
    """Whatever lies there instead of a world, the answer says what it is and what to do."""
    harm(world_path)
    with pytest.raises(BackendError) as caught:
        await question(world_path, clock)
    assert type(caught.value) is expected
    assert "world.sqlite" in caught.value.title
    assert caught.value.remedy


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE counters SET requests = -1 * requests",
        "UPDATE counters SET errors = 'many'",
        "UPDATE counters SET latency = x'00'",
        "UPDATE counters SET confidence_sum = 9e999",
        "UPDATE gauges SET drift = 'much'",
    ],
)
async def test_counters_that_cannot_be_are_an_error(harm: str, world_path: Path, clock: VirtualClock) -> None:
    """Counters that run backwards or hold words are damage, and not a measurement."""
    with pen(world_path) as connection:
        connection.execute(harm)
    with pytest.raises(BackendMalformed, match="damaged"):
        await read_samples(world_path, clock)


async def test_a_file_that_somebody_locks_is_unavailable(world_path: Path, clock: VirtualClock) -> None:
    """A program that holds the whole file is named as the reason."""
    with closing(sqlite3.connect(world_path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(BackendUnavailable, match="locked"):
            await read_samples(world_path, clock)


async def test_a_world_that_is_made_again_is_seen_at_once(pristine: Path, tmp_path: Path, clock: VirtualClock) -> None:
    """A source outlives its file: gone, then there again, it answers without being opened anew."""
    path = tmp_path / "world.sqlite"
    async with rollout_reader.connect(Options(path=path), surroundings("rollouts", clock)) as port:
        with pytest.raises(BackendUnavailable):
            await port.read_rollouts()
        shutil.copy(pristine, path)
        assert (await port.read_rollouts()).rollouts
        set_weights(path, "kyc-agent", "prod-hk", {"1.7.0": 1.0})
        again = {str(rollout.target): rollout for rollout in (await port.read_rollouts()).rollouts}
        assert dict(again["kyc-agent@prod-hk"].weights) == {"1.7.0": 1.0}


async def test_a_relative_path_starts_beside_the_configuration(world_path: Path, clock: VirtualClock) -> None:
    """`path: world.sqlite` means the one in the directory of the configuration."""
    beside = surroundings("registry", clock, world_path.parent)
    async with registry.connect(Options(path=Path("world.sqlite")), beside) as port:
        assert len((await port.read_models()).models) == 14


async def test_an_unknown_version_is_refused(world_path: Path, clock: VirtualClock) -> None:
    """Asking for what was never registered says so."""
    async with registry.connect(Options(path=world_path), surroundings("registry", clock)) as port:
        with pytest.raises(BackendRefused, match="no version 9"):
            await port.read_provenance(model("kyc-agent"), version("9"))


async def test_the_probe_tells_whether_the_simulator_runs(world_path: Path, clock: VirtualClock) -> None:
    """A world that has not moved for a minute has a finding with a remedy."""
    async with metrics.connect(Options(path=world_path), surroundings("metrics", clock)) as port:
        fresh = {finding.name: finding for finding in (await port.probe()).findings}
        await clock.advance(60)
        old = {finding.name: finding for finding in (await port.probe()).findings}
    assert fresh[SafeText("simulator")].ok is True
    assert old[SafeText("simulator")].ok is False
    assert old[SafeText("simulator")].remedy
