"""A real Prometheus on loopback that scrapes what the test says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.servers.process import LOOPBACK, ServerProcess, start_server, wait_until

READY_DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """An address that Prometheus scrapes."""

    address: str
    """`host:port`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Added to every series of the target."""
    job: str = "models"
    metrics_path: str = "/metrics"


Series = tuple[Mapping[str, str], float]
"""The labels and the value of one series in an instant answer."""


def has_answer(series: Sequence[Series]) -> bool:
    """Whether an instant answer has any series."""
    return bool(series)


class PrometheusServer:
    """A running Prometheus; a context manager that stops it."""

    def __init__(self, process: ServerProcess, config_path: Path, scrape_interval_seconds: float) -> None:
        """Wrap a started process and the configuration that it reads."""
        self.process = process
        self.scrape_interval_seconds = scrape_interval_seconds
        self._config_path = config_path
        self._http = httpx.Client(base_url=process.url, timeout=10.0, trust_env=False)

    @property
    def url(self) -> str:
        """The base address, without a slash at the end."""
        return self.process.url

    def query(self, promql: str) -> list[Series]:
        """The series of an instant query at the server's present."""
        answer = self._http.get("/api/v1/query", params={"query": promql})
        answer.raise_for_status()
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return [(series["metric"], float(series["value"][1])) for series in result]

    def wait_for(
        self,
        promql: str,
        accept: Callable[[Sequence[Series]], bool] = has_answer,
        deadline_seconds: float = 30.0,
    ) -> list[Series]:
        """The first answer that is accepted; an AssertionError with the last one when none is in time."""
        last: list[Series] = []

        def accepted() -> bool:
            nonlocal last
            last = self.query(promql)
            return accept(last)

        if not wait_until(accepted, deadline_seconds, every_seconds=0.1):
            raise AssertionError(f"{promql} answered {last!r} after {deadline_seconds:.0f} s")
        return last

    def scrape(self, targets: Sequence[ScrapeTarget | str]) -> None:
        """Scrape these targets from now on, instead of the former ones."""
        _write_config(self._config_path, targets, self.scrape_interval_seconds)
        self._http.post("/-/reload").raise_for_status()

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


def start_prometheus(
    directory: Path, targets: Sequence[ScrapeTarget | str], scrape_interval_seconds: float = 1.0
) -> PrometheusServer:
    """A Prometheus that scrapes the targets at the interval, with its data in `directory`."""
    program = shutil.which("prometheus")
    if program is None:
        raise FileNotFoundError("no `prometheus` on PATH")
    directory.mkdir(parents=True, exist_ok=True)
    config_path = directory / "prometheus.yml"
    _write_config(config_path, targets, scrape_interval_seconds)

    def command(port: int) -> list[str]:
        return [
            program,
            f"--config.file={config_path}",
            f"--storage.tsdb.path={directory / f'tsdb-{port}'}",
            f"--web.listen-address={LOOPBACK}:{port}",
            "--web.enable-lifecycle",
            "--log.level=warn",
        ]

    process = start_server(
        "prometheus",
        command,
        directory=directory,
        ready_path="/-/ready",
        deadline_seconds=READY_DEADLINE_SECONDS,
    )
    return PrometheusServer(process, config_path, scrape_interval_seconds)


def _write_config(path: Path, targets: Sequence[ScrapeTarget | str], scrape_interval_seconds: float) -> None:
    """Write the scrape configuration; JSON is YAML too."""
    described = [ScrapeTarget(target) if isinstance(target, str) else target for target in targets]
    interval = f"{round(scrape_interval_seconds * 1000)}ms"
    jobs = [
        {
            "job_name": f"{job}{'' if path == '/metrics' else path}",
            "metrics_path": path,
            "static_configs": [
                {"targets": [target.address], "labels": dict(target.labels)}
                for target in described
                if (target.job, target.metrics_path) == (job, path)
            ],
        }
        for job, path in sorted({(target.job, target.metrics_path) for target in described})
    ]
    timing = {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval}
    path.write_text(json.dumps({"global": timing, "scrape_configs": jobs}), encoding="utf-8")
