"""Answers on saved cases out of a table with a row for each: which case a row is, and what was answered.

Two versions are held against each other case by case, so a row must say which case it is: by a name, or else by all
that was asked. A case that was asked twice and answered differently has no answer that could be compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

NAMES: Final = ("case", "case_id", "example_id", "name", "id", "key")
"""How the column with the name of the case is called, in small letters."""
ANSWERS: Final = (
    *("outputs", "output", "predictions", "prediction", "response", "answer", "result", "value"),
    "actual",
)
"""How the column with what the version answered is called, first choice first: an evaluation of question and answer
may have what was expected under `answer`, and says `outputs` of what came."""
_EXPECTED: Final = frozenset(
    {
        *("target", "targets", "label", "labels", "ground_truth", "expected", "expected_output", "expected_response"),
        *("expected_answer", "expectation", "expectations", "reference", "truth", "y", "y_true"),
        *("answer", "response"),  # unless it is the version's own
    }
)
"""What should have been answered: it tells no case from another."""
_MEASURED: Final = ("/score", "/justification", "latency", "token_count")
"""How columns end that measure the answer."""


@dataclass(frozen=True, slots=True)
class Columns:
    """How the columns of a table are called; empty: as is usual."""

    case: Sequence[str] = ()
    """Those that together say which case a row is."""
    answer: Sequence[str] = ()
    """The one with the answer, first choice first."""


@dataclass(frozen=True, slots=True)
class Cases:
    """Answers by case, not yet safe."""

    answers: Mapping[str, str]
    lacks: str = ""
    """Why some cases are missing; empty when none is."""


def cases_in(rows: Sequence[Mapping[str, Any]], columns: Columns) -> Cases:
    """Return the answers in a table; raise `ValueError` with the reason when rows and cases cannot be told together."""
    if not rows:
        raise ValueError("it has no rows")
    present = list(dict.fromkeys(str(column) for row in rows for column in row))
    answer = _first(present, columns.answer or ANSWERS)
    if answer is None:
        raise ValueError(f"none of its columns is called one of {', '.join(columns.answer or ANSWERS)}")
    naming = _naming(rows, present, answer, columns.case)
    answered = [row for row in rows if answer in row]
    pairs = [(_name(row, naming), as_text(row[answer])) for row in answered]
    nameless = sum(not name for name, _ in pairs)
    return together([Cases({name: said}) for name, said in pairs if name], nameless, len(rows) - len(answered))


def together(several: Iterable[Cases], nameless: int = 0, unanswered: int = 0) -> Cases:
    """Return the cases of several tables; raise `ValueError` when no case has one answer."""
    found: dict[str, str] = {}
    contested: set[str] = set()
    lacks: dict[str, None] = {}
    for cases in several:
        lacks.update({cases.lacks: None} if cases.lacks else {})
        contested.update(name for name, said in cases.answers.items() if found.setdefault(name, said) != said)
    if contested:
        lacks[_counted(len(contested), "was", "were") + " asked more than once and answered differently"] = None
    if nameless:
        lacks[_counted(nameless, "has", "have") + " no name"] = None
    if unanswered:
        lacks[_counted(unanswered, "has", "have") + " no answer"] = None
    answers = {name: said for name, said in found.items() if name not in contested}
    if not answers:
        raise ValueError("; ".join(lacks) or "it has no rows")
    return Cases(answers, "; ".join(lacks))


def as_text(value: Any) -> str:
    """Return a value of JSON as text, the same for the same value."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _naming(rows: Sequence[Mapping[str, Any]], present: list[str], answer: str, asked: Sequence[str]) -> list[str]:
    """Return the columns that say which case a row is."""
    if asked:
        missing = [name for name in asked if _first(present, (name,)) is None]
        if missing:
            raise ValueError(f"it has no column {', '.join(missing)}, which should say which case a row is")
        return [column for name in asked if (column := _first(present, (name,)))]
    named = _first([column for column in present if column != answer], NAMES)
    if named and len({as_text(row.get(named)) for row in rows}) == len(rows):
        return [named]
    questions = [column for column in present if column != answer and not _is_about_the_answer(column)]
    # MLflow writes what was asked before what was answered, and what was found out about that behind it.
    before = [column for column in questions if present.index(column) < present.index(answer)]
    if naming := before or questions:
        return naming
    raise ValueError("it has no column that says which case a row is")


def _is_about_the_answer(column: str) -> bool:
    return column.strip().lower() in _EXPECTED or column.lower().endswith(_MEASURED)


def _name(row: Mapping[str, Any], naming: Sequence[str]) -> str:
    if len(naming) == 1:
        value = row.get(naming[0])
        return "" if value is None else as_text(value)
    return ", ".join(f"{column}={as_text(row.get(column))}" for column in naming)


def _first(present: Iterable[str], wanted: Iterable[str]) -> str | None:
    """Return the column that is called as the first of these that any is."""
    by_name = {column.strip().lower(): column for column in reversed(list(present))}
    return next((by_name[name.lower()] for name in wanted if name.lower() in by_name), None)


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} case {one}" if count == 1 else f"{count} cases {many}"
