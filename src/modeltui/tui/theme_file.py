"""A theme as it is written in a file: one style per tone, read strictly, with errors that name the line.

Imports neither the screen library nor the YAML one until a file is read, so that `config check` stays light.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from modeltui.domain.errors import ConfigError
from modeltui.domain.text import safe_text
from modeltui.present.tone import Tone

if TYPE_CHECKING:
    import yaml

INHERIT: Final = "inherit"
"""The colour of what lies beneath: the foreground or background of the pane."""

ANSI_NAMES: Final = (
    "default",
    *(f"{shade}{name}" for shade in ("", "bright-") for name in (
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    )),
)  # fmt: skip

_MOST_BYTES: Final = 64 * 1024
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_PALETTE_KEYS: Final = ("background", "surface", "panel", "foreground", "primary", "border")
_STYLE_KEYS: Final = ("colour", "background", "bold", "dim", "underline", "reverse")
_TOP_KEYS: Final = ("title", "depth", "dark", "palette", "tones", "cursor", "cursor-blurred")


class Depth(StrEnum):
    """How many colours a theme uses."""

    RGB = "rgb"
    ANSI = "ansi"
    """The sixteen colours that the terminal defines."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ToneStyle:
    """How one tone looks."""

    colour: str = INHERIT
    background: str = INHERIT
    bold: bool = False
    dim: bool = False
    underline: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class ThemeSpec:
    """A whole theme: every tone has a style."""

    name: str
    title: str
    depth: Depth
    dark: bool
    palette: Mapping[str, str]
    """background, surface, panel, foreground, primary and border: `#rrggbb`, or a name of `ANSI_NAMES`."""
    tones: Mapping[Tone, ToneStyle]
    cursor: ToneStyle
    """Laid over the row under the cursor while the grid has the focus; `reverse` here turns each cell round."""
    cursor_blurred: ToneStyle


class ThemeError(ConfigError):
    """A theme file cannot be used; the title names file, line and key."""


def read_theme(path: Path) -> ThemeSpec:
    """Return the theme in the file `path`, named after the file. Raises `ThemeError`."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ThemeError(
            f"{path}: the theme cannot be read: {error.strerror}", "Check that the file exists and its permissions."
        ) from error
    if len(raw) > _MOST_BYTES:
        raise ThemeError(f"{path}: {len(raw)} bytes are too many for a theme", "A theme has about 40 lines.")
    return parse_theme(raw.decode("utf-8", "replace"), path.stem, str(path))


def parse_theme(text: str, name: str, source: str) -> ThemeSpec:
    """Return the theme written in `text`. Raises `ThemeError` naming `source`, the line and the key."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{source} line {mark.line + 1}" if mark is not None else source
        problem = safe_text(getattr(error, "problem", None) or error)
        raise ThemeError(f"{place}: not valid YAML: {problem}", "Indent with spaces; quote #rrggbb.") from error
    return _Reader(source).theme(node, name)


class _Reader:
    """Walks the nodes of one file, so that every complaint knows its line."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._seen: set[int] = set()
        self._depth = Depth.RGB
        self._palette: dict[str, str] = {}

    def theme(self, node: yaml.Node | None, name: str) -> ThemeSpec:
        top = self._mapping(node, "", _TOP_KEYS)
        self._depth = self._choice(top, "depth", tuple(Depth), Depth.RGB)
        self._palette = self._read_palette(top.get("palette"))
        tones_node = top.get("tones")
        if tones_node is None:
            raise self._error(node, "tones", "missing", "one style for each tone")
        tones = {
            Tone(key): self._style(value, f"tones.{key}")
            for key, value in self._mapping(tones_node, "tones", tuple(Tone)).items()
        }
        missing = [tone.value for tone in Tone if tone not in tones]
        if missing:
            raise self._error(tones_node, "tones", f"no style for {', '.join(missing)}", "a style, `{}` for plain")
        if tones[Tone.UNKNOWN] == tones[Tone.OK]:
            raise self._error(tones_node, "tones.unknown", "drawn like ok", "a style of its own: no data is not ok")
        title = top.get("title")
        return ThemeSpec(
            name=name,
            title=name if title is None else self._scalar(title, "title"),
            depth=self._depth,
            dark=self._flag(top["dark"], "dark") if "dark" in top else True,
            palette=MappingProxyType(self._palette),
            tones=MappingProxyType(tones),
            cursor=self._style(top.get("cursor"), "cursor", ToneStyle(reverse=True)),
            cursor_blurred=self._style(top.get("cursor-blurred"), "cursor-blurred", ToneStyle(bold=True)),
        )

    def _read_palette(self, node: yaml.Node | None) -> dict[str, str]:
        if node is None:
            if self._depth is Depth.RGB:
                raise self._error(node, "palette", "missing", f"a mapping of {', '.join(_PALETTE_KEYS)}")
            return dict.fromkeys(_PALETTE_KEYS, "default")
        written = self._mapping(node, "palette", _PALETTE_KEYS)
        palette = {key: self._colour(value, f"palette.{key}") for key, value in written.items()}
        for key in _PALETTE_KEYS:
            if key not in palette:
                raise self._error(node, f"palette.{key}", "missing", self._colour_words())
        return palette

    def _style(self, node: yaml.Node | None, key: str, fallback: ToneStyle | None = None) -> ToneStyle:
        if node is None and fallback is not None:
            return fallback
        written = self._mapping(node, key, _STYLE_KEYS)

        def colour(part: str) -> str:
            return self._colour(written[part], f"{key}.{part}") if part in written else INHERIT

        def flag(part: str) -> bool:
            return part in written and self._flag(written[part], f"{key}.{part}")

        return ToneStyle(
            colour("colour"), colour("background"), flag("bold"), flag("dim"), flag("underline"), flag("reverse")
        )

    def _colour(self, node: yaml.Node, key: str) -> str:
        written = self._scalar(node, key)
        if written in self._palette:
            return self._palette[written]
        match self._depth:
            case Depth.RGB:
                good = _HEX.fullmatch(written) is not None
            case Depth.ANSI:
                good = written in ANSI_NAMES
            case Depth.NONE:
                good = False
        if not good:
            known = (*self._palette, *ANSI_NAMES) if self._depth is Depth.ANSI else tuple(self._palette)
            raise self._error(node, key, f"{written!r} is no colour here", self._colour_words(), written, known)
        return written.lower()

    def _colour_words(self) -> str:
        return {
            Depth.RGB: '"#rrggbb" in quotes, or a key of the palette',
            Depth.ANSI: "one of default, black, red, … bright-white",
            Depth.NONE: "no colour, because depth is none",
        }[self._depth]

    def _choice(self, top: Mapping[str, yaml.Node], key: str, choices: tuple[Depth, ...], default: Depth) -> Depth:
        if key not in top:
            return default
        written = self._scalar(top[key], key)
        if written not in choices:
            words = ", ".join(choices)
            raise self._error(top[key], key, f"{written!r} is not known", f"one of {words}", written, choices)
        return Depth(written)

    def _flag(self, node: yaml.Node, key: str) -> bool:
        written = self._scalar(node, key)
        if written not in ("true", "false"):
            raise self._error(node, key, f"{written!r} is neither true nor false", "true or false")
        return written == "true"

    def _scalar(self, node: yaml.Node, key: str) -> str:
        import yaml

        self._refuse_alias(node, key)
        if not isinstance(node, yaml.ScalarNode):
            raise self._error(node, key, "not a single value", "one word")
        return str(safe_text(node.value, 80))

    def _mapping(self, node: yaml.Node | None, key: str, known: Iterable[str]) -> dict[str, yaml.Node]:
        import yaml

        self._refuse_alias(node, key)
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, key, "not a mapping", "lines of `key: value`")
        names = tuple(str(name) for name in known)
        result: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            name = self._scalar(key_node, key)
            full = f"{key}.{name}" if key else name
            if name == "color":  # the other spelling is no mistake
                name = "colour"
            if name not in names:
                raise self._error(key_node, full, "unknown key", f"one of {', '.join(names)}", name, names)
            if name in result:
                raise self._error(key_node, full, "written twice", "each key once")
            result[name] = value
        return result

    def _refuse_alias(self, node: yaml.Node | None, key: str) -> None:
        # An alias gives the same node again: refused, because nested aliases grow without bound.
        if node is not None and id(node) in self._seen:
            raise self._error(node, key, "YAML aliases are refused", "the value itself")
        self._seen.add(id(node) if node is not None else 0)

    def _error(
        self,
        node: yaml.Node | None,
        key: str,
        problem: str,
        expected: str,
        written: str = "",
        known: Iterable[str] = (),
    ) -> ThemeError:
        line = f" line {node.start_mark.line + 1}" if node is not None else ""
        where = f"{self._source}{line}: {key}: " if key else f"{self._source}{line}: "
        return ThemeError(f"{where}{problem}", f"Expected {expected}.{_did_you_mean(written, known)}")


def _did_you_mean(written: str, known: Iterable[str]) -> str:
    if not written:
        return ""
    import difflib

    close = difflib.get_close_matches(written, [str(word) for word in known], n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
