"""What lies in a version's directory becomes its provenance. Blocks: called in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from modeltui.adapters.model_folder import metadata as told
from modeltui.adapters.model_folder.digests import DigestCache, weights_of
from modeltui.adapters.model_folder.files import Unsuitable, read_text, reason
from modeltui.adapters.model_folder.metadata import Metadata, value_of
from modeltui.domain.lineage import ABSENT, Artifact, Fact, Known, Provenance, Unreadable
from modeltui.domain.masking import without_tokens
from modeltui.domain.names import UNKNOWN, Instant, SourceName, Unknown
from modeltui.domain.requirements import requirement_lines
from modeltui.domain.text import SafeText, safe_lines, safe_text

T = TypeVar("T")

METADATA: Final = "metadata.json"
_CARDS: Final = ("MODEL_CARD.md", "model_card.md", "README.md", "README.txt")
_ATTESTATIONS: Final = ("model.sig", "provenance.intoto.jsonl", "bom.json", "sbom.json")


class VersionReader:
    """Reads one version's directory at one moment."""

    def __init__(
        self, version: Path, root: Path, source: SourceName, observed_at: Instant, own_keys: Mapping[str, str]
    ) -> None:
        self._version = version
        self._root = root
        self._source = source
        self._observed_at = observed_at
        self._own_keys = own_keys
        self._metadata: Metadata | Unreadable = self._read_metadata()

    def provenance(self, cache: DigestCache, until: float, stop: threading.Event) -> Provenance:
        """Return all that its files say. Weights are hashed until boot time `until`; the next call goes on."""
        return Provenance(
            run=self._of("run", told.told),
            registered=self._of("registered", told.told),
            artifact=self._artifact(cache, until, stop),
            signature=self._of("signature", lambda value: told.told(value, limit=16_000)),
            data_snapshots=self._of("data_snapshots", told.data_snapshots),
            extraction_query=self._of("extraction_query", told.lines),
            feature_pipeline=self._of("feature_pipeline", told.told),
            code=self._of("code", lambda value: told.code(value, self._facts)),
            parameters=self._of("parameters", told.table),
            metrics=self._of("metrics", self._overall),
            segment_metrics=self._segments(),
            requirements=self._file("requirements.txt", requirement_lines),
            runtime=self._made(lambda: told.runtime(self._facts, self._own_keys)),
            base_image=self._of("base_image", told.told),
            parents=self._of("parents", told.texts),
            prompts=self._of("prompts", self._prompts),
            llm_system=self._made(lambda: told.llm_system(self._facts, self._own_keys)),
            components=self._of("components", told.components),
            importances=self._of("importances", told.scores),
            approvals=self._of("approvals", lambda value: told.approvals(value, self._facts)),
            model_card=self._model_card(),
            serving_config=self._of("serving_config", told.table),
            tags=self._of("tags", lambda value: dict(told.tag_pairs(value))),
            attestations=self._attestations(),
        )

    @property
    def _facts(self) -> Metadata:
        return {} if isinstance(self._metadata, Unreadable) else self._metadata

    def _read_metadata(self) -> Metadata | Unreadable:
        try:
            return told.read_metadata(self._version / METADATA, self._root)
        except FileNotFoundError:
            return {}
        except Unsuitable as error:
            return self._unreadable(f"{METADATA}: {error}")

    def _unreadable(self, why: str) -> Unreadable:
        return Unreadable(safe_text(why), self._source)

    def _known(self, value: T) -> Known[T]:
        return Known(value, self._source, self._observed_at)

    def _made(self, make: Callable[[], T]) -> Fact[T]:
        """Return what was made out of the metadata; absent when that is nothing."""
        if isinstance(self._metadata, Unreadable):
            return self._metadata
        value = make()
        return self._known(value) if value else ABSENT

    def _of(self, field: str, make: Callable[[Any], T | None]) -> Fact[T]:
        """Return one field of the metadata."""
        if isinstance(self._metadata, Unreadable):
            return self._metadata
        value = value_of(self._metadata, field, self._own_keys)
        made = make(value) if value is not None else None
        return self._known(made) if made else ABSENT

    def _file(self, name: str, make: Callable[[str], T]) -> Fact[T]:
        try:
            made = make(read_text(self._version / name, self._root))
        except FileNotFoundError:
            return ABSENT
        except Unsuitable as error:
            return self._unreadable(f"{name}: {error}")
        return self._known(made) if made else ABSENT

    def _artifact(self, cache: DigestCache, until: float, stop: threading.Event) -> Fact[Artifact]:
        try:
            weights = weights_of(self._version, self._root, cache, until, stop)
        except Unsuitable as error:
            return self._unreadable(f"the model's files: {error}")
        except OSError as error:
            return self._unreadable(f"the model's files: {reason(error)}")
        if weights is None:
            return ABSENT
        digest = weights.digest
        return self._known(
            Artifact(
                uri=safe_text(weights.path.as_uri(), 1_000),
                digest=UNKNOWN if isinstance(digest, Unknown) else safe_text(digest),
                size_bytes=weights.size_bytes,
                is_reachable=weights.is_present,
            )
        )

    def _overall(self, value: Any) -> Mapping[SafeText, float]:
        nested = ("segments", "slices", "by_segment")
        kept = {name: inner for name, inner in value.items() if name not in nested} if isinstance(value, dict) else {}
        return told.scores(kept)

    def _segments(self) -> Fact[Mapping[SafeText, float]]:
        """Return metrics per segment: under a key of their own, or below the metrics."""
        found = self._of("segment_metrics", told.scores)
        if found is not ABSENT:
            return found
        whole = value_of(self._facts, "metrics", self._own_keys)
        names = ("segments", "slices", "by_segment")
        below = [told.scores(whole[name]) for name in names if whole.get(name)] if isinstance(whole, dict) else []
        return next((self._known(scores) for scores in below if scores), ABSENT)

    def _prompts(self, value: Any) -> Mapping[SafeText, SafeText]:
        return told.table(value if isinstance(value, dict) else {"prompt": value})

    def _model_card(self) -> Fact[tuple[SafeText, ...]]:
        for name in _CARDS:
            card = self._file(name, lambda text: safe_lines(without_tokens(text)))
            if card is not ABSENT:
                return card
        card = self._of("model_card", told.lines)
        return self._of("description", told.lines) if card is ABSENT else card

    def _attestations(self) -> Fact[tuple[SafeText, ...]]:
        listed = self._of("attestations", told.texts)
        present = tuple(
            safe_text(f"{name} is there; not verified") for name in _ATTESTATIONS if (self._version / name).is_file()
        )
        if present:
            return self._known((*(listed.value if isinstance(listed, Known) else ()), *present))
        return listed
