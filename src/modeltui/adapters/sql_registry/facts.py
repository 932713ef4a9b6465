"""The table `facts`: rows of field, name and value become one object, and that a provenance."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from modeltui.adapters._documents.metadata import KEYS, Teller, provenance_from
from modeltui.adapters.sql_registry.json_column import parsed
from modeltui.domain.lineage import FIELDS, Provenance, Unreadable
from modeltui.domain.text import safe_text

Named: TypeAlias = Mapping[str, str]
"""The values of one field by their names."""

_DIGITS: Final = re.compile(r"(\d+)")
_MOST_DIGITS: Final = 4_000


def facts_told(rows: Sequence[tuple[str, str, str]], teller: Teller) -> Provenance:
    """Return what rows of field, name and value say; a value that is not of its kind costs its own field."""
    fields: dict[str, dict[str, str]] = {}
    broken: dict[str, Unreadable] = {}
    for written, name, value in rows:
        field, name = _field_of(written, name)
        before = fields.setdefault(field, {}).setdefault(name, value)
        if before != value:
            broken[field] = teller.unreadable(f"{written} {name} stands there twice")
    document: dict[str, Any] = {}
    for field, named in fields.items():
        try:
            document[field] = _MAKERS[field](named)
        except ValueError as error:
            broken[field] = teller.unreadable(f"{field} {error}")
    document = {field: value for field, value in document.items() if field not in broken}
    return replace(provenance_from(document, teller, _OWN_KEYS), **broken)


def _field_of(written: str, name: str) -> tuple[str, str]:
    """Return our name of a field; what is none of them is kept among the tags, so that a difference is not lost."""
    if written in _MAKERS:
        return written, name
    for field in FIELDS:
        if written in KEYS.get(field, ()):
            return field, name
    return "tags", f"{written}.{name}" if name else written


def _one(named: Named) -> str:
    if len(named) > 1:
        raise ValueError(f"has {len(named)} values where one is expected")
    return next(iter(named.values()))


def _ordered(named: Named) -> list[str]:
    return [named[name] for name in sorted(named, key=_natural)]


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = (part for part in _DIGITS.split(name) if part)
    return [(1, int(part[:_MOST_DIGITS]), "") if part.isdecimal() else (0, 0, part) for part in parts]


def _table(named: Named) -> dict[str, str]:
    return {name or "value": value for name, value in named.items()}


def _numbers(named: Named) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in named.items():
        try:
            found[name or "value"] = float(value)
        except ValueError:
            raise ValueError(f"{name} is not a number: {str(safe_text(value, 40))!r}") from None
    return found


def _snapshots(named: Named) -> list[Any]:
    """Return data sets by their names: a JSON object each, or only a digest or an address."""
    found: list[Any] = []
    for name, value in named.items():
        if value.lstrip().startswith("{"):
            try:
                inner = parsed(value)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            found.append({"name": name, **inner})
        else:
            found.append({"name": name, "uri" if "/" in value else "digest": value})
    return found


def _approvals(named: Named) -> list[Any]:
    return [
        {"by": by, **parsed(value)} if value.lstrip().startswith("{") else {"by": by, "decision": value}
        for by, value in named.items()
    ]


def _code(named: Named) -> dict[str, str]:
    return {name or "commit": value for name, value in named.items()}


def _artifact(named: Named) -> dict[str, str]:
    return {name or "uri": value for name, value in named.items()}


_MAKERS: Final[Mapping[str, Callable[[Named], Any]]] = {
    **dict.fromkeys(FIELDS, _table),
    **dict.fromkeys(
        ("run", "registered", "owner", "architecture", "signature", "feature_pipeline", "base_image"), _one
    ),
    **dict.fromkeys(
        ("extraction_query", "model_card", "requirements", "parents", "external_effects", "attestations"), _ordered
    ),
    **dict.fromkeys(("metrics", "segment_metrics", "importances"), _numbers),
    "data_snapshots": _snapshots,
    "approvals": _approvals,
    "code": _code,
    "artifact": _artifact,
}
_OWN_KEYS: Final = {field: field for field in KEYS}
"""The document is made here, under our own names."""
