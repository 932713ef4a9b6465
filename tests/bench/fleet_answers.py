"""The answers of a synthetic MLflow and a synthetic Prometheus, prepared as bytes.

They have the shape of the real ones: the routes, keys, labels and sizes that MLflow 3 and Prometheus 2 send for the
questions that the adapters ask. Every model has one stable version; every twentieth has a candidate besides, and one
of these, in the middle of the fleet, fails a third of its requests.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Final

CLOCK: Final = b"1111111111.111"
SCRAPED: Final = b"2222222222.222"
"""Stand for the time of the question and of the last scrape; both are replaced by as many characters."""

ENVIRONMENT: Final = "prod"
CANDIDATE_EVERY: Final = 20
LATENCY_BOUNDS: Final = (
    *("0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.15", "0.2"),
    *("0.3", "0.5", "0.75", "1.0", "2.5", "5.0", "+Inf"),
)
"""Fifteen, as most clients have."""
SIGNALS: Final = {
    "model_requests_total": "errors",
    "model_request_duration_seconds": "latency",
    "model_prediction_confidence": "confidence",
    "feature_drift_psi": "drift",
    "model_decisions_total": "business",
}
"""The metric in a question, and the signal it asks for."""
CHANGING: Final = ("latency", "confidence", "business")
"""The signals whose values change: the grid shows them as numbers; a value within its limits is just `ok`."""

_MATCHED = re.compile(r'\bmodel=~?"([^"]*)"')


def model_name(number: int) -> str:
    """Return the name of a model; they sort by their number."""
    return f"model-{number:05d}"


def bad_model(models: int) -> str:
    """Return the name of the model that is to be found."""
    return model_name(_bad(models))


def _bad(models: int) -> int:
    return (models // 2) // CANDIDATE_EVERY * CANDIDATE_EVERY


class MetricsAnswers:
    """What Prometheus says of a fleet; some of its cells change with each revision."""

    def __init__(self, models: int) -> None:
        self._models = models
        self._numbers = {model_name(number): number for number in range(models)}
        self._revisions = [0] * models
        self._fragments = {
            signal: [self._fragment(signal, number) for number in range(models)] for signal in SIGNALS.values()
        }
        self._bodies: dict[str, bytes] = {}

    def revise(self, cells: int, revision: int) -> None:
        """Change so many cells, or all there are: those of the first models in the order of the screen."""
        for cell in range(min(cells, self._models * len(CHANGING))):
            number, signal = cell // len(CHANGING), CHANGING[cell % len(CHANGING)]
            self._revisions[number] = revision
            self._fragments[signal][number] = self._fragment(signal, number)
            self._bodies.pop(signal, None)

    def instant(self, query: str) -> bytes:
        """Return the answer to an instant question, with its times still to be filled in."""
        signal = signal_of(query)
        if not signal:
            return _envelope("vector", b'{"metric":{},"value":[' + CLOCK + b',"1"]}' if query == "vector(1)" else b"")
        if signal not in self._bodies:
            self._bodies[signal] = _envelope("vector", b",".join(self._fragments[signal]))
        return self._bodies[signal]

    def over_time(self, query: str, start: float, end: float, step: float) -> bytes:
        """Return the answer to a range question: every moment like the present one."""
        signal = signal_of(query)
        times = [start + place * step for place in range(int((end - start) / step + 1e-6) + 1)]
        found = _MATCHED.search(query)
        names = found[1].split("|") if found else list(self._numbers)
        rows = [
            _row(labels, "values", "[" + ",".join(f'[{at:.3f},"{_at(value, at)}"]' for at in times) + "]")
            for name in names
            if signal and name in self._numbers
            for labels, value in self._rows(signal, self._numbers[name])
        ]
        return _envelope("matrix", ",".join(rows).encode())

    def _fragment(self, signal: str, number: int) -> bytes:
        point = f"[{CLOCK.decode()},"
        rows = (_row(labels, "value", f'{point}"{value}"]') for labels, value in self._rows(signal, number))
        return ",".join(rows).encode()

    def _rows(self, signal: str, number: int) -> Iterator[tuple[str, str]]:
        """Yield labels and value of every series of one model."""
        for version in versions_of(number):
            is_bad = version == "4" and number == _bad(self._models)
            # Versions of one model are alike, so that nothing but the planted fault is worth a look.
            dice = random.Random(f"{number}/{signal}/{self._revisions[number]}")
            total = 120_000 + 17 * number if version == "3" else 6_000
            for extra, part, value in _parts(signal, total, dice, is_bad=is_bad):
                labels = f'"env":"{ENVIRONMENT}",{extra}"model":"{model_name(number)}","modeltui_part":"{part}"'
                yield f'{labels},"version":"{version}"', value


def versions_of(number: int) -> tuple[str, ...]:
    """Return the versions that serve."""
    return ("3", "4") if number % CANDIDATE_EVERY == 0 else ("3",)


def signal_of(query: str) -> str:
    """Return the signal that a question is about; empty when it is none of ours."""
    return next((signal for metric, signal in SIGNALS.items() if metric in query), "")


def _parts(signal: str, total: int, dice: random.Random, *, is_bad: bool) -> Iterator[tuple[str, int, str]]:
    """Yield, as the generic profile asks: labels besides the identity, the part's number, the value."""
    seen = SCRAPED.decode()
    if signal == "errors":
        bad = total * (0.33 if is_bad else dice.uniform(0.001, 0.009))
        yield from (("", 0, f"{total}"), ("", 1, f"{bad:.2f}"), ("", 2, seen))
    elif signal == "latency":
        scale = dice.uniform(0.8, 1.2)
        for place, bound in enumerate(LATENCY_BOUNDS):
            passed = total * min(1.0, (place + 1) / 10 * scale)  # the last finite bound is never reached
            yield f'"le":"{bound}",', 0, f"{passed:.2f}"
        yield "", 2, seen
    elif signal == "confidence":
        yield from (("", 0, f"{total * dice.uniform(0.86, 0.94):.3f}"), ("", 1, f"{total}"), ("", 3, seen))
    elif signal == "drift":
        yield from (("", 0, f"{dice.uniform(0.01, 0.08):.4f}"), ("", 1, seen))
    else:
        yield from (("", 0, f"{total}"), ("", 1, f"{total * dice.uniform(0.61, 0.63):.2f}"), ("", 2, seen))


def _row(labels: str, key: str, values: str) -> str:
    return f'{{"metric":{{{labels}}},"{key}":{values}}}'


def _at(value: str, at: float) -> str:
    return f"{at - 2:.3f}" if value == SCRAPED.decode() else value


def _envelope(kind: str, rows: bytes) -> bytes:
    return b'{"status":"success","data":{"resultType":"' + kind.encode() + b'","result":[' + rows + b"]}}"


def timed(body: bytes, now: float, scraped: float) -> bytes:
    """Return an answer with its times filled in."""
    return body.replace(CLOCK, b"%.3f" % now).replace(SCRAPED, b"%.3f" % scraped)


class RegistryAnswers:
    """What MLflow says of the same fleet."""

    def __init__(self, models: int) -> None:
        self._rows = [_registered_model(number) for number in range(models)]
        self._pages: dict[tuple[int, int], bytes] = {}

    def page(self, first: int, size: int) -> bytes:
        """Return one page of `registered-models/search`."""
        key = (first, size)
        if key not in self._pages:
            rows = ",".join(self._rows[first : first + size])
            more = f',"next_page_token":"{first + size}"' if first + size < len(self._rows) else ""
            self._pages[key] = f'{{"registered_models":[{rows}]{more}}}'.encode() if rows else b"{}"
        return self._pages[key]


def _registered_model(number: int) -> str:
    """Return a row as MLflow 3 writes it: about 1.6 kB."""
    name = model_name(number)
    candidate = len(versions_of(number)) > 1
    created = 1_760_000_000_000 + number * 61_000
    newest = {
        "name": name,
        "version": "4",
        "creation_timestamp": created + 86_400_000,
        "last_updated_timestamp": created + 90_000_000,
        "current_stage": "None",
        "description": "Retrained on the last ninety days with the new merchant features.",
        "source": f"models:/m-{number:032x}",
        "run_id": f"{number * 7919:032x}",
        "status": "READY",
        "tags": [{"key": f"tag-{place}", "value": f"value-{number}-{place}"} for place in range(4)],
        "run_link": "",
    }
    aliases = [{"alias": "champion", "version": "3"}]
    if candidate:
        aliases.append({"alias": "challenger", "version": "4"})
    aliases += [{"alias": f"v-{place}", "version": str(place)} for place in (1, 2)]
    row = {
        "name": name,
        "creation_timestamp": created,
        "last_updated_timestamp": created + 90_000_000,
        "description": "Scores card payments before they are authorised. " * 4,
        "latest_versions": [newest],
        "tags": [{"key": "owner", "value": "risk"}, {"key": "tier", "value": "1"}, {"key": "domain", "value": "cards"}],
        "aliases": aliases,
    }
    return json.dumps(row, separators=(",", ":"))
