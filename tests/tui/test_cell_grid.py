"""The live table: only what changed is painted, the cursor holds on to its row, and size costs nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget

from modeltui.present.glyphs import ASCII, UNICODE, Glyphs
from modeltui.present.tone import Tone
from modeltui.tui.theme_search import find_theme, shipped_directory
from modeltui.tui.themes import textual_theme, tone_variable_defaults
from modeltui.tui.widgets.cell_grid import Cell, CellGrid, Column, Row
from modeltui.tui.widgets.lines import ScrollingLines, StyledLines, fit_line, plain_text
from modeltui.tui.widgets.row_window import CursorMove, RowWindow

COLUMNS = (
    Column("name", "MODEL", 12, grow=1, most=20, elide_middle=True),
    Column("live", "LIVE", 6, priority=1),
    Column("conf", "CONF", 6, priority=2, align="right"),
    Column("trend", "TREND", 10, priority=3),
)


class Fleet:
    """Rows that can change under the grid, and a count of how often they were asked for."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = list(keys)
        self.conf = {key: Cell("ok", Tone.OK) for key in self.keys[:1000]}
        self.rendered: list[Hashable] = []

    def row(self, key: Hashable) -> Row:
        """Return the row of now."""
        self.rendered.append(key)
        conf = self.conf.get(str(key), Cell("ok", Tone.OK))
        return Row(key, (Cell(str(key), Tone.STRONG), Cell("4.2.1"), conf, Cell("▁▂▃", Tone.SERIES_1)))


class GridApp(App[None]):
    """A grid, a line below it, and every message that the grid posted."""

    CSS = "CellGrid { height: 1fr; } StyledLines { height: 1; }"

    def __init__(self, fleet: Fleet, glyphs: Glyphs = UNICODE, columns: Sequence[Column] = COLUMNS) -> None:
        super().__init__()
        self.fleet = fleet
        self.grid = CellGrid(columns, glyphs)
        self.line = StyledLines([[("keys", Tone.ACCENT)]], glyphs)
        self.posted: list[tuple[str, Hashable]] = []
        for name in ("modeltui-dark", "modeltui-light", "monochrome"):
            self.register_theme(textual_theme(find_theme(name, [shipped_directory()])))
        self.theme = "modeltui-dark"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Ours."""
        return tone_variable_defaults()

    def compose(self) -> ComposeResult:
        """The grid and the line."""
        yield self.grid
        yield self.line

    def on_mount(self) -> None:
        """Show the fleet."""
        self.show()
        self.grid.focus()

    def show(self) -> None:
        """Hand the rows of now to the grid."""
        self.grid.set_rows(self.fleet.keys, self.fleet.row, ("no targets", Tone.MUTED))

    def on_cell_grid_highlighted(self, message: CellGrid.Highlighted) -> None:
        """Remember."""
        self.posted.append(("highlighted", message.key))

    def on_cell_grid_selected(self, message: CellGrid.Selected) -> None:
        """Remember."""
        self.posted.append(("selected", message.key))

    def on_cell_grid_vanished(self, message: CellGrid.Vanished) -> None:
        """Remember."""
        self.posted.append(("vanished", message.key))


def names(count: int) -> list[str]:
    """So many model names."""
    return [f"model-{number:03}" for number in range(count)]


def regions(widget: Widget) -> set[Region]:
    """What the widget would repaint now; asking forgets it."""
    widget._dirty_regions.clear()
    return set(widget._exchange_repaint_regions())


def screen(app: App[None]) -> list[str]:
    """The lines on the screen."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Send keys without the pilot's own waiting, and let each pass from the app to the widget and be painted."""
    for key in keys:
        pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
    for _hop in ("app", "screen", "widget", "action", "paint"):
        await pilot.pause(0)


async def test_an_unchanged_table_paints_nothing() -> None:
    """When a refresh brings the same values, not one byte goes to the terminal."""
    app = GridApp(Fleet(names(30)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        regions(app.grid)
        app.show()
        app.grid.refresh_rows()
        assert regions(app.grid) == set()


async def test_one_changed_cell_paints_one_cell() -> None:
    """When one signal of one model changes, only its cell is painted."""
    app = GridApp(Fleet(names(30)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        regions(app.grid)
        app.fleet.conf["model-003"] = Cell("-17%", Tone.BREACH)
        app.grid.refresh_rows()
        painted = regions(app.grid)
        assert [(region.y, region.height, region.width) for region in painted] == [(4, 1, 6)]
        await pilot.pause(0)
        line = screen(app)[4]
        region = next(iter(painted))
        assert line[region.x : region.x + region.width] == "  -17%"


async def test_a_change_of_tone_alone_is_painted() -> None:
    """When a value stays but its verdict changes, the cell is painted again."""
    app = GridApp(Fleet(names(5)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        regions(app.grid)
        app.fleet.conf["model-001"] = Cell("ok", Tone.STALE)
        app.grid.refresh_rows()
        assert len(regions(app.grid)) == 1


async def test_a_change_out_of_view_costs_nothing() -> None:
    """Rows that are not on the screen are neither made nor painted."""
    app = GridApp(Fleet(names(500)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        regions(app.grid)
        app.fleet.rendered.clear()
        app.fleet.conf["model-400"] = Cell("-17%", Tone.BREACH)
        app.show()
        assert regions(app.grid) == set()
        assert set(app.fleet.rendered) == set(names(10))


async def test_a_hundred_thousand_rows_cost_what_is_visible() -> None:
    """A registry of 100 000 versions is shown by making only the rows on the screen."""
    app = GridApp(Fleet(names(100_000)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        await press(pilot, "end")
        assert app.grid.cursor_key == "model-99999"
        assert app.grid.position == (99_991, 100_000, 100_000)
        assert len(set(app.fleet.rendered)) <= 20


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["down"], "model-001"),
        (["j", "j", "k"], "model-001"),
        (["down", "down", "up"], "model-001"),
        (["end"], "model-049"),
        (["G", "home"], "model-000"),
        (["pagedown"], "model-009"),
        (["pagedown", "pagedown", "pageup"], "model-009"),
        (["up"], "model-000"),
        (["end", "down"], "model-049"),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], expected: str) -> None:
    """Arrows, vi keys, page keys, home and end move the cursor, and it is always in view."""
    app = GridApp(Fleet(names(50)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        await press(pilot, *keys)
        assert app.grid.cursor_key == expected
        assert expected in app.grid.visible_keys
        assert [line for line in screen(app) if line.startswith("▶" + expected)]


async def test_moving_repaints_two_rows() -> None:
    """Moving the cursor within the screen paints the row it left and the row it took."""
    app = GridApp(Fleet(names(50)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        regions(app.grid)
        app.grid.action_move(1)
        assert {(region.y, region.width) for region in regions(app.grid)} == {(1, 60), (2, 60)}


async def test_enter_opens_the_row_under_the_cursor() -> None:
    """Enter says which row was meant."""
    app = GridApp(Fleet(names(5)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        await press(pilot, "down", "enter")
        assert app.posted == [
            ("highlighted", "model-000"),
            ("highlighted", "model-001"),
            ("selected", "model-001"),
        ]


async def test_the_cursor_survives_a_new_order() -> None:
    """When the worst target changes and all rows move, the cursor is still on the same model."""
    app = GridApp(Fleet(names(50)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        app.grid.move_to("model-004")
        await pilot.pause(0)
        app.posted.clear()
        app.fleet.keys.reverse()
        app.show()
        await pilot.pause(0)
        assert app.grid.cursor_key == "model-004"
        assert "model-004" in app.grid.visible_keys
        assert app.posted == []
        assert [line for line in screen(app) if line.startswith("▶model-004")]


async def test_a_vanished_row_is_announced() -> None:
    """When the model under the cursor is gone, the operator's screen is told, and its neighbour is highlighted."""
    app = GridApp(Fleet(names(5)))
    async with app.run_test(size=(60, 12)) as pilot:
        app.grid.move_to("model-004")
        await pilot.pause(0)
        app.posted.clear()
        app.fleet.keys.remove("model-004")
        app.show()
        await pilot.pause(0)
        assert app.posted == [("vanished", "model-004"), ("highlighted", "model-003")]
        app.posted.clear()
        app.fleet.keys.append("model-004")
        app.show()
        await pilot.pause(0)
        assert app.grid.cursor_key == "model-003"  # it does not jump back under the operator's hands


async def test_an_empty_table_says_why() -> None:
    """With no rows the grid says so in words, has no cursor, and keys do nothing; rows bring the cursor back."""
    app = GridApp(Fleet(names(5)))
    async with app.run_test(size=(60, 12)) as pilot:
        app.grid.move_to("model-002")
        await pilot.pause(0)
        keys, app.fleet.keys = app.fleet.keys, []
        app.show()
        await press(pilot, "down", "enter", "end")
        assert screen(app)[1].startswith(" no targets")
        assert app.grid.visible_keys == ()
        assert not app.grid.move_to("model-002")
        app.fleet.keys = keys
        app.show()
        await pilot.pause(0)
        assert app.grid.cursor_key == "model-002"
        assert not any("no targets" in line for line in screen(app))


async def test_the_heading_stays_while_rows_scroll() -> None:
    """The names of the columns are always on the first line."""
    app = GridApp(Fleet(names(50)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        await press(pilot, "end")
        assert screen(app)[0].split() == ["MODEL", "LIVE", "CONF", "TREND"]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (60, ("name", "live", "conf", "trend")),
        (38, ("name", "live", "conf", "trend")),
        (37, ("name", "live", "conf")),
        (27, ("name", "live", "conf")),
        (26, ("name", "live")),
        (13, ("name",)),
        (5, ("name",)),
    ],
)
async def test_columns_go_whole_when_the_screen_is_narrow(width: int, expected: tuple[str, ...]) -> None:
    """A narrow terminal loses its least important column as a whole; no cell is cut in its middle."""
    app = GridApp(Fleet(names(5)))
    async with app.run_test(size=(width, 12)) as pilot:
        await pilot.pause(0)
        assert app.grid.visible_columns == expected
        assert all(len(line) == width for line in screen(app))


async def test_cut_text_shows_that_it_was_cut() -> None:
    """Long names are cut in their middle with an ellipsis, so that eu and us stay apart."""
    keys = ["fraud-detector-transactions-eu", "fraud-detector-transactions-us"]
    app = GridApp(Fleet(keys))
    async with app.run_test(size=(40, 6)) as pilot:
        await pilot.pause(0)
        first, second = screen(app)[1:3]
        assert "…" in first
        assert "-eu" in first
        assert "-us" in second


async def test_wide_characters_keep_the_columns_in_line() -> None:
    """A Chinese name takes two cells a character and shifts nothing."""
    app = GridApp(Fleet(["欺诈检测模型", "fraud"]))
    async with app.run_test(size=(60, 6)) as pilot:
        await pilot.pause(0)
        strips = app.screen._compositor.render_strips()
        assert {strip.cell_length for strip in strips} == {60}
        column = app.grid._placed[1].x
        assert all(strip.crop(column, column + 5).text == "4.2.1" for strip in strips[1:3])


async def test_ascii_mode_sends_ascii_only() -> None:
    """In ASCII mode everything, also a name in another script, is ASCII, and the cursor's mark is `>`."""
    app = GridApp(Fleet([*names(30), "欺诈"]), ASCII)
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        assert "".join(screen(app)).isascii()
        assert screen(app)[1].startswith(">model-000")
        await press(pilot, "end")
        assert "".join(screen(app)).isascii()
        assert screen(app)[10].startswith(">????")


async def test_focus_is_visible_without_colour() -> None:
    """The cursor has a mark of its own, and looks different when keys go elsewhere."""
    app = GridApp(Fleet(names(5)))
    async with app.run_test(size=(60, 12)) as pilot:
        app.theme = "monochrome"
        await pilot.pause(0)
        focused = list(app.grid.render_line(1))
        app.set_focus(None)
        await pilot.pause(0)
        blurred = list(app.grid.render_line(1))
        assert focused[0].text == blurred[0].text == "▶"
        assert [segment.style for segment in focused] != [segment.style for segment in blurred]


async def test_a_new_theme_is_painted_at_once() -> None:
    """After a change of theme no cell keeps its old colour."""
    app = GridApp(Fleet(names(5)))
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.pause(0)
        before = {segment.style for y in range(6) for segment in app.grid.render_line(y)}
        app.theme = "modeltui-light"
        await pilot.pause(0)
        after = {segment.style for y in range(6) for segment in app.grid.render_line(y)}
        assert not before & after


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (20, 5), (300, 100)])
async def test_any_size_has_the_row_under_the_cursor(size: tuple[int, int]) -> None:
    """However small the terminal becomes, the cursor's row is what remains, and nothing fails."""
    app = GridApp(Fleet(names(50)))
    async with app.run_test(size=(60, 12)) as pilot:
        app.grid.move_to("model-030")
        await pilot.resize_terminal(*size)
        await pilot.pause(0)
        assert all(len(line) == size[0] for line in screen(app))
        if size[1] > 1:
            assert "model-030" in app.grid.visible_keys
        await pilot.resize_terminal(60, 12)
        await pilot.pause(0)
        assert "model-030" in app.grid.visible_keys


async def test_brackets_and_tags_are_only_text() -> None:
    """A model called `[/b][red]x` is shown as it is called."""
    app = GridApp(Fleet(["[/b][red]x"]))
    async with app.run_test(size=(60, 6)) as pilot:
        app.line.update([[("[/b] [@click=quit]", Tone.PLAIN)]])
        await pilot.pause(0)
        assert "[/b][red]x" in screen(app)[1]
        assert screen(app)[5].startswith("[/b] [@click=quit]")


async def test_lines_paint_only_what_changed() -> None:
    """When one number of the banner changes, only its cells are painted; none when nothing did."""
    app = GridApp(Fleet(names(3)))
    async with app.run_test(size=(60, 12)) as pilot:
        app.line.update([[("registry ", Tone.MUTED), ("2s", Tone.OK), (" PROD", Tone.STRONG)]])
        await pilot.pause(0)
        regions(app.line)
        app.line.update([[("registry ", Tone.MUTED), ("2s", Tone.OK), (" PROD", Tone.STRONG)]])
        assert regions(app.line) == set()
        app.line.update([[("registry ", Tone.MUTED), ("3s", Tone.OK), (" PROD", Tone.STRONG)]])
        assert regions(app.line) == {Region(9, 0, 2, 1)}


def test_a_line_too_long_says_so() -> None:
    """What does not fit ends with an ellipsis, also when the cut falls between two spans."""
    line = [("abc", Tone.OK), ("def", Tone.WARN), ("ghi", Tone.PLAIN)]
    cut = {width: plain_text([fit_line(line, width, UNICODE)]) for width in (12, 9, 8, 6, 4, 3, 1, 0)}
    assert cut == {
        12: "abcdefghi   ",
        9: "abcdefghi",
        8: "abcdefg…",
        6: "abcde…",
        4: "abc…",
        3: "ab…",
        1: "…",
        0: "",
    }
    assert plain_text([fit_line([("abc", Tone.OK), ("  ", Tone.PLAIN)], 3, UNICODE)]) == "abc"


async def test_long_help_can_be_scrolled() -> None:
    """A text longer than the screen moves with the keys and knows where it is."""

    class HelpApp(App[None]):
        def compose(self) -> ComposeResult:
            yield ScrollingLines([[(f"line {number}", Tone.PLAIN)] for number in range(50)])

    app = HelpApp()
    async with app.run_test(size=(30, 10)) as pilot:
        lines = app.query_one(ScrollingLines)
        lines.focus()
        await pilot.pause(0)
        await press(pilot, "end")
        assert screen(app)[9].startswith("line 49")
        assert lines.position == (41, 50, 50)
        await press(pilot, "home", "j")
        assert screen(app)[0].startswith("line 1 ")


@given(
    before=st.lists(st.integers(0, 30), unique=True, max_size=30),
    after=st.lists(st.integers(0, 30), unique=True, max_size=30),
    page=st.integers(0, 10),
    place=st.integers(0, 30),
)
def test_the_cursor_is_always_on_a_row_in_view(before: list[int], after: list[int], page: int, place: int) -> None:
    """Whatever rows come and go, the cursor is on a row that exists and is in view, and stays if its row stays."""
    window = RowWindow()
    window.set_page(page)
    window.set_keys(before)
    window.go(place)
    key = window.cursor_key
    move = window.set_keys(after)
    if after:
        assert window.keys[window.cursor] == window.cursor_key
        if page:
            assert window.cursor_key in window.visible
            assert len(window.visible) == min(page, len(after))
        if before:
            assert (window.cursor_key == key) == (key in after)
            assert (move is CursorMove.VANISHED) == (key not in after)
    assert all(0 <= line < max(page, 1) for line in window.thumb)
