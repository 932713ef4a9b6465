"""Where versions come from, told by something that is no registry: events, manifests, bills of material."""

from __future__ import annotations

from typing import Protocol

from modeltui.domain.lineage import Provenance
from modeltui.domain.names import ModelName, VersionId
from modeltui.ports.probe import Probe


class ProvenanceSource(Protocol):
    """Reads only. Every method raises `BackendError` when the source lets us down."""

    async def read_provenance(self, model: ModelName, version: VersionId, known: Provenance) -> Provenance:
        """Return what this source tells of one version.

        `known` is what registries said before: the run or the commit by which to find it. Of a version that it has
        nothing about it tells an empty provenance: fields that it could have told `ABSENT`, the others
        `UNSUPPORTED`. A part that cannot be read is `Unreadable`, not an error.
        """
        ...

    async def probe(self) -> Probe:
        """Return what a person needs to know when it does not work; asked now and then to know whether it is there."""
        ...
