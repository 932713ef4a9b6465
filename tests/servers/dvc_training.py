"""A project with DVC and GTO in which models are really trained: a query, features, a fit, an evaluation by segment.

Only the standard library trains, so that a version takes a second: what matters is that DVC runs the stages and notes
what went in and came out, and that GTO makes the tags.
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

EXTRACT = """
import csv, pathlib, sqlite3
query = pathlib.Path("sql/extract.sql").read_text()
rows = sqlite3.connect("data/payments.sqlite").execute(query)
with open("data/rows.csv", "w", newline="") as file:
    csv.writer(file).writerows([[column[0] for column in rows.description], *rows])
"""
FEATURIZE = """
import csv
rows = list(csv.DictReader(open("data/rows.csv")))
made = [{"amount": float(row["amount"]) / 100, "age": float(row["age"]) / 10} for row in rows]
#MORE
with open("data/features.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow([*made[0], "size", "fraud"])
    writer.writerows([*features.values(), row["size"], row["fraud"]] for features, row in zip(made, rows))
"""
ANOTHER_FEATURE = 'made = [{**one, "night": float(row["hour"] < "6")} for one, row in zip(made, rows)]'
TRAIN = """
import csv, json, math, pathlib
names, *rows = csv.reader(open("data/features.csv"))
inputs = [name for name in names if name not in ("size", "fraud")]
settings = dict(line.strip().split(": ") for line in pathlib.Path("params.yaml").read_text().splitlines()[1:4])
weights = [0.0] * (len(inputs) + 1)
def score(row):
    return 1 / (1 + math.exp(-sum(w * x for w, x in zip(weights, [1.0, *map(float, row[: len(inputs)])]))))
for _ in range(int(settings["steps"])):
    for row in rows:
        error = float(row[-1]) - score(row)
        for place, value in enumerate([1.0, *map(float, row[: len(inputs)])]):
            weights[place] += float(settings["rate"]) * error * value - float(settings["penalty"]) * weights[place]
def accuracy(chosen):
    return sum((score(row) > 0.5) == (row[-1] == "1") for row in chosen) / max(len(chosen), 1)
pathlib.Path("model.json").write_text(json.dumps(dict(zip(["bias", *inputs], weights))))
sizes = {row[-2] for row in rows}
segments = {f"merchant_size={size}": accuracy([row for row in rows if row[-2] == size]) for size in sorted(sizes)}
pathlib.Path("metrics.json").write_text(json.dumps({"accuracy": accuracy(rows), "segments": segments}))
columns = [{"name": name, "type": "double"} for name in inputs]
signature = {"inputs": columns, "outputs": [{"name": "fraud", "type": "double"}]}
pathlib.Path("signature.json").write_text(json.dumps(signature))
total = sum(map(abs, weights[1:]))
pathlib.Path("importances.json").write_text(json.dumps({n: abs(w) / total for n, w in zip(inputs, weights[1:])}))
"""
PIPELINE = """
stages:
  extract:
    cmd: python3 src/extract.py
    deps: [data/payments.sqlite, sql/extract.sql, src/extract.py]
    outs: [data/rows.csv]
  featurize:
    cmd: python3 src/featurize.py
    deps: [data/rows.csv, src/featurize.py]
    outs: [data/features.csv]
  train:
    cmd: python3 src/train.py
    deps: [data/features.csv, src/train.py]
    params: [train]
    outs: [model.json, {signature.json: {cache: false}}, {importances.json: {cache: false}}]
    metrics: [{metrics.json: {cache: false}}]
artifacts:
  fraud: {path: model.json, type: model, meta: {owner: risk@example.com}}
"""
QUERY = "SELECT amount, age, hour, size, fraud\nFROM payments JOIN merchants USING (merchant)\nWHERE amount > 0\n"
FILTER = "  AND merchants.size <> 'micro'\n"
PARAMETERS = "train:\n  rate: {rate}\n  steps: 2\n  penalty: 0.0001\ndecision_threshold: {threshold}\n"
PACKAGES = "numpy==2.1.3\npandas=={pandas}\n"


def project() -> dict[str, str]:
    """The files of the first version, but its data."""
    return {
        "dvc.yaml": PIPELINE,
        "sql/extract.sql": QUERY,
        "src/extract.py": EXTRACT,
        "src/featurize.py": FEATURIZE,
        "src/train.py": TRAIN,
        "params.yaml": PARAMETERS.format(rate=0.05, threshold=0.8),
        "requirements.txt": PACKAGES.format(pandas="2.2.3"),
    }


CHANGES: dict[str, dict[str, str]] = {
    "data": {},
    "feature": {"src/featurize.py": FEATURIZE.replace("#MORE", ANOTHER_FEATURE)},
    "parameter": {"params.yaml": PARAMETERS.format(rate=0.4, threshold=0.8)},
    "library": {"requirements.txt": PACKAGES.format(pandas="3.0.1")},
    "threshold": {"params.yaml": PARAMETERS.format(rate=0.05, threshold=0.92)},
    "segment": {"sql/extract.sql": QUERY + FILTER},
}
"""By what is changed: the files that are written otherwise; data is written anew."""


def write_payments(path: Path, rows: int, seed: int) -> None:
    """Write a small world of payments; another seed is another month."""
    chance = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    sizes = ("micro", "small", "large")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE merchants (merchant INTEGER, size TEXT)")
        database.execute("CREATE TABLE payments (merchant INTEGER, amount REAL, age REAL, hour TEXT, fraud INTEGER)")
        database.executemany("INSERT INTO merchants VALUES (?, ?)", [(one, sizes[one % 3]) for one in range(30)])
        for _ in range(rows):
            amount, age = chance.uniform(1, 500), chance.uniform(0, 60)
            fraud = int(amount / 100 - age / 20 + chance.gauss(0, 1) > 1.5)
            payment = (chance.randrange(30), round(amount, 2), round(age, 1), str(chance.randrange(24)), fraud)
            database.execute("INSERT INTO payments VALUES (?, ?, ?, ?, ?)", payment)
