"""Few hashes prove much: that a record is in the journal, and that today's journal begins with yesterday's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.identity import Actor
from modeltui.domain.journal.chain import Checkpoint, checkpoint_from_text
from modeltui.domain.journal.merkle import (
    EMPTY_ROOT,
    EMPTY_TREE,
    consistency_proof,
    includes,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    merkle_root,
    node_hash,
    root_of_lines,
)
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.journal.record_line import GENESIS, instant_of, instant_text, line_hash, parse_line, record_line
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText

CHECKPOINT = Checkpoint(
    SafeText("0c0ffee0-0000-4000-8000-000000000000"),
    42,
    bytes(range(32)),
    SafeText("ab" * 32),
    Instant(1_768_478_400.5),
)


def leaves_of(size: int) -> list[bytes]:
    """Return the hashes of so many different lines."""
    return [leaf_hash(str(number).encode()) for number in range(size)]


def defined_root(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 9162 defines it."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(defined_root(leaves[:split]), defined_root(leaves[split:]))


def test_the_root_is_the_one_of_the_standard() -> None:
    """Anybody with another implementation of the standard comes to the same hash."""
    assert merkle_root([]) == EMPTY_TREE.root() == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for size in range(1, 70):
        assert merkle_root(leaves_of(size)) == defined_root(leaves_of(size))
    assert root_of_lines(str(number).encode() for number in range(13)) == defined_root(leaves_of(13))


@given(st.integers(1, 200), st.data())
def test_one_record_is_proved_without_the_others(size: int, data: st.DataObject) -> None:
    """A proof of a few hashes shows that a record is in the journal, at its place, and nothing else passes for it."""
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    root, proof = merkle_root(leaves), inclusion_proof(leaves, index)
    assert len(proof) <= 8
    assert includes(leaves[index], index, size, proof, root)
    assert not includes(leaf_hash(b"another"), index, size, proof, root)
    assert not includes(leaves[index], index, size, (*proof, root), root)
    assert not includes(leaves[index], (index + 1) % (size + 1), size, proof, root) or size == 1
    if proof:
        assert not includes(leaves[index], index, size, proof[:-1], root)


@given(st.integers(1, 200), st.data())
def test_todays_journal_begins_with_yesterdays(size: int, data: st.DataObject) -> None:
    """A proof shows that nothing before the last checkpoint was changed; with one change before it there is none."""
    leaves = leaves_of(size)
    earlier = data.draw(st.integers(1, size))
    before, root = merkle_root(leaves[:earlier]), merkle_root(leaves)
    proof = consistency_proof(leaves, earlier)
    assert is_consistent(earlier, before, size, root, proof)
    changed = [*leaves]
    changed[data.draw(st.integers(0, earlier - 1))] = leaf_hash(b"another")
    assert not is_consistent(earlier, before, size, merkle_root(changed), consistency_proof(changed, earlier))
    assert not is_consistent(earlier, root if earlier < size else EMPTY_ROOT, size, root, proof)


@pytest.mark.parametrize("place", [-1, 5, 6])
def test_what_is_not_there_has_no_proof(place: int) -> None:
    """Nobody gets a proof of a record that does not exist."""
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(leaves_of(5), place)
    with pytest.raises(ValueError, match="no tree"):
        consistency_proof(leaves_of(4), place)


def test_a_checkpoint_is_five_lines_that_read_back() -> None:
    """A checkpoint can be pasted into a ticket: five lines, and from them the same checkpoint again."""
    text = CHECKPOINT.text()
    assert text.splitlines() == [
        "modeltui/0c0ffee0-0000-4000-8000-000000000000",
        "42",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "head " + "ab" * 32,
        "ts 2026-01-15T12:00:00.500Z",
    ]
    assert checkpoint_from_text(text) == CHECKPOINT


@pytest.mark.parametrize(
    "change",
    [
        ("42", "042"),
        ("42", "-1"),
        ("modeltui/", "other/"),
        ("Hh8=", "Hh9="),
        ("head ", ""),
        ("Z\n", "\n"),
        ("\n42", "\n42\n"),
    ],
)
def test_anything_else_is_no_checkpoint(change: tuple[str, str]) -> None:
    """A text that differs in one sign is no checkpoint, or another one; never this one written otherwise."""
    with pytest.raises(ValueError, match=r"checkpoint|root|time"):
        checkpoint_from_text(CHECKPOINT.text().replace(*change))


def test_a_record_holds_no_number_that_others_read_otherwise() -> None:
    """A float or a huge number in a record is a mistake that shows when it is written, not when it is verified."""
    plain = Entry(RecordKind.ACTION_STEP, Instant(0.0), Actor(SafeText("alice")), SafeText("prod"))
    for wrong in (0.05, 2**60, float("nan"), b"bytes"):
        with pytest.raises(ValueError, match="share"):
            record_line(replace(plain, details={"share": wrong}), 1, GENESIS)  # type: ignore[dict-item]  # on purpose


def test_a_line_written_otherwise_is_no_record() -> None:
    """The same words with a space, a key twice or keys in another order are not the record, even if its hash fits."""
    plain = Entry(RecordKind.ACTION_STEP, Instant(0.0), Actor(SafeText("alice")), SafeText("prod"), details={"a": 1})
    _, line = record_line(plain, 1, GENESIS)
    body = line[:-73] + b"}"
    for before, after in (
        (b'"a":1', b'"a": 1'),
        (b'{"a":1}', b'{"a":1,"a":1}'),
        (b'"a":1', b'"a":1.0'),
        (b'"context":"prod"', b'"context":7'),
        (b'"kind":"action.step"', b'"kind":"action.dance"'),
        (b'"kind":"action.step"', b'"kind":"action.step","more":1'),
        (b'"at":"1970-01-01T00:00:00.000Z"', b'"at":"1970-01-01T00:00:00Z"'),
    ):
        changed = body.replace(before, after)
        assert changed != body
        forged = changed[:-1] + b',"h":"' + line_hash(changed).encode() + b'"}'
        with pytest.raises(ValueError, match=r"\w"):
            parse_line(forged)


@given(st.floats(0, 4_102_444_800))
def test_a_time_keeps_its_milliseconds(at: float) -> None:
    """A moment that was written down reads back as the same millisecond."""
    assert abs(instant_of(instant_text(Instant(at))) - at) <= 0.0005001
    assert instant_text(instant_of(instant_text(Instant(at)))) == instant_text(Instant(at))
