"""Counters, histograms and gauges of a model server, in the Prometheus text format."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Mapping

LATENCY_BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0)
CONFIDENCE_BOUNDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)

BOUNDS = {
    "model_request_duration_seconds": LATENCY_BOUNDS_SECONDS,
    "model_prediction_confidence": CONFIDENCE_BOUNDS,
}

HELP = {
    "model_requests_total": "Requests by the status code that they got.",
    "model_request_duration_seconds": "Time to answer a request.",
    "model_prediction_confidence": "Confidence of the predictions that were answered.",
    "model_decisions_total": "Decisions made from the predictions that were answered.",
    "feature_drift_psi": "Population stability index of a feature against the training data.",
    "model_traffic_weight": "Share of the traffic that the version was meant to get.",
}

Labels = tuple[tuple[str, str], ...]
Gauges = Mapping[tuple[str, Labels], float]


class Metrics:
    """What was counted since the start; safe to use from several threads."""

    def __init__(self) -> None:
        """Start with no series."""
        self._lock = threading.Lock()
        self._counters: dict[tuple[str, Labels], int] = {}
        self._buckets: dict[tuple[str, Labels], list[int]] = {}
        self._sums: dict[tuple[str, Labels], float] = {}

    def count(self, name: str, labels: Labels) -> None:
        """Add one to a counter."""
        with self._lock:
            self._counters[name, labels] = self._counters.get((name, labels), 0) + 1

    def observe(self, name: str, labels: Labels, value: float) -> None:
        """Add an observation to a histogram of `BOUNDS`."""
        bounds, key = BOUNDS[name], (name, labels)
        with self._lock:
            buckets = self._buckets.setdefault(key, [0] * (len(bounds) + 1))
            buckets[bisect.bisect_left(bounds, value)] += 1
            self._sums[key] = self._sums.get(key, 0.0) + value

    def exposition(self, gauges: Gauges) -> str:
        """The page at `/metrics`: one block per family, with the given gauges at the end."""
        families: dict[tuple[str, str], list[str]] = {}
        with self._lock:
            for (name, labels), count in sorted(self._counters.items()):
                families.setdefault((name, "counter"), []).append(_sample(name, labels, count))
            for (name, labels), buckets in sorted(self._buckets.items()):
                lines = families.setdefault((name, "histogram"), [])
                lines.extend(_histogram(name, labels, buckets, self._sums[name, labels]))
        for (name, labels), value in sorted(gauges.items()):
            families.setdefault((name, "gauge"), []).append(_sample(name, labels, value))
        return "".join(
            f"# HELP {name} {HELP[name]}\n# TYPE {name} {kind}\n{''.join(lines)}"
            for (name, kind), lines in families.items()
        )


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
    return f"{name}{{{inside}}} {float(value)!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _histogram(name: str, labels: Labels, buckets: list[int], total: float) -> list[str]:
    lines, cumulative = [], 0
    for bound, count in zip((*map(str, BOUNDS[name]), "+Inf"), buckets, strict=True):
        cumulative += count
        lines.append(_sample(f"{name}_bucket", (*labels, ("le", bound)), cumulative))
    return [*lines, _sample(f"{name}_sum", labels, total), _sample(f"{name}_count", labels, cumulative)]
