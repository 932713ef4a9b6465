"""`modeltui compare MODEL A B`: what changed between two versions, the likely cause first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from modeltui.cli.naming import Meant, model_named, target_named, version_named
from modeltui.cli.output import data, fail, json_object, note, one_form, text_width
from modeltui.cli.session import UnansweredError, WrongNameError, failures, with_observer
from modeltui.config.load import Loaded, Options
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.health import Level
from modeltui.domain.names import NO_DATA, UNKNOWN, Missing, ModelName, Unknown, VersionId
from modeltui.engine.observer import Observer

if TYPE_CHECKING:  # loaded when there is something to compare
    from modeltui.domain.comparison.difference import Comparison
    from modeltui.domain.suspects.suspect import Suspect, Symptom
    from modeltui.present.compare_object import Asked

Form = Literal["plain", "json", "markdown"]

_HELP = """Print what changed between two versions of MODEL, the likely cause first.

A and B are versions, pointers of the registry (champion), or serving, last-known-good, stable, candidate. Without
them: what a target's comparison begins with, for MODEL@ENV or the worst target of MODEL. Suspects are ranked by what
is wrong with A or B on the target that --target or --env names, or on the only one where anything is.

Exit codes: 0 also when they differ; 1 when a backend could not say, or with --fail-on-difference; 2 unknown names.
"""


@dataclass(frozen=True, slots=True)
class _Question:
    model: str
    a: str | None
    b: str | None
    target: str | None
    environment: str | None


@click.command("compare", help=_HELP, short_help="Print what changed between two versions.")
@click.argument("model", metavar="MODEL[@ENV]")
@click.argument("a", required=False)
@click.argument("b", required=False)
@click.option("--json", "forms", flag_value="json", multiple=True, help="One JSON object, modeltui.compare/1.")
@click.option("--markdown", "forms", flag_value="markdown", multiple=True, help="To paste into a ticket.")
@click.option("--plain", "forms", flag_value="plain", multiple=True, help="Plain text (the default).")
@click.option("--all", "everything", is_flag=True, help="Also what is equal, and long values whole.")
@click.option("--target", metavar="MODEL@ENV", help="Whose symptom the suspects are ranked by.")
@click.option("--env", "environment", metavar="ENV", help="The same, by the environment alone.")
@click.option("--fail-on-difference", is_flag=True, help="Exit with 1 unless all facts are known to be equal.")
@click.pass_obj
def command(
    options: Options,
    model: str,
    a: str | None,
    b: str | None,
    forms: tuple[Form, ...],
    everything: bool,
    target: str | None,
    environment: str | None,
    fail_on_difference: bool,
) -> int:
    """Print a comparison."""
    if (a is None) != (b is None):
        raise click.UsageError("name both versions, or none: modeltui compare MODEL A B")
    if target is not None and environment is not None:
        raise click.UsageError("--target and --env say the same: give one of them")
    form = one_form(forms, "plain")
    question = _Question(model, a, b, target, environment)

    async def look(observer: Observer, loaded: Loaded) -> int:
        answer = await _answer(observer, question)
        _print(answer, form, everything=everything, ascii_only=loaded.ui.ascii)
        is_same = bool(answer.comparison.facts) and not answer.comparison.differences
        return 1 if not answer.is_whole or (fail_on_difference and not is_same) else 0

    return with_observer(options, look)


@dataclass(frozen=True, slots=True)
class _Answer:
    fleet: Fleet
    comparison: Comparison
    suspects: tuple[Suspect, ...]
    symptom: Symptom
    asked: Asked
    ranked_by: tuple[str, ...]
    """What is wrong, and with which of the two; empty where nothing is."""
    is_whole: bool
    """Everybody could say what he was asked."""


async def _answer(observer: Observer, question: _Question) -> _Answer:
    from modeltui.domain.comparison.comparing import compare
    from modeltui.domain.suspects.suspect import Symptom
    from modeltui.domain.suspects.suspecting import suspects
    from modeltui.domain.suspects.symptoms import doubts, symptom_of
    from modeltui.present.compare_object import Asked

    fleet = await observer.look_once()
    broken = failures(fleet)
    for title, remedy in broken:
        fail(title, remedy)
    name, environment = _model_and_environment(fleet, question, is_whole=not broken)
    await observer.read_versions(name)
    target = _target(observer.fleet, name, question.target, environment, must=question.a is None)
    a, b = _pair(observer.fleet, name, question, target, is_whole=not broken)
    await observer.read_comparison(name, a.version, b.version)
    fleet = observer.fleet
    comparison = compare(fleet, name, a.version, b.version)
    pair = (a.version, b.version)
    if isinstance(target, Missing):
        target = _troubled(fleet, name, pair)
    symptom = Symptom() if isinstance(target, Missing) else symptom_of(target, *pair)
    against = () if isinstance(target, Missing) else doubts(fleet, target, *pair)
    asked = Asked(
        question.a or a.version,
        question.b or b.version,
        tuple(one.because for one in (a, b) if one.because),
        NO_DATA if isinstance(target, Missing) else target.key,
        against,
    )
    is_whole = not broken and _could_say(fleet, comparison)
    by = _ranked_by(symptom, target, pair)
    return _Answer(fleet, comparison, suspects(comparison, symptom), symptom, asked, by, is_whole)


def _troubled(fleet: Fleet, model: ModelName, pair: tuple[VersionId, VersionId]) -> Target | Unknown:
    """Return the only target on which something is wrong with one of the two; say so where there are several."""
    from modeltui.domain.suspects.symptoms import troubled

    found = troubled(fleet, model, *pair)
    if len(found) > 1:
        places = ", ".join(str(one.key.environment) for one in found)
        note(f"modeltui: something is wrong on {places}: --env says by which of them suspects are ranked; now by none")
    return found[0] if len(found) == 1 else UNKNOWN


def _ranked_by(symptom: Symptom, target: Target | Unknown, pair: tuple[VersionId, VersionId]) -> tuple[str, ...]:
    """Return by what is wrong the suspects are ranked; where it is wrong with neither of the two, that it is not."""
    from modeltui.domain.suspects.symptoms import symptom_of
    from modeltui.present.compare_summary import symptom_words

    if isinstance(target, Missing):
        return ()
    if symptom:
        return (symptom_words(symptom, target.key),)
    ill = symptom_of(target)
    if not ill:
        return ()
    return (f"what is wrong on {target.key} is wrong with {ill.version}, not with {pair[0]} or {pair[1]}",)


def _model_and_environment(fleet: Fleet, question: _Question, *, is_whole: bool) -> tuple[ModelName, str | None]:
    word, at_sign, environment = question.model.rpartition("@")
    if not at_sign or question.model in fleet.models:
        return model_named(fleet, question.model, is_whole=is_whole), question.environment
    if question.environment is not None or question.target is not None:
        raise click.UsageError(f"{question.model} names its target already: --target and --env do too")
    return model_named(fleet, word, is_whole=is_whole), environment


def _target(
    fleet: Fleet, model: ModelName, wanted: str | None, environment: str | None, *, must: bool
) -> Target | Unknown:
    """Return the target whose symptom counts: the one that was named, or the only one that something is wrong on."""
    named = target_named(fleet, model, wanted, environment)
    if not isinstance(named, Missing):
        return named
    targets = [target for target in fleet.worst_first() if target.key.model == model]
    # A breach that nobody measures any more is not over.
    levels = {one.key: one.last_judged if one.level is Level.STALE else one.level for one in targets}
    wrong = [target for target in targets if levels[target.key] >= Level.WARN]
    if len(wrong) == 1:
        return wrong[0]
    if must and targets:
        if len(targets) > 1:
            note(f"modeltui: for {targets[0].key}, the worst of {len(targets)} targets; --env names another")
        return targets[0]
    return UNKNOWN


def _pair(
    fleet: Fleet, model: ModelName, question: _Question, target: Target | Unknown, *, is_whole: bool
) -> tuple[Meant, Meant]:
    from modeltui.domain.suspects.symptoms import usual_pair

    if question.a is not None and question.b is not None:
        a = version_named(fleet, model, question.a, target, is_whole=is_whole)
        return a, version_named(fleet, model, question.b, target, is_whole=is_whole)
    if isinstance(target, Missing):
        raise WrongNameError(f"no target of {model} is known", f"name two versions: modeltui compare {model} A B")
    pair = usual_pair(fleet, target)
    if isinstance(pair, Missing):
        says = f"there are no two versions to compare on {target.key}"
        raise UnansweredError(says, f"name them: modeltui compare {model} A B; modeltui versions {model} lists them")
    return Meant(pair[0], f"compared as usual for {target.key}: {pair[0]} and {pair[1]}"), Meant(pair[1])


def _could_say(fleet: Fleet, comparison: Comparison) -> bool:
    """Tell whether all that was asked for could be read; what nobody recorded is an answer."""
    from modeltui.domain.lineage import FIELDS, Unreadable
    from modeltui.domain.told import told_of

    for version in (comparison.a, comparison.b):
        told = told_of(fleet, (comparison.model, version))
        if isinstance(told, Missing) or fleet.untold.get((comparison.model, version)):
            return False
        if any(isinstance(getattr(told, name), Unreadable) for name in FIELDS):
            return False
    return not comparison.awaited


def _print(answer: _Answer, form: Form, *, everything: bool, ascii_only: bool) -> None:
    match form:
        case "json":
            from modeltui.present.compare_object import compare_object

            found = compare_object(
                answer.comparison, answer.suspects, answer.symptom, answer.asked, answer.fleet, everything=everything
            )
            json_object(found)
        case "markdown":
            from modeltui.present.compare_markdown import compare_markdown

            ticket = compare_markdown(
                answer.comparison, answer.suspects, answer.symptom, answer.asked, answer.fleet, everything=everything
            )
            data(ticket, ascii_only=ascii_only)
        case "plain":
            for sentence in (*answer.asked.because, *answer.ranked_by):
                note(f"modeltui: {sentence}")
            data(_plain(answer, everything=everything), ascii_only=ascii_only)
            if answer.fleet.context.simulated:
                note("DEMO: all of this is simulated")


def _plain(answer: _Answer, *, everything: bool) -> list[str]:
    from modeltui.present.compare_summary import aside_lines, asides
    from modeltui.present.compare_text import compare_lines, heading_line
    from modeltui.present.glyphs import ASCII
    from modeltui.present.span import plain

    width = text_width()
    comparison = answer.comparison
    if not comparison.differences and not everything and comparison.facts:
        same = f"the same in all {len(comparison.facts)} facts: --all prints them"
        beside = [plain(line).rstrip() for line in aside_lines(asides(comparison), width, ASCII)]
        heading = plain(heading_line(comparison, width)).rstrip()
        return [heading, f" {comparison.a} and {comparison.b} are {same}", *beside]
    lines = compare_lines(
        comparison,
        answer.suspects,
        width,
        ASCII,
        everything=everything,
        folded=not everything,
        doubts=answer.asked.doubts,
    )
    return [plain(line).rstrip().replace(": enter shows all", ": --all prints them") for line in lines]
