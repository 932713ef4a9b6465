"""Our lease on a target, for as long as we act on it: a courtesy among operators, renewed while we live."""

from __future__ import annotations

import asyncio

from modeltui.domain.acting.action import ActionKind, Plan, Refusal
from modeltui.domain.acting.lease import LEASE_SECONDS, Lease
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import is_rescue, lease_details
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.deadlines import Deadlines, within
from modeltui.engine.acting.recording import PlanRecord
from modeltui.ports.clock import Clock
from modeltui.ports.leases import Leases

_RENEW_SECONDS = LEASE_SECONDS / 4
_LATE_SECONDS = 15.0
"""A store may grant a lease after nobody waits for it any more: longer than files (10 s) and databases (12 s) go on."""


class Hold:
    """One plan's claim on its target."""

    def __init__(
        self,
        leases: Leases,
        record: PlanRecord,
        plan: Plan,
        actor: Actor,
        clock: Clock,
        deadlines: Deadlines,
        process: str = "",
    ) -> None:
        self._leases = leases
        self._record = record
        self._plan = plan
        self._actor = actor
        self._clock = clock
        self._deadlines = deadlines
        self._says = safe_text(process)
        self._renewed_at = 0.0
        self._is_rescue = is_rescue(plan)
        self.lease: Lease | None = None
        """Ours; none before it is taken, after it is lost, and where the store of leases cannot be used."""
        self.broke: Lease | None = None
        """Whose lease an abort ended."""
        self.is_lost = False
        self._taking: asyncio.Task[Lease] | None = None
        """An attempt whose answer is lost or not there yet: what it brings is ours to use, or to give back."""
        self._before: Lease | None = None

    async def take(self) -> Refusal | None:
        """Return why the target is not ours to act on; `None` when it is.

        An abort ends the lease of others; everything else is refused while one is in force. The safe direction goes
        on without a lease when their store cannot be used.
        """
        plan = self._plan
        breaks = plan.kind is ActionKind.ABORT
        try:
            self._before = await self._others() if breaks else None
            taking = self._leases.take(
                plan.target, self._actor, plan.id, plan.kind, breaks_others=breaks, says=self._says
            )
            # Not in a group: it outlives this wait, and `release` waits for it or ends it.
            self._taking = asyncio.ensure_future(taking)  # noqa: TID251
            self._taking.add_done_callback(lambda done: done.cancelled() or done.exception())  # it may come too late
            lease = await within(self._clock, self._deadlines.lease_seconds, _answer(self._taking))
        except (JournalUnavailable, TimeoutError) as error:
            return None if self._is_rescue else _no_store(error)
        self._taking = None
        if not self._is_ours(lease):
            return _twice(lease) if lease.plan_id == plan.id else _busy(lease, self._clock.now())
        self._hold(lease)
        return None

    async def keep(self, says: str, *, before_write: bool = False) -> bool:
        """Return whether the target is still ours; asks the store when it is time, and always before a write."""
        if self.is_lost:
            return False
        self._adopt()
        is_time = self._clock.boottime() - self._renewed_at >= _RENEW_SECONDS
        if self.lease is None or not (before_write or is_time):
            return True
        try:
            renewing = self._leases.renew(self.lease, says)
            renewed = await within(self._clock, self._deadlines.lease_seconds, renewing)
        except (JournalUnavailable, TimeoutError):
            # Nobody can say that it is lost. The safe direction goes on; a risk is not taken on a guess.
            return self._is_rescue or not before_write
        if renewed is None:
            await self._record.note(RecordKind.LEASE_LOST, lease_details(self.lease, "somebody else has it now"))
            self.lease, self.is_lost = None, True
            return False
        self.lease, self._renewed_at = renewed, self._clock.boottime()
        return True

    async def release(self) -> None:
        """Give the target back, also where the store granted it late; a lease that cannot be given back runs out."""
        self._adopt()
        lease, self.lease = self.lease, None
        try:
            if lease is None:
                lease = await self._granted_late()
            if lease is None:
                return
            await within(self._clock, self._deadlines.lease_seconds, self._leases.release(lease))
        except (JournalUnavailable, TimeoutError):
            return

    def _hold(self, lease: Lease) -> None:
        self.lease, self.broke = lease, self._before
        self._renewed_at = self._clock.boottime()

    def _adopt(self) -> None:
        """Hold what an attempt has brought that nobody waited for."""
        taking = self._taking
        if taking is None or not taking.done() or taking.cancelled() or taking.exception() is not None:
            return
        self._taking = None
        if self._is_ours(taking.result()):
            self._hold(taking.result())

    async def _granted_late(self) -> Lease | None:
        """Return the lease that our attempt left in the store, once it is over; raise when nobody can say."""
        taking, self._taking = self._taking, None
        if taking is None:
            return None
        try:
            lease = await within(self._clock, _LATE_SECONDS, _answer(taking))
            return lease if self._is_ours(lease) else None
        except (JournalUnavailable, TimeoutError):
            taking.cancel()
        # An answer that was lost says nothing of what the store has done.
        held = await within(self._clock, self._deadlines.lease_seconds, self._leases.held())
        return next((lease for lease in held if self._is_ours(lease)), None)

    def _is_ours(self, lease: Lease) -> bool:
        """Tell whether a lease that was not renewed yet is of this run, and not of another run of the same plan."""
        return lease.plan_id == self._plan.id and lease.says == self._says

    async def _others(self) -> Lease | None:
        held = await within(self._clock, self._deadlines.lease_seconds, self._leases.held())
        plan = self._plan
        return next((lease for lease in held if lease.target == plan.target and lease.plan_id != plan.id), None)


async def _answer(taking: asyncio.Task[Lease]) -> Lease:
    """Return what an attempt brings; whoever stops waiting for it does not stop it."""
    return await asyncio.shield(taking)


def _busy(lease: Lease, now: Instant) -> Refusal:
    doing = f", {lease.says}" if lease.says else ""
    since = max(0.0, now - lease.taken_at)
    reason = f"{lease.holder} is acting on {lease.target}: {lease.kind.value} since {since:.0f} s{doing}"
    return Refusal(safe_text(reason), SafeText("wait for it, or talk to them; an abort waits for nobody"))


def _twice(lease: Lease) -> Refusal:
    says = safe_text(f"this plan is being carried out already, by {lease.holder}, and a plan is carried out once")
    return Refusal(says, SafeText("see in the journal how it goes; to act again, plan again"))


def _no_store(error: Exception) -> Refusal:
    title = error.title if isinstance(error, JournalUnavailable) else "the store of leases does not answer"
    return Refusal(safe_text(f"nobody can say who else is acting: {title}"), SafeText("repair the shared store first"))
