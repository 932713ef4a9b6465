"""A sink whose address cannot be read, or that does anything at all, stands in nobody else's way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from modeltui.adapters.notify import OutboxNotifier
from modeltui.adapters.notify.outbox import Outbox, Waiting
from modeltui.adapters.notify.sending import send
from modeltui.adapters.notify.sinks import Delivery
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.secret import Secret
from tests.adapters.notify.stage import notice, pagerduty, slack

SPOILT = (
    "https://[hooks.slack.com/services/T0SECRET",
    "https://xn--a.hooks.slack.com/services/T0SECRET",
    "https://hooks.slack.com/services/T0SECRET\udcff",
    "https://hooks.slack.com:seven/services/T0SECRET",
)


def _holds_secret(outbox: Path) -> bool:
    return any("SECRET" in path.read_text() for path in outbox.glob("*.json"))


class _Told:
    """Takes what is for PagerDuty, and does with Slack what a test wants."""

    def __init__(self, of_slack: Callable[[], Exception] | None = None) -> None:
        self.taken: list[str] = []
        self._of_slack = of_slack

    async def send(self, delivery: Delivery, deadline_seconds: float) -> None:
        if "pagerduty" in delivery.url:
            self.taken.append(delivery.url)
        elif self._of_slack is None:
            await send(delivery, deadline_seconds)
        else:
            raise self._of_slack()

    def notifier(self, outbox: Outbox, address: str) -> OutboxNotifier:
        known = {"env:SLACK": address, "env:KEY": "a-routing-key"}
        sinks = [pagerduty("https://events.pagerduty.com"), slack()]
        return OutboxNotifier(
            outbox, sinks, SystemClock(), lambda reference: Secret(known[reference], reference), self.send
        )


@pytest.mark.parametrize("address", SPOILT, ids=["bracket", "punycode", "no text", "port"])
async def test_a_malformed_secret_address_silences_nobody_else(address: str, tmp_path: Path) -> None:
    """The address of Slack is spoilt: PagerDuty has the notice, and the outbox says what is wrong without a secret."""
    told = _Told()
    one = told.notifier(Outbox(tmp_path), address)
    assert await one.put(notice())
    assert await one.deliver(deadline_seconds=1.0) == 1
    assert len(told.taken) == 1
    (says,) = (await one.state()).says
    assert says.startswith("slack-")
    assert says.endswith(("its address or key cannot be read", "it refused"))
    assert not _holds_secret(tmp_path)


async def test_whatever_one_sink_raises_ends_neither_the_others_nor_who_acts(tmp_path: Path) -> None:
    """A fault in the way to one sink: the other sink has the notice, and delivery ends as it always does."""
    told = _Told(lambda: RuntimeError("a fault"))
    one = told.notifier(Outbox(tmp_path), "https://hooks.slack.com/x")
    await one.put(notice())
    assert await one.deliver(deadline_seconds=1.0) == 1
    assert len(told.taken) == 1
    (says,) = (await one.state()).says
    assert says.endswith("it cannot be sent: RuntimeError")


class _Full(Outbox):
    """An outbox whose disk is full once the notice is there."""

    def save(self, waiting: Waiting) -> None:
        if waiting.sinks:
            raise OSError(28, "No space left on device")
        super().save(waiting)


async def test_a_disk_that_fills_up_meanwhile_repeats_nothing(tmp_path: Path) -> None:
    """How far a delivery is cannot be kept: it goes on, and who has the notice is not told again and again."""
    told = _Told(lambda: BackendUnavailable("slack does not answer", "Wait."))
    one = told.notifier(_Full(tmp_path), "https://hooks.slack.com/x")
    await one.put(notice())
    for _ in range(3):
        assert await one.deliver(deadline_seconds=0.3) == 1
    assert len(told.taken) == 1
