"""The kinds of things that go into a version, in the order in which they are shown."""

from __future__ import annotations

from enum import StrEnum


class OriginKind(StrEnum):
    """What went into a version; the value is the word for it."""

    RUN = "run"
    ARTIFACT = "artifact"
    DATA = "data"
    QUERY = "query"
    FEATURES = "features"
    MEMBER = "member"
    PROMPT = "prompt"
    SYSTEM = "system"
    """Base model, retrieval, guardrails, tools and orchestration of an LLM system, a part each."""
    AGENT = "agent"
    """Snapshot, memory, tools and permissions of an agent, a part each."""
    CODE = "code"
    IMAGE = "image"
    ENVIRONMENT = "environment"

    @property
    def field(self) -> str:
        """Return the field of a provenance that tells it."""
        return _FIELDS[self]

    @property
    def is_table(self) -> bool:
        """Tell whether it is told part by part, each with a name."""
        return self in _TABLES


_TABLES = frozenset({OriginKind.MEMBER, OriginKind.PROMPT, OriginKind.SYSTEM, OriginKind.AGENT})
_FIELDS = {
    OriginKind.RUN: "run",
    OriginKind.ARTIFACT: "artifact",
    OriginKind.DATA: "data_snapshots",
    OriginKind.QUERY: "extraction_query",
    OriginKind.FEATURES: "feature_pipeline",
    OriginKind.MEMBER: "components",
    OriginKind.PROMPT: "prompts",
    OriginKind.SYSTEM: "llm_system",
    OriginKind.AGENT: "agent",
    OriginKind.CODE: "code",
    OriginKind.IMAGE: "base_image",
    OriginKind.ENVIRONMENT: "runtime",
}
