"""What arrives from a terminal while a guard stands: keys one by one, and nothing else ever types anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.cli.tty_keys import Acknowledged, Arrival, KeyReader, PastedText, Pressed


def _typed(arrivals: list[Arrival]) -> str:
    return "".join(one.character for one in arrivals if isinstance(one, Pressed))


@pytest.mark.parametrize(
    ("data", "arrivals"),
    [
        (b"a", [Pressed("a", "a")]),
        ("é".encode(), [Pressed("é", "é")]),
        (b"\r", [Pressed("enter")]),
        (b"\n", [Pressed("enter")]),
        (b" ", [Pressed("space", " ")]),
        (b"\x7f", [Pressed("backspace")]),
        (b"\x15", [Pressed("ctrl+u")]),
        (b"\x04", [Pressed("ctrl+d")]),
        (b"\x1b[24;80R", [Acknowledged()]),
        (b"\x1b[A", [Pressed("sequence")]),
        (b"\x1bOP", [Pressed("sequence")]),
        (b"\x1b[<0;10;10M", [Pressed("sequence")]),
        (b"\x1b]0;title\x07", [Pressed("sequence")]),
        (b"\x1bR", [Pressed("alt+R")]),
        (b"\x1b[200~rm -rf /\r\x1b[201~x", [PastedText(), Pressed("x", "x")]),
    ],
)
def test_each_thing_is_what_it_is(data: bytes, arrivals: list[Arrival]) -> None:
    """Letters, keys with a name, the terminal's own answers, pastes: whole or byte by byte, it is the same."""
    assert KeyReader().feed(data) == arrivals
    reader = KeyReader()
    assert [one for byte in data for one in reader.feed(bytes([byte]))] == arrivals


def test_an_esc_alone_is_the_key() -> None:
    """Esc, and nothing for a while: it is Esc; an unfinished sequence is given up like it."""
    reader = KeyReader()
    assert reader.feed(b"\x1b") == []
    assert reader.waits
    assert reader.flush() == [Pressed("escape")]
    assert reader.feed(b"") == []
    assert reader.feed(b"a") == [Pressed("a", "a")]


def test_a_paste_that_never_ends_types_nothing() -> None:
    """A megabyte of paste without an end: nothing of it counts, and it is not kept."""
    reader = KeyReader()
    assert reader.feed(b"\x1b[200~") == [PastedText()]
    for _ in range(256):
        assert reader.feed(b"y\r" * 2048) == []
    assert reader.flush() == []
    assert reader.feed(b"\x1b[201~b") == [Pressed("b", "b")]


@given(st.text(max_size=200), st.integers(1, 7))
def test_nothing_inside_a_paste_is_typed(text: str, size: int) -> None:
    """Whatever is pasted, in whatever pieces it comes: no key of it arrives."""
    inside = text.replace("\x1b[201~", "").encode("utf-8", "replace")
    data = b"\x1b[200~" + inside + b"\x1b[201~"
    reader = KeyReader()
    arrivals = [one for at in range(0, len(data), size) for one in reader.feed(data[at : at + size])]
    assert _typed(arrivals) == ""
    assert arrivals[0] == PastedText()


@given(st.binary(max_size=300), st.integers(1, 9))
def test_any_bytes_are_survived(data: bytes, size: int) -> None:
    """Random bytes raise nothing, and type at most as many characters as there are bytes."""
    reader = KeyReader()
    arrivals = [one for at in range(0, len(data), size) for one in reader.feed(data[at : at + size])]
    assert len(_typed(arrivals)) <= len(data)
