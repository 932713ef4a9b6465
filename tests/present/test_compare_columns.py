"""Three versions side by side: which two the suspects are of, and what speaks against them."""

from __future__ import annotations

from dataclasses import replace

from tests.present.comparisons import fraud, suspects

from modeltui.domain.names import VersionId
from modeltui.domain.text import safe_text
from modeltui.present.compare_columns import ColumnsPage
from modeltui.present.compare_text import View
from modeltui.present.glyphs import UNICODE
from modeltui.present.span import Span, plain
from modeltui.present.tone import Tone


def rows(*asides: Span) -> list[str]:
    other = replace(fraud(), b=VersionId(safe_text("9.9.9")))
    page = ColumnsPage([fraud(), other], suspects(), View(200), UNICODE, asides)
    return [plain(page.line(key)).strip() for key in page.keys]


def test_the_suspects_say_which_two_versions_they_are_of() -> None:
    """With three versions beside each other I read that the suspects compare the first two."""
    told = rows()
    assert told[0] == f"what {fraud().b} changed against {fraud().a}:"
    assert "Look first at" in told[1]


def test_what_speaks_against_a_change_comes_first_beside_three_versions_too() -> None:
    """A version that is well elsewhere: that is said first, and nobody is told to look at a change first."""
    told = rows(Span("3 is well in prod-cn", Tone.WARN))
    assert "3 is well in prod-cn" in told[0]
    assert not any("Look first at" in row for row in told)
    unknown = rows(Span("query of 3 is not recorded: it may have changed", Tone.UNKNOWN))
    assert "Look first at" in unknown[1]
    assert any("query of 3 is not recorded" in row for row in unknown[2:])
