"""What a failed question means for its own signal, and for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable
from modeltui.domain.names import SignalName
from modeltui.domain.text import SafeText, safe_text

_MIMIR_ID: Final = re.compile(r"err-mimir-[a-z-]+")


def naming(signal: SignalName, error: BackendError) -> SafeText:
    """Return a warning that says which signal is missing, and why."""
    return safe_text(f"{signal} could not be read: {error.title}", 340)


def to_raise(errors: Sequence[BackendError]) -> BackendError:
    """Return the error that explains why nothing could be read: the gravest, which most likely explains the others."""
    error = next((error for error in errors if isinstance(error, BackendUnavailable)), errors[0])
    if found := _MIMIR_ID.search(error.title):
        return type(error)(error.title, f"Mimir's runbooks explain {found[0]}; its operators can raise the limit.")
    if isinstance(error, BackendRefused) and ("(422" in error.title or "(400" in error.title):
        return type(error)(
            error.title, "A query is not understood or not permitted: see profile, labels and queries of this source."
        )
    return error
