"""Two operators at the same target at the same time: nothing twice, no abort lost, nothing that nobody notices.

Two real processes each, a thousand seeded interleavings per kind of backend. The embedded world is the real file. For
MLflow the thousand run against `AliasServer`, which `test_alias_server.py` holds equal to MLflow 2 and 3 in everything
that is sent; twenty run against a real MLflow behind the same stage. The order of requests is decided by seed, in a
time that stands still between them.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.embedded.world import create_world
from modeltui.adapters.mlflow import writing_promise
from modeltui.domain.names import Instant
from modeltui.testing.clock import NOON
from tests.adapters.stage import Happened, Process, RealStage, Stage, operator
from tests.servers.mlflow import MlflowServer

pytestmark = [pytest.mark.broad, pytest.mark.timeout(400)]

UNKNOWN = "OutcomeUnknown"
PAUSE_SECONDS = 0.3
PAIRS = (("abort", "promote"), ("1", "2"))
"""An abort and a promotion; two rollbacks to different versions."""


# MLflow


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[tuple[Stage, Process, Process]]:
    """A stage with two operators before it."""
    clock = tmp_path / "clock"
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage(clock))
        both = [await stack.enter_async_context(operator("mlflow", stage.url, str(clock), name)) for name in "ab"]
        yield stage, both[0], both[1]


async def meet(
    stage: Stage,
    processes: tuple[Process, Process],
    seed: int,
    actions: tuple[str, str],
    latency_seconds: float,
    hiccups: float = 0.0,
    within_seconds: float = 0.7,
) -> Happened:
    """Let two operators look and act at about the same time."""
    chance, model = random.Random(f"{seed}/{actions}"), f"model-{seed}"
    if model not in stage.models:
        stage.put(model, 4, champion="3", challenger="4")
    async with asyncio.TaskGroup() as group:
        tasks = {}
        for name, process, action in zip("ab", processes, actions, strict=True):
            command = {
                "do": "look write" if not action.startswith("client") else "client",
                "model": model,
                "environment": "prod",
                "action": action,
                "key": f"{seed}-{name}/0",
                "before_look": chance.uniform(0, within_seconds),
                "before_write": chance.uniform(0, 0.5),
            }
            tasks[name] = group.create_task(process.tell(command))
        return await stage.play(seed, latency_seconds, model, tasks, hiccups)


def text_of(aliases: dict[str, str]) -> str:
    return f"champion={aliases.get('champion', '-')} challenger={aliases.get('challenger', '-')}"


def wrote_on_what_was_seen(happened: Happened, name: str) -> bool:
    """Tell whether an operator's first effect met the state that it had seen, and nobody came between its moves."""
    own = happened.of(name)
    if not own:
        return True
    first = happened.effects.index(own[0])
    is_in_one_piece = happened.effects[first : first + len(own)] == own
    return is_in_one_piece and happened.seen[name].startswith(text_of(own[0].before) + " ")


def check_words(happened: Happened, actions: dict[str, str]) -> None:
    """Nobody who was told no has changed anything, nobody did anything twice, and what was accepted took effect."""
    for name, action in actions.items():
        own = happened.of(name)
        assert len({effect.alias for effect in own}) == len(own), f"{name} did it twice: {happened}"
        if happened.said[name] in ("RevisionConflict", "BackendRefused", "BackendUnavailable", "nothing to do"):
            assert own == [], f"{name} was told no, and it happened: {happened}"
        if happened.said[name] == "accepted":
            assert own, f"{name} ({action}) was accepted, and nothing happened: {happened}"


def is_lost_abort(happened: Happened) -> bool:
    """Tell whether an abort (a's) was accepted, and b has promoted all the same."""
    return happened.said["a"] == "accepted" and happened.aliases["champion"] == "4" and bool(happened.of("a"))


async def test_operators_of_this_program_are_kept_apart(
    stage: tuple[Stage, Process, Process], measured: Callable[[str], None]
) -> None:
    """700 meetings with requests quicker than the pause: every write meets what was seen; no abort is lost (T19)."""
    counted: Counter[str] = Counter()
    for seed in range(700):
        actions = PAIRS[seed % 2]
        happened = await meet(stage[0], stage[1:], seed, actions, PAUSE_SECONDS / 3)
        check_words(happened, dict(zip("ab", actions, strict=True)))
        for name in "ab":
            assert wrote_on_what_was_seen(happened, name), f"{seed}: {happened}"
        assert UNKNOWN not in happened.said.values(), f"{seed}: {happened}"
        if actions[0] == "abort":
            assert not is_lost_abort(happened), f"{seed}: {happened}"
            assert (happened.aliases["champion"], happened.aliases["challenger"]) != ("4", "3"), f"{seed}: {happened}"
        counted[f"{actions[0]} v {actions[1]}: {happened.said['a']} / {happened.said['b']}"] += 1
    for what, times in sorted(counted.items()):
        measured(f"{what}: {times}")
    assert sum(times for what, times in counted.items() if "accepted" in what) > 500, "somebody has to get through"


async def test_on_a_slow_network_every_crossing_is_noticed(
    stage: tuple[Stage, Process, Process], measured: Callable[[str], None]
) -> None:
    """100 meetings while half of the writes arrive seconds late: who crosses is told; nothing crosses in silence."""
    counted: Counter[str] = Counter()
    for seed in range(1000, 1100):
        actions = PAIRS[seed % 2]
        happened = await meet(stage[0], stage[1:], seed, actions, PAUSE_SECONDS / 3, hiccups=0.7, within_seconds=3.0)
        check_words(happened, dict(zip("ab", actions, strict=True)))
        is_clean = all(wrote_on_what_was_seen(happened, name) for name in "ab")
        assert is_clean or UNKNOWN in happened.said.values(), f"{seed}: {happened}"
        if actions[0] == "abort" and is_lost_abort(happened):
            assert happened.said["b"] == UNKNOWN, f"{seed}: {happened}"
            counted["an abort undone by a late promotion, which was told so"] += 1
        counted["clean" if is_clean else "crossed and noticed"] += 1
    measured(", ".join(f"{what}: {times}" for what, times in sorted(counted.items())))
    assert counted["crossed and noticed"] > 3, "the seeds have to bring some about"


async def test_another_client_is_noticed_or_named(
    stage: tuple[Stage, Process, Process], measured: Callable[[str], None]
) -> None:
    """200 meetings with MLflow's own client: prevented, noticed within the time promised, or in the moment named."""
    counted: Counter[str] = Counter()
    for seed in range(2000, 2200):
        actions = (("abort", "promote", "1")[seed % 3], ("client champion=2", "client challenger=3")[seed % 2])
        happened = await meet(stage[0], stage[1:], seed, actions, 0.1)
        check_words(happened, {"a": actions[0]})
        counted[judged_beside_a_client(happened, seed)] += 1
    measured(", ".join(f"{what}: {times}" for what, times in sorted(counted.items())))
    assert counted["noticed"] > 10
    assert "overwritten unseen" in writing_promise._SAYS
    assert "is noticed, not prevented" in writing_promise._SAYS


def judged_beside_a_client(happened: Happened, seed: int) -> str:
    """Compare what was said with what happened; return what it was."""
    said, own = happened.said["a"], happened.of("a")
    if not own:
        assert said in ("RevisionConflict", "nothing to do"), f"{seed}: {happened}"
        return "prevented" if happened.of("b") else "nothing to do"
    (theirs,) = happened.of("b")
    place = happened.effects.index(theirs)
    was_seen = place < happened.effects.index(own[0]) and wrote_on_what_was_seen(happened, "a")
    is_overwritten = any(effect.alias == theirs.alias for effect in happened.effects[place + 1 :] if effect.by == "a")
    if was_seen or is_overwritten:
        assert said == "accepted", f"{seed}: {happened}"
        return "one after the other" if was_seen else "overwritten unseen"
    last_look = happened.looks["a"][-2]  # the last of all only gives the claim back
    is_change = theirs.before[theirs.alias] != theirs.version
    if is_change and happened.took_effect_at[place] < last_look:
        assert said == UNKNOWN, f"{seed}: {happened}"
        return "noticed"
    assert said == "accepted", f"{seed}: {happened}"
    return "one after the other"


async def test_twenty_meetings_at_a_real_server(
    mlflow3: MlflowServer, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    """The same at a real MLflow 3: every answer is its own, and at the end its aliases are as counted."""
    clock, client = tmp_path / "clock", mlflow3.client
    async with AsyncExitStack() as stack:
        stage = RealStage(clock, mlflow3.url)
        stack.push_async_callback(stage.aclose)
        await stack.enter_async_context(stage)
        both = [await stack.enter_async_context(operator("mlflow", stage.url, str(clock), name)) for name in "ab"]
        counted: Counter[str] = Counter()
        for seed in range(3000, 3020):
            actions, model = PAIRS[seed % 2], f"model-{seed}"
            client.create_model(model)
            for _ in range(4):
                client.create_version(model, "s3://nowhere.example/x")
            client.set_alias(model, "champion", "3")
            client.set_alias(model, "challenger", "4")
            made = client.call("GET", "registered-models/get", name=model)["registered_model"]["creation_timestamp"]
            stage.put(model, 4, champion="3", challenger="4").made = made
            happened = await meet(stage, (both[0], both[1]), seed, actions, PAUSE_SECONDS / 3)
            check_words(happened, dict(zip("ab", actions, strict=True)))
            assert all(wrote_on_what_was_seen(happened, name) for name in "ab"), f"{seed}: {happened}"
            assert actions[0] != "abort" or not is_lost_abort(happened)
            assert {alias: client.alias(model, alias) for alias in happened.aliases} == happened.aliases
            counted[f"{happened.said['a']} / {happened.said['b']}"] += 1
    measured(", ".join(f"{what}: {times}" for what, times in sorted(counted.items())))


# The embedded world

HK = ("fraud-detector", "prod-hk")


class Table:
    """The real file, put back before each meeting."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def put_back(self) -> int:
        """Let 2.3.1 serve and 3.0.0 be on its way; return the revision."""
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        run("DELETE FROM weights WHERE model = ? AND environment = ?", HK)
        run("INSERT INTO weights VALUES (?, ?, '2.3.1', 0.95), (?, ?, '3.0.0', 0.05)", [*HK, *HK])
        row = run(
            "UPDATE targets SET stable = '2.3.1', candidate = '3.0.0', stage_name = 'canary-5', revision = revision + 1"
            " WHERE model = ? AND environment = ? RETURNING revision",
            HK,
        ).fetchone()
        run("COMMIT")
        return int(row[0])

    def state(self) -> tuple[str, str | None, int]:
        """Return stable, candidate and revision."""
        query = "SELECT stable, candidate, revision FROM targets WHERE model = ? AND environment = ?"
        stable, candidate, revision = self._connection.execute(query, HK).fetchone()
        return stable, candidate, revision

    def writes(self) -> dict[str, int]:
        """Return the revision that each key made."""
        return dict(self._connection.execute("SELECT key, revision FROM writes").fetchall())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world of this test's own."""
    path = tmp_path_factory.mktemp("operators") / "world.sqlite"
    create_world(path, 7, Instant(NOON))
    return path


async def test_a_thousand_meetings_in_the_embedded_world(world: Path, measured: Callable[[str], None]) -> None:
    """Whoever is first wins, the other is told that it moved, each effect is one revision, and no abort is lost."""
    counted: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        table = stack.enter_context(closing(Table(world)))
        both = [await stack.enter_async_context(operator("embedded", str(world))) for _ in "ab"]
        for seed in range(1000):
            actions = (("abort", "promote"), ("2.2.0", "2.1.0"))[seed % 2]
            base = table.put_back()
            said = await _interleaved(both, actions, seed)
            stable, candidate, revision = table.state()
            made = {name: table.writes().get(f"{seed}-{name}/0") for name in "ab"}
            for name, word in said.items():
                assert word in ("accepted", "RevisionConflict", "nothing to do"), f"{seed}: {said}"
                assert (made[name] is not None) == (word == "accepted"), f"{seed}: {said} {made}"
            accepted = [name for name in "ab" if said[name] == "accepted"]
            assert accepted, f"{seed}: nobody got through"
            assert revision == base + len(accepted), f"{seed}: {said}, {revision - base} changes"
            if actions[0] == "abort" and said["a"] == "accepted":
                assert (stable, candidate) == ("2.3.1", None), f"{seed}: an abort was lost: {said}"
            counted[f"{actions[0]} v {actions[1]}: {said['a']} / {said['b']}"] += 1
    for what, times in sorted(counted.items()):
        measured(f"{what}: {times}")


async def _interleaved(both: list[Process], actions: tuple[str, str], seed: int) -> dict[str, str]:
    """Let both look and write, in an order by seed; in every second meeting both writes are let go together."""
    chance = random.Random(seed)
    commands: dict[str, dict[str, Any]] = {
        name: {"model": HK[0], "environment": HK[1], "action": action, "key": f"{seed}-{name}/0"}
        for name, action in zip("ab", actions, strict=True)
    }
    process = dict(zip("ab", both, strict=True))
    if seed % 4 < 2:
        for name in chance.sample("ab", 2):
            await process[name].tell(commands[name] | {"do": "look"})
        async with asyncio.TaskGroup() as group:
            tasks = {
                name: group.create_task(process[name].tell(commands[name] | {"do": "write"}))
                for name in chance.sample("ab", 2)
            }
        return {name: str(tasks[name].result()["said"]) for name in "ab"}
    turns = chance.choice(["aabb", "abab", "abba", "baab", "baba", "bbaa"])
    said: dict[str, str] = {}
    looked: set[str] = set()
    for name in turns:
        answer = await process[name].tell(commands[name] | {"do": "write" if name in looked else "look"})
        said[name] = str(answer["said"])
        looked.add(name)
    return said
