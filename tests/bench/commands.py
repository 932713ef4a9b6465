"""T3 and the cost of commands: without the network, beside Python, Textual and MLflow's own client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tests.bench.context import Bench
from tests.bench.figures import Aim, Figure, Measured, ratio_aims
from tests.bench.subjects import PROGRAM, PYTHON, environment, run_command
from tests.servers.venvs import CACHE_ROOT, MLFLOW_3, EnvironmentBuildError, ensure, is_made

_MODULES = """
import sys
from modeltui.__main__ import main
try:
    main()
except SystemExit:
    pass
known = ("textual", "rich", "httpx", "plotext", "msgspec", "click", "yaml", "sqlite3", "asyncio")
print(*[name for name in known if name in sys.modules])
"""


def costs(bench: Bench) -> Iterator[Figure]:
    """Yield T3, and the CPU of `--version` and `status` beside `import mlflow`."""
    env = environment(bench.home)
    mlflow = mlflow_python(bench)
    with bench.embedded() as config:
        status = [str(PROGRAM), "--config", str(config), "status", "--json"]
        contenders = {
            "status": status,
            "--version": [str(PROGRAM), "--version"],
            "python -c pass": [PYTHON, "-c", "pass"],
            "import textual.app": [PYTHON, "-c", "from textual.app import App"],
        }
        if not mlflow.startswith("!"):
            contenders["import mlflow"] = [mlflow, "-c", "import mlflow"]
        wall, cpu = _run_all(contenders, bench.runs(3, 12), env)
        loaded = run_command([PYTHON, "-c", _MODULES, *status[1:]], env).output.splitlines()[-1]
    references = ("python -c pass", "import textual.app")
    for what, times in (("wall time", wall), ("CPU", cpu)):
        ours = times["status"]
        yield Figure(
            "T3",
            f"`status --json` on the embedded world, {what}",
            ours,
            {name: times[name] for name in references},
            (
                *ratio_aims(ours.middle, ("≤ 4× python -c pass", times["python -c pass"], 4)),
                Aim("Textual not imported", float("textual" in loaded.split()), 0.0),
            ),
            note=f"loaded: {loaded}",
        )
    beside: dict[str, Measured | str] = {"python -c pass": cpu["python -c pass"]}
    beside["import mlflow"] = cpu.get("import mlflow", mlflow.removeprefix("!"))
    for name, most in (("--version", 0.1), ("status", 0.3)):
        seconds = cpu[name].middle / 1e3
        yield Figure("C1", f"CPU of `{name}`, no network", cpu[name], beside, (Aim(f"≤ {most} s", seconds, most),))


def _run_all(
    contenders: Mapping[str, Sequence[str]], runs: int, env: Mapping[str, str]
) -> tuple[dict[str, Measured], dict[str, Measured]]:
    wall: dict[str, list[float]] = {name: [] for name in contenders}
    cpu: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, command in contenders.items():
            ran = run_command(command, env)
            wall[name].append(ran.wall_ms)
            cpu[name].append(ran.cpu_ms)
    return (
        {name: Measured(tuple(times)) for name, times in wall.items()},
        {name: Measured(tuple(times)) for name, times in cpu.items()},
    )


def mlflow_python(bench: Bench) -> str:
    """Return the interpreter of an environment with MLflow, or `!` and the reason why there is none."""
    if bench.quick and not is_made(MLFLOW_3, CACHE_ROOT):
        return "!its environment is not built; a full run builds it"
    try:
        return str(ensure(MLFLOW_3) / "bin" / "python")
    except EnvironmentBuildError as error:
        return f"!{str(error).splitlines()[0]}"
