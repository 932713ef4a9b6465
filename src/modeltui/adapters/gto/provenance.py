"""All that was committed with a version becomes its provenance; what contradicts itself is told as such."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

from modeltui.adapters._documents import look
from modeltui.adapters._documents.long_text import text_lines
from modeltui.adapters._documents.metadata import Teller, provenance_from
from modeltui.adapters._documents.one_teller import as_one
from modeltui.adapters._documents.values import data_snapshots, flat
from modeltui.adapters._git import shown_path
from modeltui.adapters.gto import artifacts, documents, installed
from modeltui.adapters.gto.artifacts import Annotation
from modeltui.adapters.gto.layout import Files, Unsuitable, with_numbers
from modeltui.adapters.gto.pipeline import (
    DEFINITION,
    LOCK,
    Piece,
    Pipeline,
    covers,
    data_in,
    feature_code,
    pipeline_of,
    pointer_of,
)
from modeltui.domain.lineage import ABSENT, DataSnapshot, Fact, Known, Provenance, Scores, Table, Unreadable, unreadable
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import UNKNOWN, Instant, SourceName
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

LEGACY: Final = "artifacts.yaml"
_PARAMETERS: Final = "params.yaml"
_MOST_POINTERS: Final = 300
_LONGEST_PIPELINE: Final = 1_000
_DIGEST_SHOWN: Final = 16


class CommitReader:
    """Reads one commit for one artifact: `read` first, then `provenance`."""

    def __init__(self, files: Files, name: str, source: SourceName, observed_at: Instant) -> None:
        self._files = files
        self._name = name
        self._source = source
        self._observed_at = observed_at
        self._pipeline = Pipeline()
        self._pointers: list[Piece] = []
        self._troubles: dict[str, Unsuitable] = {}
        """By path: why a document of DVC's tells nothing."""
        self.annotation = Annotation()
        self._path = ""

    async def read(self) -> None:
        """Read all that may tell something, in four processes of git."""
        pointers = self._files.matching(documents.POINTERS, _MOST_POINTERS)
        await self._files.read([LOCK, DEFINITION, LEGACY, *pointers])
        lock, definition = self._document(LOCK), self._document(DEFINITION)
        for path in pointers:
            self._pointers += pointer_of(self._document(path), path)
        whole = pipeline_of(lock, definition)
        self.annotation = artifacts.annotation_of(self._name, whole.artifacts, self._document(LEGACY))
        self._path = artifacts.path_of(self.annotation, whole, self._pointers, self._files)
        self._pipeline = whole.behind(self._path)
        await self._files.read(
            [
                *self._parameter_files(),
                *self._metric_files(),
                *(piece.path for stage in self._pipeline.stages for piece in stage.inputs if _is_query(piece.path)),
                *documents.documents_in(self._files),
                *documents.METADATA,
                *installed.FILES,
                *filter(None, [self._files.first(*documents.CARDS)]),
                *self._matching(documents.PROMPTS),
                *self._matching(documents.CASES),
                *self._matching(documents.QUERIES),
                *artifacts.weights_in_git(self._path, self._files),
            ]
        )

    def provenance(self, tags: Provenance) -> Provenance:
        """Return what the commit says, and what the tags say of it."""
        told = {"tags": tags, "files": self._plain_files(), **self._dvc(), **self._documents()}
        return as_one(told, self._source)

    # DVC

    def _dvc(self) -> dict[str, Provenance]:
        teller = self._teller(LOCK)
        pieces = [*(piece for stage in self._pipeline.stages for piece in stage.outputs), *self._pointers]
        fetched = data_in(self._pipeline, self._files, self._path)
        pointed = self._pointed()
        names = _names([*(piece.path for piece in fetched), *(piece.path for piece in pointed)])
        trouble = self._troubles.get(LOCK)
        lock = Provenance(
            artifact=self._made(teller, artifacts.artifact_at(self._path, pieces, self._files), trouble),
            files=self._made(teller, artifacts.file_digests(self._path, self._files), None),
            data_snapshots=self._made(teller, tuple(_snapshot(piece, names) for piece in fetched), trouble),
            feature_pipeline=self._feature_pipeline(trouble),
            extraction_query=self._queries(),
            parameters=self._locked_parameters(trouble),
        )
        told = {LOCK: lock}
        if pointed:
            snapshots = tuple(_snapshot(piece, names) for piece in pointed)
            told["*.dvc"] = Provenance(data_snapshots=self._teller("*.dvc").known(snapshots))
        troubled = [path for path in self._troubles if path.endswith(".dvc")]
        if troubled:
            told[troubled[0]] = Provenance(
                data_snapshots=self._teller(troubled[0]).unreadable(str(self._troubles[troubled[0]]))
            )
        return told | self._parameters() | self._metrics()

    def _pointed(self) -> list[Piece]:
        """Return the data that pointers name and that this artifact was made of, as far as the stages say."""
        others = [piece for piece in self._pointers if not covers(piece.path, [self._path])]
        if not self._pipeline.stages:
            return others
        inputs = [piece.path for stage in self._pipeline.stages for piece in stage.inputs]
        return [piece for piece in others if covers(piece.path, inputs)]

    def _feature_pipeline(self, trouble: Unsuitable | None) -> Fact[SafeText]:
        """Return the version that the parameters name, with the digests of the code that makes features."""
        named = ""
        for _, document in self._files.told(self._parameter_files(), self._files.document):
            if not isinstance(document, Unsuitable):
                keys = ("feature_pipeline", "feature_pipeline_version", "preprocessing_version")
                named = named or next((look.text_at(document, key) for key in keys if look.text_at(document, key)), "")
        code = [
            f"{piece.path} {_short(piece.digest)}".strip()
            for _, piece in feature_code(self._pipeline, self._files, self._path)
        ]
        told = "; ".join(dict.fromkeys(code))
        text = f"{named} ({told})" if named and told else named or told
        return self._made(
            self._teller(LOCK), safe_text(without_tokens(text), _LONGEST_PIPELINE) if text else None, trouble
        )

    def _queries(self) -> Fact[tuple[SafeText, ...]]:
        paths = [piece.path for stage in self._pipeline.stages for piece in stage.inputs if _is_query(piece.path)]
        held = [path for path in dict.fromkeys(paths) if path in self._files] or self._matching(documents.QUERIES)
        return self._from_file(", ".join(held), lambda _: documents.queries(self._files, held)) if held else ABSENT

    def _parameter_files(self) -> list[str]:
        listed = [path for path in self._pipeline.parameter_files if path in self._files]
        default = [_PARAMETERS] if _PARAMETERS in self._files else []
        return list(dict.fromkeys((*default, *listed)))

    def _parameters(self) -> dict[str, Provenance]:
        """Return what each parameter file says: parameters, and what of it has a place of its own."""
        told: dict[str, Provenance] = {}
        seen: set[SafeText] = set()
        for path, document in self._files.told(self._parameter_files(), self._files.document):
            teller = self._teller(path)
            if isinstance(document, Unsuitable):
                told[path] = Provenance(parameters=Unreadable(safe_text(str(document), 300), self._source))
                continue
            own, left = documents.routed(look.members_at(document))
            table = documents.parameter_table(left)
            if seen & table.keys():
                prefix = PurePosixPath(path).stem
                table = {safe_text(f"{prefix}.{name}"): value for name, value in table.items()}
            seen |= table.keys()
            told[path] = replace(
                provenance_from(documents.metadata_of(own), teller, {}), parameters=self._made(teller, table, None)
            )
        return told

    def _locked_parameters(self, trouble: Unsuitable | None) -> Fact[Table]:
        """Return the parameters that the stages ran with, and their commands, where the files say otherwise."""
        files = {
            path: dict(flat(document))
            for path, document in self._files.told(self._parameter_files(), self._files.document)
            if not isinstance(document, Unsuitable)
        }
        table: dict[SafeText, SafeText] = {}
        for stage in self._pipeline.stages:
            if stage.command:
                table[safe_text(f"stage.{stage.name}.cmd")] = safe_text(masked("", stage.command), 4_000)
            for path, values in stage.parameters.items():
                _, left = documents.routed(values)
                now = files.get(path, {})
                ran = {name: value for name, value in flat(left) if not _is_same(value, now.get(name))}
                table.update(documents.parameter_table(ran))
        return self._made(self._teller(LOCK), table, trouble)

    def _metric_files(self) -> list[str]:
        listed = [path for path in self._pipeline.metrics if not path.endswith(".csv")]
        return listed or self._files.matching(documents.METRICS, 20)

    def _metrics(self) -> dict[str, Provenance]:
        told: dict[str, Provenance] = {}
        seen: set[SafeText] = set()
        for path, document in self._files.told(self._metric_files(), self._files.document):
            if isinstance(document, Unsuitable):
                why = str(document) if path in self._files else f"{shown_path(path)}: it is in DVC's cache, not in git"
                told[path] = Provenance(metrics=Unreadable(safe_text(why, 300), self._source))
                continue
            overall, segments = documents.scores_of(document)
            if seen & overall.keys():
                prefix = str(PurePosixPath(path).with_suffix(""))
                overall = {safe_text(f"{prefix}.{name}"): value for name, value in overall.items()}
            seen |= overall.keys()
            teller = self._teller(path)
            scores: Scores = overall
            told[path] = Provenance(
                metrics=self._made(teller, scores, None), segment_metrics=self._made(teller, segments, None)
            )
        return told

    # Documents

    def _documents(self) -> dict[str, Provenance]:
        """Return what `metadata.json`, documents named after a field, and the artifact's own notes say."""
        told: dict[str, Provenance] = {}
        own = self._files.first(*documents.METADATA)
        paths = [*([own] if own else []), *documents.documents_in(self._files)]
        for path, document in self._files.told(paths, self._files.document):
            teller = self._teller(path)
            if isinstance(document, Unsuitable):
                why = safe_text(str(document), 300)
                if path == own:
                    told[path] = unreadable(why, self._source)
                else:
                    field = documents.field_of(PurePosixPath(path).stem.lower())
                    told[path] = Provenance(**{field: Unreadable(why, self._source)})
            elif path == own:
                told[path] = provenance_from(documents.metadata_of(document), teller, {})
            else:
                key = documents.documents_in(self._files)[path]
                told[path] = provenance_from(documents.as_metadata(key, document), teller, {})
        notes = documents.metadata_of(self.annotation.facts or {})
        told[DEFINITION] = provenance_from(notes, self._teller(DEFINITION), {})
        return told

    def _plain_files(self) -> Provenance:
        teller = self._teller("files")
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
            tags=self._made(teller, {safe_text(label, 100): safe_text("") for label in self.annotation.labels}, None),
            attestations=self._made(
                teller,
                tuple(safe_text(f"{n} is there; not verified") for n in documents.SIGNED if n in self._files),
                None,
            ),
        )

    def _requirements(self) -> Fact[tuple[SafeText, ...]]:
        found = installed.requirements_in(self._files)
        return ABSENT if found is None else self._from_file(*found)

    def _python(self) -> Fact[Table]:
        try:
            python = installed.python_in(self._files)
        except Unsuitable as error:
            return self._teller("Python").unreadable(str(error))
        return self._made(self._teller("files"), {safe_text("python"): python} if python else {}, None)

    def _image(self, make: Callable[[installed.Image], T]) -> Fact[T]:
        if "Dockerfile" not in self._files:
            return ABSENT
        return self._from_file("Dockerfile", lambda path: make(installed.image_of(self._files.text(path))))

    def _by_name(self, pattern: Any) -> Fact[Table]:
        paths = self._matching(pattern)
        if not paths:
            return ABSENT
        return self._from_file(paths[0], lambda _: documents.texts_by_name(self._files, paths))

    def _card(self) -> Fact[tuple[SafeText, ...]]:
        path = self._files.first(*documents.CARDS)
        if path is None:
            return ABSENT
        return self._from_file(path, lambda path: text_lines(self._files.text(path)))

    # Facts

    def _teller(self, where: str) -> Teller:
        return Teller(self._source, self._observed_at, shown_path(where))

    def _made(self, teller: Teller, value: T | None, trouble: Unsuitable | None) -> Fact[T]:
        if value:
            return teller.known(value)
        return ABSENT if trouble is None else teller.unreadable(str(trouble))

    def _from_file(self, path: str, make: Callable[[str], T]) -> Fact[T]:
        try:
            value = make(path)
        except Unsuitable as error:
            return self._teller(path).unreadable(str(error))
        return Known(value, self._source, self._observed_at) if value else ABSENT

    def _document(self, path: str) -> Any:
        if path not in self._files:
            return None
        try:
            return self._files.document(path)
        except Unsuitable as error:
            self._troubles[path] = error
            return None

    def _matching(self, pattern: Any) -> list[str]:
        return self._files.matching(pattern, documents.MOST_FILES)


def _snapshot(piece: Piece, names: Mapping[str, str]) -> DataSnapshot:
    """Return a piece of data with what people noted beside it."""
    noted = data_snapshots([{**_flat_notes(piece.facts), "name": names[piece.path]}])[0]
    uri = piece.path if noted.uri is UNKNOWN else noted.uri
    origin = safe_text(without_tokens(piece.origin), 1_000) if piece.origin else noted.origin
    digest = safe_text(piece.digest) if piece.digest else noted.digest
    rows = noted.rows
    return DataSnapshot(
        noted.name,
        digest,
        safe_text(str(uri), 1_000),
        rows,
        noted.used_for,
        origin,
        noted.begins_at,
        noted.ends_at,
        noted.taken_at,
    )


def _flat_notes(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in facts.items() if name not in ("digest", "md5", "sha256", "hash", "path")}


def _names(paths: Iterable[str]) -> dict[str, str]:
    """Return a short name for each path: its last part without suffix, where no other path is called so."""
    whole = list(dict.fromkeys(paths))
    short = {path: PurePosixPath(path).name.partition(".")[0] or path for path in whole}
    taken = list(short.values())
    return {path: short[path] if taken.count(short[path]) == 1 else path for path in whole}


def _is_query(path: str) -> bool:
    return path.lower().endswith(".sql")


def _short(digest: str) -> str:
    algorithm, _, hexadecimal = digest.partition(":")
    return f"{algorithm}:{hexadecimal[:_DIGEST_SHOWN]}" if hexadecimal else digest


def _is_same(ran: Any, now: Any) -> bool:
    """Tell whether the lock and the file spell one value: DVC writes `0.10` as `0.1` and `True` as `true`."""
    if ran == now:
        return True
    one, other = with_numbers(ran), with_numbers(now)
    return bool(one == other) or str(one).lower() == str(other).lower()
