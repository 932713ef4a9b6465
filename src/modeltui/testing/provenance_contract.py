"""What every source of provenance promises, as checks that any adapter can be run through.

For the author of an adapter: open the source as a user would, over a place that tells something of one version, and
await each check with it. They need no test framework; a broken promise is a `BrokenPromise` that says which.

What they promise together: every field is known, contradicted, absent, unsupported or unreadable, with its source;
what may be told of one version is absent, not unsupported, where nothing is told of another; names that no version
can have are no crash; every text is safe; reading twice, at the same time or after a cancelled read gives the same; a
finding that is not well comes with a remedy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from modeltui.domain.errors import BackendError
from modeltui.domain.lineage import ABSENT, FIELDS, UNSUPPORTED, Contradicted, Known, Provenance
from modeltui.domain.names import Instant, Missing, ModelName, VersionId
from modeltui.domain.text import safe_text
from modeltui.ports.provenance import ProvenanceSource
from modeltui.testing.registry_contract import NO_SUCH_MODEL, NO_SUCH_VERSION, BrokenPromise, check_provenance, name_of

ODD_NAMES: Final = (
    "",
    ".",
    "..",
    "../../etc/passwd",
    "/etc/passwd",
    "a" * 5_000,
    "a%2e%2e",
    "{model}",
    "*",
    "a\\b",
    "🦊",
)
"""Names that lead somewhere else where they are used as a path, a pattern or an address."""
_NEVER: Final = Instant(0.0)
_NOTHING: Final = Provenance()


@dataclass(frozen=True, slots=True)
class Subject:
    """A source, and a version of which it tells something."""

    source: ProvenanceSource
    model: ModelName
    version: VersionId
    known: Provenance = _NOTHING
    """What registries say of it."""

    async def read(self) -> Provenance:
        """Return what the source tells of the version."""
        return await self.source.read_provenance(self.model, self.version, self.known)


Check = Callable[[Subject], Awaitable[None]]


async def something_is_told_with_its_source(subject: Subject) -> None:
    """Of the version that it knows it tells something; each field says who told it and when."""
    provenance = await subject.read()
    check_provenance(f"{subject.model} {subject.version}", provenance)
    _expect(bool(provenance.known_fields()), "nothing at all is told")
    facts = (getattr(provenance, name) for name in FIELDS)
    sources = {fact.source for fact in facts if isinstance(fact, Known)}
    _expect(len(sources) == 1, f"one source tells under several names: {sorted(sources)}")


async def nothing_is_told_of_what_it_does_not_know(subject: Subject) -> None:
    """Of another version it tells that its places are empty, not that it has none."""
    told = await subject.read()
    for model, version in ((NO_SUCH_MODEL, NO_SUCH_VERSION), (subject.model, NO_SUCH_VERSION)):
        other = await subject.source.read_provenance(model, version, Provenance())
        check_provenance(f"{model} {version}", other)
        _expect(not other.known_fields(), f"it tells {other.known_fields()} of a version that does not exist")
        for name in FIELDS:
            if getattr(told, name) is not UNSUPPORTED:
                _expect(getattr(other, name) is ABSENT, f"{name} can be told, and is not absent where it is not")


async def odd_names_are_no_crash(subject: Subject) -> None:
    """A name that leads somewhere else as a path or an address is no version, or is refused in words."""
    for odd in ODD_NAMES:
        name = safe_text(odd, 5_000)
        for model, version in ((ModelName(name), subject.version), (subject.model, VersionId(name))):
            try:
                told = await subject.source.read_provenance(model, version, Provenance())
            except BackendError as error:
                _expect(bool(error.title), "a refusal must say what happened")
            else:
                _expect(not told.known_fields(), f"it tells something of {odd[:40]!r}")


async def reading_again_gives_the_same(subject: Subject) -> None:
    """Alone, again, and several at the same time: what is told does not depend on who else asks."""
    first = _timeless(await subject.read())
    _expect(_timeless(await subject.read()) == first, "the second reading differs from the first")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(subject.read()) for _ in range(3)]
    _expect(all(_timeless(task.result()) == first for task in tasks), "answers got mixed up between questions")


async def a_cancelled_read_harms_nothing(subject: Subject) -> None:
    """Somebody who leaves a screen cancels its questions: the next one is answered as before."""
    before = _timeless(await subject.read())
    async with asyncio.TaskGroup() as group:
        task = group.create_task(subject.read())
        await asyncio.sleep(0)  # noqa: TID251 - lets it begin, and no more
        task.cancel()
    _expect(_timeless(await subject.read()) == before, "a cancelled read left a trace")


async def probing_helps(subject: Subject) -> None:
    """It looks at something; a finding that is not well says what to do; every text is safe."""
    probe = await subject.source.probe()
    _expect(bool(probe.findings), "the probe looked at nothing")
    for finding in probe.findings:
        _expect(bool(finding.name and finding.says), "a finding without words")
        _expect(finding.ok is not False or bool(finding.remedy), f"{finding.name} is not well and has no remedy")
        for text in (finding.name, finding.says, finding.remedy):
            _expect(safe_text(text, 20_000) == text, f"not safe to show: {text[:80]!r}")
    if not isinstance(probe.latency_seconds, Missing):
        _expect(0.0 <= probe.latency_seconds < 3600.0, f"a latency of {probe.latency_seconds} s")


CHECKS: Final[tuple[Check, ...]] = (
    something_is_told_with_its_source,
    nothing_is_told_of_what_it_does_not_know,
    odd_names_are_no_crash,
    reading_again_gives_the_same,
    a_cancelled_read_harms_nothing,
    probing_helps,
)

__all__ = ["CHECKS", "ODD_NAMES", "BrokenPromise", "Check", "Subject", "check_all", "check_provenance", "name_of"]


async def check_all(subject: Subject) -> None:
    """Run every check; raises `BrokenPromise` at the first that fails."""
    for check in CHECKS:
        await check(subject)


def _expect(holds: bool, promise: str) -> None:
    if not holds:
        raise BrokenPromise(promise)


def _timeless(provenance: Provenance) -> Provenance:
    """Return it without when it was read."""
    facts = {name: getattr(provenance, name) for name in FIELDS}
    for name, fact in facts.items():
        if isinstance(fact, Known):
            facts[name] = replace(fact, observed_at=_NEVER)
        elif isinstance(fact, Contradicted):
            facts[name] = Contradicted(tuple(replace(claim, observed_at=_NEVER) for claim in fact.claims))
    return Provenance(**facts)
