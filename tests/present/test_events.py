"""What changed, newest first: news of one target is not drowned by news of all."""

from __future__ import annotations

from modeltui.present.events import event_lines
from modeltui.present.glyphs import UNICODE
from modeltui.present.span import plain
from modeltui.testing.worlds import World, seen


def test_what_happens_to_many_targets_at_once_is_one_line() -> None:
    """A source that goes away takes one line of the tail, so that the breach before it is still to be read."""
    world = World()
    names = [f"model-{place}@prod" for place in range(8)]
    for bad in (False, False, True, True, True, True, True):
        world.passes(15)
        errors = (5000, 9000) if bad else (10, 9000)
        world.sees(
            *(seen(name, "1", world.now, error_rate=(10, 9000)) for name in names[1:]),
            seen(names[0], "1", world.now, error_rate=errors),
        )
    world.ticks(300)
    said = [plain(line) for line in event_lines(world.fleet, 3, UNICODE)]
    assert len(said) == 3
    assert any("7 targets  stale (was ok)" in line for line in said), said
    assert any("model-0@prod" in line and "breach" in line for line in said), said
    assert event_lines(world.fleet, 0, UNICODE) == []
