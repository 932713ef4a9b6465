"""One line for each change of a target: for logs, pagers and screen readers."""

from __future__ import annotations

from dataclasses import dataclass, field

from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.health import Level
from modeltui.domain.names import Instant, Missing
from modeltui.domain.traffic import counts_for_target
from modeltui.present import format as form
from modeltui.present import words


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What a listener must hear again only when it is another sentence; figures move all the time."""

    target: str
    state: str
    serving: str
    worst: str
    evidence: str = field(compare=False)

    def at(self, at: Instant) -> str:
        """Return the line with its time."""
        parts = [form.clock_time(at) + "Z", self.target, self.state, f"serving {self.serving}"]
        return "  ".join([*parts, self.evidence] if self.evidence else parts)


def change_line(fleet: Fleet, target: Target) -> ChangeLine:
    """Return how a target stands in one line."""
    found = [
        (cell, signal, version)
        for version in target.versions
        if counts_for_target(version)
        for signal in fleet.policy.signals
        if (cell := version.cells.get(signal.name)) is not None and cell.verdict.level >= Level.STALE
    ]
    worst = evidence = ""
    if found:
        cell, signal, version = max(found, key=lambda one: one[0].verdict.level)
        worst = f"{version.version} {signal.name} {words.level_word(cell.verdict.level)}"
        evidence = f"{version.version} {signal.name}: {words.because(cell.verdict, signal)}"
    serving = "unknown" if isinstance(target.serving, Missing) else str(target.serving)
    return ChangeLine(str(target.key), words.level_word(target.level), serving, worst, evidence)
