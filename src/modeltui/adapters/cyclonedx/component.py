"""The component of a bill of material that is a version of a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from modeltui.adapters._documents.json_text import parse_json
from modeltui.adapters._documents.look import at, list_at, text_at

MODEL: Final = "machine-learning-model"
_MOST_COMPONENTS: Final = 50_000
_DEEPEST: Final = 12


@dataclass(frozen=True, slots=True)
class Bill:
    """One document; nothing in it is safe to show."""

    whole: Any
    components: tuple[Any, ...]
    """All, those inside others and the one that the document is about included."""

    @property
    def models(self) -> tuple[Any, ...]:
        """Return the components that are models."""
        return tuple(one for one in self.components if text_at(one, "type") == MODEL)

    def by_reference(self, reference: str) -> Any:
        """Return the component, or the part of its data, that bears a reference; None when nobody does."""
        for one in self.components:
            if text_at(one, "bom-ref") == reference:
                return one
            if any(text_at(part, "bom-ref") == reference for part in list_at(one, "data")):
                return one
        return None


def read_bill(raw: bytes) -> Bill:
    """Return the document in `raw`; raise `ValueError` with the reason when it is none."""
    whole = parse_json(raw)
    if text_at(whole, "bomFormat") != "CycloneDX":
        raise ValueError("it is no CycloneDX document in JSON")
    components: list[Any] = []
    for one in (at(whole, "metadata", "component"), *_all(at(whole, "components"))):
        if isinstance(one, dict):
            components += _with_inner(one, 0)
        if len(components) > _MOST_COMPONENTS:
            raise ValueError(f"it has more than {_MOST_COMPONENTS} components")
    return Bill(whole, tuple(components))


def is_called(component: Any, model: str) -> bool:
    """Tell whether a component bears a model's name, with or without its group."""
    group, name = text_at(component, "group"), text_at(component, "name")
    return model in {name, f"{group}/{name}"}


def version_of(component: Any) -> str:
    """Return a component's version as text; empty when it has none."""
    return text_at(component, "version")


def chosen(bill: Bill, model: str, version: str, *, by_place: bool) -> Any:
    """Return the component that is the version; None when the document is about others.

    `by_place`: the document lies where the version's document lies: what it does not say is not held against it.
    Raises `ValueError` when it lies there and says that it is something else.
    """
    exact = [one for one in bill.models if is_called(one, model) and version_of(one) == version]
    if exact or not by_place:
        return exact[0] if exact else None
    near = [one for one in bill.models if version_of(one) in {version, ""}]
    if len(near) == 1:
        return near[0]
    named = ", ".join(f"{text_at(one, 'name')} {version_of(one)}".strip() for one in bill.models[:3])
    raise ValueError(f"it describes {named or 'no model'}, not {model} {version}")


def _with_inner(component: Any, depth: int) -> Iterator[Any]:
    yield component
    if depth < _DEEPEST:
        for inner in _all(at(component, "components")):
            if isinstance(inner, dict):
                yield from _with_inner(inner, depth + 1)


def _all(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
