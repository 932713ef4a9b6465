"""What the configuration of an MLflow registry may say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from modeltui.adapters._http import MEBIBYTE, Auth, BasicAuth, BearerAuth, HttpSettings, NoAuth
from modeltui.adapters.mlflow.places import ProvenanceMap
from modeltui.domain.errors import ConfigError
from modeltui.ports.adapter import SecretValue

_PASSWORD_NAMES: Final = ("env:MLFLOW_TRACKING_USERNAME", "env:MLFLOW_TRACKING_PASSWORD")
_TOKEN_NAME: Final = "env:MLFLOW_TRACKING_TOKEN"  # noqa: S105 - the name of a variable


class Options(HttpSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An MLflow server, 2.x or 3.x."""

    credentials_from_environment: bool = False
    """Take `MLFLOW_TRACKING_TOKEN`, or `MLFLOW_TRACKING_USERNAME` and `MLFLOW_TRACKING_PASSWORD`, as MLflow's own
    client does; `auth` must not be set then."""
    workspace: str = ""
    """The workspace to read (`X-MLFLOW-WORKSPACE`, 3.x); empty: the server's default."""
    model_filter: str = ""
    """MLflow's own filter for the list of models, such as `name LIKE 'risk-%'`; empty: all."""
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 1000
    """Models or versions per request; MLflow allows no more than 1000 models."""
    connection_close: bool = False
    """Open a connection for each request: a server with several workers makes kept ones wait 40 ms an answer."""
    kind_tags: tuple[str, ...] = ("modeltui.kind", "kind", "model_kind")
    """Tags of a model that say what it is: `llm-system`, `ensemble`, `agent`, `batch`."""
    owner_tags: tuple[str, ...] = ("owner", "team")
    """Tags of a model that say whose it is."""
    provenance: ProvenanceMap = ProvenanceMap()
    """Where each field of a version's provenance is looked for."""
    timeout_seconds: Annotated[float, Meta(gt=0)] = 20.0
    """Longest whole exchange; a page of 1000 models takes MLflow about a second."""
    most_concurrent_requests: Annotated[int, Meta(ge=1)] = 6
    """Requests under way at one moment."""
    most_answer_bytes: Annotated[int, Meta(ge=1)] = 32 * MEBIBYTE
    """Largest answer; a page of 1000 models has about 2 MB."""


def http_settings(options: Options, secret: Callable[[str], SecretValue], base_directory: Path) -> HttpSettings:
    """Return the HTTP part, with paths and credentials found; raises `ConfigError`."""
    headers = dict(options.headers)
    if options.workspace:
        headers["X-MLFLOW-WORKSPACE"] = options.workspace
    files = {
        name: base_directory / path
        for name in ("ca_file", "client_certificate_file", "client_key_file")
        if (path := getattr(options, name)) is not None
    }
    auth = options.auth
    if options.credentials_from_environment:
        if not isinstance(auth, NoAuth):
            raise ConfigError("auth and credentials_from_environment are both set", "Keep one of the two.")
        auth = _from_environment(secret)
    return msgspec.structs.replace(options, headers=headers, auth=auth, **files)


def _from_environment(secret: Callable[[str], SecretValue]) -> Auth:
    try:
        return BearerAuth(token=secret(_TOKEN_NAME))
    except ConfigError:
        username, password = (secret(name) for name in _PASSWORD_NAMES)
        return BasicAuth(username=username.reveal(), password=password)
