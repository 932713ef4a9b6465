"""Tags in a git repository are a registry, whatever somebody did to them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.lineage import Known, Unreadable
from modeltui.domain.names import UNKNOWN
from modeltui.domain.text import SafeText
from modeltui.domain.version import Model
from modeltui.testing import code_history_contract, registry_contract
from tests.adapters.gto.opening import history_of, model, opened, version
from tests.adapters.gto.test_copies import command_lines
from tests.servers.git import Clone, bare

NOWHERE = "dead" * 10


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with two models, one of them in a folder, and with words that nobody should paint."""
    clone = Clone.new(tmp_path_factory.mktemp("fleet") / "r")
    hostile = "\x1b[31mred\x1b]0;t\x07 \u202egnp token=ghp_abcdefghijklmnopqrstuvwx123456"
    clone.person = "Ada \x1b[5mLovelace"
    first = clone.commit({"params.yaml": f'rate: "0.1"\nnote: "{ascii(hostile)[1:-1]}"\n', "README.md": hostile})
    clone.tag("fraud@v1.9.0", first, hostile)
    second = clone.commit({"params.yaml": "rate: 0.2\n", "credit/params.yaml": "depth: 3\n"}, hostile)
    clone.tag("fraud@v1.10.0", second)
    clone.tag("fraud#prod#1", first, hostile)
    clone.tag("fraud#prod#2", second)
    clone.tag("fraud#staging#3", first)
    clone.tag("credit=score@v0.1.0", second)
    clone.tag("credit=score#prod#1", second)
    return clone.path


async def test_registry_contract(fleet: Path, tmp_path: Path) -> None:
    """Tags keep the promises that every registry gives."""
    async with opened(fleet, tmp_path) as registry:
        await registry_contract.check_all(registry)


@pytest.mark.broad
async def test_contracts_of_a_copy(fleet: Path, tmp_path: Path) -> None:
    """A repository elsewhere keeps them too, and its log those of code history."""
    clone = Clone(fleet)
    a, b = clone.git("rev-parse", "fraud@v1.9.0^{commit}"), clone.head
    told = code_history_contract.Told(a, b, (b,), frozenset({"params.yaml", "credit/params.yaml"}))
    async with opened(f"file://{fleet}", tmp_path) as registry, history_of(f"file://{fleet}", tmp_path) as history:
        await registry_contract.check_all(registry)
        for check in code_history_contract.CHECKS:
            if check is not code_history_contract.a_commit_that_is_not_there_is_told:
                await check(history, told)
        assert await history.read_log(UNKNOWN, SafeText(NOWHERE), SafeText(b)) is None
        log = await history.read_log(SafeText(f"file://{fleet}"), SafeText(NOWHERE), SafeText(b))
        assert log is not None
        assert log.trouble


async def found(repository: str | Path, folder: Path, name: str = "fraud") -> Model:
    """One model as the registry lists it."""
    async with opened(repository, folder) as registry:
        return next(one for one in (await registry.read_models()).models if one.name == name)


def stages(one: Model) -> dict[str, str]:
    """What its stages mean."""
    return {str(pointer.name): str(pointer.version) for pointer in one.pointers}


async def test_versions_count_as_people_do(fleet: Path, tmp_path: Path) -> None:
    """1.10 is newer than 1.9, in a folder's models too."""
    one = await found(fleet, tmp_path)
    assert one.latest == "v1.10.0"
    assert stages(one) == {"prod": "v1.10.0", "staging": "v1.9.0"}
    assert stages(await found(fleet, tmp_path, "credit:score")) == {"prod": "v0.1.0"}


async def test_a_stage_that_is_taken_back_goes_to_who_had_it_before(tmp_path: Path) -> None:
    """Taking production from 1.1 leaves it with 1.0, which nobody took it from; then nobody has it."""
    clone = Clone.new(tmp_path / "r")
    first = clone.commit({"f": "1"})
    clone.tag("fraud@v1.0.0")
    clone.tag("fraud#prod#1")
    second = clone.commit({"f": "2"})
    clone.tag("fraud@v1.1.0")
    clone.tag("fraud#prod#2")
    clone.tag("fraud#prod!#3", second)
    assert stages(await found(clone.path, tmp_path)) == {"prod": "v1.0.0"}
    clone.tag("fraud#prod!#4", first)
    assert stages(await found(clone.path, tmp_path)) == {}


async def test_what_happened_in_one_second_is_told_by_its_number(tmp_path: Path) -> None:
    """A script assigns, takes back and assigns again within a second: the number at the end says what came last."""
    clone = Clone.new(tmp_path / "r")
    clone.commit({"f": "1"})
    clone.tag("fraud@v1.0.0")
    clone.environment["GIT_COMMITTER_DATE"] = "1767230000 +0000"
    for tag in ("fraud#prod#1", "fraud#prod!#2", "fraud#prod#3", "fraud#dev#9", "fraud#dev!#10"):
        clone.tag(tag)
    assert stages(await found(clone.path, tmp_path)) == {"prod": "v1.0.0"}


async def test_a_version_that_was_taken_back_still_says_where_it_comes_from(tmp_path: Path) -> None:
    """A deregistered version is listed no longer; while it still serves, its origin can be read."""
    clone = Clone.new(tmp_path / "r")
    clone.commit({"params.yaml": "rate: 0.1\n"})
    clone.tag("fraud@v1.0.0")
    clone.tag("fraud#prod#1")
    clone.commit({"params.yaml": "rate: 0.2\n"})
    clone.tag("fraud@v1.1.0")
    clone.tag("fraud#prod#2")
    clone.tag("fraud@v1.1.0!", "fraud@v1.1.0^{}")
    async with opened(clone.path, tmp_path) as registry:
        (one,) = (await registry.read_models()).models
        assert (str(one.latest), stages(one)) == ("v1.0.0", {"prod": "v1.0.0"})
        assert [str(each.id) for each in await registry.read_versions(one.name)] == ["v1.0.0"]
        gone = await registry.read_provenance(one.name, version("v1.1.0"))
    assert isinstance(gone.parameters, Known)
    assert gone.parameters.value["rate"] == "0.2"  # type: ignore[index]


async def test_a_deprecated_model_is_not_listed_unless_asked_for(tmp_path: Path) -> None:
    """What was deprecated is left out, as GTO does; with `deprecated` it is there, and says by whom."""
    clone = Clone.new(tmp_path / "r")
    clone.commit({"f": "1"})
    clone.tag("fraud@v1.0.0")
    clone.tag("fraud@deprecated#1")
    async with opened(clone.path, tmp_path) as registry:
        assert (await registry.read_models()).models == ()
    async with opened(clone.path, tmp_path, deprecated=True) as registry:
        (one,) = (await registry.read_models()).models
    assert dict(one.tags) == {"deprecated": "Ada Lovelace <ada@example.com>"}
    clone.tag("fraud@v1.1.0")
    assert (await found(clone.path, tmp_path)).latest == "v1.1.0"


async def test_a_stage_without_a_version_is_not_lost(tmp_path: Path) -> None:
    """Somebody gave a stage to a commit that nobody registered: it serves, so it is listed, by its commit."""
    clone = Clone.new(tmp_path / "r")
    commit = clone.commit({"f": "1"})
    clone.tag("fraud#prod#1")
    async with opened(clone.path, tmp_path) as registry:
        (one,) = (await registry.read_models()).models
        (only,) = await registry.read_versions(one.name)
        await registry_contract.versions_come_newest_first(registry)
    assert stages(one) == {"prod": f"commit-{commit}"}
    assert only.state == "never registered"


async def test_two_versions_of_one_commit(tmp_path: Path) -> None:
    """GTO refuses such a repository; here a stage means the version that was the newest when it was given."""
    clone = Clone.new(tmp_path / "r")
    clone.commit({"f": "1"})
    clone.tag("fraud@v1.0.0")
    clone.tag("fraud#prod#1")
    clone.tag("fraud@v1.0.1")
    clone.tag("fraud#staging#2")
    assert stages(await found(clone.path, tmp_path)) == {"prod": "v1.0.0", "staging": "v1.0.1"}


async def test_odd_tags_are_told_and_cost_nothing_else(tmp_path: Path) -> None:
    """Lightweight tags, tags of trees and others that nobody understands are told beside the good ones."""
    clone = Clone.new(tmp_path / "r")
    clone.commit({"f": "1"})
    clone.tag("fraud@v1.0.0")
    clone.git("tag", "fraud@v2.0.0")
    clone.tag("fraud@v3.0.0", "HEAD^{tree}")
    for odd in ("v1.0.0", "fraud@1.0.0", "fraud@v1.0", "fraud@v01.0.0", "fraud@created#1", "release/2026", "-@v1.0.0x"):
        clone.git("tag", "-a", "-m", "x", "--", odd) if not odd.startswith("-") else None
    async with opened(clone.path, tmp_path) as registry:
        answer = await registry.read_models()
        probe = await registry.probe()
    assert [(one.name, one.latest) for one in answer.models] == [("fraud", "v1.0.0")]
    assert sorted(warning.split(" ")[2] for warning in answer.warnings) == ["fraud@v2.0.0", "fraud@v3.0.0"]
    assert [finding.ok for finding in probe.findings] == [True, False, False]


async def test_a_tag_of_a_commit_that_is_gone(tmp_path: Path) -> None:
    """A shallow or damaged clone lacks the commit: the version is listed as such, and its origin says why not."""
    clone = Clone.new(tmp_path / "r")
    clone.commit({"f": "1"})
    clone.tag("fraud@v1.0.0")
    text = f"object {NOWHERE}\ntype commit\ntag fraud@v2.0.0\ntagger Ada <ada@x> 1767300000 +0000\n\nLost\n"
    oid = clone.git("hash-object", "-t", "tag", "-w", "--literally", "--stdin", stdin=text.encode())
    (clone.path / ".git" / "refs" / "tags" / "fraud@v2.0.0").write_text(f"{oid}\n")
    async with opened(clone.path, tmp_path) as registry:
        answer = await registry.read_models()
        versions = {str(one.id): one for one in await registry.read_versions(model("fraud"))}
        lost = await registry.read_provenance(model("fraud"), version("v2.0.0"))
    assert "marks a commit that is not there" in answer.warnings[0]
    assert versions["v2.0.0"].state == "registered, commit missing"
    assert isinstance(lost.registered, Known)
    assert isinstance(lost.parameters, Unreadable)
    assert "does not have that commit" in lost.parameters.reason


@pytest.mark.broad
async def test_a_tag_that_was_moved(tmp_path: Path) -> None:
    """Somebody moves a tag on the server by force: the next look tells the new commit and its new facts."""
    remote = bare(tmp_path / "r.git")
    clone = Clone.of(remote, tmp_path / "c")
    clone.commit({"params.yaml": "rate: 0.1\n"})
    clone.tag("fraud@v1.0.0")
    clone.push()
    async with opened(f"file://{remote}", tmp_path) as registry:
        await registry.read_models()
        before = await registry.read_provenance(model("fraud"), version("v1.0.0"))
        moved = clone.commit({"params.yaml": "rate: 0.9\n"})
        clone.git("tag", "-f", "-a", "-m", "moved", "fraud@v1.0.0")
        clone.push("--force")
        await registry.read_models()
        after = await registry.read_provenance(model("fraud"), version("v1.0.0"))
        clone.git("push", "--quiet", "origin", "--delete", "fraud@v1.0.0")
        assert (await registry.read_models()).models == ()
    assert isinstance(before.parameters, Known)
    assert isinstance(after.parameters, Known)
    assert before.parameters.value["rate"] == "0.1"  # type: ignore[index]
    assert after.parameters.value["rate"] == "0.9"  # type: ignore[index]
    assert isinstance(after.code, Known)
    assert after.code.value.commit == moved


@pytest.mark.broad
async def test_a_remote_that_vanished_is_told_and_its_copy_still_read(tmp_path: Path) -> None:
    """The server is gone: the list fails with words, and versions that were seen can still be compared."""
    remote = bare(tmp_path / "r.git")
    clone = Clone.of(remote, tmp_path / "c")
    clone.commit({"params.yaml": "rate: 0.1\n"})
    clone.tag("fraud@v1.0.0")
    clone.push()
    async with opened(f"file://{remote}", tmp_path) as registry:
        await registry.read_models()
        shutil.rmtree(remote)
        with pytest.raises(BackendError, match="there is no repository") as caught:
            await registry.read_models()
        assert caught.value.remedy
        assert isinstance((await registry.read_provenance(model("fraud"), version("v1.0.0"))).parameters, Known)
        assert [str(one.id) for one in await registry.read_versions(model("fraud"))] == ["v1.0.0"]


@pytest.mark.broad
async def test_a_copy_that_was_broken_is_made_again(tmp_path: Path) -> None:
    """A machine went down while it copied: locks and half a pack are thrown away, not shown to an operator."""
    remote = bare(tmp_path / "r.git")
    clone = Clone.of(remote, tmp_path / "c")
    clone.commit({"f": "1"})
    clone.tag("fraud@v1.0.0")
    clone.push()
    url = f"file://{remote}"
    await found(url, tmp_path)
    (read,) = [path for path in (tmp_path / "cache" / "git").iterdir() if path.suffix != ".lock"]
    copy = read / "copy"
    clone.tag("fraud@v1.1.0")
    clone.push()
    (copy / "refs" / "tags" / "fraud@v1.1.0.lock").write_text("")
    (copy / "packed-refs.lock").write_text("")
    assert (await found(url, tmp_path)).latest == "v1.1.0"
    (copy / "HEAD").write_text("")
    (copy / "config").write_text("[broken")
    (read / "config").write_text("[broken")
    assert (await found(url, tmp_path)).latest == "v1.1.0"


@pytest.mark.broad
async def test_a_copy_stays_when_no_other_can_be_made(tmp_path: Path) -> None:
    """The server is damaged, not the copy: what was copied before can still be read."""
    remote = bare(tmp_path / "r.git")
    clone = Clone.of(remote, tmp_path / "c")
    clone.commit({"params.yaml": "rate: 0.1\n"})
    clone.tag("fraud@v1.0.0")
    clone.push()
    async with opened(f"file://{remote}", tmp_path) as registry:
        await registry.read_models()
        clone.commit({"f": "2"})
        clone.tag("fraud@v1.1.0")
        clone.push()
        oid = clone.git("rev-parse", "HEAD^{tree}")
        (remote / "objects" / oid[:2] / oid[2:]).chmod(0o644)
        (remote / "objects" / oid[:2] / oid[2:]).write_bytes(b"broken")
        with pytest.raises(BackendError):
            await registry.read_models()
        assert isinstance((await registry.read_provenance(model("fraud"), version("v1.0.0"))).parameters, Known)


@pytest.mark.broad
async def test_a_remote_that_never_answers_ends_in_time(tmp_path: Path) -> None:
    """A server takes the connection and says nothing: the fetch ends by its deadline, and git with all it started."""
    started = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        began = monotonic()
        async with opened(f"git://127.0.0.1:{port}/x.git", tmp_path, longest_fetch_seconds=0.5) as registry:
            with pytest.raises(BackendUnavailable, match=r"did not finish within 0\.5 s"):
                await registry.read_models()
        assert started.is_set()
        assert monotonic() - began < 10
        async with opened(f"git://127.0.0.1:{port}/y.git", tmp_path) as registry:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await registry.read_models()
            began = monotonic()
        assert monotonic() - began < 5, "closing waited for the fetch"


async def test_what_fails_elsewhere_comes_through_as_it_is(fleet: Path, tmp_path: Path) -> None:
    """A command ends by an error of its own while a copy is open: that error is told, and no other."""

    async def fails() -> None:
        async with opened(f"file://{fleet}", tmp_path) as registry:
            await registry.read_models()
            raise LookupError("as it is")

    with pytest.raises(LookupError, match="as it is"):
        await fails()


@pytest.mark.broad
async def test_five_thousand_tags(tmp_path: Path, measured: Callable[[str], None]) -> None:
    """Years of tags are listed in about a second, and at once when nothing is new."""
    clone = Clone.new(tmp_path / "r")
    commit = clone.commit({"f": "1"})
    stream = [
        f"tag model-{number % 50}@v1.{number}.0\nfrom {commit}\ntagger A <a@b> {1_767_300_000 + number} +0000\n"
        "data 3\nwhy\n"
        for number in range(5_000)
    ]
    clone.git("fast-import", "--quiet", stdin="".join(stream).encode())
    async with opened(clone.path, tmp_path) as registry:
        times = []
        for _ in range(2):
            began = monotonic()
            answer = await registry.read_models()
            times.append(monotonic() - began)
        assert len(answer.models) == 50
        assert len(await registry.read_versions(model("model-7"))) == 100
    measured(f"5000 tags: {times[0]:.2f} s, then {times[1]:.2f} s")
    assert times[1] < 5


async def test_nobody_who_has_no_git_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the program git the source says so, and what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    clone = tmp_path / "r" / ".git"
    clone.mkdir(parents=True)
    async with opened(clone.parent, tmp_path) as registry:
        with pytest.raises(BackendUnavailable, match="no program git") as caught:
            await registry.read_models()
    assert "Install git" in caught.value.remedy


@pytest.mark.broad
async def test_what_a_repository_configures_is_not_run(tmp_path: Path) -> None:
    """Hooks, a watcher, a pager, a checker of signatures and a promised remote in its own settings stay idle."""
    clone = Clone.new(tmp_path / "r")
    clone.commit({"f": "1", ".gitattributes": "* diff=evil\n", "params.yaml": "rate: 1\n"})
    clone.tag("fraud@v1.0.0")
    mark, program = tmp_path / "ran", tmp_path / "evil"
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "core.pager",
        "gpg.program",
        "diff.evil.textconv",
        "diff.external",
        "core.sshCommand",
    ):
        clone.git("config", name, str(program))
    clone.git("config", "core.hooksPath", str(tmp_path))
    clone.git("config", "log.showSignature", "true")
    clone.git("config", "remote.evil.promisor", "true")
    clone.git("config", "remote.evil.url", f"ext::{program}")
    clone.git("config", "remote.evil.uploadpack", str(program))
    clone.git("config", "extensions.partialClone", "evil")
    clone.git("config", "core.repositoryFormatVersion", "1")
    a = clone.git("rev-parse", "HEAD")
    async with opened(clone.path, tmp_path) as registry, history_of(clone.path, tmp_path) as history:
        await registry.read_models()
        await registry.read_provenance(model("fraud"), version("v1.0.0"))
        log = await history.read_log(SafeText(str(clone.path)), SafeText(a), SafeText(NOWHERE))
    assert log is not None
    assert log.trouble
    assert not is_there(mark)


def is_there(path: Path) -> bool:
    """Whether a file exists."""
    return path.exists()


@pytest.mark.broad
async def test_a_password_in_an_address_is_seen_by_nobody(tmp_path: Path) -> None:
    """Credentials go to the server in a header: no list of processes, no error, no configuration has them."""
    seen: list[str] = []

    async def unwilling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        seen.append(request)
        seen.append(await asyncio.to_thread(command_lines))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(unwilling, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, opened(f"http://ada:s3cret-w0rd@127.0.0.1:{port}/r.git", tmp_path) as registry:
        with pytest.raises(BackendError, match="does not let this account read it") as caught:
            await registry.read_models()
    assert "Authorization: Basic YWRhOnMzY3JldC13MHJk" in seen[0]
    assert "/r.git" in seen[1]
    assert "s3cret" not in seen[1]
    assert "YWRhOnMz" not in seen[1]
    assert "s3cret" not in str(caught.value)
    written = await asyncio.to_thread(_all_text, tmp_path / "cache")
    assert "s3cret" not in written
    assert "YWRhOnMz" not in written


def _all_text(folder: Path) -> str:
    return "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())
