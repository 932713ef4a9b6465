"""Where commands write: data to stdout, everything else to stderr."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, TextIO, TypeVar

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
        write_out(lines, ascii_only=ascii_only)
    except BrokenPipeError:
        sys.exit(128 + signal.SIGPIPE)  # here, because click would call it a failure
    except OSError as error:
        fail(f"what was asked for cannot be printed: {error.strerror or error}", "Look where standard output goes.")
        sys.exit(1)


def write_out(lines: Iterable[str], *, ascii_only: bool = False) -> None:
    """Write lines of data, for whoever has to go on when they cannot be written; raises `OSError`."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "it is closed")
    try:
        for line in lines:
            sys.stdout.write(f"{_in_ascii(line) if ascii_only else line}\n")
        sys.stdout.flush()
    except OSError:
        _point_at_nothing(sys.stdout)
        raise


def _point_at_nothing(stream: TextIO) -> None:
    """Let Python close a stream that takes nothing without a complaint, and without an exit code of its own."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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
    data([json_text(value, one_line=one_line)])


def json_text(value: dict[str, Any], *, one_line: bool = False) -> str:
    """Return one JSON object as it is written."""
    import json

    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=None if one_line else 2)
    return text.encode("utf-8", "backslashreplace").decode()


def note(text: str) -> None:
    """Write something that is not data; that nobody takes it changes nothing of what is done."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        _point_at_nothing(sys.stderr)


def can_be_typed_at() -> bool:
    """Tell whether standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def fail(title: str, remedy: str = "") -> None:
    """Say what went wrong and what to do next; the first frame of the screens gives way to it."""
    skeleton.give_back()
    for line in safe_lines(title):
        note(f"modeltui: {line}" if line else "")
    for line in safe_lines(remedy):
        note(f"  {line}")
