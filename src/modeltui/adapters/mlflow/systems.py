"""What makes a version that is more than one model: prompts, parts of an LLM system, members, an agent's effects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from modeltui.adapters._documents.case_tables import as_text
from modeltui.adapters._documents.long_text import whole_text
from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.facts import Facts
from modeltui.adapters.mlflow.parts import Parts
from modeltui.adapters.mlflow.places import ProvenanceMap, places
from modeltui.adapters.mlflow.prompts import LONGEST_PROMPT
from modeltui.domain.lineage import ABSENT, Fact, Gap, Table, Unreadable
from modeltui.domain.names import ModelName, VersionId
from modeltui.domain.text import SafeText, safe_text

_ONLY_BESIDE_OTHERS: Final = ("temperature", "top_p", "embedding")
"""Names that a network or a calibration has too: alone they do not make an LLM system."""


def prompts_of(parts: Parts, facts: Facts, where: ProvenanceMap) -> Fact[Table]:
    """Return the texts of prompts: those that the registry links, and those in tags and parameters."""
    written = facts.values(where.prompts)
    own = {} if isinstance(written, Unreadable | Gap) else written
    texts = {wire.shown(name): whole_text(own[name], LONGEST_PROMPT, name) for name in sorted(own)}
    lacks = facts.unreadable(parts.prompts.lacks) if parts.prompts.lacks else facts.trouble(where.prompts)
    found = {**texts, **parts.prompts.texts}
    return facts.known(found, lacks) if found else lacks or ABSENT


def llm_system_of(facts: Facts, where: ProvenanceMap) -> Fact[Table]:
    """Return base model, retrieval, guardrails, tools and orchestration."""
    names = {name for place in places(where.llm_system) for name, _ in facts.lookup.seen(place)}
    if names and all(name.startswith(_ONLY_BESIDE_OTHERS) for name in names):
        return facts.trouble(where.llm_system) or ABSENT
    return facts.table(where.llm_system)


def components_of(facts: Facts, where: ProvenanceMap) -> Fact[Mapping[ModelName, VersionId]]:
    """Return the members of an ensemble, with their versions."""
    values = facts.values(where.components)
    if isinstance(values, Unreadable | Gap):
        return values
    members = {ModelName(wire.shown(name)): VersionId(wire.shown(values[name])) for name in sorted(values)}
    return facts.known(members, facts.trouble(where.components))


def effects_of(facts: Facts, where: ProvenanceMap) -> Fact[tuple[SafeText, ...]]:
    """Return what an agent has done to other systems."""
    value = facts.first(where.external_effects)
    if not isinstance(value, str):
        return value
    try:
        listed = json.loads(value)
    except (ValueError, RecursionError):
        listed = None
    lines = [as_text(effect) for effect in listed] if isinstance(listed, list) else value.splitlines()
    effects = tuple(safe_text(line, wire.LONG_TEXT) for line in lines if line.strip())
    return facts.known(effects) if effects else ABSENT
