"""The value of one field of a provenance: for machines, and in lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from modeltui.domain.names import Missing
from modeltui.present import format as form
from modeltui.present.compare_object import number
from modeltui.present.compare_values import number_words, short_digest

_MOMENTS = frozenset({"begins_at", "ends_at", "taken_at", "at"})


def value_object(value: Any) -> Any:
    """Return a value as JSON has it; parts that nobody knows are absent."""
    if isinstance(value, Mapping):
        return {str(name): value_object(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [value_object(part) for part in value]
    if is_dataclass(value):
        return {
            field.name: _part_object(field.name, part)
            for field in fields(value)
            if not isinstance(part := getattr(value, field.name), Missing)
        }
    if isinstance(value, float):
        return number(value)
    return value


def _part_object(name: str, part: Any) -> Any:
    if name in _MOMENTS and isinstance(part, float) and form.is_moment(part):  # type: ignore[arg-type]
        return form.rfc3339(part)  # type: ignore[arg-type]
    return value_object(part)


def value_lines(value: Any) -> list[str]:
    """Return a value line by line: a row of a table, a data set or a line of a text each."""
    if isinstance(value, Mapping):
        return [f"{name} = {_one(part)}" for name, part in value.items()]
    if isinstance(value, tuple):
        return [line for part in value for line in value_lines(part)]
    return [_one(value)]


def _one(value: Any) -> str:
    if is_dataclass(value):
        parts = [
            _part(field.name, part)
            for field in fields(value)
            if not isinstance(part := getattr(value, field.name), Missing)
        ]
        return ", ".join(part for part in parts if part)
    return number_words(value) if isinstance(value, float) else str(value)


def _part(name: str, value: Any) -> str:
    if name in _MOMENTS and isinstance(value, float):
        return f"{name.replace('_', ' ')} {form.date_time(value)}Z"  # type: ignore[arg-type]
    match name, value:
        case (("name" | "uri" | "commit" | "by"), _):
            return str(value)
        case ("digest", _):
            return short_digest(str(value))
        case ("is_reachable", _):
            return "reachable" if value else "cannot be reached"
        case ("has_uncommitted_changes", _):
            return "with uncommitted changes" if value else ""
        case ("size_bytes", _):
            return f"{number_words(float(value))}B"
    return f"{name.replace('_', ' ')} {value}"
