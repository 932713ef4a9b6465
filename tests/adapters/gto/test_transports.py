"""Repositories are reached as teams keep them: over HTTP with a token, over SSH, and with git's own protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.config.load import Options, load
from modeltui.config.secrets import Secret
from modeltui.domain.errors import BackendRefused
from modeltui.testing.faults import FaultServer, Reply, redirect
from modeltui.wiring.observing import open_observer
from tests.adapters.gto.opening import opened
from tests.e2e.stage import write_config
from tests.servers.git import Clone, bare, daemon, http

pytestmark = pytest.mark.broad

TOKEN = "tok-3n-of-the-team"
ADVERTISED = (
    b"001e# service=git-upload-pack\n0000000eversion 2\n0015agent=git/2.39.5\n000cls-refs\n0012fetch=shallow\n0000"
)
"""What a server says first: enough for git to go on with a second request."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one remote, `risk/fraud.git`."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "risk").mkdir()
    clone = Clone.of(bare(folder / "risk" / "fraud.git"), folder / "c")
    clone.commit({"params.yaml": "rate: 0.1\n"})
    clone.tag("fraud@v1.0.0")
    clone.push()
    return folder


async def names(repository: str, folder: Path, **options: object) -> list[str]:
    """The models of a repository."""
    async with opened(repository, folder, **options) as registry:
        return [str(one.name) for one in (await registry.read_models()).models]


async def test_http_with_a_token(served: Path, tmp_path: Path) -> None:
    """A server asks who it is: with the token it answers, without or with another it is told that it does not."""
    with http(served, TOKEN) as address:
        url = f"{address}/risk/fraud.git"
        assert await names(url, tmp_path / "1", token=Secret(TOKEN, "env:GIT_TOKEN")) == ["fraud"]
        assert await names(url.replace("//", f"//ada:{TOKEN}@"), tmp_path / "2") == ["fraud"]
        for number, options in enumerate(({}, {"token": Secret("another", "env:GIT_TOKEN")}), 3):
            with pytest.raises(BackendRefused, match="does not let this account read it") as caught:
                await names(url, tmp_path / str(number), **options)
            assert "token" in caught.value.remedy


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_token_goes_to_no_other_server(tmp_path: Path, status: int) -> None:
    """The server sends git elsewhere: the token stays here, and the operator is told to correct the address."""
    async with FaultServer() as first, FaultServer() as second:
        path = "/risk/fraud.git/info/refs"
        first.answer(path, redirect(f"http://localhost:{second.port}{path}?service=git-upload-pack", status))
        second.answer(path, Reply(ADVERTISED, content_type="application/x-git-upload-pack-advertisement"))
        url = f"{first.url}/risk/fraud.git"
        for number, (where, options) in enumerate(
            ((url, {"token": Secret(TOKEN, "env:GIT_TOKEN")}), (url.replace("//", f"//ada:{TOKEN}@"), {}))
        ):
            with pytest.raises(BackendRefused, match="it is at another address") as caught:
                await names(where, tmp_path / str(number), **options)
            assert "configuration" in caught.value.remedy
            assert TOKEN not in f"{caught.value.title}{caught.value.remedy}"
        assert all("authorization" in request.headers for request in first.requests)
        assert not second.requests


async def test_what_is_open_to_all_is_found_where_it_moved(served: Path, tmp_path: Path) -> None:
    """Without a token nothing can be given away: a repository that has moved is read from its new address."""
    with http(served) as address:
        async with FaultServer() as first:
            path = "/risk/fraud.git/info/refs"
            first.answer(path, redirect(f"{address}{path}?service=git-upload-pack", 301))
            assert await names(f"{first.url}/risk/fraud.git", tmp_path) == ["fraud"]


async def test_a_token_that_was_replaced(served: Path, tmp_path: Path) -> None:
    """The team's token rotates while the program runs: it is read again where it is kept, once, and works."""
    kept = Secret("of yesterday", "command:vault read token", lambda: TOKEN)
    with http(served, TOKEN) as address:
        assert await names(f"{address}/risk/fraud.git", tmp_path, token=kept) == ["fraud"]


async def test_a_token_out_of_the_configuration(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration names where the token is kept; the models are listed, and the token is in no file."""
    monkeypatch.setenv("GIT_TOKEN", TOKEN)
    with http(served, TOKEN) as address:
        source = {"kind": "gto", "repository": f"{address}/risk/fraud.git", "token": "env:GIT_TOKEN"}
        config = write_config(tmp_path, {"team": {"sources": {"models": source}}})
        async with open_observer(load(Options(config=str(config))), start_from_cache=False) as observer:
            await observer.look_once()
            fleet = observer.fleet
    assert [str(name) for name in fleet.models] == ["fraud"]
    assert all(not isinstance(state.error, str) for state in fleet.sources.values())


async def test_ssh(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address as scp writes it goes through the account's own SSH."""
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\nfor last; do :; done\ncd {served}\neval "$last"\n')
    program.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(program))
    assert await names("git@git.example:risk/fraud.git", tmp_path) == ["fraud"]


async def test_git_s_own_protocol(served: Path, tmp_path: Path) -> None:
    """A daemon that anybody may read."""
    with daemon(served) as address:
        assert await names(f"{address}/risk/fraud.git", tmp_path) == ["fraud"]
