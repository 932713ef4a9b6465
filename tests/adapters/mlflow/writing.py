"""Opens the writer of aliases as the actor process does, with short waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from modeltui.adapters.mlflow.options import Options
from modeltui.adapters.mlflow.rollout_writer import MlflowRolloutWriter, Timing, connect
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.names import Environment
from modeltui.domain.policy import DEFAULT_POLICY, Policy
from modeltui.domain.rollout import Role
from modeltui.domain.text import SafeText
from modeltui.ports.adapter import Surroundings
from modeltui.ports.clock import Clock
from tests.adapters.mlflow.fake import SOURCE, no_secret

PROD = Environment(SafeText("prod"))
QUICK = Timing(
    pause_seconds=0.0,
    begin_seconds=20.0,
    before_seconds=40.0,
    settle_seconds=0.01,
    whole_seconds=60.0,
    lock_seconds=5.0,
    late_seconds=0.05,
)
"""Without waiting, and with patience for a machine that is busy."""


def alias_policy(**others: tuple[Environment, Role]) -> Policy:
    """A policy in which champion serves production and challenger is on its way there."""
    pointers = {SafeText("champion"): (PROD, Role.STABLE), SafeText("challenger"): (PROD, Role.CANDIDATE)}
    return replace(DEFAULT_POLICY, pointers={**pointers, **{SafeText(name): what for name, what in others.items()}})


@asynccontextmanager
async def writing(
    url: str,
    timing: Timing = QUICK,
    *,
    clock: Clock | None = None,
    policy: Policy | None = None,
    secret: Any = no_secret,
    **options: Any,
) -> AsyncIterator[MlflowRolloutWriter]:
    """The writer at `url`."""
    around = Surroundings(SOURCE, clock or SystemClock(), (), secret, Path("/"))
    async with connect(Options(url=url, **options), around, policy or alias_policy(), timing=timing) as writer:
        assert isinstance(writer, MlflowRolloutWriter)
        yield writer
