"""Looks at what acting stands on, for `doctor`: who sits here, the rules, the record, its witnesses, the outbox.

Nothing is written, sent or made.
"""

from __future__ import annotations

import asyncio
import pwd
import stat
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from modeltui.adapters.identity import SystemIdentity
from modeltui.config.access import LoadedAccess, load_access
from modeltui.config.acting import NotifyConfig
from modeltui.config.load import Loaded
from modeltui.config.policy import policy_of
from modeltui.config.schema import Mode
from modeltui.config.secrets import SecretStore, is_reference
from modeltui.domain.acting.access import AccessPolicy, permit
from modeltui.domain.acting.action import ActionKind
from modeltui.domain.acting.deed import Deed
from modeltui.domain.acting.permission import Permission
from modeltui.domain.errors import ConfigError
from modeltui.domain.identity import Actor
from modeltui.domain.names import TargetKey
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.observer import Observer
from modeltui.ports.probe import Finding
from modeltui.present import doctor_record as words
from modeltui.wiring.record_seen import anchors_asked, anchors_seen, record_seen
from modeltui.wiring.telling import notifier_of


async def acting_findings(loaded: Loaded, observer: Observer) -> list[Finding]:
    """Return what was found; raise nothing but `ConfigError` for a policy that cannot be trusted."""
    now = observer.clock.now()
    access = await asyncio.to_thread(load_access, loaded.context.access)
    identity = SystemIdentity(access.policy)
    actor = await identity.actor()
    if not observer.fleet.targets:
        await observer.look_once()
    may = _permissions(loaded, observer, actor, access.policy)
    async with AsyncExitStack() as stack:
        secrets = SecretStore()
        asked = await anchors_asked(loaded, secrets)
        record = await record_seen(loaded, observer.clock, secrets, stack, asked)
        anchors = anchors_seen(asked, record)
        notifier = await notifier_of(loaded, observer.clock, secrets, stack)
        sinks = tuple(safe_text(sink.kind.value) for sink in loaded.context.notify)
        unreadable = await asyncio.to_thread(_unreadable, loaded.context.notify, secrets)
        outbox = words.OutboxSeen(sinks, await notifier.state(), unreadable)
    return [
        words.identity_finding(actor, access.policy),
        words.policy_finding(_policy_seen(access)),
        words.rules_finding(access.policy),
        words.permission_finding(actor, may, is_read_only=loaded.context.mode is Mode.READ_ONLY),
        *words.journal_findings(record, now),
        *words.anchor_findings(anchors, record, now),
        words.outbox_finding(outbox, now),
    ]


def _policy_seen(access: LoadedAccess) -> words.PolicySeen:
    if not access.file:
        return words.PolicySeen()
    facts = Path(access.file).stat()
    try:
        owner = pwd.getpwuid(facts.st_uid).pw_name
    except KeyError:
        owner = str(facts.st_uid)
    mode = f"{stat.S_IMODE(facts.st_mode):o}"
    return words.PolicySeen(safe_text(access.file, 4_096), safe_text(owner), safe_text(mode), access.says)


def _permissions(
    loaded: Loaded, observer: Observer, actor: Actor, policy: AccessPolicy
) -> Mapping[Deed, Mapping[TargetKey, Permission]]:
    signals = policy_of(loaded.context)

    def asked(deed: Deed, target: TargetKey) -> Permission:
        is_back = deed in (Deed.ROLLBACK, Deed.OTHER_VERSION)
        return permit(
            policy,
            actor,
            ActionKind.ROLLBACK if is_back else ActionKind(deed.value),
            target,
            is_last_known_good=deed is Deed.ROLLBACK,
            production=loaded.context.production or signals.is_production(target.environment),
            now=observer.clock.now(),
        )

    return {deed: {target: asked(deed, target) for target in observer.fleet.targets} for deed in Deed}


def _unreadable(sinks: tuple[NotifyConfig, ...], secrets: SecretStore) -> tuple[SafeText, ...]:
    """Return the references of sinks that lead nowhere; may take seconds: a secret may be a command."""
    missing: list[SafeText] = []
    for sink in sinks:
        for reference in (sink.url, sink.key, sink.secret):
            if reference is None or not is_reference(reference):
                continue
            try:
                secrets.resolve(reference)
            except ConfigError:
                missing.append(safe_text(reference, 200))
    return tuple(missing)
