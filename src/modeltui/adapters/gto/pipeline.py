"""What DVC wrote down: stages with what went in and came out of them, and pointers to data that git does not hold.

Sources: DVC 3.67's schemas of `dvc.lock` (1.0 and 2.0), `dvc.yaml` and `*.dvc` files. A path that git does not hold,
or that is called like data, is data; what git holds is code or a setting, and the commit tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from posixpath import normpath
from typing import Any, Final

from modeltui.adapters._documents import look
from modeltui.adapters.gto.datasets import SCHEME, dataset_of, datasets_in
from modeltui.adapters.gto.layout import Files
from modeltui.adapters.gto.piece import Piece

LOCK: Final = "dvc.lock"
DEFINITION: Final = "dvc.yaml"
_MOST_STAGES: Final = 500
_DATA: Final = re.compile(
    r".*\.(?:csv|tsv|parquet|pq|feather|arrow|avro|orc|jsonl|ndjson|npz|npy|h5|hdf5|tfrecord|zip|gz|zst|bz2|xz|tar|db"
    r"|sqlite|xlsx?|png|jpe?g|wav|mp3)",
    re.IGNORECASE,
)
_MODEL: Final = re.compile(
    r"(?:.*/)?(?:models?|weights|checkpoint)(?:[._-][\w.-]*)?"
    r"|.*\.(?:pkl|pickle|joblib|pt|pth|onnx|safetensors|ckpt|keras|cbm|bst|ubj|gguf|pmml|mlmodel|skops)",
    re.IGNORECASE,
)
_FEATURES: Final = re.compile(r"feat|preproc|prepar|transform|clean|encod|token", re.IGNORECASE)
_DIGESTS: Final = ("md5", "sha256", "sha1", "checksum", "etag")


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage as it ran last."""

    name: str
    command: str
    inputs: tuple[Piece, ...]
    outputs: tuple[Piece, ...]
    parameters: dict[str, dict[str, Any]]
    """By file: what was tracked of it."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """All stages of one `dvc.lock`, and what `dvc.yaml` says of them."""

    stages: tuple[Stage, ...] = ()
    metrics: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()
    parameter_files: tuple[str, ...] = ()
    artifacts: dict[str, Any] = field(default_factory=dict)
    datasets: tuple[Piece, ...] = ()
    """Data sets that `dvc dataset` pins, as they were pinned last."""

    def makes(self) -> dict[str, Stage]:
        """Return the stage that makes each path."""
        return {piece.path: stage for stage in self.stages for piece in stage.outputs}

    def behind(self, path: str) -> Pipeline:
        """Return the part that a path was made by, and that was made of it; all of it when no stage makes the path."""
        makes = self.makes()
        own = makes.get(path)
        if own is None:
            return self
        chosen, waiting = {own.name: own}, [own]
        while waiting:
            for piece in waiting.pop().inputs:
                for made, stage in makes.items():
                    if stage.name not in chosen and _overlap(made, piece.path):
                        chosen[stage.name] = stage
                        waiting.append(stage)
        after = [stage for stage in self.stages if any(_overlap(path, piece.path) for piece in stage.inputs)]
        kept = {*chosen, *(stage.name for stage in after)}
        return Pipeline(
            tuple(stage for stage in self.stages if stage.name in kept),
            self.metrics,
            self.plots,
            self.parameter_files,
            self.artifacts,
            self.datasets,
        )


def pipeline_of(lock: Any, definition: Any) -> Pipeline:
    """Return what the documents `dvc.lock` and `dvc.yaml` say; what is not as it should be is left out."""
    defined = look.members_at(definition, "stages")
    folders = {name: look.text_at(stage, "wdir") for name, stage in defined.items()}
    stages = tuple(
        _stage(str(name), stage, folders.get(str(name).partition("@")[0], ""))
        for name, stage in list(_locked(lock).items())[:_MOST_STAGES]
        if isinstance(stage, dict)
    )
    listed: dict[str, dict[str, None]] = {"metrics": {}, "plots": {}, "params": {}}
    for stage in (definition, *defined.values(), *(look.at(one, "do") for one in defined.values())):
        folder = look.text_at(stage, "wdir")
        for kind, found in listed.items():
            found.update(dict.fromkeys(_listed_paths(look.at(stage, kind), folder, kind)))
    for stage_found in stages:
        listed["params"].update(dict.fromkeys(stage_found.parameters))
    return Pipeline(
        stages,
        tuple(listed["metrics"]),
        tuple(listed["plots"]),
        tuple(listed["params"]),
        look.members_at(definition, "artifacts"),
        datasets_in(lock),
    )


def pointer_of(document: Any, path: str) -> tuple[Piece, ...]:
    """Return what a `*.dvc` file points at."""
    folder = str(PurePosixPath(path).parent)
    folder = "" if folder == "." else folder
    inputs = look.list_at(document, "deps")
    meta = look.members_at(document, "meta")
    origins = [_origin(one) for one in inputs if isinstance(one, dict)]
    return tuple(
        _piece(one, look.text_at(document, "wdir") or folder, {**meta, **look.members_at(one, "meta")}, origins)
        for one in look.list_at(document, "outs")
        if isinstance(one, dict)
    )


def data_in(pipeline: Pipeline, files: Files, artifact: str) -> list[Piece]:
    """Return the data that a pipeline begins with: what comes from outside, or out of stages that read no data."""
    makes = pipeline.makes()
    told_elsewhere = {artifact, *pipeline.metrics, *pipeline.plots}
    found: dict[str, Piece] = {}
    for stage in pipeline.stages:
        read = [piece for piece in stage.inputs if is_data(piece.path, files)]
        found.update({piece.path: piece for piece in read if not any(_overlap(made, piece.path) for made in makes)})
        if read or any(piece.path == artifact for piece in stage.outputs):
            continue
        # A stage that reads no data fetches it: what it wrote is the snapshot.
        made = [piece for piece in stage.outputs if piece.path not in told_elsewhere and not is_model(piece.path)]
        found.update({piece.path: piece for piece in made if is_data(piece.path, files)})
    return [piece for piece in found.values() if piece.path not in told_elsewhere and not is_model(piece.path)]


def feature_code(pipeline: Pipeline, files: Files, artifact: str) -> list[tuple[str, Piece]]:
    """Return the code that makes features, by the names of its stages."""
    return [
        (stage.name, piece)
        for stage in pipeline.stages
        if not any(piece.path == artifact for piece in stage.outputs)
        for piece in stage.inputs
        if files.holds(piece.path)
        and not is_data(piece.path, files)
        and not piece.path.lower().endswith(".sql")
        and (_FEATURES.search(stage.name) or _FEATURES.search(piece.path))
    ]


def is_data(path: str, files: Files) -> bool:
    """Tell whether a path is data, and not code or a setting."""
    return not files.holds(path) or _DATA.fullmatch(path) is not None


def is_model(path: str) -> bool:
    """Tell whether a path is called like a model."""
    return _MODEL.fullmatch(path) is not None


def covers(one: str, paths: Iterable[str]) -> bool:
    """Tell whether a path is one of these, or in one of them, or holds one."""
    return any(_overlap(one, path) for path in paths)


def _locked(lock: Any) -> dict[str, Any]:
    """Return the stages of a lock file; the oldest form has them right at the top."""
    if look.at(lock, "stages") is not None or look.at(lock, "schema") is not None:
        return look.members_at(lock, "stages")
    return look.members_at(lock)


def _stage(name: str, stage: dict[str, Any], folder: str) -> Stage:
    command = look.at(stage, "cmd")
    return Stage(
        name=name,
        command="\n".join(map(str, command)) if isinstance(command, list) else look.text_of(command),
        inputs=tuple(_piece(one, folder, {}, []) for one in look.list_at(stage, "deps") if isinstance(one, dict)),
        outputs=tuple(_piece(one, folder, {}, []) for one in look.list_at(stage, "outs") if isinstance(one, dict)),
        parameters={
            _joined(folder, str(file)): values
            for file, values in look.members_at(stage, "params").items()
            if isinstance(values, dict)
        },
    )


def _piece(one: dict[str, Any], folder: str, facts: dict[str, Any], origins: list[str]) -> Piece:
    if isinstance(pinned := one.get("dataset"), dict) and look.text_at(one, "path").startswith(SCHEME):
        return dataset_of(pinned)
    algorithm = next((name for name in _DIGESTS if look.text_at(one, name)), "")
    return Piece(
        path=_joined(folder, look.text_at(one, "path")),
        digest=f"{algorithm}:{look.text_at(one, algorithm)}" if algorithm else "",
        size_bytes=look.count_of(look.at(one, "size")),
        files=look.count_of(look.at(one, "nfiles")),
        facts={**({"desc": one["desc"]} if look.text_at(one, "desc") else {}), **facts},
        origin=origins[0] if origins else "",
    )


def _origin(one: dict[str, Any]) -> str:
    repository, revision = look.text_at(one, "repo", "url"), look.text_at(one, "repo", "rev_lock")
    path = look.text_at(one, "path")
    return f"{repository}:{path}@{revision[:12]}" if repository else path


def _listed_paths(listed: Any, folder: str, kind: str) -> Iterator[str]:
    """Yield paths of `metrics`, `plots` or `params`, given as texts or as objects of which the key is the path."""
    for one in listed if isinstance(listed, list) else [listed] if isinstance(listed, dict) else []:
        if isinstance(one, dict):
            # Plots may be written `name: {y: {file: column}}`: then the name is no path, and simply not there.
            yield from (_joined(folder, str(name)) for name in one if "${" not in str(name))
        elif isinstance(one, str) and "${" not in one and (kind != "params" or PurePosixPath(one).suffix in _SUFFIXES):
            yield _joined(folder, one)


_SUFFIXES: Final = frozenset({".yaml", ".yml", ".json", ".toml", ".py"})
"""Of parameter files; in a stage, a text without one is a parameter of `params.yaml`."""


def _joined(folder: str, path: str) -> str:
    if not path or "://" in path or path.startswith("/"):
        return path
    return normpath(f"{folder}/{path}") if folder else normpath(path)


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
