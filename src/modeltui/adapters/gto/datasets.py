"""Data sets that `dvc dataset` pins (DVC 3.50 and later): a state of another repository, of DataChain, or of a bucket.

DVC notes in `dvc.lock` which state a stage ran with, beside its other inputs, and under `datasets` which is pinned now.
The state is all that it notes: DVC runs a stage again when it is another, whether or not the bytes are.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from modeltui.adapters._documents import look
from modeltui.adapters.gto.piece import Piece

SCHEME: Final = "ds://"
"""How a stage names a data set among its inputs."""
_MOST_DATASETS: Final = 500
_STATES: Final = ("version_id", "etag", "checksum", "md5")
"""What a store says of the state of one object, the most exact first."""


def datasets_in(lock: Any) -> tuple[Piece, ...]:
    """Return the data sets that a lock file pins."""
    listed = look.list_at(lock, "datasets")[:_MOST_DATASETS]
    return tuple(dataset_of(one) for one in listed if isinstance(one, dict) and look.text_at(one, "name"))


def dataset_of(pinned: dict[str, Any]) -> Piece:
    """Return a data set as it was pinned."""
    name, url, path = (look.text_at(pinned, key) for key in ("name", "url", "path"))
    meta = look.members_at(pinned, "meta")
    address = f"{url}:{path}" if path else url
    revision, version = look.text_at(pinned, "rev_lock"), look.text_at(pinned, "version")
    digest, state = "", ""
    if revision:
        digest, state = f"git:{revision}", f"@{revision[:12]}"
    elif version:
        digest, state = f"version:{version}", "" if url.endswith(f"@v{version}") else f"@v{version}"
    else:
        digest = _state_of(meta, pinned)
    taken_at = look.text_at(pinned, "created_at")
    return Piece(
        path=f"{SCHEME}{name}",
        digest=digest,
        size_bytes=look.count_of(meta.get("size")),
        files=look.count_of(meta.get("nfiles")),
        facts={
            **({"uri": f"{address}{state}"} if address else {}),
            **({"taken_at": taken_at} if taken_at else {}),
        },
        origin=address,
    )


def _state_of(meta: dict[str, Any], pinned: dict[str, Any]) -> str:
    """Return the state of an object, or of all objects in a folder; empty when the store told none of one of them."""
    files = pinned.get("files")  # all of them: a state of the first ones would be no state of the whole
    if not isinstance(files, list) or not files:
        return _state_of_object(meta)
    states = [(look.text_at(one, "relpath"), _state_of_object(look.members_at(one, "meta"))) for one in files]
    if not all(state for _, state in states):
        return ""
    told = "\n".join(f"{path}\0{state}" for path, state in sorted(states))
    return f"objects-sha256:{hashlib.sha256(told.encode('utf-8', 'replace')).hexdigest()}"


def _state_of_object(meta: dict[str, Any]) -> str:
    kind = next((kind for kind in _STATES if look.text_at(meta, kind)), "")
    return f"{kind}:{look.text_at(meta, kind)}" if kind else ""
