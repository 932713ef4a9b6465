"""A small real model server: serves by registry alias, answers predictions, exports `/metrics`.

It is a process of its own (`python -m tests.servers.model_server PORT PLAN.json`), standard library only. Requests
come from outside (`POST /predict`) and from a built-in load generator, so that the counters move without a client.

Traffic is split over *slots*. A slot has a share and serves either what a registry alias points at, which is asked
for every second (`registered-models/alias`, as model servers do that follow MLflow), or a fixed version. How a
version behaves is written in the plan: a bad version is bad from the moment it serves.

Metrics, the *generic* profile of this project (base labels `model, version, env`):

| name | kind | further labels |
|---|---|---|
| `model_requests_total` | counter | `region, code` (200 or 500) |
| `model_request_duration_seconds` | histogram | `region, le` |
| `model_prediction_confidence` | histogram, of answered requests | `region, le` |
| `model_decisions_total` | counter, of answered requests | `region, outcome` (approve or decline) |
| `feature_drift_psi` | gauge, of versions that serve now | `feature` |
| `model_traffic_weight` | gauge: the share that the server was told to give | |

Paths: `POST /predict` (header `X-Region` chooses the region), `GET /metrics`, `GET /health`, `GET /admin/state`,
`POST /admin/slot {"name", "share"?, "alias"?, "version"?}`, `POST /admin/behaviour {"version", …}`,
`POST /admin/load {"requests_per_second"}`.
"""

from __future__ import annotations

import base64
import json
import random
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.servers.model_metrics import Gauges, Labels, Metrics
from tests.servers.model_plan import Behaviour, ModelServerPlan, Slot

MOST_REQUESTS_PER_SECOND = 2000.0
MOST_SECONDS_TO_CATCH_UP = 1.0
"""After a pause (a frozen process) the generator does not make up for more than this."""
_LOAD_TICK_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 5.0
_CONFIDENCE_CONCENTRATION = 20.0
"""Sum of the two parameters of the beta distribution: a mean of 0.9 has a standard deviation of 0.065."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request got."""

    version: str
    code: int
    latency_seconds: float
    confidence: float | None = None
    outcome: str | None = None


class Server:
    """What serves, how it behaves and what was counted; safe to use from several threads."""

    def __init__(self, plan: ModelServerPlan) -> None:
        """Start from the plan; nothing runs yet."""
        self.plan = plan
        self.metrics = Metrics()
        self._requests_per_second = plan.requests_per_second
        self._behaviours = dict(plan.behaviours)
        self._slots = {slot.name: slot for slot in plan.slots}
        self._registry_error: str | None = None
        self._random = random.Random(plan.seed)
        self._lock = threading.Lock()

    def serve_one(self, region: str | None = None) -> Answer | None:
        """One request's answer, counted and not waited for; None when no version serves."""
        with self._lock:
            shares = self._shares()
            if not shares:
                return None
            version = self._choose(shares)
            region = region or self._choose(self.plan.regions)
            answer = self._draw(version, self._behaviour(version).in_region(region))
        labels = (*self._base_labels(version), ("region", region))
        self.metrics.count("model_requests_total", (*labels, ("code", str(answer.code))))
        self.metrics.observe("model_request_duration_seconds", labels, answer.latency_seconds)
        if answer.confidence is not None and answer.outcome is not None:
            self.metrics.observe("model_prediction_confidence", labels, answer.confidence)
            self.metrics.count("model_decisions_total", (*labels, ("outcome", answer.outcome)))
        return answer

    def gauges(self) -> Gauges:
        """Drift and traffic weight of the versions that serve now."""
        with self._lock:
            shares = self._shares()
            behaviours = {version: self._behaviour(version) for version in shares}
        found = {
            ("feature_drift_psi", (*self._base_labels(version), ("feature", feature))): psi
            for version, behaviour in behaviours.items()
            for feature, psi in behaviour.drift_psi.items()
        }
        weights = {("model_traffic_weight", self._base_labels(version)): share for version, share in shares.items()}
        return found | weights

    def state(self) -> dict[str, Any]:
        """What serves now, as `/admin/state` tells it."""
        with self._lock:
            return {
                "serving": self._shares(),
                "slots": {name: slot.version for name, slot in self._slots.items()},
                "requests_per_second": self._requests_per_second,
                "registry_error": self._registry_error,
            }

    def change(self, what: str, wanted: Mapping[str, Any]) -> bool:
        """Carry out an admin request; False when there is no such thing to change."""
        with self._lock:
            if what == "slot":
                name = wanted["name"]
                self._slots[name] = replace(self._slots.get(name, Slot(name)), **wanted)
            elif what == "behaviour":
                differing = {key: value for key, value in wanted.items() if key != "version"}
                self._behaviours[wanted["version"]] = replace(self._behaviour(wanted["version"]), **differing)
            elif what == "load":
                self._requests_per_second = float(wanted["requests_per_second"])
            else:
                return False
        return True

    def follow_registry(self) -> None:
        """Ask the registry for the aliases of the slots, for ever; what served goes on when it is away."""
        while True:
            with self._lock:
                followed = [(slot.name, slot.alias) for slot in self._slots.values() if slot.alias]
            for name, alias in followed:
                try:
                    version, error = self._registry_version(alias), None
                except (OSError, ValueError, KeyError) as problem:
                    version, error = None, f"{alias}: {problem}"
                with self._lock:
                    self._registry_error = error
                    if version is not None and self._slots[name].alias == alias:
                        self._slots[name] = replace(self._slots[name], version=version)
            time.sleep(self.plan.registry_poll_seconds)

    def generate_load(self) -> None:
        """Serve the planned requests per second, for ever."""
        last, owed = time.monotonic(), 0.0
        while True:
            time.sleep(_LOAD_TICK_SECONDS)
            now = time.monotonic()
            with self._lock:
                rate = min(self._requests_per_second, MOST_REQUESTS_PER_SECOND)
            owed += rate * min(now - last, MOST_SECONDS_TO_CATCH_UP)
            last = now
            while owed >= 1.0:
                owed -= 1.0
                self.serve_one()

    def _registry_version(self, alias: str) -> str:
        query = urllib.parse.urlencode({"name": self.plan.model, "alias": alias})
        url = f"{self.plan.registry_url}/api/2.0/mlflow/registered-models/alias?{query}"
        request = urllib.request.Request(url)
        if self.plan.registry_username is not None:
            pair = f"{self.plan.registry_username}:{self.plan.registry_password}"
            request.add_header("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
        with urllib.request.urlopen(request, timeout=5.0) as answer:
            return str(json.load(answer)["model_version"]["version"])

    def _shares(self) -> dict[str, float]:
        """Share of the traffic by version that serves; slots that know no version yet leave theirs to the others."""
        shares: dict[str, float] = {}
        for slot in self._slots.values():
            if slot.version is not None and slot.share > 0:
                shares[slot.version] = shares.get(slot.version, 0.0) + slot.share
        whole = sum(shares.values())
        return {version: share / whole for version, share in shares.items()}

    def _choose(self, shares: Mapping[str, float]) -> str:
        return self._random.choices(list(shares), list(shares.values()))[0]

    def _behaviour(self, version: str) -> Behaviour:
        return self._behaviours.get(version, Behaviour())

    def _base_labels(self, version: str) -> Labels:
        return (("model", self.plan.model), ("version", version), ("env", self.plan.environment))

    def _draw(self, version: str, behaviour: Behaviour) -> Answer:
        chance = self._random
        latency = behaviour.latency_seconds * chance.lognormvariate(0.0, behaviour.latency_spread)
        if chance.random() < behaviour.error_share:
            return Answer(version, 500, latency)
        mean = min(max(behaviour.confidence, 0.01), 0.99)
        sure, unsure = mean * _CONFIDENCE_CONCENTRATION, (1 - mean) * _CONFIDENCE_CONCENTRATION
        outcome = "approve" if chance.random() < behaviour.approve_share else "decline"
        return Answer(version, 200, latency, chance.betavariate(sure, unsure), outcome)


class Handler(BaseHTTPRequestHandler):
    """The paths of the server."""

    protocol_version = "HTTP/1.1"
    served: Server

    def do_GET(self) -> None:
        """Answer `/metrics`, `/health` and `/admin/state`."""
        if self.path == "/metrics":
            page = self.served.metrics.exposition(self.served.gauges())
            self._answer(200, page.encode(), "text/plain; version=0.0.4; charset=utf-8")
        elif self.path == "/health":
            self._answer_json(200, {"status": "ok"})
        elif self.path == "/admin/state":
            self._answer_json(200, self.served.state())
        else:
            self._answer_json(404, {"error": f"no {self.path}"})

    def do_POST(self) -> None:
        """Answer `/predict` and the admin paths."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/predict":
            self._predict()
            return
        try:
            known = self.path.startswith("/admin/") and self.served.change(
                self.path.removeprefix("/admin/"), json.loads(body)
            )
        except (ValueError, TypeError, KeyError) as error:
            self._answer_json(400, {"error": repr(error)})
            return
        self._answer_json(200 if known else 404, self.served.state())

    def _predict(self) -> None:
        answer = self.served.serve_one(self.headers.get("X-Region"))
        if answer is None:
            self._answer_json(503, {"error": "no version serves"})
            return
        time.sleep(min(answer.latency_seconds, _LONGEST_WAIT_SECONDS))
        about = {"model": self.served.plan.model, "version": answer.version}
        if answer.code == 200:
            self._answer_json(200, about | {"confidence": answer.confidence, "outcome": answer.outcome})
        else:
            self._answer_json(answer.code, about | {"error": "the model failed"})

    def _answer_json(self, code: int, content: Mapping[str, Any]) -> None:
        self._answer(code, json.dumps(content).encode(), "application/json")

    def _answer(self, code: int, body: bytes, content_type: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is the base class's
        """Say nothing: the load generator and the scrapes would fill the log."""


def main(port: str, plan_path: str) -> None:
    """Serve the plan on a port of loopback until the process is ended."""
    server = Server(ModelServerPlan.from_json(Path(plan_path).read_text(encoding="utf-8")))
    Handler.served = server
    if server.plan.registry_url is not None:
        threading.Thread(target=server.follow_registry, daemon=True).start()
    threading.Thread(target=server.generate_load, daemon=True).start()
    listener = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    listener.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
