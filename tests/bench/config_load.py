"""Prints what it costs to load a configuration of 200 lines, and how fast hostile ones are refused.

Run it by hand: `python -m tests.bench.config_load`. Each figure is CPU time of a fresh process, best of five.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = (
    "    sources:\n      registry: {kind: mlflow, url: https://h}\n      metrics: {kind: prometheus, url: https://h}\n"
)
MEASURE = """
import resource, sys
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
start = cpu()
from modeltui.config.load import Options, load
from modeltui.domain.errors import ConfigError
try:
    load(Options(config=sys.argv[1]), {})
    said = "accepted"
except ConfigError as error:
    said = error.title.splitlines()[0].partition(": ")[2][:60]
print(f"{(cpu() - start) * 1000:.1f} {said}")
"""


def two_hundred_lines() -> str:
    """Return a configuration as a team with many models has it."""
    lines = ["modeltui: 1", "contexts:", "  prod:", *SOURCE.splitlines(), "    environments:"]
    lines += [f"      prod-{n}: {{group: prod, production: true}}" for n in range(20)]
    lines += ["    pointers:"]
    lines += [f"      champion-{n}: {{environment: prod-{n}, role: stable}}" for n in range(20)]
    lines += ["    limits:"]
    while len(lines) < 200:
        lines.append(f'      - {{match: "m{len(lines)}-*", signal: latency_p95, above: 200ms, severity: warn}}')
    return "\n".join(lines) + "\n"


def hostile() -> dict[str, str]:
    """Return texts that hurt parsers."""
    bomb = "\n".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9))
    return {
        "a typing error": two_hundred_lines().replace("severity: warn}", "severity: wran}", 1),
        "200 typing errors": "modeltui: 1\n" + "".join(f"contxts{n}: 1\n" for n in range(200)),
        "billion laughs": f"a: &a [lol]\n{bomb}\n",
        "256 KiB of [": "[" * 262_144,
        "256 KiB of keys": "".join(f"k{n}: 1\n" for n in range(28_000))[:262_000],
        "256 KiB of list": "a: [" + "1," * 131_000 + "]",
        "a value of 250 KiB": "modeltui: 1\ncontexts: " + "x" * 250_000,
        "10 MB": "#" * 10_000_000,
    }


def main() -> None:
    """Print one line per text."""
    texts = {"200 lines": two_hundred_lines(), **hostile()}
    root = Path(__file__).parents[2]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "c.yaml"
        for name, text in texts.items():
            file.write_text(text)
            runs = [
                subprocess.run(
                    [sys.executable, "-c", MEASURE, str(file)],
                    env={"PYTHONPATH": str(root / "src")},
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout.split(maxsplit=1)
                for _ in range(5)
            ]
            best, said = min(runs, key=lambda run: float(run[0]))
            print(f"{name:20} {float(best):7.1f} ms CPU  {said.strip()}")


if __name__ == "__main__":
    main()
