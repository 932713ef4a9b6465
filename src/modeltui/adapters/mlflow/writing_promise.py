"""What writing aliases to MLflow promises, and what it does not. Imports nothing that can write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from modeltui.adapters.mlflow.alias_moves import alias_names, moves
from modeltui.domain.acting.action import Desired, Guarantee, WritingPromise
from modeltui.domain.errors import BackendRefused
from modeltui.domain.names import Missing, TargetKey
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings

KIND: Final = "mlflow"
WRITER: Final = "modeltui.adapters.mlflow.rollout_writer"
"""The module that writes; loaded in the actor process only."""
PAUSE_SECONDS: Final = 0.3
"""Between claiming a model and believing the claim, at least: what a request may take to arrive."""
NOTICED_SECONDS: Final = 2.0
"""How long after a write somebody else's is still noticed by us."""

_SAYS: Final = safe_text(
    "MLflow cannot compare and swap. A lock tag keeps modeltui operators apart while requests arrive and show within "
    f"{PAUSE_SECONDS:g} s; whoever else moves an alias within {NOTICED_SECONDS:g} s after our write is noticed, not "
    "prevented; and a move of the same alias in the moment between our last look and our write (one round trip, and as "
    "long as answers lag) is overwritten unseen.",
    400,
)


def promise(options: Any, surroundings: Surroundings, policy: Policy) -> WritingPromise:
    """Return what writing to the MLflow of a source promises."""
    return WritingPromise(
        source=surroundings.source,
        backend=SafeText(KIND),
        guarantee=Guarantee.EMULATED,
        says=_SAYS,
        splits_traffic=False,
        finds_own_writes=False,
    )


def writes_to(target: TargetKey, options: Any, surroundings: Surroundings, policy: Policy) -> SafeText:
    """Return which aliases of which model on which server are moved."""
    address = urlsplit(options.url)
    # Without user, password and query: no source opens with them, and none of them belongs into a plan.
    server = f"{address.scheme}://{address.netloc.rpartition('@')[2].lower()}{address.path.rstrip('/')}"
    try:
        names = alias_names(policy, target.model, target.environment)
    except BackendRefused as refusal:
        moved = refusal.title
    else:
        moved = f"alias {names.stable} (stable)" + (f", {names.candidate} (candidate)" if names.candidate else "")
    workspace = f", workspace {options.workspace}" if options.workspace else ""
    return safe_text(f"{server}{workspace}{_headers(options.headers)}: {target.model}, {moved}", 1_500)


def _headers(headers: Mapping[str, str]) -> str:
    """Return a mark that tells headers apart, for they may lead to another tenant; their values are not repeated."""
    if not headers:
        return ""
    from hashlib import sha256

    text = repr(sorted((name.lower(), value) for name, value in headers.items()))
    return f", headers {sha256(text.encode()).hexdigest()[:12]}"


def call(target: TargetKey, seen: Rollout, desired: Desired, policy: Policy) -> SafeText:
    """Return the requests that MLflow will get."""
    try:
        names = alias_names(policy, target.model, target.environment)
    except BackendRefused as refusal:
        return safe_text(refusal.title)
    now = {} if isinstance(seen.stable, Missing) else {names.stable: str(seen.stable)}
    if names.candidate and not isinstance(seen.candidate, Missing):
        now[names.candidate] = str(seen.candidate)
    calls = [
        f"POST registered-models/alias name={target.model} alias={move.alias} version={move.version}"
        for move in moves(names, now, desired)
    ]
    if isinstance(desired.candidate, Missing) and names.candidate and names.candidate not in now and calls:
        calls.append(f"alias={names.candidate} version={desired.stable}, where that is set otherwise")
    return safe_text("; then ".join(calls) or "nothing: the aliases are so already", 400)
