"""How an action goes and how it ended, in words; what was sent is never called done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import Enum

from modeltui.domain.acting.action import ActionKind, Plan
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.present import format as form
from modeltui.present.glyphs import Glyphs
from modeltui.present.plan_text import check_spans, title_words, weights_words
from modeltui.present.span import Line, Span
from modeltui.present.times import both_times
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped


class Standing(Enum):
    """How one milestone stands."""

    DONE = "done"
    WAITING = "waiting"
    AHEAD = "ahead"
    NEVER = "never"
    """The action ended before it."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """One of the four things that must be seen before an action counts as done."""

    name: str
    means: str
    """What has been seen when it is reached."""
    standing: Standing
    at: Instant | Unknown = UNKNOWN
    """When it was reached."""
    since: Instant | Unknown = UNKNOWN
    """While it is waited for: since when."""
    expected_seconds: float | Unknown = UNKNOWN
    """How long it usually takes from the first byte."""
    says: str = ""
    """While it is waited for: for what."""


OUTCOME_TONES = {
    Outcome.VERIFIED: Tone.OK,
    Outcome.PARTIAL: Tone.WARN,
    Outcome.FAILED: Tone.BREACH,
    Outcome.REFUSED: Tone.UNKNOWN,
    Outcome.UNKNOWN: Tone.BREACH,
}
_OUTCOME_MEANS = {
    Outcome.VERIFIED: "the controller has it, the metrics show it serving, the signals are within their limits",
    Outcome.PARTIAL: "it took, and not all of it",
    Outcome.FAILED: "nothing of it is in force",
    Outcome.REFUSED: "nothing was sent",
    Outcome.UNKNOWN: "it may or may not have taken: look, do not repeat",
}
_SENT_WORDS = {Outcome.REFUSED: ", nothing was sent:"}
"""What must not be lost behind the reason."""
_NEXT = {
    Outcome.VERIFIED: "nothing; it is watched for a while in case something undoes it",
    Outcome.PARTIAL: "look at the target: what serves now is what counts",
    Outcome.FAILED: "read what the backend said, then make a new plan",
    Outcome.REFUSED: "make a new plan: it is made from a fresh look",
    Outcome.UNKNOWN: "look at what serves now, do not repeat it: it is looked up again until it is known",
}
_LOST_WORDS = "NO OUTCOME HEARD"
_PHASE_MEANS = (
    ("requested", "written down; it goes on without this terminal"),
    ("accepted", "the controller reads back as planned"),
    ("serving", "metrics show the planned versions answering"),
    ("healthy", "what made us act is within its limits"),
)
_REACHED_BY = {
    Phase.INTENT: 0,
    Phase.SENDING: 0,
    Phase.ACCEPTED: 1,
    Phase.SERVING: 2,
    Phase.HEALTHY: 3,
}


def outcome_word(outcome: Outcome) -> str:
    """Return the final word: `VERIFIED`, `OUTCOME UNKNOWN`."""
    return "OUTCOME UNKNOWN" if outcome is Outcome.UNKNOWN else outcome.value.upper()


def outcome_means(outcome: Outcome) -> str:
    """Return what the final word means."""
    return _OUTCOME_MEANS[outcome]


def next_step(report: Report) -> str:
    """Return what to do after an action that ended so."""
    return str(report.remedy) or _NEXT[report.outcome]


def final_report(progress: Sequence[Progress]) -> Report | Unknown:
    """Return the report with which an action ended."""
    return next((one.report for one in reversed(progress) if not isinstance(one.report, Missing)), UNKNOWN)


def milestones(plan: Plan, progress: Sequence[Progress]) -> tuple[Milestone, ...]:
    """Return requested, accepted, serving and healthy, each as the runner's messages have it."""
    report = final_report(progress)
    at = _times(progress, report)
    ended = not isinstance(report, Missing)
    waiting = next((one for one in reversed(progress) if one.phase in (Phase.WAITING, Phase.SENDING)), None)
    expected = (UNKNOWN, *_expected(plan))
    found: list[Milestone] = []
    is_next = True
    before: Instant | Unknown = UNKNOWN
    for place, (name, means) in enumerate(_PHASE_MEANS):
        if not isinstance(at[place], Missing):
            found.append(Milestone(name, means, Standing.DONE, at[place]))
            before = at[place]
            continue
        if ended:
            found.append(Milestone(name, means, Standing.NEVER))
        elif is_next:
            says = str(waiting.says) if waiting is not None else ""
            found.append(Milestone(name, means, Standing.WAITING, UNKNOWN, before, expected[place], says))
        else:
            found.append(Milestone(name, means, Standing.AHEAD, expected_seconds=expected[place]))
        is_next = False
    return tuple(found)


def tracker_lines(
    plan: Plan,
    progress: Sequence[Progress],
    now: Instant,
    width: int,
    glyphs: Glyphs,
    zone: tzinfo = UTC,
    *,
    is_lost: bool = False,
) -> list[Line]:
    """Return the tracker: what has been seen, what is waited for, and at the end the final word and the next step."""
    rows: list[Line] = []
    report = final_report(progress)
    start = _times(progress, report)[0]
    for milestone in milestones(plan, progress):
        if is_lost and milestone.standing is not Standing.DONE:
            continue  # nobody waits for it here
        rows += wrapped(_milestone_line(milestone, start, now, glyphs), width, 30 if width >= 70 else 6)
    if not isinstance(report, Missing):
        for line in report_lines(report, glyphs, zone):
            rows += wrapped(line, width, 6)
    rows += [row for line in _snap_back_lines(progress, glyphs) for row in wrapped(line, width, 6)]
    return rows


def report_lines(report: Report, glyphs: Glyphs, zone: tzinfo = UTC) -> list[Line]:
    """Return the final word, why, what serves, and the next step."""
    tone = OUTCOME_TONES[report.outcome]
    rows: list[Line] = [
        (
            Span(f"{glyphs.mark(tone)} {outcome_word(report.outcome)}{_SENT_WORDS.get(report.outcome, '')}", tone),
            Span(f"  {report.because or outcome_means(report.outcome)}", Tone.STRONG),
        )
    ]
    if report.serving:
        rows.append((Span("serves", Tone.MUTED), Span(f"  {weights_words(report.serving)}, as observed")))
    rows += [(Span("  "), *check_spans(check, glyphs)) for check in report.checks if report.outcome is Outcome.REFUSED]
    rows.append((Span("next", Tone.MUTED), Span(f"  {next_step(report)}")))
    number = "no line of its own" if isinstance(report.seq, Missing) else f"#{report.seq}"
    rows.append((Span("journal", Tone.MUTED), Span(f"  {number}{_times_words(report, zone)}")))
    return rows


def tracker_title(plan: Plan, progress: Sequence[Progress], *, is_lost: bool = False) -> Line:
    """Return what is under way, or how it ended; `is_lost`: nobody says any more."""
    report = final_report(progress)
    what = Span(f"{title_words(plan)}: ", Tone.TITLE)
    if not isinstance(report, Missing):
        return (what, Span(outcome_word(report.outcome), OUTCOME_TONES[report.outcome]))
    return (what, Span(_LOST_WORDS, Tone.BREACH) if is_lost else Span("under way", Tone.WARN))


def sticky_line(
    plan: Plan, progress: Sequence[Progress], now: Instant, glyphs: Glyphs, *, is_lost: bool = False
) -> Line:
    """Return one line on an action whose tracker was left: where it is, or how it ended."""
    report = final_report(progress)
    what = f" {plan.kind.value} {plan.target} to {plan.version} "
    if not isinstance(report, Missing):
        tone = OUTCOME_TONES[report.outcome]
        mark = f"{glyphs.mark(tone)} {outcome_word(report.outcome)}"
        ending: Line = (Span(mark, tone), Span(f"  {report.because}"))
        if plan.kind is ActionKind.ABORT and report.outcome is Outcome.VERIFIED and plan.not_changed:
            ending = (Span(mark, tone), Span(f"  {plan.not_changed[0]}", Tone.WARN))
        return (Span(what, Tone.STRONG), *ending)
    if is_lost:
        says = "  the runner fell silent; the journal has the outcome, or will have it"
        return (Span(what, Tone.STRONG), Span(f"{glyphs.breach} {_LOST_WORDS}", Tone.BREACH), Span(says))
    steps = milestones(plan, progress)
    waiting = next((step for step in steps if step.standing is Standing.WAITING), steps[-1])
    waited = "" if isinstance(waiting.since, Missing) else f" {form.age(waiting.since, now)}"
    return (
        Span(what, Tone.STRONG),
        Span(f"waits to be {waiting.name}{waited}", Tone.WARN),
        Span(f"  {waiting.says}", Tone.MUTED),
    )


def phase_words(one: Progress) -> str:
    """Return one message of a runner as a line of plain output: `accepted: the controller reads back as planned`."""
    place = _REACHED_BY.get(one.phase)
    means = {
        Phase.PREPARING: "the world is read afresh",
        Phase.PREPARED: "the world is as the plan assumes; nothing has been sent",
        Phase.MOVED: "the world has moved; nothing was sent",
        Phase.SENDING: "the first byte leaves; not done until it is seen",
        Phase.WAITING: "waiting",
        Phase.DONE: "ended",
        Phase.SNAPPED_BACK: "something undid it",
    }.get(one.phase, _PHASE_MEANS[place][1] if place is not None else "")
    word = "requested" if one.phase is Phase.INTENT else one.phase.value
    return f"{word}: {one.says or means}"


def _times(progress: Sequence[Progress], report: Report | Unknown) -> list[Instant | Unknown]:
    """Return when each milestone was reached; the report, which the journal has too, is surer than the messages."""
    at: list[Instant | Unknown] = [UNKNOWN] * len(_PHASE_MEANS)
    for one in progress:
        place = _REACHED_BY.get(one.phase)
        if place is not None and isinstance(at[place], Missing):
            at[place] = one.at
    if not isinstance(report, Missing):
        told = (report.requested_at, report.accepted_at, report.serving_at, report.healthy_at)
        at = [said if not isinstance(said, Missing) else seen for said, seen in zip(told, at, strict=True)]
        if report.outcome is Outcome.REFUSED:
            at = [UNKNOWN] * len(at)
    return at


def _expected(plan: Plan) -> tuple[float, float, float]:
    return plan.expected.accepted_seconds, plan.expected.serving_seconds, plan.expected.healthy_seconds


def _milestone_line(one: Milestone, start: Instant | Unknown, now: Instant, glyphs: Glyphs) -> Line:
    match one.standing:
        case Standing.DONE:
            taken = "" if isinstance(start, Missing) or one.at == start else f"+{form.duration(_since(start, one.at))}"
            when = f"{form.clock_time(one.at)}Z {taken}"
            return (Span(f"{glyphs.ok} {one.name:<10}", Tone.OK), Span(f"{when:<18}"), Span(one.means, Tone.MUTED))
        case Standing.WAITING:
            waited = "" if isinstance(one.since, Missing) else f"{form.age(one.since, now)}"
            usual = "" if isinstance(one.expected_seconds, Missing) else f" of {form.about(one.expected_seconds)}"
            says = one.says or f"waits until {one.means}"
            return (
                Span(f"{glyphs.right} {one.name:<10}", Tone.WARN),
                Span(f"{f'waited {waited}{usual}' if waited else 'waiting':<18}"),
                Span(says),
            )
        case Standing.AHEAD:
            return (Span(f"  {one.name:<10}{'then':<18}", Tone.MUTED), Span(one.means, Tone.MUTED))
        case Standing.NEVER:
            return (Span(f"{glyphs.missing} {one.name:<10}{'not seen':<18}", Tone.UNKNOWN),)


def _since(start: Instant | Unknown, at: Instant | Unknown) -> float:
    return 0.0 if isinstance(start, Missing) or isinstance(at, Missing) else at - start


def _snap_back_lines(progress: Sequence[Progress], glyphs: Glyphs) -> list[Line]:
    return [
        (
            Span(f"{glyphs.breach} SNAPPED BACK", Tone.BREACH),
            Span(f"  {one.says or 'something undid it after the outcome'}, {form.clock_time(one.at)}Z"),
        )
        for one in progress
        if one.phase is Phase.SNAPPED_BACK
    ]


def _times_words(report: Report, zone: tzinfo) -> str:
    if isinstance(report.requested_at, Missing):
        return ""
    reached = (("healthy", report.healthy_at), ("serving", report.serving_at), ("accepted", report.accepted_at))
    seen = [(name, at) for name, at in reached if not isinstance(at, Missing)]
    took = f", {seen[0][0]} after {form.duration(seen[0][1] - report.requested_at)}" if seen else ""
    return f"; requested {both_times(report.requested_at, zone)}{took}"
