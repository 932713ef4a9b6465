"""`modeltui plan` says what may be behind it, after the plan and only as a suspect."""

from __future__ import annotations

import json

from tests.cli.scripted_acting import MakeCommands, ScriptedActing, commands
from tests.present import plans

from modeltui.domain.comparison.difference import Group
from modeltui.domain.suspects.suspect import Closeness, Suspect
from modeltui.domain.text import SafeText

__all__ = ["commands"]

SUSPECT = Suspect(
    1,
    SafeText("query"),
    Group.QUERY,
    SafeText("query: 1 line added"),
    SafeText("it filters merchants"),
    Closeness.FEEDS,
    0.9,
)


def test_a_plan_ends_with_the_first_suspect(commands: MakeCommands) -> None:
    """plan rollback: the plan, and below it in one line what changed and why that is suspected."""
    acting = ScriptedActing()
    acting.suspected = SUSPECT
    code, out, _ = commands(acting)("plan", "rollback", str(plans.TARGET))
    assert code == 0
    assert out.splitlines()[-1] == "suspect  query: 1 line added: it filters merchants"


def test_a_plan_without_a_suspect_says_nothing_of_one(commands: MakeCommands) -> None:
    """Where nothing is known to be behind it no line pretends; the JSON of a plan is the plan alone."""
    assert "suspect" not in commands()("plan", "rollback", str(plans.TARGET))[1]
    acting = ScriptedActing()
    acting.suspected = SUSPECT
    answer = json.loads(commands(acting)("plan", "rollback", str(plans.TARGET), "--json")[1])
    assert "suspect" not in answer
