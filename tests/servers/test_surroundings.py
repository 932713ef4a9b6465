"""Tests stay on their machine and in their own surroundings, and say so when something is missing."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests import conftest
from tests.servers.policy import missing


def test_world_outside_is_refused() -> None:
    """A connection, a datagram or a look-up that would leave the machine is an error and is remembered."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream, pytest.raises(conftest.OutsideError):
        stream.connect(("192.0.2.1", 80))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram, pytest.raises(conftest.OutsideError):
        datagram.sendto(b"?", ("192.0.2.1", 53))
    with pytest.raises(conftest.OutsideError):
        socket.getaddrinfo("example.com", 443)
    assert len(conftest._tried_outside) == 3
    conftest._tried_outside.clear()


def test_name_that_never_exists_is_answered_at_once() -> None:
    """A name below `.invalid` is unknown, as it would be anywhere, without asking anybody."""
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("mlflow.invalid", 443)


def test_loopback_is_reachable() -> None:
    """A server on this machine can be reached by number and by name."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            socket.create_connection((host, port), timeout=5).close()


def test_home_is_empty_and_settings_are_unset(own_surroundings: Path) -> None:
    """A test sees neither the configuration nor the caches nor the settings of whoever runs it."""
    assert [Path.home(), Path(os.environ["XDG_CONFIG_HOME"]).parent] == [own_surroundings] * 2
    assert [path.name for path in own_surroundings.iterdir()] == ["runtime"]
    assert not [name for name in os.environ if name.startswith(("MODELTUI_", "MLFLOW_"))]


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_missing_server_fails_in_ci_and_skips_elsewhere(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    """What a laptop may lack, CI must have; both hear what to do."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match=r"no `prometheus`; install it"):
        missing("no `prometheus`", "install it")
