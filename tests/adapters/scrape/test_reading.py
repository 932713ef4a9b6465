"""Signals come out of bare pages of metrics as right as out of a Prometheus."""

from __future__ import annotations

import pytest
from tests.adapters.scrape.exporter import Exporter, find, has, opened, segments, watching

from modeltui.adapters.scrape.options import Options, TargetOptions
from modeltui.domain.names import UNKNOWN
from modeltui.domain.signal import Counts, Estimate, Mean
from modeltui.testing.clock import VirtualClock
from modeltui.testing.faults import FaultServer, Reply, SeenRequest


async def test_the_first_look_scrapes_twice() -> None:
    """A one-shot look knows every signal, over the two seconds between its two scrapes, and says so."""
    exporter = Exporter()
    exporter.count("1", good=1_000_000, bad=500_000)
    exporter.drift("1", "amount", 0.2)
    async with watching(exporter) as (port, clock, server):

        def growing(request: SeenRequest) -> Reply:
            reply = exporter.reply()
            exporter.count("1", good=90, bad=10)
            return reply

        server.answer("/0", growing)
        began = clock.now()
        answer = await port.read()
        assert len(server.requests) == 2
        assert clock.now() - began == 2.0
    errors = find(answer, "error_rate")
    assert errors.measurement == Counts(10, 100)
    assert errors.window_seconds == 2.0
    assert errors.at == began + 2.0
    assert find(answer, "throughput").measurement == Estimate(50.0, 100.0)
    assert find(answer, "drift").measurement == Estimate(0.2, UNKNOWN)
    confidence = find(answer, "confidence").measurement
    assert isinstance(confidence, Mean)
    assert confidence.value == pytest.approx(0.9)
    assert confidence.n == 90
    assert find(answer, "business").measurement == Counts(90, 90)
    assert answer.warnings == ()


async def test_a_window_fills_up_and_then_rolls() -> None:
    """Counts cover what was watched so far, and after the window only its last five minutes."""
    exporter = Exporter()
    exporter.count("1", good=7)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        read = []
        for _number in range(40):
            exporter.count("1", good=10)
            await clock.advance(10)
            read.append(find(await port.read(), "error_rate"))
    # The first point is from two seconds before the time starts to count in tens.
    assert [sample.window_seconds for sample in (read[0], read[9], read[-1])] == [12.0, 102.0, 300.0]
    assert [sample.measurement for sample in (read[0], read[9], read[-1])] == [
        Counts(0, 10),
        Counts(0, 100),
        Counts(0, 300),
    ]


async def test_without_errors_is_not_without_data() -> None:
    """A version whose page has no series of errors has none of many."""
    exporter = Exporter()
    exporter.count("1", good=5)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        exporter.count("1", good=40)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(0, 40)


async def test_requests_that_do_not_say_how_they_ended_are_not_all_fine() -> None:
    """A page whose counter has `status` instead of `code` has no share of errors, rather than one of nought."""
    exporter = Exporter()
    counter = 'model_requests_total{model="fraud",version="1",env="prod",status="500"}'
    exporter.add(counter, 5)
    exporter.drift("1", "amount", 0.01)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        exporter.add(counter, 40)
        await clock.advance(10)
        answer = await port.read()
    assert has(answer, "drift")
    assert not has(answer, "error_rate")


async def test_without_traffic_is_known_to_be_without_traffic() -> None:
    """A version that stands still has a rate of nought and no observations, at this moment."""
    exporter = Exporter()
    exporter.count("1", good=5)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        await clock.advance(10)
        answer = await port.read()
        now = clock.now()
    assert find(answer, "throughput").measurement == Estimate(0.0, UNKNOWN)
    assert find(answer, "error_rate").measurement == Counts(0, 0)
    assert find(answer, "latency_p95").measurement == Estimate(0.0, 0.0)
    assert find(answer, "error_rate").at == now


async def test_the_first_errors_of_a_version_count() -> None:
    """The series of errors appears with the first error; it grew from nothing, and those errors are not lost."""
    exporter = Exporter()
    exporter.count("1", good=100)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        exporter.count("1", good=97, bad=3)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "error_rate").measurement == Counts(3, 100)


async def test_a_version_that_appears_is_measured_from_the_scrape_before() -> None:
    """A candidate on a page that is watched has its signals at once, over the time it can have been there."""
    exporter = Exporter()
    exporter.count("1", good=100)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        await clock.advance(100)
        await port.read()
        exporter.count("2", good=10, bad=10)
        await clock.advance(10)
        answer = await port.read()
    sample = find(answer, "error_rate", "2")
    assert sample.measurement == Counts(10, 20)
    assert sample.window_seconds == 10.0
    assert find(answer, "throughput", "2").measurement == Estimate(2.0, 20.0)


async def test_buckets_are_added_up_before_the_quantile_is_taken() -> None:
    """Two instances, one fast and one slow, have one quantile, of all their requests."""
    fast, slow = Exporter(), Exporter()
    fast.count("1", good=1)
    slow.count("1", good=1)
    async with watching(fast, slow) as (port, clock, _):
        await port.read()
        fast.count("1", good=900, seconds=0.05)
        slow.count("1", good=100, seconds=0.7)
        await clock.advance(10)
        answer = await port.read()
    latency = find(answer, "latency_p95").measurement
    assert latency.n == 1000
    assert latency.value == pytest.approx(0.75)  # half-way through the slow one's bucket
    assert find(answer, "throughput").measurement.n == 1000


async def test_bounds_are_numbers_not_texts() -> None:
    """An instance that writes le="1" and one that writes le="1.0" mean the same bucket."""
    one, other = Exporter(), Exporter()
    for exporter, bound in ((one, "1"), (other, "1.0")):
        labels = 'model="fraud",version="1",env="prod"'
        exporter.add(f'model_request_duration_seconds_bucket{{{labels},le="{bound}"}}', 0)
        exporter.add(f'model_request_duration_seconds_bucket{{{labels},le="+Inf"}}', 0)
    async with watching(one, other) as (port, clock, _):
        await port.read()
        for exporter in (one, other):
            for line in exporter.series:
                exporter.add(line, 100)
        await clock.advance(10)
        answer = await port.read()
    latency = find(answer, "latency_p95").measurement
    assert latency.value == pytest.approx(0.95)
    assert latency.n == 200


async def test_a_quantile_above_the_highest_bound_is_said_to_be() -> None:
    """What is slower than the last finite bucket shows that bound, and the answer says that it is more."""
    exporter = Exporter()
    exporter.count("1", good=1)
    async with watching(exporter) as (port, clock, _):
        await port.read()
        exporter.count("1", good=100, seconds=30.0)
        await clock.advance(10)
        answer = await port.read()
    assert find(answer, "latency_p95").measurement == Estimate(1.0, 100.0)
    assert any("above the highest bucket" in warning for warning in answer.warnings)


async def test_the_worst_feature_of_all_instances_is_the_drift() -> None:
    """Drift is the largest index of any feature of any instance."""
    one, other = Exporter(), Exporter()
    one.drift("1", "amount", 0.02)
    one.drift("1", "age", 0.07)
    other.drift("1", "amount", 0.31)
    other.drift("1", "age", float("nan"))
    async with watching(one, other) as (port, _clock, _server):
        answer = await port.read()
    assert find(answer, "drift").measurement == Estimate(0.31, UNKNOWN)


async def test_segments_are_marginals_of_each_label() -> None:
    """Each value of a segment label has its own counts, which add up to the whole."""
    exporter = Exporter()
    for region in ("hk", "cn"):
        exporter.count("1", good=1, region=region, by=',device="phone"')
    async with watching(exporter, segments=("region", "device")) as (port, clock, _):
        await port.read()
        exporter.count("1", good=60, bad=40, region="hk", by=',device="phone"')
        exporter.count("1", good=100, region="cn", by=',device="phone"')
        await clock.advance(10)
        answer = await port.read()
    errors = find(answer, "error_rate")
    assert errors.measurement == Counts(40, 200)
    assert segments(errors) == {
        "region=hk": Counts(40, 100),
        "region=cn": Counts(0, 100),
        "device=phone": Counts(40, 200),
    }
    assert segments(find(answer, "throughput"))["region=cn"] == Estimate(100 / 12, 100.0)


async def test_small_segments_become_one() -> None:
    """Of hundreds of values the twenty with the most traffic are named; the others are one segment."""
    exporter = Exporter()
    for number in range(300):
        exporter.count("1", good=1, region=f"r{number:03}")
    async with watching(exporter, segments=("region",)) as (port, clock, _):
        await port.read()
        for number in range(300):
            exporter.count("1", good=number, region=f"r{number:03}")
        await clock.advance(10)
        answer = await port.read()
    errors = find(answer, "error_rate")
    assert len(errors.segments) == 21
    assert segments(errors)["region=r299"] == Counts(0, 299)
    assert segments(errors)["region=other"] == Counts(0, sum(range(280)))
    assert sum(part.n for part in segments(errors).values() if isinstance(part, Counts)) == errors.measurement.n


async def test_labels_of_a_target_say_what_its_page_does_not() -> None:
    """Pages without labels are told apart by what the configuration says of their addresses."""
    clock = VirtualClock(autojump=True)
    exporters = [Exporter(), Exporter()]
    async with FaultServer() as server:
        for number, exporter in enumerate(exporters):
            exporter.add('model_requests_total{code="200"}', 1)
            server.answer(f"/{number}", exporter.reply)
        targets = tuple(
            TargetOptions(
                url=f"{server.url}/{number}",
                labels={"model": "fraud", "version": f"v1.{number}", "environment": "prod", "region": f"r{number}"},
            )
            for number in range(2)
        )
        async with opened(clock, Options(targets=targets, segments=("region",))) as port:
            await port.read()
            for number, exporter in enumerate(exporters):
                exporter.add('model_requests_total{code="200"}', 10 * (number + 1))
            await clock.advance(10)
            answer = await port.read()
    sample = find(answer, "error_rate", "v1.1")
    assert str(sample.target) == "fraud@prod"
    assert sample.measurement == Counts(0, 20)
    assert segments(sample) == {"region=r1": Counts(0, 20)}
    assert find(answer, "error_rate", "v1.0").measurement == Counts(0, 10)


async def test_series_without_a_version_are_named() -> None:
    """What cannot be given to a version is left out, and the answer says which label to set."""
    exporter = Exporter()
    exporter.add('model_requests_total{model="fraud",env="prod",code="200"}', 1)
    exporter.count("1", good=1)
    async with watching(exporter) as (port, _clock, _server):
        for _ in range(3):
            answer = await port.read()
    assert has(answer, "error_rate", "1")
    assert [str(warning) for warning in answer.warnings] == [
        "1 series without version left out; set labels.version, or labels of the target: {version: …}"
    ]
