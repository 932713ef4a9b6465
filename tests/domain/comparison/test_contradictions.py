"""Sources that contradict each other: all of it shown, nothing chosen, and no difference hidden by one more source."""

from __future__ import annotations

import math

from tests.domain.comparison.telling import FOLDER, MLFLOW, compared, fact, states, told, two

from modeltui.domain.claims import joined
from modeltui.domain.comparison.difference import Claim, State
from modeltui.domain.lineage import ABSENT, Artifact, CodeRevision, Contradicted, DataSnapshot, Known, Provenance
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText


def _artifact(digest: str) -> Provenance:
    return told(artifact=Artifact(SafeText("s3://m"), SafeText(digest)))


def test_sources_that_agree_are_one_claim() -> None:
    """Two registries that say the same are one value with two sources."""
    comparison = compared(two(told(owner="risk"), told(owner="risk")), told(owner="risk"))
    assert fact(comparison, "record.owner").a.claims == (Claim(SafeText("risk"), (MLFLOW, FOLDER)),)
    assert fact(comparison, "record.owner").state is State.EQUAL


def test_contradictions_with_nothing_in_common_are_a_change() -> None:
    """When whatever is true of one version is true of the other in no source, the fact has changed."""
    found = fact(compared(two(told(owner="risk"), told(owner="fraud")), told(owner="care")), "record.owner")
    assert found.state is State.CHANGED
    assert found.a.is_contradicted


def test_contradictions_with_something_in_common_cannot_be_compared() -> None:
    """When one of two contradicting sources agrees with the other version, nobody knows; who says what is told."""
    found = fact(compared(two(told(owner="risk"), told(owner="care")), told(owner="care")), "record.owner")
    assert found.state is State.NOT_COMPARABLE
    assert found.why == "Of 2.3.1 mlflow says risk, folder says care. Of 3.0.0 mlflow says care."


def test_a_contradiction_within_one_source_counts_too() -> None:
    """A source that passes on what two others say of a field is read as both."""
    claims = (
        Known(SafeText("risk"), MLFLOW, Instant(0.0)),
        Known(SafeText("care"), FOLDER, Instant(0.0)),
    )
    found = fact(compared(Provenance(owner=Contradicted(claims)), told(owner="risk")), "record.owner")
    assert found.state is State.NOT_COMPARABLE
    assert {source for claim in found.a.claims for source in claim.sources} == {MLFLOW, FOLDER}


def test_a_source_that_says_none_contradicts_one_that_says_something() -> None:
    """A removed parameter does not become equal because another source still has it."""
    removed = compared(told(parameters={"depth": "6"}), told(parameters={}))
    assert states(removed) == {"parameters.depth": "only-a"}
    other = told(parameters={"depth": "6"})
    both = compared(two(told(parameters={"depth": "6"}), other), two(told(parameters={}), other))
    found = fact(both, "parameters.depth")
    assert found.state is State.NOT_COMPARABLE
    assert found.why == "Of 2.3.1 mlflow and folder say 6. Of 3.0.0 folder says 6, mlflow lists none."


def test_an_empty_place_contradicts_too() -> None:
    """An owner that one registry lost and another keeps is shown as a contradiction."""
    comparison = compared(two(told(owner="risk"), told(owner="risk")), two(told(owner=ABSENT), told(owner="risk")))
    assert fact(comparison, "record.owner").state is State.NOT_COMPARABLE


def test_digests_of_two_algorithms_cannot_be_compared() -> None:
    """An MD5 against a SHA-256 is neither equal nor changed, and the reason says so."""
    found = fact(compared(_artifact("sha256:aa"), _artifact("md5:aa")), "artifact.digest")
    assert found.state is State.NOT_COMPARABLE
    assert found.why == "The digests were not made the same way: that of 2.3.1 is sha256, that of 3.0.0 is md5."


def test_a_digest_that_does_not_say_how_it_was_made_cannot_be_compared_with_one_that_does() -> None:
    """A bare digest against `sha256:…` cannot be compared, even where the digits are alike."""
    found = fact(compared(_artifact("sha256:aa"), _artifact("aa")), "artifact.digest")
    assert found.state is State.NOT_COMPARABLE
    assert "that of 3.0.0 does not say how" in found.why


def test_bare_digests_are_compared_with_each_other() -> None:
    """The short digests of one registry are compared as they stand."""
    assert fact(compared(_artifact("9f3ac01b"), _artifact("9f3ac01b")), "artifact.digest").state is State.EQUAL
    assert fact(compared(_artifact("9f3ac01b"), _artifact("0dd1e52a")), "artifact.digest").state is State.CHANGED
    short_and_long = compared(_artifact("9f3ac01b"), _artifact("9f3ac01b" * 4))
    assert fact(short_and_long, "artifact.digest").state is State.NOT_COMPARABLE


def test_a_digest_that_was_cut_short_is_neither_the_same_nor_another() -> None:
    """A registry keeps only the first digits of the same digest: nobody is told that the artifact differs."""
    whole = _artifact("sha256:" + "ab" * 32)
    found = fact(compared(whole, _artifact("sha256:ABABABAB")), "artifact.digest")
    assert found.state is State.NOT_COMPARABLE
    assert found.why == "The digests begin alike, and that of 3.0.0 is cut short."
    assert fact(compared(_artifact("sha256:abababab"), whole), "artifact.digest").why.startswith("The digests begin")
    other = fact(compared(whole, _artifact("sha256:abababac")), "artifact.digest")
    assert other.state is State.CHANGED


def test_a_digest_in_capitals_is_the_same_digest() -> None:
    """Hexadecimal digits mean the same in either case."""
    assert fact(compared(_artifact("sha256:AA"), _artifact("SHA256:aa")), "artifact.digest").state is State.EQUAL


def test_two_algorithms_on_one_side_are_no_contradiction() -> None:
    """Of two digests of one artifact the one is taken by which it can be compared."""
    a = two(_artifact("md5:11"), _artifact("sha256:aa"))
    found = fact(compared(a, _artifact("sha256:bb")), "artifact.digest")
    assert found.state is State.CHANGED
    assert found.a.value == "sha256:aa"
    assert fact(compared(a, _artifact("sha256:aa")), "artifact.digest").state is State.EQUAL


def test_algorithms_that_disagree_about_a_change_are_not_resolved() -> None:
    """When the MD5 says equal and the SHA-256 says changed, the operator sees both."""
    a, b = two(_artifact("md5:11"), _artifact("sha256:aa")), two(_artifact("md5:11"), _artifact("sha256:bb"))
    found = fact(compared(a, b), "artifact.digest")
    assert found.state is State.NOT_COMPARABLE
    assert "sha256:aa" in found.why
    assert "md5:11" in found.why


def test_commits_and_repositories_are_compared_by_what_they_mean() -> None:
    """A commit cut short and an address spelled otherwise are the same code."""
    a = told(code=CodeRevision(SafeText("4f0c77b19ad2e315"), SafeText("https://git.example/risk/model.git")))
    b = told(code=CodeRevision(SafeText("4F0C77B"), SafeText("git@git.example:risk/model")))
    assert states(compared(a, b)) == {"code.commit": "equal", "code.repository": "equal"}


def test_tags_that_begin_alike_are_two_commits() -> None:
    """A release candidate's tag is not its release, though one spelling begins the other."""
    a, b = told(code=CodeRevision(SafeText("v1.10.0"))), told(code=CodeRevision(SafeText("v1.10.0-rc1")))
    assert states(compared(a, b)) == {"code.commit": "changed"}


def test_addresses_of_one_artifact_in_several_places_do_not_contradict_each_other() -> None:
    """The same bytes may lie in a registry and in a folder: both addresses are listed."""
    a = two(told(artifact=Artifact(SafeText("s3://m"))), told(artifact=Artifact(SafeText("/models/m"))))
    found = fact(compared(a, a), "record.address")
    assert found.state is State.EQUAL
    assert found.a.value == ("/models/m", "s3://m")


def test_two_algorithms_on_both_sides_are_one_digest_each() -> None:
    """Sources that hash in two ways and agree in both are equal, without a contradiction."""
    a = two(_artifact("md5:11"), _artifact("sha256:aa"))
    found = fact(compared(a, a), "artifact.digest")
    assert found.state is State.EQUAL
    assert not found.a.is_contradicted


def test_an_approval_that_one_source_lost_is_a_contradiction() -> None:
    """A list that one source has and another says is empty is not called equal."""
    approval = told(parents=("2.3.0",))
    found = fact(compared(two(approval, approval), two(told(parents=ABSENT), approval)), "record.parents")
    assert found.state is State.NOT_COMPARABLE
    assert "mlflow lists none" in found.why


def test_sources_that_agree_on_what_is_no_number_are_joined() -> None:
    """A metric that is NaN in two sources is known, not contradicted."""
    whole = joined(two(told(metrics={"auc": math.nan}), told(metrics={"auc": float("nan"), "f1": 0.5})))
    assert isinstance(whole.metrics, Known)
    assert whole.metrics.value.keys() == {"auc", "f1"}
    assert isinstance(joined(two(told(metrics={"auc": 0.1}), told(metrics={"auc": 0.2}))).metrics, Contradicted)


def test_a_fact_told_in_two_ways_has_one_title_from_either_side() -> None:
    """What one version's requirements and the other's runtime tell is named alike in both directions."""
    a, b = told(requirements=("x.asked==1.0.0",)), told(runtime={"x-asked": "2.0.0"})
    there, back = fact(compared(a, b), "environment.x-asked"), fact(compared(b, a), "environment.x-asked")
    assert (there.title, there.state) == (back.title, back.state) == ("x-asked", State.CHANGED)
    one, other = told(requirements=("numpy>=2",)), told(runtime={"numpy.asked": "large"})
    assert fact(compared(one, other), "environment.numpy.asked").title == (
        fact(compared(other, one), "environment.numpy.asked").title
    )


def test_each_source_may_have_its_own_name_of_a_run() -> None:
    """A registry's run and an event's run are two names of one thing, each compared with its own."""
    a = two(told(run="4f0c77"), told(run="event-1"))
    same = fact(compared(a, a), "record.run")
    assert same.state is State.EQUAL
    assert not same.a.is_contradicted
    moved = fact(compared(a, two(told(run="9ad2e3"), told(run="event-2"))), "record.run")
    assert (moved.state, moved.a.value, moved.b.value) == (State.CHANGED, "4f0c77", "9ad2e3")
    half = fact(compared(a, two(told(run="9ad2e3"), told(run="event-1"))), "record.run")
    assert half.state is State.NOT_COMPARABLE


def test_names_of_two_sources_are_not_compared_with_each_other() -> None:
    """When only one source names A's run and only another B's, nobody can tell whether it is one run."""
    found = fact(compared(two(told(run="4f0c77"), told()), two(told(), told(run="event-1"))), "record.run")
    assert found.state is State.NOT_COMPARABLE
    assert found.why == "folder and mlflow name it each in its own way."


def test_bare_digests_of_two_sources_are_not_compared_with_each_other() -> None:
    """Two sources that do not say how they hash may hash in two ways."""
    a, b = two(_artifact("9f3ac01b"), told()), two(told(), _artifact("0dd1e52a"))
    assert fact(compared(a, b), "artifact.digest").state is State.NOT_COMPARABLE
    both = two(_artifact("9f3ac01b"), _artifact("0dd1e52a"))
    assert fact(compared(both, both), "artifact.digest").state is State.EQUAL


def test_sources_that_read_one_table_at_two_addresses_do_not_contradict_each_other() -> None:
    """A registry's address of a data set and an event's are both right; the run has the registry's name."""
    one = told(run="4f0c77", data_snapshots=(DataSnapshot(SafeText("cards"), uri=SafeText("s3://cards")),))
    other = told(
        run="event-1",
        data_snapshots=(DataSnapshot(SafeText("cards"), SafeText("md5:a"), uri=SafeText("iceberg://cards")),),
    )
    whole = joined(two(one, other))
    assert isinstance(whole.data_snapshots, Known)
    assert whole.data_snapshots.value == (DataSnapshot(SafeText("cards"), SafeText("md5:a"), SafeText("s3://cards")),)
    assert isinstance(whole.run, Known)
    assert whole.run.value == "4f0c77"
    same = compared(two(one, other), two(one, other))
    assert same.differences == ()
