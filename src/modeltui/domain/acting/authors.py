"""Who made a version, by its registry: whoever did does not say a second time that it is good."""

from __future__ import annotations

from modeltui.domain.acting.guarding import Course
from modeltui.domain.acting.situation import Situation
from modeltui.domain.identity import Actor
from modeltui.domain.names import Missing, Unknown, VersionId
from modeltui.domain.references import said
from modeltui.domain.text import SafeText

_FORWARD = frozenset({Course.PROMOTE, Course.MORE, Course.MOST})


def barred_authors(situation: Situation, course: Course, version: VersionId) -> tuple[SafeText, ...]:
    """Return who made the version, as far as its registry names them; nobody for a way back, which waits for whoever
    is awake.
    """
    if course not in _FORWARD:
        return ()
    versions = () if isinstance(situation.versions, Missing) else situation.versions
    listed: list[SafeText | Unknown] = [one.created_by for one in versions if one.id == version]
    provenance = situation.provenance.get(version)
    told = () if provenance is None else tuple(said(provenance.registered))
    names = (name for name in (*listed, *told) if not isinstance(name, Missing) and name.strip())
    return tuple(sorted(set(names)))


def is_author(actor: Actor, authors: tuple[SafeText, ...]) -> bool:
    """Tell whether somebody is one of those who made a version, by the name or address that they are known by.

    Not by the account that they sit at: a job may have registered the version from one that several people use.
    """
    ours = _plain(actor.principal)
    return bool(ours) and any(_plain(author) == ours for author in authors)


def _plain(name: str) -> str:
    """Return a name without capitals, and an address without its domain: registries write people as they like."""
    return name.strip().partition("@")[0].casefold()
