"""The record: append-only, hash-chained, read by everybody who may look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from modeltui.domain.journal.record import ChainState, Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Instant, ModelName, TargetKey, Unknown
from modeltui.domain.text import SafeText


@dataclass(frozen=True, slots=True)
class Query:
    """Which records."""

    target: TargetKey | Unknown = UNKNOWN
    model: ModelName | Unknown = UNKNOWN
    kinds: frozenset[RecordKind] = frozenset()
    """Empty for all."""
    principal: SafeText | Unknown = UNKNOWN
    plan_id: SafeText | Unknown = UNKNOWN
    since: Instant | Unknown = UNKNOWN
    until: Instant | Unknown = UNKNOWN
    after_seq: int = 0
    most: int = 1_000
    newest_first: bool = False


class JournalReader(Protocol):
    """Reads only; raises `JournalUnavailable` when the journal cannot be read, never for what stands in it."""

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return the records that match."""
        ...

    async def head(self) -> tuple[int, SafeText | Unknown]:
        """Return the newest seq (0 when empty) and its hash; cheap enough to ask every second."""
        ...

    async def open_intents(self) -> tuple[Record, ...]:
        """Return every intent without outcome, oldest first: what a start has to look at before anything else."""
        ...

    async def verify(self) -> ChainState:
        """Return whether every record fits, read afresh from the truth and not from an index."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """Records that match, and what is left out of them."""

    records: tuple[Record, ...]
    unreadable: tuple[int, ...] = ()
    """The numbers of those that match, or may match, and are not there as they were written."""


class PagedReader(JournalReader, Protocol):
    """Also says what it could not read: for whoever hands records on as the whole of something."""

    async def page(self, query: Query) -> Page:
        """Return what `read` returns, with the numbers that are missing in it."""
        ...


class Journal(JournalReader, Protocol):
    """Appends too. What `append` returned survives a power cut."""

    async def append(self, entry: Entry) -> Record:
        """Write one record and return it in its place.

        Raises `JournalUnavailable` when it could not be made durable: then it must be taken for not written.
        """
        ...
