"""Situations for planning: one bad canary, told in one call, and every odd world that Hypothesis can think of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from modeltui.domain.acting.action import (
    ActionKind,
    Desired,
    Guarantee,
    Plan,
    PlanId,
    Reason,
    Refusal,
    WritingPromise,
)
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.acting.situation import Situation
from modeltui.domain.event import SourceFailed
from modeltui.domain.fleet import Fleet
from modeltui.domain.history import ServingSpan
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.view import JournalView
from modeltui.domain.lineage import (
    ABSENT,
    UNSUPPORTED,
    Approval,
    Artifact,
    Fact,
    Known,
    Provenance,
    Unreadable,
)
from modeltui.domain.names import UNKNOWN, Environment, Instant, Missing, ModelName, Unknown, VersionId
from modeltui.domain.policy import DEFAULT_POLICY, Policy
from modeltui.domain.rollout import Job, Role, Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Pointer, Version
from modeltui.testing.worlds import (
    START,
    World,
    record,
    rollout,
    seen,
    source_name,
    target_key,
    version_id,
)

PLACE = "fraud@prod"
KEY = target_key(PLACE)
ANN = Actor(safe_text("ann"), Assurance.OS_USER, safe_text("ann"), safe_text("ops1"))
BOB = Actor(safe_text("bob"), Assurance.OS_USER, safe_text("bob"), safe_text("ops2"))
ALLOWED = Permission(True, safe_text("logged-in: allowed"))
POINTING = replace(
    DEFAULT_POLICY,
    pointers={
        safe_text("champion"): (Environment(safe_text("prod")), Role.STABLE),
        safe_text("production"): (Environment(safe_text("prod")), Role.STABLE),
        safe_text("challenger"): (Environment(safe_text("prod")), Role.CANDIDATE),
    },
)
DIGEST = "sha256:" + "ab" * 32
SERVED = (record("2.2.0", -90_000, -50_000), record("2.3.1", -50_000))


def promise(*, splits: bool = True, guarantee: Guarantee = Guarantee.NATIVE) -> WritingPromise:
    """Return what a source promises."""
    return WritingPromise(
        source_name("rollouts"), safe_text("fake"), guarantee, safe_text("it compares and swaps"), splits, True
    )


def call(seen: Rollout | Unknown, desired: Desired) -> SafeText:
    """Return what a fake backend is told."""
    return safe_text(f"set {dict(desired.weights)}")


def fact(value: Any) -> Known[Any]:
    """Return a known fact."""
    return Known(value, source_name("registry"), START)


def origin(
    *,
    digest: str | Unknown = DIGEST,
    reachable: bool | Unknown = True,
    signature: str = "(amount) -> score",
    approved: str = "rita",
    **more: Fact[Any],
) -> Provenance:
    """Return where a good version comes from."""
    told: dict[str, Any] = {
        "artifact": fact(
            Artifact(safe_text("s3://models/1"), digest if digest is UNKNOWN else safe_text(digest), 10, reachable)
        ),
        "signature": fact(safe_text(signature)),
        "approvals": fact((Approval(safe_text(approved), safe_text("approved")),)),
        "tags": ABSENT,
        **more,
    }
    return Provenance(**told)


def listed(*versions: str, state: str = "READY", age_days: float = 10.0, **tags: str) -> tuple[Version, ...]:
    """Return versions as a registry lists them."""
    return tuple(
        Version(
            ModelName(safe_text("fraud")),
            version_id(version),
            Instant(START - age_days * 86_400),
            state=safe_text(state),
            tags=tuple((safe_text(name), safe_text(value)) for name, value in tags.items()),
        )
        for version in versions
    )


def canary(policy: Policy = DEFAULT_POLICY, told: Rollout | None = None) -> World:
    """Return a world in which 3.0.0 gets 5 % beside 2.3.1, both measured and well."""
    world = World(policy)
    world.told(told or rollout(PLACE, "2.3.1", "3.0.0", 0.05, served=SERVED))
    world.sees(
        seen(PLACE, "2.3.1", error_rate=(90, 9_500), throughput=95.0),
        seen(PLACE, "3.0.0", error_rate=(5, 500), throughput=5.0),
    )
    return world


def champion(policy: Policy = DEFAULT_POLICY) -> World:
    """Return a world in which 3.0.0 has everything, and 2.3.1 served before it."""
    world = World(policy)
    served = (record("2.2.0", -90_000, -50_000), record("2.3.1", -50_000, -600), record("3.0.0", -600, passed=False))
    world.told(rollout(PLACE, "3.0.0", served=served))
    world.sees(seen(PLACE, "3.0.0", error_rate=(90, 9_500), throughput=100.0))
    return world


def situation(world: World | Fleet, **changes: Any) -> Situation:
    """Return a situation in which everything is known and well, with some of it changed."""
    fleet = world.fleet if isinstance(world, World) else world
    usual: dict[str, Any] = {
        "fleet": fleet,
        "actor": ANN,
        "promise": promise(),
        "permission": ALLOWED,
        "plan_id": PlanId(safe_text("11111111-2222-4333-8444-555555555555")),
        "now": fleet.at,
        "call": call,
        "writes_to": safe_text("http://127.0.0.1:5000, alias champion"),
        "provenance": {version_id(one): origin() for one in ("2.2.0", "2.3.1", "3.0.0")},
        "versions": listed("3.0.0", "2.3.1", "2.2.0"),
        "is_lease_known": True,
        "journal": JournalView(),
    }
    return Situation(**{**usual, **changes})


def asks(kind: ActionKind, version: str | None = None, **more: Any) -> ActionRequest:
    """Return a request on the usual target."""
    return ActionRequest(kind, KEY, UNKNOWN if version is None else version_id(version), **more)


def weights(**shares: float) -> tuple[tuple[VersionId, float], ...]:
    """Return shares by version; `v2_3_1=0.5` is 2.3.1."""
    return tuple((version_id(name.removeprefix("v").replace("_", ".")), share) for name, share in shares.items())


def planned(found: Plan | Refusal) -> Plan:
    """Return the plan; fail when it was refused."""
    assert isinstance(found, Plan), found
    return found


def refused(found: Plan | Refusal) -> Refusal:
    """Return the refusal; fail when there is a plan."""
    assert isinstance(found, Refusal), found
    return found


# Any world

VERSIONS = ("1", "2.2.0", "2.3.1", "3.0.0")
_version = st.sampled_from(VERSIONS)
_maybe_version = st.one_of(st.none(), _version)
_odd_text = st.text(max_size=12).map(safe_text)


@st.composite
def _rollouts(draw: st.DrawFn, *, sane: bool) -> Rollout:
    stable, candidate = (draw(_version), draw(_version)) if sane else (draw(_maybe_version), draw(_maybe_version))
    served = st.builds(record, _version, st.just(-9e4), st.sampled_from((-1.0, -5e4)), passed=st.booleans())
    jobs = st.builds(Job, st.just(safe_text("score")), _version.map(version_id), st.just(START))
    told = rollout(
        PLACE,
        stable,
        candidate if candidate != stable else None,
        draw(st.sampled_from((0.05, 0.5, 0.999, 1.0, 0.0, 0.01))),
        shadow=draw(_maybe_version),
        served=draw(st.lists(served, max_size=4)),
        jobs=draw(st.lists(jobs, max_size=2)),
    )
    if not sane and draw(st.booleans()):
        told = replace(told, weights={})
    return replace(
        told,
        revision=draw(st.one_of(st.just(UNKNOWN), _odd_text)),
        says=draw(st.one_of(st.just(UNKNOWN), st.just(safe_text("argo-cd auto-sync on")))),
        environment=draw(st.sampled_from((UNSUPPORTED, fact({safe_text("python"): safe_text("3.11.9")})))),
    )


@st.composite
def worlds(draw: st.DrawFn, *, sane: bool = False) -> World:
    """Draw any world: known or not, fresh or not, well or not, pointed at twice or not at all."""
    world = World(draw(st.sampled_from((DEFAULT_POLICY, POINTING))))
    if draw(st.booleans()):
        names = draw(st.lists(st.sampled_from(("champion", "production", "challenger")), unique=True, max_size=2))
        pointers = tuple(Pointer(safe_text(name), version_id(draw(_version))) for name in names)
        world.registered(Model(ModelName(safe_text("fraud")), pointers=pointers, source=source_name("registry")))
    if sane or draw(st.booleans()):
        world.told(draw(_rollouts(sane=sane)))
    for version in draw(st.sets(_version, max_size=2)):
        world.sees(
            seen(
                PLACE,
                version,
                world.now,
                error_rate=draw(st.sampled_from(((0.0, 1_000.0), (5.0, 10.0), (900.0, 1_000.0)))),
                throughput=draw(st.sampled_from((5.0, 0.0, 95.0))),
            )
        )
    world.ticks(draw(st.sampled_from((1.0, 61.0, 3_600.0))))
    if draw(st.booleans()):
        world.apply(SourceFailed(source_name("rollouts"), world.now, safe_text("down")))
    if KEY in world.fleet.targets and draw(st.booleans()):
        target = world.fleet.targets[KEY]
        span = ServingSpan(
            version_id(draw(_version)),
            START,
            world.now,
            1.0,
            draw(st.sampled_from((0.0, 9_000.0))),
            breached_at=Instant(draw(st.sampled_from((0.0, START)))),
        )
        world.fleet = world.fleet.with_targets({KEY: replace(target, spans=(*target.spans, span))})
    return world


_permissions = st.builds(
    Permission,
    is_allowed=st.booleans(),
    says=st.just(safe_text("a rule")),
    second_person=st.booleans(),
    frozen=st.sampled_from((UNKNOWN, safe_text("year-end freeze until 2 January"))),
    break_glass=st.booleans(),
    assurance=st.sampled_from(Assurance),
)
_origins = st.one_of(
    st.just(Provenance()),
    st.builds(origin, reachable=st.sampled_from((True, False, UNKNOWN)), digest=st.sampled_from((UNKNOWN, "sha256:1"))),
    st.just(origin(artifact=Unreadable(safe_text("no rights"), source_name("registry")), approvals=ABSENT)),
    st.just(origin(signature="other", approved="")),
)
_leases = st.one_of(
    st.just(UNKNOWN),
    st.builds(
        Lease,
        st.just(KEY),
        st.just(BOB),
        st.just(PlanId(safe_text("other"))),
        st.sampled_from(ActionKind),
        st.just(1),
        st.just(START),
        st.sampled_from((Instant(START - 1), Instant(START + 10_000))),
    ),
)


_promises = st.one_of(
    st.just(promise()),
    st.builds(promise, splits=st.booleans(), guarantee=st.sampled_from(Guarantee)),
)
_no_promise = st.just(Refusal(safe_text("cannot be written to"), safe_text("elsewhere")))


@st.composite
def situations(draw: st.DrawFn, *, sane: bool = False) -> Situation:
    """Draw any situation; a sane one has a described target and a way to write to it."""
    provenance: Mapping[VersionId, Provenance] = {version_id(one): draw(_origins) for one in draw(st.sets(_version))}
    states = st.sampled_from(("READY", "READY", "ARCHIVED", "DELETED", "PENDING_APPROVAL", "strange"))
    some = st.builds(lambda names, state: listed(*names, state=state), st.sets(_version), states)
    return situation(
        draw(worlds(sane=sane)),
        promise=draw(_promises if sane else st.one_of(_promises, _no_promise)),
        permission=draw(_permissions) if draw(st.integers(0, 3)) == 0 else ALLOWED,
        provenance=provenance,
        versions=draw(st.one_of(st.just(UNKNOWN), st.just(listed(*VERSIONS)), some)),
        lease=draw(_leases),
        is_lease_known=draw(st.booleans()),
        journal=draw(st.sampled_from((UNKNOWN, JournalView(), JournalView(error=safe_text("gone"))))),
    )


_wild = st.floats(allow_nan=True, allow_infinity=True)
_wild_weights = st.lists(st.tuples(_version.map(version_id), _wild), max_size=3).map(tuple)
wild_requests = st.builds(
    ActionRequest,
    kind=st.sampled_from(ActionKind),
    target=st.sampled_from((KEY, KEY, KEY, target_key("other@prod"))),
    version=st.one_of(st.just(UNKNOWN), _version.map(version_id)),
    weights=st.one_of(st.just(()), _wild_weights),
    shares=st.one_of(st.just(()), st.lists(_wild, max_size=3).map(tuple)),
    step_seconds=st.one_of(st.just(60.0), _wild),
    reason=st.builds(Reason, text=_odd_text),
)
"""Any wish, sensible or not."""


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Situation, ActionRequest]:
    """Draw a situation in which something may be done, and a wish that suits it."""
    world = draw(situations(sane=True))
    told = world.fleet.targets[KEY].rollout
    assert isinstance(told, Rollout)
    has_candidate = not isinstance(told.candidate, Missing)
    kinds = list(ActionKind) if has_candidate else [ActionKind.ROLLBACK]
    share = draw(st.sampled_from((0.02, 0.25, 0.75, 0.0)))
    shares = (told.stable, 1.0 - share), (told.candidate, share)
    rising = st.lists(st.floats(0.001, 1.0), max_size=3).map(lambda found: tuple(sorted(found)))
    kind = draw(st.sampled_from(kinds))
    return world, ActionRequest(
        kind,
        KEY,
        version=draw(st.one_of(st.just(UNKNOWN), _version.map(version_id))) if kind is ActionKind.ROLLBACK else UNKNOWN,
        weights=shares if kind is ActionKind.WEIGHTS else (),  # type: ignore[arg-type] # a candidate is there then
        shares=draw(st.one_of(st.just(()), rising)) if kind in (ActionKind.ROLLBACK, ActionKind.PROMOTE) else (),
        reason=Reason(text=draw(_odd_text)),
        break_glass=draw(st.booleans()),
    )
