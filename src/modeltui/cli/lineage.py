"""`modeltui lineage MODEL V`: where a version comes from, what came of it, and which targets serve it."""

from __future__ import annotations

import click

from modeltui.cli.output import data, json_object, note, text_width
from modeltui.cli.reading import Subject, read_all, read_subject
from modeltui.cli.session import with_observer
from modeltui.config.load import Loaded, Options
from modeltui.domain.fleet import VersionKey
from modeltui.domain.names import Missing
from modeltui.engine.observer import Observer

MOST_AROUND = 100
"""Other versions in which relatives are looked for; a registry may take half a second for each."""

_HELP = """Print where a version comes from: run, artifact, data, query, features, members, prompts, base model and the
other parts of an LLM system, an agent's snapshot and memory, code, image, environment and parents; what came of it:
versions that name it as parent, member or base; and the targets that serve it.

Marked are: stale (data that ends more than 90 days ago, or 30 days before that of the stable version in production),
deleted (a run in the trash, files out of reach, a version that no registry lists), shared (the same snapshot, commit,
base image, prompt, base model or member in another version that serves). Children are looked for among the versions
of the same model, and those that serve.

Exit codes: 0; 1 when a backend could not say; 2 unknown names.
"""


@click.command("lineage", help=_HELP, short_help="Print where a version comes from, and what came of it.")
@click.argument("model")
@click.argument("version", metavar="V")
@click.option("--env", "environment", metavar="ENV", help="Whose version, for words like serving.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, modeltui.lineage/1.")
@click.option("--all", "everything", is_flag=True, help="Long values whole.")
@click.pass_obj
def command(
    options: Options, model: str, version: str, environment: str | None, as_json: bool, everything: bool
) -> int:
    """Print the ancestry of a version."""

    async def look(observer: Observer, loaded: Loaded) -> int:
        subject = await read_subject(observer, model, version, environment)
        await _read_around(observer, subject.key)
        return _answer(observer, subject, loaded, as_json=as_json, everything=everything)

    return with_observer(options, look)


async def _read_around(observer: Observer, key: VersionKey) -> None:
    """Read whoever may share or descend: all that serves, the model's own versions, and the parents up to the first."""
    from modeltui.domain.ancestry import MOST_GENERATIONS, ancestry
    from modeltui.domain.relatives import serving_versions

    fleet = observer.fleet
    own = [(key[0], one.id) for one in fleet.versions.get(key[0], ())]
    left = await read_all(observer, [*own, *serving_versions(fleet)], MOST_AROUND)
    if left:
        note(f"modeltui: {left} versions were not read: there are too many; relatives may be among them")
    for _ in range(MOST_GENERATIONS):
        found = [one.key for one in ancestry(observer.fleet, *key).parents if not one.is_read]
        unread = [one for one in found if not isinstance(one, Missing) and one not in observer.fleet.untold]
        if not unread:
            return
        await read_all(observer, unread)


def _answer(observer: Observer, subject: Subject, loaded: Loaded, *, as_json: bool, everything: bool) -> int:
    from modeltui.domain.ancestry import ancestry

    fleet = observer.fleet
    found = ancestry(fleet, *subject.key)
    if as_json:
        from modeltui.present.lineage_object import lineage_object

        json_object(lineage_object(fleet, found))
    else:
        from modeltui.present.glyphs import ASCII
        from modeltui.present.lineage_text import lineage_lines
        from modeltui.present.span import plain

        lines = lineage_lines(found, fleet.at, text_width(), ASCII, folded=not everything)
        data([plain(line).rstrip() for line in lines], ascii_only=loaded.ui.ascii)
    return 0 if subject.is_whole and found.is_read and subject.is_readable else 1
