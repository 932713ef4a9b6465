"""What a user installs: the wheel of a clean checkout, in an environment of its own, away from the sources."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.stage import line_with
from tests.servers.policy import missing
from tests.servers.process import wait_until
from tests.terminal import Terminal, foreign_sequences, terminal_environment

CHECKOUT = Path(__file__).parents[2]
CANARY = "credit-scorer@prod-hk"
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")


def _pip(python: Path | str, *arguments: str, cwd: Path) -> None:
    done = subprocess.run(
        [str(python), *PIP, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240
    )
    if done.returncode:
        missing(f"pip {arguments[0]} failed: {done.stderr[-600:]}", "check that pip can install packages here")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of what is committed, whatever lies around in the working copy."""
    clean = tmp_path_factory.mktemp("checkout")
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(clean, filter="data")
    built = tmp_path_factory.mktemp("wheel")
    _pip(sys.executable, "wheel", "--no-deps", "--wheel-dir", str(built), str(clean), cwd=built)
    return next(built.glob("modeltui-*.whl"))


@pytest.fixture(scope="module")
def modeltui(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program, installed with its dependencies outside the checkout."""
    place = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True, timeout=120)
    _pip(place / "bin" / "python", "install", "--no-compile", str(wheel), cwd=place)
    return str(place / "bin" / "modeltui")


def _environment() -> dict[str, str]:
    """An ordinary terminal and the home of this test, without any way to the sources."""
    kept = {key: value for key, value in os.environ.items() if key.startswith("XDG_")}
    return {**terminal_environment(PYTHONPATH=None), **kept}


def _run(program: str, *arguments: str, cwd: Path, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        cwd=cwd,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=seconds,
    )


@contextmanager
def _headless_world(program: str, directory: Path, cwd: Path) -> Iterator[Path]:
    world = subprocess.Popen(
        [program, "demo", "--headless", "--dir", str(directory)],
        cwd=cwd,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert world.stderr is not None
        config = directory / "modeltui.yaml"
        said = world.stderr.readline()
        assert str(config) in said
        yield config
    finally:
        world.terminate()
        _, rest = world.communicate(timeout=20)
    assert (world.returncode, rest) == (0, "")


def _contents(folder: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return {f"modeltui/{line}" for line in listed.stdout.splitlines()}


@pytest.mark.servers
@pytest.mark.timeout(300)
def test_the_wheel_holds_themes_samples_and_its_license(wheel: Path) -> None:
    """Everything that ships is in the wheel: every theme, every sample configuration, the types, the licence."""
    names = set(zipfile.ZipFile(wheel).namelist())
    assert _contents("themes") | _contents("sample_configs") <= names
    assert "modeltui/tui/modeltui.tcss" in names
    assert any(name.endswith("LICENSE") for name in names)
    assert not [name for name in names if name.startswith("tests/")]


@pytest.mark.servers
@pytest.mark.terminal
@pytest.mark.timeout(300)
def test_an_installed_modeltui_works_from_anywhere(modeltui: str, tmp_path: Path) -> None:
    """Version, configuration, a world without a screen, and the same world seen from elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    version = _run(modeltui, "--version", cwd=elsewhere)
    assert (version.returncode, version.stdout.split()[0], version.stderr) == (0, "modeltui", "")

    file = tmp_path / "settings" / "modeltui.yaml"
    init = _run(modeltui, "--config", str(file), "config", "init", cwd=elsewhere)
    assert (init.returncode, file.exists()) == (0, True), init.stderr
    check = _run(modeltui, "--config", str(file), "config", "check", cwd=elsewhere)
    assert check.returncode == 0, check.stderr

    with _headless_world(modeltui, tmp_path / "world", elsewhere) as config:

        def judged() -> bool:
            done = _run(modeltui, "--config", str(config), "status", "--json", cwd=elsewhere)
            assert done.returncode == 0, done.stderr
            answer = json.loads(done.stdout)
            assert (answer["schema"], answer["simulated"]) == ("modeltui.status/1", True)
            levels = [target["level"] for target in answer["targets"]]
            return len(levels) >= 12 and {"warn", "stale", "no-data", "ok"} <= set(levels) and levels[0] != "ok"

        assert wait_until(judged, 40.0, every_seconds=1.0)


@pytest.mark.servers
@pytest.mark.timeout(400)
def test_an_installed_modeltui_acts_without_any_extra(modeltui: str, tmp_path: Path) -> None:
    """No driver of a database is installed; an abort is planned, carried out by its hash and verified all the same."""
    python = str(Path(modeltui).with_name("python"))
    assert _run(python, "-c", "import psycopg", cwd=tmp_path).returncode == 1
    with _headless_world(modeltui, tmp_path / "world", tmp_path) as config:
        out = tmp_path / "plan.json"

        def planned() -> bool:
            made = _run(modeltui, "--config", str(config), "plan", "abort", CANARY, "--out", str(out), cwd=tmp_path)
            return made.returncode == 0

        assert wait_until(planned, 40.0, every_seconds=1.0)
        agreed = ("--plan-hash", json.loads(out.read_text())["hash"])
        done = _run(modeltui, "--config", str(config), "apply", str(out), *agreed, "--json", cwd=tmp_path, seconds=240)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["outcome"] == "verified"


@pytest.mark.servers
@pytest.mark.terminal
@pytest.mark.timeout(300)
def test_an_installed_demo_shows_that_it_is_one(modeltui: str, tmp_path: Path) -> None:
    """`modeltui demo` opens on what is wrong, under a banner that says DEMO, and ends without a trace."""
    with Terminal([modeltui, "demo"], size=(80, 24), env=_environment(), cwd=tmp_path) as terminal:
        terminal.wait_for(lambda lines: "DEMO simulated data" in lines[0], 30.0)
        terminal.wait_for(lambda lines: line_with(lines[1:], "▲") != "", 30.0)
        assert "DEMO" in terminal.lines()[0]
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert foreign_sequences(terminal.sent) == []
    assert list(tmp_path.iterdir()) == []
