"""How each version of a target behaves: versions with their signals side by side, segments, jobs, what happened."""

from __future__ import annotations

from modeltui.domain.fleet import Cell, Fleet, ServedVersion, Target
from modeltui.domain.health import Level
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import Instant, Missing, VersionId
from modeltui.domain.rollout import Job, Rollout
from modeltui.domain.signal import Signal, Unit
from modeltui.present import format as form
from modeltui.present import words
from modeltui.present.cells import cell_width, elide_middle, fit
from modeltui.present.glyphs import Glyphs
from modeltui.present.rows import STAGE_TIME, TargetRow, state_span, worst_cell
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

_NAME_WIDTH = 17
_TRAFFIC_WIDTH = 14
_CELL_WIDTH = 8
_MORE = 4
"""Room for how many signals are not shown."""
_SEGMENT_CELLS = (24, 15, 9)
"""Widths of a segment's cell: with value, count and word; value and count; value alone."""


def heading_lines(fleet: Fleet, target: Target, glyphs: Glyphs, width: int) -> list[Line]:
    """Return what the target is, how it stands, and what its controller says where that fits whole."""
    line = [Span(f" {target.key}", Tone.STRONG), Span("  "), state_span(target, glyphs)]
    if target.level >= Level.WARN and not isinstance(target.since, Missing):
        line.append(Span(f" for {words.lasted(target, fleet.at)}", Tone.PLAIN))
    stage = TargetRow(fleet, target, glyphs).cell(STAGE_TIME).text
    if stage:
        line.append(Span(f"  stage {stage}", Tone.PLAIN))
    says = controller_words(target)
    if says and sum(cell_width(span.text) for span in line) + cell_width(says) + 2 <= width:
        line.append(Span(f"  {says}", Tone.MUTED))
    return [tuple(line)]


def signal_heading(fleet: Fleet, target: Target, signal: Signal) -> Line:
    """Return what one chart shows, and the worst verdict on it."""
    line = [Span(f" {target.key}", Tone.STRONG), Span(f"  {signal.name}  ")]
    found = worst_cell(target, signal.name)
    if found is None:
        return (*line, Span("no data: no source measures it", Tone.UNKNOWN))
    version, cell = found
    tone = words.LEVEL_TONES[cell.verdict.level]
    line.append(Span(f"{version.version} {words.level_word(cell.verdict.level)}", tone))
    if cell.verdict.level >= Level.WARN and not isinstance(cell.verdict.since, Missing):
        line.append(Span(f" for {words.lasted(cell.verdict, fleet.at)}"))
    segment = cell.worst_segment()
    verdict = cell.verdict if isinstance(segment, Missing) else segment.verdict
    where = "" if isinstance(segment, Missing) else f"{segment.name} "
    limit = "no limit" if isinstance(verdict.limit, Missing) else f"limit {form.value(verdict.limit, signal.unit)}"
    return (*line, Span(f"  {where}{form.value(verdict.value, signal.unit)}, {limit}", Tone.PLAIN))


def controller_words(target: Target) -> str:
    """Return what the controller says of its own state; nothing where it is silent."""
    rollout = target.rollout
    return str(rollout.says) if isinstance(rollout, Rollout) and not isinstance(rollout.says, Missing) else ""


def version_lines(fleet: Fleet, target: Target, glyphs: Glyphs, chosen: str, width: int, most: int) -> list[Line]:
    """Return a table: one row per version with its traffic and every signal; the chosen signal's heading stands out.

    What does not fit is said: of too many versions and signals the worst are shown.
    """
    name_width = _name_width(target, width)
    signals = _fitting_signals(fleet, target, chosen, width - name_width - _TRAFFIC_WIDTH)
    heads = [
        Span(f"{fit(signal.title, _CELL_WIDTH, glyphs.ellipsis)}", Tone.ACCENT if signal.name == chosen else Tone.TITLE)
        for signal in signals
    ]
    hidden = len(fleet.policy.signals) - len(signals)
    title = Span(f"{fit(' VERSION', name_width, glyphs.ellipsis)}{'DESIRED':<8}{'SEEN':<6}", Tone.TITLE)
    lines: list[Line] = [(title, *heads, Span(f"+{hidden}" if hidden else "", Tone.MUTED))]
    with_limits = 1 + 2 * len(target.versions) <= most
    versions = worst_versions(target, len(target.versions) if 1 + len(target.versions) <= most else most - 2)
    for version in versions:
        lines.append(_version_line(version, signals, glyphs, name_width))
        if with_limits:
            lines.append(_limit_line(version, signals, glyphs, name_width))
    if not target.versions:
        lines.append((Span(" no version is known to serve here", Tone.UNKNOWN),))
    elif len(versions) < len(target.versions):
        lines.append((Span(f" and {len(target.versions) - len(versions)} more: w shows every version", Tone.MUTED),))
    return lines


def worst_versions(target: Target, most: int) -> tuple[ServedVersion, ...]:
    """Return at most so many versions, the worst of them, in the order of the target."""
    chosen = sorted(target.versions, key=lambda version: -version.level)[: max(most, 1)]
    return tuple(version for version in target.versions if any(version is one for one in chosen))


def segment_lines(target: Target, signal: Signal, glyphs: Glyphs, width: int, most: int) -> list[Line]:
    """Return the segments of one signal, worst first, versions side by side in whole columns."""
    names: dict[str, Level] = {}
    for version in target.versions:
        cell = version.cells.get(signal.name)
        for segment in cell.segments if cell else ():
            names[segment.name] = max(names.get(segment.name, Level.OK), segment.verdict.level)
    title = f" SEGMENT of {signal.title.lower()}"
    if not names:
        return [(Span(f" no segments are measured for {signal.title.lower()}", Tone.MUTED),)]
    longest = max(cell_width(text) for text in (title, *names)) + 2
    first = min(longest, max(width - _SEGMENT_CELLS[1] * len(target.versions), width // 3, 12))
    room = width - first
    each = next((cells for cells in _SEGMENT_CELLS if cells * len(target.versions) <= room), _SEGMENT_CELLS[-1])
    versions = worst_versions(target, room // each)
    heads = [Span(fit(elide_middle(v.version, each - 1, glyphs.ellipsis), each), Tone.TITLE) for v in versions]
    lines: list[Line] = [(Span(fit(title, first, glyphs.ellipsis), Tone.TITLE), *heads)]
    ordered = sorted(names, key=lambda name: (-names[name], name))
    shown = ordered[: max(most - 1, 1)]
    for name in shown:
        head = fit(f" {elide_middle(name, first - 2, glyphs.ellipsis)}", first)
        lines.append((Span(head), *(_segment_span(version, signal, name, glyphs, each) for version in versions)))
    return lines


def other_lines(fleet: Fleet, target: Target, width: int, most: int, *, with_controller: bool = False) -> list[Line]:
    """Return the way back, jobs in flight, what is known of the versions, and what happened here, newest first."""
    lines: list[Line] = [(Span(" back  ", Tone.MUTED), *way_back(target, fleet.at))]
    lines.extend((Span(" job   ", Tone.MUTED), Span(job_words(job, fleet.at))) for job in _jobs(target))
    if with_controller and controller_words(target):
        lines.append((Span(" ctrl  ", Tone.MUTED), Span(controller_words(target))))
    lines.extend(_origin_line(fleet, target, version.version) for version in target.versions[:3])
    for change in reversed(target.changes[-most:]):
        when = form.clock_time(change.at)
        lines.append((Span(f" {when}Z  ", Tone.MUTED), Span(words.change_words(change))))
    rows = [row for line in lines for row in wrapped(line, width, indent=7)]
    return rows[:most]


def way_back(target: Target, now: Instant) -> Line:
    """Return the version to go back to, why it is trusted, and what is in flight here."""
    good = target.known_good
    flying = len(_jobs(target))
    # Before the sentence, which may lose its end: it is what one must look after.
    jobs = f" ({flying} batch job{'s' if flying > 1 else ''} in flight)" if flying else ""
    sentence = words.known_good_words(good, now)
    if isinstance(good, Missing):
        return (Span(f"? {sentence}", Tone.UNKNOWN),)
    return (Span(f"to {good.version}", Tone.STRONG), Span(f"{jobs}: {sentence}"))


def _jobs(target: Target) -> tuple[Job, ...]:
    return target.rollout.jobs if isinstance(target.rollout, Rollout) else ()


def job_words(job: Job, now: Instant) -> str:
    """Return work in flight in one phrase."""
    done = "" if isinstance(job.progress, Missing) else f", {form.percent(job.progress)} done"
    return f"{job.name} on {job.version}, since {form.age(job.started_at, now)}{done}"


def _name_width(target: Target, width: int) -> int:
    longest = max((cell_width(v.version) + len(v.role.value) + 3 for v in target.versions), default=0)
    # Three signals keep their place beside the longest name.
    return max(min(longest, width - _TRAFFIC_WIDTH - _MORE - 3 * _CELL_WIDTH), _NAME_WIDTH)


def _fitting_signals(fleet: Fleet, target: Target, chosen: str, width: int) -> tuple[Signal, ...]:
    """Return as many signals as fit, in their order: the chosen one, then the worst."""
    signals = fleet.policy.signals
    if len(signals) * _CELL_WIDTH <= width:
        return signals
    most = (width - _MORE) // _CELL_WIDTH

    def rank(signal: Signal) -> tuple[bool, int]:
        found = worst_cell(target, signal.name)
        return signal.name != chosen, -found[1].verdict.level if found else 1

    kept = {signal.name for signal in sorted(signals, key=rank)[: max(most, 1)]}
    return tuple(signal for signal in signals if signal.name in kept)


def _version_line(version: ServedVersion, signals: tuple[Signal, ...], glyphs: Glyphs, name_width: int) -> Line:
    role = version.role.value
    short = elide_middle(version.version, name_width - len(role) - 3, glyphs.ellipsis)
    name = fit(f" {short} {role}", name_width, glyphs.ellipsis)
    desired = "?" if isinstance(version.desired, Missing) else form.percent(version.desired)
    observed = "?" if isinstance(version.observed, Missing) else form.percent(version.observed)
    cells = [_value_span(version.cells.get(signal.name), signal, glyphs) for signal in signals]
    return (Span(name, Tone.STRONG), Span(f"{desired:<8}{observed:<6}", Tone.PLAIN), *cells)


def _limit_line(version: ServedVersion, signals: tuple[Signal, ...], glyphs: Glyphs, name_width: int) -> Line:
    cells = []
    for signal in signals:
        cell = version.cells.get(signal.name)
        text = ""
        if cell is not None and not isinstance(cell.verdict.limit, Missing):
            text = f"{glyphs.limit} {_short(cell.verdict.limit, signal)}"
        cells.append(Span(fit(text, _CELL_WIDTH, glyphs.ellipsis), Tone.MUTED))
    return (Span(" " * (name_width + _TRAFFIC_WIDTH), Tone.MUTED), *cells)


def _value_span(cell: Cell | None, signal: Signal, glyphs: Glyphs) -> Span:
    if cell is None:
        return Span(fit(glyphs.unknown, _CELL_WIDTH, glyphs.ellipsis), Tone.UNKNOWN)
    verdict = cell.verdict
    tone = words.LEVEL_TONES[verdict.level]
    text = f"{glyphs.mark(tone).strip()}{_short(verdict.value, signal)}"
    return Span(fit(text, _CELL_WIDTH, glyphs.ellipsis), tone)


def _short(number: float | Missing, signal: Signal) -> str:
    return form.quantity(number) if signal.unit is Unit.PER_SECOND else form.value(number, signal.unit)


def _segment_span(version: ServedVersion, signal: Signal, name: str, glyphs: Glyphs, width: int) -> Span:
    cell = version.cells.get(signal.name)
    for segment in cell.segments if cell else ():
        if segment.name == name:
            tone = words.LEVEL_TONES[segment.verdict.level]
            mark = f"{glyphs.mark(tone).strip()}{form.value(segment.verdict.value, signal.unit)}"
            with_n = f"{mark} n={form.quantity(segment.verdict.n)}"
            in_words = f"{with_n} {words.level_word(segment.verdict.level)}"
            # By the width of the column, not of this text: a column reads better when its cells are alike.
            text = in_words if width >= _SEGMENT_CELLS[0] else with_n if width >= _SEGMENT_CELLS[1] else mark
            return Span(fit(text, width, glyphs.ellipsis), tone)
    return Span(fit(glyphs.missing, width, glyphs.ellipsis), Tone.MUTED)


def _origin_line(fleet: Fleet, target: Target, version: VersionId) -> Line:
    provenance = fleet.provenance.get((target.key.model, version))
    head = Span(f" {version:<5} ", Tone.MUTED)
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
        parts.append(f"image {_image_words(provenance.base_image.value)}")
    return "; ".join(parts) if parts else "the registry says nothing of code, data, image or approval"


def _image_words(image: str) -> str:
    """Return an image without its registry, its digest as short as people say it."""
    name, _, digest = image.rpartition("/")[2].partition("@")
    return f"{name} {digest.removeprefix('sha256:')[:10]}" if digest else name
