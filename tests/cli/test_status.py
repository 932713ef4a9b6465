"""`modeltui status`: the fleet for people, pipes and programs."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.terminal import terminal_environment
from tests.tui.story_world import PROGRAM, RunningWorld, run_modeltui

from modeltui.testing.faults import FaultServer, json_reply

pytestmark = pytest.mark.broad

LEVELS = {"breach", "warn", "ok", "no-data", "stale", "no-limit"}
UNREACHABLE = """\
modeltui: 1
contexts:
  here:
    sources:
      metrics: {kind: prometheus, url: "http://127.0.0.1:9/"}
"""


def is_time(text: object) -> bool:
    """Tell whether this is an RFC 3339 time in UTC."""
    return isinstance(text, str) and text.endswith("Z") and datetime.fromisoformat(text).tzinfo is not None


def check_keys(value: dict[str, Any], needed: set[str], allowed: set[str]) -> None:
    """Fail unless an object has its keys, and no others."""
    assert needed <= value.keys(), f"missing: {needed - value.keys()}"
    assert value.keys() <= needed | allowed, f"unknown: {value.keys() - needed - allowed}"
    assert None not in value.values(), "what is missing is absent"


def check_status(value: dict[str, Any]) -> None:
    """Fail unless this is `modeltui.status/1` as the documentation of the command line has it."""
    needed = {"schema", "at", "context", "mode", "simulated", "sources", "targets"}
    check_keys(value, needed, set())
    assert value["schema"] == "modeltui.status/1"
    assert is_time(value["at"])
    assert value["mode"] in ("read-only", "writes-off", "writes-on")
    assert isinstance(value["simulated"], bool)
    for source in value["sources"]:
        check_keys(source, {"name", "kind", "backend", "state"}, {"age_seconds", "error", "remedy", "warnings"})
        assert source["kind"] in ("registry", "metrics", "rollouts", "code")
        assert source["state"] in ("fresh", "stale", "down")
        assert source["state"] != "down" or source.get("error")
    for target in value["targets"]:
        check_target(target)


def check_target(target: dict[str, Any]) -> None:
    """Fail unless this is one target of a status."""
    optional = {
        "since",
        "since_or_earlier",
        "serving",
        "serving_observed",
        "desired",
        "candidate",
        "stage",
        "last_known_good",
    }
    check_keys(target, {"model", "environment", "level", "skew", "versions"}, optional)
    assert target["level"] in LEVELS
    assert "since" not in target or is_time(target["since"])
    if "stage" in target:
        check_keys(target["stage"], {"name", "weight"}, {"since", "hold_seconds"})
        assert 0 <= target["stage"]["weight"] <= 1
    if "last_known_good" in target:
        check_keys(target["last_known_good"], {"version", "because"}, set())
    for version in target["versions"]:
        check_keys(version, {"version", "level", "traffic", "signals"}, {"role"})
        assert version.get("role", "stable") in ("stable", "candidate", "shadow")
        check_keys(version["traffic"], set(), {"desired", "observed"})
        assert all(0 <= share <= 1 for share in version["traffic"].values())
        for cell in version["signals"].values():
            check_cell(cell)


def check_cell(cell: dict[str, Any]) -> None:
    """Fail unless this is one signal of one version."""
    numbers = {"value", "baseline", "baseline_n", "limit", "n", "age_seconds"}
    words = {"baseline_kind", "baseline_version", "since", "since_or_earlier", "segments"}
    check_keys(cell, {"level", "unit", "window_seconds", "because"}, numbers | words)
    assert cell["level"] in LEVELS
    assert all(isinstance(cell[name], int | float) for name in numbers & cell.keys())
    assert cell["because"]
    for segment in cell.get("segments", ()):
        check_keys(segment, {"name", "level"}, {"value", "n", "limit"})
        assert segment["level"] in LEVELS


def test_json_is_what_the_documentation_promises(world: RunningWorld) -> None:
    """status --json is one object of the documented shape; standard error is empty."""
    done = world.run("status", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    check_status(value)
    assert value["simulated"] is True
    assert len(value["targets"]) >= 20
    rank = {"breach": 0, "warn": 1, "stale": 2}
    order = [rank.get(target["level"], 3) for target in value["targets"]]
    assert order[0] <= 1
    assert order.index(max(order)) >= order.count(0) + order.count(1)


def test_plain_is_a_table_for_people_and_screen_readers(world: RunningWorld) -> None:
    """status --plain, also the default, is an aligned table in ASCII: worst first, one line per target."""
    done = world.run("status", "--plain")
    assert done.returncode == 0
    assert done.stdout.isascii()
    lines = done.stdout.splitlines()
    heads = lines[0].split()
    assert heads[:3] == ["MODEL", "ENV", "STATE"]
    assert all(len(line) >= lines[0].index("ERR") for line in lines)
    assert re.search(r"^[a-z-]+ +[a-z-]+ +[X!] (breach|warn) ", lines[1])
    assert "simulated" in done.stderr
    again = world.run("status").stdout.splitlines()[0].split()
    assert again == heads


def test_two_forms_at_once_are_a_mistake(world: RunningWorld) -> None:
    """--json with --csv: a script must not be given the form that it did not mean."""
    done = run_modeltui("--config", str(world.config), "status", "--json", "--csv", cwd=Path("/"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "--json and --csv exclude each other" in done.stderr


def test_csv_is_read_back_by_a_csv_reader(world: RunningWorld) -> None:
    """status --csv has the same columns and rows, and no cell that a spreadsheet would run."""
    done = world.run("status", "--csv")
    assert done.returncode == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(rows) == len(world.run("status").stdout.splitlines()) - 1
    assert {"MODEL", "ENV", "STATE", "SERVING"} <= rows[0].keys()
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+@\t" and cell]


def test_a_part_of_the_fleet_is_named_by_model_and_environment(world: RunningWorld) -> None:
    """status MODEL and status MODEL@ENV print that part only."""
    models = {
        target["model"] for target in json.loads(world.run("status", "fraud-detector", "--json").stdout)["targets"]
    }
    assert models == {"fraud-detector"}
    one = json.loads(world.run("status", "fraud-detector@prod-hk", "--json").stdout)["targets"]
    assert [(target["model"], target["environment"]) for target in one] == [("fraud-detector", "prod-hk")]


@pytest.mark.parametrize("name", ["fraud-detectr", "fraud-detector@prod-kh", "Fraud-Detector"])
def test_an_unknown_name_is_answered_with_the_nearest(world: RunningWorld, name: str) -> None:
    """A typo is answered with what was probably meant, the exit code of a mistake, and nothing on standard output."""
    done = world.run("status", name, "--fail-on", "breach")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "did you mean 'fraud-detector" in done.stderr


def test_fail_on_makes_a_gate_for_scripts(world: RunningWorld) -> None:
    """--fail-on warn fails on what is at least that bad, in the part that was asked for."""
    levels = {
        f"{t['model']}@{t['environment']}": t["level"]
        for t in json.loads(world.run("status", "--json").stdout)["targets"]
    }
    calm = next(name for name, level in levels.items() if level == "ok")
    bad = next(name for name, level in levels.items() if level in ("warn", "breach"))
    assert world.run("status", calm, "--fail-on", "warn").returncode == 0
    assert world.run("status", bad, "--fail-on", "warn").returncode == 1
    assert world.run("status", "--fail-on", "nonsense").returncode == 2


def start_watch(world: RunningWorld, *options: str) -> subprocess.Popen[str]:
    """Start a status that goes on."""
    return subprocess.Popen(
        [*PROGRAM, "--config", str(world.config), "status", "--watch", *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=terminal_environment(),
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_watch_goes_on_until_it_is_told_to_end(world: RunningWorld, number: signal.Signals) -> None:
    """status --watch prints the fleet, then goes on; Ctrl-C ends it with 130 and without a traceback."""
    with start_watch(world) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None
        assert watching.stdout.readline().startswith("MODEL")
        watching.send_signal(number)
        code = watching.wait(10)
        assert code == (130 if number == signal.SIGINT else -number) or code == 128 + number
        assert "Traceback" not in watching.stderr.read()


def test_watch_in_json_writes_one_object_a_line(world: RunningWorld) -> None:
    """status --watch --json: each line is a whole object that a program can read."""
    with start_watch(world, "--json") as watching:
        assert watching.stdout is not None
        check_status(json.loads(watching.stdout.readline()))
        watching.send_signal(signal.SIGINT)
        watching.wait(10)


def test_a_closed_pipe_is_no_failure(world: RunningWorld) -> None:
    """status | head ends in silence, as other commands do."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as out:
        done = subprocess.run(
            [*PROGRAM, "--config", str(world.config), "status"],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            env=terminal_environment(),
            timeout=30,
            check=False,
        )
    assert done.returncode in (128 + signal.SIGPIPE, -signal.SIGPIPE)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_a_source_that_is_down_is_said_and_what_is_known_is_printed(tmp_path: Path, world: RunningWorld) -> None:
    """With one source down the rest is printed all the same, the failure is on standard error, exit code 1."""
    text = world.config.read_text(encoding="utf-8").replace(
        "    sources:\n", '    sources:\n      gone: {kind: prometheus, url: "http://127.0.0.1:9/"}\n'
    )
    config = world.directory / "partly.yaml"
    config.write_text(text, encoding="utf-8")
    done = run_modeltui("--config", str(config), "status", "--json", cwd=tmp_path)
    assert done.returncode == 1
    value = json.loads(done.stdout)
    check_status(value)
    assert len(value["targets"]) >= 20
    down = [source for source in value["sources"] if source["state"] == "down"]
    assert [source["name"] for source in down] == ["gone"]
    assert down[0]["error"] in done.stderr


def test_nothing_but_a_source_that_is_down(tmp_path: Path) -> None:
    """With all sources down status ends with 1, says which and what to do, and its JSON is still whole."""
    config = tmp_path / "modeltui.yaml"
    config.write_text(UNREACHABLE, encoding="utf-8")
    done = run_modeltui("--config", "modeltui.yaml", "status", "--json", cwd=tmp_path)
    assert done.returncode == 1
    check_status(json.loads(done.stdout))
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
    named = run_modeltui("--config", "modeltui.yaml", "status", "fraud-detector@prod", cwd=tmp_path)
    assert named.returncode == 1
    assert "127.0.0.1" in named.stderr
    assert "nothing is known of 'fraud-detector@prod', and not all sources answered" in named.stderr


async def test_what_an_answer_lacks_and_a_source_that_comes_back_are_said(tmp_path: Path) -> None:
    """--watch says on standard error, once each: answers are partial, a source is away, and it is back."""
    async with FaultServer() as server:
        partial = {"status": "success", "data": {"resultType": "vector", "result": []}, "warnings": ["a store is away"]}
        server.answer_everything_else(json_reply(partial))
        config = tmp_path / "modeltui.yaml"
        source = f'{{kind: prometheus, url: "{server.url}", poll_seconds: 1}}'
        config.write_text(f"modeltui: 1\ncontexts: {{here: {{sources: {{prom: {source}}}}}}}\n", encoding="utf-8")
        command = [sys.executable, "-m", "modeltui", "--config", str(config), "status", "--watch"]
        watching = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
        stderr = watching.stderr
        assert stderr is not None
        try:
            async with asyncio.timeout(30):
                await stderr.readuntil(b"prom: error_rate: a store is away\n")
                await stderr.readuntil(b"no target is known")
                await server.refuse()
                await stderr.readuntil(b"refused the connection\n")
                await server.listen()
                await stderr.readuntil(b"prom answers again\n")
        finally:
            watching.send_signal(signal.SIGINT)
            await watching.wait()
