"""What `doctor` shows of scraped pages: which series and labels there are, and what to change when some are missing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from modeltui.adapters.scrape.endpoint import Endpoint
from modeltui.adapters.scrape.options import Place, Setup
from modeltui.adapters.scrape.page import TARGET_INFO
from modeltui.adapters.scrape.plan import DIMENSIONS, SignalPlan, legs_by_metric, metrics_of
from modeltui.adapters.scrape.profiles import PROFILES
from modeltui.adapters.scrape.text_format import parse
from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.names import UNKNOWN
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.clock import Clock
from modeltui.ports.probe import Finding, Probe

_PROBE_SECONDS: Final = 12.0
"""Longest look at all pages: whoever asks gives up after 15 s."""
_MOST_LABELS_NAMED: Final = 12
_MOST_SERIES_LOOKED_AT: Final = 200_000
_MOST_PAGES_TOLD: Final = 40


@dataclass(slots=True)
class _Look:
    """What one page has."""

    place: Place
    error: BackendError | None = None
    latency_seconds: float = 0.0
    samples: int = 0
    unreadable: int = 0
    first_unreadable: SafeText = SafeText("")
    metrics: dict[str, int] = field(default_factory=dict)
    """Series by metric."""
    labels: set[str] = field(default_factory=set)
    """Label names on the metrics that matter."""
    said: dict[str, set[str]] = field(default_factory=dict)
    """By dimension, what the series that matter say of it."""
    silent: dict[str, int] = field(default_factory=dict)
    """By dimension, how many of them say nothing."""


async def probe_pages(
    endpoints: Sequence[Endpoint], setup: Setup, stack: AsyncExitStack, clock: Clock, at_once: asyncio.Semaphore
) -> Probe:
    """Return what a person needs to know when signals are missing. Raises `BackendError` when no page answers."""

    deadline = asyncio.get_running_loop().time() + _PROBE_SECONDS

    async def look(endpoint: Endpoint) -> _Look:
        try:
            async with asyncio.timeout_at(deadline), at_once:
                return await _look(endpoint, setup, stack, clock)
        except TimeoutError:
            late = BackendUnavailable(f"{endpoint.place.name} had no turn", "Other pages answer too slowly.")
            return _Look(endpoint.place, late)

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(look(endpoint)) for endpoint in endpoints]
    looks = [task.result() for task in running]
    errors = [one.error for one in looks if one.error is not None]
    if len(errors) == len(looks):
        raise errors[0]
    findings = [finding for one in looks[:_MOST_PAGES_TOLD] for finding in _of_page(one, setup)]
    findings += [_of_signal(plan, looks) for plan in setup.plans]
    found = {metric for one in looks for metric in one.metrics}
    findings += _other_profiles(setup, found)
    findings += [
        Finding(SafeText("profile"), UNKNOWN, safe_text(f"cannot say {it}")) for it in setup.profile.cannot_say
    ]
    slowest = max(one.latency_seconds for one in looks if one.error is None)
    return Probe(UNKNOWN, slowest, UNKNOWN, tuple(findings))


async def _look(endpoint: Endpoint, setup: Setup, stack: AsyncExitStack, clock: Clock) -> _Look:
    looked = _Look(endpoint.place)
    try:
        answer = await endpoint.fetch(stack)
        looked.latency_seconds = answer.elapsed_seconds
        page = endpoint.text_of(answer, clock)
    except BackendError as error:
        looked.error = error
    else:
        await asyncio.to_thread(_read, page.text, page.media_type, looked, setup)
    return looked


def _read(text: str, media_type: str, looked: _Look, setup: Setup) -> None:
    legs = legs_by_metric(setup.plans)
    place = looked.place
    info: dict[str, str] = {}
    exposition = parse(text, media_type)
    mattering: list[Mapping[str, str]] = []
    for sample in islice(exposition, _MOST_SERIES_LOOKED_AT):
        looked.metrics[sample.name] = looked.metrics.get(sample.name, 0) + 1
        looked.samples += 1
        if sample.name == TARGET_INFO and setup.profile.takes_target_info:
            info.update(sample.labels)
        if sample.name in legs:
            mattering.append(sample.labels)
    looked.unreadable = exposition.unreadable_count
    looked.first_unreadable = next((line.text for line in exposition.first_unreadable), SafeText(""))
    for written in mattering:
        labels = {**info, **written, **place.labels}
        looked.labels.update(labels)
        for dimension in DIMENSIONS:
            value = place.identity.value(dimension, labels)
            if value:
                looked.said.setdefault(dimension, set()).add(value)
            else:
                looked.silent[dimension] = looked.silent.get(dimension, 0) + 1


def _of_page(looked: _Look, setup: Setup) -> list[Finding]:
    name = looked.place.name
    if looked.error is not None:
        return [Finding(name, False, safe_text(looked.error.title, 300), safe_text(looked.error.remedy, 300))]
    wanted = legs_by_metric(setup.plans)
    useful = sum(count for metric, count in looked.metrics.items() if metric in wanted)
    says = f"{looked.latency_seconds * 1000:.0f} ms, {useful:,} of {looked.samples:,} series are used"
    findings = [
        Finding(
            name,
            useful > 0,
            safe_text(says),
            SafeText("" if useful else "Choose another profile, or name its metrics in queries of this source."),
        )
    ]
    if useful:
        findings.append(_labels(looked, setup))
    if looked.unreadable:
        findings.append(
            Finding(
                safe_text(f"{name} lines"),
                False,
                safe_text(f"{looked.unreadable} lines cannot be read, the first: {looked.first_unreadable}"),
                SafeText("They are left out, the others count. The exporter writes them wrongly."),
            )
        )
    return findings


def _labels(looked: _Look, setup: Setup) -> Finding:
    name = safe_text(f"{looked.place.name} labels")
    missing = [dimension for dimension in DIMENSIONS if looked.silent.get(dimension)]
    has = ", ".join(sorted(looked.labels)[:_MOST_LABELS_NAMED]) or "none"
    if missing:
        identity = looked.place.identity
        named = " and ".join(f"{dimension} ({' or '.join(identity.of(dimension))})" for dimension in missing)
        return Finding(
            name,
            False,
            safe_text(f"{max(looked.silent.values())} series say nothing of {named}; labels there: {has}", 400),
            safe_text(
                f"Set labels.{missing[0]} of this source to one of them, or in targets: labels: {{{missing[0]}: …}}."
            ),
        )
    said = "; ".join(f"{dimension} {_some(looked.said.get(dimension, set()))}" for dimension in DIMENSIONS)
    absent = [label for label in setup.segments if label not in looked.labels]
    without = f"; no segment label {', '.join(absent)}" if absent else ""
    return Finding(name, True, safe_text(f"{said}{without}", 400))


def _some(values: set[str]) -> str:
    ordered = [safe_text(value, 40) for value in sorted(values)]
    return ", ".join(ordered[:3]) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")


def _of_signal(plan: SignalPlan, looks: Sequence[_Look]) -> Finding:
    needed = metrics_of(plan.recipe)
    counts = {metric: sum(one.metrics.get(metric, 0) for one in looks) for metric in needed}
    found = {metric: count for metric, count in counts.items() if count}
    if found:
        return Finding(
            plan.signal, True, safe_text(", ".join(f"{count} series of {metric}" for metric, count in found.items()))
        )
    return Finding(
        plan.signal,
        False,
        safe_text(f"no series of {' or '.join(needed)} on any page"),
        SafeText("Counters appear with the first request. Else choose another profile, or name metrics in queries."),
    )


def _other_profiles(setup: Setup, found: set[str]) -> list[Finding]:
    others = {}
    for name, profile in PROFILES.items():
        if profile is setup.profile:
            continue
        metric = next(
            (metric for recipe in profile.signals.values() for metric in metrics_of(recipe) if metric in found), ""
        )
        if metric:
            others[name] = metric
    if not others:
        return []
    fits = any(metric in found for plan in setup.plans for metric in metrics_of(plan.recipe))
    names = ", ".join(f"{name} ({metric})" for name, metric in others.items())
    remedy = "" if fits else f"Try profile: {next(iter(others))}."
    return [
        Finding(SafeText("profiles"), UNKNOWN, safe_text(f"metrics of other profiles: {names}", 400), safe_text(remedy))
    ]
