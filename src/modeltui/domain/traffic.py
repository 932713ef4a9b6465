"""Who answers the requests of a target: shares of what was seen, and what each version should have got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from modeltui.domain.fleet import ServedVersion
from modeltui.domain.names import UNKNOWN, Instant, Missing, SignalName, Unknown, VersionId
from modeltui.domain.rollout import Role, Rollout
from modeltui.domain.signal import THROUGHPUT, Sample, has_observations
from modeltui.domain.text import SafeText

RATE = SignalName(SafeText(THROUGHPUT))


def request_rates(
    samples: Mapping[VersionId, Mapping[SignalName, Sample]], rollout: Rollout | Unknown
) -> dict[VersionId, float]:
    """Return requests per second by version: of those that are scraped, without the copies that a shadow gets."""
    shadow = rollout.shadow if isinstance(rollout, Rollout) else UNKNOWN
    rates: dict[VersionId, float] = {}
    for version, signals in samples.items():
        sample = signals.get(RATE)
        if sample is None or version == shadow or isinstance(sample.at, Missing):
            continue
        if has_observations(sample.measurement):
            rates[version] = max(sample.measurement.value, 0.0)
    return rates


def as_shares(amounts: Mapping[VersionId, float]) -> dict[VersionId, float]:
    """Return each part of the whole, 0 to 1; nothing when the whole is nothing."""
    whole = sum(amounts.values())
    return {version: amount / whole for version, amount in amounts.items()} if whole > 0 else {}


def known_shares(versions: Iterable[ServedVersion], rollout: Rollout | Unknown) -> dict[VersionId, float]:
    """Return the shares that were observed last, without what is a shadow now."""
    shadow = rollout.shadow if isinstance(rollout, Rollout) else UNKNOWN
    return as_shares(
        {v.version: v.observed for v in versions if not isinstance(v.observed, Missing) and v.version != shadow}
    )


def fresh_rates(
    versions: Iterable[ServedVersion], rollout: Rollout | Unknown, now: Instant, max_age_seconds: float
) -> dict[VersionId, float]:
    """Return the requests per second that are known from before and may still be believed at `now`."""
    samples = {v.version: {RATE: v.cells[RATE].sample} for v in versions if v.observed and RATE in v.cells}
    fresh = {
        version: signals
        for version, signals in samples.items()
        for at in [signals[RATE].at]
        if not isinstance(at, Missing) and now - at <= max_age_seconds
    }
    return request_rates(fresh, rollout)


def counts_for_target(version: ServedVersion) -> bool:
    """Tell whether a version's verdict is the target's: it answers requests, or it should, or nobody can say."""
    if not isinstance(version.observed, Missing):
        return version.observed > 0 or (not isinstance(version.desired, Missing) and version.desired > 0)
    if version.role is Role.STABLE:
        return True
    if not isinstance(version.desired, Missing):
        return version.desired > 0
    return version.role is not Role.SHADOW and bool(version.cells)
