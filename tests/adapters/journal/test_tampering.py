"""What somebody changes in the record afterwards is found: by the chain, or by those who saw it before."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from modeltui.adapters.journal.segments import segments_of
from modeltui.domain.journal.chain import ChainVerifier, Checkpoint, Witness, judged, sizes, verify_lines
from modeltui.domain.journal.merkle import root_of_lines
from modeltui.domain.journal.record import ChainState, Entry, RecordKind
from modeltui.domain.journal.record_line import GENESIS, parse_line, record_line
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.testing.clock import NOON
from tests.adapters.journal.stage import entry, filled, looked_at

LOG = SafeText("0c0ffee0-0000-4000-8000-000000000000")
RECORDS = 12


@cache
def lines(flavour: str = "real") -> tuple[bytes, ...]:
    """Return a whole journal."""
    return chained([entry(RecordKind.ACTION_STEP, step=number, flavour=flavour) for number in range(RECORDS)])


def chained(entries: list[Entry]) -> tuple[bytes, ...]:
    """Return entries as lines that fit each other."""
    made: list[bytes] = []
    previous = str(GENESIS)
    for seq, one in enumerate(entries, 1):
        record, line = record_line(one, seq, previous)
        previous = record.hash
        made.append(line)
    return tuple(made)


def witness(size: int, *, is_elsewhere: bool = True, of: tuple[bytes, ...] | None = None) -> Witness:
    """Return what somebody saw of the journal when it had so many records."""
    seen = (of or lines())[:size]
    root = root_of_lines(line.rstrip(b"\n") for line in seen)
    checkpoint = Checkpoint(LOG, size, root, parse_line(seen[-1]).hash, Instant(NOON))
    return Witness(checkpoint, SafeText("the anchor"), is_elsewhere)


def seen_by(found: tuple[bytes, ...], *witnesses: Witness) -> ChainState:
    """Return what the lines and these witnesses say."""
    verifier = ChainVerifier(remember=sizes(witnesses))
    for line in found:
        if not verifier.add(line):
            break
    return judged(verifier, LOG, witnesses)


positions = st.integers(0, RECORDS - 1)
changes = st.one_of(
    st.tuples(st.just("edit"), positions, st.integers(0, 5_000), st.integers(1, 255)),
    st.tuples(st.just("delete"), positions, st.just(0), st.just(0)),
    st.tuples(st.just("swap"), positions, positions, st.just(0)),
    st.tuples(st.just("copy"), positions, positions, st.just(0)),
    st.tuples(st.just("insert foreign"), positions, positions, st.just(0)),
    st.tuples(st.just("cut"), positions, st.just(0), st.just(0)),
)


def changed(before: tuple[bytes, ...], change: tuple[str, int, int, int]) -> tuple[bytes, ...]:
    """Return the lines after one change."""
    what, first, second, bits = change
    found = list(before)
    if not found:
        return before
    first, second_line = first % len(found), second % len(found)
    match what:
        case "edit":
            line = bytearray(found[first])
            line[second % len(line)] ^= bits
            found[first] = bytes(line)
        case "delete":
            del found[first]
        case "swap":
            found[first], found[second_line] = found[second_line], found[first]
        case "copy":
            found.insert(first, found[second_line])
        case "insert foreign":
            found.insert(first, lines("foreign")[1 + second % (RECORDS - 1)])
        case "cut":
            del found[first:]
    return tuple(b"".join(found).splitlines(keepends=True))


@given(st.lists(changes, min_size=1, max_size=4))
def test_every_change_but_a_cut_end_is_found_by_the_chain(all_changes: list[tuple[str, int, int, int]]) -> None:
    """Edits, deletions, swaps, copies and insertions are found from the lines alone, at the first that is wrong."""
    found = lines()
    for change in all_changes:
        found = changed(found, change)
    state = verify_lines(found)
    fitting = 0
    while fitting < min(len(found), RECORDS) and found[fitting].rstrip(b"\n") == lines()[fitting].rstrip(b"\n"):
        fitting += 1
    assert state.records == fitting
    assert state.is_whole is (fitting == len(found))
    if not state.is_whole:
        assert state.first_bad_seq == fitting + 1
        assert state.says


@given(st.lists(changes, min_size=1, max_size=4))
def test_every_change_is_found_up_to_what_others_saw(all_changes: list[tuple[str, int, int, int]]) -> None:
    """With one anchor elsewhere, whatever was changed or cut before it is found."""
    found = lines()
    for change in all_changes:
        found = changed(found, change)
    is_same = b"".join(found).rstrip(b"\n") == b"".join(lines()).rstrip(b"\n")
    assert seen_by(found, witness(RECORDS)).is_whole is is_same


def test_a_cut_end_is_found_by_whoever_saw_it() -> None:
    """The last records of a night cannot be cut off unnoticed once a checkpoint has covered them."""
    cut = lines()[:-3]
    assert verify_lines(cut).is_whole
    state = seen_by(cut, witness(5), witness(RECORDS))
    assert state.first_bad_seq == RECORDS - 2
    assert "the last 3 are gone" in state.says
    assert seen_by(cut, witness(9)).is_whole


def test_a_chain_that_was_computed_anew_is_found_by_whoever_saw_the_old_one() -> None:
    """Who rewrites history and all hashes after it has a chain that fits, and a checkpoint that does not."""
    entries = [parse_line(line).entry for line in lines()]
    entries[6] = replace(entries[6], details={"step": 66})
    forged = chained(entries)
    assert verify_lines(forged).is_whole
    assert seen_by(forged, witness(5)).is_whole
    state = seen_by(forged, witness(5), witness(10))
    assert state.first_bad_seq == 6
    assert "from record 6 to 10" in state.says
    assert state.anchored_to_seq == 5


def test_another_journal_in_its_place_is_found() -> None:
    """A new journal in the place of the old one is not taken for it, however whole it is."""
    state = seen_by((), witness(5))
    assert state.first_bad_seq == 1
    other = replace(witness(5).checkpoint, log_id=SafeText("another-log"))
    state = seen_by(lines(), Witness(other, SafeText("git"), True))
    assert state.first_bad_seq == 1
    assert "another journal" in state.says


def test_it_never_promises_more_than_others_have_seen() -> None:
    """What nobody else has seen yet is not called safe; nothing is ever called immutable."""
    assert "nobody else has seen it" in seen_by(lines()).says
    state = seen_by(lines(), witness(7), witness(9, is_elsewhere=False))
    assert (state.anchored_to_seq, state.is_whole) == (7, True)
    assert state.says == "tamper-evident up to record 7 (anchored) of 12"


@given(st.binary(max_size=300))
def test_no_garbage_is_a_record(garbage: bytes) -> None:
    """Whatever stands in the file, it is a record to the last byte or it is none, and nothing else happens."""
    for line in (garbage, lines()[0][:40] + garbage, garbage + lines()[0]):
        try:
            record = parse_line(line)
        except ValueError:
            continue
        assert line.rstrip(b"\n") == record_line(record.entry, record.seq, record.previous)[1].rstrip(b"\n")


def test_a_journal_on_disk_is_verified_from_its_lines(tmp_path: Path) -> None:
    """A change in a closed month is found in that month's file, and its name is said."""
    filled(tmp_path)
    path = segments_of(tmp_path)[0].path
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"step":2', b'"step":3'))
    state = looked_at(tmp_path)
    assert state.first_bad_seq == 4
    assert path.name in state.says
