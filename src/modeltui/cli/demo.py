"""`modeltui demo`: the embedded world, live; the same screens and commands work on it as on a real one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from modeltui.cli.output import data, note
from modeltui.config.load import Options
from modeltui.domain.errors import ModeltuiError

_CHILD = "MODELTUI_DEMO_CHILD"
"""Set for the process that runs the world below the screens."""


@click.command("demo", help="Open the embedded world: a live, simulated incident. No server is needed.")
@click.option("--dir", "directory", metavar="DIR", help="Keep the world here; its configuration is DIR/modeltui.yaml.")
@click.option("--headless", is_flag=True, help="Run the world without a screen, until interrupted.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=7, show_default=True, help="Another world.")
@click.option(
    "--speed", type=click.FloatRange(0.1, 120), default=1.0, show_default=True, help="World seconds a second."
)
@click.pass_obj
def command(options: Options, directory: str | None, headless: bool, seed: int, speed: float) -> int:
    """Run the world, and the screens on it unless it is to run alone."""
    if headless:
        return _run_world(Path(directory or tempfile.mkdtemp(prefix="modeltui-demo-")).resolve(), seed, speed)
    if directory is not None:
        return _with_screens(options, Path(directory).resolve(), seed, speed)
    with tempfile.TemporaryDirectory(prefix="modeltui-demo-") as scratch:
        return _with_screens(options, Path(scratch).resolve(), seed, speed)


def _run_world(directory: Path, seed: int, speed: float) -> int:
    from modeltui.wiring.observing import prepare_demo, run_demo

    config = prepare_demo(directory, seed)
    if _CHILD in os.environ:
        data([str(config)])
    else:
        note(f"the world runs until interrupted; from another terminal: modeltui --config {config}")
    return run_demo(directory, seed, speed, ends_with_parent=_CHILD in os.environ)


def _with_screens(options: Options, directory: Path, seed: int, speed: float) -> int:
    from modeltui.cli.screens import draw_first_frame, open_screens

    config = directory / "modeltui.yaml"
    options = replace(options, config=str(config), context="demo")
    draw_first_frame(options)
    # A process of its own: what is looked at must not depend on who looks.
    world = subprocess.Popen(  # noqa: S603 - our own program, with arguments of our own
        [
            *(sys.executable, "-m", "modeltui", "demo", "--headless", "--dir", str(directory)),
            *("--seed", str(seed), "--speed", str(speed)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, _CHILD: "1"},
        start_new_session=True,
    )
    try:
        if world.stdout is None or not world.stdout.readline():
            raise ModeltuiError(
                "the simulated world did not start",
                f"run it alone to see why: modeltui demo --headless --dir {directory}",
            )
        return open_screens(options)
    finally:
        world.terminate()
        try:
            world.wait(timeout=5)
        except subprocess.TimeoutExpired:
            world.kill()
            world.wait()
