"""What a test does when the server that it needs is not there: skip on a laptop, fail in CI."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def in_ci() -> bool:
    """Whether this run is the one that decides: `CI` is set to something that is not a no."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def missing(what: str, remedy: str) -> NoReturn:
    """End the test: failed in CI, skipped with the reason elsewhere."""
    reason = f"{what}; {remedy}"
    if in_ci():
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def require_program(name: str, debian_package: str | None = None) -> str:
    """The path of a program; ends the test by the policy when it is not on PATH."""
    found = shutil.which(name)
    if found is None:
        missing(f"no `{name}` on PATH", f"install the Debian package {debian_package or name}")
    return found
