"""People, places and times that policies are tried on."""

from __future__ import annotations

from datetime import UTC

from modeltui.domain.acting.freeze import Weekly
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, TargetKey
from modeltui.domain.text import SafeText

NOW = Instant(1_767_268_800.0)  # a Thursday, noon in UTC
FRAUD = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod-hk")))
STAGING = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("staging")))
KEY = SafeText("SHA256:" + "A" * 43)
ALWAYS = (Weekly(0, 0, UTC),)


def text(word: str) -> SafeText:
    """Return a word as policies have it."""
    return SafeText(word)


def names(*words: str) -> frozenset[SafeText]:
    """Return names as policies have them."""
    return frozenset(SafeText(word) for word in words)


def person(name: str, assurance: Assurance = Assurance.OS_USER, key: SafeText | None = None) -> Actor:
    """Return somebody who is known that surely."""
    return Actor(text(name), assurance, text(name), text("ops1"), UNKNOWN if key is None else key)
