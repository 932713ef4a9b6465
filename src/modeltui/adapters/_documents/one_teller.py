"""One source that keeps what it knows in several places: told as one, and its contradictions with itself as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modeltui.domain.claims import joined
from modeltui.domain.lineage import FIELDS, Contradicted, Fact, Known, Provenance
from modeltui.domain.names import SourceName
from modeltui.domain.text import safe_text


def as_one(told: Mapping[str, Provenance], source: SourceName) -> Provenance:
    """Return what a source says in all, given what each of its places says (`metadata.json`, `facts`).

    Where two places contradict each other the claims bear the name of the source with the place.
    """
    whole = joined({SourceName(safe_text(where)): one for where, one in told.items()})
    return Provenance(**{field: _fact(field, getattr(whole, field), told, source) for field in FIELDS})


def _fact(field: str, fact: Fact[Any], told: Mapping[str, Provenance], source: SourceName) -> Fact[Any]:
    if not isinstance(fact, Contradicted):
        return fact
    return Contradicted(
        tuple(
            Known(claim.value, SourceName(safe_text(f"{source} ({where})")), claim.observed_at)
            for where, one in told.items()
            if isinstance(claim := getattr(one, field), Known)
        )
    )
