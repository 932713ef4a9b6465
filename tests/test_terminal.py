"""The terminal of the tests can be trusted: it sees what is foreign, answers, waits, and tells the time."""

from __future__ import annotations

import sys

import pytest

from tests.emulator import Emulator
from tests.terminal import Terminal, Timeout, foreign_sequences


@pytest.mark.parametrize(
    "sent",
    [
        "\x1b]0;title\x07",
        "\x1b]52;c;eA==\x07",
        "\x07",
        "\x1bc",
        "\x9b2J",
        "\x1b[>25u",
        "\x1b[5i",
        "\x1b[3J",
        "\x00",
        "\n",
    ],
)
def test_what_is_foreign_is_seen(sent: str) -> None:
    """Titles, clipboards, bells, resets and printing are found among ordinary output."""
    assert foreign_sequences(f"a\x1b[1mb{sent}\x1b[2;3Hc".encode()) != []


def test_what_is_ours_is_not_foreign() -> None:
    """Looks, places, modes and questions of ours are let through."""
    ours = (
        "\x1b[?1049h\x1b[?25l\x1b[?2026h\x1b[2;10H\x1b[0;38;2;1;2;3mtext 界\x1b[4C\x1b[m\x1b[?2026l\x1b[6n\x1b[?2026$p"
    )
    assert foreign_sequences(ours.encode()) == []


@pytest.mark.parametrize("cut", ["\x1b", "\x1b[", "\x1b[0;38;2;15", "\x1b[?20"])
def test_a_sequence_whose_end_is_on_its_way_is_not_foreign(cut: str) -> None:
    """What was read ends in the middle of a sequence: nothing is wrong with it, unless something follows."""
    assert foreign_sequences(f"text{cut}".encode()) == []
    assert foreign_sequences(f"text{cut}\x07".encode()) != []


def test_sequences_cut_anywhere_are_drawn_alike() -> None:
    """However output is cut into pieces, the screen is the same."""
    sent = "\x1b[?1049h\x1b[2;3H界\x1b[>25u\x1b[31mred\x1b[0m\x1b[?2026$pé".encode()
    whole = Emulator(20, 4)
    whole.feed(sent)
    pieces = Emulator(20, 4)
    for byte in sent:
        pieces.feed(bytes([byte]))
    assert pieces.cells() == whole.cells()
    assert whole.rows()[1].rstrip() == "  界redé"


@pytest.mark.terminal
def test_questions_are_answered() -> None:
    """A program that asks for the cursor and for synchronised output gets the answers of a modern terminal."""
    code = (
        "import sys, tty; tty.setraw(0); sys.stdout.write('\\x1b[3;5H\\x1b[6n\\x1b[?2026$p'); sys.stdout.flush(); "
        "answer = sys.stdin.buffer.raw.read(6) + sys.stdin.buffer.raw.read(11); print(ascii(answer))"
    )
    with Terminal([sys.executable, "-c", code]) as terminal:
        terminal.wait_for(r"b'\x1b[3;5R\x1b[?2026;2$y'")


@pytest.mark.terminal
def test_waiting_in_vain_shows_the_screen() -> None:
    """A wait that fails says what was on the screen instead."""
    with Terminal(["sh", "-c", "echo something else; read line"]) as terminal:
        terminal.wait_for("something")
        with pytest.raises(Timeout, match="something else"):
            terminal.wait_for("never", timeout=0.05)


@pytest.mark.terminal
def test_half_a_frame_is_not_seen() -> None:
    """A frame that arrives in pieces is looked at when it is whole: no key comes between its halves."""
    halves = "printf '\\033[?2026h\\rnew'; sleep 0.3; printf ' frame\\033[?2026l'; read line"
    with Terminal(["sh", "-c", f"printf old; {halves}"]) as terminal:
        terminal.wait_for(lambda rows: "new" in rows[0])
        assert terminal.lines()[0].rstrip() == "new frame"
