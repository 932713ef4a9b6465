"""`modeltui provenance MODEL V`: what made a version, field by field, and how complete that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from modeltui.cli.output import data, fail, json_object, note
from modeltui.cli.reading import Subject, read_subject
from modeltui.cli.session import WrongNameError, with_observer
from modeltui.config.load import Loaded, Options
from modeltui.domain.names import Missing
from modeltui.engine.observer import Observer

if TYPE_CHECKING:  # loaded when there is something to score
    from modeltui.domain.completeness import Completeness, FieldStanding
    from modeltui.domain.lineage import Provenance

THRESHOLD = 0.8
"""Of what counts, with --check: room for a card that is not written yet, and not for the data and the code too."""

_HELP = """Print all that is known of what made a version: each field with its source and age, or why it is not known.

V is a version, a pointer of the registry, or serving, last-known-good, stable, candidate.

With --check: the known part of the fields that count. A field counts when it applies to the kind of model and a source
that was asked has a place for it; contradicted, unreadable and absent ones count as not known. Exit codes: 0; 1 below
the threshold, when a required field is not known, or when a backend could not say; 2 unknown names.
"""


@click.command("provenance", help=_HELP, short_help="Print what made a version, and how complete that is.")
@click.argument("model")
@click.argument("version", metavar="V")
@click.option("--env", "environment", metavar="ENV", help="Whose version, for words like serving.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, modeltui.provenance/1.")
@click.option("--all", "everything", is_flag=True, help="Long values whole.")
@click.option("--check", is_flag=True, help="Exit with 1 when too little is known.")
@click.option("--threshold", metavar="0.8", help=f"With --check: the least score, 0 to 1 or in percent [{THRESHOLD}].")
@click.option("--require", metavar="FIELD,…", multiple=True, help="With --check: fields that must be known.")
@click.pass_obj
def command(
    options: Options,
    model: str,
    version: str,
    environment: str | None,
    as_json: bool,
    everything: bool,
    check: bool,
    threshold: str | None,
    require: tuple[str, ...],
) -> int:
    """Print the provenance of a version."""
    required = _fields(require)
    wanted = _Wanted(check or threshold is not None or bool(required), _share(threshold), required)

    async def look(observer: Observer, loaded: Loaded) -> int:
        subject = await read_subject(observer, model, version, environment)
        told, found = _known(subject)
        if as_json:
            _print_object(subject, told, found, wanted)
        else:
            _print(subject, told, found, wanted, folded=not everything, ascii_only=loaded.ui.ascii)
        if wanted.is_check:
            return 0 if wanted.passes(subject, found, say=fail) else 1
        return 0 if subject.is_whole and subject.is_readable else 1

    return with_observer(options, look)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What `--check` asks for."""

    is_check: bool
    least: float
    required: tuple[str, ...]

    def lacking(self, found: Completeness) -> list[FieldStanding]:
        from modeltui.domain.completeness import Standing

        return [found.of(name) for name in self.required if found.of(name).standing is not Standing.KNOWN]

    def passes(self, subject: Subject, found: Completeness, say: Callable[[str], None] | None = None) -> bool:
        """Tell whether enough is known; say what is not."""
        reasons = [f"{field.name} is required and not known: {field.why}" for field in self.lacking(found)]
        if isinstance(found.score, Missing) or found.score < self.least:
            # Cut, not rounded: 0.796 must not read as the 0.8 that it lacks.
            known = "nothing" if isinstance(found.score, Missing) else f"{int(found.score * 100) / 100:.2f}"
            name = f"{subject.key[0]} {subject.key[1]}"
            reasons.insert(0, f"too little is known of {name}: {known}, and {self.least:g} is asked for")
        if say is not None:
            for reason in reasons:
                say(reason)
        return not reasons and subject.is_whole


def _known(subject: Subject) -> tuple[Provenance, Completeness]:
    """Return what is known, and how complete it is for that kind of model."""
    from modeltui.domain.completeness import completeness
    from modeltui.domain.lineage import Provenance
    from modeltui.domain.told import told_of

    told = told_of(subject.fleet, subject.key)
    if isinstance(told, Missing):
        name, version = subject.key
        fail(f"nobody could say where {name} {version} comes from", "modeltui doctor says what each source has")
        told = Provenance()
    registered = subject.fleet.models.get(subject.key[0])
    return told, completeness(told, registered.kind) if registered else completeness(told)


def _print_object(subject: Subject, told: Provenance, found: Completeness, wanted: _Wanted) -> None:
    from modeltui.present.provenance_text import provenance_object

    answer = provenance_object(subject.fleet, subject.key, told, found)
    if wanted.is_check:
        answer["check"] = {
            "threshold": wanted.least,
            "required": list(wanted.required),
            "lacking": [field.name for field in wanted.lacking(found)],
            "passes": wanted.passes(subject, found),
        }
    json_object(answer)


def _print(
    subject: Subject, told: Provenance, found: Completeness, wanted: _Wanted, *, folded: bool, ascii_only: bool
) -> None:
    from modeltui.present.provenance_text import missing_words, provenance_rows, score_words
    from modeltui.present.table import aligned

    missing = missing_words(found.missing)
    if wanted.is_check:
        untold = ", ".join(field.name for field in found.untold)
        more = [f"  no source has a place for: {untold}"] if untold else []
        data([score_words(found), *(f"  {line}" for line in missing), *more], ascii_only=ascii_only)
        return
    rows = provenance_rows(subject.fleet, subject.key, told, found, folded=folded)
    data([*aligned(rows), "", score_words(found)], ascii_only=ascii_only)
    for line in missing:
        note(f"modeltui: missing: {line}")


def _share(text: str | None) -> float:
    if text is None:
        return THRESHOLD
    from modeltui.cli.wishes import share_of

    return share_of(text)


def _fields(named: tuple[str, ...]) -> tuple[str, ...]:
    from modeltui.config.problems import did_you_mean
    from modeltui.domain.lineage import FIELDS

    names = tuple(name.strip().replace("-", "_") for each in named for name in each.split(",") if name.strip())
    if named and not names:
        raise click.UsageError(f"--require names no field: {', '.join(FIELDS)}")
    for name in names:
        if name not in FIELDS:
            says = f"--require {name!r} is no field of a provenance{did_you_mean(name, FIELDS)}"
            raise WrongNameError(says, f"the fields are {', '.join(FIELDS)}")
    return tuple(dict.fromkeys(names))
