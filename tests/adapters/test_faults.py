"""The server that misbehaves on demand does what it says, else the tests that lean on it prove nothing."""

from __future__ import annotations

import asyncio
import json
import unicodedata
import zlib

import pytest

from modeltui.testing.faults import (
    HOSTILE_TEXTS,
    FaultServer,
    Reply,
    dripping,
    gzip_bomb,
    half_json,
    huge,
    json_reply,
    reset,
    silence,
)


async def talk(server: FaultServer, *requests: bytes) -> list[bytes]:
    """Send `requests` over one connection and return all that came back, up to its end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for request in requests:
            writer.write(request)
        return (await reader.read()).split(b"HTTP/1.1 ")[1:]
    finally:
        writer.close()


GET = b"GET /thing?x=1&x=2 HTTP/1.1\r\nHost: h\r\n\r\n"
LAST_GET = b"GET /thing HTTP/1.1\r\nConnection: close\r\n\r\n"
POST = b"POST /thing HTTP/1.1\r\nContent-Length: 7\r\n\r\nquery=1"


async def test_replies_take_turns_and_the_last_one_stays() -> None:
    """A script is played in order over a kept connection, and every request is recorded."""
    async with FaultServer() as server:
        server.answer("/thing", json_reply({"turn": 1}), lambda request: Reply(request.method.encode()))
        answers = await talk(server, GET, POST, LAST_GET)
        assert [answer.rpartition(b"\r\n\r\n")[2] for answer in answers] == [b'{"turn": 1}', b"POST", b"GET"]
        first, second, third = server.requests
        assert (first.query, first.headers["host"]) == ({"x": ["1", "2"]}, "h")
        assert (second.form, third.connection, server.connections_opened) == ({"query": ["1"]}, 1, 1)


async def test_what_was_not_scripted_is_not_there() -> None:
    """A path without a script answers 404, as a server that lacks the route."""
    async with FaultServer() as server:
        assert (await talk(server, LAST_GET))[0].startswith(b"404 ")


async def test_a_stopped_server_refuses_and_comes_back_at_the_same_place() -> None:
    """A server can die, even amid a silence, and be started again on its port."""
    async with FaultServer() as server:
        server.answer("/thing", silence())
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET)
        await server.until_asked()
        await server.refuse()
        assert server.connections_open == 0
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)
        writer.close()
        assert reader.at_eof() or reader.exception()
        await server.listen()
        server.answer("/thing", json_reply({}))
        assert (await talk(server, LAST_GET))[0].startswith(b"200 OK")


async def test_a_reset_is_a_reset() -> None:
    """The client sees its connection reset, not closed."""
    async with FaultServer() as server:
        server.answer("/thing", reset())
        with pytest.raises(ConnectionResetError):
            await talk(server, GET)


async def test_dripping_is_as_slow_as_told() -> None:
    """Fifty bytes at 500 a second take a tenth of a second, in several pieces."""
    async with FaultServer() as server:
        server.answer("/thing", dripping(b"x" * 50, 500))
        started_at = asyncio.get_running_loop().time()
        await talk(server, LAST_GET)
        assert asyncio.get_running_loop().time() - started_at >= 0.09


def test_the_bomb_goes_off_in_a_naive_client() -> None:
    """A kilobyte unpacks to a megabyte of valid JSON blanks, in one stream."""
    bomb = gzip_bomb(20).body
    assert len(bomb) < 25_000
    assert len(zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(bomb)) == 20 << 20


def test_half_is_not_valid_and_huge_is() -> None:
    """Half a document cannot be read; a huge one could."""
    with pytest.raises(json.JSONDecodeError):
        json.loads(half_json({"name": "fraud"}).body)
    reply = huge(3)
    assert json.loads(reply.body * reply.repeat + reply.closing) == []


def test_the_hostile_texts_cover_what_terminals_and_spreadsheets_obey() -> None:
    """Every kind of hidden character, markup and formula is in the corpus."""
    everything = "".join(HOSTILE_TEXTS.values())
    assert {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn"} <= {unicodedata.category(c) for c in everything}
    for part in (
        "\x1b]52;",
        "\x1b]8;;",
        "\x1b]0;",
        "\x9b",
        "\u202e",
        "\u200b",
        "[/]",
        "[@click=app.quit]",
        "\x00",
        "\r\n",
    ):
        assert part in everything
    assert max(map(len, HOSTILE_TEXTS.values())) >= 10_000
    assert {text[0] for text in HOSTILE_TEXTS.values() if text} >= set("=+-@\t")
