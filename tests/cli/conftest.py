"""One live world for all commands that only look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.tui.story_world import RunningWorld, running_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorld]:
    """A simulated world that moves at our own speed."""
    with running_world(tmp_path_factory.mktemp("world"), speed=1.0) as running:
        yield running
