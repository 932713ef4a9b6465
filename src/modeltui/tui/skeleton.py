"""The first frame: what the last run saw, marked STALE, on the screen before anything heavy is loaded.

Standard library only, and of that only what starts fast: importing `json` alone would take longer than all of this.
The cache is therefore a text of lines. Nothing in it is trusted: it can be old, cut, or written by somebody else.

    modeltui.frame/1
    saved_at=1763712000.0
    context=demo
    chosen_by=1763711000123456789 monochrome
    look.breach=1;31
    (an empty line)
    title:MODEL<tab>plain:  VERSION
    ...

Each row is cells between tabs, each cell its tone, a colon and its text.
"""

# pathlib would cost 8 ms before the first frame.
# ruff: noqa: PTH105, PTH108, PTH116

from __future__ import annotations

import atexit
import os
import termios

from modeltui.tui import terminal
from modeltui.tui.twins import ascii_twin

TYPE_CHECKING = False  # typing itself would cost 8 ms more
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SCHEMA = "modeltui.frame/1"

_MOST_BYTES = 256 * 1024
_MOST_ROWS = 300

_LOOKS = {
    "muted": "2",
    "strong": "1",
    "title": "1",
    "ok": "32",
    "warn": "33",
    "breach": "1;31",
    "stale": "2",
    "unknown": "2",
    "accent": "36",
    "banner": "7",
    "banner-demo": "1;7",
    "banner-production": "1;7",
}
"""Looks of the tones where the cache brings none of a theme: right on dark and on light."""

_WITHOUT_COLOUR = frozenset({"1", "2", "3", "4", "7", "9"})

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[m\x1b[H\x1b[2J"
_LEAVE = "\x1b[m\x1b[?7h\x1b[?1049l\x1b[?25h"


class _Held:
    """The terminal while the first frame is on it: entered, and how its line was set before."""

    descriptor = -1
    attributes: list[object] | None = None


class Frame:
    """A frame of the last run."""

    __slots__ = ("chosen_by", "context", "looks", "rows", "saved_at")

    def __init__(self) -> None:
        self.context = ""
        self.chosen_by = ""
        self.saved_at: float | None = None
        self.looks = dict(_LOOKS)
        self.rows: list[list[tuple[str, str]]] = []
        """Text and tone of each cell, row by row, from the second row of the screen on."""


def chosen_by(config: str, theme: str) -> str:
    """Return what chooses the looks of a run: the configuration file as it is now, and the theme that was asked for.

    Two runs with the same answer look the same; with another one nobody knows before the file is read.
    """
    try:
        changed_at = os.stat(config).st_mtime_ns
    except OSError:
        changed_at = 0
    return f"{changed_at} {_one_line(theme[:80])}".rstrip()


def draw(
    cache_path: str,
    now: float,
    *,
    choice: str = "",
    environ: Mapping[str, str] | None = None,
    force_ascii: bool = False,
    force_no_colour: bool = False,
) -> bool:
    """Draw the cached frame, or an honest empty one, and return whether the screen is now entered.

    `now` is seconds since the epoch. `choice` is what `chosen_by` says of this run: a frame of another choice is
    drawn without colours, for this one may have none. Never raises; draws nothing where the screens would be refused.
    """
    if environ is None:
        environ = os.environ
    try:
        if terminal.refusal(environ, terminal.is_tty(0), terminal.is_tty(2)) is not None:
            return False
        frame = load(cache_path)
        is_known = frame is None or frame.chosen_by == choice
        picture = render(
            frame,
            now,
            terminal.size(2),
            ascii_only=force_ascii or terminal.wants_ascii(environ),
            colour=is_known and not force_no_colour and terminal.colours(environ) != terminal.NO_COLOUR,
        )
        _enter(2)
        _write(2, _ENTER + picture)
        _give_back_on_signals()
    except Exception:  # the first frame is a courtesy: the screens follow without it
        return _Held.descriptor >= 0
    return True


def hand_over() -> list[object] | None:
    """Leave the screen to whoever draws next; return how the line was set before, None when nothing was drawn."""
    if _Held.descriptor < 0:
        return None
    _Held.descriptor = -1
    atexit.unregister(give_back)
    return _Held.attributes


def is_drawn() -> bool:
    """Tell whether the first frame is on the screen and not handed over."""
    return _Held.descriptor >= 0


def give_back() -> None:
    """Leave the screen as it was before `draw`; does nothing when it was handed over."""
    descriptor = _Held.descriptor
    attributes = hand_over()
    if descriptor < 0:
        return
    try:
        _write(descriptor, _LEAVE)
        if attributes is not None:
            termios.tcsetattr(0, termios.TCSANOW, attributes)  # type: ignore[arg-type]  # as tcgetattr gave them
    except (OSError, termios.error):
        pass


def _give_back_on_signals() -> None:
    """Let a signal that comes while the screens load end the program on a clean terminal."""
    import signal  # only now: it would have cost 4 ms before the frame

    def end(number: int, _frame: object) -> None:
        give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)


def save(
    cache_path: str,
    saved_at: float,
    context: str,
    rows: Iterable[Sequence[tuple[str, str]]],
    looks: Mapping[str, str] | None = None,
    choice: str = "",
) -> None:
    """Write the frame for the next start, whole or not at all; raises `OSError` when it cannot.

    `rows` are cells of (text, tone) from the second row of the screen on; `looks` are SGR parameters by tone;
    `choice` is what `chosen_by` says of this run.
    """
    lines = [SCHEMA, f"saved_at={saved_at!r}", f"context={_one_line(context)}", f"chosen_by={choice}"]
    lines += [f"look.{tone}={parameters}" for tone, parameters in (looks or {}).items()]
    lines.append("")
    lines += ["\t".join(f"{tone}:{_one_line(text)}" for text, tone in row) for row in rows]
    partial = f"{cache_path}.{os.getpid()}"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write("\n".join(lines).encode("utf-8", "replace"))
        os.replace(partial, cache_path)
    except OSError:
        os.unlink(partial)
        raise


def load(cache_path: str) -> Frame | None:
    """Return the cached frame; None when there is none that can be read."""
    try:
        descriptor = os.open(cache_path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not hold us up
    except OSError:
        return None
    try:
        text = os.read(descriptor, _MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    finally:
        os.close(descriptor)
    lines = text.split("\n")
    if lines[0] != SCHEMA:
        return None
    frame = Frame()
    for number, line in enumerate(lines[1:], 2):
        if not line:
            frame.rows = [_parse_row(row) for row in lines[number : number + _MOST_ROWS]]
            break
        name, _, value = line.partition("=")
        _set(frame, name, value)
    return frame


def _set(frame: Frame, name: str, value: str) -> None:
    if name == "context":
        frame.context = value[:80]
    elif name == "chosen_by":
        frame.chosen_by = value
    elif name == "saved_at":
        try:
            frame.saved_at = float(value)
        except ValueError:
            frame.saved_at = None
    elif name.startswith("look.") and len(value) <= 60 and value.isascii() and not value.strip("0123456789;"):
        frame.looks[name[5:]] = value


def _parse_row(row: str) -> list[tuple[str, str]]:
    cells: list[tuple[str, str]] = []
    for cell in row.split("\t"):
        tone, _, text = cell.partition(":")
        cells.append((text, tone))
    return cells


def render(
    frame: Frame | None, now: float, size: tuple[int, int], *, ascii_only: bool = False, colour: bool = True
) -> str:
    """Return the sequences that draw a frame of `size` (columns, rows), row 1 saying how old it is."""
    width, height = size
    looks = frame.looks if frame is not None else _LOOKS
    rows = [[(_banner(frame, now).ljust(width), "banner")]]
    if frame is None:
        rows += [[]] * max(0, height // 2 - 2)
        rows.append([(" Nothing was seen before: the first answers come with the connection.", "muted")])
    else:
        rows += frame.rows
    parts: list[str] = []
    for y, row in enumerate(rows[:height], 1):
        parts.append(f"\x1b[{y};1H")
        left = width
        for text, tone in row:
            drawn, used = _fit(text, left, ascii_only)
            left -= used
            parts.append(_looked(drawn, looks.get(tone, ""), colour))
    return "".join(parts)


def _banner(frame: Frame | None, now: float) -> str:
    if frame is None:
        return " modeltui  connecting …"
    context = f"  {frame.context}" if frame.context else ""
    return f" modeltui{context}  STALE: {age(frame.saved_at, now)}  connecting …"


def age(saved_at: float | None, now: float) -> str:
    """Return how old something is, in words; a moment in the future, or none, is of unknown age."""
    if saved_at is None or not 0 <= now - saved_at < 3e9:  # also false for nan
        return "of unknown age"
    seconds = int(now - saved_at)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit} old"
    return f"{seconds} s old"


def _looked(text: str, look: str, colour: bool) -> str:
    if look and not colour:
        look = ";".join(code for code in look.split(";") if code in _WITHOUT_COLOUR) if "8;" not in look else ""
    return f"\x1b[{look}m{text}\x1b[m" if look and text else text


def _fit(text: str, width: int, ascii_only: bool) -> tuple[str, int]:
    """Return as much of `text` as fits, harmless, and its width."""
    if text.isascii() and text.isprintable():
        return text[:width], min(len(text), width)
    drawn: list[str] = []
    used = 0
    for character in text:
        if not character.isprintable():
            character = "?"
        if ascii_only:
            character = ascii_twin(character)
        cells = _cells_wide(character)
        if used + cells > width:
            break
        drawn.append(character)
        used += cells
    return "".join(drawn), used


def _cells_wide(character: str) -> int:
    if character < "\u0300" or "\u2010" <= character <= "\u22ff" or "\u2500" <= character <= "\u25ff":
        return 1
    from unicodedata import combining, east_asian_width  # loaded only when such a character is drawn

    return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)


def _enter(descriptor: int) -> None:
    """Enter the alternate screen, and stop the echo of keys that are typed too early."""
    try:
        attributes = termios.tcgetattr(0)
        quiet = [*attributes]
        quiet[3] = attributes[3] & ~termios.ECHO
        termios.tcsetattr(0, termios.TCSANOW, quiet)
        _Held.attributes = list(attributes)
    except (OSError, termios.error):
        _Held.attributes = None
    _Held.descriptor = descriptor
    atexit.register(give_back)


def _write(descriptor: int, text: str) -> None:
    remaining = text.encode("utf-8", "replace")
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]
