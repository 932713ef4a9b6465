"""Starts model servers (`model_server.py`) and talks to them."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.servers.model_plan import ModelServerPlan
from tests.servers.process import LOOPBACK, ServerProcess, start_server, wait_until
from tests.servers.prometheus import ScrapeTarget

_ROOT = Path(__file__).parents[2]


class ModelServer:
    """A running model server; a context manager that stops it."""

    def __init__(self, process: ServerProcess, plan: ModelServerPlan) -> None:
        """Wrap a started process."""
        self.process = process
        self.plan = plan
        self._http = httpx.Client(base_url=process.url, timeout=10.0, trust_env=False)

    @property
    def url(self) -> str:
        """The base address, without a slash at the end."""
        return self.process.url

    @property
    def metrics_url(self) -> str:
        """Where the metrics are."""
        return f"{self.url}/metrics"

    @property
    def scrape_target(self) -> ScrapeTarget:
        """The server as Prometheus scrapes it."""
        return ScrapeTarget(f"{LOOPBACK}:{self.process.port}")

    def metrics(self) -> str:
        """The metrics page as it is now."""
        return self._http.get("/metrics").raise_for_status().text

    def serving(self) -> dict[str, float]:
        """Share of the traffic by version, as the server was told."""
        serving: dict[str, float] = self._http.get("/admin/state").raise_for_status().json()["serving"]
        return serving

    def wait_serving(self, *versions: str, deadline_seconds: float = 15.0) -> None:
        """Return when exactly these versions serve; an AssertionError with what does when that takes too long."""
        if not wait_until(lambda: set(self.serving()) == set(versions), deadline_seconds):
            state = self._http.get("/admin/state").json()
            raise AssertionError(f"{versions} do not serve after {deadline_seconds:.0f} s: {state}")

    def predict(self, region: str | None = None) -> httpx.Response:
        """The answer to one request from outside."""
        return self._http.post("/predict", json={}, headers={"X-Region": region} if region else {})

    def set_slot(self, name: str, **changes: Any) -> None:
        """Change a slot: `share`, `alias` (None to stop following) or `version`."""
        self._admin("slot", {"name": name, **changes})

    def set_behaviour(self, version: str, **changes: Any) -> None:
        """Change how a version behaves from now on (the fields of `Behaviour`)."""
        self._admin("behaviour", {"version": version, **changes})

    def set_load(self, requests_per_second: float) -> None:
        """Change the built-in load."""
        self._admin("load", {"requests_per_second": requests_per_second})

    def _admin(self, what: str, wanted: dict[str, Any]) -> None:
        self._http.post(f"/admin/{what}", json=wanted).raise_for_status()

    def stop(self) -> None:
        """End it."""
        self._http.close()
        self.process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_model_server(directory: Path, plan: ModelServerPlan) -> ModelServer:
    """A model server that follows the plan; its plan and log are kept in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)

    def command(port: int) -> list[str]:
        plan_path = directory / f"plan-{port}.json"
        plan_path.write_text(plan.to_json(), encoding="utf-8")
        return [sys.executable, "-m", "tests.servers.model_server", str(port), str(plan_path)]

    process = start_server(
        "model-server",
        command,
        directory=directory,
        ready_path="/health",
        deadline_seconds=15.0,
        environment={"PYTHONPATH": str(_ROOT)},
        grace_seconds=2.0,
    )
    return ModelServer(process, plan)
