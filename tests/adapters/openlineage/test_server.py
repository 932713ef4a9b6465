"""Lineage from a server: the run that made a version and the jobs before it, asked for in few questions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters._http import HttpSettings
from modeltui.adapters.openlineage import provenance as openlineage
from modeltui.adapters.openlineage.options import Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.lineage import ABSENT, Known, Provenance, Unreadable
from modeltui.domain.names import Instant, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from modeltui.ports.provenance import ProvenanceSource
from modeltui.testing import provenance_contract
from modeltui.testing.faults import FaultServer, Reply
from tests.adapters.openlineage.emitting import COMMIT, SNAPSHOT, SQL, TRAINING, extraction, training
from tests.adapters.openlineage.marquez import Marquez, running_marquez

# Real sockets.
pytestmark = pytest.mark.broad

FRAUD = ModelName(SafeText("fraud-detector"))
SEVEN = VersionId(SafeText("7"))
NOTHING = Provenance()

Open = Callable[..., AbstractAsyncContextManager[ProvenanceSource]]


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


@pytest.fixture
def marquez() -> Iterator[Marquez]:
    """A running server that was told of the extraction and the training of version 7."""
    with running_marquez() as running:
        for event in (*extraction(), *training()):
            running.take(event)
        yield running


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[ProvenanceSource]:
    """Open the source over a server as the program does."""
    around = Surroundings(SourceName(SafeText("lineage")), SystemClock(), (), _no_secret, Path())
    async with openlineage.connect(Options(server=HttpSettings(url=url), **options), around) as source:
        yield source


def known(fact: object) -> Any:
    assert isinstance(fact, Known), fact
    return fact.value


@pytest.mark.parametrize("check", provenance_contract.CHECKS, ids=provenance_contract.name_of)
async def test_contract(check: provenance_contract.Check, marquez: Marquez) -> None:
    """A server keeps the promises that every source of provenance gives."""
    async with opened(marquez.url) as source:
        await check(provenance_contract.Subject(source, FRAUD, SEVEN))


@pytest.mark.parametrize("is_old", [False, True], ids=["new", "old"])
async def test_a_server_tells_what_files_tell(marquez: Marquez, is_old: bool) -> None:
    """The run by its output, its commit, parameters and data with their rows, and the query of the job before."""
    marquez.is_old = is_old
    async with opened(marquez.url) as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
    assert known(told.run) == TRAINING
    assert known(told.code).commit == COMMIT
    assert known(told.parameters) == {"num_leaves": "31", "seed": "42"}
    assert known(told.runtime) == {"spark": "3.5.1"}
    assert known(told.extraction_query) == tuple(SQL.strip().split("\n"))
    (snapshot,) = known(told.data_snapshots)
    assert (snapshot.name, snapshot.digest, snapshot.rows) == ("analytics.card_transactions", SNAPSHOT, 4_812_345)
    assert snapshot.taken_at == Instant(1_768_357_200.0)
    tags = known(told.tags)
    assert (tags["lineage job"], tags["lineage state"]) == ("airflow/train", "COMPLETE")
    assert len(marquez.asked) < 20


async def test_the_run_that_a_registry_names_is_asked_for(marquez: Marquez) -> None:
    """A run without dashes is asked for with them, as the server keeps it."""
    spelled = TRAINING.replace("-", "")
    says = Provenance(run=Known(SafeText(spelled), SourceName(SafeText("registry")), Instant(1.0)))
    async with opened(marquez.url, namespaces=("mlflow",)) as source:
        told = await source.read_provenance(FRAUD, VersionId(SafeText("12")), says)
    assert known(told.run) == spelled
    assert known(told.code).commit == COMMIT
    assert not any("/api/v1/namespaces?" in path for path in marquez.asked)


async def test_the_namespace_may_be_given(marquez: Marquez) -> None:
    """A model of the same name in another namespace is another model."""
    async with opened(marquez.url, namespaces=("other",)) as source:
        assert (await source.read_provenance(FRAUD, SEVEN, NOTHING)).run is ABSENT
        findings = (await source.probe()).findings
    assert any(finding.ok is False and "other is not there" in finding.says for finding in findings)


async def test_the_jobs_before_cannot_be_read(marquez: Marquez) -> None:
    """The data sets are out of reach: what the run itself says is told, the query may exist and is unreadable."""
    marquez.broken = {"card_transactions"}
    async with opened(marquez.url) as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
    assert known(told.code).commit == COMMIT
    assert isinstance(told.extraction_query, Unreadable)
    assert "503" in told.extraction_query.reason
    assert isinstance(told.data_snapshots, Known)
    assert "503" in told.data_snapshots.lacks, "there may be more to say of the data"


async def test_a_server_that_is_down_claims_nothing(marquez: Marquez) -> None:
    """Nobody answers: an error with a remedy, not an empty provenance."""
    marquez.broken = {"/api"}
    async with opened(marquez.url) as source:
        with pytest.raises(BackendUnavailable, match="503"):
            await source.read_provenance(FRAUD, SEVEN, NOTHING)


async def test_a_chain_of_jobs_ends(marquez: Marquez) -> None:
    """A hundred jobs in a row, and one that reads what it writes: the questions are bounded, the run is told."""
    for number in range(100):
        events = extraction(f"{number:08}-fe01-7439-87e6-56a1a1b4029f", SNAPSHOT, "2026-01-14T02", f"SELECT {number}")
        events[1]["inputs"] = events[1]["outputs"]
        for event in events:
            marquez.take(event)
    for event in training():
        marquez.take(event)
    async with opened(marquez.url, hops=3) as source:
        told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
    assert known(told.run) == TRAINING
    assert len(marquez.asked) <= 60


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"<html>login</html>", b'{"versions": 3}', b'{"id": {}, "versions": [null]}', b"[" * 9999],
)
async def test_anything_else_than_the_api_is_an_error_or_nothing(body: bytes) -> None:
    """A login page, another API, nonsense: an error in words, or nothing; never a crash, never a made-up fact."""
    async with FaultServer() as server:
        server.answer_everything_else(Reply(body))
        async with opened(server.url) as source:
            told = NOTHING
            with suppress(BackendError):
                told = await source.read_provenance(FRAUD, SEVEN, NOTHING)
            assert not told.known_fields()
