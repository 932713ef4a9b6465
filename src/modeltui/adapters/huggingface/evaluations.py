"""Metrics in a card's `model-index`: overall, and of a configuration or split of a data set as segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from modeltui.adapters._documents.look import at, list_at, number_of, text_at
from modeltui.adapters._documents.words import ADDRESS, shown, told
from modeltui.domain.lineage import DataSnapshot, Scores
from modeltui.domain.text import SafeText

_PARTS = ("config", "split")


@dataclass(frozen=True, slots=True)
class Evaluations:
    """What a card says of how good the model is."""

    metrics: Scores
    segment_metrics: Scores
    snapshots: tuple[DataSnapshot, ...]
    """The data sets that it was evaluated on."""


def evaluations_of(facts: Any) -> Evaluations:
    """Return the metrics in a card; of two of one name the first counts."""
    overall: dict[SafeText, float] = {}
    segments: dict[SafeText, float] = {}
    snapshots: dict[tuple[str, str], DataSnapshot] = {}
    for result in _results(facts):
        data = at(result, "dataset")
        name = text_at(data, "type") or text_at(data, "name")
        if name:
            revision = text_at(data, "revision")
            evaluated = DataSnapshot(shown(name), told(revision), used_for=shown("evaluation"))
            snapshots.setdefault((name, revision), evaluated)
        parts = [f"{part}={text_at(data, part)}" for part in _PARTS if text_at(data, part)]
        for metric in list_at(result, "metrics"):
            value = number_of(at(metric, "value"))
            kind = text_at(metric, "type") or text_at(metric, "name")
            if value is None or not kind:
                continue
            kind = f"{kind} {text_at(metric, 'config')}".strip()
            if parts:
                segment = ",".join([*([f"dataset={name}"] if name else []), *parts])
                segments.setdefault(shown(f"{kind}/{segment}", ADDRESS), value)
            else:
                overall.setdefault(shown(f"{kind} [{name}]" if name else kind, ADDRESS), value)
    # One name stands for one state of a data set: several revisions of one are told by their names.
    several = [name for name, _ in snapshots]
    named = (
        one
        if several.count(name) == 1
        else DataSnapshot(shown(f"{name}@{revision}"), one.digest, used_for=one.used_for)
        for (name, revision), one in snapshots.items()
    )
    return Evaluations(overall, segments, tuple(named))


def _results(facts: Any) -> Iterator[Any]:
    for model in list_at(facts, "model-index"):
        yield from list_at(model, "results")
