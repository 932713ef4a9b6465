"""What to mind about an origin: it is old, it is gone, or something else that serves rests on it too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from modeltui.domain.claims import algorithm, is_same_commit, repository_key
from modeltui.domain.comparison.flattening import text_lines
from modeltui.domain.comparison.numbers import number_of, quantity_of
from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.lineage import Artifact, CodeRevision, DataSnapshot, Provenance, Unreadable
from modeltui.domain.names import Instant, Missing, ModelName, TargetKey, VersionId
from modeltui.domain.origin_kind import OriginKind
from modeltui.domain.references import rows, said
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.traffic import counts_for_target

DAY_SECONDS: Final = 86_400.0
STALE_AFTER_SECONDS: Final = 90 * DAY_SECONDS
"""Data whose newest row is older than this is stale: a season has passed that the model has not seen."""
STALE_BESIDE_SECONDS: Final = 30 * DAY_SECONDS
"""Data is stale too when the model's stable version in production has the same data set, newer by this much."""
MOST_NAMED: Final = 3
"""Others that are named one by one."""
_DELETED: Final = "deleted"
_OF_BYTES: Final = ("sha", "md5", "blake", "etag")
"""How algorithms begin whose digests tell data apart without its name."""


class Mark(StrEnum):
    """What to mind."""

    STALE = "stale"
    DELETED = "deleted"
    """In the trash, gone, or out of reach: it cannot be made again from it."""
    SHARED = "shared"
    """Another version that serves rests on the very same: what is wrong with it is wrong there too."""


@dataclass(frozen=True, slots=True)
class Marking:
    """A mark and its evidence in one sentence."""

    mark: Mark
    says: SafeText
    others: tuple[VersionKey, ...] = ()
    """The versions that share it, or have a newer one."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Other versions that serve, and whose origin somebody has read."""

    serving: tuple[tuple[VersionKey, tuple[TargetKey, ...], Provenance], ...]


def peers_of(fleet: Fleet, key: VersionKey) -> Peers:
    """Return the other versions that serve and were read."""
    serving: dict[VersionKey, list[TargetKey]] = {}
    for target in fleet.targets.values():
        for served in target.versions:
            other = (target.key.model, served.version)
            if other != key and other in fleet.provenance and counts_for_target(served):
                serving.setdefault(other, []).append(target.key)
    return Peers(tuple((other, tuple(places), fleet.provenance[other]) for other, places in sorted(serving.items())))


def deleted_version(fleet: Fleet, key: VersionKey) -> tuple[Marking, ...]:
    """Return the mark of a version that its registry does not list any more."""
    listed = fleet.versions.get(key[0])
    if listed is None or any(one.id == key[1] for one in listed):
        return ()
    return (Marking(Mark.DELETED, safe_text(f"no registry lists {key[0]} {key[1]} now")),)


def marks_of(
    fleet: Fleet, key: VersionKey, provenance: Provenance, kind: OriginKind, name: SafeText, value: Any, peers: Peers
) -> tuple[Marking, ...]:
    """Return what to mind about one origin of a version."""
    if kind.is_table:
        return tuple(_marks_of_part(fleet, kind, name, value, peers))
    return tuple(_marks(fleet, key, provenance, kind, value, peers))


def merged(marks: Iterable[tuple[str, Marking]]) -> list[Marking]:
    """Return the marks of named parts as few: `the same base model, tools are in …` for a mark of each."""
    found: dict[tuple[Mark, tuple[VersionKey, ...], str], list[tuple[str, Marking]]] = {}
    for name, marking in marks:
        rest = marking.says.removeprefix(_same(name))
        found.setdefault((marking.mark, marking.others, rest), []).append((name, marking))
    told = []
    for (mark, others, rest), alike in found.items():
        names = ", ".join(name for name, _ in alike)
        says = safe_text(f"{_same(names)}{rest.replace(' is ', ' are ', 1)}", 400)
        told.append(alike[0][1] if len(alike) == 1 else Marking(mark, says, others))
    return told


def _same(name: str) -> str:
    return f"the same {name}"


def _marks_of_part(fleet: Fleet, kind: OriginKind, name: SafeText, value: Any, peers: Peers) -> Iterator[Marking]:
    """Tell who else has the very same part; of settings, which many have for no common reason, nothing is told."""
    if kind is OriginKind.MEMBER:
        yield from deleted_version(fleet, (ModelName(name), VersionId(value)))
    what = _same(part_words(kind, name))
    if kind is OriginKind.PROMPT:
        yield from _shared(peers, what, lambda one: _has_prompt(one, name, value))
    elif kind is OriginKind.MEMBER or (isinstance(value, str) and names_release(value)):
        yield from _shared(peers, what, lambda one: (name, value) in rows(getattr(one, kind.field)))


def part_words(kind: OriginKind, name: str) -> str:
    """Return what a part of a system is called in a sentence."""
    return f"prompt {name}" if kind is OriginKind.PROMPT else name


def _has_prompt(provenance: Provenance, name: SafeText, lines: Any) -> bool:
    return any(part == name and text_lines(text) == lines for part, text in rows(provenance.prompts))


def names_release(value: str) -> bool:
    """Tell whether a part of a system names one release or state of something, and not an amount."""
    return any(sign.isdigit() for sign in value) and number_of(value) is None and quantity_of(value) is None


def _marks(
    fleet: Fleet, key: VersionKey, provenance: Provenance, kind: OriginKind, value: Any, peers: Peers
) -> Iterator[Marking]:
    if kind is OriginKind.RUN:
        yield from _deleted_run(provenance)
    if isinstance(value, Artifact) and value.is_reachable is False:
        yield Marking(Mark.DELETED, safe_text(f"its files cannot be reached at {value.uri}", 400))
    if isinstance(value, DataSnapshot):
        yield from _stale(fleet, key, value, peers)
        if not isinstance(value.digest, Missing):
            yield from _shared(peers, "the same snapshot", lambda one: _has_snapshot(one, value))
    if isinstance(value, CodeRevision):
        yield from _shared(peers, "the same commit", lambda one: _has_commit(one, value))
    if kind is OriginKind.IMAGE and isinstance(value, str):
        yield from _shared(peers, "the same base image", lambda one: value in said(one.base_image))


def _deleted_run(provenance: Provenance) -> Iterator[Marking]:
    """Tell of a run in the trash as registries say it: a row `run` among the tags, or why it cannot be read."""
    states = [state for table in (provenance.tags, provenance.runtime) for name, state in rows(table) if name == "run"]
    gone = [state for state in states if state.lower().startswith(_DELETED)]
    if gone:
        yield Marking(Mark.DELETED, safe_text(f"its run is {gone[0]}"))
    elif isinstance(provenance.run, Unreadable) and _DELETED in provenance.run.reason.lower():
        yield Marking(Mark.DELETED, provenance.run.reason)


def _newest_row(snapshot: DataSnapshot) -> Instant | None:
    """Return when its newest row was made: the end of its span, else when it was taken."""
    for at in (snapshot.ends_at, snapshot.taken_at):
        if not isinstance(at, Missing):
            return at
    return None


def _stale(fleet: Fleet, key: VersionKey, snapshot: DataSnapshot, peers: Peers) -> Iterator[Marking]:
    newest = _newest_row(snapshot)
    if newest is None:
        return
    if fleet.at - newest > STALE_AFTER_SECONDS:
        yield Marking(Mark.STALE, safe_text(f"it ends {_days(fleet.at - newest)} ago"))
    fresher: list[tuple[float, VersionKey]] = []
    for other, places, provenance in peers.serving:
        # A candidate, or staging, is meant to be ahead.
        if other[0] != key[0] or not any(_is_trusted(fleet, place, other) for place in places):
            continue
        for theirs in (one for snapshots in said(provenance.data_snapshots) for one in snapshots):
            at = _newest_row(theirs) if (theirs.name, theirs.used_for) == (snapshot.name, snapshot.used_for) else None
            if at is not None and at - newest > STALE_BESIDE_SECONDS:
                fresher.append((at - newest, other))
    if fresher:
        ahead, other = max(fresher)
        others = tuple(dict.fromkeys(one for _, one in fresher))
        yield Marking(
            Mark.STALE, safe_text(f"{other[1]}, which serves people, has one that is {_days(ahead)} newer"), others
        )


def _is_trusted(fleet: Fleet, place: TargetKey, key: VersionKey) -> bool:
    return fleet.policy.is_production(place.environment) and fleet.targets[place].stable == key[1]


def _days(seconds: float) -> str:
    return f"{seconds / DAY_SECONDS:.0f} days"


def _shared(peers: Peers, what: str, has: Callable[[Provenance], bool]) -> Iterator[Marking]:
    found = [(other, places) for other, places, provenance in peers.serving if has(provenance)]
    if not found:
        return
    named = [f"{model} {version} on {_places(places)}" for (model, version), places in found[:MOST_NAMED]]
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    says = safe_text(f"{what} is in {', '.join(named)}{more}", 400)
    yield Marking(Mark.SHARED, says, tuple(other for other, _ in found))


def _places(places: tuple[TargetKey, ...]) -> str:
    return ", ".join(place.environment for place in places) if len(places) <= MOST_NAMED else f"{len(places)} places"


def _has_snapshot(provenance: Provenance, snapshot: DataSnapshot) -> bool:
    for snapshots in said(provenance.data_snapshots):
        for one in snapshots:
            # Only what the bytes themselves make is the same wherever it is; two nightly exports share their night.
            is_of_bytes = algorithm(snapshot.digest).startswith(_OF_BYTES)
            if one.digest == snapshot.digest and (is_of_bytes or one.name == snapshot.name):
                return True
    return False


def _has_commit(provenance: Provenance, code: CodeRevision) -> bool:
    return any(
        is_same_commit(one.commit, code.commit)
        and len({repository_key(address) for address in (one.repository, code.repository)} - {""}) <= 1
        for one in said(provenance.code)
    )
