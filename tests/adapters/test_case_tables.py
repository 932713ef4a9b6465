"""A row of a table says which case it is, or it is no case: nothing is held against something else's answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.adapters._documents import values
from modeltui.adapters._documents.case_tables import Cases, Columns, cases_in, together

USUAL = Columns()


def rows(columns: str, *values: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Rows with these columns."""
    return [dict(zip(columns.split(), each, strict=True)) for each in values]


def test_expected_answers_and_scores_tell_no_case_from_another() -> None:
    """A corrected label or another score is not another case: what was asked is the same."""
    table = rows("inputs ground_truth outputs toxicity/v1/score latency", ("q", "t", "a", 0.1, 0.2))
    other = rows("inputs ground_truth outputs toxicity/v1/score latency", ("q", "u", "b", 0.9, 0.8))
    assert cases_in(table, USUAL).answers == {"q": "a"}
    assert cases_in(other, USUAL).answers == {"q": "b"}


def test_an_expected_answer_is_never_taken_for_the_given_one() -> None:
    """Where `answer` is what was expected, `outputs` is what the version said: else all versions would be equal."""
    assert cases_in(rows("question answer outputs", ("q", "expected", "given")), USUAL).answers == {"q": "given"}
    assert cases_in(rows("question answer", ("q", "given")), USUAL).answers == {"q": "given"}


def test_an_id_that_tells_rows_apart_is_the_name() -> None:
    """With an id the case keeps its name when the text of the question is corrected; one that repeats is no name."""
    assert cases_in(rows("id text output", (1, "a", "x"), (2, "b", "y")), USUAL).answers == {"1": "x", "2": "y"}
    assert cases_in(rows("id text output", (1, "a", "x"), (1, "b", "y")), USUAL).answers == {
        "id=1, text=a": "x",
        "id=1, text=b": "y",
    }


def test_what_was_found_out_afterwards_is_no_part_of_the_question() -> None:
    """What stands behind the answer tells of the answer: with it no case of two versions would be the same."""
    table = rows("context question outputs retrieved milliseconds", ("c", "q", "a", "two articles", 7))
    assert cases_in(table, USUAL).answers == {"context=c, question=q": "a"}
    assert cases_in(rows("outputs question latency", ("a", "q", 7)), USUAL).answers == {"q": "a"}


def test_what_was_answered_twice_and_differently_has_no_answer() -> None:
    """An evaluation that was logged twice into one run keeps what both say, and tells the rest."""
    table = rows("q outputs", ("one", "a"), ("two", "b"), ("one", "a"), ("two", "c"))
    assert cases_in(table, USUAL) == Cases({"one": "a"}, "1 case was asked more than once and answered differently")


@pytest.mark.parametrize(
    ("table", "columns", "reason"),
    [
        ([], USUAL, "it has no rows"),
        (rows("a b", (1, 2)), USUAL, "none of its columns is called one of outputs"),
        (rows("outputs latency", ("x", 1)), USUAL, "no column that says which case"),
        (rows("q outputs", (None, "x")), USUAL, "1 case has no name"),
        (rows("q outputs", ("one", "a"), ("one", "b")), USUAL, "answered differently"),
        (rows("q outputs", ("one", "a")), Columns(answer=("said",)), "none of its columns is called one of said"),
        (rows("q outputs", ("one", "a")), Columns(case=("day", "q")), "it has no column day"),
    ],
)
def test_what_cannot_be_matched_is_refused_with_the_reason(table: Any, columns: Columns, reason: str) -> None:
    """Rows without a case, and cases without one answer, are no cases."""
    with pytest.raises(ValueError, match=reason):
        cases_in(table, columns)


def test_some_without_a_name_cost_themselves_only() -> None:
    """Rows that do not say which case they are are counted, not numbered."""
    assert cases_in(rows("q outputs", ("one", "a"), (None, "b")), USUAL) == Cases({"one": "a"}, "1 case has no name")


_ANSWERS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("xyz"), min_size=1)


@given(several=st.lists(_ANSWERS, min_size=1, max_size=5))
def test_the_order_of_evaluations_does_not_matter(several: list[dict[str, str]]) -> None:
    """Whichever was read first: an answer is kept when all who give one give the same."""
    said: dict[str, set[str]] = {}
    for answers in several:
        for name, answer in answers.items():
            said.setdefault(name, set()).add(answer)
    expected = {name: next(iter(answers)) for name, answers in said.items() if len(answers) == 1}
    for order in (several, several[::-1]):
        if not expected:
            with pytest.raises(ValueError, match="answered differently"):
                together(map(Cases, order))
            continue
        found = together(map(Cases, order))
        assert found.answers == expected
        assert bool(found.lacks) == (len(expected) < len(said))


def test_rows_without_an_answer_are_counted() -> None:
    """A case that was not answered has no answer, not an empty one."""
    assert cases_in([{"id": 1, "answer": "x"}, {"id": 2}], USUAL) == Cases({"1": "x"}, "1 case has no answer")


def test_a_list_of_cases_is_matched_by_what_was_asked_never_by_place() -> None:
    """Without names the question is the name: one that was put in front does not shift all the answers."""
    one = values.cases([{"input": "a", "output": "1"}, {"input": "b", "output": "2"}])
    assert one == {"a": "1", "b": "2"}
    assert values.cases([{"input": "z", "output": "0"}, {"input": "a", "output": "1"}]) == {"z": "0", "a": "1"}
    assert values.cases([{"name": "x", "answer": "yes", "input": 3}]) == {"x": "yes"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([{"output": "1"}], "no column that says which case"),
        ([{"input": "a", "output": "1"}, {"input": "a", "output": "2"}], "answered differently"),
        ([{"input": str(count), "output": "1"} for count in range(5_001)], "it has 5001 cases"),
        (["a", "b"], "it has no rows"),
    ],
)
def test_a_list_that_is_not_of_cases_is_refused_with_the_reason(value: list[Any], reason: str) -> None:
    """Nothing is compared by its place in a list, and no half of the cases stands for all."""
    with pytest.raises(ValueError, match=reason):
        values.cases(value)
