"""The policy file while a session is open."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from modeltui.adapters.system.own_threads import answered
from modeltui.config import access_in_force
from modeltui.config.access import LoadedAccess, load_access
from modeltui.config.access_in_force import AccessInForce
from modeltui.domain.acting.access import DEFAULT_ACCESS, permit
from modeltui.domain.acting.action import ActionKind
from modeltui.domain.acting.permission import Permission
from modeltui.domain.errors import ConfigError
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import Environment, Instant, ModelName, TargetKey
from modeltui.domain.text import SafeText

ALICE = Actor(SafeText("alice"), Assurance.OS_USER)
PLACE = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod")))
ALLOWS = "access: 1\nroles: {oncall: {principals: [alice]}}\nrules: [{name: oncall, may: [abort], roles: [oncall]}]\n"
FORBIDS = ALLOWS.replace("alice", "bob")


def said(rules: AccessInForce) -> Permission:
    """Return what alice hears who wants to abort."""
    return permit(
        rules.policy,
        ALICE,
        ActionKind.ABORT,
        PLACE,
        is_last_known_good=False,
        production=True,
        now=Instant(1_800_000_000.0),
    )


async def test_an_edited_policy_counts_at_once(tmp_path: Path) -> None:
    """A permission that is taken out of the file is gone when it is read again, and comes back with it."""
    file = tmp_path / "access.yaml"
    file.write_text(ALLOWS)
    file.chmod(0o644)
    rules = AccessInForce(file, answered)
    assert said(rules).is_allowed
    file.write_text(FORBIDS)
    await rules.read_anew()
    assert not said(rules).is_allowed
    file.write_text(ALLOWS)
    await rules.read_anew()
    assert said(rules).is_allowed


@pytest.mark.parametrize("harm", ["gone", "torn", "writable by everybody"])
async def test_a_policy_that_can_no_longer_be_trusted_allows_nothing(tmp_path: Path, harm: str) -> None:
    """A file that vanishes, breaks or is opened to everybody takes every permission with it, and says which file."""
    file = tmp_path / "access.yaml"
    file.write_text(ALLOWS)
    file.chmod(0o644)
    rules = AccessInForce(file, answered)
    if harm == "gone":
        file.unlink()
    elif harm == "torn":
        file.write_text(ALLOWS[:-20])
    else:
        file.chmod(0o666)
    await rules.read_anew()
    assert not said(rules).is_allowed
    assert not said(rules).break_glass
    assert "access.yaml" in said(rules).says


async def test_a_policy_that_hangs_allows_nothing_and_is_not_waited_for_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share of the policy is gone: nothing is allowed, one thread waits, and it counts again once it is back."""
    file = tmp_path / "access.yaml"
    file.write_text(ALLOWS)
    file.chmod(0o644)
    rules = AccessInForce(file, answered)
    go_on = threading.Event()
    asked = []

    def hung(path: Path) -> LoadedAccess:
        asked.append(path)
        assert go_on.wait(20.0)
        return load_access(path)

    monkeypatch.setattr(access_in_force, "load_access", hung)
    monkeypatch.setattr(access_in_force, "READ_SECONDS", 0.05)
    try:
        for _ in range(40):
            await rules.read_anew()
            assert not said(rules).is_allowed
        assert len(asked) == 1
    finally:
        go_on.set()
    monkeypatch.setattr(access_in_force, "READ_SECONDS", 5.0)
    for _ in range(2_000):
        await rules.read_anew()
        if said(rules).is_allowed:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("the policy never came back")


async def test_without_a_file_the_built_in_rules_stay() -> None:
    """Where no policy is named, there is nothing to read again."""
    rules = AccessInForce(None, answered)
    await rules.read_anew()
    assert rules.policy == DEFAULT_ACCESS


def test_a_policy_that_is_wrong_from_the_beginning_is_said(tmp_path: Path) -> None:
    """A session on a policy that is not there does not begin as if there were none."""
    with pytest.raises(ConfigError, match="is not there"):
        AccessInForce(tmp_path / "access.yaml", answered)
