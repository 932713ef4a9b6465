"""The jobs before a run: those that wrote what it read."""

from __future__ import annotations

from modeltui.adapters.openlineage.matching import version_in
from modeltui.adapters.openlineage.runs import DatasetKey, Run, Runs, run_key
from modeltui.domain.names import Unknown

_MOST_RUNS = 50


def makers(runs: Runs, run: Run, hops: int) -> dict[DatasetKey, Run]:
    """Return, for each data set up to so many jobs before a run, the run that wrote the state that was read.

    Nearest first. A data set that nobody is known to have written is not there.
    """
    found: dict[DatasetKey, Run] = {}
    seen = {run_key(run.id)}
    level = [run]
    for _ in range(hops):
        following: list[Run] = []
        for reader in level:
            for dataset in reader.inputs:
                maker = None if dataset in found else _maker(runs, reader, dataset)
                if maker is None or len(found) >= _MOST_RUNS:
                    continue
                found[dataset] = maker
                if run_key(maker.id) not in seen:
                    seen.add(run_key(maker.id))
                    following.append(maker)
        level = following
    return found


def _maker(runs: Runs, reader: Run, dataset: DatasetKey) -> Run | None:
    """Return the last run that wrote a data set before it was read; of the very version, where both say it."""
    read = version_in(reader.inputs[dataset])
    before = [run for run in runs.makers(dataset) if run is not reader and _is_before(run, reader)]
    exact = [run for run in before if read and version_in(run.outputs[dataset]) == read]
    unversioned = [run for run in before if not read or not version_in(run.outputs[dataset])]
    candidates = exact or unversioned
    return max(candidates, key=_lateness, default=None)


def _is_before(run: Run, reader: Run) -> bool:
    if isinstance(run.last_at, Unknown) or isinstance(reader.last_at, Unknown):
        return True
    return run.last_at <= reader.last_at


def _lateness(run: Run) -> tuple[bool, float]:
    return run.is_complete, float("-inf") if isinstance(run.last_at, Unknown) else run.last_at
