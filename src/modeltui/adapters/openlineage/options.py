"""What the configuration of a source of lineage events may say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from modeltui.adapters._http import HttpSettings

_FORMS = ("tag:", "facet:")


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """OpenLineage events in `files`, or a server that keeps them at `server`: one of the two."""

    files: tuple[str, ...] = ()
    """Files with one event a line, as the client's file transport writes them; shell patterns are allowed."""
    server: HttpSettings | None = None
    """A server with the API of Marquez; `url` is without `/api/v1`."""
    namespaces: tuple[str, ...] = ()
    """Namespaces of the data sets that are models; empty: any. A server is asked for its namespaces then."""
    model_datasets: tuple[str, ...] = ("{model}", "models/{model}")
    """What the output of a training run is called; its version facet is the version, unless `{version}` is in it."""
    version_places: tuple[str, ...] = ("tag:model_version", "facet:modelVersion.version")
    """Where a run says which version it made: `tag:KEY` or `facet:NAME.FIELD`; `model:1`, `model/1` or the version.
    Looked for in files only: a server cannot be asked for it, and finds runs by what they wrote."""
    model_places: tuple[str, ...] = ("tag:model", "tag:model_name", "facet:modelVersion.model")
    """Where a run says of which model, for places that hold the version alone."""
    hops: Annotated[int, Meta(ge=0, le=3)] = 2
    """Jobs before the training run whose queries count: 1 is the job that made its input."""
    read_seconds: Annotated[float, Meta(gt=0, le=60)] = 6.0
    """Longest time spent on reading files at one question; the next one goes on from there."""
    most_runs: Annotated[int, Meta(ge=100)] = 20_000
    """Runs of files that are kept in memory, the newest of them."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for what cannot be meant."""
        if bool(self.files) == (self.server is not None):
            raise ValueError("give either files or server")
        for place in (*self.version_places, *self.model_places):
            if not place.startswith(_FORMS) or not place.partition(":")[2]:
                raise ValueError(f"{place!r} is neither tag:KEY nor facet:NAME.FIELD")
        for template in self.model_datasets:
            if "{model}" not in template:
                raise ValueError(f"model_datasets: {template!r} has no {{model}} in it")


def http_settings(server: HttpSettings, base_directory: Path) -> HttpSettings:
    """Return how to reach the server, with paths found."""
    files = {
        name: base_directory / path
        for name in ("ca_file", "client_certificate_file", "client_key_file")
        if (path := getattr(server, name)) is not None
    }
    return msgspec.structs.replace(server, **files)
