"""What is installed is what is in the tree."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.servers.policy import missing

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Return the wheel, built from this tree without the network."""
    if importlib.util.find_spec("hatchling") is None:
        missing("hatchling is not installed", "pip install -e '.[dev]'")
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.glob("*.whl")
    return zipfile.ZipFile(built)


def test_themes_and_sample_configurations_are_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """Every theme and every sample in the tree is installed beside the program."""
    names = set(wheel.namelist())
    for folder in ("themes", "sample_configs"):
        files = {f"modeltui/{folder}/{file.name}" for file in (ROOT / folder).glob("*.yaml")}
        assert files
        assert files <= names


def test_all_modules_are_in_the_wheel_and_no_test_is(wheel: zipfile.ZipFile) -> None:
    """The package is whole, is marked as typed, and brings no tests and no caches."""
    names = set(wheel.namelist())
    source = ROOT / "src"
    modules = {str(file.relative_to(source)) for file in source.rglob("*.py")}
    assert modules <= names
    assert "modeltui/py.typed" in names
    assert not [name for name in names if name.startswith("tests/") or "__pycache__" in name]


def test_the_wheel_names_its_command_and_its_licence(wheel: zipfile.ZipFile) -> None:
    """Installing gives a command, the entry points of the adapters, and the text of the licence."""
    names = wheel.namelist()
    (entry_points,) = (name for name in names if name.endswith("entry_points.txt"))
    text = wheel.read(entry_points).decode()
    assert "modeltui = modeltui.__main__:main" in text
    assert "prometheus = modeltui.adapters.prometheus.metrics" in text
    assert any(name.endswith("licenses/LICENSE") for name in names)
