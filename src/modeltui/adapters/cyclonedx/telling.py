"""A component of a bill of material as the provenance of a version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from modeltui.adapters._documents.look import at, list_at, number_of, text_at, text_of
from modeltui.adapters._documents.words import ADDRESS, LONG_TEXT, lines, listed, named, shown, told
from modeltui.adapters.cyclonedx import libraries
from modeltui.adapters.cyclonedx.component import Bill
from modeltui.domain.lineage import (
    ABSENT,
    Artifact,
    Contradicted,
    DataSnapshot,
    Fact,
    Known,
    Provenance,
    Scores,
    Table,
    Unreadable,
)
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText

T = TypeVar("T")

_PARAMETERS: Final = ("modelCard", "modelParameters")
_USED_FOR: Final = ("used_for", "role", "split")
"""Properties of a data set that say what it was used for."""

NOTHING: Final = Provenance(
    artifact=ABSENT,
    architecture=ABSENT,
    signature=ABSENT,
    data_snapshots=ABSENT,
    metrics=ABSENT,
    segment_metrics=ABSENT,
    requirements=ABSENT,
    runtime=ABSENT,
    base_image=ABSENT,
    parents=ABSENT,
    model_card=ABSENT,
    tags=ABSENT,
    attestations=ABSENT,
)
"""Of a version that no document is about."""


def provenance_of(
    bill: Bill, model: Any, place: str, known: Provenance, source: SourceName, observed_at: Instant
) -> Provenance:
    """Return what a document says of the version that `model` is in it; `known` is what registries say.

    Where they know what the model takes and gives, column by column, or have a card, the mere formats and
    considerations of this document would contradict that without knowing better: they are told as tags then. A digest
    without an address is that of the bytes whose address they know.
    """
    return _Teller(bill, model, place, known, source, observed_at).whole()


class _Teller:
    def __init__(
        self, bill: Bill, model: Any, place: str, known: Provenance, source: SourceName, observed_at: Instant
    ) -> None:
        self._bill = bill
        self._model = model
        self._place = known.artifact.value.uri if isinstance(known.artifact, Known) else place
        self._has_signature = isinstance(known.signature, Known | Contradicted)
        self._has_card = isinstance(known.model_card, Known | Contradicted)
        self._source = source
        self._observed_at = observed_at

    def whole(self) -> Provenance:
        around = libraries.around(self._bill, self._model)
        overall, segments = _metrics(self._model)
        images = libraries.base_images(around)
        signature = _signature(self._model)
        return Provenance(
            artifact=self._artifact(),
            architecture=self._text(
                text_at(self._model, *_PARAMETERS, "modelArchitecture")
                or text_at(self._model, *_PARAMETERS, "architectureFamily")
            ),
            signature=ABSENT if self._has_signature else self._text(signature, LONG_TEXT),
            data_snapshots=self._fact(tuple(self._snapshots())),
            metrics=self._partly(overall, is_of_slice=False),
            segment_metrics=self._partly(segments, is_of_slice=True),
            requirements=self._fact(libraries.requirements(around)),
            runtime=self._fact(libraries.runtime(around)),
            base_image=self._text(images[0] if len(images) == 1 else "", ADDRESS),
            parents=self._fact(listed(_parents(self._model), ADDRESS)),
            model_card=ABSENT if self._has_card else self._fact(lines("\n".join(_card(self._model)))),
            tags=self._fact(self._tags(images, signature)),
            attestations=self._fact(listed(self._attestations())),
        )

    def _fact(self, value: T) -> Fact[T]:
        return Known(value, self._source, self._observed_at) if value else ABSENT

    def _partly(self, found: Scores, *, is_of_slice: bool) -> Fact[Scores]:
        """Return metrics together with those that are there and no number; unreadable when all are such."""
        odd = {
            shown(name): shown(f"{value} is no number")
            for name, part, value in _odd_metrics(self._model)
            if bool(part) is is_of_slice
        }
        left_out = tuple((name, why) for name, why in odd.items() if name not in found)
        if found or not left_out:
            return Known(found, self._source, self._observed_at, left_out=left_out) if found else ABSENT
        return Unreadable(shown("; ".join(f"{name}: {why}" for name, why in left_out), 300), self._source)

    def _text(self, text: str, limit: int = 200) -> Fact[SafeText]:
        return self._fact(shown(text.strip(), limit))

    def _artifact(self) -> Fact[Artifact]:
        digest = libraries.digest_of(self._model)
        links = [row for row in list_at(self._model, "externalReferences") if text_at(row, "url")]
        kept = [row for row in links if text_at(row, "type") in {"distribution", "distribution-intake"}]
        if not digest:
            digest = next((found for row in kept if (found := libraries.digest_of(row))), "")
        uri = next((text_at(row, "url") for row in kept), "") or text_at(self._model, "purl")
        if not digest and not uri:
            return ABSENT
        return self._fact(Artifact(shown(uri or self._place, ADDRESS), told(digest)))

    def _snapshots(self) -> Iterator[DataSnapshot]:
        for row in list_at(self._model, *_PARAMETERS, "datasets"):
            reference = text_at(row, "ref")
            found = self._bill.by_reference(reference) if reference else row
            if found is None:
                yield DataSnapshot(shown(reference, ADDRESS))
            elif isinstance(found, dict):
                yield _snapshot(found, reference)

    def _tags(self, images: list[str], signature: str) -> Table:
        parameters = at(self._model, *_PARAMETERS)
        own = {
            "approach": text_at(parameters, "approach", "type"),
            "task": text_at(parameters, "task"),
            "architecture family": text_at(parameters, "architectureFamily"),
            "licenses": ", ".join(_licenses(self._model)),
            "publisher": text_at(self._model, "publisher"),
            "supplier": text_at(self._model, "supplier", "name"),
            "labels": ", ".join(text_of(label) for label in list_at(self._model, "tags")),
            "containers": ", ".join(images) if len(images) > 1 else "",
            "input and output formats": signature if self._has_signature else "",
        }
        # Other sources have tags of these names too, and may word them otherwise: that is no contradiction.
        table = {shown(f"bom {name}"): named(name, value) for name, value in own.items() if value}
        if self._has_card and (card := " · ".join(_card(self._model))):
            table[shown("bom card")] = named("", card, LONG_TEXT)
        for owner in (self._model, at(self._model, "modelCard")):
            for row in list_at(owner, "properties"):
                name = text_at(row, "name")
                if name:
                    table[shown(name)] = named(name, text_at(row, "value"))
        for name, _, value in _odd_metrics(self._model):
            table[shown(f"bom metric {name}")] = shown(value)
        return table

    def _attestations(self) -> Iterator[str]:
        if at(self._bill.whole, "signature") is not None or at(self._model, "signature") is not None:
            yield "cyclonedx: bill of material read, signature not verified"


def _snapshot(found: Any, reference: str) -> DataSnapshot:
    """Return a data set: a component, or the description of one within the model's card."""
    data = list_at(found, "data")
    part = next((one for one in data if text_at(one, "bom-ref") == reference), data[0] if data else found)
    links = [text_at(row, "url") for row in list_at(found, "externalReferences")]
    uri = text_at(part, "contents", "url") or next((link for link in links if link), "")
    properties = {
        text_at(row, "name"): text_at(row, "value")
        for row in (*list_at(found, "properties"), *list_at(part, "contents", "properties"))
    }
    return DataSnapshot(
        name=shown(text_at(found, "name") or text_at(part, "name") or "unnamed"),
        digest=told(libraries.digest_of(found) or text_at(found, "version")),
        uri=told(uri, ADDRESS),
        used_for=told(next((properties[name] for name in _USED_FOR if properties.get(name)), "")),
    )


def _metric_rows(model: Any) -> Iterator[tuple[str, str, str]]:
    for row in list_at(model, "modelCard", "quantitativeAnalysis", "performanceMetrics"):
        name = text_at(row, "type")
        if name:
            yield name, text_at(row, "slice").strip(), text_at(row, "value")


def _metrics(model: Any) -> tuple[Scores, Scores]:
    """Return metrics overall, and of slices as `metric/slice`; of two alike the first counts."""
    overall: dict[SafeText, float] = {}
    segments: dict[SafeText, float] = {}
    for name, part, value in _metric_rows(model):
        number = number_of(value)
        if number is not None:
            into, key = (segments, f"{name}/{part}") if part else (overall, name)
            into.setdefault(shown(key), number)
    return overall, segments


def _odd_metrics(model: Any) -> Iterator[tuple[str, str, str]]:
    """Yield name, slice and value of metrics whose value is no number, such as `91 %`: never guessed."""
    for name, part, value in _metric_rows(model):
        if value and number_of(value) is None:
            yield f"{name}/{part}" if part else name, part, value


def _signature(model: Any) -> str:
    sides = []
    for side in ("inputs", "outputs"):
        formats = [text_at(row, "format") for row in list_at(model, *_PARAMETERS, side)]
        sides.append(", ".join(one for one in formats if one))
    return " -> ".join(sides) if any(sides) else ""


def _parents(model: Any) -> Iterator[str]:
    for ancestor in list_at(model, "pedigree", "ancestors"):
        group, name, version = (text_at(ancestor, key) for key in ("group", "name", "version"))
        if name:
            yield f"{f'{group}/' if group else ''}{name} {version}".strip()


def _licenses(model: Any) -> Iterator[str]:
    for row in list_at(model, "licenses"):
        name = text_at(row, "expression") or text_at(row, "license", "id") or text_at(row, "license", "name")
        if name:
            yield name


def _card(model: Any) -> Iterator[str]:
    """Yield the card line by line: the description, then each consideration under its heading."""
    if description := text_at(model, "description"):
        yield description
    for key, heading in (
        ("users", "Users"),
        ("useCases", "Use cases"),
        ("technicalLimitations", "Technical limitations"),
        ("performanceTradeoffs", "Performance tradeoffs"),
    ):
        rows = [text_of(row) for row in list_at(model, "modelCard", "considerations", key)]
        yield from _section(heading, rows)
    ethical = list_at(model, "modelCard", "considerations", "ethicalConsiderations")
    yield from _section("Ethical considerations", [_risk(row) for row in ethical])
    fairness = list_at(model, "modelCard", "considerations", "fairnessAssessments")
    yield from _section("Fairness", [_group(row) for row in fairness])


def _section(heading: str, rows: list[str]) -> Iterator[str]:
    if any(rows):
        yield f"# {heading}"
        yield from (f"- {row}" for row in rows if row)


def _risk(row: Any) -> str:
    return ": ".join(text for key in ("name", "mitigationStrategy") if (text := text_at(row, key)))


def _group(row: Any) -> str:
    parts = [text_at(row, "groupAtRisk")]
    parts += [f"{key}: {text}" for key in ("benefits", "harms") if (text := text_at(row, key))]
    parts += [f"mitigation: {text}" for text in (text_at(row, "mitigationStrategy"),) if text]
    return "; ".join(part for part in parts if part)
