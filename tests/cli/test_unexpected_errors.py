"""A fault of our own is one line and a report: no traceback, no values, and a terminal that was given back."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import pytest
from tests.terminal import Terminal, foreign_sequences, terminal_environment

from modeltui.cli import app
from modeltui.cli.app import run

SECRET = "hunter2-in-a-local-variable"


def test_a_fault_of_our_own_is_one_line_and_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command that fails unexpectedly exits with 1 and names its report; the values of variables are nowhere."""

    @click.command("broken")
    def broken() -> None:
        password = SECRET
        raise ZeroDivisionError(len(password) // 1)

    monkeypatch.setattr(app.LazyGroup, "get_command", lambda *_: broken)
    with pytest.raises(SystemExit) as ended:
        run(["status"])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (1, "")
    assert said.err.startswith("modeltui: modeltui stopped because of a fault of its own: ZeroDivisionError")
    assert "Traceback" not in said.err
    report = Path(said.err.rsplit("Report: ", 1)[1].strip()).read_text(encoding="utf-8")
    assert "in broken" in report
    assert SECRET not in report + said.err


@pytest.mark.terminal
def test_a_fault_before_the_screens_open_gives_the_terminal_back() -> None:
    """When the screens cannot even be loaded, the line that says so stands on the terminal's own screen."""
    spoil = "import sys; sys.modules['modeltui.tui.app'] = None; sys.argv = ['modeltui', 'demo']; "
    code = f"{spoil}from modeltui.__main__ import main; main()"
    environment = terminal_environment() | {key: os.environ[key] for key in os.environ if key.startswith("XDG_")}
    with Terminal([sys.executable, "-c", code], size=(100, 24), env=environment) as terminal:
        assert terminal.wait_exit(30.0) == 1
        assert not terminal.in_alternate_screen
        assert terminal.echoes
        left = terminal.sent.rpartition(b"\x1b[?1049l")[2].decode()
        assert "stopped because of a fault of its own: ModuleNotFoundError" in left
        assert "Traceback" not in terminal.sent.decode()
        assert foreign_sequences(terminal.sent, also=r"\r?\n") == []
