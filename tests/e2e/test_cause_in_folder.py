"""A folder of models: whatever one thing was changed between two versions is named first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modeltui.domain.comparison.difference import Comparison
from tests.e2e.comparing import Compared, compared, fields
from tests.e2e.stage import write_config
from tests.e2e.stories import MEMBER_CAUSE, MEMBERS, STORIES, Facts, Story, models, version_numbers

pytestmark = pytest.mark.broad

FILES = frozenset({"artifact", "requirements", "extraction_query", "prompts", "cases", "model_card"})
"""What lies in files of its own, as in real folders; the rest is in `metadata.json`."""


def write_version(directory: Path, facts: Facts) -> None:
    """Write what is known of a version, as a training script would."""
    directory.mkdir(parents=True)
    metadata = {name: value for name, value in facts.items() if name not in FILES}
    (directory / "metadata.json").write_text(json.dumps(metadata, indent=1))
    # The digest of the bytes differs where the story's does.
    (directory / "model.pkl").write_text(facts.get("artifact", {}).get("digest", "the same bytes"))
    for name, value in facts.items():
        match name:
            case "requirements":
                (directory / "requirements.txt").write_text("\n".join(value) + "\n")
            case "extraction_query":
                (directory / "features.sql").write_text("\n".join(value) + "\n")
            case "cases":
                (directory / "golden_cases.json").write_text(json.dumps(value))
            case "model_card":
                (directory / "README.md").write_text("\n".join(value) + "\n")
            case "prompts":
                _write_prompts(directory / "prompts", value)


def _write_prompts(directory: Path, prompts: dict[str, Any]) -> None:
    directory.mkdir()
    for name, text in prompts.items():
        (directory / f"{name}.txt").write_text(f"{text}\n")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all stories, and the configuration that names it."""
    home = tmp_path_factory.mktemp("folder")
    for model, versions in models().items():
        for number, facts in enumerate(versions, 1):
            write_version(home / "models" / model / f"v{number}", facts)
    for member, registered in MEMBERS.items():
        for name, facts in registered.items():
            write_version(home / "models" / member / name, facts)
    return write_config(home, {"team": {"sources": {"registry": {"kind": "model-folder", "path": "models"}}}})


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_what_was_changed_is_the_first_suspect(config: Path, story: Story) -> None:
    """Two versions that differ in one thing, with what follows from it: that thing is looked at first."""
    a, b = version_numbers(story)
    found = (await compared(config, story.model, f"v{a}", f"v{b}")).suspects()
    assert found, f"no suspect, although {story.what}"
    assert story.is_named_by(found[0].field), fields(found)


async def test_going_back_names_the_same_thing(config: Path) -> None:
    """Whichever side is looked at from, what was changed is the same thing."""
    for story in STORIES:
        a, b = version_numbers(story)
        found = (await compared(config, story.model, f"v{b}", f"v{a}")).suspects()
        assert found, story.name
        assert story.is_named_by(found[0].field), (story.name, fields(found))


async def test_what_was_changed_in_a_member_is_named(config: Path) -> None:
    """An ensemble's member that was replaced is compared too, when the folder has it: its own cause is there."""
    found = await compared(config, "price-ensemble", "v1", "v2")
    (member,) = found.comparison.components
    assert (member.model, member.a, member.b) == ("price-gbm", "7", "8")
    assert isinstance(member.comparison, Comparison)
    assert fields(Compared(member.comparison).suspects())[0] == MEMBER_CAUSE


async def test_a_harmed_segment_leads_to_what_leaves_it_out(config: Path) -> None:
    """With a segment in breach, the filter that names it is the first suspect, and the sentence says so."""
    story = next(story for story in STORIES if story.name == "harmed-segment")
    a, b = version_numbers(story)
    first = (await compared(config, story.model, f"v{a}", f"v{b}")).suspects("merchant_size=micro")[0]
    assert story.is_named_by(first.field)
    assert "micro" in first.because


async def test_a_version_does_not_differ_from_itself(config: Path) -> None:
    """Comparing a version with itself finds nothing that changed."""
    found = await compared(config, "fraud-detector", "v1", "v1")
    assert found.suspects() == ()
    assert all(fact.state.value in {"equal", "unknown"} for fact in found.comparison.facts)
