"""The configuration's JSON Schema and its reference, made from the type hints and docstrings of the schema."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args, get_origin

from modeltui.config.expectations import DICTIONARIES, SEQUENCES, expected, is_decodable
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
from modeltui.config.quantity import Quantity
from modeltui.config.schema import SOURCE_KEYS, Config, SourceConfig

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of the reference."""

    path: str
    """`contexts.NAME.mode`: capitals stand for a name of your own."""
    expects: str
    default: str
    """Empty when the key is required or has no default."""
    is_required: bool
    says: str


def json_schema(kinds: Mapping[str, Sequence[type]] | None = None) -> dict[str, Any]:
    """Return the JSON Schema of the file.

    `kinds` gives the option structures of each kind of source; without it, any keys are allowed in a source.
    """
    maker = _SchemaMaker(kinds or {})
    root = maker.structure(Config)
    return {
        "$schema": DIALECT,
        "$id": "urn:modeltui:config:1",
        "title": "modeltui configuration",
        **root,
        "$defs": dict(sorted(maker.definitions.items())),
    }


def reference(structure: type = Config, path: str = "") -> Iterator[Entry]:
    """Yield every key below `structure` with its explanation, in the order of the schema."""
    docs = attribute_docs(structure)
    for field in fields_of(structure):
        if structure is SourceConfig and field.key not in SOURCE_KEYS:
            continue
        below = f"{path}.{field.key}" if path else field.key
        default = "" if field.is_required else _spelled(field.make_default())
        yield Entry(below, expected(field.hint, field.name), default, field.is_required, docs.get(field.name, ""))
        inner, suffix = _inside(field.hint)
        if is_structure(inner):
            yield from reference(inner, below + suffix)


@lru_cache(maxsize=256)
def attribute_docs(structure: type) -> dict[str, str]:
    """Return the docstrings under the attributes of a class, those that it inherits included, each on one line."""
    docs: dict[str, str] = {}
    for base in reversed(structure.__mro__[:-1]):
        try:
            source = textwrap.dedent(inspect.getsource(base))
        except (OSError, TypeError):
            continue  # made at run time, or compiled
        body = ast.parse(source).body[0]
        docs.update(_docs_in(body) if isinstance(body, ast.ClassDef) else {})
    return docs


def _docs_in(body: ast.ClassDef) -> dict[str, str]:
    docs: dict[str, str] = {}
    for attribute, doc in zip(body.body, body.body[1:], strict=False):
        is_text = isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant)
        if isinstance(attribute, ast.AnnAssign) and isinstance(attribute.target, ast.Name) and is_text:
            docs[attribute.target.id] = " ".join(str(doc.value.value).split())  # type: ignore[attr-defined]  # matched above
    return docs


class _SchemaMaker:
    """Collects the definitions that refer to each other."""

    def __init__(self, kinds: Mapping[str, Sequence[type]]) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}
        self._kinds = kinds

    def structure(self, structure: type) -> dict[str, Any]:
        fields = fields_of(structure)
        docs = attribute_docs(structure)
        properties = {field.key: self._property(field, docs.get(field.name, "")) for field in fields}
        required = [field.key for field in fields if field.is_required]
        if tag := tag_of(structure):
            properties = {tag[0]: {"const": tag[1]}, **properties}
            required = [tag[0], *required]
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        if structure.__doc__:
            schema["description"] = " ".join(structure.__doc__.split())
        return {**schema, "required": required} if required else schema

    def _property(self, field: Field, says: str) -> dict[str, Any]:
        schema = self.hint(field.hint, field.name)
        if says:
            schema = {"description": says, **schema}
        if not field.is_required:
            default = _as_json(field.make_default())
            if default is not None and not isinstance(default, (dict, list)):
                schema = {**schema, "default": default}
        return schema

    def hint(self, hint: Any, name: str = "") -> dict[str, Any]:
        plain = unwrap(hint)
        alternatives = [kind for kind in members(plain.hint) if is_decodable(kind)]
        if len(alternatives) > 1:
            return {"anyOf": [self._metadata(self.hint(kind, name), plain) for kind in alternatives]}
        if plain.hint is SourceConfig:
            return self._source()
        if is_structure(plain.hint):
            return self._reference(plain.hint)
        return self._metadata(self._simple(plain, name), plain)

    def _reference(self, structure: type) -> dict[str, Any]:
        name = structure.__name__
        if name not in self.definitions:
            self.definitions[name] = {}  # taken, in case it contains itself
            self.definitions[name] = self.structure(structure)
        return {"$ref": f"#/$defs/{name}"}

    def _source(self) -> dict[str, Any]:
        docs = attribute_docs(SourceConfig)
        own = {
            field.key: self._property(field, docs.get(field.name, ""))
            for field in fields_of(SourceConfig)
            if field.key in SOURCE_KEYS
        }
        if not self._kinds:
            return {"type": "object", "properties": own, "required": ["kind"]}
        variants = []
        for kind, structures in self._kinds.items():
            merged = [self.structure(structure) for structure in structures]
            properties = {key: value for schema in merged for key, value in schema["properties"].items()}
            required = sorted({key for schema in merged for key in schema.get("required", ())} - set(SOURCE_KEYS))
            variants.append(
                {
                    "type": "object",
                    "properties": {**own, **properties, "kind": {"const": kind}},
                    "required": ["kind", *required],
                    "additionalProperties": False,
                }
            )
        return {"oneOf": variants}

    def _simple(self, plain: Plain, name: str) -> dict[str, Any]:
        hint = plain.hint
        origin = get_origin(hint) or hint
        if allowed := choices(hint):
            values = [choice.value if isinstance(choice, Enum) else choice for choice in allowed]
            return {"const": values[0]} if len(values) == 1 else {"enum": values}
        if hint in (int, float):
            quantity = quantity_of(plain, name)
            if quantity is Quantity.NUMBER:
                return {"type": "integer" if hint is int else "number"}
            return {"type": "string" if quantity is Quantity.CHANGE else ["number", "string"]}
        if origin in DICTIONARIES:
            return self._dictionary(hint)
        if origin in SEQUENCES:
            return {"type": "array", "items": self.hint((get_args(hint) or (Any,))[0], name)}
        if is_secret(hint):
            return {"type": "string", "pattern": "^(env|file|command|keyring):."}
        known: dict[Any, dict[str, Any]] = {
            str: {"type": "string"},
            Path: {"type": "string"},
            bool: {"type": "boolean"},
            type(None): {"type": "null"},
        }
        return dict(known.get(hint, {}))

    def _dictionary(self, hint: Any) -> dict[str, Any]:
        key, value = get_args(hint) or (str, Any)
        schema: dict[str, Any] = {"type": "object", "additionalProperties": self.hint(value)}
        names = self.hint(key)
        return schema if names == {"type": "string"} else {**schema, "propertyNames": names}

    def _metadata(self, schema: dict[str, Any], plain: Plain) -> dict[str, Any]:
        """Return the schema with its bounds; a number with a unit is bounded by the program, not by the editor."""
        kinds = schema.get("type", ())
        for item in plain.metadata:
            if kinds in ("integer", "number"):
                words = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
            elif kinds == "string":
                words = {"pattern": "pattern", "max_length": "maxLength"}
            else:
                continue
            for attribute, word in words.items():
                if (bound := getattr(item, attribute, None)) is not None:
                    # JSON Schema's expressions are ECMAScript's, which has no \Z.
                    schema = {**schema, word: bound.replace(r"\Z", "$") if isinstance(bound, str) else bound}
        return schema


def _inside(hint: Any) -> tuple[Any, str]:
    """Return the structure inside a hint and how a path to it goes on."""
    for kind in members(unwrap(hint).hint):
        inner = unwrap(kind).hint
        origin = get_origin(inner) or inner
        if origin in DICTIONARIES:
            return unwrap((get_args(inner) or (str, Any))[1]).hint, ".NAME"
        if origin in SEQUENCES:
            return unwrap((get_args(inner) or (Any,))[0]).hint, "[]"
        if is_structure(inner):
            return inner, ""
    return None, ""


def _as_json(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return list(value) if isinstance(value, (tuple, frozenset, set)) else {}


def _spelled(value: Any) -> str:
    """Return a default as the file would spell it; nothing for 'not set' and for whole structures."""
    simple = _as_json(value)
    if isinstance(simple, bool):
        return choice_text(simple)
    if isinstance(simple, list):
        return f"[{', '.join(str(item) for item in simple)}]"
    return "" if simple is None or simple == {} else f"{simple:g}" if isinstance(simple, float) else str(simple)
