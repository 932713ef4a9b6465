"""Credentials reach the configured host and nothing else: no error, no repr, no log, no other host, no clear text."""

from __future__ import annotations

import asyncio
import base64
import logging
import pickle
import ssl
import subprocess
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from modeltui.adapters._http import Auth, BasicAuth, BearerAuth, HeaderAuth, HttpReader, HttpSettings, NoAuth
from modeltui.domain.errors import BackendRefused, BackendUnavailable, ConfigError
from modeltui.domain.secret import Secret
from modeltui.testing.faults import FaultServer, Reply, SeenRequest, html_page, json_reply, redirect, reset, silence

CANARY = "CANARY-9f3b-do-not-show"
BASIC = base64.b64encode(f"operator:{CANARY}".encode()).decode()

AUTHS: dict[str, Auth] = {
    "basic": BasicAuth(username="operator", password=Secret(CANARY)),
    "bearer": BearerAuth(token=Secret(CANARY)),
    "headers": HeaderAuth(headers={"X-Api-Key": Secret(CANARY), "DD-APPLICATION-KEY": Secret(CANARY + "2")}),
}
SENT = {
    "basic": {"authorization": f"Basic {BASIC}"},
    "bearer": {"authorization": f"Bearer {CANARY}"},
    "headers": {"x-api-key": CANARY, "dd-application-key": CANARY + "2"},
}


class Rotating:
    """A secret that is another one when it is read again."""

    def __init__(self, *values: str) -> None:
        self._values = list(values)

    def reveal(self) -> str:
        return self._values[0]

    def reread(self) -> None:
        if len(self._values) > 1:
            self._values.pop(0)


@pytest.fixture
async def server() -> AsyncIterator[FaultServer]:
    async with FaultServer() as started:
        yield started


def impatient(url: str, **others: object) -> HttpSettings:
    return HttpSettings(url=url, connect_seconds=1.0, read_gap_seconds=0.2, timeout_seconds=1.0, **others)  # type: ignore[arg-type]


def everything_about(thing: object, depth: int = 4) -> str:
    """Return what a crash report with locals could show of `thing`."""
    texts = [repr(thing), str(thing)]
    if isinstance(thing, BaseException):
        texts += traceback.format_exception(thing)
    if depth:
        parts = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
        parts += [getattr(thing, name, None) for name in ("__cause__", "__context__", "request", "headers", "url")]
        texts += [everything_about(part, depth - 1) for part in parts if part is not None]
    return "\n".join(texts)


@pytest.mark.parametrize("kind", AUTHS)
async def test_credentials_reach_the_server_and_no_text(
    server: FaultServer, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each way to sign in works, and no error, repr or log shows the secret, whatever fails."""
    caplog.set_level(logging.DEBUG)
    echo = f'{{"message": "wrong {CANARY} {CANARY}2 {BASIC}"}}'.encode()
    failing = (
        Reply(echo, 500),
        Reply(echo, 401).with_headers({"WWW-Authenticate": f"Bearer error={CANARY}"}),
        Reply(echo, 403),
        Reply(CANARY.encode(), 404, "text/plain"),
        html_page(404, f"<html><title>{CANARY}</title>".encode()),
        redirect(f"https://login.example.com/{CANARY}?x={CANARY}"),
        reset(),
        silence(),
        Reply(b"{}", declared_length=99, raw_head=b"nonsense\r\n\r\n"),
    )
    settings = impatient(server.url, auth=AUTHS[kind])
    async with HttpReader("registry", settings) as reader:
        server.answer("/ok", json_reply({}))
        answer = await reader.get("ok")
        told = everything_about(answer) + everything_about(settings) + repr(reader) + repr(vars(reader))
        assert reader._wire is not None
        client = reader._wire._client
        told += repr(client.headers) + repr(vars(client)) + repr(client.auth)
        for number, reply in enumerate(failing):
            server.answer(f"/{number}", reply)
            with pytest.raises((BackendRefused, BackendUnavailable, Exception)) as raised:
                await reader.get(f"{number}")
            told += everything_about(raised.value)
    assert SENT[kind].items() <= server.requests[0].headers.items()
    told += "\n".join(record.getMessage() for record in caplog.records)
    assert CANARY not in told
    assert kind != "basic" or BASIC not in told


async def test_the_secret_is_gone_from_the_request_once_it_is_sent(server: FaultServer) -> None:
    """What the library keeps of a request holds no secret header, though the server received it."""
    server.answer("/ok", json_reply({}))
    async with HttpReader("registry", impatient(server.url, auth=AUTHS["headers"])) as reader:
        assert reader._wire is not None
        client, credentials = reader._wire._client, reader._wire._credentials
        response = await client.get(server.url + "/ok", auth=credentials)
    assert server.requests[0].headers["x-api-key"] == CANARY
    assert "x-api-key" not in response.request.headers


async def test_no_secret_reaches_the_host_that_a_redirect_names(server: FaultServer) -> None:
    """A redirect to another host is reported, never followed: that host hears nothing."""
    async with FaultServer() as other:
        for status in (301, 302, 303, 307, 308):
            server.answer("/thing", redirect(other.url + "/thing", status))
            async with HttpReader("registry", impatient(server.url, auth=AUTHS["headers"])) as reader:
                with pytest.raises(BackendRefused, match=f"redirects GET /thing to {other.url}/thing"):
                    await reader.get("thing")
        assert other.connections_opened == 0


@pytest.mark.parametrize("kind", AUTHS)
def test_credentials_in_the_clear_are_refused_except_on_this_machine(kind: str) -> None:
    """Before anything is sent, http:// with credentials is refused, unless it stays on this machine."""
    auth = AUTHS[kind]
    for url in (
        "http://mlflow.example.com",
        "http://10.0.0.8:5000/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://127.1/",
        "http://0.0.0.0/",
    ):
        with pytest.raises(ConfigError, match="unencrypted"):
            HttpReader("registry", HttpSettings(url=url, auth=auth))
    for url in ("https://mlflow.example.com", "http://127.0.0.1:5000", "http://localhost/", "http://[::1]:9/x"):
        HttpReader("registry", HttpSettings(url=url, auth=auth))
    HttpReader("registry", HttpSettings(url="http://mlflow.example.com", auth=NoAuth()))


@pytest.mark.parametrize(
    "url",
    [
        f"https://operator:{CANARY}@host/",
        f"https://{CANARY}@host/",
        f"https://host/?token={CANARY}",
        f"https://host/#{CANARY}",
        f"ftp://host/?{CANARY}",
        "file:///etc/passwd",
        "https://",
        "https://host:99999/",
        "https://host:x/",
        "https://[::1",
        "https://ho st/",
        "https://host/\n",
        "host:9090",
        "",
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_repeating_secrets(url: str) -> None:
    """A wrong url is a configuration error that names the source and does not repeat a password in it."""
    with pytest.raises(ConfigError) as raised:
        HttpReader("registry", HttpSettings(url=url))
    assert raised.value.title.startswith("registry: url")
    assert raised.value.remedy
    assert CANARY not in everything_about(raised.value)


@pytest.mark.parametrize(
    "headers", [{"Host": "x"}, {"content-length": "5"}, {"Cookie": "x"}, {"a b": "x"}, {"": "x"}, {"X": "a\r\nb: c"}]
)
def test_headers_that_break_requests_are_refused(headers: dict[str, str]) -> None:
    """A further header cannot smuggle a line or replace what the client itself says."""
    with pytest.raises(ConfigError, match="registry: "):
        HttpReader("registry", HttpSettings(url="https://host", headers=headers))


@pytest.mark.parametrize("value", ["", "  ", "a\nb", "tökén"])
async def test_a_secret_that_no_header_can_carry_is_named_not_shown(server: FaultServer, value: str) -> None:
    """An empty or multi-line token says which setting it is, and nothing is sent."""
    async with HttpReader("registry", impatient(server.url, auth=BearerAuth(token=Secret(value)))) as reader:
        with pytest.raises(ConfigError, match=r"auth\.token is empty or cannot be sent"):
            await reader.get("x")
    assert server.connections_opened == 0


async def test_plain_headers_and_a_line_end_after_a_token_are_fine(server: FaultServer) -> None:
    """A tenant header is sent with each request, and a token file may end in a line break."""
    server.answer("/ok", json_reply({}))
    settings = impatient(server.url, auth=BearerAuth(token=Secret("abcd\n")), headers={"X-Scope-OrgID": "team-a"})
    async with HttpReader("metrics", settings) as reader:
        await reader.get("ok", headers={"Accept": "text/plain"})
    assert server.requests[0].headers["authorization"] == "Bearer abcd"
    assert server.requests[0].headers["x-scope-orgid"] == "team-a"
    assert server.requests[0].headers["accept"] == "text/plain"


async def test_a_rotated_token_is_read_again_once(server: FaultServer) -> None:
    """After a 401 the token is read again where it is kept; the new one is used without a word."""

    def door(request: SeenRequest) -> Reply:
        return json_reply({}) if request.headers["authorization"] == "Bearer fresh-token" else html_page(401)

    server.answer("/thing", door)
    auth = BearerAuth(token=Rotating("stale-token", "fresh-token"))
    async with HttpReader("registry", impatient(server.url, auth=auth)) as reader:
        assert (await reader.get("thing")).status == 200
        assert (await reader.get("thing")).status == 200
    assert len(server.requests) == 3


async def test_an_expired_token_is_reported_without_a_loop(server: FaultServer) -> None:
    """When the token stays wrong the operator is told which setting to renew, after one request."""
    server.answer("/thing", html_page(401))
    for auth, words in (
        (BearerAuth(token=Rotating("stale")), "The token that auth.token points to"),
        (AUTHS["basic"], "Check auth.username, and the password"),
        (AUTHS["headers"], r"Check the secrets in auth.headers \(DD-APPLICATION-KEY, X-Api-Key\)"),
    ):
        server.requests.clear()
        async with HttpReader("registry", impatient(server.url, auth=auth)) as reader:
            with pytest.raises(BackendRefused, match=words):
                await reader.get("thing")
        assert len(server.requests) == 1


async def test_a_token_that_is_gone_leaves_the_refusal_as_it_is(server: FaultServer) -> None:
    """The file of an expired token was taken away: the backend has refused me, whatever else is amiss here."""
    server.answer("/thing", html_page(401))

    def gone() -> str:
        raise ConfigError("the secret file /run/token cannot be read: No such file or directory", "Create it.")

    auth = BearerAuth(token=Secret("stale-token", "file:/run/token", gone))
    async with HttpReader("registry", impatient(server.url, auth=auth)) as reader:
        with pytest.raises(BackendRefused, match=r"The token that auth\.token points to"):
            await reader.get("thing")
    assert len(server.requests) == 1


def test_settings_with_secrets_cannot_be_pickled() -> None:
    """A secret cannot leave the process inside pickled settings."""
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(HttpSettings(url="https://x", auth=AUTHS["bearer"]))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority, and certificates for 127.0.0.1 and for a client, signed by it."""
    folder = tmp_path_factory.mktemp("tls")
    # fmt: off
    commands = [
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority"],
        *(
            command
            for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "keyUsage=digitalSignature"))
            for command in (
                ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
                 "-out", f"{name}.csr", "-subj", f"/CN={name}", "-addext", extension],
                ["x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                 "-days", "2", "-copy_extensions", "copy", "-out", f"{name}.pem"],
            )
        ),
    ]
    # fmt: on
    for command in commands:
        try:
            subprocess.run(["openssl", *command], cwd=folder, check=True, capture_output=True, timeout=20)
        except FileNotFoundError:
            pytest.skip("openssl makes the certificates of these tests")
    return folder


def server_context(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


async def test_tls_is_checked_against_the_authority_of_the_source(certificates: Path) -> None:
    """A certificate of an unknown authority is refused with a way out; with ca_file it is fine."""
    async with FaultServer(tls=server_context(certificates)) as server:
        server.answer("/ok", json_reply({}))
        async with HttpReader("registry", impatient(server.url, auth=AUTHS["bearer"])) as reader:
            with pytest.raises(BackendUnavailable, match="certificate that is not trusted") as raised:
                await reader.get("ok")
            assert "ca_file" in raised.value.remedy
        trusted = impatient(server.url, auth=AUTHS["bearer"], ca_file=certificates / "ca.pem")
        async with HttpReader("registry", trusted) as reader:
            assert (await reader.get("ok")).status == 200
        elsewhere = impatient(server.url.replace("127.0.0.1", "localhost"), ca_file=certificates / "ca.pem")
        async with HttpReader("registry", elsewhere) as reader:
            with pytest.raises(BackendUnavailable, match="not trusted"):
                await reader.get("ok")
    assert len(server.requests) == 1


async def test_a_client_certificate_is_shown_when_configured(certificates: Path) -> None:
    """A server that wants our certificate gets it, and without one the error says so."""
    context = server_context(certificates)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates / "ca.pem")
    async with FaultServer(tls=context) as server:
        server.answer("/ok", json_reply({}))
        without = impatient(server.url, ca_file=certificates / "ca.pem")
        async with HttpReader("registry", without) as reader:
            with pytest.raises(BackendUnavailable) as raised:
                await reader.get("ok")
            assert "certificate" in raised.value.remedy
        ours = impatient(
            server.url,
            ca_file=certificates / "ca.pem",
            client_certificate_file=certificates / "client.pem",
            client_key_file=certificates / "client.key",
        )
        async with HttpReader("registry", ours) as reader:
            assert (await reader.get("ok")).status == 200


async def test_https_to_a_plain_server_is_explained() -> None:
    """https:// against a server that speaks http says so, within the deadline."""
    async with FaultServer() as server:
        settings = HttpSettings(url=server.url.replace("http", "https"), connect_seconds=0.3)
        async with HttpReader("registry", settings) as reader:
            with pytest.raises(BackendUnavailable, match="registry cannot be reached: no connection") as raised:
                await asyncio.wait_for(reader.get("ok"), 3)
        assert "https" in raised.value.remedy


async def test_certificate_files_that_cannot_be_read_are_configuration_errors(tmp_path: Path) -> None:
    """A missing or wrong file is named as such when the source is opened."""
    broken = tmp_path / "broken.pem"
    broken.write_text("not a certificate")
    for settings in (
        HttpSettings(url="https://x", ca_file=tmp_path / "missing.pem"),
        HttpSettings(url="https://x", ca_file=broken),
        HttpSettings(url="https://x", client_certificate_file=broken),
    ):
        with pytest.raises(ConfigError, match="certificate files cannot be loaded"):
            async with HttpReader("registry", settings):
                pass
    with pytest.raises(ConfigError, match="client_key_file without"):
        HttpReader("registry", HttpSettings(url="https://x", client_key_file=broken))
