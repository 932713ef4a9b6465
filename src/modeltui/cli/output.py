"""Where commands write: data to stdout, everything else to stderr."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from modeltui.domain.text import safe_lines
from modeltui.tui import skeleton

Form = TypeVar("Form", bound=str)
"""What the forms of a command are called."""

_WIDTH = 100
"""Where neither COLUMNS nor a terminal says how wide it is."""
_LEAST_WIDTH = 40


def one_form(asked: Sequence[Form], otherwise: Form) -> Form:
    """Return the form that was asked for; raise `UsageError` for two: a script must not get the one it did not mean."""
    import click

    forms = list(dict.fromkeys(asked))
    if len(forms) > 1:
        named = " and ".join(f"--{form}" for form in forms)
        raise click.UsageError(f"{named} exclude each other: give one of them")
    return forms[0] if forms else otherwise


def data(lines: Iterable[str], *, ascii_only: bool = False) -> None:
    """Write lines of data; a reader that has seen enough ends the program as it ends others."""
    try:
        for line in lines:
            sys.stdout.write(f"{_in_ascii(line) if ascii_only else line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Here, because click would call it a failure. Python must not complain while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)


def _in_ascii(line: str) -> str:
    """Return a line without characters that a font may lack; an arrow stays two characters, `>` would compare."""
    from modeltui.tui.twins import ascii_twin

    return "".join("->" if sign == "\u2192" else ".." if sign == "\u2026" else ascii_twin(sign) for sign in line)


def text_width() -> int:
    """Return how many cells wide lines may be: as COLUMNS says, else the terminal, else what pagers and mails hold."""
    import shutil

    return max(shutil.get_terminal_size((_WIDTH, 24)).columns, _LEAST_WIDTH)


def json_object(value: dict[str, Any], *, one_line: bool = False) -> None:
    """Write one JSON object."""
    import json

    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=None if one_line else 2)
    data([text.encode("utf-8", "backslashreplace").decode()])


def note(text: str) -> None:
    """Write something that is not data."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def fail(title: str, remedy: str = "") -> None:
    """Say what went wrong and what to do next; the first frame of the screens gives way to it."""
    skeleton.give_back()
    for line in safe_lines(title):
        note(f"modeltui: {line}" if line else "")
    for line in safe_lines(remedy):
        note(f"  {line}")
