"""Notices, sinks and secrets as the tests of this folder use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from modeltui.adapters.notify import OutboxNotifier, Sink
from modeltui.adapters.notify.outbox import Outbox
from modeltui.adapters.notify.sending import send
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.action import PlanHash, PlanId
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import Environment, Instant, ModelName, TargetKey
from modeltui.domain.secret import Secret
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.notifier import Notice, Occasion

PLAN_ID = PlanId(SafeText("7c1de3a0-0000-4000-8000-000000000001"))
ROUTING_KEY = "R0UTINGKEY0123456789012345678901"
SIGNING_KEY = "signing-key-of-the-receiver"
SLACK_PATH = "/services/T0SECRET/B0SECRET/x0x0SECRETx0x0"


def notice(number: int = 1, occasion: Occasion = Occasion.OUTCOME, at: Instant | None = None) -> Notice:
    """A notice of a rollback."""
    return Notice(
        id=safe_text(f"notice-{number}"),
        occasion=occasion,
        at=SystemClock().now() if at is None else at,
        context=SafeText("production"),
        target=TargetKey(ModelName(SafeText("fraud-detector")), Environment(SafeText("prod-hk"))),
        headline=SafeText("rollback to 2.3.1 verified"),
        facts={
            SafeText("from"): SafeText("3.0.0"),
            SafeText("to"): SafeText("2.3.1"),
            SafeText("who"): SafeText("ann@laptop"),
        },
        plan_id=PLAN_ID,
        plan_hash=PlanHash(SafeText("sha256:" + "ab" * 32)),
        journal_head=SafeText("sha256:" + "cd" * 32),
    )


def secrets_at(url: str) -> Mapping[str, str]:
    """What the references of these tests lead to."""
    return {
        "env:HOOK": f"{url}/hook",
        "env:SLACK": url + SLACK_PATH,
        "env:KEY": ROUTING_KEY,
        "env:SIGN": SIGNING_KEY,
    }


def webhook() -> Sink:
    """A signed webhook."""
    return Sink("webhook", url="env:HOOK", secret="env:SIGN")


def slack() -> Sink:
    """A Slack webhook."""
    return Sink("slack", url="env:SLACK")


def pagerduty(url: str) -> Sink:
    """PagerDuty, at another address than its own."""
    return Sink("pagerduty", url=url, key="env:KEY")


def notifier(directory: Path, url: str, *sinks: Sink, clock: Clock | None = None) -> OutboxNotifier:
    """A notifier over `directory` whose secrets lead to `url`."""
    known = secrets_at(url)

    def resolve(reference: str) -> Secret:
        if reference not in known:
            raise ConfigError(f"{reference} is not set")
        return Secret(known[reference], reference)

    return OutboxNotifier(Outbox(directory), sinks, clock or SystemClock(), resolve, send)


def with_facts(one: Notice, **facts: str) -> Notice:
    """The notice with further facts."""
    return replace(
        one, facts={**one.facts, **{safe_text(name): safe_text(value, 4000) for name, value in facts.items()}}
    )
