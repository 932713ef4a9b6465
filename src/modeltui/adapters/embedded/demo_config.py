"""The configuration that belongs to the demo's world: what `modeltui demo` writes beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from modeltui.adapters.embedded.plans import ModelPlan, Scenario
from modeltui.adapters.embedded.scenario import DEMO, ENVIRONMENTS

CONFIG_NAME: Final = "modeltui.yaml"
WORLD_NAME: Final = "world.sqlite"

_NINETY_FIVE: Final = 1.645
"""Standard deviations from the median to the 95th percentile."""

_HEAD: Final = """\
# A simulated world: nothing in it is real. `modeltui demo --dir DIRECTORY` keeps it moving;
# `modeltui --config DIRECTORY/modeltui.yaml status` looks at it from anywhere else.

modeltui: 1

contexts:
  demo:
    simulated: true              # row 1 says DEMO, and so does `status --json`
    mode: writes-on              # nothing real can be hurt: the guards are all that stands in the way
    sources:
      world:
        kind: embedded           # registry, metrics, rollouts and code in one file
        path: {path}

    journal:
      directory: journal         # beside this file, so that it goes when the world goes

    # Everything shows sooner here than in the real world.
    acting:
      accepted_seconds: 5s
      serving_seconds: 30s
      healthy_seconds: 90s
      snap_back_checks: [30s]

    # In the order of display; environments of one group should serve the same version.
    environments:
{environments}

    signals:
      throughput:
        window_seconds: 1m       # so that a change of weights is seen within a minute

    # A stable version has nothing beside it to be compared with: these limits judge it by itself.
    limits:
"""


def demo_config(path: Path, scenario: Scenario = DEMO) -> str:
    """Return the text of a configuration for the world file at `path`, named as seen from the configuration."""
    environments = "\n".join(f"      {name}: {_group(name)}" for name in ENVIRONMENTS)
    head = _HEAD.format(path=json.dumps(str(path)), environments=environments)
    return head + "\n".join(line for model in scenario.models for line in _limits(model)) + "\n"


def _group(environment: str) -> str:
    group = environment.partition("-")[0]
    return f"{{group: {group}, production: true}}" if group == "prod" else f"{{group: {group}}}"


def _limits(model: ModelPlan) -> Iterator[str]:
    """Yield the rules of one model: the relative ones that every model has, and limits from how it usually is."""
    usual = model.quality
    slow = usual.latency_seconds * math.exp(_NINETY_FIVE * usual.latency_spread)
    yield from _rules(
        model.name,
        "latency_p95",
        'name: slower, change: "+25%", margin: 20ms',
        f"name: slow, above: {_milliseconds(1.4 * slow)}, severity: warn",
        f"name: too-slow, above: {_milliseconds(2.2 * slow)}",
    )
    yield from _rules(
        model.name,
        "confidence",
        'name: confidence-drop, change: "-15%"',
        f"name: low-confidence, below: {usual.confidence - 0.10:.2f}",
    )
    yield from _rules(
        model.name,
        "business",
        'name: business-down, change: "-10%", margin: 0.5pp',
        'name: business-up, change: "+10%", margin: 0.5pp, severity: warn',
        f"name: business-low, below: {88 * usual.business:.0f}%",
    )


def _rules(model: str, signal: str, *rules: str) -> Iterator[str]:
    yield f'      - match: "{model}@*"'
    yield f"        signal: {signal}"
    yield "        rules:"
    yield from (f"          - {{{rule}}}" for rule in rules)


def _milliseconds(seconds: float) -> str:
    """Return a limit as a person would set it: two digits that count."""
    return f"{float(f'{seconds * 1000:.2g}'):.0f}ms"
