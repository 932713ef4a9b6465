"""What was measured of one version: metrics, segments, importances, and answers on saved cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modeltui.adapters._documents.case_tables import Columns, together
from modeltui.adapters._documents.long_text import whole_text
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.facts import Facts
from modeltui.adapters.mlflow.file_tables import WEIGHTS, cases_in_file, named_values
from modeltui.adapters.mlflow.parts import IN_TRACES, Part, Parts, is_in_traces
from modeltui.adapters.mlflow.places import Place, ProvenanceMap, places
from modeltui.adapters.mlflow.scores import scores, split_segments
from modeltui.domain.lineage import ABSENT, Fact, Gap, Scores, Table, Unreadable

_LONGEST_ANSWER: Final = 4_000
_LONGEST_CASE: Final = 160
"""What is longer ends with a digest of the whole: two long questions are two cases."""


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


def cases_of(parts: Parts, facts: Facts, where: ProvenanceMap) -> Fact[Table]:
    """Return the answers on saved cases: from the first file beside it or in its run, else from its evaluations."""
    wanted = places(where.cases)
    own = facts.lookup.file(wanted)
    files = [own] if own else list(_of_evaluations(parts, wanted))
    trouble = facts.trouble(where.cases) or next(_troubles(parts, wanted), None)
    if trouble is None and isinstance(parts.run, wire.Run) and is_in_traces(parts.run):
        trouble = facts.unreadable(IN_TRACES)
    if not files:
        return trouble or ABSENT
    columns = Columns(where.case_columns, where.answer_columns)
    place = files[0][0]
    try:
        found = together(cases_in_file(place.name, content, columns) for place, content in files)
    except ValueError as error:
        return facts.unreadable(f"{place.name}: {error}")
    lacks = [found.lacks] if found.lacks else []
    if parts.evaluations_left and not own:
        lacks.append(f"{parts.evaluations_left} older evaluations were not read")
    if trouble is not None and not own:
        lacks.append(trouble.reason)
    answers = {
        whole_text(name, _LONGEST_CASE): whole_text(found.answers[name], _LONGEST_ANSWER)
        for name in sorted(found.answers)
    }
    missing = facts.unreadable("; ".join(f"{place.name}: {reason}" for reason in lacks)) if lacks else None
    return facts.known(answers, missing) if answers else ABSENT


def _of_evaluations(parts: Parts, wanted: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """Yield of each run that evaluated it the first of these files."""
    for files in parts.evaluations:
        contents = ((place, files.get(place)) for place in wanted)
        yield from [(place, said) for place, said in contents if isinstance(said, str) and said.strip()][:1]


def _troubles(parts: Parts, wanted: Sequence[Place]) -> Iterator[Unreadable]:
    for files in parts.evaluations:
        yield from (said for place in wanted if isinstance(said := files.get(place), Unreadable))


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
