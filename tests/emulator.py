"""What a terminal shows after what it was sent: a `pyte` screen, taught what modern programs send."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

import pyte

_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_CUT_OFF = re.compile(r"\x1b(?:\[[0-?]*[ -/]*)?\Z")
_ALTERNATE_SCREEN = re.compile(r"\x1b\[\?1049([hl])\Z")
_UNKNOWN_TO_PYTE = re.compile(r"\x1b\[(?:[>=<][0-?]*[@-~]|[0-?]*[ -/]+[@-~]|\?u)\Z")
"""pyte 0.8.2 draws the rest of keyboard and mode queries as text."""


class Cell(NamedTuple):
    """One cell as the operator sees it."""

    text: str
    foreground: str
    background: str
    bold: bool
    reverse: bool
    underline: bool


class Emulator:
    """A screen, fed with bytes in pieces of any size."""

    def __init__(self, width: int, height: int) -> None:
        self._screen = pyte.Screen(width, height)
        self._stream = pyte.Stream(self._screen)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._cut_off = ""
        self.in_alternate_screen = False
        """Whether a program has the screen to itself."""

    def feed(self, data: bytes) -> None:
        """Draw what was sent."""
        text = self._cut_off + self._decoder.decode(data)
        self._cut_off = ""
        partial = _CUT_OFF.search(text)
        if partial:
            self._cut_off, text = text[partial.start() :], text[: partial.start()]
        place = 0
        for sequence in _SEQUENCE.finditer(text):
            switch = _ALTERNATE_SCREEN.match(sequence.group())
            if switch is None and not _UNKNOWN_TO_PYTE.match(sequence.group()):
                continue
            self._stream.feed(text[place : sequence.start()])
            place = sequence.end()
            if switch is not None:
                self._switch_screen(switch.group(1) == "h")
        self._stream.feed(text[place:])

    def _switch_screen(self, alternate: bool) -> None:
        # What the main screen showed is not kept: nobody asks for more than that the other one is gone.
        self.in_alternate_screen = alternate
        self._screen.erase_in_display(2)
        if not alternate:
            self._screen.cursor_position(1, 1)

    def rows(self) -> list[str]:
        """Return the rows as text."""
        # pyte's own `display` fails while a wide character is half overwritten.
        columns = range(self._screen.columns)
        return ["".join(row[x].data for x in columns) for row in self._buffer()]

    def cells(self) -> list[list[Cell]]:
        """Return every cell with its looks, row by row."""
        columns = range(self._screen.columns)
        return [[_cell(row[x]) for x in columns] for row in self._buffer()]

    def _buffer(self) -> list[dict[int, pyte.screens.Char]]:
        return [self._screen.buffer[y] for y in range(self._screen.lines)]

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor, from 1."""
        return self._screen.cursor.y + 1, self._screen.cursor.x + 1

    def has_mode(self, private_mode: int) -> bool:
        """Tell whether a private mode (25: cursor shown) is set."""
        return (private_mode << 5) in self._screen.mode

    def resize(self, width: int, height: int) -> None:
        """Take another size; what happens to the text is anybody's guess, as in life."""
        self._screen.resize(height, width)

    def garble(self) -> None:
        """Fill the screen with junk."""
        width, height = self._screen.columns, self._screen.lines
        self._stream.feed("".join(f"\x1b[{y + 1};1H{'~' * width}" for y in range(height)))


def _cell(character: pyte.screens.Char) -> Cell:
    return Cell(
        character.data,
        character.fg,
        character.bg,
        character.bold,
        character.reverse,
        character.underscore,
    )
