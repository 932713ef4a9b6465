"""Where models live in git every version is another commit: its log says whether code is among what it changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.domain.suspects.building import comparison, fact, log, number, text

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


def test_a_log_that_is_not_whole_proves_nothing() -> None:
    """Of a log that was cut, that could not be read, or that names no file, the commit stays a suspect."""
    whole = log("Try it", files=("params.yaml",))
    for one in (replace(whole, is_cut=True), replace(whole, trouble=SafeText("gone")), replace(whole, files=())):
        assert [suspect.field for suspect in suspects(comparison(COMMIT, RATE, log=one))] == [
            "parameters.rate",
            "code.commit",
        ]
