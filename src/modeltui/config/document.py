"""YAML as it was written: every key and value knows its place, and every scalar is still text.

Only what a configuration needs is accepted. Anchors and aliases (they can multiply a kilobyte into gigabytes),
tags (they name classes), merge keys and several documents are refused, each with its place. Nothing is guessed:
`1.10` stays `1.10` and `no` stays `no` until the schema asks for a type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from modeltui.config.problems import InvalidConfigError, Place, Problem, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 256 * 1024
"""A configuration is written by hand. libyaml takes 0.2 s for the worst document of this size."""
DEEPEST = 20
MOST_VALUES = 20_000

_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)
"""Control, bidirectional and invisible characters: what is read must be what is seen. Tab, line feed and
carriage return are judged by the YAML parser."""
_OPENED = re.compile("quoted scalar|flow mapping|flow sequence")
_LEADING_TAB = re.compile(r"[ ]*\t")
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without parts, as text."""

    place: Place
    path: str
    text: str
    is_plain: bool = True
    """Written without quotes: only then can it mean null, or nothing at all."""

    @property
    def is_nothing(self) -> bool:
        return self.is_plain and self.text in ("", "~", "null")


@dataclass(frozen=True, slots=True)
class Listing:
    """Values in order."""

    place: Place
    path: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Values by key, in the order of the file."""

    place: Place
    path: str
    items: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Place] = field(default_factory=dict)
    """Where each key itself is written."""

    def text(self, key: str) -> str:
        """Return the text under `key`, empty when it is missing or has parts."""
        node = self.items.get(key)
        return node.text if isinstance(node, Scalar) else ""


Node: TypeAlias = Scalar | Listing | Mapping


def plain(node: Node) -> Any:
    """Return the values without their places: dicts, lists and text."""
    match node:
        case Scalar():
            return None if node.is_nothing else node.text
        case Listing():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(value) for key, value in node.items.items()}


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and everything in it, in the order of the file."""
    yield node
    if isinstance(node, Scalar):
        return
    for child in node.items if isinstance(node, Listing) else node.items.values():
        yield from walk(child)


def parse(text: str, file: str) -> Mapping:
    """Return the one mapping that `text` holds; raise `InvalidConfigError` for anything else."""
    if len(text) > MOST_BYTES:
        _refuse(Place(file), f"larger than {MOST_BYTES // 1024} KiB; a configuration is written by hand")
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if found := _FORBIDDEN.search(text):
        _refuse(
            _place_of(text, found.start(), file),
            f"{_code_point(found[0])} is a control or invisible character",
        )
    return _Reader(text, file).document()


class _Reader:
    """Turns the parser's events into nodes, and refuses early: nothing is built that will not be used."""

    def __init__(self, text: str, file: str) -> None:
        import yaml

        # libyaml is ten times faster; without it the same events come from Python.
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        self._yaml_error: type[Exception] = yaml.YAMLError
        self._text = text
        self._file = file
        self._values = 0
        try:
            self._events = loader(text)
        except self._yaml_error as error:
            self._explain(error)

    def document(self) -> Mapping:
        try:
            return self._document()
        except self._yaml_error as error:
            self._explain(error)

    def _document(self) -> Mapping:
        self._next()  # start of stream
        event = self._next()
        if type(event).__name__ == "StreamEndEvent":
            _refuse(Place(self._file), "the file is empty; `modeltui config init` prints a starting point")
        root = self._node(self._next(), "", 1)
        self._next()  # end of document
        event = self._next()
        if type(event).__name__ != "StreamEndEvent":
            _refuse(self._place(event), "a second document begins here; keep one, and use contexts for variants")
        if isinstance(root, Scalar) and root.is_nothing:
            _refuse(Place(self._file), "the file is empty; `modeltui config init` prints a starting point")
        if not isinstance(root, Mapping):
            _refuse(root.place, f"expected keys such as 'contexts:', found {in_words(root)}")
        return root

    def _next(self) -> Any:
        return self._events.get_event()

    def _place(self, event: Any) -> Place:
        return Place(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _node(self, event: Any, path: str, depth: int) -> Node:
        place = self._place(event)
        self._values += 1
        self._check(event, place, path, depth)
        match type(event).__name__:
            case "ScalarEvent":
                return self._scalar(event, place, path)
            case "SequenceStartEvent":
                return self._listing(place, path, depth)
            case _:
                return self._mapping(place, path, depth)

    def _check(self, event: Any, place: Place, path: str, depth: int) -> None:
        if type(event).__name__ == "AliasEvent":
            _refuse(place, f"aliases are not accepted; put '*{event.anchor}' in quotes if it is a pattern", path)
        if event.anchor:
            _refuse(place, f"anchors are not accepted; remove '&{event.anchor}'", path)
        if event.tag and event.tag != "!":
            _refuse(place, f"tags are not accepted; remove {shown(event.tag)}", path)
        if depth > DEEPEST:
            _refuse(place, f"more than {DEEPEST} levels deep", path)
        if self._values > MOST_VALUES:
            _refuse(place, f"more than {MOST_VALUES} values; a configuration is written by hand", path)

    def _scalar(self, event: Any, place: Place, path: str) -> Scalar:
        value: str = event.value
        # Escapes in double quotes make real control characters after the check of the raw text.
        if found := _FORBIDDEN.search(value):
            _refuse(place, f"the text has {_code_point(found[0])}, a control or invisible character", path)
        if event.style in ("|", ">"):
            value = value.rstrip("\n")
        return Scalar(place, path, value, is_plain=event.style is None or event.style == "")

    def _listing(self, place: Place, path: str, depth: int) -> Listing:
        items: list[Node] = []
        while type(event := self._next()).__name__ != "SequenceEndEvent":
            items.append(self._node(event, f"{path}[{len(items)}]", depth + 1))
        return Listing(place, path, tuple(items))

    def _mapping(self, place: Place, path: str, depth: int) -> Mapping:
        mapping = Mapping(place, path)
        while type(event := self._next()).__name__ != "MappingEndEvent":
            key = self._key(event, path, mapping)
            below = f"{path}.{key}" if path else key
            value = self._node(self._next(), below, depth + 1)
            mapping.items[key] = value
        return mapping

    def _key(self, event: Any, path: str, mapping: Mapping) -> str:
        place = self._place(event)
        self._check(event, place, path, 1)
        if type(event).__name__ != "ScalarEvent":
            _refuse(place, "a key must be plain text", path)
        key = self._scalar(event, place, path).text
        if key == "<<":
            _refuse(place, "merge keys ('<<') are not accepted; write the values out", path)
        if not key or "\n" in key or len(key) > 200:
            _refuse(place, f"a key must be one short line of text, found {shown(key)}", path)
        if key in mapping.keys:
            before = mapping.keys[key]
            _refuse(place, f"{shown(key)} is already there, in line {before.line}; keep one", path)
        mapping.keys[key] = place
        return key

    def _explain(self, error: Exception) -> NoReturn:
        problem = str(getattr(error, "problem", None) or error)
        context = str(getattr(error, "context", None) or "")
        mark = getattr(error, "problem_mark", None)
        if mark is None:
            _refuse(Place(self._file), f"not YAML: {shown(problem)}")
        if _OPENED.search(context) and "escape" not in problem:
            mark = getattr(error, "context_mark", None) or mark  # where it was opened, not where the file ends
        place = Place(self._file, mark.line + 1, mark.column + 1)
        lines = self._text.split("\n")
        line = lines[mark.line] if mark.line < len(lines) else ""
        if _LEADING_TAB.match(line):
            place = Place(self._file, mark.line + 1, line.index("\t") + 1)
            raise InvalidConfigError([Problem(place, "", "a tab indents this line; YAML takes spaces only")]) from error
        says = _plain_words(problem, context, line[: mark.column], line[mark.column : mark.column + 1])
        raise InvalidConfigError([Problem(place, "", says)]) from error


def _plain_words(problem: str, context: str, before: str, character: str) -> str:
    """Return what libyaml means, for somebody who does not know its grammar."""
    if "scanning an alias" in context or "scanning an anchor" in context:
        character = before[-1:]
    if "mapping values are not allowed" in problem:
        return "a ':' where no key can be: line keys up, and quote text that has ': ' in it"
    if "cannot start any token" in problem or "scanning an a" in context:
        return f"a value cannot begin with {shown(character)}; put it in quotes"
    if "quoted scalar" in context and "end of stream" in problem:
        return "this quote is never closed"
    if "unknown escape" in problem:
        return "unknown escape in double quotes; use single quotes for text with backslashes"
    if "block mapping" in context or "expected <block end>" in problem or "'-' indicator" in problem:
        if before.strip():
            return "text after the end of a value; put the whole value in quotes (inside '…', write '' for ')"
        return "this line does not line up with those above; indent by the same number of spaces"
    if "could not find expected ':'" in problem:
        return "a ':' is missing after the key"
    if "flow" in context:
        return "a bracket is never closed, or a comma is missing"
    return f"not YAML: {problem}" + (f" ({context})" if context else "")


def _refuse(place: Place, says: str, path: str = "") -> NoReturn:
    raise InvalidConfigError([Problem(place, path, says)])


def _place_of(text: str, index: int, file: str) -> Place:
    before = text[:index]
    return Place(file, before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"


def in_words(node: Node) -> str:
    """Return what a node is, as an error names it."""
    match node:
        case Scalar():
            return "nothing" if node.is_nothing else shown(node.text)
        case Listing():
            return "a list"
        case Mapping():
            return "keys and values"
