"""What nobody can say is neither equal nor changed, and never missing on one side."""

from __future__ import annotations

import pytest
from tests.domain.comparison.telling import FOLDER, FORBIDDEN, MLFLOW, MODEL, A, B, compared, fact, states, told, two

from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.comparison.difference import State
from modeltui.domain.lineage import ABSENT, UNSUPPORTED, Artifact, CodeRevision, DataSnapshot, Unreadable, unreadable
from modeltui.domain.names import SourceName
from modeltui.domain.text import SafeText


@pytest.mark.parametrize("gap", [UNSUPPORTED, FORBIDDEN])
def test_a_side_that_could_not_say_is_unknown(gap: object) -> None:
    """A parameter that the other version's registry cannot tell is unknown, with the reason, in both directions."""
    here, there = told(feature_pipeline="risk-features 5.8.2"), told(feature_pipeline=gap)
    for comparison, name in ((compared(here, there), B), (compared(there, here), A)):
        found = fact(comparison, "features.pipeline")
        assert found.state is State.UNKNOWN
        assert found.why.startswith(f"{name}: ")
        assert found in comparison.differences


def test_the_reason_is_the_sources_own() -> None:
    """An operator reads why a field is unknown: who was asked and what was answered."""
    found = fact(compared(told(base_image="serving:3"), told(base_image=FORBIDDEN)), "environment.base_image")
    assert found.b.why_none == "mlflow: 403 for conda.yaml"
    assert found.why == "3.0.0: mlflow: 403 for conda.yaml."
    assert found.b.claims == ()


def test_a_place_that_is_empty_on_one_side_is_only_on_the_other() -> None:
    """A registry with an empty place for the approval says that there is none: only the other version has one."""
    comparison = compared(told(owner="risk", feature_pipeline=ABSENT), told(owner=ABSENT, feature_pipeline="f 2"))
    assert states(comparison) == {"record.owner": "only-a", "features.pipeline": "only-b"}
    assert fact(comparison, "record.owner").b.why_none == "not recorded"


def test_absent_on_both_sides_is_no_fact() -> None:
    """What neither version has is not listed, and not called equal."""
    assert compared(told(owner=ABSENT), told(owner=ABSENT)).facts == ()
    assert compared(told(owner=ABSENT), told(owner=UNSUPPORTED)).facts == ()


def test_a_row_missing_in_a_known_table_is_only_on_the_other_side() -> None:
    """A parameter that the same registry lists for one version only was removed or added."""
    comparison = compared(told(parameters={"depth": "6", "rate": "0.1"}), told(parameters={"rate": "0.1"}))
    assert states(comparison) == {"parameters.depth": "only-a", "parameters.rate": "equal"}


def test_a_row_is_unknown_while_another_source_of_that_side_may_have_it() -> None:
    """A parameter is not called removed while another source of that version could not be read."""
    a = two(told(parameters={"depth": "6"}), told())
    unread = Unreadable(SafeText("time-out"), FOLDER)
    b = two(told(parameters={"rate": "0.1"}), told(parameters=unread))
    found = fact(compared(a, b), "parameters.depth")
    assert found.state is State.UNKNOWN
    assert found.b.why_none == "folder: time-out"


def test_a_row_is_unknown_when_only_a_source_without_it_was_asked() -> None:
    """Another registry's table without the parameter says nothing of a parameter that it never tells."""
    a = two(told(parameters={"depth": "6"}), told())
    b = two(told(), told(parameters={"rate": "0.1"}))
    assert states(compared(a, b)) == {"parameters.depth": "unknown", "parameters.rate": "unknown"}


def test_a_source_that_has_not_answered_leaves_its_facts_unknown() -> None:
    """While a source is asked nothing is called removed; the row says that an answer is awaited."""
    comparison = compare_claims(
        MODEL,
        A,
        B,
        {MLFLOW: told(owner="risk", run="r1")},
        {MLFLOW: told(owner=ABSENT, run="r2")},
        awaited_b=frozenset({FOLDER}),
    )
    found = fact(comparison, "record.owner")
    assert found.state is State.UNKNOWN
    assert found.b.is_awaited
    assert comparison.awaited == (FOLDER,)
    assert fact(comparison, "record.run").state is State.CHANGED


def test_a_whole_table_that_one_side_cannot_tell_is_one_fact() -> None:
    """Two hundred parameters against a registry that keeps none are one unknown line, not two hundred."""
    many = {f"p{number}": str(number) for number in range(200)}
    comparison = compared(told(parameters=many), told(parameters=FORBIDDEN))
    assert states(comparison) == {"parameters": "unknown"}
    found = fact(comparison, "parameters")
    assert found.a.value == "200 told"
    assert found.why == "3.0.0: mlflow: 403 for conda.yaml."


def test_a_table_of_which_anything_is_known_stays_row_by_row() -> None:
    """As soon as one row of the other side is known, each missing row stands for itself."""
    a = two(told(parameters={"depth": "6"}), told(parameters={"rate": "0.1"}))
    b = two(told(), told(parameters={"rate": "0.2"}))
    assert states(compared(a, b)) == {"parameters.rate": "changed", "parameters.depth": "unknown"}


def test_a_field_that_could_be_read_for_neither_is_one_unknown_fact() -> None:
    """When requirements could be read for neither version, the operator sees that they were not compared."""
    comparison = compared(told(requirements=FORBIDDEN, run="1"), told(requirements=FORBIDDEN, run="1"))
    assert states(comparison) == {"environment.packages": "unknown", "record.run": "equal"}


def test_a_source_that_could_not_be_asked_is_a_trouble_and_not_thirty_facts() -> None:
    """A registry that is down is named once; what others know of that version is still compared."""
    down = unreadable(SafeText("connection refused"), FOLDER)
    comparison = compared(two(told(owner="risk"), down), two(told(owner="care"), down))
    assert states(comparison) == {"record.owner": "changed"}
    assert comparison.troubles == (
        "folder could not be asked about 2.3.1: connection refused",
        "folder could not be asked about 3.0.0: connection refused",
    )


def test_nobody_was_asked() -> None:
    """Without any source there is nothing to compare, and nothing is called equal."""
    comparison = compare_claims(MODEL, A, B, {}, {})
    assert comparison.facts == ()


def test_parts_that_a_source_does_not_name_are_unknown() -> None:
    """An artifact without a digest on one side is not an artifact whose digest was removed."""
    a = told(artifact=Artifact(SafeText("s3://m/1"), SafeText("sha256:aa"), 10))
    b = told(artifact=Artifact(SafeText("s3://m/1")))
    found = states(compared(a, b))
    assert found == {"artifact.digest": "unknown", "artifact.size": "unknown", "record.address": "equal"}


def test_the_same_commit_with_uncommitted_changes_twice_is_not_the_same_code() -> None:
    """Two versions trained from one commit, both with changes that nobody kept, may differ in code."""
    code = CodeRevision(SafeText("4f0c77b1"), has_uncommitted_changes=True)
    comparison = compared(told(code=code), told(code=code))
    assert states(comparison) == {"code.commit": "equal", "code.uncommitted": "unknown"}
    clean = CodeRevision(SafeText("4f0c77b1"), has_uncommitted_changes=False)
    assert states(compared(told(code=clean), told(code=clean)))["code.uncommitted"] == "equal"


def test_a_version_is_itself_whatever_nobody_can_say_of_it() -> None:
    """A version compared with itself shows no difference, though half of it could not be read."""
    code = CodeRevision(SafeText("4f0c77b1"), has_uncommitted_changes=True)
    claims = two(told(code=code, owner="risk", requirements=FORBIDDEN), told(owner="care", parameters={"a": "1"}))
    comparison = compare_claims(MODEL, A, A, claims, claims)
    assert comparison.differences == ()
    assert fact(comparison, "record.owner").a.is_contradicted


def test_sources_are_named_by_who_said_it() -> None:
    """Each value carries the sources that say it."""
    a, b = two(told(owner="risk"), told(owner="risk")), {SourceName(SafeText("gto")): told(owner="care")}
    found = fact(compared(a, b), "record.owner")
    assert found.a.claims[0].sources == (MLFLOW, FOLDER)
    assert found.b.claims[0].sources == ("gto",)


def test_a_source_that_tells_the_requirements_is_believed_though_its_runtime_is_unread() -> None:
    """A package gone from the requirements is gone, also while the same registry's runtime could not be read."""
    a = told(requirements=("numpy==1.0.0", "click==8.1.0"))
    b = told(requirements=("click==8.1.0",), runtime=FORBIDDEN)
    assert states(compared(a, b))["environment.numpy"] == "only-a"


def test_data_of_which_only_the_name_is_known_is_itself() -> None:
    """A version against itself has the same data, though nothing is told of it."""
    claims = {MLFLOW: told(data_snapshots=(DataSnapshot(SafeText("cards")),))}
    assert compare_claims(MODEL, A, A, claims, claims).differences == ()


def test_a_runtime_that_could_not_be_read_is_one_fact_for_each_kind_of_thing_in_it() -> None:
    """Python and hardware, libraries, and seeds are each one unknown line, under names of their own."""
    a = told(runtime={"python": "3.11.9", "hardware": "8 vCPU", "numpy": "1.26.4", "torch": "2.8.0", "seed": "7"})
    assert states(compared(a, told(runtime=FORBIDDEN))) == {
        "parameters.seeds of the runtime": "unknown",
        "environment.libraries": "unknown",
        "environment.runtime": "unknown",
    }


def test_a_side_without_a_place_for_it_is_not_said_to_have_none() -> None:
    """Of what could not be read for A and has no place for B nobody says that B has none."""
    owner = fact(compared(told(owner=FORBIDDEN), told(owner=UNSUPPORTED)), "record.owner")
    assert (owner.a.why_none, owner.b.why_none) == ("mlflow: 403 for conda.yaml", "no source tells this")
    empty = fact(compared(told(owner=FORBIDDEN), told(owner=ABSENT)), "record.owner")
    assert empty.b.why_none == "not recorded"
    assert empty.state is State.UNKNOWN
