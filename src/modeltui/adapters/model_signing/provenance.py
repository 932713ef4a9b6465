"""Signed manifests as a source of provenance."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

from modeltui.adapters._documents.files import MEBIBYTE, Unsuitable, read_bytes, real_folder, reason
from modeltui.adapters._documents.signed_manifest import Manifest, read_manifest
from modeltui.adapters._documents.templates import check_template, filled
from modeltui.adapters._documents.threads import Threads
from modeltui.adapters._documents.words import ADDRESS, shown
from modeltui.adapters.model_signing.comparing import compare
from modeltui.adapters.model_signing.hashing import Hashing
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import ABSENT, Artifact, Known, Provenance, Unreadable
from modeltui.domain.names import UNKNOWN, ModelName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.provenance import ProvenanceSource

KIND: Final = "model-signing"
PORT: Final = SourceKind.PROVENANCE
POLL_SECONDS: Final = 60.0
_MOST_BYTES: Final = 32 * MEBIBYTE
"""100 000 files take about 20 MB."""
NOTHING: Final = Provenance(artifact=ABSENT, files=ABSENT, attestations=ABSENT)


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Signatures of models in files, one for each version."""

    path: Path
    """The folder below which they lie."""
    signature: str = "{model}/{version}/model.sig"
    """Where the signature of a version is, below `path`."""
    files: str = "{model}/{version}"
    """Where the signed files of a version are, below `path`; they are compared with the manifest where they are there.
    Empty: they are not compared."""
    hash_seconds: Annotated[float, Meta(ge=0, le=60)] = 3.0
    """Longest time spent on digests at one question; large files are hashed in instalments."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a path that cannot be meant."""
        check_template(self.signature)
        if self.files:
            check_template(self.files)


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[ProvenanceSource]:
    """Give the source; nothing is read before the first question."""
    source = SignedManifests(options, surroundings)
    try:
        yield source
    finally:
        source.stop()


class SignedManifests:
    """Reads manifests and compares them with the files; every look at the disk happens in a thread."""

    def __init__(self, options: Options, surroundings: Surroundings) -> None:
        self._options = options
        self._source = surroundings.source
        self._clock = surroundings.clock
        self._path = surroundings.base_directory / options.path.expanduser()
        self._threads = Threads(self._source, str(self._path))
        self._hashing = Hashing(surroundings.clock.boottime)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Make threads that still hash end soon."""
        self._stopped.set()

    async def read_provenance(self, model: ModelName, version: VersionId, known: Provenance) -> Provenance:
        """Return the files of a version as they were signed, and how those on disk stand to them."""
        stop = threading.Event()
        try:
            return await self._threads.run(self._provenance, model, version, _address(known), stop)
        finally:
            stop.set()

    async def probe(self) -> Probe:
        """Return whether the folder can be read."""
        started_at = self._clock.boottime()
        real = await self._threads.run(real_folder, self._source, self._path)
        says = safe_text(f"signatures are looked for below {real}; manifests are read, signatures not verified", 300)
        finding = Finding(SafeText("folder"), True, says)
        return Probe(UNKNOWN, self._clock.boottime() - started_at, 0.0, (finding,))

    def _provenance(self, model: str, version: str, address: str, stop: threading.Event) -> Provenance:
        root = real_folder(self._source, self._path)
        relative = filled(self._options.signature, model, version)
        if relative is None:
            return NOTHING
        try:
            manifest = read_manifest(read_bytes(root / relative, root, _MOST_BYTES))
        except FileNotFoundError:
            return NOTHING
        except (Unsuitable, ValueError) as error:
            owed = Unreadable(shown(f"{relative.name}: {error}", 300), self._source)
            return Provenance(artifact=owed, files=owed, attestations=owed)
        folder = filled(self._options.files, model, version) if self._options.files else None
        place = root / folder if folder else None
        sentences = [*manifest.sentences(), *self._compared(manifest, root / relative, place, root, stop)]
        return self._told(manifest, sentences, address or str(place or (root / relative).parent))

    def _told(self, manifest: Manifest, sentences: list[str], address: str) -> Provenance:
        now = self._clock.now()
        files = {shown(name, ADDRESS): safe_text(digest) for name, digest in manifest.digests.items()}
        return Provenance(
            artifact=Known(
                Artifact(shown(address, ADDRESS), safe_text(manifest.digest) if manifest.digest else UNKNOWN),
                self._source,
                now,
            ),
            files=Known(files, self._source, now),
            attestations=Known(
                tuple(shown(f"model-signing: {sentence}", ADDRESS) for sentence in sentences), self._source, now
            ),
        )

    def _compared(
        self, manifest: Manifest, signature: Path, folder: Path | None, root: Path, stop: threading.Event
    ) -> Iterator[str]:
        if folder is None or self._stopped.is_set():
            return
        until = self._clock.boottime() + self._options.hash_seconds
        try:
            if folder.is_dir() and _holds_more(folder, signature):
                yield from compare(manifest, folder, root, signature, self._hashing, until, stop).sentences()
        except OSError as error:
            yield f"the files on disk cannot be compared: {reason(error)}"


def _address(known: Provenance) -> str:
    """Return where a registry says that the version is; a manifest knows no other place."""
    return known.artifact.value.uri if isinstance(known.artifact, Known) else ""


def _holds_more(folder: Path, signature: Path) -> bool:
    """Tell whether files lie there at all: a folder with nothing but signatures is no model with all files missing."""
    with os.scandir(folder) as entries:
        return any(Path(entry.path) != signature for entry in entries)
