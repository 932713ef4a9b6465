"""One revision of a repository as the provenance of a version."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from modeltui.adapters._documents.front_matter import Card, read_card
from modeltui.adapters._documents.long_text import text_lines
from modeltui.adapters._documents.look import at, count_of, list_at, text_at, text_of
from modeltui.adapters._documents.words import ADDRESS, LONG_TEXT, listed, named, shown, told
from modeltui.adapters.huggingface import small_files, wire
from modeltui.adapters.huggingface.evaluations import Evaluations, evaluations_of
from modeltui.domain.errors import BackendError
from modeltui.domain.lineage import (
    ABSENT,
    UNSUPPORTED,
    Artifact,
    CodeRevision,
    DataSnapshot,
    Fact,
    Known,
    Provenance,
    Table,
    Unreadable,
)
from modeltui.domain.names import UNKNOWN, Instant, SourceName, Unknown
from modeltui.domain.requirements import requirement_lines
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

Contents = Mapping[str, bytes | BackendError]
"""Small files by path, or why they could not be read; a file that is not there is not here."""
_MOST_FILES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Parts:
    """All that was read of one revision."""

    repository: str
    version: str
    revision: wire.Revision
    commit: wire.CommitRow | BackendError | None
    contents: Contents
    address: str
    """Where people look at it: the Hub and the repository."""


def provenance_of(parts: Parts, source: SourceName, observed_at: Instant, *, commit_is_code: bool) -> Provenance:
    """Return what a revision says of itself, each field known, absent, unsupported or unreadable for itself."""
    return _Teller(parts, source, observed_at, commit_is_code).whole()


class _Teller:
    def __init__(self, parts: Parts, source: SourceName, observed_at: Instant, commit_is_code: bool) -> None:
        self._parts = parts
        self._source = source
        self._observed_at = observed_at
        self._commit_is_code = commit_is_code
        self._text, self._card = self._read_card()
        self._evaluations: Evaluations = evaluations_of(self._card.facts)

    def whole(self) -> Provenance:
        config = self._object(small_files.CONFIG)
        return Provenance(
            registered=self._registered(),
            owner=self._fact(shown(self._parts.revision.author or self._parts.repository.rpartition("/")[0])),
            artifact=self._artifact(),
            files=self._fact({shown(path, ADDRESS): digest for path, digest in self._files()}),
            architecture=self._of(config, lambda found: shown(small_files.architecture(found))),
            data_snapshots=self._of_card(self._snapshots()),
            code=self._code(),
            parameters=self._of(config, small_files.parameters),
            metrics=self._of_card(self._evaluations.metrics),
            segment_metrics=self._of_card(self._evaluations.segment_metrics),
            requirements=self._requirements(),
            runtime=self._of(config, small_files.runtime),
            parents=self._parents(),
            prompts=self._prompts(),
            llm_system=self._base_model(),
            model_card=self._model_card(),
            serving_config=self._of(self._object(small_files.GENERATION), small_files.generation),
            tags=self._fact(self._tags()),
        )

    def _known(self, value: T) -> Known[T]:
        return Known(value, self._source, self._observed_at)

    def _fact(self, value: T) -> Fact[T]:
        return self._known(value) if value else ABSENT

    def _owed(self, reason: str) -> Unreadable:
        return Unreadable(shown(reason, 300), self._source)

    def _content(self, path: str) -> str | Unreadable | None:
        """Return a text file; None when there is none."""
        found = self._parts.contents.get(path)
        if isinstance(found, BackendError):
            return self._owed(f"{path}: {found.title}")
        return None if found is None else found.decode("utf-8", "replace").removeprefix("\ufeff")

    def _object(self, path: str) -> Mapping[str, Any] | Unreadable | None:
        found = self._parts.contents.get(path)
        if found is None or isinstance(found, BackendError):
            return None if found is None else self._owed(f"{path}: {found.title}")
        try:
            return small_files.read_object(found)
        except ValueError as error:
            return self._owed(f"{path}: {error}")

    def _of(self, config: Mapping[str, Any] | Unreadable | None, read: Callable[[Mapping[str, Any]], T]) -> Fact[T]:
        if config is None:
            return ABSENT
        return config if isinstance(config, Unreadable) else self._fact(read(config))

    def _read_card(self) -> tuple[str | Unreadable | None, Card]:
        text = self._content(small_files.CARD)
        return text, read_card(text) if isinstance(text, str) else Card({})

    def _of_card(self, value: T) -> Fact[T]:
        """Return a fact of the card; unreadable when the card, or what stands above its text, cannot be read."""
        if value:
            return self._known(value)
        if isinstance(self._text, Unreadable):
            return self._text
        return self._owed(f"{small_files.CARD}: {self._card.trouble}") if self._card.trouble else ABSENT

    def _model_card(self) -> Fact[tuple[SafeText, ...]]:
        if self._text is None or isinstance(self._text, Unreadable):
            return ABSENT if self._text is None else self._text
        return self._fact(text_lines(self._text.strip("\r\n")))

    def _registered(self) -> Fact[SafeText]:
        commit = self._parts.commit
        if isinstance(commit, BackendError):
            return self._owed(commit.title)
        authors = [author.user or "" for author in commit.authors or ()] if commit else []
        return self._fact(shown(", ".join(author for author in authors if author)))

    def _files(self) -> Iterator[tuple[str, SafeText]]:
        for sibling in (self._parts.revision.siblings or [])[:_MOST_FILES]:
            if sibling.rfilename and sibling.lfs is not None and sibling.lfs.sha256:
                yield sibling.rfilename, safe_text(f"sha256:{sibling.lfs.sha256.lower()}")
            elif sibling.rfilename and sibling.blobId:
                yield sibling.rfilename, safe_text(f"git-sha1:{sibling.blobId.lower()}")

    def _artifact(self) -> Fact[Artifact]:
        """Return where the revision is; its digest is that of the only large file, or one over those of all."""
        commit = self._parts.revision.sha
        large = sorted((path, digest) for path, digest in self._files() if digest.startswith("sha256:"))
        sizes = [sibling.lfs.size for sibling in self._parts.revision.siblings or () if sibling.lfs is not None]
        whole = [size for size in sizes if size is not None]
        digest: SafeText | Unknown = UNKNOWN
        if len(large) == 1:
            digest = large[0][1]
        elif large:
            manifest = hashlib.sha256("".join(f"{path}\0{one}\n" for path, one in large).encode())
            digest = safe_text(f"sha256-of-{len(large)}-files:{manifest.hexdigest()}")
        return self._known(
            Artifact(
                shown(f"{self._parts.address}/tree/{commit or self._parts.version}", ADDRESS),
                digest,
                sum(whole) if whole and len(whole) == len(sizes) else UNKNOWN,
            )
        )

    def _code(self) -> Fact[CodeRevision]:
        commit = self._parts.revision.sha
        if not self._commit_is_code:
            return UNSUPPORTED
        return self._known(CodeRevision(shown(commit), shown(self._parts.address, ADDRESS))) if commit else ABSENT

    def _snapshots(self) -> tuple[DataSnapshot, ...]:
        named = self._card.facts.get("datasets")
        found = []
        for text in _texts(named):
            name, _, revision = text.partition("@")
            found.append(DataSnapshot(shown(name), told(revision), used_for=shown("training")))
        return (*dict.fromkeys(found), *self._evaluations.snapshots)

    def _requirements(self) -> Fact[tuple[SafeText, ...]]:
        text = self._content(small_files.REQUIREMENTS)
        if text is None or isinstance(text, Unreadable):
            return ABSENT if text is None else text
        return self._fact(requirement_lines(text))

    def _base_model(self) -> Fact[Table]:
        def read(config: Mapping[str, Any]) -> Table:
            name = small_files.adapted(config)
            return {shown("base model"): shown(name, ADDRESS)} if name else {}

        return self._of(self._object(small_files.ADAPTER), read)

    def _parents(self) -> Fact[tuple[SafeText, ...]]:
        base = _texts(self._card.facts.get("base_model"))
        adapter = self._object(small_files.ADAPTER)
        pinned = small_files.adapted(adapter) if isinstance(adapter, Mapping) else ""
        base = [one for one in base if not pinned.startswith(f"{one}@")]
        fact = self._of_card(listed([*([pinned] if pinned else []), *base], ADDRESS))
        if not isinstance(adapter, Unreadable):
            return fact
        return replace(fact, lacks=adapter.reason) if isinstance(fact, Known) else adapter

    def _prompts(self) -> Fact[Table]:
        text = self._content(small_files.TEMPLATE)
        if text is None or isinstance(text, Unreadable):
            return ABSENT if text is None else text
        return self._fact({shown("chat template"): named("", text, LONG_TEXT)})

    def _tags(self) -> Table:
        revision, facts = self._parts.revision, self._card.facts
        commit = self._parts.commit
        own = {
            "commit": revision.sha or "",
            "commit title": (commit.title or "") if isinstance(commit, wire.CommitRow) else "",
            "task": revision.pipeline_tag or text_at(facts, "pipeline_tag"),
            "library": revision.library_name or text_at(facts, "library_name"),
            "license": ", ".join(_texts(facts.get("license"))),
            "language": ", ".join(_texts(facts.get("language"))),
            "relation to base model": text_at(facts, "base_model_relation"),
            "replaced by": text_at(facts, "new_version"),
            "gated": "" if revision.gated in (None, False) else text_of(revision.gated) or "yes",
            "labels": ", ".join(text for one in list_at({"tags": revision.tags}, "tags") if (text := text_of(one))),
        }
        total = count_of(at(revision.safetensors, "total"))
        own["weights in all"] = str(total) if total is not None else ""
        return {shown(name): named(name, value) for name, value in own.items() if value}


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text.strip() for one in values if (text := text_of(one)).strip()]
