"""Versions as sources tell them, in few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modeltui.domain.claims import Claims
from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.comparison.difference import Comparison, Difference
from modeltui.domain.comparison.sense import Sense
from modeltui.domain.lineage import Gap, Known, Provenance, Unreadable
from modeltui.domain.names import Instant, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText

MODEL = ModelName(SafeText("fraud-detector"))
A = VersionId(SafeText("2.3.1"))
B = VersionId(SafeText("3.0.0"))
MLFLOW = SourceName(SafeText("mlflow"))
FOLDER = SourceName(SafeText("folder"))
FORBIDDEN = Unreadable(SafeText("403 for conda.yaml"), MLFLOW)


def told(**fields: Any) -> Provenance:
    """Return what a source says: each value known, gaps and what could not be read as they are."""
    return Provenance(**{name: _fact(value) for name, value in fields.items()})


def _fact(value: Any) -> Any:
    return value if isinstance(value, Gap | Unreadable) else Known(value, MLFLOW, Instant(0.0))


def compared(
    a: Provenance | Claims, b: Provenance | Claims, senses: Mapping[SafeText, Sense] | None = None
) -> Comparison:
    """Return the comparison of two versions, by one source or by several."""
    return compare_claims(MODEL, A, B, _claims(a), _claims(b), senses=senses or {})


def _claims(told_by: Provenance | Claims) -> Claims:
    return {MLFLOW: told_by} if isinstance(told_by, Provenance) else told_by


def two(mlflow: Provenance, folder: Provenance) -> Claims:
    """Return what two sources say."""
    return {MLFLOW: mlflow, FOLDER: folder}


def fact(comparison: Comparison, field: str) -> Difference:
    """Return one fact of a comparison."""
    found = [one for one in comparison.facts if one.field == field]
    assert len(found) == 1, f"{field} among {[one.field for one in comparison.facts]}"
    return found[0]


def states(comparison: Comparison) -> dict[str, str]:
    """Return the state of each fact by its name."""
    return {one.field: one.state.value for one in comparison.facts}
