"""What `doctor` found, in words and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modeltui.domain.names import Missing
from modeltui.domain.text import SafeText
from modeltui.ports.probe import Finding, Probe
from modeltui.present.format import seconds

MOST_CLOCK_OFFSET_SECONDS = 30.0
"""Beyond it ages lie, and acting on them would too."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """One source as doctor found it."""

    name: str
    kind: str
    port: str
    probe: Probe | None
    """None when it could not be asked."""
    error: str = ""
    remedy: str = ""

    @property
    def ok(self) -> bool:
        """Tell whether nothing was found that stands in the way."""
        return self.probe is not None and all(finding.ok is not False for finding in _findings(self.probe))


def report_lines(
    reports: Sequence[SourceReport], notes: Sequence[tuple[str, str]], acting: Sequence[Finding] = ()
) -> list[str]:
    """Return the whole report; `acting` is what actions stand on."""
    lines = [f"{name:<12} {says}" for name, says in notes]
    for report in reports:
        lines.append("")
        lines.append(f"{report.name} ({report.kind}, {report.port})")
        if report.probe is None:
            lines.append(f"  FAIL  reach: {report.error}")
            if report.remedy:
                lines.append(f"        {report.remedy}")
            continue
        lines.append(f"  {_facts(report.probe)}")
        lines += _finding_lines(_findings(report.probe))
    if acting:
        lines += ["", "acting", *_finding_lines(acting)]
    return lines


def report_object(
    reports: Sequence[SourceReport], notes: Sequence[tuple[str, str]], acting: Sequence[Finding] = ()
) -> dict[str, Any]:
    """Return `modeltui.doctor/1`."""
    return {
        "schema": "modeltui.doctor/1",
        "ok": all(report.ok for report in reports) and is_fit(acting),
        "program": dict(notes),
        "sources": [_source_object(report) for report in reports],
        "acting": [_finding_object(finding) for finding in acting],
    }


def is_fit(acting: Sequence[Finding]) -> bool:
    """Tell whether nothing was found that stands in the way of acting."""
    return all(finding.ok is not False for finding in acting)


def _finding_lines(findings: Sequence[Finding]) -> list[str]:
    lines = []
    for finding in findings:
        lines.append(f"  {_mark(finding)}  {finding.name}: {finding.says}")
        if finding.remedy and finding.ok is not True:
            lines.append(f"        {finding.remedy}")
    return lines


def _finding_object(finding: Finding) -> dict[str, str]:
    result = _mark(finding).strip().lower()
    return {"name": finding.name, "result": result, "says": finding.says, "remedy": finding.remedy}


def _source_object(report: SourceReport) -> dict[str, Any]:
    result: dict[str, Any] = {"name": report.name, "kind": report.kind, "port": report.port, "ok": report.ok}
    if report.probe is None:
        return {**result, "error": report.error, "remedy": report.remedy}
    probe = report.probe
    facts = {
        "version": probe.version,
        "latency_seconds": probe.latency_seconds,
        "clock_offset_seconds": probe.clock_offset_seconds,
    }
    result |= {key: value for key, value in facts.items() if not isinstance(value, Missing)}
    result["findings"] = [_finding_object(finding) for finding in _findings(probe)]
    return result


def _findings(probe: Probe) -> tuple[Finding, ...]:
    offset = probe.clock_offset_seconds
    is_near = isinstance(offset, Missing) or abs(offset) <= MOST_CLOCK_OFFSET_SECONDS
    if is_near or any(finding.name == "clock" for finding in probe.findings):
        return probe.findings  # an adapter knows better than we what its clock does to ages
    wrong = Finding(
        SafeText("clock"),
        False,
        SafeText(f"its clock is {offset:+.0f} s from ours"),
        SafeText("set both clocks by NTP: ages are only as true as the clocks"),
    )
    return (wrong, *probe.findings)


def _facts(probe: Probe) -> str:
    version = "version unknown" if isinstance(probe.version, Missing) else f"version {probe.version}"
    latency = probe.latency_seconds
    answered = "" if isinstance(latency, Missing) else f", answered in {seconds(latency)}"
    offset = probe.clock_offset_seconds
    clock = "" if isinstance(offset, Missing) else f", clock {offset:+.1f} s from ours"
    return f"{version}{answered}{clock}"


def _mark(finding: Finding) -> str:
    if isinstance(finding.ok, Missing):
        return "?   "
    return "ok  " if finding.ok else "FAIL"
