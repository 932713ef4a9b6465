"""Acting without a screen: agreed to by hash, refused in words, ended with the documented exit code."""

from __future__ import annotations

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

import pytest
from tests.cli.scripted_acting import MakeCommands, ScriptedActing, commands, ended, fresh
from tests.present import plans

from modeltui.domain.acting.action import ActionKind, Check, CheckResult, Desired, GuardLevel, Plan, Refusal
from modeltui.domain.acting.approval import ApprovalRequest, Decision
from modeltui.domain.acting.outcome import Outcome, Phase
from modeltui.domain.acting.plan_document import plan_document, sealed, time_text
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.names import UNKNOWN, Missing, VersionId
from modeltui.domain.text import SafeText

__all__ = ["commands"]

TARGET = str(plans.TARGET)
WHY = ("--reason", "errors in hk since 3.0.0")


def _plan_in(acting: ScriptedActing) -> Plan:
    assert isinstance(acting.answer, Plan)
    return acting.answer


def _saved(acting: ScriptedActing, directory: Path) -> str:
    file = directory / "plan.json"
    file.write_text(json.dumps(plan_document(_plan_in(acting))), encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.VERIFIED, 0),
        (Outcome.PARTIAL, 1),
        (Outcome.FAILED, 1),
        (Outcome.REFUSED, 3),
        (Outcome.UNKNOWN, 4),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_each_outcome_has_its_exit_code(outcome: Outcome, code: int, as_json: bool, commands: MakeCommands) -> None:
    """rollback by hash: the outcome in one word, the exit code of that word, progress on standard error."""
    acting = ScriptedActing()
    plan = _plan_in(acting)
    acting.known, acting.then = [plan], ended(plan, outcome)
    got, out, err = commands(acting)(
        "rollback", TARGET, "--plan-hash", plan.hash, *WHY, *(["--json"] if as_json else [])
    )
    assert got == code, err
    assert "accepted: " in err
    if as_json:
        answer = json.loads(out)
        assert (answer["schema"], answer["outcome"], answer["plan"]) == (
            "modeltui.outcome/1",
            outcome.value,
            plan.hash,
        )
        assert answer["journal"] == {"seq": 42}
    else:
        assert outcome.value.upper() in out
    consent = acting.gone[0]
    assert (consent.plan_hash, consent.through, consent.guard) == (plan.hash, "plan-hash", plan.guard)
    assert consent.reason.text == WHY[1]


@contextmanager
def _stream(trouble: str) -> Iterator[TextIO | None]:
    """A stream that takes nothing: its disk is full, its reader has left, or it was closed from the start."""
    if trouble == "closed":
        yield None
        return
    descriptor = os.open("/dev/full", os.O_WRONLY)
    if trouble == "nobody reads":
        os.close(descriptor)
        reader, descriptor = os.pipe()
        os.close(reader)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        yield stream


@pytest.mark.parametrize("outcome", [Outcome.VERIFIED, Outcome.UNKNOWN])
@pytest.mark.parametrize("name", ["stdout", "stderr"])
@pytest.mark.parametrize("trouble", ["full", "nobody reads", "closed"])
def test_what_cannot_be_printed_changes_no_exit_code(
    outcome: Outcome, name: str, trouble: str, commands: MakeCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a reader that left makes no failure of an action that was done: a script would repeat it."""
    acting = ScriptedActing()
    plan = _plan_in(acting)
    acting.known, acting.then = [plan], ended(plan, outcome)
    make = commands(acting)
    with _stream(trouble) as stream, monkeypatch.context() as patch:
        patch.setattr(sys, name, stream)
        got, _, err = make("rollback", TARGET, "--plan-hash", plan.hash, *WHY, "--json")
    assert got == (0 if outcome is Outcome.VERIFIED else 4)
    assert len(acting.gone) == 1
    if name == "stdout":
        assert f"{outcome.value}, and that cannot be printed" in err
        assert f"journal list --target {TARGET} --plan {plan.hash[7:19]}" in err


def test_without_standard_input_nobody_can_be_asked(commands: MakeCommands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command whose standard input is closed prints the plan and its hash, and does nothing."""
    acting = ScriptedActing()
    monkeypatch.setattr(sys, "stdin", None)
    code, out, err = commands(acting)("abort", TARGET)
    assert code == 3
    assert "there is no terminal to ask on" in out + err
    assert acting.gone == []


@pytest.mark.parametrize("command", ["rollback", "abort"])
def test_without_a_terminal_the_plan_is_printed_and_nothing_is_done(command: str, commands: MakeCommands) -> None:
    """The first call in a script: the plan, its hash, the command that agrees to it, exit code 3, no runner."""
    acting = ScriptedActing(fresh(plans.abort() if command == "abort" else plans.rollback()))
    code, out, err = commands(acting)(command, TARGET)
    assert code == 3
    assert TARGET in out
    assert re.search(rf"modeltui --config \S+ {command} {TARGET}.* --plan-hash {_plan_in(acting).hash}", err)
    assert "no terminal" in err
    assert acting.runners == []


def test_the_printed_plan_is_the_one_that_is_carried_out(commands: MakeCommands) -> None:
    """abort --plan-hash: the very plan of the first call, from the journal, and no other is made."""
    acting = ScriptedActing(fresh(plans.abort()))
    acting.known = [fresh(plans.abort(), id="another"), _plan_in(acting)]
    code, _, err = commands(acting)("abort", TARGET, "--plan-hash", _plan_in(acting).hash)
    assert code == 0, err
    assert [runner.plan.hash for runner in acting.runners] == [_plan_in(acting).hash]
    assert acting.asked == []


def test_a_hash_that_nobody_knows_is_refused(commands: MakeCommands) -> None:
    """A hash that the journal does not have: refused, with what to do."""
    acting = ScriptedActing()
    code, out, err = commands(acting)("rollback", TARGET, "--plan-hash", "sha256:" + "0" * 64, *WHY)
    assert (code, out) == (3, "")
    assert "the journal has no plan sha256:000000" in err
    assert acting.runners == []


def test_a_hash_for_something_else_is_refused(commands: MakeCommands) -> None:
    """The hash of a rollback does not agree to an abort, nor to a rollback to another version."""
    acting = ScriptedActing()
    plan = _plan_in(acting)
    acting.known = [plan]
    for arguments in (("abort", TARGET), ("rollback", TARGET, "--to", "1.0.0", *WHY)):
        code, _, err = commands(acting)(*arguments, "--plan-hash", plan.hash)
        assert code == 3
        assert "is for something else" in err
    assert acting.runners == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rollback", TARGET, "--plan-hash", "sha256:1"), "needs --reason"),
        (("abort", TARGET, "--break-glass"), "--break-glass needs --incident"),
        (("abort", "fraud-detector"), "names no target: write MODEL@ENV"),
        (("plan", "weights", TARGET, "--weights", "3.0.0=0.5"), "add up to 0.5, not to 1"),
        (("plan", "weights", TARGET, "--weights", "3.0.0"), "is no share: write VERSION=0.05"),
        (("plan", "weights", TARGET, "--weights", "3.0.0=2"), "is no share between 0 and 1"),
        (("plan", "rollback", TARGET, "--shares", "50,25,100"), "rising percentages that end in 100"),
        (("plan", "rollback", TARGET, "--shares", "25,50"), "rising percentages that end in 100"),
        (("plan", "rollback", TARGET, "--shares", "100", "--every", "soon"), "write a duration such as 60s"),
        (("apply", "/nowhere/plan.json"), "cannot be read: No such file"),
        (("deny", "abcdef"), "Missing option '--reason'"),
        (("observe", "--every", "1s"), "not more often than"),
        (("journal", "list", "--since", "yesterday"), "write 2026-01-15"),
        (("journal", "list", "--plan", "abc"), "at least 6 characters"),
        (("journal", "as-of", "2h", "--zone", "Moon/Base"), "is no time zone"),
    ],
)
def test_mistakes_of_usage_are_exit_code_2(arguments: tuple[str, ...], says: str, commands: MakeCommands) -> None:
    """What is written wrongly is answered with how to write it; nothing is planned or started."""
    acting = ScriptedActing()
    code, out, err = commands(acting)(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert acting.asked == []
    assert acting.runners == []


@pytest.mark.parametrize("as_json", [False, True])
def test_a_refused_plan_says_why_and_what_to_do(as_json: bool, commands: MakeCommands) -> None:
    """No plan: reason and remedy, the checks that stand against it, exit code 3; as JSON the shape of a refusal."""
    refusal = Refusal(SafeText("2.1.0 is blocked"), SafeText("choose another version"), plans.FLAGS)
    for arguments in (("plan", "rollback", TARGET), ("rollback", TARGET), ("abort", TARGET)):
        code, out, err = commands(ScriptedActing(refusal))(*arguments, *(["--json"] if as_json else []))
        assert code == 3
        if as_json:
            answer = json.loads(out)
            assert (answer["schema"], answer["reason"]) == ("modeltui.refusal/1", "2.1.0 is blocked")
        else:
            assert "refused: 2.1.0 is blocked" in err
            assert "choose another version" in err
            assert "unknown artifact: the artifact store did not answer" in err


def test_what_stands_between_plan_and_go_starts_nothing(commands: MakeCommands) -> None:
    """A freeze, a flag that nobody acknowledged: refused before a runner exists."""
    acting = ScriptedActing()
    acting.known = [_plan_in(acting)]
    acting.refuses = Refusal(SafeText("not acknowledged: approved"), SafeText("acknowledge each flag"))
    code, _, err = commands(acting)("rollback", TARGET, "--plan-hash", _plan_in(acting).hash, *WHY)
    assert code == 3
    assert "not acknowledged: approved" in err
    assert acting.runners == []


def test_flags_and_incident_reach_the_consent(commands: MakeCommands) -> None:
    """--acknowledge, --why, --incident and --break-glass are what GO carries."""
    acting = ScriptedActing()
    acting.known = [_plan_in(acting)]
    more = ("--acknowledge", "approved", "--acknowledge", "artifact", "--why", "error", "--incident", "INC-7")
    code, _, err = commands(acting)(
        "rollback", TARGET, "--plan-hash", _plan_in(acting).hash, *WHY, *more, "--break-glass"
    )
    assert code == 0, err
    assert acting.asked[0].break_glass is False, "what is agreed to by hash is planned again as it was made"
    consent = acting.gone[0]
    assert consent.acknowledged == ("approved", "artifact")
    assert consent.break_glass
    assert (consent.reason.code.value, consent.reason.incident) == ("error", "INC-7")


def test_a_promotion_waits_for_a_second_person(commands: MakeCommands, tmp_path: Path) -> None:
    """apply of a plan that wants two: it is put where the other sees it, and the command says what they run."""
    promotion = plans.promotion()
    acting = ScriptedActing(fresh(promotion, steps=(replace(promotion.steps[0], desired=promotion.to),)))
    acting.refuses = Refusal(SafeText("nobody has approved it"), SafeText("ask a second person: modeltui approve"))
    plan = _plan_in(acting)
    code, _, err = commands(acting)("apply", _saved(acting, tmp_path), "--plan-hash", plan.hash, *WHY)
    assert code == 3
    assert f"a second person runs: modeltui --context {plan.context} approve {plan.hash[7:19]}" in err
    assert [asked.hash for asked in acting.approvals] == [plan.hash]
    assert acting.runners == []
    assert "incident" not in err
    loud = "modeltui rollback fraud@prod --break-glass --incident ID --reason TEXT"
    acting.refuses = Refusal(
        SafeText("nobody has approved it"),
        SafeText(f"ask a second person: modeltui approve; or, with an incident: {loud}"),
    )
    _, _, err = commands(acting)("apply", _saved(acting, tmp_path), "--plan-hash", plan.hash, *WHY)
    assert f"or, with an incident: {loud}" in err


def test_a_moved_world_is_refused_with_what_moved(commands: MakeCommands) -> None:
    """The runner sees another world than the plan: exit code 3, named, nothing sent."""
    acting = ScriptedActing()
    acting.known = [_plan_in(acting)]
    acting.first = (plans.said(Phase.MOVED, 1, "stable 2.3.1 is now 2.3.2"), None)
    code, out, err = commands(acting)("rollback", TARGET, "--plan-hash", _plan_in(acting).hash, *WHY)
    assert code == 3
    assert "stable 2.3.1 is now 2.3.2" in out + err
    assert acting.gone == []


def test_a_runner_that_falls_silent_after_go_is_unknown_not_failed(commands: MakeCommands) -> None:
    """No outcome after GO: exit code 4, and the command that looks; never 'failed'."""
    acting = ScriptedActing()
    acting.known, acting.then = [_plan_in(acting)], plans.UNDER_WAY[1:3]
    code, out, _ = commands(acting)("rollback", TARGET, "--plan-hash", _plan_in(acting).hash, *WHY)
    assert code == 4
    assert "OUTCOME UNKNOWN" in out
    assert re.search(r"modeltui --config \S+ journal list --target", out)
    assert "FAILED" not in out


@pytest.mark.parametrize("as_json", [False, True])
def test_an_actor_that_is_gone_before_go_is_a_refusal(as_json: bool, commands: MakeCommands) -> None:
    """What could not be told GO sent nothing: exit code 3 and its own words, not an outcome that nobody knows."""
    acting = ScriptedActing()
    acting.known = [_plan_in(acting)]
    acting.cannot = ModeltuiError("the actor process ended before GO", "Nothing was sent: make a new plan.")
    form = ("--json",) if as_json else ()
    code, out, err = commands(acting)("rollback", TARGET, "--plan-hash", _plan_in(acting).hash, *WHY, *form)
    assert code == 3
    assert "the actor process ended before GO" in out + err
    assert "UNKNOWN" not in out + err


def test_writes_that_are_off_are_switched_on_with_the_reason(commands: MakeCommands) -> None:
    """A context that starts with writes off: the command unlocks for itself, and says why in the journal."""
    acting = ScriptedActing(on=False)
    acting.known = [_plan_in(acting)]
    assert commands(acting)("rollback", TARGET, "--plan-hash", _plan_in(acting).hash, *WHY)[0] == 0
    assert acting.unlocks == [f"on the command line, for one rollback of {TARGET}: {WHY[1]}"]


def test_a_session_without_a_way_to_act_says_why(commands: MakeCommands) -> None:
    """No writer for this source: every acting command gives that reason, exit code 3."""
    refusal = Refusal(SafeText("prometheus cannot be written to"), SafeText("configure a registry"))
    for arguments in (("rollback", TARGET), ("abort", TARGET), ("plan", "promote", TARGET), ("approve",)):
        code, _, err = commands(refusal)(*arguments)
        assert code == 3
        assert "prometheus cannot be written to" in err


# plan --out and apply


def test_a_plan_file_is_private_and_whole(commands: MakeCommands, tmp_path: Path) -> None:
    """plan --out: the plan as JSON, readable by its owner alone, and the command that applies it."""
    acting = ScriptedActing()
    out_file = tmp_path / "p.json"
    code, out, err = commands(acting)("plan", "rollback", TARGET, "--to", "2.3.1", "--out", str(out_file))
    assert (code, out) == (0, "")
    assert stat.S_IMODE(out_file.stat().st_mode) == 0o600
    assert json.loads(out_file.read_text())["hash"] == _plan_in(acting).hash
    assert f"apply {out_file} --plan-hash {_plan_in(acting).hash}" in err
    assert [request.version for request in acting.asked] == ["2.3.1"]
    code, _, err = commands(acting)("plan", "abort", TARGET, "--out", "/proc/nowhere/p.json")
    assert code == 2
    assert "cannot be written" in err


@pytest.mark.parametrize(
    ("arguments", "kind", "more"),
    [
        (("abort",), ActionKind.ABORT, {}),
        (("promote",), ActionKind.PROMOTE, {"break_glass": False}),
        (("promote", "--break-glass"), ActionKind.PROMOTE, {"break_glass": True}),
        (
            ("weights", "--weights", "3.0.0=5%,2.3.1=95%"),
            ActionKind.WEIGHTS,
            {"weights": (("2.3.1", 0.95), ("3.0.0", 0.05))},
        ),
        (
            ("rollback", "--shares", "25,50,100", "--every", "2m"),
            ActionKind.ROLLBACK,
            {"shares": (0.25, 0.5, 1.0), "step_seconds": 120.0},
        ),
    ],
)
def test_what_is_asked_for_is_what_is_planned(
    arguments: tuple[str, ...], kind: ActionKind, more: dict[str, Any], commands: MakeCommands
) -> None:
    """Each kind of plan, with its shares, weights and steps; --json prints the plan's own document."""
    acting = ScriptedActing()
    code, out, _ = commands(acting)("plan", arguments[0], TARGET, *arguments[1:], "--json")
    assert code == 0
    assert json.loads(out)["schema"] == "modeltui.plan/1"
    request = acting.asked[0]
    assert (request.kind, str(request.target)) == (kind, TARGET)
    assert {name: getattr(request, name) for name in more} == more


def test_a_plan_is_applied_as_it_was_made(commands: MakeCommands, tmp_path: Path) -> None:
    """apply with the plan's hash: that plan is carried out; with another hash, or none, nothing is."""
    acting = ScriptedActing()
    file, plan = _saved(acting, tmp_path), _plan_in(acting)
    code, _, err = commands(acting)("apply", file, "--plan-hash", "sha256:" + "1" * 64, *WHY)
    assert code == 3
    assert "names another plan" in err
    code, out, err = commands(acting)("apply", file)
    assert code == 3
    assert f"apply {file} --reason TEXT --plan-hash {plan.hash}" in err
    assert plan.hash in out
    assert acting.runners == []
    code, _, err = commands(acting)("apply", file, "--plan-hash", plan.hash, *WHY)
    assert code == 0, err
    assert [runner.plan.hash for runner in acting.runners] == [plan.hash]


@pytest.mark.parametrize("change", ["hash", "version", "key", "half", "list", "deep"])
def test_a_plan_that_was_edited_is_no_plan(change: str, commands: MakeCommands, tmp_path: Path) -> None:
    """One letter changed in the file: refused as no plan, exit code 2, nothing started."""
    acting = ScriptedActing()
    plan = _plan_in(acting)
    document: Any = plan_document(plan)
    if change == "hash":
        document["hash"] = "sha256:" + "0" * 64
    elif change == "version":
        document["desired"]["stable"] = "9.9.9"
    elif change == "key":
        document["extra"] = 1
    text = {"half": json.dumps(document)[:500], "list": "[]", "deep": "[" * 100_000}.get(change, json.dumps(document))
    file = tmp_path / "p.json"
    file.write_text(text, encoding="utf-8")
    code, out, err = commands(acting)("apply", str(file), "--plan-hash", plan.hash, *WHY)
    assert (code, out) == (2, ""), err
    assert "plan" in err
    assert acting.asked == []
    assert acting.runners == []


@pytest.mark.parametrize(
    ("forged", "says"),
    [
        ({"to": Desired(((plans.CANDIDATE, 1.0),), plans.STABLE)}, "its steps are not those of a plan"),
        ({"guard": GuardLevel.LETTER}, "it asks for guard 2, and guard 4 is needed now"),
        ({"checks": plans.PASSED}, "approved does not pass any more"),
        ({"writes_to": SafeText("http://old:5000, alias live")}, "it writes to http://old:5000, alias live, and the"),
    ],
)
def test_a_plan_that_was_hashed_again_is_no_plan_of_ours(
    forged: dict[str, Any], says: str, commands: MakeCommands, tmp_path: Path
) -> None:
    """A file whose hash was made to fit: other traffic, a lighter guard or nicer checks than a plan made now."""
    honest = fresh(plans.rollback(), guard=GuardLevel.IDENTITY, checks=plans.FLAGS)
    if "to" in forged:
        forged = {**forged, "steps": (replace(honest.steps[0], desired=forged["to"]),)}
    acting = ScriptedActing(sealed(replace(honest, **forged)))
    file, plan = _saved(acting, tmp_path), _plan_in(acting)
    acting.answer = honest
    code, _, err = commands(acting)("apply", file, "--plan-hash", plan.hash, *WHY)
    assert code == 3
    assert says in err
    assert acting.runners == []


def test_an_expired_plan_says_what_changed_since(commands: MakeCommands, tmp_path: Path) -> None:
    """Too old: exit code 3 with when, and with how the world differs from the plan's."""
    old = sealed(plans.rollback())  # made in January
    now = fresh(plans.rollback(candidate=VersionId(SafeText("3.1.0"))))
    acting = ScriptedActing(old)
    file = _saved(acting, tmp_path)
    acting.answer = now
    code, _, err = commands(acting)("apply", file, "--plan-hash", old.hash, *WHY)
    assert code == 3
    assert "the plan expired at" in err
    assert "candidate was 3.0.0 and is now 3.1.0" in err
    assert acting.runners == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stable": VersionId(SafeText("2.3.2"))}, "stable was 2.3.1 and is now 2.3.2"),
        ({"weights": ((plans.STABLE, 0.75), (plans.CANDIDATE, 0.25))}, "traffic was 2.3.1 95%, 3.0.0 5.0% and is now"),
        ({"candidate": UNKNOWN}, "candidate was 3.0.0 and is now none"),
    ],
)
def test_a_moved_plan_is_refused_with_the_difference(
    changes: dict[str, Any], says: str, commands: MakeCommands, tmp_path: Path
) -> None:
    """Another stable version, other shares, another candidate: exit code 3 and what differs, before any runner."""
    acting = ScriptedActing()
    plan = _plan_in(acting)
    file = _saved(acting, tmp_path)
    assert not isinstance(plan.premise.desired, Missing)
    moved = replace(plan.premise, desired=replace(plan.premise.desired, **changes))
    acting.answer = fresh(plan, premise=moved)
    code, _, err = commands(acting)("apply", file, "--plan-hash", plan.hash, *WHY)
    assert code == 3
    assert says in err
    assert acting.runners == []


def test_a_plan_agreed_to_by_hash_is_the_one_that_would_be_made_now(commands: MakeCommands) -> None:
    """A check that passed when the hash was printed fails now: nothing is carried out, and I read which."""
    acting = ScriptedActing()
    plan = _plan_in(acting)
    acting.known = [plan]
    blocked = Check(SafeText("blocked"), CheckResult.FAIL, SafeText("a tag blocks 2.3.1 since 02:03"))
    acting.answer = fresh(plan, checks=(*plan.checks, blocked))
    code, _, err = commands(acting)("rollback", TARGET, "--plan-hash", plan.hash, *WHY)
    assert code == 3
    assert "blocked does not pass any more: a tag blocks 2.3.1 since 02:03" in err
    acting.answer = Refusal(SafeText("a tag blocks 2.3.1"), SafeText("choose another version"))
    code, _, err = commands(acting)("rollback", TARGET, "--plan-hash", plan.hash, *WHY)
    assert code == 3
    assert "refused: a tag blocks 2.3.1" in err
    assert acting.runners == []


def test_an_abort_agreed_to_by_hash_is_not_held_up_by_planning_again(commands: MakeCommands) -> None:
    """The safe direction goes on at once: only the actor process looks again."""
    acting = ScriptedActing(fresh(plans.abort()))
    plan = _plan_in(acting)
    acting.known = [plan]
    code, _, err = commands(acting)("abort", TARGET, "--plan-hash", plan.hash)
    assert code == 0, err
    assert acting.asked == []


def test_an_abort_survives_another_step_of_the_same_rollout(commands: MakeCommands, tmp_path: Path) -> None:
    """The canary went from 5 % to 25 % since the plan was made: the abort is carried out all the same."""
    acting = ScriptedActing(fresh(plans.abort()))
    plan = _plan_in(acting)
    file = _saved(acting, tmp_path)
    assert not isinstance(plan.premise.desired, Missing)
    further = replace(plan.premise.desired, weights=((plans.STABLE, 0.75), (plans.CANDIDATE, 0.25)))
    acting.answer = fresh(plan, premise=replace(plan.premise, desired=further))
    code, _, err = commands(acting)("apply", file, "--plan-hash", plan.hash)
    assert code == 0, err


def test_a_plan_of_another_context_is_refused(commands: MakeCommands, tmp_path: Path) -> None:
    """A plan for staging is not applied to production."""
    acting = ScriptedActing(fresh(plans.rollback(), context=SafeText("staging")))
    code, _, err = commands(acting)("apply", _saved(acting, tmp_path), "--plan-hash", _plan_in(acting).hash, *WHY)
    assert code == 3
    assert "made in context staging" in err


# approve and deny


def test_approving_without_a_terminal_takes_the_whole_hash(commands: MakeCommands) -> None:
    """A script gives all of the hash; a beginning is shown and not taken for a yes."""
    plan = fresh(plans.promotion())
    acting = ScriptedActing(plan)
    acting.review = (plan, ())
    code, _, err = commands(acting)("approve", plan.hash[7:19])
    assert code == 3
    assert f"modeltui --context {plan.context} approve {plan.hash}" in err
    assert "nothing has moved since" in err
    assert acting.decided == []
    code, out, _ = commands(acting)("approve", plan.hash, "--reason", "gates are green", "--json")
    assert code == 0
    assert acting.decided == [(plan.hash, Decision.GRANT, "gates are green")]
    assert json.loads(out)["decision"] == "grant"


def test_a_plan_that_moved_is_not_approved(commands: MakeCommands) -> None:
    """What moved since it was asked for is shown, and there is nothing to approve any more."""
    plan = fresh(plans.promotion())
    acting = ScriptedActing(plan)
    acting.review = (plan, (SafeText("candidate 3.0.0 is now 3.1.0"),))
    code, _, err = commands(acting)("approve", plan.hash)
    assert code == 3
    assert "candidate 3.0.0 is now 3.1.0" in err
    assert acting.decided == []


def test_denying_needs_a_reason_and_no_ceremony(commands: MakeCommands) -> None:
    """deny: one command, with the reason that the other will read."""
    acting = ScriptedActing(fresh(plans.promotion()))
    code, out, _ = commands(acting)("deny", "abcdef123456", "--reason", "drift is not judged yet")
    assert code == 0
    assert out.startswith("denied: sha256:")
    assert acting.decided == [("abcdef123456", Decision.DENY, "drift is not judged yet")]


def test_what_waits_is_listed(commands: MakeCommands) -> None:
    """approve without a name lists what waits for a second person; nothing waiting is said, not shown as nothing."""
    code, out, err = commands(ScriptedActing())("approve")
    assert (code, out) == (0, "")
    assert "nothing waits for a second person" in err


def test_what_waits_is_listed_for_scripts(commands: MakeCommands, monkeypatch: pytest.MonkeyPatch) -> None:
    """approve --json without a name is one object, also where nothing waits."""
    code, out, _ = commands(ScriptedActing())("approve", "--json")
    assert (code, json.loads(out)) == (0, {"schema": "modeltui.approvals/1", "waiting": []})
    acting, plan = ScriptedActing(), fresh(plans.promotion())
    request = ApprovalRequest(plan, plan.made_at, plan.expires_at, SafeText("it is better"))

    async def pending() -> tuple[ApprovalRequest, ...]:
        return (request,)

    monkeypatch.setattr(acting, "pending", pending)
    (waiting,) = json.loads(commands(acting)("approve", "--json")[1])["waiting"]
    assert (waiting["plan"], waiting["action"]) == (plan.hash, "promote")
    assert (waiting["by"], waiting["reason"]) == (str(plan.actor), "it is better")
    assert waiting["expires_at"] == time_text(plan.expires_at)


# Read-only


@pytest.mark.parametrize(
    "arguments",
    [
        ("rollback", TARGET),
        ("abort", TARGET),
        ("plan", "rollback", TARGET),
        ("plan", "promote", TARGET),
        ("approve", "abcdef"),
        ("deny", "abcdef", "--reason", "no"),
    ],
)
@pytest.mark.parametrize("how", ["option", "mode"])
def test_a_read_only_session_refuses_every_acting_command(
    arguments: tuple[str, ...], how: str, commands: MakeCommands
) -> None:
    """--read-only, or the context's mode: exit code 3 with the reason, and no way to act is ever opened."""
    acting = ScriptedActing()
    made = commands(acting, mode="read-only" if how == "mode" else "writes-on")
    code, out, err = made(*(["--read-only"] if how == "option" else []), *arguments)
    assert (code, out) == (3, "")
    assert "nothing in this process can write" in err
    assert acting.asked == []
    code, out, _ = made(*(["--read-only"] if how == "option" else []), "rollback", TARGET, "--json")
    assert code == 3
    assert json.loads(out)["schema"] == "modeltui.refusal/1"
