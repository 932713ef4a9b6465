"""What the terminal can do, judged from the environment alone.

Imports `os` and `sys` only: the first frame is drawn before anything heavier is loaded.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself would cost 8 ms more
if TYPE_CHECKING:
    from collections.abc import Mapping

TRUECOLOR = "truecolor"
PALETTE_256 = "256"
PALETTE_16 = "16"
NO_COLOUR = "none"

FALLBACK_SIZE = (80, 24)

_CANNOT_PLACE_THE_CURSOR = frozenset({"dumb", "unknown", "network", "dialup", "plugboard", "emacs"})
_TRUECOLOR_TERMS = ("xterm-kitty", "alacritty", "foot", "wezterm", "xterm-ghostty", "contour", "iterm")
_ASCII_TERMS = ("vt52", "vt100", "vt102", "vt220", "vt320", "vt420", "vt510", "ansi", "adm", "wy", "tvi")


def refusal(environ: Mapping[str, str], input_is_tty: bool, screen_is_tty: bool) -> tuple[str, str] | None:
    """Return why the screens cannot be shown and what to do instead; None when they can."""
    if not input_is_tty:
        return (
            "The screens need a terminal to read keys from, and standard input is not one",
            "Run modeltui in a terminal (docker and kubectl: exec -it, ssh: -t), or use: modeltui status --plain",
        )
    if not screen_is_tty:
        return (
            "The screens are drawn on standard error, and it is not a terminal",
            "Leave standard error on the terminal (no 2>), or use: modeltui status --plain",
        )
    term = environ.get("TERM", "")
    if not term:
        return (
            "TERM is not set, so it is not known how to draw on this terminal",
            "Set it, for example: export TERM=xterm-256color. Without a screen: modeltui status --plain",
        )
    if term in _CANNOT_PLACE_THE_CURSOR:
        return (
            f"This terminal (TERM={term}) cannot place the cursor, so screens cannot be drawn on it",
            "Use: modeltui status --plain, or set TERM if the terminal can do more than it says",
        )
    return None


def colours(environ: Mapping[str, str]) -> str:
    """Return the colours to use: `truecolor`, `256`, `16` or `none`.

    `NO_COLOR` counts when it is not empty (no-color.org). ssh drops `COLORTERM`: then the name of the terminal decides.
    """
    if environ.get("NO_COLOR"):
        return NO_COLOUR
    if environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return TRUECOLOR
    term = environ.get("TERM", "")
    if term.startswith(_TRUECOLOR_TERMS) or term.endswith("-direct"):
        return TRUECOLOR
    if "256" in term:
        return PALETTE_256
    if term.startswith("vt") or term.endswith(("-mono", "-m")):
        return NO_COLOUR
    return PALETTE_16


def wants_ascii(environ: Mapping[str, str], encoding: str | None = None) -> bool:
    """Tell whether only ASCII can be drawn: an old terminal, or a locale that is not UTF-8.

    `encoding` is how text leaves the program; Python makes it UTF-8 in the `C` locale.
    """
    if environ.get("TERM", "").startswith(_ASCII_TERMS):
        return True
    if encoding is None:
        encoding = getattr(sys.__stderr__, "encoding", None) or "ascii"
    return encoding.lower().replace("-", "").replace("_", "") != "utf8"


def size(descriptor: int = 2) -> tuple[int, int]:
    """Return columns and rows; 80 × 24 where the terminal does not say."""
    try:
        width, height = os.get_terminal_size(descriptor)
    except (OSError, ValueError):
        return FALLBACK_SIZE
    return (width, height) if width > 0 and height > 0 else FALLBACK_SIZE


def is_tty(descriptor: int) -> bool:
    """Tell whether a descriptor is a terminal; a closed one is not."""
    try:
        return os.isatty(descriptor)
    except OSError:
        return False
