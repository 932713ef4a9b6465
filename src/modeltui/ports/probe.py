"""What `doctor` asks of every source."""

from __future__ import annotations

from dataclasses import dataclass

from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: SafeText
    """`labels`, `histogram buckets`, `artifact store`."""
    ok: bool | Unknown
    says: SafeText
    remedy: SafeText = SafeText("")


@dataclass(frozen=True, slots=True)
class Probe:
    """One source, asked once."""

    version: SafeText | Unknown = UNKNOWN
    """The server's own version."""
    latency_seconds: float | Unknown = UNKNOWN
    clock_offset_seconds: float | Unknown = UNKNOWN
    """Its clock minus ours."""
    findings: tuple[Finding, ...] = ()
