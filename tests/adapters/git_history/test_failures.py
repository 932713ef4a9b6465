"""What git complains of is told in the operator's words, with what to do."""

from __future__ import annotations

import pytest

from modeltui.adapters._git.failures import failure
from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable

GONE = b"fatal: '/srv/x.git' does not appear to be a git repository\nfatal: Could not read from remote repository.\n"
NO_KEY = b"git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.\n"
NO_HOST = (
    b"ssh: Could not resolve hostname x: Name or service not known\nfatal: Could not read from remote repository.\n"
)


@pytest.mark.parametrize(
    ("complaint", "kind", "says"),
    [
        (GONE, BackendRefused, "there is no repository"),
        (NO_KEY, BackendRefused, "the server does not let this account read it"),
        (NO_HOST, BackendUnavailable, "Could not resolve hostname x"),
        (b"fatal: could not read Username for 'https://x': terminal prompts disabled", BackendRefused, "does not let"),
        (b"remote: Not Found\nfatal: repository 'https://x/y/' not found", BackendRefused, "there is no repository"),
        (b"fatal: bad object deadbeef", BackendRefused, "it does not have that commit"),
        (
            b"fatal: unable to access 'https://a:s3cret@x/': Could not resolve host: x",
            BackendUnavailable,
            "resolve host",
        ),
        (
            b"fatal: unable to access 'https://x/y/': The requested URL returned error: 301",
            BackendRefused,
            "it is at another address",
        ),
        (b"fatal: detected dubious ownership in repository at '/x'", BackendRefused, "belongs to somebody else"),
        (b"error: file write error: No space left on device", BackendUnavailable, "the copy cannot be written"),
        (b"", BackendUnavailable, "git says nothing"),
        (b"\x1b[31mfatal\x07", BackendUnavailable, "␛[31mfatal␇"),
    ],
)
def test_complaints_are_understood(complaint: bytes, kind: type[BackendError], says: str) -> None:
    """Each usual complaint: what it is about, whether asking again may help, what to do; and no password."""
    told = failure("models", complaint)
    assert type(told) is kind
    assert told.title.startswith("models: ")
    assert says in told.title
    assert told.remedy
    assert "s3cret" not in told.title
    assert "\x1b" not in told.title
