"""How much of what made a version is known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeltui.domain.completeness import ModelKind, Standing, completeness, model_kind
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
    Provenance,
    Unreadable,
)
from modeltui.domain.names import NO_DATA, Missing
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import START, source_name

SOURCE = source_name("registry")
UNREAD = Unreadable(SafeText("403"), SOURCE)


def known(value: Any = "x", source: str = "registry") -> Known[Any]:
    """Return a value that a source knows."""
    return Known(value, source_name(source), START)


TWO_VOICES: Contradicted[Any] = Contradicted((known("a"), known("b", "other")))


def test_everything_known_is_a_whole() -> None:
    """A version of which every field is known scores 1, and nothing is missing."""
    found = completeness(Provenance(**dict.fromkeys(FIELDS, known())))
    assert (found.score, found.known, found.counted, found.missing) == (1.0, len(FIELDS), len(FIELDS), ())


def test_nothing_told_is_no_score() -> None:
    """Where no source has a place for anything there is no score: neither 0 nor 1."""
    found = completeness(Provenance())
    assert found.score is NO_DATA
    assert "code" in {field.name for field in found.untold}


def test_contradictions_and_failures_count_as_not_known() -> None:
    """Of four fields one is known: the others are contradicted, unreadable and absent, each with its reason."""
    found = completeness(Provenance(run=known(), code=TWO_VOICES, metrics=UNREAD, model_card=ABSENT))
    assert (found.known, found.counted) == (1, 4)
    assert {field.name: (field.standing, field.why) for field in found.missing} == {
        "code": (Standing.CONTRADICTED, "registry and other contradict each other"),
        "metrics": (Standing.UNREADABLE, "registry could not say: 403"),
        "model_card": (Standing.ABSENT, "not recorded"),
    }


def test_an_empty_value_is_not_known() -> None:
    """A source that names no data set at all has not told which data it was."""
    found = completeness(Provenance(run=known(), data_snapshots=known(()), owner=known("  ")))
    assert (found.known, found.counted) == (1, 3)


def test_prompts_are_not_asked_of_a_table() -> None:
    """A tabular model without prompts misses nothing; an LLM system without prompts does."""
    provenance = Provenance(run=known(), prompts=ABSENT, importances=ABSENT)
    assert {field.name for field in completeness(provenance, SafeText("batch")).missing} == {"importances"}
    assert {field.name for field in completeness(provenance, SafeText("LLM_system")).missing} == {"prompts"}


def test_what_does_not_apply_and_cannot_be_read_does_not_count() -> None:
    """A registry that is down owes a tabular model no prompts."""
    found = completeness(Provenance(prompts=UNREAD, run=UNREAD), SafeText("tabular"))
    assert {field.name for field in found.missing} == {"run"}


def test_none_is_an_answer_where_there_may_be_none() -> None:
    """The first version has no parents, and a version without tags is whole; unreadable tags are missing."""
    assert completeness(Provenance(run=known(), parents=ABSENT, tags=ABSENT)).score == 1.0
    assert completeness(Provenance(run=known(), parents=ABSENT, tags=UNREAD)).score == 0.5


def test_the_kind_is_found_by_what_only_it_has() -> None:
    """Where no registry names the kind, members make an ensemble, prompts a system and a state an agent."""
    assert model_kind(Provenance(components=known({"m": "1"}))) is ModelKind.ENSEMBLE
    assert model_kind(Provenance(prompts=known({"system": "x"}))) is ModelKind.SYSTEM
    assert model_kind(Provenance(prompts=known({"system": "x"}), agent=known({"memory": "x"}))) is ModelKind.AGENT
    assert model_kind(Provenance(prompts=ABSENT)) is ModelKind.TABULAR
    assert model_kind(Provenance(), SafeText("vision")) is ModelKind.UNSTRUCTURED


def test_what_is_weak_is_said() -> None:
    """A data set without digest, files out of reach and uncommitted code count as known, with a note."""
    data = (DataSnapshot(SafeText("a")), DataSnapshot(SafeText("b"), SafeText("sha256:1")))
    found = completeness(
        Provenance(
            data_snapshots=known(data),
            artifact=known(Artifact(SafeText("s3://x"), is_reachable=False)),
            code=known(CodeRevision(SafeText("abc"), has_uncommitted_changes=True)),
        )
    )
    assert found.of("data_snapshots").note == "1 of 2 with no digest"
    assert found.of("artifact").note == "no digest, it cannot be reached"
    assert found.of("code").note == "with changes that were never committed"
    assert found.score == 1.0


FACTS: tuple[Fact[Any], ...] = (known(), known(""), TWO_VOICES, UNREAD, ABSENT, UNSUPPORTED)
KINDS = [SafeText(kind.value) for kind in ModelKind]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(FACTS), min_size=len(FIELDS), max_size=len(FIELDS)), st.sampled_from(KINDS))
def test_a_score_lies_between_nothing_and_all(facts: list[Fact[Any]], kind: SafeText) -> None:
    """The score is the known part of what counts; known and missing make up what counts, and nothing else."""
    found = completeness(Provenance(**dict(zip(FIELDS, facts, strict=True))), kind)
    assert found.known + len(found.missing) == found.counted
    assert found.known == sum(field.standing is Standing.KNOWN for field in found.fields)
    assert isinstance(found.score, Missing) or 0.0 <= found.score <= 1.0
    assert not {field.name for field in found.untold} & {field.name for field in found.missing}


@pytest.mark.parametrize("worse", [TWO_VOICES, UNREAD, ABSENT])
@settings(max_examples=30)
@given(st.sampled_from(FIELDS), st.sampled_from(KINDS))
def test_losing_a_fact_never_raises_the_score(worse: Fact[Any], name: str, kind: SafeText) -> None:
    """A field that stops being known makes the score no better."""
    whole = Provenance(**dict.fromkeys(FIELDS, known()))
    facts = {**dict.fromkeys(FIELDS, known()), name: worse}
    before, after = completeness(whole, kind).score, completeness(Provenance(**facts), kind).score
    assert isinstance(before, float)
    assert isinstance(after, float)
    assert after <= before
