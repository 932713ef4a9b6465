"""Trains versions of one classifier that differ in one thing each, and registers them as a team would.

It runs inside MLflow's own environment, as a script: `python training.py URL DIRECTORY RECIPE…`. The rows lie in a
warehouse of its own (SQLite) that is made once below DIRECTORY; the models are real, so metrics move as they will.
For each version a line of JSON says what was recorded, under the names of `Provenance`. Nothing of ours is imported:
a copy of this file in any repository works.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import random
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from math import exp
from pathlib import Path
from typing import Any

MODEL, BY_ITSELF = "card-fraud", "card-fraud-autolog"
REGIONS = ("hk", "sg", "jp", "eu")
FEATURES = ("region", "amount", "merchant_age_days", "hour", "velocity_1h")
ALL_FEATURES = (*FEATURES, "device_risk")
PARAMETERS = {"n_estimators": 60, "max_depth": 9, "min_samples_leaf": 3, "random_state": 7}
QUERY = """SELECT t.region, t.amount, t.merchant_age_days, t.hour, t.velocity_1h, t.device_risk, t.is_fraud
FROM card_transactions AS t
WHERE t.booked_at >= date(:as_of, '-180 days')
  AND t.booked_at < :as_of
ORDER BY t.id"""
HELD_OUT = ("2026-02-20", "2026-03-20")
"""The days that every version is measured on."""
_AUTOMATIC = "auto:"
_FIRST_DAY, _DAYS, _ROWS_A_DAY = date(2025, 6, 1), 300, 22


@dataclass(frozen=True)
class Recipe:
    """How one version is made."""

    name: str
    what: str = "the first version"
    causes: tuple[str, ...] = ()
    """How the field that was changed may begin; empty: nothing was."""
    harmed: str = ""
    """The region that is worse off."""
    as_of: str = "2026-01-14"
    query: str = QUERY
    mislabelled: str = ""
    """A region whose labels a broken join turned around."""
    features: tuple[str, ...] = FEATURES
    feature_pipeline: str = "fraud-features 3.2.0"
    parameters: Mapping[str, int] = field(default_factory=lambda: dict(PARAMETERS))
    pandas: str = ""
    """A release of pandas to pin; empty: the one that is installed."""
    threshold: float = 0.5


BASE = Recipe("base")
RECIPES = (
    BASE,
    replace(
        BASE,
        name="data-snapshot",
        what="rows up to a month later",
        causes=("data.card_transactions",),
        as_of="2026-02-14",
    ),
    replace(
        BASE,
        name="feature-added",
        what="device_risk is a feature, from another release of the pipeline",
        causes=("features.", "artifact.signature"),
        features=ALL_FEATURES,
        feature_pipeline="fraud-features 3.3.0",
    ),
    replace(
        BASE,
        name="feature-dropped",
        what="velocity_1h is no feature any more",
        causes=("features.", "artifact.signature"),
        features=tuple(name for name in FEATURES if name != "velocity_1h"),
    ),
    replace(
        BASE,
        name="parameter",
        what="trees of depth 2 instead of 9",
        causes=("parameters.max_depth",),
        parameters={**PARAMETERS, "max_depth": 2},
    ),
    replace(
        BASE,
        name="pin",
        what="another pandas is installed where it serves",
        causes=("environment.pandas",),
        pandas="2.3.3",
    ),
    replace(BASE, name="threshold", what="it declines from 0.8 on", causes=("serving.",), threshold=0.8),
    replace(
        BASE,
        name="harmed-by-query",
        what="the query leaves Singapore out",
        causes=("query",),
        harmed="sg",
        query=QUERY.replace("ORDER", "  AND t.region <> 'sg'\nORDER"),
    ),
    replace(
        BASE,
        name="harmed-by-labels",
        what="labels of Singapore are turned around in the source",
        causes=("data.card_transactions",),
        harmed="sg",
        mislabelled="sg",
    ),
    replace(
        BASE,
        name="seed",
        what="another seed",
        causes=("parameters.random_state",),
        parameters={**PARAMETERS, "random_state": 8},
    ),
    replace(BASE, name="again", what="nothing: the same job once more"),
    # Each of the next ones is made by a process of its own, which has what the name says.
    replace(BASE, name="library", what="another scikit-learn", causes=("environment.scikit-learn",)),
    replace(BASE, name="code", what="another commit", causes=("code.",)),
)


def by_name(name: str) -> Recipe:
    """The recipe of that name."""
    return next(recipe for recipe in RECIPES if recipe.name == name)


# The rows


def warehouse(directory: Path) -> Path:
    """The database with all transactions, the same at each making."""
    file = directory / "warehouse.db"
    if not file.exists():
        half = file.with_suffix(".half")
        half.unlink(missing_ok=True)
        with sqlite3.connect(half) as database:
            columns = "id, booked_at, region, amount, merchant_age_days, hour, velocity_1h, device_risk, is_fraud"
            database.execute(f"CREATE TABLE card_transactions ({columns})")
            database.executemany("INSERT INTO card_transactions VALUES (?,?,?,?,?,?,?,?,?)", _transactions())
        database.close()
        half.replace(file)
    return file


def _transactions() -> Iterator[tuple[Any, ...]]:
    chance = random.Random(20260114)
    for number in range(_DAYS * _ROWS_A_DAY):
        day = _FIRST_DAY + timedelta(days=number // _ROWS_A_DAY)
        region = chance.randrange(len(REGIONS))
        amount = round(chance.lognormvariate(3.5, 1.0), 2)
        age, hour, velocity = chance.randrange(3000), chance.randrange(24), chance.randrange(12)
        risk = round(chance.random(), 4)
        # In Singapore small amounts are the suspicious ones: who never saw it judges it wrongly.
        size = (amount - 40) / 40 * (-1.6 if REGIONS[region] == "sg" else 1.2)
        score = size + 0.35 * (velocity - 6) + 1.6 * (risk - 0.5) - age / 1500 + 0.2
        is_fraud = int(chance.random() < 1 / (1 + exp(-score)))
        yield number, day.isoformat(), region, amount, age, hour, velocity, risk, is_fraud


def rows(directory: Path, recipe: Recipe) -> Any:
    """The frame that the recipe trains on."""
    pandas: Any = importlib.import_module("pandas")
    with sqlite3.connect(warehouse(directory)) as database:
        frame = pandas.read_sql_query(_filled(recipe.query), database, params={"as_of": recipe.as_of})
    if recipe.mislabelled:
        wrong = frame["region"] == REGIONS.index(recipe.mislabelled)
        frame.loc[wrong, "is_fraud"] = 1 - frame.loc[wrong, "is_fraud"]
    return frame


def held_out(directory: Path) -> Any:
    """The frame that every version is measured on."""
    pandas: Any = importlib.import_module("pandas")
    query = "SELECT * FROM card_transactions WHERE booked_at >= ? AND booked_at < ? ORDER BY id"
    with sqlite3.connect(warehouse(directory)) as database:
        return pandas.read_sql_query(query, database, params=HELD_OUT).drop(columns=["id", "booked_at"])


def _filled(query: str) -> str:
    """The query for regions as the warehouse has them, by number."""
    for number, name in enumerate(REGIONS):
        query = query.replace(f"'{name}'", str(number))
    return query


# The model


def fitted(frame: Any, recipe: Recipe) -> Any:
    """The trained classifier."""
    ensemble: Any = importlib.import_module("sklearn.ensemble")
    model = ensemble.RandomForestClassifier(**recipe.parameters, n_jobs=1)
    return model.fit(_inputs(frame, recipe), frame["is_fraud"])


def measured(model: Any, frame: Any, recipe: Recipe) -> tuple[dict[str, float], dict[str, float]]:
    """Metrics overall and by region."""
    metrics: Any = importlib.import_module("sklearn.metrics")
    scores, labels = model.predict_proba(_inputs(frame, recipe))[:, 1], frame["is_fraud"]
    declined = scores >= recipe.threshold
    overall = {
        "auc": metrics.roc_auc_score(labels, scores),
        "log_loss": metrics.log_loss(labels, scores),
        "recall": metrics.recall_score(labels, declined),
        "precision": metrics.precision_score(labels, declined),
    }
    by_region = {}
    for number, name in enumerate(REGIONS):
        here = frame["region"] == number
        by_region[name] = float(metrics.roc_auc_score(labels[here], scores[here.to_numpy()]))
    return {name: float(value) for name, value in overall.items()}, by_region


def golden_cases(model: Any, frame: Any, recipe: Recipe) -> dict[str, str]:
    """The answers on saved cases."""
    saved = frame.head(12)
    declined = model.predict_proba(_inputs(saved, recipe))[:, 1] >= recipe.threshold
    return {f"case-{number}": "decline" if no else "approve" for number, no in enumerate(declined, start=1)}


def _inputs(frame: Any, recipe: Recipe) -> Any:
    return frame[list(recipe.features)].astype("float64")


# The record


def register(recipe: Recipe, directory: Path) -> dict[str, Any]:
    """Train, record and register one version; what was recorded."""
    mlflow: Any = importlib.import_module("mlflow")
    frame, test = rows(directory, recipe), held_out(directory)
    model = fitted(frame, recipe)
    overall, by_region = measured(model, test, recipe)
    weights = dict(zip(recipe.features, (float(weight) for weight in model.feature_importances_), strict=True))
    cases, packages = golden_cases(model, test, recipe), _packages(recipe)
    begins = (date.fromisoformat(recipe.as_of) - timedelta(days=180)).isoformat()
    span = {"origin": "warehouse.card_transactions", "begins_at": begins, "ends_at": recipe.as_of}
    with mlflow.start_run(run_name=f"retrain-{os.urandom(3).hex()}") as run:
        mlflow.log_params({**model.get_params(), "feature_pipeline": recipe.feature_pipeline})
        mlflow.log_metrics({**overall, **{f"auc/region/{name}": value for name, value in by_region.items()}})
        mlflow.log_text(recipe.query, "query.sql")
        mlflow.log_dict(cases, "golden_cases.json")
        mlflow.log_dict(weights, "feature_importances.json")
        training = _dataset(frame, f"{directory}/lake/card_transactions/as_of={recipe.as_of}", "card_transactions")
        mlflow.log_input(training, context="training", tags=span)
        mlflow.log_input(_dataset(test, f"{directory}/lake/held_out", "held_out"), context="evaluation")
        inputs = _inputs(frame, recipe)
        signature = mlflow.models.infer_signature(inputs, model.predict(inputs))
        made = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=signature,
            pip_requirements=packages,
            registered_model_name=MODEL,
            skops_trusted_types=["sklearn.tree._tree.Tree"],
        )
        version = str(made.registered_model_version)
    client = mlflow.MlflowClient()
    tags = {"decision_threshold": str(recipe.threshold), "owner": "card-risk", "estimator_class": type(model).__name__}
    for key, value in tags.items():
        client.set_model_version_tag(MODEL, version, key, value)
    return {
        "name": recipe.name,
        "version": version,
        "facts": {
            "run": run.info.run_id,
            "owner": "card-risk",
            "architecture": type(model).__name__,
            "signature": {
                "inputs": [{"name": name, "type": "double"} for name in recipe.features],
                "outputs": [{"name": "is_fraud", "type": "long"}],
            },
            "data_snapshots": [
                {
                    "name": "card_transactions",
                    "digest": training.digest,
                    "rows": len(frame),
                    "used_for": "training",
                    **span,
                }
            ],
            "extraction_query": recipe.query.splitlines(),
            "feature_pipeline": recipe.feature_pipeline,
            "parameters": {name: str(value) for name, value in model.get_params().items()},
            "metrics": overall,
            "segment_metrics": {f"auc/region={name}": value for name, value in by_region.items()},
            "requirements": packages,
            "serving_config": {"decision_threshold": str(recipe.threshold)},
            "importances": weights,
            "cases": cases,
        },
    }


def register_by_itself(recipe: Recipe, directory: Path) -> dict[str, Any]:
    """Train one version with nothing recorded but what MLflow notes by itself (`autolog`)."""
    mlflow: Any = importlib.import_module("mlflow")
    ensemble: Any = importlib.import_module("sklearn.ensemble")
    mlflow.sklearn.autolog(registered_model_name=BY_ITSELF)
    frame = rows(directory, recipe)
    with mlflow.start_run():
        ensemble.RandomForestClassifier(**recipe.parameters, n_jobs=1).fit(_inputs(frame, recipe), frame["is_fraud"])
    versions = mlflow.MlflowClient().search_model_versions(f"name = '{BY_ITSELF}'")
    return {"name": recipe.name, "version": str(max(int(version.version) for version in versions)), "facts": {}}


def _dataset(frame: Any, source: str, name: str) -> Any:
    mlflow_data: Any = importlib.import_module("mlflow.data")
    return mlflow_data.from_pandas(frame, source=source, name=name, targets="is_fraud")


def _packages(recipe: Recipe) -> list[str]:
    metadata: Any = importlib.import_module("importlib.metadata")
    sklearn: Any = importlib.import_module("sklearn")
    pandas = recipe.pandas or metadata.version("pandas")
    installed = {name: metadata.version(name) for name in ("mlflow", "numpy", "skops")}
    pins = {**installed, "pandas": pandas, "scikit-learn": sklearn.__version__}
    return [f"{name}=={pins[name]}" for name in sorted(pins)]


def main(url: str, directory: Path, names: list[str]) -> None:
    """Make the versions of these names, in this order, and print what was recorded of each.

    A name after `auto:` is made with nothing recorded but what MLflow notes by itself.
    """
    mlflow: Any = importlib.import_module("mlflow")
    mlflow.set_tracking_uri(url)
    mlflow.set_experiment(MODEL)
    for name in names:
        with contextlib.redirect_stdout(sys.stderr):  # where MLflow says what one may look at
            make = register_by_itself if name.startswith(_AUTOMATIC) else register
            recorded = make(by_name(name.removeprefix(_AUTOMATIC)), directory)
        print(json.dumps(recorded), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
