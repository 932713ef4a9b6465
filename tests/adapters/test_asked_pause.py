"""A backend that asks to be left alone is left alone: for as long as it says, within reason, and no other is."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import pytest

from modeltui.adapters._http import HttpReader, HttpSettings
from modeltui.adapters._http.asked_pause import LONGEST_PAUSE_SECONDS, asking_for_a_pause, pause_in
from modeltui.adapters._http.exchange import WireAnswer
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.testing.clock import VirtualClock
from modeltui.testing.faults import FaultServer, Reply, json_reply

NOW = Instant(1_767_268_800.0)
"""2026-01-01 12:00 UTC."""


def answer(asked: str, status: int = 429, server_date: Instant | Unknown = UNKNOWN) -> WireAnswer:
    """Return an answer that asks for a pause in these words."""
    return WireAnswer(status, False, {"retry-after": asked}, b"", 0, server_date)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("17", 17.0),
        (" 17 ", 17.0),
        ("0", 0.0),
        ("9" * 400, math.inf),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thursday, 01-Jan-26 12:00:30 GMT", 30.0),
        ("Thu Jan  1 12:00:30 2026", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("", 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("1e9", 0.0),
        ("٣", 0.0),
        ("Thu, 99 Jan 2026 12:00:30 GMT", 0.0),
    ],
)
def test_seconds_and_moments_are_understood(asked: str, seconds: float) -> None:
    """A pause is read in both its forms and in the three ways to write a date; nonsense asks for nothing."""
    assert pause_in(answer(asked), NOW) == seconds


def test_a_moment_counts_from_the_clock_of_the_server() -> None:
    """A server whose clock is an hour ahead asks for half a minute, not for an hour and a half a minute."""
    asked = answer("Thu, 01 Jan 2026 13:00:30 GMT", server_date=Instant(NOW + 3600))
    assert pause_in(asked, NOW) == 30.0


@pytest.mark.parametrize("status", [200, 404, 500, 502])
def test_only_an_answer_that_means_later_asks_for_a_pause(status: int) -> None:
    """Retry-After in any other answer than 429 and 503 is not about asking too often."""
    assert pause_in(answer("17", status), NOW) == 0.0
    assert pause_in(answer("17", 503), NOW) == 17.0


@pytest.mark.parametrize("asked_seconds", [86_400.0, math.inf])
def test_no_header_blinds_a_source_for_a_day(asked_seconds: float) -> None:
    """A pause that is out of all proportion is cut, and it is said that more was asked for."""
    kept = asking_for_a_pause(BackendUnavailable("prometheus asks for fewer requests", "Ask less."), asked_seconds)
    assert kept.asked_pause_seconds == LONGEST_PAUSE_SECONDS
    assert kept.remedy == "It asked for a longer pause and is left alone for 300 s. Ask less."


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as started:
        yield started


def slow_down(status: int, asked: str) -> Reply:
    """Return an answer that sends us away."""
    return json_reply({"message": "slow down"}, status).with_headers({"Retry-After": asked})


@pytest.mark.broad
@pytest.mark.parametrize(("status", "title"), [(429, "asks for fewer requests"), (503, "failed on GET /thing")])
async def test_nothing_is_sent_until_the_pause_is_over(server: FaultServer, status: int, title: str) -> None:
    """Whatever is asked of a backend within its pause gets its own words as the answer, and no request leaves."""
    clock = VirtualClock()
    server.answer("/thing", slow_down(status, "17"), json_reply({}))
    server.answer("/other", json_reply({}))
    async with HttpReader("registry", HttpSettings(url=server.url), clock=clock) as reader:
        for path, left_seconds in (("thing", 17.0), ("thing", 12.0), ("other", 7.0)):
            with pytest.raises(BackendUnavailable, match=title) as raised:
                await reader.get(path)
            assert raised.value.asked_pause_seconds == left_seconds
            assert "It asked for a pause and is left alone for 17 s." in raised.value.remedy
            await clock.advance(5)
        assert reader.requests_sent == 1
        await clock.advance(2)
        assert (await reader.get("thing")).status == 200
        assert reader.requests_sent == 2


@pytest.mark.broad
async def test_one_backend_asking_for_a_pause_silences_no_other(server: FaultServer) -> None:
    """Two sources on one host are asked each for itself."""
    server.answer("/a", slow_down(429, "300"))
    server.answer("/b", json_reply({}))
    settings = HttpSettings(url=server.url)
    async with HttpReader("a", settings) as paused, HttpReader("b", settings) as free:
        with pytest.raises(BackendUnavailable):
            await paused.get("a")
        assert (await free.get("b")).status == 200


@pytest.mark.broad
async def test_a_server_that_names_no_time_is_asked_as_ever(server: FaultServer) -> None:
    """A 429 without Retry-After keeps nobody from asking again."""
    server.answer("/thing", json_reply({}, 429), json_reply({}))
    async with HttpReader("registry", HttpSettings(url=server.url)) as reader:
        with pytest.raises(BackendUnavailable, match="fewer requests"):
            await reader.get("thing")
        assert (await reader.get("thing")).status == 200
