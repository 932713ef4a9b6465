"""Recorded MLflow servers for the tests of the adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from modeltui.adapters.mlflow.registry import MlflowRegistry
from tests.adapters.mlflow.fake import MLFLOW_2, MLFLOW_3, FakeMlflow, opened


@pytest.fixture
async def fake() -> AsyncIterator[FakeMlflow]:
    """A server that answers like MLflow 3.17.2."""
    async with FakeMlflow() as server:
        server.play(MLFLOW_3)
        yield server


@pytest.fixture
async def fake2() -> AsyncIterator[FakeMlflow]:
    """A server that answers like MLflow 2.22.5."""
    async with FakeMlflow() as server:
        server.play(MLFLOW_2)
        yield server


@pytest.fixture
async def registry(fake: FakeMlflow) -> AsyncIterator[MlflowRegistry]:
    """The adapter over the recorded MLflow 3."""
    async with opened(fake.url) as registry:
        yield registry
