"""No secret reaches the record, by whatever way it comes, and no text in it can act on a terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.acting.action import Reason
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.journal.record_line import GENESIS, parse_line, record_line
from modeltui.domain.text import SafeText
from modeltui.testing.hostile import HOSTILE_TEXTS
from tests.adapters.journal.stage import ALICE, all_lines, appender, entry

CANARY = "c4n4ry0123456789abcdef"
CARRIERS = (
    f"Bearer {CANARY}",
    f"https://user:{CANARY}@mlflow.example",
    f"https://host/path?token={CANARY}",
    f"password={CANARY}",
    f"ghp_{CANARY}",
    f"api_key: {CANARY}",
)


def every_place(text: str) -> tuple[Entry, ...]:
    """Return entries with a text in every place that takes one."""
    said = SafeText(text)
    plain = entry(RecordKind.ACTION_INTENT)
    return (
        replace(plain, reason=Reason(text=said)),
        replace(plain, reason=Reason(incident=said)),
        replace(plain, context=said),
        replace(plain, actor=replace(ALICE, principal=said)),
        replace(plain, actor=replace(ALICE, client=said)),
        replace(plain, details={"document": text}),
        replace(plain, details={"calls": (text, {"deep": (text,)})}),
        replace(plain, details={text: "value"}),
    )


@pytest.mark.parametrize("carrier", CARRIERS)
def test_no_secret_is_written_down(tmp_path: Path, carrier: str) -> None:
    """A password in an address, a token in a text, a key in a plan: none of them is in any file of the journal."""
    one = appender(tmp_path)
    for each in every_place(carrier):
        one.append(each)
    one.append(entry(details={"password": CANARY, "auth_token": CANARY}))
    one.append(entry(password=CANARY))
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name != "reserve")
    assert CANARY.encode() not in content


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
def test_hostile_text_is_harmless_in_the_file_and_out_of_it(text: str) -> None:
    """Whoever shows the file in a terminal, or a record from it, sees characters and nothing else."""
    for each in every_place(text):
        record, line = record_line(each, 1, GENESIS)
        assert parse_line(line) == record
        assert line.count(b"\n") == 1
        assert all(character.isprintable() for character in line.decode().rstrip("\n"))


@given(st.text(max_size=700))
def test_any_text_is_one_line_that_reads_back(text: str) -> None:
    """Whatever people type as a reason becomes one line, and reads back as what the journal returned."""
    for each in every_place(text):
        record, line = record_line(each, 7, "0" * 64)
        assert parse_line(line) == record
        assert line.endswith(b"\n")
        assert line.count(b"\n") == 1


def test_what_was_appended_is_on_the_disk_as_shown(tmp_path: Path) -> None:
    """The record that is returned is the one in the file, masks and cuts included."""
    record, _ = appender(tmp_path).append(entry(RecordKind.PLAN_REFUSED, says="x" * 900, note="token=abcdef123456"))
    assert parse_line(all_lines(tmp_path)[-1]) == record
    assert len(str(record.entry.details["says"])) == 500
