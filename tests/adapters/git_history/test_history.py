"""The log between two commits comes from real repositories, here and elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from modeltui.adapters.git_history.history import Options, connect
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendError, BackendRefused, ConfigError
from modeltui.domain.names import UNKNOWN, SourceName
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from modeltui.ports.code_history import CodeHistory
from modeltui.testing import code_history_contract as contract
from tests.servers.git import Clone, bare, daemon


def surroundings(folder: Path, cache: Path | None = None) -> Surroundings:
    """What an adapter gets in these tests."""

    def no_secret(name: str) -> object:
        raise ConfigError(f"no secret {name}")

    return Surroundings(SourceName(SafeText("code")), SystemClock(), (), no_secret, folder, cache)  # type: ignore[arg-type]


@asynccontextmanager
async def opened(repositories: dict[str, str], folder: Path, cache: Path | None = None) -> AsyncIterator[CodeHistory]:
    """A history over these repositories."""
    options = Options(repositories=repositories, fetch_seconds=0.0)
    async with connect(options, surroundings(folder, cache)) as history:
        yield history


def is_there(place: str) -> bool:
    """Whether a folder exists."""
    return Path(place).is_dir()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, Path, contract.Told]:
    """A clone, its remote, and what lies between two of its commits."""
    folder = tmp_path_factory.mktemp("project")
    remote = bare(folder / "fraud.git")
    clone = Clone.of(remote, folder / "clone")
    a = clone.commit({"train.py": "1", "old name.py": "x", "big.bin": b"\0" * 2_000_000}, "Begin")
    hostile = "Subject \x1b[31mred\x1b]0;title\x07 \u202egnp.exe token=ghp_abcdefghijklmnopqrstuvwx123456\n\nBody"
    b1 = clone.commit({"train.py": "2", "line\nbreak.py": "", "caf\xe9.py": "", "-rf": "", "old name.py": "y"}, hostile)
    (clone.path / "old name.py").unlink()
    (clone.path.joinpath("x").with_name("f")).write_text("")
    b2 = clone.commit({}, "Second, by \u200bnobody")
    clone.push()
    files = frozenset({"train.py", "line␊break.py", "café.py", "-rf", "old name.py", "f"})
    return clone, remote, contract.Told(a, b2, (b2, b1), files)


@pytest.mark.parametrize(
    "where", ["clone", pytest.param("bare", marks=pytest.mark.broad), pytest.param("file", marks=pytest.mark.broad)]
)
async def test_contract(where: str, project: tuple[Clone, Path, contract.Told], tmp_path: Path) -> None:
    """A clone here, a bare repository here, and a remote that is copied keep the promises of code history."""
    clone, remote, told = project
    place = {"clone": str(clone.path), "bare": str(remote), "file": f"file://{remote}"}[where]
    async with opened({"git@git.example:risk/fraud-detector.git": place}, tmp_path, tmp_path / "cache") as history:
        await contract.check_all(history, replace(told, repository=SafeText("https://git.example/risk/fraud-detector")))


async def test_hostile_subjects_are_harmless(project: tuple[Clone, Path, contract.Told], tmp_path: Path) -> None:
    """Escapes, reversed text and a token in a commit's subject reach the screen as harmless characters."""
    clone, _, told = project
    async with opened({"x": str(clone.path)}, tmp_path) as history:
        log = await history.read_log(UNKNOWN, SafeText(told.a), SafeText(told.b))
    assert log is not None
    subject = log.only_b[1].subject
    assert subject.startswith("Subject ␛[31mred␛]0;title␇ \\u{202e}gnp.exe")
    assert "ghp_" not in subject
    assert log.only_b[1].author == "Ada Lovelace"


async def test_a_remote_is_copied_once_without_its_large_files(
    project: tuple[Clone, Path, contract.Told], tmp_path: Path
) -> None:
    """A remote is copied into the cache, where its large files stay away, and is read there by the next program."""
    _, remote, told = project
    cache = tmp_path / "cache"
    for _ in range(2):
        async with opened({"x": f"file://{remote}"}, tmp_path, cache) as history:
            assert await history.read_log(UNKNOWN, SafeText(told.a), SafeText(told.b))
    copies = [path for path in (cache / "git").iterdir() if path.is_dir()]
    assert len(copies) == 1
    assert copies[0].stat().st_mode & 0o077 == 0
    assert sum(path.stat().st_size for path in copies[0].rglob("*") if path.is_file()) < 100_000


@pytest.mark.broad
async def test_a_copy_in_no_cache_is_taken_away(project: tuple[Clone, Path, contract.Told], tmp_path: Path) -> None:
    """Where nothing may be kept the copy ends with the program."""
    _, remote, told = project
    async with opened({"x": f"file://{remote}"}, tmp_path) as history:
        assert await history.read_log(UNKNOWN, SafeText(told.a), SafeText(told.b))
        place = history._repositories["x"].directory  # type: ignore[attr-defined]
        assert is_there(place)
    assert not is_there(place)


@pytest.mark.broad
async def test_commits_that_come_later_are_fetched(tmp_path: Path) -> None:
    """A commit pushed a moment ago is found; one that was pushed over is told."""
    remote = bare(tmp_path / "r.git")
    clone = Clone.of(remote, tmp_path / "clone")
    a = clone.commit({"f": "1"})
    clone.push()
    async with opened({"x": f"file://{remote}"}, tmp_path, tmp_path / "cache") as history:
        assert await history.read_log(UNKNOWN, SafeText(a), SafeText(a))
        b = clone.commit({"f": "2"})
        early = await history.read_log(UNKNOWN, SafeText(a), SafeText(b))
        assert early is not None
        assert early.trouble.startswith(f"{b[:12]}: it is not there; it was never pushed")
        clone.push()
        log = await history.read_log(UNKNOWN, SafeText(a[:7]), SafeText(f"{b}-dirty"))
        assert log is not None
        assert [commit.id for commit in log.only_b] == [b]


async def test_lines_that_part_have_both_sides(tmp_path: Path) -> None:
    """A version that was built from another branch lacks commits of the first."""
    clone = Clone.new(tmp_path / "r")
    base = clone.commit({"f": "1"})
    a = clone.commit({"f": "2"}, "Only in A")
    clone.git("checkout", "--quiet", "-b", "other", base)
    b = clone.commit({"f": "3"}, "Only in B")
    async with opened({"x": str(clone.path)}, tmp_path) as history:
        log = await history.read_log(UNKNOWN, SafeText(a), SafeText(b))
    assert log is not None
    assert [commit.subject for commit in log.only_a] == ["Only in A"]
    assert [commit.subject for commit in log.only_b] == ["Only in B"]
    assert log.files == ("f",)


@pytest.mark.broad
async def test_a_shallow_clone_says_so(project: tuple[Clone, Path, contract.Told], tmp_path: Path) -> None:
    """In a clone of the last commit alone the earlier one is not there, and how to get it is told."""
    _, remote, told = project
    shallow = tmp_path / "shallow"
    Clone.new(tmp_path / "any").git("clone", "--quiet", "--depth=1", f"file://{remote}", str(shallow))
    async with opened({"x": str(shallow)}, tmp_path) as history:
        log = await history.read_log(UNKNOWN, SafeText(told.a), SafeText(told.b))
    assert log is not None
    assert "git fetch --unshallow" in log.trouble


@pytest.mark.broad
async def test_long_logs_are_cut(tmp_path: Path) -> None:
    """Of thousands of commits and files as many are listed as anybody reads, and that there are more is told."""
    clone = Clone.new(tmp_path / "r")
    a = clone.commit({"f": "0"})
    stream = [b"commit refs/heads/main\ncommitter A <a@b> 1767300000 +0000\ndata 5\nmany\n\nfrom refs/heads/main^0\n"]
    stream += [b"M 644 inline g%d\ndata 1\nx\n" % number for number in range(600)]
    who = b"commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 2\nx\n\n"
    stream += [who % (1_767_300_001 + number) for number in range(300)]
    clone.git("fast-import", "--quiet", "--force", stdin=b"".join(stream))
    async with opened({"x": str(clone.path)}, tmp_path) as history:
        log = await history.read_log(UNKNOWN, SafeText(a), SafeText(clone.head))
    assert log is not None
    assert (len(log.only_b), len(log.files), log.is_cut) == (200, 500, True)


@pytest.mark.broad
async def test_a_second_work_tree_is_a_repository_too(tmp_path: Path) -> None:
    """Where `.git` is a file, as in work trees beside a clone and in submodules, the history is read through it."""
    clone = Clone.new(tmp_path / "r")
    a, b = clone.commit({"f": "1"}), clone.commit({"f": "2"})
    clone.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "other"))
    async with opened({"x": "other"}, tmp_path) as history:
        log = await history.read_log(UNKNOWN, SafeText(a), SafeText(b))
    assert log is not None
    assert [commit.id for commit in log.only_b] == [b]


async def test_a_repository_is_found_by_the_end_of_its_address(tmp_path: Path) -> None:
    """A short name in the configuration matches the long address that a registry noted; without one, it asks who."""
    clone = Clone.new(tmp_path / "r")
    a, b = clone.commit({"f": "1"}), clone.commit({"f": "2"})
    both = {"risk/fraud": "r", "risk/credit": "elsewhere"}
    async with opened(both, tmp_path) as history:
        log = await history.read_log(SafeText("ssh://git@git.example/risk/fraud.git"), SafeText(a), SafeText(b))
        assert log is not None
        assert [commit.id for commit in log.only_b] == [b]
        assert await history.read_log(UNKNOWN, SafeText(a), SafeText(b)) is None
        assert await history.read_log(SafeText("https://git.example/asterisk/fraud"), SafeText(a), SafeText(b)) is None
        with pytest.raises(BackendRefused, match="no folder") as caught:
            await history.read_log(SafeText("https://git.example/risk/credit"), SafeText(a), SafeText(b))
        assert caught.value.remedy
        probe = await history.probe()
    assert [finding.ok for finding in probe.findings] == [True, False]


@pytest.mark.parametrize(
    "where",
    [
        "--upload-pack=touch /tmp/x",
        "ext::sh -c true",
        "fd::1",
        "javascript://x",
        "",
        "a\nb",
        "https://[x",
        "ssh://a:b@host/x",
    ],
)
def test_odd_addresses_are_refused(where: str, tmp_path: Path) -> None:
    """What would be read as an option, or names a helper program, never reaches git."""
    from modeltui.adapters._git import RepositorySettings, address_of

    with pytest.raises(ConfigError):
        address_of(where, tmp_path, RepositorySettings())


@pytest.mark.broad
async def test_a_repository_that_is_none_is_named(tmp_path: Path) -> None:
    """A folder without a repository, a remote that is gone, and a remote that nobody serves are told apart."""
    (tmp_path / "folder").mkdir()
    for where, said in (
        ("folder", "not a git repository|there is no repository"),
        (f"file://{tmp_path}/gone.git", "there is no repository"),
        ("git://127.0.0.1:1/x.git", "127.0.0.1"),
    ):
        async with opened({"x": where}, tmp_path, tmp_path / "cache") as history:
            with pytest.raises(BackendError, match=said) as caught:
                await history.read_log(UNKNOWN, SafeText("abcdef0"), SafeText("abcdef1"))
        assert caught.value.remedy


@pytest.mark.broad
async def test_contract_over_the_network(project: tuple[Clone, Path, contract.Told], tmp_path: Path) -> None:
    """A remote that speaks git's own protocol keeps all promises."""
    _, remote, told = project
    with daemon(remote.parent) as address:
        async with opened({"x": f"{address}/fraud.git"}, tmp_path, tmp_path / "cache") as history:
            await contract.check_all(history, told)
