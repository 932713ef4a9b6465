"""Whatever a server, proxy or network does, a source fails alone: with the right words, in time, in little memory."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from msgspec import Struct

from modeltui.adapters._http import Answer, HttpReader, HttpSettings, path_segment
from modeltui.adapters._http.transport import NotARead
from modeltui.domain.errors import BackendError, BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.names import UNKNOWN
from modeltui.testing.faults import (
    HOSTILE_TEXTS,
    Ending,
    FaultServer,
    Framing,
    Reply,
    dripping,
    gzip_bomb,
    gzipped,
    half_json,
    html_page,
    huge,
    huge_headers,
    json_reply,
    redirect,
    reset,
    silence,
)

# Real sockets that answer in every way.
pytestmark = pytest.mark.broad


class Thing(Struct):
    """What the tests ask for."""

    name: str
    size: int = 0


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as started:
        yield started


def impatient(url: str, **others: object) -> HttpSettings:
    return HttpSettings(url=url, connect_seconds=0.5, read_gap_seconds=0.3, timeout_seconds=0.8, **others)  # type: ignore[arg-type]


async def ask(server: FaultServer, *replies: Reply, **others: object) -> Answer:
    server.answer("/thing", *replies)
    async with HttpReader("registry", impatient(server.url, **others)) as reader:
        return await reader.get("thing")


FAULTS: dict[str, tuple[Reply, type[BackendError], str]] = {
    "N02 silence": (silence(), BackendUnavailable, "fell silent for 0.3 s and sent no answer"),
    "N02 stall after the headers": (
        Reply(b"{}", stall_after_headers_seconds=60),
        BackendUnavailable,
        "fell silent for 0.3 s after 0 bytes",
    ),
    "N04 reset": (reset(), BackendUnavailable, "closed the connection"),
    "N07 short Content-Length": (
        Reply(b"{}", declared_length=500, ending=Ending.CLOSE),
        BackendMalformed,
        "truncated answer: the connection ended after 2 bytes",
    ),
    "N08 half JSON": (
        half_json({"name": "fraud", "size": 1}),
        BackendMalformed,
        "answered GET /thing with something unreadable",
    ),
    "N08 half JSON without a length": (
        Reply(b'{"name": "fr', framing=Framing.UNTIL_CLOSE, ending=Ending.CLOSE),
        BackendMalformed,
        "truncated",
    ),
    "N10 dripping": (dripping(b" " * 5000, 50), BackendUnavailable, "bytes of GET /thing after 0.8 s"),
    "N22 captive portal": (html_page(), BackendMalformed, "is not the API: GET /thing got text/html titled 'Sign in'"),
    "N22 page with a wrong type": (
        Reply(html_page().body),
        BackendMalformed,
        "is not the API: GET /thing got application/json",
    ),
    "N23 redirect to another host": (
        redirect("https://login.example.com/sso?token=abc"),
        BackendRefused,
        "redirects GET /thing to https://login.example.com/sso (302)",
    ),
    "N23 permanent redirect to a path": (redirect("/ui/", 308), BackendRefused, "/ui/ (308)"),
    "N25 401": (
        html_page(401).with_headers({"WWW-Authenticate": 'Basic realm="mlflow"'}),
        BackendRefused,
        'Set auth of this source: type basic, bearer or headers. It asks for: Basic realm="mlflow".',
    ),
    "N26 403": (
        Reply(b"Invalid Host header - possible DNS rebinding attack detected", 403, "text/plain"),
        BackendRefused,
        "forbids GET /thing (403 Forbidden): Invalid Host header",
    ),
    "404": (html_page(404), BackendRefused, "has no GET /thing (404 Not Found): Sign in"),
    "429": (
        json_reply({"message": "slow down"}, 429).with_headers({"Retry-After": "17"}),
        BackendUnavailable,
        "It asked for a pause and is left alone for 17 s.",
    ),
    "422": (
        json_reply({"status": "error", "error": "many-to-many matching"}, 422),
        BackendRefused,
        "does not accept GET /thing (422 Unprocessable Entity): many-to-many matching",
    ),
    "N28 500": (html_page(500), BackendUnavailable, "failed on GET /thing (500 Internal Server Error): Sign in"),
    "N28 503": (Reply(b"Service Unavailable", 503, "text/plain"), BackendUnavailable, "503"),
    "unknown status": (Reply(b"", 599), BackendUnavailable, "failed on GET /thing (599)"),
    "N29 204": (Reply(status=204), BackendMalformed, "with 204 and nothing in it"),
    "N29 empty 200": (Reply(b""), BackendMalformed, "with 200 and nothing in it"),
    "N31 1000 headers": (huge_headers(1000, 20), BackendMalformed, "more headers than any API sends"),
    "N31 200 KB of headers": (huge_headers(1, 200_000), BackendMalformed, "does not speak HTTP"),
    "N34 50 MB": (huge(50), BackendMalformed, "more than 8,388,608 bytes"),
    "N34 50 MB of unknown length": (
        Reply(b" " * 65536, repeat=800, framing=Framing.CHUNKED),
        BackendMalformed,
        "more than 8,388,608 bytes",
    ),
    "N34 gzip bomb": (gzip_bomb(200), BackendMalformed, "more than 8,388,608 bytes"),
    "N35 length and chunks": (
        Reply(b"5\r\nhello\r\n0\r\n\r\n", raw_head=b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
        BackendMalformed,
        "does not speak HTTP",
    ),
    "not HTTP": (
        Reply(raw_head=b"SSH-2.0-OpenSSH_9.2\r\n\r\n", ending=Ending.CLOSE),
        BackendMalformed,
        "does not speak HTTP",
    ),
    "damaged gzip": (
        Reply(b"\x1f\x8b\x08 nonsense", headers=(("Content-Encoding", "gzip"),)),
        BackendMalformed,
        "its gzip data is damaged",
    ),
    "cut gzip": (
        Reply(gzipped(b"{}" * 500).body[:20], headers=(("Content-Encoding", "gzip"),)),
        BackendMalformed,
        "its gzip data ends too early",
    ),
    "compression not asked for": (
        Reply(b"?", headers=(("Content-Encoding", "br"),)),
        BackendMalformed,
        "compressed with 'br'",
    ),
    "wrong type": (Reply(b"\x89PNG\r\n", content_type="image/png"), BackendMalformed, "unreadable (image/png)"),
    "D02 wrong field": (json_reply({"name": 3}), BackendMalformed, "Expected `str`, got `int` - at `$.name`"),
    "D04 NaN": (Reply(b'{"name": "x", "size": NaN}'), BackendMalformed, "byte 22"),
    "D05 5000 digits": (Reply(b'{"name": "x", "size": ' + b"9" * 5000 + b"}"), BackendMalformed, "at `$.size`"),
    "D05 depth 100 000": (Reply(b'{"x":' + b"[" * 100_000), BackendMalformed, "nested too deeply"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_fault_gives_its_own_words_in_time(server: FaultServer, fault: str) -> None:
    """A misbehaving server is named, with what it did and what to do, within the deadline."""
    reply, kind, words = FAULTS[fault]
    started_at = asyncio.get_running_loop().time()
    with pytest.raises(kind) as raised:
        (await ask(server, reply)).json(Thing)
    assert type(raised.value) is kind
    assert raised.value.title.startswith("registry")
    assert words in str(raised.value)
    assert raised.value.remedy
    assert str(raised.value).isprintable() or str(raised.value).count("\n") == 1
    assert asyncio.get_running_loop().time() - started_at < 1.5


async def test_a_good_answer_says_how_long_how_much_and_when(server: FaultServer) -> None:
    """A good answer carries its value, its duration, its size on the wire and the server's clock."""
    reply = gzipped(b'{"name": "fraud", "size": 7}' + b" " * 10_000)
    answer = await ask(server, reply.with_headers({"Date": "Thu, 15 Jan 2026 02:07:00 GMT", "ETag": '"7"'}))
    assert answer.json(Thing) == Thing("fraud", 7)
    assert answer.server_date == 1768442820.0
    assert 0 < answer.elapsed_seconds < 0.8
    assert answer.bytes_read == len(reply.body) < 200
    assert (answer.status, answer.media_type, answer.etag) == (200, "application/json", '"7"')
    assert "fraud" not in repr(answer)


async def test_a_server_without_a_clock_is_not_given_one(server: FaultServer) -> None:
    """Without a readable Date the server's time is unknown, not 1970."""
    answers = [await ask(server, json_reply({}).with_headers({"Date": date})) for date in ("", "soon", "x" * 9999)]
    assert [answer.server_date for answer in answers] == [UNKNOWN] * 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b'{"name": "ok"}', framing=Framing.CHUNKED),
        Reply(b'{"name": "ok"}', framing=Framing.UNTIL_CLOSE, ending=Ending.CLOSE),
        Reply(b'{"name": "ok"}', ending=Ending.LINGER),
        Reply(b'{"name": "ok"}', content_type=""),
        Reply(b'{"name": "ok"}', content_type="text/plain"),
        Reply(b'\xef\xbb\xbf{"name": "ok"}'),
        Reply(b'{"name": "ok"}', 201),
        gzipped(b'{"name": "ok"}'),
        Reply(gzipped(b'{"name": ').body + gzipped(b'"ok"}').body + b"\0\0", headers=(("Content-Encoding", "gzip"),)),
        Reply(
            b'8;x=y\r\n{"name":\r\n5\r\n"ok"}\r\n0\r\nX-Sum: 1\r\n\r\n',
            raw_head=b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
    ],
)
async def test_odd_but_valid_answers_are_read(server: FaultServer, reply: Reply) -> None:
    """Chunks, trailers, early hints, no length, no type, a byte order mark: all are answers."""
    assert (await ask(server, reply)).json(Thing) == Thing("ok")


async def test_a_version_number_sent_as_html_is_text(server: FaultServer) -> None:
    """MLflow sends its version number as text/html; only a page is a page."""
    assert (await ask(server, Reply(b"3.17.2", content_type="text/html"))).text() == "3.17.2"
    with pytest.raises(BackendMalformed, match="is not the API"):
        (await ask(server, html_page())).text()


async def test_impossible_text_costs_one_character_not_the_answer(server: FaultServer) -> None:
    """Invalid UTF-8 and lone surrogates become a replacement character; everything else of the answer survives."""
    cases = {
        rb'"v\ud800"': "v\ufffd",
        rb'"\udc00v"': "\ufffdv",
        rb'"\ud83d\ude00\ud83d"': "😀\ufffd",
        rb'"\\ud800 \ud800"': "\\ud800 \ufffd",
        b'"v\xff"': "v\ufffd",
    }
    for sent, expected in cases.items():
        assert (await ask(server, Reply(b'{"name": ' + sent + b"}"))).json(Thing).name == expected


async def test_hostile_texts_arrive_and_hostile_errors_are_harmless(server: FaultServer) -> None:
    """Any text can be read as data; in an error it is shown without a single control character."""
    for text in HOSTILE_TEXTS.values():
        read = (await ask(server, json_reply({"name": text}))).json(Thing).name
        assert read == "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
        replies = (
            json_reply({"message": text}, 500),
            Reply(text.encode("utf-8", "surrogatepass"), 403, "text/plain"),
            html_page(404, b"<html><title>" + text.encode("utf-8", "surrogatepass") + b"</title>"),
            json_reply({"name": {text: 1}}),
        )
        for reply in replies:
            with pytest.raises(BackendError) as raised:
                (await ask(server, reply)).json(Thing)
            assert raised.value.title.isprintable()
            assert raised.value.remedy.isprintable()
            assert len(str(raised.value)) < 700


async def test_memory_stays_small_whatever_is_sent() -> None:
    """50 MB, a gzip bomb and endless chunks cost less than 30 MB of memory together."""
    program = """
import asyncio, resource
from modeltui.adapters._http import HttpReader, HttpSettings
from modeltui.domain.errors import BackendMalformed
from modeltui.testing.faults import FaultServer, Framing, Reply, gzip_bomb, gzipped, huge, html_page

async def main():
    async with FaultServer() as server:
        server.answer("/warm", gzipped(b"{}"))
        server.answer("/huge", huge(50))
        server.answer("/bomb", gzip_bomb(1000))
        server.answer("/chunks", Reply(b" " * 65536, repeat=4000, framing=Framing.CHUNKED))
        server.answer("/bomb-in-an-error", Reply(gzip_bomb(1000).body, 500, headers=(("Content-Encoding", "gzip"),)))
        async with HttpReader("registry", HttpSettings(url=server.url)) as reader:
            await reader.get("warm")
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for path in ("huge", "bomb", "chunks", "bomb-in-an-error"):
                try:
                    await reader.get(path)
                except Exception as error:
                    print(type(error).__name__)
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

asyncio.run(main())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    *kinds, grown_kilobytes = done.stdout.split()
    assert kinds == ["BackendMalformed"] * 3 + ["BackendUnavailable"], done.stderr
    assert int(grown_kilobytes) < 30_000


async def test_a_refused_connection_and_an_unknown_name_are_told_apart(server: FaultServer) -> None:
    """Nothing listening and a name that DNS does not know are different errands for the operator."""
    await server.refuse()
    with pytest.raises(BackendUnavailable, match="refused the connection"):
        await ask(server, Reply())
    async with HttpReader("registry", impatient("http://nowhere.invalid")) as reader:
        with pytest.raises(BackendUnavailable, match=r"DNS does not know nowhere\.invalid|no connection to"):
            await reader.get("x")


async def test_a_source_recovers_by_itself(server: FaultServer) -> None:
    """After a restart of the server the next question is answered, without anybody's help."""
    server.answer("/thing", json_reply({"name": "ok"}))
    async with HttpReader("registry", impatient(server.url)) as reader:
        assert (await reader.get_json("thing", Thing)).name == "ok"
        await server.refuse()
        with pytest.raises(BackendUnavailable):
            await reader.get("thing")
        await server.listen()
        assert (await reader.get_json("thing", Thing)).name == "ok"


async def test_a_kept_connection_that_was_closed_is_replaced_silently(server: FaultServer) -> None:
    """A GET on a connection that the server has just closed is asked again once, and only then."""
    closing = json_reply({"name": "ok"})
    server.answer("/thing", closing, reset(), closing)
    async with HttpReader("registry", impatient(server.url)) as reader:
        assert (await reader.get_json("thing", Thing)).name == "ok"
        assert (await reader.get_json("thing", Thing)).name == "ok"
        assert (len(server.requests), reader.requests_sent) == (3, 3)
        server.answer("/thing", reset())
        with pytest.raises(BackendUnavailable, match="closed the connection"):
            await reader.get("thing")
        # Once on the kept connection and once on a fresh one, not more.
        assert len(server.requests) == 5


async def test_a_reset_on_a_new_connection_is_not_repeated(server: FaultServer) -> None:
    """A server that resets fresh connections is reported at once, not hammered."""
    with pytest.raises(BackendUnavailable):
        await ask(server, reset())
    assert len(server.requests) == 1


async def test_a_query_post_is_never_repeated(server: FaultServer) -> None:
    """A POST, though it only asks, goes out once."""
    server.answer("/query", json_reply({}), reset())
    async with HttpReader("metrics", impatient(server.url), query_posts=["query"]) as reader:
        await reader.post_query("query", form={"query": "up"})
        with pytest.raises(BackendUnavailable, match="closed the connection without an answer to POST /query"):
            await reader.post_query("query", form={"query": "up"})
    assert len(server.requests) == 2


async def test_connections_are_kept_or_closed_as_asked(server: FaultServer) -> None:
    """Polls share a connection, unless a source asks to close it after each answer."""
    server.answer("/thing", json_reply({}))
    for keep_alive, connections in ((True, 1), (False, 3)):
        before = server.connections_opened
        async with HttpReader("registry", impatient(server.url), keep_alive=keep_alive) as reader:
            for _ in range(3):
                await reader.get("thing")
        assert server.connections_opened - before == connections
        assert server.requests[-1].headers["connection"] == ("keep-alive" if keep_alive else "close")


async def test_lingering_connections_do_not_pile_up(server: FaultServer) -> None:
    """A server that says close and does not is dropped; asking goes on."""
    server.answer("/thing", Reply(b"{}", ending=Ending.LINGER))
    async with HttpReader("registry", impatient(server.url)) as reader:
        for _ in range(20):
            await reader.get("thing")
        assert server.most_connections_at_once <= 4


async def test_at_most_four_requests_are_under_way(server: FaultServer) -> None:
    """Twelve questions at once reach the server four at a time."""
    server.answer("/thing", Reply(b"{}", stall_before_headers_seconds=0.02))
    async with HttpReader("registry", impatient(server.url)) as reader, asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(reader.get("thing"))
    assert len(server.requests) == 12
    assert server.most_connections_at_once == 4


async def test_a_full_queue_is_told_not_waited_for(server: FaultServer) -> None:
    """When the server is so slow that our own requests queue up, the last ones say so."""
    server.answer("/thing", Reply(b"{}", stall_before_headers_seconds=0.25))
    settings = HttpSettings(url=server.url, timeout_seconds=0.3, most_concurrent_requests=1)
    async with HttpReader("registry", settings) as reader:
        answers = await asyncio.gather(*(reader.get("thing") for _ in range(6)), return_exceptions=True)
    told = [answer for answer in answers if isinstance(answer, BackendUnavailable)]
    assert told
    assert all("waited 0.9 s for its turn" in error.title for error in told)


async def test_cancelling_a_question_frees_its_place(server: FaultServer) -> None:
    """A question that nobody waits for any more costs no place in the queue."""
    server.answer("/silent", silence())
    server.answer("/thing", json_reply({}))
    settings = HttpSettings(url=server.url, most_concurrent_requests=1)
    async with HttpReader("registry", settings) as reader:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await reader.get("silent")
        assert (await reader.get("thing")).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", "QUERY"])
async def test_nothing_that_could_write_leaves_the_process(server: FaultServer, method: str) -> None:
    """Any method but GET and HEAD is stopped before a byte is sent, whoever asks."""
    async with HttpReader("registry", impatient(server.url), query_posts=["runs/search"]) as reader:
        assert reader._wire is not None
        client = reader._wire._client
        for path in ("/runs", "/runs/search/", "/runs/search/../delete", "/x?/runs/search"):
            request = client.build_request(method, server.url + path)
            request.method = method
            with pytest.raises(NotARead, match="is not a read"):
                await client.send(request)
    assert (server.requests, server.connections_opened) == ([], 0)


async def test_a_post_goes_only_to_paths_that_were_declared_as_queries(server: FaultServer) -> None:
    """An adapter that posts to anything but a declared query path is stopped, below the base path too."""
    server.answer("/mlflow/runs/search", json_reply({}))
    async with HttpReader("registry", impatient(server.url + "/mlflow/"), query_posts=["runs/search"]) as reader:
        answer = await reader.post_query("runs/search", json={"max_results": 5})
        assert answer.request == "POST /runs/search"
        with pytest.raises(NotARead):
            await reader.post_query("registered-models/alias", json={"alias": "champion"})
    assert [(seen.method, seen.path, seen.body) for seen in server.requests] == [
        ("POST", "/mlflow/runs/search", b'{"max_results":5}')
    ]


async def test_no_other_host_is_ever_asked(server: FaultServer) -> None:
    """Even a request made by hand cannot leave for another host or port."""
    async with HttpReader("registry", impatient(server.url)) as reader:
        assert reader._wire is not None
        for url in ("http://127.0.0.1:1/", "http://localhost/", server.url.replace("http", "https")):
            with pytest.raises(NotARead, match="another host"):
                await reader._wire._client.get(url)


async def test_paths_keep_the_base_and_names_stay_names(server: FaultServer) -> None:
    """The path of the base URL stays, and a name with slashes or dots cannot lead elsewhere."""
    server.answer_everything_else(json_reply({}))
    async with HttpReader("registry", impatient(server.url + "/team/mlflow/")) as reader:
        await reader.get("/api/2.0/x", {"name": "a&b=c/ü", "match[]": ["up", "down"]})
        await reader.get(f"models/{path_segment('a/../b?c#d%')}/versions")
        for path in ("../admin", "x/../../admin", "x?y=1", "x#y", "x\\y"):
            with pytest.raises(ValueError, match="not a plain path"):
                await reader.get(path)
    first, second = server.requests
    assert first.path == "/team/mlflow/api/2.0/x"
    assert first.query == {"name": ["a&b=c/ü"], "match[]": ["up", "down"]}
    assert second.target == "/team/mlflow/models/a%2F..%2Fb%3Fc%23d%25/versions"
    for name in ("", ".", ".."):
        with pytest.raises(BackendRefused):
            path_segment(name)


async def test_a_name_too_long_for_a_url_is_an_error_of_its_cell(server: FaultServer) -> None:
    """A question with 100 000 characters is not sent, and says so."""
    async with HttpReader("registry", impatient(server.url)) as reader:
        with pytest.raises(BackendMalformed, match="too long for a URL"):
            await reader.get("x", {"name": "x" * 100_000})
        for text in HOSTILE_TEXTS.values():
            with pytest.raises(BackendRefused, match="404"):
                await reader.get("x", {"name": text[:1000]})


async def test_accepted_statuses_come_back_whole(server: FaultServer) -> None:
    """An adapter that understands a status gets its body: an alias that is not there is an answer."""
    body = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "x" * 200_000}
    server.answer("/thing", json_reply(body, 404))
    async with HttpReader("registry", impatient(server.url)) as reader:
        answer = await reader.get("thing", accept={404})
        assert answer.status == 404
        assert len(answer.json(dict[str, str])["message"]) == 200_000
        assert (await reader.head("thing", accept={404})).status == 404
        with pytest.raises(BackendRefused, match="404"):
            await reader.head("thing")


async def test_a_larger_limit_is_given_by_source_or_by_question(server: FaultServer) -> None:
    """A large fleet's answers are read when the source, or the question, allows it; smaller limits hold as well."""
    server.answer("/thing", huge(9))
    async with HttpReader("metrics", HttpSettings(url=server.url, most_answer_bytes=10 << 20)) as reader:
        assert (await reader.get("thing")).json(list[int]) == []
        with pytest.raises(BackendMalformed, match="more than 100 bytes"):
            await reader.get("thing", most_bytes=100)


async def test_cookies_of_a_login_page_are_not_sent_back(server: FaultServer) -> None:
    """No session is started by accident: cookies are forgotten."""
    server.answer("/thing", json_reply({}).with_headers({"Set-Cookie": "session=1"}))
    async with HttpReader("registry", impatient(server.url)) as reader:
        await reader.get("thing")
        await reader.get("thing")
    assert all("cookie" not in seen.headers for seen in server.requests)


async def test_proxies_of_the_environment_are_ignored(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy variable on a jump host does not get to see our requests."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert (await ask(server, json_reply({"name": "ok"}))).json(Thing).name == "ok"


async def test_connections_are_renewed_after_a_minute(server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that moved to another address is noticed: no connection is used for longer than a minute."""
    server.answer("/thing", json_reply({}))
    async with HttpReader("registry", impatient(server.url)) as reader:
        await reader.get("thing")
        reader._wire_since -= 61
        await reader.get("thing")
        await reader.get("thing")
    assert server.connections_opened == 2


def test_describing_a_backend_costs_no_http_library() -> None:
    """Reading the configuration of an HTTP source imports neither the library nor its command line."""
    program = (
        "import sys; import modeltui.adapters._http as h; h.HttpReader('x', h.HttpSettings(url='https://x'));"
        "print(*sorted({'httpx', 'httpcore', 'ssl', 'click', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert set(done.stdout.split()) <= {"ssl"}


def test_the_library_comes_without_its_command_line() -> None:
    """Opening a reader imports the HTTP library without click, rich and pygments."""
    program = (
        "import sys, modeltui.adapters._http.transport;"
        "print(*sorted({'httpx', 'click', 'rich', 'pygments'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["httpx"]
