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
    CODE = "code"
    IMAGE = "image"
    ENVIRONMENT = "environment"

    @property
    def field(self) -> str:
        """Return the field of a provenance that tells it."""
        return _FIELDS[self]


_FIELDS = {
    OriginKind.RUN: "run",
    OriginKind.ARTIFACT: "artifact",
    OriginKind.DATA: "data_snapshots",
    OriginKind.QUERY: "extraction_query",
    OriginKind.FEATURES: "feature_pipeline",
    OriginKind.CODE: "code",
    OriginKind.IMAGE: "base_image",
    OriginKind.ENVIRONMENT: "runtime",
}
