"""`modeltui versions MODEL`: what exists, what points at it, where it serves."""

from __future__ import annotations

from typing import Any

import click

from modeltui.cli.output import data, fail, json_object
from modeltui.cli.session import UnknownNameError, failures, with_observer
from modeltui.config.load import Loaded, Options
from modeltui.config.problems import did_you_mean
from modeltui.domain.fleet import Fleet
from modeltui.domain.names import ModelName
from modeltui.domain.text import safe_text
from modeltui.engine.observer import Observer
from modeltui.present.table import aligned
from modeltui.present.versions import version_rows, versions_object


@click.command("versions", help="Print the versions of MODEL, newest first.")
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(options: Options, model: str, as_json: bool) -> int:
    """Print the versions of a model."""

    async def look(observer: Observer, _: Loaded) -> int:
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
        answer: dict[str, Any] = versions_object(fleet, name)
        if as_json:
            json_object(answer)
        else:
            data(aligned(version_rows(fleet, name)))
        return 1 if broken else 0

    return with_observer(options, look)


def _unknown(fleet: Fleet, model: str) -> UnknownNameError:
    hint = did_you_mean(model, fleet.models)
    return UnknownNameError(f"no registry lists a model {model!r}{hint}", f"{len(fleet.models)} models are listed")
