"""What is left of a crash: where it happened and what it said, without values of variables and without secrets."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from modeltui.config.secrets import redact
from modeltui.domain.text import safe_text

MOST_REPORTS: Final = 20
"""Older reports are removed."""

_MOST_ERRORS = 8
_MOST_FRAMES = 60


def write_report(error: BaseException, directory: str) -> str:
    """Write a report that only this user can read, and return the line that tells the operator."""
    title = f"modeltui stopped because of a fault of its own: {describe(error)}"
    try:
        path = _store("\n".join(report_lines(error)), Path(directory))
    except OSError as refused:
        reason = safe_text(refused.strerror or type(refused).__name__)
        return f"{title}. No report could be written to {safe_text(directory)}: {reason}"
    return f"{title}. Report: {path}"


def describe(error: BaseException) -> str:
    """Return kind and message of an error in one harmless line."""
    error = _inner(error)
    message = safe_text(redact(str(error)))
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def report_lines(error: BaseException) -> Iterator[str]:
    """Yield the report: versions, then each error of the chain, the first cause first, and where it came from."""
    yield "modeltui crash report. It holds no values of variables; secrets in messages are masked."
    yield f"{_versions()}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    for link in reversed(list(_chain(error))):
        yield ""
        yield describe(link)
        for frame in traceback.extract_tb(link.__traceback__)[-_MOST_FRAMES:]:
            yield f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}"


def _versions() -> str:
    from importlib.metadata import PackageNotFoundError, version

    versions = []
    for name in ("modeltui", "textual"):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} (not installed)")
    return ", ".join(versions)


def _inner(error: BaseException) -> BaseException:
    """Return what a failed worker failed of, rather than that it failed."""
    cause = getattr(error, "error", None)
    return cause if type(error).__name__ == "WorkerFailed" and isinstance(cause, BaseException) else error


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = _inner(error)
    for _ in range(_MOST_ERRORS):
        if link is None:
            return
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _short(filename: str) -> str:
    """Return a path from its package on: where somebody's home lies is nobody's business."""
    parts = Path(filename).parts
    for anchor in ("site-packages", "src"):
        if anchor in parts:
            return "/".join(parts[parts.index(anchor) + 1 :])
    return "/".join(parts[-2:])


def _store(text: str, directory: Path) -> Path:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in sorted(directory.glob("crash-*.txt"), key=lambda path: path.stat().st_mtime)[: -MOST_REPORTS + 1]:
        old.unlink(missing_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="crash-", suffix=".txt", dir=directory)  # 0600
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as report:
        report.write(text + "\n")
    return Path(name)
