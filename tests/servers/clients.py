"""Programs of others that read or write what our adapters read: each in a cached environment of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.servers import venvs
from tests.servers.policy import missing

OPENLINEAGE = venvs.Environment("openlineage-1.54.0", ("openlineage-python==1.54.0",))
MODEL_SIGNING = venvs.Environment("model-signing-1.1.1", ("model-signing==1.1.1", "pyopenssl"))
CYCLONEDX = venvs.Environment("cyclonedx-11.12.0", ("cyclonedx-python-lib[json-validation]==11.12.0",))
HUGGINGFACE = venvs.Environment("huggingface-hub-2.4.0", ("huggingface_hub==2.4.0",))


def python_of(environment: venvs.Environment) -> Path:
    """The interpreter of an environment, made when it is not; ends the test by the policy when it cannot be."""
    try:
        return venvs.ensure(environment) / "bin" / "python"
    except venvs.EnvironmentBuildError as error:
        missing(str(error), "check that pip can install packages here")


def run_python(
    environment: venvs.Environment, *arguments: str, program: str = "", variables: Mapping[str, str] | None = None
) -> str:
    """What a program prints that runs in an environment: `program` as text, or a module by `-m`; it must succeed."""
    python = python_of(environment)
    given = ["-c", program, *arguments] if program else list(arguments)
    done = subprocess.run(
        [str(python), *given],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **(variables or {})},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
