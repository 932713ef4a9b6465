"""Answers which version served where at a time, by the journal and by what controllers remember."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, tzinfo
from typing import Final

from modeltui.domain.acting.approval import Decision
from modeltui.domain.fleet import Fleet
from modeltui.domain.journal.details import read_weights
from modeltui.domain.journal.record import Detail, Record, RecordKind
from modeltui.domain.journal.serving_history import (
    COVERS_SECONDS,
    SERVING_KINDS,
    Interval,
    as_of,
    by_target,
    day_span,
    intervals,
    with_provenance,
)
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout, ServingRecord
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.journal import JournalReader, Query

AROUND_SECONDS: Final = 86_400.0
"""How far around one moment is looked for the beginning and the end of what served one target then."""
MOST_RECORDS: Final = 200_000
MOST_ACTIONS: Final = 200
MOST_LOOKS_BACK: Final = 20_000
"""So many looks, two months of them, are gone through for a version that was away and came back by another's hand."""
_ENDINGS: Final = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED})


async def serving_at(
    journal: JournalReader,
    at: Instant,
    *,
    now: Instant,
    fleet: Fleet | Unknown = UNKNOWN,
    target: TargetKey | Unknown = UNKNOWN,
    covers_seconds: float = COVERS_SECONDS,
) -> tuple[Interval, ...]:
    """Return what served at one moment, of one target or of all that anybody knows; a gap where nobody does.

    Of one target its beginning and end are looked for within a day around; of all, only within what one look covers.
    Raises `JournalUnavailable`.
    """
    around = covers_seconds if isinstance(target, Missing) else AROUND_SECONDS
    since, until = Instant(at - around), Instant(at + around)
    found = await serving_between(
        journal, since, until, now=now, fleet=fleet, target=target, covers_seconds=covers_seconds
    )
    return as_of(found, at)


async def serving_on(
    journal: JournalReader,
    day: date,
    zone: tzinfo,
    *,
    now: Instant,
    fleet: Fleet | Unknown = UNKNOWN,
    target: TargetKey | Unknown = UNKNOWN,
    covers_seconds: float = COVERS_SECONDS,
) -> tuple[Interval, ...]:
    """Return what served during a whole day of the people in `zone`: perhaps several versions, perhaps gaps."""
    since, until = day_span(day, zone)
    return await serving_between(
        journal, since, until, now=now, fleet=fleet, target=target, covers_seconds=covers_seconds
    )


async def serving_between(
    journal: JournalReader,
    since: Instant,
    until: Instant,
    *,
    now: Instant,
    fleet: Fleet | Unknown = UNKNOWN,
    target: TargetKey | Unknown = UNKNOWN,
    covers_seconds: float = COVERS_SECONDS,
) -> tuple[Interval, ...]:
    """Return what served in a stretch of time, target by target, each without a hole.

    With each version comes who brought it and who approved that, as far as the journal knows.
    """
    query = Query(
        target=target,
        kinds=SERVING_KINDS,
        since=Instant(since - covers_seconds),
        until=until,
        most=MOST_RECORDS,
    )
    records = by_target(await journal.read(query))
    remembered = _remembered(fleet)
    known = () if isinstance(fleet, Missing) else fleet.targets
    asked = {*records, *known} if isinstance(target, Missing) else {target}
    found: list[Interval] = []
    for key in sorted(asked):
        parts = intervals(
            key,
            records.get(key, ()),
            remembered.get(key, ()),
            since=since,
            until=until,
            now=now,
            covers_seconds=covers_seconds,
        )
        found += await _with_actions(journal, key, parts)
    return with_provenance(found, {} if isinstance(fleet, Missing) else fleet.provenance)


def _remembered(fleet: Fleet | Unknown) -> Mapping[TargetKey, tuple[ServingRecord, ...]]:
    """Return what controllers remember: what they kept, and since when they have sent requests to a candidate."""
    if isinstance(fleet, Missing):
        return {}
    rollouts = {key: one.rollout for key, one in fleet.targets.items() if isinstance(one.rollout, Rollout)}
    return {key: (*rollout.served, *_candidate(rollout)) for key, rollout in rollouts.items()}


def _candidate(rollout: Rollout) -> tuple[ServingRecord, ...]:
    stage, candidate = rollout.stage, rollout.candidate
    if isinstance(stage, Missing) or isinstance(candidate, Missing) or isinstance(stage.since, Missing):
        return ()
    if not rollout.weights.get(candidate, 0.0):
        return ()
    return (ServingRecord(candidate, stage.since, UNKNOWN, passed_gates=False),)


async def _with_actions(journal: JournalReader, target: TargetKey, parts: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """Return the intervals with whoever brought and approved each version, as the newest action before it says."""
    if all(part.is_gap for part in parts):
        return parts
    last = max(part.until for part in parts)
    query = Query(target=target, kinds=_ENDINGS, until=last, most=MOST_ACTIONS, newest_first=True)
    endings = await journal.read(query)
    plans: dict[SafeText, tuple[Record, ...]] = {}
    result: list[Interval] = []
    for part in parts:
        ending = await _ending_of(journal, part, endings, plans)
        if ending is None or await _was_over(journal, part, ending):
            result.append(part)
            continue
        seqs = tuple(dict.fromkeys((ending.seq, *part.seqs)))
        by = safe_text(str(ending.entry.actor))
        approvals = _approvals(await _records_of(journal, ending, plans))
        result.append(replace(part, approvals=approvals, done_by=by, seqs=seqs))
    return tuple(result)


async def _ending_of(
    journal: JournalReader, part: Interval, endings: Iterable[Record], plans: dict[SafeText, tuple[Record, ...]]
) -> Record | None:
    """Return the newest action that was to make this version serve, and did, before the interval was over."""
    for ending in endings:
        # What ended an interval did not bring it, nor did an action bring what was only left over when it ended.
        if (
            ending.entry.at < part.until
            and _says_that(ending, part.version)
            and _was_meant(part.version, await _records_of(journal, ending, plans))
        ):
            return ending
    return None


async def _records_of(
    journal: JournalReader, ending: Record, plans: dict[SafeText, tuple[Record, ...]]
) -> tuple[Record, ...]:
    plan = ending.entry.plan_id
    if isinstance(plan, Missing):
        return ()
    if plan not in plans:
        plans[plan] = await journal.read(Query(plan_id=plan))
    return plans[plan]


def _was_meant(version: VersionId | Unknown, plan: Iterable[Record]) -> bool:
    """Tell whether a version is among those that the intent of a plan names; without an intent it may be."""
    for record in plan:
        if record.entry.kind is RecordKind.ACTION_INTENT and "to" in record.entry.details:
            try:
                return any(version == one for one, share in read_weights(record.entry.details["to"]) if share)
            except ValueError:
                return False
    return True


async def _was_over(journal: JournalReader, part: Interval, ending: Record) -> bool:
    """Tell whether this version was seen not to serve after that action: whoever brought it back is somebody else."""
    if ending.entry.at >= part.since:
        return False
    between = Query(
        target=part.target,
        kinds=SERVING_KINDS,
        since=ending.entry.at,
        until=part.since,
        after_seq=ending.seq,
        most=MOST_LOOKS_BACK,
        newest_first=True,
    )
    return any(_says_that(record, part.version) is False for record in await journal.read(between))


def _says_that(record: Record, version: VersionId | Unknown) -> bool | None:
    """Return whether a record says that a version serves; `None` when it says nothing of what serves."""
    details = record.entry.details
    try:
        if record.entry.kind is RecordKind.ACTION_SNAPPED_BACK:
            found = details.get("found")
            serving = read_weights(found.get("weights")) if isinstance(found, Mapping) else ()
        else:
            serving = read_weights(details.get("serving"))
    except ValueError:
        return None
    return any(version == one for one, _ in serving) if serving else None


def _approvals(records: Iterable[Record]) -> tuple[SafeText, ...]:
    """Return who said yes: by their own records, and by what the intent says that it stood on."""
    names: list[SafeText] = []
    for record in records:
        if record.entry.kind is RecordKind.APPROVAL_GRANTED:
            names.append(safe_text(str(record.entry.actor)))
        elif record.entry.kind is RecordKind.ACTION_INTENT:
            names += _named_in(record.entry.details.get("approvals"))
    return tuple(dict.fromkeys(names))


def _named_in(approvals: Detail) -> list[SafeText]:
    if not isinstance(approvals, tuple):
        return []
    return [
        safe_text(one["by"])
        for one in approvals
        if isinstance(one, Mapping) and one.get("decision") == Decision.GRANT.value and "by" in one
    ]
