"""What each kind of sink is sent: its own form, within its limits, signed where it can be, harmless everywhere."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest

from modeltui.adapters.notify import slack as slack_form
from modeltui.adapters.notify.sinks import Delivery, Sink
from modeltui.domain.acting.action import PlanId
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.secret import Secret
from modeltui.domain.text import safe_text
from modeltui.ports.notifier import Notice, Occasion
from modeltui.testing.hostile import HOSTILE_TEXTS
from tests.adapters.notify.stage import PLAN_ID, ROUTING_KEY, SIGNING_KEY, notice, pagerduty, webhook

# Every hostile text to every kind of sink, over real sockets.
pytestmark = pytest.mark.broad

AT = Instant(1_767_268_800.5)
SECRETS = {"env:HOOK": "https://hook.example/x", "env:SIGN": SIGNING_KEY, "env:KEY": ROUTING_KEY}


def _sent(sink: Sink, one: Notice) -> tuple[Delivery, dict[str, Any]]:
    delivery = sink.delivery(one, AT, lambda reference: Secret(SECRETS[reference]))
    body: dict[str, Any] = json.loads(delivery.body)
    return delivery, body


def test_a_webhook_gets_a_cloud_event_that_it_can_trust() -> None:
    """CloudEvents 1.0 with the notice's id, signed with time and HMAC over exactly the bytes that are sent."""
    delivery, body = _sent(webhook(), replace(notice(), at=AT))
    assert {key: body[key] for key in ("specversion", "id", "source", "type", "subject", "time")} == {
        "specversion": "1.0",
        "id": "notice-1",
        "source": "/modeltui/production",
        "type": "dev.modeltui.notice.outcome.v1",
        "subject": "prod-hk/fraud-detector",
        "time": "2026-01-01T12:00:00.500Z",
    }
    assert body["data"]["plan_id"] == PLAN_ID
    assert body["data"]["journal_head"].startswith("sha256:cd")
    assert [fact["name"] for fact in body["data"]["facts"]] == ["from", "to", "who"]
    at, _, digest = delivery.headers["X-Modeltui-Signature"].removeprefix("t=").partition(",v1=")
    assert at == str(int(AT))
    expected = hmac.new(SIGNING_KEY.encode(), at.encode() + b"." + delivery.body, hashlib.sha256).hexdigest()
    assert digest == expected
    assert delivery.headers["Content-Type"].startswith("application/cloudevents+json")
    assert "notice-1" in delivery.headers["X-Modeltui-Delivery"]
    assert "hook.example" not in repr(delivery)


def test_without_a_key_nothing_pretends_to_be_signed() -> None:
    """A webhook without a signing key has no signature header."""
    delivery, _ = _sent(Sink("webhook", url="https://hook.example/x"), notice())
    assert "X-Modeltui-Signature" not in delivery.headers


def test_a_missing_plan_is_left_out() -> None:
    """What is not known is absent, not null."""
    _, body = _sent(webhook(), replace(notice(), plan_id=UNKNOWN, plan_hash=UNKNOWN, journal_head=UNKNOWN))
    assert not {"plan_id", "plan", "journal_head"} & set(body["data"])


@pytest.mark.parametrize("occasion", list(Occasion))
def test_pagerduty_wakes_somebody_only_where_somebody_has_to_look(occasion: Occasion) -> None:
    """Outcomes and requests are changes; what somebody has to look at is one incident per plan, break-glass apart."""
    delivery, body = _sent(pagerduty("https://events.example"), notice(1, occasion))
    assert body["routing_key"] == ROUTING_KEY
    assert len(body["payload"]["summary"]) <= 1024
    if occasion in {Occasion.OUTCOME, Occasion.APPROVAL_ASKED}:
        assert delivery.url == "https://events.example/v2/change/enqueue"
        assert "event_action" not in body
        return
    assert delivery.url == "https://events.example/v2/enqueue"
    assert body["event_action"] == ("resolve" if occasion is Occasion.SETTLED else "trigger")
    assert body["dedup_key"] == (f"{PLAN_ID}/break-glass" if occasion is Occasion.BREAK_GLASS else PLAN_ID)
    assert body["payload"]["severity"] in {"critical", "error", "warning", "info"}


def test_pagerduty_closes_what_it_was_woken_by_and_nothing_else() -> None:
    """What was unknown is settled: the same key is resolved; that a rule was overruled stays to be looked at."""
    sink = pagerduty("https://events.example")
    _, opened = _sent(sink, notice(1, Occasion.UNKNOWN_OUTCOME))
    _, overruled = _sent(sink, notice(2, Occasion.BREAK_GLASS))
    _, closed = _sent(sink, notice(3, Occasion.SETTLED))
    assert (closed["event_action"], closed["dedup_key"]) == ("resolve", opened["dedup_key"])
    assert overruled["dedup_key"] != closed["dedup_key"]


def test_keys_of_pagerduty_are_never_too_long() -> None:
    """However long an id is, each key has 255 characters at most, and the two of one plan stay apart."""
    long = replace(notice(1, Occasion.BREAK_GLASS), plan_id=PlanId(safe_text("p" * 400, 400)))
    _, overruled = _sent(pagerduty("https://events.example"), long)
    _, unknown = _sent(pagerduty("https://events.example"), replace(long, occasion=Occasion.UNKNOWN_OUTCOME))
    assert len(overruled["dedup_key"]) == len(unknown["dedup_key"]) == 255
    assert overruled["dedup_key"] != unknown["dedup_key"]


@pytest.mark.parametrize("occasion", [Occasion.OUTCOME, Occasion.UNKNOWN_OUTCOME, Occasion.SNAPPED_BACK])
def test_whoever_is_woken_hears_that_it_is_settled(occasion: Occasion) -> None:
    """A sink that names its occasions need not name the end of a matter; one for approvals alone hears none."""
    woken = Sink("webhook", url="https://hook.example", on=frozenset({occasion}))
    assert woken.hears(Occasion.SETTLED)
    assert woken.hears(Occasion.FOUND_OUT)
    others = Sink("webhook", url="https://hook.example", on=frozenset({Occasion.APPROVAL_ASKED, Occasion.BREAK_GLASS}))
    assert not others.hears(Occasion.SETTLED)
    assert not others.hears(occasion)


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def test_slack_calls_nobody_and_links_nowhere() -> None:
    """Names with Slack's own markup arrive as the letters they are; no @channel, no <!here>, no hidden link."""
    facts = {safe_text("says"): safe_text("<!channel> @channel @here <https://evil.example|ok> a&b *bold* @ann")}
    sent = slack_form.message(replace(notice(), headline=safe_text("<!everyone> & <@U123>"), facts=facts))
    for text in _texts(sent):
        assert "<" not in text
        assert ">" not in text
        assert "@channel" not in text
        assert "@here" not in text
        assert not text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").count("&")
    assert {block["text"]["type"] for block in sent["blocks"] if "text" in block} == {"plain_text"}
    assert sent["text"]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_slack_stays_within_its_limits(text: str) -> None:
    """However long and odd the texts are: 50 blocks, 10 fields, 150, 2,000 and 3,000 characters."""
    long = safe_text(text * 400 + "<" * 4000, 9000)
    facts = {safe_text(f"{number} {text}"): long for number in range(300)}
    sent = slack_form.message(replace(notice(), headline=long, facts=facts))
    assert len(sent["blocks"]) <= 50
    for block in sent["blocks"]:
        assert len(block.get("fields", [])) <= 10
        assert all(1 <= len(one["text"]) <= 2000 for one in block.get("fields", []))
        if block["type"] == "header":
            assert 1 <= len(block["text"]["text"]) <= 150
        elif "text" in block:
            assert 1 <= len(block["text"]["text"]) <= 3000
    assert len(sent["text"]) <= 3000
    assert not any(piece.endswith(("&", "&l", "&lt")) for piece in _texts(sent))
