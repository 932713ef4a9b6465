"""What people elsewhere are told of an action: one message, the same for every sink."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from modeltui.domain.acting.action import Plan
from modeltui.domain.acting.approval import ApprovalRequest
from modeltui.domain.acting.desired import weights_text
from modeltui.domain.acting.outcome import Outcome, Report
from modeltui.domain.acting.wording import moment_text
from modeltui.domain.identity import Actor
from modeltui.domain.names import UNKNOWN, Instant, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.deadlines import Deadlines, within
from modeltui.ports.clock import Clock
from modeltui.ports.notifier import Notice, Notifier, Occasion


class Notices:
    """Hands messages to a notifier; an action never waits long for it and never fails by it."""

    def __init__(self, notifier: Notifier | None, plan: Plan, actor: Actor, clock: Clock, deadlines: Deadlines) -> None:
        self._notifier = notifier
        self._plan = plan
        self._actor = actor
        self._clock = clock
        self._deadlines = deadlines

    async def outcome(self, report: Report, head: SafeText | Unknown) -> None:
        """Tell how it ended, louder where nobody knows."""
        occasion = Occasion.UNKNOWN_OUTCOME if report.outcome is Outcome.UNKNOWN else Occasion.OUTCOME
        facts = {"outcome": report.outcome.value, "because": str(report.because), "next": str(report.remedy)}
        await self._put(occasion, f"{report.outcome.value}", facts, head)

    async def break_glass(self, overruled: str, incident: str, head: SafeText | Unknown) -> None:
        """Tell that a rule was overruled."""
        await self._put(Occasion.BREAK_GLASS, "break-glass", {"overruled": overruled, "incident": incident}, head)

    async def snapped_back(self, says: str, head: SafeText | Unknown) -> None:
        """Tell that something undid it."""
        await self._put(Occasion.SNAPPED_BACK, "undone by something else", {"found": says}, head)

    async def approval_asked(self, request: ApprovalRequest) -> None:
        """Tell that a plan waits for a second person, and try at once: it does not wait long."""
        if self._notifier is None:
            return
        facts = {
            "why": str(request.reason),
            "plan": str(self._plan.hash),
            "until": str(moment_text(request.expires_at)),
        }
        await self._put(Occasion.APPROVAL_ASKED, "waits for a second person", facts, UNKNOWN)
        with suppress(TimeoutError):
            seconds = self._deadlines.notice_seconds
            await within(self._clock, seconds, self._notifier.deliver(deadline_seconds=seconds))

    async def _put(self, occasion: Occasion, what: str, facts: Mapping[str, str], head: SafeText | Unknown) -> None:
        if self._notifier is None:
            return
        plan = self._plan
        all_facts = {
            "target": str(plan.target),
            "from": str(weights_text(plan.leaving)),
            "to": str(weights_text(plan.to.weights)),
            "by": str(self._actor),
            **facts,
        }
        notice = Notice(
            safe_text(f"{plan.id}/{occasion.value}/{_stamp(self._clock.now())}"),
            occasion,
            self._clock.now(),
            plan.context,
            plan.target,
            safe_text(f"{plan.kind.value} of {plan.target} to {plan.version}: {what}"),
            {safe_text(label): safe_text(value, 500) for label, value in all_facts.items() if value},
            plan.id,
            plan.hash,
            head,
        )
        with suppress(TimeoutError):
            await within(self._clock, self._deadlines.notice_seconds, self._notifier.put(notice))


def _stamp(at: Instant) -> str:
    return f"{at:.0f}"
