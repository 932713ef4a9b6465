"""What is looked at before acting: each check passes, warns, fails or does not know, and says why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.domain.situations import BOB, KEY, PLACE, canary, fact, listed, origin

from modeltui.domain.acting import checks as look
from modeltui.domain.acting import place_checks
from modeltui.domain.acting.action import ActionKind, Check, PlanId
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.permission import Permission
from modeltui.domain.history import ServingSpan
from modeltui.domain.known_good import KnownGood
from modeltui.domain.lineage import ABSENT, UNSUPPORTED, Approval, Artifact, Contradicted, Known, Provenance, Unreadable
from modeltui.domain.names import UNKNOWN, Instant, ModelName
from modeltui.domain.rollout import Job
from modeltui.domain.text import safe_text
from modeltui.domain.version import Model, Version
from modeltui.testing.worlds import START, World, rollout, seen, source_name, version_id

V = version_id("2.3.1")
UNREADABLE = Unreadable(safe_text("403 from the store"), source_name("registry"))


def result(check: Check | None) -> str:
    """Return how a check went."""
    assert check is not None
    assert check.says
    return check.result.value


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (listed("2.3.1"), "pass"),
        (listed("2.3.1", state="Archived"), "pass"),
        (listed("2.3.1", state="frobnicated"), "warn"),
        (listed("2.3.1", state="PENDING_REGISTRATION"), "fail"),
        (listed("2.3.1", state="FAILED_REGISTRATION"), "fail"),
        (listed("2.3.1", state="Rejected"), "fail"),
        (listed("2.3.1", state="pruned"), "fail"),
        (listed("2.3.10", "12.3.1"), "fail"),
        ((), "fail"),
        (UNKNOWN, "unknown"),
    ],
)
def test_a_version_exists_when_the_registry_says_so(versions: Any, expected: str) -> None:
    """A version that the registry has as ready exists; pending, rejected and deleted ones do not."""
    assert result(look.exists(V, versions)) == expected


def test_a_registry_without_states_is_taken_at_its_word() -> None:
    """Where a registry knows no states, a version that it lists exists."""
    assert result(look.exists(V, (Version(ModelName(safe_text("fraud")), V),))) == "pass"


@pytest.mark.parametrize(
    ("provenance", "expected"),
    [
        (origin(), "pass"),
        (origin(digest=UNKNOWN), "warn"),
        (origin(reachable=UNKNOWN), "unknown"),
        (origin(reachable=False), "fail"),
        (origin(artifact=ABSENT), "fail"),
        (origin(artifact=UNSUPPORTED), "unknown"),
        (origin(artifact=UNREADABLE), "unknown"),
        (origin(artifact=fact(Artifact(safe_text("s3://x")))), "unknown"),
        (UNKNOWN, "unknown"),
    ],
)
def test_an_artifact_counts_when_somebody_looked(provenance: Any, expected: str) -> None:
    """Bytes that were seen with a digest pass; gone or never named ones fail; what nobody could look at is unknown."""
    assert result(look.artifact(V, provenance)) == expected


def good(version: str, until: float = -3_600.0) -> KnownGood:
    """Return a known good version."""
    return KnownGood(version_id(version), Instant(START - 90_000), Instant(START + until), 7_200.0, False)


@pytest.mark.parametrize(
    ("trusted", "spans", "left", "expected"),
    [
        ((good("2.3.1"),), (), {}, "pass"),
        ((good("3"), good("2.4"), good("2.3.1")), (), {}, "pass"),
        ((good("4"), good("3"), good("2.4"), good("2.3.1")), (), {}, "warn"),
        ((good("2.2.0"),), (), {}, "warn"),
        ((good("2.3.1"),), (), UNKNOWN, "warn"),
        ((good("2.3.1"),), (), {V: START}, "fail"),
        ((good("2.2.0"),), (ServingSpan(V, START, START, 1.0, breached_at=START),), {}, "fail"),
        ((good("2.3.1"),), (ServingSpan(V, START, START, 1.0, breached_at=START),), {}, "pass"),
    ],
)
def test_a_version_is_good_by_evidence(trusted: Any, spans: Any, left: Any, expected: str) -> None:
    """The newest three that served well pass, also after a breach that is over; taken back or in breach fails."""
    assert result(look.known_good(V, trusted, spans, left, START)) == expected


def test_the_evidence_is_told_in_one_phrase() -> None:
    """Why a version is trusted says until when it served, and by whose word."""
    assert (
        look.evidence_text(good("1"), START)
        == "served here until 2026-01-01 11:00 UTC, 2 h of it seen within all limits"
    )
    still = replace(good("1", until=0.0), by_controller=True)
    assert look.evidence_text(still, START) == "serves here with its gates passed, by the controller's record"


@pytest.mark.parametrize(
    ("versions", "provenance", "expected"),
    [
        (listed("2.3.1"), origin(), "pass"),
        (listed("2.3.1", blocked="true"), origin(), "fail"),
        (listed("2.3.1", Blocked="leaks"), origin(), "fail"),
        (listed("2.3.1", blocked="no"), origin(), "pass"),
        (listed("2.3.1"), origin(tags=fact({safe_text("do-not-serve"): safe_text("yes")})), "fail"),
        (UNKNOWN, UNKNOWN, "unknown"),
    ],
)
def test_a_tag_can_block_a_version(versions: Any, provenance: Any, expected: str) -> None:
    """A version that somebody marked as blocked fails, wherever the mark stands."""
    assert result(look.blocked(V, versions, provenance)) == expected


def test_a_registry_that_could_not_say_may_block() -> None:
    """One registry says yes, another that lists the model cannot be read: nobody knows that it does not block."""
    silent = (source_name("sql"),)
    assert result(look.blocked(V, listed("2.3.1"), origin(), silent)) == "unknown"
    assert result(look.blocked(V, listed("2.3.1", blocked="true"), origin(), silent)) == "fail"


def contradicting(**first: Any) -> Any:
    """Return the origin of which two sources tell other things."""
    one, other = (Known(value, source_name(name), START) for name, value in first.items())
    return Contradicted((one, other))


def test_sources_that_contradict_each_other_prove_nothing() -> None:
    """Two digests are no digest; a tag of either source blocks; an artifact that one of them missed is gone."""
    here, gone = Artifact(safe_text("s3://x"), is_reachable=True), Artifact(safe_text("s3://x"), is_reachable=False)
    other = replace(here, digest=safe_text("sha256:2"))
    assert result(look.artifact(V, Provenance(artifact=contradicting(mlflow=here, sql=other)))) == "unknown"
    assert result(look.artifact(V, Provenance(artifact=contradicting(mlflow=here, sql=gone)))) == "fail"
    tags = contradicting(mlflow={safe_text("blocked"): safe_text("no")}, sql={safe_text("blocked"): safe_text("yes")})
    assert result(look.blocked(V, listed("2.3.1"), origin(tags=tags))) == "fail"
    assert result(look.approved(V, Provenance(approvals=contradicting(mlflow=(), sql=())))) == "unknown"


HERE = {"python": "3.11.9", "numpy": "1.26.4", "image": "tabular-3.11"}


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        ({"runtime": {"python": "3.11.2", "seed": "7"}, "requirements": ["numpy==1.26.4", "pandas>=2"]}, "pass"),
        ({"runtime": {"python": "3.12.1"}}, "fail"),
        ({"requirements": ["NumPy[all] == 2.0.1 ; python_version > '3'"]}, "fail"),
        ({"runtime": {"Image": "tabular-3.12"}}, "fail"),
        ({"requirements": ["torch==2.0"]}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_an_environment_is_compared_where_both_name_it(built: dict[str, Any], expected: str) -> None:
    """What the target runs is compared with what the version was built for, fact by fact that both name."""
    told: dict[str, Any] = {}
    if "runtime" in built:
        told["runtime"] = fact({safe_text(name): safe_text(value) for name, value in built["runtime"].items()})
    if "requirements" in built:
        told["requirements"] = fact(tuple(safe_text(line) for line in built["requirements"]))
    here = replace(
        rollout(PLACE, "3.0.0"), environment=fact({safe_text(name): safe_text(value) for name, value in HERE.items()})
    )
    assert result(look.environment(V, Provenance(**told), here, served_well_here=False)) == expected
    softer = {"fail": "warn"}.get(expected, expected)
    assert result(look.environment(V, Provenance(**told), here, served_well_here=True)) == softer
    assert result(look.environment(V, UNKNOWN, here, served_well_here=True)) == "unknown"
    assert result(look.environment(V, Provenance(**told), UNKNOWN, served_well_here=True)) == "unknown"


def approvals(*decisions: str) -> Any:
    """Return approvals with these decisions."""
    return fact(tuple(Approval(safe_text("rita"), safe_text(decision)) for decision in decisions))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (approvals("approved"), "pass"),
        (approvals("approved", "Rejected"), "fail"),
        (approvals("denied"), "fail"),
        (approvals("hm"), "warn"),
        (approvals("not stated"), "warn"),
        (approvals("none"), "warn"),
        (approvals("approval pending"), "warn"),
        (approvals("Approval required"), "warn"),
        (approvals("not approved"), "fail"),
        (approvals("declined"), "fail"),
        (approvals("no"), "fail"),
        (approvals(), "warn"),
        (ABSENT, "warn"),
        (UNSUPPORTED, "unknown"),
        (UNREADABLE, "unknown"),
    ],
)
def test_an_approval_is_a_clear_yes(told: Any, expected: str) -> None:
    """A yes passes, a no fails whatever else was said, nobody's word warns, and silence is unknown."""
    assert result(look.approved(V, origin(approvals=told))) == expected


@pytest.mark.parametrize(
    ("to", "serving", "of_serving", "expected"),
    [
        (origin(), "3.0.0", origin(), "pass"),
        (origin(), "3.0.0", origin(signature="(amount, age) -> score"), "fail"),
        (origin(), "3.0.0", UNKNOWN, "unknown"),
        (origin(), "3.0.0", Provenance(), "unknown"),
        (UNKNOWN, "3.0.0", origin(), "unknown"),
        (UNKNOWN, "2.3.1", UNKNOWN, "pass"),
    ],
)
def test_callers_must_be_able_to_go_on(to: Any, serving: str, of_serving: Any, expected: str) -> None:
    """The same input and output as what serves passes, another fails, and what nobody says is unknown."""
    assert result(look.schema(V, to, version_id(serving), of_serving)) == expected


@pytest.mark.parametrize(
    ("versions", "serves", "expected"),
    [
        (listed("2.3.1"), False, "pass"),
        (listed("2.3.1", age_days=91), False, "warn"),
        (listed("2.3.1", age_days=91), True, "pass"),
        (listed("2.3.1", state="archived"), True, "warn"),
        (listed("2.3.1", state="deleted"), False, "fail"),
        ((), False, "unknown"),
        (UNKNOWN, False, "unknown"),
    ],
)
def test_a_version_must_still_be_kept(versions: Any, serves: bool, expected: str) -> None:
    """Deleted versions fail, archived and old ones warn, unless an old one serves already."""
    assert result(look.retention(V, versions, START, serves_now=serves)) == expected


def test_jobs_on_what_is_left_are_named() -> None:
    """A batch job on the version to leave warns; one on another does not."""
    told = replace(canary().fleet.targets[KEY].rollout, jobs=(Job(safe_text("nightly"), V, START),))  # type: ignore[type-var]
    target = replace(canary().fleet.targets[KEY], rollout=told)
    assert result(place_checks.jobs(target, [V])) == "warn"
    assert "nightly" in place_checks.jobs(target, [V]).says
    assert result(place_checks.jobs(target, [version_id("3.0.0")])) == "pass"
    assert result(place_checks.jobs(replace(target, rollout=UNKNOWN), [V])) == "unknown"


def test_freshness_is_about_who_answers_requests() -> None:
    """Fresh figures of all that answer pass; old ones warn; a version of which nothing is known is not passed over."""
    world = canary()
    assert result(place_checks.fresh(world.fleet, world.fleet.targets[KEY])) == "pass"
    world.ticks(3_600.0)
    assert result(place_checks.fresh(world.fleet, world.fleet.targets[KEY])) == "warn"
    answered = canary()
    answered.passes(600.0)  # the sources answer, and one version is no longer scraped
    answered.told(rollout(PLACE, "2.3.1", "3.0.0", 0.05))
    last_scraped = (("2.3.1", answered.now), ("3.0.0", START))
    answered.sees(*(seen(PLACE, one, at, error_rate=(9, 900), throughput=9.0) for one, at in last_scraped))
    found = place_checks.fresh(answered.fleet, answered.fleet.targets[KEY])
    assert (result(found), found.says) == ("warn", "the figures of 3.0.0 are too old to judge by")
    silent = World()
    silent.told(rollout(PLACE, "2.3.1", "3.0.0", 0.5))
    silent.sees(seen(PLACE, "2.3.1", error_rate=(9, 900)))
    found = place_checks.fresh(silent.fleet, silent.fleet.targets[KEY])
    assert (result(found), found.says) == ("unknown", "nothing tells how 3.0.0 does here")


def test_a_freeze_fails_with_its_end() -> None:
    """A freeze window that forbids it fails, in its own words."""
    frozen = Permission(False, safe_text("x"), frozen=safe_text("year-end until 2 January"))
    assert place_checks.freeze(frozen).says == "year-end until 2 January"
    assert result(place_checks.freeze(frozen)) == "fail"
    assert result(place_checks.freeze(Permission(True, safe_text("x")))) == "pass"


@pytest.mark.parametrize(
    ("kind", "left_seconds", "expected"),
    [
        (ActionKind.ROLLBACK, 10.0, "fail"),
        (ActionKind.ABORT, 10.0, "warn"),
        (ActionKind.ROLLBACK, 0.0, "pass"),
    ],
)
def test_somebody_busy_is_named(kind: ActionKind, left_seconds: float, expected: str) -> None:
    """Another actor on the target fails, warns an abort, and is nobody once the lease has run out."""
    lease = Lease(KEY, BOB, PlanId(safe_text("p")), ActionKind.PROMOTE, 1, START, Instant(START + left_seconds))
    assert result(place_checks.busy(lease, kind, START)) == expected
    assert result(place_checks.busy(UNKNOWN, kind, START)) == "unknown"


def test_what_would_undo_it_is_told_from_facts_alone() -> None:
    """A controller that mentions GitOps warns, one that says nothing is unknown, and without one nothing is said."""
    world = canary()
    target = world.fleet.targets[KEY]
    assert result(place_checks.reconciler(world.fleet, target)) == "unknown"
    assert place_checks.reconciler(world.fleet, replace(target, rollout=UNKNOWN)) is None
    synced = replace(target.rollout, says=safe_text("managed by Argo-CD, auto-sync on"))  # type: ignore[type-var]
    found = place_checks.reconciler(world.fleet, replace(target, rollout=synced))
    assert result(found) == "warn"
    world.registered(Model(ModelName(safe_text("fraud")), tags=((safe_text("deployed by"), safe_text("Flux")),)))
    assert result(place_checks.reconciler(world.fleet, target)) == "warn"
    pointed = replace(target.rollout, source=source_name("registry"))  # type: ignore[type-var]
    assert place_checks.reconciler(canary().fleet, replace(target, rollout=pointed)) is None
    simulated = replace(canary().fleet, context=replace(world.fleet.context, simulated=True))
    assert place_checks.reconciler(simulated, target) is None
