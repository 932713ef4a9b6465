"""How MLflow is asked: routes, names as they came, and refusals in words for the operator."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from modeltui.adapters._http import Answer, HttpReader, HttpSettings, NoAuth
from modeltui.adapters.mlflow import wire
from modeltui.domain.errors import BackendError, BackendRefused
from modeltui.domain.masking import without_tokens
from modeltui.domain.text import safe_text

T = TypeVar("T")

API: Final = "/api/2.0/mlflow/"
_NOT_FOUND: Final = 404
_GONE_CODES: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})
_IMPOSSIBLE_NAMES: Final = ("Invalid model name", "Parameter 'version' must be an integer")
"""What MLflow says, with a 400, of names that nothing there can have."""
_SAYS_NOT_WHO: Final = frozenset({"x-mlflow-workspace"})
_MOST_FILE_BYTES: Final = 1 << 20
"""An `MLmodel` of a model with 5 000 columns has 300 KB."""


class NotThere(BackendRefused):
    """MLflow knows the route and says that the object does not exist."""


def is_anonymous(settings: HttpSettings) -> bool:
    """Tell whether nothing that is sent may say who asks: what such questions may do, everybody may."""
    names = {name.lower() for name in settings.headers} - _SAYS_NOT_WHO
    return isinstance(settings.auth, NoAuth) and settings.client_certificate_file is None and not names


class MlflowApi:
    """Questions to one MLflow; each raises `BackendError`."""

    def __init__(self, reader: HttpReader) -> None:
        self._reader = reader
        self.source: Final = reader.source
        self.is_anonymous: Final = is_anonymous(reader.settings)

    async def models_page(self, token: str, page_size: int, model_filter: str) -> Answer:
        """Return a page of registered models, in the order of their names."""
        parameters = {"max_results": str(page_size), "order_by": "name ASC"}
        return await self.get(f"{API}registered-models/search", _given(parameters, model_filter, token))

    async def model(self, name: str) -> wire.ModelRow:
        """Return one registered model with its aliases."""
        answer = await self.get(f"{API}registered-models/get", {"name": name})
        return answer.json(wire.ModelAnswer).registered_model

    async def versions_page(self, name: str, token: str, page_size: int) -> wire.VersionsPage:
        """Return a page of versions, highest number first; one with the wrong name may be among them."""
        # The server's own order moves rows when a description is edited.
        parameters = {"max_results": str(page_size), "order_by": "version_number DESC"}
        answer = await self.get(f"{API}model-versions/search", _given(parameters, name_filter(name), token))
        return answer.json(wire.VersionsPage)

    async def version(self, name: str, version: str) -> wire.VersionRow:
        """Return one version with its aliases."""
        answer = await self.get(f"{API}model-versions/get", {"name": name, "version": version})
        return answer.json(wire.VersionAnswer).model_version

    async def run(self, run_id: str) -> wire.Run:
        """Return a run, also one that lies in the trash."""
        answer = await self.get(f"{API}runs/get", {"run_id": run_id})
        return answer.json(wire.RunAnswer).run

    async def logged_model(self, model_id: str) -> wire.LoggedModel:
        """Return a LoggedModel (3.x)."""
        answer = await self.get(f"{API}logged-models/{model_id}")
        return answer.json(wire.LoggedModelAnswer).model

    async def version_file(self, name: str, version: str, path: str, most_bytes: int = _MOST_FILE_BYTES) -> str:
        """Return a text file beside the model."""
        parameters = {"name": name, "version": version, "path": path}
        return (await self.get("/model-versions/get-artifact", parameters, most_bytes=most_bytes)).text()

    async def run_file(self, run_id: str, path: str, most_bytes: int = _MOST_FILE_BYTES) -> str:
        """Return a text file of a run."""
        parameters = {"run_id": run_id, "path": path}
        return (await self.get("/get-artifact", parameters, most_bytes=most_bytes)).text()

    async def run_files(self, run_id: str, directory: str) -> frozenset[str]:
        """Return the paths directly under a directory of a run; empty when there is no such directory."""
        within = {"path": directory} if directory else {}
        answer = await self.get(f"{API}artifacts/list", {"run_id": run_id, **within})
        return _paths_in(answer)

    async def logged_model_files(self, model_id: str, directory: str = "") -> frozenset[str]:
        """Return the paths directly under a directory of a LoggedModel's artifacts."""
        within = {"artifact_directory_path": directory} if directory else None
        answer = await self.get(f"{API}logged-models/{model_id}/artifacts/directories", within)
        return _paths_in(answer)

    async def get(
        self, path: str, parameters: dict[str, str] | None = None, *, accept: Sequence[int] = (), most_bytes: int = 0
    ) -> Answer:
        """Return the answer to `GET path`; statuses besides 2xx and `accept` raise."""
        wanted = (*accept, _NOT_FOUND)
        try:
            answer = await self._reader.get(path, parameters, accept=wanted, most_bytes=most_bytes)
        except BackendRefused as refusal:
            raise _with_remedy(refusal) from refusal
        if answer.status == _NOT_FOUND and _NOT_FOUND not in accept:
            raise _not_found(answer)
        return answer

    async def head(self, path: str, parameters: dict[str, str], accept: Sequence[int]) -> Answer:
        """Return the answer to `HEAD path`."""
        return await self._reader.head(path, parameters, accept=accept)


def name_filter(name: str) -> str:
    """Return the filter for one model's versions.

    MLflow has no way to write a quote inside quotes. For a name with both kinds a pattern is asked for instead,
    and the caller compares the names that come.
    """
    if "'" not in name:
        return f"name = '{name}'"
    if '"' not in name:
        return f'name = "{name}"'
    return f"name LIKE '{name.translate({ord(mark): '_' for mark in chr(34) + chr(39)})}'"


def version_in(answer: Answer) -> str:
    """Return the version number in the answer to `/version`, or nothing: a proxy may say anything there."""
    text = answer.body[:40].decode("ascii", "replace").strip() if answer.status < 300 else ""
    return text if text[:1].isdigit() and text.replace(".", "").isalnum() else ""


async def attempt(question: Awaitable[T]) -> T | BackendError:
    """Return the answer, or the error instead of raising it."""
    try:
        return await question
    except BackendError as error:
        return error


async def all_of(questions: Iterable[Awaitable[T]]) -> list[T | BackendError]:
    """Ask at the same time; return answers and errors in the order of the questions."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(attempt(question)) for question in questions]
    return [task.result() for task in tasks]


def _paths_in(answer: Answer) -> frozenset[str]:
    listed = answer.json(wire.FilesAnswer)
    if listed.next_page_token:
        # Half a list would make a file missing that is there.
        raise BackendRefused(f"{answer.source} has more files there than it lists at once", "Each is asked for alone.")
    return frozenset(row.path for row in listed.files or () if row.path)


def _given(parameters: dict[str, str], condition: str, token: str) -> dict[str, str]:
    optional = {"filter": condition, "page_token": token}
    return parameters | {key: value for key, value in optional.items() if value}


def _not_found(answer: Answer) -> BackendRefused:
    try:
        said = msgspec.json.decode(answer.body, type=wire.ErrorAnswer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = wire.ErrorAnswer()
    message = safe_text(without_tokens(said.message or ""), 160)
    if said.error_code in _GONE_CODES:
        return NotThere(f"{answer.source} says: {message or 'it does not exist'}", "It was deleted or renamed.")
    return BackendRefused(
        f"{answer.source} does not know {answer.request} (404)" + (f": {message}" if message else ""),
        "Either url lacks a path such as /mlflow, or this server is too old for it: modeltui doctor.",
    )


def _with_remedy(refusal: BackendRefused) -> BackendRefused:
    if any(sign in refusal.title for sign in _IMPOSSIBLE_NAMES):
        return NotThere(refusal.title, "MLflow can have nothing of that name.")
    if "Invalid Host header" in refusal.title:
        return BackendRefused(
            refusal.title,
            "MLflow 3.5 and later answers only to names it knows: start it with --allowed-hosts and the name in url,"
            " or reach it through a tunnel on 127.0.0.1.",
        )
    return refusal
