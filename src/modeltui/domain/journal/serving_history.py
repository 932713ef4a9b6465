"""Which version served a target when, by whose word; and what nobody saw, which is a gap and never 'as before'.

Three kinds of evidence count. What our own actions ended with, and what was observed in passing, are looks at one
moment: they speak for the time until the next look, and no longer than they are said to. What a controller or a
registry remembers speaks for its own stretch of time, where no look says better.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Final

from modeltui.domain.acting.action import Weights
from modeltui.domain.journal.details import Details, read_weights
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import UNKNOWN, Instant, Missing, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Role, ServingRecord
from modeltui.domain.text import SafeText, safe_text

COVERS_SECONDS: Final = 900.0
"""How long one look speaks for the time after it: three of the looks that are made every five minutes."""
SAME_SHARE: Final = 0.05
"""Shares that differ by less are the same split: requests are counted, not dealt out."""
SERVING_KINDS: Final = frozenset(
    {
        RecordKind.SERVING_OBSERVED,
        RecordKind.ACTION_OUTCOME,
        RecordKind.ACTION_RECONCILED,
        RecordKind.ACTION_SNAPPED_BACK,
    }
)
"""The records that say what served."""


class Basis(StrEnum):
    """By whose word a version served."""

    REGISTRY = "registry"
    """A registry or a controller remembers it."""
    ACTION = "action"
    """An action of ours ended with it, and it was seen."""
    OBSERVATION = "observation"
    """It was seen in passing."""
    GAP = "gap"
    """Nobody looked."""


@dataclass(frozen=True, slots=True)
class Interval:
    """One version on one target for a while, or a while of which nobody knows."""

    target: TargetKey
    version: VersionId | Unknown
    """Unknown in a gap."""
    role: Role | Unknown
    share: float | Unknown
    """Of the requests, 0 to 1, the mean over the time; unknown where only somebody's memory speaks for it."""
    since: Instant
    until: Instant
    basis: Basis
    seqs: tuple[int, ...] = ()
    """The records that say so: the first, and the last where there are several."""
    since_or_earlier: bool = False
    """It was so already when the time that was asked for began."""
    until_or_later: bool = False
    """It was still so when that time ended."""
    approvals: tuple[SafeText, ...] = ()
    """Who approved that it serves."""
    done_by: SafeText | Unknown = UNKNOWN
    """Whose action brought it."""
    data: tuple[SafeText, ...] = ()
    """What it was trained on."""

    @property
    def is_gap(self) -> bool:
        """Tell whether nobody knows."""
        return self.basis is Basis.GAP


@dataclass(frozen=True, slots=True)
class _Piece:
    since: float
    until: float
    serving: tuple[tuple[VersionId, float | Unknown], ...]
    stable: VersionId | Unknown
    candidate: VersionId | Unknown
    basis: Basis
    seqs: tuple[int, ...] = ()


def intervals(
    target: TargetKey,
    records: Iterable[Record],
    remembered: Iterable[ServingRecord] = (),
    *,
    since: Instant,
    until: Instant,
    now: Instant,
    covers_seconds: float = COVERS_SECONDS,
) -> tuple[Interval, ...]:
    """Return what served `target` from `since` to `until`, oldest first, without a hole: what nobody knows is a gap.

    `records` should begin `covers_seconds` before `since`: a look before it may speak for its beginning. Nothing is
    said of the time after `now`.
    """
    until = Instant(min(until, now))
    if until <= since:
        return ()
    memories = _memories(remembered, until)
    looks = [_until_it_changed(look, memories) for look in _looks(target, records, covers_seconds)]
    pieces: list[_Piece] = []
    cursor: float = since
    for look in looks:
        if look.until <= since or look.since >= until:
            continue
        start = max(look.since, since)
        pieces += _filled(cursor, start, memories)
        cursor = min(look.until, until)
        pieces.append(replace(look, since=start, until=cursor))
    pieces += _filled(cursor, until, memories)
    merged = _merged(pieces)
    edges = _edges(looks, memories, since, until)
    return tuple(one for piece in merged for one in _intervals_of(target, piece, since, until, edges))


def as_of(found: Iterable[Interval], at: Instant) -> tuple[Interval, ...]:
    """Return what served at one moment, highest share first."""
    there = [one for one in found if one.since <= at < one.until or (one.until == at and one.until_or_later)]
    return tuple(sorted(there, key=lambda one: (str(one.target), -_number(one.share), str(one.version))))


def day_span(day: date, zone: tzinfo) -> tuple[Instant, Instant]:
    """Return when a day begins and ends for people in `zone`: 23 or 25 hours when their clocks change."""
    first = datetime.combine(day, time(), zone)
    last = datetime.combine(day + timedelta(days=1), time(), zone)
    return Instant(first.timestamp()), Instant(last.timestamp())


def with_provenance(
    found: Iterable[Interval], provenance: Mapping[tuple[ModelName, VersionId], Provenance]
) -> tuple[Interval, ...]:
    """Return the intervals with the data that each version was made of, where that is known."""
    return tuple(replace(one, data=_data_of(one, provenance)) for one in found)


def by_target(records: Iterable[Record]) -> dict[TargetKey, list[Record]]:
    """Return the records of each target."""
    found: dict[TargetKey, list[Record]] = {}
    for record in records:
        if not isinstance(record.entry.target, Missing):
            found.setdefault(record.entry.target, []).append(record)
    return found


def _looks(target: TargetKey, records: Iterable[Record], covers_seconds: float) -> list[_Piece]:
    """Return what each record says, each until the next one or until it has grown too old."""
    said = [look for record in records if record.entry.target == target and (look := _look(record)) is not None]
    said.sort(key=lambda look: (look.since, look.seqs))
    ends = [*(look.since for look in said[1:]), float("inf")][: len(said)]
    return [
        replace(look, until=min(look.since + covers_seconds, end))
        for look, end in zip(said, ends, strict=True)
        if end > look.since
    ]


def _look(record: Record) -> _Piece | None:
    details = record.entry.details
    basis, serving = Basis.ACTION, details.get("serving")
    match record.entry.kind:
        case RecordKind.SERVING_OBSERVED:
            basis = Basis.OBSERVATION
        case RecordKind.ACTION_SNAPPED_BACK:
            found = details.get("found")
            details = found if isinstance(found, Mapping) else {}
            serving = details.get("weights")
        case RecordKind.ACTION_OUTCOME | RecordKind.ACTION_RECONCILED:
            pass
        case _:
            return None
    try:
        weights = read_weights(serving)
    except ValueError:
        return None
    if not weights:
        return None  # an action that nobody saw take effect says nothing of what served
    at = record.entry.at
    return _Piece(
        at, at, weights, _version(details, "stable", weights), _version(details, "candidate", ()), basis, (record.seq,)
    )


def _version(details: Details, key: str, weights: Weights) -> VersionId | Unknown:
    said = details.get(key)
    if isinstance(said, str):
        return VersionId(safe_text(said))
    return weights[0][0] if len(weights) == 1 else UNKNOWN


def _memories(remembered: Iterable[ServingRecord], until: Instant) -> list[_Piece]:
    """Return what is remembered, in order: of each stretch of time all versions that served in it.

    Nobody remembers shares. Of several the one that passed its gates is the stable one; where none did, or more than
    one, it is not known which.
    """
    kept = [(one, until if isinstance(one.ended_at, Missing) else one.ended_at) for one in remembered]
    edges = sorted({edge for one, end in kept if end > one.started_at for edge in (one.started_at, end)})
    pieces = []
    for start, end in pairwise(edges):
        there = [one for one, ended in kept if one.started_at <= start and ended >= end]
        if not there:
            continue
        versions = sorted({one.version for one in there})
        stable = {one.version for one in there if one.passed_gates}
        pieces.append(
            _Piece(
                start,
                end,
                tuple((version, UNKNOWN) for version in versions),
                stable.pop() if len(stable) == 1 else UNKNOWN,
                UNKNOWN,
                Basis.REGISTRY,
            )
        )
    return pieces


def _until_it_changed(look: _Piece, memories: Sequence[_Piece]) -> _Piece:
    """Return a look that speaks no longer than to where somebody remembers a change: of that it knew nothing."""
    edges = (edge for memory in memories for edge in (memory.since, memory.until) if look.since < edge < look.until)
    return replace(look, until=min(edges, default=look.until))


def _filled(since: float, until: float, memories: Sequence[_Piece]) -> list[_Piece]:
    """Return what memories say of a time in which nobody looked, and gaps between."""
    pieces: list[_Piece] = []
    first = max(bisect_right(memories, since, key=lambda one: one.since) - 1, 0)
    for memory in memories[first:]:
        if memory.since >= until:
            break
        start, end = max(memory.since, since), min(memory.until, until)
        if end > start:
            pieces += _gap(since, start)
            pieces.append(replace(memory, since=start, until=end))
            since = end
    return [*pieces, *_gap(since, until)]


def _gap(since: float, until: float) -> list[_Piece]:
    return [_Piece(since, until, (), UNKNOWN, UNKNOWN, Basis.GAP)] if until > since else []


def _merged(pieces: Iterable[_Piece]) -> list[_Piece]:
    """Join neighbours that say the same; their shares become the mean over the time."""
    merged: list[_Piece] = []
    for piece in pieces:
        before = merged[-1] if merged else None
        if before is None or before.until < piece.since or not _say_the_same(before, piece):
            merged.append(piece)
            continue
        seqs = (before.seqs[0], piece.seqs[-1]) if before.seqs and piece.seqs else before.seqs or piece.seqs
        serving = _mean(before, piece)
        merged[-1] = replace(before, until=piece.until, seqs=tuple(dict.fromkeys(seqs)), serving=serving)
    return merged


def _say_the_same(one: _Piece, other: _Piece) -> bool:
    if (one.basis, one.stable, one.candidate) != (other.basis, other.stable, other.candidate):
        return False
    shares, others = dict(one.serving), dict(other.serving)
    return shares.keys() == others.keys() and all(
        abs(_number(shares[version]) - _number(others[version])) < SAME_SHARE for version in shares
    )


def _mean(one: _Piece, other: _Piece) -> tuple[tuple[VersionId, float | Unknown], ...]:
    first, second = one.until - one.since, other.until - other.since
    others = dict(other.serving)
    return tuple(
        (version, UNKNOWN)
        if isinstance(share, Missing)
        else (version, (share * first + _number(others[version]) * second) / (first + second))
        for version, share in one.serving
    )


def _number(share: float | Unknown) -> float:
    return 0.0 if isinstance(share, Missing) else share


@dataclass(frozen=True, slots=True)
class _Edges:
    """Whether what begins or ends with the asked time really goes on beyond it."""

    earlier: bool
    later: bool


def _edges(looks: Sequence[_Piece], memories: Sequence[_Piece], since: Instant, until: Instant) -> _Edges:
    every = (*looks, *memories)
    return _Edges(
        any(one.since < since < one.until for one in every), any(one.since < until <= one.until for one in every)
    )


def _intervals_of(target: TargetKey, piece: _Piece, since: Instant, until: Instant, edges: _Edges) -> list[Interval]:
    earlier = piece.since == since and edges.earlier and piece.basis is not Basis.GAP
    later = piece.until == until and edges.later and piece.basis is not Basis.GAP
    start, end = Instant(piece.since), Instant(piece.until)
    if piece.basis is Basis.GAP:
        return [Interval(target, UNKNOWN, UNKNOWN, UNKNOWN, start, end, Basis.GAP)]
    serving = sorted(piece.serving, key=lambda pair: (-_number(pair[1]), pair[0]))
    return [
        Interval(target, version, _role(version, piece), share, start, end, piece.basis, piece.seqs, earlier, later)
        for version, share in serving
    ]


def _role(version: VersionId, piece: _Piece) -> Role | Unknown:
    if version == piece.stable:
        return Role.STABLE
    if version == piece.candidate:
        return Role.CANDIDATE
    # Nobody remembers what a version was that served beside the stable one: a canary, a shadow, half of a split.
    is_told = piece.basis is not Basis.REGISTRY and not isinstance(piece.stable, Missing)
    return Role.UNASSIGNED if is_told else UNKNOWN


def _data_of(one: Interval, provenance: Mapping[tuple[ModelName, VersionId], Provenance]) -> tuple[SafeText, ...]:
    if isinstance(one.version, Missing):
        return ()
    known = provenance.get((one.target.model, one.version))
    if known is None or not isinstance(known.data_snapshots, Known):
        return ()
    return tuple(
        snapshot.name if isinstance(snapshot.digest, Missing) else safe_text(f"{snapshot.name} {snapshot.digest}")
        for snapshot in known.data_snapshots.value
    )
