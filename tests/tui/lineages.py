"""Where the versions of the staged incident come from, told source by source."""

from __future__ import annotations

from typing import Any

from tests.tui.screen_stage import StagedWorld, incident

from modeltui.domain.event import ProvenanceAsked, ProvenanceRead, VersionsRead
from modeltui.domain.lineage import ABSENT, Approval, CodeRevision, DataSnapshot, Known, Provenance
from modeltui.domain.names import Instant, ModelName, SourceName
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Version
from modeltui.testing import worlds

FRAUD = ModelName(safe_text("fraud"))
REGISTRY = worlds.source_name("registry")
VERSIONS = ("2.1.0", "2.3.0", "2.3.1", "3.0.0", "3.1.0")
QUERY = ("SELECT t.*, m.size FROM transactions t", "JOIN merchants m USING (merchant_id)")


def told(world: StagedWorld, version: str, source: SourceName = REGISTRY, **facts: Any) -> None:
    """Let a source tell where a version of the harmed model comes from; a field without a value is absent."""
    known = {name: ABSENT if fact is None else Known(fact, source, worlds.START) for name, fact in facts.items()}
    world.apply(ProvenanceRead(source, world.now, FRAUD, worlds.version_id(version), Provenance(**known)))


def asked(world: StagedWorld, version: str, *sources: str) -> None:
    """Let sources be asked that do not answer yet."""
    names = tuple(worlds.source_name(source) for source in sources)
    world.apply(ProvenanceAsked(world.now, FRAUD, worlds.version_id(version), names))


def listed(world: StagedWorld, *versions: str) -> None:
    """Let the registry list these versions of the harmed model, the newest first as registries do."""
    rows = tuple(Version(FRAUD, worlds.version_id(version)) for version in reversed(versions))
    world.apply(VersionsRead(REGISTRY, world.now, FRAUD, rows))


def table(**rows: str) -> dict[SafeText, SafeText]:
    """Return a table of safe text."""
    return {safe_text(name): safe_text(value) for name, value in rows.items()}


def facts(version: str, *, filtered: bool = False, **more: Any) -> dict[str, Any]:
    """Return what a registry knows of one version; with `filtered` its query leaves out small merchants."""
    lines = (*QUERY, "WHERE m.merchant_size <> 'micro'") if filtered else QUERY
    digest = safe_text("sha256:" + version.replace(".", "") * 20)
    return {
        "run": safe_text(f"run-{version}"),
        "extraction_query": tuple(map(safe_text, lines)),
        "data_snapshots": (
            DataSnapshot(safe_text("transactions"), digest, rows=1000, taken_at=Instant(worlds.START - 86_400)),
        ),
        "parameters": table(num_leaves="95" if version < "3" else "127", depth="8"),
        "requirements": tuple(map(safe_text, ("numpy==1.26.4" if version < "3" else "numpy==2.2.6", "scipy==1.11.0"))),
        "code": CodeRevision(safe_text(("9f13" if version < "3" else "17bd") * 10)),
        "metrics": {safe_text("auc"): 0.94 if version < "3" else 0.95},
        "approvals": (Approval(safe_text("m.lee"), safe_text("approved")),),
        **more,
    }


def compared_incident() -> StagedWorld:
    """Return the incident whose candidate has a query with one more filter, and five versions in the registry."""
    world = incident()
    listed(world, *VERSIONS)
    told(world, "2.3.1", **facts("2.3.1"))
    told(world, "3.0.0", **facts("3.0.0", filtered=True, parents=(safe_text("fraud:2.3.1"),)))
    return world
