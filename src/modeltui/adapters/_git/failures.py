"""What git's complaints mean for the operator."""

from __future__ import annotations

import re
from typing import Final

from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable
from modeltui.domain.masking import without_tokens
from modeltui.domain.text import SafeText, safe_text

_SAYS_NOTHING: Final = "Could not read from remote repository"
_LEAD: Final = re.compile(r"^(?:fatal|error|warning|remote): ", re.IGNORECASE)

_MEANINGS: Final[tuple[tuple[re.Pattern[str], type[BackendError], str, str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, says, remedy)
    for pattern, kind, says, remedy in (
        (
            (
                r"could not read (?:username|password)|terminal prompts disabled|authentication failed|access denied"
                r"|invalid credentials|permission denied \(|error: 40[13]\b|host key verification failed"
            ),
            BackendRefused,
            "the server does not let this account read it",
            "Set `token`, or give git a credential helper, an SSH key or an agent that needs no typing.",
        ),
        (
            r"error: 30[12378]\b",
            BackendRefused,
            "it is at another address, where the token is not sent",
            "Write the new address into the configuration; some servers only want `.git` at its end.",
        ),
        (
            r"dubious ownership",
            BackendRefused,
            "the repository belongs to somebody else",
            "When you trust it: git config --global --add safe.directory PATH",
        ),
        (
            (
                r"not a git repository|does not appear to be a git repository|repository .*not found|no such remote"
                r"|error: 404\b|repository not exported|does not exist"
            ),
            BackendRefused,
            "there is no repository",
            "Correct the path or address; a server may also say so to accounts that may not read it.",
        ),
        (
            r"no space left|disk quota|read-only file system|could not create|cannot mkdir|unable to create",
            BackendUnavailable,
            "the copy cannot be written",
            "Make room in the cache directory, or let this account write there.",
        ),
        (
            r"bad revision|unknown revision|not a (?:valid|tree) object|bad object|invalid object name|not our ref",
            BackendRefused,
            "it does not have that commit",
            "It was never pushed, or pushed over; fetch it, or ask who did.",
        ),
        (
            r"could not fetch \S+ from promisor remote",
            BackendRefused,
            "the clone is partial and lacks a file",
            "Configure the address it was cloned from, or a whole clone.",
        ),
        (
            r"transport '.*' not allowed",
            BackendRefused,
            "git may not use that transport here",
            "Use https, ssh, git, file or a path.",
        ),
    )
)


def failure(what: str, complaint: bytes) -> BackendError:
    """Return the error for what git wrote to its standard error while it did `what`."""
    text = complaint.decode("utf-8", "replace")
    for pattern, kind, says, remedy in _MEANINGS:
        if pattern.search(text):
            return kind(safe_text(f"{what}: {says} ({said_by_git(text)})", 300), remedy)
    return BackendUnavailable(
        safe_text(f"{what}: {said_by_git(text)}", 300),
        "See whether the server and the network work; it is asked again by itself.",
    )


def said_by_git(text: str) -> SafeText:
    """Return the line that says most, without credentials."""
    # SSH's own words stand before git's, which then says no more than that it could not read.
    lines = [line.strip() for line in text.splitlines() if line.strip() and _SAYS_NOTHING not in line]
    told = [line for line in lines if line.lower().startswith(("fatal:", "error:"))] or lines or ["git says nothing"]
    return safe_text(_LEAD.sub("", without_tokens(told[0])), 160)
