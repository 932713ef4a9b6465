"""A node of the document becomes a typed value, or every reason why it cannot.

Any frozen dataclass or msgspec Struct may be asked for, so that each adapter declares its own options without
importing this package. Mistakes are collected: a file is corrected once, not once per mistake.
"""

from __future__ import annotations

import re
from collections import abc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar, get_args, get_origin

from modeltui.config.document import Listing, Mapping, Node, Scalar, in_words
from modeltui.config.expectations import (
    DICTIONARIES,
    SEQUENCES,
    WRITE_A_REFERENCE,
    broken_bound,
    expected,
    is_decodable,
    rewrapped,
    suits,
)
from modeltui.config.hints import (
    Field,
    Plain,
    choice_text,
    choices,
    fields_of,
    is_secret,
    is_structure,
    members,
    quantity_of,
    tag_of,
    unwrap,
)
from modeltui.config.problems import InvalidConfigError, Place, Problem, did_you_mean, one_of, shown
from modeltui.config.quantity import Quantity, read_amount
from modeltui.config.secrets import SecretStore, is_reference, looks_secret
from modeltui.domain.errors import ConfigError
from modeltui.domain.text import safe_text

T = TypeVar("T")

_MOST_KEYS_LISTED = 12
_WHOLE = re.compile(r"[+-]?\d{1,18}")


class _Failed:
    """Stands for a value that could not be read; the problem is already noted.

    Reading goes on with what is left, so that contradictions elsewhere are found in the same run; whoever asked
    is never given the result.
    """


FAILED: Final = _Failed()
ABSENT: Final = object()
"""Stands for a key that is not there and need not be."""

Hook = Callable[["Decoder", Node], Any]


def decode(
    node: Mapping, structure: type[T], secrets: SecretStore | None = None, also_known: tuple[str, ...] = ()
) -> T:
    """Return `node` as a `structure`; raise `InvalidConfigError` with every mistake in it.

    Keys in `also_known` belong to somebody else and are passed over unless the structure has them. References to
    secrets are resolved for fields of type `Secret`.
    """
    own = {field.key for field in fields_of(structure)}
    for key in also_known:
        if key not in own and key in node.items:
            node = replace(node, items={name: child for name, child in node.items.items() if name != key})
    decoder = Decoder(secrets)
    value = decoder.value(node, structure)
    decoder.raise_if_wrong()
    return value  # type: ignore[no-any-return]  # never FAILED here: that raised


class Decoder:
    """Reads values by their type hints and notes what is wrong."""

    def __init__(
        self,
        secrets: SecretStore | None = None,
        hooks: abc.Mapping[Any, Hook] | None = None,
    ) -> None:
        self.problems: list[Problem] = []
        self._secrets = secrets or SecretStore()
        self._hooks = hooks or {}

    def raise_if_wrong(self) -> None:
        """Raise `InvalidConfigError` when anything was noted."""
        if self.problems:
            raise InvalidConfigError(self.problems)

    def note(self, node: Node, says: str, place: Place | None = None, path: str = "") -> _Failed:
        """Remember a mistake, once per place."""
        problem = Problem(place or node.place, path or node.path, says)
        if not any(known.place == problem.place and known.path == problem.path for known in self.problems):
            self.problems.append(problem)
        return FAILED

    def value(self, node: Node, hint: Any, name: str = "") -> Any:
        """Return the value of `node` as `hint` asks, or `FAILED`; `name` is the field it is for."""
        plain = unwrap(hint)
        if plain.hint in self._hooks:
            return self._hooks[plain.hint](self, node)
        if plain.hint is Any or plain.hint is object:
            return node
        alternatives = members(plain.hint)
        if len(alternatives) > 1:
            return self._union(node, plain, alternatives, name)
        if is_structure(plain.hint):
            return self._structure(node, plain.hint)
        origin = get_origin(plain.hint) or plain.hint
        if origin in DICTIONARIES:
            return self._dictionary(node, plain)
        if origin in SEQUENCES:
            return self._sequence(node, plain, origin, name)
        return self._scalar(node, plain, name)

    def _union(self, node: Node, plain: Plain, alternatives: tuple[Any, ...], name: str) -> Any:
        if isinstance(node, Scalar) and node.is_nothing and type(None) in alternatives:
            return None
        kinds = [kind for kind in alternatives if kind is not type(None) and is_decodable(kind)]
        if isinstance(node, Scalar) and is_reference(node.text):
            kinds = [kind for kind in kinds if is_secret(kind)] or kinds
        if isinstance(node, Mapping) and (tagged := [kind for kind in kinds if tag_of(kind)]):
            return self._tagged(node, tagged)
        attempts = []
        for kind in sorted(kinds, key=lambda kind: suits(node, kind), reverse=True):
            attempt = Decoder(self._secrets, self._hooks)
            value = attempt.value(node, rewrapped(kind, plain), name)
            if not attempt.problems:
                return value
            attempts.append((attempt, value))
        best, value = attempts[0]
        self.problems.extend(best.problems)
        return value

    def _tagged(self, node: Mapping, structures: list[Any]) -> Any:
        """Return the structure that the tag names: `type: basic`."""
        by_tag = {tag[1]: kind for kind in structures if (tag := tag_of(kind))}
        key = next(tag[0] for kind in structures if (tag := tag_of(kind)))
        chosen = node.items.get(key)
        if not isinstance(chosen, Scalar):
            path = f"{node.path}.{key}"
            return self.note(chosen or node, f"missing; expected {one_of(by_tag)}", path=path)
        if chosen.text not in by_tag:
            hint = did_you_mean(chosen.text, by_tag)
            return self.note(chosen, f"expected {one_of(by_tag)}, found {shown(chosen.text)}{hint}")
        return self._structure(node, by_tag[chosen.text])

    def _structure(self, node: Node, structure: type) -> Any:
        if not isinstance(node, Mapping):
            keys = ", ".join(field.key for field in fields_of(structure)[:3])
            return self.note(node, f"expected keys such as {keys}, found {in_words(node)}")
        known = {field.key: field for field in fields_of(structure)}
        tag = tag_of(structure)
        self._report_unknown(node, known, tag[0] if tag else "")
        results = {field.name: self._field(node, field) for field in known.values()}
        failed = {name for name, value in results.items() if value is FAILED}
        needs_all = hasattr(structure, "__post_init__")
        if failed and (needs_all or any(field.is_required for field in known.values() if field.name in failed)):
            return FAILED
        try:
            return structure(**{name: value for name, value in results.items() if not _is_mark(value)})
        except ValueError as error:
            return self.note(node, safe_text(str(error)))

    def _field(self, node: Mapping, field: Field) -> Any:
        if field.key in node.items:
            return self.value(node.items[field.key], field.hint, field.name)
        return self._missing(node, field) if field.is_required else ABSENT

    def _report_unknown(self, node: Mapping, known: abc.Mapping[str, Field], tag: str) -> None:
        for key in node.items:
            if key in known or key == tag:
                continue
            hint = did_you_mean(key, known)
            if not hint and len(known) <= _MOST_KEYS_LISTED:
                hint = f"; known here: {', '.join(known)}"
            path = node.items[key].path
            self.note(node, f"unknown key {shown(key)}{hint}", node.keys[key], path)

    def _missing(self, node: Mapping, field: Field) -> _Failed:
        path = f"{node.path}.{field.key}" if node.path else field.key
        return self.note(node, f"missing; expected {expected(field.hint, field.name)}", path=path)

    def _dictionary(self, node: Node, plain: Plain) -> Any:
        if not isinstance(node, Mapping):
            return self.note(node, f"expected keys and values, found {in_words(node)}")
        key_hint, value_hint = get_args(plain.hint) or (str, Any)
        result: dict[Any, Any] = {}
        for key, child in node.items.items():
            written = Scalar(node.keys[key], child.path, key)
            name = self.value(written, key_hint)
            value = self.value(child, value_hint, key)
            if name is not FAILED and value is not FAILED:
                result[name] = value
        return result

    def _sequence(self, node: Node, plain: Plain, origin: Any, name: str) -> Any:
        if not isinstance(node, Listing):
            return self.note(node, f"expected a list such as [a, b], found {in_words(node)}")
        arguments = get_args(plain.hint) or (Any,)
        fixed = origin is tuple and arguments[-1] is not Ellipsis
        if fixed and len(arguments) != len(node.items):
            return self.note(node, f"expected {len(arguments)} values, found {len(node.items)}")
        hints = arguments if fixed else (arguments[0],) * len(node.items)
        values = [self.value(item, hint, name) for item, hint in zip(node.items, hints, strict=True)]
        make = origin if origin in (list, frozenset, set) else tuple
        return make(values)

    def _scalar(self, node: Node, plain: Plain, name: str) -> Any:
        hint = plain.hint
        if not isinstance(node, Scalar) or (node.is_nothing and hint is not type(None)):
            return self._unexpected(node, plain, name)
        if is_secret(hint):
            return self._secret(node)
        if allowed := choices(hint):
            return self._choice(node, allowed)
        if hint is str:
            return self._text(node, plain)
        if hint is Path:
            # A file names its neighbours: `world.sqlite` lies beside it, wherever the program was started.
            return Path(node.place.file).parent / Path(node.text).expanduser()
        if hint is bool:
            known = {"true": True, "false": False}
            return known[node.text] if node.text in known else self._unexpected(node, plain, name)
        if hint in (int, float):
            return self._number(node, plain, name)
        raise TypeError(f"{node.path}: no way to read {hint!r}")  # a mistake in our own declaration

    def _unexpected(self, node: Node, plain: Plain, name: str) -> _Failed:
        key = node.path.rpartition(".")[2]
        hidden = isinstance(node, Scalar) and looks_secret(key, node.text)
        found = "a literal value" if hidden else in_words(node)
        return self.note(node, f"expected {expected(plain.hint, name, plain.metadata)}, found {found}")

    def _secret(self, node: Scalar) -> Any:
        if not is_reference(node.text):
            return self.note(node, WRITE_A_REFERENCE)
        try:
            return self._secrets.resolve(node.text)
        except ConfigError as error:
            return self.note(node, f"{error.title} ({error.remedy.removesuffix('.')})")

    def _choice(self, node: Scalar, allowed: tuple[Any, ...]) -> Any:
        words = {choice_text(choice): choice for choice in allowed}
        if node.text in words:
            return words[node.text]
        hint = did_you_mean(node.text, words)
        return self.note(node, f"expected {one_of(words)}, found {shown(node.text)}{hint}")

    def _text(self, node: Scalar, plain: Plain) -> Any:
        text = node.text
        for limit in plain.metadata:
            longest = getattr(limit, "max_length", None)
            if longest is not None and len(text) > longest:
                return self.note(node, f"expected at most {longest} characters, found {len(text)}")
            pattern = getattr(limit, "pattern", None)
            if pattern is not None and not re.search(pattern, text):
                wanted = getattr(limit, "description", None) or f"text that matches {pattern}"
                found = shown(text) if getattr(limit, "is_quoted", True) else "something else"
                return self.note(node, f"expected {wanted}, found {found}")
        return safe_text(text) if plain.is_safe_text else text

    def _number(self, node: Scalar, plain: Plain, name: str) -> Any:
        quantity = quantity_of(plain, name)
        try:
            number = read_amount(node.text, quantity).value
        except ValueError:
            return self._unexpected(node, plain, name)
        if plain.hint is int:
            is_whole = number.is_integer() and (quantity is not Quantity.NUMBER or _WHOLE.fullmatch(node.text))
            if not is_whole:
                return self._unexpected(node, plain, name)
            number = int(number)
        for limit in plain.metadata:
            if broken := broken_bound(number, limit):
                return self.note(node, f"expected {broken}, found {shown(node.text)}")
        return number


def _is_mark(value: Any) -> bool:
    return value is FAILED or value is ABSENT
