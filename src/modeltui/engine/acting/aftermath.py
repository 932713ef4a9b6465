"""After the outcome: was it undone, or did it happen after all? Looks only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from modeltui.domain.acting.action import Plan
from modeltui.domain.acting.outcome import Outcome, Phase, Report
from modeltui.domain.acting.verification import Answer, control
from modeltui.domain.errors import BackendError
from modeltui.domain.journal.details import outcome_details, snapped_back_details
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import Missing
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.deadlines import within
from modeltui.engine.acting.means import Means
from modeltui.engine.acting.notices import Notices
from modeltui.engine.acting.recording import PlanRecord
from modeltui.engine.acting.sending import Tell
from modeltui.ports.rollout_writer import Trace

_SURE_AFTER_SECONDS = 2.0
"""Between two looks that must agree before anybody is woken."""


class Aftermath:
    """The looks at one action after its end."""

    def __init__(self, means: Means, plan: Plan, record: PlanRecord, notices: Notices, tell: Tell) -> None:
        self._means = means
        self._plan = plan
        self._record = record
        self._notices = notices
        self._tell = tell
        self._clock = means.clock

    async def watch(self, report: Report, trace: Callable[[], Awaitable[Trace]] | None) -> None:
        """Look again as often as the deadlines say.

        `trace` tells whether a write whose answer was lost has happened; it is asked where the report does not say
        so. What took is compared with the controller: a change that nobody here asked for is told loudly.
        """
        began = self._clock.boottime()
        took = not isinstance(report.accepted_at, Missing) and report.outcome in (Outcome.VERIFIED, Outcome.PARTIAL)
        is_doubtful = trace is not None and report.outcome in (Outcome.UNKNOWN, Outcome.FAILED)
        if not (took or is_doubtful):
            return
        for after in self._means.deadlines.snap_back_seconds:
            await self._clock.sleep(began + after - self._clock.boottime())
            if trace is not None and is_doubtful and await trace() is Trace.APPLIED:
                await self._reconcile(report)
                return
            if took and (await self._is_superseded(report) or await self._is_undone(after)):
                return

    async def _is_undone(self, after: float) -> bool:
        found = await self._read()
        if found is None or control(self._plan.to, found).answer is not Answer.NOT_YET:
            return False
        await self._clock.sleep(_SURE_AFTER_SECONDS)
        found = await self._read()
        if found is None or (judged := control(self._plan.to, found)).answer is not Answer.NOT_YET:
            return False
        by = f"; it says: {found.says}" if found.says else ""
        says = safe_text(f"undone {after:.0f} s after the outcome: {judged.says}{by}")
        await self._record.note(RecordKind.ACTION_SNAPPED_BACK, snapped_back_details(found, says, after))
        self._tell(Phase.SNAPPED_BACK, says)
        await self._notices.tell(self._record.newest, self._record.intent)
        return True

    async def _reconcile(self, report: Report) -> None:
        because = SafeText("it happened after all: the write whose answer was lost was found later")
        found = replace(report, outcome=Outcome.PARTIAL, because=because, remedy=SafeText("look at what serves now"))
        await self._record.note(RecordKind.ACTION_RECONCILED, outcome_details(found), report.reason)
        self._tell(Phase.WAITING, because)
        await self._notices.tell(self._record.newest, self._record.intent)

    async def _read(self) -> Rollout | None:
        try:
            reading = self._means.writer.read(self._plan.target)
            return await within(self._clock, self._means.deadlines.read_seconds, reading)
        except (BackendError, TimeoutError):
            return None

    async def _is_superseded(self, report: Report) -> bool:
        """Tell whether somebody acted on the target since, with us knowing."""
        if isinstance(report.sent_at, Missing):
            return False
        return bool(await self._record.others_since(report.sent_at))
