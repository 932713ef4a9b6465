"""Rows are written by scripts and by hand: anything may stand in them."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from modeltui.adapters._documents.metadata import KEYS, Teller
from modeltui.adapters.sql_registry.facts import facts_told
from modeltui.domain.lineage import FIELDS, Known, Provenance
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText
from modeltui.testing.registry_contract import check_provenance
from tests.examples import examples

TELLER = Teller(SourceName(SafeText("registry")), Instant(1.0), "facts")
VALUES = (
    st.text(max_size=30) | st.floats().map(repr) | st.dictionaries(st.text(max_size=5), st.integers()).map(json.dumps)
)
WRITTEN = st.sampled_from([*FIELDS, *(name for names in KEYS.values() for name in names)]) | st.text(max_size=10)
ROWS = st.lists(st.tuples(WRITTEN, st.text(max_size=10), VALUES), max_size=20)


def told(rows: list[tuple[str, str, str]]) -> Provenance:
    """What the table `facts` says with these rows."""
    return facts_told(rows, TELLER)


@given(ROWS)
@settings(max_examples=examples(200))
def test_any_rows_have_a_provenance(rows: list[tuple[str, str, str]]) -> None:
    """Whatever stands in field, name and value, every field is a fact with safe text; nothing raises."""
    check_provenance("any", told(rows))


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=examples(60))
def test_the_order_of_rows_says_nothing(rows: list[tuple[str, str, str]], random: object) -> None:
    """A database gives rows in any order: what is known of them is the same."""
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = told(rows), told(shuffled)
    for name in FIELDS:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert type(mine) is type(theirs), name
        if isinstance(mine, Known):
            assert repr(_sorted(mine.value)) == repr(_sorted(theirs.value)), name


def _sorted(value: object) -> object:
    return (
        sorted(map(repr, value.items() if isinstance(value, dict) else value))
        if isinstance(value, dict | tuple)
        else value
    )
