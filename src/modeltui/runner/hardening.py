"""What the actor process does to itself first: what it writes is private, and a closed terminal means nothing to it."""

from __future__ import annotations

import os
import resource
import signal
from typing import Final

IGNORED: Final = (signal.SIGHUP, signal.SIGPIPE, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGQUIT)
"""What a terminal, or whoever listened, sends when it goes away. SIGQUIT would leave a core too."""


def harden() -> None:
    """Make files private, allow no core dump, lead a session of our own, and outlive the terminal."""
    os.umask(0o077)
    _, hardest = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hardest))
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    if os.getsid(0) != os.getpid():
        # Started by hand or by somebody who forgot: a session of one's own has no terminal that could close.
        try:
            os.setsid()
        except PermissionError:
            return  # it leads its process group: then it is its shell's job, and SIGHUP is ignored all the same
