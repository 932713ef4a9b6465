"""With what a value is compared: another version of the same minutes, or the last known good one when it served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from modeltui.domain.fleet import Cell, Target
from modeltui.domain.health import Baseline, BaselineKind
from modeltui.domain.names import NO_DATA, Instant, Missing, NoData, SegmentName, SignalName, Unknown, VersionId
from modeltui.domain.rollout import Role
from modeltui.domain.signal import Estimate, Sample


class Comparison(NamedTuple):
    """The other side for all signals of one version."""

    kind: BaselineKind
    version: VersionId
    samples: Mapping[SignalName, Sample]
    """Of the same minutes; empty for what served earlier."""
    cells: Mapping[SignalName, Cell]
    """From when it was last within all limits; empty for the same minutes."""

    def baseline(self, signal: SignalName, now: Instant, max_age_seconds: float) -> Baseline | NoData:
        """Return what one signal is compared with; no data when the other side has none that may be believed."""
        if self.kind is BaselineKind.EARLIER:
            cell = self.cells.get(signal)
            return Baseline(self.kind, self.version, cell.sample.measurement, cell.sample.segments) if cell else NO_DATA
        sample = self.samples.get(signal)
        if sample is None or isinstance(sample.at, Missing) or now - sample.at > max_age_seconds:
            return NO_DATA
        return Baseline(self.kind, self.version, sample.measurement, sample.segments)


def comparison(
    target: Target,
    stable: VersionId | Unknown,
    version: VersionId,
    role: Role,
    samples: Mapping[VersionId, Mapping[SignalName, Sample]],
) -> Comparison | NoData:
    """Return the other side for `version`: the stable one; for the stable one the last known good."""
    if role is not Role.STABLE and stable != version:
        if not isinstance(stable, Missing) and stable in samples:
            return Comparison(BaselineKind.STABLE, stable, samples[stable], {})
        return NO_DATA
    good = target.known_good
    if isinstance(good, Missing) or good.version == version:
        return NO_DATA
    if good.version in samples:
        return Comparison(BaselineKind.LAST_KNOWN_GOOD, good.version, samples[good.version], {})
    return Comparison(BaselineKind.EARLIER, good.version, {}, target.references.get(good.version, {}))


def expected_rate(version: VersionId, role: Role, desired: float | Unknown, all_requests: float) -> Baseline | NoData:
    """Return the requests per second that a version's share promises it; copies are promised nothing."""
    if isinstance(desired, Missing) or role is Role.SHADOW:
        return NO_DATA
    return Baseline(BaselineKind.EXPECTED_SHARE, version, Estimate(desired * all_requests))


def of_segment(baseline: Baseline | NoData, name: SegmentName) -> Baseline | NoData:
    """Return the same segment of the other side."""
    if isinstance(baseline, Missing):
        return NO_DATA
    for segment, measurement in baseline.segments:
        if segment == name:
            return Baseline(baseline.kind, baseline.version, measurement)
    return NO_DATA
