"""What words for versions mean when a model serves in several places."""

from __future__ import annotations

import pytest

from modeltui.cli.naming import target_named, version_named
from modeltui.cli.session import UnansweredError, WrongNameError
from modeltui.domain.names import ModelName
from modeltui.domain.text import SafeText
from modeltui.testing.worlds import World, model, rollout

FRAUD = ModelName(SafeText("fraud"))


def world(*places: tuple[str, str]) -> World:
    """Return a world in which each place serves one version."""
    made = World()
    made.registered(model("fraud", "3", champion="2", serving="1"))
    made.told(*(rollout(place, version) for place, version in places))
    return made


def test_places_that_agree_need_no_name() -> None:
    """Where one version is stable everywhere, stable means that one."""
    meant = version_named(world(("fraud@prod-hk", "2"), ("fraud@staging", "2")).fleet, FRAUD, "stable")
    assert (meant.version, meant.because) == ("2", "stable is 2 on prod-hk, staging")


def test_where_people_are_served_comes_first() -> None:
    """Staging may have another version: production is meant, and the answer says what is elsewhere."""
    meant = version_named(world(("fraud@prod-hk", "2"), ("fraud@staging", "3")).fleet, FRAUD, "stable")
    assert (meant.version, meant.because) == ("2", "stable is 2 on prod-hk; elsewhere 3 on staging")


def test_two_versions_in_production_are_not_guessed_at() -> None:
    """Where production itself disagrees the operator is asked whose version is meant; --env says it."""
    fleet = world(("fraud@prod-hk", "2"), ("fraud@prod-cn", "3")).fleet
    with pytest.raises(WrongNameError) as wrong:
        version_named(fleet, FRAUD, "stable")
    assert "3 on prod-cn; 2 on prod-hk" in wrong.value.title
    assert wrong.value.exit_code == 2
    target = target_named(fleet, FRAUD, None, "prod-cn")
    assert version_named(fleet, FRAUD, "stable", target).version == "3"


def test_what_a_registry_names_comes_before_words() -> None:
    """A pointer that is called `serving` is the registry's; a version that is called so is itself."""
    meant = version_named(world(("fraud@prod-hk", "2")).fleet, FRAUD, "serving")
    assert (meant.version, meant.because) == ("1", "serving is 1: the registry's pointer")
    odd = version_named(world(("fraud@prod-hk", "stable")).fleet, FRAUD, "stable")
    assert (odd.version, odd.because) == ("stable", "")


def test_what_nobody_knows_is_no_mistake() -> None:
    """A candidate where none is rolled out could not be named by anybody: not the operator's fault."""
    with pytest.raises(UnansweredError) as unanswered:
        version_named(world(("fraud@prod-hk", "2")).fleet, FRAUD, "candidate")
    assert unanswered.value.exit_code == 1


def test_a_version_may_exist_where_a_registry_is_silent() -> None:
    """A version that is not known while a registry did not answer is not called wrong."""
    fleet = world(("fraud@prod-hk", "2")).fleet
    with pytest.raises(UnansweredError):
        version_named(fleet, FRAUD, "7", is_whole=False)
    with pytest.raises(WrongNameError):
        version_named(fleet, FRAUD, "7")
