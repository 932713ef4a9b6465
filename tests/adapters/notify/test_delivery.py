"""Notices reach whoever is configured, whatever the sinks do, and never hold up who acts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from modeltui.adapters.notify import Sink
from modeltui.adapters.notify.outbox import MOST_WAITING
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.action import PlanId
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.ports.notifier import Occasion
from modeltui.testing.faults import FaultServer, Reply, huge, json_reply, reset, silence
from tests.adapters.notify.stage import (
    ROUTING_KEY,
    SIGNING_KEY,
    SLACK_PATH,
    notice,
    notifier,
    pagerduty,
    slack,
    webhook,
    with_facts,
)
from tests.terminal import SOURCE

# Real sockets that hang, break and come back: seconds each.
pytestmark = pytest.mark.broad

OK = Reply(b"ok", 200, "text/plain")


@dataclass
class ShiftedClock:
    """The machine's clock, moved by a day or two."""

    seconds: float

    def now(self) -> Instant:
        return Instant(SystemClock().now() + self.seconds)

    def boottime(self) -> float:
        return SystemClock().boottime()

    async def sleep(self, seconds: float) -> None:
        await SystemClock().sleep(seconds)


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file() and path.name != ".lock")


async def test_every_sink_gets_a_notice_and_the_outbox_is_empty_then(tmp_path: Path) -> None:
    """A notice goes to the webhook, to Slack and to PagerDuty, once each."""
    async with FaultServer() as server:
        for path in ("/hook", SLACK_PATH):
            server.answer(path, OK)
        server.answer("/v2/change/enqueue", json_reply({"status": "success"}, 202))
        told = notifier(tmp_path, server.url, webhook(), slack(), pagerduty(server.url))
        await told.put(notice())
        assert await told.deliver(deadline_seconds=10) == 0
        assert sorted(request.path for request in server.requests) == ["/hook", SLACK_PATH, "/v2/change/enqueue"]
        assert _files(tmp_path) == []
        assert await told.deliver(deadline_seconds=10) == 0
        assert len(server.requests) == 3


async def test_only_the_occasions_that_a_sink_asked_for(tmp_path: Path) -> None:
    """A sink that wants to know of unknown outcomes alone is not told of the others."""
    async with FaultServer() as server:
        server.answer("/hook", OK)
        one = Sink("webhook", url="env:HOOK", on=frozenset({Occasion.UNKNOWN_OUTCOME}))
        told = notifier(tmp_path, server.url, one)
        await told.put(notice(1))
        assert _files(tmp_path) == []
        await told.put(notice(2, Occasion.UNKNOWN_OUTCOME))
        assert await told.deliver(deadline_seconds=10) == 0
        assert [json.loads(request.body)["id"] for request in server.requests] == ["notice-2"]


async def test_files_are_private_and_hold_no_secret(tmp_path: Path) -> None:
    """What waits on disk is readable by its owner alone, and holds neither addresses nor keys nor tokens."""
    told = notifier(tmp_path / "outbox", "http://127.0.0.1:9", webhook(), slack(), pagerduty("http://127.0.0.1:9"))
    await told.put(with_facts(notice(), password="hunter2-of-ann", says="Authorization: Bearer abcdef0123456789xyz"))
    assert await told.deliver(deadline_seconds=0.5) == 1
    files = _files(tmp_path)
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700
    written = files[0].read_text()
    for secret in (SLACK_PATH, "T0SECRET", ROUTING_KEY, SIGNING_KEY, "hunter2", "abcdef0123456789xyz", "127.0.0.1"):
        assert secret not in written
    assert "rollback to 2.3.1 verified" in written


@pytest.mark.parametrize(
    "trouble",
    [Reply(b"", 500), Reply(b"", 429, headers=(("Retry-After", "1"),)), Reply(b"", 503), reset(), huge(3)],
    ids=["500", "429", "503", "reset", "3 MB"],
)
async def test_trouble_passes_and_the_notice_arrives(trouble: Reply, tmp_path: Path) -> None:
    """A sink that fails once is tried again after a pause, with the same delivery id."""
    async with FaultServer() as server:
        server.answer("/hook", trouble, OK)
        told = notifier(tmp_path, server.url, webhook())
        await told.put(notice())
        assert await told.deliver(deadline_seconds=10) == 0
        assert len(server.requests) == 2
        ids = {request.headers["x-modeltui-delivery"] for request in server.requests}
        assert len(ids) == 1


async def test_an_answer_of_half_a_megabyte_is_a_delivery_all_the_same(tmp_path: Path) -> None:
    """500 KB of answer neither hurt nor lead to a second delivery."""
    async with FaultServer() as server:
        server.answer("/hook", Reply(b" " * 500_000))
        told = notifier(tmp_path, server.url, webhook())
        await told.put(notice())
        assert await told.deliver(deadline_seconds=10) == 0
        assert len(server.requests) == 1


async def test_a_pause_that_a_sink_asks_for_is_kept(tmp_path: Path) -> None:
    """Retry-After of a minute: the sink is left alone for that minute, also by the next start."""
    async with FaultServer() as server:
        server.answer("/hook", Reply(b"", 429, headers=(("Retry-After", "60"),)), OK)
        told = notifier(tmp_path, server.url, webhook())
        await told.put(notice())
        assert await told.deliver(deadline_seconds=1) == 1
        assert await notifier(tmp_path, server.url, webhook()).deliver(deadline_seconds=1) == 1
        assert len(server.requests) == 1
        later = notifier(tmp_path, server.url, webhook(), clock=ShiftedClock(61))
        assert await later.deliver(deadline_seconds=5) == 0


async def test_the_end_of_a_matter_never_overtakes_its_beginning(tmp_path: Path) -> None:
    """PagerDuty asks for a pause with an alert: what resolves it waits too, and news of another plan does not."""
    async with FaultServer() as server:
        server.answer("/v2/enqueue", Reply(b"", 429, headers=(("Retry-After", "60"),)), OK, OK)
        server.answer("/v2/change/enqueue", OK)
        told = notifier(tmp_path, server.url, pagerduty(server.url))
        now = SystemClock().now()
        await told.put(notice(1, Occasion.UNKNOWN_OUTCOME, at=Instant(now - 3)))
        assert await told.deliver(deadline_seconds=0.5) == 1
        await told.put(notice(2, Occasion.SETTLED, at=Instant(now - 2)))
        other = replace(notice(3, at=Instant(now - 1)), plan_id=PlanId(SafeText("another plan")))
        await told.put(other)
        assert await told.deliver(deadline_seconds=0.5) == 2
        later = notifier(tmp_path, server.url, pagerduty(server.url), clock=ShiftedClock(61))
        assert await later.deliver(deadline_seconds=5) == 0
        sent = [json.loads(request.body).get("event_action") for request in server.requests]
        assert sent == ["trigger", None, "trigger", "resolve"]


async def test_a_silent_sink_delays_neither_put_nor_the_others(tmp_path: Path) -> None:
    """A sink that never answers: put returns at once, the other sinks have it, and delivery ends within its time."""
    async with FaultServer() as server:
        server.answer(SLACK_PATH, silence())
        server.answer("/hook", OK)
        told = notifier(tmp_path, server.url, webhook(), slack())
        started = time.monotonic()
        await told.put(notice())
        assert time.monotonic() - started < 0.5
        assert await told.deliver(deadline_seconds=1.0) == 1
        assert time.monotonic() - started < 2.5
        assert "/hook" in [request.path for request in server.requests]
        waiting = json.loads(_files(tmp_path)[0].read_text())["sinks"]
        assert [name.partition("-")[0] for name in waiting] == ["slack"]


async def test_put_while_a_delivery_hangs_returns_at_once(tmp_path: Path) -> None:
    """Somebody acts while an earlier notice is stuck at a dead sink: nothing of it is felt."""
    async with FaultServer() as server:
        server.answer("/hook", silence())
        told = notifier(tmp_path, server.url, webhook())
        await told.put(notice(1))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(told.deliver(deadline_seconds=1.5))
            await server.until_asked(1)
            started = time.monotonic()
            await told.put(notice(2))
            assert time.monotonic() - started < 0.5
        assert (await told.state()).waiting == 2


async def test_a_sink_that_says_no_for_good_is_given_up_visibly(tmp_path: Path) -> None:
    """A webhook that was deleted (404) is not asked for ever: the notice is put aside, and `state` says so."""
    async with FaultServer() as server:
        told = notifier(tmp_path, server.url, webhook())
        await told.put(notice())
        for later in range(6):
            clock = ShiftedClock(400.0 * later)
            await notifier(tmp_path, server.url, webhook(), clock=clock).deliver(deadline_seconds=0.7)
        state = await told.state()
        assert (state.waiting, state.given_up) == (0, 1)
        assert len(server.requests) == 5
        aside = json.loads(next((tmp_path / "given-up").iterdir()).read_text())
        assert next(iter(aside["given_up"].values()))["says"] == "it refused"


async def test_after_a_day_nobody_is_told_any_more(tmp_path: Path) -> None:
    """What could not be delivered for 24 hours is put aside without another try."""
    async with FaultServer() as server:
        server.answer("/hook", OK)
        await notifier(tmp_path, server.url, webhook()).put(notice())
        late = notifier(tmp_path, server.url, webhook(), clock=ShiftedClock(25 * 3600.0))
        assert await late.deliver(deadline_seconds=2) == 0
        assert server.requests == []
        assert (await late.state()).given_up == 1


async def test_a_clock_that_was_set_back_holds_nothing_up(tmp_path: Path) -> None:
    """A pause that was counted from a clock two days ahead does not last for two days."""
    async with FaultServer() as server:
        server.answer("/hook", Reply(b"", 500), OK)
        ahead = notifier(tmp_path, server.url, webhook(), clock=ShiftedClock(48 * 3600.0))
        await ahead.put(notice(at=ShiftedClock(48 * 3600.0).now()))
        assert await ahead.deliver(deadline_seconds=0.5) == 1
        assert await notifier(tmp_path, server.url, webhook()).deliver(deadline_seconds=3) == 0


async def test_a_secret_that_is_not_there_raises_nothing(tmp_path: Path) -> None:
    """A reference that leads nowhere: the notice waits, and the reason names no secret."""
    told = notifier(tmp_path, "http://127.0.0.1:9", Sink("slack", url="env:GONE"))
    await told.put(notice())
    assert await told.deliver(deadline_seconds=0.5) == 1
    assert (await told.state()).says[0].endswith("its address or key cannot be read")


async def test_nothing_crosses_the_network_in_the_clear(tmp_path: Path) -> None:
    """An http address that is not on this machine is not used."""
    told = notifier(tmp_path, "http://hooks.invalid", webhook())
    await told.put(notice())
    assert await told.deliver(deadline_seconds=0.5) == 1
    assert (await told.state()).says[0].endswith("its address or key cannot be read")


def test_secrets_in_the_clear_are_refused() -> None:
    """Addresses of Slack, routing keys and signing keys must be references."""
    for kind, url, key, secret in (
        ("slack", "https://hooks.slack.com/services/T/B/x", "", ""),
        ("pagerduty", "", ROUTING_KEY, ""),
        ("webhook", "https://a.example", "", "plain"),
        ("webhook", "", "", ""),
        ("pigeon", "https://a.example", "", ""),
    ):
        with pytest.raises(ConfigError) as refused:
            Sink(kind, url, key, secret)
        assert "services/T" not in str(refused.value)
        assert ROUTING_KEY not in str(refused.value)


async def test_a_disk_that_cannot_be_written_is_counted_not_raised(tmp_path: Path) -> None:
    """The directory cannot be made: put returns, and the loss is counted."""
    (tmp_path / "file").write_text("in the way")
    told = notifier(tmp_path / "file" / "outbox", "http://127.0.0.1:9", webhook())
    await told.put(notice())
    assert told.lost == 1
    assert await told.deliver(deadline_seconds=0.5) == 0


async def test_a_file_that_is_no_notice_is_put_aside(tmp_path: Path) -> None:
    """Half a file, somebody's file: the others are delivered."""
    async with FaultServer() as server:
        server.answer("/hook", OK)
        told = notifier(tmp_path, server.url, webhook())
        await told.put(notice())
        for name, text in (("a", "{"), ("b", "[]"), ("c", '{"v": 2}'), ("d", "[" * 100_000), ("e", "\xff\x00")):
            (tmp_path / f"000000000000000-{name}.json").write_text(text, encoding="latin-1")
        looked = await told.state()
        assert (looked.waiting, looked.given_up) == (1, 0), "looking moves nothing"
        assert await told.deliver(deadline_seconds=5) == 0
        assert len(server.requests) == 1
        assert (await told.state()).given_up == 5


async def test_the_outbox_does_not_grow_without_end(tmp_path: Path) -> None:
    """A full outbox gives way at its oldest ordinary end; what somebody must look at stays."""
    told = notifier(tmp_path, "http://127.0.0.1:9", webhook())
    start = SystemClock().now()
    await told.put(notice(0, Occasion.UNKNOWN_OUTCOME, at=Instant(start - 10)))
    for number in range(1, MOST_WAITING + 3):
        await told.put(notice(number, at=Instant(start + number / 1000)))
    state = await told.state()
    assert state.waiting == MOST_WAITING
    assert state.given_up == 3
    assert state.oldest_at == pytest.approx(start - 10)


_WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.adapters.notify.stage import notice, notifier, webhook

async def main():
    told = notifier(Path(sys.argv[1]), sys.argv[2], webhook())
    for number in range(int(sys.argv[3])):
        await told.put(notice(number))
    if sys.argv[4] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    await told.deliver(deadline_seconds=20)

asyncio.run(main())
"""


def _worker(directory: Path, url: str, count: int, end: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": f"{SOURCE}:{SOURCE.parent}"}
    return subprocess.Popen([sys.executable, "-c", _WORKER, str(directory), url, str(count), end], env=environment)


async def test_killed_between_put_and_delivery_the_next_start_delivers(tmp_path: Path) -> None:
    """kill -9 right after put: the notices are on disk, whole, and the next process delivers them."""
    async with FaultServer() as server:
        server.answer("/hook", OK)
        process = _worker(tmp_path, server.url, 3, "kill")
        assert await asyncio.to_thread(process.wait, 20) == -signal.SIGKILL
        assert server.requests == []
        assert len(_files(tmp_path)) == 3
        assert await notifier(tmp_path, server.url, webhook()).deliver(deadline_seconds=10) == 0
        assert sorted(json.loads(request.body)["id"] for request in server.requests) == [
            "notice-0",
            "notice-1",
            "notice-2",
        ]


async def test_two_processes_deliver_each_notice_once(tmp_path: Path) -> None:
    """Two processes with one outbox take turns: nobody is told twice where nothing crashed."""
    async with FaultServer() as server:
        server.answer("/hook", OK)
        both = [_worker(tmp_path, server.url, 20, "deliver") for _ in range(2)]
        for process in both:
            assert await asyncio.to_thread(process.wait, 30) == 0
        ids = [json.loads(request.body)["id"] for request in server.requests]
        assert set(ids) == {f"notice-{number}" for number in range(20)}
        assert _files(tmp_path) == []
