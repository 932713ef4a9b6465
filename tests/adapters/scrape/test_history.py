"""Charts show what was scraped since the start, and say where they begin."""

from __future__ import annotations

from array import array

import pytest
from tests.adapters.scrape.exporter import Exporter, find, has, watching

from modeltui.adapters.scrape.ring import Ring
from modeltui.domain.names import Environment, Instant, ModelName, TargetKey
from modeltui.domain.signal import Counts
from modeltui.domain.text import SafeText
from modeltui.testing.clock import VirtualClock
from modeltui.testing.faults import reset

# Real pages over real sockets, for a while.
pytestmark = pytest.mark.broad

FRAUD = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod")))


async def test_the_past_is_as_it_was_read() -> None:
    """Each step holds what a look at that moment answered."""
    exporter = Exporter()
    exporter.count("1", good=5)
    exporter.drift("1", "age", 0.0)
    async with watching(exporter, segments=("region",)) as (port, clock, _):
        await port.read()
        read = {}
        for number in range(60):
            exporter.count("1", good=10, bad=number % 3)
            exporter.drift("1", "age", number / 100)
            await clock.advance(10)
            read[clock.now()] = (await port.read()).samples
        end = clock.now()
        answer = await port.read_history([FRAUD], Instant(end - 500), end, 10.0)
    assert [at for at, _ in answer.steps] == [end - 500 + 10 * step for step in range(51)]
    assert answer.warnings == ()
    for at, samples in answer.steps:
        assert set(samples) == set(read[at])


async def test_before_the_start_there_is_nothing_and_that_is_said() -> None:
    """A chart of an hour, five minutes after the start, has five minutes, and a sentence about the rest."""
    exporter = Exporter()
    exporter.count("1", good=5)
    async with watching(exporter) as (port, clock, _):
        began = clock.now()
        await port.read()
        for _number in range(30):
            exporter.count("1", good=10)
            await clock.advance(10)
            await port.read()
        end = clock.now()
        answer = await port.read_history([FRAUD], Instant(end - 3600), end, 30.0)
    assert [str(warning) for warning in answer.warnings] == ["metrics keeps what it scraped itself: the last 5 min"]
    assert answer.steps[0][0] >= began
    assert len(answer.steps) == 11
    assert find(answer.steps[-1][1], "error_rate").measurement == Counts(0, 300)


async def test_before_the_first_scrape_there_is_no_past() -> None:
    """Asked for history before anything was read, the source answers that it has none."""
    async with watching(Exporter()) as (port, clock, _):
        answer = await port.read_history([FRAUD], Instant(clock.now() - 600), clock.now(), 30.0)
    assert answer.steps == ()
    assert answer.warnings


async def test_an_outage_is_a_gap() -> None:
    """While a server was dead its chart has a gap, not a line at its last value or at nought."""
    exporter, other = Exporter(), Exporter(model="other")
    exporter.count("1", good=5)
    async with watching(exporter, other) as (port, clock, server):
        await port.read()
        for number in range(60):
            if number == 10:
                server.answer("/0", reset())
            if number == 50:
                server.answer("/0", exporter.reply)
            exporter.count("1", good=10)
            await clock.advance(10)
            await port.read()
        end = clock.now()
        answer = await port.read_history([FRAUD], Instant(end - 600), end, 10.0)
    there = [has(samples, "error_rate") for _, samples in answer.steps]
    assert there[1:16] == [True] * 15  # a minute longer than it answered
    assert there[17:50] == [False] * 33
    assert all(there[52:])


def test_a_ring_never_holds_more_than_it_may() -> None:
    """Days of scrapes are thinned out: the last window stays dense, and both ends of every window are found."""
    ring = Ring(keep_seconds=86_400.0, most_numbers=1_000)
    for number in range(5_000):
        ring.append(10.0 * number, array("d", [float(number)] * 10))
    assert ring.numbers <= 1_000
    newest = ring.newest
    assert newest == 49_990.0
    span = ring.span(newest, 300.0)
    assert span is not None
    assert span.end - span.begin == pytest.approx(300.0, abs=30.0)
    assert span.grown(0) == (span.end - span.begin) / 10
    assert ring.oldest is not None
    assert newest - ring.oldest > 10_000


async def test_memory_is_bounded_by_age_too() -> None:
    """What is older than `history_seconds` and every window is gone."""
    exporter = Exporter()
    exporter.count("1", good=5)
    async with watching(exporter, clock=VirtualClock(autojump=True), history_seconds=600) as (port, clock, _):
        for _ in range(200):
            await clock.advance(10)
            await port.read()
        ring = port.endpoints[0].ledger.ring
    assert len(ring) <= 62


async def test_a_history_of_too_much_is_shorter_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Charts of very many versions at once show the newest part, rather than keep the polls waiting."""
    monkeypatch.setattr("modeltui.adapters.scrape.metrics._MOST_PAST_NUMBERS", 500)
    exporter = Exporter()
    exporter.count("1", good=5)
    async with watching(exporter) as (port, clock, _):
        for _number in range(60):
            await clock.advance(10)
            await port.read()
        end = clock.now()
        answer = await port.read_history([FRAUD], Instant(end - 500), end, 10.0)
    assert 10 <= len(answer.steps) < 51
    assert answer.steps[-1][0] == end
    assert answer.steps[-1][1]
    assert any("only the last" in warning for warning in answer.warnings)
