"""One record in a form that others read: its exact line, a row of CSV, a CloudEvent."""

from __future__ import annotations

import json
from urllib.parse import quote

from modeltui.domain.acting.plan_document import time_text
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.journal.record import Record
from modeltui.domain.journal.record_line import record_line
from modeltui.domain.names import Missing
from modeltui.present.acting_objects import record_object
from modeltui.present.journal_text import what_words
from modeltui.present.table import comma_separated

_COLUMNS = (
    "seq",
    "at",
    "kind",
    "model",
    "environment",
    "who",
    "assurance",
    "what",
    "reason",
    "incident",
    "plan",
    "hash",
)


def heading() -> list[str]:
    """Return the first line of the CSV."""
    return comma_separated([_COLUMNS])


def exported(record: Record, form: str) -> list[str]:
    """Return a record as lines of `jsonl`, `csv` or `cloudevents`."""
    match form:
        case "jsonl":
            return [_exact_line(record)]
        case "csv":
            return comma_separated([_row(record)])
        case _:
            return [json.dumps(_cloud_event(record), ensure_ascii=False)]


def _exact_line(record: Record) -> str:
    """Return the bytes that are hashed; that they are those of the journal is checked by the hash."""
    made, line = record_line(record.entry, record.seq, record.previous)
    if made.hash != record.hash:
        raise ModeltuiError(f"record {record.seq} cannot be written as it was", "copy the journal's own files instead")
    return line.decode().removesuffix("\n")


def _row(record: Record) -> list[str]:
    entry = record.entry
    model, environment = (
        ("", "") if isinstance(entry.target, Missing) else (entry.target.model, entry.target.environment)
    )
    return [
        str(record.seq),
        time_text(entry.at),
        entry.kind.value,
        str(model),
        str(environment),
        str(entry.actor),
        entry.actor.assurance.value,
        what_words(record),
        str(entry.reason.text),
        str(entry.reason.incident),
        "" if isinstance(entry.plan_hash, Missing) else str(entry.plan_hash),
        str(record.hash),
    ]


def _cloud_event(record: Record) -> dict[str, object]:
    entry = record.entry
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": f"{record.seq}-{str(record.hash).removeprefix('sha256:')[:16]}",
        "source": f"/modeltui/{quote(entry.context, safe='')}",
        "type": f"dev.modeltui.journal.{entry.kind.value}.v1",
        "time": time_text(entry.at),
        "datacontenttype": "application/json",
        "data": record_object(record),
    }
    if not isinstance(entry.target, Missing):
        event["subject"] = f"{entry.target.environment}/{entry.target.model}"
    return event
