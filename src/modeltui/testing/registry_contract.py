"""What every registry adapter promises, as checks that any of them can be run through.

For the author of an adapter: open the registry as a user would, over a backend that holds at least one model with
two versions, and await each check. They need no test framework; a broken promise is a `BrokenPromise` that says
which. With pytest:

    @pytest.mark.parametrize("check", registry_contract.CHECKS, ids=registry_contract.name_of)
    async def test_contract(check, my_registry):
        \"\"\"My registry keeps the promises that every registry gives.\"\"\"
        await check(my_registry)

What they promise together: lists are whole and free of doubles, newest version first; pointers agree wherever they
are shown; what does not exist is an empty answer or a `BackendRefused`, never a crash; every text is safe; every
field of a provenance is known, absent, unsupported or unreadable, with its source; reading twice, at the same time
or after a cancelled read gives the same; a finding that is not well comes with a remedy.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final

from modeltui.domain.errors import BackendRefused
from modeltui.domain.lineage import Contradicted, Gap, Known, Provenance, Unreadable
from modeltui.domain.names import Missing, ModelName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.version import Model, Version, newest, version_order
from modeltui.ports.registry import Registry

Check = Callable[[Registry], Awaitable[None]]

NO_SUCH_MODEL: Final = ModelName(SafeText("modeltui-contract: no such model"))
NO_SUCH_VERSION: Final = VersionId(SafeText("987654321"))
_LONGEST_LINE: Final = 20_000
_MOST_VERSIONS_LOOKED_AT: Final = 4


class BrokenPromise(AssertionError):  # noqa: N818 - it says what happened
    """An adapter does not do what every registry promises."""


async def models_are_listed_once(registry: Registry) -> None:
    """Every model is there once, names its source, and has the same answer twice."""
    answer = await registry.read_models()
    names = [model.name for model in answer.models]
    _expect(bool(names), "the backend under test must hold at least one model")
    _expect(len(names) == len(set(names)), "a model is listed twice")
    for model in answer.models:
        _expect(not isinstance(model.source, Missing), f"{model.name} does not name its source")
    again = await registry.read_models()
    _expect(_by_name(again.models) == _by_name(answer.models), "the second reading differs from the first")


async def pointers_are_unique_and_lead_somewhere(registry: Registry) -> None:
    """A pointer has one meaning, and the version that it means can be listed."""
    for model, versions in await _all_versions(registry):
        names = [pointer.name for pointer in model.pointers]
        _expect(len(names) == len(set(names)), f"{model.name}: a pointer has two meanings")
        existing = {version.id for version in versions}
        for pointer in model.pointers:
            _expect(pointer.version in existing, f"{model.name}: {pointer.name} points at a version that is not listed")


async def versions_come_newest_first(registry: Registry) -> None:
    """Versions are listed once, in the order in which people count, and the model's latest is the first."""
    for model, versions in await _all_versions(registry):
        ids = [version.id for version in versions]
        _expect(len(ids) == len(set(ids)), f"{model.name}: a version is listed twice")
        _expect(ids == sorted(ids, key=version_order, reverse=True), f"{model.name}: not newest first: {ids}")
        _expect(all(version.model == model.name for version in versions), f"{model.name}: a version of another model")
        if not isinstance(model.latest, Missing):
            _expect(model.latest == newest(ids), f"{model.name}: latest is {model.latest}, the newest {newest(ids)}")


async def versions_show_the_pointers_of_their_model(registry: Registry) -> None:
    """What points at a version is told with the version, as with the model."""
    for model, versions in await _all_versions(registry):
        for version in versions:
            pointing = {pointer.name for pointer in model.pointers if pointer.version == version.id}
            _expect(pointing <= set(version.pointers), f"{model.name} {version.id}: lacks {pointing}")


async def times_are_seconds_of_our_age(registry: Registry) -> None:
    """A version was made between 1990 and 2200: not in milliseconds, not at the beginning of time."""
    for model, versions in await _all_versions(registry):
        for version in versions:
            if not isinstance(version.created_at, Missing):
                is_likely = 631_152_000.0 < version.created_at < 7_258_118_400.0
                _expect(is_likely, f"{model.name} {version.id}: made at {version.created_at}")


async def what_does_not_exist_is_no_crash(registry: Registry) -> None:
    """A model that is not there has no versions; a version that is not there is refused, with words."""
    _expect(await registry.read_versions(NO_SUCH_MODEL) == (), "a model that does not exist has versions")
    model = (await registry.read_models()).models[0].name
    for name, version in ((NO_SUCH_MODEL, NO_SUCH_VERSION), (model, NO_SUCH_VERSION)):
        try:
            await registry.read_provenance(name, version)
        except BackendRefused as error:
            _expect(bool(error.title and error.remedy), "a refusal must say what happened and what to do")
        else:
            raise BrokenPromise(f"{name} {version} does not exist and has a provenance")


async def provenance_says_what_it_does_not_know(registry: Registry) -> None:
    """Every field is known with its source and time, or says which kind of gap it is; something is known."""
    for _, version in await _some_versions(registry):
        provenance = await registry.read_provenance(version.model, version.id)
        what = f"{version.model} {version.id}"
        check_provenance(what, provenance)
        _expect(bool(provenance.known_fields()), f"{what}: nothing at all is known")


async def every_text_is_safe(registry: Registry) -> None:
    """No control, bidirectional or invisible character gets in, wherever it stood."""
    answer = await registry.read_models()
    _check_texts("models", answer)
    for _, version in await _some_versions(registry):
        _check_texts(f"{version.model} {version.id}", version)
        _check_texts(f"provenance of {version.id}", await registry.read_provenance(version.model, version.id))
    _check_texts("probe", await registry.probe())


async def reading_at_the_same_time_is_reading(registry: Registry) -> None:
    """Questions under way together get the answers that they get alone."""
    models = (await registry.read_models()).models[:_MOST_VERSIONS_LOOKED_AT]
    alone = [await registry.read_versions(model.name) for model in models]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_versions(registry, model.name)) for model in models]
    _expect([task.result() for task in tasks] == alone, "answers got mixed up between questions")


async def a_cancelled_read_harms_nothing(registry: Registry) -> None:
    """Somebody who leaves a screen cancels its questions: the next one is answered as before."""
    before = await registry.read_models()
    model, version = (await _some_versions(registry))[0]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_ignored(registry.read_models())),
            group.create_task(_ignored(registry.read_versions(model.name))),
            group.create_task(_ignored(registry.read_provenance(version.model, version.id))),
        ]
        await asyncio.sleep(0)  # noqa: TID251 - lets them begin, and no more
        for task in tasks:
            task.cancel()
    _expect(_by_name((await registry.read_models()).models) == _by_name(before.models), "a cancelled read left a trace")


async def probing_helps(registry: Registry) -> None:
    """A finding that is not well says what to do."""
    probe = await registry.probe()
    _expect(bool(probe.findings), "the probe looked at nothing")
    for finding in probe.findings:
        _expect(bool(finding.name and finding.says), "a finding without words")
        _expect(finding.ok is not False or bool(finding.remedy), f"{finding.name} is not well and has no remedy")
    if not isinstance(probe.latency_seconds, Missing):
        _expect(0.0 <= probe.latency_seconds < 3600.0, f"a latency of {probe.latency_seconds} s")


CHECKS: Final[tuple[Check, ...]] = (
    models_are_listed_once,
    pointers_are_unique_and_lead_somewhere,
    versions_come_newest_first,
    versions_show_the_pointers_of_their_model,
    times_are_seconds_of_our_age,
    what_does_not_exist_is_no_crash,
    provenance_says_what_it_does_not_know,
    every_text_is_safe,
    reading_at_the_same_time_is_reading,
    a_cancelled_read_harms_nothing,
    probing_helps,
)


def check_provenance(what: str, provenance: Provenance) -> None:
    """Check one provenance alone: every field a fact of one of the five kinds, every text safe."""
    for field in fields(provenance):
        _check_fact(f"{what}.{field.name}", getattr(provenance, field.name))
    _check_texts(what, provenance)


def name_of(check: Check) -> str:
    """Return the name of a check, for reports."""
    return getattr(check, "__name__", repr(check))


async def check_all(registry: Registry) -> None:
    """Run every check; raises `BrokenPromise` at the first that fails."""
    for check in CHECKS:
        await check(registry)


def _expect(holds: bool, promise: str) -> None:
    if not holds:
        raise BrokenPromise(promise)


def _by_name(models: tuple[Model, ...]) -> dict[ModelName, Model]:
    return {model.name: model for model in models}


async def _versions(registry: Registry, model: ModelName) -> tuple[Version, ...]:
    return await registry.read_versions(model)


async def _ignored(question: Awaitable[object]) -> None:
    await question


async def _all_versions(registry: Registry) -> list[tuple[Model, tuple[Version, ...]]]:
    models = (await registry.read_models()).models
    return [(model, await registry.read_versions(model.name)) for model in models]


async def _some_versions(registry: Registry) -> list[tuple[Model, Version]]:
    """Return the newest and the oldest version of the first models that have any."""
    chosen = [(model, versions) for model, versions in await _all_versions(registry) if versions]
    _expect(bool(chosen), "the backend under test must hold at least one version")
    newest_ones = [(model, versions[0]) for model, versions in chosen[:_MOST_VERSIONS_LOOKED_AT]]
    return newest_ones + [(model, versions[-1]) for model, versions in chosen[:1]]


def _check_fact(where: str, fact: object) -> None:
    if isinstance(fact, Gap):
        return
    if isinstance(fact, Unreadable):
        _expect(bool(fact.reason and fact.source), f"{where}: unreadable without a reason")
        return
    if isinstance(fact, Contradicted):
        _expect(len(fact.claims) > 1, f"{where}: contradicted by nobody")
        for claim in fact.claims:
            _check_fact(where, claim)
        return
    if not isinstance(fact, Known):
        raise BrokenPromise(f"{where}: {type(fact).__name__} is no fact")
    _expect(bool(fact.source), f"{where}: known from nobody")
    _expect(math.isfinite(fact.observed_at) and fact.observed_at > 0, f"{where}: read at {fact.observed_at}")
    is_empty = fact.value is None or (isinstance(fact.value, str | tuple | Mapping) and not fact.value)
    _expect(not is_empty, f"{where}: known to be nothing; say ABSENT")


def _check_texts(where: str, value: object) -> None:
    for text in _texts(value):
        _expect(len(text) <= _LONGEST_LINE, f"{where}: a text of {len(text)} characters")
        _expect(safe_text(text, _LONGEST_LINE) == text, f"{where}: not safe to show: {text[:80]!r}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(name)
            yield from _texts(inner)
    elif isinstance(value, tuple | list | frozenset):
        for inner in value:
            yield from _texts(inner)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
