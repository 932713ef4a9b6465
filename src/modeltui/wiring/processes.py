"""What an actor process is called, so that whoever finds its intent later can see whether it still lives."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_DEAD: Final = frozenset("ZXx")
"""A zombie has done what it will ever do."""
_NOWHERE: Final = "?"


def process_name() -> str:
    """Return the name of this process: machine, id, and when it was started, which no later process has."""
    return _name_of(os.getpid())


def is_process_gone(name: str) -> bool | None:
    """Tell whether the process with that name is gone; `None` when it is elsewhere, or cannot be known.

    Only the system's own word counts: there is no such process, it is another one that has its id now, or a zombie.
    Whoever cannot see it, for whatever reason, does not know.
    """
    rest, _, started_at = name.rpartition("/")
    place, _, id_ = rest.rpartition("/")
    if place != _place() or _NOWHERE in place.split("/") or not id_.isdecimal() or not started_at:
        return None
    state, found = _seen(int(id_))
    if not found:
        return True if _is_no_process(int(id_)) else None
    return state in _DEAD or found != started_at


def _name_of(pid: int) -> str:
    return f"{_place()}/{pid}/{_seen(pid)[1]}"


def _place() -> str:
    """Return where ids of processes mean the same: a machine and its name space of processes.

    Names of machines are given twice, and a container may carry its host's.
    """
    try:
        space = _space()
        machine = hashlib.sha256(b"modeltui\0" + _machine().encode()).hexdigest()[:12]  # the id itself is nobody's
    except OSError:
        return f"{os.uname().nodename}/{_NOWHERE}"
    return f"{os.uname().nodename}/{machine}-{''.join(one for one in space if one.isdecimal())}"


def _space() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def _machine() -> str:
    """Return what no other machine has; where it has no id, what it has until it is started again."""
    with suppress(FileNotFoundError):
        machine = _text("/etc/machine-id").strip()
        if machine not in ("", "uninitialized"):
            return machine
    return _text("/proc/sys/kernel/random/boot_id")


def _seen(pid: int) -> tuple[str, str]:
    """Return the state of a process, and its boot and start time as the kernel counts it; nothing where unseen."""
    try:
        fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        return fields[0], f"{_text('/proc/sys/kernel/random/boot_id')[:8]}-{fields[19]}"
    except (OSError, IndexError):
        return "", ""


def _is_no_process(pid: int) -> bool:
    """Tell whether the system says that there is none; of one that it only hides it says that nobody may signal it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _text(path: str) -> str:
    return Path(path).read_text(encoding="ascii", errors="replace")
