"""Finding things: the cursor, the filter, the palette, other contexts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from tests.tui.fake_acting import FakeActing, HandClock
from tests.tui.screen_stage import ShownApp, StagedWorld, everything_well, incident, shown
from textual.pilot import Pilot

from modeltui.domain.acting.action import Refusal
from modeltui.domain.errors import ConfigError
from modeltui.domain.fleet import Fleet
from modeltui.engine.observer import Observer
from modeltui.ports.acting import Acting
from modeltui.testing.worlds import seen
from modeltui.tui.app import ModeltuiApp


def cursor(stage: ShownApp) -> str:
    """Return the row with the cursor."""
    return next((row for row in stage.rows if row.startswith("▶")), "")


def calm(context: str = "test") -> StagedWorld:
    """Return a fleet in which nothing is wrong."""
    world = StagedWorld(context=context)
    for _ in range(3):
        world.passes(15)
        world.sees(*everything_well(world.now))
    return world


def break_churn(world: StagedWorld, times: int = 6) -> None:
    """Let churn fail for long enough to be in breach."""
    for _ in range(times):
        world.passes(15)
        world.sees(*everything_well(world.now)[:-1], seen("churn@prod-hk", "9.1.0", world.now, error_rate=(5000, 9000)))


async def test_the_worst_is_first_and_under_the_cursor() -> None:
    """From a cold start, without a key, the cursor is on the worst target and its card says what is wrong."""
    async with shown(incident(), (80, 24)) as stage:
        assert "fraud" in cursor(stage)
        assert "✖6.2%" in cursor(stage)
        assert "fraud@prod-hk ✖ breach 3.0.0 (candidate 5.0%) against 2.3.1" in stage.text


async def test_the_cursor_stays_on_the_worst_until_it_is_moved() -> None:
    """When something worse comes up and I have touched nothing, the cursor goes there."""
    async with shown(calm(), (80, 24)) as stage:
        assert "aml" in cursor(stage)
        break_churn(stage.world)
        await stage.show_news()
        assert "churn" in cursor(stage)


async def test_the_selection_survives_refresh_and_sorting() -> None:
    """Once I have moved the cursor it stays on its target, wherever that goes."""
    async with shown(calm(), (80, 24)) as stage:
        await stage.press("down", "down")
        assert "fraud" in cursor(stage) or "churn" in cursor(stage)
        chosen = cursor(stage).split()[0]
        break_churn(stage.world)
        await stage.show_news()
        assert cursor(stage).split()[0] == chosen
        assert stage.rows[2].startswith((" churn", "▶churn"))


async def test_the_filter_works_while_it_is_typed() -> None:
    """/ narrows the list with each letter; enter keeps it, esc shows all again, and the cursor keeps its target."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("down", "down", "down")
        chosen = cursor(stage)
        await stage.press("slash")
        assert "enter keep" in stage.rows[-1]
        await stage.type("a")
        await stage.type("ml")
        assert "fraud" not in stage.text.partition("──")[0]
        assert cursor(stage) == chosen
        await stage.press("enter")
        assert "aml" in stage.text
        assert "churn" not in stage.text
        await stage.press("escape")
        assert "churn" in stage.text
        assert cursor(stage) == chosen


@pytest.mark.parametrize(
    ("words", "found"),
    [("breach", "fraud"), ("prod-cn", "old"), ("3.9", "silent"), ("no data", "silent"), ("skew", "aml")],
)
async def test_the_filter_knows_states_places_and_versions(words: str, found: str) -> None:
    """I may filter by what I see: a state, an environment, a version."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("slash")
        await stage.type(words)
        assert f" {found} " in stage.text.replace("▶", " ")
        assert "churn" not in stage.text


async def test_esc_in_the_filter_shows_all_again() -> None:
    """esc while typing drops the filter."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("slash")
        await stage.type("zzz")
        assert "nothing matches /zzz: esc shows all 6" in stage.text
        await stage.press("escape")
        assert "fraud" in cursor(stage)
        assert "w why" in stage.rows[-1]


async def choose(stage: ShownApp, text: str) -> None:
    """Choose something in the palette by its words."""
    await stage.press("colon")
    await stage.type(text)
    await stage.press("enter")


async def test_the_palette_finds_actions_targets_contexts_and_themes() -> None:
    """Everything can be found by name, and is done when I take it."""
    world = incident()
    async with shown(world, (120, 36), contexts=("test", "other"), others={"other": calm("other")}) as stage:
        await choose(stage, "skew")
        assert stage.screen == "SkewScreen"
        await choose(stage, "churn")
        assert stage.screen == "TargetScreen"
        assert " churn@prod-hk" in stage.text
        await choose(stage, "high-contrast")
        assert stage.app.theme == "high-contrast"
        await choose(stage, "evidence behind")
        assert stage.screen == "TextScreen"
        await choose(stage, "other context")
        assert stage.opened == ["test", "other"]
        assert stage.screen == "FleetScreen"


async def test_a_theme_that_cannot_be_read_leaves_the_one_that_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in a theme file of mine costs that theme: I read where it is, and go on with the old one."""
    themes = tmp_path / "modeltui" / "themes"
    themes.mkdir(parents=True)
    (themes / "mine.yaml").write_text("tones: [broken")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    async with shown(incident(), (120, 36)) as stage:
        await choose(stage, "mine theme")
        assert "mine.yaml" in stage.text
        assert "still drawn with modeltui-dark" in stage.text
        assert stage.app.theme == "modeltui-dark"
        await stage.press("escape")
        assert "fraud" in cursor(stage)


async def test_the_palette_says_when_nothing_matches() -> None:
    """Enter on nothing does nothing; esc closes."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("colon")
        await stage.type("nosuchthing")
        assert "nothing matches" in stage.text
        await stage.press("enter")
        assert "nothing matches" in stage.text
        await stage.press("escape")
        assert "nothing matches" not in stage.text
        await stage.press("down")
        assert "fraud" not in cursor(stage)


async def test_the_palette_marks_another_match_with_the_arrows() -> None:
    """Up and down mark, also past what is shown at once, and the keys stay where they are."""
    async with shown(incident(), (80, 24)) as stage:
        await stage.press("colon", *(["down"] * 12))
        marked = cursor(stage)
        assert marked
        await stage.press(*(["up"] * 12))
        assert cursor(stage).split()[1:2] == ["why"] or "why" in stage.text


async def test_c_switches_contexts() -> None:
    """c lists the contexts, marks the one that is shown, and opens another: its own worst, no filter."""
    other = calm("other")
    break_churn(other)
    async with shown(incident(), (80, 24), contexts=("test", "other"), others={"other": other}) as stage:
        await stage.press("slash")
        await stage.type("aml")
        await stage.press("enter", "down", "c")
        assert "context, shown now" in stage.text
        await stage.type("other")
        await stage.press("enter")
        assert "churn" in cursor(stage)
        assert "silent" not in stage.text


async def test_a_context_that_cannot_be_opened_leaves_the_one_that_was_shown() -> None:
    """When another context is broken I read why, and what I looked at stays live."""
    world = incident()
    opened = []

    def opening(name: str) -> AbstractAsyncContextManager[Observer]:
        opened.append(name)
        if name == "broken":
            raise ConfigError("modeltui.yaml:7: there is no adapter 'promtheus'", "did you mean 'prometheus'?")
        return real(name)

    async with shown(world, (100, 30), contexts=("test", "broken")) as stage:
        real = stage.app._open_observer
        stage.app._open_observer = opening
        await stage.press("c")
        await stage.type("broken")
        await stage.press("enter")
        assert "did you mean 'prometheus'?" in stage.text
        assert "still looking at test" in stage.text
        assert opened == ["broken", "test"]
        await stage.press("escape")
        assert "fraud" in cursor(stage)


async def test_a_context_that_closes_slowly_takes_nothing_from_the_next() -> None:
    """Where the way to act in the last context is closed late, the keys of the one that I look at now stay mine."""
    closing = asyncio.Event()
    ways = {"test": FakeActing(), "other": FakeActing()}

    @asynccontextmanager
    async def opening(name: str, observer: Observer) -> AsyncIterator[Acting | Refusal]:
        try:
            yield ways[name]
        finally:
            if name == "test":
                await closing.wait()

    others = {"other": calm("other")}
    contexts = ("test", "other")
    async with shown(
        incident(), (100, 30), contexts=contexts, others=others, acting=ways["test"], clock=HandClock()
    ) as stage:
        stage.app._open_acting = opening
        stage.app.open_context("test")
        await stage.settle()
        stage.app.open_context("other")
        await stage.settle()
        assert stage.app.acting is ways["other"]
        closing.set()
        await stage.settle()
        assert stage.app.acting is ways["other"]


async def test_a_way_to_act_that_fails_by_a_fault_of_ours_says_so() -> None:
    """Whatever goes wrong while acting is opened, the keys do not promise that it comes in a moment."""

    async def fail() -> None:
        raise RuntimeError("a fault")

    @asynccontextmanager
    async def opening(name: str, observer: Observer) -> AsyncIterator[Acting | Refusal]:
        await fail()
        yield FakeActing()

    async with shown(incident(), (100, 30), acting=FakeActing(), clock=HandClock()) as stage:
        stage.app._open_acting = opening
        stage.app.open_context("test")
        await stage.settle()
        await stage.press("A")
        assert "the way to act failed: RuntimeError" in stage.text


async def test_a_context_that_cannot_be_opened_at_the_start_ends_the_program() -> None:
    """When the first context is broken the program ends with the exit code and the words of the error."""

    def opening(name: str) -> AbstractAsyncContextManager[Observer]:
        raise ConfigError(f"modeltui.yaml:7: {name} needs the secret env:TOKEN", "export TOKEN")

    app = ModeltuiApp(opening, Fleet(StagedWorld().fleet.context), ("test",), theme_name="modeltui-dark")
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
    assert app.refusal is not None
    assert app.return_value == 2
    assert "env:TOKEN" in app.refusal.title


async def settle(pilot: Pilot[int]) -> None:
    """Let messages be handled."""
    for _ in range(6):
        await pilot.pause(0)


async def test_ages_go_on_when_nothing_answers_any_more() -> None:
    """When the sources fall silent the ages on the card and in the list go on, and nothing stays looking new."""
    async with shown(incident(), (120, 36)) as stage:
        assert " 1s ago" in stage.text
        stage.world.ticks(20)
        await stage.show_news()
        assert " 1s ago" not in stage.text
        assert "21s ago" in stage.text
        stage.world.ticks(600)
        await stage.show_news()
        assert " ok " not in stage.text.partition("──")[0]


async def test_copying_says_what_was_copied_or_why_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """y tells what went to the clipboard, and on a terminal without one that it could not."""
    async with shown(incident(), (120, 36)) as stage:
        monkeypatch.setenv("TERM", "xterm-256color")
        await stage.press("y")
        assert "sent to the terminal's clipboard: " in stage.rows[-1]
        monkeypatch.setenv("TERM", "linux")
        await stage.press("y")
        assert "takes no clipboard" in stage.rows[-1]
