"""What served when: the answer of `modeltui journal as-of`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from modeltui.cli.moments import moment
from modeltui.cli.output import data, fail, json_object, note
from modeltui.cli.session import failures
from modeltui.cli.wishes import target_key
from modeltui.config.load import Loaded, Options, load
from modeltui.domain.errors import BackendError
from modeltui.domain.journal.serving_history import Interval
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown
from modeltui.domain.text import safe_text
from modeltui.engine.observer import Observer
from modeltui.ports.journal import JournalReader

_MOST_VERSIONS = 50
"""Versions whose provenance is asked for, for the data that they were made of."""


def answer(options: Options, time: str, model: str | None, zone: str, *, as_json: bool) -> int:
    """Print what served at a time, or during a day, and return the exit code."""
    day, place = _day(time), _zone(zone)
    at = UNKNOWN if day is not None else moment(time, "TIME", place)
    loaded = load(options)
    found, seen_at, is_whole = asyncio.run(_found(loaded, day, place, at, model))
    if as_json:
        from modeltui.present.acting_objects import as_of_object

        json_object(as_of_object(seen_at, found))
    else:
        from modeltui.present.serving_table import serving_rows
        from modeltui.present.table import aligned
        from modeltui.present.times import both_date_times

        if not isinstance(at, Missing):
            note(f"as of {both_date_times(at, place)}")
        data(aligned(serving_rows(found, place)))
    if not found:
        note("modeltui: nobody knows of anything that served then")
    return 0 if is_whole else 1


async def _found(
    loaded: Loaded, day: date | None, zone: ZoneInfo, at: Instant | Unknown, model: str | None
) -> tuple[list[Interval], Instant, bool]:
    from modeltui.engine.journal.as_of import serving_at, serving_on
    from modeltui.wiring.journal_reading import open_journal_reader
    from modeltui.wiring.observing import open_observer

    target: TargetKey | Unknown = target_key(model) if model and "@" in model else UNKNOWN
    async with open_observer(loaded, start_from_cache=False) as observer, open_journal_reader(loaded) as journal:
        fleet = await observer.look_once()
        broken = failures(fleet)
        for title, remedy in broken:
            fail(title, remedy)

        async def look(journal: JournalReader) -> tuple[Interval, ...]:
            now = observer.clock.now()
            if day is not None:
                return await serving_on(journal, day, zone, now=now, fleet=observer.fleet, target=target)
            assert not isinstance(at, Missing)  # noqa: S101 - one of the two was given
            return await serving_at(journal, at, now=now, fleet=observer.fleet, target=target)

        await _read_provenance(observer, _of(await look(journal), model))
        found = list(_of(await look(journal), model))
        seen_at = at if not isinstance(at, Missing) else (found[0].since if found else observer.clock.now())
        return found, seen_at, not broken


def _of(found: Iterable[Interval], model: str | None) -> list[Interval]:
    return [one for one in found if model is None or model in (str(one.target), str(one.target.model))]


async def _read_provenance(observer: Observer, found: Iterable[Interval]) -> None:
    """Ask for what each version was made of; what cannot be read stays unknown."""
    versions = {(one.target.model, one.version) for one in found if not isinstance(one.version, Missing)}
    for name, version in sorted(versions)[:_MOST_VERSIONS]:
        try:
            await observer.read_provenance(name, version)
        except BackendError as error:
            fail(error.title, error.remedy)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    if not MINYEAR < day.year < MAXYEAR:
        raise click.UsageError(f"TIME {safe_text(text)!r} is a day that no record can be of")
    return day


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.UsageError(f"--zone {safe_text(name)!r} is no time zone, such as UTC or Asia/Hong_Kong") from None
