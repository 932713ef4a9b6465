"""What lies between two commits."""

from __future__ import annotations

from typing import Protocol

from modeltui.domain.comparison.difference import CodeLog
from modeltui.domain.names import Unknown
from modeltui.domain.text import SafeText
from modeltui.ports.probe import Probe


class CodeHistory(Protocol):
    """Reads only. Every method raises `BackendError` when the repository lets us down."""

    async def read_log(self, repository: SafeText | Unknown, a: SafeText, b: SafeText) -> CodeLog | None:
        """Return the commits and files between `a` and `b`; None when this source does not keep that repository.

        A commit that is not there is told in `CodeLog.trouble`, not raised.
        """
        ...

    async def probe(self) -> Probe:
        """Return what a person needs to know when it does not work."""
        ...
