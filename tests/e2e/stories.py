"""Versions that differ in one thing each, as plain data: every backend is filled with them, and must show that thing.

A story has the facts of a first version, under the names of `Provenance`, and what its second version says otherwise:
the one thing that was changed, with what always follows from a new training (another run, other bytes, other metrics).
Whoever looks at the two must name the thing that was changed first, and not what followed.

Facts are what a team would write into JSON: texts, numbers, objects, lists, times in ISO 8601. Fields that a backend
has no place for are left out there, unless a story changes them: then that story cannot be told by that backend.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Facts: TypeAlias = Mapping[str, Any]
"""By field of `Provenance`."""


@dataclass(frozen=True, slots=True)
class Story:
    """One change between two versions of one model."""

    name: str
    """`data-snapshot`; unique among all stories."""
    model: str
    base: Facts
    """All that is known of the first version."""
    change: Facts
    """Whole fields that the second version has otherwise; the others are as in `base`."""
    cause: tuple[str, ...]
    """How the field of the first suspect may begin: `data.`, `parameters.num_leaves`."""
    what: str
    """What was changed, in words."""

    @property
    def changed(self) -> dict[str, Any]:
        """All that is known of the second version."""
        return {**self.base, **self.change}

    def is_named_by(self, field: str) -> bool:
        """Whether a suspect's field is what was changed."""
        return field.startswith(self.cause)


def retrained(number: int, digest: str, **metrics: float) -> dict[str, Any]:
    """What another training brings along, whatever was changed."""
    return {
        "run": f"run-{number}",
        "artifact": {
            "uri": f"s3://models.example/run-{number}/model.pkl",
            "digest": f"sha256:{digest * 64}",
            "size_bytes": 41_943_040 + number,
        },
        **({"metrics": metrics} if metrics else {}),
    }


TRANSACTIONS = {
    "name": "card_transactions",
    "digest": "sha256:" + "1d" * 32,
    "uri": "s3://lake/card_transactions/snapshot=2026-01-14",
    "rows": 4_812_332,
    "used_for": "training",
    "origin": "warehouse.payments.card_transactions",
    "begins_at": "2025-07-14T00:00:00Z",
    "ends_at": "2026-01-14T00:00:00Z",
    "taken_at": "2026-01-14T03:10:00Z",
}
CHARGEBACKS = {
    "name": "chargebacks",
    "digest": "sha256:" + "2e" * 32,
    "uri": "s3://lake/chargebacks/snapshot=2026-01-14",
    "rows": 18_204,
    "used_for": "validation",
    "origin": "warehouse.payments.chargebacks",
}
SEGMENTS = {"merchant_size=large": 0.951, "merchant_size=micro": 0.917, "region=hk": 0.938, "region=sg": 0.941}
INPUTS = [
    {"name": "amount_zscore", "type": "double"},
    {"name": "merchant_age_days", "type": "long"},
    {"name": "country", "type": "string"},
]
QUERY = [
    "SELECT t.amount, t.merchant_id, m.size AS merchant_size, t.region, c.is_fraud",
    "FROM payments.card_transactions AS t",
    "JOIN payments.merchants AS m USING (merchant_id)",
    "LEFT JOIN payments.chargebacks AS c USING (transaction_id)",
    "WHERE t.created_at >= DATE '2025-07-14'",
    "  AND t.created_at < DATE '2026-01-14'",
]
PACKAGES = ["lightgbm==4.5.0", "numpy==2.1.3", "pandas==2.2.3", "scikit-learn==1.6.1"]

FRAUD: Facts = {
    **retrained(1041, "a"),
    "owner": "risk-ml@bank.example",
    "registered": "training-pipeline",
    "architecture": "LGBMClassifier",
    "signature": {"inputs": INPUTS, "outputs": [{"name": "is_fraud", "type": "double"}]},
    "data_snapshots": [TRANSACTIONS, CHARGEBACKS],
    "extraction_query": QUERY,
    "feature_pipeline": "fraud-features 3.2.0",
    "code": {"commit": "35" * 20, "repository": "git@git.example:risk/fraud-detector.git", "branch": "main"},
    "parameters": {"learning_rate": 0.05, "num_leaves": 63, "n_estimators": 400, "seed": 7},
    "metrics": {"auc": 0.9412, "recall": 0.842, "log_loss": 0.1172},
    "segment_metrics": SEGMENTS,
    "requirements": PACKAGES,
    "runtime": {"python": "3.11.7", "hardware": "n2-standard-8"},
    "environment_variables": {"OMP_NUM_THREADS": "8", "TZ": "UTC"},
    "base_image": "registry.example/serving/lightgbm@sha256:" + "9f" * 32,
    "importances": {"amount_zscore": 0.61, "merchant_age_days": 0.27, "country": 0.12},
    "cases": {"case-17": "decline", "case-18": "approve"},
    "serving_config": {"decision_threshold": 0.8, "replicas": 6},
    "approvals": [{"by": "m.chan", "decision": "approved", "at": "2026-01-15T09:30:00Z"}],
    "model_card": ["# Fraud detector", "", "Scores card payments."],
    "tags": {"ticket": "RISK-812"},
}

TABULAR = (
    Story(
        "data-snapshot",
        "fraud-detector",
        FRAUD,
        {
            **retrained(1042, "b", auc=0.9377, recall=0.829, log_loss=0.1214),
            "data_snapshots": [
                {
                    **TRANSACTIONS,
                    "digest": "sha256:" + "3c" * 32,
                    "uri": "s3://lake/card_transactions/snapshot=2026-02-14",
                    "rows": 3_120_871,
                    "ends_at": "2026-02-14T00:00:00Z",
                    "taken_at": "2026-02-14T03:10:00Z",
                },
                CHARGEBACKS,
            ],
        },
        ("data.card_transactions",),
        "trained on another snapshot of the transactions",
    ),
    Story(
        "feature",
        "fraud-detector",
        FRAUD,
        {
            **retrained(1043, "c", auc=0.9391, recall=0.835, log_loss=0.1203),
            "signature": {
                "inputs": [*INPUTS, {"name": "device_risk", "type": "double"}],
                "outputs": [{"name": "is_fraud", "type": "double"}],
            },
            "feature_pipeline": "fraud-features 3.3.0",
            "importances": {"amount_zscore": 0.48, "device_risk": 0.24, "merchant_age_days": 0.18, "country": 0.10},
        },
        ("features.", "artifact.signature"),
        "another feature, by another release of the feature pipeline",
    ),
    Story(
        "parameter",
        "fraud-detector",
        FRAUD,
        {
            **retrained(1044, "d", auc=0.9288, recall=0.801, log_loss=0.1391),
            "parameters": {"learning_rate": 0.05, "num_leaves": 511, "n_estimators": 400, "seed": 7},
        },
        ("parameters.num_leaves",),
        "eight times the leaves",
    ),
    Story(
        "library",
        "fraud-detector",
        FRAUD,
        {
            **retrained(1045, "e", auc=0.9409, recall=0.841, log_loss=0.1175),
            "requirements": ["lightgbm==4.5.0", "numpy==2.1.3", "pandas==3.0.1", "scikit-learn==1.6.1"],
        },
        ("environment.pandas",),
        "another major release of pandas",
    ),
    Story(
        "threshold",
        "fraud-detector",
        FRAUD,
        {
            "metrics": {"auc": 0.9412, "recall": 0.688, "log_loss": 0.1172},
            "serving_config": {"decision_threshold": 0.92, "replicas": 6},
            "cases": {"case-17": "approve", "case-18": "approve"},
        },
        ("serving.",),
        "another decision threshold, the same bytes",
    ),
    Story(
        "harmed-segment",
        "fraud-detector",
        FRAUD,
        {
            **retrained(1046, "f", auc=0.9402, recall=0.838, log_loss=0.1188),
            "extraction_query": [*QUERY, "  AND m.size <> 'micro'"],
            "segment_metrics": {**SEGMENTS, "merchant_size=micro": 0.734},
        },
        ("query",),
        "the query leaves micro merchants out, and the model is bad at them",
    ),
    Story(
        "harmed-segment-alone",
        "fraud-detector",
        FRAUD,
        {"segment_metrics": {**SEGMENTS, "merchant_size=micro": 0.734}},
        ("segments.merchant_size=micro",),
        "a segment is harmed, and nobody recorded what was changed",
    ),
    Story(
        "code",
        "fraud-detector",
        FRAUD,
        {
            **retrained(1047, "0", auc=0.9366, recall=0.822, log_loss=0.1233),
            "code": {"commit": "e1" * 20, "repository": "git@git.example:risk/fraud-detector.git", "branch": "main"},
        },
        ("code.",),
        "another commit",
    ),
)

ASSISTANT: Facts = {
    "owner": "support-ai@shop.example",
    "prompts": {"system": "You answer questions about orders. Never promise a refund.\nBe brief."},
    "llm_system": {
        "base_model": "acme/large-2",
        "base_model_pin": "2026-01-10",
        "retrieval.index": "help-centre",
        "retrieval.top_k": "6",
        "guardrails": "pii-filter 2.1",
        "temperature": "0.2",
    },
    "metrics": {"groundedness": 0.93, "refusal_rate": 0.021},
    "cases": {"refund-late": "escalates to a person", "where-is-it": "gives the tracking link"},
    "tags": {"ticket": "SUP-77"},
}
LLM = (
    Story(
        "prompt",
        "support-assistant",
        ASSISTANT,
        {
            "prompts": {"system": "You answer questions about orders. Refund when the customer insists.\nBe brief."},
            "metrics": {"groundedness": 0.92, "refusal_rate": 0.006},
            "cases": {"refund-late": "promises a refund", "where-is-it": "gives the tracking link"},
        },
        ("prompts.system",),
        "another sentence in the system prompt",
    ),
    Story(
        "base-model-pin",
        "support-assistant",
        ASSISTANT,
        {
            "llm_system": {**ASSISTANT["llm_system"], "base_model_pin": "2026-02-20"},
            "metrics": {"groundedness": 0.88, "refusal_rate": 0.034},
        },
        ("system.base",),
        "the provider's model is pinned to another date",
    ),
    Story(
        "retrieval",
        "support-assistant",
        ASSISTANT,
        {
            "llm_system": {**ASSISTANT["llm_system"], "retrieval.top_k": "2"},
            "metrics": {"groundedness": 0.81, "refusal_rate": 0.029},
        },
        ("system.retrieval",),
        "fewer passages are retrieved",
    ),
)

PRICES: Facts = {
    "owner": "pricing@shop.example",
    "components": {"price-gbm": "7", "price-linear": "3", "price-network": "12"},
    "serving_config": {"weights": "0.5,0.2,0.3"},
    "metrics": {"mape": 0.081},
}
ENSEMBLE = (
    Story(
        "member",
        "price-ensemble",
        PRICES,
        {"components": {"price-gbm": "8", "price-linear": "3", "price-network": "12"}, "metrics": {"mape": 0.117}},
        ("components.price-gbm",),
        "one member is another version",
    ),
)

MEMBERS: Mapping[str, Mapping[str, Facts]] = {
    "price-gbm": {
        "7": {"parameters": {"num_leaves": 31, "seed": 7}, "metrics": {"mape": 0.084}},
        "8": {"parameters": {"num_leaves": 255, "seed": 7}, "metrics": {"mape": 0.131}},
    },
}
"""Members of the ensemble that are registered themselves, by version: what changed in the one that was replaced."""
MEMBER_CAUSE = "parameters.num_leaves"

REFUNDS: Facts = {
    "owner": "support-ai@shop.example",
    "agent": {
        "snapshot": "snap-2026-01-30",
        "memory": "sha256:" + "77" * 32,
        "tools.issue_refund": "1.4.0",
        "tools.look_up_order": "2.0.1",
    },
    "external_effects": ["issued refund R-1001"],
    "llm_system": {"base_model": "acme/large-2", "base_model_pin": "2026-01-10"},
    "metrics": {"resolved": 0.71},
}
AGENT = (
    Story(
        "agent-snapshot",
        "refund-agent",
        REFUNDS,
        {
            "agent": {
                **REFUNDS["agent"],
                "snapshot": "snap-2026-02-11",
                "memory": "sha256:" + "88" * 32,
            },
            "external_effects": ["issued refund R-1001", "issued refund R-1002"],
            "metrics": {"resolved": 0.66},
        },
        ("agent.snapshot", "agent.memory"),
        "another snapshot with another memory",
    ),
)

STORIES: tuple[Story, ...] = (*TABULAR, *LLM, *ENSEMBLE, *AGENT)


def models(stories: tuple[Story, ...] = STORIES) -> dict[str, list[Facts]]:
    """All versions of every model in the order of the stories: the first is the base, each other changes one thing."""
    found: dict[str, list[Facts]] = {}
    for story in stories:
        found.setdefault(story.model, [story.base]).append(story.changed)
    return found


def version_numbers(story: Story, stories: tuple[Story, ...] = STORIES) -> tuple[int, int]:
    """Which versions a story compares, counted from 1 as `models` lists them."""
    told = [other for other in stories if other.model == story.model]
    return 1, told.index(story) + 2
