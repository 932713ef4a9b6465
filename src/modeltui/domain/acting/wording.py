"""The few phrases that plans, checks and refusals are made of."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText

if TYPE_CHECKING:
    from modeltui.domain.acting.action import Plan

_LAST_MOMENT = 253_402_200_000.0
"""Within the year 9999."""
_MOST_NAMES = 4


def moment_text(at: Instant) -> SafeText:
    """Return a moment as sentences have it: `2026-01-14 02:13 UTC`."""
    if not 0.0 <= at <= _LAST_MOMENT:
        return SafeText("a time that no clock shows")
    return SafeText(f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC")


def command_text(*words: str) -> str:
    """Return a command to copy into a shell: a name that a backend chose can be read there as nothing but a name."""
    return shlex.join(words)


def approve_command(plan: Plan, *, is_whole: bool = False) -> str:
    """Return what a second person runs: in the context of the plan, which need not be their own first one."""
    name = plan.hash if is_whole else plan.hash.removeprefix("sha256:")[:12]
    return command_text("modeltui", "--context", plan.context, "approve", name)


def whole_milliseconds(at: float) -> Instant:
    """Return a moment without what is finer than documents write."""
    return Instant(round(at * 1000) / 1000)


def age_text(seconds: float) -> SafeText:
    """Return a duration in its largest useful unit: `45 s`, `12 min`, `6 h`, `3 days`."""
    if seconds < 120:
        return SafeText(f"{max(seconds, 0.0):.0f} s")
    if seconds < 7_200:
        return SafeText(f"{seconds / 60:.0f} min")
    if seconds < 172_800:
        return SafeText(f"{seconds / 3_600:.0f} h")
    return SafeText(f"{seconds / 86_400:.0f} days")


def names_text(names: Iterable[str]) -> SafeText:
    """Return names in one phrase; of many the first few and how many more."""
    listed = list(names)
    shown = ", ".join(listed[:_MOST_NAMES])
    return SafeText(shown if len(listed) <= _MOST_NAMES else f"{shown} and {len(listed) - _MOST_NAMES} more")
