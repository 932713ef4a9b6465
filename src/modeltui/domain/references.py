"""Which version a text means: `fraud:2.3.1`, `models:/fraud/3`, `2.3.1`, `run 9f…`; as far as anybody knows it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from modeltui.domain.fleet import Fleet, VersionKey
from modeltui.domain.lineage import Contradicted, Fact, Known
from modeltui.domain.names import ModelName, VersionId
from modeltui.domain.text import SafeText

_SCHEME: Final = "models:/"
_SEPARATORS: Final = " /@:=#"
_RUN: Final = "run "


class References:
    """What names mean in one fleet; made once, asked often."""

    def __init__(self, fleet: Fleet) -> None:
        self._models = {*fleet.models, *fleet.places, *fleet.versions, *(model for model, _ in fleet.provenance)}
        self._versions: dict[ModelName, set[VersionId]] = {}
        for model, listed in fleet.versions.items():
            self._versions.setdefault(model, set()).update(one.id for one in listed)
        for model, version in fleet.provenance:
            self._versions.setdefault(model, set()).add(version)
        for key, target in fleet.targets.items():
            self._versions.setdefault(key.model, set()).update(served.version for served in target.versions)
        self._runs = {run: key for key, one in fleet.provenance.items() for run in said(one.run)}

    def versions_of(self, model: ModelName) -> Collection[VersionId]:
        """Return the versions of a model that anybody has named."""
        return self._versions.get(model, ())

    def parent(self, text: SafeText, model: ModelName) -> VersionKey | None:
        """Return the version that a version of `model` names as its parent; None when nobody knows which it is."""
        if text.startswith(_RUN):
            return self._runs.get(text.removeprefix(_RUN).strip())
        named = self.named(text)
        if named is not None:
            return named
        version = self._version(model, text)
        return (model, version) if version in self.versions_of(model) else None

    def named(self, text: SafeText) -> VersionKey | None:
        """Return the version that a text names together with its model; None when it names no known model."""
        text = SafeText(text.removeprefix(_SCHEME).strip())
        # Names of models may hold any of the separators: the longest known one is meant.
        for end in range(len(text) - 1, 0, -1):
            if (
                text[end] in _SEPARATORS
                and (model := ModelName(SafeText(text[:end].rstrip(_SEPARATORS)))) in self._models
            ):
                rest = text[end:].strip(_SEPARATORS)
                return (model, self._version(model, rest)) if rest else None
        return None

    def _version(self, model: ModelName, text: str) -> VersionId:
        """Return the version that a text means: `v3` and `version 3` mean 3 where there is no `v3`."""
        known = self.versions_of(model)
        for spelling in (text, text.removeprefix("version").strip(), text.removeprefix("v").strip()):
            if spelling in known:
                return VersionId(SafeText(spelling))
        return VersionId(SafeText(text))


def said(fact: Fact[Any]) -> tuple[Any, ...]:
    """Return all that is said of a field: nothing, one value, or several that contradict each other."""
    if isinstance(fact, Known):
        return (fact.value,)
    return tuple(claim.value for claim in fact.claims) if isinstance(fact, Contradicted) else ()


def rows(fact: Fact[Mapping[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield the rows of a table, of all that is said of it."""
    for table in said(fact):
        yield from table.items()
