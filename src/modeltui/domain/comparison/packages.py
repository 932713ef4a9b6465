"""What an environment is asked to contain: lines of requirements and of conda, name by name.

Sources of the rules: PEP 508 (names, extras, versions, markers, addresses), PEP 503 (names are one whatever their
case and separators), pip's requirements file format (options, hashes), conda's match specifications (single `=`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_SEPARATORS: Final = re.compile(r"[-_.]+")
_PINNED: Final = re.compile(r"([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?) ?==? ?([\w.+!-]+)", re.ASCII)
_NAMED: Final = re.compile(
    r"(?:[\w./-]+::)?(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[(?P<extras>[^\]]*)\])?\s*(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)
_HASH: Final = re.compile(r"\s--hash[= ]([\w:+/=-]+)", re.ASCII)
_OPTION: Final = re.compile(r"(?P<option>--?[A-Za-z][\w-]*)[= ]*(?P<value>.*)", re.DOTALL)
_EGG: Final = re.compile(r"[#&]egg=([\w.-]+)", re.ASCII)
_WHEEL: Final = re.compile(
    r"(?:.*[/\\])?(?P<name>[A-Za-z0-9]\w*)-(?P<version>\d[^-/\\]*)[-.][^/\\]*(?:whl|gz|zip|bz2)(?:#.*)?"
)
_EXACT: Final = re.compile(r"={2,3}\s*(?P<version>[^\s,*]+)")
_CONDA: Final = re.compile(r"={1,2}(?!=)\s*(?P<version>[\w.+!]+)(?:=(?P<build>[\w.*+-]+))?", re.ASCII)
_CONDA_BLANK: Final = re.compile(r"(?P<version>\d[\w.+!]*)(?: (?P<build>[\w.*+-]+))?", re.ASCII)
_LONGEST: Final = 2_000
_WHOLE_RELEASE: Final = 2
"""Dots of a conda version that is taken for one release; `numpy=1.26` stands for all of 1.26."""


class Package(NamedTuple):
    """One line."""

    name: str
    """As PEP 503 normalises it; for an option the option itself and its value."""
    exact: str = ""
    """The one release, or the address, that is asked for; empty where a range is."""
    wanted: str = ""
    """The range that is asked for, its parts in order; `any` without one; empty with an exact release."""
    extras: str = ""
    marker: str = ""
    hashes: tuple[str, ...] = ()
    is_option: bool = False
    """`-r base.txt`, `--index-url …`: no package, and yet it decides what is installed."""
    build: str = ""
    """Which of the builds of one release, as conda has them: with another compiler, another library below."""

    @property
    def release(self) -> str:
        """Return the one release that is asked for; empty where a range or an address is."""
        return "" if self.exact.startswith("@") else self.exact


def normalised(name: str) -> str:
    """Return the one spelling of a package's name: `Scikit_Learn` is `scikit-learn`."""
    return _SEPARATORS.sub("-", name).lower()


@lru_cache(maxsize=16_384)
def package_of(line: str) -> Package:
    """Return what one line asks for; a line that nobody understands is an option whose name it is."""
    pinned = _PINNED.fullmatch(line)
    if pinned and (line.count("=") > 1 or pinned[2].count(".") >= _WHOLE_RELEASE):
        return Package(normalised(pinned[1]), exact=pinned[2])
    text = line.strip()[:_LONGEST]
    hashes = tuple(sorted(set(_HASH.findall(text))))
    text = _HASH.sub("", text).strip().rstrip("\\").strip()
    if text.startswith("-"):
        return _option(text)
    if _is_place(text):
        return _at_place(text, hashes)
    found = _NAMED.fullmatch(text)
    return _named(found, hashes) if found else Package(text, wanted="any", is_option=True)


def _named(found: re.Match[str], hashes: tuple[str, ...]) -> Package:
    rest, _, marker = found["rest"].partition(";")
    rest = rest.strip()
    if rest.startswith("@"):
        # Markers after an address stand behind a blank and a semicolon: an address may hold semicolons itself.
        address, _, marker = found["rest"].strip().removeprefix("@").strip().partition(" ;")
        exact, wanted, build = f"@ {address.strip()}", "", ""
    else:
        exact, wanted, build = _version(rest.strip("()").strip())
    extras = ", ".join(
        sorted(normalised(extra.strip()) for extra in (found["extras"] or "").split(",") if extra.strip())
    )
    return Package(normalised(found["name"]), exact, wanted, extras, _marker(marker), hashes, build=build)


def _version(asked: str) -> tuple[str, str, str]:
    """Return the exact release, or the range, that a version specification asks for; and the build."""
    if not asked:
        return "", "any", ""
    conda = _CONDA.fullmatch(asked) or _CONDA_BLANK.fullmatch(asked)
    if conda and conda["build"]:
        return conda["version"], "", conda["build"]
    if exact := _EXACT.fullmatch(asked):
        return exact["version"], "", ""
    if conda:
        is_one = conda["version"].count(".") >= _WHOLE_RELEASE
        return (conda["version"], "", "") if is_one else ("", f"={conda['version']}", "")
    return "", ", ".join(sorted(re.sub(r"\s+", "", part) for part in asked.split(",") if part.strip())), ""


def _marker(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace('"', "'")).strip()


def _option(text: str) -> Package:
    found = _OPTION.fullmatch(text)
    option, value = (found["option"], found["value"].strip()) if found else (text, "")
    if option in {"-e", "--editable"}:
        egg = _EGG.search(value)
        return Package(normalised(egg[1]) if egg else f"-e {value}", exact=f"@ {value}", is_option=egg is None)
    short = {"--requirement": "-r", "--constraint": "-c", "-i": "--index-url", "-f": "--find-links"}
    option = short.get(option, option)
    return Package(f"{option} {value}".strip(), wanted="any", is_option=True)


def _is_place(text: str) -> bool:
    head = text.partition(" ")[0].partition("@ ")[0]
    return (
        "://" in head or head.startswith(("./", "../", "/", "~", ".\\", "git+")) or head.endswith((".whl", ".tar.gz"))
    )


def _at_place(text: str, hashes: tuple[str, ...]) -> Package:
    place, _, marker = text.partition(" ;")
    wheel, egg = _WHEEL.fullmatch(place), _EGG.search(place)
    name = normalised(wheel["name"] if wheel else egg[1] if egg else "") or place
    return Package(name, exact=f"@ {place}", marker=_marker(marker), hashes=hashes, is_option=not (wheel or egg))
