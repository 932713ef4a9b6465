"""`status --json`, as scripts rely on it, and the tables for people."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.examples import examples
from tests.present.scenes import ALL, CANARY, FEW, GONE, HEALTHY, SILENT, TWIN, night, unscraped

from modeltui.domain.fleet import Context
from modeltui.domain.names import Instant
from modeltui.domain.signal import Counts, Estimate, Mean
from modeltui.domain.text import SafeText, safe_text
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs
from modeltui.present.rows import SINCE, TargetRow
from modeltui.present.status import status_object
from modeltui.present.table import aligned, comma_separated, status_columns, status_table
from modeltui.testing.hostile import HOSTILE_TEXTS
from modeltui.testing.worlds import NO_SEGMENTS, World, rollout, seen

LEVELS = {"ok", "no-limit", "no-data", "stale", "warn", "breach"}


def told(world: World) -> dict[str, Any]:
    """Return the object as a script reads it back."""
    text = json.dumps(status_object(world.fleet, world.fleet.worst_first()), allow_nan=False)
    result: dict[str, Any] = json.loads(text)
    return result


def target(status: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one target of the object."""
    model, _, environment = name.partition("@")
    (found,) = (t for t in status["targets"] if (t["model"], t["environment"]) == (model, environment))
    return dict(found)


def version(status: dict[str, Any], name: str, wanted: str) -> dict[str, Any]:
    """Return one version of a target of the object."""
    (found,) = (v for v in target(status, name)["versions"] if v["version"] == wanted)
    return dict(found)


# JSON


def test_the_frame_of_the_object() -> None:
    """Schema, time, context, mode and sources are where the contract says."""
    status = told(night())
    assert status["schema"] == "modeltui.status/1"
    assert status["at"] == "2026-01-01T12:04:01.000Z"
    assert (status["context"], status["mode"], status["simulated"]) == ("test", "writes-off", False)
    sources = {source["name"]: source for source in status["sources"]}
    assert sources["metrics"]["kind"] == "metrics"
    assert (sources["metrics"]["state"], sources["metrics"]["age_seconds"]) == ("fresh", 1.0)
    assert "error" not in sources["metrics"]
    assert (sources["registry"]["state"], sources["registry"]["error"]) == ("down", "401 from the registry")


def test_a_read_only_and_a_simulated_context_say_so() -> None:
    """A script sees whether what it reads is invented and whether anything could be written."""
    world = World()
    world.fleet = replace(world.fleet, context=Context(SafeText("demo"), read_only=True, simulated=True))
    status = told(world)
    assert (status["mode"], status["simulated"]) == ("read-only", True)


def test_targets_come_worst_first() -> None:
    """The order is the order in which to look."""
    names = [f"{one['model']}@{one['environment']}" for one in told(night())["targets"]]
    assert names[:2] == [CANARY, GONE]
    assert names[-1] in (HEALTHY, TWIN)
    assert set(names) == set(ALL)


def test_since_is_not_when_somebody_began_to_look() -> None:
    """What was well at the first look has been so for an unknown time; what was seen to change has a beginning."""
    world = World()
    world.sees(seen(HEALTHY, "1", world.now, NO_SEGMENTS, throughput=50.0, error_rate=(1, 900)))
    assert "since" not in target(told(world), HEALTHY)
    world.ticks(120)
    assert (target(told(world), HEALTHY)["level"], "since" in target(told(world), HEALTHY)) == ("stale", True)


def test_what_was_bad_at_the_first_look_may_be_so_for_longer() -> None:
    """A breach that was found has lasted for longer than it was seen; one that was seen to begin has a beginning."""
    found, begun = World(), World()
    for bad in (400, 400, 400):
        found.sees(seen(HEALTHY, "1", found.passes(), NO_SEGMENTS, throughput=50.0, error_rate=(bad, 900)))
    for bad in (0, 400, 400, 400):
        begun.sees(seen(HEALTHY, "1", begun.passes(), NO_SEGMENTS, throughput=50.0, error_rate=(bad, 900)))
    lasted = [
        TargetRow(world.fleet, only, ASCII).cell(SINCE).text
        for world in (found, begun)
        for only in world.fleet.targets.values()
    ]
    assert lasted == [">30s", "30s"]
    assert target(told(found), HEALTHY)["since_or_earlier"] is True
    assert "since_or_earlier" not in target(told(begun), HEALTHY)


def test_a_target_in_a_rollout() -> None:
    """Serving, desired, candidate, stage, way back, skew and versions of the bad one."""
    found = target(told(night()), CANARY)
    assert found["level"] == "breach"
    assert (found["serving"], found["desired"], found["candidate"]) == ("2.3.1", "2.3.1", "3.0.0")
    assert found["stage"] == {
        "name": "canary-5",
        "weight": 0.05,
        "since": "2026-01-01T12:00:00.000Z",
        "hold_seconds": 600.0,
    }
    assert found["last_known_good"]["version"] == "2.3.1"
    assert found["last_known_good"]["because"]
    assert found["skew"] == ["prod-cn"]
    assert [one["role"] for one in found["versions"]] == ["stable", "candidate"]


def test_a_signal_carries_its_evidence() -> None:
    """Value, baseline, limit, unit, n, window, age, since and the reason stand beside the level."""
    status = told(night())
    candidate = version(status, CANARY, "3.0.0")
    assert candidate["traffic"] == {"desired": 0.05, "observed": 0.05}
    errors = candidate["signals"]["error_rate"]
    assert (errors["level"], errors["unit"], errors["n"], errors["baseline_n"]) == ("breach", "ratio", 9000, 9000)
    assert errors["value"] == pytest.approx(110 / 9000)
    assert errors["baseline"] == pytest.approx(0.01)
    assert (errors["window_seconds"], errors["age_seconds"]) == (300.0, 1.0)
    assert errors["since"].endswith("Z")
    assert errors["because"].startswith("region=hk")
    worst = errors["segments"][0]
    assert (worst["name"], worst["level"], worst["value"], worst["n"]) == ("region=hk", "breach", 0.4, 900)


def test_what_is_missing_is_absent() -> None:
    """No null, no zero and no empty text stands for something that is not known."""
    status = told(night())
    silent = target(status, SILENT)
    assert silent["level"] == "no-data"
    assert silent["serving_observed"] is False
    assert "candidate" not in silent
    assert "stage" not in silent
    assert "last_known_good" not in silent
    (only,) = silent["versions"]
    assert only["traffic"] == {"desired": 1.0}
    few = version(status, FEW, "1")
    assert "role" not in few
    assert few["signals"]["error_rate"]["level"] == "no-data"
    assert "desired" not in target(status, FEW)


def test_what_nobody_names_is_not_desired() -> None:
    """A rollout that names no stable version and no weights says nothing of what should serve."""
    world = World()
    world.told(rollout(HEALTHY))
    world.sees(seen(HEALTHY, "7", throughput=1.0))
    found = target(told(world), HEALTHY)
    assert found["serving"] == "7"
    assert "desired" not in found


def test_a_gone_process_has_no_age() -> None:
    """What is no longer scraped says so and invents no age."""
    errors = version(told(unscraped()), HEALTHY, "7")["signals"]["error_rate"]
    assert errors["level"] == "stale"
    assert "age_seconds" not in errors
    assert "scrapes" in errors["because"]


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every plain value with the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def test_times_shares_and_levels_keep_their_forms_everywhere() -> None:
    """Times are RFC 3339 in UTC, shares lie between 0 and 1, levels are words of the contract, nothing is null."""
    for path, value in leaves(told(night())):
        assert value is not None, path
        key = path.rpartition(".")[2]
        if key in ("at", "since"):
            assert str(value).endswith("Z"), path
            assert datetime.fromisoformat(str(value)).tzinfo is not None
        if ".traffic." in path or key == "weight":
            assert isinstance(value, float | int), path
            assert 0 <= value <= 1, path
        if key == "level":
            assert value in LEVELS, path
        if key.endswith("_seconds"):
            assert isinstance(value, float | int), path
            assert value >= 0, path


WILD = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=examples(60))
@example(1.0, 900.0, float("nan"), "error_rate")
@example(400.0, 900.0, 1e18, "error_rate")
@given(WILD, WILD, WILD, st.sampled_from(["error_rate", "throughput", "confidence", "latency_p95"]))
def test_any_number_of_a_backend_makes_valid_json(first: float, second: float, at: float, signal: str) -> None:
    """NaN, infinity and impossible times never reach a script: what is no number is absent."""
    world = World()
    world.told(rollout(HEALTHY, "1", "2"))
    for value in (Counts(first, second), Mean(first, second), Estimate(first, second)):
        moment = Instant(at)
        world.sees(seen(HEALTHY, "1", moment, {signal: {"a=b": value}}, **{signal: value}))
        world.sees(seen(HEALTHY, "2", world.passes(), NO_SEGMENTS, **{signal: value}))
        told(world)
        status_table(world.fleet, world.fleet.worst_first())


# Tables


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_the_plain_table_and_the_screen_say_the_same(glyphs: Glyphs) -> None:
    """Every cell of the table is the cell of the screen, word for word."""
    world = night()
    targets = world.fleet.worst_first()
    heading, *rows = status_table(world.fleet, targets, glyphs)
    columns = status_columns(world.fleet)
    assert heading == [title for _, title in columns]
    for shown, one in zip(rows, targets, strict=True):
        assert shown == [TargetRow(world.fleet, one, glyphs).cell(key).text for key, _ in columns]


def test_the_plain_table_is_plain() -> None:
    """A pager and a screen reader get ASCII, one line a target, columns under each other."""
    world = night()
    lines = aligned(status_table(world.fleet, world.fleet.worst_first()))
    assert all(line.isascii() for line in lines)
    assert len(lines) == 1 + len(ALL)
    assert lines[0].startswith("MODEL")
    place = lines[0].index("STATE")
    assert all(line[place - 1] == " " for line in lines)
    bad = next(line for line in lines if line.startswith("fraud-detector") and "prod-hk" in line)
    assert "breach" in bad
    assert "3.0.0" in bad


def test_state_is_a_word_in_every_row() -> None:
    """Without any colour each row says how the target stands."""
    world = night()
    heading, *rows = status_table(world.fleet, world.fleet.worst_first())
    states = {row[0] + "@" + row[1]: row[heading.index("STATE")] for row in rows}
    assert "breach" in states[CANARY]
    assert "stale, was breach" in states[GONE]
    assert "no data" in states[SILENT]
    assert "ok" in states[HEALTHY]


def test_the_table_is_read_back_from_csv_as_it_was() -> None:
    """What a spreadsheet reads is the table, whatever commas and quotes are in it."""
    world = night()
    rows = status_table(world.fleet, world.fleet.worst_first())
    assert list(csv.reader(comma_separated(rows))) == rows


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-2+3",
        "@SUM(1)",
        " =1+1",
        "\t=1+1",
        "\r=1",
        "＝1+1",
        *(safe_text(raw) for name, raw in HOSTILE_TEXTS.items() if name.startswith("formula")),
    ],
)
def test_a_spreadsheet_runs_nothing_from_a_model_name(cell: str) -> None:
    """A model called like a formula arrives as text."""
    (line,) = comma_separated([[cell, "x"]])
    (read,) = csv.reader([line])
    assert read[0] == f"'{cell}"


def test_what_is_no_formula_stays_as_it_is() -> None:
    """A dash for nothing, a version and a number are not quoted."""
    assert comma_separated([["-", "1.0", "4.8%", ""]]) == ["-,1.0,4.8%,"]


def test_hostile_names_stay_in_their_rows() -> None:
    """Names with escape sequences, markup and 10 000 characters leave one line for each target."""
    world = World()
    for raw in HOSTILE_TEXTS.values():
        world.sees(seen(f"{raw.replace('@', '')}@prod", raw, throughput=1.0))
    rows = status_table(world.fleet, world.fleet.worst_first(), UNICODE)
    lines = [*aligned(rows), *comma_separated(rows)]
    assert all("\x1b" not in line and line.isprintable() for line in lines)
    assert len(aligned(rows)) == len(world.fleet.targets) + 1
    told(world)
