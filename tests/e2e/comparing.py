"""Compares two versions as the program does, over the sources of a configuration file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modeltui.config.load import Options, load
from modeltui.domain.comparison.comparing import compare
from modeltui.domain.comparison.difference import Comparison
from modeltui.domain.names import ModelName, SegmentName, VersionId
from modeltui.domain.suspects.suspect import Suspect, Symptom
from modeltui.domain.suspects.suspecting import suspects
from modeltui.domain.text import safe_text
from modeltui.wiring.observing import open_observer
from tests.e2e.stage import run


@dataclass(frozen=True, slots=True)
class Compared:
    """What the program finds."""

    comparison: Comparison

    def suspects(self, *harmed: str) -> tuple[Suspect, ...]:
        """The suspects; with segments in breach on B, those that fit them first."""
        segments = frozenset(SegmentName(safe_text(segment)) for segment in harmed)
        return suspects(self.comparison, Symptom(segments=segments, version=self.comparison.b))

    def different(self, *besides: str) -> set[str]:
        """The fields that differ, without those that begin so."""
        return {fact.field for fact in self.comparison.differences if not fact.field.startswith(besides)}


def first_suspect(config: Path, model: str, a: str, b: str) -> str:
    """The field that `modeltui compare --json` ranks first, from a process of its own; empty when there is none."""
    done = run("--config", str(config), "compare", model, a, b, "--json")
    assert done.returncode == 0, done.stderr
    ranked = json.loads(done.stdout)["suspects"]
    return str(ranked[0]["field"]) if ranked else ""


async def compared(config: Path, model: str, a: str, b: str) -> Compared:
    """Read both versions from all sources and compare them."""
    name, versions = ModelName(safe_text(model)), [VersionId(safe_text(version)) for version in (a, b)]
    async with open_observer(load(Options(config=str(config))), start_from_cache=False) as observer:
        await observer.look_once()
        await observer.read_comparison(name, *versions)
        return Compared(compare(observer.fleet, name, *versions))


def fields(found: Sequence[Suspect]) -> list[str]:
    """What the suspects are called, first one first."""
    return [suspect.field for suspect in found]
