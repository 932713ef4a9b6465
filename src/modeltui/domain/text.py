"""Text from outside, made harmless once, where it enters.

Source of the rules: Trojan Source (CVE-2021-42574), CWE-150, and what terminals do with C0, C1 and OSC.
"""

from __future__ import annotations

import unicodedata
from typing import NewType

SafeText = NewType("SafeText", str)
"""Text without control, bidirectional or invisible characters. Only `safe_text` makes it."""

_CONTROL_PICTURES = 0x2400
_MOST_COMBINING_MARKS = 2
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HIDDEN = frozenset(
    # Letters and marks that draw nothing (Unicode: default ignorable): Hangul fillers, joiners, variation selectors.
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0}
    | {*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
)
_STACKING = frozenset({"Mn", "Me"})
_JOINING = frozenset({"Mn", "Me", "Mc"})
_PLACEHOLDER = "◌"
"""Carries a mark that would otherwise be drawn into the cell before the text."""
_VISIBLE_BLANK = "␣"
_BRAILLE_BLANK = "\u2800"
"""A pattern without a dot: a symbol to Unicode, nothing to the eye."""


def safe_text(raw: object, limit: int = 200) -> SafeText:
    """Return `raw` as one line of visible characters, at most `limit` of them.

    Control characters become visible pictures (`␛`), invisible and bidirectional ones `\\u{200b}`, tabs spaces;
    what is cut ends in `…`; of nothing but blanks each is drawn (`␣`). Anything but text is shown as Python writes it.
    """
    text = raw if isinstance(raw, str) else repr(raw)
    if len(text) <= limit and text.isascii() and text.isprintable() and not text.isspace():
        return SafeText(text)
    # The cost must not grow with what a backend sends: cut before any work.
    is_cut = len(text) > 4 * limit
    text = unicodedata.normalize("NFC", text[: 4 * limit].encode("utf-8", "replace").decode("utf-8"))
    visible = [_PLACEHOLDER] if text and unicodedata.category(text[0]) in _JOINING else []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in _STACKING else 0
        if marks <= _MOST_COMBINING_MARKS:
            visible.append(_visible(character))
    whole = "".join(visible)
    if all(map(_is_blank, whole)):
        whole = _VISIBLE_BLANK * len(whole)
    return SafeText(whole if len(whole) <= limit and not is_cut else whole[: limit - 1] + "…")


def safe_lines(raw: object, limit: int = 64_000) -> tuple[SafeText, ...]:
    """Return a longer text line by line, each line safe; at most `limit` characters in all."""
    text = raw if isinstance(raw, str) else repr(raw)
    return tuple(safe_line(line, 2_000) for line in text[:limit].splitlines())


def safe_line(line: str, limit: int) -> SafeText:
    """Return one line of a longer text as `safe_text` does; there a line of blanks is nothing odd, and stays so."""
    shown = safe_text(line, limit)
    return SafeText(shown.replace(_VISIBLE_BLANK, " ")) if line.isspace() else shown


def _is_blank(character: str) -> bool:
    return character == _BRAILLE_BLANK or unicodedata.category(character) == "Zs"


def _visible(character: str) -> str:
    code = ord(character)
    if character == "\t":
        return " "
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    if code == 0x7F:
        return "␡"
    if unicodedata.category(character) in _HIDDEN_CATEGORIES or code in _HIDDEN:
        return f"\\u{{{code:x}}}"
    return character
