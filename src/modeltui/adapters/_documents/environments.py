"""`conda.yaml` and `python_env.yaml`, as MLflow and teams write them: what is installed, and which Python runs it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from modeltui.adapters._documents.yaml_text import YamlText, parse_yaml
from modeltui.domain.masking import without_tokens
from modeltui.domain.text import SafeText, safe_text

_MOST_PACKAGES: Final = 5_000
_PINNED: Final = re.compile(r"(?P<name>[\w.\-/:]+)\s*=\s*(?P<release>[\w!+]+(?:\.[\w!+]+){2,})", re.ASCII)
"""`numpy=2.1.3`: conda's own spelling of an exact release. `numpy=2.1` is any 2.1, `numpy=2.1.3=py311h1` one build."""
_PYTHON: Final = re.compile(r"[\s=]*(?P<release>\d+(?:\.\d+)+)(?:\.\*)?(?:[\s=][\w.*]+)?", re.ASCII)
"""One release of Python, or all of one minor line: `=3.11.7`, `==3.11.*`, ` 3.11 h1_0`."""
_NOT_INSTALLED: Final = frozenset({"python", "pip"})


@dataclass(frozen=True, slots=True)
class EnvironmentFile:
    """What such a file asks for."""

    packages: tuple[SafeText, ...] = ()
    python: SafeText = SafeText("")
    """Empty when it does not say."""


def conda_environment(text: str) -> EnvironmentFile:
    """Return what a `conda.yaml` asks for, pip's list included; raises `ValueError` with the reason."""
    whole = parse_yaml(text)
    listed = whole.get("dependencies") if isinstance(whole, dict) else None
    if not isinstance(listed, list):
        raise ValueError("it has no list of dependencies")
    packages: list[str] = []
    python = ""
    for spelled in _spelled(listed):
        name = re.split(r"[^\w.\-]", spelled, maxsplit=1)[0].lower()
        if name == "python":
            python, asked = _python(spelled[len(name) :])
            packages += asked
        elif name not in _NOT_INSTALLED:
            packages.append(spelled)
    return EnvironmentFile(_shown(packages), safe_text(python))


def python_environment(text: str) -> EnvironmentFile:
    """Return what a `python_env.yaml` asks for; raises `ValueError` with the reason."""
    whole = parse_yaml(text)
    if not isinstance(whole, dict):
        raise ValueError("it is not an object")
    written, listed = whole.get("python"), whole.get("dependencies")
    python, packages = _python(written if isinstance(written, str) else "")
    packages += [spelled for spelled in _spelled(listed) if not spelled.startswith("-r ")]
    return EnvironmentFile(_shown(packages), safe_text(python))


def _python(written: str) -> tuple[str, list[str]]:
    """Return the Python that runs, or what is asked for as a package is: a range names none that ran."""
    found = _PYTHON.fullmatch(written.strip())
    if found:
        return found["release"], []
    return "", [f"python{written.strip()}"] if written.strip() else []


def _spelled(listed: Any) -> Iterator[str]:
    """Yield each package as pip would be told of it, where pip can tell it: ranges and builds stay conda's."""
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, str) and entry.strip():
            pinned = _PINNED.fullmatch(entry.strip())
            yield f"{pinned['name']}=={pinned['release']}" if pinned else entry.strip()
        elif isinstance(entry, dict):
            inner: YamlText = entry.get("pip", [])
            yield from (text.strip() for text in inner if isinstance(text, str)) if isinstance(inner, list) else ()


def _shown(packages: list[str]) -> tuple[SafeText, ...]:
    return tuple(safe_text(without_tokens(package), 1_000) for package in packages[:_MOST_PACKAGES])
