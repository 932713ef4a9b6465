"""What moved since a plan was made, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.domain.situations import KEY, PLACE, SERVED, canary, origin

from modeltui.domain.acting.action import ActionKind, Premise
from modeltui.domain.acting.premise import digest_of, premise_of, what_moved, what_moved_in
from modeltui.domain.known_good import KnownGood
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.rollout import Rollout, Stage
from modeltui.domain.text import safe_text
from modeltui.testing.worlds import rollout, version_id

V = version_id("2.3.1")
ALL = tuple(ActionKind)
BUT_ABORT = tuple(kind for kind in ActionKind if kind is not ActionKind.ABORT)


def told(stable: str = "2.3.1", candidate: str | None = "3.0.0", share: float = 0.05) -> Rollout:
    """Return the usual rollout, or one that moved."""
    return rollout(PLACE, stable, candidate, share, served=SERVED)


def premise(digest: str | None = None) -> Premise:
    """Return the premise of a plan that leads to 2.3.1."""
    return premise_of(canary().fleet, KEY, V, UNKNOWN if digest is None else safe_text(digest))


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(
    ("seen", "says"),
    [
        (told(candidate="3.1.0"), "candidate 3.0.0 is now 3.1.0"),
        (told(candidate=None), "candidate 3.0.0 is no longer being rolled out"),
        (told(stable="2.2.0"), "stable 2.3.1 is now 2.2.0"),
    ],
)
def test_another_rollout_voids_every_plan(kind: ActionKind, seen: Rollout, says: str) -> None:
    """When stable or candidate is another version, or the rollout is over, every plan is void and says why."""
    assert what_moved(premise(), kind, seen) == (says,)


def test_a_new_candidate_is_news() -> None:
    """A rollout that began meanwhile is named."""
    before = premise_of(canary(told=told(candidate=None)).fleet, KEY, V, UNKNOWN)
    assert what_moved(before, ActionKind.ROLLBACK, told()) == ("there was no candidate, and now it is 3.0.0",)


def test_a_step_of_the_rollout_does_not_stop_an_abort() -> None:
    """The canary went from 5 to 25 per cent: the abort still holds, everything else is void."""
    seen = told(share=0.25)
    assert what_moved(premise(), ActionKind.ABORT, seen) == ()
    for kind in BUT_ABORT:
        assert what_moved(premise(), kind, seen) == (
            "traffic was 95 % 2.3.1, 5 % 3.0.0 and is now 75 % 2.3.1, 25 % 3.0.0",
        )


@pytest.mark.parametrize("kind", ALL)
def test_what_does_not_matter_voids_nothing(kind: ActionKind) -> None:
    """Another revision, another stage name, other words of the controller, a shadow: the plan holds."""
    seen = replace(
        told(),
        revision=safe_text("9"),
        stage=Stage(safe_text("canary-5"), 0.05),
        says=safe_text("x"),
        shadow=version_id("4"),
    )
    assert what_moved(premise(), kind, seen) == ()


@pytest.mark.parametrize("kind", ALL)
def test_a_target_that_nobody_describes_any_more_voids_every_plan(kind: ActionKind) -> None:
    """When the controller no longer knows the target, nothing is written to it."""
    assert what_moved(premise(), kind, UNKNOWN) == (
        "nothing says any more who gets what; it was 95 % 2.3.1, 5 % 3.0.0",
    )


@pytest.mark.parametrize("kind", BUT_ABORT)
def test_other_bytes_void_a_plan(kind: ActionKind) -> None:
    """An artifact with another digest than the plan saw is another one; where nobody has a digest none is compared."""
    before = premise("sha256:" + "a" * 64)
    assert what_moved(before, kind, told(), safe_text("sha256:" + "b" * 64)) == (
        "the artifact sha256:aaaaaaaaaaaa is now sha256:bbbbbbbbbbbb",
    )
    assert what_moved(before, kind, told()) == ()
    assert what_moved(before, ActionKind.ABORT, told(), safe_text("sha256:b")) == ()


@pytest.mark.parametrize(
    ("good", "says"), [(None, "2.3.1 is no longer known to be good"), ("2.2.0", "last known good 2.3.1 is now 2.2.0")]
)
def test_another_known_good_version_voids_a_rollback_on_screen(good: str | None, says: str) -> None:
    """A version that went into breach is no longer the way back: the open dialog says so; an abort does not mind."""
    target = canary().fleet.targets[KEY]
    known = UNKNOWN if good is None else KnownGood(version_id(good), Instant(0.0), Instant(1.0), 900.0, False)
    moved = replace(target, known_good=known)
    assert what_moved(premise(), ActionKind.ROLLBACK, moved) == (says,)
    assert what_moved(premise(), ActionKind.ABORT, moved) == ()


def test_a_whole_fleet_is_compared_with_what_it_knows_of_the_version() -> None:
    """A screen compares with the live fleet, the artifact's digest as the registry gave it included."""
    fleet = canary().fleet
    read = replace(fleet, provenance={(KEY.model, V): origin()})
    assert digest_of(read, KEY, V) == "sha256:" + "ab" * 32
    before = premise("sha256:" + "cd" * 32)
    assert what_moved_in(before, ActionKind.ROLLBACK, fleet, KEY, V) == ()
    assert len(what_moved_in(before, ActionKind.ROLLBACK, read, KEY, V)) == 1
    gone = fleet.without_targets(frozenset({KEY}))
    assert len(what_moved_in(before, ActionKind.ROLLBACK, gone, KEY, V)) >= 1
