"""What is installed beside a model: `requirements.txt`, `conda.yaml`, `python_env.yaml`."""

from __future__ import annotations

import re
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
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.\-]*")


class Installed(NamedTuple):
    """What one file asks for."""

    where: str
    packages: tuple[SafeText, ...] | str
    """Why it cannot be read, when that is text."""
    python: SafeText


def installed(read: Callable[[str], str]) -> list[Installed]:
    """Return what the files ask for that are there; `read` raises `FileNotFoundError` or `Unsuitable`.

    A file that only adds to the first is made whole with it, so that the two do not seem to contradict each other;
    files that want different releases of one package do.
    """
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
    return _completed(found)


def _completed(found: list[Installed]) -> list[Installed]:
    lists = [one.packages for one in found if not isinstance(one.packages, str) and one.packages]
    tables = [{_key(line): line for line in packages} for packages in lists]
    whole: dict[str, SafeText] = {}
    for table in tables:
        if any(whole.get(name, line) != line for name, line in table.items()):
            return found
        whole = {**table, **whole}
    packages = tuple(whole.values())
    return [
        one._replace(packages=packages) if one.packages and not isinstance(one.packages, str) else one for one in found
    ]


def _key(line: SafeText) -> str:
    """Return the package that a line is about, as PEP 503 spells it; the line itself when it names none."""
    name = _NAME.match(line)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else line
