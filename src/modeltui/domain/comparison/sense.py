"""Which way a metric gets better, and its unit: by its name, or as the team says; where neither knows, unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from modeltui.domain.text import SafeText


class Better(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sense:
    """How to read a metric."""

    better: Better = Better.UNKNOWN
    unit: SafeText = SafeText("")


_RATIO: Final = "ratio"
_UNKNOWN: Final = Sense()

_DOUBTFUL: Final = re.compile(
    r"\b(?:std|stdev|stddev|var|variance|sem|delta|diff|change|gap|drop|gain|threshold|cutoff|weight|count|n|num"
    r"|support|lower|upper|ci|steps?|epochs?|budget|limit|target|baseline)\b"
)
"""Words that make another number of a metric: how far it scatters, moved or may go; nobody says which way is better."""

TABLE: Final[tuple[tuple[str, Better, str], ...]] = (
    # A pattern looks for whole words in the name, written in lower case with single blanks; the first that fits counts.
    (r"negative log likelihood|nll|log loss|cross entropy|bce|logloss", Better.LOWER, ""),
    (r"brier(?: score)?(?: loss)?", Better.LOWER, ""),
    (r"(?:false positive|false negative|false discovery|false alarm|miss) rate|fpr|fnr|fdr", Better.LOWER, _RATIO),
    (r"(?:true positive|true negative) rate|tpr|tnr|sensitivity|specificity", Better.HIGHER, _RATIO),
    (r"equal error rate|eer", Better.LOWER, _RATIO),
    (r"ece|mce|(?:expected |maximum )?calibration error", Better.LOWER, _RATIO),
    (r"mean absolute percentage error|s?mape|wape", Better.LOWER, ""),
    (r"(?:word|character|token|sentence) error rate|wer|cer", Better.LOWER, _RATIO),
    (r"error rate|failure rate|misclassification(?: rate)?", Better.LOWER, _RATIO),
    (r"(?:root )?mean (?:squared|absolute)(?: log(?:arithmic)?)? error|r?mse|rmsle|msle|mae|medae", Better.LOWER, ""),
    (r"perplexity|ppl|bits per (?:byte|character)|bpb|bpc", Better.LOWER, ""),
    (r"toxicity|hallucinations?(?: rate)?|jailbreak(?:s| rate)?|leak(?:s|age)?(?: rate)?", Better.LOWER, ""),
    (r"latency|response time|time to first token|ttft|inference time|prediction time", Better.LOWER, ""),
    (r"psi|population stability(?: index)?|drift", Better.LOWER, ""),
    (r"(?:demographic|statistical) parity difference|equali[sz]ed odds difference", Better.LOWER, ""),
    (r"fid|frechet distance|hamming loss|hinge loss", Better.LOWER, ""),
    (
        r"(?:roc |pr )?au(?:c|roc|prc?)(?: roc| pr)?|average precision|m?ap|mean average precision",
        Better.HIGHER,
        _RATIO,
    ),
    (r"(?:balanced |top \d+ )?acc(?:uracy)?|exact match|em|hit rate", Better.HIGHER, _RATIO),
    (r"f\d|f(?:0 5|beta)|f\d? ?(?:score|measure)|dice|iou|jaccard", Better.HIGHER, _RATIO),
    (r"precision|recall|mrr|mean reciprocal rank", Better.HIGHER, _RATIO),
    (r"gini|ks|kolmogorov smirnov|mcc|matthews(?: corrcoef)?|(?:cohens? )?kappa", Better.HIGHER, ""),
    (r"r2|r squared|explained variance|d2", Better.HIGHER, ""),
    (r"n?dcg|lift", Better.HIGHER, ""),
    (r"bleu|rouge(?: ?[\dl]+)?|meteor|bertscore|chrf|pass|win rate", Better.HIGHER, ""),
    (r"(?:answer|response|output) quality", Better.HIGHER, ""),
    (r"grounded(?:ness)?|faithful(?:ness)?|relevan(?:ce|cy)|helpfulness|correctness|coherence", Better.HIGHER, ""),
    (r"throughput|(?:requests|tokens) per second|qps|tps", Better.HIGHER, ""),
    (r"errors?|loss(?:es)?|failures?|deviance", Better.LOWER, ""),
)
"""Names of metrics, which way they get better, and their unit; a team's own entries win over it."""

_COMPILED: Final = tuple((re.compile(rf"(?:^| )(?:{pattern})(?: |$)"), better, unit) for pattern, better, unit in TABLE)
_TIME_UNITS: Final = (
    (re.compile(r"\b(?:ms|msec|millis|milliseconds?)\b"), "milliseconds"),
    (re.compile(r"\b(?:us|usec|micros|microseconds?)\b"), "microseconds"),
    (re.compile(r"\b(?:s|sec|secs|seconds?)\b"), "seconds"),
)
_TIMES: Final = re.compile(r"latency|time|ttft")
_SAID_OF: Final = re.compile(r" (?:at|@|per|given|for|on) .*$")
"""`recall at 1 fpr` is a recall: what follows says where it was taken."""
_LONGEST: Final = 200


def sense_of(name: str, own: Mapping[SafeText, Sense] = {}) -> Sense:
    """Return how a metric is read: as the team says of this name or of the same name spelled otherwise, else by TABLE.

    A name that the table does not know, or that says something about a metric (`auc std`, `recall gap`), is unknown:
    a direction is never assumed.
    """
    if own:
        if (said := own.get(SafeText(name))) is not None:
            return said
        words = _words(name)
        for other, said in own.items():
            if _words(other) == words:
                return said
    return _by_name(name[:_LONGEST])


def shared_sense(names: Iterable[str], own: Mapping[SafeText, Sense] = {}) -> Sense:
    """Return how a number is read that belongs to one of these metrics, nobody says to which: only what all share."""
    senses = {sense_of(name, own) for name in names}
    directions, units = {sense.better for sense in senses}, {sense.unit for sense in senses}
    return Sense(
        directions.pop() if len(directions) == 1 else Better.UNKNOWN,
        units.pop() if len(units) == 1 else SafeText(""),
    )


def segment_sense(title: str, shared: Sense, own: Mapping[SafeText, Sense] = {}) -> Sense:
    """Return how a metric of a segment is read: by the metric that its title names, else as all metrics are.

    `auc/region=hk` and `region=hk/auc` name it.
    """
    first, slash, rest = title.partition("/")
    if not slash:
        return sense_of(title, own) if SafeText(title) in own else shared
    return sense_of(rest if "=" in first and "=" not in rest else first, own)


@lru_cache(maxsize=4_096)
def _by_name(name: str) -> Sense:
    words = _words(name)
    whole = _SAID_OF.sub("", words)
    if not whole or _DOUBTFUL.search(whole):
        return _UNKNOWN
    for pattern, better, unit in _COMPILED:
        if pattern.search(whole):
            if whole.startswith("neg "):
                # What scikit-learn's scorers negate so that more is better.
                better = Better.HIGHER if better is Better.LOWER else Better.LOWER
            return Sense(better, SafeText(_time_unit(words) if _TIMES.search(whole) else unit))
    return _UNKNOWN


def _time_unit(words: str) -> str:
    return next((unit for pattern, unit in _TIME_UNITS if pattern.search(words)), "")


def _words(name: str) -> str:
    """Return a name in lower case, its words one blank apart: `valAUC`, `val_auc` and `val/auc` are `val auc`."""
    spread = re.sub(r"(?<=[a-z\d])(?=[A-Z][a-zA-Z])", " ", name[:_LONGEST])
    spread = re.sub(r"\[[^\]]*\]", " ", spread).replace("@", " at ")
    return " ".join(re.findall(r"[^\W_]+", spread.lower()))
