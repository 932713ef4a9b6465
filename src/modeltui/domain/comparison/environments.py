"""Requirements and runtime as facts of one environment: what both tell of a library is one fact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from modeltui.domain.comparison import tables
from modeltui.domain.comparison.facts import Kind, Told
from modeltui.domain.comparison.packages import Package, normalised, package_of
from modeltui.domain.comparison.releases import release_key
from modeltui.domain.text import SafeText

_SEED: Final = re.compile(r"(?:.*[-_. ])?seeds?(?:[-_. ].*)?|random[-_ ]state", re.IGNORECASE)
_PYTHON: Final = re.compile(r"(?:c?python)?\s*(\d+(?:\.\d+)+[\w.+]*)(?:[\s(].*)?", re.IGNORECASE | re.DOTALL)
_SPELLED_OTHERWISE: Final = {
    # What is imported, or what MLflow calls a flavor, and what is installed.
    "sklearn": "scikit-learn",
    "pytorch": "torch",
    "pythonversion": "python",
    "python-function": "python",
    "cv2": "opencv-python",
    "pil": "pillow",
    "sentence-transformer": "sentence-transformers",
}


def told_packages(lines: Iterable[SafeText]) -> Iterator[Told]:
    """Yield a fact for each package: its release or address, and apart from it what else its line asks for."""
    by_name: dict[str, list[Package]] = {}
    for line in lines:
        package = package_of(line)
        by_name.setdefault(package.name, []).append(package)
    for name, packages in by_name.items():
        yield from _package(name, _without_vaguer(packages))


def _without_vaguer(packages: list[Package]) -> list[Package]:
    """Return the lines without those that another one says with a build: two files may list one package."""
    known = {one._replace(build="") for one in packages if one.build}
    return [one for one in packages if one.build or one not in known]


def _package(name: str, packages: list[Package]) -> Iterator[Told]:
    key, name, table = f"environment.{name}", _title(name), tables.PACKAGES
    if len(set(packages)) > 1:
        # One package under several conditions: all of them are its value.
        asked = sorted({" ".join(filter(None, (_asked(one), one.marker and f"; {one.marker}"))) for one in packages})
        yield Told(key, name, table, Kind.RELEASE, SafeText(" | ".join(asked)))
        return
    package = packages[0]
    if package.exact:
        yield Told(key, name, table, Kind.RELEASE, SafeText(package.exact))
    elif package.is_option:
        yield Told(key, name, table, Kind.TEXT, SafeText("asked for"))
    else:
        # A range does not tell what is installed: neither that the package is not there.
        wanted = SafeText(package.wanted)
        why = SafeText(f"asked for as {wanted}, which names no release")
        yield Told(key, name, table, Kind.RELEASE, why, is_silent=True)
        yield Told(f"{key}.asked", f"{name} asked for", table, Kind.TEXT, wanted)
    if package.extras:
        yield Told(f"{key}.extras", f"{name} extras", table, Kind.TEXT, SafeText(package.extras))
    if package.build:
        yield Told(f"{key}.build", f"{name} build", tables.BUILDS, Kind.TEXT, SafeText(package.build))
    if package.marker:
        yield Told(f"{key}.marker", f"{name} only where", table, Kind.TEXT, SafeText(package.marker))
    if package.hashes:
        hashes = SafeText(" ".join(package.hashes))
        yield Told(f"{key}.hashes", f"{name} hashes", tables.HASHES, Kind.TEXT, hashes)


def _asked(package: Package) -> str:
    extras = f"[{package.extras}] " if package.extras else ""
    return f"{extras}{package.exact or package.wanted}{package.build and f' {package.build}'}"


def told_runtime(rows: Mapping[SafeText, SafeText]) -> Iterator[Told]:
    """Yield what the environment was when a version was made; seeds are parameters, libraries are packages."""
    for name, value in rows.items():
        if _SEED.fullmatch(name):
            yield Told(f"parameters.{name}", name, tables.SEEDS, Kind.VALUE, value)
            continue
        library, release = _library(name, value)
        if library:
            table = tables.RUNTIME if library == "python" else tables.LIBRARIES
            yield Told(f"environment.{library}", _title(library), table, Kind.RELEASE, SafeText(release))
        else:
            yield Told(f"environment.{name}", name, tables.RUNTIME, Kind.SETTING, value)


def _title(library: str) -> str:
    return "Python" if library == "python" else library


def _library(name: SafeText, value: SafeText) -> tuple[str, str]:
    """Return a library and its release, or nothing where the row tells something else: hardware, an image, a user."""
    bare = normalised(name)
    bare = bare.removesuffix("-version") or bare
    bare = _SPELLED_OTHERWISE.get(bare, bare)
    if bare == "python" and (python := _PYTHON.fullmatch(value)):
        return bare, python[1]
    is_release = " " not in name.strip() and "." in value and release_key(value) is not None
    return (bare, value.strip()) if is_release else ("", "")
