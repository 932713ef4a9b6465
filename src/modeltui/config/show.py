"""Every value in force and where it came from: a line of the file, an option, the environment, or a default."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, is_dataclass
from enum import Enum
from typing import Any

from modeltui.config.document import Listing, Mapping, Node, Scalar
from modeltui.config.hints import fields_of
from modeltui.config.load import Loaded
from modeltui.config.schema import SourceConfig
from modeltui.domain.text import SafeText, safe_text

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ShownValue:
    """One value in force."""

    path: SafeText
    """`contexts.production.mode`."""
    value: SafeText
    """As written, or as a default would be; references to secrets stay references."""
    origin: SafeText
    """`FILE:LINE`, `--read-only`, `NO_COLOR`, `default`."""


def shown_values(loaded: Loaded) -> tuple[ShownValue, ...]:
    """Return every value of the chosen context and of the screens, in the order of the schema."""
    origins = loaded.origins
    values = [
        ShownValue(safe_text("file"), safe_text(loaded.file), safe_text(origins["file"])),
        ShownValue(safe_text("context"), safe_text(loaded.context_name), safe_text(_short(origins["context"]))),
    ]
    path = f"contexts.{loaded.context_name}"
    overrides = {f"{path}.mode" if key == "mode" else key: origin for key, origin in origins.items()}
    contexts = loaded.document.items.get("contexts")
    written = contexts.items.get(loaded.context_name) if isinstance(contexts, Mapping) else None
    rows = [
        *_walk(loaded.context, written, path, overrides),
        *_walk(loaded.ui, loaded.document.items.get("ui"), "ui", overrides),
    ]
    values.extend(ShownValue(safe_text(p), safe_text(v), safe_text(o)) for p, v, o in rows)
    return tuple(values)


def _walk(value: Any, node: Node | None, path: str, overrides: ReadOnly[str, str]) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, SourceConfig):
        yield from _written(value.node)
    elif path in overrides:
        yield path, _text(value), overrides[path]
    elif is_dataclass(value):
        for field in fields_of(type(value)):
            child = node.items.get(field.key) if isinstance(node, Mapping) else None
            yield from _walk(getattr(value, field.name), child, f"{path}.{field.key}", overrides)
    elif isinstance(value, ReadOnly) and value:
        for key, item in value.items():
            child = node.items.get(key) if isinstance(node, Mapping) else None
            yield from _walk(item, child, f"{path}.{key}", overrides)
    elif isinstance(value, tuple) and value and is_dataclass(value[0]):
        for index, item in enumerate(value):
            child = node.items[index] if isinstance(node, Listing) else None
            yield from _walk(item, child, f"{path}[{index}]", overrides)
    elif node is not None:
        yield path, _as_written(node), _origin(node)
    elif value is not None and value != {}:
        yield path, _text(value), DEFAULT


def _written(node: Node) -> Iterator[tuple[str, str, str]]:
    """Yield what stands in the file below `node`: the adapter knows its defaults, we do not."""
    if isinstance(node, Scalar):
        yield node.path, node.text, _origin(node)
        return
    for child in node.items if isinstance(node, Listing) else node.items.values():
        yield from _written(child)


def _as_written(node: Node) -> str:
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Listing):
        return f"[{', '.join(_as_written(item) for item in node.items)}]"
    return f"{{{', '.join(f'{key}: {_as_written(item)}' for key, item in node.items.items())}}}"


def _text(value: Any) -> str:
    """Return a value as the file would spell it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return f"[{', '.join(_text(item) for item in value)}]"
    return str(value)


def _origin(node: Node) -> str:
    return f"{node.place.file}:{node.place.line}"


def _short(origin: str) -> str:
    """Return a place without its column."""
    head, colon, column = origin.rpartition(":")
    return head if colon and column.isdigit() else origin
