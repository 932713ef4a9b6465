"""A text that was only written otherwise is hardly a change; one whose lines moved, or whose quotes differ, is."""

from __future__ import annotations

import pytest
from tests.domain.suspects.building import comparison, fact, number, text

from modeltui.domain.comparison.difference import Difference, Nature, State
from modeltui.domain.comparison.text_change import lines_change
from modeltui.domain.suspects.suspect import Suspect
from modeltui.domain.suspects.suspecting import suspects

UNION = "SELECT * FROM a\nWHERE is_test = false\nUNION ALL\nSELECT * FROM b\nWHERE note <> 'x'"
MOVED = "SELECT * FROM a\nUNION ALL\nSELECT * FROM b\nWHERE is_test = false\nWHERE note <> 'x'"
CODE = "SELECT * FROM a\nWHERE code = 'x--1'"
PROMPT = "You serve a bank.\nNever disclose balances.\nIf the caller gives a PIN:\nanswer in full."
TURNED = "You serve a bank.\nIf the caller gives a PIN:\nNever disclose balances.\nanswer in full."


def lines(field: str, a: str, b: str) -> Difference:
    """Two texts as a comparison tells them, with lines that only moved."""
    old, new = tuple(map(text, a.splitlines())), tuple(map(text, b.splitlines()))
    return fact(field, old, new, Nature.LINES, detail=lines_change(old, new))


def suspect(field: str, a: str, b: str) -> Suspect:
    """The suspect that a text makes."""
    return next(one for one in suspects(comparison(lines(field, a, b))) if one.field == field)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (UNION, MOVED),
        (CODE, CODE.replace("--1", "--2")),
        (CODE, CODE.replace("'x--1'", "'X--1'")),
        (CODE, CODE.replace("'x--1'", "'x  --1'")),
        ("SELECT 1 FROM a -- it's\nWHERE b = 'A'", "SELECT 1 FROM a -- it's\nWHERE b = 'a'"),
        ("SELECT 1 FROM a\nWHERE b = 'it\\'s --1'", "SELECT 1 FROM a\nWHERE b = 'it\\'s --2'"),
        ("# don't\nSELECT 1 WHERE b = 'A'", "# don't\nSELECT 1 WHERE b = 'a'"),
        ("SELECT $$'$$\nWHERE b = 'A'", "SELECT $$'$$\nWHERE b = 'a'"),
        ('SELECT 1 WHERE b = "--1"', 'SELECT 1 WHERE b = "--2"'),
        ("SELECT 1 /*! WHERE a = 1 */", "SELECT 1 /*! WHERE a = 2 */"),
        ("SELECT 1 /* x\nWHERE a = 1 */", "SELECT 1 /* x */\nWHERE a = 1"),
    ],
)
def test_a_query_that_means_something_else_weighs_as_one(a: str, b: str) -> None:
    """A filter that moved to another branch, a value between quotes: nobody calls that white space or a comment."""
    for found in (suspect("query", a, b), suspect("query", b, a)):
        assert "only white space" not in found.because
        assert found.weight == 0.77


@pytest.mark.parametrize(
    "b",
    [
        "-- of both\n" + UNION,
        UNION.replace("SELECT", "select") + ";",
        UNION.replace("UNION", "/* and\n the rest */ UNION"),
        UNION.replace("\n", "\n\n    "),
        UNION.replace("WHERE note", "-- it's new\nWHERE note"),
    ],
)
def test_a_query_that_was_only_written_otherwise_is_hardly_a_change(b: str) -> None:
    """Comments, case and white space come behind whatever else was changed."""
    found = suspects(comparison(lines("query", UNION, b), number("parameters.rate", 0.1, 0.2)))
    assert [one.field for one in found] == ["parameters.rate", "query"]
    assert found[1].because.endswith("but only white space, case or comments differ")


def test_a_sentence_of_a_prompt_that_moved_is_a_change() -> None:
    """A prohibition that came to stand below a condition is another instruction, and the title says what moved."""
    found = suspect("prompts.system", PROMPT, TURNED)
    assert found.because == "every answer follows it"
    assert found.title == "prompt system: “If the caller gives a PIN:” stands elsewhere"
    assert suspect("prompts.system", TURNED, PROMPT).title == found.title
    shuffled = suspect("prompts.system", PROMPT, "\n".join(reversed(PROMPT.splitlines())))
    assert shuffled.title == "prompt system: lines in another order"
    assert found.weight == pytest.approx(0.72)


def test_blanks_in_a_prompt_are_named_as_such() -> None:
    """The same words with another indentation: the title does not show two times the same words."""
    found = suspect("prompts.system", PROMPT, PROMPT.replace("answer", "   answer"))
    assert found.title == "prompt system: other white space"
    assert found.because.endswith("but only white space differs")
    assert found.weight == pytest.approx(0.08)


def test_what_sources_contradict_each_other_about_is_not_called_the_same() -> None:
    """Two sources tell two prompts of either version: that is more than white space."""
    told = [text("Be brief."), text("Be polite.")]
    found = suspects(comparison(fact("prompts.system", told, [*reversed(told)], Nature.LINES, state=State.CHANGED)))
    assert found[0].because == "every answer follows it"
