"""One change each: what differs, which field stands for it, and the symptom that such a change brings."""

from __future__ import annotations

from dataclasses import dataclass

from tests.domain.suspects.building import digest, fact, lines, number, release, shape, symptom

from modeltui.domain.comparison.difference import Difference
from modeltui.domain.suspects.suspect import Closeness, Symptom

ERRORS = symptom("error_rate")
SLOW = symptom("latency_p95")
SILENT = symptom("throughput")
UNSURE = symptom("confidence")
LOSSES = symptom("business")
DRIFT = symptom("drift", drifted=("amount_zscore",))
MICRO = symptom("error_rate", "business", segments=("merchant_size=micro",))
HONGKONG = symptom("confidence", segments=("region=hk",))
QUERY = (
    "SELECT t.amount, t.amount / a.mean AS amount_zscore, m.size\n"
    "FROM payments.card_transactions AS t\n"
    "JOIN payments.merchants m USING (merchant_id)\n"
    "JOIN amounts a USING (merchant_id)\n"
    "WHERE t.booked_at >= DATE '2025-01-01'"
)


def snapshot(name: str, rows_a: float, rows_b: float, **more: str) -> tuple[Difference, ...]:
    return (
        digest(f"data.{name}.digest"),
        fact(f"data.{name}.uri", "s3://lake/1", "s3://lake/2"),
        number(f"data.{name}.rows", rows_a, rows_b),
        *(fact(f"data.{name}.{part}", value, value) for part, value in more.items()),
    )


NOISE = (
    fact("record.run", "run-1", "run-2"),
    digest("artifact.digest"),
    fact("code.commit", "35" * 20, "e1" * 20),
    number("metrics.auc", 0.941, 0.938),
    number("segments.region=sg", 0.941, 0.940),
    number("importances.amount_zscore", 0.31, 0.29),
    fact("approvals", "r.okafor approved", "a.lam approved"),
    fact("card", "v1", "v2"),
    fact("record.tag.ticket", "RISK-1", "RISK-2"),
    release("environment.shap", "0.46.0", "0.46.1"),
    release("environment.requests", "2.32.3", "2.32.4"),
)
"""What every new version brings along."""


@dataclass(frozen=True)
class Told:
    """One change."""

    name: str
    facts: tuple[Difference, ...]
    first: str
    """The field of the first suspect."""
    symptom: Symptom
    closeness: Closeness = Closeness.USUAL
    """To that symptom."""


def one(name: str, changed: Difference, wrong: Symptom, closeness: Closeness = Closeness.USUAL) -> Told:
    return Told(name, (changed,), changed.field, wrong, closeness)


FEEDS = Closeness.FEEDS
STORIES = (
    Told("snapshot", snapshot("chargebacks", 3e6, 2e6), "data.chargebacks.rows", LOSSES),
    Told("snapshot, same rows", snapshot("chargebacks", 3e6, 3e6), "data.chargebacks.digest", UNSURE),
    Told("snapshot of the segment", snapshot("merchants", 9e4, 4e4), "data.merchants.rows", MICRO, FEEDS),
    Told("snapshot behind a feature", snapshot("amount_means", 9e4, 8e4), "data.amount_means.rows", DRIFT, FEEDS),
    Told(
        "source of the data",
        (digest("data.cards.digest"), fact("data.cards.origin", "warehouse.cards", "lake.cards")),
        "data.cards.origin",
        DRIFT,
    ),
    Told(
        "span of the data",
        (
            digest("data.cards.digest"),
            fact("data.cards.span", "2024-01-01 to 2025-12-31", "2025-07-01 to 2025-12-31"),
        ),
        "data.cards.span",
        LOSSES,
    ),
    Told(
        "data set added",
        (fact("data.cards.rows", 5.0, 5.0), fact("data.complaints.rows", None, 900.0)),
        "data.complaints.rows",
        UNSURE,
    ),
    Told(
        "data set left out",
        (fact("data.cards.rows", 5.0, 5.0), fact("data.region_hk.digest", "sha256:aa", None)),
        "data.region_hk.digest",
        HONGKONG,
        FEEDS,
    ),
    one("filter by the segment", lines("query", QUERY, f"{QUERY}\n  AND m.size <> 'micro'"), MICRO, FEEDS),
    one("filter by its table", lines("query", QUERY, f"{QUERY}\n  AND m.monthly_volume > 500"), MICRO, FEEDS),
    one("filter without a symptom's name", lines("query", QUERY, f"{QUERY}\n  AND t.amount < 9000"), LOSSES),
    one("column of the drifted feature", lines("query", QUERY, QUERY.replace("a.mean", "a.median")), DRIFT, FEEDS),
    one("pipeline, major", release("features.pipeline", "risk 5.8.2", "risk 6.0.0"), ERRORS),
    one("pipeline, patch", release("features.pipeline", "risk 5.8.2", "risk 5.8.3"), UNSURE),
    one("feature added", shape(added=("device_risk: double",)), LOSSES),
    one("feature removed", shape(removed=("amount_zscore: double",)), DRIFT, FEEDS),
    one("type of a feature", shape(retyped=("country: string -> long",)), ERRORS),
    one("order of columns", shape(), ERRORS),
    one("parameter", number("parameters.num_leaves", 63, 511), UNSURE),
    one("parameter, as text", fact("parameters.objective", "binary", "focal"), LOSSES),
    one("parameter of the segment", fact("parameters.weight_hk", "1.0", "0.7"), HONGKONG, FEEDS),
    one("parameter that slows", number("parameters.n_estimators", 400, 1600), SLOW),
    Told(
        "parameter added",
        (fact("parameters.objective", "binary", "binary"), fact("parameters.monotone", None, "amount")),
        "parameters.monotone",
        LOSSES,
    ),
    one("threshold", fact("serving.decision threshold", "0.72", "0.30"), LOSSES),
    one("threshold as a parameter", number("parameters.threshold", 0.8, 0.9), LOSSES),
    one("threshold of the segment", fact("serving.threshold region=hk", "0.72", "0.70"), HONGKONG, FEEDS),
    one("calibration", fact("parameters.calibration", "isotonic", "none"), UNSURE),
    one("replicas", fact("serving.replicas", "6", "2"), SILENT),
    one("memory limit", fact("serving.memory limit", "4Gi", "1Gi"), ERRORS),
    one("package, major", release("environment.pandas", "2.2.3", "3.0.1"), ERRORS),
    one("package, minor", release("environment.lightgbm", "4.5.0", "4.6.0"), SLOW),
    one("package, back", release("environment.numpy", "2.1.0", "1.26.4"), ERRORS),
    Told(
        "package added",
        (fact("environment.numpy", "2.1.3", "2.1.3"), fact("environment.cachetools", None, "5.5.0")),
        "environment.cachetools",
        ERRORS,
    ),
    one("python", release("environment.python", "3.11.9", "3.12.6"), ERRORS),
    Told(
        "base image",
        (
            fact("environment.base_image", "serving/tabular-3.11", "serving/tabular-3.12"),
            digest("environment.base_image.digest"),
        ),
        "environment.base_image",
        SLOW,
    ),
    one("hardware", fact("environment.hardware", "n2-standard-8", "n2-standard-2"), SLOW),
    one("environment variable", fact("environment.variable.OMP_NUM_THREADS", "8", "1"), SLOW),
    one("architecture", fact("artifact.architecture", "LGBMClassifier", "TabNet"), SLOW),
    one("uncommitted changes", fact("code.uncommitted", "no", "yes"), ERRORS),
    one("repository", fact("code.repository", "git.example/risk", "git.example/fork"), ERRORS),
    one("prompt", lines("prompts.system", "Be brief.\nNever promise.", "Be brief.\nPromise when asked."), LOSSES),
    one("longer prompt", lines("prompts.system", "Be brief.", "Be brief. " * 40), SLOW),
    one("base model", fact("system.base model", "lantern@2026-03", "lantern@2026-09"), UNSURE),
    Told(
        "pin of the base model",
        (fact("system.base_model", "acme", "acme"), fact("system.base_model_pin", "2026-01-10", "2026-02-20")),
        "system.base_model_pin",
        LOSSES,
    ),
    one("retrieval index", fact("system.retrieval index", "help@sha256:4f0c77b1", "help@sha256:9ad2e315"), LOSSES),
    one("top k", fact("system.top k", "6", "24"), SLOW),
    one("embedding model", fact("system.embedding model", "embed@1", "embed@2"), UNSURE),
    one("reranker", fact("system.reranker", "none", "small@1"), SLOW),
    one("guardrails", fact("system.guardrails", "care-rails 2.4.0", "care-rails 2.5.1"), LOSSES),
    one("tools", fact("system.tools", "order_status", "order_status, refund"), ERRORS),
    one("orchestration", fact("system.orchestration", "graph 1.8.0", "graph 2.0.0"), SLOW),
    one("sampling", fact("system.temperature", "0.2", "0.9"), UNSURE),
    one("member", fact("components.price-gbm", "3.3.0", "3.4.0"), LOSSES),
    one("agent tool", fact("agent.tools.issue_refund", "1.4.0", "2.0.0"), ERRORS),
    Told(
        "agent snapshot",
        (fact("agent.snapshot", "snap-1", "snap-2"), digest("agent.memory")),
        "agent.snapshot",
        LOSSES,
    ),
    one("agent memory", digest("agent.memory"), UNSURE),
    one("permissions of an agent", fact("agent.permissions", "read", "read, refund"), LOSSES),
)
