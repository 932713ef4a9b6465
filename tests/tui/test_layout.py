"""What is on the screen at which size, worked out without a terminal."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.tui.layout import Box, SizeClass, choose_columns, fleet_layout, place_columns, size_class

SIZES = [(1, 1), (20, 5), (40, 10), (59, 20), (79, 24), (80, 24), (100, 30), (120, 36), (160, 40), (200, 50)]
any_size = st.tuples(st.integers(0, 320), st.integers(0, 100))


@dataclass(frozen=True)
class Need:
    """A column as the arithmetic sees it."""

    key: str
    width: int
    priority: int = 0
    grow: int = 0
    most: int = 0


COLUMNS = (
    Need("target", 14, 0, grow=2, most=30),
    Need("live", 6, 1),
    Need("candidate", 6, 1),
    Need("stage", 8, 3),
    Need("latency", 5, 2),
    Need("trend", 10, 4, grow=1),
)


def cells(box: Box) -> set[tuple[int, int]]:
    """Every cell of a band."""
    return {(x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)}


@given(any_size)
def test_bands_cover_the_screen_without_overlap(size: tuple[int, int]) -> None:
    """At any size, down to nothing, each cell belongs to exactly one band and none lies outside."""
    width, height = size
    boxes = [box for box in fleet_layout(width, height).boxes.values() if box.shown]
    assert sum(box.width * box.height for box in boxes) == width * height
    for place, box in enumerate(boxes):
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= width
        assert box.y + box.height <= height
        for other in boxes[place + 1 :]:
            apart = (
                box.x + box.width <= other.x
                or other.x + other.width <= box.x
                or box.y + box.height <= other.y
                or other.y + other.height <= box.y
            )
            assert apart


@given(any_size, st.integers(0, 40), st.integers(0, 40))
def test_a_larger_screen_only_adds(size: tuple[int, int], wider: int, higher: int) -> None:
    """Making the terminal larger takes away no band, no row of the card and no column."""
    small, large = fleet_layout(*size), fleet_layout(size[0] + wider, size[1] + higher)
    for name, box in small.boxes.items():
        if box.shown:
            assert large.boxes[name].shown, name
    assert large.card_rows >= small.card_rows
    assert large.column_budget >= small.column_budget
    assert large.journal.height >= small.journal.height


@given(any_size)
def test_bands_keep_their_reading_order(size: tuple[int, int]) -> None:
    """Banner, grid, card, journal, keys: read from the top left, always in this order."""
    shown = [box for box in fleet_layout(*size).boxes.values() if box.shown]
    corners = [(box.y, box.x) for box in shown]
    assert corners == sorted(corners)


@pytest.mark.parametrize("size", SIZES)
def test_the_grid_is_always_there(size: tuple[int, int]) -> None:
    """Whatever the size, there is room for the row of the worst target."""
    assert fleet_layout(*size).grid.shown


def test_standard_terminal_shows_everything() -> None:
    """On 80×24: banner, at least eleven targets, a whole card, keys, and no complaint about the size."""
    layout = fleet_layout(80, 24)
    assert layout.size_class is SizeClass.SMALL
    assert layout.banner == Box(0, 0, 80, 1)
    assert layout.keys == Box(0, 23, 80, 1)
    assert layout.grid.height >= 12
    assert layout.card_rows == 10
    assert not layout.card_beside
    assert layout.notice == ""


@pytest.mark.parametrize(("size", "card_rows"), [((1, 1), 0), ((20, 5), 0), ((40, 10), 1), ((59, 20), 1)])
def test_compact_screens_have_a_card_of_one_line(size: tuple[int, int], card_rows: int) -> None:
    """Below 80×24 the screen is a list with a one-line card, and says which size it needs."""
    layout = fleet_layout(*size)
    assert layout.size_class is SizeClass.COMPACT
    assert layout.card_rows == card_rows
    assert "80x24" in layout.notice


def test_wide_screens_have_the_card_beside() -> None:
    """From 160 columns the card stands at the right of the grid, on the same rows."""
    layout = fleet_layout(200, 50)
    assert layout.size_class is SizeClass.LARGE
    assert layout.card_beside
    assert layout.card.y == layout.grid.y
    assert layout.card.x == layout.grid.width
    assert not fleet_layout(159, 50).card_beside


def test_size_classes_need_both_sides() -> None:
    """A wide but low terminal is no large one."""
    assert size_class(200, 24) is SizeClass.SMALL
    assert size_class(120, 36) is SizeClass.MEDIUM
    assert size_class(79, 100) is SizeClass.COMPACT


def test_the_least_important_column_goes_first() -> None:
    """On a narrow screen trend goes, then stage, then latency; the target stays to the end."""
    kept = [tuple(column.key for column in choose_columns(COLUMNS, width, margin=1)) for width in (56, 46, 35, 30, 10)]
    assert kept == [
        ("target", "live", "candidate", "stage", "latency", "trend"),
        ("target", "live", "candidate", "stage", "latency"),
        ("target", "live", "candidate", "latency"),
        ("target", "live", "candidate"),
        ("target",),
    ]


@given(st.integers(0, 200))
def test_columns_are_whole_and_inside(width: int) -> None:
    """No column is cut, overlaps its neighbour or leaves the screen; only the very last one may shrink."""
    placed = place_columns(COLUMNS, width, gap=1, margin=1)
    end = 0
    for one in placed:
        assert one.x > end - 1
        end = one.x + one.width
        assert end <= width
        assert one.width >= COLUMNS[one.place].width or len(placed) == 1


def test_spare_cells_go_to_the_columns_that_grow() -> None:
    """Extra width goes to names up to their limit and to the trend without one."""
    widths = {COLUMNS[one.place].key: one.width for one in place_columns(COLUMNS, 120, margin=1)}
    assert widths["target"] == 30
    assert widths["live"] == 6
    assert sum(widths.values()) == 120 - 1 - (len(COLUMNS) - 1)


@given(st.integers(0, 150), st.integers(0, 60))
def test_more_width_never_hides_a_column(width: int, wider: int) -> None:
    """Widening the terminal never makes a column disappear."""
    small = {column.key for column in choose_columns(COLUMNS, width)}
    large = {column.key for column in choose_columns(COLUMNS, width + wider)}
    assert small <= large
