"""An actor process that is killed at any point: looking afterwards tells what happened, and nothing is sent again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.journal.record import RecordKind
from modeltui.testing.faults import FaultServer, json_reply
from tests.runner.stage import Stage, make_stage, wait_for


@dataclass(frozen=True)
class When:
    """A moment at which `kill -9` comes, and what is true then."""

    gate: str
    says_go: bool
    has_intent: bool
    happened: bool
    outcome: Outcome | None
    hold_after_prepared: bool = False
    printed: str = ""
    """What the face has printed by then, besides the gate's being reached."""


MOMENTS = {
    "reading": When("read", False, False, False, None),
    "prepared": When("", False, False, False, None, printed="phase prepared"),
    "after GO": When("read", True, False, False, None, hold_after_prepared=True, printed="said go"),
    "after the intent": When("apply", True, True, False, Outcome.FAILED),
    "answer awaited": When("answer", True, True, True, Outcome.VERIFIED),
    "verifying": When("serving", True, True, True, Outcome.VERIFIED, printed="phase accepted"),
    "after the outcome": When("", True, True, True, Outcome.VERIFIED, printed="outcome verified"),
}


def killed_in(stage: Stage, when: When) -> None:
    """Bring an action to the moment, kill its process, and let the face end by itself."""
    said = stage.directory / "said"
    if when.gate and not when.hold_after_prepared:
        stage.world.hold(when.gate)
    with said.open("w") as out:
        face = subprocess.Popen(stage.face(), env=stage.environment, stdout=out, stderr=out)
    try:
        if when.hold_after_prepared:
            wait_for(lambda: "phase prepared" in said.read_text(), said.read_text)
            stage.world.hold(when.gate)
        if when.says_go:
            stage.say_go.touch()
        there = stage.world.reached(when.gate) + 1 if when.hold_after_prepared else 1
        wait_for(lambda: when.printed in said.read_text(), said.read_text)
        if when.gate not in ("", "serving"):
            wait_for(lambda: stage.world.reached(when.gate) >= there, said.read_text)
        (runner,) = stage.runners()
        os.kill(runner, signal.SIGKILL)
        wait_for(lambda: not stage.runners(), stage.log)
    finally:
        face.terminate()
        face.wait(10)
        if when.gate:
            stage.world.open(when.gate)


def found_out(directory: Path, when: When, sink: str) -> Stage:
    """Kill an action, look afterwards as two starts do, and return the stage."""
    # Where the outcome was there before, the next start would wait until nobody else can be about to tell it.
    told = [{"kind": "webhook", "url": sink}] if when.printed != "outcome verified" else []
    stage = make_stage(directory, notify=told, snap_back_checks=[600])
    try:
        killed_in(stage, when)
        assert stage.open_intents() == (1 if when.has_intent and when.printed != "outcome verified" else 0)
        stage.reconcile()
        stage.reconcile()
    finally:
        stage.end()
    return stage


@pytest.mark.broad
async def test_looking_afterwards_tells_what_happened(tmp_path: Path) -> None:
    """Killed in each phase: what was not sent is called failed, what was is verified, once, and never repeated.

    People elsewhere are told what was found out, once for all starts.
    """

    def all_of_them(url: str) -> dict[str, Stage]:
        # All at once: each waits a quarter of a minute until nothing can be under way any more.
        with ThreadPoolExecutor(len(MOMENTS)) as pool:
            paths = [f"/{place}" for place in range(len(MOMENTS))]
            work = [
                pool.submit(found_out, tmp_path / name, when, url + path)
                for path, (name, when) in zip(paths, MOMENTS.items(), strict=True)
            ]
            return dict(zip(MOMENTS, (one.result() for one in work), strict=True))

    async with FaultServer() as server:
        for place in range(len(MOMENTS)):
            server.answer(f"/{place}", json_reply({}))
        stages = await asyncio.to_thread(all_of_them, server.url)
    for place, (name, when) in enumerate(MOMENTS.items()):
        heard = [request for request in server.requests if request.path == f"/{place}"]
        assert len(heard) == int(when.has_intent and when.printed != "outcome verified"), name
        assert all(f"/action.reconciled/{when.outcome}" in request.body.decode() for request in heard), name
        await asyncio.to_thread(check, name, stages[name], when)


def check(name: str, stage: Stage, when: When) -> None:
    """Fail when what was found out is not what happened."""
    assert stage.outcomes() == ([when.outcome] if when.outcome else []), (name, stage.log())
    assert len(stage.records(RecordKind.ACTION_INTENT)) == int(when.has_intent), name
    assert len(stage.world.noted("applied")) == int(when.happened), name
    assert len(stage.world.noted("sent")) == int(when.has_intent), name
    assert stage.open_intents() == 0, name
    assert stage.world.state()["weights"] == ({"1": 1.0} if when.happened else {"1": 0.75, "2": 0.25}), name
