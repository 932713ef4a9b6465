"""Metrics in words: which one the segments are segments of, and which way it gets better."""

from __future__ import annotations

from dataclasses import replace

from modeltui.domain.comparison.difference import Comparison, Difference, Effect, Group, NumberChange
from modeltui.domain.text import SafeText


def metric_of(comparison: Comparison) -> str:
    """Return the metric that all segments name, `auc` of `auc/region=hk`; empty where they name several, or none."""
    parts = [fact.title.partition("/") for fact in comparison.of(Group.SEGMENTS)]
    named = {metric for metric, slash, _ in parts if slash and "=" not in metric}
    return named.pop() if len(named) == 1 and all(slash and "=" not in metric for metric, slash, _ in parts) else ""


def without_metric(comparison: Comparison) -> Comparison:
    """Return the comparison with segments called as their slices are: the metric of all is said once above them."""
    metric = metric_of(comparison)
    if not metric:
        return comparison
    facts = (
        replace(fact, title=SafeText(fact.title.removeprefix(f"{metric}/"))) if fact.group is Group.SEGMENTS else fact
        for fact in comparison.facts
    )
    return replace(comparison, facts=tuple(facts))


def direction_words(fact: Difference) -> str:
    """Return which way a metric gets better and what it is counted in; empty for what is no metric that changed."""
    if fact.group not in (Group.METRICS, Group.SEGMENTS) or not isinstance(fact.detail, NumberChange):
        return ""
    change = fact.detail
    unit = f", in {change.unit}" if change.unit and change.unit != "ratio" else ""
    if change.effect not in (Effect.BETTER, Effect.WORSE):
        return f"nobody has said whether more is better{unit}; evaluation in the configuration can"
    return f"{'more' if (change.delta > 0) is (change.effect is Effect.BETTER) else 'less'} is better{unit}"
