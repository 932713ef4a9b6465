"""Versions are put in order as people read them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.names import UNKNOWN
from modeltui.domain.version import newest, version_order
from modeltui.testing.worlds import version_id

IN_ORDER = [
    ["9", "10"],
    ["1", "2", "3", "20", "100"],
    ["1.9", "1.10"],
    ["1.1", "1.10"],
    ["2.0.0-rc1", "2.0.0-rc2", "2.0.0-rc10", "2.0.0"],
    ["2.0.0-alpha", "2.0.0-beta", "2.0.0-rc.1", "2.0.0", "2.0.1"],
    ["1.0", "1.0.1"],
    ["v9", "v10"],
    ["2026-01-09", "2026-01-10", "2026-02-01"],
    ["999999999999999999", "1000000000000000000", "1000000000000000001"],
]


@pytest.mark.parametrize("ordered", IN_ORDER, ids=lambda ordered: ordered[-1])
def test_versions_sort_as_people_read_them(ordered: list[str]) -> None:
    """9 comes before 10, 1.9 before 1.10, and a release candidate before its release."""
    shuffled = [version_id(text) for text in ordered]
    random.Random(7).shuffle(shuffled)
    assert sorted(shuffled, key=version_order) == ordered
    assert newest(shuffled) == ordered[-1]


def test_the_newest_of_none_is_unknown() -> None:
    """A model without versions has no newest one."""
    assert newest([]) is UNKNOWN


@given(st.lists(st.text(max_size=12), max_size=6))
def test_any_names_can_be_put_in_order(names: list[str]) -> None:
    """Versions named by hash, by date or by joke never stop the screen, and always come in the same order."""
    versions = [version_id(name) for name in names]
    backwards = versions[::-1]
    forwards = [version_order(version) for version in sorted(versions, key=version_order)]
    assert forwards == [version_order(version) for version in sorted(backwards, key=version_order)]
