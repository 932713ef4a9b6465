"""Several sources tell of one version: joined field by field; where they contradict each other, all of it is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, TypeAlias, TypeVar

from modeltui.domain.comparison.packages import package_of
from modeltui.domain.lineage import (
    ABSENT,
    FIELDS,
    UNSUPPORTED,
    Artifact,
    CodeRevision,
    Contradicted,
    DataSnapshot,
    Fact,
    Known,
    LeftOut,
    Provenance,
    Unreadable,
)
from modeltui.domain.names import Missing, SourceName, Unknown
from modeltui.domain.text import SafeText, safe_text

Claims: TypeAlias = Mapping[SourceName, Provenance]
"""What each source says of one version, in the order of the configuration."""

_DIGEST: Final = re.compile(r"([a-z][a-z0-9_-]*):[a-z0-9+=_.-][a-z0-9+/=_.…-]*", re.ASCII | re.IGNORECASE)
"""An algorithm and what it made; `2026-01-15T00:00:00Z` and `s3://lake/x` are no digests."""
_LEAST_COMMIT: Final = 7
_HEXADECIMAL: Final = frozenset("0123456789abcdef")


def joined(claims: Claims) -> Provenance:
    """Return what all sources together say.

    A field is known when those that know it agree, or complete each other without contradiction (two tables with
    other rows, a digest that only one names). It is contradicted when they do not. It is unreadable only when nobody
    knows it and somebody could not say; absent when somebody has an empty place for it.
    """
    if len(claims) == 1:
        return next(iter(claims.values()))
    return Provenance(**{name: _joined_fact(name, [getattr(one, name) for one in claims.values()]) for name in FIELDS})


def _joined_fact(name: str, facts: Sequence[Fact[Any]]) -> Fact[Any]:
    known = [claim for fact in facts for claim in _known(fact)]
    if known:
        whole = known[0].value
        for claim in known[1:]:
            completed = _COMPLETED.get(name, _complete)(whole, claim.value)
            if completed is None:
                return Contradicted(tuple(known))
            whole = completed
        lacks = next((claim.lacks for claim in known if claim.lacks), SafeText(""))
        observed_at = min(claim.observed_at for claim in known)
        return Known(whole, known[0].source, observed_at, lacks, _left_out(known, whole))
    unreadable = [fact for fact in facts if isinstance(fact, Unreadable)]
    if unreadable:
        return unreadable[0]
    return ABSENT if any(fact is ABSENT for fact in facts) else UNSUPPORTED


def _left_out(known: Sequence[Known[Any]], whole: Any) -> LeftOut:
    """Return the rows that nobody understood: none that another source has a value for."""
    rows = (row for claim in known for row in claim.left_out)
    return tuple(dict.fromkeys(row for row in rows if not isinstance(whole, Mapping) or row[0] not in whole))


def _known(fact: Fact[Any]) -> Iterable[Known[Any]]:
    if isinstance(fact, Known):
        yield fact
    elif isinstance(fact, Contradicted):
        yield from fact.claims


def _union(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _complete(one: Any, other: Any) -> Any:
    """Return both together, or None when they contradict each other."""
    if one == other:
        return one
    match one, other:
        case Mapping(), Mapping():
            return (
                {**other, **one} if all(_is_same(one[key], other[key]) for key in one.keys() & other.keys()) else None
            )
        case Artifact(), Artifact():
            return _complete_artifact(one, other)
        case CodeRevision(), CodeRevision():
            return _complete_code(one, other)
        case DataSnapshot(), DataSnapshot():
            return _complete_parts(one, other)
        case (tuple(), tuple()) if all(isinstance(row, DataSnapshot) for row in (*one, *other)):
            return _complete_snapshots(one, other)
    return None


def _complete_requirements(one: tuple[SafeText, ...], other: tuple[SafeText, ...]) -> tuple[SafeText, ...] | None:
    """Return all lines; None when a package is pinned to two releases.

    A list of what was asked for and one of all that was installed do not contradict each other.
    """
    mine, theirs = _pins(one), _pins(other)
    return None if any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys()) else _union(one, other)


def _pins(lines: tuple[SafeText, ...]) -> dict[str, set[str]]:
    """Return the releases of each package that is pinned: several where markers choose among them."""
    pins: dict[str, set[str]] = {}
    for line in lines:
        package = package_of(line)
        if package.release:
            pins.setdefault(package.name, set()).add(package.release)
    return pins


_COMPLETED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    # Lists to which every source may add: none of them claims to know all.
    **dict.fromkeys(("parents", "approvals", "attestations", "external_effects"), _union),
    "requirements": _complete_requirements,
    # Each source has a name of its own for a run; the registry's, who is asked first, leads to the run itself.
    "run": lambda one, _: one,
}


def _is_same(one: object, other: object) -> bool:
    # A metric that is no number is the same in two sources, though NaN is not equal to itself.
    return one == other or (one != one and other != other)


def _complete_artifact(one: Artifact, other: Artifact) -> Artifact | None:
    # The same bytes may lie in several places; and digests of two algorithms do not contradict each other.
    other = replace(other, uri=one.uri)
    if algorithm(one.digest) != algorithm(other.digest) and not isinstance(one.digest, Missing):
        other = replace(other, digest=one.digest)
    return _complete_parts(one, other)


def _complete_code(one: CodeRevision, other: CodeRevision) -> CodeRevision | None:
    if is_same_commit(one.commit, other.commit):
        longer = max(one.commit, other.commit, key=len)
        one, other = replace(one, commit=longer), replace(other, commit=longer)
    if repository_key(one.repository) == repository_key(other.repository):
        other = replace(other, repository=one.repository)
    return _complete_parts(one, other)


def _complete_snapshots(
    one: tuple[DataSnapshot, ...], other: tuple[DataSnapshot, ...]
) -> tuple[DataSnapshot, ...] | None:
    rows = list(one)
    for row in other:
        place = _place_of(row, rows[: len(one)])
        if place is None:
            rows.append(row)
            continue
        completed = _complete_snapshot(rows[place], row)
        if completed is None:
            return None
        rows[place] = completed
    return tuple(rows)


def _place_of(row: DataSnapshot, among: Sequence[DataSnapshot]) -> int | None:
    """Return where the same data set is: of one name and use, or of one name where nobody says for which of several."""
    named = [place for place, one in enumerate(among) if one.name == row.name]
    same = [place for place in named if among[place].used_for == row.used_for]
    if not same and len(named) == 1 and (not row.used_for or not among[named[0]].used_for):
        same = named
    return same[0] if same else None


def _complete_snapshot(one: DataSnapshot, other: DataSnapshot) -> DataSnapshot | None:
    # One table may be read at several addresses, as one artifact may lie in several places.
    if not isinstance(one.uri, Missing):
        other = replace(other, uri=one.uri)
    if algorithm(one.digest) != algorithm(other.digest) and not isinstance(one.digest, Missing):
        other = replace(other, digest=one.digest)
    return _complete_parts(one, other)


_Parts = TypeVar("_Parts", Artifact, CodeRevision, DataSnapshot)


def _complete_parts(one: _Parts, other: _Parts) -> _Parts | None:
    parts = {}
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if isinstance(mine, Missing) or isinstance(theirs, Missing) or mine == theirs:
            parts[field.name] = theirs if isinstance(mine, Missing) else mine
        else:
            return None
    return type(one)(**parts)


def at_place(source: SourceName, place: str) -> SourceName:
    """Return who says what stands in one of the places where a source keeps it: `tables (facts)`."""
    return SourceName(safe_text(f"{source} ({place})"))


def is_of(speaker: SourceName, source: SourceName) -> bool:
    """Tell whether it is the source that speaks, or one of its places."""
    return speaker == source or (speaker.startswith(f"{source} (") and speaker.endswith(")"))


def algorithm(digest: SafeText | Unknown) -> str:
    """Return how a digest was made, as far as it says: `sha256` of `sha256:9f…`; empty when it does not."""
    found = None if isinstance(digest, Missing) else _DIGEST.fullmatch(digest)
    return found[1].lower() if found else ""


def is_same_commit(one: str, other: str) -> bool:
    """Tell whether two spellings of a commit mean one: equal, or the shorter (seven digits or more) begins it.

    Only hexadecimal digits are cut short; `v1.10.0` and `v1.10.0-rc1` are two.
    """
    shorter, longer = sorted((one.lower(), other.lower()), key=len)
    if longer == shorter:
        return True
    return len(shorter) >= _LEAST_COMMIT and _HEXADECIMAL.issuperset(longer) and longer.startswith(shorter)


def repository_key(address: SafeText | Unknown) -> str:
    """Return what two addresses of one repository have in common: `host/path`, without scheme, user and `.git`."""
    if isinstance(address, Missing):
        return ""
    text = address.partition("://")[2] or address
    host, at, rest = text.partition("@")
    text = rest if at and "/" not in host else text
    return text.replace(":", "/", 1).removesuffix("/").removesuffix(".git").lower()
