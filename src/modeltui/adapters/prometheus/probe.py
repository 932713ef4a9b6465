"""What `doctor` shows of a Prometheus: which series and labels there are, and what to change when some are missing."""

from __future__ import annotations

import asyncio
from typing import Final

from modeltui.adapters.prometheus.api import Api
from modeltui.adapters.prometheus.arithmetic import number
from modeltui.adapters.prometheus.flavours import FLAVOURS
from modeltui.adapters.prometheus.options import Options, Setup
from modeltui.adapters.prometheus.plan import DIMENSIONS, Own, Ratio, SignalPlan
from modeltui.adapters.prometheus.profiles import PROFILES
from modeltui.adapters.prometheus.promql import PART, first_selector, joined, metrics_of, quoted, written_selector
from modeltui.adapters.prometheus.server_clock import ServerClock
from modeltui.adapters.prometheus.wire import Table
from modeltui.domain.errors import BackendError
from modeltui.domain.names import UNKNOWN, Missing, SignalName
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.probe import Finding, Probe

_LOOK_BACK_SECONDS: Final = 300.0
_NOTICEABLE_OFFSET_SECONDS: Final = 2.0


async def probe_server(api: Api, options: Options, setup: Setup, server_clock: ServerClock, clock: Clock) -> Probe:
    """Return what a person needs to know when signals are missing. Raises `BackendError` when nothing answers."""
    at = clock.now() + server_clock.offset_seconds
    version = await api.version()
    prober = _Prober(api, setup, at)
    async with asyncio.TaskGroup() as tasks:
        looks = [tasks.create_task(prober.look(plan)) for plan in setup.plans]
        others = tasks.create_task(prober.other_profiles(options.profile))
    findings = [_clock_finding(server_clock.offset_seconds)]
    findings += _visibility(options)
    findings += [Finding(SafeText("window"), False, warning) for warning in setup.warnings]
    findings += [finding for look in looks for finding in look.result()]
    findings += _suggestion(others.result(), any(prober.series_found.values()))
    findings += [
        Finding(SafeText("profile"), UNKNOWN, safe_text(f"{options.profile} cannot say {sentence}"))
        for sentence in setup.profile.cannot_say
    ]
    return Probe(version, server_clock.latency_seconds, server_clock.offset_seconds, tuple(findings))


class _Prober:
    def __init__(self, api: Api, setup: Setup, at: float) -> None:
        self._api = api
        self._setup = setup
        self._at = at
        self.series_found: dict[str, float] = {}

    async def look(self, plan: SignalPlan) -> list[Finding]:
        """Return what there is of one signal."""
        selectors = _selectors(plan)
        try:
            counts = await self._counts(selectors)
        except BackendError as error:
            return [Finding(plan.signal, False, safe_text(error.title), safe_text(error.remedy))]
        findings = []
        for selector, count in zip(selectors, counts, strict=True):
            self.series_found[selector] = count
            if count:
                findings.append(await self._labels(plan, selector, count))
            else:
                findings.append(_nothing(plan, selector))
        return findings

    async def other_profiles(self, chosen: str) -> dict[str, str]:
        """Return which other profiles have a metric here, and which."""
        markers = {name: _marker(name) for name in PROFILES if name != chosen and _marker(name)}
        pattern = "|".join(sorted(set(markers.values())))
        try:
            answer = await self._api.instant(f"count by (__name__) ({{__name__=~{quoted(pattern)}}})", self._at)
            present = {row.metric.l0 for row in Table(answer, ("__name__",))}
        except BackendError:
            return {}
        return {name: metric for name, metric in markers.items() if metric in present}

    async def _counts(self, selectors: list[str]) -> list[float]:
        answer = await self._api.instant(joined(f"count({selector})" for selector in selectors), self._at)
        found = {row.metric.l0: number(row.value.text) for row in Table(answer, (PART,)) if row.value is not None}
        return [found.get(str(index), 0.0) for index in range(len(selectors))]

    async def _labels(self, plan: SignalPlan, selector: str, count: float) -> Finding:
        labels = await self._api.label_names(selector, self._at - _LOOK_BACK_SECONDS, self._at)
        says = f"{count:.0f} series of {selector}"
        if isinstance(labels, Missing) or self._setup.grouping.join is not None or isinstance(plan.recipe, Own):
            return Finding(plan.signal, True, safe_text(says))
        identity = self._setup.grouping.identity
        missing = [
            dimension
            for dimension in DIMENSIONS
            if dimension not in identity.fixed and not set(identity.of(dimension)) & set(labels)
        ]
        has = ", ".join(labels)
        told_by = plan.recipe.told_by if isinstance(plan.recipe, Ratio) else ""
        if not missing and told_by and told_by not in labels:
            return Finding(
                plan.signal,
                False,
                safe_text(f"{says} have no label {told_by}, so nothing says which to count; they have {has}", 400),
                SafeText("Write the query in queries of this source, with the label that tells how a request ended."),
            )
        if not missing:
            absent = [label for label in self._setup.grouping.segments if label not in labels]
            without = f"; no segment label {', '.join(absent)}" if absent else ""
            return Finding(plan.signal, True, safe_text(f"{says}; labels {has}{without}", 400))
        named = " and ".join(f"{dimension} ({' or '.join(identity.of(dimension))})" for dimension in missing)
        return Finding(
            plan.signal,
            False,
            safe_text(f"{says} have no label for {named}; they have {has}", 400),
            safe_text(f"Set labels.{missing[0]} of this source to one of them, or to a fixed value such as '=prod'."),
        )


def _selectors(plan: SignalPlan) -> list[str]:
    if isinstance(plan.recipe, Own):
        found = (first_selector(part.text) for part in plan.recipe.parts)
        return list(dict.fromkeys(text for text in found if text))
    return [written_selector(selector) for selector in metrics_of(plan)]


def _nothing(plan: SignalPlan, selector: str) -> Finding:
    return Finding(
        plan.signal,
        False,
        safe_text(f"no series of {selector} in the last five minutes"),
        SafeText("Is it scraped? Else choose another profile, or write the query in queries of this source."),
    )


def _marker(profile: str) -> str:
    """Return a metric whose presence tells that a profile fits."""
    recipes = list(PROFILES[profile].signals.items())
    if not recipes:
        return ""
    first = metrics_of(SignalPlan(SignalName(SafeText("")), recipes[0][1], 300.0))
    return first[0].metric if first else ""


def _suggestion(found: dict[str, str], something_answers: bool) -> list[Finding]:
    if not found:
        return []
    names = ", ".join(f"{name} ({metric})" for name, metric in found.items())
    remedy = "" if something_answers else f"Try profile: {next(iter(found))}."
    return [
        Finding(SafeText("profiles"), UNKNOWN, safe_text(f"metrics of other profiles: {names}", 400), safe_text(remedy))
    ]


def _visibility(options: Options) -> list[Finding]:
    lag = options.visibility_lag_seconds
    seconds = FLAVOURS[options.flavour].visibility_lag_seconds if lag is None else lag
    if not seconds:
        return []
    says = safe_text(f"new data may be hidden for {seconds:g} s, and is that much older when it is seen")
    remedy = SafeText(
        "Give signals a max_age_seconds of that, one scrape and one poll more; faults show that much later."
    )
    return [Finding(SafeText("visibility"), UNKNOWN, says, remedy)]


def _clock_finding(offset: float) -> Finding:
    is_small = abs(offset) < _NOTICEABLE_OFFSET_SECONDS
    return Finding(
        SafeText("clock"),
        is_small,
        safe_text(f"its clock is {abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'} ours"),
        SafeText("" if is_small else "Ages are corrected for it; synchronise the clocks all the same."),
    )
