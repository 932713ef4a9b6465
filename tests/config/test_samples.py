"""What ships as an example works as an example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from modeltui import plugins
from modeltui.config.access import check_access_text
from modeltui.config.load import check_text
from modeltui.config.paths import shipped
from modeltui.config.policy import policy_of
from modeltui.config.schema import SourceConfig
from modeltui.config.secrets import Secret, SecretStore
from modeltui.config.starting_point import STARTING_POINT

SAMPLES = sorted(Path(shipped("sample_configs")).glob("*.yaml"))
POLICIES = sorted(Path(shipped("sample_configs")).glob("access/*.yaml"))
EXPECTED = {
    "embedded",
    "kubernetes",
    "llm-system",
    "mlflow-prometheus",
    "models-in-git",
    "provenance",
    "read-only",
    "scrape-and-folder",
    "sql-registry",
    "two-regions",
}


class AnySecret(SecretStore):
    """Has every secret that is asked for."""

    def resolve(self, reference: str) -> Secret:
        return Secret("x" * 20, reference)


def check_source(source: SourceConfig) -> None:
    """Read the options of a source as its adapters do."""
    ports = plugins.ports_of(source.kind)
    assert ports, f"no adapter of kind {source.kind}"
    for port in ports:
        pytest.importorskip(plugins.BUILT_IN[port][source.kind], exc_type=ModuleNotFoundError)
        source.options(plugins.load(port, source.kind).options, AnySecret())


def test_every_usual_world_has_an_example() -> None:
    """Somebody with this kind of world finds a file to start from."""
    assert {path.stem for path in SAMPLES} == EXPECTED


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_an_example_of_a_policy_is_valid(path: Path) -> None:
    """Each policy to start from can be read, and says in rules who may what."""
    text = path.read_text()
    assert check_access_text(text, str(path)).rules
    assert text.startswith("# "), "an example explains itself first"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid(path: Path) -> None:
    """Each example loads, gives a policy, and its sources have only keys that their adapters know."""
    text = path.read_text()
    config, _ = check_text(text, str(path))
    assert text.startswith("# "), "an example explains itself first"
    for context in config.contexts.values():
        assert policy_of(context).signals
        for source in context.sources.values():
            check_source(source)


def test_the_starting_point_is_valid_as_it_is() -> None:
    """`config init` writes a file that works against local servers without a change."""
    config, _ = check_text(STARTING_POINT, "/config.yaml")
    for source in config.contexts["local"].sources.values():
        check_source(source)


def test_every_key_that_the_starting_point_offers_may_be_switched_on() -> None:
    """Removing a `#` in what `config init` wrote never leads to an error."""
    switched_on = re.sub(r"^(\s*)#(?=\S)", r"\1", STARTING_POINT, flags=re.MULTILINE)
    config, _ = check_text(switched_on, "/config.yaml")
    context = config.contexts["local"]
    assert context.production
    assert [rule.name for rule in context.signals["error_rate"].rules or ()] == ["error-spike", "hard-errors"]
    assert context.limits[0].all_rules()[0].above == pytest.approx(0.2)
    for source in context.sources.values():
        check_source(source)
