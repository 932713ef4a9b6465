"""What a static graph of imports cannot see, and what a reader may rely on in every file."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from modeltui import plugins
from modeltui.domain.fleet import SourceKind

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "modeltui"
FILES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 500


def name_of(file: Path) -> str:
    """Return a file as it is written in reports."""
    return str(file.relative_to(SOURCE))


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    """A file has at most 500 lines; most have far fewer."""
    lines = {name_of(file): len(file.read_text().splitlines()) for file in FILES}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def public(body: list[ast.stmt], inside: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Yield public classes and functions with their names; methods where nobody else has said what they are for."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield inside + node.name, node
            if {ast.unparse(base).partition("[")[0] for base in node.bases} <= PLAIN_BASES:
                yield from public(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            is_named_enough = inside and "property" in {ast.unparse(one) for one in node.decorator_list}
            if not is_named_enough:
                yield inside + node.name, node


PLAIN_BASES = {"Protocol", "Generic", "NamedTuple"}
"""A method of any other subclass is described where it is declared: by a port, the screen or the command library."""


def silent_in(file: Path) -> list[str]:
    """Return what in a file others may use and has no docstring."""
    tree = ast.parse(file.read_text())
    silent = [] if ast.get_docstring(tree) else ["the module"]
    for name, node in public(tree.body):
        assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if not ast.get_docstring(node):
            silent.append(name)
    return silent


def test_every_public_thing_says_what_it_is() -> None:
    """Every module, class and function that others may use has a docstring."""
    assert {name_of(file): silent for file in FILES if (silent := silent_in(file))} == {}


def imported(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield every module that is imported anywhere, also inside functions and by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from ((str(arg.value), node) for arg in node.args if isinstance(arg, ast.Constant))


HTTP_LIBRARIES = {"httpx", "httpcore", "requests", "aiohttp", "urllib3"}


def test_one_place_imports_the_http_library() -> None:
    """Only the HTTP room of the adapters imports httpx, wherever in a file the import stands."""
    users = {
        name_of(file).rpartition("/")[0]
        for file in FILES
        if any(name in file.read_text() for name in HTTP_LIBRARIES)  # most files need not be parsed
        for module, _ in imported(ast.parse(file.read_text()))
        if str(module).partition(".")[0] in HTTP_LIBRARIES
    }
    assert users == {"adapters/_http"}


def test_faces_reach_no_adapter_by_a_detour() -> None:
    """Screens and commands import no adapter by name at run time either."""
    for file in FILES:
        if name_of(file).startswith(("cli/", "tui/")):
            for module, _ in imported(ast.parse(file.read_text())):
                assert not str(module).startswith("modeltui.adapters"), name_of(file)


HOME = re.compile(r"/(?:home|root|Users|work)/\w")
HOST = re.compile(r"https?://([\w.-]+)")
HARMLESS_HOSTS = re.compile(
    r"(?:127\.0\.0\.1|(?:.*\.)?(?:example|invalid|test|localhost|internal|local|svc)|(?:.*\.)?example\.(?:com|org)"
    r"|json-schema\.org|no-color\.org|events\.pagerduty\.com|[A-Za-z-]+)$"
)
"""Names that reach nobody, standards that are named by their address, single words, and the one service whose address
is the same for everybody and is used only where the configuration asks for it."""


def places_in(file: Path) -> list[str]:
    """Return the homes and hosts that a file names and must not."""
    text = file.read_text()
    return HOME.findall(text) + [host for host in HOST.findall(text) if not HARMLESS_HOSTS.match(host)]


def test_no_source_names_a_host_or_a_home() -> None:
    """Nothing in the program points at a machine of ours, at somebody's home or at a service on the network."""
    files = [*FILES, *(ROOT / "themes").glob("*"), *(ROOT / "sample_configs").rglob("*.yaml")]
    assert {str(file): places for file in files if (places := places_in(file))} == {}


def test_our_adapters_are_registered_like_anybodys() -> None:
    """The entry points of the package are the list that a start uses, name by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {group: dict(names) for group, names in project["entry-points"].items()}
    known = {f"modeltui.{port}": modules for port, modules in plugins.BUILT_IN.items()}
    assert groups == known | {f"modeltui.{plugins.WRITING_GROUP}": plugins.WRITING}


@pytest.mark.parametrize(
    ("port", "kind", "path"),
    [(port, kind, path) for port, modules in plugins.BUILT_IN.items() for kind, path in modules.items()],
)
def test_every_adapter_is_what_it_is_registered_as(port: SourceKind, kind: str, path: str) -> None:
    """Each registered module says the kind and the port under which it is registered, and can be opened."""
    module = import_module(path)
    assert (kind, port) == (module.KIND, module.PORT)
    adapter = plugins.load(port, kind)
    assert adapter.options is module.Options
    assert adapter.poll_seconds >= 1
    assert port in plugins.ports_of(kind)
    assert port in plugins.names()[kind]


@pytest.mark.parametrize(("kind", "path"), plugins.WRITING.items())
def test_every_writing_promise_is_what_it_is_registered_as(kind: str, path: str) -> None:
    """Each kind that can write says so for the source that reads what it is told; its writer has the same options."""
    found = plugins.writing(kind)
    assert found is not None
    assert import_module(path).KIND == kind == import_module(found.writer).KIND
    assert found.writer.endswith(".rollout_writer")
    assert import_module(found.writer).Options is plugins.load(found.port, kind).options
    assert plugins.connect_writer(found) is import_module(found.writer).connect


@pytest.mark.parametrize("kind", sorted(set(plugins.names()) - set(plugins.WRITING)))
def test_who_cannot_write_promises_nothing(kind: str) -> None:
    """A metrics store is never asked to move traffic, and nobody's package makes it able to."""
    assert plugins.writing(kind) is None
