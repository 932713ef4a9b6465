"""metadata.json is written by people and pipelines: anything may stand in it."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modeltui.adapters._documents.metadata import KEYS
from modeltui.adapters.model_folder.digests import DigestCache
from modeltui.adapters.model_folder.provenance import VersionReader
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText
from modeltui.testing.registry_contract import check_provenance
from tests.examples import examples

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
NAMES = sorted({name for names in KEYS.values() for name in names})
INNER = ("name", "uri", "digest", "rows", "commit", "by", "at", "model", "version", "segments", "dirty", "decision")
OBJECTS = st.dictionaries(st.sampled_from(INNER), VALUES, max_size=4)
METADATA = st.dictionaries(st.sampled_from(NAMES), VALUES | OBJECTS | st.lists(OBJECTS, max_size=3), max_size=12)


@given(METADATA)
@settings(max_examples=examples(150))
def test_any_metadata_has_a_provenance(metadata: dict[str, Any]) -> None:
    """Whatever JSON stands under the names that we know, every field is a fact with safe text; nothing raises."""
    with TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        (root / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8", errors="replace")
        reader = VersionReader(root, root, SourceName(SafeText("folder")), Instant(1.0), {})
        provenance = reader.provenance(DigestCache(lambda: 0.0), 1.0, threading.Event())
    check_provenance("any", provenance)
