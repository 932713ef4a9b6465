"""A terminal that closes in any phase of an action: the next start finds the truth, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from modeltui.domain.acting.outcome import Outcome
from tests.runner.stage import Stage, make_stage, wait_for
from tests.terminal import Terminal

pytestmark = pytest.mark.terminal


@dataclass(frozen=True)
class When:
    """A moment in an action at which the terminal closes."""

    gate: str
    """What is held so that the moment lasts; empty for none."""
    says_go: bool
    is_there: Callable[[Stage, Terminal], bool]
    """Tells that the moment has come."""
    outcome: tuple[Outcome, ...]
    """What is to be written down in the end."""
    hold_after_prepared: bool = False


def shows(words: str) -> Callable[[Stage, Terminal], bool]:
    """Return whether the face has printed something."""
    return lambda _, terminal: words in terminal.text()


def reaches(gate: str, times: int = 1) -> Callable[[Stage, Terminal], bool]:
    """Return whether the actor process stands at a gate."""
    return lambda stage, _: stage.world.reached(gate) >= times


VERIFIED = (Outcome.VERIFIED,)
MOMENTS = {
    "while it reads the world": When("read", False, reaches("read"), ()),
    "while the operator reads the plan": When("", False, shows("phase prepared"), ()),
    "after GO, before the intent": When("read", True, shows("said go"), VERIFIED, hold_after_prepared=True),
    "after the intent, before the write": When("apply", True, reaches("apply"), VERIFIED),
    "while the answer is awaited": When("answer", True, reaches("answer"), VERIFIED),
    "while it verifies": When("serving", True, shows("phase accepted"), VERIFIED),
    "after the outcome": When("", True, shows("outcome verified"), VERIFIED),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_next_start_shows_the_true_outcome(tmp_path: Path, moment: str) -> None:
    """Closing the laptop before GO means that nothing happened; after GO it is done, verified and written down."""
    stage, when = make_stage(tmp_path), MOMENTS[moment]
    if when.gate and not when.hold_after_prepared:
        stage.world.hold(when.gate)
    try:
        with Terminal(stage.face(), env=stage.environment) as terminal:
            if when.hold_after_prepared:
                wait_for(lambda: "phase prepared" in terminal.text(), terminal.text)
                stage.world.hold(when.gate)
            if when.says_go:
                stage.say_go.touch()
            wait_for(lambda: when.is_there(stage, terminal), lambda: terminal.text() + stage.log())
            terminal.hang_up()
            terminal.process.wait(10)
        if when.gate:
            stage.world.open(when.gate)
        wait_for(lambda: not stage.runners(), stage.log, 30)
        stage.reconcile()  # as a next start does
        assert tuple(stage.outcomes()) == when.outcome, stage.log()
        assert stage.open_intents() == 0
        assert len(stage.world.noted("sent")) == len(when.outcome)
        assert stage.world.state()["weights"] == ({"1": 1.0} if when.outcome else {"1": 0.75, "2": 0.25})
        if not when.outcome:
            assert stage.kinds() == ["plan.made", "plan.abandoned"], stage.log()
    finally:
        stage.end()
