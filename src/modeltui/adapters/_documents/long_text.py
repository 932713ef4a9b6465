"""Texts that people compare, kept whole: a difference at the end of a long one must not be cut off unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

from modeltui.domain.masking import is_secret_name, masked, without_tokens
from modeltui.domain.text import SafeText, safe_line, safe_text

MOST_TEXT_BYTES: Final = 5 << 20
"""Of a model card or a query; what is larger is no text for people."""
_BLOCK: Final = 200_000
"""Characters searched for secrets at a time; the search itself reads no more than a quarter of a million."""
_LONGEST_LINE: Final = 1_900
_LONGEST_SHOWN: Final = 10 * _LONGEST_LINE
"""An invisible character is shown as up to nine visible ones."""
_MOST_LINES: Final = 200_000
_SEARCHED: Final = 4
"""So many times what is shown is searched for secrets."""
_KEY_BEGINS: Final = "-----BEGIN "
_KEY_ENDS: Final = "-----END "


def whole_text(text: str, limit: int, name: str = "") -> SafeText:
    """Return text as one safe line, secrets masked; where it is cut, a digest stands for what is not shown."""
    if is_secret_name(name):
        return safe_text(masked(name, text), limit)
    # More than is shown is searched: a secret that is cut in two would not look like one.
    shown = safe_text(without_tokens(text[: _SEARCHED * limit]), limit)
    is_cut = len(text) > _SEARCHED * limit or (len(shown) == limit and shown.endswith("…"))
    if not is_cut:
        return shown
    rest = f"… in all {len(text)} characters, sha256 {_digest(text)}"
    return SafeText(shown[: limit - len(rest)] + rest)


def text_lines(text: str) -> tuple[SafeText, ...]:
    """Return a long text line by line, each safe, secrets masked; a line that is too long goes on in the next.

    What is too much of it is told in the last line, with a digest.
    """
    found = list(islice(_lines(text[:MOST_TEXT_BYTES]), _MOST_LINES + 1))
    if len(found) > _MOST_LINES or len(text) > MOST_TEXT_BYTES:
        found[_MOST_LINES:] = [safe_text(f"… it goes on; in all {len(text)} characters, sha256 {_digest(text)}")]
    return tuple(found)


def _lines(text: str) -> Iterator[SafeText]:
    for block in _blocks(text):
        for line in without_tokens(block).splitlines():
            if len(line) <= _LONGEST_LINE:
                yield safe_line(line, _LONGEST_SHOWN)
                continue
            for begin in range(0, len(line), _LONGEST_LINE):
                yield safe_line(line[begin : begin + _LONGEST_LINE], _LONGEST_SHOWN)


def _blocks(text: str) -> Iterator[str]:
    """Yield the text in parts that end between lines, and not inside of a private key."""
    begin = 0
    while begin < len(text):
        end = begin + _BLOCK
        if end < len(text):
            end = text.rfind("\n", begin, end) + 1 or text.rfind(" ", begin, end) + 1 or end
            key = text.rfind(_KEY_BEGINS, begin, end)
            if key > begin and text.find(_KEY_ENDS, key, end) < 0:
                end = key
        yield text[begin:end]
        begin = end


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
