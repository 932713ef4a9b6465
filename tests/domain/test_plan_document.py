"""A plan as a document: what is hashed, what is refused, and that nothing can be changed unnoticed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.situations import asks, canary, champion, planned, refused, situation
from tests.examples import examples

from modeltui.domain.acting.action import ActionKind, Plan, Refusal
from modeltui.domain.acting.plan_document import (
    InvalidPlan,
    canonical_text,
    document_hash,
    plan_document,
    plan_from_document,
    plan_from_text,
    refusal_document,
    sealed,
)
from modeltui.domain.acting.planning import plan
from modeltui.domain.text import safe_text

PLANS = (
    planned(plan(situation(canary()), asks(ActionKind.ABORT))),
    planned(plan(situation(champion()), asks(ActionKind.ROLLBACK, shares=(0.25,)))),
    sealed(replace(planned(plan(situation(canary()), asks(ActionKind.PROMOTE))), authors=(safe_text("rita"),))),
)


def leaves(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value that is neither object nor list."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, (*path, key))
    elif isinstance(document, list):
        for place, value in enumerate(document):
            yield from leaves(value, (*path, place))
    else:
        yield path


def at(document: Any, path: tuple[Any, ...]) -> Any:
    """Return the value at a path."""
    for part in path:
        document = document[part]
    return document


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return the document with another value at a path."""
    other = copy.deepcopy(document)
    at(other, path[:-1])[path[-1]] = value
    return other


def another(value: Any) -> Any:
    """Return a value of the same kind that is another one."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str() if value.endswith("Z") and value[4] == "-":
            return f"{value[:-2]}{(int(value[-2]) + 1) % 10}Z"
        case _:
            return f"{value}x"


def called(one: object) -> str:
    """Return what a case is called."""
    return "/".join(map(str, one)) if isinstance(one, tuple) else ""


LEAVES = [(plan, path) for plan in PLANS for path in leaves(plan_document(plan)) if path != ("hash",)]


@pytest.mark.parametrize(
    ("plan", "path"), LEAVES, ids=lambda one: "/".join(map(str, one)) if type(one) is tuple else ""
)
def test_no_field_can_be_changed_unnoticed(plan: Plan, path: tuple[Any, ...]) -> None:
    """Whatever single value of a plan is changed, its hash changes, and the document is refused with its old one."""
    document = plan_document(plan)
    other = changed(document, path, another(at(document, path)))
    assert document_hash(other) != plan.hash
    with pytest.raises(InvalidPlan):
        plan_from_document(other)


def as_other_tools_write(text: str) -> float:
    """Return a number as tools give it that know only one kind: 1 for 1.0."""
    number = float(text)
    return int(number) if number.is_integer() else number


@pytest.mark.parametrize("plan", PLANS, ids=["abort", "rollback", "promote"])
def test_a_plan_survives_a_file(plan: Plan) -> None:
    """A plan that was written to a file, also by a tool that orders and indents it its own way, is the same plan."""
    document = plan_document(plan)
    assert plan_from_text(json.dumps(document)) == plan
    assert plan_from_text(json.dumps(document, indent=2, sort_keys=True)) == plan
    whole_numbers = json.loads(json.dumps(document), parse_float=as_other_tools_write)
    assert plan_from_document(whole_numbers) == plan


def test_a_plan_without_authors_is_written_as_before() -> None:
    """A plan whose registry names nobody has no such key: hashes of plans that were made before stay what they are."""
    assert "authors" not in plan_document(PLANS[0])
    assert plan_document(PLANS[2])["authors"] == ["rita"]


def test_the_canonical_text_is_one_line_without_the_hash() -> None:
    """What is hashed has sorted keys, no spaces, letters as they are, and nothing of the hash itself."""
    text = canonical_text({"hash": "sha256:1", "b": "Zürich", "a": [1.0, 0.25]})
    assert text == '{"a":[1.0,0.25],"b":"Zürich"}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_text({"a": float("nan")})


A_TIME = "plan: made_at: must be a time like 2026-01-14T02:13:00.123Z"


def without(*path: Any) -> Callable[[Any], None]:
    """Return what takes one key out of a document."""
    return lambda document: at(document, path[:-1]).pop(path[-1])


def put(value: Any, *path: Any) -> Callable[[Any], None]:
    """Return what puts a value into a document."""
    return lambda document: at(document, path[:-1]).__setitem__(path[-1], value)


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (put("modeltui.plan/2", "schema"), "plan: schema: must be modeltui.plan/1"),
        (without("steps"), "plan: steps: is missing"),
        (without("premise", "observed_at"), "plan: premise.observed_at: is missing"),
        (put(1, "surprise"), "plan: surprise: is no key of a plan"),
        (put(1, "actor", "is_root"), "plan: actor.is_root: is no key of a plan"),
        (put("5 s", "steps", 0, "after_seconds"), "plan: steps[0].after_seconds: must be a number"),
        (put(True, "steps", 0, "after_seconds"), "plan: steps[0].after_seconds: must be a number"),
        (put(-1, "steps", 0, "after_seconds"), "plan: steps[0].after_seconds: must not be negative"),
        (put(float("inf"), "expected", "serving_seconds"), "plan: expected.serving_seconds: must be a number"),
        (put({"2.3.1": 0.5}, "steps", 0, "weights"), "plan: steps[0].weights: must add up to 1"),
        (put([["2.3.1", 0.5], ["2.3.1", 0.5]], "from"), "plan: from: names a version twice"),
        (put([["", 1.0]], "from"), "plan: from[0]: must name a version"),
        (put([["2.3.1"]], "from"), "plan: from[0]: must be a version and its share"),
        (put([], "steps"), "plan: steps: must end in what desired says"),
        (put([["3.0.0", 1.0]], "to"), "plan: to: is not what desired.weights says"),
        (put("none", "guarantee"), "plan: guarantee: is not the one of writes_through"),
        (without("writes_to"), "plan: writes_to: is missing: nothing says where this plan would write"),
        (put("", "writes_to"), "plan: writes_to: is missing: nothing says where this plan would write"),
        (put("tomorrow", "expires_at"), "plan: expires_at: must be a time like 2026-01-14T02:13:00.123Z"),
        (
            put("2026-01-01T12:00:00.000+00:00", "made_at"),
            "plan: made_at: must be a time like 2026-01-14T02:13:00.123Z",
        ),
        (put("2020-01-01T12:00:00.000Z", "expires_at"), "plan: expires_at: must be after made_at"),
        (put("maybe", "checks", 0, "result"), "plan: checks[0].result: must be one of pass, warn, fail, unknown"),
        (put("explode", "action"), "plan: action: must be one of abort, rollback, promote, weights"),
        (put(6, "guard"), "plan: guard: must be one of 2, 3, 4, 5"),
        (put("a\x1b[2Jb", "because"), "plan: because: holds characters that no plan holds, or too many"),
        (put("a" * 5_000, "because"), "plan: because: holds characters that no plan holds, or too many"),
        (put("sha256:0", "hash"), "plan: hash: is that of another plan: something in here was changed"),
        (put(None, "target"), "plan: target: must be an object"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_place(break_it: Callable[[Any], None], says: str) -> None:
    """A document with a key too many, a key too few or a wrong value is refused, and the operator reads where."""
    document = copy.deepcopy(plan_document(PLANS[0]))
    break_it(document)
    with pytest.raises(InvalidPlan) as failed:
        plan_from_document(document)
    assert failed.value.title == says
    assert failed.value.exit_code == 2


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 100_000, '"' + "a" * 2_000_000 + '"']
)
def test_what_is_no_document_is_refused(text: str) -> None:
    """Text that is no single, sane JSON object is no plan."""
    with pytest.raises(InvalidPlan):
        plan_from_text(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(list(leaves(plan_document(PLANS[1])))), st.integers(0, 3), json_values)
def test_whatever_stands_in_a_document_is_read_or_refused(path: tuple[Any, ...], up: int, value: Any) -> None:
    """Whatever JSON stands at whatever place, reading ends in the plan itself or in a refusal, never in a crash."""
    document = plan_document(PLANS[1])
    place = path[: max(len(path) - up, 1)]
    try:
        read = plan_from_document(changed(document, place, value))
    except InvalidPlan:
        return
    assert read == PLANS[1]


def test_a_refusal_is_a_document_too() -> None:
    """A refusal as JSON has the reason, the remedy, and what was looked at."""
    found = refused(plan(situation(champion(), versions=()), asks(ActionKind.ROLLBACK)))
    document = refusal_document(found)
    assert document["schema"] == "modeltui.refusal/1"
    assert document["checks"][0] == {"name": "exists", "result": "fail", "says": "the registry has no version 2.3.1"}
    assert refusal_document(Refusal(safe_text("no"), safe_text("yes"))) == {
        "schema": "modeltui.refusal/1",
        "reason": "no",
        "remedy": "yes",
    }
