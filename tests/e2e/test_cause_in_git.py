"""Models in git, with DVC and GTO's tags, behind a real remote: whatever one thing was changed is named first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modeltui.domain.comparison.difference import CodeLog
from tests.e2e.comparing import compared, fields
from tests.e2e.in_git import write_model
from tests.e2e.stage import write_config
from tests.e2e.stories import STORIES, TABULAR, Story, version_numbers
from tests.servers.git import Clone, bare

pytestmark = pytest.mark.broad


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two remotes: one of a single model, one with a folder for each; and the configuration that names them."""
    home = tmp_path_factory.mktemp("git")
    one = Clone.of(bare(home / "fraud.git"), home / "fraud")
    write_model(one, "fraud-detector", list(TABULAR))
    one.push("--force")
    many = Clone.of(bare(home / "systems.git"), home / "systems")
    many.commit({"README.md": "# Systems\n"})
    for model in dict.fromkeys(story.model for story in STORIES if story not in TABULAR):
        write_model(many, model, [story for story in STORIES if story.model == model], f"{model}/")
    many.push("--force")
    sources = {
        "risk": {"kind": "gto", "repository": f"file://{home}/fraud.git"},
        "systems": {"kind": "gto", "repository": f"file://{home}/systems.git"},
    }
    return write_config(home, {"team": {"sources": sources}})


def named(story: Story) -> str:
    """How GTO calls the model of a story."""
    return story.model if story in TABULAR else f"{story.model}:{story.model}"


def versions(story: Story) -> tuple[str, str]:
    """The two versions of a story."""
    a, b = version_numbers(story)
    return f"v1.{a - 1}.0", f"v1.{b - 1}.0"


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_what_was_changed_is_the_first_suspect(config: Path, story: Story) -> None:
    """Two registered versions that differ in one thing, with what follows from it: that thing is looked at first."""
    found = (await compared(config, named(story), *versions(story))).suspects()
    assert found, f"no suspect, although {story.what}"
    assert story.is_named_by(found[0].field), fields(found)


async def test_the_log_between_two_versions_is_shown(config: Path) -> None:
    """The commits between two versions come with the comparison, from the same repository."""
    story = next(story for story in TABULAR if story.name == "code")
    log = (await compared(config, story.model, *versions(story))).comparison.code_log
    assert isinstance(log, CodeLog)
    assert [commit.subject for commit in log.only_b] == ["Try another commit"]
    assert log.only_a == ()
    assert "src/train.py" in log.files
    assert not log.trouble


async def test_a_version_does_not_differ_from_itself(config: Path) -> None:
    """Comparing a version with itself finds nothing that changed."""
    found = await compared(config, "fraud-detector", "v1.0.0", "v1.0.0")
    assert found.suspects() == ()
    assert all(fact.state.value in {"equal", "unknown"} for fact in found.comparison.facts)


async def test_the_log_of_code_that_lies_elsewhere(tmp_path: Path) -> None:
    """Another registry noted commits of a repository that the configuration knows: their log comes with it."""
    remote = bare(tmp_path / "fraud.git")
    clone = Clone.of(remote, tmp_path / "clone")
    commits = [clone.commit({"train.py": text}, f"Make it {text}") for text in ("slow", "fast")]
    clone.push()
    for number, commit in enumerate(commits, 1):
        folder = tmp_path / "models" / "fraud" / f"v{number}"
        folder.mkdir(parents=True)
        code = {"commit": commit[:10], "repository": "https://git.example/risk/fraud"}
        (folder / "metadata.json").write_text(json.dumps({"code": code}))
    sources = {
        "registry": {"kind": "model-folder", "path": "models"},
        "code": {"kind": "git", "repositories": {"git@git.example:risk/fraud.git": f"file://{remote}"}},
    }
    found = await compared(write_config(tmp_path, {"team": {"sources": sources}}), "fraud", "v1", "v2")
    log = found.comparison.code_log
    assert isinstance(log, CodeLog)
    assert ([commit.subject for commit in log.only_b], log.files) == (["Make it fast"], ("train.py",))
    assert fields(found.suspects()) == ["code.commit"]
