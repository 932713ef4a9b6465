"""What DVC pins without holding it, and what it keeps where nothing is read: told as far as its files tell it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.gto.datasets import dataset_of, datasets_in
from modeltui.domain.comparison.difference import State
from modeltui.domain.lineage import ABSENT, DataSnapshot
from modeltui.domain.names import UNKNOWN, Instant
from tests.adapters.gto.test_provenance import read, told, why
from tests.domain.comparison.telling import compared, fact

REVISION = "70ca237df5f52c68b94ab1190458f3b85c7fcc0e"
PAYMENTS = {"name": "payments", "url": "https://git.example/data.git", "type": "dvc", "path": "data/rows.csv"}
CHAIN = {"name": "chats", "url": "dc://chats", "type": "dc", "version": 3, "created_at": "2026-01-15T02:00:00+00:00"}


def bucket(*states: str, **meta: Any) -> dict[str, Any]:
    """A data set of one object, or of a folder of objects with these states."""
    files = [{"relpath": f"{place}.csv", "meta": {"size": 1, "etag": etag}} for place, etag in enumerate(states)]
    return {"name": "b", "url": "s3://bucket/rows", "type": "url", "meta": meta, **({"files": files} if files else {})}


def lock(datasets: list[dict[str, Any]], *inputs: dict[str, Any]) -> str:
    """A `dvc.lock` with these data sets, and one stage with these inputs."""
    model = {"path": "model.pkl", "hash": "md5", "md5": "f" * 32}
    train = {"cmd": "train", "deps": [{"path": "train.py", "md5": "a" * 32}, *inputs], "outs": [model]}
    return json.dumps({"schema": "2.0", "datasets": datasets, "stages": {"train": train}})


def snapshots(found: Any) -> dict[str, DataSnapshot]:
    """The data by name."""
    return {str(one.name): one for one in told(found, "data_snapshots")}


async def test_data_of_another_repository_is_told_as_the_stage_read_it(tmp_path: Path) -> None:
    """The state that the stage ran with counts, not the one that was pinned afterwards."""
    ran = {"path": "ds://payments", "dataset": {**PAYMENTS, "rev_lock": REVISION}}
    files = {"dvc.lock": lock([{**PAYMENTS, "rev_lock": "9" * 40}], ran), "train.py": ""}
    (data,) = told(await read(tmp_path, files), "data_snapshots")
    assert (data.name, data.digest) == ("payments", f"git:{REVISION}")
    assert data.uri == f"https://git.example/data.git:data/rows.csv@{REVISION[:12]}"
    assert data.origin == "https://git.example/data.git:data/rows.csv"


async def test_pinned_data_that_no_stage_names_is_told(tmp_path: Path) -> None:
    """A script that reads a pinned data set by itself leaves no trace in its stage: what is pinned is told."""
    found = snapshots(
        await read(tmp_path, {"dvc.lock": lock([CHAIN, {**PAYMENTS, "rev_lock": REVISION}]), "train.py": ""})
    )
    assert set(found) == {"chats", "payments"}
    assert found["chats"].digest == "version:3"
    assert found["chats"].uri == "dc://chats@v3"
    assert found["chats"].taken_at == Instant(1_768_442_400.0)


async def test_what_another_stage_reads_is_not_this_ones(tmp_path: Path) -> None:
    """Where stages name what they read, a data set that none of them names went into nothing."""
    ran = {"path": "ds://payments", "dataset": {**PAYMENTS, "rev_lock": REVISION}}
    assert set(snapshots(await read(tmp_path, {"dvc.lock": lock([CHAIN], ran), "train.py": ""}))) == {"payments"}


@pytest.mark.parametrize(
    ("pinned", "digest"),
    [
        (bucket(version_id="v7", etag="e1", size=3), "version_id:v7"),
        (bucket(etag="e1"), "etag:e1"),
        (bucket(md5="d41d"), "md5:d41d"),
        (bucket(size=3), ""),
        (bucket("e1", "", isdir=True), ""),
    ],
)
def test_the_state_of_an_object_is_what_the_store_said_of_it(pinned: dict[str, Any], digest: str) -> None:
    """Version before etag before checksum; where the store said nothing of one object, the whole has no state."""
    assert dataset_of(pinned).digest == digest


def test_the_state_of_a_folder_is_that_of_all_its_objects() -> None:
    """One object among thousands with another etag is another state; the order in which they are listed is none."""
    states = [f"e{count}" for count in range(5_000)]
    whole = bucket(*states)
    turned = {**whole, "files": whole["files"][::-1]}
    assert dataset_of(whole).digest == dataset_of(turned).digest
    assert dataset_of(whole).digest.startswith("objects-sha256:")
    assert dataset_of(bucket(*states[:-1], "other")).digest != dataset_of(whole).digest


async def test_another_state_of_pinned_data_is_a_difference(tmp_path: Path) -> None:
    """Two versions that were trained on two states of one data set differ in it; without a state nobody knows."""

    async def version(folder: str, pinned: dict[str, Any]) -> Any:
        return await read(tmp_path / folder, {"dvc.lock": lock([pinned])})

    one, other = await version("1", bucket(etag="e1")), await version("2", bucket(etag="e2"))
    assert fact(compared(one, other), "data.b.digest").state is State.CHANGED
    assert fact(compared(one, await version("3", bucket(size=3))), "data.b.digest").state is State.UNKNOWN


@pytest.mark.parametrize("datasets", [None, "x", [1, {}, {"name": 7}, {"name": "n", "meta": 3, "files": "x"}]])
def test_what_is_no_data_set_is_none(datasets: Any) -> None:
    """A broken section tells nothing that is not there, and raises nothing."""
    for piece in datasets_in({"datasets": datasets}):
        assert piece.digest == ""


async def test_metrics_that_dvc_keeps_are_unreadable_not_absent(tmp_path: Path) -> None:
    """Metrics and saved cases in DVC's cache: why they are not told, with the digest that DVC has of them."""
    outs = [{"path": path, "hash": "md5", "md5": "e" * 32} for path in ("metrics.json", "cases.json", "model.pkl")]
    stage = {"cmd": "train", "deps": [{"path": "train.py", "md5": "a" * 32}], "outs": outs}
    document = json.dumps({"schema": "2.0", "stages": {"train": stage}})
    found = await read(tmp_path, {"dvc.lock": document, "train.py": ""})
    expected = "DVC keeps it in its cache (md5:eeeeeeeeeeeeeeee), not in git, where it could be read"
    assert why(found, "metrics") == f"metrics.json: {expected}"
    assert why(found, "cases") == f"cases.json: {expected}"


async def test_metrics_behind_a_pointer_are_unreadable_not_absent(tmp_path: Path) -> None:
    """The same where `dvc add` keeps them: the pointer tells that they are there."""
    pointer = "outs:\n- md5: dddddddddddddddddddddddddddddddd\n  size: 9\n  path: metrics.json\n"
    found = await read(tmp_path, {"metrics.json.dvc": pointer, "train.py": ""})
    assert "DVC keeps it in its cache" in why(found, "metrics")
    assert found.data_snapshots is ABSENT


async def test_data_that_is_called_like_a_field_is_data(tmp_path: Path) -> None:
    """A file of data in DVC's cache is told by its digest: that it cannot be read is no reason to doubt the rest."""
    found = await read(tmp_path, {"datasets.json.dvc": "outs:\n- md5: " + "d" * 32 + "\n  path: datasets.json\n"})
    assert snapshots(found)["datasets"].digest == "md5:" + "d" * 32
    assert snapshots(found)["datasets"].rows is UNKNOWN
    assert found.data_snapshots.lacks == ""  # type: ignore[union-attr]
