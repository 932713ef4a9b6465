"""What a failure of the HTTP library means, in words for the operator."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

from modeltui.adapters._http.exchange import Progress
from modeltui.adapters._http.library import httpx
from modeltui.adapters._http.settings import HttpSettings
from modeltui.domain.errors import BackendError, BackendMalformed, BackendUnavailable
from modeltui.domain.text import SafeText, safe_text

_TLS_HOUSEKEEPING: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLZeroReturnError, ssl.SSLEOFError)
"""In the context of any failure on an encrypted connection; they say nothing about TLS itself."""


def is_stale(error: httpx.HTTPError, progress: Progress) -> bool:
    """Tell whether a kept connection was closed under us before anything was answered: asking again is harmless."""
    is_closing = isinstance(error, httpx.ReadError | httpx.WriteError) or "without sending" in str(error)
    return is_closing and not progress.has_new_connection and not progress.has_headers


def translated(source: str, settings: HttpSettings, error: httpx.HTTPError, progress: Progress) -> BackendError:
    """Return what a failure of the library means, for the operator."""
    host = safe_text(settings.split_url.netloc, 80)
    is_anonymous_tls = settings.is_https and settings.client_certificate_file is None
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, _TLS_HOUSEKEEPING):
            return _tls_error(source, host, cause)
    match error:
        case httpx.ConnectTimeout():
            return _unavailable(
                source,
                f"cannot be reached: no connection to {host} within {settings.connect_seconds:g} s",
                "Is the host up? Does a VPN or firewall stand between?"
                + (" Does it speak https there?" if settings.is_https else ""),
            )
        case httpx.ConnectError():
            return _connect_error(source, host, causes)
        case httpx.PoolTimeout():
            return _unavailable(source, "is too slow: our own requests queue up", "It is asked again by itself.")
        case httpx.TimeoutException():
            how = f"after {progress.wire_bytes} bytes" if progress.has_headers else "and sent no answer"
            return _unavailable(
                source,
                f"fell silent for {settings.read_gap_seconds:g} s {how}",
                "It is asked again by itself; when it is just slow, raise read_gap_seconds.",
            )
        case httpx.RemoteProtocolError() if progress.has_headers:
            return BackendMalformed(
                f"{source} sent a truncated answer: the connection ended after {progress.wire_bytes} bytes",
                "It, or a proxy between, gave up in the middle; it is asked again by itself.",
            )
        case httpx.RemoteProtocolError() if "without sending" not in str(error):
            return BackendMalformed(
                f"{source} does not speak HTTP as it should: {safe_text(str(error), 100)}",
                f"Check that the API listens at {host}, with http or https as in url.",
            )
        case _:
            return _unavailable(
                source,
                f"closed the connection to {host} without an answer",
                "It may be restarting; it is asked again by itself."
                + (" Or does it want a client certificate?" if is_anonymous_tls else ""),
            )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield what led to `error`, nearest first, through groups as well."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        waiting += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions


def _connect_error(source: str, host: SafeText, causes: tuple[BaseException, ...]) -> BackendUnavailable:
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return _unavailable(
                source, f"cannot be reached: DNS does not know {host}", "Check the name in url, and that the VPN is up."
            )
        if isinstance(cause, ConnectionRefusedError):
            return _unavailable(
                source,
                f"cannot be reached: {host} refused the connection",
                "Nothing listens there: is the server running, is the port right?",
            )
    return _unavailable(source, f"cannot be reached: no way to {host}", "Check the network, the VPN and url.")


def _tls_error(source: str, host: SafeText, error: ssl.SSLError) -> BackendUnavailable:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _unavailable(
            source,
            f"shows a certificate that is not trusted: {safe_text(error.verify_message, 100)}",
            "For a company's own authority set ca_file; else the certificate must be renewed.",
        )
    reason = safe_text((error.reason or "handshake failed").replace("_", " ").lower(), 80)
    if "certificate" in reason:
        return _unavailable(
            source, f"does not take our certificate: {reason}", "Check client_certificate_file and its expiry date."
        )
    return _unavailable(
        source,
        f"and we cannot agree on TLS with {host}: {reason}",
        "Does url say https where the server speaks http? TLS 1.2 is the oldest accepted.",
    )


def _unavailable(source: str, what: str, remedy: str) -> BackendUnavailable:
    return BackendUnavailable(f"{source} {what}", remedy)
