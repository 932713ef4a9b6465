"""Bytes of a terminal become keys, pastes and acknowledgements; nothing of an unknown sequence types anything."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

ESC = "\x1b"
_CURSOR = re.compile(r"\x1b\[\d{1,4};\d{1,4}R")
_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|O[ -~]|[PX^_\]][^\x1b\x07]*(?:\x1b\\|\x07))")
_PASTE_BEGINS, _PASTE_ENDS = "\x1b[200~", "\x1b[201~"
_LONGEST_SEQUENCE = 4096
_NAMES = {
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\x15": "ctrl+u",
    "\t": "tab",
    " ": "space",
}


@dataclass(frozen=True, slots=True)
class Pressed:
    """One key."""

    name: str
    character: str = ""


@dataclass(frozen=True, slots=True)
class PastedText:
    """A paste; what was in it is of no interest."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The terminal says where its cursor is: everything before the question is on the screen."""


Arrival = Pressed | PastedText | Acknowledged


@dataclass(slots=True)
class KeyReader:
    """Takes bytes as they come, gives what they mean."""

    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("replace")
    )
    _rest: str = ""
    _in_paste: bool = False

    def feed(self, data: bytes) -> list[Arrival]:
        """Return what has arrived whole."""
        self._rest += self._decoder.decode(data)
        arrivals: list[Arrival] = []
        while self._rest:
            step = self._next()
            if step is None:
                break
            used, arrival = step
            self._rest = self._rest[used:]
            if arrival is not None:
                arrivals.append(arrival)
        return arrivals

    def flush(self) -> list[Arrival]:
        """Return what an Esc means that nothing followed for a while: the key itself."""
        if self._in_paste or not self._rest.startswith(ESC):
            return []
        self._rest = ""
        return [Pressed("escape")]

    @property
    def waits(self) -> bool:
        """Whether an Esc has arrived that may be the beginning of something."""
        return bool(self._rest) and not self._in_paste

    def _next(self) -> tuple[int, Arrival | None] | None:
        text = self._rest
        if self._in_paste:
            return self._end_of_paste(text)
        if text[0] != ESC:
            return 1, _key(text[0])
        if text.startswith(_PASTE_BEGINS):
            self._in_paste = True
            return len(_PASTE_BEGINS), PastedText()
        cursor = _CURSOR.match(text)
        if cursor is not None:
            return cursor.end(), Acknowledged()
        sequence = _SEQUENCE.match(text)
        if sequence is not None:
            return sequence.end(), Pressed("sequence")
        if len(text) > _LONGEST_SEQUENCE:
            return len(text), Pressed("sequence")
        if len(text) > 1 and text[1] not in "[OPX^_]":
            return 2, Pressed(f"alt+{text[1]}")
        return None

    def _end_of_paste(self, text: str) -> tuple[int, Arrival | None] | None:
        end = text.find(_PASTE_ENDS)
        if end >= 0:
            self._in_paste = False
            return end + len(_PASTE_ENDS), None
        kept = len(_PASTE_ENDS) - 1
        return (len(text) - kept, None) if len(text) > kept else None


def _key(character: str) -> Pressed:
    name = _NAMES.get(character)
    if name is not None:
        return Pressed(name, " " if character == " " else "")
    if character.isprintable():
        return Pressed(character, character)
    return Pressed(f"ctrl+{chr(ord(character) + 96)}" if ord(character) < 27 else "unknown")
