"""What a person needs to know when an MLflow registry does not work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec

from modeltui.adapters._http import Answer, HttpReader
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.api import API, MlflowApi, attempt, version_in
from modeltui.domain.errors import BackendError
from modeltui.domain.names import UNKNOWN, ModelName, Unknown, VersionId
from modeltui.domain.text import safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.registry import ModelsAnswer

_OK: Final = 200
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_OLDEST_MAJOR: Final = 2
_DATE_HEADER_MEAN_AGE_SECONDS: Final = 0.5
"""`Date` is cut to whole seconds: on average it is half a second old."""


class _User(msgspec.Struct, frozen=True):
    username: wire.Text = ""
    is_admin: bool = False


class _UserAnswer(msgspec.Struct, frozen=True):
    user: _User = _User()


class _PermissionAnswer(msgspec.Struct, frozen=True):
    permission: wire.Text = ""


class Prober:
    """Asks one MLflow about itself."""

    def __init__(
        self,
        reader: HttpReader,
        api: MlflowApi,
        clock: Clock,
        read_models: Callable[[], Awaitable[ModelsAnswer]],
        sent_name: Callable[[ModelName], str],
    ) -> None:
        self._reader = reader
        self._api = api
        self._clock = clock
        self._read_models = read_models
        self._sent_name = sent_name

    async def probe(self) -> Probe:
        """Return all findings; raises when the server cannot be reached at all."""
        answer = await self._reader.get("/version", accept=(_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND))
        now = self._clock.now()
        version = version_in(answer)
        async with asyncio.TaskGroup() as group:
            models_task = group.create_task(attempt(self._read_models()))
            account_task = group.create_task(attempt(self._account()))
        models, account = models_task.result(), account_task.result()
        findings = [_about_version(version), _about_models(models)]
        chosen = _chosen(models)
        findings.append(await self._about_account(account, models, chosen, version))
        findings.append(await self._about_files(chosen))
        offset: float | Unknown = UNKNOWN
        if not isinstance(answer.server_date, Unknown):
            asked_at = now - answer.elapsed_seconds / 2
            offset = answer.server_date + _DATE_HEADER_MEAN_AGE_SECONDS - asked_at
        return Probe(safe_text(version) if version else UNKNOWN, answer.elapsed_seconds, offset, tuple(findings))

    async def _account(self) -> Answer:
        accepted = (_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND)
        return await self._reader.get(f"{API}users/current", accept=accepted)

    async def _about_account(
        self,
        account: Answer | BackendError,
        models: ModelsAnswer | BackendError,
        chosen: tuple[ModelName, VersionId] | None,
        version: str,
    ) -> Finding:
        if isinstance(account, BackendError):
            return _finding("account", UNKNOWN, account.title, account.remedy)
        if account.status != _OK:
            return _without_account(account.status, models, is_anonymous=self._api.is_anonymous)
        try:
            user = account.json(_UserAnswer).user
        except BackendError as error:
            return _finding("account", UNKNOWN, error.title, error.remedy)
        if not user.username:
            return _finding("account", UNKNOWN, "the server does not say whether it has accounts")
        who = f"signed in as {user.username}"
        if user.is_admin:
            return _finding(
                "account", True, f"{who}, an administrator", "An account with READ is enough to watch: use one."
            )
        permission = await self._permission(user.username or "", chosen, version)
        return _finding("account", True, f"{who}{permission}")

    async def _permission(self, username: str, chosen: tuple[ModelName, VersionId] | None, version: str) -> str:
        """Return what the account may do with one model, where the server says it (3.x)."""
        if chosen is None or not version.startswith("3"):
            return ""
        parameters = {
            "username": username,
            "resource_type": "registered_model",
            "resource_id": self._sent_name(chosen[0]),
        }
        answer = await attempt(self._api.get("/api/3.0/mlflow/users/permissions/get", parameters))
        try:
            said = "" if isinstance(answer, BackendError) else answer.json(_PermissionAnswer).permission
        except BackendError:
            said = ""
        return f", with {said} on {chosen[0]}" if said else ""

    async def _about_files(self, chosen: tuple[ModelName, VersionId] | None) -> Finding:
        if chosen is None:
            return _finding("artifact store", UNKNOWN, "there is no version whose files could be asked for")
        model, version = chosen
        parameters = {"name": self._sent_name(model), "version": str(version), "path": "MLmodel"}
        answer = await attempt(self._api.head("/model-versions/get-artifact", parameters, accept=(_NOT_FOUND,)))
        asked = f"MLmodel of {model} {version}"
        if isinstance(answer, BackendError):
            return _finding(
                "artifact store",
                False,
                f"{asked} cannot be read: {answer.title}",
                "The server itself must reach the store (credentials, boto3). MLflow 2 says it of a missing file too.",
            )
        if answer.status == _NOT_FOUND:
            return _finding(
                "artifact store", False, f"{asked} is missing", "Its files were deleted, or it was saved without one."
            )
        return _finding("artifact store", True, f"{asked} can be read")


def _finding(name: str, ok: bool | Unknown, says: str, remedy: str = "") -> Finding:
    return Finding(safe_text(name), ok, safe_text(says, 400), safe_text(remedy, 400))


def _about_version(version: str) -> Finding:
    if not version:
        return _finding(
            "version",
            UNKNOWN,
            "the server does not say its version",
            "A proxy may hide /version; whatever answers the MLflow 2.0 REST routes is read.",
        )
    major = version.partition(".")[0]
    if not major.isdecimal() or int(major) < _OLDEST_MAJOR:
        return _finding("version", False, f"MLflow {version} is older than 2.0", "Upgrade it: aliases came with 2.3.")
    return _finding("version", True, f"MLflow {version}")


def _about_models(models: ModelsAnswer | BackendError) -> Finding:
    if isinstance(models, BackendError):
        return _finding("models", False, models.title, models.remedy)
    pointers = sum(len(model.pointers) for model in models.models)
    counted = f"{len(models.models)} models, {pointers} aliases and stages"
    if models.warnings:
        return _finding("models", False, f"{counted}; {models.warnings[0]}", "Ask again; see the server's own log.")
    if not models.models:
        return _finding(
            "models",
            True,
            "no models",
            "When there should be some: check model_filter, workspace, and what the account may see.",
        )
    return _finding("models", True, counted)


def _without_account(status: int, models: ModelsAnswer | BackendError, *, is_anonymous: bool) -> Finding:
    if status == _UNAUTHORIZED:
        remedy = "Set auth: type basic or bearer; where it is set, they are wrong or have expired."
        return _finding("account", False, "the server wants other credentials", remedy)
    if status == _FORBIDDEN:
        return _finding("account", UNKNOWN, "the server does not let this account ask who it is")
    if isinstance(models, BackendError) or not is_anonymous:
        return _finding("account", UNKNOWN, "the server does not say whether it has accounts")
    return _finding("account", True, "the server has no accounts of its own: whoever reaches it can read and write")


def _chosen(models: ModelsAnswer | BackendError) -> tuple[ModelName, VersionId] | None:
    """Return a version to try: the first that a pointer means, else the latest of the first model."""
    if isinstance(models, BackendError):
        return None
    candidates: Iterable[tuple[ModelName, VersionId]] = (
        (model.name, pointer.version) for model in models.models for pointer in model.pointers
    )
    latest = ((model.name, model.latest) for model in models.models if not isinstance(model.latest, Unknown))
    return next(iter(candidates), next(latest, None))
