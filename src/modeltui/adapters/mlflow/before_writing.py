"""What can be found out before an alias is moved: are the files there, may the account write, is somebody busy."""

from __future__ import annotations

import asyncio
from typing import Final

from msgspec import Struct

from modeltui.adapters._documents.mlmodel import MlModel
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.action_tags import Lock
from modeltui.adapters.mlflow.api import API, MlflowApi, NotThere, attempt
from modeltui.adapters.mlflow.parts import Parts, read_parts
from modeltui.domain.acting.action import Check, CheckResult, Plan
from modeltui.domain.errors import BackendError
from modeltui.domain.names import Missing, SourceName
from modeltui.domain.text import SafeText, safe_text

_OK: Final = 200
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_MAY_WRITE: Final = frozenset({"EDIT", "MANAGE"})
_READY: Final = frozenset({"", "READY"})


class _User(Struct, frozen=True):
    username: wire.Text = ""
    is_admin: bool = False


class _UserAnswer(Struct, frozen=True):
    user: _User = _User()


class _PermissionAnswer(Struct, frozen=True):
    permission: wire.Text = ""


async def checks_before(api: MlflowApi, source: SourceName, plan: Plan, held: Lock | None) -> tuple[Check, ...]:
    """Return the checks; only questions are asked."""
    async with asyncio.TaskGroup() as group:
        parts = group.create_task(attempt(read_parts(api, source, str(plan.target.model), str(plan.version), ())))
        permission = group.create_task(_permission(api, str(plan.target.model)))
    checks = [*_about_version(plan, parts.result()), permission.result()]
    if held is not None:
        checks.append(_check("busy", CheckResult.WARN, f"{held.by or 'somebody'} is changing it right now"))
    return tuple(checks)


def _about_version(plan: Plan, parts: Parts | BackendError) -> tuple[Check, ...]:
    version = f"version {plan.version}"
    if isinstance(parts, NotThere):
        return (_check("exists", CheckResult.FAIL, f"MLflow has no {version} of {plan.target.model}"),)
    if isinstance(parts, BackendError):
        return (_check("exists", CheckResult.UNKNOWN, parts.title),)
    status = parts.version.status or ""
    ready = CheckResult.PASS if status in _READY else CheckResult.FAIL
    return (_check("exists", ready, f"{version} is {status or 'registered'}"), _about_files(version, parts))


def _about_files(version: str, parts: Parts) -> Check:
    # READY says that it was registered, not that its files are still there.
    if isinstance(parts.is_reachable, Missing):
        return _check("artifact", CheckResult.UNKNOWN, f"whether the files of {version} are there cannot be seen")
    if not parts.is_reachable:
        return _check("artifact", CheckResult.FAIL, f"the files of {version} are gone, although MLflow calls it ready")
    if isinstance(parts.mlmodel, MlModel):
        return _check("artifact", CheckResult.PASS, f"MLmodel of {version} can be read")
    return _check("artifact", CheckResult.WARN, f"{version} has files, but no MLmodel that can be read")


async def _permission(api: MlflowApi, model: str) -> Check:
    """Return whether the account may write, where the server says so without being written to."""
    accepted = (_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND)
    answer = await attempt(api.get(f"{API}users/current", accept=accepted))
    if isinstance(answer, BackendError):
        return _unknown()
    # MLflow 2 with accounts has no such route either, nor has what may stand before it and asks who it is.
    if answer.status == _NOT_FOUND and api.is_anonymous:
        return _check("may-write", CheckResult.PASS, "the server has no accounts: whoever reaches it may write")
    if answer.status != _OK:
        return _unknown()
    try:
        user = answer.json(_UserAnswer).user
    except BackendError:
        return _unknown()
    if user.is_admin:
        return _check("may-write", CheckResult.PASS, f"{user.username} is an administrator")
    parameters = {"username": user.username or "", "resource_type": "registered_model", "resource_id": model}
    said = await attempt(api.get("/api/3.0/mlflow/users/permissions/get", parameters))
    try:
        permission = "" if isinstance(said, BackendError) else said.json(_PermissionAnswer).permission or ""
    except BackendError:
        permission = ""
    if not permission:
        return _unknown()
    result = CheckResult.PASS if permission in _MAY_WRITE else CheckResult.FAIL
    return _check("may-write", result, f"{user.username} has {permission} on {model}")


def _unknown() -> Check:
    return _check("may-write", CheckResult.UNKNOWN, "whether this account may write is only known by writing")


def _check(name: str, result: CheckResult, says: str) -> Check:
    return Check(SafeText(name), result, safe_text(says, 200))
