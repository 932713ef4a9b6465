"""A server that answers like a recorded MLflow, and misbehaves where a test says so."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from modeltui.adapters.mlflow.registry import MlflowRegistry, Options, connect
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import ModelName, SourceName, VersionId
from modeltui.domain.secret import Secret
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.testing.faults import FaultServer, Reply, SeenRequest, html_page, json_reply

PAYLOADS = Path(__file__).with_name("payloads")
MLFLOW_3, MLFLOW_2 = "mlflow-3.17.2", "mlflow-2.22.5"
API = "/api/2.0/mlflow/"
SOURCE = SourceName(SafeText("mlflow"))
FRAUD = ModelName(SafeText("fraud-detector"))
TEN = VersionId(SafeText("10"))


def name(text: str) -> ModelName:
    """The model of that name, as the list of models gives it."""
    return ModelName(safe_text(text))


def number(text: str | int) -> VersionId:
    """The version of that number."""
    return VersionId(safe_text(str(text)))


def recorded(file: str, version: str = MLFLOW_3) -> Any:
    """A recorded answer: JSON as values, anything else as text."""
    text = (PAYLOADS / version / file).read_text(encoding="utf-8")
    return json.loads(text) if file.endswith(".json") else text


def missing_file(version: str) -> Reply:
    """How that MLflow answers for a file that does not exist."""
    first, _, body = recorded("missing_file.txt", version).partition("\n")
    status, _, content_type = first.partition(" ")
    return Reply(body.encode(), int(status), content_type)


def not_found(message: str = "it is not there") -> Reply:
    """MLflow's own 404."""
    return json_reply({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": message}, 404)


def files(contents: Mapping[str, str], otherwise: Reply) -> Any:
    """A script for get-artifact."""

    def reply(request: SeenRequest) -> Reply:
        path = request.query["path"][0]
        return Reply(contents[path].encode(), content_type="text/plain") if path in contents else otherwise

    return reply


def listing(*paths: str) -> Any:
    """A script for the lists of files below a run or a LoggedModel, of which these exist."""

    def reply(request: SeenRequest) -> Reply:
        wanted = request.query.get("path") or request.query.get("artifact_directory_path") or [""]
        prefix = f"{wanted[0]}/" if wanted[0] else ""
        within = {path.removeprefix(prefix).partition("/")[::2] for path in paths if path.startswith(prefix)}
        rows = [{"path": f"{prefix}{name}", "is_dir": bool(rest)} for name, rest in sorted(within)]
        return json_reply({"root_uri": "mlflow-artifacts:/1/x/artifacts", **({"files": rows} if rows else {})})

    return reply


class FakeMlflow(FaultServer):
    """Answers fraud-detector version 10 and the lists as recorded; tests replace what they need."""

    def play(self, version: str) -> None:
        """Answer like that MLflow from now on."""
        self.answer("/version", Reply(version.removeprefix("mlflow-").encode(), content_type="text/html"))
        for route, file in {
            "registered-models/search": "models.json",
            "registered-models/get": "model.json",
            "model-versions/search": "versions.json",
            "model-versions/get": "version.json",
            "runs/get": "run.json",
        }.items():
            self.answer(API + route, json_reply(recorded(file, version)))
        beside = {file: recorded(file, version) for file in ("MLmodel", "requirements.txt", "conda.yaml")}
        self.answer("/model-versions/get-artifact", files(beside, missing_file(version)))
        self.answer(f"{API}artifacts/list", listing(*(f"model/{file}" for file in beside)))
        if version == MLFLOW_3:
            self.answer(f"{API}artifacts/list", listing())
            model_id = recorded("logged_model.json")["model"]["info"]["model_id"]
            self.answer(f"{API}logged-models/{model_id}", json_reply(recorded("logged_model.json")))
            self.answer(f"{API}logged-models/{model_id}/artifacts/directories", listing(*beside))
        self.answer_everything_else(html_page(404))

    def asked(self, ending: str) -> list[SeenRequest]:
        """The requests whose path ends so."""
        return [request for request in self.requests if request.path.endswith(ending)]


def no_secret(reference: str) -> Secret:
    """Refuse every reference."""
    raise ConfigError(f"asked for {reference}")


@asynccontextmanager
async def opened(url: str, secrets: Mapping[str, str] | None = None, **options: Any) -> AsyncIterator[MlflowRegistry]:
    """The registry at `url`, as the program opens it."""

    def secret(reference: str) -> Secret:
        if secrets is None or reference not in secrets:
            return no_secret(reference)
        return Secret(secrets[reference], reference)

    around = Surroundings(SOURCE, SystemClock(), (), secret, Path("/"))
    async with connect(Options(url=url, **options), around) as registry:
        assert isinstance(registry, MlflowRegistry)
        yield registry
