"""Which versions nobody needs any more and what keeps the others, in words and for machines. Nothing is deleted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing, ModelName, VersionId
from modeltui.domain.retained import Keep, Retained, Retention, Verdict
from modeltui.present.compare_values import number_words

NOTHING_DELETED: Final = "nothing was deleted: modeltui has nothing that deletes; prune in the registry itself"
_MOST_REASONS: Final = 2
_MOST_NAMED: Final = 5


def retention_rows(found: Retention, *, everything: bool) -> list[list[str]]:
    """Return heading and rows: a version, whether it may be pruned, its size, and what keeps it."""
    rows = [["VERSION", "PRUNE", "SIZE", "BECAUSE"]]
    for one in found.versions:
        own = [reason for reason in one.reasons if everything or reason not in found.troubles]
        # What is certain comes first: it says 'never', the rest only 'not yet'.
        said = [str(reason.says) for reason in sorted(own, key=lambda reason: reason.why is Keep.UNKNOWN)]
        if not everything and len(said) > _MOST_REASONS:
            said = [*said[:_MOST_REASONS], f"+{len(said) - _MOST_REASONS} more"]
        if not said:
            said = ["as below, for all versions"] if one.reasons else ["nothing needs it"]
        rows.append([str(one.version), one.verdict.value, _size(one), "; ".join(said)])
    return rows


def _size(one: Retained) -> str:
    return "?" if isinstance(one.size_bytes, Missing) else f"{number_words(float(one.size_bytes))}B"


def scope_words(fleet: Fleet, model: ModelName, others: Sequence[str]) -> str:
    """Return where was looked, and where not: a version may serve in a place that this context does not have."""
    places = [str(target.key.environment) for target in fleet.environments_of(model)]
    looked = f"looked at {', '.join(places) or 'no target'} in context {fleet.context.name}"
    unseen = f"; not at contexts {', '.join(others)} of the same configuration" if others else ""
    return f"{looked}{unseen}: what serves elsewhere is not known here"


def retention_lines(found: Retention, scope: str) -> list[str]:
    """Return what keeps all versions, how many may go, what that would free, and where was looked."""
    lines = [f"keeps every version: {reason.says}" for reason in found.troubles]
    verdicts = Counter(one.verdict for one in found.versions)
    counts = f"{verdicts[Verdict.MAY]} of {len(found.versions)} versions may be pruned, {verdicts[Verdict.NEVER]} never"
    kept = f", {verdicts[Verdict.KEEP]} are kept because not enough is known" if verdicts[Verdict.KEEP] else ""
    lines.append(counts + kept)
    lines += [f"to know more: {remedy}" for remedy in found.remedies]
    if found.prunable:
        prunable = {one.version for one in found.prunable}
        lines.append(f"that would free {_bytes(found.freed_bytes, [one for one in found.unsized if one in prunable])}")
    if found.versions and len(found.unsized) == len(found.versions):
        lines.append("nobody knows how much they take")
    elif found.versions:
        lines.append(f"all of them take {_bytes(found.stored_bytes, found.unsized)}")
    return [*lines, scope, NOTHING_DELETED]


def _bytes(size: int, unsized: Sequence[VersionId]) -> str:
    """Return a sum of sizes, and whose size is not in it because nobody knows it."""
    known = f"{number_words(float(size))}B"
    if not unsized:
        return known
    named = ", ".join(unsized[:_MOST_NAMED]) + (", ..." if len(unsized) > _MOST_NAMED else "")
    return f"{known} and the unknown sizes of {len(unsized)} ({named})"


def retained_object(one: Retained) -> dict[str, Any]:
    """Return whether one version may be pruned: what `versions --prunable --json` adds to it."""
    answer: dict[str, Any] = {
        "state": _STATES[one.verdict],
        "because": [{"why": _WHY[reason.why], "says": reason.says} for reason in one.reasons],
    }
    if not isinstance(one.size_bytes, Missing):
        answer["size_bytes"] = one.size_bytes
    if one.shares_files_with:
        answer["shares_files_with"] = list(one.shares_files_with)
    return {"retention": answer}


_STATES: Final = {Verdict.MAY: "prunable", Verdict.NEVER: "never", Verdict.KEEP: "unknown"}
_WHY: Final = {keep: keep.value.replace(" ", "-") for keep in Keep}


def retention_object(found: Retention, scope: str) -> dict[str, Any]:
    """Return what `versions --prunable --json` says of all versions together."""
    return {
        "prunable": [one.version for one in found.prunable],
        "freed_bytes": found.freed_bytes,
        "stored_bytes": found.stored_bytes,
        "unsized": list(found.unsized),
        "unknown_for_all": [reason.says for reason in found.troubles],
        "remedies": list(found.remedies),
        "scope": scope,
        "deleted": [],
    }
