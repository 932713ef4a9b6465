"""How the program starts, refuses to start, and ends: configuration, terminals, the demo."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.terminal import Terminal, terminal_environment
from tests.tui.story_world import PROGRAM, START_SECONDS, processes_with, run_modeltui, running_world, wait_gone

pytestmark = pytest.mark.terminal

REFUSAL_SECONDS = 5.0
"""A refusal is promised within a second on an idle machine; tests run beside others."""

GOOD = """\
modeltui: 1
contexts:
  here:
    sources:
      metrics: {kind: prometheus, url: "http://127.0.0.1:9/"}
"""


def refused(*options: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> str:
    """Start the screens in a terminal; return what they said when they refused, with the terminal given back."""
    with Terminal([*PROGRAM, *options], size=(100, 30), env=env, cwd=cwd) as terminal:
        code = terminal.wait_exit(REFUSAL_SECONDS)
        said = terminal.text()
        assert code == 2, said
        assert not terminal.in_alternate_screen
        assert terminal.echoes
        assert terminal.has_mode(25)
        assert "Traceback" not in said
        return said


def test_without_a_configuration_it_names_the_two_ways_on() -> None:
    """No configuration: an error that names the demo and config init, exit code 2, nothing simulated."""
    said = refused()
    assert "modeltui demo" in said
    assert "modeltui config init" in said
    assert "DEMO" not in said


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (GOOD.replace("sources", "sorces"), r":4.*sorces.*\n?.*did you mean.*sources"),
        (GOOD.replace("kind: prometheus", "kind: promtheus"), r":5.*promtheus.*\n?.*did you mean.*prometheus"),
        (GOOD.replace("url:", "ulr:"), r":5.*ulr"),
        (GOOD.replace("  here", "\there"), r":3.*tab"),
        (GOOD.replace("modeltui: 1", "modeltui: 99"), r":1.*99"),
        (GOOD.replace('"http://127.0.0.1:9/"', "[1, 2]"), r":5.*url"),
        (GOOD.replace("}", ', auth: {type: bearer, token: "env:NO_SUCH_TOKEN"}}'), r"NO_SUCH_TOKEN"),
        ("", r"empty|modeltui"),
    ],
    ids=["key", "kind", "option", "tab", "version", "type", "secret", "empty"],
)
def test_a_wrong_configuration_is_answered_with_its_place(tmp_path: Path, wrong: str, says: str) -> None:
    """A mistake is named with file, line and what was meant, within a second, on a terminal that was given back."""
    config = tmp_path / "modeltui.yaml"
    config.write_text(wrong, encoding="utf-8")
    said = refused("--config", str(config)).replace("\n", " ")
    assert re.search(says.replace(r"\n?", " *"), said), said


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    """A file that does not exist is named."""
    assert "nowhere.yaml" in refused("--config", str(tmp_path / "nowhere.yaml")).replace("\n", "")


def test_an_unknown_theme_is_named_with_the_ones_that_exist(tmp_path: Path) -> None:
    """A theme that does not exist is no crash."""
    config = tmp_path / "modeltui.yaml"
    config.write_text(GOOD, encoding="utf-8")
    said = refused("--config", str(config), "--theme", "modeltui-drak").replace("\n", "")
    assert "modeltui-drak" in said
    assert "modeltui-dark" in said


def test_an_unknown_context_is_named(tmp_path: Path) -> None:
    """A context that does not exist is answered with those that do."""
    config = tmp_path / "modeltui.yaml"
    config.write_text(GOOD, encoding="utf-8")
    assert "here" in refused("--config", str(config), "--context", "hree")


def test_a_dumb_terminal_is_refused(tmp_path: Path) -> None:
    """On TERM=dumb I am told to use status --plain."""
    config = tmp_path / "modeltui.yaml"
    config.write_text(GOOD, encoding="utf-8")
    assert "status --plain" in refused("--config", str(config), env=terminal_environment(TERM="dumb"))


def test_without_a_terminal_it_is_refused(tmp_path: Path) -> None:
    """Without a terminal the screens name status --plain and end with 2; standard output stays empty."""
    config = tmp_path / "modeltui.yaml"
    config.write_text(GOOD, encoding="utf-8")
    started = time.monotonic()
    done = run_modeltui("--config", str(config))
    assert done.returncode == 2
    assert "status --plain" in done.stderr
    assert done.stdout == ""
    assert time.monotonic() - started < REFUSAL_SECONDS


def test_an_operator_with_a_broken_backend_still_gets_screens(tmp_path: Path) -> None:
    """When nothing answers the screens open all the same and say what to do; they never quit by themselves."""
    config = tmp_path / "modeltui.yaml"
    config.write_text(GOOD, encoding="utf-8")
    with Terminal([*PROGRAM, "--config", str(config)], size=(100, 30)) as terminal:
        terminal.wait_for(lambda rows: "metrics DOWN" in rows[0], START_SECONDS)
        terminal.wait_for("press s for what to do")
        terminal.send("s")
        terminal.wait_for("never answered")
        terminal.send("q")
        assert terminal.wait_exit() == 0


# The demo


def demo_is_live(terminal: Terminal) -> None:
    """Wait for the live demo."""
    terminal.wait_for(lambda rows: re.search(r"DEMO simulated data.*metrics \d+s", rows[0]) is not None, START_SECONDS)


def test_the_demo_opens_with_one_command_and_leaves_nothing(tmp_path: Path) -> None:
    """modeltui demo: a banner that cannot be missed, a live world, and neither process nor file left after q."""
    env = terminal_environment(TMPDIR=str(tmp_path))
    with Terminal([*PROGRAM, "demo", "--speed", "20"], size=(100, 30), env=env) as terminal:
        demo_is_live(terminal)
        assert terminal.cells()[0][1].background not in ("default", terminal.cells()[5][1].background)
        assert processes_with(["--headless", str(tmp_path)])
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert not terminal.in_alternate_screen
    wait_gone(["--headless", str(tmp_path)], 5)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_the_demos_world_ends_with_its_screens(tmp_path: Path, number: signal.Signals) -> None:
    """However the screens end, the world ends too, within seconds."""
    env = terminal_environment(TMPDIR=str(tmp_path))
    with Terminal([*PROGRAM, "demo"], size=(100, 30), env=env) as terminal:
        demo_is_live(terminal)
        terminal.signal(number)
        terminal.wait_exit(10)
    wait_gone(["--headless", str(tmp_path)], 8)


def test_the_demos_directory_is_kept_when_it_is_named(tmp_path: Path) -> None:
    """With --dir the world stays, and any other command works on its configuration, from elsewhere."""
    directory = tmp_path / "kept world"
    with Terminal([*PROGRAM, "demo", "--dir", str(directory)], size=(100, 30)) as terminal:
        demo_is_live(terminal)
        done = run_modeltui("--config", str(directory / "modeltui.yaml"), "status", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "fraud-detector" in done.stdout
        terminal.send("q")
        assert terminal.wait_exit() == 0
    assert (directory / "modeltui.yaml").exists()
    again = run_modeltui("--config", str(directory / "modeltui.yaml"), "status", "--json")
    assert '"simulated": true' in again.stdout


def test_a_demo_that_cannot_have_its_directory_says_so() -> None:
    """A directory that cannot be written is an error in words, on a terminal that was given back."""
    with Terminal([*PROGRAM, "demo", "--dir", "/proc/nowhere"], size=(100, 30)) as terminal:
        assert terminal.wait_exit(START_SECONDS) != 0
        assert not terminal.in_alternate_screen
        assert "/proc/nowhere" in terminal.text().replace("\n", "")
        assert "Traceback" not in terminal.text()


def test_a_headless_demo_runs_until_interrupted(tmp_path: Path) -> None:
    """demo --headless says how to look at it, and Ctrl-C ends it in good order."""
    with running_world(tmp_path / "w") as world:
        assert world.run("status").returncode == 0
        world.process.send_signal(signal.SIGINT)
        assert world.process.wait(10) in (0, 130)


def test_the_demo_without_a_terminal_refuses_at_once(tmp_path: Path) -> None:
    """Without a terminal the demo starts no world; it names --headless or status."""
    env = terminal_environment(TMPDIR=str(tmp_path))
    done = run_modeltui("demo", env=env)
    assert done.returncode == 2
    assert "status --plain" in done.stderr
    assert not processes_with(["--headless", str(tmp_path)])


def test_starting_loads_no_more_than_needed() -> None:
    """--version and --help load neither the screens' library nor HTTP nor charts."""
    for option in ("--version", "--help"):
        code = (
            f"import sys; sys.argv = ['modeltui', {option!r}]\n"
            "from modeltui.__main__ import main\n"
            "try: main()\n"
            "except SystemExit: pass\n"
            "sys.stderr.write(' '.join(m for m in ('textual', 'httpx', 'plotext', 'rich') if m in sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=terminal_environment(), check=True
        )
        assert done.stderr == "", done.stderr
        assert "modeltui" in done.stdout


def test_home_may_be_read_only(tmp_path: Path) -> None:
    """Where nothing can be kept the screens work all the same."""
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    env = terminal_environment(HOME=str(home), XDG_CACHE_HOME="/proc/nowhere", XDG_STATE_HOME="/proc/nowhere")
    with running_world(tmp_path / "w") as world, world.open(env=env) as terminal:
        terminal.wait_for(lambda rows: re.search(r"metrics \d+s", rows[0]) is not None, START_SECONDS)
        terminal.send("q")
        assert terminal.wait_exit() == 0, terminal.text()
    assert os.listdir(home) == []  # noqa: PTH208 - the names alone
