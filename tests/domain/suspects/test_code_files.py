"""Where models live in git every version is another commit: its log says whether code is among what it changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.domain.suspects.building import comparison, fact, log, number, symptom, text

from modeltui.domain.suspects.suspecting import suspects
from modeltui.domain.text import SafeText

COMMIT = fact("code.commit", text("a" * 40), text("b" * 40))
RATE = number("parameters.rate", 0.1, 0.2)
AUC = number("metrics.auc", 0.9, 0.8)


def first(*facts: object, files: tuple[str, ...]) -> list[str]:
    """What is suspected when a log names these files."""
    found = comparison(COMMIT, *facts, log=log("Try it", files=files))  # type: ignore[arg-type]
    return [str(suspect.field) for suspect in suspects(found)]


def test_a_commit_of_parameters_is_no_suspect_beside_them() -> None:
    """Only params.yaml and what came out of the training were committed: the commit adds nothing."""
    assert first(RATE, files=("params.yaml", "dvc.lock", "metrics.json")) == ["parameters.rate"]
    assert first(RATE, files=("models/fraud/params.yaml", "README.md")) == ["parameters.rate"]


@pytest.mark.parametrize(
    "path", ["src/train.py", "Makefile", "Dockerfile", "dvc.yaml", "params.yaml.py", "x.metrics.json"]
)
def test_a_commit_of_code_stays_a_suspect(path: str) -> None:
    """One file of code among them is enough."""
    assert first(RATE, files=("params.yaml", path)) == ["parameters.rate", "code.commit"]


def test_a_commit_of_results_explains_nothing() -> None:
    """Another evaluation was committed, and nothing else: the metric is shown, not the commit."""
    assert first(AUC, files=("metrics.json", "golden/case-1.txt")) == ["metrics.auc"]


def test_what_nobody_else_tells_is_not_lost() -> None:
    """Parameters were committed, and the registry keeps none: then the commit is what is known to differ."""
    assert first(AUC, files=("params.yaml",)) == ["code.commit"]


@pytest.mark.parametrize("path", ["sql/train.sql", "thresholds.yaml", "prompts/system.txt", "data/cards.csv.dvc"])
def test_a_commit_of_what_no_source_reads_stays_a_suspect(path: str) -> None:
    """The query was committed and nobody tells it: the commit is all that is known of it, beside the parameter."""
    assert first(RATE, files=("params.yaml", path)) == ["parameters.rate", "code.commit"]
    only_one_side = fact("query", None, text("select"))
    assert first(RATE, only_one_side, files=("sql/train.sql",)) == ["parameters.rate", "code.commit"]


def test_a_commit_of_what_both_versions_tell_is_no_suspect() -> None:
    """The query of both versions is told, and is the same: the file that holds it says nothing more."""
    told = fact("query", text("select 1"), text("select 1"))
    assert first(RATE, told, files=("params.yaml", "sql/train.sql", "metrics.json")) == ["parameters.rate"]


def test_a_commit_that_says_what_is_wrong_is_looked_at_first() -> None:
    """“Drop micro merchants” in the log of a query that no source reads, and micro merchants suffer."""
    found = comparison(COMMIT, RATE, log=log("Drop micro merchants from the query", files=("sql/train.sql",)))
    wrong = symptom("error_rate", segments=("merchant_size=micro",))
    assert [suspect.field for suspect in suspects(found, wrong)] == ["code.commit", "parameters.rate"]


def test_a_log_that_is_not_whole_proves_nothing() -> None:
    """Of a log that was cut, that could not be read, or that names no file, the commit stays a suspect."""
    whole = log("Try it", files=("params.yaml",))
    for one in (replace(whole, is_cut=True), replace(whole, trouble=SafeText("gone")), replace(whole, files=())):
        assert [suspect.field for suspect in suspects(comparison(COMMIT, RATE, log=one))] == [
            "parameters.rate",
            "code.commit",
        ]
