"""Which tag, parameter, metric or file of MLflow means which field of ours.

MLflow has no slot for most of what makes a version; teams put it into tags and parameters under names of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from msgspec import Struct

KINDS: Final = ("any", "tag", "param", "run_tag", "logged_tag", "input_tag", "metric", "artifact", "run_artifact")
ANYWHERE: Final = ("tag", "param", "run_tag", "logged_tag")
"""Where `any:` looks, in this order."""
FILE_KINDS: Final = ("artifact", "run_artifact")


class Place(NamedTuple):
    """One place to look."""

    kind: str
    """One of `KINDS`."""
    name: str
    is_prefix: bool
    """Written with a `*` at its end: every name that begins so."""

    def matches(self, name: str) -> bool:
        """Tell whether `name` is meant."""
        return name.startswith(self.name) if self.is_prefix else name == self.name


class ProvenanceMap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where each field is looked for, first place first.

    A place is `KIND:NAME`; `NAME*` means every name that begins so. Kinds: `tag` of the version, `param` of the run
    or LoggedModel, `run_tag`, `logged_tag`, `input_tag` of a data set, `metric`, `artifact` beside the model,
    `run_artifact` of the run (a request each), and `any` for the first four.
    """

    data_snapshot: tuple[str, ...] = ("any:data_snapshot", "any:data_version", "any:dataset_version")
    """The state of the training data, besides the data sets that the run logged."""
    data_commit: tuple[str, ...] = ("input_tag:lakefs.commit", "input_tag:dvc.md5", "input_tag:data_version")
    """The exact state of one logged data set; it is added to its address after a `#`."""
    extraction_query: tuple[str, ...] = ("any:extraction_query", "any:sql_query", "any:sql")
    """The query that drew the data."""
    feature_pipeline: tuple[str, ...] = ("any:feature_pipeline", "any:feature_pipeline_version")
    """The version of the feature code or store."""
    commit: tuple[str, ...] = (
        "run_tag:mlflow.source.git.commit",
        "logged_tag:mlflow.source.git.commit",
        "any:git_commit",
        "any:git_sha",
    )
    """The commit that trained it."""
    repository: tuple[str, ...] = (
        "run_tag:mlflow.source.git.repoURL",
        "run_tag:mlflow.gitRepoURL",
        "logged_tag:mlflow.source.git.repoURL",
        "any:git_repository",
    )
    """Where that commit lives."""
    branch: tuple[str, ...] = (
        "run_tag:mlflow.source.git.branch",
        "run_tag:mlflow.gitBranch",
        "logged_tag:mlflow.source.git.branch",
    )
    """The branch it was on."""
    uncommitted_changes: tuple[str, ...] = ("run_tag:mlflow.source.git.dirty", "logged_tag:mlflow.source.git.dirty")
    """Whether the working tree differed from the commit."""
    base_image: tuple[str, ...] = ("run_tag:mlflow.docker.image.name", "any:base_image", "any:docker_image")
    """The image that it was trained in."""
    base_image_digest: tuple[str, ...] = ("run_tag:mlflow.docker.image.id", "any:base_image_digest")
    """Its digest."""
    artifact_digest: tuple[str, ...] = ("tag:artifact_digest", "tag:model_digest", "tag:sha256")
    """The digest of the model's bytes; MLflow itself keeps none."""
    parents: tuple[str, ...] = (
        "tag:parent_version",
        "tag:parent_model",
        "any:base_model_version",
        "run_tag:mlflow.parentRunId",
    )
    """What it was derived from."""
    registered_by: tuple[str, ...] = ("tag:registered_by", "tag:created_by")
    """Who registered it; MLflow without Databricks does not record that."""
    approved_by: tuple[str, ...] = ("tag:approved_by", "tag:approver", "tag:validated_by")
    """Who decided."""
    approval_status: tuple[str, ...] = ("tag:approval_status", "tag:validation_status", "tag:approval")
    """What was decided."""
    approved_at: tuple[str, ...] = ("tag:approved_at", "tag:approval_date")
    """When."""
    approval_comment: tuple[str, ...] = ("tag:approval_comment", "tag:ticket", "tag:change_request")
    """Why, or under which ticket."""
    components: tuple[str, ...] = ("tag:component.*", "param:component.*")
    """Members of an ensemble: `component.MODEL` holds its version."""
    llm_system: tuple[str, ...] = (
        "any:base_model*",
        "any:llm*",
        "any:retriever*",
        "any:retrieval*",
        "any:embedding*",
        "any:vector_store*",
        "any:guardrail*",
        "any:tools*",
        "any:orchestrat*",
        "any:reranker*",
        "param:temperature",
        "param:top_p",
    )
    """Parts of an LLM system."""
    importances: tuple[str, ...] = ("metric:importance.*", "metric:feature_importance.*")
    """How much each feature weighs: metrics, or a JSON file of names and numbers."""
    segment_metrics: tuple[str, ...] = (".segment.", "_segment_", "/segment/", ".slice.")
    """Parts of a metric's name that say that it was measured on a segment; the name stays whole."""
    serving_config: tuple[str, ...] = ("tag:serving.*", "tag:deploy.*", "any:threshold*", "any:decision_threshold*")
    """Replicas, limits, thresholds."""
    model_card: tuple[str, ...] = ("tag:model_card",)
    """The model card, besides the description of the version."""
    attestations: tuple[str, ...] = ("tag:attestation*", "tag:slsa*", "tag:sbom*", "tag:model_signature*")
    """Signed statements about it."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a place that cannot be meant."""
        for field in self.__struct_fields__:
            if field != "segment_metrics":
                places(getattr(self, field))


def places(written: Sequence[str]) -> tuple[Place, ...]:
    """Return places as written in the configuration; raise `ValueError` naming the first that is none."""
    found = []
    for text in written:
        kind, colon, name = text.partition(":")
        if not colon or kind not in KINDS or not name.strip("*") or "*" in name[:-1]:
            raise ValueError(f"{text!r} is no place; write KIND:NAME or KIND:NAME* with KIND one of {', '.join(KINDS)}")
        if kind in FILE_KINDS and (name.endswith("*") or name.startswith("/") or ".." in name.split("/")):
            raise ValueError(f"{text!r} must name one file by its path inside the artifacts")
        prefix = name.removesuffix("*")
        found.append(Place(kind, prefix, is_prefix=prefix != name))
    return tuple(found)
