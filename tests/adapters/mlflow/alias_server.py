"""A server that keeps models, versions, aliases and tags as MLflow does, counts what takes effect, and loses answers.

`test_alias_server.py` holds it equal to real servers for every route that a writer uses.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from modeltui.testing.faults import Ending, FaultServer, Reply, SeenRequest, html_page, json_reply, reset, silence

API = "/api/2.0/mlflow/"


class Lost(Enum):
    """How the answer to a write is lost."""

    REFUSED = "refused connection"
    RESET = "reset after the request"
    FIN = "FIN without an answer"
    SILENCE = "no answer in time"
    BAD_GATEWAY = "502"
    GATEWAY_TIMEOUT = "504"
    HALF = "half a body after 200"
    CANCELLED = "task cancelled"


@dataclass
class ModelState:
    """One registered model."""

    versions: set[str]
    aliases: dict[str, str]
    made: int
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Effect:
    """One alias that was set."""

    model: str
    alias: str
    version: str
    by: str
    """The `X-Operator` header of the request."""
    before: dict[str, str]
    """The aliases of the model when it took effect."""


@dataclass
class Fault:
    """What goes wrong with the next write of an alias."""

    kind: Lost
    is_applied: bool
    late_seconds: float = 0.0
    """It takes effect only after this."""


class AliasServer(FaultServer):
    """Answers like MLflow; `effects` are the alias writes that took effect, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.models: dict[str, ModelState] = {}
        self.effects: list[Effect] = []
        self.faults: dict[str, Fault] = {}
        """By model: what goes wrong with the next write of one of its aliases."""
        self.alias_arrived = asyncio.Event()
        self.refuse_alias = ""
        """Setting this alias is forbidden."""
        self.page_for_alias = False
        """Setting an alias is answered by a sign-in page."""
        self._tags_until_lost = 0
        self._then: dict[str, Callable[[], object]] = {}

    def lose_tag(self, number: int) -> None:
        """Reset the connection of the write of a tag that comes as the `number`th from now, after it took effect."""
        self._tags_until_lost = number

    def after(self, route: str, happens: Callable[[], object]) -> None:
        """Let something happen once, right after the next write on `route` took effect."""
        self._then[route] = happens

    def put(self, name: str, versions: int, **aliases: str) -> ModelState:
        """Register a model with that many versions."""
        made = 1_768_435_200_000 + len(self.models)
        numbers = {str(number) for number in range(1, versions + 1)}
        state = self.models[name] = ModelState(numbers, dict(aliases), made)
        return state

    def effects_on(self, name: str) -> list[Effect]:
        """Return what took effect on one model."""
        return [effect for effect in self.effects if effect.model == name]

    def _reply_to(self, request: SeenRequest) -> Reply:
        route = f"{request.method} {request.path.removeprefix(API)}"
        body = _object(request.body) if request.method != "GET" else {k: v[0] for k, v in request.query.items()}
        reply = self._routed(route, request, body)
        if request.method == "POST" and (happens := self._then.pop(request.path.removeprefix(API), None)):
            happens()
        return reply

    def _routed(self, route: str, request: SeenRequest, body: dict[str, Any]) -> Reply:
        match route:
            case "GET registered-models/get":
                return self._model(body)
            case "GET registered-models/alias":
                return self._alias(body)
            case "POST registered-models/alias":
                return self._write(request, body)
            case "POST registered-models/set-tag":
                return self._tag(body)
            case _:
                return Reply(b"<!doctype html><title>404 Not Found</title>", 404, "text/html; charset=utf-8")

    def _model(self, asked: dict[str, Any]) -> Reply:
        state = self.models.get(asked.get("name", ""))
        if state is None:
            return gone(f"Registered Model with name={asked.get('name')} not found")
        fault = self.faults.get(asked["name"])
        if fault and fault.kind is Lost.REFUSED and self._is_claimed(state):
            self._stop_listening()
        return json_reply({"registered_model": _row(asked["name"], state)})

    def _is_claimed(self, state: ModelState) -> bool:
        lock = json.loads(state.tags.get("modeltui.lock", "{}"))
        return bool(lock.get("until"))

    def _stop_listening(self) -> None:
        """Refuse new connections from now on; those that are open stay."""
        if self._server is not None:
            self._server.close()

    def _alias(self, asked: dict[str, Any]) -> Reply:
        state = self.models.get(asked.get("name", ""))
        if state is None:
            return gone(f"Registered Model with name={asked.get('name')} not found")
        version = state.aliases.get(asked.get("alias", ""))
        if version is None:
            return bad(f"Registered model alias {asked.get('alias')} not found.")
        return json_reply({"model_version": {"name": asked["name"], "version": version}})

    def _write(self, request: SeenRequest, body: dict[str, Any]) -> Reply:
        fault = self.faults.pop(str(body.get("name")), None)
        name, alias, version = (body.get(key) for key in ("name", "alias", "version"))
        if not all(isinstance(value, str) and value for value in (name, alias, version)):
            return bad("Missing value for required parameter")
        if str(alias).lower() == "latest" or (str(alias)[:1].lower() == "v" and str(alias)[1:].isdigit()):
            return bad(f"{alias} is a reserved name")
        state = self.models.get(str(name))
        if state is None or version not in state.versions:
            return gone(f"Model Version (name={name}, version={version}) not found")
        if alias == self.refuse_alias:
            return Reply(b"Permission denied", 403, "text/html")
        if self.page_for_alias:
            return html_page()
        by = request.headers.get("x-operator", "")
        effect = Effect(str(name), str(alias), str(version), by, dict(state.aliases))
        if fault is None or fault.is_applied:
            if fault is not None and fault.late_seconds:
                asyncio.get_running_loop().call_later(fault.late_seconds, self._take, effect)
            else:
                self._take(effect)
        self.alias_arrived.set()
        return json_reply({}) if fault is None else _lost(fault.kind)

    def _take(self, effect: Effect) -> None:
        self.models[effect.model].aliases[effect.alias] = effect.version
        self.effects.append(effect)

    def _tag(self, body: dict[str, Any]) -> Reply:
        state = self.models.get(str(body.get("name", "")))
        if state is None:
            return gone(f"Registered Model with name={body.get('name')} not found")
        state.tags[str(body["key"])] = str(body["value"])
        self._tags_until_lost -= 1
        return reset() if self._tags_until_lost == 0 else json_reply({})


def gone(message: str) -> Reply:
    """Return MLflow's 404."""
    return json_reply({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": message}, 404)


def bad(message: str) -> Reply:
    """Return MLflow's 400."""
    return json_reply({"error_code": "INVALID_PARAMETER_VALUE", "message": message}, 400)


def _lost(kind: Lost) -> Reply:
    match kind:
        case Lost.RESET:
            return reset()
        case Lost.FIN:
            return Reply(status=0, ending=Ending.CLOSE)
        case Lost.SILENCE | Lost.CANCELLED:
            return silence()
        case Lost.BAD_GATEWAY:
            return Reply(b"<html><title>502 Bad Gateway</title></html>", 502, "text/html")
        case Lost.GATEWAY_TIMEOUT:
            return Reply(b"<html><title>504 Gateway Time-out</title></html>", 504, "text/html")
        case Lost.HALF:
            return Reply(b"{", declared_length=2, ending=Ending.CLOSE)
        case Lost.REFUSED:
            raise AssertionError("a refused connection brings no request")


def _object(body: bytes) -> dict[str, Any]:
    found = json.loads(body or b"{}")
    return found if isinstance(found, dict) else {}


def _row(name: str, state: ModelState) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "creation_timestamp": state.made, "last_updated_timestamp": state.made}
    if state.aliases:  # MLflow leaves out what is empty
        row["aliases"] = [{"alias": alias, "version": version} for alias, version in sorted(state.aliases.items())]
    if state.tags:
        row["tags"] = [{"key": key, "value": value} for key, value in sorted(state.tags.items())]
    return row
