"""Starts the actor process and talks to it through pipes. Once it has GO, nothing that happens here can stop it.

`asyncio`'s own subprocesses are killed when their loop ends (`BaseSubprocessTransport.close`), which is the opposite of
what is needed: the process is started by `subprocess` and is only listened to by the loop.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import IO

from modeltui.domain.acting.action import Consent, Plan, Reason
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.acting.plan_document import plan_document
from modeltui.domain.acting.runner_lines import MOST_BYTES, order_line, read_progress
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.names import Missing
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.action_runner import ActionRunner
from modeltui.ports.clock import Clock

PATIENCE_SECONDS = 2.0
"""How long a runner that is told to end before GO may take to write that down."""
NOTHING_SENT = "Nothing was sent: make a new plan."
_LOOK_EVERY_SECONDS = 0.01


class RunnerProcesses:
    """Starts one actor process per plan."""

    def __init__(self, arguments: Sequence[str], clock: Clock, environ: Mapping[str, str] | None = None) -> None:
        """Take what tells the program which context it is for: `--config F --context C`."""
        # -P: a file called json.py in the directory where somebody happens to be is not ours.
        self._command = [sys.executable, "-P", "-m", "modeltui.runner", *arguments]
        self._clock = clock
        self._environ = environ

    @asynccontextmanager
    async def start(self, plan: Plan) -> AsyncIterator[RunnerProcess]:
        """Start a process for `plan`; raise `ModeltuiError` when the machine cannot."""
        said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the process's `leave`
        try:
            process = await asyncio.to_thread(self._spawn, said)
        except OSError as error:
            said.close()
            says = f"the actor process cannot be started: {error.strerror or type(error).__name__}"
            raise ModeltuiError(safe_text(says), NOTHING_SENT) from error
        running = RunnerProcess(plan, process, said, self._clock)
        try:
            await running.open()
            yield running
        finally:
            await running.leave()

    async def reconcile(self) -> None:
        """Start a process that finds out what became of open intents; it is not listened to and outlives this one.

        Raises `ModeltuiError` when the machine cannot.
        """
        try:
            process = await asyncio.to_thread(self._spawn, subprocess.DEVNULL, "--reconcile")
        except OSError as error:
            says = f"the actor process cannot be started: {error.strerror or type(error).__name__}"
            raise ModeltuiError(safe_text(says), "Look at the targets that the journal names.") from error
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        _reap(process)

    def _spawn(self, said: IO[bytes] | int, *more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module, without a shell
            [*self._command, *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=None if self._environ is None else dict(self._environ),
            cwd="/",  # keeps no disk busy, and no relative path can mean anything
            start_new_session=True,  # the terminal's end is not its end
        )


class RunnerProcess:
    """One actor process with one plan."""

    def __init__(self, plan: Plan, process: subprocess.Popen[bytes], said: IO[bytes], clock: Clock) -> None:
        self._plan = plan
        self._process = process
        self._said = said
        self._clock = clock
        self._has_plan = False
        self._has_go = False
        self._is_done = False
        self._lines = asyncio.StreamReader(limit=MOST_BYTES)
        self._transport: asyncio.ReadTransport | None = None

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    async def open(self) -> None:
        """Listen to it, and give it the plan."""
        protocol = asyncio.StreamReaderProtocol(self._lines)
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, self._process.stdout)
        # When it has died already, what it said instead is told by `progress`.
        with suppress(BrokenPipeError):
            await self._tell(json.dumps(plan_document(self._plan), allow_nan=False) + "\n")
        self._has_plan = True

    async def progress(self) -> AsyncIterator[Progress]:
        """Yield what it says until it has no more to say."""
        while line := await self._line():
            try:
                progress = read_progress(line.decode())
            except ValueError:
                continue  # something in that process printed: it is no phase of ours
            if progress.phase is Phase.DONE:
                if isinstance(progress.report, Missing):
                    if self._has_go or self._is_done:
                        continue  # only a report says what became of a plan that has GO, or ended already
                    progress = self._refused(progress.says)
                self._is_done = True
            yield progress
        if not self._is_done and not self._has_go:
            self._is_done = True
            yield self._refused(await asyncio.to_thread(self._last_words))

    async def go(self, consent: Consent) -> None:
        """Tell it to act; raise `ModeltuiError` when it is no longer there, so that nothing will be sent."""
        # Before the write: whatever becomes of it, from here on this process must not be ended by us.
        self._has_go = True
        try:
            if self._process.poll() is not None:
                raise BrokenPipeError
            await self._tell(order_line(consent))
        except (BrokenPipeError, ValueError) as error:
            self._has_go = False
            raise ModeltuiError("the actor process ended before GO", NOTHING_SENT) from error

    async def add_reason(self, reason: Reason) -> None:
        """Have a reason written down; raise `ModeltuiError` when it is no longer there to do it."""
        try:
            await self._tell(order_line(reason))
        except (BrokenPipeError, ValueError) as error:
            raise ModeltuiError("the actor process has ended; the reason was not written down") from error

    async def leave(self) -> None:
        """Let go of it: before GO it ends, after GO it does not notice."""
        if not self._has_plan:
            self._process.kill()  # it may never read, and a thread of ours may still be writing the plan
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        if not self._has_go:
            await self._end()
        if self._transport is not None:
            self._transport.close()
        self._said.close()
        _reap(self._process)

    async def _end(self) -> None:
        """Wait until it has written down that nothing came of the plan; then insist, and let it finish by itself."""
        until = self._clock.boottime() + PATIENCE_SECONDS
        while self._process.poll() is None:
            if self._clock.boottime() >= until:
                self._process.terminate()
                return
            await self._clock.sleep(_LOOK_EVERY_SECONDS)

    async def _line(self) -> bytes:
        while True:
            try:
                return await self._lines.readline()
            except ValueError:
                continue  # longer than any phase: the reader has dropped it

    async def _tell(self, line: str) -> None:
        if self._process.stdin is None or self._process.stdin.closed:
            raise BrokenPipeError
        # In a thread: a plan may be larger than the pipe holds while the other side is still starting.
        await asyncio.to_thread(_write, self._process.stdin, line.encode())

    def _refused(self, because: str) -> Progress:
        report = Report(
            self._plan.id,
            self._plan.hash,
            self._plan.target,
            Outcome.REFUSED,
            safe_text(because, 500),
            SafeText(NOTHING_SENT),
        )
        return Progress(Phase.DONE, self._clock.now(), report.because, report)

    def _last_words(self) -> str:
        """Return why it ended, as far as it said so."""
        code = self._process.wait()
        self._said.seek(0)
        lines = self._said.read(64_000).decode("utf-8", "replace").strip().splitlines()
        last = f": {lines[-1]}" if lines else f" (exit code {code})"
        return f"the actor process ended before GO{last}"


def _write(pipe: IO[bytes], line: bytes) -> None:
    pipe.write(line)
    pipe.flush()


def _reap(process: subprocess.Popen[bytes]) -> None:
    """Take note of its end whenever it comes, and keep nobody from leaving until then."""
    threading.Thread(target=process.wait, name=f"runner {process.pid}", daemon=True).start()


_: type[ActionRunner] = RunnerProcesses
