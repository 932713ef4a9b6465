"""What the command line says of the configuration; light, so that `--help` does not load what reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """The global options; they narrow what the file allows and never widen it."""

    config: str | None = None
    context: str | None = None
    read_only: bool = False
    ascii: bool = False
    no_color: bool = False
