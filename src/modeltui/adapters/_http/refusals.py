"""Statuses that are not an answer, in words for the operator: what happened, and what to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from modeltui.adapters._http.answer import is_html, page_title
from modeltui.adapters._http.settings import Auth, BasicAuth, BearerAuth, HeaderAuth
from modeltui.domain.errors import BackendError, BackendRefused, BackendUnavailable
from modeltui.domain.text import SafeText, safe_text

_SAYING_KEYS: Final = ("message", "error", "detail", "error_description")
_FIRST_SERVER_ERROR: Final = 500


def is_redirect(status: int) -> bool:
    """Whether the server points elsewhere. 304 is none: it says that nothing changed."""
    return status in {300, 301, 302, 303, 305, 307, 308}


def redirect_error(source: str, request: SafeText, status: int, asked_url: str, location: str) -> BackendRefused:
    """Return the error for a redirect: where it pointed, without query, and why nobody followed."""
    try:
        target = urlsplit(urljoin(asked_url, location))
        is_same_origin = (target.scheme, target.netloc) == urlsplit(asked_url)[:2]
        host = target.netloc.rpartition("@")[2]
    except ValueError:
        return BackendRefused(f"{source} redirects {request} to an unreadable address ({status})", "Check url.")
    pointed = safe_text(f"{target.scheme}://{host}{target.path}", 120)
    if is_same_origin:
        remedy = "Check the path in url: modeltui follows no redirect."
    else:
        remedy = (
            f"No redirect is followed, so that credentials reach only the configured host. Sign-in pages do "
            f"this when credentials are missing; when {safe_text(host, 80)} is right, write it into url."
        )
    return BackendRefused(f"{source} redirects {request} to {pointed} ({status})", remedy)


def status_error(
    source: str, request: SafeText, status: int, headers: dict[str, str], said: SafeText, auth: Auth
) -> BackendError:
    """Return the error for a 4xx, 5xx or unforeseen status; `said` is what the body says, safe and redacted."""
    words = f"{status} {_reason(status)}".strip()
    saying = f": {said}" if said else ""
    if status == HTTPStatus.UNAUTHORIZED:
        challenge = safe_text(headers.get("www-authenticate", ""), 80)
        return BackendRefused(f"{source} wants other credentials for {request} ({words})", _sign_in(auth, challenge))
    if status == HTTPStatus.FORBIDDEN:
        return BackendRefused(
            f"{source} forbids {request} ({words}){saying}",
            "Ask for read permission on it for the account in auth; a proxy or host check can refuse as well.",
        )
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE}:
        return BackendRefused(
            f"{source} has no {request} ({words}){saying}",
            "Check the path in url and the version of the server: modeltui doctor.",
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return BackendUnavailable(
            f"{source} asks for fewer requests ({words}){saying}",
            "Ask less often: several operators may share its limit.",
        )
    if status >= _FIRST_SERVER_ERROR:
        return BackendUnavailable(
            f"{source} failed on {request} ({words}){saying}",
            "The trouble is on its side; it is asked again by itself.",
        )
    return BackendRefused(f"{source} does not accept {request} ({words}){saying}", "See what the server says.")


def what_it_says(media_type: str, body: bytes) -> str:
    """Return the server's own words in an error body, *not yet safe*: a JSON message, a page's title or the text."""
    if is_html(media_type, body):
        return page_title(body)
    try:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return " ".join(body[:1000].decode("utf-8", "replace").split())
    for key in _SAYING_KEYS:
        try:
            return msgspec.json.decode(fields[key], type=str)
        except (KeyError, msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return ""


def _sign_in(auth: Auth, challenge: SafeText) -> str:
    asks = f" It asks for: {challenge}." if challenge else ""
    match auth:
        case BasicAuth():
            return f"Check auth.username, and the password that auth.password points to.{asks}"
        case BearerAuth():
            return f"The token that auth.token points to is wrong or has expired: renew it.{asks}"
        case HeaderAuth():
            names = ", ".join(safe_text(name, 40) for name in sorted(auth.headers))
            return f"Check the secrets in auth.headers ({names}).{asks}"
        case _:
            return f"Set auth of this source: type basic, bearer or headers.{asks}"


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
