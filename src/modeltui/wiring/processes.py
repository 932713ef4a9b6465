"""What an actor process is called, so that whoever finds its intent later can see whether it still lives."""

from __future__ import annotations

import os


def process_name() -> str:
    """Return the name of this process: host, id, and when it was started, which no later process has."""
    return f"{os.uname().nodename}/{os.getpid()}/{_started_at(os.getpid())}"


def is_process_gone(name: str) -> bool | None:
    """Tell whether the process with that name is gone; `None` when it is another machine's, or cannot be known."""
    rest, _, started_at = name.rpartition("/")
    host, _, pid = rest.rpartition("/")
    if host != os.uname().nodename or not pid.isdecimal() or not started_at:
        return None
    return _started_at(int(pid)) != started_at


def _started_at(pid: int) -> str:
    """Return boot and start time of a process as the kernel counts it; nothing where it lives no more, or nobody says.

    A zombie has done what it will ever do: it counts as gone.
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - a fixed place
            fields = file.read().rpartition(")")[2].split()
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 - as above
            boot = file.read(8)
    except (OSError, IndexError):
        return ""
    return "" if fields[0] in ("Z", "X") else f"{boot}-{fields[19]}"
