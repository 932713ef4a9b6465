"""Two versions side by side on the screen: what changed, the likely cause first."""

from __future__ import annotations

import asyncio

import pytest
from tests.tui import lineages
from tests.tui.screen_stage import ShownApp, StagedWorld, incident, shown

from modeltui.domain.text import safe_text
from modeltui.testing import worlds
from modeltui.tui.comparing import MOST_AT_ONCE, Subject, ingredients, is_same
from modeltui.tui.screens import fleet


async def test_one_key_from_the_fleet_shows_the_likely_cause_first() -> None:
    """d on a target in breach: known good against what hurts, and the first line names what to look at."""
    async with shown(lineages.compared_incident(), (80, 24)) as stage:
        await stage.press("d")
        assert stage.screen == "CompareScreen"
        assert "A 2.3.1 stable" in stage.rows[1]
        assert "B 3.0.0 candidate" in stage.rows[1]
        assert "Look first at query" in stage.rows[2]
        assert "merchant_size" in stage.text
        assert stage.observer.compared[-1] == (lineages.FRAUD, "2.3.1", "3.0.0")


async def test_r_asks_again_for_what_is_known_too() -> None:
    """An approval may have been revoked since: r asks for both versions again, what opened the screen did not."""
    async with shown(lineages.compared_incident(), (80, 24)) as stage:
        await stage.press("d")
        assert stage.observer.compared_again == []
        await stage.press("r")
        assert stage.observer.compared_again == [(lineages.FRAUD, "2.3.1", "3.0.0")]


async def test_stepping_away_from_the_version_in_trouble_leaves_its_trouble_behind() -> None:
    """Two older versions: what is wrong with the candidate is no reason to suspect anything that they changed."""
    world = lineages.compared_incident()
    lineages.told(world, "2.3.0", **lineages.facts("2.3.0", filtered=True))
    async with shown(world, (80, 24)) as stage:
        await stage.press("d")
        assert "harmed segment" in stage.text
        await stage.press("[")
        assert "B 2.3.0" in stage.rows[1]
        assert "Look first at query" in stage.text
        assert "harmed segment" not in stage.text


@pytest.mark.broad
async def test_three_does_the_same_from_every_screen_with_a_target() -> None:
    """3 opens it from the fleet, the target, its chart, its evidence and the skew, and esc leads back there."""
    ways = {
        "FleetScreen": (),
        "TargetScreen": ("enter",),
        "ChartScreen": ("enter", "f"),
        "TextScreen": ("w",),
        "SkewScreen": ("6",),
    }
    async with shown(lineages.compared_incident(), (120, 36)) as stage:
        for screen, keys in ways.items():
            await stage.press(*keys, "3")
            assert stage.screen == "CompareScreen", screen
            await stage.press("escape")
            assert stage.screen == screen
            await stage.press("1")


@pytest.mark.broad
async def test_without_a_target_it_says_what_to_do() -> None:
    """With nothing to compare the key says so instead of opening an empty screen."""
    async with shown(StagedWorld(), (100, 24)) as stage:
        await stage.press("d")
        assert stage.screen == "FleetScreen"
        assert "no target is looked at" in stage.rows[-1]


async def test_it_paints_at_once_and_fills_in() -> None:
    """Before anybody has answered I see what is waited for; each answer fills in, and the cursor stays on its row."""
    world = incident()
    lineages.told(world, "2.3.1", **lineages.facts("2.3.1"))
    lineages.asked(world, "3.0.0", "mlflow", "git")
    lineages.told(world, "3.0.0", **lineages.facts("3.0.0", parameters=None, requirements=None))
    async with shown(world, (80, 24)) as stage:
        await stage.press("d")
        assert "waiting for git, mlflow" in stage.text
        assert "PARAMETERS" not in stage.text or "num_leaves" not in stage.text
        while "CODE" not in cursor_row(stage):
            await stage.press("down")
        lineages.told(world, "3.0.0", worlds.source_name("mlflow"), **lineages.facts("3.0.0", filtered=True))
        lineages.told(world, "3.0.0", worlds.source_name("git"))
        await stage.show_news()
        assert "waiting" not in stage.text
        assert "num_leaves" in stage.text
        assert "CODE" in cursor_row(stage)


def cursor_row(stage: ShownApp) -> str:
    """Return the row with the cursor's mark."""
    return next((row for row in stage.rows if row.startswith("▶")), "")


@pytest.mark.broad
async def test_the_cursor_stays_on_top_until_it_is_moved() -> None:
    """What matters most is under the cursor, also when it is found out later."""
    world = incident()
    lineages.told(world, "2.3.1", **lineages.facts("2.3.1"))
    async with shown(world, (80, 24)) as stage:
        await stage.press("d")
        lineages.told(world, "3.0.0", **lineages.facts("3.0.0", filtered=True))
        await stage.show_news()
        assert cursor_row(stage) == stage.rows[2]
        assert "Look first" in stage.rows[2]


@pytest.mark.broad
async def test_a_source_that_could_not_say_is_named_with_its_reason() -> None:
    """A part that is missing says why it is missing; it is neither equal nor changed."""
    from modeltui.domain.event import ProvenanceUnread

    world = lineages.compared_incident()
    reason = safe_text("403 from the store")
    version = worlds.version_id("3.0.0")
    world.apply(ProvenanceUnread(worlds.source_name("mlflow"), world.now, lineages.FRAUD, version, reason))
    async with shown(world, (100, 40)) as stage:
        await stage.press("d")
        assert "403 from the store" in stage.text


async def test_enter_unfolds_a_group_a_text_and_goes_to_what_is_suspected() -> None:
    """Enter on the first suspect shows the changed lines with + and -; enter again folds them."""
    async with shown(lineages.compared_incident(), (100, 40)) as stage:
        await stage.press("d", "enter")
        assert "query" in cursor_row(stage)
        assert any(row.strip().startswith("+ WHERE m.merchant_size") for row in stage.rows)
        assert any("JOIN merchants" in row and "+" not in row for row in stage.rows)
        await stage.press("enter")
        assert not any("JOIN merchants" in row for row in stage.rows)


@pytest.mark.broad
async def test_a_shows_equal_facts_and_marks_them_as_equal() -> None:
    """a: equal, changed and one-sided facts each have their own mark and word."""
    async with shown(lineages.compared_incident(), (100, 60)) as stage:
        await stage.press("d")
        assert "depth" not in stage.text
        await stage.press("a")
        equal = next(row for row in stage.rows if " depth " in row)
        assert " = depth" in equal
        assert "same" in equal
        changed = next(row for row in stage.rows if " num_leaves " in row and "95" in row and row[1] != "2")
        assert " ≠ num_leaves" in changed
        await stage.press("a")
        assert "depth" not in stage.text


@pytest.mark.broad
async def test_a_filter_leaves_only_what_holds_the_words() -> None:
    """/ numpy leaves the package alone; esc shows all again; nothing found says so."""
    async with shown(lineages.compared_incident(), (100, 40)) as stage:
        await stage.press("d", "slash")
        await stage.type("numpy")
        await stage.press("enter")
        assert "numpy" in stage.text
        assert "num_leaves" not in stage.text
        assert "/numpy" in stage.rows[-1]
        await stage.press("escape")
        assert stage.screen == "CompareScreen"
        assert "num_leaves" in stage.text
        await stage.press("slash")
        await stage.type("zzz")
        assert "nothing matches /zzz" in stage.text


@pytest.mark.broad
async def test_brackets_step_through_the_versions() -> None:
    """] and [ take the next version for B, } and { for A, o turns them round; at the end I am told."""
    async with shown(lineages.compared_incident(), (120, 40)) as stage:
        await stage.press("d", "]")
        assert "B 3.1.0" in stage.rows[1] or "3.1.0" in stage.rows[1]
        assert stage.observer.compared[-1] == (lineages.FRAUD, "2.3.1", "3.1.0")
        await stage.press("]")
        assert "no newer version is known" in stage.rows[-1]
        await stage.press("[", "{")
        assert stage.observer.compared[-1] == (lineages.FRAUD, "2.3.0", "3.0.0")
        await stage.press("}", "o")
        assert "A 3.0.0" in stage.rows[1]
        assert "B 2.3.1" in stage.rows[1]


@pytest.mark.broad
async def test_further_versions_stand_beside_as_columns() -> None:
    """At 200 columns + adds a version of my choice, and - takes it off; at 80 I am told what it needs."""
    world = lineages.compared_incident()
    lineages.told(world, "2.1.0", **lineages.facts("2.1.0", parameters=lineages.table(num_leaves="63", depth="8")))
    async with shown(world, (200, 50)) as stage:
        await stage.press("d", "+")
        await stage.type("2.1.0")
        await stage.press("enter")
        heading = next(row for row in stage.rows if row.strip().startswith("PARAMETERS"))
        assert [heading.find(version) > 0 for version in ("2.3.1", "3.0.0", "2.1.0")] == [True] * 3
        leaves = next(row for row in stage.rows if "num_leaves" in row and "≠ 127" in row)
        assert "≠ 63" in leaves
        await stage.press("-")
        assert "2.1.0" not in stage.text
        await stage.resize(80, 24)
        await stage.press("+")
        assert "needs 120 columns" in stage.rows[-1]


@pytest.mark.broad
async def test_copy_and_export_change_nothing() -> None:
    """y copies all of the fact under the cursor; e shows the command that exports, and writes nothing."""
    async with shown(lineages.compared_incident(), (120, 40)) as stage:
        copied: list[str] = []
        stage.app.copy = copied.append  # type: ignore[method-assign, assignment]
        await stage.press("d", "enter", "y")
        assert copied == ["query: 1 line added: + WHERE m.merchant_size <> 'micro'"]
        stage.app.started_with = ("--config", "/tmp/a b.yaml")
        await stage.press("e")
        shown_whole = " ".join(stage.text.split())
        assert "modeltui --config '/tmp/a b.yaml' --context" in shown_whole
        assert "compare fraud 2.3.1 3.0.0 --env prod-hk --markdown > compare.md" in shown_whole


@pytest.mark.broad
async def test_a_healthy_target_is_compared_too() -> None:
    """Also where nothing is wrong I see what changed; where nothing is known, that is what it says."""
    async with shown(lineages.compared_incident(), (80, 24)) as stage:
        await stage.press("slash")
        await stage.type("churn")
        await stage.press("enter", "d")
        assert stage.screen == "CompareScreen"
        assert "no second version of churn is known" in stage.text or "waiting for" in stage.text


@pytest.mark.broad
async def test_the_card_names_the_top_suspect_once_the_cursor_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where it rests is anybody asked; once it is known the card has one line with it."""
    monkeypatch.setattr(fleet, "REST_SECONDS", 3600.0)
    async with shown(incident(), (80, 24)) as stage:
        assert "what  " not in stage.text
        await stage.press("down", "up")
        assert stage.observer.compared == []
        monkeypatch.setattr(fleet, "REST_SECONDS", 0.01)
        await stage.press("down", "up")
        await stage.pilot.pause(0.5)
        assert set(stage.observer.compared) == {(lineages.FRAUD, "2.3.1", "3.0.0")}
        lineages.told(stage.world, "2.3.1", **lineages.facts("2.3.1"))
        lineages.told(stage.world, "3.0.0", **lineages.facts("3.0.0", filtered=True))
        await stage.show_news()
        line = next(row for row in stage.rows if row.startswith("what   "))
        assert "query" in line
        assert any(row.startswith("back   ") for row in stage.rows)


@pytest.mark.broad
async def test_what_is_large_is_compared_beside_the_screen() -> None:
    """With thousands of packages the screen answers keys at once, and shows the comparison when it is there."""
    world = lineages.compared_incident()
    for version, ending in (("2.3.1", "0"), ("3.0.0", "1")):
        packages = tuple(safe_text(f"package-{number}==1.2.{ending}") for number in range(MOST_AT_ONCE))
        lineages.told(world, version, **lineages.facts(version, requirements=packages))
    async with shown(world, (80, 24)) as stage:
        await stage.press("d")
        assert stage.screen == "CompareScreen"
        for _ in range(200):
            if "ENVIRONMENT" in stage.text:
                break
            await asyncio.sleep(0.02)
            await stage.settle()
        assert "ENVIRONMENT" in stage.text
        await stage.press("a", "end")
        assert stage.rows[-1].rstrip().split()[-1].isdecimal()


def test_news_about_others_compares_nothing_anew() -> None:
    """A comparison is computed once for its facts, however often news of other versions arrive."""
    world = lineages.compared_incident()
    subject = Subject(lineages.FRAUD, None, worlds.version_id("2.3.1"), worlds.version_id("3.0.0"))
    before = ingredients(world.fleet, subject)
    lineages.told(world, "2.1.0", **lineages.facts("2.1.0"))
    world.ticks(3)
    assert is_same(before, ingredients(world.fleet, subject))
    lineages.told(world, "3.0.0", **lineages.facts("3.0.0"))
    assert not is_same(before, ingredients(world.fleet, subject))


@pytest.mark.parametrize("named", [("2.1.0", "3.0.0"), ("3.0.0",)])
def test_without_a_known_good_version_the_one_before_is_chosen(named: tuple[str, ...]) -> None:
    """Where nobody knows a good version, A is the registered one before; with one version there is no A."""
    world = StagedWorld()
    lineages.listed(world, *named)
    subject = Subject(lineages.FRAUD, None)
    subject.settle(world.fleet)
    assert (subject.a, subject.b) == (named[0] if len(named) > 1 else None, "3.0.0")
