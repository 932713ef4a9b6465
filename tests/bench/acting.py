"""What acting costs: from the key to the plan, and from GO to what the controller reads back, beside a bare script."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modeltui.config.load import Options, load
from modeltui.domain.acting.action import ActionKind, Consent, Reason, ReasonCode, Refusal
from modeltui.domain.acting.outcome import Phase, Progress
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.names import Missing, TargetKey
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText
from modeltui.engine.observer import Observer
from modeltui.ports.acting import Acting
from modeltui.wiring.acting import open_acting
from modeltui.wiring.observing import open_observer
from tests.bench.commands import mlflow_python
from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured
from tests.bench.keys import DOWN, LOST_SECONDS, UP, ours_cursor
from tests.bench.subjects import PROGRAM, PYTHON, environment, run_command
from tests.e2e.acting import guard_letter, guard_text, is_armed
from tests.terminal import Terminal

_SQLITE: Final = """
import sqlite3, sys
world, model, environment, version = sys.argv[1:]
with sqlite3.connect(world, timeout=10) as connection:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE weights SET weight = (version = ?) WHERE model = ? AND environment = ?",
                       [version, model, environment])
"""
_MLFLOW: Final = """
import os, sys
from urllib.request import url2pathname
os.makedirs(url2pathname(sys.argv[1][7:]), exist_ok=True)
os.chdir(url2pathname(sys.argv[1][7:]))
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1], sys.argv[1])
if len(sys.argv) > 2:
    client.create_registered_model("m")
    client.create_model_version("m", "/nowhere")
    client.create_model_version("m", "/nowhere")
client.set_registered_model_alias("m", "champion", "2")
"""
_WATCHED: Final = (Phase.PREPARED, Phase.INTENT, Phase.SENDING, Phase.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Timed:
    """One abort, in milliseconds."""

    prepared: float
    """From the start of the actor process until it has read everything afresh."""
    intent: float
    """From GO until the intent is on the disk."""
    sent: float
    """From there until the first byte of the write leaves."""
    accepted: float
    """From there until the controller reads back as planned."""

    @property
    def from_go(self) -> float:
        """Return what the operator waits for."""
        return self.intent + self.sent + self.accepted


def costs(bench: Bench) -> Iterator[Figure]:
    """Yield A1 to A4."""
    with bench.embedded() as config:
        plans, answers, moves = _guard(config, bench)
    yield Figure(
        "A1",
        "A to the whole plan on the screen",
        plans,
        {"a key that moves the cursor": moves},
        _most("1 s", plans, 1e3),
    )
    yield Figure(
        "A2",
        "a wrong letter while a guard is open, to the new one",
        answers,
        {"a key that moves the cursor": moves},
        _most("100 ms", answers, 100.0),
    )
    yield from _aborts(bench)


def _aborts(bench: Bench) -> Iterator[Figure]:
    timed: list[Timed] = []
    bare: list[float] = []
    for _ in range(bench.runs(1, 4)):
        with bench.embedded() as config:
            done, script = asyncio.run(_aborted(config, environment(bench.home)))
            timed += done
            bare += script
    references: dict[str, Measured | str] = {
        "a script that writes the same weights": Measured(tuple(bare)),
        "MLflow's client moves an alias": _alias_moves(bench),
    }
    prepared = Measured(tuple(one.prepared for one in timed))
    go = Measured(tuple(one.from_go for one in timed))
    parts = [Measured(tuple(getattr(one, name) for one in timed)).middle for name in ("intent", "sent", "accepted")]
    note = "intent on disk {:.0f} ms, first byte {:.0f} ms later, read back {:.0f} ms later".format(*parts)
    yield Figure(
        "A3", "an actor process, until everything was read afresh", prepared, references, _most("2 s", prepared, 2e3)
    )
    yield Figure("A4", "GO to the controller's new state read back", go, references, _most("1 s", go, 1e3), note)


def _most(words: str, ours: Measured, most: float) -> tuple[Aim, ...]:
    return (Aim(f"≤ {words}", ours.middle, most),)


def _guard(config: Path, bench: Bench) -> tuple[Measured, Measured, Measured]:
    """Return the times of `A` to the plan, of a key while it is open, and of one that moves the cursor without it."""
    plans, answers, moves = [], [], []
    with ExitStack() as stack:
        command = [str(PROGRAM), "--config", str(config)]
        terminal = stack.enter_context(Terminal(command, env=environment(bench.home)))
        terminal.wait_for("fraud-detector", 30.0)
        terminal.wait_quiet(0.5, 5.0)
        terminal.send("/")
        terminal.wait_for(lambda lines: "filter" in lines[-1] or "/" in lines[-1], 5.0)
        terminal.send("fraud-detector\r")
        terminal.wait_quiet(0.5, 5.0)
        terminal.send(DOWN)  # the second row is the one with a canary
        terminal.wait_for(lambda lines: any(line.startswith("▶") and "prod-hk" in line for line in lines), 5.0)
        for _ in range(bench.runs(5, 20)):
            asked_at = terminal.send("A")
            shown_at = terminal.wait_for(lambda lines: bool(guard_letter(lines) or guard_text(lines)), 20.0)
            plans.append((shown_at - asked_at) * 1e3)
            answers.append(_refused_letter(terminal))
            terminal.send("\x1b")
            terminal.wait_for(lambda lines: not (guard_letter(lines) or guard_text(lines)), LOST_SECONDS)
            terminal.wait_quiet(0.5, 3.0)
            cursor = ours_cursor(terminal)
            moves += [cursor.move(DOWN, 1), cursor.move(UP, -1)]
    return Measured(tuple(plans)), Measured(tuple(answers)), Measured(tuple(moves))


def _refused_letter(terminal: Terminal) -> float:
    """Return how long it takes until a letter that is not the one that is asked for has brought another."""
    terminal.wait_for(is_armed, 10.0)
    terminal.wait_quiet(0.2, 3.0)
    asked = guard_letter(terminal.lines())
    typed_at = terminal.send("z" if asked != "z" else "x")
    return (terminal.wait_for(lambda lines: guard_letter(lines) not in ("", asked), LOST_SECONDS) - typed_at) * 1e3


async def _aborted(config: Path, env: dict[str, str]) -> tuple[list[Timed], list[float]]:
    """Abort every rollout of a world; after each, write the weights that it wrote with a bare script."""
    loaded = load(Options(config=str(config)))
    timed, bare = [], []
    async with open_observer(loaded, start_from_cache=False) as observer, open_acting(loaded, observer) as acting:
        if isinstance(acting, Refusal):
            raise RuntimeError(str(acting))
        await observer.look_once()
        for target, stable in _rollouts(observer):
            timed.append(await _abort(acting, target))
            script = [PYTHON, "-c", _SQLITE, str(config.with_name("world.sqlite")), *_words(target), stable]
            bare.append((await asyncio.to_thread(run_command, script, env)).wall_ms)
        _end_actors()
    return timed, bare


def _end_actors() -> None:
    """End the actor processes of this one: they would watch what serves for a minute, in a world that ends now."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"modeltui.runner" in command:
            os.kill(int(process.name), signal.SIGKILL)


def _words(target: TargetKey) -> tuple[str, str]:
    return str(target.model), str(target.environment)


def _rollouts(observer: Observer) -> list[tuple[TargetKey, str]]:
    found = []
    for key, target in sorted(observer.fleet.targets.items()):
        rollout = target.rollout
        if isinstance(rollout, Rollout) and not isinstance(rollout.candidate, Missing):
            found.append((key, str(rollout.stable)))
    return found


async def _abort(acting: Acting, target: TargetKey) -> Timed:
    plan = await acting.plan(ActionRequest(ActionKind.ABORT, target))
    if isinstance(plan, Refusal):
        raise RuntimeError(plan.reason)
    began = time.time()
    seen: dict[Phase, float] = {}
    async with acting.start(plan) as running:
        async for progress in running.progress():
            if progress.phase in _WATCHED:
                seen.setdefault(progress.phase, _at(progress))
            if progress.phase is Phase.PREPARED:
                went = time.time()
                consent = Consent(plan.hash, Reason(ReasonCode.DRILL, SafeText("measured")), guard=plan.guard)
                await running.go(consent)
            if progress.phase is Phase.ACCEPTED:
                break
            if progress.phase is Phase.DONE:
                raise RuntimeError(str(progress.report))
    asked, sent = seen[Phase.INTENT], seen[Phase.SENDING]
    milliseconds = (seen[Phase.PREPARED] - began, asked - went, sent - asked, seen[Phase.ACCEPTED] - sent)
    return Timed(*(max(part, 0.0) * 1e3 for part in milliseconds))


def _at(progress: Progress) -> float:
    return float(progress.at)


def _alias_moves(bench: Bench) -> Measured | str:
    """Return how long MLflow's own client takes, its import and one call, on a store in files."""
    python = mlflow_python(bench)
    if python.startswith("!"):
        return python.removeprefix("!")
    env = environment(bench.home, MLFLOW_ALLOW_FILE_STORE="true")
    store = (bench.scratch / "mlflow-store").as_uri()
    run_command([python, "-c", _MLFLOW, store, "first"], env)
    return Measured(tuple(run_command([python, "-c", _MLFLOW, store], env).wall_ms for _ in range(bench.runs(3, 8))))
