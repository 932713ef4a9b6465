"""The report of `doctor`: each fact once, failures with what to do."""

from __future__ import annotations

from modeltui.domain.text import SafeText
from modeltui.ports.probe import Finding, Probe
from modeltui.present.doctor import SourceReport, report_lines


def told(*findings: Finding) -> list[str]:
    """Return what is said of a source whose clock is two minutes ahead."""
    probe = Probe(SafeText("2.53.0"), 0.02, 120.0, findings)
    return report_lines([SourceReport("prom", "prometheus", "metrics", probe)], [])


def test_a_clock_that_is_off_fails() -> None:
    """Where the source says nothing of it, the operator is told that ages are not true."""
    assert any("FAIL  clock: its clock is +120 s from ours" in line for line in told())


def test_a_clock_is_told_once() -> None:
    """A source that corrects ages for its clock says so itself; nothing contradicts it."""
    own = Finding(SafeText("clock"), False, SafeText("2 min ahead"), SafeText("Ages are corrected for it."))
    assert [line.strip() for line in told(own) if "clock:" in line] == ["FAIL  clock: 2 min ahead"]
