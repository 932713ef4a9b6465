"""What a process has loaded by the time it has answered: a start pays for what it uses, and for nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from modeltui.wiring.observing import prepare_demo

pytestmark = pytest.mark.broad

HEAVY = ("textual", "rich", "httpx", "plotext")
PROGRAM = textwrap.dedent(
    """
    import sys
    from modeltui.__main__ import main
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    print(code, *loaded, file=open(sys.argv[0], "w"))
    """
)


def loaded_by(tmp_path: Path, *arguments: str) -> tuple[str, set[str], str]:
    """Return the exit code, the modules that were loaded at the end, and what was printed."""
    report = tmp_path / "loaded"
    program = PROGRAM.replace("sys.argv[0]", repr(str(report)))
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    assert report.exists(), done.stderr
    code, *names = report.read_text().split()
    return code, set(names), done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], ["status", "--help"], ["demo", "--help"], ["config", "--help"]],
    ids=" ".join,
)
def test_help_and_version_load_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    """Asking what the program is, or how a command goes, imports neither screens nor HTTP nor charts."""
    code, loaded, printed = loaded_by(tmp_path, *arguments)
    assert code == "0", printed
    assert printed
    assert loaded.isdisjoint(HEAVY)
    assert loaded.isdisjoint({"sqlite3", "yaml"})


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """Return the configuration of an embedded world that stands still."""
    return prepare_demo(tmp_path / "world", 7)


@pytest.mark.parametrize(
    "command", [["status"], ["status", "--json"], ["skew"], ["doctor"], ["config", "check"]], ids=" ".join
)
def test_commands_on_the_embedded_world_load_no_screen_and_no_http(
    tmp_path: Path, demo: Path, command: list[str]
) -> None:
    """A script that asks for the fleet pays neither for the screens nor for an HTTP library that it does not use."""
    code, loaded, printed = loaded_by(tmp_path, "--config", str(demo), *command)
    assert code in ("0", "1"), printed
    assert "Traceback" not in printed
    assert loaded.isdisjoint(HEAVY)
