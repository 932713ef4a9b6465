"""Bills of material as a source of provenance."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from modeltui.adapters._documents.files import Unsuitable, real_folder
from modeltui.adapters._documents.one_teller import as_one
from modeltui.adapters._documents.templates import check_template, filled
from modeltui.adapters._documents.threads import Threads
from modeltui.adapters._documents.words import shown
from modeltui.adapters.cyclonedx.documents import Documents, Found
from modeltui.adapters.cyclonedx.telling import NOTHING, provenance_of
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import FIELDS, UNSUPPORTED, Provenance, Unreadable
from modeltui.domain.names import UNKNOWN, ModelName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Finding, Probe
from modeltui.ports.provenance import ProvenanceSource

KIND: Final = "cyclonedx"
PORT: Final = SourceKind.PROVENANCE
POLL_SECONDS: Final = 60.0
_MOST_FINDINGS: Final = 20


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """CycloneDX documents in JSON, 1.5 to 1.7, in files."""

    path: Path
    """The folder below which they lie."""
    document: str = "{model}/{version}/bom.json"
    """Where the document of a version is, below `path`. Empty: nowhere in particular."""
    scan: tuple[str, ...] = ()
    """Shell patterns of further documents below `path`, such as `*.cdx.json`: found by the models that they name."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a path that cannot be meant."""
        if self.document:
            check_template(self.document)
        elif not self.scan:
            raise ValueError("give document, scan or both")


@asynccontextmanager
async def connect(options: Options, surroundings: Surroundings) -> AsyncIterator[ProvenanceSource]:
    """Give the source; nothing is read before the first question."""
    yield BillsOfMaterial(options, surroundings)


class BillsOfMaterial:
    """Reads documents; every look at the disk happens in a thread."""

    def __init__(self, options: Options, surroundings: Surroundings) -> None:
        self._options = options
        self._source = surroundings.source
        self._clock = surroundings.clock
        self._path = surroundings.base_directory / options.path.expanduser()
        self._threads = Threads(self._source, str(self._path))
        self._documents = Documents(options.scan)

    async def read_provenance(self, model: ModelName, version: VersionId, known: Provenance) -> Provenance:
        """Return what the documents about a version say of it."""
        return await self._threads.run(self._provenance, model, version, known)

    async def probe(self) -> Probe:
        """Return whether the folder can be read, and which documents cannot."""
        started_at = self._clock.boottime()
        findings = await self._threads.run(self._findings)
        return Probe(UNKNOWN, self._clock.boottime() - started_at, 0.0, findings)

    def _provenance(self, model: str, version: str, known: Provenance) -> Provenance:
        root = real_folder(self._source, self._path)
        place = filled(self._options.document, model, version) if self._options.document else None
        found: list[Found] = []
        trouble = ""
        if place is not None:
            try:
                found.append(self._documents.at_place(root, place, model, version))
            except FileNotFoundError:
                pass
            except (Unsuitable, ValueError) as error:
                trouble = f"{place}: {error}"
        found += self._documents.about(root, model, version, place)
        now = self._clock.now()
        told = {one.place: provenance_of(one.bill, one.model, one.place, known, self._source, now) for one in found}
        if not told:
            return self._owed(trouble) if trouble else NOTHING
        return next(iter(told.values())) if len(told) == 1 else as_one(told, self._source)

    def _owed(self, trouble: str) -> Provenance:
        owed = Unreadable(shown(trouble, 300), self._source)
        return Provenance(**{name: owed for name in FIELDS if getattr(NOTHING, name) is not UNSUPPORTED})

    def _findings(self) -> tuple[Finding, ...]:
        root = real_folder(self._source, self._path)
        headings = self._documents.headings(root)
        count = sum(len(heading.models) for heading in headings.values())
        says = f"{len(headings)} documents about {count} versions" if self._options.scan else f"documents are in {root}"
        findings = [Finding(SafeText("documents"), True, safe_text(says, 300))]
        findings += [
            Finding(
                SafeText("document"),
                False,
                safe_text(f"{path}: {heading.trouble}", 300),
                SafeText("Correct it, or narrow scan so that it is left out."),
            )
            for path, heading in headings.items()
            if heading.trouble
        ]
        return tuple(findings[:_MOST_FINDINGS])
