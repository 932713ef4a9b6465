"""All that was committed with a version becomes its provenance; what contradicts itself is told as such."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from re import Pattern
from typing import Any, Final, TypeVar

from modeltui.adapters._documents.long_text import text_lines
from modeltui.adapters._documents.metadata import provenance_from
from modeltui.adapters.gto import artifacts, documents, installed
from modeltui.adapters.gto.artifacts import Annotation
from modeltui.adapters.gto.dvc_facts import DvcFacts
from modeltui.adapters.gto.facts import Facts
from modeltui.adapters.gto.layout import Files, Unsuitable
from modeltui.adapters.gto.piece import Piece
from modeltui.adapters.gto.pipeline import DEFINITION, LOCK, pipeline_of, pointer_of
from modeltui.domain.lineage import ABSENT, Fact, Provenance, Table, unreadable
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

_LEGACY: Final = "artifacts.yaml"
_MOST_POINTERS: Final = 300


async def read_commit(files: Files, name: str, source: SourceName, observed_at: Instant) -> Mapping[str, Provenance]:
    """Return what each file of a commit says of one artifact, by the file; raises `BackendError`.

    A commit never says anything else: it needs to be read once.
    """
    reader = _CommitReader(files, name, source, observed_at)
    await reader.read()
    return reader.told()


class _CommitReader:
    """Reads one commit for one artifact: `read` first, then `told`."""

    def __init__(self, files: Files, name: str, source: SourceName, observed_at: Instant) -> None:
        self._files = files
        self._name = name
        self._facts = Facts(source, observed_at)
        self._troubles: dict[str, Unsuitable] = {}
        """By path: why a document of DVC's tells nothing."""
        self._annotation = Annotation()
        self._dvc: DvcFacts | None = None

    async def read(self) -> None:
        """Read all that may tell something, in four processes of git."""
        pointers = self._files.matching(documents.POINTERS, _MOST_POINTERS)
        await self._files.read([LOCK, DEFINITION, _LEGACY, *pointers])
        pointed: list[Piece] = []
        for pointer in pointers:
            pointed += pointer_of(self._document(pointer), pointer)
        whole = pipeline_of(self._document(LOCK), self._document(DEFINITION))
        self._annotation = artifacts.annotation_of(self._name, whole.artifacts, self._document(_LEGACY))
        path = artifacts.path_of(self._annotation, whole, pointed, self._files)
        dvc = DvcFacts(self._files, self._facts, whole.behind(path), pointed, path, self._troubles)
        named = (self._files.first(name) for name in (*documents.METADATA, *installed.FILES, *documents.CARDS))
        patterns = (documents.PROMPTS, documents.CASES, documents.QUERIES)
        await self._files.read(
            [
                *(*dvc.parameter_files(), *dvc.metric_files(), *dvc.query_files()),
                *documents.documents_in(self._files.entries),
                *(name for name in named if name),
                *(one for pattern in patterns for one in self._matching(pattern)),
                *artifacts.weights_in_git(path, self._files),
            ]
        )
        self._dvc = dvc

    def told(self) -> dict[str, Provenance]:
        """Return what each file says."""
        told = {"files": self._plain_files(), **(self._dvc.told() if self._dvc else {})}
        told |= self._documents()
        if self._files.is_cut:
            why = safe_text("there are more files than are listed")
            told["list of files"] = unreadable(why, self._facts.source)
        return told

    def _documents(self) -> dict[str, Provenance]:
        """Return what `metadata.json`, documents named after a field, and the artifact's own notes say."""
        told: dict[str, Provenance] = {}
        named = documents.documents_in(self._files.entries)
        own = self._files.first(*documents.METADATA)
        for path, document in self._files.told([*([own] if own else []), *named], self._files.document):
            teller = self._facts.teller(path)
            if isinstance(document, Unsuitable):
                told[path] = self._unreadable(document, "" if path == own else named[path])
            elif path == own:
                told[path] = provenance_from(documents.metadata_of(document), teller, {})
            else:
                told[path] = provenance_from(documents.as_metadata(named[path], document), teller, {})
        if (trouble := self._troubles.get(DEFINITION)) is not None:
            told[DEFINITION] = self._unreadable(Unsuitable(f"{DEFINITION}: {trouble}"), "")
        else:
            notes = documents.metadata_of(self._annotation.facts or {})
            told[DEFINITION] = provenance_from(notes, self._facts.teller(DEFINITION), {})
        return told

    def _unreadable(self, why: Unsuitable, key: str) -> Provenance:
        """Return what a document owes that cannot be read: one field where it is named after it, else all."""
        fact = self._facts.unreadable(why)
        return Provenance(**{documents.field_of(key): fact}) if key else unreadable(fact.reason, fact.source)

    def _plain_files(self) -> Provenance:
        present = [name for name in documents.SIGNED if name in self._files]
        return Provenance(
            requirements=self._requirements(),
            runtime=self._python(),
            base_image=self._image(lambda image: safe_text(without_tokens(image.base), 300)),
            environment_variables=self._image(
                lambda image: {safe_text(n): safe_text(masked(n, v), 1_000) for n, v in image.variables.items()}
            ),
            prompts=self._by_name(documents.PROMPTS),
            cases=self._by_name(documents.CASES),
            model_card=self._card(),
            tags=self._facts.known({safe_text(label, 100): safe_text("") for label in self._annotation.labels}),
            attestations=self._facts.known(tuple(safe_text(f"{name} is there; not verified") for name in present)),
        )

    def _requirements(self) -> Fact[tuple[SafeText, ...]]:
        found = installed.requirements_in(self._files)
        return ABSENT if found is None else self._facts.of_file(*found)

    def _python(self) -> Fact[Table]:
        try:
            python = installed.python_in(self._files)
        except Unsuitable as error:
            return self._facts.teller("Python").unreadable(str(error))
        return self._facts.known({safe_text("python"): python} if python else {})

    def _image(self, make: Callable[[installed.Image], T]) -> Fact[T]:
        if "Dockerfile" not in self._files:
            return ABSENT
        return self._facts.of_file("Dockerfile", lambda path: make(installed.image_of(self._files.text(path))))

    def _by_name(self, pattern: Pattern[str]) -> Fact[Table]:
        paths = self._matching(pattern)
        if not paths:
            return ABSENT
        return self._facts.of_file(paths[0], lambda _: documents.texts_by_name(self._files, paths))

    def _card(self) -> Fact[tuple[SafeText, ...]]:
        path = self._files.first(*documents.CARDS)
        if path is None:
            return ABSENT
        return self._facts.of_file(path, lambda path: text_lines(self._files.text(path)))

    def _document(self, path: str) -> Any:
        if path not in self._files:
            return None
        try:
            return self._files.document(path)
        except Unsuitable as error:
            self._troubles[path] = error
            return None

    def _matching(self, pattern: Pattern[str]) -> list[str]:
        return self._files.matching(pattern, documents.MOST_FILES)
