"""A bad version is made champion, and the operator sees which one, by what, against what, and that it is over again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.reading import Card, card_of, row_of
from tests.e2e.stage import screens, status, target_of, version_of, write_config
from tests.e2e.wire_tap import WireTap
from tests.servers.fixtures import RunModelServer, RunPrometheus
from tests.servers.mlflow import MlflowServer
from tests.servers.model_plan import Behaviour, ModelServerPlan, champion_and_holdback
from tests.servers.process import wait_until
from tests.servers.prometheus import PrometheusServer
from tests.terminal import Terminal, foreign_sequences

FRAUD, CLAIMS, CREDIT = "e2e-fraud", "e2e-claims", "e2e-credit"
"""In MLflow 3 and goes bad; in MLflow 2 and goes bad; in MLflow 3 and stays healthy."""
BAD_ERRORS = 0.15
"""Far above the usual 1 %, and below the absolute limit: only the comparison tells."""
SCRAPE_SECONDS = 5.0
WINDOW_SECONDS = 30
"""Six scrapes: enough to divide by, and short enough that a recovery is seen within the test."""

Measured = Callable[[str], None]


def _contexts(mlflow3: MlflowServer, mlflow2: MlflowServer, prometheus_url: str) -> dict[str, Any]:
    """What a user would write; with windows and times of seconds where production has minutes."""
    spike = {"name": "error-spike", "change": "+100%", "margin": "2pp", "for_seconds": 5, "keep_firing_seconds": 5}
    return {
        "production": {
            "production": True,
            "mode": "read-only",
            "sources": {
                "mlflow3": {"kind": "mlflow", "url": mlflow3.url, "poll_seconds": 2},
                "mlflow2": {"kind": "mlflow", "url": mlflow2.url, "poll_seconds": 2},
                "prometheus": {
                    "kind": "prometheus",
                    "url": prometheus_url,
                    "profile": "generic",
                    "labels": {"model": "model", "version": "version", "environment": "env"},
                    "segments": ["region"],
                    "scrape_interval_seconds": SCRAPE_SECONDS,
                    "poll_seconds": SCRAPE_SECONDS,
                },
            },
            "pointers": {"champion": {"environment": "prod", "role": "stable"}},
            "environments": {"prod": {"group": "prod", "production": True}},
            "models": {"include": [FRAUD, CLAIMS, CREDIT]},
            # Ten minutes in production; the story has a minute for the version that is good.
            "proven_after_seconds": 10,
            "signals": {
                "error_rate": {
                    "window_seconds": WINDOW_SECONDS,
                    "rules": [
                        spike | {"min_samples": 50, "min_events": 5},
                        {"name": "hard-errors", "above": "50%", "for_seconds": 5},
                    ],
                },
                # A few hundred decisions scatter by more than the usual tenth.
                "business": {"rules": [{"name": "business-down", "change": "-30%"}]},
            },
        }
    }


def _register(mlflow: MlflowServer, *models: str) -> None:
    for model in models:
        mlflow.client.create_model(model)
        for _ in range(2):
            mlflow.client.create_version(model, "s3://models.example/e2e")
        mlflow.client.set_alias(model, "champion", "1")


def _plan(mlflow: MlflowServer, model: str) -> ModelServerPlan:
    slots = champion_and_holdback(0.8)  # the former champion keeps a fifth, as the baseline of the same minutes
    behaviours = {"2": Behaviour(error_share=BAD_ERRORS)}
    return ModelServerPlan(
        model, slots=slots, behaviours=behaviours, registry_url=mlflow.url, requests_per_second=60.0, seed=len(model)
    )


def _is_healthy(lines: Sequence[str]) -> bool:
    rows = [row_of(lines, model) for model in (FRAUD, CLAIMS, CREDIT)]
    card = card_of(lines)
    healthy = all(row and (row["LIVE"], row["ERR"], row["THR"]) == ("1", "ok", "ok") for row in rows)
    return healthy and card is not None and card.level == "ok" and card.back.startswith("to 1: served")


def _shows_breach(model: str) -> Callable[[list[str]], bool]:
    return lambda lines: row_of(lines, model).get("ERR", "").startswith("✖") and row_of(lines, model)["LIVE"] == "2"


def _card_on(terminal: Terminal, model: str) -> Card:
    """The card with the cursor on a model's row; another key for each row on the way."""
    for _ in range(4):
        lines = terminal.lines()
        card = card_of(lines)
        if card is not None and card.target == f"{model}@prod":
            return card
        cursor, wanted = (next(i for i, line in enumerate(lines) if word in line) for word in ("▶", f"{model} "))
        terminal.send("j" if cursor < wanted else "k")
        moved = f"▶{lines[cursor + (1 if cursor < wanted else -1)][1:12]}"
        terminal.wait_for(moved, 10.0)
        terminal.wait_quiet(0.1, 5.0)
    raise AssertionError(terminal.text())


def _in_prometheus(prometheus: PrometheusServer, model: str) -> dict[str, tuple[float, float]]:
    """Error share and number of requests by version over the window, as Prometheus itself says."""
    selector = f'model="{model}"'
    window = f"[{WINDOW_SECONDS}s]"
    totals = prometheus.query(f"sum by (version) (increase(model_requests_total{{{selector}}}{window}))")
    bad = prometheus.query(f'sum by (version) (increase(model_requests_total{{{selector},code="500"}}{window}))')
    errors = {labels["version"]: value for labels, value in bad}
    return {
        labels["version"]: (errors.get(labels["version"], 0.0) / total if total else 0.0, total)
        for labels, total in totals
    }


def _scraped_at(prometheus: PrometheusServer, model: str, version: str) -> list[float]:
    """When the samples of a version were scraped, in monotonic seconds."""
    raw = f'model_requests_total{{model="{model}",version="{version}",code="200",region="hk"}}[3m]'
    answer = httpx.get(f"{prometheus.url}/api/v1/query", params={"query": raw}, trust_env=False).json()
    behind = time.time() - time.monotonic()
    return [float(at) - behind for at, _ in answer["data"]["result"][0]["values"]]


@pytest.mark.servers
@pytest.mark.terminal
@pytest.mark.timeout(300)
def test_a_bad_champion_is_seen_named_and_seen_to_recover(
    mlflow3: MlflowServer,
    mlflow2: MlflowServer,
    run_model_server: RunModelServer,
    run_prometheus: RunPrometheus,
    tmp_path: Path,
    measured: Measured,
) -> None:
    """A champion with 15 % errors turns red on the screen and in `status`, beside healthy ones, and back by itself."""
    _register(mlflow3, FRAUD, CREDIT)
    _register(mlflow2, CLAIMS)
    served = {
        model: run_model_server(_plan(mlflow, model))
        for mlflow, model in ((mlflow3, FRAUD), (mlflow3, CREDIT), (mlflow2, CLAIMS))
    }
    prometheus = run_prometheus([one.scrape_target for one in served.values()], SCRAPE_SECONDS)
    with WireTap(prometheus.process.port) as tap:
        config = write_config(tmp_path, _contexts(mlflow3, mlflow2, tap.url))
        with screens(config) as terminal:
            terminal.wait_for(_is_healthy, 90.0)
            _wait_for_known_good(config)

            moved_at = time.monotonic()
            mlflow3.client.promote(FRAUD, "2")
            mlflow2.client.promote(CLAIMS, "2")
            served[FRAUD].wait_serving("1", "2")
            served_at = time.monotonic()
            red_at = terminal.wait_for(_shows_breach(FRAUD), 90.0)
            answered_at = tap.last_answer_before(red_at)
            scrapes = _scraped_at(prometheus, FRAUD, "2")
            terminal.wait_for(_shows_breach(CLAIMS), 60.0)
            for model in (FRAUD, CLAIMS):
                _assert_card_names_the_bad_version(_card_on(terminal, model))
            assert row_of(terminal.lines(), CREDIT)["ERR"] == "ok"
            _say_parts(measured, moved_at, served_at, scrapes, answered_at, red_at)

            _assert_status_says_the_same(config, prometheus)

            back_at = time.monotonic()
            mlflow3.client.set_alias(FRAUD, "champion", "1")
            mlflow2.client.set_alias(CLAIMS, "champion", "1")
            calm_at = terminal.wait_for(_is_healthy, 120.0)
            measured(f"champion moved back to calm on screen: {calm_at - back_at:.1f} s (window {WINDOW_SECONDS} s)")
            for model in (FRAUD, CLAIMS):
                card = _card_on(terminal, model)
                assert (card.level, card.version) == ("ok", "1")
                assert card.back.startswith("to 1: served")
            assert foreign_sequences(terminal.sent) == []
            terminal.send("q")
            assert terminal.wait_exit() == 0


def _wait_for_known_good(config: Path) -> None:
    """Wait until a fresh process finds in the past that version 1 is good, and nothing is wrong."""

    def found() -> bool:
        answer = status(config)
        targets = [target_of(answer, model) for model in (FRAUD, CLAIMS, CREDIT)]
        assert [target["level"] for target in targets] == ["ok"] * 3, answer
        return all(target.get("last_known_good", {}).get("version") == "1" for target in targets)

    assert wait_until(found, 90.0, every_seconds=2.0)


def _window_of_errors(target: dict[str, Any], version: str) -> float:
    """Return how many seconds the error rate of a version covers so far."""
    return float(version_of(target, version)["signals"].get("error_rate", {}).get("window_seconds", 0.0))


def _assert_card_names_the_bad_version(card: Card) -> None:
    assert (card.level, card.version) == ("breach", "2")
    assert card.errors is not None
    assert card.errors.level == "breach"
    assert card.errors.value == pytest.approx(BAD_ERRORS, abs=0.06)
    assert card.errors.baseline < 0.04
    assert card.errors.value > card.errors.limit > card.errors.baseline
    assert card.errors.n > 100
    assert card.why.startswith("err ")
    assert "is beyond the limit" in card.why
    assert card.why.endswith("of last known good 1)")
    assert card.back.startswith("to 1: served")
    assert "within all limits as seen here" in card.back


def _assert_status_says_the_same(config: Path, prometheus: PrometheusServer) -> None:
    answer: dict[str, Any] = {}

    def both_are_told_apart() -> bool:
        answer.update(status(config))
        targets = [target_of(answer, model) for model in (FRAUD, CLAIMS)]
        healthy = [version_of(target, "1")["level"] == "ok" for target in targets]
        found = [target["level"] == "breach" and target["serving"] == "2" for target in targets]
        full = [_window_of_errors(target, "2") > WINDOW_SECONDS - SCRAPE_SECONDS for target in targets]
        return all([*healthy, *found, *full])

    # A fresh process finds in steps of 30 s since when it is bad; both sides need enough requests to be judged; and
    # the new champion has answered most requests of a window only when half of the window is behind it.
    assert wait_until(both_are_told_apart, 90.0, every_seconds=2.0), json.dumps(answer, indent=1)
    for model in (FRAUD, CLAIMS):
        target = target_of(answer, model)
        truth = _in_prometheus(prometheus, model)
        assert (target["serving"], target["desired"]) == ("2", "2")
        bad, good = version_of(target, "2"), version_of(target, "1")
        errors = bad["signals"]["error_rate"]
        assert (bad["level"], errors["level"]) == ("breach", "breach")
        assert [name for name, signal in bad["signals"].items() if signal["level"] == "breach"] == ["error_rate"]
        assert errors["value"] == pytest.approx(truth["2"][0], abs=0.04)
        assert errors["value"] == pytest.approx(BAD_ERRORS, abs=0.05)
        assert errors["baseline"] == pytest.approx(truth["1"][0], abs=0.02)
        assert errors["baseline_version"] == "1"
        assert errors["n"] == pytest.approx(truth["2"][1], rel=0.4)
        assert errors["baseline_n"] == pytest.approx(truth["1"][1], rel=0.4)
        assert errors["window_seconds"] == pytest.approx(WINDOW_SECONDS, abs=SCRAPE_SECONDS)
        assert {segment["name"] for segment in errors["segments"]} == {"region=hk", "region=cn"}
        assert good["level"] == "ok"
        share = truth["2"][1] / (truth["1"][1] + truth["2"][1])
        assert bad["traffic"]["observed"] == pytest.approx(share, abs=0.15)
        assert bad["traffic"]["observed"] > 0.5
        assert target["last_known_good"]["version"] == "1"
        assert "within all limits" in target["last_known_good"]["because"]
    assert target_of(answer, CREDIT)["level"] == "ok"
    assert version_of(target_of(answer, CREDIT), "1")["signals"]["error_rate"]["level"] == "ok"
    assert {source["state"] for source in answer["sources"]} == {"fresh"}


def _say_parts(
    measured: Measured, moved_at: float, served_at: float, scrapes: Sequence[float], answered_at: float, red_at: float
) -> None:
    known = [at for at in scrapes if at <= answered_at]
    assert len(known) >= 2, scrapes
    first, second, last = known[0], known[1], known[-1]
    parts = (
        ("alias to server", served_at - moved_at),
        ("first bad scrape", first - served_at),
        ("window: a second scrape to divide by", second - first),
        ("for: scrapes until it has lasted", last - second),
        ("poll", answered_at - last),
        ("paint", red_at - answered_at),
    )
    told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts)
    measured(f"fault to red: {red_at - moved_at:.1f} s, scraped every {SCRAPE_SECONDS:.0f} s ({told})")
    # Two scrapes to divide, one more for `for`, the alias and one poll; the rest is reserve for a busy machine.
    assert red_at - moved_at < 60.0
    assert red_at - answered_at < 2.0
