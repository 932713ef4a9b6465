"""The HTTP clients of all adapters: one that can only read, one that writes, and nothing that a server sends can hurt.

Import from here, not from the files below. The HTTP library itself is imported when the first reader opens, and
nowhere else in the program. The writer's module is loaded when somebody asks for `HttpWriter`, so that a process that
only reads has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modeltui.adapters._http.answer import Answer
from modeltui.adapters._http.reader import HttpReader, Parameters, path_segment
from modeltui.adapters._http.settings import (
    MEBIBYTE,
    Auth,
    BasicAuth,
    BearerAuth,
    HeaderAuth,
    HttpSettings,
    NoAuth,
    RereadableSecret,
)

if TYPE_CHECKING:  # loaded on first use, see below
    from modeltui.adapters._http.writer import HttpWriter

__all__ = [
    "MEBIBYTE",
    "Answer",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "HeaderAuth",
    "HttpReader",
    "HttpSettings",
    "HttpWriter",
    "NoAuth",
    "Parameters",
    "RereadableSecret",
    "path_segment",
]


def __getattr__(name: str) -> Any:
    if name == "HttpWriter":
        from modeltui.adapters._http.writer import HttpWriter  # not for those that only read

        return HttpWriter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
