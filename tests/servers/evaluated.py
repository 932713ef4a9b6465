"""Versions of a small assistant, evaluated with MLflow's own `evaluate` and `log_table`, in MLflow 2 or 3.

It runs inside MLflow's own environment, as a script: `python evaluated.py URL MODEL`. Nothing of ours is imported.
"""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from typing import Any

QUESTIONS = ("What is drift?", "And skew?", "Who pays for chargebacks?")
EXPECTED = ("a change", "a lean", "the merchant")
ANSWERS = (EXPECTED, ("a change", "a lie", "the merchant"))
"""The second answers one question otherwise."""
TABLE = "replayed.json"


def main(url: str, name: str) -> None:
    """Register versions: evaluated in the run that trained it, apart from it (3.x), by a table of the team's.

    With MLflow 3 one more, by `mlflow.genai.evaluate`, which leaves traces and no table.
    """
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    mlflow: Any = importlib.import_module("mlflow")
    mlflow.set_tracking_uri(url)
    mlflow.set_experiment(name)
    is_3 = not mlflow.__version__.startswith("2.")
    with mlflow.start_run() as run:
        model_uri = _log(mlflow, ANSWERS[0], is_3=is_3)
        _evaluate(mlflow, model_uri)
    _register(mlflow, name, model_uri, run, is_3=is_3)
    with mlflow.start_run() as run:
        model_uri = _log(mlflow, ANSWERS[1], is_3=is_3)
        if not is_3:  # MLflow 2 does not note which model another run has evaluated
            _evaluate(mlflow, model_uri)
    if is_3:
        with mlflow.start_run():
            _evaluate(mlflow, model_uri)
    _register(mlflow, name, model_uri, run, is_3=is_3)
    with mlflow.start_run() as run:
        model_uri = _log(mlflow, ANSWERS[1], is_3=is_3)
        # In another order, under other names, with a measure of its own.
        table = {"question": QUESTIONS[::-1], "response": ANSWERS[1][::-1], "latency": (3, 2, 1)}
        mlflow.log_table({column: list(values) for column, values in table.items()}, TABLE)
    _register(mlflow, name, model_uri, run, is_3=is_3)
    if is_3:
        with mlflow.start_run() as run:
            model_uri = _log(mlflow, ANSWERS[1], is_3=is_3)
            _evaluate_by_traces(mlflow)
        _register(mlflow, name, model_uri, run, is_3=is_3)


def _log(mlflow: Any, answers: tuple[str, ...], *, is_3: bool) -> str:
    said = dict(zip(QUESTIONS, answers, strict=True))
    base: Any = mlflow.pyfunc.PythonModel

    def predict(self: Any, context: Any, model_input: Any, params: Any = None) -> list[str]:
        del self, context, params
        return [said[question] for question in model_input["question"]]

    assistant = type("Assistant", (base,), {"predict": predict})()
    name = {"name": "model"} if is_3 else {"artifact_path": "model"}
    logged = mlflow.pyfunc.log_model(python_model=assistant, pip_requirements=["pandas"], **name)
    return str(logged.model_uri)


def _evaluate(mlflow: Any, model_uri: str) -> None:
    pandas: Any = importlib.import_module("pandas")
    data = pandas.DataFrame({"question": QUESTIONS, "ground_truth": EXPECTED})
    metrics = [mlflow.metrics.exact_match(), mlflow.metrics.latency()]
    mlflow.evaluate(model_uri, data, targets="ground_truth", extra_metrics=metrics)


def _evaluate_by_traces(mlflow: Any) -> None:
    scorers: Any = importlib.import_module("mlflow.genai.scorers")

    def exact(outputs: str, expectations: dict[str, str]) -> bool:
        return outputs == expectations["expected_response"]

    data = [
        {"inputs": {"question": question}, "expectations": {"expected_response": expected}}
        for question, expected in zip(QUESTIONS, EXPECTED, strict=True)
    ]
    said = dict(zip(QUESTIONS, ANSWERS[1], strict=True))
    mlflow.genai.evaluate(data=data, predict_fn=lambda question: said[question], scorers=[scorers.scorer(exact)])


def _register(mlflow: Any, name: str, model_uri: str, run: Any, *, is_3: bool) -> None:
    mlflow.register_model(model_uri if is_3 else f"runs:/{run.info.run_id}/model", name)


if __name__ == "__main__":
    main(*sys.argv[1:])
