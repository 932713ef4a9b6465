"""How a check says what it found: in one sentence, with one of four results."""

from __future__ import annotations

from modeltui.domain.acting.action import Check, CheckResult
from modeltui.domain.text import SafeText, safe_text


def passed(name: str, says: str) -> Check:
    """Return that all is as it should be."""
    return Check(SafeText(name), CheckResult.PASS, safe_text(says))


def warned(name: str, says: str) -> Check:
    """Return that something is to be known before acting."""
    return Check(SafeText(name), CheckResult.WARN, safe_text(says, 400))


def failed(name: str, says: str) -> Check:
    """Return that something speaks against it."""
    return Check(SafeText(name), CheckResult.FAIL, safe_text(says, 400))


def unknown(name: str, says: str) -> Check:
    """Return that nobody can say: never as good as a pass."""
    return Check(SafeText(name), CheckResult.UNKNOWN, safe_text(says, 400))
