"""Runs one server and ends with it: no child outlives the test process, however that one dies.

Run as `python keeper.py GRACE_SECONDS COMMAND …`. It stops the server when its own standard input closes
(the test process let go, or was killed) or when it gets SIGTERM, and ends with the server's exit code. It
adopts what the server leaves behind, so that grandchildren in sessions of their own are found too. Standard
library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

_SET_CHILD_SUBREAPER = 36
"""`PR_SET_CHILD_SUBREAPER` of prctl(2): orphans below us become our children instead of init's."""


def main(arguments: list[str]) -> int:
    """The exit code of the server, after the server and all its descendants are gone."""
    grace_seconds, command = float(arguments[0]), arguments[1:]
    wake_read, wake_write = os.pipe()
    for end in (wake_read, wake_write):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _adopt_orphans()
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    _wait_for_the_end(server, wake_read)
    _stop_all(server, grace_seconds)
    return server.returncode if server.returncode >= 0 else 128 - server.returncode


def _adopt_orphans() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _wait_for_the_end(server: subprocess.Popen[bytes], wake: int) -> None:
    while server.poll() is None:
        ready, _, _ = select.select([0, wake], [], [])
        if 0 in ready and not os.read(0, 1024):
            return
        if wake in ready and signal.SIGTERM in os.read(wake, 1024):
            return


def _stop_all(server: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """TERM to the server's group and to every descendant, KILL after the grace."""
    for number, patience_seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 5.0)):
        give_up_at = time.monotonic() + patience_seconds
        _send(server.pid, number)
        while time.monotonic() < give_up_at:
            server.poll()
            _reap(except_pid=server.pid)
            if server.returncode is not None and not _descendants(os.getpid()):
                return
            if number == signal.SIGKILL or server.returncode is not None:
                _send(server.pid, number)
            time.sleep(0.02)


def _send(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
    for pid in _descendants(os.getpid()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(pid) != group:
                os.kill(pid, number)


def _reap(except_pid: int) -> None:
    """Collect adopted children that have ended; the server's own end is `Popen`'s to see."""
    for pid in _children(os.getpid()):
        if pid != except_pid:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _descendants(pid: int) -> list[int]:
    below = []
    for child in _children(pid):
        below.append(child)
        below.extend(_descendants(child))
    return below


def _children(pid: int) -> list[int]:
    """Direct children by /proc; none where there is no such thing (the process group is all we have then)."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(word) for word in listed.split()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
