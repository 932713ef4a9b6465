"""The handbook says what scripts find in JSON answers, and the commands print exactly that."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.folder_world import Here, here
from tests.cli.json_shapes import ANY_NAME, SECTION, deviations, documented
from tests.tui.story_world import RunningWorld

import modeltui
from modeltui.domain.ancestry_marks import Mark
from modeltui.domain.comparison.difference import State
from modeltui.domain.completeness import Standing
from modeltui.domain.skew import Sameness
from modeltui.domain.suspects.suspect import Closeness

__all__ = ["here"]

SHAPES = documented()
COMMANDS = ("compare", "lineage", "provenance", "parity", "versions")


def unlike(answer: dict[str, Any]) -> list[str]:
    """Say where an answer is not as the handbook says."""
    return deviations(SHAPES[answer["schema"]], answer)


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "fraud", "1.0", "1.1", "--all"),
        ("compare", "fraud@prod"),
        ("compare", "fraud", "1.2", "latest"),
        ("lineage", "fraud", "1.1"),
        ("provenance", "fraud", "1.0", "--check", "--require", "owner"),
        ("parity", "fraud"),
        ("versions", "fraud"),
        ("versions", "fraud", "--timeline", "--prunable"),
    ],
    ids=" ".join,
)
def test_an_answer_has_what_the_handbook_says_and_nothing_else(here: Here, arguments: tuple[str, ...]) -> None:
    """A script written by the handbook finds every field that it may rely on, and none is left out there."""
    answer = here(*arguments, "--json").object
    assert answer["schema"] == f"modeltui.{arguments[0]}/1"
    assert unlike(answer) == []


@pytest.mark.broad
def test_answers_of_a_whole_world_are_as_documented(world: RunningWorld) -> None:
    """The same for tabular models, an LLM system, an ensemble and an agent, with something wrong on a target."""
    asked: Iterable[tuple[str, ...]] = (
        ("compare", "document-ocr", "3.1.2", "3.1.4"),
        ("compare", "pricing-ensemble", "--all"),
        ("lineage", "pricing-ensemble", "7.1.0"),
        ("provenance", "support-assistant", "r15"),
        ("parity", "aml-screening"),
        ("versions", "kyc-agent", "--timeline", "--prunable"),
    )
    for words in asked:
        assert unlike(json.loads(world.run(*words, "--json").stdout)) == [], words


def test_nothing_is_documented_that_no_code_writes() -> None:
    """Every name of the handbook's shapes stands in the code that makes the answers: none is left from before."""
    home = Path(modeltui.__file__).parent
    written: set[str] = {state.value for state in State}
    for file in [*(home / "present").glob("*.py"), home / "cli" / "provenance.py", home / "cli" / "versions.py"]:
        tree = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        written |= {one.value for one in tree if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    # `a_state`, `b_claims`: made for both sides.
    written |= {f"{side}_{what}" for side in "ab" for what in ("state", "claims")}
    names = {name for shape in SHAPES.values() for name in shape.names()} - {ANY_NAME}
    assert len(names) > 100
    assert names <= written


@pytest.mark.parametrize("words", [State, Standing, Mark, Sameness, Closeness], ids=lambda words: words.__name__)
def test_every_state_is_explained(words: Iterable[Any]) -> None:
    """A script that switches over a state finds all of its values in the handbook."""
    told = set(re.findall(r"`([a-z-]+)`", SECTION))
    assert {one.value for one in words} <= told


@pytest.mark.parametrize("name", COMMANDS)
def test_help_names_the_shape(here: Here, name: str) -> None:
    """--help of a command says under which name the handbook describes its JSON."""
    assert f"modeltui.{name}/1" in here(name, "--help").out
    assert f"modeltui.{name}/1" in SHAPES
