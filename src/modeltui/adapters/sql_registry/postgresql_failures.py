"""What the PostgreSQL driver raises, in words for operators, and never with what stands in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable
from modeltui.domain.text import safe_text

if TYPE_CHECKING:
    import psycopg

_CONNECTING: Final = (
    ("password authentication failed", "refuses the password", "Look whether the secret is still right.", True),
    ("no password supplied", "wants a password", "Write password, as a reference such as env:NAME.", True),
    ("no pg_hba.conf entry", "lets nobody in from here", "Ask its administrator for access from this machine.", True),
    ("timeout expired", "does not answer", "Look whether it is up, and whether a firewall is between.", False),
    ("connection refused", "is not there", "Look whether it is up, and whether the URL is right.", False),
    ("could not translate host", "has a host name that nobody knows", "Correct the URL.", False),
    ("certificate", "shows a certificate that is not trusted", "Look at sslmode and sslrootcert of the URL.", True),
    ("ssl", "does not agree on TLS", "Look at sslmode of the URL.", True),
    ("does not exist", "knows no such user or database", "Correct the URL.", True),
    ("too many", "has no connection left", "Wait, or ask its administrator for more connections.", False),
    ("starting up", "is starting", "Wait a moment.", False),
)
_LOOK: Final = "Look at its load, and at its log; it is asked again by itself."
_BY_STATE: Final = {
    "40001": ("replays changes that stand in the way of this question", "It is asked again by itself."),
    "55P03": ("is busy with a change of the tables", "Look for a transaction that does not end."),
    "57014": ("took too long", "Look at its load; `timeout_seconds` says how long is too long."),
    "57P01": ("is shutting down", "Wait, or look who ends it."),
    "25P03": ("took too long", "Look at its load; `timeout_seconds` says how long is too long."),
}


def unavailable(source: str, says: str, remedy: str = _LOOK) -> BackendUnavailable:
    """Return the error for a database that does not answer."""
    return BackendUnavailable(f"{source}: the database {says}", remedy)


def cannot_connect(source: str, error: Exception) -> BackendError:
    """Return why there is no connection. The driver's own words may quote a part of the URL, so none is passed on."""
    text = str(error).lower()
    for words, says, remedy, is_refusal in _CONNECTING:
        if words in text:
            kind = BackendRefused if is_refusal else BackendUnavailable
            return kind(f"{source}: the database {says}", remedy)
    return unavailable(source, "cannot be reached", "Look whether it is up, and whether the URL is right.")


def refused(source: str, error: psycopg.Error) -> BackendError:
    """Return why a statement failed."""
    known = _BY_STATE.get(error.sqlstate or "")
    if known is not None:
        return unavailable(source, *known)
    if error.diag.message_primary:
        says = f"{source}: the database says: {safe_text(error.diag.message_primary)}"
        return BackendRefused(says, "Look whether the tables are as the configuration names them.")
    return unavailable(source, "went away in the middle of a question", "Look whether it is up.")
