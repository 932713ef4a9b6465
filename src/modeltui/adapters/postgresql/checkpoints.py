"""The checkpoints of the shared journal, in a table beside its lines."""

from __future__ import annotations

from typing import Any, Final

from modeltui.adapters.postgresql.database import Database
from modeltui.adapters.postgresql.failures import unavailable
from modeltui.domain.journal.chain import Checkpoint, checkpoint_from_text
from modeltui.domain.journal.merkle import EMPTY_TREE, Frontier, GrowingTree
from modeltui.domain.journal.record_line import parse_line
from modeltui.domain.names import UNKNOWN, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import SignedCheckpoint
from modeltui.ports.clock import Clock

LINES_AT_ONCE: Final = 2_000
"""Of whatever goes through the lines: other work on the connection comes in between."""
MOST_SIGNATURE_CHARACTERS: Final = 64_000

_NEWEST: Final = "SELECT size, peaks FROM modeltui_checkpoints ORDER BY size DESC LIMIT 1"
_KEEP: Final = (
    "INSERT INTO modeltui_checkpoints (size, text, signature, peaks) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


class PostgresCheckpoints:
    """Makes and keeps checkpoints; each goes on from where the newest one in the table ended."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._log_id: SafeText | Unknown = UNKNOWN
        self._made = EMPTY_TREE

    async def made_checkpoint(self) -> Checkpoint | Unknown:
        """Return what is there now; unknown when nothing is, or nothing more than in the newest checkpoint."""
        start = await self._database.run(_newest)
        tree, head = GrowingTree(start), SafeText("")
        while rows := await lines_after(self._database, tree.size):
            for seq, line in rows:
                if seq != tree.size + 1:
                    raise unavailable(f"lacks record {tree.size + 1}, so no checkpoint can be made of it", _VERIFY)
                tree.add(bytes(line).removesuffix(b"\n"))
            head = _head(rows[-1][1])
        if tree.size == start.size:
            return UNKNOWN
        log_id = await self.log_id()
        if isinstance(log_id, Missing):
            raise unavailable("has a first record that names no journal", _VERIFY)
        self._made = tree.frontier()
        return Checkpoint(log_id, tree.size, self._made.root(), head, self._clock.now())

    async def keep_checkpoint(self, signed: SignedCheckpoint) -> None:
        """Keep the checkpoint that was made last."""
        size = checkpoint_from_text(signed.text).size
        peaks = " ".join(peak.hex() for peak in self._made.peaks) if self._made.size == size else ""
        signature = None if isinstance(signed.signature, Missing) else str(signed.signature)
        await self._database.run(lambda connection: connection.execute(_KEEP, (size, signed.text, signature, peaks)))

    async def kept_checkpoints(self) -> tuple[SignedCheckpoint, ...]:
        """Return all that are kept, smallest first; what is none is left out."""
        rows = await self._database.run(
            lambda connection: connection.execute(
                "SELECT text, signature FROM modeltui_checkpoints ORDER BY size, text"
            ).fetchall()
        )
        return tuple(kept for row in rows if (kept := _signed(*row)) is not None)

    async def log_id(self) -> SafeText | Unknown:
        """Return the id of the journal, as its first record has it."""
        if isinstance(self._log_id, Missing):
            for seq, line in await lines_after(self._database, 0, 1):
                self._log_id = _id_in(bytes(line)) if seq == 1 else UNKNOWN
        return self._log_id


async def lines_after(database: Database, after: int, most: int = LINES_AT_ONCE) -> list[Any]:
    """Return seq and line of the records after one."""
    sql = "SELECT seq, line FROM modeltui_journal WHERE seq > %s ORDER BY seq LIMIT %s"
    return await database.run(lambda connection: connection.execute(sql, (after, most)).fetchall())


def _newest(connection: Any) -> Frontier:
    """Return the tree of the newest checkpoint; an empty one where there is none, or none that can be gone on from."""
    row = connection.execute(_NEWEST).fetchone()
    if row is None:
        return EMPTY_TREE
    try:
        tree = Frontier(int(row[0]), tuple(bytes.fromhex(peak) for peak in str(row[1]).split()))
    except ValueError:
        return EMPTY_TREE
    return tree if tree.is_whole else EMPTY_TREE


def _head(line: bytes) -> SafeText:
    try:
        return parse_line(bytes(line)).hash
    except ValueError as error:
        raise unavailable(
            "ends with something that is no record, so no checkpoint can be made of it", _VERIFY
        ) from error


def _id_in(line: bytes) -> SafeText | Unknown:
    try:
        said = parse_line(line).entry.details.get("log_id")
    except ValueError:
        return UNKNOWN
    return safe_text(said) if isinstance(said, str) else UNKNOWN


def _signed(text: str, signature: str | None) -> SignedCheckpoint | None:
    try:
        checkpoint_from_text(text)
    except ValueError:
        return None
    if signature is None or len(signature) > MOST_SIGNATURE_CHARACTERS or not _is_armoured(signature):
        return SignedCheckpoint(text)
    return SignedCheckpoint(text, SafeText(signature))


def _is_armoured(signature: str) -> bool:
    return all(character == "\n" or " " <= character <= "~" for character in signature)


_VERIFY: Final = "Run `modeltui journal verify`"
