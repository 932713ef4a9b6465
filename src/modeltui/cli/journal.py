"""`modeltui journal list|show|verify|export|as-of|prune`: the record of what was asked, refused, done and seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

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
from modeltui.ports.journal import PagedReader, Query

AS_OF = """Say which version served which share of what at TIME: 2026-01-15T08:00Z, a whole day (2026-01-15), or so
long ago (2h).

It goes by our own actions, by what 'modeltui observe' wrote down, and by what controllers remember. A
time that nobody looked at is printed as a gap, never as 'as before'."""
PRUNE = """Drop whole closed months of the record that are older than 'journal.retention_days'.

What is left of each are its checkpoint, a tombstone and a record of the dropping, so that the chain still
proves itself. A legal hold (a file 'legal-hold' beside the record) keeps everything."""
_PAGE = 1_000
_SHORTEST_HASH = 6
_MOST_NAMED = 20
_LOOK = "`modeltui journal verify` says where the chain is broken: keep a copy of the directory"


@click.group(
    "journal", help="Read, check, export the record, or ask it what served when; drop what is kept long enough."
)
def command() -> None:
    """Work with the record."""


def reading(options: Options, use: Callable[[PagedReader, Loaded], Awaitable[int]]) -> int:
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

    async def use(journal: PagedReader, _: Loaded) -> int:
        query, plan = _query(**chosen)
        found, lost = await _newest(journal, query, plan, last)
        if as_json:
            from modeltui.present.acting_objects import record_object

            answer = {"schema": "modeltui.journal/1", "records": [record_object(record) for record in found]}
            json_object(answer | ({"unreadable": sorted(lost)} if lost else {}))
            return await _say_lost(journal, lost)
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
        return await _say_lost(journal, lost)

    return reading(options, use)


@command.command("show", help="Print everything that one record holds, by its number.")
@click.argument("seq", type=click.IntRange(1, 2**63 - 1))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(options: Options, seq: int, as_json: bool) -> int:
    """Print one record."""

    async def use(journal: PagedReader, loaded: Loaded) -> int:
        page = await journal.page(Query(after_seq=seq - 1, most=1))
        found = page.records
        if not found or found[0].seq != seq:
            await _say_why_not_there(journal, seq, is_lost=seq in page.unreadable)
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

    async def use(journal: PagedReader, _: Loaded) -> int:
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

    async def use(journal: PagedReader, _: Loaded) -> int:
        from modeltui.cli.exporting import exported

        query, plan = _query(**chosen)
        lost: set[int] = set()
        async for record in _oldest_first(journal, query, plan, lost):
            data(exported(record, form))
        return await _say_lost(journal, lost)

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


async def _oldest_first(journal: PagedReader, query: Query, plan: str, lost: set[int]) -> AsyncIterator[Record]:
    """Yield all that match, and put the numbers of those that cannot be read into `lost`."""
    from dataclasses import replace

    after = 0
    while True:
        page = await journal.page(replace(query, after_seq=after))
        seen = {record.seq for record in page.records} | set(page.unreadable)
        if not seen:
            return
        lost |= set(page.unreadable)
        for record in page.records:
            if _is_of(record, plan):
                yield record
        after = max(seen)


async def _newest(journal: PagedReader, query: Query, plan: str, last: int) -> tuple[list[Record], set[int]]:
    """Return the newest that match, oldest first, and the numbers of those that cannot be read."""
    from collections import deque
    from dataclasses import replace

    lost: set[int] = set()
    if plan:  # no index knows the beginnings of hashes
        return list(deque([one async for one in _oldest_first(journal, query, plan, lost)], last)), lost
    page = await journal.page(replace(query, newest_first=True, most=last))
    return list(reversed(page.records)), set(page.unreadable)


async def _say_lost(journal: PagedReader, lost: set[int]) -> int:
    """Say which records are missing in what was printed, and return the exit code.

    Raises `JournalUnavailable` when nobody knows which record is the last.
    """
    await journal.head()
    if not lost:
        return 0
    named = [str(number) for number in sorted(lost)[:_MOST_NAMED]]
    rest = f" and {len(lost) - len(named)} more" if len(lost) > len(named) else ""
    fail(f"left out, as they are not what was written: {', '.join(named)}{rest}", _LOOK)
    return 1


async def _say_why_not_there(journal: PagedReader, seq: int, *, is_lost: bool) -> NoReturn:
    if is_lost:
        raise UnknownNameError(f"record {seq} is there, and not as it was written", _LOOK)
    last, _ = await journal.head()
    oldest = await journal.read(Query(most=1))
    if seq > last or not oldest:
        raise UnknownNameError(f"the journal has no record {seq}", f"its last one is {last}")
    raise UnknownNameError(f"the journal has no record {seq} any more", f"its oldest one is {oldest[0].seq}")


def _is_of(record: Record, plan: str) -> bool:
    entry = record.entry
    if not plan:
        return True
    names = [
        str(name).removeprefix("sha256:") for name in (entry.plan_hash, entry.plan_id) if not isinstance(name, Missing)
    ]
    return any(name.startswith(plan) for name in names)
