"""Line diffs: right, short, the same both ways, and never slow, whatever the two texts are."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.domain.comparison.telling import compared, fact, states, told
from tests.examples import examples

from modeltui.domain.comparison.difference import LineMark, LinesChange
from modeltui.domain.comparison.text_change import MOST_SHOWN, lines_change
from modeltui.domain.text import SafeText, safe_lines, safe_text

_texts = st.lists(st.sampled_from("abcdefgh").map(SafeText), max_size=40).map(tuple)


def _lines(text: str) -> tuple[SafeText, ...]:
    return tuple(SafeText(line) for line in text.split())


def _shown(change: LinesChange) -> list[str]:
    return [f"{mark}{line}" for mark, line in change.lines]


def test_a_query_shows_what_went_and_what_came() -> None:
    """An operator reads one removed and two added lines of a query, with what stands around them."""
    a = safe_lines("SELECT *\nFROM t\nJOIN m\nWHERE at >= '2025'")
    b = safe_lines("SELECT *\nFROM t\nJOIN m\nWHERE at >= '2024'\n  AND volume > 500")
    detail = fact(compared(told(extraction_query=a), told(extraction_query=b)), "query").detail
    assert isinstance(detail, LinesChange)
    assert (detail.added, detail.removed) == (2, 1)
    assert _shown(detail) == [
        " SELECT *",
        " FROM t",
        " JOIN m",
        "-WHERE at >= '2025'",
        "+WHERE at >= '2024'",
        "+  AND volume > 500",
    ]


def test_equal_lines_far_from_a_change_are_counted() -> None:
    """Of a long equal part only three lines beside the change are shown, and how many were left out."""
    a = tuple(SafeText(str(number)) for number in range(20))
    b = (*a[:10], SafeText("new"), *a[11:])
    assert _shown(lines_change(a, b)) == ["~7", " 7", " 8", " 9", "-10", "+new", " 11", " 12", " 13", "~6"]


def test_a_moved_block_is_found_by_its_single_lines() -> None:
    """Repeated lines do not mislead: lines that occur once hold the rest in place."""
    change = lines_change(_lines("} one } two } three }"), _lines("} two } three } one }"))
    assert change.added == change.removed == 2


@settings(deadline=None, max_examples=examples(200))
@given(_texts, _texts)
def test_a_diff_applied_to_the_one_text_gives_the_other(a: tuple[SafeText, ...], b: tuple[SafeText, ...]) -> None:
    """Nothing is lost or invented: the lines of a diff are the lines of both texts."""
    change = lines_change(a, b)
    assert change.added == sum(mark is LineMark.ADDED for mark, _ in change.lines)
    assert change.removed == sum(mark is LineMark.REMOVED for mark, _ in change.lines)
    assert _side(change, a, LineMark.REMOVED) == a
    assert _side(change, b, LineMark.ADDED) == b


def _side(change: LinesChange, text: tuple[SafeText, ...], mine: LineMark) -> tuple[SafeText, ...]:
    built: list[SafeText] = []
    for mark, line in change.lines:
        if mark is LineMark.SKIPPED:
            built += text[len(built) : len(built) + int(line)]
        elif mark in (LineMark.SAME, mine):
            built.append(line)
    return tuple(built)


@settings(deadline=None, max_examples=examples(200))
@given(_texts, _texts)
def test_a_diff_the_other_way_round_is_its_mirror(a: tuple[SafeText, ...], b: tuple[SafeText, ...]) -> None:
    """What was added is removed and the other way round, and the same lines stay."""
    there, back = lines_change(a, b), lines_change(b, a)
    kept = [line for mark, line in there.lines if mark in (LineMark.SAME, LineMark.SKIPPED)]
    assert kept == [line for mark, line in back.lines if mark in (LineMark.SAME, LineMark.SKIPPED)]
    for mark, other in ((LineMark.ADDED, LineMark.REMOVED), (LineMark.REMOVED, LineMark.ADDED)):
        assert [line for one, line in there.lines if one is mark] == [line for one, line in back.lines if one is other]


@settings(deadline=None, max_examples=examples(60))
@given(_texts)
def test_a_short_text_has_the_shortest_diff(a: tuple[SafeText, ...]) -> None:
    """Taking one line out of a text removes one line and adds none."""
    if a:
        change = lines_change(a, a[1:])
        assert (change.added, change.removed) == (0, 1)


def test_a_large_text_is_cut_and_counted_whole() -> None:
    """Of a hundred thousand changes as many are shown as anybody reads, of both sides, and all are counted."""
    a = tuple(SafeText(f"a{number}") for number in range(20_000))
    b = tuple(SafeText(f"b{number}") for number in range(30_000))
    change = lines_change(a, b)
    assert (change.added, change.removed, change.is_cut) == (30_000, 20_000, True)
    assert len(change.lines) <= MOST_SHOWN + 8
    marks = {mark for mark, _ in change.lines}
    assert marks == {LineMark.ADDED, LineMark.REMOVED}


def test_texts_that_would_take_a_square_of_their_length_are_replaced_as_a_whole() -> None:
    """Two long texts of the same few lines are not compared cell by cell."""
    random = Random(5)
    a, b = (tuple(SafeText(random.choice("abcdefgh")) for _ in range(20_000)) for _ in range(2))
    change = lines_change(a, b)
    assert change.is_cut
    assert change.added == change.removed > 19_900


def test_one_change_in_a_long_text_stays_one_change() -> None:
    """A long card in which one line changed shows that line."""
    a = tuple(SafeText(f"line {number}") for number in range(20_000))
    b = (*a[:7_000], SafeText("changed"), *a[7_001:])
    change = lines_change(a, b)
    assert (change.added, change.removed, change.is_cut) == (1, 1, False)
    assert len(change.lines) == 10


def test_blanks_at_the_ends_of_lines_are_no_change() -> None:
    """A card that was stored with other line ends is the same card."""
    a, b = told(model_card=("# card", "text ", "")), told(model_card=("# card", "text"))
    assert states(compared(a, b)) == {"card": "equal"}


def test_a_blank_in_a_prompt_is_part_of_it() -> None:
    """A model reads “Answer: ” otherwise than “Answer:”; empty lines at the end are only how a file ends."""
    a, b, file = (safe_text(f"Question: {{q}}\nAnswer:{end}") for end in ("", " ", "\n\n"))
    assert states(compared(told(prompts={"ask": a}), told(prompts={"ask": b}))) == {"prompts.ask": "changed"}
    assert states(compared(told(prompts={"ask": a}), told(prompts={"ask": file}))) == {"prompts.ask": "equal"}


def test_a_prompt_of_many_lines_is_compared_line_by_line() -> None:
    """Line ends that became visible signs where the prompt came in are line ends again."""
    a, b = safe_text("Be brief.\nAnswer in English."), safe_text("Be brief.\r\nAnswer in Cantonese.")
    detail = fact(compared(told(prompts={"system": a}), told(prompts={"system": b})), "prompts.system").detail
    assert isinstance(detail, LinesChange)
    assert _shown(detail) == [" Be brief.", "-Answer in English.", "+Answer in Cantonese."]


def test_lines_that_all_occur_twice_are_still_held_together() -> None:
    """Without a single line to hold on to, a short text is compared exactly."""
    change = lines_change(_lines("a b a b a b"), _lines("b a b a b a"))
    assert (change.added, change.removed) == (1, 1)


def test_what_follows_the_last_single_line_is_compared_too() -> None:
    """Repeated lines behind the last line that occurs once are held together as well."""
    change = lines_change(_lines("p u a b a b"), _lines("q u b a b a"))
    assert (change.added, change.removed) == (2, 2)
    change = lines_change(_lines("a b a b u p"), _lines("b a b a u q"))
    assert (change.added, change.removed) == (2, 2)


def test_changes_all_over_a_long_text_are_found_one_by_one() -> None:
    """In a text of thousands of lines where each seventh changed, the other six stay."""
    a = tuple(SafeText(f"line {number}") for number in range(7_000))
    b = tuple(SafeText(f"{line}!") if number % 7 == 3 else line for number, line in enumerate(a))
    change = lines_change(a, b)
    assert (change.added, change.removed) == (1_000, 1_000)


def test_an_answer_that_became_longer_is_compared_line_by_line() -> None:
    """A saved case that was answered in one line and now in two shows the second, from either side."""
    one, other = told(cases={"c": safe_text("yes")}), told(cases={"c": safe_text("yes\nbut")})
    for a, b in ((one, other), (other, one)):
        found = fact(compared(a, b), "cases.c")
        assert isinstance(found.detail, LinesChange)
        assert found.detail.added + found.detail.removed == 1
