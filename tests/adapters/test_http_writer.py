"""A write is sent once, on a connection of its own, and a failure says what it proves."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from modeltui.adapters._http import Answer, BasicAuth, BearerAuth, HeaderAuth, HttpSettings, HttpWriter
from modeltui.adapters._http.writer import NotDeclared
from modeltui.domain.errors import (
    BackendError,
    BackendRefused,
    BackendUnavailable,
    ConfigError,
    OutcomeUnknown,
    RevisionConflict,
)
from modeltui.domain.secret import Secret
from modeltui.testing.faults import (
    Ending,
    FaultServer,
    Framing,
    Reply,
    dripping,
    gzip_bomb,
    gzipped,
    html_page,
    huge,
    json_reply,
    redirect,
    reset,
    silence,
)

# Real sockets that answer in every way.
pytestmark = pytest.mark.broad

TOKEN = "tok-4711-very-secret"


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as started:
        yield started


def impatient(url: str, **others: object) -> HttpSettings:
    return HttpSettings(url=url, connect_seconds=0.3, timeout_seconds=0.4, **others)  # type: ignore[arg-type]


async def write(server: FaultServer, reply: Reply, **others: object) -> Answer:
    server.answer("/base/alias", reply)
    settings = impatient(f"{server.url}/base", **others)
    async with HttpWriter("registry", settings, writes=[("POST", "alias")]) as writer:
        return await writer.send("POST", "alias", json={"name": "fraud"})


async def test_a_write_that_is_taken(server: FaultServer) -> None:
    """The answer comes back, and what was sent is JSON, once, with `Connection: close`."""
    answer = await write(server, json_reply({"ok": True}))
    assert answer.json(dict[str, bool]) == {"ok": True}
    (request,) = server.requests
    assert (request.method, request.body) == ("POST", b'{"name":"fraud"}')
    assert request.headers["connection"] == "close"
    assert request.headers["content-type"] == "application/json"


REFUSED = dict.fromkeys((400, 401, 403, 404, 405, 410, 413, 415, 422, 423, 428, 451, 307, 308), BackendRefused)
MOVED = dict.fromkeys((409, 412), RevisionConflict)
UNKNOWN = dict.fromkeys((301, 302, 303, 408, 425, 429, 499, 500, 501, 502, 503, 504, 520, 599), OutcomeUnknown)


@pytest.mark.parametrize(("status", "kind"), sorted({**REFUSED, **MOVED, **UNKNOWN}.items()))
async def test_statuses(server: FaultServer, status: int, kind: type[BackendError]) -> None:
    """Only what says that nothing was done counts as nothing done; everything else is unknown."""
    with pytest.raises(BackendError) as caught:
        await write(server, json_reply({"message": "because"}, status))
    assert type(caught.value) is kind
    assert str(status) in caught.value.title
    assert caught.value.remedy
    assert len(server.requests) == 1, "never repeated"


@pytest.mark.parametrize("status", [429, 503])
async def test_come_again_later_is_not_applied(server: FaultServer, status: int) -> None:
    """Too busy, and says when to come again: by that contract nothing was done."""
    with pytest.raises(BackendUnavailable, match="does not take") as caught:
        await write(server, json_reply({}, status).with_headers({"Retry-After": "7"}))
    assert "Come again: 7" in caught.value.remedy


LOST = {
    "reset": reset(),
    "FIN": Reply(status=0, ending=Ending.CLOSE),
    "silence": silence(),
    "stalls after the headers": Reply(b"{}", stall_after_headers_seconds=60),
    "half a body": Reply(b"{", declared_length=2, ending=Ending.CLOSE),
    "half a chunked body": Reply(
        raw_head=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        framing=Framing.UNTIL_CLOSE,
        ending=Ending.CLOSE,
    ),
    "drips for ever": dripping(b"{" * 4000, 10),
    "too much": huge(2),
    "packed though not asked for": replace(gzip_bomb(2), headers=(("Content-Encoding", "br"),)),
    "a bomb": gzip_bomb(4),
    "no HTTP": Reply(raw_head=b"SSH-2.0-OpenSSH_9.2\r\n\r\n", ending=Ending.CLOSE),
    "redirected": redirect("/elsewhere"),
    "gateway's page": html_page(502),
}


@pytest.mark.parametrize("how", LOST)
async def test_a_lost_answer_is_unknown(server: FaultServer, how: str) -> None:
    """Once the first byte has left, whatever goes wrong is unknown, and is not sent again."""
    with pytest.raises(
        OutcomeUnknown, match=r"the answer to POST /alias is lost|the answer to POST /base/alias is lost"
    ) as caught:
        await write(server, LOST[how])
    assert "before doing anything again" in caught.value.remedy
    assert len(server.requests) == 1


async def test_a_refusal_counts_without_its_words(server: FaultServer) -> None:
    """A 403 whose body is cut off is still a refusal."""
    cut = Reply(b"{", 403, declared_length=90, ending=Ending.CLOSE)
    with pytest.raises(BackendRefused, match="403"):
        await write(server, cut)
    with pytest.raises(BackendRefused, match="403"):
        await write(server, replace(gzipped(b"{}"), status=403, headers=(("Content-Encoding", "br"),)))


async def test_what_was_not_sent_is_unavailable(server: FaultServer) -> None:
    """No connection, an unknown name, TLS where there is none: certainly nothing was sent."""
    await server.refuse()
    for url in (server.url, "http://registry.invalid"):
        async with HttpWriter("registry", impatient(url), writes=[("POST", "alias")]) as writer:
            with pytest.raises(BackendUnavailable, match="was not sent"):
                await writer.send("POST", "alias")
            assert writer.writes_sent == 0
    await server.listen()
    async with HttpWriter(
        "registry", impatient(server.url.replace("http:", "https:")), writes=[("POST", "a")]
    ) as writer:
        with pytest.raises(BackendUnavailable, match="was not sent"):
            await writer.send("POST", "a")
    assert server.requests == []


async def test_no_connection_within_the_time_is_unavailable() -> None:
    """A host that answers no knock: after the time for connecting it is told, and nothing was sent."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # the queue is full: the system drops further knocks
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(listener.getsockname())
        settings = impatient(f"http://127.0.0.1:{listener.getsockname()[1]}")
        async with HttpWriter("registry", settings, writes=[("POST", "a")]) as writer:
            with pytest.raises(BackendUnavailable, match="was not sent"):
                await writer.send("POST", "a")
            assert writer.writes_sent == 0


async def test_cancelled_it_is_over_at_once(server: FaultServer) -> None:
    """Somebody who cancels gets the cancellation, the connection is closed, and it counts as sent."""
    server.answer("/alias", silence())
    settings = HttpSettings(url=server.url)
    async with HttpWriter("registry", settings, writes=[("POST", "alias")]) as writer:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(writer.send("POST", "alias"))
            await server.until_asked()
            task.cancel()
        assert task.cancelled()
        assert writer.writes_sent == 1


async def test_every_write_has_its_own_connection(server: FaultServer) -> None:
    """A connection that is kept may be closed just as it is used: writes never take one that was used."""
    server.answer("/alias", json_reply({}))
    async with HttpWriter("registry", impatient(server.url), writes=[("POST", "alias")]) as writer:
        for _ in range(3):
            await writer.send("POST", "alias")
    assert [request.connection for request in server.requests] == [1, 2, 3]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "alias"), ("DELETE", "alias"), ("POST", "aliases"), ("POST", "alias/x"), ("GET", "alias"), ("POST", "")],
)
async def test_only_what_was_declared_is_sent(server: FaultServer, method: str, path: str) -> None:
    """A method or path that the adapter did not declare is a fault in the adapter, and no byte leaves."""
    async with HttpWriter("registry", impatient(server.url), writes=[("POST", "alias")]) as writer:
        with pytest.raises(NotDeclared):
            await writer.send(method, path)
    assert server.connections_opened == 0


async def test_reads_and_odd_paths_cannot_be_declared() -> None:
    """Nobody gets a writer that reads, or one that leaves its base."""
    with pytest.raises(ValueError, match="GET is no write"):
        HttpWriter("registry", HttpSettings(url="http://127.0.0.1"), writes=[("GET", "a")])
    with pytest.raises(ValueError, match="plain path"):
        HttpWriter("registry", HttpSettings(url="http://127.0.0.1"), writes=[("POST", "../a")])
    writer = HttpWriter("registry", HttpSettings(url="http://127.0.0.1"), writes=[("POST", "a")])
    with pytest.raises(RuntimeError, match="not open"):
        await writer.send("POST", "a")


async def test_too_large_is_refused_before_a_byte(server: FaultServer) -> None:
    """More than a mebibyte is no alias."""
    async with HttpWriter("registry", impatient(server.url), writes=[("POST", "alias")]) as writer:
        with pytest.raises(BackendRefused, match="too large"):
            await writer.send("POST", "alias", json={"name": "x" * (1 << 20)})
    assert server.connections_opened == 0


AUTHS = {
    "bearer": BearerAuth(token=Secret(TOKEN)),
    "basic": BasicAuth(username="me", password=Secret(TOKEN)),
    "headers": HeaderAuth(headers={"X-Api-Key": Secret(TOKEN)}),
}


@pytest.mark.parametrize("auth", AUTHS.values(), ids=list(AUTHS))
@pytest.mark.parametrize("status", [400, 401, 403, 409, 429, 500])
async def test_no_secret_comes_back_in_an_error(
    server: FaultServer, auth: BearerAuth | BasicAuth | HeaderAuth, status: int
) -> None:
    """A server that echoes what it got does not get the secret onto a screen, into a log or a journal."""

    def echo(request: object) -> Reply:
        headers = getattr(request, "headers", {})
        return json_reply({"message": f"you sent {headers}"}, status).with_headers({"Retry-After": TOKEN})

    server.answer("/alias", echo)
    settings = HttpSettings(url=server.url, auth=auth)  # patient: the server answers, however busy the machine is
    async with HttpWriter("registry", settings, writes=[("POST", "alias")]) as writer:
        with pytest.raises(BackendError) as caught:
            await writer.send("POST", "alias")
        sent = str(server.requests[0].headers)
        assert TOKEN in sent or "Basic " in sent
        chain: BaseException | None = caught.value
        while chain is not None:
            assert TOKEN not in f"{chain} {chain!r} {vars(chain)}"
            assert "bWU6" not in f"{chain} {chain!r}", "nor its base64"
            chain = chain.__cause__ or chain.__context__
        assert TOKEN not in repr(writer)


async def test_a_secret_that_cannot_be_sent_is_a_refusal(server: FaultServer) -> None:
    """A token with a line break is told without the token, and nothing is sent."""
    auth = BearerAuth(token=Secret(f"{TOKEN}\nX: y"))
    with pytest.raises(BackendRefused, match="Nothing was sent") as caught:
        await write(server, json_reply({}), auth=auth)
    assert TOKEN not in str(caught.value)
    assert server.requests == []


async def test_secrets_never_cross_the_network_in_the_clear() -> None:
    """Credentials over plain http to another host are refused when the writer is made."""
    settings = HttpSettings(url="http://registry.example", auth=BearerAuth(token=Secret(TOKEN)))
    with pytest.raises(ConfigError, match="unencrypted"):
        HttpWriter("registry", settings, writes=[("POST", "alias")])


def test_who_only_reads_never_loads_the_writer() -> None:
    """The module that writes is not in a process that has opened every reader."""
    program = (
        "import asyncio, sys\n"
        "import modeltui.adapters._http as http\n"
        "import modeltui.adapters.mlflow.registry, modeltui.adapters.mlflow.writing_promise\n"
        "import modeltui.adapters.embedded.rollout_reader, modeltui.adapters.embedded.writing_promise\n"
        "async def main():\n"
        "    async with http.HttpReader('x', http.HttpSettings(url='http://127.0.0.1:1')):\n"
        "        pass\n"
        "asyncio.run(main())\n"
        "print(*sorted(n for n in sys.modules if n.startswith('modeltui') and n.endswith('writer')))\n"
        "http.HttpWriter\n"
        "print(*sorted(n for n in sys.modules if n.startswith('modeltui') and n.endswith('writer')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    before, after = done.stdout.split("\n")[:2]
    assert before == ""
    assert "modeltui.adapters._http.writer" in after
