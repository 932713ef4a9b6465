"""What is said while an action is under way, and at its end; the same with a hash and at the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from modeltui.cli.acting_session import glyphs_of
from modeltui.cli.output import json_text, note, write_out
from modeltui.cli.wishes import Wish
from modeltui.config.load import Loaded
from modeltui.domain.acting.action import Consent, Plan
from modeltui.domain.acting.outcome import Outcome, Phase, Progress, Report, exit_code
from modeltui.domain.names import Missing
from modeltui.domain.text import SafeText, safe_text
from modeltui.present.acting_objects import outcome_object
from modeltui.present.outcome_text import final_report, phase_words, report_lines
from modeltui.present.span import plain
from modeltui.present.times import both_times

UNKNOWN_OUTCOME = 4
INTERRUPTED = 130
_SECONDS_A_LINE = 10.0


def say_progress(progress: Progress, heard: list[Progress]) -> None:
    """Say one message of the runner on standard error, unless it was said already."""
    heard.append(progress)
    if progress.phase is Phase.DONE or (progress.phase is Phase.WAITING and not _is_due(progress, heard[:-1])):
        return
    note(f"{both_times(progress.at)}  {phase_words(progress)}")


def _is_due(waiting: Progress, heard: Sequence[Progress]) -> bool:
    """Tell whether what is waited for is worth a line: the first of its kind, and then one in ten seconds."""
    since_phase: list[Progress] = []
    for one in reversed(heard):
        if one.phase is not Phase.WAITING:
            break
        since_phase.insert(0, one)
    if not since_phase:
        return True
    steps = [int((one.at - since_phase[0].at) // _SECONDS_A_LINE) for one in (since_phase[-1], waiting)]
    return steps[0] != steps[1]


def end(loaded: Loaded, plan: Plan, heard: Sequence[Progress], wish: Wish, *, has_gone: bool) -> int:
    """Print the outcome and return the exit code of a command that ends with it."""
    report = final_report(heard)
    if isinstance(report, Missing):
        report = _without_word(plan, heard, wish, has_gone=has_gone)
    try:
        if wish.as_json:
            write_out([json_text(outcome_object(report))])
        else:
            write_out(plain(line).rstrip() for line in report_lines(report, glyphs_of(loaded)))
    except OSError as error:
        # What was done is done: a script must not take a full disk for an action that failed, and repeat it.
        note(f"modeltui: {report.outcome.value}, and that cannot be printed: {error.strerror or error}")
        note(f"  the journal has it: {look_words(plan, wish)}")
    return exit_code(report.outcome)


def _without_word(plan: Plan, heard: Sequence[Progress], wish: Wish, *, has_gone: bool) -> Report:
    """Return what can be said of a runner that ended without an outcome."""
    if has_gone:
        because = SafeText("the actor process fell silent after GO: the journal has the outcome, or the next start")
        remedy = safe_text(f"look, do not repeat: {look_words(plan, wish)}", 300)
        return Report(plan.id, plan.hash, plan.target, Outcome.UNKNOWN, because, remedy)
    moved = next((one for one in reversed(heard) if one.phase is Phase.MOVED), None)
    because = safe_text(f"the world moved: {moved.says}", 500) if moved else SafeText("the actor process ended")
    return Report(plan.id, plan.hash, plan.target, Outcome.REFUSED, because, SafeText("nothing was sent; plan again"))


def interrupted_words(plan: Plan, wish: Wish, *, has_gone: bool) -> str:
    """Return what an interruption means: before GO nothing, after it that it goes on."""
    if not has_gone:
        return "modeltui: interrupted before GO: nothing was sent"
    return f"modeltui: interrupted, and the action goes on without this command. Its outcome: {look_words(plan, wish)}"


def look_words(plan: Plan, wish: Wish) -> str:
    """Return the command that shows how an action went."""
    return f"{wish.program} journal list --target {plan.target} --plan {plan.hash[7:19]}"


def with_words_of(consent: Consent, wish: Wish) -> Consent:
    """Return a consent given at the terminal, with what the command line says besides."""
    text = consent.reason.text or wish.reason.text
    reason = replace(wish.reason, text=text)
    return replace(consent, reason=reason, through=SafeText("terminal"), break_glass=wish.break_glass)
