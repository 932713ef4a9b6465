"""What a type hint accepts, in the words of an error, and which of several fits best."""

from __future__ import annotations

import operator
from collections import abc
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_origin

from modeltui.config.document import Listing, Mapping, Node
from modeltui.config.hints import (
    Plain,
    choice_text,
    choices,
    fields_of,
    is_secret,
    is_structure,
    members,
    quantity_of,
    unwrap,
)
from modeltui.config.problems import one_of
from modeltui.config.quantity import Quantity

SEQUENCES = (list, tuple, frozenset, set, abc.Sequence, abc.Collection, abc.Iterable)
DICTIONARIES = (dict, abc.Mapping, abc.MutableMapping)

_BOUNDS: tuple[tuple[str, str, Callable[[Any, Any], bool]], ...] = (
    ("ge", "at least", operator.ge),
    ("gt", "more than", operator.gt),
    ("le", "at most", operator.le),
    ("lt", "less than", operator.lt),
)

WRITE_A_REFERENCE = (
    "a secret must not be written here; write where it is: 'env:NAME', 'file:PATH', 'command:PROGRAM ARGUMENTS'"
    " or 'keyring:SERVICE/NAME'"
)


def expected(hint: Any, name: str = "", metadata: tuple[Any, ...] = ()) -> str:
    """Return what a hint asks for, in the words of an error."""
    plain = unwrap(hint)
    alternatives = [kind for kind in members(plain.hint) if kind is not type(None) and is_decodable(kind)]
    if len(alternatives) > 1:
        return " or ".join(dict.fromkeys(expected(rewrapped(kind, plain), name) for kind in alternatives))
    inner_plain = unwrap(alternatives[0]) if alternatives else plain
    inner = inner_plain.hint
    metadata = (*metadata, *plain.metadata, *inner_plain.metadata)
    words = next((item.description for item in metadata if getattr(item, "description", None)), None)
    if words and inner is str:
        return str(words)
    if allowed := choices(inner):
        return one_of(choice_text(choice) for choice in allowed)
    if inner in (int, float):
        quantity = quantity_of(Plain(inner, metadata), name)
        return "a whole number" if inner is int and quantity is Quantity.NUMBER else quantity.value
    origin = get_origin(inner) or inner
    if origin in DICTIONARIES or is_structure(inner):
        return "keys and values"
    if origin in SEQUENCES:
        return "a list such as [a, b]"
    if is_secret(inner):
        return "a reference such as 'env:NAME'"
    simple = {str: "text", bool: "true or false", Path: "a path"}
    return simple.get(inner, "a value")


def broken_bound(number: float, limit: Any) -> str:
    """Return the bound that `number` breaks, in words, or nothing."""
    for attribute, words, holds in _BOUNDS:
        bound = getattr(limit, attribute, None)
        if bound is not None and not holds(number, bound):
            return f"{words} {bound:g}"
    return ""


def is_decodable(kind: Any) -> bool:
    """Tell whether a file can hold such a value; msgspec's mark for 'not set' is none."""
    return getattr(kind, "__name__", "") != "UnsetType"


def rewrapped(kind: Any, plain: Plain) -> Any:
    """Return one alternative of a union with the metadata that stood around the union."""
    if not plain.metadata:
        return kind
    return Annotated[(kind, *plain.metadata)]


def suits(node: Node, kind: Any) -> int:
    """Return how well an alternative fits the shape of what is written: the best is tried, and explained, first."""
    inner = unwrap(kind).hint
    origin = get_origin(inner) or inner
    if isinstance(node, Mapping):
        if is_structure(inner):
            return 10 + len({field.key for field in fields_of(inner)} & set(node.items))
        return 5 if origin in DICTIONARIES else 0
    if isinstance(node, Listing):
        return 5 if origin in SEQUENCES else 0
    # Text accepts everything, so it comes last among scalars.
    return 0 if is_structure(inner) or origin in (*DICTIONARIES, *SEQUENCES) else 2 if inner is str else 5
