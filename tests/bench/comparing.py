"""What comparing costs: from the key to the page, two heavy versions, and reading both beside MLflow's own client."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from modeltui.config.load import Options, load
from modeltui.domain.comparison.comparing import compare
from modeltui.domain.names import ModelName, VersionId
from modeltui.domain.suspects.suspecting import suspects
from modeltui.domain.text import SafeText
from modeltui.wiring.observing import open_observer
from tests.bench.commands import mlflow_python
from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured
from tests.bench.keys import DOWN, LOST_SECONDS, UP, ours_cursor
from tests.bench.subjects import PROGRAM, environment, run_command
from tests.servers.mlflow import start_mlflow3
from tests.terminal import Terminal

HEAVY: Final = ModelName(SafeText("heavy"))
PARAMETERS, PACKAGES, CARD_BYTES = 200, 2_000, 5_000_000
_CLIENT: Final = """
import sys, time
began = time.perf_counter()
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
import mlflow
imported = time.perf_counter()
url, model, *versions = sys.argv[1:]
mlflow.set_tracking_uri(url)
client = MlflowClient(url, url)
def fetch():
    for number in versions:
        version = client.get_model_version(model, number)
        run = client.get_run(version.run_id)
        for name in ("MLmodel", "requirements.txt"):
            client_uri = f"models:/{model}/{number}/{name}"
            open(download_artifacts(artifact_uri=client_uri)).read()
times = []
for _ in range(int(4)):
    at = time.perf_counter()
    fetch()
    times.append((time.perf_counter() - at) * 1e3)
print(*times)
"""


def costs(bench: Bench) -> Iterator[Figure]:
    """Yield D1 to D6."""
    with bench.embedded() as config:
        opened, moves = _opened(bench, config, "fraud-detector")
    beside: dict[str, Measured | str] = {"a key that moves the cursor": moves}
    yield Figure("D1", "3 to the whole comparison on the screen", opened, beside, _most(opened, 100.0))
    with _heavy(bench) as config:
        yield from _heavy_costs(bench, config, beside)
    yield from _beside_mlflow(bench)


def _most(measured: Measured, most: float) -> tuple[Aim, ...]:
    return (Aim(f"≤ {most:g} ms", measured.middle, most),)


def _opened(bench: Bench, config: Path, model: str) -> tuple[Measured, Measured]:
    """Return the times from `3` to the comparison, its facts being known, and of a key that moves the cursor."""
    opened, moves = [], []
    with Terminal([str(PROGRAM), "--config", str(config)], env=environment(bench.home)) as terminal:
        _look_at(terminal, model)
        _open(terminal)  # what it asks for is known from now on
        terminal.wait_quiet(0.4, 10.0)
        terminal.send("\x1b")
        terminal.wait_for(lambda lines: not _shows_comparison(lines), LOST_SECONDS)
        for _ in range(bench.runs(5, 20)):
            terminal.wait_quiet(0.5, 3.0)
            opened.append(_open(terminal))
            terminal.send("\x1b")
            terminal.wait_for(lambda lines: not _shows_comparison(lines), LOST_SECONDS)
            terminal.wait_quiet(0.5, 3.0)
            if model != HEAVY:  # alone in its list: no cursor can move
                cursor = ours_cursor(terminal)
                moves += [cursor.move(DOWN, 1), cursor.move(UP, -1)]
    return Measured(tuple(opened)), Measured(tuple(moves))


def _look_at(terminal: Terminal, model: str) -> None:
    terminal.wait_for(model, 30.0)
    terminal.wait_quiet(0.5, 5.0)
    terminal.send("/")
    terminal.wait_for(lambda lines: "filter" in lines[-1] or "/" in lines[-1], 5.0)
    terminal.send(f"{model}\r")
    terminal.wait_quiet(0.5, 5.0)
    if model == "fraud-detector":
        terminal.send(DOWN)  # the second row is the one with a canary
        terminal.wait_for(lambda lines: any(line.startswith("▶") and "prod-hk" in line for line in lines), 5.0)


def _open(terminal: Terminal) -> float:
    asked_at = terminal.send("3")
    return (terminal.wait_for(_shows_comparison, 20.0) - asked_at) * 1e3


def _shows_comparison(lines: list[str]) -> bool:
    """Tell whether two versions are named side by side, and something is said of them."""
    return any("  A " in line and " B " in line for line in lines[1:4]) and sum(map(bool, map(str.strip, lines))) > 6


@contextmanager
def _heavy(bench: Bench) -> Iterator[Path]:
    """Give the configuration of a folder with two versions that have as much to compare as anybody has."""
    folder = bench.scratch / "heavy-models"
    for number, step in (("1", 0), ("2", 1)):
        version = folder / HEAVY / number
        version.mkdir(parents=True, exist_ok=True)
        parameters = {f"parameter_{place:03}": place + (step if place % 40 == 0 else 0) for place in range(PARAMETERS)}
        packages = [f"package-{place}==1.{place % 7}.{step if place % 100 == 0 else 0}" for place in range(PACKAGES)]
        card = [f"Line {place}: what the model does in case {place % 97}." for place in range(CARD_BYTES // 48)]
        card[len(card) // 2] = f"Changed in step {step}."
        (version / "metadata.json").write_text(
            json.dumps({"parameters": parameters, "metrics": {"auc": 0.9 + step / 50}})
        )
        (version / "requirements.txt").write_text("\n".join(packages))
        (version / "model_card.md").write_text("\n".join(card))
        (version / "model.bin").write_bytes(bytes([step]) * 1024)
    for name, number in (("champion", "1"), ("challenger", "2")):
        link = folder / HEAVY / name
        if not link.is_symlink():
            link.symlink_to(number)
    config = bench.scratch / "heavy.yaml"
    config.write_text(
        f"""modeltui: 1
contexts:
  heavy:
    sources: {{registry: {{kind: model-folder, path: {folder}}}}}
    pointers:
      champion: {{environment: prod, role: stable}}
      challenger: {{environment: prod, role: candidate}}
"""
    )
    yield config


def _heavy_costs(bench: Bench, config: Path, beside: Mapping[str, Measured | str]) -> Iterator[Figure]:
    what = f"{PARAMETERS} parameters, {PACKAGES} packages, cards of {CARD_BYTES // 1_000_000} MB"
    pure = asyncio.run(_compared(bench, config))
    yield Figure("D2", f"comparing and ranking alone: {what}", pure, {}, _most(pure, 100.0))
    opened, _ = _opened(bench, config, HEAVY)
    yield Figure("D3", f"3 to the whole comparison on the screen: {what}", opened, beside, _most(opened, 100.0))
    pages = _paged(bench, config)
    yield Figure("D4", "page down in it, every fact shown, to painted", pages, beside, _most(pages, 100.0))


async def _compared(bench: Bench, config: Path) -> Measured:
    loaded = load(Options(config=str(config)))
    a, b = VersionId(SafeText("1")), VersionId(SafeText("2"))
    times = []
    async with open_observer(loaded, start_from_cache=False) as observer:
        await observer.look_once()
        await observer.read_comparison(HEAVY, a, b)
        for _ in range(bench.runs(3, 10)):
            began = time.perf_counter()
            found = suspects(compare(observer.fleet, HEAVY, a, b))
            times.append((time.perf_counter() - began) * 1e3)
            if not found:
                raise RuntimeError("two versions that differ have no suspect")
    return Measured(tuple(times))


def _paged(bench: Bench, config: Path) -> Measured:
    times = []
    with Terminal([str(PROGRAM), "--config", str(config)], env=environment(bench.home)) as terminal:
        _look_at(terminal, HEAVY)
        _open(terminal)
        terminal.wait_quiet(0.4, 10.0)
        terminal.send("a")
        terminal.wait_quiet(0.4, 10.0)
        for _ in range(bench.runs(5, 20)):
            times.append(_page_down(terminal))
            terminal.wait_quiet(0.2, 2.0)
    return Measured(tuple(times))


def _page_down(terminal: Terminal) -> float:
    before = terminal.lines()[3:-1]
    typed_at = terminal.send("\x1b[6~")
    return (terminal.wait_for(lambda lines: lines[3:-1] != before, LOST_SECONDS) - typed_at) * 1e3


def _beside_mlflow(bench: Bench) -> Iterator[Figure]:
    python = mlflow_python(bench)
    if python.startswith("!"):
        return
    directory = bench.scratch / "mlflow-compare"
    (directory / "lake").mkdir(parents=True)
    with start_mlflow3(directory) as server:
        # Beside its neighbours it would take their `mlflow` for MLflow.
        script = Path(shutil.copy(Path(__file__).parents[1] / "servers" / "training.py", directory))
        made = subprocess.run(
            [python, str(script), server.url, str(directory / "lake"), "base", "data-snapshot"],
            env=environment(bench.home),
            capture_output=True,
            text=True,
            cwd=directory,
        )
        recorded = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
        if len(recorded) != 2:
            raise RuntimeError(made.stderr[-500:])
        versions = [one["version"] for one in recorded]
        config = bench.scratch / "mlflow-compare.yaml"
        config.write_text(
            f"modeltui: 1\ncontexts:\n  bench:\n    sources: {{mlflow: {{kind: mlflow, url: {server.url}}}}}\n"
        )
        env = environment(bench.home)
        client = [python, "-c", _CLIENT, server.url, "card-fraud", *versions]
        ran = run_command(client, env)
        theirs = Measured(tuple(float(word) for word in ran.output.split()))
        ours = asyncio.run(_read(bench, config, versions))
        yield Figure(
            "D5",
            "everything of two versions read from MLflow, connections open",
            ours,
            {"MLflow's client: versions, runs, MLmodel, requirements": theirs},
            (Aim("≤ 1× MLflow's client", ours.middle, theirs.middle),),
            "ours reads datasets, tags, cards, prompts and every file of provenance besides",
        )
        command = [str(PROGRAM), "--config", str(config), "compare", "card-fraud", *versions, "--json"]
        whole, script_wall = [], []
        for _ in range(bench.runs(2, 6)):
            whole.append(run_command(command, env).wall_ms)
            script_wall.append(run_command([part.replace("int(4)", "int(1)") for part in client], env).wall_ms)
        both = Measured(tuple(whole))
        references: dict[str, Measured | str] = {"a script with MLflow's client": Measured(tuple(script_wall))}
        yield Figure("D6", "`compare MODEL A B --json`, the whole process", both, references, _most(both, 1000.0))


async def _read(bench: Bench, config: Path, versions: list[str]) -> Measured:
    loaded = load(Options(config=str(config)))
    model = ModelName(SafeText("card-fraud"))
    a, b = (VersionId(SafeText(version)) for version in versions)
    times = []
    async with open_observer(loaded, start_from_cache=False) as observer:
        await observer.look_once()
        for _ in range(bench.runs(4, 12)):
            began = time.perf_counter()
            await asyncio.gather(observer.read_provenance(model, a), observer.read_provenance(model, b))
            times.append((time.perf_counter() - began) * 1e3)
    return Measured(tuple(times))
