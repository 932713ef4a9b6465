"""What `modeltui demo` writes works as it was written."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from modeltui.adapters.embedded.demo import prepare_demo
from modeltui.adapters.embedded.demo_config import demo_config
from modeltui.adapters.embedded.scenario import DEMO, ENVIRONMENTS
from modeltui.adapters.embedded.world import open_world
from modeltui.adapters.system.clock import SystemClock
from modeltui.config.load import Options, load
from modeltui.config.secrets import SecretStore
from modeltui.domain.errors import BackendUnavailable, ConfigError
from modeltui.domain.health import Level
from modeltui.domain.names import Instant, Missing
from modeltui.testing.clock import VirtualClock
from modeltui.wiring import observing as wiring
from tests.adapters.embedded.story import BEGAN_AT, demo_policy, onlooker, target_key

pytestmark = pytest.mark.broad

STARTED_WITHIN_SECONDS = 30.0


def test_the_files_of_a_demo_are_made_once(tmp_path: Path) -> None:
    """A second start finds the world and the configuration of the first, and leaves both alone."""
    directory = tmp_path / "new" / "demo"
    files = prepare_demo(directory, 3, BEGAN_AT)
    assert {file.name for file in directory.iterdir()} == {"world.sqlite", "modeltui.yaml"}
    assert stat.S_IMODE(files.config.stat().st_mode) == 0o600
    before = [files.world.read_bytes(), files.config.read_bytes()]
    assert prepare_demo(directory, 99, Instant(BEGAN_AT + 9)) == files
    assert [files.world.read_bytes(), files.config.read_bytes()] == before
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as caught:
        prepare_demo(tmp_path / "file", 3, BEGAN_AT)
    assert "--dir" in caught.value.remedy


def test_the_configuration_opens_the_world_by_itself(tmp_path: Path) -> None:
    """The configuration has no mistake, says that all is simulated, and finds the world beside it."""
    files = prepare_demo(tmp_path, 3, BEGAN_AT)
    loaded = load(Options(config=str(files.config)), {})
    assert loaded.context_name == "demo"
    assert loaded.context.simulated
    assert tuple(loaded.context.environments) == ENVIRONMENTS
    (source,) = loaded.context.sources.values()
    assert source.kind == "embedded"
    plans = wiring.checked_plans(loaded, SecretStore())
    assert {plan.name for plan in plans} == {"registry", "metrics", "rollouts", "code"}
    assert {plan.options.path for plan in plans} == {files.world}


def test_a_path_with_spaces_and_quotes_survives() -> None:
    """Whatever the directory is called, the configuration can be read."""
    text = demo_config(Path('/tmp/a "b": c/world.sqlite'))
    assert 'path: "/tmp/a \\"b\\": c/world.sqlite"' in text


async def test_every_signal_of_every_stable_version_is_judged(world_path: Path, clock: VirtualClock) -> None:
    """With the demo's limits no measured signal is left without anything to judge it by."""
    async with onlooker(world_path, clock) as eye:
        await eye.begin()
    judged = 0
    for target in eye.fleet.targets.values():
        for served in target.versions:
            for name, cell in served.cells.items():
                assert cell.verdict.level is not Level.NO_LIMIT or name == "throughput", f"{target.key} {name}"
                judged += 1
    assert judged > 150


def test_every_model_has_limits() -> None:
    """A model that is added to the scenario gets its limits without anybody thinking of it."""
    policy = demo_policy()
    for model in DEMO.models:
        for signal_name in ("latency_p95", "confidence", "business"):
            signal_of = next(s.name for s in policy.signals if s.name == signal_name)
            rules = policy.rules_for(target_key(f"{model.name}@prod-hk"), signal_of)
            assert len(rules) >= 2


def start_simulator(world: Path) -> subprocess.Popen[str]:
    """Return a simulator in a process of its own, once it has begun to write."""
    command = [sys.executable, "-m", "modeltui.adapters.embedded.simulator", str(world), "--seed", "5"]
    simulator = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    while not Path(f"{world}-wal").exists() and simulator.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return simulator


async def ticks(world: Path, wanted: int) -> list[Instant]:
    """Return the times of the newest samples as they come, until there are so many."""
    seen: list[Instant] = []
    deadline = time.monotonic() + STARTED_WITHIN_SECONDS
    async with onlooker(world, VirtualClock(SystemClock().now())) as eye:
        while len(seen) < wanted and time.monotonic() < deadline:
            samples = (await eye.metrics.read()).samples
            newest = max(sample.at for sample in samples if not isinstance(sample.at, Missing))
            if newest not in seen:
                seen.append(newest)
            await asyncio.sleep(0.2)
    return seen


def test_another_process_moves_the_world_while_this_one_looks(tmp_path: Path) -> None:
    """The simulator runs apart; an observer sees its ticks; no second simulator may join it."""
    world = tmp_path / "world.sqlite"
    with start_simulator(world) as simulator:
        try:
            assert simulator.poll() is None
            assert len(asyncio.run(ticks(world, 3))) == 3
            with pytest.raises(BackendUnavailable, match="another simulator"):
                open_world(world)
        finally:
            simulator.send_signal(signal.SIGTERM)
            assert simulator.wait(10) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"world.sqlite", "world.sqlite.lock"}
    with closing(sqlite3.connect(world)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_simulator_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A world that is no world ends the simulator with words and an exit code."""
    (tmp_path / "world.sqlite").write_text("no world at all")
    command = [sys.executable, "-m", "modeltui.adapters.embedded.simulator", str(tmp_path / "world.sqlite")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "world.sqlite" in ended.stderr
    assert "Traceback" not in ended.stderr
