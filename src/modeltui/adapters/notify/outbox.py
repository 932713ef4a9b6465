"""Notices that wait, one file each: they survive crashes and restarts, and several processes may share them.

A file is written beside its place, flushed, and moved there, so that it is whole or not there. It names sinks, never
addresses or keys. What cannot be delivered ends in `given-up/`, where it can be seen.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from modeltui.domain.acting.action import PlanHash, PlanId
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import UNKNOWN, Environment, Instant, Missing, ModelName, TargetKey, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.notifier import Notice, Occasion, OutboxState

MOST_WAITING: Final = 500
"""A sink that is dead for a night under a storm of actions; beyond it the oldest ordinary notice gives way."""
MOST_GIVEN_UP: Final = 200
_MOST_BYTES: Final = 64 * 1024
_MOST_FACTS: Final = 30
_MOST_FACT: Final = 500
_VERSION: Final = 1
_ORDINARY: Final = frozenset({Occasion.OUTCOME, Occasion.APPROVAL_ASKED})


@dataclass(frozen=True, slots=True)
class Attempts:
    """How far the delivery to one sink is."""

    tries: int = 0
    due_at: Instant = Instant(0.0)
    says: SafeText = SafeText("")
    """Why the last try failed: a status or a kind of failure, nothing that anybody sent."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One notice and who has not got it yet."""

    notice: Notice
    sinks: Mapping[str, Attempts]
    given_up: Mapping[str, Attempts] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """Sorts by time; the same for the same notice."""
        digest = hashlib.sha256(str(self.notice.id).encode()).hexdigest()[:24]
        return f"{max(0, int(self.notice.at * 1000)):015d}-{digest}.json"

    def without(self, sink: str) -> Waiting:
        """Return it once `sink` has got it."""
        return replace(self, sinks={name: at for name, at in self.sinks.items() if name != sink})

    def after(self, sink: str, attempts: Attempts) -> Waiting:
        """Return it after a failed try that is worth another."""
        return replace(self, sinks={**self.sinks, sink: attempts})

    def giving_up(self, sink: str, attempts: Attempts) -> Waiting:
        """Return it when `sink` will never get it."""
        return replace(self.without(sink), given_up={**self.given_up, sink: attempts})


class Outbox:
    """The files of one directory. Every method may block; none raises anything but `OSError`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._given_up = directory / "given-up"

    def put(self, waiting: Waiting) -> None:
        """Keep a notice; once this returns it survives a power cut. One that is there already stays as it is."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (self._directory / waiting.file_name).exists():
            return
        self._make_room()
        self._write(self._directory, waiting)

    def waiting(self, *, puts_aside: bool = True) -> list[Waiting]:
        """Return what waits, oldest first; files that cannot be read are put aside, unless somebody only looks."""
        found = []
        for path in self._files(self._directory):
            try:
                with path.open("rb") as stream:
                    found.append(_waiting_from(json.loads(stream.read(_MOST_BYTES))))
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                if not puts_aside:
                    continue
                with suppress(OSError):
                    self._given_up.mkdir(mode=0o700, exist_ok=True)
                    path.replace(self._given_up / f"{path.name}.unreadable")
        return found

    def save(self, waiting: Waiting) -> None:
        """Keep how far it is; a notice that nobody is left for goes, or is put aside when somebody never got it."""
        if waiting.sinks:
            self._write(self._directory, waiting)
            return
        if waiting.given_up:
            self._given_up.mkdir(mode=0o700, exist_ok=True)
            self._write(self._given_up, waiting)
            for path in self._files(self._given_up)[:-MOST_GIVEN_UP]:
                path.unlink(missing_ok=True)
        (self._directory / waiting.file_name).unlink(missing_ok=True)

    def state(self) -> OutboxState:
        """Return what waits and what was given up."""
        waiting = self.waiting(puts_aside=False)
        says = {name: attempts.says for one in waiting for name, attempts in one.sinks.items() if attempts.says}
        oldest = waiting[0].notice.at if waiting else UNKNOWN
        lines = tuple(safe_text(f"{name}: {words}") for name, words in sorted(says.items()))
        return OutboxState(len(waiting), oldest, len(list(self._given_up.glob("*"))), lines)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Hold the outbox for delivery, if nobody else does; yield whether it is ours."""
        try:
            descriptor = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            yield False  # nothing was ever put
            return
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def tidy(self) -> None:
        """Remove what writers left that died while they wrote: never a whole notice."""
        for path in self._directory.glob(".*.json.*"):
            pid = path.name.rpartition(".")[2]
            if pid.isdecimal() and not _is_alive(int(pid)):
                path.unlink(missing_ok=True)

    def _files(self, directory: Path) -> list[Path]:
        return sorted(directory.glob("*.json"))

    def _make_room(self) -> None:
        files = self._files(self._directory)
        if len(files) < MOST_WAITING:
            return
        waiting = self.waiting()
        given_way = next((one for one in waiting if one.notice.occasion in _ORDINARY), waiting[0] if waiting else None)
        if given_way is not None:
            full = Attempts(says=safe_text("the outbox was full"))
            for sink in given_way.sinks:
                given_way = given_way.giving_up(sink, full)
            self.save(given_way)

    def _write(self, directory: Path, waiting: Waiting) -> None:
        target = directory / waiting.file_name
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(_document(waiting))
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(target)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
        _flush_directory(directory)


def redacted(notice: Notice) -> Notice:
    """Return the notice without anything that looks like a secret, and not longer than anybody reads."""
    facts = {
        safe_text(without_tokens(name), 80): safe_text(masked(name, value), _MOST_FACT)
        for name, value in list(notice.facts.items())[:_MOST_FACTS]
    }
    return replace(notice, headline=safe_text(without_tokens(notice.headline), _MOST_FACT), facts=facts)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _document(waiting: Waiting) -> bytes:
    notice = waiting.notice
    written = {
        "v": _VERSION,
        "id": notice.id,
        "occasion": notice.occasion.value,
        "at": notice.at,
        "context": notice.context,
        "model": notice.target.model,
        "environment": notice.target.environment,
        "headline": notice.headline,
        "facts": list(notice.facts.items()),
        "plan_id": _or_none(notice.plan_id),
        "plan_hash": _or_none(notice.plan_hash),
        "journal_head": _or_none(notice.journal_head),
        "sinks": _attempts_document(waiting.sinks),
        "given_up": _attempts_document(waiting.given_up),
    }
    return json.dumps(written, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _attempts_document(sinks: Mapping[str, Attempts]) -> dict[str, Any]:
    return {name: {"tries": one.tries, "due_at": one.due_at, "says": one.says} for name, one in sinks.items()}


def _waiting_from(written: Any) -> Waiting:
    if written["v"] != _VERSION:
        raise ValueError(f"version {written['v']!r}")
    notice = Notice(
        id=safe_text(written["id"]),
        occasion=Occasion(written["occasion"]),
        at=Instant(float(written["at"])),
        context=safe_text(written["context"]),
        target=TargetKey(ModelName(safe_text(written["model"])), Environment(safe_text(written["environment"]))),
        headline=safe_text(written["headline"], _MOST_FACT),
        facts={safe_text(name, 80): safe_text(value, _MOST_FACT) for name, value in written["facts"]},
        plan_id=_plan_id(written["plan_id"]),
        plan_hash=UNKNOWN if written["plan_hash"] is None else PlanHash(safe_text(written["plan_hash"])),
        journal_head=UNKNOWN if written["journal_head"] is None else safe_text(written["journal_head"]),
    )
    return Waiting(notice, _attempts_from(written["sinks"]), _attempts_from(written["given_up"]))


def _plan_id(written: Any) -> PlanId | Unknown:
    return UNKNOWN if written is None else PlanId(safe_text(written))


def _attempts_from(written: Any) -> dict[str, Attempts]:
    return {
        str(name): Attempts(int(one["tries"]), Instant(float(one["due_at"])), safe_text(one["says"]))
        for name, one in written.items()
    }


def _or_none(value: SafeText | Unknown) -> str | None:
    return None if isinstance(value, Missing) else value
