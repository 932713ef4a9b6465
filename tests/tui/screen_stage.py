"""The screens over a small world, without a terminal: keys go in, rows of text come out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from textual.events import Key
from textual.keys import _character_to_key

from modeltui.domain.acting.action import Refusal
from modeltui.domain.event import Event, ProvenanceRead, SourceFailed, Watched
from modeltui.domain.fleet import Context, SourceKind
from modeltui.domain.lineage import Approval, CodeRevision, Known, Provenance
from modeltui.domain.names import Instant, ModelName, TargetKey, VersionId
from modeltui.domain.reduce import Changes
from modeltui.domain.rollout import Job, Rollout, Stage
from modeltui.domain.signal import Sample
from modeltui.domain.text import safe_text
from modeltui.engine.observer import Observer
from modeltui.engine.store import Store
from modeltui.ports.acting import Acting
from modeltui.ports.clock import Clock
from modeltui.testing import worlds
from modeltui.testing.worlds import World, mean, seen, source_name
from modeltui.tui.app import ModeltuiApp

SIZES = ((80, 24), (120, 36), (200, 50), (60, 18), (40, 10), (20, 5), (1, 1))
"""The named sizes, the compact ones, and what a window manager may do for a moment."""

_ASKED_SELDOM = (SourceKind.PROVENANCE, SourceKind.CODE)


@dataclass
class StagedWorld(World):
    """A world whose events go through a store, so that screens hear of them."""

    context: str = "test"

    def __post_init__(self) -> None:
        super().__post_init__()
        # Sources that are asked about a version only answer nothing here: row 1 would count them as connecting.
        asked = {name: one for name, one in self.fleet.sources.items() if one.kind not in _ASKED_SELDOM}
        self.fleet = replace(self.fleet, context=Context(safe_text(self.context)), sources=asked)
        self.store = Store(self.fleet)

    def apply(self, event: Event) -> Changes:
        """Reduce one event in the store."""
        self.changes = self.store.apply(event)
        self.fleet = self.store.fleet
        return self.changes


class FakeObserver:
    """An observer whose sources are the test."""

    def __init__(self, world: StagedWorld) -> None:
        self.world = world
        self.store = world.store
        self.polls = 0
        self.wanted: list[tuple[ModelName, VersionId]] = []
        self.compared: list[tuple[ModelName, VersionId, VersionId]] = []
        self.compared_again: list[tuple[ModelName, VersionId, VersionId]] = []
        """Those of them that also asked for what was known."""
        self.listed: list[ModelName] = []

    @property
    def fleet(self) -> Any:
        """The newest snapshot."""
        return self.store.fleet

    async def run(self) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()

    def watch(self, targets: Iterable[TargetKey]) -> None:
        """Keep points of these, and of those before."""
        self.world.apply(Watched(self.world.now, self.fleet.watched | frozenset(targets)))

    def want_provenance(self, model: ModelName, version: VersionId) -> None:
        """Note the wish."""
        self.wanted.append((model, version))

    def want_comparison(self, model: ModelName, a: VersionId, b: VersionId, *, again: bool = False) -> None:
        """Note the wish."""
        self.compared.append((model, a, b))
        if again:
            self.compared_again.append((model, a, b))

    def want_versions(self, model: ModelName) -> None:
        """Note the wish."""
        self.listed.append(model)

    async def poll_now(self) -> None:
        """Count."""
        self.polls += 1


@dataclass
class ShownApp:
    """A running app, driven without waiting for the clock."""

    app: ModeltuiApp
    pilot: Any
    world: StagedWorld
    observer: FakeObserver
    opened: list[str] = field(default_factory=list)
    """The contexts that were opened, in order."""

    async def settle(self) -> None:
        """Let every message be handled, also those that follow from others."""
        for _ in range(6):
            await self.pilot.pause(0)

    async def press(self, *keys: str) -> None:
        """Press keys by the names of the terminal library; a single character is typed."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            self.app.post_message(Key(name, key if len(key) == 1 else None))
            await self.settle()

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.press(*text)

    async def show_news(self) -> None:
        """Let the screens draw what the store has, now and not in a tenth of a second."""
        self.app._bridge._flush()
        await self.settle()

    async def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        await self.pilot.resize_terminal(width, height)
        await self.settle()

    @property
    def rows(self) -> list[str]:
        """The rows of the screen as text."""
        return ["".join(segment.text for segment in strip) for strip in self.strips]

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(row.rstrip() for row in self.rows)

    @property
    def strips(self) -> list[Any]:
        """The rows of the screen with their styles."""
        return list(self.app.screen._compositor.render_strips(self.app.screen.size))

    @property
    def screen(self) -> str:
        """The kind of screen on top."""
        return type(self.app.screen).__name__


@asynccontextmanager
async def shown(
    world: StagedWorld,
    size: tuple[int, int] = (120, 36),
    *,
    ascii_only: bool = False,
    theme: str = "modeltui-dark",
    contexts: tuple[str, ...] = ("test",),
    others: Mapping[str, StagedWorld] | None = None,
    acting: Acting | Refusal | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[ShownApp]:
    """Run the screens over a world; `others` are the worlds of further contexts, `acting` the way to act."""
    observer = FakeObserver(world)
    opened: list[str] = []

    @asynccontextmanager
    async def opening(name: str) -> AsyncIterator[Observer]:
        opened.append(name)
        chosen = FakeObserver(others[name]) if others and name in others else observer
        yield cast(Observer, chosen)

    def open_observer(name: str) -> AbstractAsyncContextManager[Observer]:
        return opening(name)

    @asynccontextmanager
    async def opening_acting(name: str, observer: Observer) -> AsyncIterator[Acting | Refusal]:
        assert acting is not None
        yield acting

    app = ModeltuiApp(
        open_observer,
        world.fleet,
        contexts,
        theme_name=theme,
        ascii_only=ascii_only,
        open_acting=opening_acting if acting is not None else None,
        clock=clock,
    )
    app.ascii_only = ascii_only
    async with app.run_test(size=size) as pilot:
        stage = ShownApp(app, pilot, world, observer, opened)
        await stage.settle()
        yield stage


def incident(world: StagedWorld | None = None) -> StagedWorld:
    """Return a fleet with one of everything: a breach in a segment, skew, stale, no data, a job, and health."""
    world = world or StagedWorld()
    world.registered(*(worlds.model(name) for name in ("fraud", "aml", "churn", "silent", "old", "batch")))
    tell_rollouts(world)
    world.apply(Watched(world.now, frozenset({worlds.target_key("fraud@prod-hk")})))
    world.sees(*everything_well(world.now), seen("old@prod-cn", "1.4.2", world.now, error_rate=(2, 2000)))
    for step in range(12):
        world.passes(15)
        world.sees(*everything_well(world.now), *([harmed(world.now)] if step >= 8 else []))
    world.ticks(1)
    version, model = worlds.version_id("3.0.0"), ModelName(safe_text("fraud"))
    world.apply(ProvenanceRead(source_name("registry"), world.now, model, version, known_past()))
    return world


def tell_rollouts(world: StagedWorld) -> None:
    """Let the controller describe the incident's targets."""
    key = worlds.version_id("3.0.0")
    held = Stage(safe_text("canary-5"), 0.05, world.now, 86_400.0)
    job = Job(safe_text("chargeback-backfill"), key, Instant(world.now - 5_000), 0.54)
    fraud = worlds.rollout("fraud@prod-hk", "2.3.1", "3.0.0", stage=held, jobs=[job])
    world.told(
        replace_says(fraud, "Progressing: canary-5 holds for 24h, then canary-25"),
        with_environment(worlds.rollout("aml@prod-hk", "2.3.1"), python="3.11.9", image="tabular-3.11"),
        with_environment(worlds.rollout("aml@prod-cn", "3.0.0"), python="3.12.6", image="tabular-3.12"),
        worlds.rollout("churn@prod-hk", "9.1.0"),
        worlds.rollout("silent@prod-hk", "3.9.0"),
        worlds.rollout("old@prod-cn", "1.4.2"),
    )


def replace_says(rollout: Rollout, words: str) -> Rollout:
    """Return a rollout whose controller says this."""
    return replace(rollout, says=safe_text(words))


def with_environment(rollout: Rollout, **facts: str) -> Rollout:
    """Return a rollout that tells what it runs in."""
    table = {safe_text(name): safe_text(value) for name, value in facts.items()}
    return replace(rollout, environment=Known(table, rollout.source, worlds.START))


def everything_well(at: Instant) -> tuple[tuple[Sample, ...], ...]:
    """Return samples of a calm fleet."""
    calm: dict[str, Any] = {"latency_p95": 0.04, "throughput": 100.0, "confidence": mean(0.9, 5000), "drift": 0.02}
    return (
        seen("fraud@prod-hk", "2.3.1", at, error_rate=(150, 95_000), **(calm | {"throughput": 950.0})),
        seen("aml@prod-hk", "2.3.1", at, error_rate=(10, 9000), **calm),
        seen("aml@prod-cn", "3.0.0", at, error_rate=(10, 9000), **calm),
        seen("churn@prod-hk", "9.1.0", at, error_rate=(10, 9000), **calm),
    )


def harmed(at: Instant) -> tuple[Sample, ...]:
    """Return samples of a candidate that hurts small merchants."""
    segments = {"error_rate": {"merchant_size=micro": (300.0, 900.0), "merchant_size=large": (10.0, 4000.0)}}
    return seen("fraud@prod-hk", "3.0.0", at, segments, error_rate=(310, 5000), throughput=50.0, latency_p95=0.041)


def known_past() -> Provenance:
    """Return where a version comes from."""
    source, at = source_name("registry"), worlds.START
    return Provenance(
        approvals=Known((Approval(safe_text("m.lee"), safe_text("approved")),), source, at),
        code=Known(CodeRevision(safe_text("9f130e83c3aa")), source, at),
        base_image=Known(safe_text("registry.example/serving/tabular-3.12@sha256:917bd387b69e65128d"), source, at),
    )


def fail_source(world: StagedWorld, name: str, title: str = "no answer from the metrics store") -> None:
    """Let a source's last question fail."""
    world.apply(SourceFailed(source_name(name), world.now, safe_text(title), safe_text("is it running?")))
