"""What tests can ask for. Servers of the session are shared: write only under names of your own there.

| fixture | scope | gives |
|---|---|---|
| `mlflow3`, `mlflow2`, `mlflow3_auth` | session | a running `MlflowServer`, empty unless a fleet was asked for |
| `mlflow` | session | both 3 and 2, one after the other |
| `mlflow3_fleet`, `mlflow2_fleet`, `mlflow_fleet` | session | the `FleetFacts` of the fleet written there |
| `postgres` | session | a running `PostgresServer`: each test makes a schema of its own there |
| `run_prometheus` | function | starts a `PrometheusServer` for the targets given |
| `run_model_server` | function | starts a `ModelServer` for the behaviour given |

Any test that asks for one of these is marked `servers`, kept on one worker with the others of its server, and
ends by the policy (failed in CI, skipped elsewhere) when the server cannot be had.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.servers import venvs
from tests.servers.mlflow import STARTERS, MlflowServer
from tests.servers.mlflow_fleet import FleetFacts, seed_fleet
from tests.servers.model_plan import ModelServerPlan
from tests.servers.policy import missing, require_program
from tests.servers.postgresql import PostgresServer, programs, start_postgres
from tests.servers.prometheus import PrometheusServer, ScrapeTarget, start_prometheus
from tests.servers.serving import ModelServer, start_model_server

RunPrometheus = Callable[..., PrometheusServer]
"""`(targets, scrape_interval_seconds=1.0) -> PrometheusServer`"""
RunModelServer = Callable[[ModelServerPlan], ModelServer]

_NEEDS = {
    "mlflow3": ("mlflow3",),
    "mlflow2": ("mlflow2",),
    "mlflow3_auth": ("mlflow3_auth",),
    "mlflow3_fleet": ("mlflow3",),
    "mlflow2_fleet": ("mlflow2",),
    "postgres": (),
    "run_prometheus": (),
    "run_model_server": (),
}
"""By fixture: the entries of `STARTERS` that it starts."""

_unbuildable: dict[str, str] = {}
"""Why an environment could not be made, by starter; asked once, told to every test that needs it."""


def servers_of(item: pytest.Item) -> set[str] | None:
    """The MLflow servers that a test needs; empty when only others; None when it needs no server at all."""
    names: Sequence[str] = getattr(item, "fixturenames", ())
    wanted = {need for name in names for need in _NEEDS.get(name, ())}
    parameters = getattr(getattr(item, "callspec", None), "params", {})
    if "mlflow" in parameters:
        wanted.add(parameters["mlflow"])
    return wanted if wanted or any(name in _NEEDS for name in names) else None


def build_environments(items: Sequence[pytest.Item]) -> None:
    """Make what the selected tests need before the first one runs, outside their time limits."""
    names = sorted(set().union(*(servers_of(item) or () for item in items)))
    if os.environ.get("PYTEST_XDIST_WORKER", "").endswith(("1", "3")):
        names.reverse()  # workers begin at different ends instead of waiting for the same build
    for name in names:
        try:
            venvs.ensure(STARTERS[name][0])
        except venvs.EnvironmentBuildError as error:
            _unbuildable[name] = str(error)


def _started(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    environment, start = STARTERS[name]
    if name in _unbuildable:
        missing(_unbuildable[name], "check that pip can install packages here")
    try:
        venvs.ensure(environment)
    except venvs.EnvironmentBuildError as error:
        missing(str(error), "check that pip can install packages here")
    with start(tmp_path_factory.mktemp(name)) as server:
        yield server


@pytest.fixture(scope="session")
def mlflow3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """A running MLflow 3."""
    yield from _started("mlflow3", tmp_path_factory)


@pytest.fixture(scope="session")
def mlflow2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """A running MLflow 2."""
    yield from _started("mlflow2", tmp_path_factory)


@pytest.fixture(scope="session")
def mlflow3_auth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """A running MLflow 3 that asks for a name and a password."""
    yield from _started("mlflow3_auth", tmp_path_factory)


@pytest.fixture(scope="session", params=["mlflow3", "mlflow2"])
def mlflow(request: pytest.FixtureRequest) -> MlflowServer:
    """A running MLflow, each major version in turn."""
    server: MlflowServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture(scope="session")
def mlflow3_fleet(mlflow3: MlflowServer) -> FleetFacts:
    """The fleet that was written into the MLflow 3 of the session."""
    return seed_fleet(mlflow3)


@pytest.fixture(scope="session")
def mlflow2_fleet(mlflow2: MlflowServer) -> FleetFacts:
    """The fleet that was written into the MLflow 2 of the session."""
    return seed_fleet(mlflow2)


@pytest.fixture(scope="session")
def mlflow_fleet(mlflow: MlflowServer, request: pytest.FixtureRequest) -> FleetFacts:
    """The fleet that was written into each MLflow in turn."""
    facts: FleetFacts = request.getfixturevalue(f"mlflow{mlflow.major}_fleet")
    return facts


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running PostgreSQL."""
    binaries = programs()
    if binaries is None:
        missing("no `initdb` here", "install the Debian package postgresql")
    with start_postgres(binaries) as server:
        yield server


@pytest.fixture
def run_prometheus(tmp_path: Path) -> Iterator[RunPrometheus]:
    """Starts a Prometheus that scrapes the given targets; all of them end with the test."""
    require_program("prometheus")
    with contextlib.ExitStack() as running:

        def run(targets: Sequence[ScrapeTarget | str], scrape_interval_seconds: float = 1.0) -> PrometheusServer:
            return running.enter_context(start_prometheus(tmp_path, targets, scrape_interval_seconds))

        yield run


@pytest.fixture
def run_model_server(tmp_path: Path) -> Iterator[RunModelServer]:
    """Starts a model server that follows the given plan; all of them end with the test."""
    with contextlib.ExitStack() as running:

        def run(plan: ModelServerPlan) -> ModelServer:
            return running.enter_context(start_model_server(tmp_path, plan))

        yield run
