"""The record from the command line: listed, shown, proved, exported exactly, asked what served when."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.present import plans

from modeltui.adapters.journal import open_journal
from modeltui.adapters.system.clock import SystemClock
from modeltui.cli import journal as journal_commands
from modeltui.cli.app import run
from modeltui.domain.acting.action import Reason
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.wiring.observing import prepare_demo

# Commands that run over journals on disk.
pytestmark = pytest.mark.broad

Command = Callable[..., tuple[int, str, str]]

HOSTILE = '=HYPERLINK("http://evil.example","ok")'


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world that stands still, with a night's records in its journal."""
    directory = tmp_path_factory.mktemp("filled") / "world"
    prepare_demo(directory, 7)
    journal = open_journal(directory / "journal", SystemClock())

    async def fill() -> None:
        for record in plans.NIGHT:
            await journal.append(record.entry)
        last = plans.NIGHT[4].entry
        await journal.append(replace(last, reason=Reason(text=SafeText(HOSTILE)), at=Instant(last.at + 1)))

    asyncio.run(fill())
    return directory


@pytest.fixture
def place(filled: Path, tmp_path: Path) -> Path:
    """A copy of that world for one test."""
    shutil.copytree(filled, tmp_path / "world")
    return tmp_path / "world"


@pytest.fixture
def command(place: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `modeltui journal …` and gives exit code, standard output and standard error."""

    def called(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            run(["--config", str(place / "modeltui.yaml"), *arguments])
        said = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    return called


def _lines(place: Path) -> list[str]:
    files = sorted((place / "journal").glob("*.jsonl"))
    return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_records_are_listed_oldest_first(command: Command) -> None:
    """journal list: the day once, then time, target, what, who and number, newest last."""
    code, out, err = command("journal", "list")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("20")
    assert "2026-01-15" in lines
    assert any("GO: rollback to 2.3.1 100%" in line and "bob" in line for line in lines)
    assert lines[-1].endswith("#8")


@pytest.mark.parametrize(
    ("arguments", "seqs"),
    [
        (("--kind", "action.intent"), [4]),
        (("--kind", "action.intent", "--kind", "action.step"), [4, 5]),
        (("--target", "fraud-detector@prod-hk", "--last", "2"), [7, 8]),
        (("--target", "fraud-detector"), [2, 3, 4, 5, 6, 7, 8]),
        (("--target", "nobody@here"), []),
        (("--by", "bob", "--last", "1"), [8]),
        (("--by", "eve"), []),
        (("--plan", "9f130e83"), [2, 3, 4, 5, 6, 7, 8]),
        (("--plan", "1d9f8c2e"), [2, 3, 4, 5, 6, 7, 8]),
        (("--plan", "ffffff"), []),
        (("--until", "2026-01-15T02:07:40Z", "--since", "2026-01-15"), [2, 3]),
    ],
)
def test_records_are_chosen(arguments: tuple[str, ...], seqs: list[int], command: Command) -> None:
    """By kind, target, model, person, plan and time; what does not exist is said on standard error."""
    code, out, err = command("journal", "list", *arguments, "--json")
    answer = json.loads(out)
    assert (code, answer["schema"]) == (0, "modeltui.journal/1")
    assert [record["seq"] for record in answer["records"]] == seqs, err
    if not seqs:
        assert "no such record" in command("journal", "list", *arguments)[2]


def test_one_record_is_shown_whole(command: Command) -> None:
    """journal show: every field, for people and as JSON; a number that is not there says what the last one is."""
    code, out, _ = command("journal", "show", "4")
    assert code == 0
    for word in ("GO: rollback", "bob", "fraud-detector@prod-hk", "errors in hk", "action.intent", "hash"):
        assert word in out
    answer = json.loads(command("journal", "show", "4", "--json")[1])
    assert (answer["schema"], answer["seq"], answer["kind"]) == ("modeltui.record/1", 4, "action.intent")
    code, out, err = command("journal", "show", "99")
    assert (code, out) == (1, "")
    assert "no record 99" in err
    assert "last one is 8" in err


def test_a_whole_chain_proves_itself(command: Command, place: Path) -> None:
    """journal verify: how many records, how far somebody else has seen them, the head; exit code 0."""
    code, out, _ = command("journal", "verify", "--json")
    answer = json.loads(out)
    assert (code, answer["schema"], answer["ok"], answer["records"]) == (0, "modeltui.verify/1", True, 8)
    assert (answer["first_bad_seq"], answer["anchored_to_seq"]) == (None, None)
    assert answer["head"] == "sha256:" + json.loads(_lines(place)[-1])["h"]
    assert "chain whole, 8 records" in command("journal", "verify")[1]


def test_a_changed_record_breaks_the_chain(command: Command, place: Path) -> None:
    """One word changed on disk: exit code 1, the first record that does not fit, and what to do."""
    file = min((place / "journal").glob("*.jsonl"))
    file.chmod(0o600)
    file.write_text(file.read_text(encoding="utf-8").replace("revision 42", "revision 43"), encoding="utf-8")
    code, out, err = command("journal", "verify", "--json")
    answer = json.loads(out)
    assert (code, answer["ok"], answer["first_bad_seq"]) == (1, False, 5)
    assert "does not prove itself from record 5 on" in err
    assert "CHAIN BROKEN at #5" in command("journal", "verify")[1]


def damage(place: Path, seq: int, how: str) -> None:
    """Change one record on disk, or make its line none."""
    file = min((place / "journal").glob("*.jsonl"))
    file.chmod(0o600)
    lines = file.read_bytes().splitlines(keepends=True)
    line = lines[seq - 1]
    lines[seq - 1] = line.replace(b'"bob"', b'"eve"') if how == "changed" else b"#" * (len(line) - 1) + b"\n"
    assert line != lines[seq - 1]
    file.write_bytes(b"".join(lines))


@pytest.mark.parametrize("how", ["changed", "no record"])
@pytest.mark.parametrize("page", [1, 2, 1_000])
@pytest.mark.parametrize("is_indexed", [True, False])
def test_a_record_that_was_changed_is_missed_by_nobody(
    how: str, page: int, is_indexed: bool, command: Command, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """list, show, export: what does not fit is left out, its number is said, and the exit code is 1."""
    monkeypatch.setattr(journal_commands, "_PAGE", page)
    if is_indexed:
        assert command("journal", "list")[0] == 0
    damage(place, 5, how)
    damage(place, 6, how)
    others = [1, 2, 3, 4, 7, 8]
    code, out, err = command("journal", "list", "--json")
    answer = json.loads(out)
    assert (code, answer["unreadable"], [record["seq"] for record in answer["records"]]) == (1, [5, 6], others)
    assert "left out, as they are not what was written: 5, 6" in err
    assert "journal verify" in err
    code, out, err = command("journal", "export")
    assert (code, [json.loads(line)["seq"] for line in out.splitlines()]) == (1, others)
    assert "left out, as they are not what was written: 5, 6" in err
    code, out, err = command("journal", "show", "5")
    assert (code, out) == (1, "")
    assert "record 5 is there, and not as it was written" in err
    code, _, err = command("journal", "list", "--plan", "9f130e83")
    assert (code, "not what was written: 5, 6" in err) == (1, True)
    assert command("journal", "list", "--last", "2")[0] == 0, "what is asked for is whole"
    assert command("journal", "show", "4")[0] == 0
    assert "last one is 8" in command("journal", "show", "9")[2]


@pytest.mark.parametrize("command_name", ["list", "export"])
def test_a_damaged_end_is_said_where_records_are_printed(command_name: str, command: Command, place: Path) -> None:
    """Where nobody knows which record is the last, those that can be read are printed, and that is said."""
    file = min((place / "journal").glob("*.jsonl"))
    with file.open("ab") as segment:
        segment.write(bytes(60_000))
    code, out, err = command("journal", command_name)
    assert code == 1
    assert "revision 42" in out
    assert "was damaged or changed: its last 48 kB hold no whole record" in err


def test_the_exact_lines_are_exported(command: Command, place: Path) -> None:
    """journal export: byte for byte the lines of the journal, so that anybody can check the chain without us."""
    code, out, err = command("journal", "export")
    assert (code, err) == (0, "")
    assert out.splitlines() == _lines(place)
    assert len(command("journal", "export", "--kind", "action.intent")[1].splitlines()) == 1


def test_csv_runs_in_no_spreadsheet(command: Command) -> None:
    """--format csv: one row a record, and a reason that is a formula arrives as text."""
    rows = list(csv.DictReader(io.StringIO(command("journal", "export", "--format", "csv")[1])))
    assert [row["seq"] for row in rows] == [str(number) for number in range(1, 9)]
    assert rows[-1]["reason"] == f"'{HOSTILE}"
    assert (rows[3]["model"], rows[3]["kind"]) == ("fraud-detector", "action.intent")


def test_cloud_events_are_one_a_line(command: Command) -> None:
    """--format cloudevents: 1.0, an id of its own each, the target as subject."""
    events = [json.loads(line) for line in command("journal", "export", "--format", "cloudevents")[1].splitlines()]
    assert {event["specversion"] for event in events} == {"1.0"}
    assert len({event["id"] for event in events}) == 8
    assert events[3]["subject"] == "prod-hk/fraud-detector"
    assert events[3]["type"] == "dev.modeltui.journal.action.intent.v1"


def test_a_gap_is_a_gap(command: Command) -> None:
    """as-of: what was seen shortly before is told with its record, a time that nobody looked at is a gap."""
    code, out, err = command("journal", "as-of", "2026-01-15T02:13Z", "--model", "fraud-detector@prod-hk", "--json")
    answer = json.loads(out)
    assert (code, answer["schema"], answer["at"]) == (0, "modeltui.as-of/1", "2026-01-15T02:13:00.000Z"), err
    seen = answer["serving"][0]
    assert (seen["version"], seen["share"], seen["evidence"]) == ("2.3.1", 1.0, "observation")
    assert 7 in seen["seq"]
    code, out, _ = command("journal", "as-of", "2025-01-15T02:13Z", "--model", "fraud-detector@prod-hk", "--json")
    gap = json.loads(out)["serving"][0]
    assert (code, gap["version"], gap["evidence"], gap["seq"]) == (0, None, "gap", [])
    _, text, err = command("journal", "as-of", "2025-01-15T02:13Z", "--model", "fraud-detector@prod-hk")
    assert "GAP" in text
    assert "nobody looked" in text
    assert "as of 2025-01-15 02:13 UTC" in err


def test_a_time_is_by_the_clock_of_the_zone_that_is_named(command: Command) -> None:
    """as-of --zone: a time of day is meant by the clock there, like a whole day, and the moment is told."""
    there = ("--zone", "Asia/Hong_Kong", "--model", "fraud-detector@prod-hk")
    answer = json.loads(command("journal", "as-of", "2026-01-15T10:13", *there, "--json")[1])
    assert answer["at"] == "2026-01-15T02:13:00.000Z"
    assert answer["serving"][0]["version"] == "2.3.1"
    said = command("journal", "as-of", "2026-01-15T10:13", *there)[2]
    assert "as of 2026-01-15 02:13 UTC (2026-01-15 10:13 HKT)" in said


@pytest.mark.parametrize("time", ["9999-12-31", "0001-01-01", "9999-12-31T23:59-12:00", "0001-01-01T00:00+12:00"])
def test_a_time_of_no_record_is_a_mistake_of_usage(time: str, command: Command) -> None:
    """A time before or after all that can be written down is refused in words."""
    code, _, err = command("journal", "as-of", time, "--model", "fraud-detector@prod-hk")
    assert code == 2
    assert "that no record can be of" in err


def test_observe_writes_down_what_serves(command: Command, place: Path) -> None:
    """observe: one record for each target of which anybody knows; again at once there is nothing new."""
    code, out, _ = command("observe", "--once")
    assert code == 0
    assert out.endswith(" targets written down, #9 to #38\n") or "targets written down" in out
    count = len(_lines(place))
    assert count > 20
    assert "nothing new" in command("observe")[1]
    assert len(_lines(place)) == count
    code, out, _ = command("--read-only", "observe")
    assert code == 0


def test_reading_the_record_works_where_nothing_may_be_written(command: Command) -> None:
    """--read-only: list, show, verify, export and as-of answer as ever."""
    for arguments in (("list",), ("show", "1"), ("verify",), ("export",), ("as-of", "0s")):
        assert command("--read-only", "journal", *arguments)[0] == 0
