"""What a run logged of the data that it read, as snapshots."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from modeltui.adapters._documents.values import moment
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.places import ProvenanceMap, places
from modeltui.domain.lineage import DataSnapshot
from modeltui.domain.masking import masked
from modeltui.domain.names import UNKNOWN, Unknown

LONGEST_ADDRESS: Final = 1_000
_DATA_CONTEXT: Final = "mlflow.data.context"
_USES: Final = {"train": "training", "val": "validation", "valid": "validation", "eval": "evaluation"}
"""MLflow's own autologging and its examples say it in several ways."""
_ADDRESSES: Final = ("uri", "url", "path", "table_name", "delta_table_name")
_REVISIONS: Final = ("delta_table_version", "revision", "version")
"""Which state of the address was read, where the source itself says it: Delta tables and hubs do."""
_MOST_DIGITS: Final = 18
_QUERIES: Final = ("sql", "query")


def snapshot_of(given: wire.DatasetInput, where: ProvenanceMap) -> DataSnapshot:
    """Return a logged data set; the exact state that a tag or the source names is added to its address."""
    tags, dataset = wire.pairs(given.tags), given.dataset
    source, profile = _object_in(dataset.source), _object_in(dataset.profile)
    use = (tags.get(_DATA_CONTEXT) or "").strip()
    digest = _tagged(tags, where.data_digest) or dataset.digest
    origin = _tagged(tags, where.data_origin) or _text_of(source, ("delta_table_name", "table_name"))
    return DataSnapshot(
        name=wire.shown(dataset.name or "unnamed"),
        digest=wire.told(digest),
        uri=wire.told(_address(source, tags, where), LONGEST_ADDRESS),
        rows=_rows(profile),
        used_for=wire.told(_USES.get(use.lower(), use)),
        origin=wire.told(origin, LONGEST_ADDRESS),
        begins_at=moment(_tagged(tags, where.data_begins_at)),
        ends_at=moment(_tagged(tags, where.data_ends_at)),
        taken_at=moment(_tagged(tags, where.data_taken_at)),
    )


def query_in(inputs: Sequence[wire.DatasetInput]) -> str:
    """Return the query that a data set was made by, where its source says it; several are told apart by a comment."""
    found = {}
    for given in inputs:
        if query := _text_of(_object_in(given.dataset.source), _QUERIES, wire.LONG_QUERY):
            found[given.dataset.name or "unnamed"] = query
    if len(found) == 1:
        return next(iter(found.values()))
    return "\n".join(f"-- {name}\n{query}" for name, query in sorted(found.items()))


def _address(source: Mapping[str, Any], tags: Mapping[str, str], where: ProvenanceMap) -> str:
    address = _text_of(source, _ADDRESSES)
    commits = (f"{place.name}={tags[place.name]}" for place in places(where.data_commit) if tags.get(place.name))
    states = (f"{name}={source[name]}" for name in _REVISIONS if source.get(name) not in (None, ""))
    state = next(commits, "") or next(states, "")
    return f"{address}#{state}" if address and state else address or state


def _tagged(tags: Mapping[str, str], written: Sequence[str]) -> str:
    named = (place.name for place in places(written) if place.kind == "input_tag")
    return next((masked(name, tags[name]) for name in named if tags.get(name, "").strip()), "")


def _rows(profile: Mapping[str, Any]) -> int | Unknown:
    rows = profile.get("num_rows")
    shape = profile.get("features_shape")
    if rows is None and isinstance(shape, list) and shape:
        rows = shape[0]
    written = str(rows)
    return int(written) if written.isdecimal() and len(written) <= _MOST_DIGITS else UNKNOWN


def _object_in(text: wire.Text) -> Mapping[str, Any]:
    """Return the object in JSON within JSON; what is no JSON object has no fields."""
    try:
        whole = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return whole if isinstance(whole, dict) else {}


def _text_of(whole: Mapping[str, Any], names: Sequence[str], limit: int = LONGEST_ADDRESS) -> str:
    values = (whole.get(name) for name in names)
    return next((str(value)[:limit] for value in values if value not in (None, "")), "")
