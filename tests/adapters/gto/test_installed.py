"""Lock files and Dockerfiles: what came from no index is told by its address and commit, stages inherit."""

from __future__ import annotations

import json
import tomllib
from typing import Any, cast

import pytest

from modeltui.adapters.gto.installed import image_of, requirements_in
from modeltui.adapters.gto.layout import Files

ONE, TWO = "a" * 40, "b" * 40
GIT = "https://git.example/risk.git"


class OneFile:
    """A commit with one file."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text

    def first(self, *paths: str) -> str | None:
        """Return the file if it is one of these."""
        return self._path if self._path in paths else None

    def document(self, _: str) -> Any:
        """Return what it says."""
        return json.loads(self._text) if self._text.startswith("{") else tomllib.loads(self._text)


def installed(path: str, text: str) -> tuple[str, ...]:
    """Return what is read of the only file of a commit."""
    found = requirements_in(cast("Files", OneFile(path, text)))
    assert found is not None
    return found[1](found[0])


HEAD = '[[package]]\nname = "risk"\nversion = "0.1.0"\n'
LOCKED = {
    "poetry.lock": HEAD
    + f'source = {{type = "git", url = "{GIT}", reference = "main", resolved_reference = "COMMIT"}}',
    "uv.lock": HEAD + f'source = {{ git = "{GIT}?rev=main#COMMIT" }}',
    "pdm.lock": HEAD + f'git = "{GIT}"\nref = "main"\nrevision = "COMMIT"',
    "Pipfile.lock": json.dumps({"default": {"risk": {"git": GIT, "ref": "COMMIT"}}}),
}


@pytest.mark.parametrize("path", LOCKED)
def test_a_package_from_git_is_its_commit(path: str) -> None:
    """A library that was locked to another commit of one branch is another library, though its release stayed."""
    for commit in (ONE, TWO):
        assert installed(path, LOCKED[path].replace("COMMIT", commit)) == (f"risk @ git+{GIT}@{commit}",)


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("uv.lock", 'source = { registry = "https://index.example/simple" }', "risk==0.1.0"),
        ("uv.lock", 'source = { url = "https://files.example/r.whl" }', "risk @ https://files.example/r.whl"),
        ("uv.lock", 'source = { editable = "." }', "risk==0.1.0"),
        ("poetry.lock", 'source = { type = "legacy", url = "https://index.example" }', "risk==0.1.0"),
        ("poetry.lock", 'source = { type = "directory", url = "libs/risk" }', "risk==0.1.0"),
        ("poetry.lock", 'source = { type = "url", url = "https://x.example/r.whl" }', "risk @ https://x.example/r.whl"),
        ("pdm.lock", 'path = "./libs/risk"', "risk==0.1.0"),
    ],
)
def test_an_index_is_no_address(path: str, source: str, expected: str) -> None:
    """What an index or a folder served is told by its release, what one address served by that address."""
    assert installed(path, f"{HEAD}{source}\n") == (expected,)


def test_nothing_that_is_locked_is_left_out() -> None:
    """A package without a release is told by the path that it lies at, or else by its name alone."""
    packages = {"here": {"path": "./libs/here", "editable": True}, "bare": {}, "a": {"version": "==1.0"}}
    assert installed("Pipfile.lock", json.dumps({"default": packages})) == ("here @ ./libs/here", "bare", "a==1.0")


def test_a_stage_has_the_variables_of_the_one_that_it_begins_with() -> None:
    """Variables are inherited from stage to stage by name, a later one counts, those of other stages do not."""
    text = (
        "FROM python:3.11 AS base\nENV THREADS=4 A=1\nFROM golang:1 AS other\nENV A=9\nFROM base AS mid\nENV A=2\n"
        "FROM mid\nCOPY . .\n"
    )
    image = image_of(text)
    assert (image.base, image.variables) == ("python:3.11", {"THREADS": "4", "A": "2"})
    assert image_of("FROM python:3.11 AS base\nENV A=1\nFROM scratch\n").variables == {}
