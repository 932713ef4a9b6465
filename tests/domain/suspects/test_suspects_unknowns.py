"""What nobody knows and may matter: said beside the suspects, in one sentence each."""

from __future__ import annotations

from dataclasses import replace

from tests.domain.suspects.building import comparison, fact, text

from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.comparison.difference import Difference, Side, State
from modeltui.domain.lineage import ABSENT, CodeRevision, DataSnapshot, Fact, Known, Provenance, Unreadable
from modeltui.domain.names import Instant, ModelName, SourceName, VersionId
from modeltui.domain.suspects.suspecting import suspects, unknowns_that_matter
from modeltui.domain.text import SafeText

HERE, THERE = SourceName(text("mlflow")), SourceName(text("lineage"))


def known(value: object, source: SourceName = HERE) -> Fact[object]:
    return Known(value, source, Instant(0.0))


def whole(**more: object) -> Provenance:
    """Return a version of which the three things that all have are known."""
    facts = {
        "data_snapshots": known((DataSnapshot(text("cards"), digest=text("sha256:" + "1a" * 32)),)),
        "code": known(CodeRevision(text("35" * 20))),
        "requirements": known((text("numpy==2.1.3"),)),
        **more,
    }
    return Provenance(**facts)  # type: ignore[arg-type]


def unknown_between(a: Provenance, b: Provenance) -> tuple[SafeText, ...]:
    return unknowns_that_matter(compared(a, b))


def compared(a: Provenance, b: Provenance):  # type: ignore[no-untyped-def]
    model, one, other = ModelName(text("fraud")), VersionId(text("2.3.1")), VersionId(text("3.0.0"))
    return compare_claims(model, one, other, {HERE: a}, {HERE: b})


def test_all_known_leaves_nothing_to_say() -> None:
    """Both versions tell all that they should: no sentence."""
    assert unknown_between(whole(), whole()) == ()


def test_data_of_one_version_that_nobody_recorded() -> None:
    """The new version names no data: it may have been trained on others, and that is said, not suspected."""
    gap = whole(data_snapshots=ABSENT)
    assert unknown_between(whole(), gap) == ("data of 3.0.0 is not recorded: it may have changed",)
    assert unknown_between(gap, whole()) == ("data of 2.3.1 is not recorded: it may have changed",)
    assert not any(one.group.value == "data" for one in suspects(compared(whole(), gap)))


def test_a_source_that_failed_is_not_a_gap() -> None:
    """The query could not be read: that is another thing than not having been recorded."""
    query = known((text("SELECT 1"),))
    broken = whole(extraction_query=Unreadable(text("403 for query.sql"), HERE))
    assert unknown_between(whole(extraction_query=query), broken) == (
        "query of 3.0.0 could not be read: it may have changed",
    )


def test_code_that_neither_version_tells() -> None:
    """Every version is made by some code: where nobody says which, that is worth a line."""
    gap = whole(code=ABSENT)
    assert unknown_between(gap, gap) == ("code of neither version is recorded: it may have changed",)


def test_what_no_source_has_a_place_for_is_not_asked_of_every_model() -> None:
    """A table model has no prompts and no members: nobody is told that they are missing."""
    said = " ".join(unknown_between(Provenance(), Provenance()))
    assert "data" in said
    assert not {"prompts", "members", "agent", "base image", "parameters"} & set(said.split())


def test_several_gaps_come_the_weightiest_first_and_are_few() -> None:
    """A threshold that nobody recorded comes before the code; more than six are not read."""
    full = whole(
        serving_config=known({text("threshold"): text("0.7")}),
        parameters=known({text("depth"): text("7")}),
        base_image=known(text("tabular")),
        feature_pipeline=known(text("risk 1")),
        architecture=known(text("trees")),
        extraction_query=known((text("SELECT 1"),)),
    )
    empty = Provenance(**dict.fromkeys(Provenance.__dataclass_fields__, ABSENT))
    said = unknown_between(full, empty)
    assert said[0] == "thresholds and serving configuration of 3.0.0 are not recorded: they may have changed"
    assert len(said) == 6


def test_sources_that_contradict_each_other_are_named() -> None:
    """Two sources say two things of one version: nobody chooses, and it is no suspect."""
    model, one, other = ModelName(text("fraud")), VersionId(text("1")), VersionId(text("2"))
    first = {HERE: whole(feature_pipeline=known(text("risk 1.0")))}
    second = {
        HERE: whole(feature_pipeline=known(text("risk 1.0"))),
        THERE: Provenance(feature_pipeline=known(text("risk 2.0"), THERE)),  # type: ignore[arg-type]
    }
    found = compare_claims(model, one, other, first, second)
    assert unknowns_that_matter(found) == ("sources contradict each other on the features of 2",)
    assert suspects(found) == ()


def test_what_is_still_awaited_is_not_called_unrecorded() -> None:
    """A source was asked and has not answered: there will be an answer, so nothing is said of a gap."""
    waiting = Side(why_none=text("mlflow has not answered yet"), is_awaited=True)
    gap: Difference = replace(fact("query", text("a"), None, state=State.UNKNOWN), b=waiting)
    assert not any("query" in one for one in unknowns_that_matter(comparison(gap)))


def test_a_version_beside_itself_has_no_unknowns() -> None:
    """Whatever nobody knows of it, it is the same."""
    one = VersionId(text("1"))
    found = compare_claims(ModelName(text("fraud")), one, one, {HERE: Provenance()}, {HERE: Provenance()})
    assert unknowns_that_matter(found) == ()


def test_a_commit_does_not_tell_what_was_never_committed() -> None:
    """The same commit, and work beside it that nobody committed: the code may differ, and that is said."""
    clean = whole(code=known(CodeRevision(text("35" * 20), has_uncommitted_changes=False)))
    unsaved = whole(code=known(CodeRevision(text("35" * 20), has_uncommitted_changes=True)))
    says = "with uncommitted changes: the code may differ beyond its commits"
    assert unknown_between(whole(), unsaved) == (f"3.0.0 was made {says}",)
    assert unknown_between(unsaved, unsaved) == (f"2.3.1 and 3.0.0 were made {says}",)
    assert unknown_between(clean, clean) == unknown_between(whole(), clean) == ()


def test_a_name_that_is_there_to_be_moved_is_not_the_same_thing_twice() -> None:
    """`serving:latest` of both, and no digest: the name is the same, and what it meant may have changed."""
    moving = known(text("registry.example/serving:latest"))
    says = "base image of both is registry.example/serving:latest: what that means may have changed"
    assert unknown_between(whole(base_image=moving), whole(base_image=moving)) == (says,)
    for name in ("registry.example/serving:3.11", "registry.example/serving:latest@sha256:" + "1a" * 32):
        assert unknown_between(whole(base_image=known(text(name))), whole(base_image=known(text(name)))) == ()
    alias = {text("base_model"): text("acme/large-latest")}
    found = unknown_between(whole(llm_system=known(alias)), whole(llm_system=known(alias)))
    assert found == ("base_model of both is acme/large-latest: what that means may have changed",)
    pinned = {**alias, text("base_model_pin"): text("2026-01-10")}
    assert unknown_between(whole(llm_system=known(pinned)), whole(llm_system=known(pinned))) == ()


def test_a_range_that_both_ask_for_is_not_the_same_library() -> None:
    """`numpy>=1.0` of both: nobody knows what was installed, and that is said; an exact release leaves nothing open."""

    def asking(*lines: str) -> Provenance:
        return whole(requirements=known(tuple(map(text, ("scipy==1.11.0", *lines)))))

    says = "what was installed may differ"
    one, many = asking("numpy>=1.0"), asking("numpy>=1.0", "pandas", "shap~=0.46", "torch<3", "zstd")
    assert unknown_between(one, one) == (f"numpy names no release in either: {says}",)
    assert unknown_between(many, many) == (f"numpy, pandas, shap and 2 more name no release in either: {says}",)
    assert unknown_between(asking("numpy==1.0"), asking("numpy==1.0")) == ()
