"""What things are called, and when they happened."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, NewType, TypeAlias

from modeltui.domain.text import SafeText

ModelName = NewType("ModelName", SafeText)
VersionId = NewType("VersionId", SafeText)
"""Always text: 1.10 is not 1.1."""
Environment = NewType("Environment", SafeText)
SignalName = NewType("SignalName", SafeText)
SegmentName = NewType("SegmentName", SafeText)
"""`dimension=value`, as in `region=hk`."""
SourceName = NewType("SourceName", SafeText)

Instant = NewType("Instant", float)
"""Seconds since the Unix epoch, UTC."""


class Missing(Enum):
    """Why there is no value. Never a number, never equal to one."""

    NO_DATA = "no data"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        return False


NO_DATA: Final = Missing.NO_DATA
"""The backend could have said it and has nothing."""
UNKNOWN: Final = Missing.UNKNOWN
"""Nobody who was asked can say."""

NoData: TypeAlias = Missing
Unknown: TypeAlias = Missing
"""Two names of one type: a signature says which to expect; `isinstance(x, Missing)` tells it from a value."""


@dataclass(frozen=True, slots=True, order=True)
class TargetKey:
    """One place where a model serves: model × environment."""

    model: ModelName
    environment: Environment

    def __str__(self) -> str:
        return f"{self.model}@{self.environment}"
