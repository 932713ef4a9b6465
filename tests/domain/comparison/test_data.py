"""Data snapshots: compared by name, part by part, and missing as a whole."""

from __future__ import annotations

from typing import Any

from tests.domain.comparison.telling import FORBIDDEN, MLFLOW, compared, fact, states, told, two

from modeltui.domain.comparison.difference import Nature, NumberChange, State
from modeltui.domain.lineage import ABSENT, DataSnapshot, Provenance
from modeltui.domain.names import NO_DATA, Instant
from modeltui.domain.text import SafeText


def _data(*snapshots: DataSnapshot) -> Provenance:
    return told(data_snapshots=snapshots)


def _set(name: str, **parts: Any) -> DataSnapshot:
    return DataSnapshot(SafeText(name), **parts)


def test_a_newer_snapshot_changes_its_parts() -> None:
    """A snapshot with another digest and more rows shows both, under its own name."""
    a = _data(_set("cards", digest="sha256:aa", rows=100, uri="s3://1"), _set("users", digest="sha256:cc"))
    b = _data(_set("users", digest="sha256:cc"), _set("cards", digest="sha256:bb", rows=110, uri="s3://1"))
    comparison = compared(a, b)
    assert states(comparison) == {
        "data.cards.digest": "changed",
        "data.cards.rows": "changed",
        "data.cards.uri": "equal",
        "data.users.digest": "equal",
    }
    rows = fact(comparison, "data.cards.rows")
    assert isinstance(rows.detail, NumberChange)
    assert (rows.detail.delta, rows.detail.fraction, rows.detail.unit) == (10.0, 0.1, "rows")
    assert rows.title == "cards rows"


def test_a_snapshot_that_is_new_is_one_difference() -> None:
    """A data set that joined is one line with what is known of it, not one for each of its parts."""
    comparison = compared(
        _data(_set("cards", rows=1)), _data(_set("cards", rows=1), _set("users", digest="md5:a", rows=5))
    )
    assert states(comparison) == {"data.users": "only-b", "data.cards.rows": "equal"}
    assert fact(comparison, "data.users").b.value == "5 rows, md5:a"


def test_data_that_could_not_be_read_is_one_unknown() -> None:
    """Three data sets against a registry that could not be asked are one unknown line."""
    snapshots = [_set(name, rows=1) for name in ("a", "b", "c")]
    comparison = compared(_data(*snapshots), told(data_snapshots=FORBIDDEN))
    assert states(comparison) == {"data": "unknown"}
    assert fact(comparison, "data").a.value == "3 told"


def test_data_of_which_only_the_name_is_known_is_not_the_same_data() -> None:
    """Two versions trained on something of one name, with nothing told of it, are unknown, not equal."""
    comparison = compared(_data(_set("cards")), _data(_set("cards")))
    assert states(comparison) == {"data.cards.digest": "unknown"}


def test_two_nightly_snapshots_are_two() -> None:
    """A snapshot that is named by its moment, and another of the next month, are not the same data."""
    a, b = (_data(_set("cards", digest=SafeText(f"2026-0{month}-15T0{month}:00:00Z"))) for month in (1, 2))
    assert states(compared(a, b)) == {"data.cards.digest": "changed"}
    assert states(compared(a, a)) == {"data.cards.digest": "equal"}


def test_a_digest_that_one_side_does_not_name_is_unknown() -> None:
    """A registry that noted the rows and no digest has not lost the digest."""
    comparison = compared(_data(_set("cards", digest="sha256:aa", rows=1)), _data(_set("cards", rows=1)))
    assert states(comparison) == {"data.cards.digest": "unknown", "data.cards.rows": "equal"}
    assert fact(comparison, "data.cards.digest").why == "3.0.0: mlflow: not named."


def test_one_name_for_training_and_test_is_told_apart_by_use() -> None:
    """A data set that is listed twice is compared use by use, whatever the order of the list."""
    a = _data(_set("cards", used_for="training", rows=10), _set("cards", used_for="test", rows=1))
    b = _data(_set("cards", used_for="test", rows=1), _set("cards", used_for="training", rows=20))
    assert states(compared(a, b)) == {"data.cards (training).rows": "changed", "data.cards (test).rows": "equal"}


def test_two_of_one_name_and_use_are_both_compared() -> None:
    """Two batches of one name do not hide each other."""
    a = _data(_set("cards", uri="s3://1", rows=1), _set("cards", uri="s3://2", rows=2))
    b = _data(_set("cards", uri="s3://1", rows=1))
    assert states(compared(a, b))["data.cards 2"] == "only-a"


def test_the_use_of_a_snapshot_may_change() -> None:
    """A data set that was for testing and is for training now is a difference."""
    a, b = _data(_set("cards", used_for="test")), _data(_set("cards", used_for="training"))
    assert states(compared(a, b)) == {"data.cards.used_for": "changed"}


def test_spans_are_compared_as_far_as_they_are_known() -> None:
    """A span whose end one side does not say is unknown, unless its beginning has moved."""
    day = 86_400.0
    whole = _data(_set("cards", begins_at=Instant(0.0), ends_at=Instant(365 * day)))
    open_ended = _data(_set("cards", begins_at=Instant(0.0)))
    later = _data(_set("cards", begins_at=Instant(31 * day)))
    found = fact(compared(whole, open_ended), "data.cards.span")
    assert (found.state, found.a.value, found.b.value) == (
        State.UNKNOWN,
        "1970-01-01 to 1971-01-01",
        "from 1970-01-01",
    )
    assert found.why == "The spans are not known whole."
    assert states(compared(whole, later)) == {"data.cards.span": "changed"}
    assert states(compared(whole, whole)) == {"data.cards.span": "equal"}


def test_when_a_snapshot_was_taken_is_a_moment() -> None:
    """A snapshot taken a day later shows how much fresher it is."""
    a, b = (_data(_set("cards", taken_at=Instant(at))) for at in (1.7e9, 1.7e9 + 86_400))
    found = fact(compared(a, b), "data.cards.taken")
    assert found.nature is Nature.MOMENT
    assert isinstance(found.detail, NumberChange)
    assert (found.detail.delta, found.detail.fraction, found.detail.unit) == (86_400.0, NO_DATA, "seconds")
    second = _data(_set("cards", taken_at=Instant(1.7e9 + 1)))
    assert fact(compared(a, second), "data.cards.taken").state is State.CHANGED


def test_several_sources_complete_one_snapshot() -> None:
    """One source knows the digest and another the rows: both are compared, neither contradicts the other."""
    a = two(_data(_set("cards", digest="sha256:aa")), _data(_set("cards", rows=10)))
    b = two(_data(_set("cards", digest="sha256:bb")), _data(_set("cards", rows=10)))
    assert states(compared(a, b)) == {"data.cards.digest": "changed", "data.cards.rows": "equal"}


def test_a_snapshot_that_one_source_lost_and_another_has_is_a_contradiction() -> None:
    """When one registry no longer lists a data set and another does, the operator sees who says what."""
    a = two(_data(_set("cards", rows=1)), _data(_set("cards", rows=1)))
    b = two(told(data_snapshots=ABSENT), _data(_set("cards", rows=1)))
    found = fact(compared(a, b), "data.cards")
    assert found.state is State.NOT_COMPARABLE
    assert found.why.startswith("Of 2.3.1 ")
    assert f"{MLFLOW} lists none" in found.why


def test_a_number_that_counts_nothing_there_is_breaks_nothing() -> None:
    """Rows beyond any table are not known, and neither drawn nor compared."""
    a, b = (_data(_set("cards", rows=rows, uri="s3://1")) for rows in (10**5_000, 10))
    assert states(compared(a, b)) == {"data.cards.rows": "unknown", "data.cards.uri": "equal"}
    assert fact(compared(a, told(data_snapshots=ABSENT)), "data.cards").a.value == "s3://1"
