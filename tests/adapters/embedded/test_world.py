"""A world is made, moves on, forgets, and does what it is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.embedded.schema import BUCKETS
from modeltui.adapters.embedded.simulator import run
from modeltui.adapters.embedded.world import (
    KEPT_DENSE_SECONDS,
    PAST_SECONDS,
    TICK_SECONDS,
    create_world,
    open_world,
    set_weights,
)
from modeltui.domain.errors import BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.names import Instant
from modeltui.testing.clock import VirtualClock
from tests.adapters.embedded.story import BEGAN_AT, SEED

INVENTORY = ("world", "models", "versions", "pointers", "targets", "weights", "served", "jobs", "environment_facts")
TABLES = (*INVENTORY, "series", "counters", "gauges")


def rows(path: Path, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, parameters).fetchall()


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    return {table: rows(path, f"SELECT * FROM {table}") for table in TABLES}


def differing(path: Path, other: Path) -> set[str]:
    mine, theirs = contents(path), contents(other)
    return {table for table in TABLES if mine[table] != theirs[table]}


def shares(path: Path, model: str, environment: str) -> dict[str, float]:
    """Return who got the requests between the last two ticks."""
    found = rows(
        path,
        "SELECT series.version, MAX(requests) - MIN(requests) FROM counters JOIN series ON series.id = series"
        " WHERE model = ? AND environment = ? AND segment = '' AND ended_at IS NULL"
        " AND at IN (SELECT DISTINCT at FROM counters ORDER BY at DESC LIMIT 2) GROUP BY series.id",
        model,
        environment,
    )
    whole = sum(requests for _, requests in found)
    return {version: requests / whole for version, requests in found}


async def live(path: Path, clock: VirtualClock, seconds: float, *, speed: float = 1.0) -> None:
    """Let the simulator run on a clock that leaps."""
    until = clock.boottime() + seconds
    with open_world(path) as world:
        await run(world, clock, speed=speed, goes_on=lambda: clock.boottime() < until)


@pytest.mark.broad
async def test_the_same_seed_makes_the_same_world(pristine: Path, tmp_path: Path) -> None:
    """Made and lived again with the same seed at the same time, every row is the same; with another it is not."""
    paths = [tmp_path / name for name in ("one.sqlite", "two.sqlite", "other.sqlite")]
    for path, seed in zip(paths, (SEED, SEED, SEED + 1), strict=True):
        create_world(path, seed, BEGAN_AT)
        await live(path, VirtualClock(BEGAN_AT + 2, autojump=True), 60)
    assert differing(paths[0], paths[1]) == set()
    assert differing(paths[0], paths[2]) == {"world", "counters", "gauges"}
    assert rows(paths[0], "SELECT MAX(at) FROM counters") == [(BEGAN_AT + 60,)]


def test_a_new_world_has_an_hour_behind_it(pristine: Path) -> None:
    """Every measured target was measured all the time, up to the moment of making."""
    spans = rows(
        pristine,
        "SELECT model, environment, MIN(at), MAX(at) FROM counters JOIN series ON series.id = series"
        " GROUP BY model, environment",
    )
    assert len(spans) == 29
    for model, environment, first, last in spans:
        assert first <= BEGAN_AT - 3600
        silent = (model, environment) == ("limit-optimizer", "prod-cn")
        assert last == pytest.approx(BEGAN_AT - 540, abs=20) if silent else last == BEGAN_AT


def test_a_world_has_models_of_every_kind(pristine: Path) -> None:
    """A dozen models in three environments, each with some versions that differ in what made them."""
    assert {kind for (kind,) in rows(pristine, "SELECT DISTINCT kind FROM models")} == {
        "tabular", "llm-system", "ensemble", "agent", "vision", "batch",
    }  # fmt: skip
    assert rows(pristine, "SELECT COUNT(*), COUNT(DISTINCT environment) FROM targets") == [(30, 3)]
    counts = rows(pristine, "SELECT COUNT(*), COUNT(DISTINCT provenance) FROM versions GROUP BY model")
    assert all(4 <= versions <= 6 and documents == versions for versions, documents in counts)
    assert rows(pristine, "SELECT COUNT(*) FROM weights GROUP BY model, environment HAVING SUM(weight) <> 1.0") == []


def test_a_world_is_never_made_over_another(world_path: Path) -> None:
    """What is there already stays."""
    before = world_path.read_bytes()
    with pytest.raises(BackendRefused, match="exists already"):
        create_world(world_path, 1, BEGAN_AT)
    assert world_path.read_bytes() == before


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A world that cannot be written says so, and leaves nothing behind."""
    with pytest.raises(BackendUnavailable, match="cannot be written"):
        create_world(tmp_path / "nowhere" / "world.sqlite", 1, BEGAN_AT)
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_no_world_is_continued(tmp_path: Path) -> None:
    """The simulator does not write into somebody else's database, nor make an empty one."""
    foreign = tmp_path / "foreign.sqlite"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    before = foreign.read_bytes()
    with pytest.raises(BackendMalformed):
        open_world(foreign)
    with pytest.raises(BackendUnavailable):
        open_world(tmp_path / "missing.sqlite")
    assert foreign.read_bytes() == before
    assert {file.name for file in tmp_path.iterdir()} == {"foreign.sqlite"}


async def test_traffic_follows_the_weights_with_a_short_lag(world_path: Path) -> None:
    """Ten seconds after new weights most of the traffic has moved, after half a minute all of it."""
    clock = VirtualClock(BEGAN_AT + 2, autojump=True)
    await live(world_path, clock, 10)
    assert shares(world_path, "fraud-detector", "prod-hk") == pytest.approx({"2.3.1": 0.95, "3.0.0": 0.05}, abs=0.01)
    first = set_weights(world_path, "fraud-detector", "prod-hk", {"2.3.1": 0.2, "2.2.0": 0.8}, says="back, mostly")
    await live(world_path, clock, 10)
    moving = shares(world_path, "fraud-detector", "prod-hk")
    assert 0.5 < moving["2.2.0"] < 0.8
    await live(world_path, clock, 30)
    assert shares(world_path, "fraud-detector", "prod-hk") == pytest.approx(
        {"2.2.0": 0.8, "2.3.1": 0.2, "3.0.0": 0.0}, abs=0.01
    )
    ((revision, says),) = rows(
        world_path, "SELECT revision, says FROM targets WHERE model = 'fraud-detector' AND environment = 'prod-hk'"
    )
    assert (revision, says) == (first, "back, mostly")
    assert set_weights(world_path, "fraud-detector", "prod-hk", {"2.3.1": 1.0}) == first + 1
    with pytest.raises(BackendRefused, match="no target"):
        set_weights(world_path, "fraud-detector", "prod-mars", {"2.3.1": 1.0})


@pytest.mark.broad
async def test_a_version_without_traffic_leaves_after_ten_minutes(world_path: Path) -> None:
    """A version taken back stays warm for a while, then its series end; taken up again it has new ones."""
    clock = VirtualClock(BEGAN_AT + 2, autojump=True)
    set_weights(world_path, "fraud-detector", "prod-hk", {"2.3.1": 1.0, "3.0.0": 0.0})
    ended = "SELECT COUNT(*) FROM series WHERE model = 'fraud-detector' AND version = '3.0.0' AND ended_at NOT NULL"
    await live(world_path, clock, 60)
    assert rows(world_path, ended) == [(0,)]
    await live(world_path, clock, 640)
    assert rows(world_path, ended) == [(8,)]
    set_weights(world_path, "fraud-detector", "prod-hk", {"2.3.1": 0.9, "3.0.0": 0.1})
    await live(world_path, clock, 40)
    assert shares(world_path, "fraud-detector", "prod-hk")["3.0.0"] == pytest.approx(0.1, abs=0.01)
    assert rows(world_path, ended) == [(8,)]


async def test_a_faster_story_keeps_its_seconds(world_path: Path, tmp_path: Path) -> None:
    """At ten times the speed the fault comes ten times earlier, while requests per second stay as they are."""
    await live(world_path, VirtualClock(BEGAN_AT + 2, autojump=True), 20, speed=10)
    ((errors, requests),) = rows(
        world_path,
        "SELECT MAX(errors) - MIN(errors), MAX(requests) - MIN(requests)"
        " FROM counters JOIN series ON series.id = series WHERE model = 'fraud-detector'"
        " AND environment = 'prod-hk' AND version = '3.0.0'"
        " AND segment = 'merchant_size=micro' AND at >= ?",
        BEGAN_AT + 6,
    )
    assert requests == pytest.approx(14 * 1600 * 0.05 * 0.04, rel=0.5)
    assert errors / requests > 0.08


@pytest.mark.broad
async def test_old_rows_are_thinned_and_dropped(world_path: Path) -> None:
    """A world that has lived for long holds one hour, densely only the end of it."""
    clock = VirtualClock(BEGAN_AT + 4, autojump=True)
    until = clock.boottime() + 4600
    before = rows(world_path, "SELECT COUNT(*) FROM counters")[0][0]
    with open_world(world_path) as world:
        await run(_Slow(world), clock, goes_on=lambda: clock.boottime() < until)  # type: ignore[arg-type]
    now = rows(world_path, "SELECT MAX(at) FROM counters")[0][0]
    moments = [at for (at,) in rows(world_path, "SELECT DISTINCT at FROM counters ORDER BY at")]
    heard = [at for at in moments if at > BEGAN_AT]
    assert heard[0] >= now - PAST_SECONDS
    old = [at for at in heard if at < now - KEPT_DENSE_SECONDS - 20]
    gaps = [later - earlier for earlier, later in pairwise(old)]
    assert min(gaps) >= 15
    assert max(gaps) <= 30
    assert rows(world_path, "SELECT COUNT(*) FROM counters")[0][0] < 2 * before
    silent = rows(
        world_path,
        "SELECT COUNT(*) FROM counters JOIN series ON series.id = series"
        " WHERE model = 'limit-optimizer' AND environment = 'prod-cn'",
    )
    assert silent[0][0] > 100, "the last that was heard of a silent target stays"


class _Slow:
    """A world that moves every tenth second only: the test is about forgetting, not about counting."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._turn = 0

    def append(self, at: Instant, *, speed: float = 1.0) -> None:
        self._turn += 1
        if self._turn % 5 == 0:
            self._world.append(at, speed=speed)


async def test_a_simulator_that_starts_again_goes_on_counting(world_path: Path) -> None:
    """Ended and started again, no counter falls back, and the tick goes on from where it was."""
    clock = VirtualClock(BEGAN_AT + 2, autojump=True)
    for _ in range(3):
        await live(world_path, clock, 10)
    previous: dict[int, tuple[Any, ...]] = {}
    for series, _, *counted, latency in rows(world_path, "SELECT * FROM counters ORDER BY at"):
        values = (*counted, *BUCKETS.unpack(latency))
        if series in previous:
            assert all(now >= before for now, before in zip(values, previous[series], strict=True))
        previous[series] = values
    assert rows(world_path, "SELECT COUNT(*) FROM series WHERE ended_at NOT NULL") == [(0,)]


async def test_a_clock_that_is_set_back_writes_nothing_twice(world_path: Path) -> None:
    """Ticks before the newest one are passed over until the time has caught up."""
    with open_world(world_path) as world:
        world.append(Instant(BEGAN_AT - 100))
        assert world.newest_at == BEGAN_AT
        world.append(Instant(BEGAN_AT + 1))
        assert world.newest_at == BEGAN_AT + 1


async def test_a_job_makes_progress_and_ends(world_path: Path) -> None:
    """A batch job moves on with the time, and is gone when it is done."""
    progress = "SELECT progress FROM jobs WHERE name = 'nightly-rescreening'"
    ((before,),) = rows(world_path, progress)
    with open_world(world_path) as world:
        world.append(Instant(BEGAN_AT + 3600))
        ((after,),) = rows(world_path, progress)
        world.append(Instant(BEGAN_AT + 4 * 3600))
    assert after == pytest.approx(before + 0.2, abs=0.01)
    assert rows(world_path, progress) == []


async def test_the_simulator_ticks_by_its_clock(world_path: Path) -> None:
    """One tick every two seconds, none missing and none twice, until it is told to end."""
    clock = VirtualClock(BEGAN_AT + 2, autojump=True)
    await live(world_path, clock, 60)
    moments = [at for (at,) in rows(world_path, "SELECT DISTINCT at FROM counters WHERE at > ? ORDER BY at", BEGAN_AT)]
    assert moments == [BEGAN_AT + 2 + TICK_SECONDS * tick for tick in range(30)]
