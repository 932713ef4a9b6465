"""One signal of one version becomes its next verdict: as a whole and segment by segment."""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.baseline import of_segment
from modeltui.domain.fleet import Cell, SegmentCell
from modeltui.domain.health import Baseline, Cause, Level, Rule, Verdict
from modeltui.domain.judgement import grown_old, judge, remembered
from modeltui.domain.names import NO_DATA, Instant, Missing, NoData
from modeltui.domain.signal import Sample, has_observations


def judged_cell(
    before: Cell | None,
    sample: Sample,
    rules: tuple[Rule, ...],
    baseline: Baseline | NoData,
    *,
    is_first_look: bool = False,
) -> Cell:
    """Return the cell after a new sample: the worse of the whole and its worst segment.

    At the first look, and where all memory was lost in a gap, nobody saw anything begin.
    """
    if isinstance(sample.at, Missing):
        return _unscraped_cell(before, sample)
    at, is_first = sample.at, is_first_look or (before is not None and not before.watches)
    watches, verdict = judge(
        rules, before.watches if before else (), sample.measurement, baseline, at, is_first_look=is_first
    )
    if not sample.segments:
        return Cell(sample, verdict, watches)
    cell = Cell(sample, verdict, watches, _judged_segments(before, sample, rules, baseline, at, is_first))
    worst = cell.worst_segment()
    if isinstance(worst, Missing) or worst.verdict.level <= verdict.level:
        return cell
    raised = replace(
        verdict,
        level=worst.verdict.level,
        before=worst.verdict.level,
        cause=Cause.SEGMENT,
        rule=worst.verdict.rule,
        since=worst.verdict.since,
        segment=worst.name,
        since_or_earlier=worst.verdict.since_or_earlier,
    )
    return Cell(sample, raised, watches, cell.segments)


def _unscraped_cell(before: Cell | None, sample: Sample) -> Cell:
    """Return the cell of a process that is gone: its last figures, marked, and all memory for its return."""
    value = sample.measurement.value if has_observations(sample.measurement) else NO_DATA
    if before is None:
        verdict = Verdict(Level.NO_DATA, Cause.NOT_SCRAPED, value)
        return Cell(sample, grown_old(verdict, Cause.NOT_SCRAPED))
    verdict = grown_old(replace(before.verdict, value=value), Cause.NOT_SCRAPED)
    return Cell(sample, verdict, before.watches, _aged_segments(before.segments, Cause.NOT_SCRAPED))


def _judged_segments(
    before: Cell | None,
    sample: Sample,
    rules: tuple[Rule, ...],
    baseline: Baseline | NoData,
    at: Instant,
    is_first_look: bool,
) -> tuple[SegmentCell, ...]:
    earlier = {segment.name: segment.watches for segment in before.segments} if before else {}
    judged = []
    for name, measurement in sample.segments:
        watches, verdict = judge(
            rules, earlier.get(name, ()), measurement, of_segment(baseline, name), at, is_first_look=is_first_look
        )
        judged.append(SegmentCell(name, measurement, verdict, watches))
    return tuple(judged)


def aged_cell(cell: Cell, max_age_seconds: float, now: Instant) -> Cell:
    """Return the cell as it stands at `now`: stale, with its segments, when its sample is too old."""
    at = cell.sample.at
    if cell.verdict.level is Level.STALE or (not isinstance(at, Missing) and now - at <= max_age_seconds):
        return cell
    cause = Cause.NOT_SCRAPED if isinstance(at, Missing) else Cause.TOO_OLD
    return Cell(cell.sample, grown_old(cell.verdict, cause), cell.watches, _aged_segments(cell.segments, cause))


def _aged_segments(segments: tuple[SegmentCell, ...], cause: Cause) -> tuple[SegmentCell, ...]:
    return tuple([SegmentCell(s.name, s.measurement, grown_old(s.verdict, cause), s.watches) for s in segments])


def with_memory(live: Cell, past: Cell | None) -> Cell:
    """Return a cell as it was seen live with what its rules remember of the time before."""
    if past is None:
        return live
    earlier = {segment.name: segment.watches for segment in past.segments}
    segments = tuple([replace(s, watches=remembered(earlier.get(s.name, ()), s.watches)) for s in live.segments])
    return Cell(live.sample, live.verdict, remembered(past.watches, live.watches), segments)


def forgetful(cell: Cell) -> Cell:
    """Return a cell whose rules remember nothing."""
    segments = tuple([replace(segment, watches=()) for segment in cell.segments])
    return replace(cell, watches=(), segments=segments)
