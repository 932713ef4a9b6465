"""The code of the demo has a history, and it is the one that its versions name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from pathlib import Path

import pytest

from modeltui.adapters.embedded import code_history, registry
from modeltui.adapters.embedded.commits import commit_rows
from modeltui.adapters.embedded.file import Options
from modeltui.adapters.embedded.lineage import DAY_SECONDS, documents, registered_at
from modeltui.adapters.embedded.plans import ModelPlan
from modeltui.adapters.embedded.scenario import DEMO
from modeltui.domain.comparison.difference import CodeLog
from modeltui.domain.errors import BackendMalformed
from modeltui.domain.lineage import CodeRevision, Known
from modeltui.domain.names import UNKNOWN, ModelName
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.code_history import CodeHistory
from modeltui.testing import code_history_contract as contract
from modeltui.testing.clock import VirtualClock
from tests.adapters.embedded.story import BEGAN_AT, surroundings, version

FRAUD = SafeText("git.harbourlight.example/risk/fraud-detector")

# A whole world is made.
pytestmark = pytest.mark.broad


@pytest.fixture
async def history(world_path: Path, clock: VirtualClock) -> AsyncIterator[CodeHistory]:
    """The history of a new world."""
    async with code_history.connect(Options(path=world_path), surroundings("code", clock)) as port:
        yield port


async def commit_of(world: Path, clock: VirtualClock, model: str, one: str) -> SafeText:
    """The commit that the registry names for a version."""
    async with registry.connect(Options(path=world), surroundings("registry", clock)) as port:
        told = (await port.read_provenance(ModelName(SafeText(model)), version(one))).code
    assert isinstance(told, Known)
    assert isinstance(told.value, CodeRevision)
    return told.value.commit


def written(world: Path, *rows: tuple[object, ...]) -> None:
    """Put commits into a world, as somebody else may have."""
    with closing(sqlite3.connect(world)) as connection, connection:
        connection.executemany("INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def subjects(log: CodeLog | None) -> list[str]:
    """What the commits of B say, newest first."""
    assert log is not None
    return [commit.subject for commit in log.only_b]


async def test_contract(world_path: Path, history: CodeHistory) -> None:
    """The invented history keeps the promises of every history of code."""
    question = "SELECT id, files FROM commits WHERE repository = ? AND number BETWEEN 9 AND 17 ORDER BY number DESC"
    with closing(sqlite3.connect(world_path)) as connection:
        rows = connection.execute(question, [FRAUD]).fetchall()
    ids = [row[0] for row in rows]
    files = frozenset(path for _, told in rows[:-1] for path in json.loads(told))
    await contract.check_all(history, contract.Told(ids[-1], ids[0], tuple(ids[:-1]), files, FRAUD))


async def test_the_log_between_the_two_versions_of_the_story(
    world_path: Path, history: CodeHistory, clock: VirtualClock
) -> None:
    """Between 2.3.1 and 3.0.0 lie eight commits with author and date, and the one on the query is among them."""
    a, b = [await commit_of(world_path, clock, "fraud-detector", one) for one in ("2.3.1", "3.0.0")]
    log = await history.read_log(SafeText(f"https://{FRAUD}.git"), a, b)
    assert log is not None
    assert subjects(log)[0] == "Two years of data, new feature pipeline, small merchants by volume"
    assert "Change the query: AND m.monthly_volume > 500" in subjects(log)
    assert len(log.only_b) == 8
    assert {commit.author for commit in log.only_b} == {"s.petrova", "j.wong"}
    assert "sql/training.sql" in log.files
    assert not log.only_a


@pytest.mark.parametrize("plan", DEMO.models, ids=lambda plan: plan.name)
def test_every_version_names_a_commit_of_its_history(plan: ModelPlan) -> None:
    """Each version was trained from the commit it names, after that was made and before it was registered."""
    told = documents(plan, BEGAN_AT)
    rows = list(commit_rows(plan, told, BEGAN_AT))
    by_id = {row.id: row for row in rows}
    assert len(by_id) == len(rows)
    assert [row.number for row in rows] == list(range(len(rows)))
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    for one in plan.versions:
        made = by_id[told[one.id]["code"]["commit"]]
        registered = registered_at(plan, one, BEGAN_AT)
        assert registered - 2 * DAY_SECONDS < made.at < registered
        assert made.subject.startswith(one.says.rstrip(".")[:30])
    assert all(0 < len(row.subject) <= 72 and json.loads(row.files) for row in rows)


def test_the_same_world_has_the_same_history() -> None:
    """Nothing of it is left to chance: whoever starts the demo again reads the same commits."""
    for model in DEMO.models:
        told = documents(model, BEGAN_AT)
        assert list(commit_rows(model, told, BEGAN_AT)) == list(commit_rows(model, told, BEGAN_AT))


async def test_a_world_from_before_says_why_it_has_no_log(world_path: Path, history: CodeHistory) -> None:
    """A world that was made by an earlier release is read as it is, and says why its code has no history."""
    with closing(sqlite3.connect(world_path)) as connection, connection:
        connection.execute("DROP TABLE commits")
    log = await history.read_log(FRAUD, SafeText("a" * 40), SafeText("b" * 40))
    assert log is not None
    assert "made before" in log.trouble
    assert await history.read_log(contract.NO_SUCH_REPOSITORY, SafeText("a" * 40), SafeText("b" * 40)) is None
    assert await history.read_log(UNKNOWN, SafeText("a" * 40), SafeText("b" * 40)) is None
    (finding,) = (await history.probe()).findings
    assert "made before" in finding.says


async def test_a_long_hostile_history_is_cut_and_harmless(world_path: Path, history: CodeHistory) -> None:
    """Thousands of commits are cut and said to be; escapes in a subject do not act."""
    name = "git.example/much"
    hostile = "\x1b[2J\u202e" + "x" * 5000
    written(
        world_path,
        *(
            (name, n, f"{n:040x}", 1e9 + n, hostile, hostile, json.dumps([f"f{n}-{m}" for m in range(9)]))
            for n in range(999)
        ),
    )
    log = await history.read_log(SafeText(name), safe_text(f"{0:040x}"), safe_text(f"{998:040x}"))
    assert log is not None
    assert log.is_cut
    assert (len(log.only_b), len(log.files)) == (code_history.MOST_COMMITS, code_history.MOST_FILES)
    assert log.only_b[0].id == f"{998:040x}"
    assert "\x1b" not in log.only_b[0].subject + log.only_b[0].author
    assert len(log.only_b[0].subject) <= 300


async def test_a_letter_is_no_commit(world_path: Path, history: CodeHistory) -> None:
    """What is shorter than people abbreviate commits names none, even where only one begins so."""
    written(world_path, *(("r", n, f"{n + 10:x}" * 40, 1e9, "a", "b", "[]") for n in range(2)))
    log = await history.read_log(SafeText("r"), SafeText("a"), SafeText("b"))
    assert log is not None
    assert "no such commit" in log.trouble
    log = await history.read_log(SafeText("r"), SafeText("a" * 7), SafeText("b" * 7))
    assert subjects(log) == ["b"]


@pytest.mark.parametrize("files", ["no list", "{}", '["a', "9" * 200_000, "[" * 90_000])
async def test_what_is_no_list_of_files_is_said(world_path: Path, history: CodeHistory, files: str) -> None:
    """A damaged row is a damaged world, in words; nothing crashes."""
    rows: Iterable[tuple[object, ...]] = (("r", n, f"{n:040x}", 1e9, "a", "b", files) for n in range(2))
    written(world_path, *rows)
    with pytest.raises(BackendMalformed) as caught:
        await history.read_log(SafeText("r"), safe_text(f"{0:040x}"), safe_text(f"{1:040x}"))
    assert "damaged" in caught.value.title
