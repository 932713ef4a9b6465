"""Metrics of a run and of its LoggedModel, put together without hiding where they disagree."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from modeltui.adapters.mlflow import wire
from modeltui.adapters.mlflow.places import Place
from modeltui.domain.text import SafeText

STORED_AS_ZERO: Final = "[stored as 0 at time 0]"
"""What MLflow keeps of a NaN or infinity that a client sent as a bare word: a zero at the beginning of time."""
OF_LOGGED_MODEL: Final = "[logged model]"
_MARKS: Final = "./_:- "
_ONLY_SAY_SEGMENT: Final = frozenset({"segment", "slice", "group", "subgroup"})


def scores(run: Iterable[wire.MetricRow] | None, logged: Iterable[wire.MetricRow] | None) -> dict[SafeText, float]:
    """Return each metric under its name; the run's value first, other values under names that say whose they are.

    MLflow links a metric to a LoggedModel only when both have the same step, so the two may differ: `loss` 0.33 of
    the run's last step and `loss [logged model]` 1.0 of its first.
    """
    found: dict[str, float] = {}
    for metric in run or ():
        _add(found, metric, "")
    for metric in logged or ():
        value = wire.number(metric.value)
        known = found.get(metric.key or "", value if metric.key not in found else None)
        if metric.key not in found or (value is not None and known is not None and not _same(value, known)):
            data = f" [{metric.dataset_name}]" if metric.dataset_name else f" {OF_LOGGED_MODEL}"
            _add(found, metric, "" if metric.key not in found else data)
    return {wire.shown(name, wire.LONGEST_NAME): found[name] for name in sorted(found)}


def split_segments(
    whole: Mapping[SafeText, float], separators: Sequence[str], importances: Sequence[Place]
) -> tuple[dict[SafeText, float], dict[SafeText, float], dict[SafeText, float]]:
    """Return metrics overall, per segment (`auc/region=hk`), and feature importances."""
    overall: dict[SafeText, float] = {}
    segments: dict[SafeText, float] = {}
    weights: dict[SafeText, float] = {}
    for name, value in whole.items():
        place = next((place for place in importances if place.kind == "metric" and place.matches(name)), None)
        if place is not None:
            weights[wire.shown(name.removeprefix(place.name) or name)] = value
        elif segment := segment_in(name, separators):
            segments[wire.shown(segment, wire.LONGEST_NAME)] = value
        else:
            overall[name] = value
    return overall, segments, weights


def segment_in(name: str, separators: Sequence[str]) -> str:
    """Return `METRIC/DIMENSION=VALUE` for the name of a metric of a segment; empty for any other.

    The word in the separator is the dimension, unless it only says that a segment follows. MLflow allows no `=` in
    names, so what follows may be `region.hk`, `region/hk` or `region:hk`.
    """
    for separator in separators:
        dimension = separator.strip(_MARKS)
        says_segment = dimension.lower() in _ONLY_SAY_SEGMENT
        metric, found, rest = name.partition(separator)
        if not found and says_segment and name.startswith(separator.lstrip(_MARKS)):
            # `segment.region.hk`: which metric it is goes without saying.
            metric, rest = "", name.removeprefix(separator.lstrip(_MARKS))
        elif not (found and metric):
            continue
        if says_segment:
            first, mark, last = _split_once(rest)
            dimension, rest = (first, last) if mark else (dimension, rest)
        if rest:
            return f"{metric}/{dimension}={rest}".removeprefix("/")
    return ""


def _split_once(rest: str) -> tuple[str, str, str]:
    """Return what stands before and after the first mark between a dimension and its value."""
    at = next((place for place, character in enumerate(rest) if character in "=:/."), -1)
    return (rest[:at], rest[at], rest[at + 1 :]) if 0 < at < len(rest) - 1 else (rest, "", "")


def _add(found: dict[str, float], metric: wire.MetricRow, origin: str) -> None:
    value = wire.number(metric.value)
    if not metric.key or value is None:
        return
    name = f"{metric.key}{origin}"
    if value == 0.0 and _is_beginning_of_time(metric.timestamp):
        found[name] = math.nan
        found[f"{name} {STORED_AS_ZERO}"] = 0.0
    else:
        found[name] = value


def _is_beginning_of_time(timestamp: wire.Number) -> bool:
    return timestamp is not None and str(timestamp) in {"0", "0.0"}


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
