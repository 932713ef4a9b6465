"""Gathers what a plan is made from, afresh and within a few seconds; what does not come in time is left unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from modeltui.domain.acting.access import permit
from modeltui.domain.acting.action import ActionKind, Desired, PlanId, Refusal, WritingPromise
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.leasing import is_in_force
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.planning import is_last_known_good, version_to_go_to
from modeltui.domain.acting.request import ActionRequest
from modeltui.domain.acting.situation import RECENT_SECONDS, Situation, Timings
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.event import Tick
from modeltui.domain.fleet import Fleet, SourceKind, Target
from modeltui.domain.identity import Actor
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.journal.view import JournalView
from modeltui.domain.names import UNKNOWN, Instant, Missing, NoData, SourceName, TargetKey, Unknown, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Version
from modeltui.engine.acting.deadlines import within
from modeltui.engine.observer import Observer
from modeltui.ports.clock import Clock
from modeltui.ports.journal import JournalReader, Query
from modeltui.ports.leases import Leases
from modeltui.ports.rules import Rules

TYPE_CHECKING = False
if TYPE_CHECKING:  # loaded by those that compare
    from modeltui.domain.suspects.suspect import Suspect

LOOK_SECONDS = 2.0
"""For one fresh look at all sources: an operator waits, and a source that takes longer is flagged as old."""
PAST_SECONDS = 4.0
"""For the past of the target, where this session has not looked at it yet."""
PAST_AGAIN_SECONDS = 60.0
"""A backend that did not tell the past is not waited for again at the next key."""
READ_SECONDS = 2.0
"""For the registry, the leases and the journal, all at once."""
MOST_RECORDS = 200

_T = TypeVar("_T")
_ENDS = frozenset({RecordKind.ACTION_INTENT, RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED})


@dataclass(frozen=True, slots=True)
class Writing:
    """What writing through one source promises, and the words that it will hear."""

    promise: WritingPromise
    call: Callable[[TargetKey, Rollout, Desired], SafeText]
    writes_to: Callable[[TargetKey], SafeText]
    """Where the writes to a target go."""


def promise_for(promises: Mapping[SourceName, Writing | Refusal], target: Target) -> Writing | Refusal:
    """Return how the target's own source can be written to, or why it cannot."""
    if not isinstance(target.rollout, Rollout):
        return Refusal(
            safe_text(f"nothing says who should serve on {target.key}"),
            SafeText("add its rollout system to the configuration, or name the meaning of its registry's pointers"),
        )
    source = target.rollout.source
    return promises.get(source) or Refusal(
        safe_text(f"{source} can be read here and not written to"),
        safe_text(f"change {target.key} where {source} is kept; modeltui doctor says which sources can be written to"),
    )


class Situating:
    """Looks and reads for one session; holds nothing that can write."""

    def __init__(
        self,
        observer: Observer,
        journal: JournalReader,
        leases: Leases,
        rules: Rules,
        promises: Mapping[SourceName, Writing | Refusal],
        clock: Clock,
        timings: Timings,
    ) -> None:
        self._observer = observer
        self._journal = journal
        self._leases = leases
        self._rules = rules
        self._promises = promises
        self._clock = clock
        self._timings = timings
        self._past_asked_at: dict[TargetKey, float] = {}

    @property
    def fleet(self) -> Fleet:
        """Return the newest snapshot."""
        return self._observer.fleet

    def target(self, key: TargetKey) -> Target:
        """Return a target as it is known; an empty one where there is none."""
        return self.fleet.targets.get(key) or Target(key)

    def is_production(self, key: TargetKey) -> bool:
        """Tell whether the rules for places that serve people count."""
        return self.fleet.context.production or self.fleet.policy.is_production(key.environment)

    def writing(self, key: TargetKey) -> Writing | Refusal:
        """Return how a target can be written to, or why not."""
        return promise_for(self._promises, self.target(key))

    def permission(self, actor: Actor, kind: ActionKind, key: TargetKey, *, is_known_good: bool) -> Permission:
        """Return what the rules say to one actor now."""
        return permit(
            self._rules.policy,
            actor,
            kind,
            key,
            is_last_known_good=is_known_good,
            production=self.is_production(key),
            now=self._clock.now(),
        )

    async def look_afresh(self) -> None:
        """Ask every source once; those that answer in time are applied, and the others grow old."""
        await self._in_time(self._observer.poll_now(), LOOK_SECONDS)
        self._observer.store.apply(Tick(self._clock.now()))

    async def situation(self, request: ActionRequest, actor: Actor, plan_id: PlanId) -> Situation:
        """Return everything that a plan for this request is made from."""
        await self.look_afresh()
        key = request.target
        if request.kind is not ActionKind.ABORT:
            await self._know_past(key)
        wanted = self._wanted(self.target(key), request)
        known: list[Lease | Unknown] = []
        records: list[JournalView] = []
        async with asyncio.TaskGroup() as reading:
            reading.create_task(self._read_registry(key, wanted))
            reading.create_task(self._in_time(self._read_lease(key, known), READ_SECONDS))
            reading.create_task(self._in_time(self._read_records(key, records), READ_SECONDS))
        # What was read may have moved the target on: everything below is of one and the same snapshot.
        fleet, target = self.fleet, self.target(key)
        writing = promise_for(self._promises, target)
        return Situation(
            fleet=fleet,
            actor=actor,
            promise=writing if isinstance(writing, Refusal) else writing.promise,
            permission=self.permission(actor, request.kind, key, is_known_good=is_last_known_good(target, request)),
            plan_id=plan_id,
            now=self._clock.now(),
            call=_call(key, writing),
            writes_to=SafeText("") if isinstance(writing, Refusal) else writing.writes_to(key),
            provenance={
                version: fleet.provenance[key.model, version]
                for version in self._wanted(target, request)
                if (key.model, version) in fleet.provenance
            },
            versions=self._versions(fleet, key),
            lease=known[0] if known else UNKNOWN,
            is_lease_known=bool(known),
            journal=records[0] if records else UNKNOWN,
            timings=self._timings,
        )

    async def _know_past(self, key: TargetKey) -> None:
        """Read the past where nobody has: without it no version is known to be good, and none to be bad for long."""
        asked_at = self._past_asked_at.get(key, -PAST_AGAIN_SECONDS)
        if self._observer.knows_past(key) or self._clock.boottime() - asked_at < PAST_AGAIN_SECONDS:
            return
        self._past_asked_at[key] = self._clock.boottime()
        await self._in_time(self._observer.read_past(key), PAST_SECONDS)
        if not self._observer.knows_past(key):
            await self.look_afresh()  # a past that is too heavy to tell does not make the present old

    def _wanted(self, target: Target, request: ActionRequest) -> tuple[VersionId, ...]:
        """Return the versions whose origin is read: the one to go to, and what it is compared with."""
        named = (version_to_go_to(target, request), target.stable, target.serving)
        return tuple(dict.fromkeys(version for version in named if not isinstance(version, Missing)))

    def _versions(self, fleet: Fleet, key: TargetKey) -> tuple[Version, ...] | Unknown:
        return fleet.versions.get(key.model, UNKNOWN)

    async def _read_registry(self, key: TargetKey, wanted: Iterable[VersionId]) -> None:
        if not any(source.kind is SourceKind.REGISTRY for source in self._observer.sources):
            return
        async with asyncio.TaskGroup() as reading:
            reading.create_task(self._in_time(self._observer.read_versions(key.model), READ_SECONDS))
            for version in wanted:
                # A version never changes; whether its artifact is still there the actor process looks itself.
                if (key.model, version) not in self.fleet.provenance:
                    reading.create_task(self._in_time(self._observer.read_provenance(key.model, version), READ_SECONDS))

    async def suspect(self, key: TargetKey) -> Suspect | NoData:
        """Return the first suspect of what is wrong on a target; the plan itself never waits for this."""
        from modeltui.domain.suspects.symptoms import top_suspect, usual_pair

        pair = usual_pair(self.fleet, self.target(key))
        if not isinstance(pair, Missing):
            await self._in_time(self._observer.read_comparison(key.model, *pair), READ_SECONDS)
        return top_suspect(self.fleet, self.target(key))

    async def _read_lease(self, key: TargetKey, into: list[Lease | Unknown]) -> None:
        now = self._clock.now()
        held = [lease for lease in await self._leases.held() if lease.target == key and is_in_force(lease, now)]
        into.append(held[0] if held else UNKNOWN)

    async def _read_records(self, key: TargetKey, into: list[JournalView]) -> None:
        since = Instant(self._clock.now() - RECENT_SECONDS)
        query = Query(target=key, kinds=_ENDS, since=since, most=MOST_RECORDS, newest_first=True)
        records = await self._journal.read(query)
        into.append(JournalView(tuple(sorted(records, key=lambda record: record.seq)), read_at=self._clock.now()))

    async def _in_time(self, question: Coroutine[Any, Any, _T], seconds: float) -> None:
        """Wait for an answer as long as it may take; who has none by then says nothing."""
        try:
            await within(self._clock, seconds, question)
        except (TimeoutError, JournalUnavailable):
            return


def _call(key: TargetKey, writing: Writing | Refusal) -> Callable[[Rollout | Unknown, Desired], SafeText]:
    def call(seen: Rollout | Unknown, desired: Desired) -> SafeText:
        if isinstance(writing, Refusal) or isinstance(seen, Missing):
            return SafeText("")  # there is no plan then
        return writing.call(key, seen, desired)

    return call
