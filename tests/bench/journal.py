"""What the record of actions costs: one append, one look at the whole chain, one question about years ago."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from modeltui.adapters.journal import JsonlJournal
from modeltui.adapters.journal.appending import Appender
from modeltui.adapters.journal.files import Files
from modeltui.adapters.journal.index import Index
from modeltui.adapters.journal.segments import lines_of
from modeltui.adapters.journal.verifying import verify
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.action import PlanId
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.chain import verify_lines
from modeltui.domain.journal.record import Detail, Entry, RecordKind
from modeltui.domain.journal.record_line import GENESIS, instant_text, line_hash, parse_line, record_line
from modeltui.domain.journal.serving_history import Basis
from modeltui.domain.names import Environment, Instant, ModelName, TargetKey
from modeltui.domain.text import SafeText
from modeltui.engine.journal.as_of import serving_at, serving_between
from modeltui.ports.journal import Query
from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured, interleaved, measured, others, ratio_aims

TARGETS: Final = 4
"""Looked at every five minutes they make 2.6 million records in six years."""
OBSERVE_SECONDS: Final = 300
BEGAN: Final = 1_577_836_800
"""2020-01-01."""
ALICE: Final = Actor(SafeText("alice"), Assurance.OS_USER, SafeText("alice"), SafeText("ops1"))


def costs(bench: Bench) -> Iterator[Figure]:
    """Yield the figures of the journal: appending, verifying, finding."""
    yield from _appending(bench)
    yield from _years(bench)


def _entry(number: int) -> Entry:
    target = TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod-hk")))
    details: dict[str, Detail] = {
        "kind": "rollback",
        "from": (("3.0.0", "1"),),
        "to": (("2.3.1", "1"),),
        "steps": 1,
        "guard": 3,
    }
    at = Instant(float(BEGAN + number))
    return Entry(
        RecordKind.ACTION_STEP, at, ALICE, SafeText("prod"), target, PlanId(SafeText(f"p{number}")), details=details
    )


def _appending(bench: Bench) -> Iterator[Figure]:
    """One durable record beside the two plainest ways to make a line of the same length durable."""
    directory = bench.scratch / "append"
    directory.mkdir()
    appender = Appender(directory / "journal", SystemClock(), Files())
    appender.append(_entry(0))
    _, line = record_line(_entry(1), 1, GENESIS)
    database = sqlite3.connect(directory / "plain.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, line BLOB)")
    plain = os.open(directory / "plain.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write_and_sync() -> None:
        os.write(plain, line)
        os.fsync(plain)

    ways: dict[str, Callable[[], object]] = {
        "journal": lambda: appender.append(_entry(1)),
        "SQLite WAL+FULL": lambda: database.execute("INSERT INTO records (line) VALUES (?)", (line,)),
        "write+fsync": write_and_sync,
    }
    for way in ways.values():
        way()
    found = interleaved({name: _timed(way) for name, way in ways.items()}, bench.runs(300, 3_000))
    os.close(plain)
    database.close()
    ours = measured(found, "journal")
    yield Figure("J1", "append one durable record, median", ours, others(found, "journal"))
    tail = {name: Measured((measured(found, name).percentile(0.99),)) for name in found}
    slowest = tail.pop("journal")
    aims = (Aim("p99 ≤ 50 ms", slowest.middle, 50.0),)
    yield Figure("J2", "append one durable record, p99", slowest, dict(tail), aims)


def _timed(work: Callable[[], object]) -> Callable[[], float]:
    def run() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) * 1_000

    return run


def _years(bench: Bench) -> Iterator[Figure]:
    """Everything that reads a journal of years."""
    directory = bench.scratch / "years"
    records = bench.runs(200_000, 2_600_000)
    last = synthetic(directory, records)
    yield _verification(bench, directory, records)
    index = Index(directory)
    busy = time.process_time()
    build = _timed(lambda: index.find(Query(most=1)))() / 1_000
    busy = time.process_time() - busy
    index.close()
    per_second = Measured((build,), "s")
    aims = (Aim("2.6 M records in 60 s of one core", busy / records * 2_600_000, 60.0),)
    size = (directory / "index.sqlite").stat().st_size / 1e6
    yield Figure(
        "J4", f"build the index of {records} records", per_second, {}, aims, f"{size:.0f} MB, {busy:.1f} s of one core"
    )
    yield from _questions(bench, directory, records, last)


def _verification(bench: Bench, directory: Path, records: int) -> Figure:
    """How many records a second of one core are verified, beside hashing the same bytes and nothing else."""
    paths = sorted(directory.glob("journal-*.jsonl"))

    def ours() -> float:
        began = time.process_time()
        state = verify(directory, None, (), lambda: False)
        if not state.is_whole or state.records != records:
            raise RuntimeError(state.says)
        return records / (time.process_time() - began) / 1_000

    def hashing() -> float:
        began = time.process_time()
        for path in paths:
            with path.open("rb") as lines:
                for line in lines:
                    hashlib.sha256(line).digest()
        return records / (time.process_time() - began) / 1_000

    def reading() -> float:
        began = time.process_time()
        for path in paths:
            with path.open("rb") as content:
                hashlib.file_digest(content, "sha256")
        return records / (time.process_time() - began) / 1_000

    contenders: dict[str, Callable[[], float] | str] = {
        "verify": ours,
        "SHA-256 of each line": hashing,
        "SHA-256 of the files": reading,
    }
    found = interleaved(contenders, bench.runs(2, 3), "k records/s of one core")
    rate = measured(found, "verify")
    aims = (
        Aim("2.6 M records in 30 s of one core", 2_600 / rate.middle, 30.0),
        *ratio_aims(
            1 / rate.middle,
            ("≤ 8× the time of SHA-256 of each line", _inverse(measured(found, "SHA-256 of each line")), 8.0),
        ),
    )
    return Figure("J3", f"verify the chain of {records} records", rate, others(found, "verify"), aims)


def _inverse(rate: Measured) -> Measured:
    return Measured(tuple(1 / value for value in rate.values))


def _questions(bench: Bench, directory: Path, records: int, last: float) -> Iterator[Figure]:
    journal = JsonlJournal(directory, SystemClock())
    middle, now = Instant(BEGAN + (last - BEGAN) / 2), Instant(last + 1)
    one = _target(1)

    async def ask() -> tuple[list[float], list[float], list[float], list[float]]:
        moments, days, everywhere, opened = [], [], [], []
        for _ in range(bench.runs(5, 15)):
            gc.collect()
            began = time.perf_counter()
            (found,) = await serving_at(journal, middle, now=now, target=one)
            moments.append((time.perf_counter() - began) * 1_000)
            if found.basis is Basis.GAP:
                raise RuntimeError("it found nothing")
            began = time.perf_counter()
            await serving_between(journal, middle, Instant(middle + 86_400), now=now, target=one)
            days.append((time.perf_counter() - began) * 1_000)
            began = time.perf_counter()
            if len(await serving_at(journal, middle, now=now)) < TARGETS:
                raise RuntimeError("it did not find every target")
            everywhere.append((time.perf_counter() - began) * 1_000)
            began = time.perf_counter()
            await journal.open_intents()
            await journal.head()
            opened.append((time.perf_counter() - began) * 1_000)
        return moments, days, everywhere, opened

    moments, days, everywhere, opened = (Measured(tuple(values)) for values in asyncio.run(ask()))
    whole = _timed(lambda: _scanned(directory))()
    scan: dict[str, Measured | str] = {"reading every line": Measured((whole,))}
    second = ("within a second", 1_000.0)
    for name, what, found in (
        ("J5", "which version served one target at a time", moments),
        ("J6", "which versions served one target on a day", days),
        ("J7", f"which versions served {TARGETS} targets at a time", everywhere),
    ):
        yield Figure(name, f"{what}, {records} records", found, scan, (Aim(second[0], found.middle, second[1]),))
    yield Figure(
        "J8", f"open intents and head, {records} records", opened, {}, (Aim("≤ 100 ms", opened.middle, 100.0),)
    )


def _scanned(directory: Path) -> int:
    return sum(line.count(b'"serving"') for path in directory.glob("journal-*") for line in lines_of(path))


def _target(number: int) -> TargetKey:
    return TargetKey(ModelName(SafeText(f"model-{number}")), Environment(SafeText("prod")))


def synthetic(directory: Path, records: int) -> float:
    """Write a journal of so many records, month by month; return the time of the last one.

    Lines are made from what `record_line` writes, by replacing what differs: a million records in ten seconds.
    """
    directory.mkdir(mode=0o700)
    shapes = [_shape(number, version) for number in range(TARGETS) for version in ("2.3.1", "3.0.0")]
    previous, seq, at = str(GENESIS), 0, float(BEGAN)
    step = OBSERVE_SECONDS / TARGETS
    month, out = "", None
    try:
        while seq < records:
            text = instant_text(Instant(at))
            if text[:7] != month:
                month = text[:7]
                if out is not None:
                    out.close()
                out = (directory / f"journal-{month}.jsonl").open("wb", buffering=1 << 20)
            seq += 1
            number = seq % TARGETS
            shape = shapes[number * 2 + (seq // 20_000) % 2]
            body = b'{"v":1,"seq":%d,"prev":"%s",%s' % (seq, previous.encode(), shape.replace(b"@AT@", text.encode()))
            previous = line_hash(body)
            assert out is not None
            out.write(body[:-1] + b',"h":"' + previous.encode() + b'"}\n')
            at += step
    finally:
        if out is not None:
            out.close()
    return at


def _shape(number: int, version: str) -> bytes:
    details = {
        "serving": ((version, "1"),),
        "stable": version,
        "candidate": None,
        "evidence": "metrics",
        "log_id": "bench",
    }
    made = Entry(RecordKind.SERVING_OBSERVED, Instant(0.0), ALICE, SafeText("prod"), _target(number), details=details)
    _, line = record_line(made, 1, GENESIS)
    rest = line[line.index(b'"actor"') : -73] + b"}"
    return rest.replace(instant_text(Instant(0.0)).encode(), b"@AT@")


def check() -> None:
    """Raise unless the synthetic lines are what the program would have written."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "journal"
        synthetic(directory, 200)
        lines = [line for path in sorted(directory.glob("journal-*")) for line in path.read_bytes().splitlines()]
        for line in lines:
            parse_line(line)
        if verify_lines(lines).records != 200:
            raise RuntimeError("the synthetic journal is not one")
