"""What may be behind what a plan is made for: read beside it, and never waited for for long."""

from __future__ import annotations

from tests.domain.situations import KEY, origin
from tests.engine.test_planning_session import Stage

from modeltui.domain.lineage import Known
from modeltui.domain.names import Missing, ModelName
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import START, source_name, version_id


def stage_with_a_change() -> Stage:
    """Return a stage on which 3.0.0 serves badly, made with another parameter than 2.3.1."""
    stage = Stage()
    stage.error_rate = 400
    fraud = ModelName(SafeText("fraud"))
    stage.registry.provenance = {
        (fraud, version_id(version)): origin(
            parameters=Known({SafeText("depth"): SafeText(depth)}, source_name("registry"), START)
        )
        for version, depth in (("2.3.1", "6"), ("3.0.0", "9"))
    }
    return stage


async def test_the_first_suspect_is_read_for_whoever_asks() -> None:
    """Where another parameter is what differs from the last known good version, it is the suspect."""
    stage = stage_with_a_change()
    await stage.plan()
    found = await stage.acting.suspect(KEY)
    assert not isinstance(found, Missing)
    assert found.field == "parameters.depth"


async def test_a_registry_that_hangs_costs_two_seconds_and_the_suspect() -> None:
    """Who cannot be asked names no suspect; nobody waits longer than for any other answer."""
    stage = stage_with_a_change()
    await stage.observer.look_once()
    stage.registry.never_answers = True
    before = stage.clock.boottime()
    assert isinstance(await stage.acting.suspect(KEY), Missing)
    assert stage.clock.boottime() - before <= 2.5


async def test_nothing_is_suspected_of_a_target_that_nobody_knows() -> None:
    """Before the first look there are no two versions to compare."""
    assert isinstance(await Stage().acting.suspect(KEY), Missing)
