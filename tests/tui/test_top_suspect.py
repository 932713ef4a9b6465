"""The top suspect in one line: on the card and in the guard, where it is known, and nothing where it is not."""

from __future__ import annotations

import pytest
from tests.present import plans
from tests.present.comparisons import suspects
from tests.present.scenes import CANARY, night
from tests.tui import lineages
from tests.tui.screen_stage import StagedWorld, everything_well, harmed, incident, shown, tell_rollouts
from tests.tui.test_guard import FRAUD, guarded

from modeltui.present.card import Card
from modeltui.present.cells import cell_width
from modeltui.present.glyphs import ASCII, UNICODE
from modeltui.present.plan_text import panel_lines
from modeltui.present.span import plain
from modeltui.testing import worlds
from modeltui.tui.screens import fleet


def lines_with(text: str, label: str) -> list[str]:
    """Return the rows that begin with a label."""
    return [row for row in text.splitlines() if row.strip(" │┃").startswith(label)]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_card_has_one_line_for_it(width: int) -> None:
    """What changed is one row, whole or cut with a mark, and the way back stays below it."""
    world = night()
    card = Card(world.fleet, world.target(CANARY), width, UNICODE, suspects()[0])
    rows = [plain(line) for line in card.lines(10)]
    what = [row for row in rows if row.startswith("what   ")]
    assert len(what) == 1
    assert cell_width(what[0]) <= width
    assert rows.index(what[0]) < next(place for place, row in enumerate(rows) if row.startswith("back "))


def test_a_card_without_a_suspect_says_nothing_of_it() -> None:
    """Where nobody has compared, there is no line: an unknown says nothing rather than something false."""
    world = night()
    card = Card(world.fleet, world.target(CANARY), 80, ASCII)
    assert not any(plain(line).startswith("what") for line in card.lines())


def test_the_panel_of_a_plan_has_one_row_for_it() -> None:
    """It stands behind the reason, on one row at every width."""
    for width in (56, 76, 196):
        rows = [
            plain(line) for line in panel_lines(plans.rollback(), width, UNICODE, "query: 1 line added: " + "x" * 300)
        ]
        told = [row for row in rows if row.startswith("suspect")]
        assert len(told) == 1
        assert cell_width(told[0]) <= width
        assert told[0].rstrip().endswith("…")
    assert not any(plain(line).startswith("suspect") for line in panel_lines(plans.rollback(), 76, UNICODE))


@pytest.mark.broad
async def test_the_guard_names_it_where_it_is_known() -> None:
    """Before I take a version back I read what most likely is wrong with it."""
    async with guarded(world=lineages.compared_incident()) as on:
        await on.open()
        (line,) = lines_with(on.stage.text, "suspect")
        assert "query" in line
    async with guarded(plans.abort(FRAUD), world=lineages.compared_incident()) as on:
        await on.open("A")
        assert len(lines_with(on.stage.text, "suspect")) == 1


async def test_the_guard_says_nothing_of_what_is_not_known() -> None:
    """With nothing read of the versions the plan is what it was."""
    async with guarded() as on:
        await on.open()
        assert lines_with(on.stage.text, "suspect") == []


@pytest.mark.broad
async def test_a_moving_cursor_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the target where the cursor rests is asked about, once, and only while something is wrong with it."""
    monkeypatch.setattr(fleet, "REST_SECONDS", 3600.0)  # however slowly keys are handled here
    async with shown(incident(), (80, 24)) as stage:
        for _ in range(8):
            await stage.press("down", "up")
        assert stage.observer.compared == []
        await stage.press("end")
        monkeypatch.setattr(fleet, "REST_SECONDS", 0.1)
        await stage.press("up", "end")
        await stage.pilot.pause(0.5)
        assert stage.observer.compared == []  # nothing is wrong there
        await stage.press("home")
        await stage.pilot.pause(0.5)
        await stage.pilot.pause(0.5)
        assert stage.observer.compared == [(lineages.FRAUD, "2.3.1", "3.0.0")]


@pytest.mark.broad
async def test_a_healthy_target_has_no_suspect() -> None:
    """Where nothing is wrong nothing is suspected, also when all is known of its versions."""
    async with shown(lineages.compared_incident(), (80, 24)) as stage:
        assert lines_with(stage.text, "what ") != []
        await stage.press("end")
        assert lines_with(stage.text, "what ") == []


@pytest.mark.broad
async def test_a_target_that_becomes_bad_under_the_cursor_is_asked_about() -> None:
    """The cursor rests already when the harm begins: what changed is asked for then."""
    world = StagedWorld()
    world.registered(worlds.model("fraud"))
    tell_rollouts(world)
    world.sees(*everything_well(world.now))
    async with shown(world, (80, 24)) as stage:
        await stage.press("slash")
        await stage.type("fraud")
        await stage.press("enter")
        await stage.pilot.pause(0.5)
        assert stage.observer.compared == []
        for _ in range(6):
            world.passes(15)
            world.sees(*everything_well(world.now), harmed(world.now))
        await stage.show_news()
        await stage.pilot.pause(0.5)
        assert [compared[0] for compared in stage.observer.compared] == [lineages.FRAUD]
