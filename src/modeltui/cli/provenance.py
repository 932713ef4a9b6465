"""`modeltui provenance MODEL V`: what made a version, field by field, and how complete that is."""

from __future__ import annotations

import click

from modeltui.cli.naming import WrongNameError
from modeltui.cli.output import data, fail, json_object, note
from modeltui.cli.reading import Subject, read_subject
from modeltui.cli.session import with_observer
from modeltui.config.load import Loaded, Options
from modeltui.domain.names import Missing
from modeltui.engine.observer import Observer

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
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
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
    least = _share(threshold)
    required = _fields(require)
    is_check = check or threshold is not None or bool(required)

    async def look(observer: Observer, _: Loaded) -> int:
        subject = await read_subject(observer, model, version, environment)
        return _answer(
            subject, as_json=as_json, folded=not everything, is_check=is_check, least=least, required=required
        )

    return with_observer(options, look)


def _answer(
    subject: Subject, *, as_json: bool, folded: bool, is_check: bool, least: float, required: tuple[str, ...]
) -> int:
    from modeltui.domain.completeness import Standing, completeness
    from modeltui.domain.lineage import Provenance
    from modeltui.domain.told import told_of
    from modeltui.present.provenance_text import missing_words, provenance_object, provenance_rows, score_words
    from modeltui.present.table import aligned

    fleet, key = subject.fleet, subject.key
    told = told_of(fleet, key)
    if isinstance(told, Missing):
        fail(f"nobody could say where {key[0]} {key[1]} comes from", "modeltui doctor says what each source has")
        told = Provenance()
    registered = fleet.models.get(key[0])
    found = completeness(told, registered.kind) if registered else completeness(told)
    lacking = [found.of(name) for name in required if found.of(name).standing is not Standing.KNOWN]
    is_below = isinstance(found.score, Missing) or found.score < least
    if as_json:
        answer = provenance_object(fleet, key, told, found)
        if is_check:
            passes = not (is_below or lacking) and subject.is_whole
            answer["check"] = {
                "threshold": least,
                "required": list(required),
                "lacking": [field.name for field in lacking],
                "passes": passes,
            }
        json_object(answer)
    elif is_check:
        data([score_words(found), *(f"  {line}" for line in missing_words(found.missing))])
    else:
        data([*aligned(provenance_rows(fleet, key, told, found, folded=folded)), "", score_words(found)])
        for line in missing_words(found.missing):
            note(f"modeltui: missing: {line}")
    if not is_check:
        return 0 if subject.is_whole and subject.is_readable else 1
    if is_below:
        known = "nothing" if isinstance(found.score, Missing) else f"{found.score:.2f}"
        fail(f"too little is known of {key[0]} {key[1]}: {known}, and {least:g} is asked for")
    for field in lacking:
        fail(f"{field.name} is required and not known: {field.why}")
    return 1 if is_below or lacking or not subject.is_whole else 0


def _share(text: str | None) -> float:
    if text is None:
        return THRESHOLD
    from modeltui.cli.wishes import share_of

    return share_of(text)


def _fields(named: tuple[str, ...]) -> tuple[str, ...]:
    from modeltui.config.problems import did_you_mean
    from modeltui.domain.lineage import FIELDS

    names = tuple(name.strip().replace("-", "_") for each in named for name in each.split(",") if name.strip())
    for name in names:
        if name not in FIELDS:
            says = f"--require {name!r} is no field of a provenance{did_you_mean(name, FIELDS)}"
            raise WrongNameError(says, f"the fields are {', '.join(FIELDS)}")
    return tuple(dict.fromkeys(names))
