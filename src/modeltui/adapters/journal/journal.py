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

from modeltui.adapters.journal.appending import Appender, unavailable
from modeltui.adapters.journal.checkpoints import (
    RECORDS_BETWEEN,
    SECONDS_BETWEEN,
    add_checkpoint,
    checkpoints_in,
    checkpoints_path,
    newest_in,
    sign,
    witnesses,
)
from modeltui.adapters.journal.files import Files, locked
from modeltui.adapters.journal.index import Index, Place
from modeltui.adapters.journal.retention import drop_before
from modeltui.adapters.journal.segments import INDEX_NAME, LOCK_NAME, first_line, open_to_read, read_tail, segments_of
from modeltui.adapters.journal.verifying import verify
from modeltui.domain.acting.action import Refusal
from modeltui.domain.errors import BackendError, JournalUnavailable, ModeltuiError
from modeltui.domain.identity import Actor
from modeltui.domain.journal.chain import Checkpoint, Witness
from modeltui.domain.journal.record import ChainState, Detail, Entry, Record, RecordKind
from modeltui.domain.journal.record_line import parse_line
from modeltui.domain.names import UNKNOWN, Instant, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import Anchor, SignedCheckpoint
from modeltui.ports.clock import Clock
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Journal, Query

P = ParamSpec("P")
T = TypeVar("T")

OWN_ACTOR: Final = Actor(SafeText("modeltui"))
"""In whose name the journal writes down what it does by itself."""
LAST_CHECKPOINT_SECONDS: Final = 10.0
"""How long closing waits for the checkpoint of what was just done."""
_WITNESSED: Final = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED, RecordKind.BREAK_GLASS})


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
        self._identity = identity
        self._anchors = tuple(anchors)
        self._files = files or Files()
        self._appender = Appender(directory, clock, self._files)
        self._index = Index(directory, index_path)
        self._writing = asyncio.Lock()
        self._due = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._keeper: tuple[asyncio.Task[None], ...] = ()
        self._failing: dict[SafeText, bool] = {}
        self._has_appended = False
        self._checkpointed_at: float | None = None
        self._checkpoint_trouble = SafeText("")
        self._head: tuple[tuple[str, int, int], tuple[int, SafeText | Unknown]] | None = None

    @property
    def trouble(self) -> SafeText:
        """What is wrong with the disk or with a checkpoint although the records are safe; empty when nothing is."""
        return self._appender.trouble or self._checkpoint_trouble

    async def append(self, entry: Entry) -> Record:
        """Write one record and return it in its place; raises `JournalUnavailable`."""
        record, is_new_segment = await self._append(entry)
        self._has_appended = True
        since = None if self._checkpointed_at is None else self._clock.boottime() - self._checkpointed_at
        is_long_ago = since is None or since >= SECONDS_BETWEEN
        if entry.kind in _WITNESSED or record.seq % RECORDS_BETWEEN == 0 or is_new_segment or is_long_ago:
            self._due.set()
        return record

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return the records that match."""
        return await self._in_thread(self._read, query)

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
        silent, found = await self._witnesses()
        stopped = threading.Event()
        try:
            state = await self._in_thread(lambda: verify(self.directory, self._ends(), found, stopped.is_set))
        finally:
            stopped.set()
        if not silent:
            return state
        says = f"{state.says}; no answer from {', '.join(silent)}" if state.says else f"no answer from {silent[0]}"
        return ChainState(
            state.records,
            state.head,
            state.first_bad_seq,
            safe_text(says, 500),
            anchored_to_seq=state.anchored_to_seq,
            signed_to_seq=state.signed_to_seq,
        )

    async def checkpoint(self) -> Checkpoint | Unknown:
        """Make a checkpoint of what is there now, keep it, and hand it to every anchor.

        Unknown when there is nothing to witness. Raises `JournalUnavailable`; an anchor that fails is written down.
        """
        self._due.clear()
        self._checkpointed_at = self._clock.boottime()
        made = await self._in_thread(self._made_checkpoint)
        if isinstance(made, Missing):
            await self._hand_over_again()
            return made
        signed = await sign(made, self._identity)
        await self._in_thread(add_checkpoint, checkpoints_path(self.directory), signed, self._files)
        for anchor in self._anchors:
            await self._anchor(anchor, signed)
        return made

    async def drop_before(self, at: Instant, actor: Actor) -> tuple[str, ...] | Refusal:
        """Drop the whole segments that ended before `at`; return their names, or why it may not be done.

        What is left of them are a checkpoint, a tombstone and a record of the dropping, so that the chain goes on.
        """
        await self.checkpoint()
        return await self._in_thread(drop_before, self._appender, at, actor)

    async def __aenter__(self) -> Self:
        """Begin to keep the journal witnessed."""
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._keeper = (self._tasks.create_task(self._keep()), self._tasks.create_task(self._each_hour()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Make the checkpoint that is still due, within its time, and close."""
        try:
            for task in self._keeper:
                task.cancel()
            if self._tasks is not None:
                await self._tasks.__aexit__(None, None, None)
            if self._due.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LAST_CHECKPOINT_SECONDS):
                        await self._try_checkpoint()
        finally:
            self._tasks = None
            self._index.close()

    async def _keep(self) -> None:
        while True:
            await self._due.wait()
            await self._try_checkpoint()

    async def _each_hour(self) -> None:
        while True:
            await self._clock.sleep(SECONDS_BETWEEN)
            if self._has_appended:  # who only reads writes nothing, not even a checkpoint
                self._due.set()

    async def _try_checkpoint(self) -> None:
        try:
            await self.checkpoint()
            self._checkpoint_trouble = SafeText("")
        except ModeltuiError as error:
            # Acting goes on: the records are there, only their witness is late.
            self._checkpoint_trouble = safe_text(error.title)
        except Exception as error:  # the top of a background task: nothing in it may end the action that it witnesses
            self._checkpoint_trouble = safe_text(f"no checkpoint could be made: {type(error).__name__}")

    async def _hand_over_again(self) -> None:
        """Give the newest checkpoint to the anchors that did not take it."""
        failing = [anchor for anchor in self._anchors if self._failing.get(anchor.name)]
        kept = (await self._in_thread(checkpoints_in, checkpoints_path(self.directory))).checkpoints if failing else ()
        for anchor in failing if kept else ():
            await self._anchor(anchor, kept[-1])

    async def _anchor(self, anchor: Anchor, signed: SignedCheckpoint) -> None:
        try:
            await anchor.put(signed)
        except ModeltuiError as error:
            await self._note(anchor, RecordKind.LOG_ANCHOR_FAILED, {"because": error.title})
        else:
            await self._note(anchor, RecordKind.LOG_ANCHORED, {"records": signed.text.split("\n")[1]})

    async def _note(self, anchor: Anchor, kind: RecordKind, details: dict[str, Detail]) -> None:
        """Write down that an anchor began to fail, or took one for the first time or again."""
        fails = kind is RecordKind.LOG_ANCHOR_FAILED
        if self._failing.get(anchor.name) is fails:
            return
        self._failing[anchor.name] = fails
        details = {"anchor": anchor.name, **details}
        entry = Entry(kind, self._clock.now(), OWN_ACTOR, SafeText(""), details=details)
        await self._append(entry)

    async def _witnesses(self) -> tuple[list[SafeText], list[Witness]]:
        """Return the anchors that did not answer, and what everybody else saw. Before the lines are read: they grow."""
        own = await self._in_thread(checkpoints_in, checkpoints_path(self.directory))
        place = SafeText("the checkpoints beside it")
        found = await witnesses(own.checkpoints, place, self._identity, is_elsewhere=False)
        silent: list[SafeText] = []
        for anchor in self._anchors:
            try:
                kept = await anchor.kept()
            except BackendError:
                silent.append(anchor.name)
                continue
            if not isinstance(kept, Missing):
                found += await witnesses(kept, anchor.name, self._identity, is_elsewhere=True)
        return silent, found

    def _read(self, query: Query) -> tuple[Record, ...]:
        return self._records(self._index.find(query)) if segments_of(self.directory) else ()

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

        Whoever is cancelled while its record is written must not believe that it was not.
        """
        async with self._writing:
            running = asyncio.get_running_loop().run_in_executor(None, self._appender.append, entry)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait({running})
                raise

    async def _in_thread(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run what blocks beside the loop; whoever is cancelled meanwhile does not wait for years of lines."""
        try:
            return await asyncio.to_thread(work, *arguments, **named)
        except asyncio.CancelledError:
            self._index.stop()
            raise
        except OSError as error:
            raise unavailable(self.directory, error) from error
        except (sqlite3.Error, ValueError) as error:
            raise JournalUnavailable(
                safe_text(f"the journal in {self.directory} cannot be read: {error}"),
                f"Remove its index ({self.directory / INDEX_NAME}): it is made again from the records",
            ) from error


_: type[Journal] = JsonlJournal
