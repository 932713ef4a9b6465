"""What is looked at before acting, one small function each; unknown is never as good as a pass.

The names are stable: scripts, journals and acknowledgements use them. What a failure means for a plan (refused, or a
heavier guard) is decided in `guarding`, not here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from modeltui.domain.acting.action import ActionKind, Check, CheckResult
from modeltui.domain.acting.compatibility import environment_differences
from modeltui.domain.acting.desired import percent_text
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.wording import age_text, moment_text, names_text
from modeltui.domain.fleet import Fleet, SourceCondition, SourceKind, Target
from modeltui.domain.health import Level
from modeltui.domain.history import ServingSpan
from modeltui.domain.known_good import KnownGood
from modeltui.domain.lineage import (
    ABSENT,
    UNSUPPORTED,
    Artifact,
    Contradicted,
    Fact,
    Known,
    Provenance,
    Table,
    Unreadable,
)
from modeltui.domain.names import UNKNOWN, Instant, Missing, SourceName, Unknown, VersionId
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.traffic import counts_for_target
from modeltui.domain.version import Version

GOLD = 3
"""So many known good versions of a target are kept and trusted most."""
OLD_SECONDS = 90 * 86_400.0
"""A version that was registered longer ago has seen none of what changed around it since."""

STILL_SECONDS = 330.0
"""Who was last seen serving this long ago serves still: one step of history and its delay."""

_READY = frozenset({"ready", "approved", "production", "staging", "active", "released", "champion", "none"})
_NOT_READY = frozenset(
    {"pending_registration", "pending_approval", "pending", "failed_registration", "failed", "draft"}
)
_GONE = frozenset({"deleted", "pruned", "purged", "pending_deletion", "expired"})
_ARCHIVED = frozenset({"archived", "deprecated", "retired", "cold"})
_REJECTED = frozenset({"rejected", "revoked", "blocked", "withdrawn"})
_BLOCKING_TAGS = frozenset({"blocked", "modeltui.blocked", "revoked", "do-not-serve", "do not serve", "quarantined"})
_NO = frozenset({"", "no", "false", "0", "off", "none"})
_RECONCILERS = ("argocd", "argo-cd", "argo cd", "fluxcd", "flux", "gitops", "auto-sync", "autosync", "automated sync")


def exists(version: VersionId, versions: Iterable[Version] | Unknown) -> Check:
    """Return whether the registry has the version, in a state in which it may serve."""
    found = _find(version, versions)
    if isinstance(found, Missing):
        return _unknown("exists", f"no registry was asked whether {version} exists")
    if found is None:
        return _fail("exists", f"the registry has no version {version}")
    state = _word(found.state)
    if state in _GONE:
        return _fail("exists", f"{version} is {found.state}: the registry no longer keeps it")
    if state in _REJECTED | _NOT_READY:
        return _fail("exists", f"the registry says {found.state} of {version}")
    if state and state not in _READY | _ARCHIVED:
        return _warn("exists", f"the registry says {found.state} of {version}: whether that may serve is not known")
    return _pass("exists", f"{version} is in the registry{f' as {found.state}' if state else ''}")


def artifact(version: VersionId, provenance: Provenance | Unknown) -> Check:
    """Return whether the bytes of the version are there, with a digest to know them by."""
    if isinstance(provenance, Missing):
        return _unknown("artifact", f"the registry did not say where the artifact of {version} is")
    match provenance.artifact:
        case Unreadable(reason=reason):
            return _unknown("artifact", f"the artifact of {version} cannot be looked at: {reason}")
        case Contradicted(claims=claims):
            says = f"the sources contradict each other on the artifact of {version}: {_sides(claims)}"
            # One of them that looked and found nothing is enough.
            return _fail("artifact", says) if _is_gone(claims) else _unknown("artifact", says)
        case Known(value=found):
            if found.is_reachable is False:
                return _fail("artifact", f"the artifact of {version} is not where the registry says: {found.uri}")
            if isinstance(found.is_reachable, Missing):
                return _unknown("artifact", f"nobody looked whether the artifact of {version} is there: {found.uri}")
            if isinstance(found.digest, Missing):
                return _warn("artifact", f"the artifact of {version} is there; without a digest nobody can compare it")
            return _pass("artifact", f"the artifact of {version} is there, {found.digest[:19]}")
        case gap:
            says = f"the registry names no artifact of {version}"
            return _fail("artifact", says) if gap is ABSENT else _unknown("artifact", says)


def known_good(
    version: VersionId,
    trusted: tuple[KnownGood, ...],
    spans: Iterable[ServingSpan],
    left: Mapping[VersionId, Instant] | Unknown,
    now: Instant,
) -> Check:
    """Return whether evidence from this target speaks for the version; `trusted` is ordered, newest first.

    `left` names what was taken back here lately, with the time; unknown while the journal cannot be read.
    """
    if not isinstance(left, Missing) and version in left:
        return _fail("known-good", f"{version} was taken back here on {moment_text(left[version])}")
    place = next((i for i, good in enumerate(trusted) if good.version == version), -1)
    if place < 0:
        # A breach that a proven stretch followed is over: such a version is trusted again.
        if any(span.version == version and span.is_in_breach for span in spans):
            return _fail("known-good", f"{version} itself was last seen in breach here")
        return _warn("known-good", f"nothing seen here shows that {version} served well")
    says = f"{version} {evidence_text(trusted[place], now)}"
    if place >= GOLD:
        return _warn("known-good", f"{says}; {place} newer versions served well since")
    if isinstance(left, Missing):
        return _warn("known-good", f"{says}; whether it was taken back since stands in a journal that cannot be read")
    return _pass("known-good", says)


def evidence_text(good: KnownGood, now: Instant) -> SafeText:
    """Return why a version is trusted, without its name."""
    is_serving = now - good.served_until <= STILL_SECONDS
    where = "serves here" if is_serving else f"served here until {moment_text(good.served_until)}"
    if good.by_controller:
        return safe_text(f"{where} with its gates passed, by the controller's record")
    return safe_text(f"{where}, {age_text(good.healthy_seconds)} of it seen within all limits")


def blocked(
    version: VersionId,
    versions: Iterable[Version] | Unknown,
    provenance: Provenance | Unknown,
    silent: Collection[SourceName] = (),
) -> Check:
    """Return whether somebody has marked the version as one that must not serve.

    `silent` are registries that know the model and could not say anything of this version: each might block it.
    """
    tags: dict[str, str] = {}
    found = _find(version, versions)
    if isinstance(found, Version):
        tags.update(found.tags)
    told = list(tags.items())
    # Every source may block: where they contradict each other, the one that does counts.
    told += [pair for claim in _claims_of_tags(provenance) for pair in claim.value.items()]
    for name, value in told:
        if name.lower() in _BLOCKING_TAGS and value.strip().lower() not in _NO:
            return _fail("blocked", f"{version} is marked {name}: {value}")
    if isinstance(found, Missing) and isinstance(provenance, Missing):
        return _unknown("blocked", f"no registry was asked whether {version} is blocked")
    if silent:
        return _unknown("blocked", f"{names_text(silent)} could not say whether {version} is blocked")
    return _pass("blocked", f"no tag blocks {version}")


def environment(
    version: VersionId, provenance: Provenance | Unknown, rollout: Rollout | Unknown, *, served_well_here: bool
) -> Check:
    """Return whether the target runs what the version was built for.

    A difference fails; for a version that served well here it warns, for the place may have changed since.
    """
    table = rollout.environment if isinstance(rollout, Rollout) else UNSUPPORTED
    if not isinstance(table, Known):
        return _unknown("environment", f"the target does not say what it runs in: not compared with {version}")
    if isinstance(provenance, Missing):
        return _unknown("environment", f"the registry did not say what {version} was built for")
    compared, differences = environment_differences(provenance, table.value)
    if not compared:
        return _unknown("environment", f"{version} names nothing of its environment that the target names too")
    if not differences:
        return _pass("environment", f"{compared} of {compared} facts of the target are those {version} was built for")
    says = f"built for another environment: {names_text(differences)}"
    return _warn("environment", says) if served_well_here else _fail("environment", says)


def approved(version: VersionId, provenance: Provenance | Unknown) -> Check:
    """Return whether somebody approved the version."""
    if isinstance(provenance, Missing) or provenance.approvals is UNSUPPORTED:
        return _unknown("approved", f"nobody was asked who approved {version}")
    match provenance.approvals:
        case Unreadable(reason=reason):
            return _unknown("approved", f"the approvals of {version} cannot be read: {reason}")
        case Contradicted(claims=claims):
            return _unknown(
                "approved", f"the sources contradict each other on who approved {version}: {_sides(claims)}"
            )
        case Known(value=approvals):
            against = [one.by for one in approvals if _word(one.decision).startswith(("reject", "den", "revok", "no"))]
            if against:
                return _fail("approved", f"{names_text(against)} decided against {version}")
            given = [
                one.by for one in approvals if _word(one.decision).startswith(("approv", "grant", "accept", "yes"))
            ]
            if given:
                return _pass("approved", f"{version} was approved by {names_text(given)}")
            return _warn("approved", f"the approvals of {version} are not a clear yes")
    return _warn("approved", f"the registry names nobody who approved {version}")


def schema(
    version: VersionId, to: Provenance | Unknown, serving: VersionId | Unknown, of_serving: Provenance | Unknown
) -> Check:
    """Return whether callers can go on as they do: the same input and output as what serves."""
    new = _signature(to)
    old = _signature(of_serving)
    if version == serving:
        return _pass("schema", f"{version} serves already")
    if isinstance(new, Missing) or isinstance(old, Missing) or isinstance(serving, Missing):
        silent = version if isinstance(new, Missing) else serving or "what serves"
        return _unknown("schema", f"{silent} does not say what goes in and out")
    if new == old:
        return _pass("schema", f"the same input and output as {serving}")
    return _fail("schema", f"other input or output than {serving}: callers may break")


def retention(
    version: VersionId, versions: Iterable[Version] | Unknown, now: Instant, *, serves_now: bool = False
) -> Check:
    """Return whether the version is kept where it can be served from and, unless it serves, not from long ago."""
    found = _find(version, versions)
    if isinstance(found, Missing) or found is None:
        return _unknown("retention", f"nobody was asked how {version} is kept")
    state = _word(found.state)
    if state in _GONE:
        return _fail("retention", f"{version} is {found.state}")
    if state in _ARCHIVED:
        return _warn("retention", f"{version} is {found.state}: bringing it back may take long")
    if not serves_now and isinstance(found.created_at, float) and now - found.created_at > OLD_SECONDS:
        return _warn("retention", f"{version} is {age_text(now - found.created_at)} old")
    return _pass("retention", f"{version} is kept")


def jobs(target: Target, leaving: Iterable[VersionId]) -> Check:
    """Return whether work in flight is bound to a version that will no longer serve."""
    if not isinstance(target.rollout, Rollout):
        return _unknown("jobs", "nobody says whether batch jobs are running")
    left = frozenset(leaving)
    bound = [job for job in target.rollout.jobs if job.version in left]
    if not bound:
        return _pass("jobs", "no batch job runs on what is left")
    plural = "s run" if len(bound) > 1 else " runs"
    names = names_text(job.name for job in bound)
    return _warn("jobs", f"{len(bound)} batch job{plural} on what is left and will not stop: {names}")


def fresh(fleet: Fleet, target: Target) -> Check:
    """Return whether what is known of the target is recent enough to act on: who should serve, and how it goes."""
    for source in _sources_of(fleet, target):
        state = fleet.sources.get(source)
        condition = state.condition(fleet.at) if state else SourceCondition.CONNECTING
        if condition is SourceCondition.CONNECTING:
            return _warn("fresh", f"{source} has not answered yet")
        if condition is not SourceCondition.FRESH:
            return _warn("fresh", f"{source} is {condition.value}: what it said of the target is old")
    counted = [served for served in target.versions if counts_for_target(served)]
    stale = [served.version for served in counted if served.level is Level.STALE]
    if stale:
        return _warn("fresh", f"the figures of {names_text(stale)} are too old to judge by")
    silent = [served.version for served in counted if served.level is Level.NO_DATA]
    if silent or not counted:
        return _unknown("fresh", f"nothing tells how {names_text(silent) or 'any version'} does here")
    return _pass("fresh", "controller and figures are up to date")


def freeze(permission: Permission) -> Check:
    """Return whether a freeze window is in force for this."""
    if isinstance(permission.frozen, Missing):
        return _pass("freeze", "no freeze window forbids it")
    return _fail("freeze", str(permission.frozen))


def busy(lease: Lease | Unknown, kind: ActionKind, now: Instant) -> Check:
    """Return whether somebody else is acting on the target at this moment."""
    if isinstance(lease, Missing):
        return _unknown("busy", "nobody could say whether somebody else is acting here")
    if lease.expires_at <= now:
        return _pass("busy", "nobody else is acting here")
    says = f"{lease.holder} is busy here: {lease.kind}{f', {lease.says}' if lease.says else ''}"
    return _warn("busy", f"{says}; an abort ends that") if kind is ActionKind.ABORT else _fail("busy", says)


def nobody_busy() -> Check:
    """Return that the leases were read and none is held here."""
    return _pass("busy", "nobody else is acting here")


def reconciler(fleet: Fleet, target: Target) -> Check | None:
    """Return whether something is known to set the target back by itself; nothing where there is no controller."""
    rollout = target.rollout
    if not isinstance(rollout, Rollout) or fleet.context.simulated:
        return None
    texts = [str(rollout.says)] if not isinstance(rollout.says, Missing) else []
    if isinstance(rollout.environment, Known):
        texts += [f"{name} {value}" for name, value in rollout.environment.value.items()]
    model = fleet.models.get(target.key.model)
    texts += [f"{name} {value}" for name, value in model.tags] if model else []
    for text in texts:
        named = next((name for name in _RECONCILERS if name in text.lower()), None)
        if named:
            return _warn("reconciler", f"{named} may set this back within minutes: change its source as well")
    state = fleet.sources.get(rollout.source)
    if state is None or state.kind is not SourceKind.ROLLOUTS:
        return None
    return _unknown("reconciler", f"{rollout.source} does not say whether something else keeps its wishes")


def single_claim(fleet: Fleet, target: Target) -> Check | None:
    """Return whether one version alone claims to be the trusted one; nothing where no pointer says so."""
    model = fleet.models.get(target.key.model)
    pointers = model.pointers if model else ()
    stable = (target.key.environment, Role.STABLE)
    claims = {
        pointer.version: pointer.name for pointer in pointers if fleet.policy.pointers.get(pointer.name) == stable
    }
    if not claims:
        return None
    if len(claims) > 1:
        said = ", ".join(f"{name} is {version}" for version, name in sorted(claims.items()))
        return _fail("one-stable", f"{len(claims)} versions claim to be stable here: {said}")
    version, name = next(iter(claims.items()))
    told = target.rollout.stable if isinstance(target.rollout, Rollout) else UNKNOWN
    if not isinstance(told, Missing) and told != version:
        return _warn("one-stable", f"the registry's {name} is {version}, the controller's stable is {told}")
    return _pass("one-stable", f"{version} alone claims to be stable")


def health(name: str, target: Target, version: VersionId) -> Check:
    """Return whether a version is within its limits here, with figures that may be believed; the check is `name`."""
    served = target.version(version)
    if isinstance(served, Missing) or not served.cells:
        return _unknown(name, f"{version} is not measured here")
    bad = names_text(signal for signal, cell in served.cells.items() if cell.verdict.level is served.level)
    match served.level:
        case Level.OK:
            seen = served.observed
            share = "" if isinstance(seen, Missing) else f" with {percent_text(round(seen, 3))} of the traffic"
            return _pass(name, f"{version} is within its limits{share}")
        case Level.BREACH:
            return _fail(name, f"{version} is in breach: {bad}")
        case Level.STALE:
            return _fail(name, f"the figures of {version} are too old to go by: {bad}")
        case Level.WARN:
            return _warn(name, f"{version} is near its limits: {bad}")
        case _:
            return _unknown(name, f"{version} cannot be judged: {bad}")


def _sources_of(fleet: Fleet, target: Target) -> Iterable[SourceName]:
    if isinstance(target.rollout, Rollout):
        yield target.rollout.source
    metrics = [name for name, state in fleet.sources.items() if state.kind is SourceKind.METRICS]
    if len(metrics) == 1:
        yield from metrics  # of several nobody knows which measures this target: its figures tell by their age


def _sides(claims: tuple[Known[Any], ...]) -> str:
    return names_text(dict.fromkeys(claim.source for claim in claims))


def _claims_of_tags(provenance: Provenance | Unknown) -> tuple[Known[Table], ...]:
    if isinstance(provenance, Missing):
        return ()
    match provenance.tags:
        case Known() as known:
            return (known,)
        case Contradicted(claims=claims):
            return claims
    return ()


def _is_gone(claims: tuple[Known[Artifact], ...]) -> bool:
    return any(claim.value.is_reachable is False for claim in claims)


def _signature(provenance: Provenance | Unknown) -> SafeText | Unknown:
    fact: Fact[SafeText] = UNSUPPORTED if isinstance(provenance, Missing) else provenance.signature
    return fact.value if isinstance(fact, Known) else UNKNOWN


def _find(version: VersionId, versions: Iterable[Version] | Unknown) -> Version | Unknown | None:
    if isinstance(versions, Missing):
        return UNKNOWN
    return next((one for one in versions if one.id == version), None)


def _word(text: SafeText | Unknown) -> str:
    return "" if isinstance(text, Missing) else text.strip().lower().replace(" ", "_")


def _pass(name: str, says: str) -> Check:
    return Check(SafeText(name), CheckResult.PASS, safe_text(says))


def _warn(name: str, says: str) -> Check:
    return Check(SafeText(name), CheckResult.WARN, safe_text(says, 400))


def _fail(name: str, says: str) -> Check:
    return Check(SafeText(name), CheckResult.FAIL, safe_text(says, 400))


def _unknown(name: str, says: str) -> Check:
    return Check(SafeText(name), CheckResult.UNKNOWN, safe_text(says, 400))
