"""The files of one version, beside its model and in its run: listed first, so that only what is there is read."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from posixpath import dirname
from typing import Final, TypeAlias
from urllib.parse import unquote

from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.api import MlflowApi, NotThere, all_of, attempt
from modeltui.adapters.mlflow.places import Place
from modeltui.domain.errors import BackendError

Listed: TypeAlias = frozenset[str] | BackendError | None
"""Paths directly under a directory; None when the version's address does not say where to look."""

MOST_NAMED_FILE_BYTES: Final = 6 << 20
"""A model card with its pictures inside has 5 MB."""
_COPY: Final = re.compile(r"models:/+([^/]{1,500})/(\d{1,18})/?")
_LOGGED_MODEL: Final = re.compile(r"models:/+(m-[0-9a-f]{8,64})/?")


def logged_model_id(source: wire.Text) -> str:
    """Return the id in `models:/m-…` (3.x); empty for the addresses of 2.x."""
    found = _LOGGED_MODEL.fullmatch(source or "")
    return found[1] if found else ""


def copied_version(source: wire.Text) -> tuple[str, str] | None:
    """Return model and version in `models:/MODEL/VERSION`, where a copy says what it was made of."""
    found = _COPY.fullmatch(source or "")
    return (unquote(found[1]), found[2]) if found else None


def path_in_run(row: wire.VersionRow) -> str | None:
    """Return where in its run's artifacts a 2.x version lies; None when its address does not say."""
    source, run_id = row.source or "", row.run_id or ""
    if not run_id:
        return None
    for mark in (f"{run_id}/artifacts/", f"runs:/{run_id}/"):
        _, found, path = source.partition(mark)
        if found and path.strip("/"):
            return path.strip("/")
    return None


class VersionFiles:
    """Lists each directory at most once, and only when somebody needs to know."""

    def __init__(self, api: MlflowApi, name: str, version: str, row: wire.VersionRow) -> None:
        self._api = api
        self._name = name
        self._version = version
        self._row = row
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._listed: dict[tuple[str, str], Listed] = {}

    async def beside_model(self, directory: str = "") -> Listed:
        """Return the paths directly under a directory of the model, as seen from the model."""
        return await self._listed_once("artifact", directory)

    async def read(self, places: Iterable[Place]) -> Mapping[Place, str | BackendError]:
        """Return the contents of these files; `NotThere` for those that do not exist."""
        wanted = tuple(dict.fromkeys(places))
        return dict(zip(wanted, await all_of(self._file(place) for place in wanted), strict=True))

    async def _file(self, place: Place) -> str:
        if not await self._may_be_there(place):
            raise NotThere(f"{place.name} is not among the files of this version")
        if place.kind == "artifact":
            return await self._api.version_file(self._name, self._version, place.name, MOST_NAMED_FILE_BYTES)
        return await self._api.run_file(self._row.run_id or "", place.name, MOST_NAMED_FILE_BYTES)

    async def _may_be_there(self, place: Place) -> bool:
        """Tell whether to ask for a file: MLflow 2 fails for a missing one as for a store that it cannot reach."""
        if place.kind != "artifact" and not self._row.run_id:
            return False
        listed = await self._listed_once(place.kind, "")
        if isinstance(listed, frozenset):
            directory = dirname(place.name)
            if directory and place.name.partition("/")[0] in listed:
                listed = await self._listed_once(place.kind, directory)
            return not isinstance(listed, frozenset) or place.name in listed
        return not isinstance(listed, NotThere)

    async def _listed_once(self, kind: str, directory: str) -> Listed:
        key = (kind, directory)
        async with self._locks[key]:
            if key not in self._listed:
                asked = self._list_model(directory) if kind == "artifact" else self._list_run(directory)
                self._listed[key] = await attempt(asked)
            return self._listed[key]

    async def _list_model(self, directory: str) -> frozenset[str] | None:
        if model_id := logged_model_id(self._row.source):
            return await self._api.logged_model_files(model_id, directory)
        path = path_in_run(self._row)
        if path is None:
            return None
        listed = await self._api.run_files(self._row.run_id or "", f"{path}/{directory}".rstrip("/"))
        return frozenset(found.removeprefix(f"{path}/") for found in listed)

    async def _list_run(self, directory: str) -> frozenset[str]:
        return await self._api.run_files(self._row.run_id or "", directory)
