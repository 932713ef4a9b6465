"""A scripted Prometheus for every test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.adapters.prometheus.backend import ScriptedPrometheus

from modeltui.testing.faults import FaultServer


@pytest.fixture
async def prometheus() -> AsyncIterator[ScriptedPrometheus]:
    """A Prometheus that answers as told; its clock and ours stand at noon."""
    async with FaultServer() as server:
        yield ScriptedPrometheus(server)
