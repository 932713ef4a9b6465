"""One row per target, cell by cell: the fleet screen, `status --plain` and `--csv` show the same words."""

from __future__ import annotations

from dataclasses import dataclass

from modeltui.domain.fleet import Cell, Fleet, ServedVersion, Target
from modeltui.domain.health import Level, Verdict
from modeltui.domain.names import Instant, Missing, SignalName, VersionId
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.signal import Signal, Unit
from modeltui.domain.skew import skewed_environments
from modeltui.domain.traffic import counts_for_target
from modeltui.present import format as form
from modeltui.present import words
from modeltui.present.glyphs import UNICODE, Glyphs
from modeltui.present.span import Span
from modeltui.present.tone import Tone

TARGET, ENVIRONMENT, STATE, SERVING, CANDIDATE, STAGE, STAGE_TIME, SKEW, SINCE, TRAFFIC = (
    "model",
    "environment",
    "state",
    "serving",
    "candidate",
    "stage",
    "stage_time",
    "skew",
    "since",
    "traffic",
)
"""Keys of the columns that are no signals; a signal's column has the signal's name."""


@dataclass(frozen=True, slots=True)
class TargetRow:
    """A target in words; a column that a face does not show costs nothing."""

    fleet: Fleet
    target: Target
    glyphs: Glyphs = UNICODE

    def cell(self, column: str) -> Span:
        """Return one cell by the key of its column."""
        make = _MAKERS.get(column)
        return make(self) if make else self.signal(SignalName(column))  # type: ignore[arg-type]  # a column's key

    def signal(self, name: SignalName) -> Span:
        """Return the worst of the serving versions in one signal."""
        signal = next((s for s in self.fleet.policy.signals if s.name == name), None)
        found = worst_cell(self.target, name)
        if signal is None or found is None:
            # Nothing at all is measured here: that is a state. One signal that nobody exports is only absent.
            silent = self.target.level is Level.NO_DATA
            return Span(self.glyphs.unknown, Tone.UNKNOWN) if silent else Span(self.glyphs.missing, Tone.MUTED)
        return signal_span(found[1], signal, self.glyphs, self.fleet.at)


def worst_cell(target: Target, name: SignalName) -> tuple[ServedVersion, Cell] | None:
    """Return the version that is worst in one signal, with its cell; of equals the stable one."""
    cells = [
        (version, version.cells[name])
        for version in target.versions
        if name in version.cells and counts_for_target(version)
    ]
    if not cells:
        return None
    return max(cells, key=lambda found: (found[1].verdict.level, found[0].role is Role.STABLE))


def signal_span(cell: Cell, signal: Signal, glyphs: Glyphs, now: Instant) -> Span:
    """Return one signal in six characters mostly: `ok`, `✖21%`, `?few`, `~3m`."""
    verdict = cell.verdict
    tone = words.LEVEL_TONES[verdict.level]
    match verdict.level:
        case Level.OK:
            return Span("ok", tone)
        case Level.NO_LIMIT:
            return Span(form.value(verdict.value, signal.unit), tone)
        case Level.NO_DATA:
            few = not isinstance(verdict.n, Missing) and verdict.n > 0
            return Span(f"{glyphs.unknown}{'few' if few else 'none'}", tone)
        case Level.STALE:
            age = "gone" if isinstance(cell.sample.at, Missing) else form.about(now - cell.sample.at)
            return Span(f"{glyphs.stale}{age}", tone)
        case Level.WARN | Level.BREACH:
            return Span(f"{glyphs.mark(tone)}{_short_value(_telling_value(cell, verdict), signal.unit)}", tone)


def _short_value(number: float | Missing, unit: Unit) -> str:
    """Return a value without the unit that its column's heading implies anyway."""
    return form.quantity(number) if unit is Unit.PER_SECOND else form.value(number, unit)


def _telling_value(cell: Cell, verdict: Verdict) -> float | Missing:
    for segment in cell.segments:
        if segment.name == verdict.segment:
            return segment.verdict.value
    return verdict.value


def state_span(target: Target, glyphs: Glyphs) -> Span:
    """Return the level as mark and word; a stale breach says what it was."""
    tone = words.LEVEL_TONES[target.level]
    word = words.level_word(target.level)
    if target.level is Level.STALE and target.last_judged >= Level.WARN:
        word = f"{word}, was {words.level_word(target.last_judged)}"
    return Span(f"{glyphs.mark(tone)} {word}" if glyphs.mark(tone).strip() else word, tone)


def _version_span(row: TargetRow, version: VersionId | Missing) -> Span:
    if isinstance(version, Missing):
        return Span(row.glyphs.missing, Tone.MUTED)
    served = row.target.version(version)
    if isinstance(served, Missing) or not counts_for_target(served):
        return Span(version, Tone.PLAIN)
    bad = served.level in (Level.WARN, Level.BREACH)
    return Span(version, words.LEVEL_TONES[served.level] if bad else Tone.PLAIN)


def _serving(row: TargetRow) -> Span:
    span = _version_span(row, row.target.serving)
    if isinstance(row.target.serving, Missing):
        return span
    if not row.target.is_serving_observed:
        # An intention is not a fact: what nobody measures is marked.
        return Span(f"{span.text}?", Tone.UNKNOWN)
    if skewed_environments(row.fleet, row.target.key):
        return Span(f"{span.text}{row.glyphs.skew}", Tone.WARN if span.tone is Tone.PLAIN else span.tone)
    return span


def _stage(row: TargetRow) -> Span:
    rollout = row.target.rollout
    if not isinstance(rollout, Rollout) or isinstance(rollout.candidate, Missing):
        return Span("", Tone.MUTED)
    served = row.target.version(rollout.candidate)
    share = served.observed if isinstance(served, ServedVersion) else Missing.UNKNOWN
    if isinstance(share, Missing) and isinstance(served, ServedVersion):
        share = served.desired
    return Span(form.percent(share), Tone.PLAIN)


def _stage_time(row: TargetRow) -> str:
    rollout = row.target.rollout
    if not isinstance(rollout, Rollout) or isinstance(rollout.stage, Missing):
        return ""
    since = form.age(rollout.stage.since, row.fleet.at)
    hold = rollout.stage.hold_seconds
    held = "" if isinstance(hold, Missing) else f"/{form.about(hold)}"
    return f"{rollout.stage.name} {since}{held}"


def _skew(row: TargetRow) -> Span:
    others = skewed_environments(row.fleet, row.target.key)
    return Span(f"{row.glyphs.skew} {','.join(others)}", Tone.WARN) if others else Span("", Tone.MUTED)


def _since(row: TargetRow) -> Span:
    if row.target.level < Level.WARN:
        return Span("", Tone.MUTED)
    return Span(words.lasted(row.target, row.fleet.at), Tone.PLAIN)


def _traffic(row: TargetRow) -> Span:
    total = 0.0
    seen = False
    for version in row.target.versions:
        cell = version.cells.get(SignalName("throughput"))  # type: ignore[arg-type]  # the standard name
        if cell is not None and not isinstance(cell.verdict.value, Missing) and counts_for_target(version):
            total += cell.verdict.value
            seen = True
    return Span(f"{form.quantity(total)}/s" if seen else row.glyphs.missing, Tone.PLAIN if seen else Tone.MUTED)


_MAKERS = {
    TARGET: lambda row: Span(row.target.key.model, Tone.STRONG),
    ENVIRONMENT: lambda row: Span(row.target.key.environment, Tone.PLAIN),
    STATE: lambda row: state_span(row.target, row.glyphs),
    SERVING: _serving,
    CANDIDATE: lambda row: _version_span(row, row.target.candidate),
    STAGE: _stage,
    STAGE_TIME: lambda row: Span(_stage_time(row), Tone.PLAIN),
    SKEW: _skew,
    # The same without marks: scripts compare whole cells.
    "served": lambda row: Span("-" if isinstance(row.target.serving, Missing) else row.target.serving),
    "observed": lambda row: Span("yes" if row.target.is_serving_observed else "no"),
    "skewed": lambda row: Span(",".join(skewed_environments(row.fleet, row.target.key))),
    SINCE: _since,
    TRAFFIC: _traffic,
}
