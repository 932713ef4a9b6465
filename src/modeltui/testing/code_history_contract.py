"""What every source of code history promises, as checks that any of them can be run through.

For the author of an adapter: open the history as a user would, over a repository that you know, and say what is in it
(`Told`). Then await each check; a broken promise is an `AssertionError` that says which.

What they promise together: a log has what is in B and not in A, newest first, and the other way round it has the same
the other way round; a commit that is not there is told, not raised; a repository that is somebody else's is None, so
that another source is asked; every text is safe; reading at the same time or after a cancelled read gives the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from modeltui.domain.comparison.difference import CodeLog
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.code_history import CodeHistory

NO_SUCH_COMMIT: Final = SafeText("dead" * 10)
NO_SUCH_REPOSITORY: Final = SafeText("https://git.invalid/modeltui-contract/no-such-repository.git")
_LONGEST_LINE: Final = 500


@dataclass(frozen=True, slots=True)
class Told:
    """What whoever runs the checks knows of the repository."""

    a: str
    """Whole id of a commit."""
    b: str
    """Whole id of a commit that was built on top of `a`, by one or more commits."""
    commits: tuple[str, ...]
    """Whole ids of the commits between them, newest first: `b` is the first."""
    files: frozenset[str]
    """Paths that differ, as they are shown."""
    repository: SafeText | Unknown = UNKNOWN
    """How registries call it."""


Check = Callable[[CodeHistory, Told], Awaitable[None]]


async def a_log_has_what_lies_between(history: CodeHistory, told: Told) -> None:
    """Commits of B that A has not, newest first, and the files that differ; nothing of A is missing in B."""
    log = await _log(history, told, told.a, told.b)
    _expect([commit.id for commit in log.only_b] == list(told.commits), f"other commits: {log.only_b}")
    _expect(log.only_a == (), f"B was built on A and lacks {log.only_a}")
    _expect(set(log.files) == told.files, f"other files: {sorted(log.files)}")
    _expect(not log.trouble and not log.is_cut, "a whole log has no trouble and is not cut")
    _expect(all(commit.at > 0 and commit.author for commit in log.only_b), "a commit without time or author")


async def a_log_mirrors(history: CodeHistory, told: Told) -> None:
    """From B to A it is the same log with the sides changed."""
    log, mirrored = await _log(history, told, told.a, told.b), await _log(history, told, told.b, told.a)
    _expect((mirrored.only_a, mirrored.only_b) == (log.only_b, log.only_a), "the sides are not changed")
    _expect(set(mirrored.files) == set(log.files), "other files differ the other way round")


async def a_commit_may_be_abbreviated(history: CodeHistory, told: Told) -> None:
    """Registries shorten commits."""
    _expect(
        await _log(history, told, told.a[:10], told.b[:10]) == await _log(history, told, told.a, told.b),
        "abbreviated commits have another log",
    )


async def a_commit_that_is_not_there_is_told(history: CodeHistory, told: Told) -> None:
    """Pushed over, or never pushed: the log says so, in words, and has nothing else."""
    for a, b in (
        (told.a, NO_SUCH_COMMIT),
        (NO_SUCH_COMMIT, told.b),
        (told.a, "--all"),
        ("HEAD..HEAD", told.b),
        ("", ""),
    ):
        log = await _log(history, told, a, b)
        _expect(bool(log.trouble), f"{a!r} to {b!r} has no trouble")
        _expect(not log.only_a and not log.only_b and not log.files, f"{a!r} to {b!r} has a log")


async def a_foreign_repository_is_left_to_others(history: CodeHistory, told: Told) -> None:
    """Another source may keep it."""
    log = await history.read_log(NO_SUCH_REPOSITORY, SafeText(told.a), SafeText(told.b))
    _expect(log is None, "it tells of a repository that it does not keep")


async def every_text_is_safe(history: CodeHistory, told: Told) -> None:
    """No control, bidirectional or invisible character gets in."""
    log = await _log(history, told, told.a, told.b)
    texts = [log.repository, log.trouble, *log.files]
    texts += [text for commit in log.only_b for text in (commit.id, commit.author, commit.subject)]
    probe = await history.probe()
    texts += [text for finding in probe.findings for text in (finding.name, finding.says, finding.remedy)]
    for text in texts:
        _expect(len(text) <= _LONGEST_LINE and safe_text(text, _LONGEST_LINE) == text, f"not safe: {text[:80]!r}")


async def reading_at_the_same_time_is_reading(history: CodeHistory, told: Told) -> None:
    """Questions under way together, and one that was given up, change nothing."""
    alone = await _log(history, told, told.a, told.b)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_log(history, told, told.a, told.b)) for _ in range(3)]
        given_up = group.create_task(_log(history, told, told.b, told.a))
        await asyncio.sleep(0)  # noqa: TID251 - lets them begin, and no more
        given_up.cancel()
    _expect(all(task.result() == alone for task in tasks), "answers got mixed up")
    _expect(await _log(history, told, told.a, told.b) == alone, "a cancelled read left a trace")


async def probing_helps(history: CodeHistory, told: Told) -> None:
    """A finding that is not well says what to do."""
    del told
    probe = await history.probe()
    _expect(bool(probe.findings), "the probe looked at nothing")
    for finding in probe.findings:
        _expect(bool(finding.name and finding.says), "a finding without words")
        _expect(finding.ok is not False or bool(finding.remedy), f"{finding.name} is not well and has no remedy")


CHECKS: Final[tuple[Check, ...]] = (
    a_log_has_what_lies_between,
    a_log_mirrors,
    a_commit_may_be_abbreviated,
    a_commit_that_is_not_there_is_told,
    a_foreign_repository_is_left_to_others,
    every_text_is_safe,
    reading_at_the_same_time_is_reading,
    probing_helps,
)


def name_of(check: Check) -> str:
    """Return the name of a check, for reports."""
    return getattr(check, "__name__", repr(check))


async def check_all(history: CodeHistory, told: Told) -> None:
    """Run every check; raises at the first that fails."""
    for check in CHECKS:
        await check(history, told)


async def _log(history: CodeHistory, told: Told, a: str, b: str) -> CodeLog:
    log = await history.read_log(told.repository, SafeText(a), SafeText(b))
    if log is None:
        raise AssertionError(f"it does not keep {told.repository}")
    return log


def _expect(holds: bool, promise: str) -> None:
    if not holds:
        raise AssertionError(promise)
