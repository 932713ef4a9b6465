"""A server process on loopback: started in its own session, waited for, logged, stopped with all it spawned."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

LOOPBACK = "127.0.0.1"

_KEEPER = Path(__file__).with_name("keeper.py")
_PORT_TAKEN = ("address already in use", "connection in use")
_ATTEMPTS = 3
"""A free port can be taken by somebody else between our look and the server's bind."""


class ServerStartError(Exception):
    """The server ended or did not answer in time; the message ends with the last lines of its log."""


def free_port() -> int:
    """A TCP port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def answers(url: str, timeout_seconds: float = 2.0) -> bool:
    """Whether a GET of the URL answers 200 now."""
    try:
        return httpx.get(url, timeout=timeout_seconds, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def wait_until(condition: Callable[[], bool], deadline_seconds: float, every_seconds: float = 0.05) -> bool:
    """Whether the condition came true before the deadline; returns as soon as it does."""
    give_up_at = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(every_seconds)
    return True


class ServerProcess:
    """One running server and everything it spawns; a context manager that stops it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        directory: Path,
        port: int,
        environment: Mapping[str, str] | None = None,
        grace_seconds: float = 5.0,
    ) -> None:
        """Start the command; `directory` gets its log and an empty working directory."""
        self.name = name
        self.port = port
        self.log_path = directory / f"{name}-{port}.log"
        self.started_in_seconds: float | None = None
        self._command = command
        self._working_directory = directory / f"{name}-{port}.cwd"
        self._working_directory.mkdir(parents=True, exist_ok=True)
        self._environment = _clean_environment(environment or {})
        self._grace_seconds = grace_seconds
        self._readiness: tuple[Callable[[], bool], float] | None = None
        self._launch()

    def _launch(self) -> None:
        self._started_at = time.monotonic()
        with self.log_path.open("ab") as log:
            self._keeper = subprocess.Popen(
                [sys.executable, "-S", "-E", str(_KEEPER), str(self._grace_seconds), *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._working_directory,
                env=self._environment,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        """`http://127.0.0.1:port`, without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether the server has not ended."""
        return self._keeper.poll() is None

    @property
    def server_pid(self) -> int:
        """The process id of the server itself, as long as it runs."""
        children = Path(f"/proc/{self._keeper.pid}/task/{self._keeper.pid}/children").read_text(encoding="ascii")
        return int(children.split()[0])

    @property
    def log(self) -> str:
        """All that the server wrote so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_ready(self, is_ready: Callable[[], bool], deadline_seconds: float) -> Self:
        """Return when it is ready; raises `ServerStartError` when it ends first or takes too long."""
        self._readiness = (is_ready, deadline_seconds)
        wait_until(lambda: not self.is_running or is_ready(), deadline_seconds)
        if not self.is_running:
            raise ServerStartError(
                f"{self.name} ended with {self._keeper.returncode} while starting:\n{self._log_tail()}"
            )
        if not is_ready():
            self.stop()
            raise ServerStartError(f"{self.name} was not ready after {deadline_seconds:.0f} s:\n{self._log_tail()}")
        self.started_in_seconds = time.monotonic() - self._started_at
        return self

    def suspend(self) -> None:
        """Freeze the server: it keeps its port and answers nothing."""
        os.killpg(self.server_pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        os.killpg(self.server_pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it without warning, as a crash would; its descendants go with it."""
        os.killpg(self.server_pid, signal.SIGKILL)
        self.stop()

    def restart(self) -> Self:
        """Bring it back at the same address, with what it kept on disk, and return when it is ready."""
        self.stop()
        self._launch()
        return self.wait_ready(*self._readiness) if self._readiness else self

    def stop(self) -> None:
        """End it and all it spawned: TERM, then KILL; back within the grace and some seconds. Idempotent."""
        if self._keeper.stdin is not None:
            with contextlib.suppress(OSError):
                self._keeper.stdin.close()
        if self.is_running:
            with contextlib.suppress(ProcessLookupError, IndexError, OSError):
                self.resume()
        try:
            self._keeper.wait(self._grace_seconds + 10.0)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait(5.0)

    def _log_tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.splitlines()[-lines:]) or "(its log is empty)"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_server(
    name: str,
    command_for_port: Callable[[int], Sequence[str]],
    *,
    directory: Path,
    ready_path: str,
    deadline_seconds: float,
    environment: Mapping[str, str] | None = None,
    grace_seconds: float = 5.0,
) -> ServerProcess:
    """A server on a free port that answers `ready_path` with 200; tried again when somebody took the port."""
    directory.mkdir(parents=True, exist_ok=True)
    for attempt in range(1, _ATTEMPTS + 1):
        port = free_port()
        server = ServerProcess(
            name,
            command_for_port(port),
            directory=directory,
            port=port,
            environment=environment,
            grace_seconds=grace_seconds,
        )
        ready_url = server.url + ready_path
        try:
            return server.wait_ready(lambda url=ready_url: answers(url), deadline_seconds)  # type: ignore[misc]
        except ServerStartError:
            server.stop()
            if attempt == _ATTEMPTS or not any(words in server.log.lower() for words in _PORT_TAKEN):
                raise
        except BaseException:
            server.stop()
            raise
    raise AssertionError("the loop returns or raises")


def _clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Ours, without what would bend a server: Python's own switches, proxies and MLflow's settings."""
    bends = ("PYTHON", "MLFLOW_", "VIRTUAL_ENV", "COVERAGE", "PYTEST")
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(bends) and not key.lower().endswith("_proxy")
    }
    return kept | {"PYTHONUNBUFFERED": "1"} | dict(extra)
