"""What `requirements.txt` asks for, line by line; the source of the rules is pip's requirements file format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modeltui.domain.masking import without_tokens
from modeltui.domain.text import SafeText, safe_text

_MOST_LINES: Final = 5_000
_COMMENT: Final = re.compile(r"(?:^|\s+)#.*$")
_BLANKS: Final = re.compile(r"\s+")


def requirement_lines(text: str) -> tuple[SafeText, ...]:
    """Return each requirement as one line: without comments, continuations joined, credentials in addresses masked.

    Hashes, markers, extras, `-r`, `-c`, `-e` and addresses stay as they are: they too decide what is installed.
    """
    return tuple(
        safe_text(without_tokens(line), 1_000) for _, line in zip(range(_MOST_LINES), _lines(text), strict=False)
    )


def _lines(text: str) -> Iterator[str]:
    whole = ""
    for raw in text.removeprefix("\ufeff").splitlines():
        is_continued = raw.rstrip().endswith("\\") and not raw.lstrip().startswith("#")
        whole += (raw.rstrip()[:-1] if is_continued else raw) + " "
        if is_continued:
            continue
        line = _BLANKS.sub(" ", _COMMENT.sub("", whole.rstrip())).strip()
        whole = ""
        if line:
            yield line
    if line := _BLANKS.sub(" ", _COMMENT.sub("", whole.rstrip())).strip():
        yield line
