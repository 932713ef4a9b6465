"""The table of actions: each key does what the table says, where it says."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.tui.screen_stage import ShownApp, incident, shown
from textual.binding import Binding

from modeltui.tui.actions import ACTIONS, COMPARE, FLEET, JOURNAL, LINEAGE, SKEW, TARGET, TEXT, valid_on
from modeltui.tui.app import ModeltuiApp
from modeltui.tui.screens.board import Board
from modeltui.tui.screens.chart import ChartScreen
from modeltui.tui.screens.compare import CompareScreen
from modeltui.tui.screens.fleet import FleetScreen
from modeltui.tui.screens.journal import JournalScreen
from modeltui.tui.screens.lineage import LineageScreen
from modeltui.tui.screens.skew import SkewScreen
from modeltui.tui.screens.target import TargetScreen
from modeltui.tui.screens.text import TextScreen
from modeltui.tui.widgets.lines import ScrollingLines

SCREENS: dict[str, tuple[type[Board], ...]] = {
    FLEET: (FleetScreen,),
    TARGET: (TargetScreen,),
    SKEW: (SkewScreen,),
    TEXT: (TextScreen, ChartScreen),
    JOURNAL: (JournalScreen,),
    COMPARE: (CompareScreen,),
    LINEAGE: (LineageScreen,),
}
WAY_TO: dict[str, tuple[str, ...]] = {
    FLEET: (),
    TARGET: ("enter",),
    SKEW: ("6",),
    TEXT: ("?",),
    JOURNAL: ("5",),
    COMPARE: ("d",),
    LINEAGE: ("4",),
}
EVERY_KEY = [(screen, key) for screen in SCREENS for action in valid_on(screen) for key in action.keys]


def test_the_table_names_known_screens_and_no_key_twice() -> None:
    """No key means two things on one screen, and no action is valid nowhere."""
    for action in ACTIONS:
        assert action.screens <= {*SCREENS, "any"}, action.id
        assert action.help.endswith("."), action.id
        assert bool(action.words) <= bool(action.shown) or not action.keys, action.id
        assert bool(action.keys) or action.words, action.id
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for screen in SCREENS:
        keys = Counter(key for action in valid_on(screen) for key in action.keys)
        assert [key for key, count in keys.items() if count > 1] == []


@pytest.mark.parametrize("screen", SCREENS)
def test_every_key_reaches_a_method(screen: str) -> None:
    """Each binding of each screen resolves to a method that exists, and each action of the table is bound."""
    for kind in SCREENS[screen]:
        bound = {}
        for binding in kind.BINDINGS:
            assert isinstance(binding, Binding)
            for key in binding.key.split(","):
                bound[key] = binding.action
        for action in valid_on(screen):
            if action.acts:
                assert not bound.keys() & set(action.keys), "who only looks has no key that acts"
                assert callable(getattr(ModeltuiApp, f"action_{action.id}", None)), action.id
                continue
            for key in action.keys:
                owner: type = ModeltuiApp if bound[key].startswith("app.") else kind
                name = bound[key].removeprefix("app.")
                assert callable(getattr(owner, f"action_{name}", None)), f"{screen}: {key} calls {bound[key]}"


@pytest.mark.broad
@pytest.mark.parametrize(("screen", "key"), EVERY_KEY, ids=str)
async def test_every_key_works_on_its_screens(screen: str, key: str) -> None:
    """Every key of the table can be pressed on every screen where it is valid, and does something without harm."""
    async with shown(incident(), (100, 30)) as stage:
        await stage.press(*WAY_TO[screen])
        await stage.press(key)
        assert len(stage.rows) == 30 or key == "q"


@pytest.mark.parametrize("screen", SCREENS)
async def test_every_key_is_in_the_help(screen: str) -> None:
    """The help of a screen lists every action that is valid on it, with its key."""
    async with shown(incident(), (100, 60)) as stage:
        await stage.press(*WAY_TO[screen])
        if screen != TEXT:
            await stage.press("?")
        for action in valid_on(screen):
            assert action.help in stage.text, action.id
            assert (action.shown or (action.keys or (action.words,))[0]) in stage.text, action.id


async def see(stage: ShownApp, text: str) -> bool:
    """Tell whether a text is on the screen."""
    return text in stage.text


async def test_keys_lead_where_they_say() -> None:
    """w, enter, f, 6, 1, s, ? and esc lead to their screens and back."""
    async with shown(incident(), (120, 36)) as stage:
        await stage.press("w")
        assert await see(stage, "is beyond the limit")
        await stage.press("escape", "enter")
        assert (stage.screen, await see(stage, "SEGMENT of err")) == ("TargetScreen", True)
        await stage.press("f")
        assert stage.screen == "ChartScreen"
        await stage.press("escape")
        assert stage.screen == "TargetScreen"
        await stage.press("6")
        assert (stage.screen, await see(stage, "what the environments of aml run")) == ("SkewScreen", True)
        await stage.press("1")
        assert stage.screen == "FleetScreen"
        await stage.press("s")
        assert await see(stage, "asked every 15s")
        await stage.press("?")
        assert await see(stage, "Show every key.")
        await stage.press("escape")
        assert stage.screen == "FleetScreen"


async def test_a_page_says_which_of_its_lines_are_in_view_once_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page names the lines that are shown where not all are; in the moment in which it opens it names none."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("s")
        page = stage.app.screen
        assert isinstance(page, TextScreen)
        for position, says in (((1, 0, 9), ""), ((1, 9, 9), ""), ((1, 4, 9), "up down: line 1 to 4 of 9")):
            monkeypatch.setattr(ScrollingLines, "position", position)
            assert page.remark() == says


async def test_a_page_over_a_page_needs_one_esc() -> None:
    """However often I press ?, s or w, one esc leads back."""
    async with shown(incident(), (120, 36)) as stage:
        await stage.press("?", "s", "?", "?", "escape")
        assert stage.screen == "FleetScreen"


async def test_tab_steps_through_the_charts() -> None:
    """On a target the first chart is the worst signal; tab and shift+tab step through the others."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("enter")
        assert await see(stage, "■ err 3.0.0 micro")
        await stage.press("tab")
        assert not await see(stage, "■ err 3.0.0 micro")
        await stage.press("shift+tab")
        assert await see(stage, "■ err 3.0.0 micro")


async def test_r_asks_every_source_out_of_turn() -> None:
    """r polls now."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("r", "r")
        assert stage.observer.polls >= 1


async def test_opening_a_target_asks_where_its_versions_come_from() -> None:
    """The target screen asks for the provenance that is not known yet, and only for that."""
    async with shown(incident(), (120, 36)) as stage:
        await stage.press("enter")
        assert [str(version) for _, version in stage.observer.wanted] == ["2.3.1"]


async def test_q_leaves_with_success() -> None:
    """q ends the program with exit code 0."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("q")
        assert stage.app.return_code == 0
