"""Everything about one target on a few lines: what is wrong with it, on what evidence, and where to go back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modeltui.domain.fleet import Cell, Fleet, ServedVersion, Target
from modeltui.domain.health import BaselineKind, Level, Verdict
from modeltui.domain.names import NO_DATA, Instant, Missing, NoData, VersionId
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.series import WHOLE
from modeltui.domain.signal import Signal
from modeltui.domain.skew import skewed_environments
from modeltui.domain.traffic import counts_for_target
from modeltui.present import format as form
from modeltui.present import words
from modeltui.present.cells import cell_width, elide_end, fit
from modeltui.present.glyphs import Glyphs, resample, sparkline
from modeltui.present.rows import state_span
from modeltui.present.span import Line, Span
from modeltui.present.target_detail import job_words, way_back
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

if TYPE_CHECKING:  # loaded when the first two versions are compared
    from modeltui.domain.suspects.suspect import Suspect

SPARK_SECONDS = 1_800.0
"""Half an hour: long enough to show the level before, short enough to show the break."""
_HOLD_SECONDS = 90.0
_MOST_SIGNALS = 6
_MOST_CHANGES = 3
_ALL = 1_000
"""More lines than any card has."""
_WIDE = 100
_LEAST_REASON = 24
"""Cells below which the beginning of a reason is worth nothing."""


@dataclass(frozen=True, slots=True)
class Card:
    """One target at one width."""

    fleet: Fleet
    target: Target
    width: int
    glyphs: Glyphs
    suspect: Suspect | None = None
    """What most likely is behind it, where somebody has compared its versions."""

    def lines(self, most: int = _ALL) -> list[Line]:
        """Return at most so many lines, the most telling first; a sentence without room for its end says so."""
        subject = subject_version(self.target)
        lines = [self.heading(subject)]
        if isinstance(subject, ServedVersion):
            shown = _worst_signals(subject, self.fleet.policy.signals)
            lines.extend(self.signal_line(subject, signal) for signal in shown)
            left_out = len(self.fleet.policy.signals) - len(shown)
            if left_out:
                lines.append(
                    (Span(f"       and {left_out} signals more, none of them worse: w shows all", Tone.MUTED),)
                )
        else:
            lines.append((Span("no version is known to serve here", Tone.UNKNOWN),))
        changed, back = self.what_changed(), self.way_back()
        why = self.evidence(subject)
        if changed and len(lines) + len(wrapped(why, self.width, indent=7)) + 2 > most:
            # The way back and what changed are worth more here than what the limit was made from: w tells that.
            why = (*why[:-1], why[-1]._replace(text=why[-1].text.partition(" (")[0]))
        for line in (why, *changed, back, *self.jobs(), *self._changes()):
            rows, room = wrapped(line, self.width, indent=7), most - len(lines)
            if room <= 0:
                break
            if len(rows) > room:
                # Longer than the card, the last row is cut with the mark for it.
                rows = [*rows[: room - 1], (*rows[room - 1], Span(" "), *rows[room][1:], Span(" " * self.width))]
            lines.extend(rows)
        return lines[:most]

    def one_line(self) -> Line:
        """Return the worst that is known, for where there is room for no more."""
        subject = subject_version(self.target)
        version = f" {subject.version} " if isinstance(subject, ServedVersion) else " "
        return (Span(version, Tone.STRONG), *self.evidence(subject)[1:])

    def heading(self, subject: ServedVersion | NoData) -> Line:
        """Return which version is shown and against which, as the line that separates the card."""
        rule = self.glyphs.horizontal
        line = [Span(f"{rule * 2} ", Tone.MUTED), Span(str(self.target.key), Tone.STRONG), Span(" ")]
        line.append(state_span(self.target, self.glyphs))
        if isinstance(subject, ServedVersion):
            line += [Span(f" {subject.version}", Tone.STRONG), Span(f" {_role_and_share(subject)}", Tone.PLAIN)]
            other = _other_version(self.target, subject)
            if isinstance(other, ServedVersion):
                line.append(Span(f" against {other.version} {other.role.value}", Tone.PLAIN))
        used = sum(cell_width(span.text) for span in line)
        return (*line, Span(f" {rule * max(self.width - used - 1, 0)}", Tone.MUTED))

    def signal_line(self, served: ServedVersion, signal: Signal) -> Line:
        """Return one signal: line of points, value, baseline, limit, verdict, since, worst segment."""
        title = Span(fit(signal.title.lower(), 6, self.glyphs.ellipsis), Tone.MUTED)
        cell = served.cells.get(signal.name)
        if cell is None:
            return (title, Span(f"{self.glyphs.unknown} no data: no source measures it", Tone.UNKNOWN))
        verdict = cell.verdict
        value_tone = Tone.STALE if verdict.level is Level.STALE else Tone.STRONG
        line = [
            title,
            Span(self._spark(served, signal, verdict), _spark_tone(verdict.level)),
            Span(f" {form.value(verdict.value, signal.unit):>6}", value_tone),
            Span(" base ", Tone.MUTED),
            Span(f"{_baseline_value(verdict, signal):<6}", Tone.PLAIN),
            Span(" lim ", Tone.MUTED),
            Span(f"{_limit_value(verdict, signal):<6}", Tone.PLAIN),
            Span(f" {words.level_word(verdict.level):<9}", words.LEVEL_TONES[verdict.level]),
        ]
        left = self.width - sum(cell_width(span.text) for span in line)
        for span in self._rest(cell, verdict, signal):
            # Whole words or none: half a figure is another figure.
            if cell_width(span.text.rstrip()) <= left:
                text = span.text if cell_width(span.text) <= left else span.text.rstrip()
                line.append(Span(text, span.tone))
                left -= cell_width(span.text)
        return tuple(line)

    def evidence(self, subject: ServedVersion | NoData) -> Line:
        """Return the sentence behind the worst verdict."""
        worst = _worst_of(subject, self.fleet) if isinstance(subject, ServedVersion) else None
        if worst is None:
            return (Span("why    ", Tone.MUTED), Span("nothing has been measured here", Tone.UNKNOWN))
        cell, signal = worst
        verdict = cell.verdict
        sentence = words.because(verdict, signal)
        segment = cell.worst_segment()
        if not isinstance(segment, Missing) and verdict.segment == segment.name:
            sentence = f"{segment.name}: {words.because(segment.verdict, signal)}"
        return (
            Span("why    ", Tone.MUTED),
            Span(f"{signal.title.lower()} {sentence}", words.LEVEL_TONES[verdict.level]),
        )

    def what_changed(self) -> list[Line]:
        """Return the first suspect on one line, as much of it as that holds; nothing where none is known."""
        if self.suspect is None:
            return []
        room = self.width - 7
        title = elide_end(str(self.suspect.title), room, self.glyphs.ellipsis)
        because = f": {self.suspect.because}"
        rest = elide_end(because, room - cell_width(title), self.glyphs.ellipsis)
        tail = [Span(rest)] if cell_width(rest) >= min(len(because), _LEAST_REASON) else []
        return [(Span("what   ", Tone.MUTED), Span(title, Tone.STRONG), *tail)]

    def way_back(self) -> Line:
        """Return the version to go back to, and why it is trusted."""
        return (Span("back   ", Tone.MUTED), *way_back(self.target, self.fleet.at))

    def jobs(self) -> list[Line]:
        """Return what else one must know: work in flight, another version elsewhere."""
        lines: list[Line] = []
        rollout = self.target.rollout
        if isinstance(rollout, Rollout):
            if not isinstance(rollout.says, Missing):
                lines.append((Span("ctrl   ", Tone.MUTED), Span(rollout.says)))
            lines.extend((Span("job    ", Tone.MUTED), Span(job_words(job, self.fleet.at))) for job in rollout.jobs[:2])
        others = skewed_environments(self.fleet, self.target.key)
        if others:
            lines.append((Span("skew   ", Tone.MUTED), Span(f"another version in {', '.join(others)}", Tone.WARN)))
        return lines

    def _changes(self) -> list[Line]:
        """Return what happened here last: of use where there is room for it."""
        recent = self.target.changes[-_MOST_CHANGES:]
        return [
            (Span(f"was    {form.clock_time(one.at)}Z  ", Tone.MUTED), Span(words.change_words(one)))
            for one in reversed(recent)
        ]

    def _spark(self, served: ServedVersion, signal: Signal, verdict: Verdict) -> str:
        width = spark_width(self.width)
        # Where a segment makes the verdict, its line is the one that shows why.
        segment = WHOLE if isinstance(verdict.segment, Missing) else verdict.segment
        points = self.fleet.points(self.target.key, served.version, signal.name, segment)
        end = self.fleet.at
        values = resample(((point.at, point.value) for point in points), end - SPARK_SECONDS, end, width, _HOLD_SECONDS)
        return sparkline(values or (NO_DATA,), width, self.glyphs, limit=verdict.limit)

    def _rest(self, cell: Cell, verdict: Verdict, signal: Signal) -> list[Span]:
        rest: list[Span] = []
        if verdict.level >= Level.WARN and not isinstance(verdict.since, Missing):
            rest.append(Span(f" {words.lasted(verdict, self.fleet.at)} ", Tone.PLAIN))
        segment = cell.worst_segment()
        if not isinstance(segment, Missing):
            # On a narrow screen the segment's value says enough: micro, not merchant_size=micro.
            name = segment.name if self.width >= _WIDE else segment.name.rpartition("=")[2]
            text = f"{name} {form.value(segment.verdict.value, signal.unit)}"
            rest.append(Span(f"{text} ", words.LEVEL_TONES[segment.verdict.level]))
        if not isinstance(verdict.n, Missing):
            rest.append(Span(f"n={form.quantity(verdict.n)} ", Tone.MUTED))
        if self.width >= _WIDE:
            rest.append(Span(_age_words(cell, self.fleet.at), Tone.MUTED))
        return rest


def subject_version(target: Target) -> ServedVersion | NoData:
    """Return the version that the card is about: the worst that counts, else the candidate, else what serves."""
    counted = [version for version in target.versions if counts_for_target(version)]
    if not counted:
        return target.versions[0] if target.versions else NO_DATA
    return max(counted, key=lambda version: (version.level, version.role is Role.CANDIDATE))


def _spark_tone(level: Level) -> Tone:
    """What is well stays quiet, so that the eye finds what is not.

    Not the tone of the state: with some themes that is a background, on which a low line looks like a high one.
    """
    return Tone.SERIES_1 if level >= Level.WARN else Tone.MUTED


def spark_width(width: int) -> int:
    """Return how many cells the line of points gets in a card of `width`."""
    return min(max(width - 66, 8), 40)


def _worst_signals(subject: ServedVersion, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
    """Return as many signals as a card has lines for, the worst, in their order."""

    def level(signal: Signal) -> int:
        cell = subject.cells.get(signal.name)
        return -1 if cell is None else cell.verdict.level

    kept = {signal.name for signal in sorted(signals, key=lambda signal: -level(signal))[:_MOST_SIGNALS]}
    return tuple(signal for signal in signals if signal.name in kept)


def _other_version(target: Target, subject: ServedVersion) -> ServedVersion | NoData:
    compared: list[VersionId] = [
        cell.verdict.baseline.version
        for cell in subject.cells.values()
        if not isinstance(cell.verdict.baseline, Missing)
        and cell.verdict.baseline.kind in (BaselineKind.STABLE, BaselineKind.LAST_KNOWN_GOOD)
    ]
    return target.version(compared[0]) if compared else NO_DATA


def _role_and_share(version: ServedVersion) -> str:
    share = version.observed
    if not isinstance(share, Missing):
        seen = form.percent(share)
    elif not isinstance(version.desired, Missing):
        seen = f"{form.percent(version.desired)} desired, not observed"
    else:
        seen = "share unknown"
    return f"({version.role.value} {seen})"


def _worst_of(subject: ServedVersion, fleet: Fleet) -> tuple[Cell, Signal] | None:
    signals = {signal.name: signal for signal in fleet.policy.signals}
    known = [(cell, signals[name]) for name, cell in subject.cells.items() if name in signals]
    judged = [found for found in known if found[0].verdict.level is not Level.NO_LIMIT] or known
    return max(judged, key=lambda found: found[0].verdict.level) if judged else None


def _baseline_value(verdict: Verdict, signal: Signal) -> str:
    if isinstance(verdict.baseline, Missing):
        return "-"
    return form.value(verdict.baseline.measurement.value, signal.unit)


def _limit_value(verdict: Verdict, signal: Signal) -> str:
    return "-" if isinstance(verdict.limit, Missing) else form.value(verdict.limit, signal.unit)


def _age_words(cell: Cell, now: Instant) -> str:
    at = cell.sample.at
    return "not scraped" if isinstance(at, Missing) else f"{form.age(at, now)} ago"
