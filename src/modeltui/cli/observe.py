"""`modeltui observe`: write down which version serves, so that the journal can tell it later."""

from __future__ import annotations

import asyncio

import click

from modeltui.cli.output import data, fail, note
from modeltui.cli.session import failures
from modeltui.cli.wishes import seconds_of
from modeltui.config.load import Options, load
from modeltui.domain.errors import JournalUnavailable

_SHORTEST_SECONDS = 10.0

HELP = """Write down which version serves which share of every target, in the journal: 'modeltui journal as-of' needs it
for what others deploy. Nothing is sent to any backend, and a read-only context may do it.

Where people elsewhere are told of actions (notify), it also tells what nobody was told of, because the process that
acted died, and sends what is waiting; in a read-only context it does not.

The screens write nothing of it down, however long they are open: keep one of these running, on one machine, with
--every 5m. What it saw speaks for a quarter of an hour; a target is written down when it changed, and every 5 minutes:
288 records a day for each.

Once, for cron and timers; with --every again and again until interrupted. Exit code 1 when a source did not answer or
the journal could not be written."""


@click.command("observe", help=HELP)
@click.option("--every", metavar="5m", help="Go on, that often.")
@click.option("--once", is_flag=True, help="Look once (the default).")
@click.pass_obj
def command(options: Options, every: str | None, once: bool) -> int:
    """Record what serves."""
    if every and once:
        raise click.UsageError("--once and --every contradict each other")
    pause = seconds_of(every, "--every") if every else 0.0
    if every and pause < _SHORTEST_SECONDS:
        raise click.UsageError(f"--every {every}: not more often than every {_SHORTEST_SECONDS:g} s")
    loaded = load(options)
    from modeltui.wiring.observations import open_observations

    async def session() -> int:
        async with open_observations(loaded) as seen:
            while True:
                code = 0
                try:
                    records = await seen.write_down()
                    numbers = f", #{records[0].seq} to #{records[-1].seq}" if records else ""
                    data(
                        [
                            f"{len(records)} targets written down{numbers}"
                            if records
                            else "nothing new: all of it was written down just before"
                        ]
                    )
                    waiting = await seen.tell_what_is_left()
                    if waiting:
                        note(f"modeltui: {waiting} notices wait until somebody takes them; see 'modeltui doctor'")
                except JournalUnavailable as error:
                    code = 1
                    fail(error.title, error.remedy)
                for title, remedy in failures(seen.observer.fleet):
                    code = 1
                    fail(title, remedy)
                if not pause:
                    return code
                await seen.observer.clock.sleep(pause)

    try:
        return asyncio.run(session())
    except KeyboardInterrupt:
        note("modeltui: interrupted")
        return 130
