"""Shares: in order, adding up, compared and blended."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.domain.situations import PLACE, VERSIONS, weights

from modeltui.domain.acting.action import Desired
from modeltui.domain.acting.desired import (
    blend,
    desired_of,
    is_as_desired,
    percent_text,
    share_of,
    weights_of,
    weights_text,
)
from modeltui.domain.names import UNKNOWN
from modeltui.testing.worlds import rollout, version_id

_shares = st.dictionaries(st.sampled_from(VERSIONS).map(version_id), st.floats(allow_nan=True, allow_infinity=True))


@given(_shares)
def test_shares_are_a_whole_or_nothing(shares: dict) -> None:  # type: ignore[type-arg]
    """Whatever a backend says of its weights, what comes of them adds up to one, or is nothing."""
    found = weights_of(shares)
    assert not found or abs(sum(share for _, share in found) - 1.0) < 1e-9
    assert all(0.0 < share <= 1.0 for _, share in found)
    assert list(found) == sorted(found, key=lambda pair: (-pair[1], pair[0]))
    assert weights_of(dict(found)) == found


@given(st.sampled_from(VERSIONS).map(version_id), st.floats(0.001, 1.0), st.floats(0.01, 0.99))
def test_a_blend_gives_the_version_its_share(version: str, share: float, before: float) -> None:
    """A step of a slow reversion gives the version what it should, and leaves nobody without an answer."""
    found = blend(weights(v2_3_1=before, v3_0_0=1.0 - before), version_id(version), share)
    assert abs(sum(amount for _, amount in found) - 1.0) < 1e-9
    assert abs(share_of(found, version_id(version)) - share) < 1e-5


def test_as_desired_is_about_names_and_shares() -> None:
    """A target is as desired when stable, candidate and, where it names shares, the shares are."""
    told = rollout(PLACE, "2.3.1", "3.0.0", 0.05)
    wanted = Desired(weights(v2_3_1=0.95, v3_0_0=0.05), version_id("2.3.1"), version_id("3.0.0"))
    assert is_as_desired(told, wanted)
    assert desired_of(told) == wanted
    assert not is_as_desired(rollout(PLACE, "2.3.1", "3.0.0", 0.06), wanted)
    assert not is_as_desired(rollout(PLACE, "2.3.1"), wanted)
    assert not is_as_desired(UNKNOWN, wanted)
    alone = Desired(weights(v2_3_1=1.0), version_id("2.3.1"), version_id("2.3.1"))
    assert is_as_desired(rollout(PLACE, "2.3.1"), alone)  # a candidate that is the stable version is none


def test_shares_read_as_people_write_them() -> None:
    """Shares in sentences are percentages without needless digits."""
    assert [percent_text(share) for share in (0.0, 0.00001, 0.001, 0.05, 0.3333333, 1.0)] == [
        "0 %",
        "less than 0.01 %",
        "0.1 %",
        "5 %",
        "33.33 %",
        "100 %",
    ]
    assert weights_text(weights(v2_3_1=0.95, v3_0_0=0.05)) == "95 % 2.3.1, 5 % 3.0.0"
