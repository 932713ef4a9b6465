"""Signatures: which columns came, went, or are of another type."""

from __future__ import annotations

import json

import pytest
from tests.domain.comparison.telling import compared, fact, states, told

from modeltui.domain.comparison.difference import Nature, ShapeChange, State
from modeltui.domain.comparison.shape import columns_of, shape_change
from modeltui.domain.names import NO_DATA
from modeltui.domain.text import SafeText


def _change(
    added: tuple[str, ...], removed: tuple[str, ...], retyped: tuple[str, ...], *, is_order_only: bool = False
) -> ShapeChange:
    one, other, third = (tuple(SafeText(text) for text in texts) for texts in (added, removed, retyped))
    return ShapeChange(one, other, third, is_order_only)


def test_names_without_types_are_compared_by_name() -> None:
    """A feature that joined the inputs and an output of another type are told apart."""
    change = shape_change("(amount, tenure, …) -> score: double", "(amount, device, …) -> score: float")
    assert change == _change(("device",), ("tenure",), ("output score: double -> float",))


def test_typed_columns_as_a_registry_lists_them() -> None:
    """A column that became optional, or text, is retyped; one that is new is added with its type."""
    change = shape_change(
        "amount: double, country: string -> long", "amount: string, country: string?, age: long -> double"
    )
    assert change == _change(
        ("age: long",), (), ("amount: double -> string", "country: string -> string?", "output 1: long -> double")
    )


def test_the_same_columns_in_another_order_is_a_change_of_its_own() -> None:
    """A model that takes its columns by place breaks when their order changes."""
    found = fact(compared(told(signature="(a, b) -> c"), told(signature="(b, a) -> c")), "artifact.signature")
    assert (found.state, found.nature) == (State.CHANGED, Nature.SHAPE)
    assert found.detail == _change((), (), (), is_order_only=True)


def test_another_way_of_writing_is_no_change() -> None:
    """Blanks, and JSON against text, make no difference."""
    declared = json.dumps([{"name": "a", "type": "double"}, {"name": "b", "type": "long", "required": False}])
    assert states(compared(told(signature=declared), told(signature="a:double,  b: long?"))) == {
        "artifact.signature": "equal"
    }
    assert shape_change("(a: long)->b: long", "( a: long ) -> b: long") is NO_DATA


def test_mlflows_json_of_both_sides() -> None:
    """Inputs, outputs and parameters as MLflow declares them, JSON within JSON."""
    declared = {
        "inputs": json.dumps([{"name": "a", "type": "double"}]),
        "outputs": json.dumps([{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]),
        "params": json.dumps([{"name": "top_k", "type": "long", "default": 3}]),
    }
    assert dict(columns_of(json.dumps(declared))) == {
        "a": "double",
        "output 1": "float32[-1, 2]",
        "parameter top_k": "long = 3",
    }
    assert columns_of("a: double -> float32[-1, 2] with top_k: long = 3") == columns_of(json.dumps(declared))


_SCORE = [{"name": "score", "type": "double"}]
_NESTED = {"name": "tags", "type": "array", "items": {"type": "string"}}


@pytest.mark.parametrize(
    ("one", "other", "shown"),
    [
        ({"inputs": {"amount": "double"}}, {"inputs": {"amount": "string"}}, "amount: double -> string"),
        ({"inputs": [_NESTED]}, {"inputs": [{**_NESTED, "items": {"type": "long"}}]}, "tags: "),
        (
            {"inputs": [{"name": "who", "type": "object", "properties": {"age": {"type": "long"}}}]},
            {"inputs": [{"name": "who", "type": "object", "properties": {"age": {"type": "string"}}}]},
            "who: ",
        ),
        (
            {"inputs": _SCORE, "params": [{"name": "top_k", "type": "long", "default": 3}]},
            {"inputs": _SCORE, "params": [{"name": "top_k", "type": "long", "default": 9}]},
            "parameter top_k: long = 3 -> long = 9",
        ),
        (
            {"inputs": [{"name": "a", "type": "long", "unit": "hkd"}]},
            {"inputs": [{"name": "a", "type": "long"}]},
            "a: ",
        ),
        ({"inputs": _SCORE, "outputs": "double"}, {"inputs": _SCORE, "outputs": "string"}, None),
        ({"inputs": _SCORE, "outputs": 1}, {"inputs": _SCORE, "outputs": 2}, None),
        ({"inputs": _SCORE, "layout": "v1"}, {"inputs": _SCORE, "layout": "v2"}, 'layout: "v1" -> "v2"'),
    ],
)
def test_no_part_of_a_declared_signature_is_passed_over(
    one: dict[str, object], other: dict[str, object], shown: str | None
) -> None:
    """What a list holds, a parameter's default, a side in another form: where it differs, the signature differs."""
    found = fact(compared(told(signature=json.dumps(one)), told(signature=json.dumps(other))), "artifact.signature")
    assert found.state is State.CHANGED
    assert isinstance(found.detail, ShapeChange)
    if shown is not None:
        (retyped,) = found.detail.retyped
        assert retyped.startswith(shown)


def test_tensors_are_known_by_their_place() -> None:
    """A tensor of another shape is retyped, not removed and added."""
    assert shape_change("float32[-1, 224, 224, 3] -> long", "float32[-1, 384, 384, 3] -> long") == _change(
        (), (), ("input 1: float32[-1, 224, 224, 3] -> float32[-1, 384, 384, 3]",)
    )


def test_nested_types_hold_their_commas_together() -> None:
    """A type with commas and colons of its own is one column."""
    columns = columns_of('(who: {"type": "object", "x": [1, 2]}, n: map<string, long>) -> long')
    assert [column.name for column in columns] == ["who", "n", "output 1"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(((",
        ")))",
        "->",
        "{",
        "[",
        "[[[",
        '{"inputs": 3}',
        "a" * 20_000,
        "(" * 5_000,
        "->" * 5_000,
        "{}",
        "[1, null]",
    ],
)
def test_what_is_no_signature_breaks_nothing(text: str) -> None:
    """Whatever a registry keeps as a signature is compared, at worst as text."""
    assert shape_change(text, text) is NO_DATA
    found = fact(compared(told(signature=text), told(signature="(a) -> b")), "artifact.signature")
    assert found.state is State.CHANGED


def test_a_column_that_is_declared_twice_is_compared() -> None:
    """Two columns of one name are a shape of their own."""
    assert shape_change("(a, a)", "(a)") == _change((), ("a 2",), ())
    assert shape_change("(a, a, b)", "(a, b, a)") == _change((), (), (), is_order_only=True)
