"""Whatever JSON or YAML somebody wrote into an event, a bill, a manifest or a card: told or refused, never a crash."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modeltui.adapters._documents.front_matter import read_card
from modeltui.adapters._documents.signed_manifest import read_manifest
from modeltui.adapters.cyclonedx import telling as bill_telling
from modeltui.adapters.cyclonedx.component import read_bill
from modeltui.adapters.huggingface.evaluations import evaluations_of
from modeltui.adapters.openlineage import matching, upstream
from modeltui.adapters.openlineage import telling as lineage_telling
from modeltui.adapters.openlineage.events import read_event
from modeltui.adapters.openlineage.options import Options
from modeltui.adapters.openlineage.runs import Runs
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText
from modeltui.testing.provenance_contract import check_provenance
from tests.adapters.cyclonedx import bills
from tests.adapters.model_signing import signing
from tests.adapters.openlineage import emitting
from tests.examples import examples

HERE = SourceName(SafeText("here"))
NOW = Instant(1_768_357_200.0)

texts = st.text(max_size=20) | st.sampled_from(["1e999", "NaN", "-1", "\x1b[2J", "\u202e", "a" * 5_000, "2026-99-99T"])
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


def places_in(document: Any) -> list[tuple[Any, Any]]:
    """Return every place in a document: what holds it, and its key or number."""
    found: list[tuple[Any, Any]] = []
    inside = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inside:
        found.append((document, key))
        found += places_in(value)
    return found


def bent(document: Any, places: list[int], odd: list[Any]) -> Any:
    """Return a copy of a document with something else in some of its places."""
    copy = json.loads(json.dumps(document))
    for place, value in zip(places, odd, strict=False):
        known = places_in(copy)
        holder, key = known[place % len(known)]
        holder[key] = json.loads(json.dumps(value))  # a copy: nothing may come to lie inside itself
    return copy


bends = st.lists(st.integers(0, 10_000), min_size=1, max_size=4)
values = st.lists(documents, min_size=4, max_size=4)


@given(bends, values)
@settings(max_examples=examples(150))
def test_any_event(places: list[int], odd: list[Any]) -> None:
    """An event with anything in any place: it is no event, or what it tells is safe and says what it lacks."""
    runs = Runs(100)
    for event in (*emitting.extraction(), *emitting.training()):
        line = json.dumps(bent(event, places, odd)).encode()
        read = read_event(line)
        if read is not None:
            runs.add(read)
    options = Options(files=("x",))
    match = matching.find(runs, options, "fraud-detector", "7", (emitting.TRAINING,))
    if match is not None:
        makers = upstream.makers(runs, match.run, options.hops)
        told = lineage_telling.provenance_of(match, makers, Provenance(), HERE, NOW)
        check_provenance("event", told)


@given(bends, values)
@settings(max_examples=examples(150))
def test_any_bill(places: list[int], odd: list[Any]) -> None:
    """A bill of material with anything in any place: it is no bill, or what it tells is safe."""
    try:
        bill = read_bill(json.dumps(bent(bills.bill(), places, odd)).encode())
    except ValueError:
        return
    for model in bill.models:
        check_provenance("bill", bill_telling.provenance_of(bill, model, "bom.json", Provenance(), HERE, NOW))


@given(bends, values)
@settings(max_examples=examples(150))
def test_any_manifest(places: list[int], odd: list[Any]) -> None:
    """A signed statement with anything in any place: it is no manifest, or each file has a digest."""
    stated = signing.statement({"model.pt": signing.sha256(b"w"), "a/b": signing.sha256(b"x")})
    try:
        manifest = read_manifest(signing.bundle(bent(stated, places, odd)))
    except ValueError:
        return
    assert manifest.digests
    assert all(":" in digest for digest in manifest.digests.values())


@given(documents)
@settings(max_examples=examples(150))
def test_any_evaluations(odd: Any) -> None:
    """Facts of a card of any kind: metrics are numbers, names are safe."""
    for facts in (odd, {"model-index": odd}, {"model-index": [{"results": odd}]}):
        found = evaluations_of(facts)
        told = Provenance(
            metrics=Known(found.metrics or {SafeText("x"): 1.0}, HERE, NOW),
            segment_metrics=Known(found.segment_metrics or {SafeText("x"): 1.0}, HERE, NOW),
        )
        check_provenance("card", told)


@given(st.text(max_size=200), st.sampled_from(["", "---\n", "---\r\n", "\ufeff---\n", " --- \n"]))
@settings(max_examples=examples(200))
def test_any_card(text: str, begin: str) -> None:
    """Any text as a card: facts, no facts, or the reason why there are none."""
    card = read_card(f"{begin}{text}\n---\n")
    assert isinstance(card.facts, dict)
    assert not (card.facts and card.trouble)


def test_a_chain_that_closes_ends(tmp_path: Path) -> None:
    """Jobs that read what they write, in a circle: looking for what was before comes to an end."""
    runs = Runs(100)
    for number in range(5):
        names = [f"table {number}", f"table {(number + 1) % 5}"]
        read, written = (emitting.dataset("lake", name) for name in names)
        raw = emitting.event("COMPLETE", "2026-01-14T03:00:00Z", f"run {number}", "j", inputs=[read], outputs=[written])
        event = read_event(json.dumps(raw).encode())
        assert event is not None
        runs.add(event)
    run = runs.get("run 0")
    assert run is not None
    found = asyncio.run(asyncio.wait_for(asyncio.to_thread(upstream.makers, runs, run, 3), 5))
    assert [maker.id for maker in found.values()] == ["run 4", "run 3", "run 2"]
