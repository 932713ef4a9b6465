"""Puts together the actor process: the one place that opens writers."""

from __future__ import annotations

import asyncio
import glob
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from modeltui import plugins
from modeltui.adapters.system.clock import SystemClock
from modeltui.config.load import Loaded
from modeltui.config.policy import policy_of
from modeltui.config.schema import ModelsConfig
from modeltui.config.secrets import SecretStore
from modeltui.domain.acting.access import permit
from modeltui.domain.acting.action import Plan, PlanHash, Refusal
from modeltui.domain.acting.approval import GivenApproval
from modeltui.domain.errors import ConfigError
from modeltui.domain.journal.details import is_to_known_good, plan_refused_details
from modeltui.domain.journal.record import RecordKind
from modeltui.domain.names import SourceName
from modeltui.domain.text import safe_text
from modeltui.engine.acting.deadlines import Deadlines
from modeltui.engine.acting.executor import Executor
from modeltui.engine.acting.recording import PlanRecord
from modeltui.engine.acting.second_person import SecondPerson
from modeltui.engine.observer import Observer
from modeltui.ports.notifier import Notifier
from modeltui.ports.rollout_writer import RolloutWriter
from modeltui.wiring.observing import open_observer
from modeltui.wiring.processes import process_name
from modeltui.wiring.records import open_records
from modeltui.wiring.writing import WritableSource, writable_sources

_SINCE = "it was changed since the plan was made: start modeltui again, and plan again"


@dataclass(frozen=True, slots=True)
class Running:
    """Everything that one plan is executed with."""

    executor: Executor
    observer: Observer
    notifier: Notifier


@asynccontextmanager
async def open_running(loaded: Loaded, plan: Plan) -> AsyncIterator[Running]:
    """Open what a plan needs; raise `ConfigError` when this context cannot carry it out as it was promised."""
    clock, secrets = SystemClock(), SecretStore()
    async with AsyncExitStack() as stack:
        if plan.context != loaded.context_name:
            raise ConfigError(f"the plan is for context {plan.context}", "run it there, or plan again here")
        records = await open_records(loaded, clock, secrets, stack)
        actor = await records.identity.actor()
        try:
            source = await asyncio.to_thread(_source, loaded, plan, clock, secrets)
        except ConfigError as error:
            record = PlanRecord(records.journal, plan, actor, clock, deadlines_of(loaded))
            refusal = Refusal(safe_text(error.title), safe_text(error.remedy))
            await record.note(RecordKind.PLAN_REFUSED, plan_refused_details(plan.kind, refusal))
            raise
        writer = await stack.enter_async_context(_writer(source))
        observer = await stack.enter_async_context(
            open_observer(_only(loaded, plan), clock=clock, secrets=secrets, start_from_cache=False)
        )
        second = SecondPerson(records.approvals, records.identity, records.rules, clock)
        production = _is_production(loaded, plan)

        async def decisions(_: PlanHash) -> tuple[GivenApproval, ...]:
            return await second.decisions(plan, production=production)

        executor = Executor(
            writer=writer,
            journal=records.journal,
            leases=records.leases,
            actor=actor,
            reader=observer,
            clock=clock,
            permission=lambda plan: permit(
                records.rules.policy,
                actor,
                plan.kind,
                plan.target,
                is_last_known_good=is_to_known_good(plan),
                production=production,
                now=clock.now(),
            ),
            decisions=decisions,
            read_rules=records.rules.read_anew,
            deadlines=deadlines_of(loaded),
            notifier=records.notifier,
            process=process_name(),
        )
        yield Running(executor, observer, records.notifier)


def deadlines_of(loaded: Loaded) -> Deadlines:
    """Return the deadlines of a context: those that an operator may set, and ours for the rest."""
    acting = loaded.context.acting
    return Deadlines(
        accepted_seconds=acting.accepted_seconds,
        serving_seconds=acting.serving_seconds,
        healthy_seconds=acting.healthy_seconds,
        snap_back_seconds=acting.snap_back_checks,
    )


def _source(loaded: Loaded, plan: Plan, clock: SystemClock, secrets: SecretStore) -> WritableSource:
    found: dict[SourceName, WritableSource | Refusal] = dict(writable_sources(loaded, clock, secrets))
    source = found.get(plan.writes_through.source)
    if source is None:
        raise ConfigError(f"{plan.writes_through.source} cannot be written to here", "plan again")
    if isinstance(source, Refusal):
        raise ConfigError(source.reason, source.remedy)
    if source.promise != plan.writes_through:
        raise ConfigError("what writing promises is no longer what the plan says", "plan again")
    if (writes_to := source.writes_to(plan.target)) != plan.writes_to:
        raise ConfigError(f"the plan writes to {plan.writes_to}; the configuration now says {writes_to}", _SINCE)
    return source


@asynccontextmanager
async def _writer(source: WritableSource) -> AsyncIterator[RolloutWriter]:
    connect = plugins.connect_writer(source.writing)
    async with connect(source.options, source.surroundings, source.policy) as writer:
        yield writer


def _only(loaded: Loaded, plan: Plan) -> Loaded:
    """Return the context with the plan's model alone: a fleet of ten thousand is not judged for one target."""
    models = ModelsConfig(include=(glob.escape(plan.target.model),))
    return replace(loaded, context=replace(loaded.context, models=models))


def _is_production(loaded: Loaded, plan: Plan) -> bool:
    return loaded.context.production or policy_of(loaded.context).is_production(plan.target.environment)
