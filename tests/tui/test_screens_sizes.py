"""Every screen at every size, in every way of drawing."""

from __future__ import annotations

import re

import pytest
from tests.tui.lineages import compared_incident as incident
from tests.tui.screen_stage import SIZES, ShownApp, StagedWorld, fail_source, shown
from textual.events import Resize
from textual.geometry import Size

from modeltui.present.cells import cell_width
from modeltui.tui.actions import COMPARE, FLEET, LINEAGE, SKEW, TARGET, TEXT, valid_on
from modeltui.tui.theme_search import theme_directories, theme_names

pytestmark = pytest.mark.broad

WAYS: dict[str, dict[str, object]] = {
    "unicode": {},
    "ascii": {"ascii_only": True},
    "monochrome": {"theme": "monochrome"},
    "light": {"theme": "modeltui-light"},
}
SCREENS: dict[str, tuple[str, tuple[str, ...]]] = {
    "fleet": (FLEET, ()),
    "target": (TARGET, ("enter",)),
    "full chart": (TEXT, ("enter", "f")),
    "skew": (SKEW, ("6",)),
    "help": (TEXT, ("?",)),
    "why": (TEXT, ("w",)),
    "sources": (TEXT, ("s",)),
    "compare": (COMPARE, ("d",)),
    "compare, all of it": (COMPARE, ("d", "enter", "a")),
    "lineage": (LINEAGE, ("4",)),
}
"""The kind of each screen, and the keys that lead to it."""


def check_rows(stage: ShownApp, size: tuple[int, int], *, ascii_only: bool) -> None:
    """Fail when the screen is not exactly as large as its window, or draws what it must not."""
    rows = stage.rows
    assert len(rows) == size[1]
    for row in rows:
        assert cell_width(row) == size[0], repr(row)
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", row), repr(row)
        if ascii_only:
            assert row.isascii(), repr(row)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_every_screen_is_drawn_at_every_size(size: tuple[int, int], way: str) -> None:
    """No size and no way of drawing breaks a screen, or lets it draw beyond its window."""
    arguments = WAYS[way]
    async with shown(incident(), size, **arguments) as stage:  # type: ignore[arg-type]  # a table of keywords
        for keys in (keys for _, keys in SCREENS.values()):
            await stage.press(*keys)
            check_rows(stage, size, ascii_only=way == "ascii")
            await stage.press("escape", "escape")
            assert stage.screen == "FleetScreen"
        await stage.press("d", "+", "enter")  # three side by side, or why not here
        check_rows(stage, size, ascii_only=way == "ascii")
        await stage.press("escape")
        for opener in ("slash", "colon", "c"):
            await stage.press(opener)
            check_rows(stage, size, ascii_only=way == "ascii")
            await stage.press("escape")


@pytest.mark.parametrize("size", [(200, 50), (120, 36), (80, 24), (60, 18), (40, 10)], ids=str)
async def test_the_last_row_holds_whole_entries(size: tuple[int, int]) -> None:
    """I can trust that a key I read in the last row is all of it."""
    async with shown(incident(), size) as stage:
        for kind, keys in SCREENS.values():
            await stage.press(*keys)
            entries = [entry.strip() for entry in re.split(r" {2,}", stage.rows[-1].strip())]
            words = {f"{action.shown} {action.words}" for action in valid_on(kind)}
            known = words | {f"({entry})" for entry in words}  # in brackets: listed, and not possible now
            remarks = [entry for entry in entries if entry not in known]
            assert len(entries) - len(remarks) >= 2
            assert all(re.fullmatch(r"\d+x\d+, .*|up down: .*|rows \d+ to \d+ of \d+", remark) for remark in remarks), (
                remarks
            )
            await stage.press("escape", "escape")


@pytest.mark.parametrize("size", [size for size in SIZES if size[0] >= 20], ids=str)
async def test_row_one_shows_the_mode_and_what_is_not_fresh(size: tuple[int, int]) -> None:
    """Whatever screen I am on, row 1 tells whether I may write and that a source is down."""
    world = incident()
    fail_source(world, "metrics")
    async with shown(world, size) as stage:
        for _, keys in SCREENS.values():
            await stage.press(*keys)
            first = stage.rows[0]
            assert "WRITES OFF" in first
            assert any(word in first for word in ("metrics DOWN", "1 DOWN", "not fresh", "!3")), first
            await stage.press("escape", "escape")


async def test_a_source_that_is_down_is_named_at_80_columns() -> None:
    """At the usual size I read which source is down and since when."""
    world = incident()
    fail_source(world, "metrics")
    async with shown(world, (80, 24)) as stage:
        assert re.search(r"metrics DOWN( \d+s)?", stage.rows[0]), stage.rows[0]


async def test_words_are_whole_or_marked_as_cut() -> None:
    """On every screen a word that is cut ends in an ellipsis: I never read half a name as a whole one."""
    async with shown(incident(), (200, 50)) as stage:
        whole: dict[str, set[str]] = {}
        for name, (_, keys) in SCREENS.items():
            await stage.press(*keys)
            whole[name] = set(re.findall(r"[\w@.:%/=-]{4,}", stage.text))
            await stage.press("escape", "escape")
    words = set().union(*whole.values())
    for size in ((80, 24), (60, 18), (40, 10)):
        async with shown(incident(), size) as stage:
            for name in ("fleet", "target", "why", "help", "sources", "compare", "lineage"):
                await stage.press(*SCREENS[name][1])
                for row in stage.rows[1:-1]:
                    end = re.search(r"([a-z][\w@-]{4,})$", row)
                    if end is None:
                        continue
                    cut = end.group(1)
                    longer = [word for word in words if word.startswith(cut) and word != cut]
                    assert cut in words or not longer, f"{name} at {size}: {cut!r} of {longer}"
                await stage.press("escape", "escape")


async def test_the_compact_screen_names_the_size_it_needs() -> None:
    """In a small window I am told which size would show all of it; at 80×24 I am not bothered."""
    async with shown(incident(), (60, 18)) as stage:
        assert "needs 80x24" in stage.rows[-1]
        await stage.press("?")
        assert "60x18, all of it needs 80x24" in stage.text
        await stage.press("escape")
        await stage.resize(80, 24)
        assert "needs" not in stage.text


async def test_a_storm_of_sizes_ends_in_the_last_one() -> None:
    """However I drag the window, what stays is the screen of its last size."""
    async with shown(incident(), (80, 24)) as stage:
        expected = stage.text
        for size in (*SIZES, (13, 3), (300, 100), (2, 60)):
            await stage.resize(*size)
            assert len(stage.rows) == size[1]
        await stage.resize(80, 24)
        assert stage.text == expected


@pytest.mark.parametrize("key", ["1", "6", "d", "?"])
async def test_a_late_word_of_an_older_size_does_not_win(key: str) -> None:
    """When I drag fast, a size that the window had before, heard last, leaves no torn screen."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press(key)
        expected = stage.text
        older = Size(113, 29)
        stage.app.screen.post_message(Resize(older, older))
        await stage.settle()
        assert stage.app.screen.size == (80, 24)
        assert stage.text == expected


async def test_every_theme_redraws_all() -> None:
    """Another theme changes colours at once and not one character."""
    async with shown(incident(), (120, 36)) as stage:
        await stage.press("enter")
        text = stage.text
        seen = set()
        for name in theme_names(theme_directories({})):
            stage.app.use_theme(name)
            await stage.settle()
            assert stage.text == text
            seen.add(tuple(segment.style for strip in stage.strips for segment in strip))
        assert len(seen) >= 6


async def test_an_empty_fleet_says_why_it_is_empty() -> None:
    """With nothing to show I read what it waits for, not an empty table."""
    async with shown(StagedWorld(), (80, 24)) as stage:
        assert "connecting: nothing is known yet" in stage.text
        fail_source(stage.world, "metrics", "connection to http://127.0.0.1:9 refused")
        await stage.show_news()
        assert "connection to http://127.0.0.1:9 refused" in stage.text
        for keys in ("w", "enter", "y"):
            await stage.press(keys)
        assert stage.screen == "FleetScreen"
