"""Backends stop, come back, and answer nonsense: the screens stay, say so, and paint nothing that was not meant."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from modeltui.testing.faults import (
    HOSTILE_TEXTS,
    FaultServer,
    Reply,
    SeenRequest,
    gzip_bomb,
    half_json,
    html_page,
    huge,
    json_reply,
)
from tests.e2e.reading import card_of, row_of
from tests.e2e.stage import screens, status, write_config
from tests.servers.fixtures import RunModelServer, RunPrometheus
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow_fleet import FleetFacts
from tests.servers.model_plan import ModelServerPlan, Slot
from tests.terminal import Terminal, foreign_sequences

MODEL = "e2e-away"


def _contexts(registry_url: str, metrics_url: str, include: Sequence[str] = ("*",)) -> dict[str, Any]:
    """A fleet whose sources are asked often and are stale soon: the story has seconds, not minutes."""
    return {
        "production": {
            "production": True,
            "mode": "read-only",
            "sources": {
                "mlflow": {"kind": "mlflow", "url": registry_url, "poll_seconds": 2},
                "prom": {
                    "kind": "prometheus",
                    "url": metrics_url,
                    "profile": "generic",
                    "segments": ["region"],
                    "scrape_interval_seconds": 1,
                    "poll_seconds": 1,
                },
            },
            "pointers": {"champion": {"environment": "prod", "role": "stable"}},
            "environments": {"prod": {"group": "prod", "production": True}},
            "models": {"include": list(include)},
            "max_age_seconds": 6,
            "signals": {
                name: {"window_seconds": 10, "max_age_seconds": 6}
                for name in ("error_rate", "latency_p95", "throughput", "confidence", "drift", "business")
            },
        }
    }


def _banner_says(*words: str) -> Callable[[list[str]], bool]:
    return lambda lines: all(word in lines[0] for word in words)


def _answers_keys(terminal: Terminal) -> None:
    """Help opens and closes again."""
    terminal.send("?")
    terminal.wait_for("Show every key", 10.0)
    terminal.send("\x1b")
    terminal.wait_for(lambda lines: row_of(lines, MODEL) != {}, 10.0)


def _shows_fresh(lines: Sequence[str]) -> bool:
    row, card = row_of(lines, MODEL), card_of(lines)
    calm = bool(row) and (row["ERR"], row["THR"]) == ("ok", "ok") and card is not None and card.level == "ok"
    return calm and "DOWN" not in lines[0] and "STALE" not in lines[0]


def _shows_stale(lines: Sequence[str]) -> bool:
    row, card = row_of(lines, MODEL), card_of(lines)
    return (
        bool(row)
        and row["ERR"].startswith("~")
        and row["LAT"].startswith("~")
        and card is not None
        and (card.level == "stale")
    )


@pytest.mark.servers
@pytest.mark.terminal
def test_a_metrics_store_and_a_registry_may_stop_and_come_back(
    mlflow3: MlflowServer, run_model_server: RunModelServer, run_prometheus: RunPrometheus, tmp_path: Path
) -> None:
    """Without metrics cells turn stale and row 1 says DOWN; without a registry only row 1 changes; both recover."""
    mlflow3.client.create_model(MODEL)
    mlflow3.client.create_version(MODEL, "s3://models.example/e2e")
    mlflow3.client.set_alias(MODEL, "champion", "1")
    served = run_model_server(ModelServerPlan(MODEL, slots=(Slot("champion", version="1"),), requests_per_second=60))
    prometheus = run_prometheus([served.scrape_target], 1.0)
    config = write_config(tmp_path, _contexts(mlflow3.url, prometheus.url, (MODEL,)))
    with screens(config) as terminal:
        terminal.wait_for(_shows_fresh, 60.0)

        prometheus.process.stop()
        terminal.wait_for(_banner_says("prom DOWN"), 30.0)
        terminal.wait_for(_shows_stale, 30.0)
        row = row_of(terminal.lines(), MODEL)
        assert not [name for name, cell in row.items() if cell == "ok"], row
        assert "DOWN" not in terminal.lines()[0].partition("prom")[0]
        age = terminal.lines()[0].partition("prom DOWN ")[2].split()[0]
        assert age.endswith("s"), terminal.lines()[0]
        _answers_keys(terminal)
        prometheus.process.restart()
        terminal.wait_for(_shows_fresh, 60.0)

        mlflow3.process.suspend()
        try:
            terminal.wait_for(lambda lines: "mlflow STALE" in lines[0] or "mlflow DOWN" in lines[0], 40.0)
            assert row_of(terminal.lines(), MODEL)["ERR"] == "ok"
            assert row_of(terminal.lines(), MODEL)["LIVE"] == "1"
            _answers_keys(terminal)
        finally:
            mlflow3.process.resume()
        terminal.wait_for(_shows_fresh, 60.0)
        assert foreign_sequences(terminal.sent) == []
        terminal.send("q")
        assert terminal.wait_exit() == 0


# Backends that answer nonsense


@contextmanager
def _fault_server() -> Iterator[tuple[FaultServer, Callable[..., None]]]:
    """A fault server in a loop and a thread of its own, and what changes its script there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="faults")
    thread.start()
    server = FaultServer()
    asyncio.run_coroutine_threadsafe(server.listen(), loop).result(10)

    def script(path: str, *replies: Reply | Callable[[SeenRequest], Reply]) -> None:
        loop.call_soon_threadsafe(server.answer, path, *replies)

    try:
        yield server, script
    finally:
        asyncio.run_coroutine_threadsafe(server.refuse(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


NONSENSE: dict[str, Reply] = {
    "a sign-in page": html_page(),
    "half an answer": half_json({"status": "success", "data": {"resultType": "vector", "result": []}}),
    "50 MB": huge(50),
    "a gzip bomb": gzip_bomb(200),
    "NaN": Reply(b'{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[NaN,"NaN"]}]}}'),
    "a list": json_reply([1, 2, 3]),
    "a refusal in hostile words": json_reply(
        {"status": "error", "errorType": "bad_data", "error": "".join(HOSTILE_TEXTS.values())[:20_000]}, 400
    ),
}


@pytest.mark.servers
@pytest.mark.terminal
@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_from_a_metrics_store_costs_its_own_cells_only(
    kind: str, mlflow3_fleet: FleetFacts, tmp_path: Path, measured: Callable[[str], None]
) -> None:
    """A metrics store that answers nonsense is DOWN with a reason; the registry's half of the screen stays."""
    with _fault_server() as (faults, script):
        for path in ("/api/v1/query", "/api/v1/query_range"):
            script(path, NONSENSE[kind])
        config = write_config(tmp_path, _contexts(mlflow3_fleet.server.url, faults.url))
        with screens(config) as terminal:
            terminal.wait_for(_banner_says("prom DOWN"), 40.0)
            terminal.wait_for(lambda lines: row_of(lines, "fraud-detector") != {}, 30.0)
            row = row_of(terminal.lines(), "fraud-detector")
            assert row["LIVE"].startswith("10")
            assert not [name for name, cell in row.items() if cell == "ok"], row
            assert "mlflow DOWN" not in terminal.lines()[0]
            terminal.send("s")
            terminal.wait_for(lambda lines: any("prom" in line for line in lines[1:4]), 10.0)
            # Five answers of 64 MiB at most, each held twice while it is put together.
            assert terminal.rss() < 800 << 20
            measured(f"{kind}: {terminal.rss() / (1 << 20):.0f} MiB, {terminal.cpu_seconds():.1f} s of CPU")
            assert foreign_sequences(terminal.sent) == []
            terminal.send("q")
            assert terminal.wait_exit() == 0


def _hostile_query(seen: SeenRequest) -> Reply:
    """An answer in which every label is hostile, whatever was asked; every number is also a fresh time."""
    asked = {**seen.form, **seen.query}
    moment = float(asked.get("time", ["0"])[0])
    parts = re.findall(r'"(\w+_part)", *"([^"]*)"', asked["query"][0]) or [("part", "")]
    series = [
        {
            "metric": {"model": text, "version": text, "env": "prod", "region": text, name: part, "le": text},
            "value": [moment, str(moment)],
        }
        for text in HOSTILE_TEXTS.values()
        for name, part in parts
    ]
    data = {"resultType": "vector", "result": series}
    warnings = ["".join(HOSTILE_TEXTS.values())[:5_000]]
    return json_reply({"status": "success", "data": data, "warnings": warnings})


def _hostile_registry(_: SeenRequest) -> Reply:
    models = [
        {
            "name": text or "empty",
            "latest_versions": [{"name": text, "version": text, "current_stage": text, "tags": []}],
            "aliases": [{"alias": "champion", "version": text}, {"alias": text, "version": text}],
            "tags": [{"key": text, "value": text}],
            "description": text,
        }
        for text in HOSTILE_TEXTS.values()
    ]
    return json_reply({"registered_models": models})


def _shows_fleet(lines: Sequence[str]) -> bool:
    return "LIVE" in lines[1] and not any("what to do" in line for line in lines)


WAYS: tuple[tuple[str, Callable[[list[str]], bool], str], ...] = (
    ("w", lambda lines: "MODEL" not in lines[1] and "traffic" in "".join(lines), "\x1b"),
    ("\r", lambda lines: "VERSION" in lines[2], "\x1b"),
    ("s", lambda lines: "Sources" in lines[1], "\x1b"),
    ("6", lambda lines: "SKEW" in lines[1], "1"),
    ("?", lambda lines: "Keys" in lines[1], "\x1b"),
    (":", lambda lines: any("what to do" in line for line in lines), "\x1b"),
)
"""Every screen: the key to it, how it is known, and the key back."""


@pytest.mark.servers
@pytest.mark.terminal
@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
def test_hostile_names_stay_in_their_cells(size: tuple[int, int], tmp_path: Path) -> None:
    """Escape sequences, markup and 10 000 characters in every name are text on every screen, and do nothing."""
    with _fault_server() as (faults, script):
        script("/api/v1/query", _hostile_query)
        script("/api/2.0/mlflow/registered-models/search", _hostile_registry)
        script("/version", Reply(b"3.17.2", content_type="text/plain"))
        script("/health", Reply(b"OK", content_type="text/plain"))
        config = write_config(tmp_path, _contexts(faults.url, faults.url))
        with screens(config, size=size) as terminal:
            terminal.wait_for(lambda lines: sum("@" not in line and "prod" in line for line in lines[2:]) > 3, 40.0)
            for key, arrived, back in WAYS:
                terminal.send(key)
                terminal.wait_for(arrived, 10.0)
                terminal.send(back)
                terminal.wait_for(_shows_fleet, 10.0)
            terminal.send("jjjjjjjjjjGg/[/]\x1b")
            terminal.wait_quiet(0.3, 10.0)
            assert terminal.process.poll() is None
            assert foreign_sequences(terminal.sent) == []
            answer = status(config)
            assert len(answer["targets"]) > 20
            measured_ones = [one for target in answer["targets"] for one in target["versions"] if one["signals"]]
            assert len(measured_ones) > 20
            terminal.send("q")
            assert terminal.wait_exit() == 0
            left = terminal.sent.rpartition(b"\x1b[?1049l")[2]
            assert b"fault of its own" not in left, left
