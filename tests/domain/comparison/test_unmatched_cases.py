"""Answers on saved cases are held against each other case by case, or not at all."""

from __future__ import annotations

from tests.domain.comparison.telling import compared, fact, states, told

from modeltui.domain.lineage import ABSENT
from modeltui.domain.text import safe_text

ONE = {safe_text("a refund abroad"): safe_text("review"), safe_text("a first card"): safe_text("approve")}
OTHER = {safe_text("case-17"): safe_text("approve")}


def test_versions_without_a_case_in_common_cannot_be_compared() -> None:
    """Other questions, or the same under other names: neither equal nor answered differently, and said once each."""
    comparison = compared(told(cases=ONE), told(cases=OTHER))
    assert states(comparison) == {
        "cases.a refund abroad": "not-comparable",
        "cases.a first card": "not-comparable",
        "cases.case-17": "not-comparable",
    }
    assert fact(comparison, "cases.case-17").why == "2.3.1 and 3.0.0 have no saved case in common."


def test_with_one_case_in_common_the_others_are_of_one_version() -> None:
    """Where cases can be matched, a case that only one version was asked is only of that version."""
    comparison = compared(told(cases=ONE), told(cases={**OTHER, safe_text("a first card"): safe_text("approve")}))
    assert states(comparison) == {
        "cases.a refund abroad": "only-a",
        "cases.a first card": "equal",
        "cases.case-17": "only-b",
    }


def test_a_version_without_any_case_has_none() -> None:
    """Where only one version has saved cases, they are only of that version."""
    assert set(states(compared(told(cases=ONE), told(cases=ABSENT))).values()) == {"only-a"}
