"""Two people for one plan: asking, deciding, and which decisions count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from modeltui.domain.acting.action import Plan, Reason, Refusal
from modeltui.domain.acting.approval import ApprovalRequest, Decision, GivenApproval
from modeltui.domain.acting.approval_message import APPROVAL_NAMESPACE, approval_message
from modeltui.domain.acting.approving import is_same_person, permit_approval
from modeltui.domain.acting.permission import Permission
from modeltui.domain.acting.plan_document import plan_hash
from modeltui.domain.acting.wording import moment_text, whole_milliseconds
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.details import is_to_known_good
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.approvals import Approvals
from modeltui.ports.clock import Clock
from modeltui.ports.identity import Identity
from modeltui.ports.rules import Rules


class SecondPerson:
    """The approvals of one context, by its rules."""

    def __init__(self, approvals: Approvals, identity: Identity, rules: Rules, clock: Clock) -> None:
        self._approvals = approvals
        self._identity = identity
        self._rules = rules
        self._clock = clock

    async def ask(self, plan: Plan, reason: Reason) -> ApprovalRequest | Refusal:
        """Put a plan where others see it."""
        now = self._clock.now()
        if now >= plan.expires_at:
            return _no(f"the plan expired on {moment_text(plan.expires_at)}", "plan again, then ask")
        if plan_hash(plan) != plan.hash:
            return _no("the plan is not the one that its hash names", "plan again, then ask")
        expires_at = Instant(min(plan.expires_at, now + self._rules.policy.approval_seconds))
        request = ApprovalRequest(plan, now, expires_at, safe_text(reason.text, 500))
        try:
            await self._approvals.ask(request)
        except JournalUnavailable as error:
            return _unavailable(error)
        return request

    async def pending(self) -> tuple[ApprovalRequest, ...]:
        """Return what waits for somebody; raises `JournalUnavailable`."""
        return await self._approvals.pending()

    async def request(self, name: str) -> ApprovalRequest | Refusal:
        """Return one waiting plan by its id, its hash or the beginning of that."""
        try:
            found = await self._approvals.request(name)
        except JournalUnavailable as error:
            return _unavailable(error)
        if found is None:
            return _no(f"no plan {name} waits for a second person", "modeltui approve lists those that wait")
        if self._clock.now() >= min(found.expires_at, found.plan.expires_at):
            return _no(f"the plan {name} waited until {moment_text(found.expires_at)}", "it has to be planned again")
        return found

    async def decide(
        self, request: ApprovalRequest, by: Actor, decision: Decision, reason: SafeText, *, production: bool
    ) -> GivenApproval | Refusal:
        """Write down a yes or a no to somebody else's plan."""
        if is_same_person(by, request.plan.actor):
            return _no(f"{by.principal} asked for it: somebody else must decide", "ask a colleague")
        now = whole_milliseconds(self._clock.now())
        signature: SafeText | Unknown = UNKNOWN
        if decision is Decision.GRANT:
            permission = self._permission(request.plan, by, production=production, now=now)
            if not permission.is_allowed:
                return _no(f"{by.principal} may not approve this: {permission.says}", "ask somebody who may")
        if by.assurance is Assurance.SSH_KEY:
            message = approval_message(request.plan.hash, decision, now)
            signature = await self._identity.sign(message, APPROVAL_NAMESPACE)
            if decision is Decision.GRANT and isinstance(signature, Missing):
                return _no("the ssh agent signed nothing", "unlock the agent or load the key, then approve again")
        until = Instant(now + self._rules.policy.approval_seconds)
        given = GivenApproval(request.plan.hash, by, decision, safe_text(reason, 500), now, until, signature)
        by_key = decision is Decision.GRANT and by.assurance is Assurance.SSH_KEY
        if by_key and not await self._is_signed(given):
            says = f"the ssh agent did not sign with the key by which {by.principal} is known here, {by.ssh_key}"
            return _no(says, "unlock or load that key, then approve again")
        try:
            await self._approvals.decide(given)
        except JournalUnavailable as error:
            return _unavailable(error)
        return given

    async def decisions(self, plan: Plan, *, production: bool) -> tuple[GivenApproval, ...]:
        """Return the decisions that count: every no, and each yes of somebody who may say it and did.

        Raises `JournalUnavailable`. Whoever can write to the store can write a yes into it; a name that stands on a
        key counts only with that very key's signature over this plan.
        """
        found = await self._approvals.decisions(plan.hash)
        return tuple([self._in_time(one) for one in found if await self._counts(plan, one, production=production)])

    def _in_time(self, given: GivenApproval) -> GivenApproval:
        """Return a decision with its end by the rules: what is signed is when it was given, not how long it counts."""
        end = Instant(given.at + self._rules.policy.approval_seconds)
        return replace(given, expires_at=min(given.expires_at, end))

    async def _counts(self, plan: Plan, given: GivenApproval, *, production: bool) -> bool:
        if given.decision is Decision.DENY:
            return True
        if not self._permission(plan, given.by, production=production, now=self._clock.now()).is_allowed:
            return False
        if given.by.assurance is not Assurance.SSH_KEY:
            return True
        return await self._is_signed(given)

    async def _is_signed(self, given: GivenApproval) -> bool:
        """Tell whether the very key that the decision names has signed it: roles are given to keys, not only to names.

        Who gave it is text in a store until then, the key's fingerprint as much as the name.
        """
        if isinstance(given.signature, Missing):
            return False
        message = approval_message(given.plan_hash, given.decision, given.at)
        signed = await self._identity.signer(message, APPROVAL_NAMESPACE, given.signature)
        if isinstance(signed, Missing):
            return False
        return (signed.principal, signed.ssh_key) == (given.by.principal, given.by.ssh_key)

    def _permission(self, plan: Plan, by: Actor, *, production: bool, now: Instant) -> Permission:
        return permit_approval(
            self._rules.policy,
            by,
            plan.actor,
            plan.kind,
            plan.target,
            is_last_known_good=is_to_known_good(plan),
            production=production,
            now=now,
            authors=plan.authors,
        )


def named(approvals: Iterable[GivenApproval]) -> str:
    """Return who decided, for a sentence."""
    return ", ".join(str(one.by.principal) for one in approvals)


def _no(reason: str, remedy: str) -> Refusal:
    return Refusal(safe_text(reason, 400), safe_text(remedy, 400))


def _unavailable(error: JournalUnavailable) -> Refusal:
    return _no(f"approvals cannot be kept now: {error.title}", error.remedy or "try again when the store is back")
