"""Real MLflow servers on loopback: 3.x, 2.x, and 3.x with basic authentication."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers import venvs
from tests.servers.mlflow_client import MlflowClient
from tests.servers.process import LOOPBACK, ServerProcess, start_server

READY_DEADLINE_SECONDS = 90.0
"""A first start takes 5 to 10 s (imports and 60 migrations); two cores with other work need room."""

ADMIN_NAME = "admin"
ADMIN_PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class MlflowServer:
    """A running MLflow, what it is, and a client to fill it; a context manager that stops it."""

    major: int
    """2 or 3."""
    process: ServerProcess
    client: MlflowClient
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The base address, without a slash at the end."""
        return self.process.url

    @property
    def has_logged_models(self) -> bool:
        """Whether the server knows LoggedModels (3.x)."""
        return self.major >= 3

    def stop(self) -> None:
        """End the server and all that it spawned."""
        self.client.close()
        self.process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_mlflow3(directory: Path, *, job_workers: bool = False) -> MlflowServer:
    """An empty MLflow 3 with one worker, SQLite and proxied artifacts in `directory`.

    Its job workers (seven more processes that a registry does not need) stay out unless asked for.
    """
    switches = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "true" if job_workers else "false"}
    process = _start("mlflow3", venvs.ensure(venvs.MLFLOW_3), directory, environment=switches)
    return MlflowServer(3, process, MlflowClient(process.url))


def start_mlflow2(directory: Path) -> MlflowServer:
    """An empty MLflow 2 with one worker, SQLite and proxied artifacts in `directory`."""
    process = _start("mlflow2", venvs.ensure(venvs.MLFLOW_2), directory)
    return MlflowServer(2, process, MlflowClient(process.url))


def start_mlflow3_auth(directory: Path) -> MlflowServer:
    """An empty MLflow 3 that asks for basic authentication; `username` and `password` are its admin's."""
    switches = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "only for this test",
        "MLFLOW_AUTH_ADMIN_USERNAME": ADMIN_NAME,
        "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN_PASSWORD,
    }
    process = _start(
        "mlflow3-auth",
        venvs.ensure(venvs.MLFLOW_3),
        directory,
        options=("--app-name", "basic-auth"),
        environment=switches,
    )
    client = MlflowClient(process.url, username=ADMIN_NAME, password=ADMIN_PASSWORD)
    return MlflowServer(3, process, client, ADMIN_NAME, ADMIN_PASSWORD)


STARTERS: dict[str, tuple[venvs.Environment, Callable[[Path], MlflowServer]]] = {
    "mlflow3": (venvs.MLFLOW_3, start_mlflow3),
    "mlflow2": (venvs.MLFLOW_2, start_mlflow2),
    "mlflow3_auth": (venvs.MLFLOW_3, start_mlflow3_auth),
}
"""By the name of the fixture: the environment it needs and how it starts."""


def _start(
    name: str,
    environment_path: Path,
    directory: Path,
    *,
    options: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
) -> ServerProcess:
    directory.mkdir(parents=True, exist_ok=True)
    program = str(environment_path / "bin" / "mlflow")

    def command(port: int) -> list[str]:
        return [
            program,
            "server",
            *("--backend-store-uri", f"sqlite:///{directory}/mlflow.db"),
            *("--artifacts-destination", str(directory / "artifacts")),
            *("--host", LOOPBACK, "--port", str(port), "--workers", "1"),
            *options,
        ]

    return start_server(
        name,
        command,
        directory=directory,
        ready_path="/health",
        deadline_seconds=READY_DEADLINE_SECONDS,
        environment={"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", **(environment or {})},
    )
