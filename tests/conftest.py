"""What holds for every test: its own surroundings, and no word to the world outside."""

from __future__ import annotations

import ipaddress
import itertools
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.examples import QUICKLY
from tests.servers import fixtures
from tests.servers.fixtures import (
    mlflow,
    mlflow2,
    mlflow2_fleet,
    mlflow3,
    mlflow3_auth,
    mlflow3_fleet,
    mlflow_fleet,
    postgres,
    run_model_server,
    run_prometheus,
)
from tests.servers.policy import in_ci

__all__ = [
    "mlflow",
    "mlflow2",
    "mlflow2_fleet",
    "mlflow3",
    "mlflow3_auth",
    "mlflow3_fleet",
    "mlflow_fleet",
    "postgres",
    "run_model_server",
    "run_prometheus",
]

_MEASURED = "measured"
_MARK_OF_A_FILE = re.compile(r"^pytestmark = (.*)$", re.MULTILINE)

# On two cores under load the time of an example says nothing about the code. In CI the examples are always the same.
settings.register_profile("modeltui", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=in_ci())
settings.load_profile("modeltui")


def pytest_configure(config: pytest.Config) -> None:
    """Try each property with fewer examples where the broad tests are left out; all of them are tried in CI.

    Signals that whoever started the tests ignores (`nohup`, a job in the background) would be ignored by every program
    that a test starts, and tells to end.
    """
    for number, usual in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)
    if "not broad" in config.option.markexpr:
        settings.register_profile("quick", settings.get_profile("modeltui"), max_examples=QUICKLY)
        settings.load_profile("quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over a file all of whose tests the markers leave out: to read it costs as much as a dozen quick tests."""
    unwanted = re.findall(r"\bnot (\w+)", config.option.markexpr)
    if collection_path.suffix != ".py" or config.option.markexpr != " and ".join(f"not {one}" for one in unwanted):
        return None
    marked = _MARK_OF_A_FILE.search(collection_path.read_text(encoding="utf-8")) if unwanted else None
    return True if marked and set(re.findall(r"mark\.(\w+)", marked[1])) & set(unwanted) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need servers, keep those of one server together, and let them begin first."""
    for item in items:
        needed = fixtures.servers_of(item)
        if needed is not None:
            item.add_marker(pytest.mark.servers)
        if needed:
            item.add_marker(pytest.mark.xdist_group("+".join(sorted(needed))))
    items.sort(key=lambda item: "servers" not in item.keywords)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Make the servers' environments now: a first build takes longer than a test may."""
    if not session.config.option.collectonly:
        fixtures.build_environments(session.items)


# The world outside


class OutsideError(AssertionError):
    """A test tried to reach something that is not on this machine."""


_tried_outside: list[str] = []


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections and look-ups that leave the machine; an audit hook sees all of them, from any thread."""
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        sender, address = arguments[0], arguments[1]
        if sender.family in {socket.AF_INET, socket.AF_INET6} and address is not None:
            _refuse_outside(event, address[0])
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        _refuse_outside(event, arguments[0])


def _refuse_outside(event: str, host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if not name or name == "localhost":
        return
    if name.endswith(".invalid"):  # RFC 6761: never exists, so nobody needs to be asked
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    try:
        is_here = ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        is_here = False
    if not is_here:
        _tried_outside.append(f"{event} {name}")
        raise OutsideError(f"tests stay on this machine: {event} to {name!r}")


sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def _stays_on_this_machine() -> Iterator[None]:
    """Fail a test that tried to reach the world outside, also when the code under test swallowed the refusal."""
    _tried_outside.clear()
    yield
    tried, _tried_outside[:] = list(_tried_outside), []
    assert not tried, f"reached for the world outside: {', '.join(tried)}"


# Surroundings

_BENDS = ("MODELTUI_", "MLFLOW_", "PROMETHEUS_", "XDG_", "TEXTUAL")
_BENDS_EXACTLY = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "TMUX")


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that do not exist yet; numbered here, for `mktemp` reads the whole list at each call."""
    base = tmp_path_factory.mktemp("homes")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_surroundings(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of one test: an empty folder that `HOME` and the XDG variables point into; settings are unset."""
    home = next(_homes)
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(_BENDS) or name in _BENDS_EXACTLY or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    for kind in ("CONFIG", "CACHE", "STATE", "DATA", "RUNTIME"):
        suffix = "DIR" if kind == "RUNTIME" else "HOME"
        monkeypatch.setenv(f"XDG_{kind}_{suffix}", str(home / kind.lower()))
    (home / "runtime").mkdir(mode=0o700)
    return home


# Figures


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes lines such as `fault to red: 21.4 s (scrape 5.0, window 10.0, …)` and prints them after the run."""

    def note(line: str) -> None:
        record_property(_MEASURED, line)

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured, and which checks failed before pytest."""
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {line}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, line in report.user_properties
        if name == _MEASURED
    ]
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.line(line)
    if failed := os.environ.get("MODELTUI_CHECKS_FAILED"):
        terminalreporter.section("failed before pytest", red=True)
        terminalreporter.line(failed)
