"""What MLflow answers, and what it means.

Every key may be missing: MLflow leaves out what is empty. Numbers may be text and versions numbers, depending on
who answers (MLflow, a proxy, Databricks). Nothing here is safe to show before it went through `shown`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec import Raw, Struct

from modeltui.adapters._documents.long_text import whole_text
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import UNKNOWN, Instant, ModelName, SourceName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Pointer, Version, newest, version_order

Text: TypeAlias = str | None
Number: TypeAlias = int | float | str | None

IS_PROMPT: Final = "mlflow.prompt.is_prompt"
LONG_TEXT: Final = 4_000
"""Longest value that is kept of a parameter, tag or description; prompts may be longer."""
LONGEST_NAME: Final = 400
"""Names of 250 characters, in which what cannot be seen is written out: two must not become one by being cut."""
LONG_QUERY: Final = 64_000
_NO_STAGE: Final = frozenset({"", "none"})
_LAST_SECOND: Final = 253_402_300_800.0
"""The year 10000: later times cannot be written as a date."""
_LARGEST_FLOAT: Final = 1.797e308
"""MLflow stores infinity as the largest float there is."""


class Tag(Struct, frozen=True, gc=False):
    """A key and its value."""

    key: Text = ""
    value: Text = ""


class AliasRow(Struct, frozen=True, gc=False):
    """An alias as an object; Unity Catalog has its own names for the same two fields."""

    alias: Text = ""
    version: str | int | None = ""
    alias_name: Text = ""
    version_num: str | int | None = ""


class LatestRow(Struct, frozen=True, gc=False):
    """The newest version of one stage, as far as a list of models needs it."""

    version: str | int | None = ""
    current_stage: Text = ""


class ModelRow(Struct, frozen=True):
    """A registered model."""

    name: str
    latest_versions: list[LatestRow] | None = None
    aliases: list[AliasRow] | None = None
    tags: list[Tag] | None = None


class VersionRow(Struct, frozen=True):
    """A model version."""

    name: Text = ""
    version: str | int = ""
    creation_timestamp: Number = None
    current_stage: Text = ""
    description: Text = ""
    user_id: Text = ""
    source: Text = ""
    run_id: Text = ""
    status: Text = ""
    tags: list[Tag] | None = None
    aliases: list[AliasRow | str] | None = None


class ModelsPage(Struct, frozen=True):
    """Answer of `registered-models/search`."""

    registered_models: list[ModelRow] | None = None
    next_page_token: Text = ""


class RawModelsPage(Struct, frozen=True):
    """The same, for a page with a row that cannot be read."""

    registered_models: list[Raw] | None = None
    next_page_token: Text = ""


class VersionsPage(Struct, frozen=True):
    """Answer of `model-versions/search`."""

    model_versions: list[VersionRow] | None = None
    next_page_token: Text = ""


class ModelAnswer(Struct, frozen=True):
    """Answer of `registered-models/get`."""

    registered_model: ModelRow


class VersionAnswer(Struct, frozen=True):
    """Answer of `model-versions/get`."""

    model_version: VersionRow


class MetricRow(Struct, frozen=True, gc=False):
    """The last value of a metric."""

    key: Text = ""
    value: Number = None
    timestamp: Number = None
    dataset_name: Text = ""
    dataset_digest: Text = ""
    run_id: Text = ""
    """Of a LoggedModel: the run that measured it."""


class RunFacts(Struct, frozen=True):
    """`info` of a run."""

    status: Text = ""
    lifecycle_stage: Text = ""
    artifact_uri: Text = ""


class RunRecord(Struct, frozen=True):
    """`data` of a run."""

    metrics: list[MetricRow] | None = None
    params: list[Tag] | None = None
    tags: list[Tag] | None = None


class DatasetRow(Struct, frozen=True):
    """A data set; `source` and `profile` are JSON within JSON."""

    name: Text = ""
    digest: Text = ""
    source: Text = ""
    profile: Text = ""


class DatasetInput(Struct, frozen=True):
    """A data set that a run read, and what for."""

    dataset: DatasetRow
    tags: list[Tag] | None = None


class RunInputs(Struct, frozen=True):
    """`inputs` of a run."""

    dataset_inputs: list[DatasetInput] | None = None


class Run(Struct, frozen=True):
    """A run."""

    info: RunFacts = RunFacts()
    data: RunRecord = RunRecord()
    inputs: RunInputs = RunInputs()


class RunAnswer(Struct, frozen=True):
    """Answer of `runs/get`."""

    run: Run


class LoggedModelFacts(Struct, frozen=True):
    """`info` of a LoggedModel."""

    model_id: Text = ""
    artifact_uri: Text = ""
    model_type: Text = ""
    tags: list[Tag] | None = None


class LoggedModelRecord(Struct, frozen=True):
    """`data` of a LoggedModel."""

    params: list[Tag] | None = None
    metrics: list[MetricRow] | None = None


class LoggedModel(Struct, frozen=True):
    """What MLflow 3 keeps of a model apart from the run that made it."""

    info: LoggedModelFacts = LoggedModelFacts()
    data: LoggedModelRecord = LoggedModelRecord()


class LoggedModelAnswer(Struct, frozen=True):
    """Answer of `logged-models/{id}`."""

    model: LoggedModel


class FileRow(Struct, frozen=True):
    """A file in a list of artifacts."""

    path: Text = ""


class FilesAnswer(Struct, frozen=True):
    """Answer of `artifacts/list`."""

    files: list[FileRow] | None = None
    next_page_token: Text = ""


class ErrorAnswer(Struct, frozen=True):
    """A refusal of MLflow itself."""

    error_code: Text = ""
    message: Text = ""


@lru_cache(maxsize=8192)
def _short(raw: str) -> SafeText:
    # The same aliases, tags and numbers stand in thousands of models: one object each.
    return safe_text(raw)


def shown(raw: str, limit: int = 200) -> SafeText:
    """Return text of MLflow, safe to show."""
    return _short(raw) if limit == 200 and len(raw) <= 40 else safe_text(raw, limit)


def told(raw: Text, limit: int = 200) -> SafeText | Unknown:
    """Return text without tokens and safe to show, or unknown when it is empty."""
    return shown(without_tokens(raw), limit) if raw and raw.strip() else UNKNOWN


def instant(milliseconds: Number) -> Instant | Unknown:
    """Return a time stamp of MLflow (milliseconds since the epoch, perhaps as text) as an instant."""
    try:
        seconds = float(milliseconds or 0) / 1000.0
    except (ValueError, OverflowError):
        return UNKNOWN
    return Instant(seconds) if 0.0 < seconds < _LAST_SECOND else UNKNOWN


def number(value: Number) -> float | None:
    """Return a metric as it was meant: `"NaN"` is not a number, ±1.797e308 infinity; None when it is no number."""
    try:
        read = float(value) if value is not None else math.nan
    except (ValueError, OverflowError):
        return None
    if math.isnan(read):
        return math.nan
    return math.copysign(math.inf, read) if abs(read) >= _LARGEST_FLOAT else read


def pairs(tags: Iterable[Tag] | None) -> dict[str, str]:
    """Return tags or parameters by name, as they came."""
    return {tag.key: tag.value or "" for tag in tags or () if tag.key}


def table(values: Mapping[str, str]) -> dict[SafeText, SafeText]:
    """Return names and values safe to show, secrets masked, in the order of their names."""
    return {shown(key, LONGEST_NAME): whole_text(values[key], LONG_TEXT, key) for key in sorted(values)}


def version_id(raw: str | int | None) -> VersionId | Unknown:
    """Return a version number as text; unknown when it is missing."""
    text = str(raw) if raw is not None else ""
    return VersionId(shown(text)) if text else UNKNOWN


def is_prompt(row: ModelRow) -> bool:
    """Tell whether a registered model is a prompt, which MLflow keeps in the same table."""
    return any(tag.key == IS_PROMPT and (tag.value or "").lower() == "true" for tag in row.tags or ())


def model_of(row: ModelRow, source: SourceName, kind_tags: Sequence[str], owner_tags: Sequence[str]) -> Model:
    """Return a model with its pointers. The latest version is the highest of those that are newest in their stage."""
    tags = pairs(row.tags)
    latest = [
        identity
        for entry in row.latest_versions or ()
        if not isinstance(identity := version_id(entry.version), Unknown)
    ]
    return Model(
        name=ModelName(shown(row.name)),
        latest=newest(latest),
        pointers=(*aliases_of(row), *_stages(row)),
        source=source,
        owner=_first(tags, owner_tags),
        kind=_first(tags, kind_tags),
        tags=tuple(table(tags).items()) if tags else (),
    )


def aliases_of(row: ModelRow) -> list[Pointer]:
    """Return the aliases of a model; names differ by case (`Champion` is not `champion`)."""
    pointers = []
    for alias in row.aliases or ():
        name = alias.alias or alias.alias_name
        version = version_id(alias.version or alias.version_num)
        if name and not isinstance(version, Unknown):
            pointers.append(Pointer(shown(name), version))
    return pointers


def alias_names(row: VersionRow) -> list[str]:
    """Return the names of the aliases in a version's own record, sorted."""
    names = (alias if isinstance(alias, str) else alias.alias or alias.alias_name for alias in row.aliases or ())
    return sorted(name for name in names if name)


def owner_of(row: ModelRow, owner_tags: Sequence[str]) -> SafeText | Unknown:
    """Return whose a model is."""
    return _first(pairs(row.tags), owner_tags)


def _stages(row: ModelRow) -> list[Pointer]:
    """Return the stages that mean something; several versions may share one, then the newest stands for it."""
    newest_of: dict[str, VersionId] = {}
    for entry in row.latest_versions or ():
        stage, version = entry.current_stage or "", version_id(entry.version)
        if stage.lower() in _NO_STAGE or stage.lower() == "archived" or isinstance(version, Unknown):
            continue
        before = newest_of.get(stage)
        if before is None or version_order(version) > version_order(before):
            newest_of[stage] = version
    return [Pointer(shown(stage), version) for stage, version in newest_of.items()]


def _first(tags: Mapping[str, str], names: Sequence[str]) -> SafeText | Unknown:
    return next((told(masked(name, tags[name])) for name in names if tags.get(name)), UNKNOWN)


def version_of(row: VersionRow, model: ModelName, aliases: Sequence[Pointer]) -> Version | None:
    """Return a version with the aliases that point at it; None for a row without a number.

    Rows of a search come without aliases (mlflow/mlflow#16734): they are those of the model.
    """
    identity = version_id(row.version)
    if isinstance(identity, Unknown):
        return None
    pointers = [pointer.name for pointer in aliases if pointer.version == identity]
    if (row.current_stage or "").lower() not in _NO_STAGE:
        stage = shown(row.current_stage or "")
        pointers += [stage] if stage not in pointers else []
    return Version(
        model=model,
        id=identity,
        created_at=instant(row.creation_timestamp),
        created_by=told(row.user_id),
        state=told(row.status),
        description=told(row.description, LONG_TEXT),
        pointers=tuple(pointers),
        tags=tuple(table(pairs(row.tags)).items()),
    )
