"""What a version was built for, against what a place runs: only what both name is compared."""

from __future__ import annotations

import re
from collections.abc import Mapping

from modeltui.domain.comparison.packages import package_of
from modeltui.domain.lineage import Known, Provenance
from modeltui.domain.text import SafeText, safe_text

_SEPARATORS = re.compile(r"[-_. ]+")
_NOT_COMPARED = frozenset({"seed", "seeds", "trained by", "entry point", "started as", "cluster", "hardware", "run"})
"""Facts about the training that need not be the same where it serves."""


def environment_differences(
    provenance: Provenance, place: Mapping[SafeText, SafeText]
) -> tuple[int, tuple[SafeText, ...]]:
    """Return how many facts both sides name, and those that differ: `numpy 1.26.4 here, built for 2.2.6`."""
    wanted = _wanted(provenance)
    here = {_key(name): (name, value) for name, value in place.items()}
    compared = 0
    differences = []
    for key, value in sorted(wanted.items()):
        if key not in here:
            continue
        compared += 1
        name, runs = here[key]
        if not _is_same(key, runs, value):
            differences.append(safe_text(f"{name} is {runs} here, built for {value}"))
    return compared, tuple(differences)


def _wanted(provenance: Provenance) -> dict[str, str]:
    wanted: dict[str, str] = {}
    if isinstance(provenance.requirements, Known):
        for line in provenance.requirements.value:
            package = package_of(line)
            if package.release:
                wanted[_key(package.name)] = package.release
    if isinstance(provenance.runtime, Known):
        wanted.update((_key(name), value) for name, value in provenance.runtime.value.items() if value)
    for name in _NOT_COMPARED:
        wanted.pop(_key(name), None)
    if isinstance(provenance.base_image, Known) and "@" in provenance.base_image.value:
        wanted["base-image-digest"] = provenance.base_image.value.rpartition("@")[2]
    return wanted


def _is_same(key: str, here: str, wanted: str) -> bool:
    if here == wanted:
        return True
    # Patch releases of Python load each other's models; a version that names only two parts means all of them.
    return key == "python" and here.split(".")[:2] == wanted.split(".")[:2]


def _key(name: str) -> str:
    return _SEPARATORS.sub("-", name.strip().lower())
