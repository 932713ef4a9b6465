"""Names and values in a file that a training job left: an object, rows, a table as MLflow logs it, or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from modeltui.adapters._documents.case_tables import ANSWERS, Cases, Columns, as_text, cases_in

NAMES: Final = ("case", "case_id", "name", "id", "key", "feature", "column", "variable")
"""How the column with the name is called, in lower case."""
WEIGHTS: Final = ("importance", "weight", "gain", "score", "mean_abs_shap", "value")
_MOST_ROWS: Final = 20_000

Rows = list[dict[str, Any]]


def named_values(path: str, content: str, value_names: Sequence[str]) -> dict[str, Any]:
    """Return values by name; raise `ValueError` with the reason when the file does not say which is which.

    `value_names`: how the column with the value may be called, first choice first.
    """
    found = _parsed(path, content)
    if isinstance(found, list):
        return dict(_pairs(found, value_names))
    return {name: _chosen(value, value_names) for name, value in found.items()}


def cases_in_file(path: str, content: str, columns: Columns) -> Cases:
    """Return answers on saved cases; raise `ValueError` with the reason when the file does not say which is which."""
    found = _parsed(path, content)
    if isinstance(found, list):
        return cases_in(found, columns)
    chosen = ((name, _chosen(said, columns.answer or ANSWERS)) for name, said in found.items())
    return Cases({name: as_text(said) for name, said in chosen})


def _parsed(path: str, content: str) -> Rows | Mapping[str, Any]:
    """Return rows, or what an object has by name."""
    if path.lower().endswith(".csv"):
        return _checked(list(csv.DictReader(content.splitlines())))
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if isinstance(whole, dict) and _is_table(whole):
        # What `mlflow.log_table` writes.
        columns = [str(column) for column in whole["columns"]]
        rows = (row for row in whole["data"] if isinstance(row, list))
        return _checked([dict(zip(columns, row, strict=False)) for row in rows])
    if isinstance(whole, dict):
        _check_number(len(whole))
        return whole
    if isinstance(whole, list):
        return _checked([row for row in whole if isinstance(row, dict)])
    raise ValueError("it has no names and values")


def _is_table(whole: dict[str, Any]) -> bool:
    has_both = isinstance(whole.get("columns"), list) and isinstance(whole.get("data"), list)
    return has_both and set(whole) <= {"columns", "data", "index"}


def _pairs(rows: Rows, value_names: Sequence[str]) -> Iterator[tuple[str, Any]]:
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


def _checked(rows: Rows) -> Rows:
    _check_number(len(rows))
    return rows


def _check_number(rows: int) -> None:
    if rows > _MOST_ROWS:
        # Half of them would make the others missing.
        raise ValueError(f"it has {rows} rows, more than {_MOST_ROWS}")


def _chosen(value: Any, value_names: Sequence[str]) -> Any:
    if not isinstance(value, dict):
        return value
    return next((value[name] for name in value_names if name in value), value)
