"""What lies in a version's directory becomes its provenance. Blocks: called in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from modeltui.adapters._documents import values
from modeltui.adapters._documents.files import Unsuitable, reason
from modeltui.adapters._documents.long_text import MOST_TEXT_BYTES, text_lines
from modeltui.adapters._documents.metadata import Teller, provenance_from, value_of
from modeltui.adapters._documents.mlmodel import read_mlmodel
from modeltui.adapters._documents.one_teller import as_one
from modeltui.adapters._documents.values import Metadata
from modeltui.adapters.model_folder.digests import DigestCache, weights_of
from modeltui.adapters.model_folder.files import read_json, read_object, read_text
from modeltui.adapters.model_folder.packages import installed
from modeltui.adapters.model_folder.texts import prompts_in, queries_in, query_names
from modeltui.domain.lineage import (
    ABSENT,
    FIELDS,
    UNSUPPORTED,
    Artifact,
    Fact,
    Known,
    Provenance,
    Table,
    Unreadable,
)
from modeltui.domain.names import UNKNOWN, Instant, SourceName, Unknown
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

METADATA: Final = "metadata.json"
_MLMODEL: Final = "MLmodel"
_CARDS: Final = ("MODEL_CARD.md", "model_card.md", "README.md", "README.txt")
_CASES: Final = ("golden_cases.json", "cases.json")
_ATTESTATIONS: Final = ("model.sig", "provenance.intoto.jsonl", "bom.json", "sbom.json")
_BARE_SHA256: Final = 64
_PYTHON: Final = safe_text("python")
_PYTHON_NAMES: Final = (_PYTHON, safe_text("python_version"))


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

    def provenance(self, cache: DigestCache, until: float, stop: threading.Event) -> Provenance:
        """Return all that its files say. Weights are hashed until boot time `until`; the next call goes on.

        Where files say different things of one field, all of it is told, each with the file that says it.
        """
        told: dict[str, Provenance] = {}
        for where, field, fact in self._of_files(cache, until, stop):
            told[where] = replace(told.get(where, Provenance()), **{field: fact})
        told[METADATA] = self._of_metadata(told)
        if any(_names_python(told.get(where)) for where in (METADATA, _MLMODEL)):
            # What ran is told more exactly than what was asked for: 3.11.7 does not contradict 3.11.
            asked = told.keys() - {METADATA, _MLMODEL}
            told |= {where: replace(told[where], runtime=UNSUPPORTED) for where in asked}
        return as_one(told, self._source)

    def _of_files(
        self, cache: DigestCache, until: float, stop: threading.Event
    ) -> Iterator[tuple[str, str, Fact[Any]]]:
        """Yield which file says what of which field."""
        yield "the model's files", "artifact", self._artifact(cache, until, stop)
        cards = ((name, self._file(name, text_lines, MOST_TEXT_BYTES)) for name in _CARDS)
        name, card = next((found for found in cards if found[1] is not ABSENT), ("", ABSENT))
        yield name, "model_card", card
        for name in _CASES:
            yield name, "cases", self._cases(name)
        yield "SQL files", "extraction_query", self._made("", lambda: queries_in(self._version, self._root))
        yield "prompts", "prompts", self._made("", lambda: prompts_in(self._version, self._root))
        for where, packages, python in installed(lambda name: read_text(self._version / name, self._root)):
            is_broken = isinstance(packages, str)
            asked = self._unreadable(f"{where}: {packages}") if is_broken else self._known_or_absent(packages)
            yield where, "requirements", asked
            if python:
                yield where, "runtime", self._known({_PYTHON: python})
        yield from self._of_mlmodel()
        yield "attestations", "attestations", self._attestations()

    def _of_mlmodel(self) -> Iterator[tuple[str, str, Fact[Any]]]:
        """Yield what `MLmodel` declares, where a model was saved by MLflow."""
        try:
            declared = read_mlmodel(read_text(self._version / _MLMODEL, self._root))
        except FileNotFoundError:
            return
        except (Unsuitable, ValueError) as error:
            for field in ("signature", "architecture"):
                yield _MLMODEL, field, self._unreadable(f"{_MLMODEL}: {error}")
            return
        yield _MLMODEL, "signature", self._known_or_absent(declared.signature or None)
        yield _MLMODEL, "architecture", self._known_or_absent(declared.architecture or None)
        yield _MLMODEL, "runtime", self._known_or_absent(declared.runtime)

    def _of_metadata(self, told: Mapping[str, Provenance]) -> Provenance:
        """Return what `metadata.json` says, except where a file says it in more detail than it can."""
        try:
            facts = read_object(self._version / METADATA, self._root)
        except FileNotFoundError:
            facts = {}
        except Unsuitable as error:
            return Provenance(**dict.fromkeys(FIELDS, self._unreadable(f"{METADATA}: {error}")))
        found = provenance_from(facts, Teller(self._source, self._observed_at, METADATA), self._own_keys)
        found = replace(found, artifact=self._stated(facts, found.artifact, told))
        if any(isinstance(one.model_card, Known) for one in told.values()):
            found = replace(found, model_card=ABSENT)
        elif found.model_card is ABSENT and (description := value_of(facts, "description", self._own_keys)) is not None:
            found = replace(found, model_card=self._known_or_absent(values.lines(description)))
        return replace(found, extraction_query=self._quoted(found.extraction_query))

    def _quoted(self, query: Fact[tuple[SafeText, ...]]) -> Fact[tuple[SafeText, ...]]:
        """Return the query as metadata quotes it; absent when it only names files that are told themselves."""
        try:
            is_named = isinstance(query, Known) and query_names(self._version).issuperset(query.value)
        except Unsuitable:
            return query  # there are too many files to look at, which is told where they are read
        return ABSENT if is_named else query

    def _stated(self, facts: Metadata, artifact: Fact[Artifact], told: Mapping[str, Provenance]) -> Fact[Artifact]:
        """Return the artifact as metadata has it; its digest may stand there alone, of the files beside it."""
        digest = value_of(facts, "digest", self._own_keys)
        if artifact is not ABSENT or not isinstance(digest, str):
            return artifact
        beside = next((one.artifact.value for one in told.values() if isinstance(one.artifact, Known)), None)
        is_bare = len(digest) == _BARE_SHA256 and ":" not in digest
        stated = safe_text(f"sha256:{digest.lower()}" if is_bare else digest)
        return self._known(replace(beside or Artifact(safe_text("")), digest=stated))

    def _unreadable(self, why: str) -> Unreadable:
        return Unreadable(safe_text(why), self._source)

    def _known(self, value: T) -> Known[T]:
        return Known(value, self._source, self._observed_at)

    def _known_or_absent(self, value: T) -> Fact[T]:
        return self._known(value) if value else ABSENT

    def _made(self, where: str, make: Callable[[], T]) -> Fact[T]:
        """Return what was made out of files; absent when there are none."""
        try:
            return self._known_or_absent(make())
        except FileNotFoundError:
            return ABSENT
        except (Unsuitable, ValueError) as error:
            return self._unreadable(f"{where}: {error}" if where else str(error))

    def _file(self, name: str, make: Callable[[str], T], most_bytes: int) -> Fact[T]:
        return self._made(name, lambda: make(read_text(self._version / name, self._root, most_bytes)))

    def _cases(self, name: str) -> Fact[Table]:
        return self._made(name, lambda: values.cases(read_json(self._version / name, self._root)))

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

    def _attestations(self) -> Fact[tuple[SafeText, ...]]:
        return self._known_or_absent(
            tuple(
                safe_text(f"{name} is there; not verified")
                for name in _ATTESTATIONS
                if (self._version / name).is_file()
            )
        )


def _names_python(told: Provenance | None) -> bool:
    runtime = told.runtime if told is not None else UNSUPPORTED
    return isinstance(runtime, Known) and any(name in runtime.value for name in _PYTHON_NAMES)
