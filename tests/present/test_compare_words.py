"""Changed words inside changed lines: on the screen, as plain text and in a ticket."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.present.comparisons import MLFLOW, fact, fraud

from modeltui.domain.comparison.difference import Claim, Difference, LineMark, Nature, Side
from modeltui.domain.comparison.text_change import lines_change
from modeltui.domain.suspects.suspect import Symptom
from modeltui.domain.text import SafeText
from modeltui.present.cells import cell_width
from modeltui.present.compare_fact import fact_line, unfolded_lines
from modeltui.present.compare_markdown import compare_markdown
from modeltui.present.compare_object import Asked
from modeltui.present.compare_packed import Names
from modeltui.present.compare_page import ComparePage, View
from modeltui.present.compare_values import pair_words
from modeltui.present.compare_words import line_spans, marked_lines
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs
from modeltui.present.span import plain
from modeltui.present.tone import Tone
from modeltui.testing import worlds


def text_change(a: str, b: str, field: str = "prompts.system") -> Difference:
    """Return a prompt, or another text, that became another."""
    one, other = (tuple(SafeText(line) for line in text.split("\n")) for text in (a, b))
    return fact(field, one, other, lines_change(one, other), Nature.LINES)


def value_change(a: str, b: str, field: str = "system.guardrails") -> Difference:
    """Return a value of one line that became another, however long."""
    one, other = (Side((Claim(SafeText(text), (MLFLOW,)),)) for text in (a, b))
    return replace(fact(field, "a", "b"), a=one, b=other)


def unfolded(changed: Difference, width: int = 80, glyphs: Glyphs = UNICODE) -> list[str]:
    """Return what enter on the row of a fact shows."""
    return [plain(line) for line in unfolded_lines(changed, fraud((changed,)), width, glyphs)]


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_a_changed_line_shows_which_words_changed(glyphs: Glyphs) -> None:
    """In a one-line prompt I read at once what went and what came, also where there is no colour."""
    said = unfolded(
        text_change("Answer from the given articles only.", "Answer from the given articles, mostly."), glyphs=glyphs
    )
    assert "     - Answer from the given articles[- only-]." in said
    assert "     + Answer from the given articles{+, mostly+}." in said


def test_marks_have_a_tone_and_what_is_equal_has_not() -> None:
    """With colour the eye goes to the changed words and not to all of the line."""
    change = lines_change((SafeText("never discuss prices"),), (SafeText("never discuss refunds"),))
    gone, come = marked_lines(change.lines)
    assert [(span.text, span.tone) for span in line_spans(gone, "…")] == [
        ("never discuss ", Tone.MUTED),
        ("[-prices-]", Tone.PLAIN),
    ]
    assert line_spans(come, "…")[-1] == ("{+refunds+}", Tone.STRONG)


def test_equal_parts_of_a_long_line_are_left_out_with_a_mark() -> None:
    """Of a prompt of four pages in one line I see the change, what stands around it, and how much is left out."""
    head, tail = "Be helpful to everybody. " * 100, " Say so when you do not know." * 100
    said = "\n".join(unfolded(text_change(f"{head}Never refund.{tail}", f"{head}Always refund.{tail}")))
    assert "equal characters" in said
    assert "[-Never-] refund." in said.replace("\n", "")
    assert "{+Always+} refund." in said.replace("\n", "")
    assert len(said) < 900


def test_a_guardrail_that_is_one_long_text_is_marked_too() -> None:
    """A guardrail told as one value is read word by word, with who says it."""
    said = unfolded(fact("system.guardrails", "block profanity and card numbers", "block profanity and phone numbers"))
    assert "     2.3.1: block profanity and [-card-] numbers  says mlflow" in said
    assert "     3.0.0: block profanity and {+phone+} numbers  says mlflow" in said


def test_text_that_holds_the_signs_gets_others() -> None:
    """A prompt that itself says [-x-] is not mistaken for a mark."""
    said = unfolded(text_change("always keep [-this-] sign here now", "always keep [-this-] sign there now"))
    assert "     - always keep [-this-] sign [[-here-]] now" in said
    assert "     + always keep [-this-] sign {{+there+}} now" in said


def test_lines_that_share_nothing_are_shown_whole() -> None:
    """A line that was replaced stands there as it is, without marks around everything."""
    said = unfolded(text_change("Use only the articles that are given.", "Entirely different words stand here now"))
    assert "     - Use only the articles that are given." in said
    assert "     + Entirely different words stand here now" in said


def test_a_folded_group_says_what_changed_in_a_long_line() -> None:
    """On one row, where a long prompt does not fit, I see the words that changed and not how it begins."""
    head = "You answer customers of the bank from the articles that are given to you and from nothing else. "
    changed = text_change(f"{head}Never offer refunds.", f"{head}Always offer refunds.")
    page = ComparePage(fraud((changed,)), (), View(80), UNICODE)
    row = next(plain(page.line(key)) for key in page.keys if "refunds" in plain(page.line(key)))
    assert "[-Never-]{+Always+} offer refunds." in row
    assert cell_width(row) <= 80


def test_unfolding_five_megabytes_in_one_line_shows_little_of_it() -> None:
    """A text of 5 MB without line ends is a few rows on the screen, whatever became of it."""
    text = "lorem ipsum dolor sit amet " * 200_000
    changed = text_change(f"{text}one", f"{text}two")
    assert sum(map(len, unfolded(changed))) < 1_000
    replaced = text_change("x" * 5_000_000, "y" * 5_000_000)
    said = unfolded(replaced)
    assert sum(map(len, said)) < 6_000
    assert any("characters more" in line for line in said)


def test_equal_lines_keep_their_place() -> None:
    """Marking words leaves the order of a diff as it is."""
    change = lines_change(
        tuple(map(SafeText, ("a", "old line here", "c", "gone"))), tuple(map(SafeText, ("a", "new line here", "c")))
    )
    assert [line.mark for line in marked_lines(change.lines)] == [
        LineMark.SAME,
        LineMark.REMOVED,
        LineMark.ADDED,
        LineMark.SAME,
        LineMark.REMOVED,
    ]


def test_a_ticket_shows_the_words_that_changed() -> None:
    """Pasted into a ticket, a long value whose end changed does not look the same twice."""
    rule = (
        "block profanity, card numbers, names of staff and of customers, and whatever else a colleague reported; " * 3
    )
    changed = value_change(f"{rule}refuse politely", f"{rule}refuse firmly")
    written = "\n".join(
        compare_markdown(fraud((changed,)), (), Symptom(), Asked("a", "b"), worlds.empty_fleet(), everything=False)
    )
    assert "refuse [-politely-]{+firmly+}`" in written
    assert "    -WHERE t.day >= '[-2025-]-01-01'\n    +WHERE t.day >= '{+2024+}-01-01'" in written


def test_a_row_of_a_value_of_megabytes_shows_where_it_differs() -> None:
    """The row of a long value is drawn at once, and its two cells differ."""
    text = "lorem ipsum dolor sit amet " * 200_000
    changed = value_change(f"{text}one", f"{text}two {text}")
    one, other = pair_words(changed)
    assert max(len(one), len(other)) < 3_000
    assert one.endswith("one")
    assert " two lorem" in other
    row = plain(fact_line(changed, Names("2.3.1", "3.0.0"), 80, UNICODE))
    assert "one" in row
    assert "two" in row
