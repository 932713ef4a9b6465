"""A row that stands there and is not understood is neither dropped nor called missing, whoever tells it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modeltui.adapters._documents.metadata import Teller, provenance_from
from modeltui.adapters.cyclonedx.component import read_bill
from modeltui.adapters.cyclonedx.telling import provenance_of
from modeltui.adapters.gto.documents import scores_of
from modeltui.adapters.gto.facts import Facts
from modeltui.domain.claims import joined
from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.completeness import completeness
from modeltui.domain.lineage import ABSENT, Known, Provenance, Unreadable
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import model, version_id

HERE, OTHER = SourceName(SafeText("folder")), SourceName(SafeText("other"))
NOW = Instant(0.0)
DIGEST = f"sha256:{'ab' * 32}"


def told(**document: Any) -> Provenance:
    """Return what an object says."""
    return provenance_from(document, Teller(HERE, NOW, "metadata.json"), {})


def states(a: Provenance, b: Provenance) -> dict[str, str]:
    """Return the state of each fact, the same both ways round but for the side; why it is unknown names the place."""
    found = compare_claims(model("fraud").name, version_id("1"), version_id("2"), {HERE: a}, {HERE: b})
    assert all("metadata.json: " in one.why for one in found.facts if one.state.value == "unknown")
    return {one.field: one.state.value for one in found.facts}


def test_numbers_spelled_as_text_are_numbers() -> None:
    """A metric, an importance or a segment's figure that was written as text is compared as the number it is."""
    a = told(metrics={"auc": 0.91, "loss": 1e-3}, importances={"amount": 0.5}, segments={"hk": {"auc": 0.9}})
    b = told(metrics={"auc": "0.93", "loss": "1E-3"}, importances={"amount": " .5"}, segments={"hk": {"auc": "0.9"}})
    assert states(a, b) == {
        "metrics.auc": "changed",
        "metrics.loss": "equal",
        "importances.amount": "equal",
        "segments.auc/hk": "equal",
    }


@pytest.mark.parametrize("odd", ["91 %", "0,93", "1e999", "n/a", [0.9, 0.8], True, "9" * 60])
def test_what_is_no_number_is_not_called_missing(odd: Any) -> None:
    """A metric whose value nobody understands is unknown, with its place; only what nobody wrote is missing."""
    a = told(metrics={"auc": 0.91, "f1": 0.8, "kappa": 0.5}, importances={"age": 0.2, "zip": 1})
    b = told(metrics={"auc": odd, "f1": 0.8, "empty": None}, importances={"age": odd, "zip": 1})
    expected = {
        "metrics.auc": "unknown",
        "metrics.f1": "equal",
        "metrics.kappa": "only-a",
        "importances.age": "unknown",
        "importances.zip": "equal",
    }
    assert states(a, b) == expected
    assert states(b, a) == expected | {"metrics.kappa": "only-b"}


def test_a_segment_that_is_no_number_is_not_called_missing() -> None:
    """The figure of a segment is unknown in the same way, under a key of its own and below the metrics."""
    a, b = {"hk": {"auc": 0.9}, "sg": {"auc": 0.8}}, {"hk": {"auc": "?"}, "sg": {"auc": 0.8}}
    expected = {"metrics.auc": "equal", "segments.auc/hk": "unknown", "segments.auc/sg": "equal"}
    assert states(*(told(metrics={"auc": 0.9}, segments=one) for one in (a, b))) == expected
    assert states(*(told(metrics={"auc": 0.9, "slices": one}) for one in (a, b))) == expected


@pytest.mark.parametrize(
    "members",
    [
        [{"model": "ranker", "version": "3"}, {"model": "scorer", "digest": DIGEST}],
        {"ranker": "3", "scorer": {"digest": DIGEST}},
        {"ranker": "3", "scorer": None},
    ],
)
def test_a_member_without_a_version_was_not_left_out(members: Any) -> None:
    """A member of an ensemble that is pinned by something else than a version is there: which one is unknown."""
    a = told(components={"ranker": "3", "scorer": "4", "old": "1"})
    expected = {"components.ranker": "equal", "components.scorer": "unknown", "components.old": "only-a"}
    assert states(a, told(components=members)) == expected


def test_what_is_left_out_is_said_and_survives_joining() -> None:
    """Where it is told what is known of a version the row is named; another source that has the value completes it."""
    one = told(metrics={"auc": "91 %", "f1": 0.8})
    note = {field.name: field.note for field in completeness(one).fields}["metrics"]
    assert note == "not whole: auc: metadata.json: metrics: 91 % is no number"
    silent = joined({HERE: one, OTHER: told(metrics={"recall": 0.5})}).metrics
    assert isinstance(silent, Known)
    assert [name for name, _ in silent.left_out] == ["auc"]
    whole = joined({HERE: one, OTHER: told(metrics={"auc": 0.91})}).metrics
    assert isinstance(whole, Known)
    assert whole.left_out == ()


def test_files_of_metrics_name_what_they_leave_out() -> None:
    """A metrics file of a repository says which of its rows are no numbers; of none that is one it can say nothing."""
    facts = Facts(HERE, NOW)
    overall, segments = scores_of({"auc": "91 %", "f1": "0.8", "slices": {"hk": {"f1": "?"}}})
    fact = facts.partly(overall, "metrics.json")
    assert isinstance(fact, Known)
    assert (fact.value, [name for name, _ in fact.left_out]) == ({"f1": 0.8}, ["auc"])
    assert isinstance(facts.partly(segments, "metrics.json"), Unreadable)
    assert facts.partly(scores_of({})[0], "metrics.json") is ABSENT


def test_a_bill_names_metrics_that_are_no_numbers() -> None:
    """`91 %` in a bill of material is no absence of the metric, in one slice as overall."""

    def bill(*rows: tuple[str, str, str]) -> Provenance:
        metrics = [{"type": name, "slice": part, "value": value} for name, part, value in rows]
        component = {
            "type": "machine-learning-model",
            "name": "fraud",
            "version": "1",
            "modelCard": {"quantitativeAnalysis": {"performanceMetrics": metrics}},
        }
        document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component]}
        return provenance_of(read_bill(json.dumps(document).encode()), component, "bom.json", Provenance(), HERE, NOW)

    both = bill(("auc", "", "91 %"), ("f1", "", "0.8"), ("f1", "hk", "0.7"), ("auc", "hk", "90 %"))
    for fact, name in ((both.metrics, "auc"), (both.segment_metrics, "auc/hk")):
        assert isinstance(fact, Known)
        assert [row for row, _ in fact.left_out] == [name]
    only_odd = bill(("auc", "", "91 %")).metrics
    assert isinstance(only_odd, Unreadable)
    assert only_odd.reason == "auc: 91 % is no number"
    assert bill(("auc", "", "0.9")).segment_metrics is ABSENT
