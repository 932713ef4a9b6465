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
NO_PLACES: Final = ("segment_metrics", "case_columns", "answer_columns")
"""Fields of the map that do not say where something is."""


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
    `run_artifact` of the run (a request for each that is there), and `any` for the first four. A parameter or tag
    that is told under a meaning is not told a second time among the parameters or tags.
    """

    owner: tuple[str, ...] = ("tag:owner", "tag:team", "run_tag:owner", "run_tag:team")
    """The team or person who answers for it; where none of these says it, the `owner_tags` of the model."""
    architecture: tuple[str, ...] = (
        "any:architecture",
        "any:model_architecture",
        "any:model_class",
        "run_tag:estimator_name",
        "any:estimator_class",
    )
    """What kind of model it is; where none of these says it, the flavour in `MLmodel`."""

    data_snapshot: tuple[str, ...] = ("any:data_snapshot", "any:data_version", "any:dataset_version")
    """The state of the training data, besides the data sets that the run logged."""
    data_commit: tuple[str, ...] = ("input_tag:lakefs.commit", "input_tag:dvc.md5", "input_tag:data_version")
    """The exact state of one logged data set; it is added to its address after a `#`."""
    data_digest: tuple[str, ...] = ("input_tag:digest", "input_tag:sha256")
    """The digest of one logged data set, in place of the eight digits that MLflow makes of a part of it."""
    data_origin: tuple[str, ...] = ("input_tag:origin", "input_tag:source_table", "input_tag:table")
    """The table, topic or system that one logged data set was taken from."""
    data_begins_at: tuple[str, ...] = ("input_tag:begins_at", "input_tag:data_start", "input_tag:start_date")
    """Where the time span of its rows begins: ISO 8601, UTC unless said, or seconds or milliseconds."""
    data_ends_at: tuple[str, ...] = ("input_tag:ends_at", "input_tag:data_end", "input_tag:end_date")
    """Where it ends."""
    data_taken_at: tuple[str, ...] = ("input_tag:taken_at", "input_tag:snapshot_at", "input_tag:snapshot_date")
    """When it was taken."""
    extraction_query: tuple[str, ...] = (
        "any:extraction_query",
        "any:sql_query",
        "any:sql",
        "run_artifact:query.sql",
        "run_artifact:provenance/query.sql",
    )
    """The query that drew the data; where none of these says it, the one in the source of a logged data set."""
    feature_pipeline: tuple[str, ...] = (
        "any:feature_pipeline",
        "any:feature_pipeline_version",
        "any:feature_store_version",
    )
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
    hardware: tuple[str, ...] = ("any:hardware", "any:instance_type", "any:machine_type", "any:gpu_type")
    """What it was trained on."""
    environment_variables: tuple[str, ...] = ("any:env.*", "any:environment_variable.*")
    """Environment variables, by name; secrets are masked."""
    artifact_digest: tuple[str, ...] = ("tag:artifact_digest", "tag:model_digest", "tag:sha256")
    """The digest of the model's bytes; MLflow itself keeps none."""
    signed_manifest: tuple[str, ...] = ("artifact:model.sig", "run_artifact:model.sig")
    """What model-signing wrote: the digest of each file. It is read, its signature is not verified."""
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
    prompts: tuple[str, ...] = ("any:prompt.*", "any:system_prompt", "any:prompt_template")
    """Texts of prompts, besides those of the prompt registry that are linked."""
    agent: tuple[str, ...] = ("any:agent.*", "any:agent_snapshot", "any:memory_snapshot")
    """An agent's snapshot, memory, tools and permissions."""
    external_effects: tuple[str, ...] = ("any:external_effects", "any:agent.effects")
    """What an agent has done to other systems since its snapshot: a JSON list of texts, or a line each."""
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
    importances: tuple[str, ...] = (
        "metric:importance.*",
        "metric:feature_importance.*",
        "artifact:feature_importances.json",
        "run_artifact:feature_importances.json",
    )
    """How much each feature weighs: metrics, or a file: an object of names and numbers, a table, or CSV."""
    cases: tuple[str, ...] = (
        "artifact:golden_cases.json",
        "run_artifact:golden_cases.json",
        "run_artifact:eval_results_table.json",
    )
    """Answers on saved cases, in a file: an object of names and answers, or a table with a row for each, as
    `mlflow.log_table` and `mlflow.evaluate` write it. A run artifact that the run has not is looked for in the runs
    that evaluated its LoggedModel (3.x)."""
    case_columns: tuple[str, ...] = ()
    """The columns of such a table that together say which case a row is; empty: `case` or `id` where that is there and
    tells all rows apart, else all that was asked, which is what stands before the answer."""
    answer_columns: tuple[str, ...] = ()
    """The column with the answer, first choice first; empty: `outputs`, `predictions`, `response`, `answer` ..."""
    segment_metrics: tuple[str, ...] = (
        *(".segment.", "_segment_", "/segment/", ".slice.", "_slice_", "/slice/"),
        *("/region/", ".region.", "/country/", ".country."),
    )
    """What stands in a metric's name between the metric and the segment it was measured on.

    `auc/region/hk` is `auc` of `region=hk`; after the words segment and slice the dimension may follow:
    `auc.segment.region.hk`, `auc/segment/region:hk`.
    """
    serving_config: tuple[str, ...] = (
        "any:serving.*",
        "any:deploy.*",
        "any:threshold*",
        "any:decision_threshold*",
        "any:classification_threshold*",
    )
    """Replicas, limits, thresholds."""
    model_card: tuple[str, ...] = ("tag:model_card", "artifact:model_card.md", "run_artifact:model_card.md")
    """The model card; where none of these says it, the description of the version."""
    attestations: tuple[str, ...] = ("tag:attestation*", "tag:slsa*", "tag:sbom*", "tag:model_signature*")
    """Signed statements about it."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a place that cannot be meant."""
        for field in self.__struct_fields__:
            if field not in NO_PLACES:
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
