"""Looks at the journal of a context and at its witnesses, for `doctor`; nothing is written or made."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from modeltui.adapters.journal import open_journal
from modeltui.adapters.journal.segments import segments_of
from modeltui.adapters.system.file_system import file_system_of
from modeltui.adapters.system.own_threads import answered
from modeltui.config.load import Loaded
from modeltui.config.schema import Mode
from modeltui.config.secrets import SecretStore
from modeltui.domain.errors import BackendError, BackendRefused, ConfigError, JournalUnavailable, ModeltuiError
from modeltui.domain.journal.chain import checkpoint_from_text
from modeltui.domain.journal.record import Record, RecordKind
from modeltui.domain.names import UNKNOWN, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import Anchor, NothingThereError, SignedCheckpoint
from modeltui.ports.clock import Clock
from modeltui.ports.journal import JournalReader, Query
from modeltui.present import doctor_record as words
from modeltui.wiring.journal_reading import anchors_of, journal_directory, shared_store

_MOST_NOTED: Final = 500
VERIFY_SECONDS: Final = 5.0
"""Longer nobody waits for a look at everything; a quarter of a million records are verified in a second."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An anchor with its answer: asked once, for what it has seen and for whether that is still there."""

    name: SafeText
    answer: tuple[SignedCheckpoint, ...] | Unknown | ModeltuiError

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Take nothing: who only looks has nothing to hand over."""
        raise BackendRefused(safe_text(f"{self.name} is only looked at"))

    async def kept(self) -> tuple[SignedCheckpoint, ...] | Unknown:
        """Return what it answered."""
        if isinstance(self.answer, ModeltuiError):
            raise self.answer
        return self.answer


async def anchors_asked(loaded: Loaded, secrets: SecretStore) -> list[Asked]:
    """Return each witness of the journal with its answer; where they cannot be named, that is the one answer."""
    try:
        anchors = await asyncio.to_thread(anchors_of, loaded, secrets)
    except ConfigError as error:
        return [Asked(safe_text("addresses"), error)]
    return list(await asyncio.gather(*(_asked(one) for one in anchors)))


async def _asked(anchor: Anchor) -> Asked:
    try:
        return Asked(anchor.name, await anchor.kept())
    except BackendError as error:
        return Asked(anchor.name, error)


async def record_seen(
    loaded: Loaded, clock: Clock, secrets: SecretStore, stack: AsyncExitStack, asked: Sequence[Asked]
) -> words.RecordSeen:
    """Return the journal as it is, and whether it still is what its anchors saw."""
    anchors = [one for one in asked if not isinstance(one.answer, ConfigError)]
    config = loaded.context.journal
    seen = words.RecordSeen(safe_text("shared through PostgreSQL"), is_shared=True)
    journal: JournalReader
    try:
        if config.shared is not None:
            from modeltui.wiring.witnessed import open_witnessed

            shared = await shared_store(config.shared, clock, secrets, stack, read_only=True)
            journal = await stack.enter_async_context(open_witnessed(shared.journal, clock, None, anchors))
        else:
            directory = journal_directory(loaded)
            journal = await stack.enter_async_context(open_journal(directory, clock, None, anchors))
            seen = await answered(f"journal {directory}", VERIFY_SECONDS, _lies_in, directory, loaded.context.mode)
        return await _looked_at(journal, seen, clock)
    except (ConfigError, JournalUnavailable) as error:
        return replace(seen, error=safe_text(error.title, 400), remedy=safe_text(error.remedy, 400))
    except TimeoutError:
        remedy = safe_text("Look whether its disk is reachable: nothing is done while it cannot be written down.")
        return replace(seen, error=safe_text(f"it does not answer within {VERIFY_SECONDS:g} s"), remedy=remedy)
    except OSError as error:
        remedy = safe_text("Look at the directory and whom it belongs to.")
        return replace(seen, error=safe_text(f"it cannot be read: {error.strerror}"), remedy=remedy)


async def _looked_at(journal: JournalReader, seen: words.RecordSeen, clock: Clock) -> words.RecordSeen:
    async with asyncio.timeout(VERIFY_SECONDS):  # the end alone: it takes no time, or there is nobody
        seq, _ = await journal.head()
    newest = await journal.read(Query(most=1, newest_first=True))
    seen = replace(
        seen,
        seq=seq,
        newest_at=newest[0].entry.at if newest else UNKNOWN,
        open_intents=len(await journal.open_intents()),
    )
    kinds = frozenset({RecordKind.LOG_ANCHORED, RecordKind.LOG_ANCHOR_FAILED})
    noted = await journal.read(Query(kinds=kinds, most=_MOST_NOTED, newest_first=True))
    anchoring = {str(one.entry.details.get("anchor")): one for one in reversed(noted)}
    seen = replace(seen, anchoring=anchoring)
    began = clock.boottime()
    try:
        async with asyncio.timeout(VERIFY_SECONDS):
            chain = await journal.verify()
    except TimeoutError:
        return replace(seen, seconds=VERIFY_SECONDS)
    return replace(seen, chain=chain, seconds=clock.boottime() - began)


def _lies_in(directory: Path, mode: Mode) -> words.RecordSeen:
    size = sum(segment.path.stat().st_size for segment in segments_of(directory))
    there = next((one for one in (directory, *directory.parents) if one.exists()), Path("/"))
    can_be_written = UNKNOWN if mode is Mode.READ_ONLY else os.access(there, os.W_OK | os.X_OK)
    return words.RecordSeen(
        safe_text(str(directory), 4_096),
        size_bytes=size,
        file_system=file_system_of(there),
        can_be_written=can_be_written,
    )


def anchors_seen(asked: Sequence[Asked], record: words.RecordSeen) -> list[words.AnchorSeen]:
    """Return what each witness has seen; one that does not answer says so."""
    return [_anchor(one, record.anchoring.get(one.name)) for one in asked]


def _anchor(anchor: Asked, noted: Record | None) -> words.AnchorSeen:
    kept = anchor.answer
    if isinstance(kept, NothingThereError) and noted is None:
        return words.AnchorSeen(anchor.name, 0, is_there=False)
    if isinstance(kept, ModeltuiError):
        return words.AnchorSeen(anchor.name, error=safe_text(kept.title, 400), remedy=safe_text(kept.remedy, 400))
    if noted is not None and noted.entry.kind is RecordKind.LOG_ANCHOR_FAILED:
        because = noted.entry.details.get("because") or "nobody knows why"
        return words.AnchorSeen(anchor.name, failed=safe_text(because, 400))
    if isinstance(kept, Missing):
        return words.AnchorSeen(anchor.name, at=UNKNOWN if noted is None else noted.entry.at)
    checkpoints = [checkpoint_from_text(one.text) for one in kept]
    newest = max(checkpoints, key=lambda one: (one.size, one.at), default=None)
    return words.AnchorSeen(anchor.name, 0) if newest is None else words.AnchorSeen(anchor.name, newest.size, newest.at)
