"""Telling people elsewhere of an action: what the journal says is queued, whoever dies meanwhile.

A notice is put on disk first, and then the journal says that it is (`notice.queued`). What has no such record after a
minute is queued by whoever looks next: at a start, or while observing. So nothing is lost, and what is told twice has
the same id.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from modeltui.domain.acting.action import Plan
from modeltui.domain.acting.approval import ApprovalRequest
from modeltui.domain.acting.desired import weights_text
from modeltui.domain.acting.wording import moment_text
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.identity import Actor
from modeltui.domain.journal.details import notice_details
from modeltui.domain.journal.record import Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Instant, TargetKey, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.asking import in_time
from modeltui.engine.acting.deadlines import Deadlines, within
from modeltui.engine.acting.noticing import KINDS, Due, due_notices, sort_of
from modeltui.ports.clock import Clock
from modeltui.ports.journal import Journal, JournalReader, Query
from modeltui.ports.notifier import Notice, Notifier, Occasion

NEWS_SECONDS: Final = 86_400.0
"""What nobody was told of within a day is no news."""
OTHERS_TURN_SECONDS: Final = 60.0
"""Whoever wrote a record has queued its notices by then, or is dead."""
_LOOKS_BACK_SECONDS: Final = 30 * 86_400.0
"""What somebody had to look at is settled within this, or they have closed it themselves."""
_MOST_RECORDS: Final = 10_000
_MARKS: Final = frozenset({RecordKind.NOTICE_QUEUED})


class Notices:
    """Hands messages to a notifier; an action never waits long for it and never fails by it."""

    def __init__(
        self, notifier: Notifier | None, journal: Journal, actor: Actor, clock: Clock, deadlines: Deadlines
    ) -> None:
        self._notifier = notifier
        self._journal = journal
        self._actor = actor
        self._clock = clock
        self._deadlines = deadlines

    async def tell(self, newest: Record | None, intent: Record | None) -> None:
        """Queue what one record gives people to know, just after it was written or could not be.

        `intent` is that of the same plan, for it may lie where it cannot be read now.
        """
        if self._notifier is None or newest is None:
            return
        before = [one for one in await self._history(newest.entry.target) if sort_of(one) != sort_of(newest)]
        if intent is not None and all(sort_of(one) != sort_of(intent) for one in before):
            before.append(intent)
        for due in due_notices([*before, newest]):
            if due.record is newest:
                await self._queue(self._notifier, due)

    async def complete(self, *, waits: bool) -> int:
        """Queue what the journal gives people to know and nobody has queued; return how many notices.

        With `waits` it stays until what is there now is old enough to be called forgotten, a minute at most. Raises
        `JournalUnavailable`.
        """
        if self._notifier is None:
            return 0
        queued, left = await self._complete(self._notifier)
        if waits and left > 0.0:
            await self._clock.sleep(min(left, OTHERS_TURN_SECONDS))
            queued += (await self._complete(self._notifier))[0]
        return queued

    async def _complete(self, notifier: Notifier) -> tuple[int, float]:
        """Queue what is forgotten; return how many notices, and in how many seconds the last of the others is."""
        forgotten_at = self._clock.now() - OTHERS_TURN_SECONDS
        queued, left = 0, 0.0
        for due in await untold(notifier, self._journal, self._clock, self._deadlines):
            if due.record.entry.at <= forgotten_at:
                queued += await self._queue(notifier, due)
            else:
                left = max(left, due.record.entry.at - forgotten_at)
        return queued, left

    async def _queue(self, notifier: Notifier, due: Due) -> bool:
        notice = due.notice
        try:
            is_kept = await within(self._clock, self._deadlines.notice_seconds, notifier.put(notice))
        except TimeoutError:
            return False
        if not is_kept:
            return False
        mark = Entry(
            RecordKind.NOTICE_QUEUED,
            self._clock.now(),
            self._actor,
            notice.context,
            notice.target,
            notice.plan_id,
            notice.plan_hash,
            details=notice_details(str(notice.id), notice.occasion.value),
        )
        with suppress(JournalUnavailable):  # then it is queued once more, by the same id
            await in_time(self._clock, self._deadlines.record_seconds, self._journal.append(mark))
        return True

    async def _history(self, target: TargetKey | Unknown) -> tuple[Record, ...]:
        """Return what happened on a target before; nothing where the journal cannot be read."""
        since = Instant(self._clock.now() - _LOOKS_BACK_SECONDS)
        query = Query(target=target, kinds=KINDS, since=since, most=_MOST_RECORDS, newest_first=True)
        try:
            found = await in_time(self._clock, self._deadlines.read_seconds, self._journal.read(query))
        except JournalUnavailable:
            return ()
        return tuple(sorted(found, key=lambda record: record.seq))


async def untold(notifier: Notifier, journal: JournalReader, clock: Clock, deadlines: Deadlines) -> tuple[Due, ...]:
    """Return what the journal of the last day gives people to know and nobody has queued.

    Some of it may be about to be queued by whoever acts just now. Raises `JournalUnavailable`.
    """
    if not any(notifier.tells(occasion) for occasion in Occasion):
        return ()
    news_since = Instant(clock.now() - NEWS_SECONDS)

    async def read(kinds: frozenset[RecordKind], since: Instant) -> list[Record]:
        query = Query(kinds=kinds, since=since, most=_MOST_RECORDS, newest_first=True)
        found = await in_time(clock, deadlines.record_seconds, journal.read(query))
        return sorted(found, key=lambda record: record.seq)

    if not await read(KINDS, news_since):
        return ()
    queued = {record.entry.details.get("notice") for record in await read(_MARKS, news_since)}
    history = await read(KINDS, Instant(clock.now() - _LOOKS_BACK_SECONDS))
    return tuple(
        due
        for due in due_notices(history)
        if due.record.entry.at >= news_since and due.notice.id not in queued and notifier.tells(due.notice.occasion)
    )


async def tell_approval_asked(
    notifier: Notifier | None, plan: Plan, request: ApprovalRequest, actor: Actor, clock: Clock, deadlines: Deadlines
) -> None:
    """Tell that a plan waits for a second person, and try at once: it does not wait long."""
    if notifier is None:
        return
    now = clock.now()
    facts = {
        "target": str(plan.target),
        "from": str(weights_text(plan.leaving)),
        "to": str(weights_text(plan.to.weights)),
        "by": str(actor),
        "why": str(request.reason),
        "plan": str(plan.hash),
        "until": str(moment_text(request.expires_at)),
    }
    notice = Notice(
        safe_text(f"{plan.id}/{Occasion.APPROVAL_ASKED.value}/{now:.0f}"),
        Occasion.APPROVAL_ASKED,
        now,
        plan.context,
        plan.target,
        safe_text(f"{plan.kind.value} of {plan.target} to {plan.version}: waits for a second person"),
        {SafeText(label): safe_text(value, 500) for label, value in facts.items() if value},
        plan.id,
        plan.hash,
        UNKNOWN,
    )
    seconds = deadlines.notice_seconds
    with suppress(TimeoutError):
        await within(clock, seconds, notifier.put(notice))
        await within(clock, seconds, notifier.deliver(deadline_seconds=seconds))
