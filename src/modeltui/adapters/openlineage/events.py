"""One lineage event, as a job sends it. Facets stay as they came: one that is odd costs nothing but itself."""

from __future__ import annotations

import json
from typing import Final

import msgspec
from msgspec import Raw, Struct

Facets = dict[str, Raw]

KEPT_OF_RUN: Final = frozenset(
    {
        "environmentVariables",
        "executionParameters",
        "processing_engine",
        "parent",
        "nominalTime",
        "tags",
        "errorMessage",
        "externalQuery",
    }
)
KEPT_OF_JOB: Final = frozenset({"sql", "sourceCodeLocation", "ownership", "documentation", "tags"})
KEPT_OF_DATASET: Final = frozenset(
    {"version", "schema", "dataQualityMetrics", "ownership", "tags", "inputStatistics", "outputStatistics"}
)


class RunPart(Struct, frozen=True):
    """Which run, and what it says of itself."""

    runId: str  # noqa: N815 - as it is sent
    facets: Facets | None = None


class JobPart(Struct, frozen=True):
    """Which job it is a run of."""

    namespace: str
    name: str
    facets: Facets | None = None


class DatasetPart(Struct, frozen=True):
    """A data set that was read or written."""

    namespace: str
    name: str
    facets: Facets | None = None
    inputFacets: Facets | None = None  # noqa: N815 - as it is sent
    outputFacets: Facets | None = None  # noqa: N815 - as it is sent


class Event(Struct, frozen=True):
    """A run began, went on or ended. Events about a job or data set alone have no run."""

    run: RunPart | None = None
    job: JobPart | None = None
    eventTime: str = ""  # noqa: N815 - as it is sent
    eventType: str | None = ""  # noqa: N815 - as it is sent
    inputs: list[DatasetPart] | None = None
    outputs: list[DatasetPart] | None = None


_DECODER: Final = msgspec.json.Decoder(Event)


def read_event(line: bytes) -> Event | None:
    """Return the event in a line; None when it is none."""
    try:
        return _DECODER.decode(line)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _repaired(line)


def _repaired(line: bytes) -> Event | None:
    """Return an event that has NaN in it, as Python writes it; the number is lost, the event is not."""
    if b"NaN" not in line and b"Infinity" not in line:
        return None
    try:
        return _DECODER.decode(msgspec.json.encode(json.loads(line)))
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
