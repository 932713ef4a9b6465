"""A world that is made once, and a copy of it for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modeltui.adapters.embedded.world import create_world
from modeltui.testing.clock import VirtualClock
from tests.adapters.embedded.story import BEGAN_AT, SEED


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new world of the demo's seed; copy it before anything is written."""
    path = tmp_path_factory.mktemp("pristine") / "world.sqlite"
    create_world(path, SEED, BEGAN_AT)
    return path


@pytest.fixture
def world_path(pristine: Path, tmp_path: Path) -> Path:
    """A new world of one's own."""
    return Path(shutil.copy(pristine, tmp_path / "world.sqlite"))


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands where the world begins, and moves by hand."""
    return VirtualClock(BEGAN_AT)
