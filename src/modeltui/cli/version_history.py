"""What the record knows of the versions of one model, for the length of one command."""

from __future__ import annotations

from dataclasses import dataclass

from modeltui.cli.output import fail
from modeltui.config.load import Loaded
from modeltui.domain.errors import BackendError, JournalUnavailable
from modeltui.domain.fleet import Fleet
from modeltui.domain.journal.record import Record
from modeltui.domain.journal.serving_history import SERVING_KINDS, Interval
from modeltui.domain.names import Instant, Missing, ModelName, TargetKey, Unknown
from modeltui.engine.observer import Observer
from modeltui.ports.journal import JournalReader, Query

MOST_RECORDS = 20_000
"""Actions on one model that are read; more than anybody has taken."""


@dataclass(frozen=True, slots=True)
class VersionHistory:
    """What served when, and what was done."""

    since: Instant
    intervals: tuple[Interval, ...] = ()
    records: tuple[Record, ...] = ()
    is_read: bool = False
    """The journal could be read; otherwise only controllers were asked."""


async def read_history(
    observer: Observer, loaded: Loaded, model: ModelName, earliest: Instant | Unknown
) -> VersionHistory:
    """Read the record from the first thing that anybody remembers of the model, and not from before `earliest`."""
    from modeltui.domain.timeline import earliest_moment
    from modeltui.wiring.journal_reading import open_journal_reader

    since = earliest_moment(observer.fleet, model)
    since = since if isinstance(earliest, Missing) else Instant(max(since, earliest))
    try:
        async with open_journal_reader(loaded) as journal:
            return await _read(journal, observer.fleet, model, since, observer.clock.now())
    except (JournalUnavailable, BackendError) as error:
        fail(error.title, error.remedy)
        return VersionHistory(since)


async def _read(journal: JournalReader, fleet: Fleet, model: ModelName, since: Instant, now: Instant) -> VersionHistory:
    from modeltui.domain.timeline import TIMELINE_KINDS
    from modeltui.engine.journal.as_of import serving_between

    records = await journal.read(Query(model=model, kinds=TIMELINE_KINDS, since=since, most=MOST_RECORDS))
    looks = await journal.read(Query(model=model, kinds=SERVING_KINDS, since=since, most=MOST_RECORDS))
    recorded = {record.entry.target for record in (*records, *looks)}
    targets = {target.key for target in fleet.environments_of(model)}
    targets |= {target for target in recorded if isinstance(target, TargetKey)}
    intervals: list[Interval] = []
    for target in sorted(targets):
        intervals += await serving_between(journal, since, now, now=now, fleet=fleet, target=target)
    return VersionHistory(since, tuple(intervals), records, True)
