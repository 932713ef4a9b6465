"""What changed between two versions, in lines for people: on the screen, on the command line and in reports."""

from __future__ import annotations

from collections.abc import Sequence

from modeltui.domain.comparison.difference import Comparison
from modeltui.domain.suspects.suspect import Suspect
from modeltui.present.cells import cell_width
from modeltui.present.compare_fact import fact_text, is_whole, log_lines, unfolded_lines
from modeltui.present.compare_packed import GROUP_WORDS, Names
from modeltui.present.compare_page import PAGE_ROWS, ComparePage, RowKey, View
from modeltui.present.compare_summary import asides, count_words, suspect_lines, top_line, version_note
from modeltui.present.compare_values import (
    claim_words,
    detail_spans,
    pair_words,
    state_mark,
    state_words,
    value_words,
)
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

__all__ = [
    "GROUP_WORDS",
    "PAGE_ROWS",
    "ComparePage",
    "Names",
    "RowKey",
    "View",
    "asides",
    "claim_words",
    "compare_lines",
    "count_words",
    "detail_spans",
    "fact_text",
    "heading_line",
    "log_lines",
    "pair_words",
    "state_mark",
    "state_words",
    "suspect_lines",
    "top_line",
    "unfolded_lines",
    "value_words",
    "version_note",
]


def compare_lines(
    comparison: Comparison,
    suspects: Sequence[Suspect],
    width: int,
    glyphs: Glyphs,
    *,
    everything: bool = False,
    folded: bool = True,
    doubts: Sequence[str] = (),
) -> list[Line]:
    """Return a whole comparison in lines of at most `width` cells, the likely cause first.

    `folded`: the differences of a group in few rows, as many as fit a page of 24 rows, with how many more there are;
    otherwise each fact has a row, and all of its text below it where that is longer. `everything`: equal facts too.
    `doubts`: what speaks against a change of version as the cause of what is wrong.
    """
    opened: frozenset[str] = frozenset()
    if not folded:
        opened = frozenset(
            ["suspects", *(fact.field for fact in comparison.differences if not is_whole(fact, comparison, width))]
        )
    page = ComparePage(
        comparison,
        suspects,
        View(width, PAGE_ROWS, everything, folded, opened, has_keys=False),
        glyphs,
        asides(comparison, doubts),
    )
    return [heading_line(comparison, width), *(page.line(key) for key in page.keys)]


def heading_line(comparison: Comparison, width: int, notes: tuple[str, str] = ("", "")) -> Line:
    """Return what is compared, and how much differs; `notes` say what each version is here (`stable`)."""
    a, b = (f" {note}" if note else "" for note in notes)
    spans = [
        Span(f" {comparison.model}  ", Tone.STRONG),
        Span("A ", Tone.MUTED),
        Span(str(comparison.a), Tone.STRONG),
        Span(a),
        Span("  B ", Tone.MUTED),
        Span(str(comparison.b), Tone.STRONG),
        Span(b),
    ]
    left = width - sum(cell_width(span.text) for span in spans) - 2
    counts = count_words(comparison, left)
    return (*spans, Span(f"  {counts}", Tone.MUTED)) if len(counts) <= left else tuple(spans)
