"""One immutable state of a model, and what a registry says of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from modeltui.domain.names import UNKNOWN, Instant, ModelName, SourceName, Unknown, VersionId
from modeltui.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class Version:
    """A version as a list of versions shows it."""

    model: ModelName
    id: VersionId
    created_at: Instant | Unknown = UNKNOWN
    created_by: SafeText | Unknown = UNKNOWN
    state: SafeText | Unknown = UNKNOWN
    """The registry's own word: READY, PENDING_REGISTRATION, Approved."""
    description: SafeText | Unknown = UNKNOWN
    pointers: tuple[SafeText, ...] = ()
    """Aliases, stages or links that point at it now."""
    tags: tuple[tuple[SafeText, SafeText], ...] = ()


@dataclass(frozen=True, slots=True)
class Pointer:
    """A name in the registry that means one version of a model: an alias, a stage, a link."""

    name: SafeText
    version: VersionId


@dataclass(frozen=True, slots=True)
class Model:
    """A named line of versions, as the fleet needs it."""

    name: ModelName
    latest: VersionId | Unknown = UNKNOWN
    """The newest registered version, served or not."""
    pointers: tuple[Pointer, ...] = ()
    source: SourceName | Unknown = UNKNOWN
    owner: SafeText | Unknown = UNKNOWN
    kind: SafeText | Unknown = UNKNOWN
    """`llm-system`, `ensemble`, `agent`, `batch`: where the registry says so."""
    tags: tuple[tuple[SafeText, SafeText], ...] = ()


_MOST_DIGITS = 4_000
"""Python refuses to read longer numbers; names are shorter."""
_NUMBER_OR_WORD = re.compile(r"\d+|[^\d.\-_+]+")


def version_order(version: VersionId) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts versions as people read them: 9 before 10, 1.9 before 1.10, rc before release."""
    parts: list[tuple[int, int, str]] = []
    for part in _NUMBER_OR_WORD.findall(version):
        parts.append((1, int(part[:_MOST_DIGITS]), "") if part.isdecimal() else (0 if parts else 1, 0, part.lower()))
    # A release follows its own pre-releases: nothing sorts after a word, before a further number.
    parts.append((0, 1, ""))
    return tuple(parts)


def newest(versions: Iterable[VersionId]) -> VersionId | Unknown:
    """Return the highest version by `version_order`."""
    ordered = sorted(versions, key=version_order)
    return ordered[-1] if ordered else UNKNOWN
