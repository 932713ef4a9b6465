"""Where one version comes from, out of all tables that say something of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from modeltui.adapters._documents import values
from modeltui.adapters._documents.metadata import Teller, provenance_from
from modeltui.adapters._documents.one_teller import as_one
from modeltui.adapters.sql_registry.facts import facts_told
from modeltui.adapters.sql_registry.json_column import object_in, parsed
from modeltui.adapters.sql_registry.session import MOST_CHARACTERS, Row, Session, TableTrouble
from modeltui.adapters.sql_registry.tables import Found, Table, first_of, text_of
from modeltui.domain.lineage import (
    ABSENT,
    FIELDS,
    Approval,
    Artifact,
    CodeRevision,
    DataSnapshot,
    Fact,
    Gap,
    Provenance,
)
from modeltui.domain.names import UNKNOWN, Instant, SourceName, Unknown
from modeltui.domain.text import SafeText, safe_text

_COLUMNS: Final = (
    "tags",
    "artifact_uri",
    "artifact_digest",
    "artifact_size_bytes",
    "run",
    "created_by",
    "code_commit",
    "code_repository",
    "code_branch",
    "provenance",
)
_SNAPSHOT_COLUMNS: Final = (
    "name",
    "used_for",
    "digest",
    "uri",
    "row_count",
    "origin",
    "begins_at",
    "ends_at",
    "taken_at",
)
_APPROVAL_COLUMNS: Final = ("decided_by", "decision", "decided_at", "comment")
_ADDRESS: Final = 1_000


class OddValueError(ValueError):
    """A value is not of its kind; the message names column and value."""


class VersionRows:
    """Reads all that the tables say of one version."""

    def __init__(
        self, session: Session, found: Found, source: SourceName, observed_at: Instant, most_rows: int
    ) -> None:
        self._session = session
        self._found = found
        self._source = source
        self._observed_at = observed_at
        self._most_rows = most_rows

    def provenance(self, model: str, version: str) -> Provenance:
        """Return it; at most five statements. A table that cannot be read costs the fields that only it may tell."""
        told: dict[str, Provenance] = {}
        readers = {
            "versions": self._versions,
            "data_snapshots": self._snapshots,
            "approvals": self._approvals,
            "facts": self._facts,
        }
        for name, reader in readers.items():
            table = self._found[name]
            if table is not None:
                told |= self._read(table, reader, (model, version))
        found = as_one(told, self._source) if told else Provenance()
        # Who answers for a version is whoever answers for its model, unless the version says otherwise.
        return replace(found, owner=self._owner(model)) if self._is_owned(found) else found

    def _is_owned(self, found: Provenance) -> bool:
        table = self._found["models"]
        return isinstance(found.owner, Gap) and table is not None and table.has("owner")

    def _owner(self, model: str) -> Fact[SafeText]:
        table = self._found.tables["models"]
        try:
            rows = self._session.rows(table.select(self._session, ("owner",), table.where("name")), (model,))
        except TableTrouble as error:
            return self._teller("models").unreadable(str(error))
        row = first_of(rows)
        return self._made("models", lambda: _text(row[0]) if row else None)

    def _teller(self, where: str) -> Teller:
        return Teller(self._source, self._observed_at, where)

    def _read(
        self,
        table: Table,
        reader: Callable[[Table, tuple[str, str]], dict[str, Provenance]],
        given: tuple[str, str],
    ) -> dict[str, Provenance]:
        try:
            return reader(table, given)
        except TableTrouble as error:
            fields = _FIELDS_OF.get(table.name, FIELDS)
            return {table.name: Provenance(**dict.fromkeys(fields, self._teller(table.name).unreadable(str(error))))}

    def _rows(self, table: Table, columns: tuple[str, ...], given: tuple[str, str]) -> list[Row]:
        statement = table.select(self._session, columns, table.where("model", "version"), MOST_CHARACTERS)
        rows = self._session.rows(statement, given)
        if len(rows) > self._most_rows:
            raise TableTrouble(f"it has more than {self._most_rows} rows about this version")
        return rows

    def _versions(self, table: Table, given: tuple[str, str]) -> dict[str, Provenance]:
        row = first_of(self._rows(table, _COLUMNS, given)) or (None,) * len(_COLUMNS)
        cells = dict(zip(_COLUMNS, row, strict=True))
        found = {"versions": self._of_columns(table, cells)}
        if table.has("provenance"):
            found["versions.provenance"] = self._of_document(text_of(cells["provenance"]))
        return found

    def _of_columns(self, table: Table, cells: dict[str, Any]) -> Provenance:
        made: dict[str, Fact[Any]] = {}
        if table.has("run"):
            made["run"] = self._made("versions", lambda: _text(cells["run"]))
        if table.has("created_by"):
            made["registered"] = self._made("versions", lambda: _text(cells["created_by"]))
        if table.has("artifact_uri", "artifact_digest"):
            made["artifact"] = self._made("versions", lambda: _artifact(cells))
        if table.has("code_commit"):
            made["code"] = self._made("versions", lambda: _code(cells))
        if table.has("tags"):
            made["tags"] = self._made("versions", lambda: dict(values.tag_pairs(object_in(cells["tags"]))))
        return Provenance(**made)

    def _of_document(self, text: str) -> Provenance:
        teller = self._teller("versions.provenance")
        if not text.strip():
            return provenance_from({}, teller, {})
        try:
            document = parsed(text)
        except ValueError as error:
            return Provenance(**dict.fromkeys(FIELDS, teller.unreadable(str(error))))
        if not isinstance(document, dict):
            return Provenance(**dict.fromkeys(FIELDS, teller.unreadable("it is not a JSON object")))
        return provenance_from(document, teller, {})

    def _snapshots(self, table: Table, given: tuple[str, str]) -> dict[str, Provenance]:
        rows = self._rows(table, _SNAPSHOT_COLUMNS, given)
        fact = self._made("data_snapshots", lambda: tuple(_snapshot(row) for row in rows))
        return {"data_snapshots": Provenance(data_snapshots=fact)}

    def _approvals(self, table: Table, given: tuple[str, str]) -> dict[str, Provenance]:
        rows = self._rows(table, _APPROVAL_COLUMNS, given)
        fact = self._made("approvals", lambda: tuple(_approval(row) for row in rows))
        return {"approvals": Provenance(approvals=fact)}

    def _facts(self, table: Table, given: tuple[str, str]) -> dict[str, Provenance]:
        rows = [
            (text_of(field), text_of(name), text_of(value))
            for field, name, value in self._rows(table, ("field", "name", "value"), given)
            if text_of(field) and value is not None
        ]
        return {"facts": facts_told(rows, self._teller("facts"))}

    def _made(self, where: str, make: Callable[[], Any]) -> Fact[Any]:
        try:
            value = make()
        except OddValueError as error:
            return self._teller(where).unreadable(str(error))
        return self._teller(where).known(value) if value else ABSENT


_FIELDS_OF: Final = {"data_snapshots": ("data_snapshots",), "approvals": ("approvals",)}


def _text(value: object, limit: int = 200) -> SafeText | Unknown:
    text = text_of(value).strip()
    return values.told(text, limit=limit) if text else UNKNOWN


def _count(name: str, value: object) -> int | Unknown:
    text = text_of(value).strip()
    found = values.count(text)
    if text and isinstance(found, Unknown):
        raise OddValueError(f"{name} is not a whole number: {str(safe_text(text, 40))!r}")
    return found


def _moment(name: str, value: object) -> Instant | Unknown:
    text = text_of(value).strip()
    found = values.moment(text)
    if text and isinstance(found, Unknown):
        raise OddValueError(f"{name} is not a time: {str(safe_text(text, 40))!r}")
    return found


def _artifact(cells: dict[str, Any]) -> Artifact | None:
    uri, digest = _text(cells["artifact_uri"], _ADDRESS), _text(cells["artifact_digest"])
    size_bytes = _count("artifact_size_bytes", cells["artifact_size_bytes"])
    if isinstance(uri, Unknown) and isinstance(digest, Unknown):
        return None
    return Artifact(safe_text("") if isinstance(uri, Unknown) else uri, digest, size_bytes)


def _code(cells: dict[str, Any]) -> CodeRevision | None:
    commit = _text(cells["code_commit"])
    if isinstance(commit, Unknown):
        return None
    return CodeRevision(commit, _text(cells["code_repository"], _ADDRESS), _text(cells["code_branch"]))


def _snapshot(row: Row) -> DataSnapshot:
    cells = dict(zip(_SNAPSHOT_COLUMNS, row, strict=True))
    name = values.told(text_of(cells["name"]) or "data")
    return DataSnapshot(
        name=name,
        digest=_text(cells["digest"]),
        uri=_text(cells["uri"], _ADDRESS),
        rows=_count(f"row_count of {name}", cells["row_count"]),
        used_for=_text(cells["used_for"]),
        origin=_text(cells["origin"], _ADDRESS),
        begins_at=_moment(f"begins_at of {name}", cells["begins_at"]),
        ends_at=_moment(f"ends_at of {name}", cells["ends_at"]),
        taken_at=_moment(f"taken_at of {name}", cells["taken_at"]),
    )


def _approval(row: Row) -> Approval:
    by, decision, at, comment = row
    return Approval(
        by=values.told(text_of(by) or "nobody named"),
        decision=values.told(text_of(decision) or "not stated"),
        at=_moment("decided_at", at),
        comment=_text(comment, _ADDRESS),
    )
