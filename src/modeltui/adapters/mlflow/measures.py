"""What was measured of one version: metrics, segments, importances, and answers on saved cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from modeltui.adapters._documents.long_text import whole_text
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.facts import Facts
from modeltui.adapters.mlflow.file_tables import ANSWERS, WEIGHTS, as_text, named_values
from modeltui.adapters.mlflow.parts import Part, Parts
from modeltui.adapters.mlflow.places import ProvenanceMap, places
from modeltui.adapters.mlflow.scores import scores, split_segments
from modeltui.domain.lineage import ABSENT, Fact, Gap, Scores, Table, Unreadable

_LONGEST_ANSWER: Final = 4_000


def metrics_of(parts: Parts, facts: Facts, where: ProvenanceMap) -> tuple[Fact[Scores], Fact[Scores], Fact[Scores]]:
    """Return metrics overall, metrics of segments, and importances."""
    found = scores(
        parts.run.data.metrics if isinstance(parts.run, wire.Run) else (),
        parts.logged_model.data.metrics if isinstance(parts.logged_model, wire.LoggedModel) else (),
    )
    overall, segments, weights = split_segments(found, where.segment_metrics, places(where.importances))
    trouble = parts.trouble
    return (
        facts.known(overall, trouble) if overall else trouble or ABSENT,
        facts.known(segments, trouble) if segments else trouble or ABSENT,
        facts.known(weights, trouble) if weights else _importances_in_files(facts, where),
    )


def cases_of(facts: Facts, where: ProvenanceMap) -> Fact[Table]:
    """Return the answers on saved cases."""
    found = _values_in_file(facts, where.cases, ANSWERS)
    if isinstance(found, Unreadable | Gap):
        return found
    answers = {wire.shown(name): whole_text(as_text(found[name]), _LONGEST_ANSWER) for name in sorted(found)}
    return facts.known(answers) if answers else ABSENT


def _importances_in_files(facts: Facts, where: ProvenanceMap) -> Fact[Scores]:
    found = _values_in_file(facts, where.importances, WEIGHTS)
    if isinstance(found, Unreadable | Gap):
        return found
    numbers = {name: wire.number(found[name]) for name in found if isinstance(found[name], int | float | str)}
    weights = {wire.shown(name): weight for name, weight in numbers.items() if weight is not None}
    return facts.known(weights) if weights else ABSENT


def _values_in_file(facts: Facts, written: Sequence[str], value_names: Sequence[str]) -> Part[Mapping[str, Any]]:
    """Return the names and values in the first of these files that is there."""
    file = facts.lookup.file(places(written))
    if file is None:
        return facts.trouble(written) or ABSENT
    place, content = file
    try:
        return named_values(place.name, content, value_names)
    except ValueError as error:
        return facts.unreadable(f"{place.name}: {error}")
