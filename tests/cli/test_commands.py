"""The commands without a screen: data on standard output, words on standard error, exit codes as documented."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.terminal import terminal_environment
from tests.tui.story_world import RunningWorld, run_modeltui

from modeltui.cli.app import COMMANDS

pytestmark = pytest.mark.broad

GOOD = """\
modeltui: 1
contexts:
  here:
    sources:
      metrics: {kind: prometheus, url: "http://127.0.0.1:9/", auth: {type: bearer, token: "env:TOKEN"}}
"""


def test_versions_lists_what_exists_and_where_it_serves(world: RunningWorld) -> None:
    """versions MODEL: newest first, with who, when, pointers and places; the JSON says the same."""
    done = world.run("versions", "fraud-detector")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["VERSION", "REGISTERED", "BY"]
    assert [line.split()[0] for line in lines[1:3]] == ["3.0.0", "2.3.1"]
    assert "champion" in lines[2]
    value = json.loads(world.run("versions", "fraud-detector", "--json").stdout)
    assert value["schema"] == "modeltui.versions/1"
    assert [version["version"] for version in value["versions"]] == [line.split()[0] for line in lines[1:]]
    assert any(place["environment"] == "prod-hk" for place in value["versions"][1]["serving"])


def test_versions_of_an_unknown_model(world: RunningWorld) -> None:
    """A typo is answered with the nearest name; without a name the usage is explained."""
    done = world.run("versions", "fraud-detecter")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'fraud-detector'" in done.stderr
    assert world.run("versions").returncode == 2


def test_skew_is_a_matrix(world: RunningWorld) -> None:
    """skew: models by environments in the configured order, skewed ones first and marked."""
    lines = world.run("skew").stdout.splitlines()
    assert lines[0].split() == ["MODEL", "prod-hk", "prod-cn", "staging", "SKEW"]
    assert lines[1].split()[0] == "aml-screening"
    assert lines[1].endswith("skewed")
    value = json.loads(world.run("skew", "--json").stdout)
    assert value["schema"] == "modeltui.skew/1"
    assert value["models"][0]["skewed"] is True
    assert value["models"][0]["differences"]


def test_doctor_reports_every_source(world: RunningWorld) -> None:
    """doctor: reach, latency, clock and labels per source; good news is exit code 0."""
    done = world.run("doctor")
    assert done.returncode == 0, done.stdout
    ports = ("registry", "metrics", "rollouts", "code")
    for word in (*(f"{port} (embedded" for port in ports), "answered in", "labels", "clock"):
        assert word in done.stdout
    value = json.loads(world.run("doctor", "--json").stdout)
    assert (value["schema"], value["ok"]) == ("modeltui.doctor/1", True)
    assert {source["port"] for source in value["sources"]} == set(ports)


def test_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    """doctor on a source that is not there: FAIL, the reason, what to do, exit code 1; no secret in it."""
    (tmp_path / "modeltui.yaml").write_text(GOOD, encoding="utf-8")
    env = terminal_environment(TOKEN="hunter2-very-secret")
    done = run_modeltui("--config", "modeltui.yaml", "doctor", cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert "127.0.0.1:9" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
    value = json.loads(run_modeltui("--config", "modeltui.yaml", "doctor", "--json", cwd=tmp_path, env=env).stdout)
    assert value["ok"] is False


def test_a_relative_configuration_is_found_from_where_one_is(world: RunningWorld) -> None:
    """--config with a relative path works, and so does the world's own path in it, from any directory."""
    relative = os.path.relpath(world.config, "/")
    done = run_modeltui("--config", relative, "status", cwd=Path("/"))
    assert done.returncode == 0, done.stderr
    env = terminal_environment(MODELTUI_CONFIG=str(world.config))
    assert run_modeltui("status", env=env, cwd=Path("/")).returncode == 0


# config


def test_config_init_writes_once_and_privately() -> None:
    """config init writes a file of its owner's, with every choice explained; again only by force; check reads it."""
    first = run_modeltui("config", "init")
    assert (first.returncode, first.stdout) == (0, "")
    match = re.search(r"written: (\S+);", first.stderr)
    assert match is not None
    path = Path(match.group(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = run_modeltui("config", "init")
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert run_modeltui("config", "init", "--force").returncode == 0
    checked = run_modeltui("config", "check")
    assert checked.returncode in (0, 2)
    assert "Traceback" not in checked.stderr


def test_config_init_does_not_touch_what_it_cannot_write() -> None:
    """A place that cannot be written is named."""
    done = run_modeltui("--config", "/proc/nowhere/modeltui.yaml", "config", "init")
    assert done.returncode == 2
    assert "/proc/nowhere" in done.stderr


def test_config_check_contacts_nothing(tmp_path: Path) -> None:
    """config check reads the whole file and the options of each source; a source that is down is no mistake."""
    (tmp_path / "c.yaml").write_text(GOOD, encoding="utf-8")
    done = run_modeltui("--config", "c.yaml", "config", "check", cwd=tmp_path, env=terminal_environment(TOKEN="t"))
    assert done.returncode == 0, done.stderr
    assert "metrics: prometheus metrics" in done.stdout
    assert "good" in done.stderr


def test_config_check_names_every_mistake(tmp_path: Path) -> None:
    """All mistakes at once, each with file, line and key; exit code 2; standard output empty."""
    (tmp_path / "c.yaml").write_text(
        GOOD.replace("url:", "ulr:").replace("here:", "here:\n    moed: x"), encoding="utf-8"
    )
    done = run_modeltui("--config", "c.yaml", "config", "check", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"c\.yaml:4.*moed", done.stderr)


def test_config_schema_is_a_json_schema() -> None:
    """config schema prints a JSON Schema with the options of the adapters; it needs no configuration."""
    done = run_modeltui("config", "schema")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert "$schema" in value
    assert "prometheus" in done.stdout
    assert "mlflow" in done.stdout


def test_config_show_tells_where_each_value_comes_from(tmp_path: Path) -> None:
    """config show prints every value with its origin, secrets by reference only."""
    (tmp_path / "c.yaml").write_text(GOOD, encoding="utf-8")
    env = terminal_environment(TOKEN="hunter2-very-secret")
    done = run_modeltui("--config", "c.yaml", "config", "show", cwd=tmp_path, env=env)
    assert done.returncode == 0
    assert "env:TOKEN" in done.stdout
    assert "hunter2" not in done.stdout
    assert re.search(r"c\.yaml:5", done.stdout)
    assert "default" in done.stdout


# Everything


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_for_three_shells(shell: str) -> None:
    """completion prints a script that the shell itself accepts, and that offers the commands."""
    done = run_modeltui("completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "_MODELTUI_COMPLETE" in done.stdout
    program = shutil.which(shell)
    if program is not None:
        checked = subprocess.run([program, "-n"], input=done.stdout, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, checked.stderr
    words = {"bash": "bash_complete", "zsh": "zsh_complete", "fish": "fish_complete"}[shell]
    env = terminal_environment(
        _MODELTUI_COMPLETE=words, COMP_WORDS="modeltui sta", COMP_CWORD="1" if shell != "fish" else "sta"
    )
    offered = run_modeltui(env=env)
    assert "status" in offered.stdout


def test_an_unknown_shell_or_command_is_a_mistake_of_usage() -> None:
    """What does not exist is answered with what does, exit code 2."""
    assert run_modeltui("completion", "tcsh").returncode == 2
    done = run_modeltui("stauts")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'status'" in done.stderr
    assert run_modeltui("--no-such-option").returncode == 2


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """--help works for each command, without a configuration, and is listed in the program's own help."""
    done = run_modeltui(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: modeltui" in done.stdout
    assert command in run_modeltui("--help").stdout


@pytest.mark.parametrize("command", ["status", "versions x", "skew", "doctor", "config check", "config show"])
def test_without_a_configuration_every_command_names_the_ways_on(command: str) -> None:
    """No configuration: exit code 2, and the two ways on; never simulated data by surprise."""
    done = run_modeltui(*command.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert "modeltui demo" in done.stderr
    assert "modeltui config init" in done.stderr


def test_commands_load_no_screens(world: RunningWorld) -> None:
    """status does not load the screens' library: it starts in a fraction of their time."""
    code = (
        "import sys; sys.argv = ['modeltui', '--config', sys.argv[1], 'status']\n"
        "from modeltui.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write('loaded: ' + ' '.join(m for m in ('textual', 'plotext', 'rich') if m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(world.config)],
        capture_output=True,
        text=True,
        env=terminal_environment(),
        check=True,
        timeout=30,
    )
    assert done.stderr.endswith("loaded: "), done.stderr
