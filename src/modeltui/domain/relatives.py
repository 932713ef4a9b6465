"""What the versions that serve, of any model, are made of and derived from; and what nobody knows of that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modeltui.domain.ancestry import named_by
from modeltui.domain.fleet import Fleet, Target, VersionKey
from modeltui.domain.lineage import Provenance, Unreadable
from modeltui.domain.names import Missing, ModelName, VersionId
from modeltui.domain.references import References
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.told import told_of


@dataclass(frozen=True, slots=True)
class Need:
    """A version that serves needs a version of one model, or may need it."""

    why: str
    """`member`, `parent` or `not known`."""
    says: SafeText
    version: VersionId | None = None
    """The version that is needed; None: nobody knows which, it may be any."""
    mentions: SafeText = SafeText("")
    """Instead of a version: a text that may mean those whose name stands in it."""

    def concerns(self, version: VersionId) -> bool:
        """Tell whether it is this version, or may be."""
        if self.mentions:
            return re.search(rf"(?<![\w.]){re.escape(version)}(?![\w]|\.\w)", self.mentions) is not None
        return self.version is None or self.version == version


def needs_of_serving(fleet: Fleet, model: ModelName, references: References) -> tuple[Need, ...]:
    """Return what serving versions need of `model`; of versions that nobody has read, that they may need any."""
    return tuple(
        dict.fromkeys(need for key in serving_versions(fleet) for need in _needs(fleet, key, model, references))
    )


def serving_versions(fleet: Fleet) -> tuple[VersionKey, ...]:
    """Return every version that a target has anything to do with: it serves, should serve, is tried or measured."""
    found = [(target.key.model, one) for target in fleet.targets.values() for one in sorted(versions_on(target))]
    return tuple(dict.fromkeys(found))


def versions_on(target: Target) -> set[VersionId]:
    """Return the versions that a target has anything to do with."""
    named = {served.version for served in target.versions}
    if isinstance(target.rollout, Rollout):
        rollout = target.rollout
        named |= {*rollout.weights, *(job.version for job in rollout.jobs)}
        named |= {one for one in (rollout.stable, rollout.candidate, rollout.shadow) if not isinstance(one, Missing)}
    return named


def _needs(fleet: Fleet, key: VersionKey, model: ModelName, references: References) -> Iterator[Need]:
    told = told_of(fleet, key)
    name = f"{key[0]} {key[1]}"
    if isinstance(told, Missing):
        # Of its own model a version may always be made; of another one nobody knows before it is read.
        yield Need("not known", safe_text(f"nobody has read what {name} is made of, and it serves"))
        return
    yield from _unread_parts(fleet, key, told, name)
    for relation, text, named in named_by(told, key[0], references):
        if named is not None and named[0] == model and named != key:
            why = "parent" if relation.value == "parent" else "member"
            says = f"{name}, which serves, {'was derived from' if why == 'parent' else 'is made of'} it"
            yield Need(why, safe_text(says), named[1])
        elif named is None and (key[0] == model or model in text):
            says = f"{name}, which serves, names as its parent {text}: nobody knows which version that is"
            yield Need("not known", safe_text(says, 400), mentions=text)


def _unread_parts(fleet: Fleet, key: VersionKey, told: Provenance, name: str) -> Iterator[Need]:
    """Yield what may be needed, because somebody could not say what a serving version needs."""
    for source, reason in fleet.untold.get(key, {}).items():
        yield Need(
            "not known", safe_text(f"{source} could not say what {name} is made of, and it serves: {reason}", 400)
        )
    for fact, words in ((told.components, "members"), (told.parents, "parents")):
        if isinstance(fact, Unreadable) and key not in fleet.untold:
            says = f"the {words} of {name}, which serves, cannot be read: {fact.reason}"
            yield Need("not known", safe_text(says, 400))
