"""Restarts, load balancers and half pages make neither negative numbers nor spikes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.scrape.exporter import TEXT, Exporter, find, has, watching

from modeltui.adapters.scrape.catalogue import Catalogue, Meaning, Pool
from modeltui.adapters.scrape.ledger import Ledger
from modeltui.adapters.scrape.page import PageReader, PageText
from modeltui.adapters.scrape.plan import Rate, SignalPlan, selectors
from modeltui.adapters.scrape.profiles import GENERIC
from modeltui.domain.names import UNKNOWN, Instant, SignalName
from modeltui.domain.signal import Counts
from modeltui.domain.text import SafeText
from modeltui.testing.clock import NOON, VirtualClock
from modeltui.testing.faults import Ending, Framing, Reply


async def test_a_restart_makes_neither_a_negative_number_nor_a_spike() -> None:
    """A server that begins again at nought goes on where it was; the requests in between are lost, no more."""
    exporter = Exporter()
    exporter.count("1", good=100_000, bad=5_000)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        exporter.count("1", good=100)
        await clock.advance(10)
        await port.read()
        exporter.restart()
        exporter.count("1", good=30, bad=3)
        await clock.advance(10)
        answer = await port.read()
        assert find(answer, "error_rate").measurement == Counts(0, 100)
        exporter.count("1", good=50, bad=5)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(5, 155)
    assert answer.warnings == ()


async def test_a_restart_whose_time_is_told_loses_nothing() -> None:
    """Where the page says that its process started after the last scrape, all that it counted is new."""
    exporter = Exporter(started_at=NOON - 5000)
    exporter.count("1", good=100_000)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        await clock.advance(10)
        await port.read()
        exporter.restart()
        exporter.started_at = NOON + 17
        exporter.count("1", good=30, bad=3)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(3, 33)


async def test_a_new_instance_does_not_bring_its_past() -> None:
    """An instance that has served for hours before it is seen adds nothing with its first answer."""
    old, joined = Exporter(), Exporter()
    old.count("1", good=10)
    joined.count("1", good=1_000_000, bad=400_000)
    async with watching(old, joined) as (port, clock, server):
        server.answer("/1", Reply(status=503))
        await port.read()
        await clock.advance(10)
        old.count("1", good=10)
        await port.read()
        server.answer("/1", joined.reply)
        await clock.advance(10)
        assert find(await port.read(), "error_rate").measurement == Counts(0, 10)
        joined.count("1", good=5, bad=5)
        await clock.advance(10)
        assert find(await port.read(), "error_rate").measurement == Counts(5, 20)


async def test_several_processes_behind_one_address_are_told_apart() -> None:
    """Behind a load balancer each answer counts against the past of the process that gave it, and a warning says so."""
    large, small = Exporter(), Exporter()
    large.count("1", good=50_000, bad=20_000)
    small.count("1", good=300)
    turn = [large, small]
    async with watching(Exporter()) as (port, clock, server):

        def in_turn(request: object) -> Reply:
            turn.reverse()
            return turn[0].reply()

        server.answer("/0", in_turn)
        for _ in range(20):
            large.count("1", good=5)
            small.count("1", good=5)
            await clock.advance(10)
            answer = await port.read()
    counted = find(answer, "error_rate").measurement
    assert isinstance(counted, Counts)
    assert counted.bad == 0
    assert 150 <= counted.total <= 200
    assert any("several share the address" in warning for warning in answer.warnings)


async def test_half_a_number_at_the_end_of_a_page_is_not_a_reset() -> None:
    """A page that was cut off inside its last number does not make that counter begin anew."""
    exporter = Exporter()
    exporter.count("1", good=1000)
    exporter.add('model_requests_total{model="fraud",version="1",env="prod",code="500"}', 123_456)
    async with watching(exporter) as (port, clock, server):
        await port.read()
        await clock.advance(10)
        await port.read()
        whole = exporter.text().rstrip()
        server.answer(
            "/0", Reply(whole[:-5].encode(), content_type=TEXT, framing=Framing.UNTIL_CLOSE, ending=Ending.CLOSE)
        )
        await clock.advance(10)
        await port.read()
        server.answer("/0", exporter.reply)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(0, 0)


async def test_a_first_page_that_was_not_whole_does_no_harm() -> None:
    """Series that were missing on the very first page are not taken for new ones."""
    exporter = Exporter()
    exporter.count("1", good=1000, bad=5000)
    async with watching(exporter) as (port, clock, server):
        whole = exporter.text()
        server.answer("/0", Reply(whole[: len(whole) // 4].encode(), content_type=TEXT), exporter.reply)
        await port.read()
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(0, 0)


async def test_a_pause_longer_than_the_window_is_not_one_moment() -> None:
    """After a night in a suspended laptop the night's requests are not the last ten seconds'."""
    exporter = Exporter()
    exporter.count("1", good=1000)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        exporter.count("1", good=1_000_000, bad=1_000_000)
        await clock.advance(8 * 3600)
        answer = await port.read()
    sample = find(answer, "error_rate")
    assert sample.measurement == Counts(0, 0)
    assert sample.window_seconds == 2.0


async def test_a_clock_that_is_set_back_changes_nothing() -> None:
    """Windows are measured by a clock that never steps; the samples are as old as they are by the new time."""
    exporter = Exporter()
    exporter.count("1", good=1000)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        exporter.count("1", good=100)
        clock.step_wall_time(-3600)
        await clock.advance(10)
        answer = await port.read()
        now = clock.now()
    sample = find(answer, "error_rate")
    assert sample.measurement == Counts(0, 100)
    assert sample.at == now
    assert sample.window_seconds == 12.0


async def test_labels_in_another_order_are_the_same_series() -> None:
    """An exporter that writes its labels in a new order each time does not make new series."""
    pages = [
        'model_requests_total{model="fraud",version="1",env="prod",code="200"} 1000\n',
        'model_requests_total{code="200",env="prod",version="1",model="fraud"} 1010\n',
        'model_requests_total{env="prod",code="200",model="fraud",version="1"} 1020\n',
        'model_requests_total{version="1",env="prod",code="200",model="fraud"} 1030\n',
    ]
    async with watching(Exporter()) as (port, clock, server):
        server.answer("/0", *(Reply(page.encode(), content_type=TEXT) for page in pages))
        await port.read()
        for _ in range(2):
            await clock.advance(10)
            answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(0, 30)


async def test_times_on_the_page_are_believed() -> None:
    """A gauge that the page itself dates to an hour ago is an hour old, however fresh the page."""
    clock = VirtualClock(autojump=True)
    labels = 'model="fraud",version="1",env="prod",feature="age"'
    page = f"feature_drift_psi{{{labels}}} 0.4 {(NOON - 3600) * 1000:.0f}\n"
    async with watching(Exporter(extra=page), clock=clock) as (port, _, _server):
        answer = await port.read()
    assert find(answer, "drift").at == NOON - 3600


async def test_versions_that_left_are_forgotten_in_time() -> None:
    """Thousands of versions that came and went leave no trace, and the rest goes on undisturbed."""
    exporter = Exporter()
    exporter.count("keep", good=1)
    async with watching(exporter, history_seconds=0) as (port, clock, _):
        await port.read()
        for number in range(100):
            exporter.restart()
            exporter.count("keep", good=10 * (number + 1))
            exporter.count(f"v{number}", good=1)
            await clock.advance(10)
            answer = await port.read()
        assert find(answer, "error_rate", "keep").measurement == Counts(0, 300)
        assert not has(answer, "error_rate", "v1")
        assert has(answer, "error_rate", "v98")
        catalogue = port.endpoints[0].ledger.catalogue
    assert len(catalogue.series) < 100 * 9
    assert len({track.group for track in catalogue.tracks}) < 70


PLAN = SignalPlan(SignalName(SafeText("throughput")), Rate(selectors("requests_total")), 300.0)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.booleans()),  # requests since the scrape before, restarted in between
        min_size=2,
        max_size=60,
    ),
    st.integers(0, 100_000),
)
def test_growth_is_never_more_than_what_happened(life: list[tuple[int, bool]], before: int) -> None:
    """Whatever a server goes through, no window holds a negative count or more than it really served."""
    catalogue = Catalogue(Meaning.of((PLAN,), ()), GENERIC.identity.value, Pool(1))
    ledger = Ledger(catalogue, 300.0, 3600.0, 100_000)
    reader = PageReader(catalogue, {}, takes_target_info=False)
    counter, happened, sure = before, 0, 0
    for number, (served, restarted) in enumerate(life):
        counter = served if restarted else counter + served
        happened += served
        sure += 0 if restarted or number == 0 else served
        text = f'requests_total{{model="m",version="1",env="e"}} {counter}\n'
        moment = 10.0 * number
        ledger.take(
            reader.read(PageText(SafeText("page"), text, "text/plain", moment, Instant(NOON + moment), UNKNOWN)), moment
        )
    span = ledger.ring.span(10.0 * (len(life) - 1), 10_000.0)
    assert span is not None
    assert 0 <= span.grown(0) <= happened
    if not any(restarted for _, restarted in life):
        assert span.grown(0) == sure
