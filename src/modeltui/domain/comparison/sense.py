"""Which way a metric gets better, and its unit: by its name, or as the team says; where neither knows, unknown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from modeltui.domain.text import SafeText


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sense:
    """How to read a metric."""

    better: Better = Better.UNKNOWN
    unit: SafeText = SafeText("")
