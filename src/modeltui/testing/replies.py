"""Scripted answers of a web server, and what goes wrong while they are given."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import lru_cache
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

_MEBIBYTE: Final = 1 << 20
_FOREVER_SECONDS: Final = 3600.0
_SIGN_IN_PAGE: Final = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in</body></html>"


class Framing(Enum):
    """How the end of a body is told."""

    LENGTH = "Content-Length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "the connection is closed"


class Ending(Enum):
    """What happens to the connection after the answer."""

    KEEP = "kept for the next request"
    CLOSE = "closed"
    CLOSE_UNANNOUNCED = "closed, though the answer promised to keep it"
    RESET = "reset"
    LINGER = "left open although `Connection: close` was said, until the client goes"


@dataclass(frozen=True, slots=True)
class Reply:
    """One scripted answer, and what goes wrong while it is given."""

    body: bytes = b""
    status: int = 200
    """0: nothing is sent at all."""
    content_type: str = "application/json"
    """Empty: no such header."""
    headers: tuple[tuple[str, str], ...] = ()
    repeat: int = 1
    """How often `body` is sent, so that 50 MB need no 50 MB here."""
    closing: bytes = b""
    """Sent once after it."""
    framing: Framing = Framing.LENGTH
    declared_length: int = -1
    """A `Content-Length` other than the true one; -1: the true one."""
    stall_before_headers_seconds: float = 0.0
    stall_after_headers_seconds: float = 0.0
    bytes_per_second: float = 0.0
    """Body speed, a few bytes at a time; 0: as fast as it goes."""
    raw_head: bytes = b""
    """Sent as it is in place of status line and headers."""
    ending: Ending = Ending.KEEP

    def with_headers(self, headers: Mapping[str, str]) -> Reply:
        """Return the same reply with further headers."""
        return replace(self, headers=(*self.headers, *headers.items()))


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it arrived."""

    method: str
    path: str
    """Decoded, without the query."""
    target: str
    """As sent."""
    query: dict[str, list[str]]
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes = field(repr=False)
    connection: int
    """Which connection it came on, counted from 1."""

    @property
    def form(self) -> dict[str, list[str]]:
        """The body as form fields."""
        return parse_qs(self.body.decode(), keep_blank_values=True)


Script = Reply | Callable[[SeenRequest], Reply]


def json_reply(value: object, status: int = 200) -> Reply:
    """Return a reply that carries `value` as JSON; lone surrogates are sent as escapes."""
    return Reply(json.dumps(value).encode(), status)


def html_page(status: int = 200, body: bytes = _SIGN_IN_PAGE) -> Reply:
    """Return a page for people, titled 'Sign in', as a captive portal or a proxy answers."""
    return Reply(body, status, "text/html; charset=utf-8")


def half_json(value: object, share: float = 0.5) -> Reply:
    """Return a complete answer over HTTP whose JSON ends too early."""
    whole = json.dumps(value).encode()
    return Reply(whole[: int(len(whole) * share)])


def redirect(location: str, status: int = 302) -> Reply:
    """Return a redirect to `location`."""
    return Reply(b"", status, "", (("Location", location),))


def silence(seconds: float = _FOREVER_SECONDS) -> Reply:
    """Return a reply that does not begin for `seconds`."""
    return Reply(b"{}", stall_before_headers_seconds=seconds)


def reset() -> Reply:
    """Return a reply that resets the connection before the first byte."""
    return Reply(status=0, ending=Ending.RESET)


def dripping(body: bytes, bytes_per_second: float) -> Reply:
    """Return a reply that never falls silent and never gets anywhere."""
    return Reply(body, bytes_per_second=bytes_per_second)


def huge(megabytes: int = 50) -> Reply:
    """Return a valid JSON document of that size."""
    return Reply(b" " * _MEBIBYTE, repeat=megabytes, closing=b"[]")


def huge_headers(count: int = 1000, each_bytes: int = 200) -> Reply:
    """Return a small answer under many headers."""
    return Reply(b"{}", headers=tuple((f"X-Filler-{number}", "x" * each_bytes) for number in range(count)))


def gzipped(body: bytes) -> Reply:
    """Return `body` compressed."""
    compressor = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    return Reply(compressor.compress(body) + compressor.flush(), headers=(("Content-Encoding", "gzip"),))


def gzip_bomb(megabytes: int = 200) -> Reply:
    """Return a kilobyte per megabyte that it unpacks to, in one gzip stream."""
    head, block = _bomb_parts()
    return Reply(head + block * megabytes, headers=(("Content-Encoding", "gzip"),))


@lru_cache(maxsize=1)
def _bomb_parts() -> tuple[bytes, bytes]:
    """Return the head of a gzip stream and a block of one mebibyte of blanks that may follow itself."""
    compressor = zlib.compressobj(level=9, wbits=zlib.MAX_WBITS | 16)
    head = compressor.flush(zlib.Z_FULL_FLUSH)
    return head, compressor.compress(b" " * _MEBIBYTE) + compressor.flush(zlib.Z_FULL_FLUSH)


def head_of(reply: Reply) -> bytes:
    """Return the status line and the headers."""
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    if reply.content_type:
        lines.append(f"Content-Type: {reply.content_type}")
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.framing is Framing.CHUNKED:
        lines.append("Transfer-Encoding: chunked")
    elif reply.framing is Framing.LENGTH and reply.status != HTTPStatus.NO_CONTENT:
        length = (
            reply.declared_length if reply.declared_length >= 0 else len(reply.body) * reply.repeat + len(reply.closing)
        )
        lines.append(f"Content-Length: {length}")
    if reply.ending in {Ending.CLOSE, Ending.LINGER}:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogatepass")


def pieces_of(reply: Reply) -> Iterator[bytes]:
    """Yield the body in pieces of a size that suits its speed: ten a second when it drips."""
    size = max(1, int(reply.bytes_per_second / 10)) if reply.bytes_per_second else 64 * 1024
    for _ in range(reply.repeat):
        for start in range(0, len(reply.body), size):
            yield reply.body[start : start + size]
    if reply.closing:
        yield reply.closing


def chunk(piece: bytes) -> bytes:
    """Return `piece` as one chunk."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Odd"
