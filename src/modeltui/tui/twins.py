"""The ASCII twin of a glyph, for terminals and fonts that have nothing else.

Imports the standard library only: the first frame is drawn with it before anything else is loaded.
"""

from __future__ import annotations

UNKNOWN_TWIN = "?"
"""Stands for a character that has no likeness in ASCII."""

_BLOCKS = "_.-:=+*#"
"""Twins of the eight lower blocks, rising like them, so that a sparkline keeps its shape."""

_TWINS = {
    **dict(zip("←→↑↓↔↕↗↘↙↖⇒⇐", "<>^v-|/\\/\\><", strict=True)),
    **dict(zip("▲△▴▵▼▽▾▿►▶▸▹◀◂◃◄", "^^^^vvvv>>>><<<<", strict=True)),
    **dict(zip("●•∙·○◌◦◯◉◎■▪□▫◆◇★☆", "***.oooo@@##..*o**", strict=True)),
    **dict(zip("✓✔✗✘✖✕×⨯⚠‼⏸⏵⏹☐☑☒", "++xxxxxx!!=># +x", strict=True)),
    **dict(zip("–—−‐‑‒―‘’‚‛“”„‟‹›«»…", "-------''''\"\"\"\"<><>.", strict=True)),
    **dict(zip("≤≥≈≠±∞∆Δµμσ∑√°§¶÷", "<>~!~8dduusSv'S|/", strict=True)),
    **dict(zip("░▒▓▀▌▐▏▎▍▋▊▉⏐│┃┆┇┊┋║╎╏", '.:#"|||||||#||||||||||', strict=True)),
    **dict(zip("─━┄┅┈┉═╌╍⎯╴╶╸╺‾", "---------------", strict=True)),
    "\xa0": " ",
    "\xad": "-",
    "␛": "?",
    "␣": "_",
}


def ascii_twin(glyph: str) -> str:
    """Return the one ASCII character that stands for the one character `glyph`."""
    if glyph < "\x7f":
        return glyph if glyph >= " " else UNKNOWN_TWIN
    twin = _TWINS.get(glyph)
    if twin is not None:
        return twin
    code = ord(glyph)
    if 0x2581 <= code <= 0x2588:
        return _BLOCKS[code - 0x2581]
    if 0x2500 <= code <= 0x257F:
        return "+"
    if 0x2800 <= code <= 0x28FF:
        return _braille_twin(code - 0x2800)
    if glyph.isspace():
        return " "
    import unicodedata  # loaded only when such a glyph is drawn

    plain = unicodedata.normalize("NFKD", glyph)[0]
    return plain if " " <= plain < "\x7f" else UNKNOWN_TWIN


def _braille_twin(dots: int) -> str:
    """Return a character as dark as a braille cell with these dots."""
    count = dots.bit_count()
    return " .:*#"[(count + 1) // 2]
