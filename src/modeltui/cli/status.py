"""`modeltui status`: the fleet, worst first."""

from __future__ import annotations

from typing import Literal

import click

from modeltui.cli.output import data, fail, json_object, note, one_form
from modeltui.cli.session import chosen_targets, failures, with_observer
from modeltui.config.load import Loaded, Options
from modeltui.domain.fleet import Fleet, SourceCondition, Target
from modeltui.domain.health import Level
from modeltui.domain.names import SourceName, TargetKey
from modeltui.domain.reduce import Changes
from modeltui.engine.observer import Observer
from modeltui.present.changes import change_line
from modeltui.present.glyphs import ASCII
from modeltui.present.status import status_object
from modeltui.present.table import aligned, comma_separated, status_table

Form = Literal["json", "plain", "csv"]
_Said = dict[SourceName, tuple[bool, tuple[str, ...]]]
"""What was said last of each source: whether it is down, and its failure or its warnings."""
_FAIL_ON = {"warn": Level.WARN, "breach": Level.BREACH}


@click.command("status", help="Print the fleet, worst first; MODEL or MODEL@ENV for a part of it.")
@click.argument("wanted", metavar="[MODEL[@ENV]]", required=False)
@click.option("--json", "forms", flag_value="json", multiple=True, help="One JSON object (with --watch one a line).")
@click.option("--plain", "forms", flag_value="plain", multiple=True, help="A plain table (the default).")
@click.option("--csv", "forms", flag_value="csv", multiple=True, help="Comma-separated values.")
@click.option("--watch", is_flag=True, help="Go on: one line for each change until interrupted.")
@click.option("--fail-on", type=click.Choice(["warn", "breach"]), help="Exit with 1 when a target is this bad.")
@click.pass_obj
def command(options: Options, wanted: str | None, forms: tuple[Form, ...], watch: bool, fail_on: str | None) -> int:
    """Print the fleet."""
    form = one_form(forms, "plain")

    async def look(observer: Observer, _: Loaded) -> int:
        fleet = await observer.look_once()
        said: _Said = {}
        _say_sources(fleet, said)
        targets = chosen_targets(fleet, wanted)
        _print(fleet, targets, form, one_line=watch)
        if not fleet.targets and not failures(fleet):
            note("modeltui: no target is known: 'modeltui doctor' says what each source has")
        if watch:
            await _follow(observer, {target.key for target in targets} if wanted else None, form, said)
        return _exit_code(fleet, targets, fail_on)

    return with_observer(options, look)


def _print(fleet: Fleet, targets: list[Target], form: Form, *, one_line: bool) -> None:
    if form == "json":
        json_object(status_object(fleet, targets), one_line=one_line)
        return
    rows = status_table(fleet, targets, ASCII)
    data(comma_separated(rows) if form == "csv" else aligned(rows))
    if form == "plain" and fleet.context.simulated:
        note("DEMO: all of this is simulated")


def _exit_code(fleet: Fleet, targets: list[Target], fail_on: str | None) -> int:
    worst = max((max(target.level, _was(target)) for target in targets), default=Level.OK)
    return 1 if failures(fleet) or (fail_on is not None and worst >= _FAIL_ON[fail_on]) else 0


def _was(target: Target) -> Level:
    """A breach that nobody measures any more is not over."""
    return target.last_judged if target.level is Level.STALE else target.level


def _say_sources(fleet: Fleet, said: _Said) -> None:
    """Say on standard error what is new of the sources: failures, what their answers lack, and that one is back."""
    for source in fleet.sources.values():
        is_down = source.condition(fleet.at) is SourceCondition.DOWN
        says = (str(source.error), str(source.remedy or "")) if is_down else source.warnings
        was_down, before = said.get(source.name, (False, ()))
        said[source.name] = (is_down, says)
        if is_down and not (was_down and says == before):
            fail(*says)
        elif was_down and not is_down:
            note(f"modeltui: {source.name} answers again")
        if not is_down and says != before:
            for warning in says:
                note(f"modeltui: {source.name}: {warning}")


async def _follow(observer: Observer, wanted: set[TargetKey] | None, form: Form, said: _Said) -> None:
    shown = {key: change_line(observer.fleet, target) for key, target in observer.fleet.targets.items()}

    def on_change(fleet: Fleet, changes: Changes) -> None:
        if changes.sources:
            _say_sources(fleet, said)
        for key in sorted(changes.targets):
            if key not in fleet.targets or (wanted is not None and key not in wanted):
                continue
            line = change_line(fleet, fleet.targets[key])
            if shown.get(key) == line:
                continue
            shown[key] = line
            if form == "json":
                json_object(status_object(fleet, [fleet.targets[key]]), one_line=True)
            else:
                data([line.at(fleet.at)])

    unsubscribe = observer.store.subscribe(on_change)
    try:
        await observer.run()
    finally:
        unsubscribe()
