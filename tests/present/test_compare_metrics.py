"""Metrics and segments in a comparison: which metric, which way is better."""

from __future__ import annotations

import pytest
from tests.present.comparisons import fraud, number, query

from modeltui.domain.comparison.difference import Comparison, Difference, Effect, NumberChange
from modeltui.domain.names import NO_DATA
from modeltui.domain.text import SafeText
from modeltui.present.cells import cell_width
from modeltui.present.compare_columns import ColumnsPage
from modeltui.present.compare_fact import unfolded_lines
from modeltui.present.compare_page import ComparePage, View
from modeltui.present.glyphs import UNICODE
from modeltui.present.span import plain

WORSE = number("segments.auc/region=hk", 0.9, 0.8, Effect.WORSE)
BETTER = number("segments.auc/region=eu", 0.9, 0.95, Effect.BETTER)
LOSS = number("segments.loss/region=eu", 0.1, 0.2, Effect.WORSE)


def compared(*facts: Difference) -> Comparison:
    """Return a comparison of these facts alone."""
    whole = fraud()
    return Comparison(whole.model, whole.a, whole.b, facts)


def rows(comparison: Comparison, width: int = 80, count: int = 4) -> list[str]:
    """Return a folded page of few rows."""
    page = ComparePage(comparison, (), View(width, count), UNICODE)
    lines = [plain(page.line(key)) for key in page.keys]
    assert all(cell_width(line) <= width for line in lines)
    return lines


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_metric_of_all_segments_is_said_once(width: int) -> None:
    """On the row of the segments I read the metric once, the worst segment first, and what is better after it."""
    row = next(line for line in rows(compared(BETTER, WORSE, number("parameters.n", 1, 2)), width, 3) if "SEGM" in line)
    assert row.startswith(" SEGMENTS    auc: worse: region=hk 0.9→0.8")
    assert "better: region=eu" in row or "+1 more" in row


def test_segments_of_several_metrics_name_each() -> None:
    """Where segments belong to several metrics, each says to which."""
    row = next(line for line in rows(compared(WORSE, LOSS, number("parameters.n", 1, 2)), 120, 3) if "SEGM" in line)
    assert "auc/region=hk" in row
    assert "loss/region=eu" in row


def test_tables_of_segments_name_the_metric_in_their_heading() -> None:
    """Unfolded, and in columns, the heading says of which metric the segments are."""
    page = ComparePage(compared(WORSE, BETTER), (), View(80, folded=False), UNICODE)
    assert any(plain(page.line(key)).startswith(" SEGMENTS, AUC") for key in page.keys)
    assert any(plain(page.line(key)).startswith(" ≠ region=hk") for key in page.keys)
    assert page.key_of("segments.auc/region=hk") is not None
    both = (compared(WORSE, BETTER), compared(BETTER))
    columns = ColumnsPage(both, (), View(160), UNICODE)
    assert any(plain(columns.line(key)).startswith(" SEGMENTS, AUC") for key in columns.keys)


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (WORSE, "more is better"),
        (LOSS, "less is better"),
        (number("metrics.refusals", 0.1, 0.2), "nobody has said whether more is better; evaluation in the"),
    ],
)
def test_an_unfolded_metric_says_which_way_is_better(fact: Difference, words: str) -> None:
    """I am told which way is better, or that nobody has said it and where to say it."""
    assert any(words in plain(line) for line in unfolded_lines(fact, compared(fact), 100, UNICODE))


def test_an_unfolded_metric_says_its_unit() -> None:
    """A latency says what it is counted in; a parameter has neither direction nor unit."""
    change = NumberChange(0.1, NO_DATA, Effect.WORSE, SafeText("seconds"))
    slow = Difference(
        *(LOSS.field, LOSS.group, LOSS.nature, LOSS.state, LOSS.a, LOSS.b, LOSS.title),
        detail=change,
    )
    assert any("less is better, in seconds" in plain(line) for line in unfolded_lines(slow, compared(), 100, UNICODE))
    other = number("parameters.depth", 3, 4)
    assert not any("better" in plain(line) for line in unfolded_lines(other, compared(), 100, UNICODE))


def test_what_nobody_judges_is_not_read_as_worse() -> None:
    """A metric without a direction that stands behind a worse one says that it is not judged."""
    refusals = number("metrics.refusals", 0.03, 0.02)
    grounded = number("metrics.grounded", 0.95, 0.94, Effect.WORSE)
    row = next(
        line for line in rows(compared(refusals, grounded, number("parameters.n", 1, 2)), 100, 3) if "METR" in line
    )
    assert "worse: grounded 0.95→0.94  not judged: refusals 0.03→0.02" in row


def test_columns_say_what_got_worse() -> None:
    """With three versions side by side each score says better or worse, and a changed text how many lines."""
    both = (compared(WORSE, query()), compared(BETTER, WORSE))
    page = ColumnsPage(both, (), View(160), UNICODE)
    text = [plain(page.line(key)) for key in page.keys]
    assert next(line for line in text if line.startswith(" region=hk")).split()[1:] == [
        "0.9",
        "≠",
        "0.8",
        "worse",
        "≠",
        "0.8",
        "worse",
    ]
    assert "≠ 0.95 better" in next(line for line in text if line.startswith(" region=eu"))
    assert "≠ 4 lines (+2 -1 lines)" in next(line for line in text if line.startswith(" query"))
    assert all(cell_width(line) <= 160 for line in text)
