"""Keeps a journal witnessed: checkpoints, signed where somebody can sign, beside it and elsewhere."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Protocol, Self

from modeltui.adapters.journal.checkpoints import RECORDS_BETWEEN, SECONDS_BETWEEN, sign, witnesses
from modeltui.domain.errors import BackendError, JournalUnavailable, ModeltuiError
from modeltui.domain.identity import Actor
from modeltui.domain.journal.chain import UNSEEN, Checkpoint, Witness
from modeltui.domain.journal.record import ChainState, Detail, Entry, Record, RecordKind
from modeltui.domain.names import UNKNOWN, Missing, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import Anchor, SignedCheckpoint
from modeltui.ports.clock import Clock
from modeltui.ports.identity import Identity
from modeltui.ports.journal import Query

OWN_ACTOR: Final = Actor(SafeText("modeltui"))
"""In whose name the journal writes down what it does by itself."""
LAST_CHECKPOINT_SECONDS: Final = 10.0
"""How long closing waits for the checkpoint of what was just done."""
_NOTE_SECONDS: Final = 1.0
"""And how long for writing down who did not take it."""
_WITNESSED: Final = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED, RecordKind.BREAK_GLASS})
_TAKEN: Final = Query(kinds=frozenset({RecordKind.LOG_ANCHORED}), most=500, newest_first=True)
_PLACE: Final = SafeText("the checkpoints beside it")


class Lines(Protocol):
    """What is witnessed, wherever its lines are; every method raises `JournalUnavailable`."""

    async def made_checkpoint(self) -> Checkpoint | Unknown:
        """Return what is there now; unknown when nothing is, or nothing more than in the newest checkpoint."""
        ...

    async def keep_checkpoint(self, signed: SignedCheckpoint) -> None:
        """Keep the checkpoint that was made last beside the lines, and return once it is durable."""
        ...

    async def kept_checkpoints(self) -> tuple[SignedCheckpoint, ...]:
        """Return all that are kept beside the lines, in their order."""
        ...

    async def note(self, entry: Entry) -> None:
        """Write down what happened to an anchor."""
        ...

    async def read(self, query: Query) -> tuple[Record, ...]:
        """Return the records that match."""
        ...


class Witnessing:
    """Has checkpoints made when they are due: inside `async with` in the background, the last one on leaving."""

    def __init__(self, lines: Lines, clock: Clock, identity: Identity | None, anchors: Sequence[Anchor]) -> None:
        self._lines = lines
        self._clock = clock
        self._identity = identity
        self._anchors = tuple(anchors)
        self._due = asyncio.Event()
        self._idle = asyncio.Event()
        """Not while a checkpoint is made in the background: one that is cut off is in no anchor."""
        self._idle.set()
        self._tasks: asyncio.TaskGroup | None = None
        self._keeper: tuple[asyncio.Task[None], ...] = ()
        self._failing: dict[SafeText, bool] = {}
        self._making = asyncio.Lock()
        """Of two checkpoints the smaller is kept first, however long its signature takes."""
        self._turns = {anchor.name: asyncio.Lock() for anchor in anchors}
        """Each anchor is given one checkpoint after the other, and waits for no other anchor."""
        self._owed: dict[SafeText, SignedCheckpoint] = {}
        """What each anchor was given and has neither taken nor refused yet."""
        self._has_appended = False
        self._checkpointed_at: float | None = None
        self.trouble = SafeText("")
        """Why the newest checkpoint could not be made; empty when it was."""

    def appended(self, record: Record, *, is_new_segment: bool = False) -> None:
        """Take note of a record that was written: it may be one that somebody else should see soon."""
        self._has_appended = True
        since = None if self._checkpointed_at is None else self._clock.boottime() - self._checkpointed_at
        is_long_ago = since is None or since >= SECONDS_BETWEEN
        if record.entry.kind in _WITNESSED or record.seq % RECORDS_BETWEEN == 0 or is_new_segment or is_long_ago:
            self._due.set()

    def forget(self) -> None:
        """Make none that is due now."""
        self._due.clear()

    async def checkpoint(self) -> Checkpoint | Unknown:
        """Make a checkpoint of what is there now, keep it, and hand it to every anchor.

        Unknown when there is nothing to witness. Raises `JournalUnavailable`; an anchor that fails is written down.
        """
        self._due.clear()
        self._checkpointed_at = self._clock.boottime()
        async with self._making:
            made = await self._lines.made_checkpoint()
            if not isinstance(made, Missing):
                signed = await sign(made, self._identity)
                await self._lines.keep_checkpoint(signed)
        if isinstance(made, Missing):
            await self._hand_over_again()
        else:
            await self._hand_over(self._anchors, signed)
        return made

    async def witnesses(self) -> tuple[list[SafeText], list[Witness]]:
        """Return the anchors that did not answer, and what everybody else saw. Before the lines are read: they grow."""
        own = await self._lines.kept_checkpoints()
        found = await witnesses(own, _PLACE, self._identity, is_elsewhere=False)
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

    async def __aenter__(self) -> Self:
        """Begin to keep the journal witnessed."""
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._keeper = (self._tasks.create_task(self._keep()), self._tasks.create_task(self._each_hour()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Finish the checkpoint that is being made, and make the one that is still due, within their time."""
        give_up_at = asyncio.get_running_loop().time() + LAST_CHECKPOINT_SECONDS
        try:
            is_in_time = False
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(give_up_at):
                    await asyncio.sleep(0)  # noqa: TID251 - a turn: the background begins with what is due, if it is free
                    if self._due.is_set():  # beside one that is under way: that may wait for a dead anchor
                        await self._try_checkpoint()
                    await self._idle.wait()
                    is_in_time = True
            owed = tuple(self._owed)
            for task in self._keeper:
                task.cancel()
            if self._tasks is not None:
                await self._tasks.__aexit__(None, None, None)
            if not is_in_time:
                await self._tell_late(owed)
        finally:
            self._tasks = None

    async def _keep(self) -> None:
        while True:
            await self._due.wait()
            self._idle.clear()
            try:
                await self._try_checkpoint()
            finally:
                self._idle.set()

    async def _each_hour(self) -> None:
        while True:
            await self._clock.sleep(SECONDS_BETWEEN)
            if self._has_appended:  # who only reads writes nothing, not even a checkpoint
                self._due.set()

    async def _try_checkpoint(self) -> None:
        try:
            await self.checkpoint()
            self.trouble = SafeText("")
        except ModeltuiError as error:
            # Acting goes on: the records are there, only their witness is late.
            self.trouble = safe_text(error.title)
        except Exception as error:  # the top of a background task: nothing in it may end the action that it witnesses
            self.trouble = safe_text(f"no checkpoint could be made: {type(error).__name__}")

    async def _hand_over_again(self) -> None:
        """Give the newest checkpoint to the anchors that did not take it."""
        failing = [anchor for anchor in self._anchors if self._failing.get(anchor.name)]
        kept = await self._lines.kept_checkpoints() if failing else ()
        if kept:
            await self._hand_over(failing, kept[-1])

    async def _hand_over(self, anchors: Sequence[Anchor], signed: SignedCheckpoint) -> None:
        """Give a checkpoint to all of them at once: a dead one keeps it from no other."""
        for anchor in anchors:
            self._owed[anchor.name] = signed
        failed = await asyncio.gather(*(self._anchor(anchor, signed) for anchor in anchors), return_exceptions=True)
        for error in failed:
            if error is not None:
                raise error

    async def _anchor(self, anchor: Anchor, signed: SignedCheckpoint) -> None:
        async with self._turns[anchor.name]:
            because: SafeText | Unknown = UNKNOWN
            try:
                await self._find_again(anchor)
                await anchor.put(signed)
            except ModeltuiError as error:
                because = safe_text(error.title)
            except Exception as error:  # the top of a task: what one anchor does is no matter of the others
                because = safe_text(type(error).__name__)
            if self._owed.get(anchor.name) is signed:
                del self._owed[anchor.name]
            if isinstance(because, Missing):
                await self._note(anchor.name, RecordKind.LOG_ANCHORED, {"records": signed.text.split("\n")[1]})
            else:
                await self._note(anchor.name, RecordKind.LOG_ANCHOR_FAILED, {"because": because})

    async def _find_again(self, anchor: Anchor) -> None:
        """Return when what it took before can be read: nothing is begun anew in its place. Raises `BackendError`."""
        if self._failing.get(anchor.name) is False:
            return  # it took one from here
        taken: tuple[Record, ...] = ()
        with contextlib.suppress(JournalUnavailable):
            taken = await self._lines.read(_TAKEN)
        if any(record.entry.details.get("anchor") == anchor.name for record in taken):
            await anchor.kept()

    async def _tell_late(self, owed: Sequence[SafeText]) -> None:
        """Write down who did not take the last checkpoint in time: nobody is here to see it."""
        self.trouble = safe_text(f"the last checkpoint was not taken in time by {', '.join(owed) or 'the journal'}")
        with contextlib.suppress(TimeoutError, ModeltuiError):
            async with asyncio.timeout(_NOTE_SECONDS):
                for name in owed:
                    await self._note(name, RecordKind.LOG_ANCHOR_FAILED, {"because": "it did not answer in time"})

    async def _note(self, anchor: SafeText, kind: RecordKind, details: dict[str, Detail]) -> None:
        """Write down that an anchor began to fail, or took one for the first time or again."""
        fails = kind is RecordKind.LOG_ANCHOR_FAILED
        if self._failing.get(anchor) is fails:
            return
        self._failing[anchor] = fails
        details = {"anchor": anchor, **details}
        await self._lines.note(Entry(kind, self._clock.now(), OWN_ACTOR, SafeText(""), details=details))


def told(state: ChainState, silent: Sequence[SafeText]) -> ChainState:
    """Return what was found, with the anchors that did not answer."""
    if not silent:
        return state
    says = f"no answer from {', '.join(silent)}"
    known = state.says.replace(UNSEEN, "every record fits")  # who is silent may well have seen it
    says = f"{known}; {says}" if known else says
    return replace(state, says=safe_text(says, 500), silent=tuple(silent))
