"""The bytes that a version stands for: made by a stage of DVC, pointed at by DVC or Git LFS, or in git itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from modeltui.adapters._documents import look
from modeltui.adapters.gto.layout import Files, Unsuitable
from modeltui.adapters.gto.piece import Piece
from modeltui.adapters.gto.pipeline import Pipeline, is_model
from modeltui.domain.lineage import Artifact, Table
from modeltui.domain.names import UNKNOWN
from modeltui.domain.text import safe_text

_LFS: Final = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*"
    rb"oid sha256:(?P<oid>[0-9a-f]{64})\nsize (?P<size>\d{1,18})\n?"
)
_IN_GIT: Final = re.compile(r"(?:models?/)?model\.[\w.]+|models?/.+|weights/.+")
_NO_MODEL: Final = re.compile(r".*\.(?:md|txt|ya?ml|json|toml|dvc|gitignore|gitattributes|py|ipynb|sig)|.*/\.git\w+")
_MOST_FILES: Final = 500


@dataclass(frozen=True, slots=True)
class Annotation:
    """What `dvc.yaml` (or the older `artifacts.yaml`) says of an artifact."""

    path: str = ""
    kind: str = ""
    description: str = ""
    labels: tuple[str, ...] = ()
    facts: Mapping[str, Any] | None = None
    """`meta`: whatever a team notes."""


def annotation_of(name: str, *documents: Any) -> Annotation:
    """Return what the first document that knows an artifact says of it; a document is `dvc.yaml`'s `artifacts`."""
    for document in documents:
        one = look.at(document, name)
        if isinstance(one, dict):
            labels = look.at(one, "labels")
            listed = labels if isinstance(labels, list) else list(labels) if isinstance(labels, dict) else []
            return Annotation(
                path=look.text_at(one, "path").removeprefix("./"),
                kind=look.text_at(one, "type"),
                description=look.text_at(one, "desc") or look.text_at(one, "description"),
                labels=tuple(look.text_of(label) for label in listed if look.text_of(label)),
                facts=look.members_at(one, "meta") or look.members_at(one, "custom"),
            )
    return Annotation()


def path_of(annotation: Annotation, pipeline: Pipeline, pointers: Sequence[Piece], files: Files) -> str:
    """Return where the bytes are, or were when the version was made; empty when nothing looks like them."""
    if annotation.path:
        return annotation.path
    made = [piece.path for stage in reversed(pipeline.stages) for piece in stage.outputs]
    candidates = [path for path in (*made, *(piece.path for piece in pointers)) if is_model(path)]
    return candidates[0] if candidates else next(iter(_in_git(files)), "")


def weights_in_git(path: str, files: Files) -> list[str]:
    """Return the files that git holds at a path: one, or those of a folder."""
    if path in files:
        return [path]
    below = sorted(one for one in files.entries if path and one.startswith(f"{path}/"))
    return [one for one in below if not _NO_MODEL.fullmatch(one)][:_MOST_FILES]


def artifact_at(path: str, pieces: Sequence[Piece], files: Files) -> Artifact | None:
    """Return the bytes at a path; None when nothing is known of them. The files there must have been read."""
    piece = next((piece for piece in pieces if piece.path == path and piece.digest), None)
    uri = safe_text(path, 1_000)
    if piece is not None:
        size = piece.size_bytes
        return Artifact(uri, safe_text(piece.digest), UNKNOWN if size is None else size)
    held = weights_in_git(path, files)
    if not held and "://" in path:
        return Artifact(uri)
    if not held:
        return Artifact(uri, is_reachable=False) if path else None
    found = [_weights(one, files) for one in held]
    if len(found) == 1:
        return Artifact(uri, safe_text(found[0][0]), UNKNOWN if found[0][1] is None else found[0][1], found[0][2])
    manifest = hashlib.sha256(
        "".join(f"{one}\0{digest}\n" for one, (digest, _, _) in zip(held, found, strict=True)).encode(
            "utf-8", "surrogateescape"
        )
    )
    sizes = [size for _, size, _ in found if size is not None]
    return Artifact(
        uri,
        safe_text(f"sha256-of-{len(found)}-files:{manifest.hexdigest()}"),
        sum(sizes) if len(sizes) == len(found) else UNKNOWN,
        all(is_here for _, _, is_here in found),
    )


def file_digests(path: str, files: Files) -> Table:
    """Return the digest of each file of a folder that git holds; empty for a single file."""
    held = weights_in_git(path, files)
    if held in ([], [path]):
        return {}
    return {safe_text(one[len(path) + 1 :], 400): safe_text(_weights(one, files)[0]) for one in held}


def _weights(path: str, files: Files) -> tuple[str, int | None, bool]:
    """Return digest and size of a file, and whether its bytes are in git; Git LFS keeps them elsewhere."""
    try:
        pointer = _LFS.fullmatch(files.raw(path)[:1_024])
    except Unsuitable:
        pointer = None
    if pointer is not None:
        return f"sha256:{pointer['oid'].decode()}", int(pointer["size"]), False
    return f"git-blob:{files.entries[path].oid}", files.size_bytes(path), True


def _in_git(files: Files) -> list[str]:
    return [
        path
        for path in sorted(files.entries)
        if _IN_GIT.fullmatch(path) and not _NO_MODEL.fullmatch(path) and files.entries[path].is_file
    ]
