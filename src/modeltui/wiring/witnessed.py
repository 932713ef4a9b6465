"""The shared journal, with its checkpoints signed here and handed to the anchors of a context."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from modeltui.adapters.journal.witnessing import Witnessing, told
from modeltui.adapters.postgresql.journal import PostgresJournal
from modeltui.domain.journal.chain import Checkpoint
from modeltui.domain.journal.record import ChainState, Entry, Record
from modeltui.domain.names import Unknown
from modeltui.domain.text import SafeText
from modeltui.ports.anchor import Anchor, SignedCheckpoint
from modeltui.ports.clock import Clock
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Journal, Page, Query


@asynccontextmanager
async def open_witnessed(
    journal: PostgresJournal, clock: Clock, identity: Identity | None, anchors: Sequence[Anchor]
) -> AsyncIterator[WitnessedJournal]:
    """Give a shared journal that whoever ends an action here has witnessed; who only reads makes no checkpoint."""
    witnessed = WitnessedJournal(journal, clock, identity, anchors)
    async with witnessed.witnessing:
        yield witnessed


class WitnessedJournal:
    """A shared `Journal` of which somebody else sees every outcome."""

    def __init__(
        self, journal: PostgresJournal, clock: Clock, identity: Identity | None, anchors: Sequence[Anchor]
    ) -> None:
        self._journal = journal
        self.witnessing = Witnessing(self, clock, identity, anchors)

    @property
    def trouble(self) -> SafeText:
        """Why the newest checkpoint could not be made although the records are safe; empty when it was."""
        return self.witnessing.trouble

    async def append(self, entry: Entry) -> Record:
        """Write one record and return it in its place; raises `JournalUnavailable`."""
        record = await self._journal.append(entry)
        self.witnessing.appended(record)
        return record

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return the records that match."""
        return await self._journal.read(query)

    async def page(self, query: Query) -> Page:
        """Return the records that match, and the numbers of those that are left out."""
        return await self._journal.page(query)

    async def head(self) -> tuple[int, SafeText | Unknown]:
        """Return the newest seq (0 when empty) and its hash."""
        return await self._journal.head()

    async def open_intents(self) -> tuple[Record, ...]:
        """Return every intent without outcome, oldest first."""
        return await self._journal.open_intents()

    async def verify(self) -> ChainState:
        """Return whether every record fits, read afresh, and how far others bear witness."""
        silent, found = await self.witnessing.witnesses()
        return told(await self._journal.verify(found), silent)

    async def made_checkpoint(self) -> Checkpoint | Unknown:
        """Return what is there now; unknown when nothing is new."""
        return await self._journal.checkpoints.made_checkpoint()

    async def keep_checkpoint(self, signed: SignedCheckpoint) -> None:
        """Keep a checkpoint in the database."""
        await self._journal.checkpoints.keep_checkpoint(signed)

    async def kept_checkpoints(self) -> tuple[SignedCheckpoint, ...]:
        """Return the checkpoints in the database."""
        return await self._journal.checkpoints.kept_checkpoints()

    async def note(self, entry: Entry) -> None:
        """Write down what happened to an anchor."""
        await self._journal.append(entry)


_: type[Journal] = WitnessedJournal
