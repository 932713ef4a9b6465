"""The synthetic journal of the bench is one: else its figures would say nothing."""

from __future__ import annotations

from tests.bench.journal import check


def test_the_synthetic_journal_is_one_that_the_program_would_have_written() -> None:
    """What the bench verifies and asks is a whole chain of records, line by line as the program writes them."""
    check()
