"""Which way a metric gets better: known, said by the team, or unknown; never guessed."""

from __future__ import annotations

import pytest

from modeltui.domain.comparison.sense import Better, Sense, sense_of
from modeltui.domain.text import SafeText


@pytest.mark.parametrize(
    "name",
    [
        "auc",
        "AUC",
        "val_auc",
        "test/roc_auc",
        "auroc",
        "pr_auc",
        "accuracy",
        "val-accuracy",
        "validAccuracy",
        "f1",
        "f1_score",
        "macro f1",
        "precision@10",
        "recall at 1% fpr",
        "recall",
        "r2",
        "r2_score",
        "gini",
        "ks",
        "lift",
        "ndcg@10",
        "map",
        "mAP",
        "average_precision",
        "mcc",
        "tpr",
        "training_accuracy_score",
        "neg_log_loss",
        "neg_mean_squared_error",
        "throughput",
        "auc [logged model]",
        "field accuracy",
    ],
)
def test_more_is_better(name: str) -> None:
    """Scores of how often a model is right get better upwards, however they are spelled."""
    assert sense_of(name).better is Better.HIGHER


@pytest.mark.parametrize(
    "name",
    [
        "loss",
        "val_loss",
        "log_loss",
        "logloss",
        "error",
        "error_rate",
        "rmse",
        "RMSE",
        "mse",
        "mae",
        "mape",
        "brier",
        "brier_score",
        "latency",
        "latency_p99_ms",
        "fpr",
        "false positive rate",
        "ece",
        "perplexity",
        "wer",
        "cer",
        "toxicity",
        "hallucination",
        "hallucination_rate",
        "mean_absolute_error",
        "eval/loss",
        "psi",
        "margin error",
        "page failures",
    ],
)
def test_less_is_better(name: str) -> None:
    """Errors, losses, delays and harms get better downwards."""
    assert sense_of(name).better is Better.LOWER


@pytest.mark.parametrize(
    "name",
    [
        "",
        "n",
        "wonder",
        "auc_std",
        "accuracy_gap",
        "recall_delta",
        "precision threshold",
        "refusals",
        "steps per file",
        "accepted",
        "lossless",
        "mapping",
        "gaussian",
        "decision",
        "f",
        "rows",
        "auc lower",
        "support",
    ],
)
def test_what_nobody_knows_is_unknown(name: str) -> None:
    """A name that the table does not know, or that says something about a metric, has no direction."""
    assert sense_of(name) == Sense()


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("latency_ms", "milliseconds"),
        ("latency p99 seconds", "seconds"),
        ("inference_time_us", "microseconds"),
        ("latency", ""),
        ("auc", "ratio"),
        ("rmse", ""),
    ],
)
def test_units_are_said_where_the_name_says_them(name: str, unit: str) -> None:
    """A delay has the unit that its name has; a ratio is a ratio."""
    assert sense_of(name).unit == unit


def test_the_team_has_the_last_word() -> None:
    """What a team says of a metric counts, also for another spelling of its name."""
    own = {SafeText("Val AUC"): Sense(Better.LOWER, SafeText("points"))}
    assert sense_of("val_auc", own) == Sense(Better.LOWER, SafeText("points"))
    assert sense_of("auc", own).better is Better.HIGHER


def test_a_name_of_any_length_is_read() -> None:
    """A name as long as a book costs nothing and means nothing."""
    assert sense_of("x" * 1_000_000) == Sense()
