"""Runs that are known from files of events."""

from __future__ import annotations

import threading
from typing import Final

from modeltui.adapters._documents.threads import Threads
from modeltui.adapters.openlineage.following import Follower
from modeltui.adapters.openlineage.options import Options
from modeltui.adapters.openlineage.runs import Looked, Runs
from modeltui.domain.errors import BackendError, BackendUnavailable
from modeltui.domain.names import UNKNOWN
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.probe import Finding, Probe

_MOST_FINDINGS: Final = 20


class EventFiles:
    """Reads files as they grow, whenever it is asked, and keeps what their runs said."""

    def __init__(self, options: Options, surroundings: Surroundings) -> None:
        self._source = surroundings.source
        self._clock = surroundings.clock
        self._seconds = options.read_seconds
        self._stopped = threading.Event()
        self._threads = Threads(self._source, "the disk with the files of events")
        runs = Runs(options.most_runs)
        self.follower: Final = Follower(options.files, surroundings.base_directory, runs, surroundings.clock.boottime)

    def stop(self) -> None:
        """Make a thread that still reads end soon."""
        self._stopped.set()

    async def look(self, model: str, version: str, named: tuple[str, ...]) -> Looked:
        """Return all runs; raise `BackendUnavailable` while the files have not been read to their end."""
        is_whole = await self._read_on()
        if not self.follower.files:
            raise BackendUnavailable(
                f"{self._source}: no file matches {self.follower.unmatched[0]}",
                "Correct files, or wait for the first event; it is looked for again.",
            )
        if not is_whole:
            raise BackendUnavailable(
                f"{self._source}: {self._progress()} of the events read so far",
                "It goes on from there when asked again.",
            )
        return Looked(self.follower.runs, self._trouble())

    def _trouble(self) -> BackendError | None:
        for path, file in self.follower.files.items():
            if file.trouble:
                return BackendUnavailable(
                    f"{self._source}: {path} cannot be read: {file.trouble}", "Correct it; it is asked again by itself."
                )
        return None

    async def probe(self) -> Probe:
        """Return how many events there are, how far they were read, and what is wrong with which file."""
        started_at = self._clock.boottime()
        is_whole = await self._read_on()
        latency_seconds = self._clock.boottime() - started_at
        files = dict(self.follower.files)
        events = sum(file.events for file in files.values())
        says = f"{events} events of {len(self.follower.runs)} runs in {len(files)} files"
        says += "" if is_whole else f", {self._progress()} read so far"
        says += f", {self.follower.runs.forgotten} older runs forgotten" if self.follower.runs.forgotten else ""
        findings = [Finding(SafeText("events"), bool(files), safe_text(says), SafeText("" if files else _NO_FILES))]
        findings += [_unmatched(pattern) for pattern in self.follower.unmatched]
        for path, file in files.items():
            if file.trouble:
                findings.append(
                    _finding(path, f"cannot be read: {file.trouble}", "Correct it, or take it out of files.")
                )
            if file.malformed:
                lines = "1 line is" if file.malformed == 1 else f"{file.malformed} lines are"
                findings.append(_finding(path, f"{lines} no event", "Look at what writes to it; the others count."))
        return Probe(UNKNOWN, latency_seconds, 0.0, tuple(findings[:_MOST_FINDINGS]))

    async def _read_on(self) -> bool:
        stop = threading.Event()
        until = self._clock.boottime() + self._seconds
        try:
            return await self._threads.run(self._read, until, stop)
        finally:
            stop.set()

    def _read(self, until: float, stop: threading.Event) -> bool:
        return not self._stopped.is_set() and self.follower.read_on(until, stop)

    def _progress(self) -> str:
        files = list(self.follower.files.values())
        size = sum(file.size for file in files)
        return f"{100 * sum(min(file.offset, file.size) for file in files) // size} %" if size else "nothing"


_NO_FILES: Final = "Correct files; relative paths start at the configuration file."


def _finding(path: str, says: str, remedy: str) -> Finding:
    return Finding(SafeText("file"), False, safe_text(f"{path}: {says}", 300), safe_text(remedy))


def _unmatched(pattern: str) -> Finding:
    return Finding(SafeText("files"), False, safe_text(f"no file matches {pattern}", 300), SafeText(_NO_FILES))
