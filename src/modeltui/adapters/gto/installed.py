"""What is installed where a version was trained or serves: lock files first, for they say it exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from modeltui.adapters._documents import look
from modeltui.adapters._documents.environments import conda_environment
from modeltui.adapters.gto.layout import Files, Unsuitable
from modeltui.domain.requirements import requirement_lines
from modeltui.domain.text import SafeText, safe_text

_PATHS: Final = ("path", "file", "directory", "editable")
_LONGEST_ARGUMENT: Final = 200
_INSTRUCTION: Final = re.compile(r"^\s*(FROM|ENV|ARG)\s+(.+?)\s*$", re.IGNORECASE)
_FROM: Final = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
_PAIR: Final = re.compile(r"""(\w+)=("(?:[^"\\]|\\.)*"|'[^']*'|\S+)""")


@dataclass(frozen=True, slots=True)
class Image:
    """What a Dockerfile says."""

    base: str
    """Of its last stage, names of other stages and arguments resolved; empty when there is none."""
    variables: dict[str, str]


def requirements_in(files: Files) -> tuple[str, Callable[[str], tuple[SafeText, ...]]] | None:
    """Return the file that says what is installed, the most exact one, and how it is read; None when there is none."""
    for names, make in _READERS:
        path = files.first(*names)
        if path is not None:
            return path, lambda path, make=make: make(files, path)
    return None


def python_in(files: Files) -> SafeText:
    """Return the Python that is asked for exactly, by conda or `.python-version`; empty when nothing does."""
    path = files.first(".python-version")
    if path is not None:
        line = files.text(path).strip().partition("\n")[0]
        return safe_text(line.removeprefix("python-").strip(), 40)
    path = files.first("conda.yaml", "environment.yml", "environment.yaml", "conda.yml")
    return _conda(files, path).python if path is not None else SafeText("")


FILES: Final = (
    "requirements.lock",
    "requirements.txt",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "Pipfile.lock",
    "conda.yaml",
    "conda.yml",
    "environment.yml",
    "environment.yaml",
    "pyproject.toml",
    ".python-version",
    "Dockerfile",
)


def image_of(text: str) -> Image:
    """Return what a Dockerfile begins with, and the variables it sets."""
    arguments: dict[str, str] = {}
    stages: dict[str, Image] = {}
    base, variables, name = "", {}, ""
    for line in text.replace("\\\n", " ").splitlines():
        found = _INSTRUCTION.match(line)
        if found is None:
            continue
        word, rest = found[1].upper(), found[2]
        if word == "ARG":
            argument, _, value = rest.partition("=")
            arguments[argument.strip()] = value.strip().strip("\"'")
        elif word == "ENV":
            variables.update(_pairs(rest))
        elif (image := _FROM.fullmatch(rest)) is not None:
            named = _resolved(image["image"], arguments)
            if name:
                stages[name] = Image(base, variables)
            # A stage that begins with another has its variables too.
            before = stages.get(named.lower(), Image(named, {}))
            base, variables, name = before.base, dict(before.variables), (image["name"] or "").lower()
    return Image(base, variables)


def _resolved(text: str, arguments: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        return arguments.get(found[1] or found[3]) or found[2] or found[0]

    return _VARIABLE.sub(value, text)[:_LONGEST_ARGUMENT]


def _pairs(rest: str) -> dict[str, str]:
    name, separator, _ = rest.partition(" ")
    if separator and "=" not in name:
        return {name: rest[len(name) :].strip()}
    return {found[1]: found[2].strip("\"'") for found in _PAIR.finditer(rest)}


def _requirements(files: Files, path: str) -> tuple[SafeText, ...]:
    return requirement_lines(files.text(path))


def _locked_toml(files: Files, path: str) -> tuple[SafeText, ...]:
    return _locked((look.text_at(one, "name"), one) for one in look.list_at(files.document(path), "package"))


def _pipfile(files: Files, path: str) -> tuple[SafeText, ...]:
    return _locked(look.members_at(files.document(path), "default").items())


def _conda(files: Files, path: str) -> Any:
    try:
        return conda_environment(files.text(path))
    except ValueError as error:
        raise Unsuitable(str(error)) from error


def _project(files: Files, path: str) -> tuple[SafeText, ...]:
    listed = look.list_at(files.document(path), "project", "dependencies")
    return requirement_lines("\n".join(one for one in listed if isinstance(one, str)))


def _locked(packages: Iterable[tuple[str, Any]]) -> tuple[SafeText, ...]:
    return requirement_lines("\n".join(_line(name, one) for name, one in packages if name))


def _line(name: str, one: Any) -> str:
    """Return what a lock file says of one package: the address that it came from says more than its release."""
    if address := _address(one):
        return f"{name} @ {address}"
    release = look.text_at(one, "version").lstrip("= ")
    if release:
        return f"{name}=={release}"
    path = next((path for key in _PATHS if (path := look.text_at(one, key) or look.text_at(one, "source", key))), "")
    return f"{name} @ {path}" if path else name


def _address(one: Any) -> str:
    """Return the address of a package that came from no index, pinned to its commit; empty for any other.

    Poetry keeps it in `source` with a `type`, uv in `source`, PDM and Pipenv beside the name.
    """
    kind = look.text_at(one, "source", "type")
    if kind in {"git", "url"}:
        url = look.text_at(one, "source", "url")
        commit = look.text_at(one, "source", "resolved_reference") or look.text_at(one, "source", "reference")
        return _at_commit(url, commit) if kind == "git" else url
    places = [one, look.at(one, "source")]
    for place in places:
        if git := look.text_at(place, "git"):
            return _at_commit(git, look.text_at(place, "revision") or look.text_at(place, "ref"))
    return next((url for place in places if not kind and (url := look.text_at(place, "url"))), "")


def _at_commit(written: str, commit: str) -> str:
    """Return an address of git with the commit; uv writes both, and what was asked for, into one."""
    whole, _, own = written.partition("#")
    url = whole.partition("?")[0].removeprefix("git+")
    commit = own or commit
    return f"git+{url}@{commit}" if commit else f"git+{url}"


_READERS: Final[tuple[tuple[tuple[str, ...], Callable[[Files, str], tuple[SafeText, ...]]], ...]] = (
    (("requirements.lock",), _requirements),
    (("uv.lock", "poetry.lock", "pdm.lock"), _locked_toml),
    (("Pipfile.lock",), _pipfile),
    (("requirements.txt",), _requirements),
    (
        ("conda.yaml", "conda.yml", "environment.yml", "environment.yaml"),
        lambda files, path: tuple(_conda(files, path).packages),
    ),
    (("pyproject.toml",), _project),
)
