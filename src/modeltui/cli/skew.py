"""`modeltui skew`: is it the same everywhere?"""

from __future__ import annotations

import click

from modeltui.cli.output import data, fail, json_object
from modeltui.cli.session import failures, with_observer
from modeltui.config.load import Loaded, Options
from modeltui.engine.observer import Observer
from modeltui.present.skew import skew_object, skew_table
from modeltui.present.table import aligned


@click.command("skew", help="Print which version serves in which environment.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(options: Options, as_json: bool) -> int:
    """Print the version × environment matrix."""

    async def look(observer: Observer, _: Loaded) -> int:
        fleet = await observer.look_once()
        if as_json:
            json_object(skew_object(fleet))
        else:
            data(aligned(skew_table(fleet)))
        broken = failures(fleet)
        for title, remedy in broken:
            fail(title, remedy)
        return 1 if broken else 0

    return with_observer(options, look)
