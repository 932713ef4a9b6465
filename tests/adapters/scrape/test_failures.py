"""A page that lies, hangs, floods or dies costs its own versions only."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from tests.adapters.scrape.exporter import TEXT, Exporter, find, has, opened, watching

from modeltui.adapters._http import BearerAuth
from modeltui.adapters.scrape.options import Options
from modeltui.config.secrets import Secret
from modeltui.domain.errors import BackendError, BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.signal import Counts
from modeltui.domain.text import safe_text
from modeltui.testing.clock import VirtualClock
from modeltui.testing.faults import (
    HOSTILE_TEXTS,
    Ending,
    FaultServer,
    Reply,
    Script,
    gzip_bomb,
    gzipped,
    html_page,
    huge,
    redirect,
    reset,
    silence,
)

# Real sockets that hang, flood and break.
pytestmark = pytest.mark.broad

TRUNCATED = Reply(b'model_requests_total{model="bad', content_type=TEXT, declared_length=10_000, ending=Ending.CLOSE)
FAULTS: dict[str, Script] = {
    "refuses with 503": Reply(status=503),
    "wants a password": Reply(status=401),
    "is elsewhere": redirect("https://login.example/"),
    "is a login page": html_page(),
    "is JSON": Reply(b'{"status":"ok"}'),
    "is binary": Reply(bytes(range(256)) * 50, content_type="application/vnd.google.protobuf"),
    "is 50 MB": huge(50),
    "is a gzip bomb": gzip_bomb(100),
    "ends in the middle": TRUNCATED,
    "resets": reset(),
    "says nothing": silence(30),
    "is OpenMetrics without its end": Reply(
        b'model_requests_total{model="a",version="1",env="e"} 5\n', content_type="application/openmetrics-text"
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_bad_page_costs_its_own_versions_only(fault: Script) -> None:
    """While one page misbehaves, in whatever way, the others are as they would be, and the answer names it."""
    good, bad = Exporter(), Exporter()
    good.count("1", good=5)
    bad.count("2", good=5)
    async with watching(good, bad, timeout_seconds=0.5) as (port, clock, server):
        await port.read()
        seen = clock.now()
        server.answer("/1", fault)
        for _ in range(3):
            good.count("1", good=9, bad=1)
            await clock.advance(10)
            answer = await port.read()
        now = clock.now()
        assert find(answer, "error_rate", "1").measurement == Counts(3, 30)
        assert find(answer, "error_rate", "1").at == now
        assert find(answer, "error_rate", "2").at == seen
        assert any(f"127.0.0.1:{server.port}/1" in warning for warning in answer.warnings)
        server.answer("/1", bad.reply)
        bad.count("2", good=20)
        await clock.advance(10)
        answer = await port.read()
        assert find(answer, "error_rate", "2").at == now + 10
        assert find(answer, "error_rate", "2").measurement == Counts(0, 20)
        assert answer.warnings == ()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Reply(status=503), BackendUnavailable),
        (Reply(status=401), BackendRefused),
        (html_page(), BackendMalformed),
        (reset(), BackendUnavailable),
    ],
    ids=["unavailable", "refused", "web page", "reset"],
)
async def test_when_no_page_answers_the_error_says_why(fault: Script, kind: type[BackendError]) -> None:
    """When every page fails the source has failed, in the words of the first, with the number of the others."""
    async with watching(Exporter(), Exporter()) as (port, _clock, server):
        server.answer("/0", fault)
        server.answer("/1", fault)
        with pytest.raises(kind, match=f"127.0.0.1:{server.port}/0.*and 1 more") as caught:
            await port.read()
    assert caught.value.remedy


async def test_a_dead_server_is_unavailable() -> None:
    """A refused connection is told as such."""
    async with watching(Exporter()) as (port, _clock, server):
        await server.refuse()
        with pytest.raises(BackendUnavailable):
            await port.read()


async def test_a_dead_version_is_named_for_a_window_and_no_longer() -> None:
    """A version whose only server died keeps its last values and their time, until nobody could act on them."""
    alive, dead = Exporter(), Exporter()
    alive.count("1", good=5)
    dead.count("2", good=5)
    async with watching(alive, dead) as (port, clock, server):
        await port.read()
        dead.count("2", good=8, bad=2)
        await clock.advance(10)
        last = find(await port.read(), "error_rate", "2")
        server.answer("/1", reset())
        await clock.advance(290)
        later = find(await port.read(), "error_rate", "2")
        assert later == last
        assert later.measurement == Counts(2, 10)
        await clock.advance(20)
        assert not has(await port.read(), "error_rate", "2")


async def test_a_dead_instance_fades_out_of_its_version() -> None:
    """A version that lost one of two instances goes on with the other, and is fresh."""
    one, other = Exporter(), Exporter()
    for exporter in (one, other):
        exporter.count("1", good=5)
    async with watching(one, other) as (port, clock, server):
        await port.read()
        other.count("1", bad=100)
        await clock.advance(10)
        await port.read()
        server.answer("/1", reset())
        for _ in range(31):
            one.count("1", good=10)
            await clock.advance(10)
            answer = await port.read()
        now = clock.now()
    assert find(answer, "error_rate").at == now
    assert find(answer, "error_rate").measurement == Counts(0, 300)


async def test_slow_pages_do_not_keep_the_quick_ones_waiting() -> None:
    """With ten pages that hang and eight places in the queue the one that answers is read in time."""
    quick = Exporter()
    quick.count("1", good=5)
    exporters = [*(Exporter() for _ in range(10)), quick]
    async with watching(*exporters, timeout_seconds=0.3) as (port, clock, server):
        for number in range(10):
            server.answer(f"/{number}", silence(30))
        await port.read()
        began = time.monotonic()
        await clock.advance(10)
        answer = await port.read()
        assert time.monotonic() - began < 3.0
        assert find(answer, "error_rate").at == clock.now()


async def test_no_more_than_eight_pages_are_read_at_once() -> None:
    """Thirty pages are asked eight at a time."""
    exporters = [Exporter() for _ in range(30)]
    under_way = most = 0
    async with watching(*exporters) as (port, _clock, _server):
        for endpoint in port.endpoints:
            ask = endpoint.fetch

            async def counted(stack: object, ask: object = ask) -> object:
                nonlocal under_way, most
                under_way += 1
                most = max(most, under_way)
                try:
                    return await ask(stack)  # type: ignore[operator]
                finally:
                    under_way -= 1

            endpoint.fetch = counted  # type: ignore[method-assign, assignment]
        await port.read()
    assert most == 8


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
async def test_hostile_names_are_shown_harmless(text: str) -> None:
    """Whatever stands in a label, names are safe to show, and the version beside it is not touched."""
    written = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").encode("utf-8", "replace").decode()
    exporter = Exporter()
    exporter.count("1", good=5)
    exporter.series[
        f'model_requests_total{{model="{written}",version="{written}",env="{written}",region="{written}",code="200"}}'
    ] = 5
    async with watching(exporter, segments=("region",)) as (port, clock, _):
        await port.read()
        exporter.count("1", good=10)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate", "1").measurement == Counts(0, 10)
    for sample in answer.samples:
        for shown in (sample.target.model, sample.target.environment, sample.version, *dict(sample.segments)):
            assert safe_text(shown, 300) == shown
    for warning in answer.warnings:
        assert safe_text(warning, 400) == warning


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-5", "1e308", "1_000", "٣", "0x10", "", "five"])
async def test_hostile_numbers_count_for_nothing(value: str) -> None:
    """A counter that is no count adds nothing, neither now nor when it is one again."""
    exporter = Exporter()
    exporter.count("1", good=1000)
    line = 'model_requests_total{model="fraud",version="1",env="prod",code="500"}'
    async with watching(exporter) as (port, clock, _):
        exporter.series[line] = 50
        await port.read()
        await clock.advance(10)
        await port.read()
        del exporter.series[line]
        exporter.extra = f"{line} {value}\n"
        await clock.advance(10)
        answer = await port.read()
        assert find(answer, "error_rate").measurement == Counts(0, 0)
        exporter.extra = ""
        exporter.series[line] = 51
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(1, 1)


async def test_too_many_series_are_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that floods costs itself; the others keep their place, and no half-known version seems healthy."""
    monkeypatch.setattr("modeltui.adapters.scrape.catalogue.MOST_SERIES", 2_000)
    flood, calm = Exporter(model="flood"), Exporter(model="calm")
    for number in range(1_000):
        flood.count(f"v{number}", good=1)
    calm.count("1", good=1)
    async with watching(flood, calm) as (port, clock, _):
        await port.read()
        calm.count("1", good=9, bad=1)
        for number in range(1_000):
            flood.count(f"v{number}", bad=1)
        await clock.advance(10)
        answer = await port.read()
        assert sum(len(endpoint.ledger.catalogue.series) for endpoint in port.endpoints) <= 2_000
    assert find(answer, "error_rate", "1").measurement == Counts(1, 10)
    flooded = [s.measurement for s in answer.samples if s.target.model == "flood" and s.signal == "error_rate"]
    assert all(measurement == Counts(1, 1) for measurement in flooded)
    assert any("series left out" in warning and "lack signals" in warning for warning in answer.warnings)


async def test_a_series_with_endless_labels_does_not_hide_errors() -> None:
    """When a version's errors are on a series that is refused, its error rate is not told, rather than wrong."""
    exporter = Exporter()
    exporter.count("1", good=100)
    exporter.count("2", good=100, bad=5, by=f',path="{"x" * 5000}"')
    async with watching(exporter) as (port, _clock, _):
        answer = await port.read()
    assert has(answer, "error_rate", "1")
    assert not has(answer, "error_rate", "2")


@pytest.mark.parametrize(
    "flood",
    [
        b"a 1\n" * 500_000,
        b"\n" * 4_000_000,
        b"{\n" * 500_000,
        b"x" * 4_000_000,
        b'model_requests_total{a="b",' * 100_000,
    ],
    ids=["other series", "empty lines", "broken lines", "one line", "one endless series"],
)
async def test_a_flood_of_lines_costs_its_own_page_only(flood: bytes) -> None:
    """A page of millions of useless lines neither stops the poll nor touches the version beside it."""
    exporter = Exporter()
    exporter.count("1", good=5)
    async with watching(exporter, Exporter()) as (port, clock, server):
        server.answer("/1", Reply(flood, content_type=TEXT))
        await port.read()
        exporter.count("1", good=10)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(0, 10)


async def test_opening_contacts_nobody() -> None:
    """The program starts though every page is dead: the first question is the first contact."""
    async with watching(Exporter(), Exporter()) as (_port, _clock, server):
        assert server.connections_opened == 0


async def test_a_compressed_page_is_a_page() -> None:
    """Servers that compress are read."""
    exporter = Exporter()
    exporter.count("1", good=5)
    async with watching(exporter) as (port, clock, server):

        def compressed(request: object) -> Reply:
            return replace(gzipped(exporter.text().encode()), content_type=TEXT)

        server.answer("/0", compressed)
        await port.read()
        exporter.count("1", good=5)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(0, 5)


async def test_the_credentials_go_to_every_page() -> None:
    """One `auth` counts for all pages; a path and a query of an address are kept."""
    clock = VirtualClock(autojump=True)
    async with FaultServer() as server:
        exporter = Exporter()
        server.answer("/a/metrics", exporter.reply)
        options = Options(
            targets=(f"{server.url}/a/metrics?format=prometheus",),
            auth=BearerAuth(token=Secret("s3cret-token", "env:X")),
        )
        async with opened(clock, options) as port:
            await port.read()
        request = server.requests[0]
    assert request.headers["authorization"] == "Bearer s3cret-token"
    assert request.query == {"format": ["prometheus"]}
