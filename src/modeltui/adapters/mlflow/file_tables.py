"""Names and values in a file that a training job left: an object, rows, a table as MLflow logs it, or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

NAMES: Final = ("case", "case_id", "name", "id", "key", "feature", "column", "variable")
"""How the column with the name is called, in lower case."""
ANSWERS: Final = ("answer", "output", "outputs", "prediction", "predictions", "response", "result", "value")
WEIGHTS: Final = ("importance", "weight", "gain", "score", "mean_abs_shap", "value")
_MOST_ROWS: Final = 20_000


def named_values(path: str, content: str, value_names: Sequence[str]) -> dict[str, Any]:
    """Return values by name; raise `ValueError` with the reason when the file does not say which is which.

    `value_names`: how the column with the value may be called, first choice first.
    """
    if path.lower().endswith(".csv"):
        return dict(_pairs(list(csv.DictReader(content.splitlines())), value_names))
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if isinstance(whole, dict) and _is_table(whole):
        # What `mlflow.log_table` writes.
        rows = [
            dict(zip(map(str, whole["columns"]), row, strict=False)) for row in whole["data"] if isinstance(row, list)
        ]
        return dict(_pairs(rows, value_names))
    if isinstance(whole, dict):
        named = list(whole.items())
        _check_number(len(named))
        return {name: _chosen(value, value_names) if isinstance(value, dict) else value for name, value in named}
    if isinstance(whole, list):
        return dict(_pairs([row for row in whole if isinstance(row, dict)], value_names))
    raise ValueError("it has no names and values")


def as_text(value: Any) -> str:
    """Return a value of JSON as one line of text, the same for the same value."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _is_table(whole: dict[str, Any]) -> bool:
    has_both = isinstance(whole.get("columns"), list) and isinstance(whole.get("data"), list)
    return has_both and set(whole) <= {"columns", "data", "index"}


def _pairs(rows: Sequence[dict[str, Any]], value_names: Sequence[str]) -> Iterator[tuple[str, Any]]:
    _check_number(len(rows))
    if not rows:
        raise ValueError("it has no rows")
    columns = {str(column).strip().lower(): column for column in rows[0]}
    name = next((columns[known] for known in NAMES if known in columns), None)
    value = next((columns[known] for known in value_names if known in columns), None)
    if name is None or value is None:
        wanted = f"{', '.join(NAMES)}, and one of {', '.join(value_names)}"
        raise ValueError(f"none of its columns is called one of {wanted}")
    for row in rows:
        if row.get(name) not in (None, ""):
            yield str(row[name]), row.get(value)


def _check_number(rows: int) -> None:
    if rows > _MOST_ROWS:
        # Half of them would make the others missing.
        raise ValueError(f"it has {rows} rows, more than {_MOST_ROWS}")


def _chosen(value: dict[str, Any], value_names: Sequence[str]) -> Any:
    return next((value[name] for name in value_names if name in value), value)
