"""Several processes write to one journal at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modeltui.domain.journal.record_line import parse_line
from tests.adapters.journal.stage import all_lines, looked_at


@pytest.mark.parametrize(("processes", "times"), [(3, 20), pytest.param(8, 200, marks=pytest.mark.broad)])
def test_everybodys_records_are_there_in_one_chain(tmp_path: Path, processes: int, times: int) -> None:
    """Several sessions that write in the same moment each get their own place, and the chain is whole."""
    command = [sys.executable, "-m", "tests.adapters.journal.crowd", str(tmp_path)]
    crowd = [
        subprocess.Popen([*command, f"p{number}", str(times)], stdout=subprocess.PIPE, text=True)
        for number in range(processes)
    ]
    promised: dict[int, str] = {}
    for one in crowd:
        said, _ = one.communicate(timeout=100)
        assert one.returncode == 0
        promised |= {int(line.split()[0]): line.split()[1] for line in said.splitlines()}
    assert len(promised) == processes * times
    assert looked_at(tmp_path).is_whole
    there = {record.seq: record.hash for record in map(parse_line, all_lines(tmp_path))}
    assert len(there) == processes * times + 1
    assert promised.items() <= there.items()
