"""A bad canary in the embedded world is aborted: from the fleet screen with real keys, and from a script by hash."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.acting import (
    answer_guard,
    assert_journal_is_whole,
    guard_letter,
    kinds_in_order,
    leave,
    observed_share,
    outcome_record,
    told_times,
)
from tests.e2e.stage import run, screens, status, target_of
from tests.servers.process import wait_until
from tests.terminal import Terminal, foreign_sequences
from tests.tui.story_world import RunningWorld, running_world

pytestmark = [pytest.mark.terminal, pytest.mark.broad, pytest.mark.timeout(300)]

MODEL, PLACE, BAD, GOOD = "fraud-detector", "prod-hk", "3.0.0", "2.3.1"
SPEED = 5.0
"""World seconds a second: the canary is bad after twenty seconds of ours, and the windows are as fast."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RunningWorld]:
    """A world of its own: what is done to it is done to nobody else's."""
    with running_world(tmp_path / "world", speed=SPEED) as running:
        yield running


def _is_bad(lines: list[str]) -> bool:
    row = next((line for line in lines if line.startswith(f"▶{MODEL} ") and PLACE in line), "")
    return "✖" in row


def _until_bad(terminal: Terminal) -> None:
    """Wait until the canary is in breach; the worst row is the one under the cursor then."""
    terminal.wait_for(_is_bad, 120.0)
    terminal.wait_for(lambda lines: any(f"── {MODEL}@{PLACE} ✖ breach" in line for line in lines), 10.0)


def test_a_bad_canary_is_aborted_from_the_fleet_screen(world: RunningWorld, measured: Callable[[str], None]) -> None:
    """A, one letter: the traffic leaves the canary, the screen says VERIFIED, the record proves it."""
    with screens(world.config, size=(120, 36)) as terminal:
        _until_bad(terminal)
        before = target_of(status(world.config), MODEL, PLACE)
        assert observed_share(before, BAD) > 0.02
        asked_at = terminal.send("A")
        shown_at = terminal.wait_for(lambda lines: bool(guard_letter(lines)), 20.0)
        measured(f"abort: key to plan shown {(shown_at - asked_at) * 1000:.0f} ms")
        _, go_at = answer_guard(terminal)
        terminal.wait_for("VERIFIED", 150.0)
        assert foreign_sequences(terminal.sent) == []
        leave(terminal)
    _assert_aborted(world.config)
    told_times(measured, "abort", go_at, outcome_record(world.config)["details"])


def _assert_aborted(config: Path) -> None:
    after = target_of(status(config), MODEL, PLACE)
    assert after["serving"] == after["desired"] == GOOD
    assert "candidate" not in after
    assert observed_share(after, BAD) < 0.01
    assert observed_share(after, GOOD) > 0.98
    record = outcome_record(config)
    assert record["details"]["outcome"] == "verified"
    assert record["target"] == {"model": MODEL, "environment": PLACE}
    assert_journal_is_whole(config)
    kinds = kinds_in_order(config)
    assert kinds.index("plan.made") < kinds.index("action.intent") < kinds.index("action.step")
    assert kinds.index("action.step") < kinds.index("action.outcome")


def test_a_bad_canary_is_aborted_by_a_script(world: RunningWorld, measured: Callable[[str], None]) -> None:
    """plan --out, then apply --plan-hash: the same path without a terminal; a second apply is refused and says why."""
    config = str(world.config)
    assert wait_until(lambda: target_of(status(world.config), MODEL, PLACE)["level"] == "breach", 120.0)
    out = world.directory / "plan.json"
    started = time.monotonic()
    made = run("--config", config, "plan", "abort", f"{MODEL}@{PLACE}", "--out", str(out))
    measured(f"plan abort --out: {time.monotonic() - started:.2f} s")
    assert made.returncode == 0, made.stderr
    plan = json.loads(out.read_text())
    assert (plan["schema"], plan["action"], plan["to"]) == ("modeltui.plan/1", "abort", [[GOOD, 1.0]])

    other = run("--config", config, "apply", str(out), "--plan-hash", "sha256:" + "0" * 64)
    assert other.returncode == 3
    assert "another plan" in other.stderr
    without = run("--config", config, "apply", str(out))
    assert without.returncode == 3
    assert f"--plan-hash {plan['hash']}" in without.stderr
    assert "action.intent" not in kinds_in_order(world.config)

    go_at = time.time()
    done = run("--config", config, "apply", str(out), "--plan-hash", plan["hash"], "--json", deadline_seconds=200)
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["schema"], outcome["outcome"], outcome["plan"]) == ("modeltui.outcome/1", "verified", plan["hash"])
    assert outcome["journal"]["seq"] == outcome_record(world.config)["seq"]
    assert re.search("accepted: .*\n.*serving: .*\n.*healthy: ", done.stderr) or "serving: " in done.stderr
    _assert_aborted(world.config)
    told_times(measured, "apply", go_at, outcome)

    again = run("--config", config, "apply", str(out), "--plan-hash", plan["hash"])
    assert again.returncode == 3, again.stdout + again.stderr
    assert kinds_in_order(world.config).count("action.intent") == 1
