"""What a backend answered, and how it becomes typed values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import msgspec

from modeltui.domain.errors import BackendMalformed
from modeltui.domain.names import Instant, Unknown
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

_BOM: Final = b"\xef\xbb\xbf"
_HTML_STARTS: Final = (b"<!doctype html", b"<html", b"<head", b"<body")
_HTML_TITLE: Final = re.compile(rb"<title[^>]{0,200}>([^<]{1,400})", re.IGNORECASE)
_SURROGATES: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
"""A pair, or one on its own, as JSON escapes them."""
_ESCAPE_LENGTH: Final = len(r"\ud800")
_MOST_REPAIRS: Final = 100_000
"""Some 50 ms of work; an answer with more is not repaired but refused."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One complete answer, within all limits, of a status that the caller accepts."""

    source: str
    """Who answered, as the configuration calls it."""
    request: SafeText
    """What was asked: `GET /api/v1/query`."""
    status: int
    """HTTP status: 2xx, or one that the caller said it accepts."""
    media_type: str
    """Content type without parameters, in lower case; empty when the server named none."""
    body: bytes = field(repr=False)
    """The decoded body."""
    elapsed_seconds: float
    """From sending the request to the last byte."""
    server_date: Instant | Unknown
    """The server's clock when it began to answer, to the second."""
    bytes_read: int
    """Bytes of body that crossed the wire, before decompression."""
    etag: str = ""
    """The server's mark for this state of the resource; empty: none."""

    @property
    def is_html(self) -> bool:
        """Whether the body is a page for people: a login form, a captive portal, a proxy's error."""
        return is_html(self.media_type, self.body)

    def json(self, kind: type[T] | msgspec.json.Decoder[T]) -> T:
        """Return the body as a `kind`; anything that is not one raises `BackendMalformed` and says where.

        Text that no Unicode text can hold (invalid UTF-8, lone surrogates) is replaced by U+FFFD: one hostile
        description must not cost the whole answer.
        """
        decoder: msgspec.json.Decoder[T] = kind if isinstance(kind, msgspec.json.Decoder) else _decoder(cast(Any, kind))
        if self.is_html:
            raise not_the_api(self.source, self.request, self.media_type, self.body)
        if not self.body.strip():
            raise BackendMalformed(
                f"{self.source} answered {self.request} with {self.status} and nothing in it",
                "An empty answer is not a zero. Look at the server's own log, or at a proxy between.",
            )
        try:
            return _decode(decoder, self.body.removeprefix(_BOM))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise self._malformed(error) from error

    def text(self) -> str:
        """Return the body as text, *not yet safe to show*; a page for people raises `BackendMalformed`."""
        if self.is_html:
            raise not_the_api(self.source, self.request, self.media_type, self.body)
        return self.body.removeprefix(_BOM).decode("utf-8", "replace")

    def _malformed(self, error: Exception) -> BackendMalformed:
        where = "it is nested too deeply" if isinstance(error, RecursionError) else safe_text(str(error))
        named = f" ({safe_text(self.media_type, 60)})" if "json" not in self.media_type else ""
        return BackendMalformed(
            f"{self.source} answered {self.request} with something unreadable{named}: {where}",
            "Check that url leads to the API itself, of a version that is supported: modeltui doctor.",
        )


def is_html(media_type: str, body: bytes) -> bool:
    """Whether `body` is a web page. The type alone does not say: MLflow sends its version number as text/html."""
    head = body[:512].removeprefix(_BOM).lstrip().lower()
    return head.startswith(_HTML_STARTS) or ("html" in media_type and head.startswith(b"<"))


def page_title(body: bytes) -> SafeText:
    """Return the title of a web page, safe to show; empty when it has none in its first 8 KB."""
    found = _HTML_TITLE.search(body[:8192])
    return safe_text(" ".join(found[1].decode("utf-8", "replace").split()) if found else "", 80)


def not_the_api(source: str, request: SafeText, media_type: str, body: bytes) -> BackendMalformed:
    """Return the error for a web page where an answer of the API was expected."""
    title = page_title(body)
    titled = f" titled {title!r}" if title else ""
    return BackendMalformed(
        f"{source} is not the API: {request} got {safe_text(media_type or 'a web page', 60)}{titled}",
        "A login page, captive portal or proxy answers in its place, or url lacks a path such as /mlflow.",
    )


@lru_cache(maxsize=256)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


def _decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        repaired = _without_impossible_text(body)
        if repaired == body:
            raise
        return decoder.decode(repaired)


def _without_impossible_text(body: bytes) -> bytes:
    text = body.decode("utf-8", "replace")
    return _SURROGATES.sub(_keep_or_replace, text, count=_MOST_REPAIRS).encode()


def _keep_or_replace(found: re.Match[str]) -> str:
    is_pair = len(found[0]) > _ESCAPE_LENGTH
    if _backslashes_before(found.string, found.start()) % 2:
        # The backslash is itself escaped: plain letters that look like an escape.
        return found[0][:_ESCAPE_LENGTH] + (r"\ufffd" if is_pair else "")
    return found[0] if is_pair else r"\ufffd"


def _backslashes_before(text: str, position: int) -> int:
    start = position
    while start and text[start - 1] == "\\":
        start -= 1
    return position - start
