"""Gold: the last three known good versions of each target, by evidence. They are never pruned."""

from __future__ import annotations

from typing import Final

from modeltui.domain.acting.situation import trusted_versions
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.known_good import KnownGood

GOLD: Final = 3
"""So many known good versions are kept for each target."""


def gold_of(fleet: Fleet, target: Target) -> tuple[KnownGood, ...]:
    """Return the last three known good versions of a target, the newest first; fewer when no more are known."""
    return trusted_versions(fleet, target, fleet.at)[:GOLD]
