"""The fields of a provenance as tables of facts: group, name, and what a missing row says."""

from __future__ import annotations

from typing import Final

from modeltui.domain.comparison.difference import Group
from modeltui.domain.comparison.facts import Table

ARTIFACT: Final = Table("artifact", Group.ARTIFACT, "artifact.digest", "digest")
ADDRESSES: Final = Table("artifact", Group.RECORD, "record.address", "address", is_set=True)
FILES: Final = Table("files", Group.ARTIFACT, "artifact.files", "files", has_rows=True)
ARCHITECTURE: Final = Table("architecture", Group.ARTIFACT, "artifact.architecture", "architecture")
SIGNATURE: Final = Table("signature", Group.ARTIFACT, "artifact.signature", "signature")
DATA: Final = Table("data_snapshots", Group.DATA, "data", "data snapshots", has_rows=True)
DATA_PARTS: Final = Table("data_snapshots", Group.DATA, "data", "data snapshots", tells_absence=False)
QUERY: Final = Table("extraction_query", Group.QUERY, "query", "query")
FEATURES: Final = Table("feature_pipeline", Group.FEATURES, "features.pipeline", "pipeline")
CODE: Final = Table("code", Group.CODE, "code.commit", "commit")
PROMPTS: Final = Table("prompts", Group.PROMPTS, "prompts", "prompts", has_rows=True)
SYSTEM: Final = Table("llm_system", Group.SYSTEM, "system", "parts of the system", has_rows=True)
COMPONENTS: Final = Table("components", Group.COMPONENTS, "components", "members", has_rows=True)
AGENT: Final = Table("agent", Group.AGENT, "agent", "state of the agent", has_rows=True)
EFFECTS: Final = Table("external_effects", Group.AGENT, "agent.effects", "effects outside", is_set=True)
PARAMETERS: Final = Table("parameters", Group.PARAMETERS, "parameters", "parameters", has_rows=True)
SEEDS: Final = Table(
    "runtime",
    Group.PARAMETERS,
    "parameters.seeds of the runtime",
    "seeds of the runtime",
    also=("parameters",),
    has_rows=True,
)
PACKAGES: Final = Table(
    "requirements", Group.ENVIRONMENT, "environment.packages", "packages", also=("runtime",), has_rows=True
)
HASHES: Final = Table(
    "requirements", Group.ENVIRONMENT, "environment.hashes", "hashes of packages", tells_absence=False, has_rows=True
)
BUILDS: Final = Table(
    # Only conda names them: whoever lists the release alone denies no build.
    "requirements",
    Group.ENVIRONMENT,
    "environment.builds",
    "builds of packages",
    tells_absence=False,
    has_rows=True,
)
RUNTIME: Final = Table(
    "runtime", Group.ENVIRONMENT, "environment.runtime", "runtime", also=("requirements",), has_rows=True
)
LIBRARIES: Final = Table(
    # No list of all that is installed: a library that it does not name may be there all the same.
    "runtime",
    Group.ENVIRONMENT,
    "environment.libraries",
    "libraries",
    also=("requirements",),
    tells_absence=False,
    has_rows=True,
)
VARIABLES: Final = Table(
    "environment_variables", Group.ENVIRONMENT, "environment.variables", "environment variables", has_rows=True
)
BASE_IMAGE: Final = Table("base_image", Group.ENVIRONMENT, "environment.base_image", "base image")
SERVING: Final = Table("serving_config", Group.SERVING, "serving", "serving configuration", has_rows=True)
METRICS: Final = Table("metrics", Group.METRICS, "metrics", "metrics", has_rows=True)
SEGMENTS: Final = Table("segment_metrics", Group.SEGMENTS, "segments", "metrics of segments", has_rows=True)
CASES: Final = Table("cases", Group.CASES, "cases", "saved cases", has_rows=True)
IMPORTANCES: Final = Table("importances", Group.IMPORTANCES, "importances", "importances", has_rows=True)
APPROVALS: Final = Table("approvals", Group.APPROVALS, "approvals", "approvals", is_set=True)
CARD: Final = Table("model_card", Group.CARD, "card", "model card")
OWNER: Final = Table("owner", Group.RECORD, "record.owner", "owner")
REGISTERED: Final = Table("registered", Group.RECORD, "record.registered", "registered by")
RUN: Final = Table("run", Group.RECORD, "record.run", "run")
PARENTS: Final = Table("parents", Group.RECORD, "record.parents", "parents", is_set=True)
TAGS: Final = Table("tags", Group.RECORD, "record.tags", "tags", has_rows=True)
ATTESTATIONS: Final = Table("attestations", Group.RECORD, "record.attestations", "attestations", is_set=True)

MAIN: Final[tuple[Table, ...]] = (
    ARTIFACT, FILES, ARCHITECTURE, SIGNATURE, DATA, QUERY, FEATURES, CODE, PROMPTS, SYSTEM, COMPONENTS, AGENT, EFFECTS,
    PARAMETERS, PACKAGES, RUNTIME, VARIABLES, BASE_IMAGE, SERVING, METRICS, SEGMENTS, CASES, IMPORTANCES, APPROVALS,
    CARD, OWNER, REGISTERED, RUN, PARENTS, TAGS, ATTESTATIONS,
)  # fmt: skip
"""One for each field of a provenance: what stands for it when nobody can say anything of it."""
