"""The life of the actor process: a plan comes in, the world is read, GO or nothing, and then it is seen through.

Exit codes are those of the command line: 0 done, 1 a backend said no, 2 not usable, 3 refused, 4 unknown.
"""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from modeltui.config import paths
from modeltui.config.crash import write_report
from modeltui.config.load import Loaded, Options, load
from modeltui.config.schema import Mode
from modeltui.domain.acting.action import Consent, Plan, Reason
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report, exit_code
from modeltui.domain.acting.plan_document import plan_from_text
from modeltui.domain.errors import ConfigError, ModeltuiError
from modeltui.domain.text import safe_text
from modeltui.runner.hardening import harden
from modeltui.runner.listening import Listener
from modeltui.runner.log import Log
from modeltui.runner.pipes import Orders, Teller
from modeltui.wiring.observing import now

if TYPE_CHECKING:
    from modeltui.wiring.running import Running

FIRST_LOOK_SECONDS: Final = 3.0
"""How long GO waits for the first look at the metrics: without it nobody knows how it was before."""
DELIVER_EVERY_SECONDS: Final = 5.0
LAST_DELIVERY_SECONDS: Final = 20.0
PLAN_SECONDS: Final = 60.0
"""Whoever starts this process and gives it no plan has forgotten it."""


def main(arguments: Sequence[str]) -> int:
    """Run the actor process and return its exit code."""
    harden()
    given = _parsed(arguments)
    log = Log(paths.log_file())
    try:
        return asyncio.run(_reconcile(given, log) if given.reconcile else _act(given, log))
    except Exception as error:  # the top of the process: whatever it was is reported, not printed
        log.write(_words(error))
        return error.exit_code if isinstance(error, ModeltuiError) else 1


def _words(error: Exception) -> str:
    """Return what the log has of an error; a fault of our own leaves a report besides."""
    if not isinstance(error, ModeltuiError):
        return write_report(error, paths.crash_dir())
    return f"{error.title}: {error.remedy}" if error.remedy else error.title


def _parsed(arguments: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="modeltui.runner", description="The actor process of modeltui; started by it.")
    parser.add_argument("--config", required=True)
    parser.add_argument("--context", required=True)
    parser.add_argument("--reconcile", action="store_true")
    return parser.parse_args(arguments)


def _loaded(given: Namespace) -> Loaded:
    loaded = load(Options(config=given.config, context=given.context))
    if loaded.context.mode is Mode.READ_ONLY:
        raise ConfigError(f"context {loaded.context_name} is read-only", "act from a context that is not, if you may")
    return loaded


async def _act(given: Namespace, log: Log) -> int:
    """Carry out one plan; whatever stands against it is told to whoever listens."""
    teller, orders = Teller(sys.stdout.fileno()), Orders()
    try:
        await orders.open()
        plan = await _plan(orders)
        if plan is None:
            return 0
        return await _carried_out(_loaded(given), plan, orders, teller, log)
    except ModeltuiError as error:
        says = _words(error)
        log.write(says)
        if not orders.has_go:  # after it only a report says what became of the plan
            teller.tell(Progress(Phase.DONE, now(), safe_text(says, 500)))
        return error.exit_code
    finally:
        await teller.drain()
        orders.close()


async def _plan(orders: Orders) -> Plan | None:
    """Return the plan; `None` when whoever started this is gone. Raises `ConfigError` for what is no plan."""
    try:
        async with asyncio.timeout(PLAN_SECONDS):
            line = await orders.line()
    except TimeoutError:
        return None
    except ValueError as error:
        raise ConfigError("what came is no plan: not one line of text", "plan again") from error
    return None if line is None else plan_from_text(line)


async def _carried_out(loaded: Loaded, plan: Plan, orders: Orders, teller: Teller, log: Log) -> int:
    from modeltui.wiring.running import open_running  # what can write, only now

    async with open_running(loaded, plan) as running:
        action = _Action(running, plan, orders, teller, log)
        report = await action.run()
        await running.notifier.deliver(deadline_seconds=LAST_DELIVERY_SECONDS)
    return exit_code(report.outcome)


class _Action:
    """One plan, and everything that goes on beside it."""

    def __init__(self, running: Running, plan: Plan, orders: Orders, teller: Teller, log: Log) -> None:
        self._running = running
        self._plan = plan
        self._teller = teller
        self._log = log
        self._listener = Listener(orders, log, self._write_down)
        self._first_look: asyncio.Task[None] | None = None
        self._acting: asyncio.Task[None] | None = None
        self._report: Report | None = None
        self._failed: Exception | None = None

    async def run(self) -> Report:
        """Return how it went, once there is nothing left to look at; whatever else fails, the action goes on.

        Raises what stopped it before there was a report; a report stands, whatever fails after it.
        """
        with self._listener.heeding_signals():
            async with asyncio.TaskGroup() as tasks:
                self._first_look = tasks.create_task(self._beside(self._running.observer.poll_now()))
                beside = (
                    self._first_look,
                    tasks.create_task(self._beside(self._listener.listen())),
                    tasks.create_task(self._beside(self._deliver())),
                )
                self._acting = tasks.create_task(self._execute())
                await asyncio.wait((self._acting,))
                for task in beside:
                    task.cancel()
        if self._report is None:
            raise self._failed or ConfigError("the action ended without a word", "look at the journal")
        if self._failed is not None:
            self._log.write(_words(self._failed))
        return self._report

    async def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that must not take the action down with it."""
        try:
            await work
        except Exception as error:
            self._log.write(write_report(error, paths.crash_dir()))

    async def _execute(self) -> None:
        try:
            self._report = await self._running.executor.run(self._plan, self._wait_for_go, self._tell)
        except Exception as error:  # told by itself and not as one of a group; a cancellation goes on
            self._failed = error

    async def _wait_for_go(self) -> Consent | None:
        consent = await self._listener.consent()
        if consent is not None and self._first_look is not None:
            await asyncio.wait((self._first_look,), timeout=FIRST_LOOK_SECONDS)
        return consent

    def _tell(self, progress: Progress) -> None:
        if progress.phase is not Phase.WAITING:
            self._log.write(f"{self._plan.kind} {self._plan.target} {self._plan.id} {progress.phase}: {progress.says}")
        self._teller.tell(progress)
        if isinstance(progress.report, Report):
            self._report = progress.report
            if self._acting is not None:
                self._listener.may_be_stopped(self._acting.cancel)

    async def _write_down(self, reason: Reason) -> None:
        await self._running.executor.add_reason(self._plan, reason)

    async def _deliver(self) -> None:
        while True:
            await self._running.notifier.deliver(deadline_seconds=LAST_DELIVERY_SECONDS)
            await self._running.executor.clock.sleep(DELIVER_EVERY_SECONDS)


async def _reconcile(given: Namespace, log: Log) -> int:
    """Find out what became of actions that nobody wrote an outcome for, and tell what nobody was told of."""
    from modeltui.wiring.reconciling import open_reconciling

    reports: tuple[Report, ...] = ()
    async with open_reconciling(_loaded(given)) as found:
        if found is None:
            return 0  # somebody else is at it
        try:
            reports = await found.reconciler.reconcile()
            await found.notifier.deliver(deadline_seconds=LAST_DELIVERY_SECONDS)
            await found.notices.complete(waits=True)
        finally:
            await found.notifier.deliver(deadline_seconds=LAST_DELIVERY_SECONDS)
    for report in reports:
        log.write(f"reconciled {report.target} {report.plan_id}: {report.outcome}: {report.because}")
    return max((exit_code(report.outcome) for report in reports if report.outcome is Outcome.UNKNOWN), default=0)
