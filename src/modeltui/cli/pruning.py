"""What `modeltui journal prune` does: the months that have been kept long enough go, and what went is said."""

from __future__ import annotations

import asyncio

from modeltui.cli.acting_session import say_refusal
from modeltui.cli.output import data, note
from modeltui.config.load import Options, load
from modeltui.config.schema import Mode
from modeltui.domain.acting.action import Refusal
from modeltui.domain.text import SafeText


def prune_journal(options: Options, *, dry_run: bool) -> int:
    """Drop old months, print their names, and return the exit code."""
    loaded = load(options)
    if loaded.context.mode is Mode.READ_ONLY and not dry_run:
        refusal = Refusal(SafeText("a read-only session drops nothing"), SafeText("--dry-run says what would go"))
        return say_refusal(refusal)
    from modeltui.wiring.pruning import prune

    gone = asyncio.run(prune(loaded, dry_run=dry_run))
    if isinstance(gone, Refusal):
        return say_refusal(gone)
    data(gone)
    what = "would be dropped" if dry_run else "dropped"
    days = loaded.context.journal.retention_days
    note(f"modeltui: {len(gone)} months {what}; {days} days are kept")
    return 0
