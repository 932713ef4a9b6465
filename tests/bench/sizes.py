"""Fleets of 100, 1 000 and 10 000 models behind the real adapters: first frames, keys, memory, requests."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured
from tests.bench.fleet import Fleet
from tests.bench.keys import DOWN, UP, ours_cursor
from tests.bench.subjects import cpu_seconds, memory, open_ours

SIZES = (100, 1_000, 10_000)
MOST_REQUESTS = 8.0
POLL_SECONDS = 5.0
MOST_POLL_SECONDS = 15.0
DRIFT = "/api/v1/query label_replace(max by (model, version, env) (feature_drift_psi)"
FIRST_PAGE = "/api/2.0/mlflow/registered-models/search "


@dataclass(slots=True)
class Seen:
    """What the runs at one size showed."""

    frame: list[float] = field(default_factory=list)
    live: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    keys: list[float] = field(default_factory=list)
    filtered: list[float] = field(default_factory=list)
    resident: list[float] = field(default_factory=list)
    peak: list[float] = field(default_factory=list)
    polling: list[float] = field(default_factory=list)
    """CPU of one poll of every source, and of the seconds around it, in milliseconds."""
    log: list[tuple[float, str, int]] = field(default_factory=list)
    """What the servers were asked meanwhile."""


def fleets(bench: Bench) -> Iterator[Figure]:
    """Yield the figures of every size."""
    for models in SIZES if not bench.quick else (SIZES[0], SIZES[-1]):
        seen = Seen()
        every = {"poll_seconds": POLL_SECONDS, "registry_seconds": POLL_SECONDS}
        with bench.fleet(models, **every, compress=True) as fleet:
            for _ in range(bench.runs(1, 3)):
                _look(bench.fresh_home(fleet), seen, bench.runs(12, 32))
        yield from _figures(models, seen)


def _look(fleet: Fleet, seen: Seen, keys: int) -> None:
    with open_ours(fleet) as terminal:
        pid = terminal.process.pid
        seen.frame.append((terminal.wait_for("filter", 60) - terminal.started_at) * 1e3)
        seen.live.append((terminal.wait_for(fleet.bad_model, 60) - terminal.started_at) * 1e3)
        seen.cpu.append(cpu_seconds(pid) * 1e3)
        cursor, dice = ours_cursor(terminal), random.Random(7)
        time.sleep(2.0)
        used = cpu_seconds(pid)
        fleet.take_log()
        time.sleep(POLL_SECONDS)
        seen.polling.append((cpu_seconds(pid) - used) * 1e3)
        seen.log = fleet.take_log()
        deadline = time.monotonic() + MOST_POLL_SECONDS
        while time.monotonic() < deadline and not (_polls(seen.log, DRIFT) and _polls(seen.log, FIRST_PAGE)):
            time.sleep(1.0)
            seen.log += fleet.take_log()
        for place in range(keys):
            down = place // 4 % 2 == 0
            seen.keys.append(cursor.move(DOWN if down else UP, 1 if down else -1))
            time.sleep(dice.uniform(0.05, 0.6))
        terminal.send("/")
        terminal.wait_for("filter:", 10)
        typed_at = terminal.send(fleet.bad_model)
        done_at = terminal.wait_for(lambda rows: [row[1:16].strip() for row in rows[2:4]] == [fleet.bad_model, ""], 20)
        seen.filtered.append((done_at - typed_at) * 1e3)
        seen.resident.append(memory(pid)[0])
        seen.peak.append(_peak(pid))


def _peak(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e3


def _figures(models: int, seen: Seen) -> Iterator[Figure]:
    large = models == SIZES[-1]
    live, resident = Measured(tuple(seen.live)), Measured(tuple(seen.resident), "MB")
    keys = Measured(tuple(seen.keys))
    name = f"{models:,}".replace(",", " ")
    yield Figure("S1", f"{name} models: first full frame", Measured(tuple(seen.frame)))
    yield Figure(
        "S2",
        f"{name} models: the failing version on screen, live",
        live,
        aims=(Aim("≤ 2 s", live.middle, 2000.0),) if large else (),
        note=f"CPU until then {Measured(tuple(seen.cpu))}",
    )
    yield Figure(
        "S3",
        f"{name} models: key to painted, p50",
        keys,
        note=f"p99 {keys.percentile(0.99):.0f} ms, polled every 5 s",
    )
    yield Figure("S4", f"{name} models: filter typed at once to filtered", Measured(tuple(seen.filtered)))
    yield Figure(
        "S5",
        f"{name} models: resident memory",
        resident,
        aims=(Aim("≤ 250 MB", max(seen.resident), 250.0),) if large else (),
        note=f"peak {Measured(tuple(seen.peak), 'MB')}",
    )
    yield Figure("S6", f"{name} models: CPU of one poll of everything", Measured(tuple(seen.polling)))
    yield _requests(name, seen.log)


def _requests(name: str, log: list[tuple[float, str, int]]) -> Figure:
    """Return what one poll of both servers asked, as they saw it."""
    # Different questions: a busy machine may begin a second poll meanwhile.
    metrics = len({what for _, what, _ in log if what.startswith("/api/v1/query ")})
    registry = len({what for _, what, _ in log if what.startswith(FIRST_PAGE)})
    past = sum("query_range" in what for _, what, _ in log)
    size = sum(size for _, _, size in log)
    total = float(metrics + registry)
    return Figure(
        "S7",
        f"{name} models: requests per poll",
        Measured((total,), "requests"),
        aims=(Aim("≤ 8 requests", total, MOST_REQUESTS),),
        note=f"{metrics} to Prometheus, {registry} to MLflow, {past} for the past besides; {size / 1e6:.1f} MB",
    )


def _polls(log: list[tuple[float, str, int]], question: str) -> int:
    """Return how often a question was asked that each poll asks once."""
    return sum(what == question or (question == DRIFT and what.startswith(DRIFT)) for _, what, _ in log)
