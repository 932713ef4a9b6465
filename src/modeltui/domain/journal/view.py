"""What the screens know of the journal: its newest records, what is still open, and whether it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from modeltui.domain.acting.lease import Lease
from modeltui.domain.journal.record import ChainState, Record
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, NoData, TargetKey, Unknown
from modeltui.domain.text import SafeText

MOST_RECORDS = 500


@dataclass(frozen=True, slots=True)
class JournalView:
    """The journal as it was read last."""

    records: tuple[Record, ...] = ()
    """The newest, oldest first."""
    open_intents: tuple[Record, ...] = ()
    """Intents without an outcome: under way, or lost."""
    leases: tuple[Lease, ...] = ()
    chain: ChainState | Unknown = UNKNOWN
    """What the last whole look at the chain found; unknown until there was one."""
    read_at: Instant | Unknown = UNKNOWN
    error: SafeText | NoData = NO_DATA
    """Why it cannot be read; no data when it can."""

    def of(self, target: TargetKey) -> tuple[Record, ...]:
        """Return the records of one target, oldest first."""
        return tuple(record for record in self.records if record.entry.target == target)

    def with_records(self, added: tuple[Record, ...]) -> JournalView:
        """Return the view with newer records; those that are there already are not added again."""
        last = self.records[-1].seq if self.records else 0
        new = tuple(record for record in added if record.seq > last)
        return replace(self, records=(*self.records, *new)[-MOST_RECORDS:])


NO_JOURNAL = JournalView()
