"""Where versions come from is asked of everybody who may know, and what they still owe is known too."""

from __future__ import annotations

from dataclasses import replace

from tests.engine.running import running

from modeltui.domain.comparison.difference import CodeLog, CodeSpan, Commit
from modeltui.domain.errors import BackendRefused, BackendUnavailable
from modeltui.domain.fleet import SourceCondition
from modeltui.domain.lineage import ABSENT, Approval, CodeRevision, Contradicted, Known, Provenance, Unreadable
from modeltui.domain.names import UNKNOWN, Instant, ModelName, VersionId
from modeltui.domain.text import SafeText
from modeltui.engine.observer import Observer
from modeltui.testing.clock import NOON, VirtualClock
from modeltui.testing.fakes import FakeCode, FakeMetrics, FakeProvenance, FakeRegistry, fake_observer, fake_source
from modeltui.testing.worlds import model, source_name

FRAUD, GBM = ModelName(SafeText("fraud")), ModelName(SafeText("gbm"))
V1, V2 = VersionId(SafeText("1")), VersionId(SafeText("2"))


def known(value: object, source: str = "registry") -> Known[object]:
    """Return a fact as a source tells it."""
    return Known(value, source_name(source), Instant(NOON))


def commit(name: str, source: str = "registry") -> Provenance:
    """Return a version of which only the commit is known."""
    return Provenance(code=Known(CodeRevision(SafeText(name)), source_name(source), Instant(NOON)))


def listing(clock: VirtualClock, **of: Provenance) -> FakeRegistry:
    """Return a registry that lists fraud, with `v1` and `v2` as told."""
    versions = {(FRAUD, VersionId(SafeText(name[1:]))): provenance for name, provenance in of.items()}
    return FakeRegistry(clock=clock, models=(model("fraud"),), provenance=versions)


async def compared(observer: Observer) -> Observer:
    """Look once at everything and read what fraud 1 and 2 can be compared by."""
    await observer.look_once()
    await observer.read_comparison(FRAUD, V1, V2)
    return observer


async def test_events_complete_what_the_registry_tells() -> None:
    """The registry knows the commit, the lineage events the SQL: one version, both facts, each with its source."""
    clock = VirtualClock()
    events = FakeProvenance(clock=clock, provenance={(FRAUD, V1): Provenance(extraction_query=known(("SELECT",)))})  # type: ignore[arg-type]
    observer = fake_observer(clock, fake_source(listing(clock, v1=commit("aaaaaaa1"))), fake_source(events))
    await observer.look_once()
    await observer.read_provenance(FRAUD, V1)
    told = observer.fleet.provenance[FRAUD, V1]
    assert isinstance(told.code, Known)
    assert isinstance(told.extraction_query, Known)
    assert list(observer.fleet.claims[FRAUD, V1]) == ["registry", "provenance"]
    assert isinstance(events.heard[0].code, Known), "who looks for the run must hear what the registry knows"


async def test_sources_that_contradict_each_other_are_both_kept() -> None:
    """Two commits for one version: neither is chosen."""
    clock = VirtualClock()
    events = FakeProvenance(clock=clock, provenance={(FRAUD, V1): commit("bbbbbbb2", "provenance")})
    observer = fake_observer(clock, fake_source(listing(clock, v1=commit("aaaaaaa1"))), fake_source(events))
    await observer.look_once()
    await observer.read_provenance(FRAUD, V1)
    code = observer.fleet.provenance[FRAUD, V1].code
    assert isinstance(code, Contradicted)
    assert [claim.value.commit for claim in code.claims] == ["aaaaaaa1", "bbbbbbb2"]


async def test_a_source_that_cannot_say_costs_its_own_facts_only() -> None:
    """The events are unreachable: what the registry knows stands, why the rest is missing is known, and no source is
    called down for it.
    """
    clock = VirtualClock()
    events = FakeProvenance(
        clock=clock, fault=BackendUnavailable("events: connection refused", ""), failing=frozenset({"provenance"})
    )
    observer = await compared(
        fake_observer(clock, fake_source(listing(clock, v1=commit("aaaaaaa1"))), fake_source(events))
    )
    fleet = observer.fleet
    assert isinstance(fleet.provenance[FRAUD, V1].code, Known)
    assert fleet.untold[FRAUD, V1] == {"provenance": "events: connection refused"}
    owed = fleet.claims_of(FRAUD, V1)[source_name("provenance")]
    assert isinstance(owed.parameters, Unreadable)
    assert fleet.sources[source_name("provenance")].condition(fleet.at) is SourceCondition.FRESH
    assert not fleet.awaited


async def test_what_could_not_be_read_is_asked_for_again() -> None:
    """A registry that was down for a moment is asked again, and then nothing is owed any more."""
    clock = VirtualClock()
    registry = listing(clock, v1=commit("aaaaaaa1"), v2=commit("aaaaaaa2"))
    registry.fault, registry.failing = BackendRefused("registry: 403", ""), frozenset({"provenance"})
    observer = await compared(fake_observer(clock, fake_source(registry)))
    assert (FRAUD, V1) not in observer.fleet.provenance
    assert len(registry.asked("provenance")) == 2
    registry.fault = None
    await observer.read_comparison(FRAUD, V1, V2)
    assert (FRAUD, V1) in observer.fleet.provenance
    assert not observer.fleet.untold
    await observer.read_comparison(FRAUD, V1, V2)
    assert len(registry.asked("provenance")) == 4, "what is known is not asked again"


async def test_what_is_there_is_shown_while_the_rest_is_awaited() -> None:
    """Events take five seconds: the registry's facts are there at once, and the screen can say who is waited for."""
    clock = VirtualClock()
    events = FakeProvenance(clock=clock)
    observer = fake_observer(clock, fake_source(listing(clock, v1=commit("aaaaaaa1"))), fake_source(events))
    await observer.look_once()
    events.takes_seconds = 5.0
    async with running(observer, clock):
        observer.want_comparison(FRAUD, V1, V2)
        await clock.settle()
        assert isinstance(observer.fleet.provenance[FRAUD, V1].code, Known)
        assert observer.fleet.awaited[FRAUD, V1] == {"provenance"}
        await clock.advance(6.0)
        assert not observer.fleet.awaited


async def test_a_slow_backend_does_not_hold_up_other_questions() -> None:
    """One registry takes ten seconds over a version: another model's version arrives meanwhile."""
    clock = VirtualClock()
    slow = replace(listing(clock, v1=commit("aaaaaaa1")), takes_seconds=10.0)
    quick = FakeRegistry(clock=clock, models=(model("gbm"),), provenance={(GBM, V1): commit("ccccccc3", "quick")})
    observer = fake_observer(clock, fake_source(slow, name="slow"), fake_source(quick, name="quick"))
    async with running(observer, clock):
        await clock.advance(11.0)
        observer.want_provenance(FRAUD, V1)
        observer.want_provenance(GBM, V1)
        await clock.settle()
        assert (GBM, V1) in observer.fleet.provenance
        assert (FRAUD, V1) not in observer.fleet.provenance


async def test_the_log_between_two_commits_is_read_once() -> None:
    """Two versions of two commits: the repository is asked what lies between, the first one that keeps it, once."""
    clock = VirtualClock()
    log = CodeLog(SafeText(""), (Commit(SafeText("aaaaaaa2"), NOON, SafeText("ann"), SafeText("Drop a filter")),))
    foreign, code = FakeCode(clock=clock), FakeCode(clock=clock, log=log)
    registry = listing(clock, v1=commit("aaaaaaa1"), v2=commit("aaaaaaa2"))
    observer = await compared(
        fake_observer(clock, fake_source(registry), fake_source(foreign, name="foreign"), fake_source(code))
    )
    span = CodeSpan(UNKNOWN, SafeText("aaaaaaa1"), SafeText("aaaaaaa2"))
    assert observer.fleet.code_logs == {span: log}
    await observer.read_comparison(FRAUD, V1, V2)
    assert len(code.asked("log")) == 1


async def test_a_log_that_cannot_be_read_says_why() -> None:
    """The repository is unreachable: the reason stands where the log would be, and nobody takes it for an empty log."""
    clock = VirtualClock()
    code = FakeCode(clock=clock, fault=BackendUnavailable("git: no route", ""), failing=frozenset({"log"}))
    registry = listing(clock, v1=commit("aaaaaaa1"), v2=commit("aaaaaaa2"))
    observer = await compared(fake_observer(clock, fake_source(registry), fake_source(code)))
    (log,) = observer.fleet.code_logs.values()
    assert log.trouble == "git: no route"


def log_of(subject: str) -> CodeLog:
    """Return a log of one commit."""
    return CodeLog(SafeText(""), (Commit(SafeText("aaaaaaa2"), NOON, SafeText("ann"), SafeText(subject)),))


async def test_a_log_that_could_not_be_read_is_asked_for_again() -> None:
    """The repository was away for a moment: with the next look its log is there, and then it is left alone."""
    clock = VirtualClock()
    code = FakeCode(clock=clock, fault=BackendUnavailable("git: no route", ""), failing=frozenset({"log"}))
    code.log = log_of("Drop a filter")
    registry = listing(clock, v1=commit("aaaaaaa1"), v2=commit("aaaaaaa2"))
    observer = await compared(fake_observer(clock, fake_source(registry), fake_source(code)))
    code.fault = None
    for again in (False, True):
        await observer.read_comparison(FRAUD, V1, V2, again=again)
        assert list(observer.fleet.code_logs.values()) == [code.log]
    assert len(code.asked("log")) == 2


async def test_a_repository_that_fails_does_not_hide_the_next() -> None:
    """Of two copies of a repository one is away: the log of the other stands there, whichever was asked first."""
    clock = VirtualClock()
    away = FakeCode(clock=clock, fault=BackendUnavailable("git: no route", ""), failing=frozenset({"log"}))
    here = FakeCode(clock=clock, log=log_of("Drop a filter"))
    registry = listing(clock, v1=commit("aaaaaaa1"), v2=commit("aaaaaaa2"))
    observer = await compared(
        fake_observer(clock, fake_source(registry), fake_source(away, name="away"), fake_source(here, name="here"))
    )
    assert list(observer.fleet.code_logs.values()) == [here.log]


async def test_whoever_asks_again_hears_what_has_changed() -> None:
    """An approval was revoked since: asked again, both versions and the members that differ are read anew."""
    clock = VirtualClock()
    registry = listing(clock, v1=Provenance(components=known({GBM: V1})), v2=Provenance(components=known({GBM: V2})))  # type: ignore[arg-type]
    registry.models = (model("fraud"), model("gbm"))
    observer = await compared(fake_observer(clock, fake_source(registry)))
    revoked = known((Approval(SafeText("ana"), SafeText("revoked")),))
    before = {key: registry.provenance[key] for key in registry.provenance}
    registry.provenance = {**before, (FRAUD, V2): replace(before[FRAUD, V2], approvals=revoked)}  # type: ignore[arg-type]
    await observer.read_comparison(FRAUD, V1, V2)
    assert len(registry.asked("provenance")) == 4, "what is known is not asked for unless somebody wants it again"
    await observer.read_comparison(FRAUD, V1, V2, again=True)
    assert observer.fleet.provenance[FRAUD, V2].approvals == revoked
    asked = [question.about for question in registry.asked("provenance")]
    assert sorted(asked[4:]) == sorted([(FRAUD, V1), (FRAUD, V2), (GBM, V1), (GBM, V2)])


async def test_members_that_differ_are_read_too() -> None:
    """An ensemble changed one member: that member's two versions are asked for, the other member's are not."""
    clock = VirtualClock()
    net = ModelName(SafeText("net"))
    ensembles = [Provenance(components=known({GBM: version, net: V1})) for version in (V1, V2)]  # type: ignore[arg-type]
    registry = listing(clock, v1=ensembles[0], v2=ensembles[1])
    registry.models = (model("fraud"), model("gbm"), model("net"))
    observer = await compared(fake_observer(clock, fake_source(registry)))
    asked = [question.about for question in registry.asked("provenance")]
    assert sorted(asked) == sorted([(FRAUD, V1), (FRAUD, V2), (GBM, V1), (GBM, V2)])
    assert (GBM, V2) in observer.fleet.provenance


async def test_of_two_registries_with_one_model_the_first_in_the_file_owns_it() -> None:
    """Whoever answers last, the list of models does not change hands; both are asked where a version comes from."""
    clock = VirtualClock()
    first, second = listing(clock, v1=commit("aaaaaaa1")), listing(clock, v1=Provenance(owner=ABSENT))
    first.models = (replace(model("fraud"), source=source_name("first")),)
    second.models = (replace(model("fraud"), source=source_name("second")),)
    first.takes_seconds = 1.0
    observer = fake_observer(clock, fake_source(first, name="first"), fake_source(second, name="second"))
    async with running(observer, clock):
        await clock.advance(2.0)
        assert observer.fleet.models[FRAUD].source == "first"
        observer.want_provenance(FRAUD, V1)
        await clock.advance(2.0)
    assert list(observer.fleet.claims[FRAUD, V1]) == ["first", "second"]


async def test_a_source_of_origins_has_an_age_like_every_other() -> None:
    """It tells nothing unasked, and is asked now and then whether it is there: row 1 knows."""
    clock = VirtualClock()
    events = FakeProvenance(clock=clock)
    observer = fake_observer(clock, fake_source(FakeMetrics(clock=clock)), fake_source(events))
    await observer.look_once()
    state = observer.fleet.sources[source_name("provenance")]
    assert state.condition(observer.fleet.at) is SourceCondition.FRESH
    events.fault = BackendUnavailable("events: gone", "start them")
    await observer.poll_now()
    state = observer.fleet.sources[source_name("provenance")]
    assert state.condition(observer.fleet.at) is SourceCondition.DOWN
