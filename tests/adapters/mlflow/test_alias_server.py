"""The server that tests write to answers as real ones do, in all that a writer sends and reads."""

from __future__ import annotations

import random
from typing import Any

import httpx

from tests.adapters.mlflow.alias_server import API, AliasServer
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow_client import MlflowClient

Call = tuple[str, str, dict[str, Any]]
"""Method, route, and what is sent."""


def calls(seed: int) -> list[Call]:
    """Return what a writer and others may send, good and bad, in random order."""
    chance = random.Random(seed)
    names = ["equal", "equal", "equal", "no such model"]
    aliases = ["champion", "challenger", "ünï", "Champion"]
    versions = ["1", "2", "3", "4", "4", "99"]
    made: list[Call] = []
    for _ in range(80):
        name, alias = chance.choice(names), chance.choice(aliases)
        some: list[Call] = [
            ("POST", "alias", {"name": name, "alias": alias, "version": chance.choice(versions)}),
            ("POST", "alias", {"name": name, "alias": alias, "version": chance.choice(versions)}),
            ("POST", "set-tag", {"name": name, "key": "modeltui.lock", "value": '{"key":"ü","until":1.5}'}),
            ("POST", "set-tag", {"name": name, "key": chance.choice("abc"), "value": chance.choice("xyz")}),
            ("GET", "alias", {"name": "equal", "alias": alias}),
            ("GET", "get", {"name": name}),
            ("POST", "alias", {"name": name, "alias": "latest", "version": "1"}),
            ("POST", "alias", {"name": name, "alias": "v1", "version": "1"}),
            ("POST", "alias", {"name": name, "alias": alias, "version": 1}),
            ("POST", "alias", {"name": name, "alias": alias}),
        ]
        made.append(chance.choice(some))
        made.append(("GET", "get", {"name": "equal"}))
    return made


def essence(answer: httpx.Response) -> tuple[int, Any]:
    """Return what a writer can see of an answer."""
    body = answer.json()
    if answer.is_error:
        return answer.status_code, body["error_code"]
    model = body.get("registered_model")
    if model is None:
        return answer.status_code, body.get("model_version", {}).get("version")
    aliases = {row["alias"]: row["version"] for row in model.get("aliases", [])}
    tags = {row["key"]: row["value"] for row in model.get("tags", [])}
    return answer.status_code, (model["name"], aliases, tags, "creation_timestamp" in model)


async def test_it_answers_as_a_real_server_does(mlflow: MlflowServer) -> None:
    """Two hundred calls, good and bad: the same statuses, errors, aliases and tags from both."""
    client: MlflowClient = mlflow.client
    client.create_model("equal")
    for _ in range(4):
        client.create_version("equal", "s3://nowhere.example/x")
    async with AliasServer() as ours, httpx.AsyncClient(trust_env=False, timeout=30) as http:
        ours.put("equal", 4)
        for number, (method, route, body) in enumerate(calls(mlflow.major)):
            theirs, mine = [
                await http.request(
                    method,
                    f"{url}{API}registered-models/{route}",
                    params=body if method == "GET" else None,
                    json=None if method == "GET" else body,
                )
                for url in (mlflow.url, ours.url)
            ]
            assert essence(mine) == essence(theirs), f"{number}: {method} {route} {body}: {theirs.text}"
    client.call("DELETE", "registered-models/delete", {"name": "equal"})
