"""Where a version comes from, on the screen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tui import lineages
from tests.tui.screen_stage import StagedWorld, shown

from modeltui.domain.lineage import Artifact, DataSnapshot
from modeltui.domain.names import Instant
from modeltui.domain.text import safe_text
from modeltui.testing import worlds


async def test_one_key_shows_where_the_harming_version_comes_from() -> None:
    """4 on a target in breach: the candidate, who serves it, its run, data, query, code and environment."""
    async with shown(lineages.compared_incident(), (80, 24)) as stage:
        await stage.press("4")
        assert stage.screen == "LineageScreen"
        assert "fraud 3.0.0" in stage.rows[1]
        labels = [row[1:13].strip() for row in stage.rows[2:-1] if row[1:13].strip()]
        for label in ("serves", "run", "data", "query", "code", "comes from", "came of it"):
            assert label in labels, labels
        assert (lineages.FRAUD, "3.0.0") in stage.observer.wanted or stage.world.fleet.provenance


async def test_a_filter_leaves_only_what_holds_the_words() -> None:
    """/ leaves the facts and relatives that hold what I type; esc shows all again; nothing found says so."""
    async with shown(lineages.compared_incident(), (100, 40)) as stage:
        await stage.press("4")
        assert "merchant_size" in stage.text
        await stage.press("slash")
        await stage.type("2.3.1")
        await stage.press("enter")
        assert "fraud:2.3.1" in stage.text
        assert "merchant_size" not in stage.text
        assert "/2.3.1" in stage.rows[-1]
        await stage.press("escape")
        assert stage.screen == "LineageScreen"
        assert "merchant_size" in stage.text
        await stage.press("slash")
        await stage.type("zzz")
        assert "nothing matches /zzz" in stage.text
        await stage.press("escape", "escape")
        assert stage.screen == "FleetScreen"


async def test_a_lineage_leaves_by_a_command() -> None:
    """e shows the command that prints this very lineage, wherever I have followed it to."""
    async with shown(lineages.compared_incident(), (120, 30)) as stage:
        await stage.press("4", "[", "e")
        assert "lineage fraud 2.3.1 --json > lineage.json" in " ".join(stage.text.split())
        await stage.press("escape")
        assert stage.screen == "LineageScreen"


async def test_enter_on_a_parent_goes_there_and_esc_comes_back_to_its_row() -> None:
    """I follow a parent, see its own lineage, and am back on the row that I left."""
    async with shown(lineages.compared_incident(), (80, 30)) as stage:
        await stage.press("4")
        while not next(row for row in stage.rows if row.startswith("▶"))[1:].strip().startswith("comes from"):
            await stage.press("down")
        left = next(row for row in stage.rows if row.startswith("▶"))
        assert "fraud:2.3.1" in left
        await stage.press("enter")
        assert "fraud 2.3.1" in stage.rows[1]
        await stage.press("escape")
        assert "fraud 3.0.0" in stage.rows[1]
        assert next(row for row in stage.rows if row.startswith("▶")) == left
        await stage.press("escape")
        assert stage.screen == "FleetScreen"


@pytest.mark.broad
async def test_enter_on_a_target_opens_it() -> None:
    """The row of a target that serves the version leads to that target."""
    async with shown(lineages.compared_incident(), (80, 24)) as stage:
        await stage.press("4", "enter")
        assert stage.screen == "TargetScreen"


@pytest.mark.broad
async def test_brackets_step_through_the_versions() -> None:
    """[ and ] show the version before and after, asking where each comes from; at the end I am told."""
    async with shown(lineages.compared_incident(), (80, 24)) as stage:
        await stage.press("4", "]")
        assert "fraud 3.1.0" in stage.rows[1]
        assert "nobody has said yet" in stage.text
        assert stage.observer.wanted[-1] == (lineages.FRAUD, "3.1.0")
        await stage.press("]")
        assert "no newer version" in stage.rows[-1]
        await stage.press("[", "[")
        assert "fraud 2.3.1" in stage.rows[1]


@pytest.mark.broad
async def test_stale_deleted_and_shared_origins_are_marked_each_with_a_word_of_its_own() -> None:
    """Old data, unreachable files and a snapshot that another serving version has too: each has mark, word and why."""
    world = lineages.compared_incident()
    old = DataSnapshot(safe_text("merchants"), safe_text("sha256:" + "ab" * 32), taken_at=Instant(worlds.START - 2e7))
    gone = Artifact(safe_text("s3://models/fraud/3.0.0"), is_reachable=False)
    for version in ("2.3.1", "3.0.0"):
        lineages.told(world, version, **lineages.facts(version, data_snapshots=(old,), artifact=gone))
    async with shown(world, (100, 40)) as stage:
        await stage.press("4")
        assert any("~ stale: it ends" in row for row in stage.rows)
        assert any("✖ deleted: its files cannot be reached" in row for row in stage.rows)
        assert any("↔ shared: the same snapshot is in fraud 2.3.1" in row for row in stage.rows)
    async with shown(world, (100, 40), ascii_only=True) as stage:
        await stage.press("4")
        for words in ("~ stale:", "X deleted:", "= shared:"):
            assert words in stage.text


@pytest.mark.broad
async def test_it_fills_in_while_sources_answer() -> None:
    """Before anybody has answered I read who is asked; then the answer stands there."""
    world = StagedWorld()
    world.registered(replace(worlds.model("fraud")))
    world.told(worlds.rollout("fraud@prod-hk", "2.3.1"))
    lineages.asked(world, "2.3.1", "registry")
    async with shown(world, (80, 24)) as stage:
        await stage.press("4")
        assert "waiting for registry" in stage.text
        lineages.told(world, "2.3.1", **lineages.facts("2.3.1"))
        await stage.show_news()
        assert "waiting" not in stage.text
        assert "run-2.3.1" in stage.text


@pytest.mark.broad
async def test_compare_and_lineage_lead_to_each_other() -> None:
    """3 and 4 change between what changed and where it comes from, for the version I look at, without piling up."""
    async with shown(lineages.compared_incident(), (100, 30)) as stage:
        for _ in range(4):
            await stage.press("3")
            assert stage.screen == "CompareScreen"
            await stage.press("4")
            assert stage.screen == "LineageScreen"
        assert len(stage.app.screen_stack) <= 4
        await stage.press("[", "3")
        assert stage.screen == "CompareScreen"
        assert "B 2.3.1" in stage.rows[1]


@pytest.mark.broad
async def test_long_values_are_whole_when_unfolded() -> None:
    """A long address is cut with its mark, and enter shows all of it, over as many rows as it takes."""
    world = lineages.compared_incident()
    address = "s3://models.example/" + "-".join(f"part{number}" for number in range(20))
    lineages.told(world, "3.0.0", **lineages.facts("3.0.0", artifact=Artifact(safe_text(address))))
    async with shown(world, (80, 30)) as stage:
        await stage.press("4")
        while "artifact" not in next(row for row in stage.rows if row.startswith("▶")):
            await stage.press("down")
        assert "…" in next(row for row in stage.rows if row.startswith("▶"))
        await stage.press("enter")
        assert address in "".join(row.strip(" ▐▶") for row in stage.rows)


async def test_r_asks_again_where_a_version_comes_from() -> None:
    """All that is known was told some time ago: r asks for it again, as it does beside two versions."""
    async with shown(lineages.compared_incident(), (80, 30)) as stage:
        await stage.press("4")
        shown_version = (lineages.FRAUD, worlds.version_id("3.0.0"))
        before = stage.observer.wanted.count(shown_version)
        await stage.press("r")
        assert stage.observer.wanted.count(shown_version) == before + 1


@pytest.mark.broad
async def test_a_parent_that_nobody_can_tell_of_is_asked_for_once() -> None:
    """A registry that does not answer for a parent is not asked again with every other answer; r asks once more."""
    world = lineages.compared_incident()
    parent = (lineages.FRAUD, worlds.version_id("2.1.0"))
    lineages.told(world, "3.0.0", **lineages.facts("3.0.0", parents=(safe_text("fraud:2.1.0"),)))
    async with shown(world, (80, 30)) as stage:
        await stage.press("4")
        for _ in range(5):
            lineages.asked(world, "2.1.0", "registry")
            await stage.show_news()
        assert stage.observer.wanted.count(parent) == 1
        await stage.press("r")
        assert stage.observer.wanted.count(parent) == 2
