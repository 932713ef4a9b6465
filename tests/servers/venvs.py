"""Virtual environments of servers whose packages cannot share ours, made on demand and kept.

An environment's folder carries a fingerprint of its requirements and of this Python, so that a changed
pin makes a new one. It counts as made only when the mark, written last, is there: a build that was cut
short is thrown away and made again.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BUILD_DEADLINE_SECONDS = 900.0
"""A cold install of MLflow takes about a minute; a slow mirror may need several."""

_MARK = "made.json"


def cache_root() -> Path:
    """The folder that keeps what is expensive to make: `$MODELTUI_TEST_CACHE`, else the user's cache."""
    if chosen := os.environ.get("MODELTUI_TEST_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "modeltui-tests"


CACHE_ROOT = cache_root()
"""Read once at import: tests point `XDG_CACHE_HOME` at scratch directories afterwards."""


class EnvironmentBuildError(Exception):
    """The environment could not be made, for the reason in the message."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A set of pinned packages that live together, apart from ours."""

    name: str
    requirements: tuple[str, ...]

    def path(self, root: Path = CACHE_ROOT) -> Path:
        """The folder of this environment, made or not."""
        tag = f"py{sys.version_info.major}{sys.version_info.minor}"
        identity = json.dumps([sys.version, sys.base_prefix, *self.requirements])
        return root / f"{self.name}-{tag}-{hashlib.sha256(identity.encode()).hexdigest()[:10]}"


MLFLOW_3 = Environment("mlflow-3.17.2", ("mlflow[auth]==3.17.2",))

MLFLOW_2 = Environment("mlflow-2.22.5", ("mlflow==2.22.5", "sqlalchemy==2.0.*", "setuptools<81"))
"""SQLAlchemy 2.1 took away a pool that 2.22 imports; setuptools 81 took away `pkg_resources`."""


def is_made(environment: Environment, root: Path = CACHE_ROOT) -> bool:
    """Whether the environment is complete and its interpreter still there."""
    path = environment.path(root)
    return (path / _MARK).is_file() and (path / "bin" / "python").exists()


def ensure(environment: Environment, root: Path = CACHE_ROOT) -> Path:
    """The folder of the environment, complete; made now when it is not.

    Processes that ask at the same time wait for one build. Raises `EnvironmentBuildError` when pip refuses.
    """
    path = environment.path(root)
    if is_made(environment, root):
        return path
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / f"{path.name}.lock"):
        if not is_made(environment, root):
            shutil.rmtree(path, ignore_errors=True)
            _build(environment, path)
    return path


def _build(environment: Environment, path: Path) -> None:
    _run([sys.executable, "-m", "venv", str(path)], environment)
    install = ["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--no-input"]
    _run([str(path / "bin" / "python"), *install, *environment.requirements], environment)
    half = path / f"{_MARK}.half"
    half.write_text(json.dumps({"requirements": environment.requirements}), encoding="utf-8")
    half.replace(path / _MARK)


def _run(command: list[str], environment: Environment) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_DEADLINE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentBuildError(f"{environment.name} could not be made: {error}") from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise EnvironmentBuildError(f"{environment.name} could not be made:\n{tail}")


@contextlib.contextmanager
def _locked(lock: Path, deadline_seconds: float = 2 * BUILD_DEADLINE_SECONDS) -> Iterator[None]:
    """Hold the lock file; the kernel lets go of it when its holder dies, so a dead build blocks nobody."""
    give_up_at = time.monotonic() + deadline_seconds
    with lock.open("w") as opened:
        while True:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_at:
                    raise EnvironmentBuildError(f"{lock} has been held for {deadline_seconds:.0f} s") from None
                time.sleep(0.2)
        yield
