"""One source that keeps what it knows in several places: told as one, and its contradictions with itself as such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from modeltui.domain.claims import at_place, joined
from modeltui.domain.lineage import FIELDS, Contradicted, Fact, Known, Provenance, Unreadable
from modeltui.domain.names import SourceName
from modeltui.domain.text import safe_text


def as_one(told: Mapping[str, Provenance], source: SourceName) -> Provenance:
    """Return what a source says in all, given what each of its places says (`metadata.json`, `facts`).

    Where two places contradict each other the claims bear the name of the source with the place. What one place says
    while another could not be read may not be all that there is.
    """
    whole = joined({SourceName(safe_text(where)): one for where, one in told.items()})
    return Provenance(**{field: _fact(field, getattr(whole, field), told, source) for field in FIELDS})


def _fact(field: str, fact: Fact[Any], told: Mapping[str, Provenance], source: SourceName) -> Fact[Any]:
    parts = {where: getattr(one, field) for where, one in told.items()}
    if isinstance(fact, Known):
        unread = next((part for part in parts.values() if isinstance(part, Unreadable)), None)
        return replace(fact, lacks=unread.reason) if unread is not None and not fact.lacks else fact
    if not isinstance(fact, Contradicted):
        return fact
    return Contradicted(
        tuple(replace(part, source=at_place(source, where)) for where, part in parts.items() if isinstance(part, Known))
    )
