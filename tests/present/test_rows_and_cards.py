"""A target in one row, on a card and in one line: the same words, within the width, in either set of glyphs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.present.scenes import ALL, CANARY, FEW, GONE, HEALTHY, SILENT, TWIN, night, unscraped

from modeltui.domain.event import SourceFailed
from modeltui.domain.fleet import Context
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText
from modeltui.present.banner import banner
from modeltui.present.card import Card
from modeltui.present.cells import cell_width
from modeltui.present.changes import change_line
from modeltui.present.events import event_lines
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs
from modeltui.present.rows import TargetRow
from modeltui.present.span import Line, plain
from modeltui.present.table import status_columns
from modeltui.present.target_detail import heading_lines, other_lines, segment_lines, version_lines
from modeltui.present.tone import STATES, Tone
from modeltui.present.why import source_lines, why_lines
from modeltui.testing.hostile import HOSTILE_TEXTS
from modeltui.testing.worlds import World, seen, source_name

BOTH = pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
WIDTHS = pytest.mark.parametrize("width", [80, 120, 200])


def row(world: World, name: str, glyphs: Glyphs = ASCII) -> TargetRow:
    """Return one row of the fleet."""
    return TargetRow(world.fleet, world.target(name), glyphs)


def card(world: World, name: str, width: int = 120, glyphs: Glyphs = ASCII) -> list[str]:
    """Return the lines of a card as text."""
    return [plain(line) for line in Card(world.fleet, world.target(name), width, glyphs).lines()]


# Rows


def test_a_bad_row_says_which_signal_and_how_bad() -> None:
    """The cell of the broken signal shows the figure of the harmed segment, in the tone of a breach."""
    cell = row(night(), CANARY).cell("error_rate")
    assert cell.tone is Tone.BREACH
    assert cell.text == f"{ASCII.mark(Tone.BREACH)}40%"


@pytest.mark.parametrize(
    ("place", "column", "text", "tone"),
    [
        (HEALTHY, "error_rate", "ok", Tone.OK),
        (TWIN, "confidence", "0.91", Tone.MUTED),
        (FEW, "error_rate", "?few", Tone.UNKNOWN),
        (SILENT, "error_rate", "?", Tone.UNKNOWN),
        (HEALTHY, "drift", "-", Tone.MUTED),
        (HEALTHY, "candidate", "-", Tone.MUTED),
        (SILENT, "serving", "1?", Tone.UNKNOWN),
        (HEALTHY, "serving", "7", Tone.PLAIN),
        (CANARY, "stage", "5.0%", Tone.PLAIN),
        (HEALTHY, "traffic", "1.2k/s", Tone.PLAIN),
        (SILENT, "traffic", "-", Tone.MUTED),
        (HEALTHY, "since", "", Tone.MUTED),
        (HEALTHY, "skew", "", Tone.MUTED),
        (HEALTHY, "no-such-column", "-", Tone.MUTED),
    ],
)
def test_what_a_cell_says(place: str, column: str, text: str, tone: Tone) -> None:
    """Each state has its own words: fine, unjudged, too few, none, not measured, not wanted."""
    cell = row(night(), place).cell(column)
    assert (cell.text, cell.tone) == (text, tone)


def test_a_stale_cell_shows_its_age_instead_of_its_figure() -> None:
    """An old number is not shown as a number of now."""
    cell = row(night(), GONE).cell("error_rate")
    assert (cell.text, cell.tone) == ("~1m", Tone.STALE)
    gone = row(unscraped(), HEALTHY).cell("error_rate")
    assert (gone.text, gone.tone) == ("~gone", Tone.STALE)


def test_the_candidate_carries_its_own_state() -> None:
    """Which of two versions is the bad one is seen in the row."""
    world = night()
    assert row(world, CANARY).cell("candidate").tone is Tone.BREACH
    assert row(world, CANARY).cell("serving").tone is not Tone.BREACH


def test_skew_is_said_on_both_sides() -> None:
    """Each of two differing environments names the other."""
    world = night()
    assert "prod-cn" in row(world, CANARY).cell("skew").text
    assert "prod-hk" in row(world, TWIN).cell("skew").text


@BOTH
def test_signal_cells_fit_their_columns(glyphs: Glyphs) -> None:
    """A signal's cell takes eight cells at most, whatever its state."""
    world = night()
    for name in ALL:
        for signal in world.fleet.policy.signals:
            assert cell_width(row(world, name, glyphs).cell(signal.name).text) <= 8


def test_no_state_is_told_by_colour_alone() -> None:
    """Two cells of different state never show the same text."""
    world = night()
    texts: dict[str, set[Tone]] = {}
    for name in ALL:
        for key, _ in status_columns(world.fleet):
            cell = row(world, name).cell(key)
            if cell.tone in STATES and key not in ("candidate", "serving", "skew"):
                texts.setdefault(cell.text, set()).add(cell.tone)
    assert all(len(tones) == 1 for tones in texts.values())


def test_ascii_rows_are_ascii() -> None:
    """A terminal without Unicode gets every cell."""
    world = night()
    for name in ALL:
        for key, _ in status_columns(world.fleet):
            assert row(world, name).cell(key).text.isascii()


# Cards


def test_the_card_of_a_bad_candidate() -> None:
    """Who is shown against whom, the figures of the broken signal, why, and the way back: all there."""
    lines = card(night(), CANARY, 200)
    assert all(word in lines[0] for word in (CANARY, "breach", "3.0.0", "candidate", "2.3.1"))
    errors = next(line for line in lines if line.startswith("err"))
    for word in ("1.2%", "base 1.0%", "lim", "breach", "region=hk 40%", "n=9.0k", "1s ago"):
        assert word in errors
    assert any(line.startswith("why") and "region=hk: 40% is beyond the limit" in line for line in lines)
    assert any(line.startswith("back") and "2.3.1" in line for line in lines)
    assert any("waiting for analysis" in line for line in lines)
    assert any("nightly-scoring" in line and "40% done" in line for line in lines)
    assert any(line.startswith("skew") and "prod-cn" in line for line in lines)


def test_a_card_has_a_line_for_every_signal() -> None:
    """A signal that nobody measures is said to be missing, never left out."""
    lines = card(night(), TWIN)
    for signal in night().fleet.policy.signals:
        assert any(line.startswith(signal.title.lower()) for line in lines)
    assert sum("no source measures it" in line for line in lines) == 3


def test_the_card_of_a_target_that_nobody_measures() -> None:
    """No data is said in words, with no invented figure."""
    lines = card(night(), SILENT)
    assert "no data" in lines[0]
    assert any(line.startswith("why") and "nothing has been measured" in line for line in lines)
    assert not any("0%" in line for line in lines[1:])


def test_the_card_of_a_target_of_which_nothing_is_known() -> None:
    """Even an empty target has a card."""
    world = World()
    world.remembers("new@prod", [])
    assert any("no version is known" in line for line in card(world, "new@prod"))


@BOTH
@WIDTHS
def test_cards_stay_within_their_width(glyphs: Glyphs, width: int) -> None:
    """No line of evidence runs out of the card, at any size, in either set of glyphs."""
    world = night()
    for name in ALL:
        for line in card(world, name, width, glyphs)[1:]:
            assert cell_width(line.rstrip()) <= width, line
            assert glyphs is UNICODE or line.isascii()


@WIDTHS
def test_the_figures_that_count_are_there_at_every_width(width: int) -> None:
    """Value, baseline, limit and state survive on the smallest screen."""
    errors = next(line for line in card(night(), CANARY, width) if line.startswith("err"))
    for word in ("1.2%", "base 1.0%", "lim", "breach"):
        assert word in errors[:width]


# Details and reasons


@BOTH
def test_the_details_of_every_target_can_be_drawn(glyphs: Glyphs) -> None:
    """Versions side by side, segments, jobs, events and reasons exist for whatever is known."""
    world = night()
    for name in ALL:
        one = world.target(name)
        lines: list[Line] = [
            *heading_lines(world.fleet, one, glyphs, 120),
            *version_lines(world.fleet, one, glyphs, "error_rate", 120, 8),
            *other_lines(world.fleet, one, 120, 8),
            *why_lines(world.fleet, one),
        ]
        for signal in world.fleet.policy.signals:
            lines += segment_lines(one, signal, glyphs, 120, 6)
        assert name in plain(lines[0])
        assert all(glyphs is UNICODE or plain(line).isascii() for line in lines)


def test_the_reasons_name_rule_baseline_and_time() -> None:
    """`w` tells the rule, the sample size, the window, what was compared, and since when."""
    text = "\n".join(plain(line) for line in why_lines(night().fleet, night().target(CANARY)))
    for words in (
        "3.0.0",
        "region=hk",
        "n=9.0k",
        "window 5m",
        "rule hard-errors",
        "stable 2.3.1",
        "since before 12:00:",
    ):
        assert words in text


def test_segments_stand_worst_first() -> None:
    """The harmed segment is the first line, with its figures on every version."""
    world = night()
    errors = next(signal for signal in world.fleet.policy.signals if signal.name == "error_rate")
    lines = [plain(line) for line in segment_lines(world.target(CANARY), errors, ASCII, 120, 5)]
    assert "region=hk" in lines[1]
    assert "40%" in lines[1]
    assert "region=sg" in lines[2]


def test_sources_say_what_to_do() -> None:
    """A source that is down is listed with its error and the remedy."""
    text = "\n".join(plain(line) for line in source_lines(night().fleet))
    assert "401 from the registry" in text
    assert "renew" in text


@pytest.mark.parametrize(("seconds", "says"), [(17.0, "ago, asked again in 17s\n"), (0.0, "ago, being asked again\n")])
def test_a_source_that_is_down_says_when_it_is_asked_again(seconds: float, says: str) -> None:
    """Who waits for a source that asked for a pause sees how long it still lasts."""
    world = night()
    title = SafeText("asks for fewer requests")
    world.apply(SourceFailed(source_name("metrics"), world.now, title, again_at=Instant(world.now + seconds)))
    assert says in "\n".join(plain(line) for line in source_lines(world.fleet))


# Lines of change


def test_a_change_is_told_in_one_line() -> None:
    """A log and a screen reader hear time, target, state, what serves and the evidence."""
    world = night()
    line = change_line(world.fleet, world.target(CANARY))
    said = line.at(world.now)
    assert said.startswith("12:04:01Z  fraud-detector@prod-hk  breach  serving 2.3.1")
    assert "3.0.0 error_rate: region=hk is beyond its limit" in said
    assert "\n" not in said


def test_moving_figures_are_not_told_again() -> None:
    """Only another sentence is another line: the same breach with another figure is not."""
    world = night()
    before = change_line(world.fleet, world.target(CANARY))
    world.ticks(5)
    assert change_line(world.fleet, world.target(CANARY)) == before
    world.ticks(120)
    assert change_line(world.fleet, world.target(CANARY)) != before


def test_the_tail_shows_the_newest_events_first() -> None:
    """What happened last stands on top, with its target and its time."""
    world = night()
    lines = [plain(line) for line in event_lines(world.fleet, 5, ASCII)]
    assert len(lines) == 5
    times = [line.split("Z")[0] for line in lines]
    assert times == sorted(times, reverse=True)
    assert any(GONE in line and "stale" in line for line in lines)


# Row 1


@BOTH
@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_row_one_fills_its_width_exactly(glyphs: Glyphs, width: int) -> None:
    """Row 1 neither wraps nor leaves a hole, however long the names are."""
    for context in ("test", "a-context-with-a-name-that-is-longer-than-anybody-would-like-it"):
        world = night()
        world.fleet = replace(world.fleet, context=Context(SafeText(context)))
        line, _ = banner(world.fleet, width, glyphs)
        assert cell_width(plain(line)) == width


def test_row_one_shouts_what_must_not_be_missed() -> None:
    """Simulated, production, read-only, cached and a source that is down are said in words."""
    world = night()
    fleet = replace(world.fleet, context=Context(SafeText("asia"), production=True, read_only=True))
    line, tone = banner(replace(fleet, cached_at=Instant(fleet.at - 60)), 120, ASCII)
    for word in ("PROD", "READ-ONLY", "CACHED 1m00s", "registry DOWN"):
        assert word in plain(line)
    assert tone is Tone.BANNER_PRODUCTION
    line, tone = banner(replace(world.fleet, context=Context(SafeText("demo"), simulated=True)), 80, ASCII)
    assert "DEMO" in plain(line)
    assert tone is Tone.BANNER_DEMO


def test_a_source_that_is_down_is_never_dropped_from_row_one() -> None:
    """On a narrow screen the fresh sources and the clock go first."""
    line, _ = banner(night().fleet, 60, ASCII)
    assert "DOWN" in plain(line) or "!1" in plain(line)


# Hostile text


def test_nothing_hostile_gets_into_a_line() -> None:
    """Names with escape sequences, markup and direction marks are shown, and act on nothing."""
    world = World()
    for raw in HOSTILE_TEXTS.values():
        world.sees(seen(f"{raw.replace('@', '')}@prod", raw, throughput=1.0, error_rate=(400, 900)))
    for one in world.fleet.worst_first():
        lines = [*Card(world.fleet, one, 120, UNICODE).lines(), *why_lines(world.fleet, one)]
        lines += version_lines(world.fleet, one, UNICODE, "error_rate", 120, 8)
        assert all(plain(line).isprintable() for line in lines)
        assert change_line(world.fleet, one).at(world.now).isprintable()
