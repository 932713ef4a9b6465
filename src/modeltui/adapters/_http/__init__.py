"""The HTTP client of all adapters: it can only read, and nothing that a server sends can hurt.

Import from here, not from the files below. The HTTP library itself is imported when the first reader opens, and
nowhere else in the program.
"""

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

__all__ = [
    "MEBIBYTE",
    "Answer",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "HeaderAuth",
    "HttpReader",
    "HttpSettings",
    "NoAuth",
    "Parameters",
    "RereadableSecret",
    "path_segment",
]
