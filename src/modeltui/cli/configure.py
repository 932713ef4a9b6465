"""`modeltui config init|check|schema|show`: the configuration itself."""

from __future__ import annotations

import click


@click.group("config", help="Write, check, explain or show the configuration.")
def command() -> None:
    """Work on the configuration."""
