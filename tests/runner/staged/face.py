"""A face as small as can be: makes a plan, starts the actor process, says GO when told so, and prints what it hears."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from modeltui.config.load import Options, load
from modeltui.domain.acting.action import ActionKind, Consent, Plan, Reason, Refusal
from modeltui.domain.acting.outcome import Report
from modeltui.domain.acting.request import ActionRequest
from modeltui.ports.action_runner import RunningAction
from modeltui.wiring.acting import open_acting
from modeltui.wiring.observing import open_observer
from tests.runner.staged.world import TARGET, wait_for_file


async def main(config: str, say_go: Path) -> None:
    """Abort the rollout of the staged world."""
    loaded = load(Options(config=config))
    async with open_observer(loaded) as observer, open_acting(loaded, observer) as acting:
        assert not isinstance(acting, Refusal), acting
        await observer.look_once()
        plan = await acting.plan(ActionRequest(ActionKind.ABORT, TARGET))
        assert not isinstance(plan, Refusal), plan
        async with acting.start(plan) as running, asyncio.TaskGroup() as tasks:
            going = tasks.create_task(go(running, plan, say_go))
            async for progress in running.progress():
                print("phase", progress.phase.value, progress.says, flush=True)
                if isinstance(progress.report, Report):
                    print("outcome", progress.report.outcome.value, flush=True)
            going.cancel()


async def go(running: RunningAction, plan: Plan, say_go: Path) -> None:
    """Say GO once somebody wants it."""
    await wait_for_file(say_go, wanted=True)
    await running.go(Consent(plan.hash, Reason(), guard=plan.guard))
    print("said go", flush=True)


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
