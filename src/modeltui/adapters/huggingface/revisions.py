"""Which revisions of a repository are versions, and which names point at one.

Tags are versions, except those that are named as pointers. Where there are no tags the latest commits of the main
branch are. A pointer means the version whose tag stands at its commit (the highest of several), else the commit itself,
which is a version then too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from modeltui.adapters.huggingface import wire
from modeltui.domain.names import UNKNOWN, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Pointer, newest


@dataclass(frozen=True, slots=True)
class Layout:
    """The versions of one repository."""

    commits: Mapping[VersionId, str]
    """By version: the commit that it is."""
    pointers: tuple[Pointer, ...]
    latest: VersionId | Unknown
    """The highest tag; unknown where commits are versions, of which no name is higher than another."""
    rows: Mapping[str, wire.CommitRow] = field(default_factory=dict)
    """What is known of commits, by commit."""


def tags_of(refs: wire.Refs, pointers: Sequence[str]) -> dict[VersionId, str]:
    """Return the tags that are versions, with their commits."""
    return {
        VersionId(safe_text(ref.name)): ref.targetCommit
        for ref in refs.tags or ()
        if ref.name and ref.targetCommit and ref.name not in pointers
    }


def layout_of(refs: wire.Refs, pointers: Sequence[str], commits: Sequence[wire.CommitRow]) -> Layout:
    """Return the versions of a repository; `commits` are those of its main branch, where it has no tags."""
    tags = tags_of(refs, pointers)
    versions = dict(tags) or {VersionId(safe_text(row.id)): row.id for row in commits if row.id}
    targets = {ref.name: ref.targetCommit for ref in (*(refs.tags or ()), *(refs.branches or ())) if ref.targetCommit}
    found = []
    for name in pointers:
        if name not in targets:
            continue
        at = newest(version for version, commit in tags.items() if commit == targets[name])
        version = VersionId(safe_text(targets[name])) if isinstance(at, Unknown) else at
        versions.setdefault(version, targets[name])
        found.append(Pointer(SafeText(safe_text(name)), version))
    return Layout(versions, tuple(found), newest(tags) if tags else UNKNOWN, {row.id: row for row in commits})
