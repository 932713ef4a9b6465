"""Plans and refusals as the operator meets them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.domain.situations import (
    ALLOWED,
    BOB,
    KEY,
    PLACE,
    POINTING,
    SERVED,
    asks,
    canary,
    champion,
    fact,
    listed,
    origin,
    planned,
    promise,
    refused,
    situation,
    weights,
)

from modeltui.domain.acting.action import ActionKind, Check, CheckResult, GuardLevel, Plan, Reason, Refusal
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.planning import plan, plan_abort, plan_promote, plan_rollback, plan_set_weights
from modeltui.domain.acting.wording import command_text
from modeltui.domain.identity import Assurance
from modeltui.domain.journal.view import JournalView
from modeltui.domain.names import UNKNOWN, Instant, ModelName
from modeltui.domain.rollout import Job
from modeltui.domain.text import safe_text
from modeltui.domain.version import Model, Pointer
from modeltui.testing.worlds import START, World, rollout, seen, source_name, target_key, version_id

ABORT = asks(ActionKind.ABORT)
ROLLBACK = asks(ActionKind.ROLLBACK)
PROMOTE = asks(ActionKind.PROMOTE)


def check(found: Plan | Refusal, name: str) -> Check:
    """Return one check of a plan or a refusal."""
    return next(one for one in found.checks if one.name == name)


def leased(until: float = 100.0) -> Lease:
    """Return a lease of somebody else."""
    plan_id = planned(plan(situation(canary()), ABORT)).id
    return Lease(KEY, BOB, plan_id, ActionKind.PROMOTE, 3, START, Instant(START + until), safe_text("verifying"))


def test_an_abort_sends_everything_to_stable() -> None:
    """Aborting a canary is one step: all traffic to the stable version, no candidate, one letter to confirm."""
    found = planned(plan_abort(situation(canary()), ABORT))
    assert found.to.weights == ((version_id("2.3.1"), 1.0),)
    assert found.to.candidate is UNKNOWN
    assert len(found.steps) == 1
    assert found.guard is GuardLevel.LETTER
    assert found.leaving == weights(v2_3_1=0.95, v3_0_0=0.05)
    assert found.inverse == found.premise.desired


def test_an_abort_counts_whom_it_touches() -> None:
    """The plan says which share of the requests changes version, how many there are a second, and who is harmed."""
    world = canary()
    harmed = {"error_rate": {"region=hk": (90.0, 100.0)}}
    for _ in range(20):
        world.passes()
        world.sees(
            seen(PLACE, "2.3.1", world.now, error_rate=(90.0, 9_500.0), throughput=95.0),
            seen(PLACE, "3.0.0", world.now, harmed, error_rate=(100.0, 500.0), throughput=5.0),
        )
    found = planned(plan_abort(situation(world), ABORT))
    assert found.blast.share == 0.05
    assert found.blast.requests_per_second == 100.0
    assert found.blast.segments == ("region=hk (error_rate)",)
    assert "3.0.0, in breach: error_rate" in found.because


def test_nothing_to_abort_offers_the_way_back() -> None:
    """Where nothing is being rolled out, an abort is refused with the rollback that would leave what serves."""
    found = refused(plan_abort(situation(champion()), ABORT))
    assert found.reason == "nothing is being rolled out on fraud@prod: 3.0.0 has all the traffic"
    assert found.remedy == "to go back to 2.3.1, the last known good version: modeltui plan rollback fraud@prod"


def test_a_shadow_is_not_aborted() -> None:
    """A version that only gets copies answers nobody: there is nothing to abort, and the refusal says so."""
    world = World()
    world.told(rollout(PLACE, "2.3.1", shadow="3.0.0"))
    assert "3.0.0 is a shadow and answers nobody" in refused(plan_abort(situation(world), ABORT)).reason


def test_an_abort_is_never_refused_for_what_a_check_finds() -> None:
    """Old figures, a busy colleague and a freeze do not hold up an abort; they stand on the plan."""
    world = canary()
    world.ticks(3_600.0)
    permission = replace(ALLOWED, second_person=True)
    found = planned(plan_abort(situation(world, permission=permission, lease=leased(9_999.0)), ABORT))
    assert found.guard is GuardLevel.LETTER
    assert {one.name for one in found.flags} >= {"fresh", "busy"}
    assert "an abort ends that" in check(found, "busy").says


def test_a_bad_stable_version_is_told_when_aborting() -> None:
    """Who aborts towards a version that is itself in breach reads it on the plan."""
    world = canary()
    for _ in range(20):
        world.passes()
        world.sees(seen(PLACE, "2.3.1", world.now, error_rate=(900.0, 1_000.0), throughput=95.0))
    assert check(planned(plan_abort(situation(world), ABORT)), "stable").result is CheckResult.FAIL


def test_a_rollback_goes_to_the_last_known_good() -> None:
    """Without a version named, the way back is the last known good one, with its evidence and its name to type."""
    found = planned(plan_rollback(situation(champion()), ROLLBACK))
    assert found.version == "2.3.1"
    assert found.guard is GuardLevel.VERSION
    assert found.because.startswith("2.3.1 served here until 2026-01-01 11:50 UTC with its gates passed")
    assert found.premise.known_good == "2.3.1"
    assert found.premise.digest == "sha256:" + "ab" * 32
    assert [one.name for one in found.flags] == ["environment", "reconciler"]


def test_naming_the_last_known_good_is_no_heavier() -> None:
    """The last known good version is guarded alike whether it was named or not."""
    assert planned(plan_rollback(situation(champion()), asks(ActionKind.ROLLBACK, "2.3.1"))).guard is GuardLevel.VERSION


def test_another_version_takes_the_heavier_guard() -> None:
    """A version that was chosen, known good or not, needs the whole identity typed."""
    found = planned(plan_rollback(situation(champion()), asks(ActionKind.ROLLBACK, "2.2.0")))
    assert found.guard is GuardLevel.IDENTITY
    assert found.because.startswith("chosen, the last known good is 2.3.1; 2.2.0 served here until")


def test_a_version_without_evidence_needs_two() -> None:
    """A version that nothing here speaks for needs a second person."""
    known = situation(champion(), versions=listed("2.1.0"), provenance={version_id("2.1.0"): origin()})
    found = planned(plan_rollback(known, asks(ActionKind.ROLLBACK, "2.1.0")))
    assert found.guard is GuardLevel.SECOND_PERSON
    assert check(found, "known-good").says == "nothing seen here shows that 2.1.0 served well"


@pytest.mark.parametrize(
    "changed",
    [
        {"approvals": origin(approved="").approvals, "signature": origin(signature="(other) -> score").signature},
        {"signature": origin(signature="(other) -> score").signature},
    ],
)
def test_a_hard_flag_needs_two(changed: dict[str, object]) -> None:
    """Another schema than what serves makes a chosen version a matter for two people."""
    told = {version_id("2.2.0"): replace(origin(), **changed), version_id("3.0.0"): origin()}  # type: ignore[arg-type]
    found = planned(plan_rollback(situation(champion(), provenance=told), asks(ActionKind.ROLLBACK, "2.2.0")))
    assert found.guard is GuardLevel.SECOND_PERSON


def test_a_rule_may_want_two_for_any_way_back() -> None:
    """Where a rule wants a second person, even the last known good version waits for one."""
    asked = situation(champion(), permission=replace(ALLOWED, second_person=True))
    assert planned(plan_rollback(asked, ROLLBACK)).guard is GuardLevel.SECOND_PERSON


def test_an_artifact_that_is_gone_names_the_next_version() -> None:
    """When the bytes of the last known good version are gone, the refusal names the next known good one."""
    told = {version_id("2.3.1"): origin(reachable=False)}
    found = refused(plan_rollback(situation(champion(), provenance=told), ROLLBACK))
    assert found.reason == "the artifact of 2.3.1 is not where the registry says: s3://models/1"
    assert found.remedy.startswith("the next known good is 2.2.0, which served here until 2025-12-31 22:06 UTC")
    assert found.remedy.endswith("modeltui plan rollback fraud@prod --to 2.2.0")
    assert check(found, "artifact").result is CheckResult.FAIL


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        (listed("3.0.0"), "the registry has no version 2.3.1"),
        (listed("2.3.1", state="PENDING_APPROVAL"), "the registry says PENDING_APPROVAL of 2.3.1"),
        (listed("2.3.1", state="Deleted"), "2.3.1 is Deleted: the registry no longer keeps it"),
        (listed("2.3.1", blocked="leaks card numbers"), "2.3.1 is marked blocked: leaks card numbers"),
    ],
)
def test_a_version_that_must_not_serve_is_refused(versions: object, reason: str) -> None:
    """What the registry does not have, has not approved, has deleted or marks as blocked is not gone back to."""
    assert refused(plan_rollback(situation(champion(), versions=versions), ROLLBACK)).reason == reason


def test_two_versions_that_claim_to_be_stable_leave_no_default() -> None:
    """Where two pointers name two stable versions, nobody is led back automatically."""
    world = champion(POINTING)
    pointers = (
        Pointer(safe_text("champion"), version_id("3.0.0")),
        Pointer(safe_text("production"), version_id("2.3.1")),
    )
    world.registered(Model(ModelName(safe_text("fraud")), pointers=pointers, source=source_name("registry")))
    found = refused(plan_rollback(situation(world), ROLLBACK))
    assert found.reason == "2 versions claim to be stable here: champion is 3.0.0, production is 2.3.1" or (
        found.reason == "2 versions claim to be stable here: production is 2.3.1, champion is 3.0.0"
    )


def test_already_there_is_said_with_the_next_way() -> None:
    """A rollback to what has all the traffic is refused, and names what it could go back to."""
    world = World()
    world.told(rollout(PLACE, "2.3.1", served=SERVED))
    world.sees(seen(PLACE, "2.3.1", error_rate=(9, 900), throughput=9.0))
    found = refused(plan_rollback(situation(world), ROLLBACK))
    assert found.reason == "already so: 2.3.1 is stable on fraud@prod and has all the traffic"
    assert "--to 2.2.0" in found.remedy


def test_no_known_good_version_asks_for_a_choice() -> None:
    """Where no version is known to have served well, the operator is told how to choose one."""
    world = World()
    world.told(rollout(PLACE, "3.0.0"))
    found = refused(plan_rollback(situation(world), ROLLBACK))
    assert found.reason == "no version is known to have served well on fraud@prod"
    assert "--to VERSION" in found.remedy


def test_a_version_that_was_taken_back_here_is_no_light_choice() -> None:
    """A version that a verified rollback left lately needs a second person, with the time of that rollback."""
    from modeltui.domain.journal.record import Entry, Record, RecordKind

    def told(seq: int, kind: RecordKind, details: dict[str, object]) -> Record:
        made = planned(plan(situation(canary()), ABORT))
        entry = Entry(kind, Instant(START - 60 + seq), BOB, safe_text("test"), KEY, made.id, made.hash, details=details)  # type: ignore[arg-type]
        return Record(entry, seq, safe_text("0"), safe_text("1"))

    records = (
        told(1, RecordKind.ACTION_INTENT, {"kind": "rollback", "from": [["2.2.0", "1"]], "to": [["2.3.1", "1"]]}),
        told(2, RecordKind.ACTION_OUTCOME, {"outcome": "verified"}),
    )
    found = planned(
        plan_rollback(situation(champion(), journal=JournalView(records)), asks(ActionKind.ROLLBACK, "2.2.0"))
    )
    assert check(found, "known-good").says == "2.2.0 was taken back here on 2026-01-01 11:59 UTC"
    assert found.guard is GuardLevel.SECOND_PERSON
    default = planned(plan_rollback(situation(champion(), journal=JournalView(records)), ROLLBACK))
    assert default.version == "2.3.1"


def test_a_progressive_way_back_has_its_steps_and_pauses() -> None:
    """A slow reversion gives the old version rising shares with a pause between them, and all of it at the end."""
    request = replace(ROLLBACK, shares=(0.25, 0.5), step_seconds=120.0)
    found = planned(plan_rollback(situation(champion()), request))
    assert [step.desired.weights for step in found.steps] == [
        weights(v3_0_0=0.75, v2_3_1=0.25),
        weights(v2_3_1=0.5, v3_0_0=0.5),
        weights(v2_3_1=1.0),
    ]
    assert [step.after_seconds for step in found.steps] == [0.0, 120.0, 120.0]
    assert found.steps[0].desired.stable == "3.0.0"
    assert found.steps[-1].desired == found.to
    assert found.expected.accepted_seconds == 250.0


@pytest.mark.parametrize("shares", [(0.5, 0.25), (0.0, 1.0), (1.5,), (float("nan"),), (0.5, 0.5), (0.2,) * 30])
def test_shares_that_do_not_rise_are_refused(shares: tuple[float, ...]) -> None:
    """Shares of a slow reversion rise to the whole; anything else is a slip of the hand."""
    assert (
        "shares rise from more than 0 %"
        in refused(plan_rollback(situation(champion()), replace(ROLLBACK, shares=shares))).reason
    )


@pytest.mark.parametrize("pause", [-1.0, float("nan"), float("inf"), 1e9])
def test_a_pause_that_nobody_can_keep_is_refused(pause: float) -> None:
    """A pause between two steps is some seconds, up to a day."""
    request = replace(ROLLBACK, shares=(0.5,), step_seconds=pause)
    assert "pause" in refused(plan_rollback(situation(champion()), request)).reason


def test_pointers_alone_move_the_good_version_first() -> None:
    """Where a registry's pointers say who serves, the stable pointer moves before the candidate's is put away."""
    pointed = World(POINTING)
    pointers = (
        Pointer(safe_text("champion"), version_id("2.3.1")),
        Pointer(safe_text("challenger"), version_id("3.0.0")),
    )
    pointed.registered(Model(ModelName(safe_text("fraud")), pointers=pointers, source=source_name("registry")))
    pointed.sees(*(seen(PLACE, one, error_rate=(9, 900), throughput=9.0) for one in ("2.3.1", "3.0.0")))
    asked = situation(pointed, promise=promise(splits=False))
    found = planned(plan_rollback(asked, asks(ActionKind.ROLLBACK, "2.2.0")))
    assert [(step.desired.stable, step.desired.candidate) for step in found.steps] == [
        ("2.2.0", "3.0.0"),
        ("2.2.0", UNKNOWN),
    ]
    aborted = planned(plan_abort(asked, ABORT))
    assert [(step.desired.stable, step.desired.candidate) for step in aborted.steps] == [("2.3.1", UNKNOWN)]
    promoted = planned(plan_promote(asked, PROMOTE))
    assert [(step.desired.stable, step.desired.candidate) for step in promoted.steps] == [("3.0.0", UNKNOWN)]
    assert "cannot split" in refused(plan_set_weights(asked, asks(ActionKind.WEIGHTS))).reason
    assert (
        "cannot be split"
        in refused(plan_rollback(asked, replace(ROLLBACK, version=version_id("2.2.0"), shares=(0.5,)))).reason
    )


def test_a_promotion_needs_two() -> None:
    """Promoting a candidate that is well is a plan for two people."""
    found = planned(plan_promote(situation(canary()), PROMOTE))
    assert found.guard is GuardLevel.SECOND_PERSON
    assert found.to.stable == "3.0.0"


def test_a_candidate_in_breach_is_not_promoted() -> None:
    """A candidate that is in breach, or whose figures are old, is not promoted; the abort is named."""
    world = canary()
    for _ in range(20):
        world.passes()
        world.sees(
            seen(PLACE, "2.3.1", world.now, error_rate=(90.0, 9_500.0), throughput=95.0),
            seen(PLACE, "3.0.0", world.now, error_rate=(400.0, 500.0), throughput=5.0),
        )
    world.told(rollout(PLACE, "2.3.1", "3.0.0", 0.05, served=SERVED))
    found = refused(plan_promote(situation(world), PROMOTE))
    assert found.reason == "3.0.0 is in breach: error_rate"
    assert found.remedy.startswith("abort instead")
    world.ticks(3_600.0)
    assert "too old to go by" in refused(plan_promote(situation(world), PROMOTE)).reason


@pytest.mark.parametrize(
    ("share", "guard"),
    [(0.01, GuardLevel.VERSION), (0.2, GuardLevel.IDENTITY), (0.5, GuardLevel.SECOND_PERSON)],
)
def test_shares_are_guarded_by_their_direction(share: float, guard: GuardLevel) -> None:
    """Less for the candidate is lighter than more, and most of the traffic is a promotion in all but name."""
    request = asks(ActionKind.WEIGHTS, weights=weights(v2_3_1=1.0 - share, v3_0_0=share))
    assert planned(plan_set_weights(situation(canary()), request)).guard is guard


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ({"v2_3_1": 0.5, "v2_2_0": 0.5}, "2.2.0 is neither stable nor candidate here"),
        ({"v2_3_1": 0.5, "v3_0_0": 0.4}, "shares are from 0 to 1 and add up to 1"),
        ({"v2_3_1": 1.5, "v3_0_0": -0.5}, "shares are from 0 to 1 and add up to 1"),
        ({"v3_0_0": 1.0}, "all traffic on 3.0.0 is a promotion"),
        ({"v2_3_1": 0.95, "v3_0_0": 0.05}, "already so: 95 % 2.3.1, 5 % 3.0.0 on fraud@prod"),
        ({}, "no shares were asked for"),
    ],
)
def test_shares_that_cannot_be_are_refused(shares: dict[str, float], reason: str) -> None:
    """Shares go to the stable version and the candidate, add up to one, and change something."""
    found = refused(plan_set_weights(situation(canary()), asks(ActionKind.WEIGHTS, weights=weights(**shares))))
    assert found.reason == reason


def test_the_rules_have_the_first_word() -> None:
    """Who may not is told by which rule, and that others can."""
    no = Permission(False, safe_text("fraud-team: only fraud-oncall may"))
    found = refused(plan(situation(champion(), permission=no), ROLLBACK))
    assert found.reason == "ann may not roll back fraud@prod: fraud-team: only fraud-oncall may"
    unsure = replace(ALLOWED, assurance=Assurance.SSH_KEY)
    assert "ssh agent" in refused(plan(situation(champion(), permission=unsure), ROLLBACK)).remedy


def test_a_freeze_can_be_overruled_only_loudly() -> None:
    """In a freeze there is no plan, or, where glass is broken, one that carries the freeze as a failed check."""
    frozen = Permission(False, safe_text("year-end freeze"), frozen=safe_text("year-end freeze until 2 January"))
    loud = replace(asks(ActionKind.ROLLBACK, "2.2.0"), break_glass=True)
    found = refused(plan(situation(champion(), permission=frozen), loud))
    assert "year-end freeze" in found.reason
    assert found.remedy == "wait until it ends, or ask the platform team that keeps the rules"
    made = planned(plan(situation(champion(), permission=replace(frozen, break_glass=True)), loud))
    assert check(made, "freeze").result is CheckResult.FAIL
    assert made.guard >= GuardLevel.IDENTITY


def test_a_plan_that_gives_more_traffic_names_who_made_the_version() -> None:
    """A promotion and a larger share say who cannot be the second person; a way back waits for whoever is awake."""
    made = tuple(replace(one, created_by=safe_text("rita")) for one in listed("3.0.0", "2.3.1", "2.2.0"))
    told = {version_id("3.0.0"): origin(registered=fact(safe_text("olga")))}
    world = situation(canary(), versions=made, provenance=told)
    assert planned(plan(world, asks(ActionKind.PROMOTE))).authors == ("olga", "rita")
    assert planned(plan(world, asks(ActionKind.WEIGHTS, weights=weights(v2_3_1=0.4, v3_0_0=0.6)))).authors == (
        "olga",
        "rita",
    )
    assert planned(plan(world, asks(ActionKind.WEIGHTS, weights=weights(v2_3_1=0.99, v3_0_0=0.01)))).authors == ()
    assert planned(plan(world, asks(ActionKind.ABORT))).authors == ()


def test_in_a_freeze_nobody_types_for_nothing() -> None:
    """Who may break the glass and has not said so gets no plan, and the very command that does it."""
    frozen = Permission(False, safe_text("freeze"), frozen=safe_text("freeze until 2 January"), break_glass=True)
    found = refused(plan(situation(champion(), permission=frozen), asks(ActionKind.ROLLBACK, "2.2.0")))
    command = "modeltui rollback fraud@prod --to 2.2.0 --break-glass --incident ID --reason TEXT"
    assert found.remedy == f"wait until it ends; or, with an incident, on the command line: {command}"
    promoting = refused(plan(situation(canary(), permission=frozen), asks(ActionKind.PROMOTE)))
    assert "modeltui plan promote fraud@prod --break-glass --out plan.json, then modeltui apply" in promoting.remedy


def test_a_command_to_copy_holds_a_name_as_a_name() -> None:
    """A registry that names a version `1; reboot` cannot have that run by whoever copies the remedy."""
    assert command_text("modeltui", "rollback", "fraud@prod", "--to", "1; reboot").endswith("--to '1; reboot'")
    frozen = Permission(False, safe_text("freeze"), frozen=safe_text("freeze until 2 January"), break_glass=True)
    found = refused(plan(situation(champion(), permission=frozen), asks(ActionKind.ROLLBACK, "1; reboot")))
    assert "--to '1; reboot' --break-glass" in found.remedy


def test_a_version_that_is_none_leads_back_to_the_last_known_good() -> None:
    """While a candidate does harm, a mistyped version is answered with the last known good, not the one before it."""
    found = refused(plan(situation(canary()), asks(ActionKind.ROLLBACK, "9.9.9")))
    assert found.remedy == "the last known good is 2.3.1: modeltui plan rollback fraud@prod"


def test_somebody_busy_holds_up_all_but_the_rescue() -> None:
    """While a colleague acts here a promotion waits, another version needs two, the way back asks for more care."""
    asked = situation(champion(), lease=leased())
    assert planned(plan_rollback(asked, ROLLBACK)).guard is GuardLevel.IDENTITY
    assert planned(plan_rollback(asked, asks(ActionKind.ROLLBACK, "2.2.0"))).guard is GuardLevel.SECOND_PERSON
    held = refused(plan_promote(situation(canary(), lease=leased()), PROMOTE))
    assert held.reason == "bob@ops2 is busy here: promote, verifying"


def test_what_stays_as_it_is_is_said() -> None:
    """Jobs, shadows and other places go on, and the plan says so before anybody is surprised."""
    world = champion()
    world.told(
        replace(
            rollout(PLACE, "3.0.0", shadow="4.0.0", served=SERVED),
            jobs=(Job(safe_text("nightly-score"), version_id("3.0.0"), Instant(START - 60), 0.5),),
        ),
        rollout("fraud@prod-eu", "3.0.0"),
    )
    world.sees(seen("fraud@prod-eu", "3.0.0", error_rate=(9, 900), throughput=1.0))
    found = planned(plan_rollback(situation(world), ROLLBACK))
    assert found.not_changed == (
        "other places of fraud go on as they are: prod-eu (3.0.0)",
        "batch jobs go on with the version they began with: nightly-score on 3.0.0",
        "4.0.0 goes on getting copies of requests as a shadow",
    )
    assert found.jobs[0].name == "nightly-score"
    assert check(found, "jobs").result is CheckResult.WARN


def test_an_unknown_target_is_told_from_one_that_nobody_steers() -> None:
    """A slip in the name and a target without a controller are two refusals, each with its own remedy."""
    request = replace(ROLLBACK, target=target_key("fraud@prd"))
    found = refused(plan(situation(champion()), request))
    assert (found.reason, found.remedy) == ("there is no target fraud@prd", "fraud serves at prod")
    world = World()
    world.sees(seen(PLACE, "3.0.0", error_rate=(9, 900)))
    assert refused(plan(situation(world), ROLLBACK)).reason.startswith("nothing says who should serve on fraud@prod")


def test_a_source_that_cannot_be_written_to_says_so_itself() -> None:
    """The refusal of the source is what the operator reads."""
    no = Refusal(safe_text("argo can be read here and not written to"), safe_text("kubectl"))
    assert plan(situation(champion(), promise=no), ROLLBACK) == no


def test_a_reason_that_was_given_stands_on_the_plan() -> None:
    """Why somebody acts is part of what is approved."""
    request = replace(ROLLBACK, reason=Reason(text=safe_text("micro merchants are declined")))
    assert planned(plan(situation(champion()), request)).because.endswith(": micro merchants are declined")
