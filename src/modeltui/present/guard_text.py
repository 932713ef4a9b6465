"""The guard in words: what is about to happen, what has to be typed, and why it was disarmed."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from modeltui.domain.acting.action import ActionKind, GuardLevel, Plan
from modeltui.domain.acting.challenge import Challenge, Hint, Stage, Verdict
from modeltui.domain.acting.outcome import Progress
from modeltui.domain.acting.wording import approve_command
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.health import Level
from modeltui.domain.names import Instant, Missing
from modeltui.present import format as form
from modeltui.present import words
from modeltui.present.banner import banner_tone
from modeltui.present.glyphs import Glyphs
from modeltui.present.journal_text import REASON_WORDS
from modeltui.present.plan_text import panel_lines, seen_words, short_lines, suspect_line, title_words
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

if TYPE_CHECKING:  # loaded when the first two versions are compared
    from modeltui.domain.suspects.suspect import Suspect

_ENDINGS = {
    Verdict.FAILED: "CLOSED",
    Verdict.DISARMED: "DISARMED",
    Verdict.EXPIRED: "EXPIRED",
    Verdict.CANCELLED: "LEFT",
    Verdict.PASSED: "PASSED",
}
_PRESSING = {
    ActionKind.ABORT: "to abort the rollout on",
    ActionKind.ROLLBACK: "to roll back",
    ActionKind.PROMOTE: "to promote",
    ActionKind.WEIGHTS: "to change the traffic of",
}
NOTHING_SENT = "Nothing was sent."
_MOST_TYPED, _MOST_SHOWN = 60, 30
"""Cells for what was typed, without and with something to say about it: what was typed last stays in sight."""
_NIGHT, _MORNING = 22, 7
"""Hours by the operator's clock between which a page finds people asleep."""
CANCEL_WORDS = "keep everything as it is"


def guard_title(plan: Plan, fleet: Fleet, width: int) -> Line:
    """Return the first row: where, painted as row 1 is, and what is about to be done."""
    where = place_span(fleet, str(plan.context))
    what = f" {title_words(plan)} "
    filler = max(width - len(where.text) - len(what), 0)
    return (where, Span(what + " " * filler, Tone.TITLE))


def night_line(plan: Plan, now: Instant, zone: tzinfo) -> Line:
    """Return the one question for somebody whom a page has just woken; nothing by day. It asks for no key."""
    hour = datetime.fromtimestamp(now, zone).hour
    if _MORNING <= hour < _NIGHT:
        return ()
    return (Span("just woken? ", Tone.WARN), Span(f"Is {plan.target} what the page named?", Tone.STRONG))


def place_span(fleet: Fleet, context: str) -> Span:
    """Return where it happens, painted as row 1 is."""
    return Span(f" {'PRODUCTION ' if fleet.context.production else ''}{context} ", banner_tone(fleet))


def guard_facts(
    plan: Plan, fleet: Fleet, width: int, room: int, glyphs: Glyphs, suspect: Suspect | None = None
) -> list[Line]:
    """Return the plan, and below it what changed and how its target is at this moment, unless the plan needs the rows.

    `suspect`: what most likely is behind it, where that is known; where it is not, nothing is said of it.
    """
    said = "" if suspect is None else f"{suspect.title}: {suspect.because}"
    if plan.guard is GuardLevel.LETTER:
        lines = short_lines(plan, width, glyphs)
        if said and len(lines) < room:
            lines.append(suspect_line(said, width, glyphs))
    else:
        lines = panel_lines(plan, width, glyphs, said)
    living = wrapped(_now_line(plan, fleet, glyphs), width, 9)
    return [*lines, *living] if len(lines) + len(living) <= room else lines


def status_line(
    plan: Plan,
    prepared: Progress | None,
    now: Instant,
    glyphs: Glyphs,
    zone: tzinfo = UTC,
    *,
    is_open: bool = True,
) -> Line:
    """Return how old the plan's look at the world is, and whether the runner agrees with it."""
    seen = Span(seen_words(plan, now, zone), Tone.MUTED)
    if not is_open:  # whatever the runner found then, it is no longer so or no longer asked
        return (seen,)
    if prepared is None:
        return (Span(f"{glyphs.unknown} the runner reads the world again  ", Tone.UNKNOWN), seen)
    return (Span(f"{glyphs.ok} PREPARED: nothing has moved  ", Tone.OK), seen)


def challenge_lines(
    plan: Plan, guard: Challenge, at: float, width: int, glyphs: Glyphs, waits_for: str = ""
) -> list[Line]:
    """Return what has to be typed now, or how it ended; always the same number of rows while it is open."""
    if not guard.is_open:
        return [row for line in _ending_lines(guard, glyphs) for row in wrapped(line, width, 4)]
    asked = _question(plan, guard, glyphs, waits_for)
    return [*wrapped(asked, width, 2), _answer(guard, at, glyphs)]


def _question(plan: Plan, guard: Challenge, glyphs: Glyphs, waits_for: str) -> Line:
    pointer = Span(f"{glyphs.right} ", Tone.ACCENT)
    match guard.stage:
        case Stage.LETTER:
            return (pointer, Span("Press "), _cap(guard.letter), Span(f" {_PRESSING[plan.kind]} {plan.target}"))
        case Stage.TEXT:
            return (pointer, Span(f"Type {guard.expected.what}: "), Span(f" {guard.expected.text} ", Tone.STRONG))
        case Stage.REASON:
            return (pointer, Span("Why? At least ten characters, then Enter"))
        case Stage.FLAG:
            says = next((check.says for check in plan.flags if check.name == guard.flag), guard.flag)
            count = f" ({guard.acknowledged + 1} of {len(guard.flags)})"
            return (
                pointer,
                Span(f"{guard.flag}: {says}", Tone.WARN),
                Span(". Press "),
                _cap(guard.letter),
                Span(f" to go on with this{count}"),
            )
        case Stage.APPROVAL:
            says = f"A second person runs: {approve_command(plan)}"
            return (pointer, Span(says, Tone.STRONG), Span(f"  {waits_for}", Tone.MUTED))


def _cap(letter: str) -> Span:
    return Span(f"[ {letter} ]", Tone.ACCENT)


def _answer(guard: Challenge, at: float, glyphs: Glyphs) -> Line:
    """Return what was typed, whether keys count yet, and how long it is armed."""
    if guard.stage is Stage.APPROVAL:
        return (Span("  waiting for the second person; nothing is typed here meanwhile", Tone.UNKNOWN),)
    left = Span(f"  {form.duration(guard.left_seconds(at))} left", Tone.MUTED)
    hint = Span(f"  {guard.hint.value}", Tone.WARN) if guard.hint is not Hint.NONE else Span("")
    if guard.painted_at is None:
        return (Span("  keys do not count yet: this terminal has not said that it shows this", Tone.UNKNOWN), hint)
    if not guard.is_ready(at):
        return (Span("  read first: keys count in a moment", Tone.UNKNOWN), hint, left)
    if guard.stage in (Stage.TEXT, Stage.REASON):
        shown = guard.typed[-_MOST_SHOWN:] if hint.text else guard.typed[-_MOST_TYPED:]
        return (Span("  > ", Tone.ACCENT), Span(f"{shown}_", Tone.STRONG), hint, left)
    return (Span(f"  {glyphs.ok} armed", Tone.OK), hint, left)


def _ending_lines(guard: Challenge, glyphs: Glyphs) -> list[Line]:
    if guard.verdict is Verdict.PASSED:
        return [(Span(f"{glyphs.right} ", Tone.ACCENT), Span("right; the runner is asked whether it still may"))]
    return [
        (Span(f"{glyphs.breach} {_ENDINGS[guard.verdict]}: ", Tone.BREACH), Span(guard.why, Tone.STRONG)),
        (Span(f"{NOTHING_SENT} Esc closes this; the same key again makes a plan from a fresh look."),),
    ]


def reason_lines(width: int) -> list[Line]:
    """Return the question why, with one key for each answer."""
    spans = [Span("Why? one key: ", Tone.STRONG)]
    for number, says in enumerate(REASON_WORDS.values(), 1):
        spans += [Span(f"{number}", Tone.ACCENT), Span(f" {says}  ")]
    return wrapped(tuple(spans), width, 2)


def guard_keys(guard: Challenge | None, *, has_gone: bool, is_over: bool, scrolls: bool) -> list[tuple[str, str]]:
    """Return the keys of the last row, the way out first."""
    if has_gone:
        return [("esc", "close this: it goes on" if not is_over else "close")]
    if is_over:
        return [("esc", "close")]
    keys = [("esc", CANCEL_WORDS)]
    if scrolls:
        keys.append(("up down", "the rest of the plan"))
    if guard is not None and guard.stage in (Stage.TEXT, Stage.REASON):
        keys.append(("backspace", "correct"))
    return keys


def _now_line(plan: Plan, fleet: Fleet, glyphs: Glyphs) -> Line:
    """Return how the target is now: this line goes on living while the plan stands still."""
    target = fleet.targets.get(plan.target)
    if target is None:
        return (Span(f"{'now':<9}", Tone.MUTED), Span(f"{plan.target} is not known any more", Tone.UNKNOWN))
    tone = _LEVEL_TONES.get(target.level, Tone.UNKNOWN)
    age = form.age(fleet.at, fleet.at) if isinstance(target.since, Missing) else form.age(target.since, fleet.at)
    state = f"{glyphs.mark(tone)} {words.level_word(target.level)} for {age}"
    return (Span(f"{'now':<9}", Tone.MUTED), Span(f"{_observed(target)}, "), Span(state, tone))


def _observed(target: Target) -> str:
    seen = [f"{v.version} {form.percent(v.observed)}" for v in target.versions if not isinstance(v.observed, Missing)]
    return f"observed {', '.join(seen)}" if seen else "nobody measures which version answers"


_LEVEL_TONES = {Level.BREACH: Tone.BREACH, Level.WARN: Tone.WARN, Level.OK: Tone.OK, Level.STALE: Tone.STALE}
