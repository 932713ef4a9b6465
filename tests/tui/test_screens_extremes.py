"""What real fleets do to screens: hostile text, long names, many of everything, half of the sources."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from tests.tui.screen_stage import StagedWorld, incident, replace_says, shown, with_environment

from modeltui.domain.event import ProvenanceRead, RegistryRead, SourceFailed, Watched
from modeltui.domain.health import Above, Level, Rule
from modeltui.domain.lineage import Approval, CodeRevision, DataSnapshot, Known, Provenance
from modeltui.domain.names import Environment, Instant, ModelName, SignalName
from modeltui.domain.policy import DEFAULT_POLICY, Policy
from modeltui.domain.reduce import Changes
from modeltui.domain.rollout import Job, Role, Stage
from modeltui.domain.signal import Direction, Signal, Unit
from modeltui.domain.text import safe_text
from modeltui.domain.version import Model, Pointer
from modeltui.present.cells import cell_width
from modeltui.testing import worlds
from modeltui.testing.hostile import HOSTILE_TEXTS
from modeltui.testing.worlds import seen, source_name, target_key

pytestmark = pytest.mark.broad

LONG_VERSION = "2026-11-20T02:07:31Z-3f9a2b7c"
EVERY_SCREEN: tuple[tuple[str, ...], ...] = ((), ("w",), ("enter",), ("enter", "f"), ("6",), ("s",), ("?",))


def hostile_world(text: str) -> StagedWorld:
    """Return an incident in which every field that a backend fills holds this text."""
    safe = safe_text(text)
    world = StagedWorld()
    model, place, version = f"{text}m", "prod-hk", f"{text}2"
    name = f"{safe}m@{place}"
    pointer = Pointer(safe, worlds.version_id(text))
    world.apply(worlds_registry(world, Model(ModelName(safe_text(model)), worlds.version_id(text), (pointer,))))
    rollout = worlds.rollout(
        name,
        f"{text}1",
        version,
        stage=Stage(safe, 0.05, world.now),
        jobs=[Job(safe, worlds.version_id(version), Instant(world.now - 60))],
    )
    world.told(with_environment(replace_says(rollout, text), image=text))
    world.apply(Watched(world.now, frozenset({target_key(name)})))
    for _ in range(6):
        world.passes(15)
        segments = {"error_rate": {text: (300.0, 900.0), f"a={text}": (1.0, 900.0)}}
        world.sees(
            seen(name, f"{text}1", world.now, error_rate=(10, 9000)),
            seen(name, version, world.now, segments, error_rate=(310, 5000)),
        )
    source = source_name("registry")
    past = Provenance(
        approvals=Known((Approval(safe, safe),), source, world.now),
        code=Known(CodeRevision(safe), source, world.now),
        data_snapshots=Known((DataSnapshot(safe),), source, world.now),
        base_image=Known(safe, source, world.now),
    )
    key = target_key(name)
    world.apply(ProvenanceRead(source, world.now, key.model, worlds.version_id(version), past))
    world.apply(SourceFailed(source_name("metrics"), world.now, safe, safe))
    world.ticks(1)
    return world


def worlds_registry(world: StagedWorld, *models: Model) -> RegistryRead:
    """Return the registry's list of models."""
    return RegistryRead(source_name("registry"), world.now, models, (safe_text("x"),))


@pytest.mark.parametrize("first", range(0, len(HOSTILE_TEXTS), 8))
async def test_hostile_text_neither_acts_nor_crashes(first: int) -> None:
    """Whatever a backend puts into a name, a label or a message, every screen stays a screen."""
    async with shown(hostile_world("a"), (100, 30)) as stage:
        for text in list(HOSTILE_TEXTS.values())[first : first + 8]:
            fleet = stage.world.store.fleet = stage.world.fleet = hostile_world(text).fleet
            stage.app._bridge.on_change(fleet, Changes(frozenset(fleet.targets), order=True))
            await stage.show_news()
            for key in ("", "w", "s", "6", "enter"):
                await stage.press(*([key] if key else []))
                check_no_escape(stage.rows)
                await stage.press(*(["escape"] if key else []))
            assert stage.app.return_code is None
        # The plotting library takes longer than all the rest: its own share is seen for the last of them.
        await stage.press("enter", "f")
        check_no_escape(stage.rows)
        await stage.press("1", "slash")
        await stage.type("[/] m")
        await stage.press("enter")
        check_no_escape(stage.rows)


def check_no_escape(rows: list[str]) -> None:
    """Fail when a row is not exactly one row of visible characters."""
    assert len(rows) == 30
    for row in rows:
        assert cell_width(row) == 100, repr(row)
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", row), repr(row)


async def test_hostile_text_is_no_markup() -> None:
    """Square brackets are shown as they are."""
    async with shown(hostile_world("[bold red]x[/]"), (200, 50)) as stage:
        assert "[bold red]x[/]" in stage.text
        await stage.press("enter")
        assert "[bold red]x[/]" in stage.text


def with_versions(count: int, name: str = "4.2.{}") -> StagedWorld:
    """Return a target on which so many versions answer; the last but one hurts."""
    world = StagedWorld()
    stable = name.format(0)
    world.told(worlds.rollout("fraud@prod-hk", stable, name.format(count - 1)))
    for _ in range(6):
        world.passes(15)
        world.sees(
            *(
                seen(
                    "fraud@prod-hk",
                    name.format(place),
                    world.now,
                    {"error_rate": {"region=hk": (2500.0 if place == count - 2 else 9.0, 5000.0)}},
                    error_rate=(3000 if place == count - 2 else 10, 9000),
                    throughput=20.0,
                )
                for place in range(count)
            )
        )
    return world


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids=str)
@pytest.mark.parametrize("count", [4, 7, 12])
async def test_a_target_with_many_versions_shows_the_worst_and_counts_the_rest(
    count: int, size: tuple[int, int]
) -> None:
    """With four and more versions the one that hurts is in the table, and what is left out is said."""
    async with shown(with_versions(count), size) as stage:
        await stage.press("enter")
        assert f" 4.2.{count - 2} " in stage.text
        table = stage.text.partition("SEGMENT")[0]
        listed = set(re.findall(r"^ (4\.2\.\d+) ", table, re.MULTILINE))
        missing = count - len(listed)
        assert not missing or f"and {missing} more: w shows every version" in stage.text
        assert "SEGMENT of err" in stage.text
        assert "✖50%" in stage.text
        await stage.press("w")
        text = stage.text
        for _ in range(20):
            await stage.press("pagedown")
            text += stage.text
        assert {f"4.2.{place}" for place in range(count)} <= set(re.findall(r"4\.2\.\d+", text))


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids=str)
async def test_long_version_names_keep_their_ends_and_their_roles(size: tuple[int, int]) -> None:
    """A version named after time and commit keeps both ends, and I see which one is the candidate."""
    world = with_versions(2, "2026-11-2{}T02:07:31Z-3f9a2b7c")
    async with shown(world, size) as stage:
        assert re.search(r"fraud +prod-hk +20[^ ]*7c +20[^ ]*7c", stage.text), stage.text
        await stage.press("enter")
        assert re.search(r"^ 2026-1[^ ]+7c stable", stage.text, re.MULTILINE)
        assert re.search(r"^ 2026-1[^ ]+7c candidate", stage.text, re.MULTILINE)


async def test_long_model_names_keep_both_ends() -> None:
    """Forty characters of name are whole where there is room, and cut in the middle where not."""
    usual, longest = "payments-fraud-detector-hk", "payments-fraud-detector-asia-pacific-tls"
    world = StagedWorld()
    world.sees(*(seen(f"{name}@prod-hk", "1", world.now, error_rate=(1, 1000)) for name in (longest, usual)))
    async with shown(world, (120, 36)) as stage:
        assert re.search(r"payme[^ ]*…[^ ]*c-tls", stage.rows[2])
        assert usual in stage.rows[3]
        assert f"{longest}@prod-hk" in stage.text
        await stage.resize(80, 24)
        assert re.search(r"payme[^ ]*…[^ ]*c-tls", stage.rows[2])


async def test_ten_environments_hide_none() -> None:
    """With more environments than columns the one that differs is still named."""
    world = StagedWorld()
    places = [f"prod-{name}" for name in ("hk", "cn", "sg", "jp", "au", "uk", "de", "fr", "us", "br")]
    versions = dict.fromkeys(places, "2.3.1") | {"prod-jp": "3.0.0"}
    world.told(
        *(
            with_environment(worlds.rollout(f"aml@{place}", version), python="3.12" if place == "prod-jp" else "3.11")
            for place, version in versions.items()
        )
    )
    for size in ((80, 24), (60, 18)):
        async with shown(world, size) as stage:
            await stage.press("6")
            assert "IN 10 ENVIRONMENTS" in stage.text
            assert "3.0.0 in prod-jp; 2.3.1 in 9" in stage.text
    async with shown(world, (200, 50)) as stage:
        await stage.press("6")
        assert all(place.upper() in stage.rows[1] for place in places)


def custom_policy(count: int) -> Policy:
    """Return a policy with so many signals of a team's own besides the six."""
    names = [SignalName(safe_text(f"custom_{place}")) for place in range(count)]
    signals = [Signal(name, safe_text(f"C{i}"), Unit.NUMBER, Direction.HIGHER_IS_WORSE) for i, name in enumerate(names)]
    rule = Rule(safe_text("high"), Above(10.0), Level.BREACH, for_seconds=0.0, min_samples=0.0)
    return replace(
        DEFAULT_POLICY,
        signals=(*DEFAULT_POLICY.signals, *signals),
        rules={**DEFAULT_POLICY.rules, **dict.fromkeys(names, (rule,))},
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids=str)
async def test_a_breach_in_the_twelfth_custom_signal_is_seen(size: tuple[int, int]) -> None:
    """With more signals than columns a breach in the last of them is not hidden behind six times ok."""
    world = StagedWorld(policy=custom_policy(12))
    calm: dict[str, Any] = {f"custom_{place}": 1.0 for place in range(12)}
    for _ in range(4):
        world.passes(15)
        world.sees(
            seen("a@prod", "1", world.now, error_rate=(1, 1000), **calm),
            seen("b@prod", "1", world.now, error_rate=(1, 1000), **(calm | {"custom_11": 99.0})),
        )
    async with shown(world, size) as stage:
        assert re.search(r"^▶b +prod +✖ breach", stage.text, re.MULTILINE), stage.text
        assert "c11" in stage.text
        await stage.press("enter")
        assert "✖99" in stage.text
        assert "C11" in stage.text


async def test_a_fleet_of_metrics_alone() -> None:
    """Without a registry I still see every version that answers, and nothing asks for what cannot be had."""
    world = StagedWorld()
    for _ in range(3):
        world.passes(15)
        world.sees(seen("fraud@prod", "1", world.now, error_rate=(10, 9000), throughput=30.0))
    async with shown(world, (120, 36)) as stage:
        assert re.search(r"▶fraud +prod +1 +-", stage.text)
        for keys in EVERY_SCREEN:
            await stage.press(*keys)
            await stage.press("escape", "escape")


async def test_a_fleet_of_a_registry_alone() -> None:
    """Without metrics what is registered is listed as intended, and nothing is green."""
    world = StagedWorld(policy=pointing_policy())
    world.registered(worlds.model("fraud", champion="2"))
    async with shown(world, (120, 36)) as stage:
        assert re.search(r"▶fraud +prod +2\?", stage.text), stage.text
        assert " ok" not in stage.text
        for keys in EVERY_SCREEN:
            await stage.press(*keys)
            assert "●" not in stage.text
            await stage.press("escape", "escape")


def pointing_policy() -> Policy:
    """Return a policy in which the alias champion means the stable version of prod."""
    return replace(DEFAULT_POLICY, pointers={safe_text("champion"): (Environment(safe_text("prod")), Role.STABLE)})


async def test_a_target_that_goes_away_while_it_is_shown() -> None:
    """When the target that I look at is no longer known, the screen says so instead of keeping the last picture."""
    world = incident()
    async with shown(world, (100, 30)) as stage:
        await stage.press("enter", "f")
        gone = frozenset(world.fleet.targets)
        world.store.fleet = world.fleet = world.fleet.without_targets(gone)
        stage.app._bridge.on_change(world.fleet, Changes(targets=gone, order=True))
        await stage.show_news()
        assert "fraud@prod-hk is not known any more" in stage.text
        await stage.press("escape")
        assert "fraud@prod-hk is not known any more" in stage.text
        assert "SEGMENT" not in stage.text
        await stage.press("escape")
        assert stage.screen == "FleetScreen"
