"""`modeltui doctor`: what works, what does not, and what to do about it."""

from __future__ import annotations

import os
import platform

import click

from modeltui import __version__, plugins
from modeltui.cli.output import data, json_object
from modeltui.cli.session import with_observer
from modeltui.config.load import Loaded, Options
from modeltui.domain.errors import ConfigError
from modeltui.domain.event import SourceFailed
from modeltui.engine.observer import Observer
from modeltui.present.doctor import SourceReport, is_fit, report_lines, report_object
from modeltui.tui.lifecycle import TerminalRefusal, check_terminal
from modeltui.wiring.doctoring import acting_findings

HELP = """Ask every source what works: reach, auth, latency, clock, capabilities, labels; and look at what acting stands
on: who you are, what the rules let you do, whether the journal is whole and its disk keeps it, what its anchors have
seen, and whether everybody who is to be told hears of it. Nothing is sent to anybody, and no secret is shown.

Exit code 1 when something stands in the way (FAIL); what nobody can say, or what is weak, is marked ?."""


@click.command("doctor", help=HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def command(options: Options, as_json: bool) -> int:
    """Print what was found; exit code 1 when something stands in the way."""

    async def look(observer: Observer, loaded: Loaded) -> int:
        reports = [
            _report(source.name, source.backend, source.kind.value, probe) for source, probe in await observer.probe()
        ]
        access, is_whole = _access_words(loaded)
        notes = [*_notes(loaded), ("access", access)]
        # Under rules that cannot be trusted nothing can be done, and whoever sits here is known by none of them.
        acting = await acting_findings(loaded, observer) if is_whole else []
        if as_json:
            answer = report_object(reports, notes, acting)
            json_object({**answer, "ok": answer["ok"] and is_whole})
        else:
            data(report_lines(reports, notes, acting))
        return 0 if is_whole and is_fit(acting) and all(report.ok for report in reports) else 1

    return with_observer(options, look)


def _report(name: str, kind: str, port: str, probe: object) -> SourceReport:
    from modeltui.ports.probe import Probe

    if isinstance(probe, Probe):
        return SourceReport(name, kind, port, probe)
    if isinstance(probe, SourceFailed):
        return SourceReport(name, kind, port, None, probe.title, probe.remedy)
    raise TypeError(f"no probe: {probe!r}")


def _notes(loaded: Loaded) -> list[tuple[str, str]]:
    kinds = ", ".join(f"{kind} ({'+'.join(ports)})" for kind, ports in plugins.names().items())
    return [
        ("modeltui", f"{__version__}, Python {platform.python_version()}"),
        ("config", f"{loaded.file} ({loaded.origins['file']})"),
        ("context", f"{loaded.context_name} ({loaded.origins['context']}), {loaded.context.mode.value}"),
        ("terminal", _terminal_words()),
        ("adapters", kinds),
    ]


def _access_words(loaded: Loaded) -> tuple[str, bool]:
    """Return whose rules are in force with what weakens them, and whether anything may be written under them."""
    from modeltui.config.access import load_access

    try:
        access = load_access(loaded.context.access)
    except ConfigError as error:
        return f"FAIL: {error.title}; {error.remedy}", False
    return "; ".join([access.file or "no policy is named: the built-in rules", *access.says]), True


def _terminal_words() -> str:
    use = check_terminal(os.environ)
    if isinstance(use, TerminalRefusal):
        return f"{use.title}: no screens here"
    ascii_words = ", ASCII only" if use.ascii_only else ""
    words = f"{use.width}x{use.height}, colours: {use.colours.value}{ascii_words}"
    return "; ".join([words, *use.notes])
