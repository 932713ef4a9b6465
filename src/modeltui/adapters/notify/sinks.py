"""Whom notices are for, and what each of them is sent: one request for one notice."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modeltui.adapters.notify import pagerduty, slack, webhook
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import SecretValue
from modeltui.ports.notifier import Notice, Occasion

ResolveSecret = Callable[[str], SecretValue]
"""Gives the secret behind `env:NAME`, `file:PATH`, …; may block; raises `ConfigError`."""

_SCHEMES: Final = ("env:", "file:", "command:", "keyring:")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request, ready to be sent."""

    url: str = field(repr=False)
    """Whole, and often a secret in itself."""
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sink:
    """Somebody who is told. It holds references to secrets, never secrets."""

    kind: str
    """`webhook`, `slack` or `pagerduty`."""
    url: str = ""
    """An address, or a reference to one; for `pagerduty` empty: its own."""
    key: str = ""
    """For `pagerduty`: a reference to the routing key."""
    secret: str = ""
    """For `webhook`: a reference to the key that notices are signed with; empty: unsigned."""
    on: frozenset[Occasion] = frozenset(Occasion)

    def __post_init__(self) -> None:
        _check(self)

    @property
    def name(self) -> SafeText:
        """What the outbox calls it: the same at every start with the same configuration, and telling nothing."""
        told = "\0".join((self.kind, self.url, self.key))
        return safe_text(f"{self.kind}-{hashlib.sha256(told.encode()).hexdigest()[:8]}")

    def hears(self, occasion: Occasion) -> bool:
        """Tell whether it is told of this: whoever is told how something went also hears how it came out."""
        return occasion in self.on or (occasion in _SEQUELS and bool(self.on & _HAVE_SEQUELS))

    def delivery(self, notice: Notice, now: Instant, resolve: ResolveSecret) -> Delivery:
        """Return what this sink is sent for a notice; raise `ConfigError` when a secret is not where it should be."""
        url = resolve(self.url).reveal() if _is_reference(self.url) else self.url
        match self.kind:
            case "slack":
                return Delivery(url, _encoded(slack.message(notice)), _JSON)
            case "pagerduty":
                path, event = pagerduty.event(notice, resolve(self.key).reveal())
                return Delivery((url or pagerduty.URL).rstrip("/") + path, _encoded(event), _JSON)
            case _:
                body = _encoded(webhook.cloud_event(notice))
                signature = _signature(body, now, resolve(self.secret).reveal()) if self.secret else {}
                delivery = {"X-Modeltui-Delivery": f"{notice.id}.{self.name}"}
                return Delivery(url, body, {"Content-Type": webhook.MEDIA_TYPE, **delivery, **signature})


_SEQUELS: Final = frozenset({Occasion.FOUND_OUT, Occasion.SETTLED})
_HAVE_SEQUELS: Final = frozenset({Occasion.OUTCOME, Occasion.UNKNOWN_OUTCOME, Occasion.SNAPPED_BACK})
_JSON: Final = {"Content-Type": "application/json; charset=utf-8"}


def _check(sink: Sink) -> None:
    if sink.kind not in {"webhook", "slack", "pagerduty"}:
        raise ConfigError(f"no notices go to a {safe_text(sink.kind)!r}", "Choose webhook, slack or pagerduty.")
    if sink.kind == "slack" and not _is_reference(sink.url):
        raise ConfigError(
            "the address of a Slack webhook is a secret", "Give a reference: url: env:SLACK_WEBHOOK or file:/…."
        )
    if sink.kind == "pagerduty" and not _is_reference(sink.key):
        raise ConfigError("PagerDuty needs a routing key", "Give a reference: key: env:PAGERDUTY_KEY or file:/….")
    if sink.kind == "webhook" and not sink.url:
        raise ConfigError("a webhook without an address", "Give url: https://…, or a reference to one.")
    if sink.secret and not _is_reference(sink.secret):
        raise ConfigError("the signing key of a webhook is a secret", "Give a reference: secret: env:… or file:/….")


def _is_reference(text: str) -> bool:
    return text.startswith(_SCHEMES)


def _encoded(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")


def _signature(body: bytes, now: Instant, key: str) -> dict[str, str]:
    """Return the header that shows who sent it, and when: HMAC-SHA256 over `TIME.BODY`."""
    at = int(now)
    digest = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Modeltui-Signature": f"t={at},v1={digest}"}
