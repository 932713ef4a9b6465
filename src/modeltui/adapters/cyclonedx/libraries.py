"""What a model runs with: libraries as requirements, platforms as runtime, containers as base image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

from modeltui.adapters._documents.look import at, list_at, text_at
from modeltui.adapters._documents.words import ADDRESS, shown
from modeltui.adapters.cyclonedx.component import Bill
from modeltui.domain.lineage import Table
from modeltui.domain.text import SafeText

_LIBRARIES: Final = frozenset({"library", "framework"})
_PLATFORMS: Final = frozenset({"platform", "operating-system", "device", "device-driver", "firmware"})
_PYTHON: Final = frozenset({"python", "cpython"})
_PURL: Final = re.compile(r"pkg:(?P<type>[a-z0-9.+-]+)/(?P<path>[^@?#]+)", re.IGNORECASE)


def around(bill: Bill, model: Any) -> tuple[Any, ...]:
    """Return the components that a model depends on, through others too; all when the document does not say."""
    edges = {text_at(row, "ref"): list_at(row, "dependsOn") for row in _rows(at(bill.whole, "dependencies"))}
    begin = text_at(model, "bom-ref")
    if begin not in edges:
        return tuple(one for one in bill.components if one is not model)
    reached: set[str] = set()
    following = [begin]
    while following:
        for reference in edges.get(following.pop(), []):
            if isinstance(reference, str) and reference not in reached:
                reached.add(reference)
                following.append(reference)
    return tuple(one for one in bill.components if one is not model and text_at(one, "bom-ref") in reached)


def requirements(components: tuple[Any, ...]) -> tuple[SafeText, ...]:
    """Return libraries as lines of requirements, each once, by name: `numpy==2.1.3`."""
    found = {
        _requirement(one)
        for one in components
        if text_at(one, "type") in _LIBRARIES and text_at(one, "name").lower() not in _PYTHON
    }
    return tuple(sorted(line for line in found if line))


def runtime(components: tuple[Any, ...]) -> Table:
    """Return Python and the platforms."""
    table: dict[SafeText, SafeText] = {}
    for one in components:
        name, version = text_at(one, "name"), text_at(one, "version")
        if name.lower() in _PYTHON and version:
            table[shown("python")] = shown(version)
        elif text_at(one, "type") in _PLATFORMS and name:
            table[shown(name)] = shown(version or "of no version")
    return table


def base_images(components: tuple[Any, ...]) -> list[str]:
    """Return the containers: `registry/name:tag@sha256:…`."""
    return list(dict.fromkeys(_image(one) for one in components if text_at(one, "type") == "container"))


def digests(component: Any) -> dict[str, str]:
    """Return a component's hashes by algorithm, spelled as others spell it: `sha256` for SHA-256."""
    rows = ((text_at(row, "alg"), text_at(row, "content")) for row in list_at(component, "hashes"))
    return {_algorithm(name): content.lower() for name, content in rows if name and content}


def digest_of(component: Any) -> str:
    """Return the hash that others are most likely to have as well; empty when there is none."""
    found = digests(component)
    return next((f"{name}:{found[name]}" for name in ("sha256", *found) if name in found), "")


def _algorithm(name: str) -> str:
    # SHA-256 is sha256 elsewhere; SHA3-256 and BLAKE2b-256 keep their dash, or they would be read as others.
    return re.sub(r"^sha-", "sha", name.lower())


def _requirement(component: Any) -> SafeText:
    name, version = text_at(component, "name"), text_at(component, "version")
    if not name:
        return shown("")
    purl = _PURL.match(text_at(component, "purl"))
    kind = purl["type"].lower() if purl else "pypi"
    if kind != "pypi":
        name = f"{kind}:{unquote(purl['path']) if purl else name}"
    return shown(f"{name}=={version}" if version else name, ADDRESS)


def _image(component: Any) -> str:
    group, name, version = (text_at(component, key) for key in ("group", "name", "version"))
    whole = f"{group}/{name}" if group else name
    digest = digests(component).get("sha256", "")
    if version.startswith("sha256:"):
        return f"{whole}@{version}"
    return f"{whole}{':' if version else ''}{version}{'@sha256:' if digest else ''}{digest}"


def _rows(value: object) -> Iterator[Any]:
    yield from value if isinstance(value, list) else ()
