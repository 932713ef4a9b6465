"""Since when: what was seen to begin has a beginning, what was found may have lasted for longer."""

from __future__ import annotations

from modeltui.domain.health import Level
from modeltui.domain.names import Instant, Unknown
from modeltui.domain.signal import Sample
from modeltui.testing.worlds import START, World, seen

PLACE = "fraud@prod"


def look(at: Instant, bad: int) -> tuple[Sample, ...]:
    """Return what one version that has so many errors of 900 requests looks like."""
    return seen(PLACE, "1", at, throughput=95.0, error_rate=(bad, 900))


def in_breach() -> World:
    """Return a world whose version was in breach when somebody began to look."""
    world = World()
    for _ in range(3):
        world.sees(look(world.passes(), 400))
    assert world.target(PLACE).level is Level.BREACH
    return world


def began(world: World) -> tuple[Instant | Unknown, bool]:
    """Return since when the errors are too many, and whether it may be for longer."""
    verdict = world.cell(PLACE, "1", "error_rate").verdict
    return verdict.since, verdict.since_or_earlier


def reads_past(world: World, *bad: int) -> list[Instant]:
    """Read a past in steps of 30 s that ends now; return the moments of its steps."""
    first = world.now - 30.0 * (len(bad) - 1)
    moments = [Instant(first + 30.0 * step) for step in range(len(bad))]
    world.remembers(PLACE, [(at - START, look(at, one)) for at, one in zip(moments, bad, strict=True)])
    return moments


def test_what_is_found_may_have_lasted_for_longer() -> None:
    """A breach at the first look began then, or before anybody looked; it does not become exact by waiting."""
    world = in_breach()
    since, or_earlier = began(world)
    assert or_earlier
    assert world.target(PLACE).since_or_earlier
    world.sees(look(world.passes(600), 400))
    assert began(world) == (since, True)


def test_what_is_seen_to_begin_has_a_beginning() -> None:
    """A version that was well at the look before began to be bad when it is first seen to be."""
    world = World()
    world.sees(look(world.passes(), 0))
    at = world.passes()
    world.sees(look(at, 400))
    for _ in range(3):
        world.sees(look(world.passes(), 400))
    assert began(world) == (at, False)
    assert not world.target(PLACE).since_or_earlier


def test_a_past_tells_when_it_began() -> None:
    """When the backend's past shows the version well at first, the beginning is known."""
    world = in_breach()
    moments = reads_past(world, 0, 0, 400, 400, 400)
    assert began(world) == (moments[2], False)


def test_a_past_that_is_bad_from_its_first_step_tells_no_beginning() -> None:
    """When all of the past that was asked for is bad, it began at its first step or earlier."""
    world = in_breach()
    moments = reads_past(world, *[400] * 10)
    assert began(world) == (moments[0], True)
