"""Sources that answer what a test tells them to: values, failures, silence, slowness. They count who asks when."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from modeltui.domain.comparison.difference import CodeLog
from modeltui.domain.fleet import Context, Fleet, SourceKind
from modeltui.domain.lineage import Provenance
from modeltui.domain.names import Instant, ModelName, TargetKey, Unknown, VersionId
from modeltui.domain.policy import DEFAULT_POLICY, Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.signal import Sample
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Version
from modeltui.engine.observer import Observer
from modeltui.engine.source import Port, Source
from modeltui.engine.store import Store
from modeltui.ports.clock import Clock
from modeltui.ports.metrics import HistoryAnswer, SamplesAnswer
from modeltui.ports.probe import Probe
from modeltui.ports.registry import ModelsAnswer
from modeltui.ports.rollout_reader import RolloutsAnswer
from modeltui.testing.worlds import EVERY_SECONDS, source_name

World: TypeAlias = Callable[[Instant], Iterable[Sample]]
"""What a metrics source would see at a moment; the past is asked from it too."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question that a fake was asked."""

    name: str
    at: float
    """Seconds on the clock when it came."""
    about: tuple[object, ...] = ()


@dataclass(kw_only=True)
class Fake:
    """What all fakes can: fail once or until told otherwise, take their time, or never answer."""

    clock: Clock
    fault: BaseException | None = None
    """Raised at every question while it is set."""
    faults: deque[BaseException] = field(default_factory=deque)
    """Raised one by one, before anything else."""
    failing: frozenset[str] = frozenset()
    """The questions that `fault` concerns, by name; all when empty."""
    takes_seconds: float = 0.0
    never_answers: bool = False
    questions: list[Question] = field(default_factory=list)
    most_at_once: int = 0
    """The most questions that waited for an answer at the same time."""
    _at_once: int = 0

    def asked(self, name: str) -> list[Question]:
        """Return the questions of one kind, oldest first."""
        return [question for question in self.questions if question.name == name]

    async def probe(self) -> Probe:
        """Return that all is well."""
        await self._heard("probe")
        return Probe(safe_text("1.0"))

    async def _heard(self, name: str, *about: object) -> None:
        self.questions.append(Question(name, self.clock.boottime(), about))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.never_answers:
                await asyncio.get_running_loop().create_future()
            if self.takes_seconds:
                await self.clock.sleep(self.takes_seconds)
            if self.faults:
                raise self.faults.popleft()
            if self.fault is not None and (not self.failing or name in self.failing):
                raise self.fault
        finally:
            self._at_once -= 1


@dataclass(kw_only=True)
class FakeRegistry(Fake):
    """A registry with the models it is given."""

    models: tuple[Model, ...] = ()
    versions: Mapping[ModelName, tuple[Version, ...]] = field(default_factory=dict)
    provenance: Mapping[tuple[ModelName, VersionId], Provenance] = field(default_factory=dict)

    async def read_models(self) -> ModelsAnswer:
        """Return the models."""
        await self._heard("models")
        return ModelsAnswer(self.models)

    async def read_versions(self, model: ModelName) -> tuple[Version, ...]:
        """Return the versions of one model."""
        await self._heard("versions", model)
        return self.versions.get(model, ())

    async def read_provenance(self, model: ModelName, version: VersionId) -> Provenance:
        """Return where a version comes from; nothing is known of one that was not given."""
        await self._heard("provenance", model, version)
        return self.provenance.get((model, version), Provenance())


@dataclass(kw_only=True)
class FakeMetrics(Fake):
    """A metrics source that sees a world."""

    world: World = field(default=lambda _: ())
    keeps_history: bool = True

    async def read(self) -> SamplesAnswer:
        """Return what the world looks like now."""
        await self._heard("samples")
        return SamplesAnswer(tuple(self.world(self.clock.now())))

    async def read_history(
        self, targets: Sequence[TargetKey], start: Instant, end: Instant, step_seconds: float
    ) -> HistoryAnswer:
        """Return what the world looked like, step by step."""
        await self._heard("history", *targets)
        if not self.keeps_history:
            return HistoryAnswer((), (safe_text("no history is kept"),))
        moments = [Instant(start + step_seconds * step) for step in range(int((end - start) / step_seconds) + 1)]
        return HistoryAnswer(
            tuple((at, tuple(sample for sample in self.world(at) if sample.target in targets)) for at in moments)
        )


@dataclass(kw_only=True)
class FakeRollouts(Fake):
    """A controller with the targets it is given."""

    rollouts: tuple[Rollout, ...] = ()

    async def read_rollouts(self) -> RolloutsAnswer:
        """Return the targets."""
        await self._heard("rollouts")
        return RolloutsAnswer(self.rollouts)


@dataclass(kw_only=True)
class FakeProvenance(Fake):
    """Something that tells where versions come from, without being a registry."""

    provenance: Mapping[tuple[ModelName, VersionId], Provenance] = field(default_factory=dict)
    heard: list[Provenance] = field(default_factory=list)
    """What registries had said before, question by question."""

    async def read_provenance(self, model: ModelName, version: VersionId, known: Provenance) -> Provenance:
        """Return what it was given."""
        self.heard.append(known)
        await self._heard("provenance", model, version)
        return self.provenance.get((model, version), Provenance())


@dataclass(kw_only=True)
class FakeCode(Fake):
    """A repository with the log it is given, whatever the commits."""

    log: CodeLog | None = None

    async def read_log(self, repository: SafeText | Unknown, a: SafeText, b: SafeText) -> CodeLog | None:
        """Return the log."""
        await self._heard("log", repository, a, b)
        return self.log


def fake_source(
    port: Port, *, every_seconds: float = EVERY_SECONDS, deadline_seconds: float = 15.0, name: str = ""
) -> Source:
    """Return a fake as the engine sees a source; without a name it is called after what it is."""
    kind = _KINDS.get(type(port), SourceKind.ROLLOUTS)
    return Source(source_name(name or kind.value), kind, safe_text("fake"), port, every_seconds, deadline_seconds)


_KINDS: Final[Mapping[type, SourceKind]] = {
    FakeRegistry: SourceKind.REGISTRY,
    FakeMetrics: SourceKind.METRICS,
    FakeProvenance: SourceKind.PROVENANCE,
    FakeCode: SourceKind.CODE,
}


def fake_observer(clock: Clock, *sources: Source, policy: Policy = DEFAULT_POLICY) -> Observer:
    """Return an observer over these sources that knows nothing yet."""
    states = {source.name: source.state() for source in sources}
    return Observer(Store(Fleet(Context(safe_text("test")), policy, clock.now(), states)), sources, clock)
