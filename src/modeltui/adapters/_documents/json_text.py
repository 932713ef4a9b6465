"""JSON from outside: one document, bounded, with the reason when it is none."""

from __future__ import annotations

import json
from typing import Any

import msgspec


def parse_json(raw: bytes) -> Any:
    """Return the document in `raw`; raise `ValueError` with the reason in words when it is none.

    NaN and Infinity, which Python writes though JSON has no such numbers, are read.
    """
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        first = error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    try:
        return json.loads(raw.decode("utf-8", "replace").removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        raise ValueError(f"it is not JSON: {first}") from first
