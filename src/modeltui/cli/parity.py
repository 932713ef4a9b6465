"""`modeltui parity MODEL`: are the environments of a model the same, and fit for what serves in them?"""

from __future__ import annotations

import click

from modeltui.cli.naming import model_named
from modeltui.cli.output import data, fail, json_object, note
from modeltui.cli.reading import read_all
from modeltui.cli.session import failures, with_observer
from modeltui.config.load import Loaded, Options
from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing, ModelName
from modeltui.domain.skew import Sameness
from modeltui.engine.observer import Observer

_HELP = """Print whether all environments of MODEL run the same images and libraries, fact by fact, and whether what
serves in each was built for it.

Exit codes: 0 when everything is known to be the same; 1 when anything differs, or is not known, or a backend could not
say: what nobody knows is no yes (--allow-unknown takes it for one); 2 unknown names.
"""


@click.command("parity", help=_HELP, short_help="Print whether the environments of a model are the same.")
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, modeltui.parity/1.")
@click.option("--all", "everything", is_flag=True, help="Also the facts that are the same.")
@click.option("--allow-unknown", is_flag=True, help="Exit with 0 when nothing is known to differ.")
@click.pass_obj
def command(options: Options, model: str, as_json: bool, everything: bool, allow_unknown: bool) -> int:
    """Print the parity of a model's environments."""

    async def look(observer: Observer, loaded: Loaded) -> int:
        fleet = await observer.look_once()
        broken = failures(fleet)
        for title, remedy in broken:
            fail(title, remedy)
        name = model_named(fleet, model, is_whole=not broken)
        serving = [target.serving for target in fleet.environments_of(name)]
        await read_all(observer, [(name, version) for version in serving if not isinstance(version, Missing)])
        same = _answer(observer.fleet, name, loaded, as_json=as_json, everything=everything)
        passing = (Sameness.SAME, Sameness.UNKNOWN) if allow_unknown else (Sameness.SAME,)
        return 0 if same in passing and not broken else 1

    return with_observer(options, look)


def _answer(fleet: Fleet, model: ModelName, loaded: Loaded, *, as_json: bool, everything: bool) -> Sameness:
    """Print the answer; return the verdict."""
    from modeltui.domain.same_everywhere import same_everywhere
    from modeltui.present.parity_text import built_for_rows, parity_object, parity_table, verdict_words
    from modeltui.present.table import aligned

    found = same_everywhere(fleet, model)
    if as_json:
        json_object(parity_object(fleet, found))
    else:
        facts = parity_table(fleet, found, everything=everything)
        between = [*aligned(facts), ""] if len(facts) > 1 else []
        data([*between, *aligned(built_for_rows(found)), "", verdict_words(found)], ascii_only=loaded.ui.ascii)
        if fleet.context.simulated:
            note("DEMO: all of this is simulated")
    return found.sameness
