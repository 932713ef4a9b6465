"""A plan in words: the same on the guard panel, on the command line and in reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from modeltui.domain.acting.action import (
    ActionKind,
    Check,
    CheckResult,
    Desired,
    Guarantee,
    GuardLevel,
    JobInFlight,
    Plan,
    Refusal,
    Step,
    Weights,
)
from modeltui.domain.names import Instant, Missing
from modeltui.present import format as form
from modeltui.present.cells import elide_end
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.times import both_times
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

MOST_FACTS = 7
"""What somebody just woken up can hold."""
LABEL_WIDTH = 9
_SMALLEST_SHARE = 0.0005
_MOST_NAMED = 46
"""Cells for the names of checks that passed: one row of a panel of 80."""

CHECK_TONES = {
    CheckResult.PASS: Tone.OK,
    CheckResult.WARN: Tone.WARN,
    CheckResult.FAIL: Tone.BREACH,
    CheckResult.UNKNOWN: Tone.UNKNOWN,
}
CHECK_WORDS = {
    CheckResult.PASS: "pass",
    CheckResult.WARN: "warning",
    CheckResult.FAIL: "FAILED",
    CheckResult.UNKNOWN: "not known",
}
_VERBS = {
    ActionKind.ABORT: "Abort the rollout",
    ActionKind.ROLLBACK: "Roll back",
    ActionKind.PROMOTE: "Promote",
    ActionKind.WEIGHTS: "Change traffic",
}
_GUARANTEES = {
    Guarantee.NATIVE: "the backend compares and swaps",
    Guarantee.EMULATED: "we look before and after",
    Guarantee.NONE: "nothing prevents a second writer",
}
_GUARDS = {
    GuardLevel.LETTER: "one letter",
    GuardLevel.VERSION: "the version, typed",
    GuardLevel.IDENTITY: "environment/model@version, a reason and each flag",
    GuardLevel.SECOND_PERSON: "environment/model@version, a reason, each flag, and a second person",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to know before acting."""

    label: str
    """At most eight letters."""
    spans: Line


def verb(kind: ActionKind) -> str:
    """Return what an action does, to begin a sentence: `Roll back`."""
    return _VERBS[kind]


def weights_words(weights: Weights) -> str:
    """Return who gets what: `2.3.1 95%, 3.0.0 5.0%`; a version without traffic is left out."""
    shown = [f"{version} {form.percent(share)}" for version, share in weights if share >= _SMALLEST_SHARE]
    return ", ".join(shown) or "no traffic"


def desired_words(desired: Desired) -> str:
    """Return a wished state: shares, stable, and the candidate where there is one."""
    text = f"{weights_words(desired.weights)}, stable {desired.stable}"
    return text if isinstance(desired.candidate, Missing) else f"{text}, candidate {desired.candidate}"


def title_words(plan: Plan) -> str:
    """Return what is about to be done, to what: `Roll back fraud-detector@prod-hk to 2.3.1`."""
    target = plan.target
    match plan.kind:
        case ActionKind.ABORT:
            return f"Abort the rollout on {target}"
        case ActionKind.ROLLBACK:
            return f"Roll back {target} to {plan.version}"
        case ActionKind.PROMOTE:
            return f"Promote {plan.version} on {target}"
        case ActionKind.WEIGHTS:
            return f"Change traffic on {target}"


def consequence(plan: Plan) -> str:
    """Return in one sentence what is so afterwards."""
    target = plan.target
    match plan.kind:
        case ActionKind.ABORT:
            left = [str(version) for version, _ in plan.leaving if version != plan.version]
            stops = f"The rollout of {left[0]} stops: " if left else "The rollout stops: "
            return f"{stops}only {plan.version} answers {target}."
        case ActionKind.ROLLBACK:
            return f"Afterwards only {plan.version} answers {target}."
        case ActionKind.PROMOTE:
            return f"Afterwards {plan.version} is stable and alone answers {target}."
        case ActionKind.WEIGHTS:
            return f"{target} is answered by {weights_words(plan.to.weights)}."


def plan_facts(plan: Plan, glyphs: Glyphs) -> tuple[Fact, ...]:
    """Return at most seven facts, the ones to decide by first."""
    facts = [
        Fact("traffic", _traffic_spans(plan, glyphs)),
        Fact("why", (Span(_why_words(plan)),)),
        Fact("checks", _checks_spans(plan.checks, glyphs, names_only=plan.guard >= GuardLevel.IDENTITY)),
        Fact("stays", (Span(_stays_words(plan)),)),
        Fact("does", (Span(_does_words(plan.steps)),)),
        Fact("surety", (Span(str(plan.writes_through.says)),)),
        Fact("takes", (Span(_takes_words(plan)),)),
    ]
    return tuple(fact for fact in facts if any(span.text for span in fact.spans))


def fact_lines(facts: Sequence[Fact], width: int) -> list[Line]:
    """Return facts as labelled rows of at most `width` cells; a long one goes on below itself."""
    rows: list[Line] = []
    for fact in facts:
        rows += wrapped((Span(f"{fact.label:<{LABEL_WIDTH}}", Tone.MUTED), *fact.spans), width, LABEL_WIDTH)
    return rows


def panel_lines(plan: Plan, width: int, glyphs: Glyphs, suspect: str = "") -> list[Line]:
    """Return the plan for a panel: the consequence, and the facts below it; what may be behind it on one row."""
    lines = wrapped((Span(consequence(plan), Tone.STRONG),), width)
    for fact in plan_facts(plan, glyphs):
        lines += fact_lines([fact], width)
        if suspect and fact.label == "why":
            lines.append(suspect_line(suspect, width, glyphs))
    return lines


def suspect_line(suspect: str, width: int, glyphs: Glyphs) -> Line:
    """Return what most likely is behind it on one row, cut at its end where it is longer."""
    said = elide_end(suspect, width - LABEL_WIDTH, glyphs.ellipsis)
    return (Span(f"{'suspect':<{LABEL_WIDTH}}", Tone.MUTED), Span(said))


def short_lines(plan: Plan, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the plan of an abort: what happens, to whom, how it is done; a fourth line only for what did not pass."""
    kept = [fact for fact in plan_facts(plan, glyphs) if fact.label in {"traffic", "does"}]
    if plan.flags:
        kept.append(Fact("checks", _checks_spans(plan.flags, glyphs)))
    return [*wrapped((Span(consequence(plan), Tone.STRONG),), width), *fact_lines(kept, width)]


def plan_lines(plan: Plan, glyphs: Glyphs, zone: tzinfo = UTC) -> list[Line]:
    """Return all of the plan, for the command line, reports and a page of its own: one fact a line, none cut."""
    rows: list[Line] = [
        (Span(title_words(plan), Tone.TITLE),),
        (Span(consequence(plan), Tone.STRONG),),
        _row("context", str(plan.context)),
        _row("traffic", *_traffic_spans(plan, glyphs)),
        _row("why", _why_words(plan)),
    ]
    rows += [_row("check" if place == 0 else "", *check_spans(one, glyphs)) for place, one in enumerate(plan.checks)]
    rows += [_row("job" if place == 0 else "", job_words(job)) for place, job in enumerate(plan.jobs)]
    rows += [_row("stays" if place == 0 else "", str(says)) for place, says in enumerate(plan.not_changed)]
    rows += [_row(f"step {place}", step_words(step)) for place, step in enumerate(plan.steps, 1)]
    rows.append(_row("where", str(plan.writes_to)))
    rows.append(_row("surety", f"{_GUARANTEES[plan.writes_through.guarantee]}: {plan.writes_through.says}"))
    rows.append(_row("takes", _duration_words(plan)))
    rows.append(_row("undo", undo_words(plan)))
    rows += premise_lines(plan, zone)
    rows.append(_row("guard", f"{_GUARDS[plan.guard]}{_but_for(plan)}"))
    rows.append(_row("void", f"at {both_times(plan.expires_at, zone)}, or when the premise no longer holds"))
    rows.append(_row("plan", f"{plan.hash}, by {plan.actor}"))
    return rows


def premise_lines(plan: Plan, zone: tzinfo = UTC) -> list[Line]:
    """Return the world as the plan assumes it."""
    premise = plan.premise
    told = "not known" if isinstance(premise.desired, Missing) else desired_words(premise.desired)
    rows = [
        _row("premise", f"seen at {both_times(premise.observed_at, zone)}"),
        _row("", f"told to the controller: {told}"),
    ]
    known = (("serving", premise.serving), ("last known good", premise.known_good), ("stage", premise.stage))
    rows += [_row("", f"{name}: {value}") for name, value in known if not isinstance(value, Missing)]
    tokens = (("revision", premise.revision), ("digest", premise.digest))
    return rows + [_row("", f"{name}: {value}") for name, value in tokens if not isinstance(value, Missing)]


def check_spans(check: Check, glyphs: Glyphs) -> Line:
    """Return one check: symbol, word, name, what it says."""
    tone = CHECK_TONES[check.result]
    return (
        Span(f"{glyphs.mark(tone)} {CHECK_WORDS[check.result]:<9}", tone),
        Span(f" {check.name}: {check.says}"),
    )


def refusal_lines(refusal: Refusal, glyphs: Glyphs) -> list[Line]:
    """Return why something is not done, what to do instead, and what was looked at."""
    rows: list[Line] = [(Span(f"{glyphs.breach} refused: ", Tone.BREACH), Span(str(refusal.reason), Tone.STRONG))]
    if refusal.remedy:
        rows.append((Span("  next: ", Tone.MUTED), Span(str(refusal.remedy))))
    worth = [check for check in refusal.checks if check.result is not CheckResult.PASS] or refusal.checks
    return rows + [(Span("  "), *check_spans(check, glyphs)) for check in worth]


def job_words(job: JobInFlight) -> str:
    """Return a batch job: its name, its version and how far it is."""
    far = "" if isinstance(job.progress, Missing) else f", {form.percent(job.progress)} done"
    return f"{job.name} runs on {job.version}{far}, since {form.date_time(job.started_at)} UTC"


def step_words(step: Step) -> str:
    """Return one step: when, what it says to the backend."""
    when = "at once" if step.after_seconds <= 0 else f"{form.about(step.after_seconds)} after the step before"
    return f"{weights_words(step.desired.weights)}, {when}: {step.call}"


def undo_words(plan: Plan) -> str:
    """Return what would undo it."""
    if isinstance(plan.inverse, Missing):
        return "not known: note what serves now before acting"
    return f"back to {weights_words(plan.inverse.weights)}"


def seen_words(plan: Plan, now: Instant, zone: tzinfo = UTC) -> str:
    """Return when the world was looked at: `seen 12s ago, 02:07:31 UTC (10:07:31 HKT)`."""
    at = plan.premise.observed_at
    return f"seen {form.age(at, now)} ago, {both_times(at, zone)}"


def _row(label: str, *spans: Span | str) -> Line:
    given = tuple(Span(span) if isinstance(span, str) else span for span in spans)
    return (Span(f"{label:<{LABEL_WIDTH}}", Tone.MUTED), *given)


def _traffic_spans(plan: Plan, glyphs: Glyphs) -> Line:
    arrow = f" {glyphs.right} "
    steps = f" in {len(plan.steps)} steps" if len(plan.steps) > 1 else ""
    return (
        Span(weights_words(plan.leaving)),
        Span(arrow, Tone.ACCENT),
        Span(weights_words(plan.to.weights) + steps, Tone.STRONG),
        Span(_blast_words(plan)),
    )


def _blast_words(plan: Plan) -> str:
    share, rate = plan.blast.share, plan.blast.requests_per_second
    if isinstance(share, Missing) and isinstance(rate, Missing):
        return "; how many requests move is not measured"
    if isinstance(share, Missing):
        return f"; of {form.quantity(rate)} req/s"
    if isinstance(rate, Missing):
        return f"; moves {form.percent(share)} of the requests"
    return f"; moves {form.percent(share)} of {form.quantity(rate)} req/s"


def _why_words(plan: Plan) -> str:
    harmed = plan.blast.segments
    named = ", ".join(str(name) for name in harmed[:3]) + (f" and {len(harmed) - 3} more" if len(harmed) > 3 else "")
    return f"{plan.because}; harmed now: {named}" if harmed else str(plan.because)


def _checks_spans(checks: Sequence[Check], glyphs: Glyphs, *, names_only: bool = False) -> Line:
    """Return all checks in few words, those that did not pass first and with what they say.

    `names_only`: without what they say, where each is asked about by itself before anything happens.
    """
    passed = [check for check in checks if check.result is CheckResult.PASS]
    spans: list[Span] = []
    for check in (check for check in checks if check.result is not CheckResult.PASS):
        tone = CHECK_TONES[check.result]
        says = "" if names_only else f": {check.says}"
        spans.append(Span(f"{glyphs.mark(tone)} {CHECK_WORDS[check.result]} {check.name}{says}  ", tone))
    if passed and spans:
        spans.append(Span(f"{glyphs.ok} {len(passed)} others pass", Tone.OK))
    elif passed:
        spans.append(Span(f"{glyphs.ok} all {len(passed)} pass: ", Tone.OK))
        spans.append(Span(_some(str(check.name) for check in passed), Tone.PLAIN))
    return tuple(spans)


def _some(names: Iterable[str]) -> str:
    """Return names as far as a line goes, and how many more there are."""
    every = list(names)
    shown: list[str] = []
    while every and len(", ".join([*shown, every[0]])) <= _MOST_NAMED:
        shown.append(every.pop(0))
    return ", ".join(shown) + (f" and {len(every)} more" if every else "")


def _stays_words(plan: Plan) -> str:
    said = [str(says) for says in plan.not_changed]
    jobs = [f"{job.name} on {job.version}" for job in plan.jobs if not any(job.name in says for says in said)]
    batch = [f"{len(jobs)} batch job{'s' if len(jobs) > 1 else ''}: {', '.join(jobs)}"] if jobs else []
    return "; ".join([*batch, *said])


def _does_words(steps: Sequence[Step]) -> str:
    if not steps:
        return ""
    return str(steps[0].call) if len(steps) == 1 else f"{steps[0].call}, then {len(steps) - 1} more like it"


def _takes_words(plan: Plan) -> str:
    undo = "not known" if isinstance(plan.inverse, Missing) else weights_words(plan.inverse.weights)
    return f"{_duration_words(plan)}; undo: {undo}"


def _duration_words(plan: Plan) -> str:
    expected = plan.expected
    accepted, serving = form.about(expected.accepted_seconds), form.about(expected.serving_seconds)
    return f"{accepted} accepted, {serving} serving, {form.about(expected.healthy_seconds)} healthy"


def _but_for(plan: Plan) -> str:
    """Return who cannot be the second person, where somebody is needed."""
    if plan.guard is not GuardLevel.SECOND_PERSON or not plan.authors:
        return ""
    return f" (not {', '.join(plan.authors)}, who made it)"
