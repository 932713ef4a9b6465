"""Asks a source once and turns the answer, or its failure, into events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.event import (
    Event,
    HistoryRead,
    ProvenanceRead,
    ProvenanceUnread,
    RegistryRead,
    RolloutsRead,
    SamplesRead,
    SourceAnswered,
    SourceFailed,
    VersionsRead,
)
from modeltui.domain.fleet import SourceKind
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import Instant, Missing, ModelName, TargetKey, VersionId
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.source import Source
from modeltui.ports.clock import Clock
from modeltui.ports.metrics import Metrics
from modeltui.ports.probe import Probe
from modeltui.ports.registry import Registry
from modeltui.ports.rollout_reader import RolloutReader

if TYPE_CHECKING:  # loaded by those that compare
    from modeltui.domain.comparison.difference import CodeLog, CodeSpan
    from modeltui.ports.code_history import CodeHistory
    from modeltui.ports.provenance import ProvenanceSource

_T = TypeVar("_T")

TARGETS_PER_PART = 50
"""A large answer is reduced in parts of about 5 ms, so that keys are answered in between."""


async def ask(source: Source, clock: Clock) -> list[Event]:
    """Return the events of one poll; a failure is an event, not an exception."""
    answer = await _answer(source, clock, _poll(source, clock))
    return [answer] if isinstance(answer, SourceFailed) else answer


async def ask_history(
    source: Source, clock: Clock, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
) -> list[Event]:
    """Return one event per target with its past, or the failure."""
    answer = await _answer(source, clock, _history(source, clock, targets, start, end, step_seconds))
    return [answer] if isinstance(answer, SourceFailed) else answer


async def ask_versions(source: Source, clock: Clock, model: ModelName) -> Event:
    """Return the versions of a model as an event."""
    registry = cast(Registry, source.port)
    answer = await _answer(source, clock, registry.read_versions(model))
    if isinstance(answer, SourceFailed):
        return answer
    return VersionsRead(source.name, clock.now(), model, answer)


async def ask_provenance(
    source: Source, clock: Clock, model: ModelName, version: VersionId, known: Provenance
) -> ProvenanceRead | ProvenanceUnread:
    """Return where a version comes from as an event; `known` is what registries said of it before."""
    if source.kind is SourceKind.REGISTRY:
        question = cast(Registry, source.port).read_provenance(model, version)
    else:
        question = cast("ProvenanceSource", source.port).read_provenance(model, version, known)
    answer = await _answer(source, clock, question)
    if isinstance(answer, SourceFailed):
        return ProvenanceUnread(source.name, clock.now(), model, version, answer.title)
    return ProvenanceRead(source.name, clock.now(), model, version, answer)


async def ask_code_log(source: Source, clock: Clock, span: CodeSpan) -> CodeLog | None:
    """Return what lies between two commits; None when this source does not keep that repository."""
    answer = await _answer(source, clock, cast("CodeHistory", source.port).read_log(*span))
    if isinstance(answer, SourceFailed):
        from modeltui.domain.comparison.difference import CodeLog

        repository = SafeText("") if isinstance(span.repository, Missing) else span.repository
        return CodeLog(repository, (), trouble=answer.title)
    return answer


async def ask_probe(source: Source, clock: Clock) -> Probe | SourceFailed:
    """Return what a source says of itself, or why it does not."""
    return await _answer(source, clock, source.port.probe())


def failure(source: Source, clock: Clock, error: BackendError) -> SourceFailed:
    """Return the event for an error that a backend caused."""
    pause_seconds = error.asked_pause_seconds if isinstance(error, BackendUnavailable) else 0.0
    return SourceFailed(
        source.name, clock.now(), safe_text(error.title, 300), safe_text(error.remedy, 300), pause_seconds
    )


async def _answer(source: Source, clock: Clock, question: Awaitable[_T]) -> _T | SourceFailed:
    """Return what a source answers within its deadline, or its failure; nothing that an adapter does ends the rest."""
    try:
        async with asyncio.timeout(source.deadline_seconds):
            return await question
    except TimeoutError:
        return _too_slow(source, clock)
    except BackendError as error:
        return failure(source, clock, error)
    except Exception as error:  # a bug in one adapter costs its own cells only
        return _bug(source, clock, error)


async def _poll(source: Source, clock: Clock) -> list[Event]:
    match source.kind:
        case SourceKind.REGISTRY:
            models = await cast(Registry, source.port).read_models()
            return [RegistryRead(source.name, clock.now(), models.models, models.warnings)]
        case SourceKind.ROLLOUTS:
            rollouts = await cast(RolloutReader, source.port).read_rollouts()
            return [RolloutsRead(source.name, clock.now(), rollouts.rollouts, rollouts.warnings)]
        case SourceKind.METRICS:
            samples = await cast(Metrics, source.port).read()
            return list(_parts(source, clock.now(), samples.samples, samples.warnings))
        case SourceKind.PROVENANCE | SourceKind.CODE:
            probe = await source.port.probe()
            return [SourceAnswered(source.name, clock.now(), _not_well(probe))]


def _not_well(probe: Probe) -> tuple[SafeText, ...]:
    """Return what does not work in a source that answers all the same."""
    return tuple(safe_text(f"{one.name}: {one.says}", 300) for one in probe.findings if one.ok is False)


def _parts(source: Source, at: Instant, samples: tuple[Sample, ...], warnings: tuple[SafeText, ...]) -> Iterator[Event]:
    by_target: dict[TargetKey, list[Sample]] = {}
    for sample in samples:
        by_target.setdefault(sample.target, []).append(sample)
    groups = list(by_target.values())
    for first in range(0, max(len(groups), 1), TARGETS_PER_PART):
        part = tuple(sample for group in groups[first : first + TARGETS_PER_PART] for sample in group)
        is_last = first + TARGETS_PER_PART >= len(groups)
        yield SamplesRead(source.name, at, part, is_last, warnings if is_last else ())


async def _history(
    source: Source, clock: Clock, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
) -> list[Event]:
    answer = await cast(Metrics, source.port).read_history(targets, start, end, step_seconds)
    by_target: dict[TargetKey, list[tuple[Instant, tuple[Sample, ...]]]] = {}
    for at, samples in answer.steps:
        of_step: dict[TargetKey, list[Sample]] = {}
        for sample in samples:
            of_step.setdefault(sample.target, []).append(sample)
        for target, its_samples in of_step.items():
            by_target.setdefault(target, []).append((at, tuple(its_samples)))
    now = clock.now()
    return [HistoryRead(source.name, now, (target,), tuple(steps)) for target, steps in by_target.items()]


def _bug(source: Source, clock: Clock, error: Exception) -> SourceFailed:
    return SourceFailed(
        source.name,
        clock.now(),
        safe_text(f"{source.name}: the adapter failed on the answer ({type(error).__name__})"),
        SafeText("this is a defect of the adapter: run 'modeltui doctor' and report what it prints"),
    )


def _too_slow(source: Source, clock: Clock) -> SourceFailed:
    return SourceFailed(
        source.name,
        clock.now(),
        safe_text(f"{source.name}: no answer within {source.deadline_seconds:g} s"),
        SafeText("check the backend's load, or raise timeout_seconds of this source"),
    )
