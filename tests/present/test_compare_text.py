"""A comparison in lines: the likely cause first, on one page, and nothing said that is not known."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.present import comparisons
from tests.present.comparisons import fact, fraud, number, suspects

from modeltui.domain.comparison.difference import (
    Claim,
    Comparison,
    Difference,
    Group,
    LineMark,
    LinesChange,
    Nature,
    Side,
    State,
)
from modeltui.domain.names import SourceName
from modeltui.domain.text import SafeText, safe_text
from modeltui.present.cells import cell_width
from modeltui.present.compare_columns import ColumnsPage
from modeltui.present.compare_fact import fact_line
from modeltui.present.compare_page import PAGE_ROWS, ComparePage, View
from modeltui.present.compare_text import (
    Names,
    compare_lines,
    fact_text,
    heading_line,
    pair_words,
    state_mark,
    state_words,
    value_words,
)
from modeltui.present.compare_values import STATE_TONES, shortened
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs, drawable_text
from modeltui.present.span import plain

NAMES = Names("2.3.1", "3.0.0")


def rows(width: int = 80, glyphs: Glyphs = UNICODE, *, everything: bool = False, folded: bool = True) -> list[str]:
    """Return the realistic comparison as text."""
    lines = compare_lines(fraud(), suspects(), width, glyphs, everything=everything, folded=folded)
    return [drawable_text(plain(line), glyphs).rstrip() for line in lines]


def test_a_realistic_comparison_reads_in_one_page() -> None:
    """80 x 24: verdict, suspects with their reason, and every group that differs, on the page without scrolling."""
    page = rows(80)
    assert len(page) <= PAGE_ROWS + 1
    assert "Look first at query" in page[1]
    assert "merchant_size=micro" in page[2]
    groups = {fact.group for fact in fraud().differences if fact.state is not State.UNKNOWN}
    labels = {row[1:13].strip() for row in page}
    assert len([label for label in labels if label.isupper()]) == len(groups) + 1  # and what is not known


@pytest.mark.parametrize(
    ("width", "folded"), [*((width, True) for width in (40, 60, 80, 120, 200)), (60, False), (80, False), (200, False)]
)
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_no_line_is_wider_than_its_page(width: int, glyphs: Glyphs, folded: bool) -> None:
    """Whatever the width, no line runs over it, and ASCII is ASCII."""
    for row in rows(width, glyphs, everything=True, folded=folded)[1:]:
        assert cell_width(row) <= width, row
        assert glyphs is UNICODE or row.isascii(), row


def test_what_is_left_out_is_counted() -> None:
    """Whatever the room, the facts that a folded group names and those it counts as more are all of them."""
    for width in (60, 80, 100, 140):
        page = ComparePage(fraud(), suspects(), View(width), UNICODE)
        text = [plain(page.line(key)) for key in page.keys if key[:2] == ("group", "environment")]
        left = sum(int(found.group(1)) for row in text if (found := re.search(r"\+(\d+) more", row)))
        named = [one.title for one in fraud().of(Group.ENVIRONMENT) if one.is_different]
        assert left + sum(any(f"{title} " in row for row in text) for title in named) == len(named)


def test_a_tall_page_shows_each_fact_on_a_row_of_its_own() -> None:
    """With room for all of it nothing is folded."""
    page = ComparePage(fraud(), suspects(), View(120, rows=80), UNICODE)
    shown = [key[1] for key in page.keys if key[0] == "fact"]
    assert set(shown) == {one.field for one in fraud().differences}


def test_a_page_too_small_gives_each_group_its_row() -> None:
    """With less room than groups each still has one, and can be scrolled to."""
    page = ComparePage(fraud(), suspects(), View(80, rows=5), UNICODE)
    groups = [key for key in page.keys if key[0] == "group"]
    assert len(groups) == len({key[1] for key in groups})


def test_equal_unknown_and_not_comparable_look_different_from_each_other() -> None:
    """By mark, by word and by tone: I never take one for another, with or without colour."""
    facts = {state: fact("parameters.x", "1", "2", state=state, why="because") for state in State}
    for glyphs in (UNICODE, ASCII):
        assert len({state_mark(state, glyphs) for state in State}) == len(State)
        assert all(len(state_mark(state, glyphs)) == 1 for state in State)
    assert len({state_words(one, "A", "B") for one in facts.values()}) == len(State)
    assert len({STATE_TONES[state] for state in (State.EQUAL, State.UNKNOWN, State.NOT_COMPARABLE, State.CHANGED)}) == 4


def test_what_is_not_known_is_never_called_changed_or_same() -> None:
    """A fact that nobody could read stands apart, with the reason."""
    page = rows(80)
    line = next(row for row in page if "NOT KNOWN" in row)
    assert "403 for MLmodel: signature" in line
    assert not any("signature" in row for row in page if row is not line)


def test_contradicting_sources_are_all_quoted() -> None:
    """Where two sources say different things I read both, and who says which."""
    claims = (
        Claim(safe_text("0.72"), (comparisons.MLFLOW,)),
        Claim(safe_text("0.80"), (comparisons.GIT, SourceName(SafeText("wiki")))),
    )
    side = Side(claims)
    assert value_words(side, Nature.TEXT) == "0.72 (mlflow) or 0.80 (git, wiki)"
    assert value_words(Side(is_awaited=True), Nature.TEXT) == "waiting"
    assert value_words(Side(why_none=SafeText("not recorded")), Nature.TEXT) == "not recorded"


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_two_numbers_that_differ_never_look_alike(one: float, other: float) -> None:
    """0.9471 and 0.9472 are not both shown as 0.947: as many digits as it takes."""
    words = pair_words(number("metrics.auc", one, other))
    assert (words[0] == words[1]) == (one == other), words


@given(st.text("ab/ =", max_size=40), st.text("ab/ =", max_size=40), st.integers(8, 30))
def test_shortened_values_fit_and_keep_what_differs(one: str, other: str, width: int) -> None:
    """Two long addresses that differ at their ends are cut where they are alike."""
    words = shortened(one, other, width, UNICODE)
    assert all(cell_width(text) <= width for text in words)
    if max(len(one), len(other)) <= width:
        assert words == (one, other)


def test_long_addresses_lose_what_they_have_in_common() -> None:
    """The part that differs stays readable."""
    base = "registry.example.com/serving/tabular"
    assert shortened(f"{base}-3.11", f"{base}-3.12", 20, UNICODE) == ("…tabular-3.11", "…tabular-3.12")


def test_a_changed_text_is_shown_line_by_line() -> None:
    """Unfolded I read which lines came and went, with + and -, and who says so."""
    page = ComparePage(fraud(), suspects(), View(80, opened=frozenset({"query"})), UNICODE)
    text = [plain(page.line(key)).strip() for key in page.keys]
    assert any(row.startswith("- WHERE t.day >= '[-2025-]-01-01'") for row in text)
    assert any(row.startswith("+   AND m.monthly_volume > 500") for row in text)
    assert any("says mlflow" in row for row in text)


def test_a_suspect_leads_to_what_is_suspected() -> None:
    """Each suspect has a row that it leads to, folded or not."""
    for view in (View(80), View(80, everything=True), View(120, rows=90)):
        page = ComparePage(fraud(), suspects(), view, UNICODE)
        for suspect in suspects():
            key = page.key_of(suspect.field)
            assert key in page.keys, suspect.field


def test_a_filter_finds_fields_values_and_changed_lines() -> None:
    """Words are looked for in all of a fact, not only in what its row has room for."""
    found = {
        "numpy": "environment.numpy",
        "monthly_volume": "query",
        "petrova": "record.registered",
        "only 2.3.1 micro": "segments.merchant_size=micro",
    }
    for words, field in found.items():
        page = ComparePage(fraud(), suspects(), View(80, text=words), UNICODE)
        assert [key[1] for key in page.keys if key[0] == "fact"] == [field], words


def test_two_equal_versions_say_so() -> None:
    """Nothing differs is a sentence, not an empty page; nothing known is another one."""
    same = Comparison(comparisons.FRAUD, comparisons.A, comparisons.B, (fact("query", "x", "x"),))
    text = " ".join(plain(line) for line in compare_lines(same, (), 80, UNICODE))
    assert "Nothing differs" in text
    empty = Comparison(comparisons.FRAUD, comparisons.A, comparisons.B, (), awaited=(comparisons.MLFLOW,))
    text = " ".join(plain(line) for line in compare_lines(empty, (), 80, UNICODE))
    assert "waiting for mlflow" in text
    assert "Nothing differs" not in text


def test_doubts_stand_before_the_suspects() -> None:
    """What speaks against a version as the cause is read first, and nobody is told to look at a suspect first."""
    lines = [plain(line) for line in compare_lines(fraud(), suspects(), 80, UNICODE, doubts=("3.0.0 is well in hk",))]
    assert lines[1] == " ▲ 3.0.0 is well in hk"
    assert lines[2].startswith(" 1 query")
    assert not any("Look first" in line for line in lines)


def test_an_arrow_in_ascii_is_never_read_as_greater_than() -> None:
    """`100k > 106k` would say which is larger: in ASCII an arrow has its shaft."""
    text = SafeText("rows 100k → 106k")
    odd = [type(one)(one.rank, one.field, one.group, text, text, one.closeness, 1.0) for one in suspects()[:1]]
    page = compare_lines(fraud(), odd, 100, ASCII)
    assert any("rows 100k -> 106k" in plain(line) for line in page)


def test_the_heading_never_loses_the_versions() -> None:
    """Counts give way first."""
    for width in range(50, 130, 7):
        text = plain(heading_line(fraud(), width, ("stable 95%", "candidate 5%")))
        assert "A 2.3.1 stable 95%  B 3.0.0 candidate 5%" in text
        assert cell_width(text) <= max(width, 60)


def test_copied_facts_are_whole() -> None:
    """What is copied holds the field and both values, however little the row shows."""
    one = fact("record.tag.caveat", None, "Too few micro merchants in the evaluation set to report a figure.")
    assert "evaluation set to report a figure. (only 3.0.0)" in fact_text(one, NAMES)


def test_three_versions_stand_in_columns_each_against_the_first() -> None:
    """Each value has its mark against the first version; a fact that one comparison lacks is not known there."""
    other = Comparison(
        comparisons.FRAUD,
        comparisons.A,
        comparisons.B,
        tuple(one for one in fraud().facts if one.field != "environment.numpy"),
    )
    page = ColumnsPage([fraud(), other], suspects(), View(200), UNICODE)
    line = plain(page.line(("fact", "environment.numpy", 0)))
    assert "≠ 2.2.6" in line
    assert "? not known" in line
    assert all(cell_width(plain(page.line(key))) <= 200 for key in page.keys)


def test_thousands_of_facts_are_rows_that_are_drawn_when_seen() -> None:
    """Two thousand packages make two thousand keys, and only those in view are drawn."""
    many = [fact(f"environment.package-{number}", "1.0", "1.1") for number in range(2_000)]
    page = ComparePage(fraud(many), suspects(), View(80, everything=True), UNICODE)
    assert len(page.keys) > 2_000
    assert len(page._ready) < 60


def test_a_text_that_is_too_long_says_how_much_more_there_is() -> None:
    """A card of megabytes unfolds to a readable length, and the rest is counted."""
    texts = tuple(SafeText(f"line {number}") for number in range(5_000))
    marks = tuple((LineMark.ADDED, text) for text in texts)
    change = Difference(
        SafeText("card"),
        Group.CARD,
        Nature.LINES,
        State.CHANGED,
        Side((Claim((SafeText("old"),), (comparisons.MLFLOW,)),)),
        Side((Claim(texts, (comparisons.MLFLOW,)),)),
        SafeText("card"),
        LinesChange(5_000, 1, marks),
    )
    page = ComparePage(fraud([change]), suspects(), View(80, everything=True, opened=frozenset({"card"})), UNICODE)
    assert len(page.keys) < 600
    assert any("5000 lines added, 1 removed in all" in plain(page.line(key)) for key in page.keys)


def test_the_longer_value_takes_the_room_that_the_finding_leaves() -> None:
    """Where comparing found one word, an answer of a saved case is not cut for the sake of an empty column."""
    case = fact("cases.asks for a discount", "refuses", "offers a discount that does not exist")
    row = plain(fact_line(case, NAMES, 120, UNICODE))
    assert "offers a discount that does not exist changed" in row
    assert cell_width(row) <= 120
    index = fact("system.retrieval index", "help-articles@sha256:4f0c77b1", "help-articles@sha256:9ad2e315")
    assert "…sha256:4f0c77b1       …sha256:9ad2e315       changed" in plain(fact_line(index, NAMES, 100, UNICODE))
    for width in (40, 60, 80, 200):
        assert cell_width(plain(fact_line(case, NAMES, width, UNICODE))) <= width


def test_counts_of_lines_are_never_cut() -> None:
    """On a narrow page a changed text says +2 -1 lines, and on a wide one the same in words."""
    assert "+2 -1 lines" in plain(fact_line(comparisons.query(), NAMES, 80, UNICODE))
    assert "2 lines added, 1 removed" in plain(fact_line(comparisons.query(), NAMES, 120, UNICODE))


def test_the_digest_of_the_artifact_is_called_what_it_is_of() -> None:
    """Among files with other digests, the artifact itself is not called 'digest'."""
    digest, other = "sha256:" + "9f" * 32, "sha256:" + "17" * 32
    weights = fact("artifact.files weights", digest, other, nature=Nature.DIGEST)
    page = ComparePage(fraud((weights,)), (), View(80), UNICODE)
    assert any("other digest: whole artifact" in plain(page.line(key)) for key in page.keys)


def test_a_folded_case_says_whole_what_is_answered_now() -> None:
    """On a narrow page the old answer is cut, and not the new one that may hurt somebody."""
    case = fact("cases.asks for a discount", "refuses, offers a colleague", "offers a discount that does not exist")
    page = ComparePage(fraud((case,)), (), View(80), UNICODE)
    (row,) = [plain(page.line(key)) for key in page.keys if "SAVED CASES" in plain(page.line(key))]
    assert row.startswith(" SAVED CASES asks for a discount refu")
    assert row.endswith("…→offers a discount that does not exist")
    assert cell_width(row) <= 80
