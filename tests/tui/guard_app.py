"""The screens over a small world, in a real terminal, with a way to act that writes nothing; started by the tests.

python guard_app.py [--log FILE] [--ending verified|partial|failed|refused|unknown|lost|none] [--locked] [--theme NAME]
    [--ascii] [--no-colour] [--read-only] [--moved] [--refuse] [--seconds-of-steps 0.3] [--noise]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from modeltui.tui import lifecycle

lifecycle.prepare_environment()

from tests.present import plans  # noqa: E402 - the framework reads its environment when it is imported
from tests.tui.fake_acting import FakeActing, FakeRunning  # noqa: E402
from tests.tui.screen_stage import FakeObserver, StagedWorld, incident  # noqa: E402

from modeltui.domain.acting.action import ActionKind, Consent, Plan, Refusal  # noqa: E402
from modeltui.domain.acting.outcome import Outcome, Phase, Progress  # noqa: E402
from modeltui.domain.acting.request import ActionRequest  # noqa: E402
from modeltui.domain.fleet import Context  # noqa: E402
from modeltui.domain.names import UNKNOWN, Instant, Unknown  # noqa: E402
from modeltui.domain.text import SafeText, safe_text  # noqa: E402
from modeltui.engine.observer import Observer  # noqa: E402
from modeltui.engine.store import Store  # noqa: E402
from modeltui.ports.acting import Acting  # noqa: E402
from modeltui.testing import worlds  # noqa: E402
from modeltui.tui.app import ModeltuiApp  # noqa: E402

FRAUD = worlds.target_key("fraud@prod-hk")


class NightClock:
    """The real pace, counted from the night of the plans."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def now(self) -> Instant:
        """Return the wall time of that night."""
        return Instant(float(plans.NOW) + time.monotonic() - self._started)

    def boottime(self) -> float:
        """Return seconds since boot."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)


class LoggedRunning(FakeRunning):
    """A runner that goes the way it was told to, and writes down when it was told GO."""

    def __init__(self, plan: Plan, given: argparse.Namespace, clock: NightClock) -> None:
        super().__init__(plan)
        self._given = given
        self._clock = clock

    async def go(self, consent: Consent) -> None:
        """Note it, and go on."""
        await super().go(consent)
        if self._given.log is not None:
            with self._given.log.open("a") as log:
                log.write(f"GO {self.plan.kind.value}\n")
        self._task = asyncio.create_task(self._goes())

    async def _goes(self) -> None:
        pause = self._given.seconds_of_steps
        ending = self._given.ending
        reached = 1 if ending in ("refused", "failed", "unknown") else 3 if ending == "partial" else 4
        phases = (Phase.INTENT, Phase.SENDING, Phase.ACCEPTED, Phase.SERVING, Phase.HEALTHY)
        times: list[Instant] = []
        for phase in phases[: reached + 1]:
            times.append(self._clock.now())
            self.say(Progress(phase, times[-1]))
            says = safe_text(f"{self.plan.version} answers 62% of requests; waits for 99%")
            self.say(Progress(Phase.WAITING, self._clock.now(), says if phase is Phase.ACCEPTED else SafeText("")))
            await asyncio.sleep(pause)
        if ending == "none":
            return
        if ending != "lost":
            report = plans.report(Outcome(ending), _BECAUSE[ending])
            reached_at: list[Instant | Unknown] = [*times, *[UNKNOWN] * (5 - len(times))]
            report = replace(
                report,
                requested_at=reached_at[0],
                sent_at=reached_at[1],
                accepted_at=reached_at[2],
                serving_at=reached_at[3],
                healthy_at=reached_at[4],
            )
            self.say(Progress(Phase.DONE, self._clock.now(), report=report))
        self.say(None)


_BECAUSE = {
    "verified": "2.3.1 answers all requests, errors are back at 1.0%",
    "partial": "accepted; nothing measures which version answers, so serving cannot be observed",
    "failed": "the controller refused the write: 403 Forbidden (user bob cannot patch rollouts)",
    "refused": "the world moved: traffic was 5% for 3.0.0 and is now 25%",
    "unknown": "the connection broke after the request was sent, and reading back got no answer within 10 s",
}


class StagedActing(FakeActing):
    """A way to act that plans what is asked for, from fixed plans."""

    def __init__(self, given: argparse.Namespace, clock: NightClock) -> None:
        super().__init__(on=not given.locked)
        self._given = given
        self._clock = clock

    async def plan(self, request: ActionRequest) -> Plan | Refusal:
        """Answer with the plan of that kind, made now."""
        self.asked.append(request)
        if self._given.refuse:
            return Refusal(
                safe_text("nothing is being rolled out on fraud@prod-hk: 2.3.1 serves alone"),
                safe_text("to go back to the last known good version ask for a rollback (R)"),
            )
        made = self._clock.now()
        plan = {
            ActionKind.ABORT: plans.abort(FRAUD),
            ActionKind.ROLLBACK: plans.rollback(FRAUD) if request.version is UNKNOWN else plans.to_any_version(),
            ActionKind.PROMOTE: plans.promotion(),
            ActionKind.WEIGHTS: plans.promotion(),
        }[request.kind]
        life = 2.0 if self._given.expires else 900.0
        premise = replace(plan.premise, observed_at=made)
        return replace(plan, target=FRAUD, made_at=made, expires_at=Instant(made + life), premise=premise)

    @asynccontextmanager
    async def start(self, plan: Plan) -> AsyncIterator[FakeRunning]:
        """Start a runner."""
        running = LoggedRunning(plan, self._given, self._clock)
        self.runners.append(running)
        running.say(Progress(Phase.PREPARED, self._clock.now()))
        mover = asyncio.create_task(self._move(running)) if self._given.moved else None
        try:
            yield running
        finally:
            self.left.append(bool(running.told))
            del mover

    async def _move(self, running: FakeRunning) -> None:
        await asyncio.sleep(1.0)
        running.say(Progress(Phase.MOVED, self._clock.now(), safe_text("traffic was 5% for 3.0.0 and is now 25%")))


class BusyObserver(FakeObserver):
    """An observer that has news all the time."""

    def __init__(self, world: StagedWorld, *, noise: bool) -> None:
        super().__init__(world)
        self._noise = noise
        self.clock = NightClock()

    async def run(self) -> None:
        """Let time pass, and with noise let it pass often and irregularly."""
        chance = random.Random(7)
        while True:
            await asyncio.sleep(chance.uniform(0.01, 0.2) if self._noise else 1.0)
            self.world.ticks(1.0)


def main() -> int:
    """Run the screens as the flags say."""
    flags = argparse.ArgumentParser()
    for name in ("locked", "ascii", "no-colour", "read-only", "moved", "refuse", "expires", "noise"):
        flags.add_argument(f"--{name}", action="store_true")
    flags.add_argument("--log", type=Path)
    flags.add_argument("--ending", default="verified")
    flags.add_argument("--theme", default="modeltui-dark")
    flags.add_argument("--seconds-of-steps", type=float, default=0.05)
    given = flags.parse_args()
    world = StagedWorld()
    production = Context(safe_text("prod"), production=True)
    world.fleet = replace(world.fleet, context=production)
    world.store = Store(world.fleet)
    incident(world)
    observer = BusyObserver(world, noise=given.noise)
    acting = StagedActing(given, observer.clock)

    @asynccontextmanager
    async def open_observer(_: str) -> AsyncIterator[Observer]:
        yield cast(Observer, observer)

    @asynccontextmanager
    async def open_acting(_: str, __: Observer) -> AsyncIterator[Acting | Refusal]:
        yield acting

    app = ModeltuiApp(
        open_observer,
        world.fleet,
        ("prod",),
        theme_name=given.theme,
        ascii_only=given.ascii,
        open_acting=None if given.read_only else open_acting,
        clock=observer.clock,
    )
    app.ascii_only, app.no_colour = given.ascii, given.no_colour
    return lifecycle.run(app, crash_directory=os.devnull)


if __name__ == "__main__":
    sys.exit(main())
