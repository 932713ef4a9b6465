"""What is looked at of a version before it serves, one small function each; unknown is never as good as a pass.

The names are stable: scripts, journals and acknowledgements use them. What a failure means for a plan (refused, or a
heavier guard) is decided in `guarding`, not here. What is looked at of the place itself: `place_checks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from modeltui.domain.acting.action import Check
from modeltui.domain.acting.compatibility import environment_differences
from modeltui.domain.acting.finding import failed, passed, unknown, warned
from modeltui.domain.acting.wording import age_text, moment_text, names_text
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
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
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
_NO_WORDS = frozenset({"no", "no_go", "no-go", "not_approved", "not_accepted", "not_granted"})
"""A no in other words; `not stated` and `none` are none."""
_NO = frozenset({"", "no", "false", "0", "off", "none"})


def exists(version: VersionId, versions: Iterable[Version] | Unknown) -> Check:
    """Return whether the registry has the version, in a state in which it may serve."""
    found = _find(version, versions)
    if isinstance(found, Missing):
        return unknown("exists", f"no registry was asked whether {version} exists")
    if found is None:
        return failed("exists", f"the registry has no version {version}")
    state = _word(found.state)
    if state in _GONE:
        return failed("exists", f"{version} is {found.state}: the registry no longer keeps it")
    if state in _REJECTED | _NOT_READY:
        return failed("exists", f"the registry says {found.state} of {version}")
    if state and state not in _READY | _ARCHIVED:
        return warned("exists", f"the registry says {found.state} of {version}: whether that may serve is not known")
    return passed("exists", f"{version} is in the registry{f' as {found.state}' if state else ''}")


def artifact(version: VersionId, provenance: Provenance | Unknown) -> Check:
    """Return whether the bytes of the version are there, with a digest to know them by."""
    if isinstance(provenance, Missing):
        return unknown("artifact", f"the registry did not say where the artifact of {version} is")
    match provenance.artifact:
        case Unreadable(reason=reason):
            return unknown("artifact", f"the artifact of {version} cannot be looked at: {reason}")
        case Contradicted(claims=claims):
            says = f"the sources contradict each other on the artifact of {version}: {_sides(claims)}"
            # One of them that looked and found nothing is enough.
            return failed("artifact", says) if _is_gone(claims) else unknown("artifact", says)
        case Known(value=found):
            if found.is_reachable is False:
                return failed("artifact", f"the artifact of {version} is not where the registry says: {found.uri}")
            if isinstance(found.is_reachable, Missing):
                return unknown("artifact", f"nobody looked whether the artifact of {version} is there: {found.uri}")
            if isinstance(found.digest, Missing):
                return warned("artifact", f"the artifact of {version} is there; without a digest nobody can compare it")
            return passed("artifact", f"the artifact of {version} is there, {found.digest[:19]}")
        case gap:
            says = f"the registry names no artifact of {version}"
            return failed("artifact", says) if gap is ABSENT else unknown("artifact", says)


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
        return failed("known-good", f"{version} was taken back here on {moment_text(left[version])}")
    place = next((i for i, good in enumerate(trusted) if good.version == version), -1)
    if place < 0:
        # A breach that a proven stretch followed is over: such a version is trusted again.
        if any(span.version == version and span.is_in_breach for span in spans):
            return failed("known-good", f"{version} itself was last seen in breach here")
        return warned("known-good", f"nothing seen here shows that {version} served well")
    says = f"{version} {evidence_text(trusted[place], now)}"
    if place >= GOLD:
        return warned("known-good", f"{says}; {place} newer versions served well since")
    if isinstance(left, Missing):
        return warned("known-good", f"{says}; whether it was taken back since stands in a journal that cannot be read")
    return passed("known-good", says)


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
            return failed("blocked", f"{version} is marked {name}: {value}")
    if isinstance(found, Missing) and isinstance(provenance, Missing):
        return unknown("blocked", f"no registry was asked whether {version} is blocked")
    if silent:
        return unknown("blocked", f"{names_text(silent)} could not say whether {version} is blocked")
    return passed("blocked", f"no tag blocks {version}")


def environment(
    version: VersionId, provenance: Provenance | Unknown, rollout: Rollout | Unknown, *, served_well_here: bool
) -> Check:
    """Return whether the target runs what the version was built for.

    A difference fails; for a version that served well here it warns, for the place may have changed since.
    """
    table = rollout.environment if isinstance(rollout, Rollout) else UNSUPPORTED
    if not isinstance(table, Known):
        return unknown("environment", f"the target does not say what it runs in: not compared with {version}")
    if isinstance(provenance, Missing):
        return unknown("environment", f"the registry did not say what {version} was built for")
    compared, differences = environment_differences(provenance, table.value)
    if not compared:
        return unknown("environment", f"{version} names nothing of its environment that the target names too")
    if not differences:
        return passed("environment", f"{compared} of {compared} facts of the target are those {version} was built for")
    says = f"built for another environment: {names_text(differences)}"
    return warned("environment", says) if served_well_here else failed("environment", says)


def approved(version: VersionId, provenance: Provenance | Unknown) -> Check:
    """Return whether somebody approved the version."""
    if isinstance(provenance, Missing) or provenance.approvals is UNSUPPORTED:
        return unknown("approved", f"nobody was asked who approved {version}")
    match provenance.approvals:
        case Unreadable(reason=reason):
            return unknown("approved", f"the approvals of {version} cannot be read: {reason}")
        case Contradicted(claims=claims):
            return unknown("approved", f"the sources contradict each other on who approved {version}: {_sides(claims)}")
        case Known(value=approvals):
            against = [one.by for one in approvals if _is_no(_word(one.decision))]
            if against:
                return failed("approved", f"{names_text(against)} decided against {version}")
            given = [one.by for one in approvals if _is_yes(_word(one.decision))]
            if given:
                return passed("approved", f"{version} was approved by {names_text(given)}")
            return warned("approved", f"the approvals of {version} are not a clear yes")
    return warned("approved", f"the registry names nobody who approved {version}")


def schema(
    version: VersionId, to: Provenance | Unknown, serving: VersionId | Unknown, of_serving: Provenance | Unknown
) -> Check:
    """Return whether callers can go on as they do: the same input and output as what serves."""
    new = _signature(to)
    old = _signature(of_serving)
    if version == serving:
        return passed("schema", f"{version} serves already")
    if isinstance(new, Missing) or isinstance(old, Missing) or isinstance(serving, Missing):
        silent = version if isinstance(new, Missing) else serving or "what serves"
        return unknown("schema", f"{silent} does not say what goes in and out")
    if new == old:
        return passed("schema", f"the same input and output as {serving}")
    return failed("schema", f"other input or output than {serving}: callers may break")


def retention(
    version: VersionId, versions: Iterable[Version] | Unknown, now: Instant, *, serves_now: bool = False
) -> Check:
    """Return whether the version is kept where it can be served from and, unless it serves, not from long ago."""
    found = _find(version, versions)
    if isinstance(found, Missing) or found is None:
        return unknown("retention", f"nobody was asked how {version} is kept")
    state = _word(found.state)
    if state in _GONE:
        return failed("retention", f"{version} is {found.state}")
    if state in _ARCHIVED:
        return warned("retention", f"{version} is {found.state}: bringing it back may take long")
    if not serves_now and isinstance(found.created_at, float) and now - found.created_at > OLD_SECONDS:
        return warned("retention", f"{version} is {age_text(now - found.created_at)} old")
    return passed("retention", f"{version} is kept")


def _is_no(decision: str) -> bool:
    return decision in _NO_WORDS or decision.startswith(("reject", "den", "revok", "declin", "withdr", "refus", "veto"))


def _is_yes(decision: str) -> bool:
    # `approval pending` and `approval required` are no approval.
    return decision.startswith(("approve", "grant", "accept", "yes")) and not any(
        word in decision for word in ("pending", "requir", "request", "await", "wait")
    )


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
