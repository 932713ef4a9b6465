"""Looks at a world through the real adapters and the real reducer, as the engine does, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from modeltui.adapters.embedded import metrics, registry, rollout_reader
from modeltui.adapters.embedded.demo_config import demo_config
from modeltui.adapters.embedded.file import Options
from modeltui.adapters.embedded.world import World
from modeltui.config.load import check_text
from modeltui.config.policy import policy_of
from modeltui.config.secrets import SecretStore
from modeltui.domain.event import Event, HistoryRead, RegistryRead, RolloutsRead, SamplesRead, Tick
from modeltui.domain.fleet import Context, Fleet, SourceKind, SourceState, Target
from modeltui.domain.health import Level
from modeltui.domain.names import Environment, Instant, ModelName, SourceName, TargetKey, VersionId
from modeltui.domain.policy import Policy
from modeltui.domain.reduce import reduce
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from modeltui.ports.metrics import Metrics
from modeltui.ports.registry import Registry
from modeltui.ports.rollout_reader import RolloutReader
from modeltui.testing.clock import NOON, VirtualClock

SEED = 7
BEGAN_AT = Instant(NOON)


def source(name: str) -> SourceName:
    return SourceName(SafeText(name))


def version(text: str) -> VersionId:
    return VersionId(SafeText(text))


def target_key(text: str) -> TargetKey:
    model, _, environment = text.partition("@")
    return TargetKey(ModelName(SafeText(model)), Environment(SafeText(environment)))


def demo_policy() -> Policy:
    """Return the policy that the demo's own configuration makes."""
    config, _ = check_text(demo_config(Path("world.sqlite")), "/demo/modeltui.yaml")
    return policy_of(config.contexts["demo"])


def surroundings(name: str, clock: VirtualClock, base_directory: Path = Path("/nowhere")) -> Surroundings:
    return Surroundings(source(name), clock, demo_policy().signals, SecretStore().resolve, base_directory)


@dataclass
class Onlooker:
    """Polls a world and folds what it sees."""

    metrics: Metrics
    registry: Registry
    rollouts: RolloutReader
    clock: VirtualClock
    fleet: Fleet
    levels: list[tuple[float, str, Level, Level]] = field(default_factory=list)
    """Changes of a target's level: seconds on the clock, target, before, after."""

    async def begin(self) -> None:
        """Read what a program reads at its start: everything, and the past hour."""
        now = self.clock.now()
        models = await self.registry.read_models()
        self.see(RegistryRead(source("registry"), now, models.models, models.warnings))
        await self._rollouts()
        targets = tuple(self.fleet.targets)
        past = await self.metrics.read_history(targets, Instant(now - 3600), now, 60.0)
        self.see(HistoryRead(source("metrics"), now, targets, past.steps))
        await self._samples()
        self.levels.clear()

    async def look(self) -> None:
        """Poll once."""
        await self._rollouts()
        await self._samples()
        self.see(Tick(self.clock.now()))

    async def live(
        self, world: World, seconds: float, *, tick_seconds: float = 5.0, poll_seconds: float = 10.0
    ) -> None:
        """Let the world move for some time, and look at it."""
        until = self.clock.boottime() + seconds
        polled = self.clock.boottime()
        while self.clock.boottime() < until:
            await self.clock.advance(tick_seconds)
            world.append(self.clock.now())
            if self.clock.boottime() - polled >= poll_seconds:
                polled = self.clock.boottime()
                await self.look()

    def see(self, event: Event) -> None:
        before = self.fleet.targets
        self.fleet, _ = reduce(self.fleet, event)
        for key, target in self.fleet.targets.items():
            if key in before and before[key].level is not target.level:
                self.levels.append((self.clock.boottime(), str(key), before[key].level, target.level))

    def target(self, key: str) -> Target:
        return self.fleet.targets[target_key(key)]

    async def _rollouts(self) -> None:
        answer = await self.rollouts.read_rollouts()
        self.see(RolloutsRead(source("rollouts"), self.clock.now(), answer.rollouts, answer.warnings))

    async def _samples(self) -> None:
        answer = await self.metrics.read()
        self.see(SamplesRead(source("metrics"), self.clock.now(), answer.samples, True, answer.warnings))


@asynccontextmanager
async def onlooker(path: Path, clock: VirtualClock) -> AsyncIterator[Onlooker]:
    """Give somebody who looks at the world in `path`."""
    options = Options(path=path)
    kinds = {"registry": SourceKind.REGISTRY, "metrics": SourceKind.METRICS, "rollouts": SourceKind.ROLLOUTS}
    sources = {source(name): SourceState(source(name), kind, SafeText("embedded"), 2.0) for name, kind in kinds.items()}
    fleet = Fleet(Context(SafeText("demo"), simulated=True), demo_policy(), clock.now(), sources)
    async with AsyncExitStack() as stack:
        yield Onlooker(
            await stack.enter_async_context(metrics.connect(options, surroundings("metrics", clock))),
            await stack.enter_async_context(registry.connect(options, surroundings("registry", clock))),
            await stack.enter_async_context(rollout_reader.connect(options, surroundings("rollouts", clock))),
            clock,
            fleet,
        )
