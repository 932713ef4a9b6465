"""`modeltui versions MODEL`: what exists, what became of each, and which of them nobody needs any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from modeltui.cli.output import data, fail, json_object, note
from modeltui.cli.session import WrongNameError, failures, with_observer
from modeltui.config.load import Loaded, Options
from modeltui.config.problems import did_you_mean
from modeltui.domain.fleet import Fleet
from modeltui.domain.names import UNKNOWN, Instant, ModelName, Unknown, VersionId
from modeltui.domain.text import safe_text
from modeltui.engine.observer import Observer
from modeltui.present.table import aligned
from modeltui.present.versions import version_rows, versions_object

if TYPE_CHECKING:  # only who asks for the past pays for it
    from modeltui.domain.retained import Retention
    from modeltui.domain.timeline import Timeline

_HELP = """Print the versions of MODEL, newest first.

--timeline: what became of each: registered, approved, served where and when, rolled back or aborted and why. What
served is told by the journal and by what controllers remember; what nobody saw is a gap. Gold are the last three known
good versions of each target.

--prunable: which versions nobody needs any more, and what keeps the others: they serve or should, are tried, bound to a
job, gold, pointed at, on hold by a tag (hold_tags), or a version that serves is made of them. What is not known keeps
a version. It is a dry run without a second half: nothing here deletes.

Exit codes: 0; 1 when a backend or the journal could not say; 2 unknown names.
"""


@dataclass(frozen=True, slots=True)
class _Past:
    timeline: Timeline | None
    retention: Retention | None
    is_whole: bool
    """The journal could be read, and everybody could say where each version comes from."""


@click.command("versions", help=_HELP, short_help="Print the versions of MODEL, newest first.")
@click.argument("model")
@click.option("--timeline", is_flag=True, help="What became of each: served, approved, rolled back and why.")
@click.option("--prunable", is_flag=True, help="Which may be pruned, which never, and why; deletes nothing.")
@click.option(
    "--since", metavar="TIME", default="365d", show_default=True, help="How far back to look for what served."
)
@click.option("--all", "everything", is_flag=True, help="With --prunable: all reasons of each version.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, modeltui.versions/1.")
@click.pass_obj
def command(
    options: Options, model: str, timeline: bool, prunable: bool, since: str, everything: bool, as_json: bool
) -> int:
    """Print the versions of a model."""
    from modeltui.cli.moments import moment

    earliest = moment(since, "--since")

    async def look(observer: Observer, loaded: Loaded) -> int:
        name = ModelName(safe_text(model))
        fleet = await observer.look_once()
        if name in fleet.models:
            await observer.read_versions(name)
        fleet = observer.fleet
        broken = failures(fleet)
        for title, remedy in broken:
            fail(title, remedy)
        if name not in fleet.models:
            if broken:
                return 1
            raise _unknown(fleet, model)
        past = await _past(observer, loaded, name, earliest, timeline=timeline, prunable=prunable)
        _print(observer.fleet, name, past, loaded, as_json=as_json, everything=everything)
        return 1 if broken or not past.is_whole else 0

    return with_observer(options, look)


async def _past(
    observer: Observer, loaded: Loaded, model: ModelName, since: Instant | Unknown, *, timeline: bool, prunable: bool
) -> _Past:
    if not (timeline or prunable):
        return _Past(None, None, True)
    from modeltui.cli.reading import read_all
    from modeltui.cli.version_history import read_history
    from modeltui.domain.retention import retention
    from modeltui.domain.timeline import timeline as timeline_of

    own = [(model, one.id) for one in observer.fleet.versions.get(model, ())]
    wanted = [*own, *(_serving(observer.fleet) if prunable else ())]
    left = await read_all(observer, wanted)
    if left:
        note(f"modeltui: {left} versions were not read: there are too many; --prunable keeps what depends on them")
    untold = {source: reason for key in own for source, reason in observer.fleet.untold.get(key, {}).items()}
    for source, reason in untold.items():
        fail(f"{source} could not say where some versions come from: {reason}")
    history = await read_history(observer, loaded, model, since)
    fleet = observer.fleet
    found = timeline_of(fleet, model, history.intervals, history.records, since=history.since) if timeline else None
    seen = history.intervals if history.is_read else UNKNOWN
    return _Past(found, retention(fleet, model, seen) if prunable else None, history.is_read and not untold)


def _serving(fleet: Fleet) -> Sequence[tuple[ModelName, VersionId]]:
    from modeltui.domain.relatives import serving_versions

    return serving_versions(fleet)


def _print(fleet: Fleet, model: ModelName, past: _Past, loaded: Loaded, *, as_json: bool, everything: bool) -> None:
    if as_json:
        json_object(_object(fleet, model, past, loaded))
        return
    if past.timeline is None and past.retention is None:
        data(aligned(version_rows(fleet, model)))
        return
    lines: list[str] = []
    if past.timeline is not None:
        from modeltui.present.timeline_text import timeline_lines

        lines += [*timeline_lines(past.timeline), *([""] if past.retention is not None else [])]
    if past.retention is not None:
        from modeltui.present.retention_text import retention_lines, retention_rows

        rows = retention_rows(past.retention, everything=everything)
        lines += [*aligned(rows), "", *retention_lines(past.retention, _scope(fleet, model, loaded))]
    data(lines, ascii_only=loaded.ui.ascii)
    if fleet.context.simulated:
        note("DEMO: all of this is simulated")


def _object(fleet: Fleet, model: ModelName, past: _Past, loaded: Loaded) -> dict[str, Any]:
    more: dict[VersionId, dict[str, Any]] = {}
    of_all: dict[str, Any] = {}
    if past.timeline is not None:
        from modeltui.present.timeline_text import gaps_object, timeline_object

        for one in past.timeline.versions:
            more.setdefault(one.version, {}).update(timeline_object(one))
        of_all["gaps"] = gaps_object(past.timeline)
    if past.retention is not None:
        from modeltui.present.retention_text import retained_object, retention_object

        for kept in past.retention.versions:
            more.setdefault(kept.version, {}).update(retained_object(kept))
        of_all["retention"] = retention_object(past.retention, _scope(fleet, model, loaded))
    return versions_object(fleet, model, more=more, of_all=of_all)


def _scope(fleet: Fleet, model: ModelName, loaded: Loaded) -> str:
    from modeltui.present.retention_text import scope_words

    return scope_words(fleet, model, [name for name in loaded.config.contexts if name != loaded.context_name])


def _unknown(fleet: Fleet, model: str) -> WrongNameError:
    hint = did_you_mean(model, fleet.models)
    return WrongNameError(f"no registry lists a model {model!r}{hint}", f"{len(fleet.models)} models are listed")
