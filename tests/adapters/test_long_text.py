"""Long texts of documents: nothing is lost unseen, and nothing secret is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.adapters._documents import long_text
from modeltui.adapters._documents.long_text import MOST_TEXT_BYTES, text_lines, whole_text
from modeltui.domain.text import safe_text

TOKEN = "ghp_abcdefghij0123456789abcdefghij"
LIMIT = 200


@given(st.text(max_size=60), st.integers(0, 5_000), st.text(alphabet="abcé\u200b\x1b", min_size=1, max_size=3))
def test_a_difference_at_the_end_is_always_seen(begin: str, repeated: int, end: str) -> None:
    """However long a text is, and whatever it is made of: with another end it is another text, and both are safe."""
    whole = begin + "word\u200b" * repeated
    one, other = (whole_text(text, LIMIT) for text in (whole + "x", whole + "x" + end))
    assert one != other
    for text in (one, other):
        assert len(text) <= LIMIT
        assert safe_text(text, LIMIT) == text


def test_a_short_text_is_as_it_is() -> None:
    """A text that fits is shown as it is, without anything behind it."""
    assert whole_text("You answer.\nBe brief.", LIMIT) == "You answer.␊Be brief."
    assert whole_text("x" * LIMIT, LIMIT) == "x" * LIMIT


@given(st.integers(0, 1_000))
def test_a_secret_on_the_edge_is_masked(before: int) -> None:
    """A token is masked wherever it stands, also where the text is cut in the middle of it."""
    shown = whole_text("x " * before + TOKEN + " and more" * 200, LIMIT)
    assert "ghp_" not in shown


def test_a_value_with_a_secret_name_is_masked_whole() -> None:
    """What is called a password is not shown, nor how long it is."""
    assert whole_text("hunter2" * 1_000, LIMIT, "DB_PASSWORD") == "•••"


@given(st.lists(st.text(alphabet="ab c", max_size=40), max_size=30), st.integers(1, 400))
def test_lines_are_kept(lines: list[str], times: int) -> None:
    """A text of many lines comes out line by line, whole, across all borders at which it is searched."""
    text = "\n".join(lines * times)
    assert text_lines(text) == tuple(text.splitlines())


def test_a_secret_on_a_border_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token, and a private key over many lines, are masked wherever one searched part ends and the next begins."""
    monkeypatch.setattr(long_text, "_BLOCK", 4_000)
    lines = "\n".join("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj" for _ in range(40))
    key = f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----"
    for before in (*range(2_000, 4_100, 37), *range(3_900, 4_010)):
        found = text_lines("\n".join(("x" * before, f"token {TOKEN}", key, "z" * 100)))
        assert "ghp_" not in "".join(found), before
        assert "MIIE" not in "".join(found), before
        assert found[-1] == "z" * 100


@pytest.mark.broad
def test_more_than_anybody_reads() -> None:
    """What lies behind five million characters is told by its length and a digest, so that a change is seen."""
    one, other = (text_lines("line\n" * (MOST_TEXT_BYTES // 5) + end) for end in ("more", "else"))
    assert one[:-1] == other[:-1]
    assert one[-1] != other[-1]
    assert "it goes on" in one[-1]
