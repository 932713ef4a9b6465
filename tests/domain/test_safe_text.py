"""What a backend sends becomes text that can only be read."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.text import safe_lines, safe_text
from modeltui.present.cells import character_width
from modeltui.testing.hostile import HOSTILE_TEXTS

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
MARKS = {"Mn", "Me", "Mc"}
ANYTHING = st.text(st.characters(codec=None), max_size=60)
CORPUS = pytest.mark.parametrize("raw", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS.keys())


def is_harmless(text: str) -> bool:
    """Tell whether there is something to see, and every character in its own place and not stacked."""
    stacked = 0
    if text and not text.replace("\u2800", " ").strip():
        return False
    for character in text:
        stacked = stacked + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if unicodedata.category(character) in HIDDEN or stacked > 2:
            return False
    return not text or unicodedata.category(text[0]) not in MARKS


@CORPUS
def test_every_hostile_text_becomes_harmless(raw: str) -> None:
    """No escape sequence, direction change, invisible sign or pile of accents from a backend reaches the terminal."""
    assert is_harmless(safe_text(raw))
    assert len(safe_text(raw)) <= 200


@CORPUS
def test_what_is_safe_stays_as_it_is(raw: str) -> None:
    """A text that passes twice, by way of a cache, reads the same."""
    once = safe_text(raw)
    assert safe_text(once) == once


@given(ANYTHING, st.integers(1, 50))
def test_any_text_is_harmless_bounded_and_stable(raw: str, limit: int) -> None:
    """Whatever is sent: visible characters only, never more than asked for, and the same when it passes again."""
    once = safe_text(raw, limit)
    assert is_harmless(once)
    assert len(once) <= limit
    assert safe_text(once, limit) == once


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z", "M"]), max_size=40))
def test_ordinary_text_in_any_script_is_kept(raw: str) -> None:
    """A name in letters, figures and signs of any script is shown as it was given."""
    composed = unicodedata.normalize("NFC", raw)
    if all(character_width(character) > 0 for character in composed):
        assert safe_text(raw) == composed


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("v4\x00\x7f", "v4␀␡"),
        ("a\tb", "a b"),
        ("a\u200bb", "a\\u{200b}b"),
        ("v4\u202e1.2", "v4\\u{202e}1.2"),
        ("v4\U000e0100", "v4\\u{e0100}"),
        ("\u3164", "\\u{3164}"),
        ("\u0301a", "◌\u0301a"),
        ("e\u0301", "é"),
        (None, "None"),
        (1.5, "1.5"),
        ("\ud800", "?"),
        (" ", "␣"),
        ("  \t ", "␣␣␣␣"),
        ("\u00a0\u3000\u2003", "␣␣␣"),
        ("\u2800\u2800", "␣␣"),
        (" a b ", " a b "),
        ("", ""),
    ],
)
def test_what_was_hidden_becomes_visible(raw: object, shown: str) -> None:
    """The operator sees that something odd is in a name instead of being fooled by it."""
    assert safe_text(raw) == shown


def test_what_is_cut_says_so() -> None:
    """A name of 10 000 characters ends in an ellipsis, also when most of it were accents."""
    assert safe_text("x" * 10_000, 20) == "x" * 19 + "…"
    assert safe_text("x" + "\u0301" * 10_000, 20).endswith("…")


def test_enclosing_marks_do_not_pile_up() -> None:
    """A sign that encloses the letter before it counts as an accent like any other."""
    assert safe_text("v" + "\u0489" * 60) == "v" + "\u0489" * 2


def test_a_longer_text_keeps_its_lines() -> None:
    """A model card is read line by line, each as harmless as a name."""
    assert safe_lines("one\n\x1b[2Jtwo\n\nfour\n   \n\tsix") == ("one", "␛[2Jtwo", "", "four", "   ", " six")
    assert sum(map(len, safe_lines("x\n" * 100_000))) <= 64_000
