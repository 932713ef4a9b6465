"""What a type hint asks of a value: the one reading of hints that the decoder and the schema share."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin, get_type_hints

from modeltui.config.quantity import Quantity, quantity_for
from modeltui.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a structure."""

    name: str
    """The attribute."""
    key: str
    """As written in the file."""
    hint: Any
    is_required: bool
    make_default: Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Plain:
    """A hint without its wrapping."""

    hint: Any
    metadata: tuple[Any, ...] = ()
    is_safe_text: bool = False
    """It is `SafeText` underneath, and has to be made by `safe_text`."""


def unwrap(hint: Any) -> Plain:
    """Return what is inside `Annotated` and `NewType`."""
    metadata: tuple[Any, ...] = ()
    is_safe_text = False
    while True:
        if get_origin(hint) is Annotated:
            inner, *more = get_args(hint)
            hint, metadata = inner, (*metadata, *more)
        elif isinstance(hint, NewType):
            is_safe_text = is_safe_text or hint is SafeText
            hint = hint.__supertype__
        else:
            return Plain(hint, metadata, is_safe_text)


def members(hint: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union; anything else is its own only one."""
    if get_origin(hint) in (Union, types.UnionType):
        return get_args(hint)
    return (hint,)


def choices(hint: Any) -> tuple[Any, ...]:
    """Return the values that a Literal or an Enum allows; empty for any other hint."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return tuple(hint)
    return ()


def choice_text(choice: Any) -> str:
    """Return how a choice is written in the file."""
    value = choice.value if isinstance(choice, Enum) else choice
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_structure(hint: Any) -> bool:
    """Tell whether the hint is a class with named fields: a dataclass or a msgspec Struct."""
    return isinstance(hint, type) and (is_dataclass(hint) or hasattr(hint, "__struct_fields__"))


def is_secret(hint: Any) -> bool:
    """Tell whether the hint is a class whose value is revealed, not read: `Secret`, or an adapter's Protocol of it."""
    return isinstance(hint, type) and callable(getattr(hint, "reveal", None))


def tag_of(hint: Any) -> tuple[str, str] | None:
    """Return the key and the value that choose this msgspec Struct among others: `("type", "basic")`."""
    settings = getattr(hint, "__struct_config__", None)
    if settings is None or settings.tag_field is None:
        return None
    return settings.tag_field, str(settings.tag)


def fields_of(structure: Any) -> tuple[Field, ...]:
    """Return the fields of a dataclass or a msgspec Struct, in their order."""
    return _fields_of(structure)


@lru_cache(maxsize=256)
def _fields_of(structure: Any) -> tuple[Field, ...]:
    hints = get_type_hints(structure, include_extras=True)
    if is_dataclass(structure):
        return tuple(_dataclass_field(f, hints[f.name]) for f in fields(structure) if f.init)
    names: tuple[str, ...] = structure.__struct_fields__
    keys: tuple[str, ...] = structure.__struct_encode_fields__
    defaults: tuple[Any, ...] = structure.__struct_defaults__
    first_default = len(names) - len(defaults)
    return tuple(
        _struct_field(name, key, hints[name], defaults[i - first_default :][:1] if i >= first_default else ())
        for i, (name, key) in enumerate(zip(names, keys, strict=True))
    )


def quantity_of(plain: Plain, field_name: str) -> Quantity:
    """Return what the number is: as annotated, else as the field's name says."""
    for item in plain.metadata:
        if isinstance(item, Quantity):
            return item
    return quantity_for(field_name)


def _dataclass_field(field: Any, hint: Any) -> Field:
    if field.default_factory is not MISSING:
        return Field(field.name, field.name, hint, False, field.default_factory)
    if field.default is not MISSING:
        return Field(field.name, field.name, hint, False, lambda: field.default)
    return Field(field.name, field.name, hint, True, lambda: None)


def _struct_field(name: str, key: str, hint: Any, default: tuple[Any, ...]) -> Field:
    # msgspec's markers are known by name: importing it costs 24 ms, and only adapters have its structs.
    marker = type(default[0]).__name__ if default else "NoDefaultType"
    if marker == "NoDefaultType":
        return Field(name, key, hint, True, lambda: None)
    if marker == "Factory":
        return Field(name, key, hint, False, default[0].factory)
    return Field(name, key, hint, False, lambda: default[0])
