"""Every value in force can be traced to the line, option or variable that set it, and every key is described."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modeltui import plugins
from modeltui.config.load import Options, check_text, load
from modeltui.config.reference import attribute_docs, json_schema, reference
from modeltui.config.schema import ContextConfig, LimitConfig, RuleConfig
from modeltui.config.show import shown_values

TEXT = """\
modeltui: 1
contexts:
  prod:
    production: true
    sources:
      registry: {kind: mlflow, url: "https://h", auth: {type: bearer, token: "env:T"}}
    signals:
      error_rate: {window_seconds: 10m, rules: [{name: a, change: "+100%"}]}
    limits: [{match: "*", signal: drift, above: 1}]
  other: {sources: {r: {kind: x}}}
"""


def origins(path: Path, options: Options, environ: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return value and origin by path."""
    return {str(v.path): (str(v.value), str(v.origin)) for v in shown_values(load(options, environ))}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "c.yaml"
    path.write_text(TEXT)
    return path


def test_each_value_says_where_it_comes_from(file: Path) -> None:
    """File and line, option, variable or default: nobody has to guess."""
    shown = origins(file, Options(str(file), read_only=True), {"MODELTUI_CONTEXT": "prod", "NO_COLOR": "1"})
    path = "contexts.prod"
    assert shown["file"] == (str(file), "--config")
    assert shown["context"] == ("prod", "MODELTUI_CONTEXT")
    assert shown[f"{path}.production"] == ("true", f"{file}:4")
    assert shown[f"{path}.mode"] == ("read-only", "--read-only")
    assert shown[f"{path}.sources.registry.url"] == ("https://h", f"{file}:6")
    assert shown[f"{path}.sources.registry.auth.token"] == ("env:T", f"{file}:6")
    assert shown[f"{path}.signals.error_rate.window_seconds"] == ("10m", f"{file}:8")
    assert shown[f"{path}.signals.error_rate.rules[0].change"] == ("+100%", f"{file}:8")
    assert shown[f"{path}.signals.error_rate.rules[0].min_samples"] == ("100", "default")
    assert shown[f"{path}.limits[0].above"] == ("1", f"{file}:9")
    assert shown[f"{path}.models.include"] == ("[*]", "default")
    assert shown["ui.color"] == ("never", "NO_COLOR")
    assert shown["ui.theme"] == ("modeltui-dark", "default")
    assert not any("other" in key for key in shown)


def validates(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """Judge a value by the few words of JSON Schema that ours uses."""
    if "$ref" in schema:
        return validates(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root)
    if "anyOf" in schema or "oneOf" in schema:
        return any(validates(option, value, root) for option in schema.get("anyOf", schema.get("oneOf", [])))
    if "const" in schema or "enum" in schema:
        return value in schema.get("enum", [schema.get("const")])
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    kinds |= {"integer": int, "number": (int, float), "null": type(None)}
    named = schema.get("type", list(kinds))
    if not any(isinstance(value, kinds[kind]) for kind in ([named] if isinstance(named, str) else named)):
        return False
    if isinstance(value, list):
        return all(validates(schema.get("items", {}), item, root) for item in value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        more = schema.get("additionalProperties", True)
        return set(schema.get("required", ())) <= set(value) and all(
            validates(known[key], item, root)
            if key in known
            else more is True or (isinstance(more, dict) and validates(more, item, root))
            for key, item in value.items()
        )
    return True


def as_an_editor_sees_it(path: Path) -> Any:
    """Return a file as YAML tools read it: with numbers and booleans guessed."""
    import yaml

    return yaml.safe_load(path.read_text())


def test_the_schema_accepts_what_the_program_accepts() -> None:
    """An editor with the schema does not complain about any example."""
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    for path in sorted((Path(__file__).parents[2] / "sample_configs").glob("*.yaml")):
        check_text(path.read_text(), str(path))
        assert validates(schema, as_an_editor_sees_it(path), schema), path.name


def test_the_schema_refuses_an_unknown_key_and_a_wrong_word(file: Path) -> None:
    """An editor with the schema underlines a typing error."""
    schema = json_schema()
    good = as_an_editor_sees_it(file)
    assert validates(schema, good, schema)
    mistakes: list[dict[str, Any]] = [{"mode": "readonly"}, {"pointer": {}}, {"production": "yes"}, {"limits": {}}]
    for wrong in mistakes:
        context = good["contexts"]["prod"] | wrong
        assert not validates(schema, good | {"contexts": {"prod": context}}, schema), wrong


def test_the_schema_knows_the_options_of_each_kind_of_source() -> None:
    """With the adapters' structures, a source's own keys are described and checked too."""

    class OptionsOfX(msgspec.Struct, frozen=True, kw_only=True):
        url: str
        wait_seconds: float = 3.0

    schema = json_schema({"x": [OptionsOfX], "y": []})
    source = schema["$defs"]["ContextConfig"]["properties"]["sources"]["additionalProperties"]
    assert validates(source, {"kind": "x", "url": "u", "poll_seconds": "30s"}, schema)
    assert validates(source, {"kind": "y"}, schema)
    for wrong in ({"kind": "x"}, {"kind": "x", "url": "u", "z": 1}, {"kind": "z"}, {"kind": "y", "url": "u"}):
        assert not validates(source, wrong, schema), wrong


def test_the_schema_can_be_made_of_our_own_adapters() -> None:
    """`config schema` describes every built-in source that can be imported."""
    options = plugins.load(next(iter(plugins.BUILT_IN)), "embedded").options
    assert json.dumps(json_schema({"embedded": [options]}))


def test_every_key_is_explained() -> None:
    """The reference has a sentence for each key; none is left to guess."""
    entries = list(reference())
    assert len(entries) > 40
    assert [entry.path for entry in entries if not entry.says.endswith((".", "`"))] == []
    by_path = {entry.path: entry for entry in entries}
    mode = by_path["contexts.NAME.mode"]
    assert (mode.expects, mode.default, mode.is_required) == (
        "'read-only', 'writes-off' or 'writes-on'",
        "writes-off",
        False,
    )
    assert by_path["contexts.NAME.sources"].is_required
    assert by_path["contexts.NAME.signals.NAME.rules[].change"].expects.startswith("a signed percentage")


def test_explanations_are_inherited() -> None:
    """A limit's keys are explained where a rule's are."""
    assert attribute_docs(LimitConfig)["above"] == attribute_docs(RuleConfig)["above"]
    assert "wide" in attribute_docs(ContextConfig)["mode"]
