"""Adapters are found by name: ours without looking further, anybody's by their entry points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modeltui import plugins
from modeltui.domain.errors import ConfigError
from modeltui.domain.fleet import SourceKind


def install(folder: Path, name: str, code: str, group: str = "modeltui.metrics") -> None:
    """Put a package with one entry point where Python finds it."""
    (folder / f"{name}_adapter.py").write_text(code)
    information = folder / f"{name}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}_adapter\n")


ADAPTER = """
from modeltui.domain.fleet import SourceKind
KIND = "warehouse"
PORT = SourceKind.METRICS
POLL_SECONDS = 120
class Options: ...
def connect(options, surroundings): ...
"""


def test_an_installed_adapter_is_found_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of somebody else serves a port as ours do, with the pace that it asks for."""
    install(tmp_path, "warehouse", ADAPTER)
    monkeypatch.syspath_prepend(tmp_path)
    assert plugins.names()["warehouse"] == (SourceKind.METRICS,)
    assert plugins.ports_of("warehouse") == (SourceKind.METRICS,)
    adapter = plugins.load(SourceKind.METRICS, "warehouse")
    assert (adapter.kind, adapter.poll_seconds) == ("warehouse", 120.0)


@pytest.mark.parametrize(
    "code", ["raise RuntimeError('no licence')", "import no_such_library", "x = 1", "raise SystemExit(3)"]
)
def test_an_adapter_that_cannot_be_loaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """A broken package costs a clear sentence with its name, not a traceback and not the program."""
    install(tmp_path, "broken", code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "broken_adapter", raising=False)
    with pytest.raises(ConfigError, match=r"'broken'.*cannot be loaded") as caught:
        plugins.load(SourceKind.METRICS, "broken")
    assert caught.value.remedy


def test_nobody_takes_the_name_of_one_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that calls itself prometheus does not get the credentials that are meant for ours."""
    install(tmp_path, "prometheus", ADAPTER)
    monkeypatch.syspath_prepend(tmp_path)
    adapter = plugins.load(SourceKind.METRICS, "prometheus")
    assert adapter.options.__module__.startswith("modeltui.adapters.prometheus")


def test_an_unknown_kind_is_told_with_those_that_exist() -> None:
    """A typing mistake in `kind` is answered with what could have been meant."""
    with pytest.raises(ConfigError, match="no adapter of kind 'promethius'") as caught:
        plugins.load(SourceKind.METRICS, "promethius")
    assert "prometheus" in caught.value.remedy
    assert plugins.ports_of("promethius") == ()


def test_looking_up_our_own_names_reads_no_metadata_and_imports_no_adapter() -> None:
    """A start with built-in sources does not pay for the list of every installed package."""
    program = (
        "import sys; from modeltui import plugins; plugins.ports_of('prometheus')\n"
        "print('importlib.metadata' in sys.modules, any('adapters' in name for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


PROMISE = """
KIND = "warehouse"
WRITER = "warehouse_writer"
def promise(options, surroundings, policy): ...
def call(target, seen, desired, policy): ...
def writes_to(target, options, surroundings, policy): ...
"""


def test_an_installed_promise_is_found_and_its_writer_is_not_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package of somebody else may say that it can write; what writes is loaded by the actor process alone."""
    install(tmp_path, "warehouse", ADAPTER)
    install(tmp_path, "warehouse_writing", PROMISE, group="modeltui.writing")
    entry_points = tmp_path / "warehouse_writing-1.0.dist-info" / "entry_points.txt"
    entry_points.write_text("[modeltui.writing]\nwarehouse = warehouse_writing_adapter\n")
    (tmp_path / "warehouse_writer.py").write_text("def connect(options, surroundings, policy): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    found = plugins.writing("warehouse")
    assert found is not None
    assert (found.kind, found.port) == ("warehouse", SourceKind.REGISTRY)
    assert "warehouse_writer" not in sys.modules
    assert plugins.connect_writer(found).__module__ == "warehouse_writer"


def test_nobody_makes_one_of_ours_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that registers a writer for prometheus, or for mlflow, is not given their credentials."""
    install(tmp_path, "prometheus", PROMISE, group="modeltui.writing")
    install(tmp_path, "mlflow", PROMISE, group="modeltui.writing")
    monkeypatch.syspath_prepend(tmp_path)
    assert plugins.writing("prometheus") is None
    assert plugins.WRITING["mlflow"].startswith("modeltui.")
