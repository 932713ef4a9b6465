"""Events of one run, merged; and all runs that are known, so that they can be found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from modeltui.adapters._documents.json_text import parse_json
from modeltui.adapters._documents.look import list_at, text_at
from modeltui.adapters._documents.words import moment
from modeltui.adapters.openlineage.events import (
    KEPT_OF_DATASET,
    KEPT_OF_JOB,
    KEPT_OF_RUN,
    DatasetPart,
    Event,
    Facets,
)
from modeltui.domain.errors import BackendError
from modeltui.domain.names import UNKNOWN, Instant, Unknown

_LARGEST_FACET: Final = 262_144
_MOST_DATASETS: Final = 500
_TAGS: Final = "tags"
_ENDED: Final = frozenset({"COMPLETE", "COMPLETED", "FAIL", "FAILED", "ABORT", "ABORTED"})
COMPLETE: Final = "COMPLETE"
_SHORT: Final = {"COMPLETED": COMPLETE, "FAILED": "FAIL", "ABORTED": "ABORT"}


class DatasetKey(NamedTuple):
    """What a data set is called."""

    namespace: str
    name: str


Blobs = dict[str, bytes]
"""Facets by name, as they were sent."""


@dataclass(slots=True)
class Run:
    """All that was said of one run so far."""

    id: str
    namespace: str = ""
    job: str = ""
    state: str = ""
    """The last event's: START, RUNNING, COMPLETE, FAIL, ABORT; an end is not taken back by a late START."""
    began_at: Instant | Unknown = UNKNOWN
    last_at: Instant | Unknown = UNKNOWN
    facets: Blobs = field(default_factory=dict)
    job_facets: Blobs = field(default_factory=dict)
    inputs: dict[DatasetKey, Blobs] = field(default_factory=dict)
    outputs: dict[DatasetKey, Blobs] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Tell whether it ended well."""
        return self.state == COMPLETE

    def merge(self, event: Event, share: Callable[[bytes], bytes] = bytes) -> None:
        """Add what an event says; of two that say the same facet the later counts."""
        if event.job is not None:
            self.namespace, self.job = event.job.namespace, event.job.name
            _keep(self.job_facets, event.job.facets, KEPT_OF_JOB, share)
        if event.run is not None:
            # Any facet may be the one that names the version.
            _keep(self.facets, event.run.facets, None, share)
        for into, datasets in ((self.inputs, event.inputs), (self.outputs, event.outputs)):
            for dataset in datasets or ():
                _keep_dataset(into, dataset, share)
        self._note(event)

    def _note(self, event: Event) -> None:
        at = moment(event.eventTime)
        state = (event.eventType or "").upper()
        state = _SHORT.get(state, state)
        if not isinstance(at, Unknown):
            self.began_at = at if isinstance(self.began_at, Unknown) else min(self.began_at, at)
            self.last_at = at if isinstance(self.last_at, Unknown) else max(self.last_at, at)
        if state and (state in _ENDED or self.state not in _ENDED):
            self.state = state


def facet(facets: Mapping[str, bytes], name: str) -> Any:
    """Return a facet as an object; an empty one when there is none, or none that can be read."""
    if name not in facets:
        return {}
    try:
        return parse_json(facets[name])
    except ValueError:
        return {}


class Runs:
    """The runs that are known, the newest `most`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._runs: dict[str, Run] = {}
        self._makers: dict[DatasetKey, dict[str, None]] = {}
        """By data set: the runs that wrote it."""
        self._texts: dict[bytes, bytes] = {}
        """Facets that many runs have alike are kept once."""
        self.turn = threading.Lock()
        """Held by the thread that adds runs, or looks through them."""
        self.forgotten = 0
        """Runs that had to make room."""

    def __len__(self) -> int:
        return len(self._runs)

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs.values())

    def add(self, event: Event) -> None:
        """Merge an event into its run."""
        if event.run is None:
            return
        key = run_key(event.run.runId)
        run = self._runs.get(key)
        if run is None:
            run = self._runs[key] = Run(event.run.runId)
            self._make_room()
        run.merge(event, self._shared)
        for dataset in run.outputs if event.outputs else ():
            self._makers.setdefault(dataset, {})[key] = None

    def get(self, run_id: str) -> Run | None:
        """Return the run of this id, however it is spelled."""
        return self._runs.get(run_key(run_id))

    def makers(self, dataset: DatasetKey) -> list[Run]:
        """Return the runs that wrote a data set."""
        return [self._runs[key] for key in self._makers.get(dataset, ()) if key in self._runs]

    def with_output(self, names: Iterable[str]) -> list[Run]:
        """Return the runs that wrote a data set of one of these names, in any namespace."""
        wanted = set(names)
        datasets = [dataset for dataset in self._makers if dataset.name in wanted]
        found = {run_key(run.id): run for dataset in datasets for run in self.makers(dataset)}
        return list(found.values())

    def _shared(self, blob: bytes) -> bytes:
        if len(self._texts) > 4 * self._most:
            self._texts.clear()
        return self._texts.setdefault(blob, blob)

    def _make_room(self) -> None:
        while len(self._runs) > self._most:
            key = next(iter(self._runs))
            for dataset in self._runs.pop(key).outputs:
                makers = self._makers.get(dataset, {})
                makers.pop(key, None)
                if not makers:
                    self._makers.pop(dataset, None)
            self.forgotten += 1


class Looked(NamedTuple):
    """The runs among which a version's run may be."""

    runs: Runs
    trouble: BackendError | None = None
    """Why there may be more about it than was seen; None when all was seen."""


def run_key(run_id: str) -> str:
    """Return what all spellings of a run's id have in common: MLflow writes a UUID without its dashes."""
    return run_id.strip().lower().replace("-", "")


def _keep(into: Blobs, facets: Facets | None, kept: frozenset[str] | None, share: Callable[[bytes], bytes]) -> None:
    for name, raw in (facets or {}).items():
        blob = bytes(raw)
        if len(blob) > _LARGEST_FACET or blob == b"null" or (kept is not None and name not in kept):
            continue
        if kept is None and name not in KEPT_OF_RUN and len(blob) > _LARGEST_FACET // 16:
            continue
        into[name] = share(_with_tags_before(into[name], blob) if name == _TAGS and name in into else blob)


def _with_tags_before(before: bytes, after: bytes) -> bytes:
    """Return a facet with the tags of both: clients add tags of their own to each event of a run."""
    try:
        tags = [*list_at(parse_json(before), _TAGS), *list_at(parse_json(after), _TAGS)]
    except ValueError:
        return after
    by_key = {text_at(tag, "key"): tag for tag in tags}
    merged = msgspec.json.encode({_TAGS: list(by_key.values())})
    return merged if len(merged) <= _LARGEST_FACET else after


def _keep_dataset(into: dict[DatasetKey, Blobs], dataset: DatasetPart, share: Callable[[bytes], bytes]) -> None:
    key = DatasetKey(dataset.namespace, dataset.name)
    if key not in into and len(into) >= _MOST_DATASETS:
        return
    blobs = into.setdefault(key, {})
    for facets in (dataset.facets, dataset.inputFacets, dataset.outputFacets):
        _keep(blobs, facets, KEPT_OF_DATASET, share)
