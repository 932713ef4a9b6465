"""What real comparisons of whole versions make of the rule: the stories that every backend is filled with."""

from __future__ import annotations

import pytest
from tests.e2e.stories import STORIES, Facts, Story

from modeltui.adapters._documents.metadata import Teller, provenance_from
from modeltui.domain.claims import Claims
from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.comparison.difference import Comparison
from modeltui.domain.comparison.suspecting import suspects
from modeltui.domain.names import Instant, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText

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
