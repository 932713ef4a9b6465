"""What a model takes and gives, column by column, however its registry writes it down."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final, NamedTuple

from modeltui.domain.comparison.difference import ShapeChange
from modeltui.domain.names import NO_DATA, NoData
from modeltui.domain.text import SafeText

_OPEN: Final = "([{<"
_CLOSE: Final = ")]}>"
_TYPE: Final = re.compile(
    r"(?:u?int(?:eger)?\d*|long|float\d*|double|bool(?:ean)?|str(?:ing)?|object|bytes|binary|datetime|date|text|image"
    r"|messages|list|any|map|array)\b.*|.*[\[{(<].*",
    re.IGNORECASE | re.DOTALL,
)
_ELLIPSIS: Final = frozenset({"…", "..."})
_SIDE_OF: Final = {"inputs": "", "outputs": "output ", "params": "parameter "}
"""By how MLflow calls it."""
_NESTED: Final = frozenset({"object", "array", "map"})
"""Types that say nothing without what is in them."""
_MOST_COLUMNS: Final = 20_000
_MOST_OF_ONE_NAME: Final = 50


class Column(NamedTuple):
    """One input, output or parameter."""

    name: str
    """With its side in front where it is no input: `output score`."""
    kind: str
    """Empty where only names are written down."""


@lru_cache(maxsize=64)
def columns_of(signature: str) -> tuple[Column, ...]:
    """Return the columns of a signature, in order: inputs, outputs, parameters.

    Understood: `(a, b, …) -> score: double`, `amount: double, country: string? -> long with n: long`, tensors
    (`float32[-1, 4]`), and the JSON that MLflow keeps. What is not understood is a column of its own.
    """
    text = signature.strip()
    if text.startswith(("{", "[")) and (declared := _declared(text)):
        return declared
    inputs, _, rest = _parted(text, "->")
    outputs, _, parameters = _parted(rest, " with ")
    return tuple(
        column
        for side, written in zip(_SIDE_OF.values(), (inputs, outputs, parameters), strict=True)
        for column in _written(side, written)
    )


def _written(side: str, text: str) -> list[Column]:
    text = text.strip()
    if text.startswith("(") and text.endswith(")") and _is_one_group(text):
        text = text[1:-1]
    columns = []
    for place, item in enumerate(_split(text)):
        name, colon, kind = _parted(item, ":")
        if item in _ELLIPSIS:
            columns.append(Column(f"{side}…", ""))
        elif colon and not name.lstrip().startswith(("{", "[")):
            columns.append(Column(f"{side}{name.strip()}", kind.strip()))
        elif side or _TYPE.fullmatch(item):
            # Only its type is written down: it is known by its place.
            columns.append(Column(f"{side or 'input '}{place + 1}", item))
        else:
            columns.append(Column(item, ""))
    return columns


def _declared(text: str) -> tuple[Column, ...]:
    """Return the columns of MLflow's JSON; none where any of it is something else."""
    import json

    try:
        whole = json.loads(text)
        sides = {"inputs": whole} if isinstance(whole, list) else dict(whole)
        found = []
        for key, side in _SIDE_OF.items():
            listed = sides.pop(key, None)
            found += _of_json(side, json.loads(listed) if isinstance(listed, str) else listed)
    except (ValueError, TypeError, RecursionError):
        return ()
    if not found:
        return ()
    # What stands beside the sides is part of it: nothing that differs may be told as the same.
    beside = [Column(key, json.dumps(value, sort_keys=True)) for key, value in sides.items() if value is not None]
    return (*found, *beside)


def _of_json(side: str, listed: object) -> list[Column]:
    """Return the columns of a list of descriptions, or of a table of types; raise `ValueError` for anything else."""
    if listed is None:
        return []
    if isinstance(listed, dict):
        return [
            Column(f"{side}{name}", _kind(kind if isinstance(kind, dict) else {"type": kind}))
            for name, kind in listed.items()
        ]
    if not isinstance(listed, list):
        raise ValueError("no columns")
    columns = []
    for place, item in enumerate(listed):
        described = item if isinstance(item, dict) else {"type": str(item)}
        name = described.get("name")
        columns.append(Column(f"{side or ('' if name else 'input ')}{name or place + 1}", _kind(described)))
    return columns


def _kind(described: dict[str, Any]) -> str:
    """Return the type of a column in words; as JSON where more is said of it than type, tensor and default."""
    import json

    said = {key for key, value in described.items() if value is not None} - {"name"}
    kind = described.get("type", described.get("dtype", "?"))
    said -= {"type"} if "type" in described else {"dtype"}
    tensor = described.get("tensor-spec")
    if isinstance(tensor, dict) and tensor.keys() <= {"dtype", "shape"}:
        kind = f"{tensor.get('dtype', '?')}{tensor.get('shape', '')}"
        said -= {"tensor-spec"}
    is_optional = described.get("required") is False or described.get("optional") is True
    said -= {key for key in ("required", "optional") if isinstance(described.get(key), bool)}
    default = described.get("default")
    if said - {"default"} or not isinstance(kind, str) or kind in _NESTED:
        kind = json.dumps({key: value for key, value in described.items() if key != "name"}, sort_keys=True)
    elif default is not None:
        kind = f"{kind} = {json.dumps(default, sort_keys=True)}"
    return f"{kind}?" if is_optional else kind


def is_same_shape(one: str, other: str) -> bool:
    """Tell whether two signatures have the same columns in the same order, however they are spaced."""
    return one == other or columns_of(one) == columns_of(other)


def shape_change(one: str, other: str) -> ShapeChange | NoData:
    """Return which columns were added, removed, or are of another type now; no data when there is no difference."""
    before, after = columns_of(one), columns_of(other)
    if before == after:
        return NO_DATA
    a, b = _by_name(before), _by_name(after)
    added = tuple(_shown(name, b[name]) for name in b if name not in a)
    removed = tuple(_shown(name, a[name]) for name in a if name not in b)
    retyped = tuple(
        SafeText(f"{name}: {kind or 'untyped'} -> {b[name] or 'untyped'}")
        for name, kind in a.items()
        if name in b and b[name] != kind
    )
    return ShapeChange(added, removed, retyped, is_order_only=not (added or removed or retyped))


def _by_name(columns: tuple[Column, ...]) -> dict[str, str]:
    """Return the type of each column; of several of one name the second is `NAME 2`."""
    found: dict[str, str] = {}
    for name, kind in columns:
        times, unused = 1, name
        while unused in found and times < _MOST_OF_ONE_NAME:
            times += 1
            unused = f"{name} {times}"
        found[unused] = kind
    return found


def _shown(name: str, kind: str) -> SafeText:
    return SafeText(f"{name}: {kind}" if kind else name)


def _is_one_group(text: str) -> bool:
    depth = 0
    for place, character in enumerate(text):
        depth += (character in _OPEN) - (character in _CLOSE)
        if depth == 0:
            return place == len(text) - 1
    return False


def _split(text: str) -> list[str]:
    """Return the parts between commas that stand in no bracket."""
    parts, depth, begin = [], 0, 0
    for place, character in enumerate(text):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE and depth:
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[begin:place].strip())
            begin = place + 1
    parts.append(text[begin:].strip())
    return [part for part in parts[:_MOST_COLUMNS] if part]


def _parted(text: str, mark: str) -> tuple[str, str, str]:
    """Return what stands before and after a mark that stands in no bracket."""
    depth = 0
    for place, character in enumerate(text):
        if depth <= 0 and text.startswith(mark, place):
            return text[:place], mark, text[place + len(mark) :]
        depth += (character in _OPEN) - (character in _CLOSE and not text.startswith("->", place - 1))
    return text, "", ""
