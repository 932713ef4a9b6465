"""One configuration with several worlds: an option or a key leads from one to the other, and they never mix."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stage import MODELTUI, environment, run, screens, status, write_config
from tests.servers.fixtures import RunModelServer, RunPrometheus
from tests.servers.mlflow import MlflowServer
from tests.servers.model_plan import ModelServerPlan, Slot
from tests.terminal import foreign_sequences

MODEL = "e2e-contexts"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Path]:
    """The folder of an embedded world that moves."""
    directory = tmp_path / "world"
    process = subprocess.Popen(
        [*MODELTUI, "demo", "--headless", "--dir", str(directory)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline()
        yield directory
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def config(
    world: Path, mlflow3: MlflowServer, run_model_server: RunModelServer, run_prometheus: RunPrometheus, tmp_path: Path
) -> Path:
    """A configuration with a simulated context, a live one, and one whose servers are not there."""
    mlflow3.client.create_model(MODEL)
    mlflow3.client.create_version(MODEL, "s3://models.example/e2e")
    mlflow3.client.set_alias(MODEL, "champion", "1")
    served = run_model_server(ModelServerPlan(MODEL, slots=(Slot("champion", version="1"),)))
    prometheus = run_prometheus([served.scrape_target], 1.0)
    prometheus.wait_for(f'increase(model_requests_total{{model="{MODEL}"}}[10s]) > 0')
    live: dict[str, Any] = {
        "production": True,
        "mode": "read-only",
        "sources": {
            "mlflow": {"kind": "mlflow", "url": mlflow3.url, "poll_seconds": 2},
            "prom": {"kind": "prometheus", "url": prometheus.url, "scrape_interval_seconds": 1, "poll_seconds": 2},
        },
        "pointers": {"champion": {"environment": "prod", "role": "stable"}},
        "models": {"include": [MODEL]},
    }
    away = {"sources": {"mlflow": {"kind": "mlflow", "url": "http://127.0.0.1:9", "poll_seconds": 2}}}
    demo = {"simulated": True, "sources": {"world": {"kind": "embedded", "path": str(world / "world.sqlite")}}}
    return write_config(tmp_path, {"demo": demo, "live": live, "away": away}, default_context="demo")


def _models(answer: dict[str, Any]) -> set[str]:
    return {target["model"] for target in answer["targets"]}


def _shows_live(lines: Sequence[str]) -> bool:
    return (
        lines[0].startswith(" PROD live") and any(MODEL in line for line in lines[2:4]) and "prom DOWN" not in lines[0]
    )


def _shows_demo(lines: Sequence[str]) -> bool:
    return "DEMO simulated data" in lines[0] and any("churn" in line for line in lines[2:4])


@pytest.mark.servers
@pytest.mark.terminal
def test_contexts_are_chosen_by_option_and_by_key(config: Path) -> None:
    """`--context` and `c` open the same worlds; what one shows is never shown under the other's name."""
    simulated, live = status(config), status(config, "--context", "live")
    assert (simulated["context"], simulated["simulated"]) == ("demo", True)
    assert (live["context"], live["simulated"], live["mode"]) == ("live", False, "read-only")
    assert _models(live) == {MODEL}
    assert MODEL not in _models(simulated)
    assert "fraud-detector" in _models(simulated)

    unknown = run("--config", str(config), "--context", "lvie", "status")
    assert unknown.returncode == 2
    assert "did you mean 'live'" in unknown.stderr
    away = run("--config", str(config), "--context", "away", "status", "--json")
    assert away.returncode == 1
    assert "127.0.0.1:9" in away.stderr

    with screens(config) as terminal:
        terminal.wait_for(_shows_demo, 20.0)
        for name, shows in (("live", _shows_live), ("demo", _shows_demo)):
            terminal.send("c")
            terminal.wait_for(lambda lines: any("live" in line and "context" in line for line in lines[2:]), 10.0)
            terminal.send(f"{name}\r")
            terminal.wait_for(shows, 20.0)
            other = "churn" if name == "live" else MODEL
            assert other not in "".join(terminal.lines())
        terminal.send("caway\r")
        terminal.wait_for(lambda lines: "mlflow DOWN" in lines[0] and "away" in lines[0], 20.0)
        assert "DEMO" not in terminal.lines()[0]
        terminal.send("clive\r")
        terminal.wait_for(_shows_live, 20.0)
        assert foreign_sequences(terminal.sent) == []
        written = config.read_text()
        config.write_text("contexts: [half a file that somebody saves")
        terminal.send("q")  # what is kept for the next start goes by the file as it was when this context was opened
        assert terminal.wait_exit() == 0
        config.write_text(written)

    with screens(config, "--context", "live") as terminal:
        terminal.wait_for(_shows_live, 20.0)
        terminal.send("q")
        assert terminal.wait_exit() == 0
