"""One fresh look at a registered model: its aliases, and the tags by which operators see each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

from modeltui.adapters._http import Answer
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.action_tags import ACTION_TAG, LOCK_TAG, Lock, lock_in
from modeltui.adapters.mlflow.alias_moves import AliasNames
from modeltui.domain.errors import BackendRefused
from modeltui.domain.names import Instant, Missing, TargetKey
from modeltui.domain.text import SafeText, safe_text


class _Model(Struct, frozen=True):
    name: wire.Text = ""
    aliases: list[wire.AliasRow] | None = None
    tags: list[wire.Tag] | None = None
    creation_timestamp: wire.Number = None


class _ModelAnswer(Struct, frozen=True):
    registered_model: _Model


@dataclass(frozen=True, slots=True)
class Look:
    """One fresh look at a model."""

    aliases: Mapping[str, str]
    """Version by alias, as they came: only those that the environment's roles have."""
    revision: SafeText
    lock: Lock | None
    last_key: str
    """The key of the last write of ours, by anybody."""
    server_now: float
    """The server's clock, or ours where it tells none."""

    @property
    def holder(self) -> str:
        """Who has claimed the model, in words."""
        return f"{self.lock.by or 'somebody'} ({safe_text(self.lock.key, 60)})" if self.lock else "somebody else"


def look_in(answer: Answer, target: TargetKey, names: AliasNames, our_now: Instant) -> Look:
    """Return what an answer says of the aliases of one target; `our_now` stands in for a server without a clock."""
    model = answer.json(_ModelAnswer).registered_model
    if model.name != target.model:
        raise BackendRefused(f"{answer.source} answers for another model than {target.model}", "Look at url.")
    of_roles = {*names.concerned(), names.shadow}
    aliases = {}
    for row in model.aliases or ():
        name, version = row.alias or row.alias_name, row.version or row.version_num
        if name in of_roles and name and version:
            aliases[name] = str(version)
    tags = wire.pairs(model.tags)
    pointed = " ".join(f"{name}={aliases.get(name, '-')}" for name in names.concerned())
    # A model that was deleted and made again counts from 1 again, and must not be taken for the old one.
    revision = safe_text(f"{pointed} made={model.creation_timestamp}", 300)
    now = our_now if isinstance(answer.server_date, Missing) else answer.server_date
    return Look(aliases, revision, lock_in(tags.get(LOCK_TAG, "")), tags.get(ACTION_TAG, ""), now)
