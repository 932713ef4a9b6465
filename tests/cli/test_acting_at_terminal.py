"""Acting on the command line at a real terminal: the same guard as on the screens, and ctrl+c that stops nothing."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Iterator

import pytest
from tests.e2e.acting import answer_guard, guard_letter, guard_text, is_armed, kinds_in_order
from tests.servers.process import wait_until
from tests.terminal import Terminal
from tests.tui.story_world import PROGRAM, RunningWorld, running_world

pytestmark = [pytest.mark.terminal, pytest.mark.broad, pytest.mark.timeout(240)]

TARGETS = ("support-assistant@prod-hk", "credit-scorer@prod-hk", "fraud-detector@prod-hk")
"""Where something is being rolled out."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorld]:
    """A world of this file's own."""
    with running_world(tmp_path_factory.mktemp("world"), speed=5.0) as running:
        yield running


def _at_terminal(world: RunningWorld, *arguments: str) -> Terminal:
    return Terminal([*PROGRAM, "--config", str(world.config), *arguments], size=(100, 50))


def _intents(world: RunningWorld) -> int:
    return kinds_in_order(world.config).count("action.intent")


def test_prose_pastes_enter_and_space_never_complete_it(world: RunningWorld) -> None:
    """Everything that is not the asked letter alone: nothing happens, and Esc leaves with exit code 3."""
    before = _intents(world)
    with _at_terminal(world, "abort", TARGETS[0]) as terminal:
        terminal.wait_for(is_armed, 20.0)
        letter = guard_letter(terminal.lines())
        terminal.send(f"\x1b[200~{letter}{letter}\r{letter}\x1b[201~")
        terminal.wait_for(lambda lines: guard_letter(lines) not in ("", letter), 5.0)
        terminal.wait_for(is_armed, 5.0)
        terminal.send("\r \r")
        terminal.wait_quiet(0.5, 5.0)
        assert terminal.process.poll() is None
        terminal.send("\x1b")
        assert terminal.wait_exit() == 3
        assert "Nothing was sent" in terminal.text()
        assert terminal.echoes
    assert _intents(world) == before


def test_what_was_typed_before_the_question_does_not_count(world: RunningWorld) -> None:
    """Keys that were hit while the plan was being made are dropped: the guard stands as it was drawn."""
    before = _intents(world)
    with _at_terminal(world, "abort", TARGETS[0]) as terminal:
        for letter in "abdhkmnpvxz" * 3:
            terminal.send(letter)
        terminal.wait_for(is_armed, 20.0)
        terminal.send("\x03")
        assert terminal.wait_exit() == 130
        terminal.wait_for("interrupted before GO: nothing was sent", 2.0)
        assert terminal.echoes
    assert _intents(world) == before


def test_what_ends_the_command_at_the_guard_leaves_a_terminal_that_echoes(world: RunningWorld) -> None:
    """Killed while it asks, the command gives the terminal back first; ctrl and backslash do not end it at all."""
    before = _intents(world)
    with _at_terminal(world, "abort", TARGETS[0]) as terminal:
        terminal.wait_for(is_armed, 20.0)
        echoes_while_it_asks = terminal.echoes
        assert not echoes_while_it_asks
        terminal.send("\x1c")
        terminal.wait_quiet(0.5, 5.0)
        assert terminal.process.poll() is None
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait_exit() == -signal.SIGTERM
        assert terminal.echoes
        assert not terminal.has_mode(2004)
    assert _intents(world) == before


def test_a_rollback_wants_the_version_typed(world: RunningWorld) -> None:
    """rollback at the terminal: the version key by key, then a letter; the reason is asked for after GO."""
    with _at_terminal(world, "rollback", TARGETS[0], "--reason", "answers are worse") as terminal:
        terminal.wait_for(lambda lines: guard_text(lines) == "r14", 20.0)
        answer_guard(terminal)
        terminal.wait_for("accepted: ", 30.0)
        assert terminal.wait_exit(120.0) == 0
        assert "VERIFIED" in terminal.text()


def test_ctrl_c_after_go_leaves_the_action_running(world: RunningWorld) -> None:
    """Interrupted after GO: exit code 130, the command that looks; and the outcome is written all the same."""
    with _at_terminal(world, "abort", TARGETS[1]) as terminal:
        answer_guard(terminal)
        terminal.wait_for("accepted: ", 30.0)
        terminal.send("\x03")
        assert terminal.wait_exit() == 130
        terminal.wait_for("the action goes on without this command", 2.0)
        said = "".join(line.ljust(100) for line in terminal.lines())
        found = re.search(r"modeltui --config \S+ journal list --target (\S+) --plan ([0-9a-f]{12})", said)
        assert found is not None, terminal.text()
        assert terminal.echoes

    def outcomes() -> list[str]:
        said = world.run("journal", "list", "--target", found[1], "--plan", found[2], "--json").stdout
        records = json.loads(said)["records"]
        return [one["details"]["outcome"] for one in records if one["kind"] == "action.outcome"]

    assert wait_until(lambda: outcomes() == ["verified"], 120.0, every_seconds=2.0), outcomes()


def test_a_terminal_that_does_not_answer_is_told_so(world: RunningWorld) -> None:
    """A terminal that never says what it shows arms nothing: exit code 3, and the way without one."""
    before = _intents(world)
    command = [*PROGRAM, "--config", str(world.config), "abort", TARGETS[2]]
    with Terminal(command, size=(100, 50), answers=False) as terminal:
        terminal.wait_for(lambda lines: bool(guard_letter(lines)), 20.0)
        time.sleep(0.6)
        terminal.send(guard_letter(terminal.lines()))
        assert terminal.wait_exit() == 3
        assert "does not say" in terminal.text()
        assert "--plan-hash sha256:" in "".join(line.ljust(100) for line in terminal.lines())
    assert _intents(world) == before
