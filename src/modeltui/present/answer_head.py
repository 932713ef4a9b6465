"""What every answer for machines begins with."""

from __future__ import annotations

from typing import Any

from modeltui.domain.fleet import Fleet
from modeltui.present import format as form


def answer_head(schema: str, fleet: Fleet) -> dict[str, Any]:
    """Return the shape's name and version, when and where was looked, and whether all of it is simulated."""
    return {
        "schema": schema,
        "at": form.rfc3339(fleet.at),
        "context": fleet.context.name,
        "simulated": fleet.context.simulated,
    }
