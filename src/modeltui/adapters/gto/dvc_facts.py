"""What DVC's own files say of one artifact: `dvc.lock`, `dvc.yaml`, `*.dvc`, and the files that those name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from modeltui.adapters._documents import look
from modeltui.adapters._documents.metadata import provenance_from
from modeltui.adapters._documents.values import Partly, data_snapshots, flat
from modeltui.adapters._git import shown_path
from modeltui.adapters.gto import artifacts, documents
from modeltui.adapters.gto.datasets import SCHEME
from modeltui.adapters.gto.facts import Facts
from modeltui.adapters.gto.layout import Files, Unsuitable, with_numbers
from modeltui.adapters.gto.piece import Piece
from modeltui.adapters.gto.pipeline import DEFINITION, LOCK, Pipeline, covers, data_in, feature_code
from modeltui.domain.lineage import ABSENT, DataSnapshot, Fact, Provenance, Scores, Table
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import UNKNOWN
from modeltui.domain.text import SafeText, safe_text

_PARAMETERS: Final = "params.yaml"
_NOT_NOTED: Final = frozenset({"name", "digest", "md5", "sha256", "hash", "path"})
"""What DVC itself says, whatever somebody wrote beside it."""
_MOST_METRIC_FILES: Final = 20
_LONGEST_PIPELINE: Final = 1_000
_DIGEST_SHOWN: Final = 16


class DvcFacts:
    """Tells what was made of what, with which parameters, and how good it was."""

    def __init__(
        self,
        files: Files,
        facts: Facts,
        pipeline: Pipeline,
        pointers: Sequence[Piece],
        path: str,
        troubles: Mapping[str, Unsuitable],
    ) -> None:
        """`path` is the artifact's; `troubles` say which of DVC's files could not be read."""
        self._files = files
        self._facts = facts
        self._pipeline = pipeline
        self._pointers = pointers
        self._path = path
        self._troubles = troubles

    def query_files(self) -> list[str]:
        """Return the queries that went into a stage."""
        inputs = (piece.path for stage in self._pipeline.stages for piece in stage.inputs)
        return [path for path in dict.fromkeys(inputs) if path.lower().endswith(".sql") and path in self._files]

    def told(self) -> dict[str, Provenance]:
        """Return what each of DVC's files says."""
        pieces = [*(piece for stage in self._pipeline.stages for piece in stage.outputs), *self._pointers]
        fetched = [*data_in(self._pipeline, self._files, self._path), *self._pinned()]
        pointed = self._pointed()
        names = _names([*(piece.path for piece in fetched), *(piece.path for piece in pointed)])
        trouble = self._troubles.get(LOCK)
        # What it is used for is part of what a snapshot is called: the pointer beside it tells that, the lock cannot.
        uses = {piece.path: piece.facts for piece in pointed}
        snapshots = tuple(_snapshot(piece, names, {**piece.facts, **uses.get(piece.path, {})}) for piece in fetched)
        lock = Provenance(
            artifact=self._facts.unless(artifacts.artifact_at(self._path, pieces, self._files), LOCK, trouble),
            files=self._facts.known(artifacts.file_digests(self._path, self._files)),
            data_snapshots=self._facts.unless(snapshots, LOCK, trouble),
            feature_pipeline=self._feature_pipeline(trouble),
            extraction_query=self._queries(),
            parameters=self._locked_parameters(trouble),
        )
        told = {LOCK: lock}
        if pointed:
            told["*.dvc"] = Provenance(
                data_snapshots=self._facts.known(tuple(_snapshot(piece, names, piece.facts) for piece in pointed))
            )
        for path, trouble in self._troubles.items():
            if path.endswith(".dvc"):
                told[path] = Provenance(data_snapshots=self._facts.teller(path).unreadable(str(trouble)))
        return told | self._parameters() | self._metrics() | self._kept_by_dvc()

    def _pinned(self) -> tuple[Piece, ...]:
        """Return the data sets that are pinned, where no stage says which it read: those are among its inputs."""
        inputs = (piece.path for stage in self._pipeline.stages for piece in stage.inputs)
        return () if any(path.startswith(SCHEME) for path in inputs) else self._pipeline.datasets

    def _pointed(self) -> list[Piece]:
        """Return the data that pointers name and that this artifact was made of, as far as the stages say."""
        others = [piece for piece in self._pointers if not covers(piece.path, [self._path]) and _is_data(piece.path)]
        if not self._pipeline.stages:
            return others
        inputs = [piece.path for stage in self._pipeline.stages for piece in stage.inputs]
        return [piece for piece in others if covers(piece.path, inputs)]

    def _feature_pipeline(self, trouble: Unsuitable | None) -> Fact[SafeText]:
        """Return the version that the parameters name, with the digests of the code that makes features."""
        named = ""
        for _, document in self._files.told(self.parameter_files(), self._files.document):
            if not isinstance(document, Unsuitable):
                texts = (look.text_at(document, key) for key in documents.FEATURE_PIPELINE)
                named = named or next((text for text in texts if text), "")
        code = [
            f"{piece.path} {_short(piece.digest)}".strip()
            for _, piece in feature_code(self._pipeline, self._files, self._path)
        ]
        told = "; ".join(dict.fromkeys(code))
        text = f"{named} ({told})" if named and told else named or told
        value = safe_text(without_tokens(text), _LONGEST_PIPELINE) if text else None
        return self._facts.unless(value, LOCK, trouble)

    def _queries(self) -> Fact[tuple[SafeText, ...]]:
        held = self.query_files() or self._files.matching(documents.QUERIES, documents.MOST_FILES)
        return self._facts.of_file(", ".join(held), lambda _: documents.queries(self._files, held)) if held else ABSENT

    def parameter_files(self) -> list[str]:
        """Return the files that hold parameters, the usual one first."""
        listed = [path for path in self._pipeline.parameter_files if path in self._files]
        default = [_PARAMETERS] if _PARAMETERS in self._files else []
        return list(dict.fromkeys((*default, *listed)))

    def _parameters(self) -> dict[str, Provenance]:
        """Return what each parameter file says: parameters, and what of it has a place of its own."""
        told: dict[str, Provenance] = {}
        seen: set[SafeText] = set()
        for path, document in self._files.told(self.parameter_files(), self._files.document):
            teller = self._facts.teller(path)
            if isinstance(document, Unsuitable):
                told[path] = Provenance(parameters=self._facts.unreadable(document))
                continue
            own, left = documents.routed(look.members_at(document))
            table = documents.parameter_table(left)
            if seen & table.keys():
                prefix = PurePosixPath(path).stem
                table = {safe_text(f"{prefix}.{name}"): value for name, value in table.items()}
            seen |= table.keys()
            told[path] = replace(
                provenance_from(documents.metadata_of(own), teller, {}), parameters=self._facts.known(table)
            )
        return told

    def _locked_parameters(self, trouble: Unsuitable | None) -> Fact[Table]:
        """Return the parameters that the stages ran with, and their commands, where the files say otherwise."""
        files = {
            path: dict(flat(document))
            for path, document in self._files.told(self.parameter_files(), self._files.document)
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
        return self._facts.unless(table, LOCK, trouble)

    def metric_files(self) -> list[str]:
        """Return the files that hold metrics: those that are listed; where none is, those that are called so."""
        listed = [path for path in self._pipeline.metrics if not path.endswith(".csv")]
        if listed:
            return listed
        kept = [path for path in self._kept() if documents.METRICS.fullmatch(path)]
        return [*self._files.matching(documents.METRICS, _MOST_METRIC_FILES), *kept]

    def _kept(self) -> dict[str, Piece]:
        """Return what came out of stages, or is pointed at, and is kept by DVC, of which nothing is read."""
        outputs = (piece for stage in self._pipeline.stages for piece in stage.outputs)
        return {piece.path: piece for piece in (*outputs, *self._pointers) if not self._files.holds(piece.path)}

    def _kept_by_dvc(self) -> dict[str, Provenance]:
        """Return which documents that are named after a field cannot be read, for DVC keeps them."""
        told: dict[str, Provenance] = {}
        for path, key in documents.documents_in(self._kept()).items():
            field = documents.field_of(key)
            if field != "data_snapshots":  # that is data, which the lock tells of
                told[path] = Provenance(**{field: self._facts.unreadable(self._not_in_git(path))})
        return told

    def _not_in_git(self, path: str) -> str:
        """Return why a file that DVC's files name is not read."""
        piece = self._kept().get(path)
        if piece is None:
            return f"{shown_path(path)}: {DEFINITION} lists it and git does not hold it"
        digest = f" ({_short(piece.digest)})" if piece.digest else ""
        return f"{shown_path(path)}: DVC keeps it in its cache{digest}, not in git, where it could be read"

    def _metrics(self) -> dict[str, Provenance]:
        told: dict[str, Provenance] = {}
        seen: set[SafeText] = set()
        for path, document in self._files.told(self.metric_files(), self._files.document):
            if isinstance(document, Unsuitable):
                why = str(document) if path in self._files else self._not_in_git(path)
                told[path] = Provenance(metrics=self._facts.unreadable(why))
                continue
            overall, segments = documents.scores_of(document)
            names = overall.value.keys() | {name for name, _ in overall.left_out}
            if seen & names:
                overall = _prefixed(overall, str(PurePosixPath(path).with_suffix("")))
            seen |= names
            told[path] = Provenance(
                metrics=self._facts.partly(overall, path), segment_metrics=self._facts.partly(segments, path)
            )
        return told


def _prefixed(read: Partly[Scores], prefix: str) -> Partly[Scores]:
    return Partly(
        {safe_text(f"{prefix}.{name}"): value for name, value in read.value.items()},
        tuple((safe_text(f"{prefix}.{name}"), why) for name, why in read.left_out),
    )


def _is_data(path: str) -> bool:
    """Tell whether a pointer's path is data, and no document that tells something of the model."""
    fields = {documents.field_of(key) for key in documents.documents_in([path]).values()}
    return not documents.METRICS.fullmatch(path) and fields <= {"data_snapshots"}


def _snapshot(piece: Piece, names: Mapping[str, str], noted: Mapping[str, Any]) -> DataSnapshot:
    """Return a piece of data, with what people noted beside it."""
    notes = {name: value for name, value in noted.items() if name not in _NOT_NOTED}
    told = data_snapshots([{**notes, "name": names[piece.path]}])[0]
    return replace(
        told,
        digest=safe_text(piece.digest) if piece.digest else told.digest,
        uri=safe_text(piece.path, 1_000) if told.uri is UNKNOWN else told.uri,
        origin=safe_text(without_tokens(piece.origin), 1_000) if piece.origin else told.origin,
    )


def _names(paths: Iterable[str]) -> dict[str, str]:
    """Return a short name for each path: its last part without suffix, where no other path is called so."""
    whole = list(dict.fromkeys(paths))
    short = {path: PurePosixPath(path).name.partition(".")[0] or path for path in whole}
    taken = list(short.values())
    return {path: short[path] if taken.count(short[path]) == 1 else path for path in whole}


def _short(digest: str) -> str:
    algorithm, _, hexadecimal = digest.partition(":")
    return f"{algorithm}:{hexadecimal[:_DIGEST_SHOWN]}" if hexadecimal else digest


def _is_same(ran: Any, now: Any) -> bool:
    """Tell whether the lock and the file spell one value: DVC writes `0.10` as `0.1` and `True` as `true`."""
    if ran == now:
        return True
    one, other = with_numbers(ran), with_numbers(now)
    return bool(one == other) or str(one).lower() == str(other).lower()
