"""Copies to the clipboard of the operator's own terminal, through SSH and tmux (OSC 52)."""

from __future__ import annotations

import base64
from collections.abc import Mapping

MOST_BYTES = 74_994
"""What the strictest common terminal takes: 100 000 bytes of base64, less its frame."""


def clipboard_sequence(text: str, environ: Mapping[str, str]) -> str | None:
    """Return the sequence that copies `text`; None when it is too long or the terminal cannot."""
    raw = text.encode("utf-8", "replace")
    if len(raw) > MOST_BYTES or environ.get("TERM", "") in ("", "dumb", "linux"):
        return None
    sequence = f"\x1b]52;c;{base64.b64encode(raw).decode()}\x07"
    if environ.get("TMUX"):
        # tmux passes it on only inside its own envelope, with every escape doubled.
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    return sequence
