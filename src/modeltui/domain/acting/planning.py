"""From a wish and a situation to a plan, or to the reason why there is none. Nothing here asks, sends or waits.

Every function answers for every situation: an expected 'no' is a `Refusal` with what to do instead.
"""

from __future__ import annotations

from modeltui.domain.acting import checks as look
from modeltui.domain.acting import place_checks
from modeltui.domain.acting.action import (
    ActionKind,
    Check,
    Desired,
    Plan,
    PlanHash,
    Refusal,
    Weights,
    WritingPromise,
)
from modeltui.domain.acting.authors import barred_authors
from modeltui.domain.acting.consequences import blast_of, jobs_of, leaving_of, left_as_is
from modeltui.domain.acting.desired import (
    desired_of,
    is_as_desired,
    percent_text,
    share_of,
    weights_of,
    weights_text,
    whole_traffic,
)
from modeltui.domain.acting.explaining import harm_text, known_places, next_known_good, way_instead, why_text
from modeltui.domain.acting.guarding import PLAN_SECONDS, Course, guard_for, refusing
from modeltui.domain.acting.overruling import way_past
from modeltui.domain.acting.premise import known_good_of, premise_of
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.acting.situation import Situation, Timings, taken_back, trusted_versions
from modeltui.domain.acting.stepping import expectation, paths, steps_of
from modeltui.domain.acting.wording import command_text, names_text, whole_milliseconds
from modeltui.domain.fleet import Fleet, Target
from modeltui.domain.lineage import Known
from modeltui.domain.names import UNKNOWN, Missing, ModelName, SourceName, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text

__all__ = [
    "Situation",
    "Timings",
    "is_last_known_good",
    "plan",
    "plan_abort",
    "plan_promote",
    "plan_rollback",
    "plan_set_weights",
    "version_to_go_to",
]

_ASK = "ask somebody whom the rule names, or the platform team that keeps the rules"
_NOT_HASHED = PlanHash(SafeText(""))


def plan(situation: Situation, request: ActionRequest) -> Plan | Refusal:
    """Return what would be done for a request, or why nothing can be."""
    match request.kind:
        case ActionKind.ABORT:
            return plan_abort(situation, request)
        case ActionKind.ROLLBACK:
            return plan_rollback(situation, request)
        case ActionKind.PROMOTE:
            return plan_promote(situation, request)
        case ActionKind.WEIGHTS:
            return plan_set_weights(situation, request)


def version_to_go_to(target: Target, request: ActionRequest) -> VersionId | Unknown:
    """Return the version that a request leads to, as far as the target tells: what to read before planning."""
    match request.kind:
        case ActionKind.ROLLBACK:
            return known_good_of(target) if isinstance(request.version, Missing) else request.version
        case ActionKind.ABORT:
            return target.stable
        case ActionKind.PROMOTE | ActionKind.WEIGHTS:
            return target.candidate


def is_last_known_good(target: Target, request: ActionRequest) -> bool:
    """Tell whether a request is a rollback to the last known good version, named or not."""
    version = version_to_go_to(target, request)
    return request.kind is ActionKind.ROLLBACK and not isinstance(version, Missing) and version == known_good_of(target)


def plan_abort(situation: Situation, request: ActionRequest) -> Plan | Refusal:
    """Return the plan that stops a rollout and sends all traffic to the stable version."""
    found = _ground(situation, request)
    if isinstance(found, Refusal):
        return found
    target, rollout, now, promise = found
    key = target.key
    if isinstance(now.candidate, Missing):
        shadow = "" if isinstance(rollout.shadow, Missing) else f"; {rollout.shadow} is a shadow and answers nobody"
        serves = f"{now.stable} has all the traffic" if _has_all(now, rollout) else f"stable is {now.stable}"
        return _no(f"nothing is being rolled out on {key}: {serves}{shadow}", way_instead(situation, target))
    if request.shares:
        slowly = _command("plan", "rollback", str(key), "--to", now.stable)
        return _no("an abort goes at once", f"for a slow way back: {slowly}")
    to = Desired(whole_traffic(now.stable), now.stable)
    checks = _kept(
        place_checks.health("stable", target, now.stable),
        place_checks.single_claim(situation.fleet, target),
        *_always(situation, target, request.kind, to, now),
    )
    because = f"stops the rollout of {now.candidate}{harm_text(target, now.candidate)}; {now.stable} is stable"
    return _made(situation, request, target, now, promise, Course.ABORT, to, (to,), checks, because)


def plan_rollback(situation: Situation, request: ActionRequest) -> Plan | Refusal:
    """Return the plan that makes another version the only one that serves: the last known good one unless told."""
    found = _ground(situation, request)
    if isinstance(found, Refusal):
        return found
    target, rollout, now, promise = found
    version = version_to_go_to(target, request)
    if isinstance(version, Missing):
        return _no(
            f"no version is known to have served well on {target.key}",
            f"choose one: {_command('versions', target.key.model)}, then "
            f"{_command('plan', 'rollback', str(target.key), '--to', 'VERSION')}",
        )
    course = Course.KNOWN_GOOD if is_last_known_good(target, request) else Course.OTHER_VERSION
    to = Desired(whole_traffic(version), version)
    if is_as_desired(rollout, to):
        return _no(
            f"already so: {version} is stable on {target.key} and has all the traffic",
            next_known_good(situation, target, version),
        )
    way = paths(now, to, request.shares, request.step_seconds, splits=promise.splits_traffic)
    if isinstance(way, Refusal):
        return way
    checks = _version_checks(situation, target, version, now.stable) + _kept(
        place_checks.single_claim(situation.fleet, target), *_always(situation, target, request.kind, to, now)
    )
    against = refusing(course, checks)
    if against:
        return _refused(against, checks, next_known_good(situation, target, version))
    because = why_text(situation, target, version, is_chosen=course is Course.OTHER_VERSION) + _asked(request)
    return _made(situation, request, target, now, promise, course, to, way, checks, because)


def plan_promote(situation: Situation, request: ActionRequest) -> Plan | Refusal:
    """Return the plan that makes the candidate the stable version."""
    found = _ground(situation, request)
    if isinstance(found, Refusal):
        return found
    target, _, now, promise = found
    key, candidate = target.key, now.candidate
    if isinstance(candidate, Missing):
        return _no(f"nothing is being rolled out on {key}", f"{_command('status', str(key))} shows what serves")
    if not isinstance(request.version, Missing) and request.version != candidate:
        return _no(f"the candidate on {key} is {candidate}, not {request.version}", "promote what is being rolled out")
    to = Desired(whole_traffic(candidate), candidate)
    way = paths(now, to, request.shares, request.step_seconds, splits=promise.splits_traffic)
    if isinstance(way, Refusal):
        return way
    checks = _kept(
        place_checks.health("candidate", target, candidate),
        *(check for check in _version_checks(situation, target, candidate, now.stable) if check.name != "known-good"),
        place_checks.single_claim(situation.fleet, target),
        *_always(situation, target, request.kind, to, now),
    )
    against = refusing(Course.PROMOTE, checks)
    if against:
        return _refused(
            against,
            checks,
            f"abort instead: {_command('plan', 'abort', str(key))}; or wait until it is within its limits",
        )
    because = f"{candidate} takes over from {now.stable}{_asked(request)}"
    return _made(situation, request, target, now, promise, Course.PROMOTE, to, way, checks, because)


def plan_set_weights(situation: Situation, request: ActionRequest) -> Plan | Refusal:
    """Return the plan that gives stable and candidate other shares."""
    found = _ground(situation, request)
    if isinstance(found, Refusal):
        return found
    target, rollout, now, promise = found
    key, candidate = target.key, now.candidate
    if isinstance(candidate, Missing):
        return _no(f"nothing is being rolled out on {key}: there is nothing to share", way_instead(situation, target))
    if not promise.splits_traffic:
        return _no(
            f"{promise.source} cannot split the traffic of {key}",
            "abort or promote; shares are set where the traffic is routed",
        )
    wrong = _wrong_weights(request.weights, now, candidate)
    if wrong:
        return _no(wrong, f"give {now.stable} and {candidate} shares that add up to 1")
    weights = weights_of(dict(request.weights))
    to = Desired(weights, now.stable, candidate)
    after, before = share_of(weights, candidate), share_of(now.weights, candidate)
    if after >= 1.0:
        return _no(f"all traffic on {candidate} is a promotion", f"promote it: {_command('plan', 'promote', str(key))}")
    if is_as_desired(rollout, to):
        return _no(f"already so: {weights_text(weights)} on {key}", "nothing needs to be done")
    course = Course.LESS if after < before else Course.MORE if after < 0.5 else Course.MOST
    checks = _always(situation, target, request.kind, to, now)
    if course is not Course.LESS:
        about = _version_checks(situation, target, candidate, now.stable)
        wanted = ("exists", "artifact", "blocked", "approved", "environment")
        checks = (place_checks.health("candidate", target, candidate), *(c for c in about if c.name in wanted), *checks)
    against = refusing(course, checks)
    if against:
        return _refused(
            against,
            checks,
            f"abort instead: {_command('plan', 'abort', str(key))}; or wait until it is within its limits",
        )
    because = f"{candidate} gets {percent_text(after)} instead of {percent_text(before)}{_asked(request)}"
    return _made(situation, request, target, now, promise, course, to, (to,), checks, because)


def _ground(situation: Situation, request: ActionRequest) -> tuple[Target, Rollout, Desired, WritingPromise] | Refusal:
    """Return what every plan needs: a target that somebody steers, a way to write to it, and the permission."""
    key = request.target
    target = situation.target(key)
    if isinstance(target, Missing):
        return _no(f"there is no target {key}", known_places(situation, key))
    rollout = target.rollout
    now = desired_of(rollout)
    if isinstance(rollout, Missing) or isinstance(now, Missing):
        return _no(
            f"nothing says who should serve on {key}: no controller and no pointer names a stable version",
            "add its rollout system to the configuration, or name the meaning of its registry's pointers",
        )
    if isinstance(situation.promise, Refusal):
        return situation.promise
    permission = situation.permission
    is_frozen = not isinstance(permission.frozen, Missing)
    if not permission.is_allowed and not (is_frozen and permission.break_glass and request.break_glass):
        return _no(
            f"{situation.actor.principal} may not {_verb(request.kind)} {key}: {permission.says}",
            way_past(request, version_to_go_to(target, request), permission) if is_frozen else _ASK,
        )
    if not situation.actor.assurance.is_at_least(permission.assurance):
        return _no(
            f"the rules want to know who acts by {permission.assurance}; "
            f"{situation.actor.principal} is known by {situation.actor.assurance}",
            "load a key that the policy knows into the ssh agent, and try again",
        )
    return target, rollout, now, situation.promise


def _version_checks(situation: Situation, target: Target, version: VersionId, serving: VersionId) -> tuple[Check, ...]:
    """Return what is looked at of the version to go to."""
    key, now = target.key, situation.now
    provenance = situation.provenance.get(version, UNKNOWN)
    trusted = trusted_versions(situation.fleet, target, now)
    left = taken_back(situation.journal, key, now)
    served_well = any(good.version == version for good in trusted)
    return (
        look.exists(version, situation.versions),
        look.artifact(version, provenance),
        look.known_good(version, trusted, target.spans, left, now),
        look.blocked(version, situation.versions, provenance, _silent(situation.fleet, key.model, version)),
        look.environment(version, provenance, target.rollout, served_well_here=served_well),
        look.approved(version, provenance),
        look.schema(version, provenance, serving, situation.provenance.get(serving, UNKNOWN)),
        look.retention(version, situation.versions, now, serves_now=version == serving),
    )


def _silent(fleet: Fleet, model: ModelName, version: VersionId) -> tuple[SourceName, ...]:
    """Return the registries that list the model and could not say where the version comes from."""
    return tuple(name for name in fleet.untold.get((model, version), {}) if model in fleet.listings.get(name, ()))


def _always(situation: Situation, target: Target, kind: ActionKind, to: Desired, now: Desired) -> tuple[Check, ...]:
    """Return what is looked at before every action."""
    left = [version for version, _ in leaving_of(target, now) if not share_of(to.weights, version)]
    nobody = situation.is_lease_known and isinstance(situation.lease, Missing)
    busy = place_checks.nobody_busy() if nobody else place_checks.busy(situation.lease, kind, situation.now)
    return _kept(
        place_checks.fresh(situation.fleet, target),
        place_checks.jobs(target, left),
        place_checks.freeze(situation.permission),
        busy,
        place_checks.reconciler(situation.fleet, target),
    )


def _made(
    situation: Situation,
    request: ActionRequest,
    target: Target,
    now: Desired,
    promise: WritingPromise,
    course: Course,
    to: Desired,
    way: tuple[Desired, ...],
    checks: tuple[Check, ...],
    because: str,
) -> Plan:
    """Return the plan, hashed."""
    from modeltui.domain.acting.plan_document import (
        sealed,  # brings hashlib and json, which nothing before a plan needs
    )

    rollout, key = target.rollout, target.key
    guard = guard_for(course, checks, situation.permission)
    steps = steps_of(way, rollout, situation.call, request.step_seconds if request.shares else 0.0)
    provenance = situation.provenance.get(to.stable)
    found = provenance.artifact if provenance is not None else None
    digest = found.value.digest if isinstance(found, Known) else UNKNOWN
    leaving = leaving_of(target, now)
    made_at = whole_milliseconds(situation.now)
    return sealed(
        Plan(
            id=situation.plan_id,
            kind=request.kind,
            context=situation.fleet.context.name,
            target=key,
            made_at=made_at,
            expires_at=whole_milliseconds(made_at + PLAN_SECONDS[guard]),
            actor=situation.actor,
            writes_through=promise,
            writes_to=situation.writes_to,
            leaving=leaving,
            to=to,
            because=safe_text(because, 400),
            premise=premise_of(situation.fleet, key, to.stable, digest),
            checks=checks,
            steps=steps,
            blast=blast_of(situation.fleet, target, leaving, to),
            jobs=jobs_of(target),
            not_changed=left_as_is(situation.fleet, target, to, promise),
            expected=expectation(steps, situation.timings),
            inverse=now,
            guard=guard,
            hash=_NOT_HASHED,
            authors=barred_authors(situation, course, to.stable if isinstance(to.candidate, Missing) else to.candidate),
        )
    )


def _no(reason: str, remedy: str) -> Refusal:
    return Refusal(safe_text(reason, 400), safe_text(remedy, 400))


def _refused(against: tuple[Check, ...], checks: tuple[Check, ...], remedy: str) -> Refusal:
    # What is not there is not kept either: that is one piece of news.
    news = [check for check in against if check.name != "retention"] or list(against)
    return Refusal(safe_text("; ".join(check.says for check in news), 400), safe_text(remedy, 400), checks)


def _kept(*found: Check | None) -> tuple[Check, ...]:
    return tuple(check for check in found if check is not None)


def _verb(kind: ActionKind) -> str:
    return {ActionKind.ROLLBACK: "roll back", ActionKind.WEIGHTS: "shift traffic on"}.get(kind, kind.value)


def _command(*words: str) -> str:
    return command_text("modeltui", *words)


def _asked(request: ActionRequest) -> str:
    return f": {request.reason.text}" if request.reason.text else ""


def _has_all(now: Desired, rollout: Rollout) -> bool:
    return is_as_desired(rollout, Desired(whole_traffic(now.stable), now.stable))


def _wrong_weights(weights: Weights, now: Desired, candidate: VersionId) -> str:
    """Return what is wrong with the shares that were asked for; nothing when all is well."""
    named = [version for version, _ in weights]
    strangers = [version for version in named if version not in (now.stable, candidate)]
    if not weights:
        return "no shares were asked for"
    if strangers:
        return f"{names_text(strangers)} is neither stable nor candidate here"
    if len(set(named)) < len(named):
        return "a version is named twice"
    if not all(0.0 <= share <= 1.0 for _, share in weights) or abs(sum(share for _, share in weights) - 1.0) > 1e-6:
        return "shares are from 0 to 1 and add up to 1"
    return ""
