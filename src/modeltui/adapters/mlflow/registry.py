"""MLflow as a registry."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import lru_cache
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from modeltui.adapters._http import Answer, HttpReader
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.api import MlflowApi, NotThere, attempt
from modeltui.adapters.mlflow.options import Options, http_settings
from modeltui.adapters.mlflow.paging import Pages, read_pages
from modeltui.adapters.mlflow.parts import read_parts
from modeltui.adapters.mlflow.places import FILE_KINDS, NO_PLACES, Place, places
from modeltui.adapters.mlflow.probing import Prober
from modeltui.adapters.mlflow.provenance import provenance_of
from modeltui.domain.errors import BackendError, BackendMalformed
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import ModelName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Version, version_order
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Probe
from modeltui.ports.registry import ModelsAnswer, Registry

KIND: Final = "mlflow"
PORT: Final = SourceKind.REGISTRY
POLL_SECONDS: Final = 30.0
"""The whole fleet costs one request per 1000 models, of about a second: seldom enough for a shared server."""
_MOST_WARNINGS: Final = 10

__all__ = ["KIND", "POLL_SECONDS", "PORT", "MlflowRegistry", "Options", "connect"]


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[Registry]:
    """Give the registry; nothing is asked before the first question."""
    settings = http_settings(options, surroundings.secret, surroundings.base_directory)
    async with HttpReader(surroundings.source, settings, keep_alive=not options.connection_close) as reader:
        yield MlflowRegistry(reader, options, surroundings)


class ModelsPage(NamedTuple):
    """A page of the list of models, read."""

    models: tuple[Model, ...]
    unreadable: int
    """Rows that are no model."""
    dangling: tuple[str, ...]
    """Aliases of deleted versions, in words."""
    next_token: str


class MlflowRegistry:
    """Reads models, versions and provenance from one MLflow server."""

    def __init__(self, reader: HttpReader, options: Options, surroundings: Surroundings) -> None:
        self._reader = reader
        self._api = MlflowApi(reader)
        self._options = options
        self._source = surroundings.source
        self._clock = surroundings.clock
        self._files = tuple(_named_files(options))
        self._names_as_sent: dict[ModelName, str] = {}
        """Names that had to be changed to be safe to show, as MLflow wants them back."""
        self._pages: dict[bytes, ModelsPage] = {}
        """By the digest of their bytes: most polls bring the same ones again."""

    async def read_models(self) -> ModelsAnswer:
        """Return all models, one request per page; when a later page fails, those that came and a warning."""
        fresh: dict[bytes, ModelsPage] = {}

        async def read_page(token: str) -> tuple[ModelsPage, int, str]:
            answer = await self._api.models_page(token, self._options.page_size, self._options.model_filter)
            digest = blake2b(answer.body, digest_size=16).digest()
            page = fresh[digest] = self._pages.get(digest) or self._page_in(answer)
            return page, len(page.models) + page.unreadable, page.next_token

        pages = await read_pages(read_page)
        self._pages = fresh
        models: dict[ModelName, Model] = {}
        for page in pages.contents:
            for model in page.models:
                models.setdefault(model.name, model)
        return ModelsAnswer(tuple(models.values()), tuple(self._warnings(pages, len(models))))

    def _page_in(self, answer: Answer) -> ModelsPage:
        try:
            page = answer.json(wire.ModelsPage)
            rows, unreadable, token = page.registered_models or [], 0, page.next_page_token
        except BackendMalformed:
            # One odd row must not cost the others.
            raw_page = answer.json(wire.RawModelsPage)
            token = raw_page.next_page_token
            rows = [row for raw in raw_page.registered_models or () if (row := _row_in(raw)) is not None]
            unreadable = len(raw_page.registered_models or ()) - len(rows)
        models = tuple(self._model(row) for row in rows if row.name and not wire.is_prompt(row))
        return ModelsPage(models, unreadable, tuple(_dangling(models)), token or "")

    def _model(self, row: wire.ModelRow) -> Model:
        model = wire.model_of(row, self._source, self._options.kind_tags, self._options.owner_tags)
        if model.name != row.name:
            self._names_as_sent[model.name] = row.name
        return model

    def _warnings(self, pages: Pages[ModelsPage], count: int) -> Iterator[SafeText]:
        if pages.failure is not None:
            yield safe_text(f"only the first {count} models could be read: {pages.failure.title}", 400)
        if pages.trouble:
            yield safe_text(f"the list of models may not be whole after {count}: {pages.trouble}")
        if unreadable := sum(page.unreadable for page in pages.contents):
            yield safe_text(f"{unreadable} models could not be read: their records are not as MLflow writes them")
        dangling = [text for page in pages.contents for text in page.dangling]
        yield from (safe_text(text, 300) for text in dangling[:_MOST_WARNINGS])
        if (doubled := sum(len(page.models) for page in pages.contents) - count) > 0:
            yield safe_text(f"the list of models changed while it was read: {doubled} came twice, some may be missing")

    async def read_versions(self, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one model, highest number first; a page that fails raises."""
        name = self._sent_name(model)
        async with asyncio.TaskGroup() as group:
            row_task = group.create_task(attempt(self._api.model(name)))
            rows_task = group.create_task(attempt(self._rows(name)))
        row, rows = row_task.result(), rows_task.result()
        if isinstance(row, NotThere):
            return ()
        if isinstance(row, BackendError):
            raise row
        if isinstance(rows, BackendError):
            raise rows
        aliases = wire.aliases_of(row)
        found = {version.id: version for each in rows if (version := wire.version_of(each, model, aliases))}
        return tuple(found[key] for key in sorted(found, key=version_order, reverse=True))

    async def _rows(self, name: str) -> list[wire.VersionRow]:
        async def read_page(token: str) -> tuple[list[wire.VersionRow], int, str]:
            page = await self._api.versions_page(name, token, self._options.page_size)
            rows = page.model_versions or []
            return [row for row in rows if row.name == name], len(rows), page.next_page_token or ""

        pages = await read_pages(read_page)
        if pages.failure is not None:
            raise pages.failure
        return [row for rows in pages.contents for row in rows]

    async def read_provenance(self, model: ModelName, version: VersionId) -> Provenance:
        """Return all that MLflow knows of one version; raises only when the version itself cannot be read."""
        parts = await read_parts(
            self._api,
            self._source,
            self._sent_name(model),
            version,
            self._files,
            self._lacks_owner,
            places(self._options.provenance.cases),
        )
        # A model card of 5 MB takes a moment: not on the loop that also answers keys.
        return await asyncio.to_thread(
            provenance_of, parts, self._options.provenance, self._source, self._clock.now(), self._options.owner_tags
        )

    def _lacks_owner(self, row: wire.VersionRow) -> bool:
        tags = wire.pairs(row.tags)
        named = (place.name for place in places(self._options.provenance.owner) if place.kind in {"tag", "any"})
        return bool(self._options.owner_tags) and not any(tags.get(name, "").strip() for name in named)

    async def probe(self) -> Probe:
        """Return version, latency, clock, what we may do, how much there is, and whether files can be reached."""
        return await Prober(self._reader, self._api, self._clock, self.read_models, self._sent_name).probe()

    def _sent_name(self, model: ModelName) -> str:
        return self._names_as_sent.get(model, model)


def _dangling(models: Iterable[Model]) -> Iterator[str]:
    """Yield aliases above the newest version: MLflow 2 keeps the alias of a deleted version."""
    order = lru_cache(version_order)
    for model in models:
        for pointer in model.pointers:
            if isinstance(model.latest, Unknown) or pointer.version == model.latest:
                continue
            if order(pointer.version) > order(model.latest):
                yield f"{model.name}: {pointer.name} points at version {pointer.version}, which was deleted"


def _row_in(raw: msgspec.Raw) -> wire.ModelRow | None:
    try:
        return msgspec.json.decode(raw, type=wire.ModelRow)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _named_files(options: Options) -> Iterator[Place]:
    for field in options.provenance.__struct_fields__:
        if field not in NO_PLACES:
            yield from (place for place in places(getattr(options.provenance, field)) if place.kind in FILE_KINDS)
