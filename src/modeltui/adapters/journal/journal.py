"""The journal of one operator's machine: lines in files, an index beside them, checkpoints, and anchors elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

from modeltui.adapters.journal.appending import Appender, changed, unavailable
from modeltui.adapters.journal.checkpoints import add_checkpoint, checkpoints_in, checkpoints_path, newest_in
from modeltui.adapters.journal.files import Files, locked
from modeltui.adapters.journal.index import GIVEN_UP, Index, Place
from modeltui.adapters.journal.retention import drop_before, older_than
from modeltui.adapters.journal.segments import INDEX_NAME, LOCK_NAME, first_line, open_to_read, read_tail, segments_of
from modeltui.adapters.journal.verifying import verify
from modeltui.adapters.journal.witnessing import Witnessing, told
from modeltui.adapters.system.own_threads import OWN_THREADS
from modeltui.domain.acting.action import Refusal
from modeltui.domain.errors import JournalUnavailable
from modeltui.domain.identity import Actor
from modeltui.domain.journal.chain import Checkpoint
from modeltui.domain.journal.record import ChainState, Entry, Record
from modeltui.domain.journal.record_line import parse_line
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import Anchor, SignedCheckpoint
from modeltui.ports.clock import Clock
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Journal, Page, PagedReader, Query

P = ParamSpec("P")
T = TypeVar("T")

_CLOSE_SECONDS: Final = 3.0
"""A look that hangs in the disk keeps the index open; the end of the program does not wait for it."""
_MOST_READERS: Final = 8
"""Threads of one journal that read: so many does a disk that hangs hold, and those who ask further wait in line."""


def open_journal(
    directory: Path, clock: Clock, identity: Identity | None = None, anchors: Sequence[Anchor] = ()
) -> JsonlJournal:
    """Return the journal in `directory`; nothing is opened or made before it is asked for something.

    Reading and appending work at once. Inside `async with` it also keeps itself witnessed: checkpoints are made, signed
    and anchored in the background, the last one on leaving. Outside, `checkpoint` does it when it is called.
    """
    return JsonlJournal(directory, clock, identity, anchors)


class JsonlJournal:
    """A `Journal` in a directory of lines."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        identity: Identity | None = None,
        anchors: Sequence[Anchor] = (),
        *,
        files: Files | None = None,
        index_path: Path | None = None,
    ) -> None:
        self.directory = directory
        self._clock = clock
        self._files = files or Files()
        self._appender = Appender(directory, clock, self._files)
        self._index = Index(directory, index_path)
        self._writing = asyncio.Lock()
        self._reading = asyncio.Semaphore(_MOST_READERS)
        self._witnessing = Witnessing(self, clock, identity, anchors)
        self._head: tuple[tuple[str, int, int], tuple[int, SafeText | Unknown]] | None = None

    @property
    def trouble(self) -> SafeText:
        """What is wrong with the disk or with a checkpoint although the records are safe; empty when nothing is."""
        return self._appender.trouble or self._witnessing.trouble

    async def append(self, entry: Entry) -> Record:
        """Write one record and return it in its place; raises `JournalUnavailable`."""
        record, is_new_segment = await self._append(entry)
        self._witnessing.appended(record, is_new_segment=is_new_segment)
        return record

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return the records that match."""
        return await self._in_thread(self._read, query)

    async def page(self, query: Query) -> Page:
        """Return the records that match, and the numbers of those that are left out: changed, or no records at all."""
        return await self._in_thread(self._page, query)

    async def head(self) -> tuple[int, SafeText | Unknown]:
        """Return the newest seq (0 when empty) and its hash."""
        return await self._in_thread(self._newest)

    async def open_intents(self) -> tuple[Record, ...]:
        """Return every intent without outcome, oldest first."""
        return await self._in_thread(self._open_intents)

    async def verify(self) -> ChainState:
        """Return whether every record fits, read afresh, and how far others bear witness.

        An anchor that does not answer says nothing; which ones, the result says.
        """
        silent, found = await self._witnessing.witnesses()
        stopped = threading.Event()
        try:
            state = await self._in_thread(lambda: verify(self.directory, self._ends(), found, stopped.is_set))
        finally:
            stopped.set()
        return told(state, silent)

    async def checkpoint(self) -> Checkpoint | Unknown:
        """Make a checkpoint of what is there now, keep it, and hand it to every anchor.

        Unknown when there is nothing to witness. Raises `JournalUnavailable`; an anchor that fails is written down.
        """
        return await self._witnessing.checkpoint()

    async def made_checkpoint(self) -> Checkpoint | Unknown:
        """Return what is there now; unknown when nothing is, or nothing more than in the newest checkpoint."""
        return await self._in_thread(self._made_checkpoint)

    async def keep_checkpoint(self, signed: SignedCheckpoint) -> None:
        """Keep a checkpoint beside the segments."""
        await self._in_thread(add_checkpoint, checkpoints_path(self.directory), signed, self._files)

    async def kept_checkpoints(self) -> tuple[SignedCheckpoint, ...]:
        """Return the checkpoints beside the segments."""
        return (await self._in_thread(checkpoints_in, checkpoints_path(self.directory))).checkpoints

    async def note(self, entry: Entry) -> None:
        """Write down what happened to an anchor."""
        await self._append(entry)

    async def drop_before(self, at: Instant, actor: Actor) -> tuple[str, ...] | Refusal:
        """Drop the whole segments that ended before `at`; return their names, or why it may not be done.

        What is left of them are a checkpoint, a tombstone and a record of the dropping, so that the chain goes on.
        """
        await self.checkpoint()
        return await self._in_thread(drop_before, self._appender, at, actor)

    def older_than(self, at: Instant) -> tuple[str, ...] | Refusal:
        """Return the names of the segments that `drop_before` would drop, or why it may not; nothing is written."""
        return older_than(self.directory, at)

    async def __aenter__(self) -> Self:
        """Begin to keep the journal witnessed."""
        await self._witnessing.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Make the checkpoint that is still due, within its time, and close."""
        try:
            await self._witnessing.__aexit__(kind, error, traceback)
        finally:
            closing = asyncio.get_running_loop().run_in_executor(OWN_THREADS, self._index.close)
            await asyncio.wait({closing}, timeout=_CLOSE_SECONDS)

    def _read(self, query: Query) -> tuple[Record, ...]:
        return self._records(self._index.find(query)) if segments_of(self.directory) else ()

    def _page(self, query: Query) -> Page:
        if not segments_of(self.directory):
            return Page(())
        places = self._index.find(query)
        records = self._records(places)
        there = {record.seq for record in records}
        lost = {place[0] for place in places} - there
        is_full = 0 < query.most <= len(places)
        missing = {number for number in self._index.missing() if number > query.after_seq}
        if is_full:  # only between those that were looked through
            end = places[-1][0]
            missing = {number for number in missing if (number > end) is query.newest_first}
        lost |= missing
        return Page(records, tuple(sorted(lost)))

    def _open_intents(self) -> tuple[Record, ...]:
        return self._records(self._index.open_intents()) if segments_of(self.directory) else ()

    def _records(self, places: list[Place]) -> tuple[Record, ...]:
        found = []
        opened: dict[str, int] = {}
        try:
            for seq, name, start, length in places:
                if name not in opened:
                    opened[name] = open_to_read(self.directory / name)
                with contextlib.suppress(ValueError):  # `verify` says what is wrong with it
                    record = parse_line(os.pread(opened[name], length, start))
                    if record.seq == seq:
                        found.append(record)
        finally:
            for descriptor in opened.values():
                os.close(descriptor)
        return tuple(found)

    def _newest(self) -> tuple[int, SafeText | Unknown]:
        found = segments_of(self.directory)
        if not found:
            return 0, UNKNOWN
        state = found[-1].path.stat()
        same = (found[-1].name, state.st_size, state.st_mtime_ns)
        if self._head is not None and self._head[0] == same:
            return self._head[1]
        newest: tuple[int, SafeText | Unknown] = (0, UNKNOWN)
        for segment in reversed(found):
            tail = read_tail(segment.path)
            if tail.seq:
                newest = (tail.seq, SafeText(tail.head))
                break
            if tail.says:  # which one is the last nobody can say: an older one is not it
                raise changed(segment, tail.says)
        self._head = (same, newest)
        return newest

    def _ends(self) -> dict[str, int] | None:
        """Return where each segment ends while nobody writes; `None` where the lock cannot be had."""
        lock = self.directory / LOCK_NAME
        try:
            with locked(self._files, lock) if lock.exists() else contextlib.nullcontext():
                return {segment.name: segment.path.stat().st_size for segment in segments_of(self.directory)}
        except OSError:
            return None

    def _made_checkpoint(self) -> Checkpoint | Unknown:
        self._index.tree()  # what takes long is done before the lock is taken
        with self._appender.held():
            tree, head = self._index.tree()
            newest, known = self._newest(), newest_in(checkpoints_path(self.directory))
            if not newest[0] or (not isinstance(known, Missing) and known.size >= newest[0]):
                return UNKNOWN
            found = segments_of(self.directory)
            log_id = parse_line(first_line(found[-1].path)).entry.details.get("log_id")
            if newest != (tree.size, head):
                raise JournalUnavailable(
                    "the journal has lines that are no records, so no checkpoint can be made of it",
                    "Run `modeltui journal verify`",
                )
            return Checkpoint(safe_text(log_id), tree.size, tree.root(), SafeText(head), self._clock.now())

    async def _append(self, entry: Entry) -> tuple[Record, bool]:
        """Append in a thread, and never leave it half waited for.

        Whoever is cancelled while its record is written must not believe that it was not. One that is not being
        written yet never will be.
        """
        async with self._writing:
            given_up = threading.Event()
            running = asyncio.get_running_loop().run_in_executor(OWN_THREADS, self._append_wanted, entry, given_up)
            running.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait for it then
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                given_up.set()
                await asyncio.wait({running})
                raise

    def _append_wanted(self, entry: Entry, given_up: threading.Event) -> tuple[Record, bool]:
        with self._appender.held():
            if given_up.is_set():  # what was kept elsewhere meanwhile must not come late
                raise JournalUnavailable("nobody waited any more until the journal could be written", "try again")
            return self._appender.append_held(entry)

    async def _in_thread(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run what blocks beside the loop; whoever is cancelled meanwhile does not wait for years of lines."""
        given_up = threading.Event()
        loop = asyncio.get_running_loop()

        def wanted() -> T:
            GIVEN_UP.set(given_up)  # in this thread's own context
            try:
                return work(*arguments, **named)
            finally:
                with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody reads any more
                    loop.call_soon_threadsafe(self._reading.release)

        await self._reading.acquire()  # until the thread is back, whoever has left meanwhile
        try:
            return await loop.run_in_executor(OWN_THREADS, wanted)
        except asyncio.CancelledError:
            given_up.set()
            raise
        except OSError as error:
            raise unavailable(self.directory, error) from error
        except (sqlite3.Error, ValueError) as error:
            raise JournalUnavailable(
                safe_text(f"the journal in {self.directory} cannot be read: {error}"),
                f"Remove its index ({self.directory / INDEX_NAME}): it is made again from the records",
            ) from error


_: type[Journal] = JsonlJournal
_paged: type[PagedReader] = JsonlJournal
