"""Runs every check: `python -m tests [arguments for pytest]`.

All of them run, whatever fails; the exit code is 0 only when all passed. pytest comes last, so that its summary
closes the output. The quick ones alone,
`python -m tests -m "not servers and not terminal and not broad"`, answer within a minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAILED_BEFORE = "MODELTUI_CHECKS_FAILED"
"""Tells pytest's closing summary which checks failed before it."""

MOST_PROCESSES = 5
"""Of pytest: more would only wait for each other's servers."""

_ALONE = ("-n", "--numprocesses", "--dist", "--pdb", "--trace", "-s", "--capture=no", "-p", "--co", "--collect-only")
"""Arguments that choose the processes themselves, or that need the terminal of one."""


def checks() -> list[tuple[str, list[str]]]:
    """Name and command of each check but pytest, in order."""
    python = sys.executable
    return [
        ("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        ("ruff check", [python, "-m", "ruff", "check", "."]),
        ("mypy", [python, "-m", "mypy"]),
        ("lint-imports", [str(Path(python).with_name("lint-imports")), "--no-logo"]),
    ]


def pytest_command(arguments: Sequence[str]) -> list[str]:
    """The command of pytest: a process more than cores, because many tests wait, unless the arguments choose."""
    processes = min((os.cpu_count() or 1) + 1, MOST_PROCESSES)
    parallel = ["-n", str(processes), "--dist", "loadgroup"]
    if any(argument.startswith(_ALONE) for argument in arguments):
        parallel = []
    return [sys.executable, "-m", "pytest", *parallel, *arguments]


def run(name: str, command: Sequence[str]) -> bool:
    """Whether the check passed; says its name before and its duration after."""
    print(f"== {name}", flush=True)
    started_at = time.monotonic()
    try:
        code = subprocess.run(command, cwd=ROOT).returncode
    except OSError as error:
        print(f"{command[0]}: {error}; install with `pip install -e '.[dev]'`", flush=True)
        code = 127
    verdict = "ok" if code == 0 else f"FAILED ({code})"
    print(f"== {name}: {verdict}, {time.monotonic() - started_at:.1f} s", flush=True)
    return code == 0


def main(arguments: Sequence[str]) -> int:
    """0 when every check and every test passed, otherwise 1 (130 when interrupted)."""
    failed = [name for name, command in checks() if not run(name, command)]
    print("== pytest", flush=True)
    surroundings = os.environ | {FAILED_BEFORE: ", ".join(failed)}
    code = subprocess.run(pytest_command(arguments), cwd=ROOT, env=surroundings).returncode
    return 1 if failed or code else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
