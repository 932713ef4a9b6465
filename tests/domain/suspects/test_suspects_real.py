"""What real comparisons of whole versions make of the rule: the stories that every backend is filled with."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from tests.domain.comparison.telling import MODEL, A, B
from tests.domain.comparison.test_comparing_properties import pairs
from tests.domain.suspects.test_suspects_properties import SYMPTOMS, ranking
from tests.e2e.stories import STORIES, Facts, Story
from tests.examples import examples

from modeltui.adapters._documents.metadata import Teller, provenance_from
from modeltui.domain.claims import Claims
from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.comparison.difference import Comparison, State
from modeltui.domain.names import Instant, ModelName, SourceName, VersionId
from modeltui.domain.suspects.suspect import Symptom
from modeltui.domain.suspects.suspecting import suspects, unknowns_that_matter
from modeltui.domain.text import SafeText, safe_text

WAREHOUSE = SourceName(SafeText("registry"))


def claims(facts: Facts) -> Claims:
    return {WAREHOUSE: provenance_from(facts, Teller(WAREHOUSE, Instant(0.0), "metadata.json"), {})}


def compared(story: Story, *, is_mirrored: bool = False) -> Comparison:
    a, b = (story.changed, story.base) if is_mirrored else (story.base, story.changed)
    one, other = VersionId(SafeText("1")), VersionId(SafeText("2"))
    return compare_claims(ModelName(SafeText(story.model)), one, other, claims(a), claims(b))


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_the_thing_that_was_changed_is_first(story: Story) -> None:
    """Two whole versions with one change between them: the change is the first suspect, and so it is mirrored."""
    found = suspects(compared(story))
    assert story.is_named_by(found[0].field), [(one.field, one.weight) for one in found]
    back = suspects(compared(story, is_mirrored=True))
    assert [(one.field, one.weight) for one in back] == [(one.field, one.weight) for one in found]


def test_a_version_held_against_itself_has_no_suspects() -> None:
    """Nothing differs, so nothing is suspected."""
    story = STORIES[0]
    one = VersionId(SafeText("1"))
    told = claims(story.base)
    assert suspects(compare_claims(ModelName(SafeText(story.model)), one, one, told, told)) == ()


def test_data_that_trained_one_of_them_is_training_data_from_both_sides() -> None:
    """One version trained on it, the other only tested with it: it weighs the same whichever stands first."""
    trained, tested = (
        claims({"data_snapshots": [{"name": "users", "used_for": use, "rows": rows}]})
        for use, rows in (("training", 10), ("test", 20))
    )
    one = suspects(compare_claims(MODEL, A, B, trained, tested))
    other = suspects(compare_claims(MODEL, A, B, tested, trained))
    assert [(suspect.field, suspect.weight) for suspect in one] == [(s.field, s.weight) for s in other]
    assert (
        one[0].weight
        > suspects(
            compare_claims(
                MODEL, A, B, tested, claims({"data_snapshots": [{"name": "users", "used_for": "test", "rows": 10}]})
            )
        )[0].weight
    )


@given(pairs(), SYMPTOMS)
@settings(max_examples=examples(150), deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_sources_say_the_ranking_holds(pair: tuple[Claims, Claims], wrong: Symptom) -> None:
    """Hostile names, numbers beyond any scale, contradictions: ranked all the same, safe to show, and mirrored."""
    there = compare_claims(MODEL, A, B, *pair)
    found = suspects(there, wrong)
    assert ranking(suspects(compare_claims(MODEL, B, A, *reversed(pair)), wrong)) == ranking(found)
    unknown = {fact.field for fact in there.facts if fact.state in (State.UNKNOWN, State.EQUAL, State.NOT_COMPARABLE)}
    assert not unknown & {field for suspect in found for field in suspect.fields}
    said = [text for suspect in found for text in (suspect.title, suspect.because)]
    assert all(text == safe_text(text, 240) for text in (*said, *unknowns_that_matter(there)))
