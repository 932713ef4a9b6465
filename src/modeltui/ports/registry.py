"""Which models and versions exist, and where each comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from modeltui.domain.lineage import Provenance
from modeltui.domain.names import ModelName, VersionId
from modeltui.domain.text import SafeText
from modeltui.domain.version import Model, Version
from modeltui.ports.probe import Probe


@dataclass(frozen=True, slots=True)
class ModelsAnswer:
    """All models of a registry; `warnings` say where the list is not whole."""

    models: tuple[Model, ...]
    warnings: tuple[SafeText, ...] = ()


class Registry(Protocol):
    """Reads only. Every method raises `BackendError` when the registry lets us down."""

    async def read_models(self) -> ModelsAnswer:
        """Return every model with its pointers, in as few requests as the backend permits (one per 1000 models)."""
        ...

    async def read_versions(self, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one model, newest first; empty when there is no such model."""
        ...

    async def read_provenance(self, model: ModelName, version: VersionId) -> Provenance:
        """Return all that is known of one version; a part that cannot be read is `Unreadable`, not an error."""
        ...

    async def probe(self) -> Probe:
        """Return what a person needs to know when it does not work."""
        ...
