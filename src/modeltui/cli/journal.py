"""`modeltui journal list|show|verify|export|as-of|prune`: the record of what was asked, refused, done and seen."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import click

from modeltui.cli.acting_session import glyphs_of
from modeltui.cli.moments import moment
from modeltui.cli.output import data, fail, json_object, note
from modeltui.cli.session import UnknownNameError
from modeltui.cli.wishes import target_key
from modeltui.config.load import Loaded, Options, load
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.names import UNKNOWN, Missing, ModelName
from modeltui.domain.text import safe_text
from modeltui.ports.journal import JournalReader, Query

AS_OF = """Say which version served which share of what at TIME: 2026-01-15T08:00Z, a whole day (2026-01-15), or so
long ago (2h).

It goes by our own actions, by what 'modeltui observe' wrote down, and by what controllers remember. A
time that nobody looked at is printed as a gap, never as 'as before'."""
PRUNE = """Drop whole closed months of the record that are older than 'journal.retention_days'.

What is left of each are its checkpoint, a tombstone and a record of the dropping, so that the chain still
proves itself. A legal hold (a file 'legal-hold' beside the record) keeps everything."""
_PAGE = 1_000
_SHORTEST_HASH = 6


@click.group(
    "journal", help="Read, check, export the record, or ask it what served when; drop what is kept long enough."
)
def command() -> None:
    """Work with the record."""


def reading(options: Options, use: Callable[[JournalReader, Loaded], Awaitable[int]]) -> int:
    """Open the journal of the context for reading and return what `use` returns."""
    loaded = load(options)
    from modeltui.wiring.journal_reading import open_journal_reader

    async def session() -> int:
        async with open_journal_reader(loaded) as journal:
            return await use(journal, loaded)

    return asyncio.run(session())


def _choosing(chosen: Callable[..., int]) -> Callable[..., int]:
    kinds = click.Choice([kind.value for kind in RecordKind])
    options = (
        click.option("--target", metavar="MODEL[@ENV]", help="Only of this target, or of this model."),
        click.option("--kind", "kinds", type=kinds, multiple=True, metavar="KIND", help="Only of this kind; again."),
        click.option("--by", "principal", metavar="WHO", help="Only what this person or rule did."),
        click.option("--plan", metavar="HASH", help="Only of the plan whose id or hash begins so."),
        click.option("--since", metavar="TIME", help="From then on: 2026-01-15, 2026-01-15T08:00Z, or 2h (ago)."),
        click.option("--until", metavar="TIME", help="Up to then."),
        click.pass_obj,
    )
    for option in reversed(options):
        chosen = option(chosen)
    return chosen


@command.command("list", help="Print records, newest last: when, what, who, seq.")
@click.option("--last", type=click.IntRange(1, 100_000), default=50, show_default=True, help="So many, the newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@_choosing
def list_records(options: Options, last: int, as_json: bool, **chosen: Any) -> int:
    """Print records."""

    async def use(journal: JournalReader, _: Loaded) -> int:
        query, plan = _query(**chosen)
        found = [record async for record in _newest_first(journal, query, plan, last)]
        found.reverse()
        if as_json:
            from modeltui.present.acting_objects import record_object

            json_object({"schema": "modeltui.journal/1", "records": [record_object(record) for record in found]})
            return 0
        from modeltui.present.format import date_time
        from modeltui.present.journal_text import journal_line
        from modeltui.present.span import plain

        day = ""
        for record in found:
            if (today := date_time(record.entry.at)[:10]) != day:
                data([today])
                day = today
            data([plain(journal_line(record)).rstrip()])
        if not found:
            note("modeltui: the journal has no such record")
        return 0

    return reading(options, use)


@command.command("show", help="Print everything that one record holds, by its number.")
@click.argument("seq", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(options: Options, seq: int, as_json: bool) -> int:
    """Print one record."""

    async def use(journal: JournalReader, loaded: Loaded) -> int:
        found = await journal.read(Query(after_seq=seq - 1, most=1))
        if not found or found[0].seq != seq:
            last, _ = await journal.head()
            raise UnknownNameError(f"the journal has no record {seq}", f"its last one is {last}")
        from modeltui.present.acting_objects import record_object
        from modeltui.present.journal_text import detail_lines
        from modeltui.present.span import plain

        if as_json:
            json_object({"schema": "modeltui.record/1"} | record_object(found[0]))
        else:
            data([plain(line).rstrip() for line in detail_lines(found[0], glyphs_of(loaded))])
        return 0

    return reading(options, use)


@command.command("verify", help="Read the whole chain afresh and say whether every record fits; exit code 1 when not.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def verify(options: Options, as_json: bool) -> int:
    """Verify the chain."""

    async def use(journal: JournalReader, _: Loaded) -> int:
        from modeltui.present.acting_objects import verify_object
        from modeltui.present.journal_text import chain_state_words

        chain = await journal.verify()
        if as_json:
            json_object(verify_object(chain))
        else:
            data([chain_state_words(chain)[0]])
        if not chain.is_whole:
            fail(
                f"the journal does not prove itself from record {chain.first_bad_seq} on",
                "keep the files as they are, and compare them with what the anchors have",
            )
        return 0 if chain.is_whole else 1

    return reading(options, use)


@command.command("export", help="Print records: their exact lines, CSV, or CloudEvents.")
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv", "cloudevents"]), default="jsonl", show_default=True
)
@_choosing
def export(options: Options, form: str, **chosen: Any) -> int:
    """Export records, oldest first."""

    async def use(journal: JournalReader, _: Loaded) -> int:
        from modeltui.cli.exporting import exported

        query, plan = _query(**chosen)
        async for record in _oldest_first(journal, query, plan):
            data(exported(record, form))
        return 0

    if form == "csv":
        from modeltui.cli.exporting import heading

        data(heading())
    return reading(options, use)


@command.command("as-of", help=AS_OF)
@click.argument("time")
@click.option("--model", metavar="MODEL[@ENV]", help="Only of this model, or of this target.")
@click.option("--zone", metavar="ZONE", default="UTC", show_default=True, help="Whose day is meant: Asia/Hong_Kong.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def as_of(options: Options, time: str, model: str | None, zone: str, as_json: bool) -> int:
    """Say what served at a time."""
    from modeltui.cli.as_of import answer

    return answer(options, time, model, zone, as_json=as_json)


@command.command("prune", help=PRUNE)
@click.option("--dry-run", is_flag=True, help="Only say what would be dropped.")
@click.pass_obj
def prune(options: Options, dry_run: bool) -> int:
    """Drop what is older than the configuration keeps."""
    from modeltui.cli.pruning import prune_journal

    return prune_journal(options, dry_run=dry_run)


def _query(
    target: str | None,
    kinds: tuple[str, ...],
    principal: str | None,
    plan: str | None,
    since: str | None,
    until: str | None,
) -> tuple[Query, str]:
    key = target_key(target) if target and "@" in target else UNKNOWN
    query = Query(
        target=key,
        model=ModelName(safe_text(target)) if target and not key else UNKNOWN,
        kinds=frozenset(RecordKind(kind) for kind in kinds),
        principal=safe_text(principal) if principal else UNKNOWN,
        since=moment(since, "--since"),
        until=moment(until, "--until"),
        most=_PAGE,
    )
    if plan is not None and len(plan.removeprefix("sha256:")) < _SHORTEST_HASH:
        raise click.UsageError(f"--plan needs at least {_SHORTEST_HASH} characters")
    return query, (plan or "").removeprefix("sha256:")


async def _oldest_first(journal: JournalReader, query: Query, plan: str) -> Any:
    from dataclasses import replace

    after = 0
    while page := await journal.read(replace(query, after_seq=after)):
        for record in page:
            if _is_of(record, plan):
                yield record
        after = page[-1].seq


async def _newest_first(journal: JournalReader, query: Query, plan: str, last: int) -> Any:
    from dataclasses import replace

    most = last if not plan else 100_000
    left = last
    for record in await journal.read(replace(query, newest_first=True, most=most)):
        if left and _is_of(record, plan):
            left -= 1
            yield record


def _is_of(record: Record, plan: str) -> bool:
    entry = record.entry
    if not plan:
        return True
    names = [
        str(name).removeprefix("sha256:") for name in (entry.plan_hash, entry.plan_id) if not isinstance(name, Missing)
    ]
    return any(name.startswith(plan) for name in names)
