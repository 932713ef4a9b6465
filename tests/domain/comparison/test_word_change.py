"""One changed line word by word: right, the same both ways, and never slow, whatever the two lines are."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from modeltui.domain.comparison.difference import LineMark
from modeltui.domain.comparison.word_change import Piece, paired, words_change

_OTHER = {LineMark.SAME: LineMark.SAME, LineMark.REMOVED: LineMark.ADDED, LineMark.ADDED: LineMark.REMOVED}
_WORDS = st.sampled_from(("keep", "answers", "under", "80", "0.72", "words", ",", " ", "  ", "。", "退款", "é", "-"))
_lines = st.lists(_WORDS, max_size=30).map(" ".join) | st.lists(_WORDS, max_size=30).map("".join)


def shown(pieces: tuple[Piece, ...]) -> str:
    """Return the pieces as somebody reads them."""
    signs = {LineMark.SAME: "{}", LineMark.REMOVED: "[-{}-]", LineMark.ADDED: "{{+{}+}}"}
    return "".join(signs[mark].format(text) for mark, text in pieces)


@pytest.mark.parametrize(
    ("a", "b", "marked"),
    [
        ("WHERE at >= DATE '2025-01-01'", "WHERE at >= DATE '2024-01-01'", "WHERE at >= DATE '[-2025-]{+2024+}-01-01'"),
        ("Use only the articles given.", "Prefer the articles given.", "[-Use only-]{+Prefer+} the articles given."),
        ("refuse below 0.72 now", "refuse below 0.7 now", "refuse below [-0.72-]{+0.7+} now"),
        ("Answer politely.", "Answer politely. Offer a refund.", "Answer politely.{+ Offer a refund.+}"),
        ("客戶可以在三十天內退款。", "客戶可以在九十天內退款。", "客戶可以在[-三-]{+九+}十天內退款。"),
        ("two  blanks here", "two blanks here", "two[-  -]{+ +}blanks here"),
        ("never discuss x", "never discuss y or z", "never discuss [-x-]{+y or z+}"),
    ],
)
def test_the_words_that_changed_are_found(a: str, b: str, marked: str) -> None:
    """I see the year, the word, the sign or the blank that changed, and no more than that."""
    assert shown(words_change(a, b)) == marked


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("alpha beta gamma", "one two three"),
        ("the only word that stayed", "the others are entirely new here"),
        ("same", "same"),
        ("", "new"),
        ("x", "y"),
    ],
)
def test_lines_that_share_nothing_are_not_marked(a: str, b: str) -> None:
    """Where all of a line is another, marks around everything would say nothing."""
    assert words_change(a, b) == ()


@settings(deadline=None, max_examples=examples(300))
@given(_lines, _lines)
def test_the_pieces_are_both_lines_and_mirror(a: str, b: str) -> None:
    """Nothing is lost or invented, and the other way round the same words are marked with the signs swapped."""
    pieces = words_change(a, b)
    if pieces:
        assert "".join(text for mark, text in pieces if mark is not LineMark.ADDED) == a
        assert "".join(text for mark, text in pieces if mark is not LineMark.REMOVED) == b
    swapped = {(_OTHER[mark], text) for mark, text in words_change(b, a)}
    assert swapped == set(pieces)


def test_lines_are_paired_with_what_they_became() -> None:
    """Of several lines each stands beside the one that it became; one that is new has no pair."""
    removed = ("Refunds take five days.", "Ask for the order number.")
    added = ("Be warm.", "Refunds take nine days.", "Ask for the card number.")
    pairs = paired(removed, added)
    assert {place: other for place, (other, _) in pairs.items()} == {0: 1, 1: 2}
    assert shown(pairs[0][1]) == "Refunds take [-five-]{+nine+} days."
    assert {place: other for place, (other, _) in paired(added, removed).items()} == {1: 0, 2: 1}


def _article(words: int) -> list[str]:
    return [f"word{number * 7919 % 65_537}" + "," * (number % 11 == 0) for number in range(words)]


def test_far_changes_in_a_long_line_are_found_one_by_one() -> None:
    """Three words at the beginning, in the middle and at the end of one line of 200,000 characters are three marks."""
    words = _article(20_000)
    other = list(words)
    for place in (50, 10_000, 19_900):
        other[place] = "CHANGED"
    pieces = words_change(" ".join(words), " ".join(other))
    assert [text for mark, text in pieces if mark is LineMark.ADDED] == ["CHANGED"] * 3


@pytest.mark.broad
@pytest.mark.parametrize("kind", ["three words", "other text", "one word", "periodic", "swapped"])
def test_lines_of_five_megabytes_stay_usable(kind: str) -> None:
    """However two lines of 5 MB differ, marking them is bounded work: seconds would be noticed, minutes would hang."""
    words = _article(450_000)
    a = " ".join(words)
    b = {
        "three words": " ".join(
            (*words[:9], "x", *words[9:200_000], "y", *words[200_000:449_990], "z", *words[449_991:])
        ),
        "other text": " ".join(reversed(words)),
        "one word": "x" * 5_000_000,
        "periodic": "ab, " * 1_250_000,
        "swapped": a[2_500_000:] + a[:2_500_000],
    }[kind]
    started = time.process_time()
    words_change(a, b)
    words_change("ba, " * 1_250_000, b)
    assert time.process_time() - started < 5.0
