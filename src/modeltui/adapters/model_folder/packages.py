"""What is installed beside a model: `requirements.txt`, `conda.yaml`, `python_env.yaml`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from modeltui.adapters._documents.environments import EnvironmentFile, conda_environment, python_environment
from modeltui.adapters._documents.files import Unsuitable
from modeltui.domain.requirements import requirement_lines
from modeltui.domain.text import SafeText

_READERS: Final[tuple[tuple[str, Callable[[str], EnvironmentFile]], ...]] = (
    ("requirements.txt", lambda text: EnvironmentFile(requirement_lines(text))),
    ("conda.yaml", conda_environment),
    ("conda.yml", conda_environment),
    ("environment.yml", conda_environment),
    ("python_env.yaml", python_environment),
)


class Installed(NamedTuple):
    """What one file asks for."""

    where: str
    packages: tuple[SafeText, ...] | str
    """Why it cannot be read, when that is text."""
    python: SafeText


def installed(read: Callable[[str], str]) -> list[Installed]:
    """Return what the files ask for that are there; `read` raises `FileNotFoundError` or `Unsuitable`."""
    found: list[Installed] = []
    for where, reader in _READERS:
        try:
            asked = reader(read(where))
        except FileNotFoundError:
            continue
        except (Unsuitable, ValueError) as error:
            found.append(Installed(where, str(error), SafeText("")))
            continue
        found.append(Installed(where, asked.packages, asked.python))
    return found
