"""What served when, as rows of text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from modeltui.domain.journal.serving_history import Basis, Interval
from modeltui.domain.names import Missing
from modeltui.present import format as form
from modeltui.present.times import both_date_times

_HEADINGS = (
    "MODEL",
    "ENV",
    "VERSION",
    "SHARE",
    "SINCE",
    "UNTIL",
    "BY WHOSE WORD",
    "DONE BY",
    "APPROVED BY",
    "DATA",
    "SEQ",
)
_BASIS = {
    Basis.REGISTRY: "the controller's or registry's memory",
    Basis.ACTION: "our action, seen",
    Basis.OBSERVATION: "seen in passing",
    Basis.GAP: "nobody looked",
}


def serving_rows(found: Iterable[Interval], zone: tzinfo) -> list[list[str]]:
    """Return heading and rows; a gap is a row of its own, with no version in it."""
    return [list(_HEADINGS), *(_row(one, zone) for one in found)]


def _row(one: Interval, zone: tzinfo) -> list[str]:
    since = both_date_times(one.since, zone)
    until = both_date_times(one.until, zone)
    return [
        str(one.target.model),
        str(one.target.environment),
        "GAP" if isinstance(one.version, Missing) else str(one.version),
        form.MISSING if isinstance(one.share, Missing) else form.percent(one.share),
        f"{since} or earlier" if one.since_or_earlier else since,
        f"{until} or later" if one.until_or_later else until,
        _BASIS[one.basis],
        form.MISSING if isinstance(one.done_by, Missing) else str(one.done_by),
        ", ".join(one.approvals) or form.MISSING,
        ", ".join(one.data) or form.MISSING,
        ", ".join(f"#{seq}" for seq in one.seqs) or form.MISSING,
    ]
