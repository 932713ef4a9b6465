"""How each version of a target behaves: versions with their signals side by side, segments, jobs, what happened."""

from __future__ import annotations

from modeltui.domain.fleet import Cell, Fleet, ServedVersion, Target
from modeltui.domain.health import Level
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import Missing, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.signal import Signal, Unit
from modeltui.present import format as form
from modeltui.present import words
from modeltui.present.cells import fit
from modeltui.present.glyphs import Glyphs
from modeltui.present.rows import STAGE_TIME, TargetRow, state_span
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

_NAME_WIDTH = 17
_TRAFFIC_WIDTH = 14
_CELL_WIDTH = 8
_SEGMENT_NAME = 26


def heading_lines(fleet: Fleet, target: Target, glyphs: Glyphs) -> list[Line]:
    """Return what the target is, how it stands, and what its controller says."""
    line = [Span(f" {target.key}", Tone.STRONG), Span("  "), state_span(target, glyphs)]
    if target.level >= Level.WARN and not isinstance(target.since, Missing):
        line.append(Span(f" for {form.age(target.since, fleet.at)}", Tone.PLAIN))
    stage = TargetRow(fleet, target, glyphs).cell(STAGE_TIME).text
    if stage:
        line.append(Span(f"  stage {stage}", Tone.PLAIN))
    rollout = target.rollout
    if isinstance(rollout, Rollout) and not isinstance(rollout.says, Missing):
        line.append(Span(f"  {rollout.says}", Tone.MUTED))
    return [tuple(line)]


def version_lines(fleet: Fleet, target: Target, glyphs: Glyphs, chosen: str) -> list[Line]:
    """Return a table: one row per version with its traffic and every signal; the chosen signal's heading stands out."""
    heads = [
        Span(f"{fit(signal.title, _CELL_WIDTH, glyphs.ellipsis)}", Tone.ACCENT if signal.name == chosen else Tone.TITLE)
        for signal in fleet.policy.signals
    ]
    title = fit(" VERSION", _NAME_WIDTH, glyphs.ellipsis)
    lines: list[Line] = [(Span(title, Tone.TITLE), Span(f"{'DESIRED':<8}{'SEEN':<6}", Tone.TITLE), *heads)]
    for version in target.versions:
        lines.append(_version_line(fleet, version, glyphs))
        lines.append(_baseline_line(fleet, version, glyphs))
    if not target.versions:
        lines.append((Span(" no version is known to serve here", Tone.UNKNOWN),))
    return lines


def segment_lines(fleet: Fleet, target: Target, signal: Signal, glyphs: Glyphs, most: int) -> list[Line]:
    """Return the segments of one signal, worst first, every version side by side."""
    names: dict[str, Level] = {}
    for version in target.versions:
        cell = version.cells.get(signal.name)
        for segment in cell.segments if cell else ():
            names[segment.name] = max(names.get(segment.name, Level.OK), segment.verdict.level)
    if not names:
        return [(Span(f" no segments are measured for {signal.name}", Tone.MUTED),)]
    ordered = sorted(names, key=lambda name: (-names[name], name))
    title = fit(f" SEGMENT of {signal.title.lower()}", _SEGMENT_NAME, glyphs.ellipsis)
    heads = [Span(fit(version.version, 22, glyphs.ellipsis), Tone.TITLE) for version in target.versions]
    lines: list[Line] = [(Span(title, Tone.TITLE), *heads)]
    for name in ordered[: max(most - 1, 1)]:
        line = [Span(fit(f" {name}", _SEGMENT_NAME, glyphs.ellipsis), Tone.PLAIN)]
        line += [_segment_span(version, signal, name, glyphs) for version in target.versions]
        lines.append(tuple(line))
    return lines


def other_lines(fleet: Fleet, target: Target, width: int, most: int) -> list[Line]:
    """Return jobs in flight, the way back, what is known of the versions, and what happened here, newest first."""
    lines: list[Line] = []
    rollout = target.rollout
    for job in rollout.jobs if isinstance(rollout, Rollout) else ():
        done = "" if isinstance(job.progress, Missing) else f", {form.percent(job.progress)} done"
        since = form.age(job.started_at, fleet.at)
        lines.append((Span(" job   ", Tone.MUTED), Span(f"{job.name} on {job.version}, since {since}{done}")))
    good = target.known_good
    name = "none" if isinstance(good, Missing) else str(good.version)
    lines.append((Span(" back  ", Tone.MUTED), Span(f"{name}: {words.known_good_words(good, fleet.at)}")))
    lines.extend(_origin_line(fleet, target, version.version) for version in target.versions[:3])
    for change in reversed(target.changes[-most:]):
        when = form.clock_time(change.at)
        lines.append((Span(f" {when}Z  ", Tone.MUTED), Span(words.change_words(change))))
    rows = [row for line in lines for row in wrapped(line, width, indent=7)]
    return rows[:most]


def _version_line(fleet: Fleet, version: ServedVersion, glyphs: Glyphs) -> Line:
    name = fit(f" {version.version} {version.role.value}", _NAME_WIDTH, glyphs.ellipsis)
    desired = "?" if isinstance(version.desired, Missing) else form.percent(version.desired)
    observed = "?" if isinstance(version.observed, Missing) else form.percent(version.observed)
    cells = [_value_span(version.cells.get(signal.name), signal, glyphs) for signal in fleet.policy.signals]
    return (Span(name, Tone.STRONG), Span(f"{desired:<8}{observed:<6}", Tone.PLAIN), *cells)


def _baseline_line(fleet: Fleet, version: ServedVersion, glyphs: Glyphs) -> Line:
    cells = []
    for signal in fleet.policy.signals:
        cell = version.cells.get(signal.name)
        text = ""
        if cell is not None and not isinstance(cell.verdict.limit, Missing):
            text = f"{glyphs.limit} {_short(cell.verdict.limit, signal)}"
        cells.append(Span(fit(text, _CELL_WIDTH, glyphs.ellipsis), Tone.MUTED))
    return (Span(fit("", _NAME_WIDTH + _TRAFFIC_WIDTH, glyphs.ellipsis), Tone.MUTED), *cells)


def _value_span(cell: Cell | None, signal: Signal, glyphs: Glyphs) -> Span:
    if cell is None:
        return Span(fit(glyphs.unknown, _CELL_WIDTH, glyphs.ellipsis), Tone.UNKNOWN)
    verdict = cell.verdict
    tone = words.LEVEL_TONES[verdict.level]
    text = f"{glyphs.mark(tone).strip()}{_short(verdict.value, signal)}"
    return Span(fit(text, _CELL_WIDTH, glyphs.ellipsis), tone)


def _short(number: float | Missing, signal: Signal) -> str:
    return form.quantity(number) if signal.unit is Unit.PER_SECOND else form.value(number, signal.unit)


def _segment_span(version: ServedVersion, signal: Signal, name: str, glyphs: Glyphs) -> Span:
    cell = version.cells.get(signal.name)
    for segment in cell.segments if cell else ():
        if segment.name == name:
            tone = words.LEVEL_TONES[segment.verdict.level]
            value = form.value(segment.verdict.value, signal.unit)
            text = f"{value} n={form.quantity(segment.verdict.n)} {words.level_word(segment.verdict.level)}"
            return Span(fit(text, 22, glyphs.ellipsis), tone)
    return Span(fit(glyphs.missing, 22, glyphs.ellipsis), Tone.MUTED)


def _origin_line(fleet: Fleet, target: Target, version: VersionId) -> Line:
    provenance = fleet.provenance.get((target.key.model, version))
    head = Span(f" {version:<6}", Tone.MUTED)
    if provenance is None:
        return (head, Span("where it comes from is being asked", Tone.UNKNOWN))
    return (head, Span(_origin_words(provenance), Tone.PLAIN))


def _origin_words(provenance: Provenance) -> str:
    parts = []
    if isinstance(provenance.approvals, Known) and provenance.approvals.value:
        approval = provenance.approvals.value[0]
        parts.append(f"{approval.decision} by {approval.by}")
    if isinstance(provenance.code, Known):
        parts.append(f"code {provenance.code.value.commit[:10]}")
    if isinstance(provenance.data_snapshots, Known):
        parts.append("data " + ", ".join(snapshot.name for snapshot in provenance.data_snapshots.value[:3]))
    if isinstance(provenance.base_image, Known):
        parts.append(f"image {provenance.base_image.value}")
    return "; ".join(parts) if parts else "the registry says nothing of code, data, image or approval"
