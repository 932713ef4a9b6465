"""What is missing in a half of something is not absent from the whole."""

from __future__ import annotations

from modeltui.domain.claims import joined
from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.comparison.difference import State
from modeltui.domain.completeness import completeness
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import Instant, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText, safe_text

SOURCE, OTHER = SourceName(SafeText("mlflow")), SourceName(SafeText("folder"))
GONE = SafeText("its run was deleted for good")


def parameters(lacks: str = "", source: SourceName = SOURCE, **values: str) -> Provenance:
    table = {safe_text(name): safe_text(value) for name, value in values.items()}
    return Provenance(parameters=Known(table, source, Instant(1.0), SafeText(lacks)))


def states(a: Provenance, b: Provenance) -> dict[str, State]:
    one, two = VersionId(SafeText("1")), VersionId(SafeText("2"))
    found = compare_claims(ModelName(SafeText("fraud")), one, two, {SOURCE: a}, {SOURCE: b})
    assert all(GONE in fact.why for fact in found.facts if fact.state is State.UNKNOWN)
    return {fact.field: fact.state for fact in found.facts}


def test_half_a_table_is_compared_and_the_rest_is_unknown() -> None:
    """With the run of one version gone, what is left is compared; what only the other has is unknown, and why."""
    whole, half = parameters(depth="9", leaves="63"), parameters(GONE, depth="2")
    expected = {"parameters.depth": State.CHANGED, "parameters.leaves": State.UNKNOWN}
    assert states(whole, half) == states(half, whole) == expected
    assert states(whole, parameters(depth="2"))["parameters.leaves"] is State.ONLY_A


def test_half_stays_half_when_joined() -> None:
    """What several sources say together is not whole as long as one of them could say only a part."""
    both = joined({SOURCE: parameters(GONE, depth="2"), OTHER: parameters("", OTHER, seed="7")}).parameters
    assert isinstance(both, Known)
    assert both.lacks == GONE


def test_half_is_said_to_be_half() -> None:
    """Where it is told what is known of a version, a part that could not be read is told beside it."""
    told = {field.name: field.note for field in completeness(parameters(GONE, depth="2")).fields}
    assert told["parameters"] == f"not whole: {GONE}"
