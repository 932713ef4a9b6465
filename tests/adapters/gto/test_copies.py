"""A repository elsewhere is copied: by whoever asks first, for all who ask, and no longer than anybody waits."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.lineage import Known, Unreadable
from modeltui.domain.names import UNKNOWN
from modeltui.ports.registry import Registry
from tests.adapters.gto.opening import history_of, model, opened, version
from tests.servers.git import Clone, bare

pytestmark = pytest.mark.broad

SLOWLY = """#!/bin/sh
case "$*" in *" fetch "*) echo x >>{log}; sleep {seconds} & wait;; esac
exec {git} "$@"
"""


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A remote with one version."""
    folder = tmp_path_factory.mktemp("remote")
    clone = Clone.of(bare(folder / "r.git"), folder / "c")
    clone.commit({"params.yaml": "rate: 0.1\n"})
    clone.tag("fraud@v1.0.0")
    clone.push()
    return folder / "r.git"


def slow_git(folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: str) -> Path:
    """Put a git on PATH whose fetches take so long; where each fetch is noted."""
    programs, log = folder / "programs", folder / "fetches"
    programs.mkdir()
    log.write_text("")
    git = shutil.which("git")
    (programs / "git").write_text(SLOWLY.format(log=log, seconds=seconds, git=git))
    (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return log


def count(log: Path) -> int:
    """How many fetches were noted."""
    return log.read_text().count("x")


async def latest(registry: Registry) -> str:
    """The newest version of the only model."""
    (one,) = (await registry.read_models()).models
    return str(one.latest)


async def test_a_long_copy_goes_on_behind_those_who_gave_up(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first copy takes longer than a question may: the next question finds it made, by the same one fetch."""
    log = slow_git(tmp_path, monkeypatch, "0.4")
    async with opened(f"file://{remote}", tmp_path, fetch_seconds=60.0) as registry:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await registry.read_models()
        assert await latest(registry) == "v1.0.0"
        assert await latest(registry) == "v1.0.0"
    assert count(log) == 1


async def test_all_who_ask_at_one_moment_wait_for_one_fetch(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several questions, and a second program with the same cache, wait for one fetch and see what it brought."""
    log = slow_git(tmp_path, monkeypatch, "0.1")
    url = f"file://{remote}"
    async with (
        opened(url, tmp_path, fetch_seconds=60.0) as one,
        opened(url, tmp_path, fetch_seconds=60.0) as other,
        asyncio.TaskGroup() as group,
    ):
        answers = [group.create_task(latest(registry)) for registry in (one, one, other, other, one)]
    assert [answer.result() for answer in answers] == ["v1.0.0"] * 5
    assert count(log) == 1


async def test_a_registry_and_its_history_fetch_once(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One source of two ports asks its remote once at a start, not once for each."""
    log = slow_git(tmp_path, monkeypatch, "0.1")
    url = f"file://{remote}"
    async with (
        opened(url, tmp_path, fetch_seconds=60.0) as registry,
        history_of(url, tmp_path, fetch_seconds=60.0) as history,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(latest(registry))
        probe = group.create_task(history.probe())
    assert probe.result().findings[0].ok
    assert count(log) == 1


async def test_a_fetch_from_before_is_not_taken_for_a_look(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that starts looks at the remote itself, however fresh the copy; so does one that wants it fresher."""
    log = slow_git(tmp_path, monkeypatch, "0")
    url = f"file://{remote}"
    for fetches in (1, 2):
        async with opened(url, tmp_path, fetch_seconds=60.0) as registry:
            await latest(registry)
            await latest(registry)
        assert count(log) == fetches
    async with (
        opened(url, tmp_path, fetch_seconds=0.0) as one,
        opened(url, tmp_path, fetch_seconds=0.0) as other,
    ):
        await latest(one)
        await latest(other)
    assert count(log) == 4


async def test_a_fetch_that_takes_too_long_is_ended_with_all_it_started(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither git nor a helper of it is left behind, by its own deadline or because the program ends."""
    slow_git(tmp_path, monkeypatch, "987.5")
    async with opened(f"file://{remote}", tmp_path, longest_fetch_seconds=0.2) as registry:
        with pytest.raises(BackendUnavailable, match=r"did not finish within 0\.2 s"):
            await registry.read_models()
    assert "987.5" not in await asyncio.to_thread(command_lines)
    async with opened(f"file://{remote}", tmp_path / "2") as registry:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await registry.read_models()
    assert "987.5" not in await asyncio.to_thread(command_lines)


async def test_what_is_too_large_to_copy_is_known_by_its_digest(tmp_path: Path) -> None:
    """Weights of megabytes in git stay where they are: their digest is known, a list of packages so large is not."""
    clone = Clone.of(bare(tmp_path / "r.git"), tmp_path / "c")
    clone.commit({"model.onnx": b"\0" * 3_000_000, "requirements.txt": "x" * 2_000_000, "params.yaml": "rate: 0.1\n"})
    clone.tag("fraud@v1.0.0")
    clone.push()
    async with opened(f"file://{tmp_path}/r.git", tmp_path) as registry:
        found = await registry.read_provenance(model("fraud"), version("v1.0.0"))
    assert isinstance(found.artifact, Known)
    assert found.artifact.value.digest == f"git-blob:{clone.git('rev-parse', 'HEAD:model.onnx')}"
    assert found.artifact.value.size_bytes is UNKNOWN
    assert isinstance(found.requirements, Unreadable)
    assert "it was not copied" in found.requirements.reason
    assert isinstance(found.parameters, Known)


async def test_a_partial_clone_of_ones_own_says_what_it_lacks(remote: Path, tmp_path: Path) -> None:
    """A clone without files, made by hand: nothing is fetched behind the operator's back; what to do is said."""
    partial = tmp_path / "partial"
    Clone.new(tmp_path / "any").git(
        "clone", "--quiet", "--bare", "--filter=blob:none", f"file://{remote}", str(partial)
    )
    async with opened(partial, tmp_path) as registry:
        found = await registry.read_provenance(model("fraud"), version("v1.0.0"))
    assert isinstance(found.parameters, Unreadable)
    assert "the clone is partial and lacks a file" in found.parameters.reason


async def test_a_cache_that_cannot_be_written_is_named(remote: Path, tmp_path: Path) -> None:
    """Where the copy should lie is a file: said so, with what to do."""
    (tmp_path / "cache").write_text("in the way")
    async with opened(f"file://{remote}", tmp_path) as registry:
        with pytest.raises(BackendUnavailable, match="the copy of the repository cannot be written") as caught:
            await registry.read_models()
    assert "cache directory" in caught.value.remedy


def command_lines() -> str:
    """What every program that runs was started with."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(lines)
