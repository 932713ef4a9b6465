"""Models and versions out of the tables: few statements, however many models there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from modeltui.adapters._documents import values
from modeltui.adapters.sql_registry.json_column import object_in
from modeltui.adapters.sql_registry.session import MOST_NAME_CHARACTERS, SEPARATOR, Row, Session, TableTrouble
from modeltui.adapters.sql_registry.tables import Found, Table, text_of
from modeltui.domain.names import UNKNOWN, ModelName, SourceName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Pointer, Version, newest, version_order
from modeltui.ports.registry import ModelsAnswer

ACTIVE: Final = safe_text("active")
FALLBACK: Final = safe_text("fallback")
LAST_UPDATED: Final = safe_text("last_updated")
"""The tag of a model that says when its `active` was moved."""
_MOST_WARNINGS: Final = 20
_VERSION_COLUMNS: Final = ("version", "created_at", "created_by", "state", "description", "tags")


class Pointing(NamedTuple):
    """A row that says which version a name means."""

    model: str
    name: SafeText
    version: str
    """Empty: nothing, which is how a fallback that there is not is written."""
    updated: str = ""
    """When it was moved, as the table says."""


@dataclass(slots=True)
class ModelNames:
    """Names as they stand in the tables, by what is shown of them: they differ where they were not safe."""

    raw: dict[ModelName, str] = field(default_factory=dict)
    is_listed: bool = False

    def shown(self, raw: str) -> ModelName:
        """Return the name as it is shown, and remember where it came from."""
        name = ModelName(safe_text(raw))
        if name != raw:
            self.raw.setdefault(name, raw)
        return name


@dataclass(slots=True)
class _Rows:
    """What one table says of one model."""

    versions: str = ""
    """All of them, between separators."""
    pointers: dict[SafeText, str] = field(default_factory=dict)
    about: Row = ()
    updated: str = ""


class Listing:
    """Lists models and versions; remembers which version is the newest of which, because most stay the same."""

    def __init__(self, source: SourceName, most_rows: int) -> None:
        self._source = source
        self._most_rows = most_rows
        self._newest: dict[str, tuple[str, VersionId | Unknown]] = {}
        self.names = ModelNames()

    def models(self, session: Session, found: Found) -> ModelsAnswer:
        """Return all models: at most four statements."""
        troubles: list[str] = list(found.odd)
        rows: dict[str, _Rows] = {}
        for name, about in self._about(session, found, troubles):
            rows.setdefault(name, _Rows()).about = about
        for name, versions in self._version_lists(session, found, troubles):
            rows.setdefault(name, _Rows()).versions = versions
        for one in self._pointing(session, found, troubles):
            row = rows.setdefault(one.model, _Rows())
            row.updated = row.updated or one.updated
            if one.version:
                row.pointers.setdefault(one.name, one.version)
        models: dict[ModelName, Model] = {}
        doubled = 0
        for raw, row in rows.items():
            model = self._model(raw, row, lists_versions=found["versions"] is not None, troubles=troubles)
            doubled += model.name in models
            models.setdefault(model.name, model)
        if doubled:
            troubles.append(f"{doubled} models are left out: their names look like those of others")
        self._newest = {raw: known for raw, known in self._newest.items() if raw in rows}
        self.names.is_listed = True
        return ModelsAnswer(tuple(models.values()), tuple(_first_of(troubles)))

    def versions(self, session: Session, found: Found, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one model, newest first; raises `TableTrouble` when they cannot be listed."""
        raw = self.raw_name(session, found, model)
        rows: dict[VersionId, Row] = {}
        table = found["versions"]
        if table is not None:
            statement = table.select(session, _VERSION_COLUMNS, table.where("model"))
            for row in session.rows(statement, (raw,))[: self._most_rows]:
                if version := text_of(row[0]):
                    rows.setdefault(version_id(version), row)
        pointers: dict[VersionId, list[SafeText]] = {}
        for one in self._pointing(session, found, [], raw):
            if one.version:
                pointers.setdefault(version_id(one.version), []).append(one.name)
        ids = sorted({*rows, *pointers}, key=version_order, reverse=True)
        return tuple(_version(model, one, rows.get(one), pointers.get(one, ())) for one in ids)

    def raw_name(self, session: Session, found: Found, model: ModelName) -> str:
        """Return what a model is called in the tables."""
        if not self.names.is_listed:  # it may have been another name before it was made safe
            self.models(session, found)
        return self.names.raw.get(model, model)

    def raw_version(self, session: Session, found: Found, raw_model: str, version: VersionId) -> str | None:
        """Return what a version is called in the tables; None when no table has it."""
        table = found["versions"]
        listed: list[str] = []
        if table is not None:
            statement = table.select(session, ("version",), table.where("model"))
            listed = [text_of(row[0]) for row in session.rows(statement, (raw_model,))]
        listed += [one.version for one in self._pointing(session, found, [], raw_model)]
        return next((raw for raw in listed if raw and version_id(raw) == version), None)

    def _model(self, raw: str, row: _Rows, *, lists_versions: bool, troubles: list[str]) -> Model:
        name = self.names.shown(raw)
        known = f"{SEPARATOR}{row.versions}{SEPARATOR}"
        pointers: dict[SafeText, VersionId] = {}
        unlisted: list[str] = []
        for pointer, version in row.pointers.items():
            pointers[pointer] = version_id(version)
            if f"{SEPARATOR}{version[:MOST_NAME_CHARACTERS]}{SEPARATOR}" not in known:
                unlisted.append(version)
                if lists_versions:
                    troubles.append(f"{name}: {pointer} is {version}, which the table of versions does not have")
        owner, kind, tags = row.about or ("", "", "")
        moved = ((LAST_UPDATED, safe_text(row.updated)),) if row.updated else ()
        return Model(
            name=name,
            latest=self._latest(raw, row.versions, unlisted),
            pointers=tuple(Pointer(pointer, version) for pointer, version in pointers.items()),
            source=self._source,
            owner=_word(owner),
            kind=_word(kind),
            tags=(*values.tag_pairs(object_in(tags)), *moved),
        )

    def _latest(self, raw: str, versions: str, unlisted: Iterable[str]) -> VersionId | Unknown:
        whole = SEPARATOR.join((versions, *unlisted)).strip(SEPARATOR)
        known = self._newest.get(raw)
        if known is None or known[0] != whole:
            ids = (version_id(version) for version in whole.split(SEPARATOR) if version)
            known = self._newest[raw] = (whole, newest(ids))
        return known[1]

    def _about(self, session: Session, found: Found, troubles: list[str]) -> Iterator[tuple[str, Row]]:
        table = found["models"]
        if table is not None:
            columns = ("name", "owner", "kind", "tags")
            for row in self._asked(session, table, table.select(session, columns), troubles):
                yield text_of(row[0]), tuple(row[1:])

    def _version_lists(self, session: Session, found: Found, troubles: list[str]) -> Iterator[tuple[str, str]]:
        table = found["versions"]
        if table is not None:
            model, versions = (
                session.value(table.columns["model"], MOST_NAME_CHARACTERS),
                session.together(table.columns["version"]),
            )
            grouped = f"SELECT {model}, {versions} FROM {table.real} GROUP BY {table.columns['model']}"  # noqa: S608
            for row in self._asked(session, table, grouped, troubles):
                yield text_of(row[0]), text_of(row[1])

    def _pointing(
        self, session: Session, found: Found, troubles: list[str], model: str | None = None
    ) -> Iterator[Pointing]:
        """Yield which names mean which versions; `active_models` first."""
        given = () if model is None else (model,)
        table = found["active_models"]
        if table is not None:
            where = "" if model is None else table.where("model_name")
            columns = ("model_name", "active_version", "fallback_version", "last_updated")
            for row in self._asked(session, table, table.select(session, columns, where), troubles, given):
                name, active, fallback, updated = (text_of(value) for value in row)
                yield Pointing(name, ACTIVE, active, updated)
                yield Pointing(name, FALLBACK, fallback)
        table = found["pointers"]
        if table is not None:
            where = "" if model is None else table.where("model")
            statement = table.select(session, ("model", "name", "version"), where)
            for row in self._asked(session, table, statement, troubles, given):
                name, pointer, version = (text_of(value) for value in row)
                if pointer:
                    yield Pointing(name, safe_text(pointer), version)

    def _asked(
        self, session: Session, table: Table, statement: str, troubles: list[str], given: tuple[Any, ...] = ()
    ) -> Iterator[Row]:
        """Yield the rows of one table whose first value is there; what cannot be read becomes a warning."""
        try:
            rows = session.rows(statement, given)
        except TableTrouble as error:
            troubles.append(f"the table {table.name} cannot be read: {error}")
            return
        if len(rows) > self._most_rows:
            troubles.append(f"the table {table.name} has more than {self._most_rows} rows; the rest is left out")
        yield from (row for row in rows[: self._most_rows] if text_of(row[0]))


def version_id(raw: str) -> VersionId:
    """Return a version as it is shown."""
    return VersionId(safe_text(raw))


def _version(model: ModelName, version: VersionId, row: Row | None, pointers: Iterable[SafeText]) -> Version:
    _, created_at, created_by, state, description, tags = row or ("", "", "", "", "", "")
    return Version(
        model=model,
        id=version,
        created_at=values.moment(created_at if isinstance(created_at, int | float) else text_of(created_at)),
        created_by=_word(created_by),
        state=_word(state),
        description=_word(description, 4_000),
        pointers=tuple(pointers),
        tags=tuple(values.tag_pairs(object_in(tags))),
    )


def _word(value: object, limit: int = 200) -> SafeText | Unknown:
    text = text_of(value).strip()
    return values.told(text, limit=limit) if text else UNKNOWN


def _first_of(troubles: list[str]) -> Iterator[SafeText]:
    yield from (safe_text(trouble, 300) for trouble in troubles[:_MOST_WARNINGS])
    if len(troubles) > _MOST_WARNINGS:
        yield safe_text(f"and {len(troubles) - _MOST_WARNINGS} more such troubles")
