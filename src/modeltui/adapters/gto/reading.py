"""One repository as a registry reads it: its tags as they are now, and what each commit says, read once."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

from modeltui.adapters._documents import look
from modeltui.adapters._documents.yaml_text import parse_yaml
from modeltui.adapters._git import MEBIBYTE, Repository
from modeltui.adapters.gto.artifacts import Annotation, annotation_of
from modeltui.adapters.gto.state import ArtifactState, state_of
from modeltui.adapters.gto.tags import Event, Name, parsed_name, parsed_tag
from modeltui.domain.masking import without_tokens
from modeltui.domain.text import SafeText, safe_text

_TAGS: Final = "refs/tags/"
_MOST_TAG_BYTES: Final = 64 * 1024
_MOST_BYTES: Final = 48 * MEBIBYTE
_MOST_KEPT: Final = 512
_DEFINITION: Final = "dvc.yaml"
_LEGACY: Final = "artifacts.yaml"


@dataclass(frozen=True, slots=True)
class State:
    """All that the tags say at one moment."""

    artifacts: dict[str, ArtifactState]
    gone: frozenset[str]
    """Commits that tags mark and that are not there."""
    warnings: tuple[SafeText, ...]


class TagReader:
    """Reads tags; those that it has seen it does not read again."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._seen: tuple[list[tuple[str, str]], State] | None = None
        self._annotations: OrderedDict[tuple[str, str], Annotation] = OrderedDict()

    async def state(self) -> State:
        """Return what the tags say now; in one process of git when nothing is new, else in three more."""
        refs = await self._repository.refs(_TAGS)
        if self._seen is not None and self._seen[0] == refs:
            return self._seen[1]
        named = [(oid, tag, name) for oid, tag in refs if (name := parsed_name(tag)) is not None]
        found = await self._repository.contents([oid for oid, _, _ in named], _MOST_TAG_BYTES, _MOST_BYTES)
        events, odd = [], []
        for oid, tag, name in named:
            event = _event(tag, name, found[oid].content, found[oid].kind)
            if isinstance(event, Event):
                events.append(event)
            else:
                odd.append(f"the tag {tag} {event}")
        gone = await self._repository.missing([event.commit for event in events])
        odd += [f"the tag {event.tag} marks a commit that is not there" for event in events if event.commit in gone]
        state = State(state_of(events), gone, tuple(safe_text(says, 300) for says in odd))
        self._seen = (refs, state)
        return state

    async def annotations(self, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], Annotation]:
        """Return what `dvc.yaml` or `artifacts.yaml` says of artifacts, by name and commit."""
        new = [key for key in dict.fromkeys(wanted) if key not in self._annotations]
        names = [f"{commit}:{path}" for artifact, commit in new for path in _documents(artifact)]
        found = await self._repository.contents(names, MEBIBYTE, _MOST_BYTES)
        for artifact, commit in new:
            defined, legacy = (found[f"{commit}:{path}"].content for path in _documents(artifact))
            name = artifact.rpartition(":")[2]
            self._annotations[artifact, commit] = annotation_of(
                name, look.at(_parsed(defined), "artifacts"), _parsed(legacy)
            )
        told = {key: self._annotations[key] for key in wanted}
        while len(self._annotations) > _MOST_KEPT:
            self._annotations.popitem(last=False)
        return told


def folder_of(artifact: str) -> str:
    """Return the folder of an artifact, empty or with a slash at its end."""
    folder = artifact.rpartition(":")[0].strip("/")
    return f"{folder}/" if folder and folder != "." else ""


async def name_of(repository: Repository) -> SafeText:
    """Return how others call the repository: the address it was cloned from; where it lies when it was not."""
    if repository.address.is_remote:
        return repository.address.shown
    origin = await repository.setting("remote.origin.url")
    return safe_text(without_tokens(origin), 1_000) if origin else repository.address.shown


def _event(tag: str, name: Name, content: bytes | None, kind: str) -> Event | str:
    if kind == "missing":
        return "is broken: its object is not there"
    if kind != "tag":
        return "is not annotated: it says neither who nor when, and counts as none, as for GTO"
    event = parsed_tag(tag, name, content) if content is not None else None
    return "marks no commit, or is larger than tags are" if event is None else event


def _documents(artifact: str) -> tuple[str, str]:
    folder = folder_of(artifact)
    return f"{folder}{_DEFINITION}", f"{folder}{_LEGACY}"


def _parsed(content: bytes | None) -> Any:
    if content is None:
        return None
    try:
        return parse_yaml(content.decode("utf-8", "replace"))
    except ValueError:
        return None  # told with the provenance
