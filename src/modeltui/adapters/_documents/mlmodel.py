"""What stands in `MLmodel`, the file that describes a model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modeltui.adapters._documents.long_text import whole_text
from modeltui.adapters._documents.words import shown
from modeltui.adapters._documents.yaml_text import YamlText, parse_yaml
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText

_LONGEST_SIGNATURE: Final = 16_000
_MOST_COLUMNS: Final = 5_000
_MOST_FLAVORS: Final = 50
_LONGEST_NUMBER: Final = 18
_CLASS_KEYS: Final = ("model_class", "instance_type", "estimator_class")
"""Where flavours name the class of the model: gradient boosting libraries, transformers."""
_PACKAGES: Final = {"sklearn": "scikit-learn", "pytorch": "torch", "lgb": "lightgbm", "xgb": "xgboost"}
"""Libraries that `MLmodel` calls by another name than pip: else one library would be told as two."""


@dataclass(frozen=True, slots=True)
class MlModel:
    """What `MLmodel` says."""

    signature: SafeText | Unknown = UNKNOWN
    architecture: SafeText | Unknown = UNKNOWN
    """The class where a flavour names it, else the flavours themselves."""
    runtime: Mapping[SafeText, SafeText] = field(default_factory=dict)
    """Python, MLflow and libraries, by name."""
    size_bytes: int | Unknown = UNKNOWN
    prompts: tuple[tuple[str, str], ...] = ()
    """Names and versions of linked prompts, as they came."""


def read_mlmodel(text: str) -> MlModel:
    """Return what an `MLmodel` file says; raise `ValueError` with the reason when it cannot be read."""
    whole = parse_yaml(text)
    if not isinstance(whole, dict):
        raise ValueError("it is not an MLmodel file")
    size = whole.get("model_size_bytes", "")
    return MlModel(
        signature=_signature(whole.get("signature")),
        architecture=_architecture(whole.get("flavors")),
        runtime=dict(_runtime(whole)),
        size_bytes=int(size)
        if isinstance(size, str) and size.isdecimal() and len(size) <= _LONGEST_NUMBER
        else UNKNOWN,
        prompts=tuple(_prompts(whole.get("prompts"))),
    )


def _architecture(flavors: YamlText | None) -> SafeText | Unknown:
    if not isinstance(flavors, dict):
        return UNKNOWN
    own = {name: flavor for name, flavor in list(flavors.items())[:_MOST_FLAVORS] if name != "python_function"}
    for flavor in own.values():
        for key in _CLASS_KEYS:
            if isinstance(flavor, dict) and isinstance(named := flavor.get(key), str) and named:
                return shown(named.rpartition(".")[2])
    return shown(", ".join(sorted(own or flavors))) if flavors else UNKNOWN


def _runtime(whole: Mapping[str, YamlText]) -> Iterator[tuple[SafeText, SafeText]]:
    if isinstance(made_with := whole.get("mlflow_version"), str):
        yield shown("mlflow"), shown(made_with)
    flavors = whole.get("flavors")
    for flavor in list(flavors.values())[:_MOST_FLAVORS] if isinstance(flavors, dict) else ():
        for key, value in flavor.items() if isinstance(flavor, dict) else ():
            # `python_version` stands under python_function, `sklearn_version` under sklearn, and so on.
            if key.endswith("_version") and isinstance(value, str):
                library = key.removesuffix("_version")
                yield shown(_PACKAGES.get(library, library)), shown(value)


def _prompts(listed: YamlText | None) -> Iterator[tuple[str, str]]:
    """Yield names and versions out of `prompts:/NAME/VERSION`."""
    for address in listed if isinstance(listed, list) else []:
        parts = address.removeprefix("prompts:").strip("/").split("/") if isinstance(address, str) else []
        if len(parts) == 2:
            yield parts[0], parts[1]


def _signature(declared: YamlText | None) -> SafeText | Unknown:
    """Return `amount: double, country: string? -> long`; what is not understood stays as it was declared."""
    if not isinstance(declared, dict):
        return UNKNOWN
    sides = {side: _columns(declared.get(side)) for side in ("inputs", "outputs", "params")}
    if not any(sides.values()):
        return UNKNOWN
    whole = f"{sides['inputs'] or '()'} -> {sides['outputs'] or '()'}"
    if sides["params"]:
        whole += f" with {sides['params']}"
    return whole_text(whole, _LONGEST_SIGNATURE)


def _columns(declared: YamlText | None) -> str:
    if not isinstance(declared, str) or declared in {"", "null", "~"}:
        return ""
    try:
        columns = json.loads(declared)
    except (ValueError, RecursionError):
        return declared
    if not isinstance(columns, list):
        return declared
    return ", ".join(_column(column) for column in columns[:_MOST_COLUMNS])


def _column(column: Any) -> str:
    if not isinstance(column, dict):
        return str(column)
    kind = column.get("type", "?")
    if kind == "tensor" and isinstance(tensor := column.get("tensor-spec"), dict):
        kind = f"{tensor.get('dtype', '?')}{tensor.get('shape', '')}"
    elif not isinstance(kind, str) or kind in {"object", "array", "map"}:
        kind = json.dumps({key: value for key, value in column.items() if key != "name"}, sort_keys=True)
    elif (default := column.get("default")) is not None:
        # Of a parameter: what the model does when nobody asks for anything else.
        kind = f"{kind} = {json.dumps(default, sort_keys=True)}"
    optional = "?" if column.get("required") is False else ""
    name = column.get("name")
    return f"{name}: {kind}{optional}" if name is not None else f"{kind}{optional}"
