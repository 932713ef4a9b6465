"""Tags, parameters, metrics and files of MLflow are written by people and pipelines: anything may stand in them."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modeltui.adapters._documents.environments import conda_environment, python_environment
from modeltui.adapters._documents.mlmodel import MlModel, read_mlmodel
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.parts import Parts
from modeltui.adapters.mlflow.places import FILE_KINDS, ProvenanceMap, places
from modeltui.adapters.mlflow.prompts import linked_prompts
from modeltui.adapters.mlflow.provenance import provenance_of
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText
from modeltui.testing.registry_contract import check_provenance
from tests.examples import examples

WHERE = ProvenanceMap()
FIELDS = [field for field in WHERE.__struct_fields__ if field != "segment_metrics"]
NAMES = sorted({place.name for field in FIELDS for place in places(getattr(WHERE, field))})
JSONISH = st.sampled_from(
    ["{}", "[]", "null", '[{"name": "p", "version": 1}]', '{"uri": ["x"]}', '{"num_rows": -1}', "["]
)
TEXT = st.text(max_size=40) | JSONISH
TAGS = st.lists(st.builds(wire.Tag, key=st.sampled_from(NAMES) | TEXT, value=st.none() | TEXT), max_size=12)
TABLES = st.dictionaries(TEXT, st.none() | st.booleans() | st.floats() | TEXT | st.lists(TEXT, max_size=2), max_size=4)
FILES = TEXT | (TABLES | st.lists(TABLES, max_size=3)).map(json.dumps)
NUMBERS = st.none() | st.floats() | st.integers() | st.text(max_size=8)
METRICS = st.lists(st.builds(wire.MetricRow, key=st.none() | TEXT, value=NUMBERS, timestamp=NUMBERS), max_size=8)
DATASETS = st.lists(
    st.builds(
        wire.DatasetInput,
        dataset=st.builds(wire.DatasetRow, name=TEXT, digest=TEXT, source=st.none() | TEXT, profile=TEXT),
        tags=TAGS,
    ),
    max_size=3,
)
RUNS = st.builds(
    wire.Run,
    data=st.builds(wire.RunRecord, metrics=METRICS, params=TAGS, tags=TAGS),
    inputs=st.builds(wire.RunInputs, dataset_inputs=DATASETS),
)
LOGGED = st.builds(
    wire.LoggedModel,
    info=st.builds(wire.LoggedModelFacts, artifact_uri=TEXT, tags=TAGS),
    data=st.builds(wire.LoggedModelRecord, params=TAGS, metrics=METRICS),
)
VERSIONS = st.builds(
    wire.VersionRow,
    name=TEXT,
    version=st.just("1"),
    source=TEXT,
    run_id=TEXT,
    tags=TAGS,
    description=TEXT,
    user_id=TEXT,
)


@given(VERSIONS, RUNS, LOGGED, FILES)
@settings(max_examples=examples(150))
def test_any_answer_has_a_provenance(
    row: wire.VersionRow, run: wire.Run, logged: wire.LoggedModel, content: str
) -> None:
    """Whatever stands in tags, parameters, metrics, data sets and files, every field is a fact with safe text."""
    named = [place for field in FIELDS for place in places(getattr(WHERE, field)) if place.kind in FILE_KINDS]
    parts = Parts(row, run=run, logged_model=logged, mlmodel=MlModel(), files=dict.fromkeys(named, content))
    check_provenance("any", provenance_of(parts, WHERE, SourceName(SafeText("mlflow")), Instant(1.0)))


@given(
    st.text(max_size=300)
    | st.from_regex(r"(flavors|signature|dependencies|prompts): *[\[{&*!\-\w:, ]{0,60}", fullmatch=True)
)
@settings(max_examples=examples(300))
def test_any_file_is_read_or_refused(text: str) -> None:
    """Whatever lies beside a model as MLmodel or conda.yaml is read, or refused with a reason; nothing else happens."""
    for read in (read_mlmodel, conda_environment, python_environment):
        with suppress(ValueError):
            read(text)


@given(TEXT)
def test_any_link_to_prompts(text: str) -> None:
    """Whatever stands in the tag of linked prompts, what comes out are pairs of text."""
    pairs: list[Any] = linked_prompts({"mlflow.linkedPrompts": text})
    assert all(isinstance(part, str) for pair in pairs for part in pair)
