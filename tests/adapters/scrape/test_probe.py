"""`doctor` says what stands on the pages, and what to change in the configuration."""

from __future__ import annotations

import pytest
from tests.adapters.scrape.exporter import TEXT, Exporter, watching

from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.names import UNKNOWN
from modeltui.domain.text import safe_text
from modeltui.ports.probe import Finding, Probe
from modeltui.testing.faults import Reply, reset
from modeltui.testing.hostile import HOSTILE_TEXTS


def named(probe: Probe, name: str) -> Finding:
    """Return the finding whose name ends like this."""
    return next(finding for finding in probe.findings if finding.name.endswith(name))


async def test_a_good_page_is_told_with_its_labels() -> None:
    """Reach, latency, how many series are used, which model, versions and environment they are of."""
    exporter = Exporter()
    exporter.count("1", good=5)
    exporter.count("2", good=5)
    async with watching(exporter, segments=("region", "device")) as (port, _clock, _):
        probe = await port.probe()
    page = named(probe, "/0")
    assert page.ok is True
    assert "18 of 18 series are used" in page.says
    labels = named(probe, "/0 labels")
    assert labels.ok is True
    assert labels.says == "model fraud; version 1, 2; environment prod; no segment label device"
    assert named(probe, "error_rate").says == "2 series of model_requests_total"
    assert named(probe, "drift").ok is False
    assert isinstance(probe.latency_seconds, float)


async def test_a_missing_label_is_named_with_what_is_there() -> None:
    """A page whose series name no version is shown with the labels that it has, and the way out."""
    exporter = Exporter()
    exporter.add('model_requests_total{model="fraud",revision="7",env="prod",code="200"}', 1)
    async with watching(exporter) as (port, _clock, _):
        probe = await port.probe()
    labels = named(probe, "/0 labels")
    assert labels.ok is False
    assert labels.says == "1 series say nothing of version (version); labels there: code, env, model, revision"
    assert labels.remedy == "Set labels.version of this source to one of them, or in targets: labels: {version: …}."


async def test_another_profile_is_suggested() -> None:
    """A page of Triton under the generic profile leads to the right profile."""
    async with watching(Exporter()) as (port, _clock, server):
        server.answer("/0", Reply(b'nv_inference_request_success{model="a",version="1"} 5\n', content_type=TEXT))
        probe = await port.probe()
    assert named(probe, "/0").ok is False
    assert named(probe, "profiles").remedy == "Try profile: triton."


async def test_one_dead_page_is_a_finding_and_all_are_an_error() -> None:
    """What cannot be reached is said beside what can; when nothing can, that is the answer."""
    exporter = Exporter()
    exporter.count("1", good=5)
    async with watching(exporter, Exporter()) as (port, _clock, server):
        server.answer("/1", reset())
        probe = await port.probe()
        assert named(probe, "/1").ok is False
        assert named(probe, "/1").remedy
        server.answer("/0", reset())
        with pytest.raises(BackendUnavailable):
            await port.probe()


@pytest.mark.parametrize("text", HOSTILE_TEXTS.values(), ids=HOSTILE_TEXTS)
async def test_hostile_pages_are_explained_in_harmless_words(text: str) -> None:
    """Unreadable lines are counted, and shown without what they would do."""
    page = b"model_requests_total{" + text.encode("utf-8", "replace") + b"} x\n"
    exporter = Exporter(extra=f'model_requests_total{{model="{text[:50]!r}",version="1",env="prod"}} 5\n')
    exporter.count("1", good=5)
    async with watching(exporter) as (port, _clock, server):
        server.answer("/0", Reply(exporter.text().encode("utf-8", "replace") + page, content_type=TEXT))
        probe = await port.probe()
    lines = named(probe, "/0 lines")
    assert lines.ok is False
    for finding in probe.findings:
        for said in (finding.name, finding.says, finding.remedy):
            assert safe_text(said, 2_000) == said


async def test_what_the_profile_cannot_say_is_said() -> None:
    """The limits of a profile are known before somebody waits for its signals."""
    async with watching(Exporter(), profile="triton") as (port, _clock, server):
        server.answer("/0", Reply(b'nv_inference_request_success{model="a",version="1"} 5\n', content_type=TEXT))
        probe = await port.probe()
    limits = [finding.says for finding in probe.findings if finding.name == "profile"]
    assert "cannot say the environment: set it in labels of each target" in limits
    assert all(finding.ok is UNKNOWN for finding in probe.findings if finding.name == "profile")
