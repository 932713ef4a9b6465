"""What the driver raises, in words for operators, and never with what stands in the URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.text import safe_text

if TYPE_CHECKING:
    import psycopg

_CONNECTING: Final = (
    (
        "password authentication failed",
        "refuses the password",
        "Look whether the secret behind the URL is still right.",
    ),
    ("no password supplied", "wants a password", "Look whether the secret behind the URL is still right."),
    ("no pg_hba.conf entry", "lets nobody in from here", "Ask its administrator for access from this machine."),
    ("timeout expired", "does not answer", "Look whether it is up, and whether a firewall is between."),
    ("connection refused", "is not there", "Look whether it is up, and whether the URL is right."),
    ("could not translate host", "has a host name that nobody knows", "Correct the URL."),
    ("certificate", "shows a certificate that is not trusted", "Look at sslmode and sslrootcert of the URL."),
    ("ssl", "does not agree on TLS", "Look at sslmode of the URL."),
    ("does not exist", "knows no such user or database", "Correct the URL."),
    ("too many", "has no connection left", "Wait, or ask its administrator for more connections."),
    ("starting up", "is starting", "Wait a moment."),
)
_BY_STATE: Final = {
    "25006": ("is read-only: a standby, or frozen by its administrator", "Point the URL at the primary."),
    "42501": ("does not give this user the right", "Have the grants made that the manual lists."),
    "53100": ("has a full disk", "Nothing is done while it cannot be written down."),
    "55P03": ("is busy with somebody else's record", "Try again; look for a transaction that does not end."),
    "57014": ("took too long", "Look at its load, and for a lock that is not given back."),
}
_LOOK: Final = "Look at the database's log. Nothing is done while it cannot be written down."


def unavailable(says: str, remedy: str = _LOOK) -> JournalUnavailable:
    """Return the error for the shared database."""
    return JournalUnavailable(f"the shared database {says}", remedy)


def cannot_connect(error: Exception) -> JournalUnavailable:
    """Return why there is no connection. The driver's own words may quote a part of the URL, so none is passed on."""
    text = str(error).lower()
    for words, says, remedy in _CONNECTING:
        if words in text:
            return unavailable(says, remedy)
    return unavailable("cannot be reached", "Look whether it is up, and whether the URL is right.")


def refused(error: psycopg.Error) -> JournalUnavailable:
    """Return why a statement failed."""
    known = _BY_STATE.get(error.sqlstate or "")
    if known is not None:
        return unavailable(*known)
    primary = error.diag.message_primary
    if primary:
        return unavailable(f"says: {safe_text(primary)}")
    return unavailable("went away in the middle of a question", "Look whether it is up.")
