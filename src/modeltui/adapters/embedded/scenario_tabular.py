"""The models of the demo that score rows of a table. Every name in here is invented."""

from __future__ import annotations

from typing import Final

from modeltui.adapters.embedded.plans import ModelPlan, Quality, VersionPlan
from modeltui.adapters.embedded.scenario_steady import STEADY_MODELS
from modeltui.adapters.embedded.scenario_tables import NEW_LIBRARIES, PYTHON_312, table_lineage

FRAUD_DETECTOR: Final = ModelPlan(
    name="fraud-detector",
    owner="payments-risk",
    business="share of card payments approved",
    quality=Quality(error_rate=0.0025, latency_seconds=0.018, confidence=0.91, business=0.964),
    segments={
        "merchant_size=large": 0.46,
        "merchant_size=medium": 0.32,
        "merchant_size=small": 0.18,
        "merchant_size=micro": 0.04,
    },
    features=("feature=amount_zscore", "feature=merchant_tenure", "feature=device_age"),
    repository="git.harbourlight.example/risk/fraud-detector",
    lineage=table_lineage(
        [
            ("card_transactions", 48_200_000, "training", 365),
            ("chargebacks", 310_000, "labels", 365),
            ("merchants", 92_000, "join"),
        ],
        "SELECT t.*, m.size, m.tenure_days, c.label\n"
        "FROM card_transactions t\n"
        "JOIN merchants m USING (merchant_id)\n"
        "LEFT JOIN chargebacks c USING (transaction_id)\n"
        "WHERE t.booked_at >= DATE '2025-01-01'",
        "risk-features 5.8.2",
        {"amount_zscore": 0.31, "device_age": 0.22, "merchant_tenure": 0.19, "velocity_1h": 0.17, "geo_distance": 0.11},
        {"auc": 0.941, "recall at 1% fpr": 0.612, "brier": 0.021},
        segment_metrics={
            "auc/merchant_size=large": 0.948,
            "auc/merchant_size=medium": 0.943,
            "auc/merchant_size=small": 0.936,
            "auc/merchant_size=micro": 0.927,
        },
        cases={
            "large merchant, known device": "approve",
            "four cards in one hour": "decline",
            "micro merchant, first week": "approve",
            "micro merchant, market day": "approve",
            "refund abroad": "review",
        },
    ),
    versions=(
        VersionPlan("2.1.0", 412, "m.ito", "First version with device signals.", approved_by="a.lam"),
        VersionPlan("2.2.0", 301, "m.ito", "Velocity features over one hour.", {"metrics": {"auc": 0.944}}),
        VersionPlan(
            "2.3.0",
            188,
            "j.wong",
            "Deeper trees.",
            {"parameters": {"num_leaves": "255"}},
            {"latency_seconds": 0.041},
            passed_gates=False,
        ),
        VersionPlan(
            "2.3.1",
            171,
            "j.wong",
            "Shallower trees again, newer data.",
            {"parameters": {"num_leaves": "95"}, "metrics": {"auc": 0.947, "recall at 1% fpr": 0.631}},
        ),
        VersionPlan(
            "3.0.0",
            9,
            "s.petrova",
            "Two years of data, new feature pipeline, small merchants by volume.",
            {
                "extraction_query": "SELECT t.*, m.size, m.tenure_days, c.label\n"
                "FROM card_transactions t\n"
                "JOIN merchants m USING (merchant_id)\n"
                "LEFT JOIN chargebacks c USING (transaction_id)\n"
                "WHERE t.booked_at >= DATE '2024-01-01'\n"
                "  AND m.monthly_volume > 500",
                "data_snapshots": [
                    ("card_transactions", 81_000_000, "training", 730),
                    ("chargebacks", 540_000, "labels", 730),
                    ("merchants", 33_000, "join"),
                ],
                "feature_pipeline": "risk-features 6.0.0",
                "parameters": {"num_leaves": "127", "n_estimators": "1200"},
                "requirements": NEW_LIBRARIES,
                "runtime": PYTHON_312,
                "metrics": {"auc": 0.956, "recall at 1% fpr": 0.667, "brier": 0.018},
                "segment_metrics": {
                    "auc/merchant_size=large": 0.961,
                    "auc/merchant_size=medium": 0.958,
                    "auc/merchant_size=small": 0.949,
                    "auc/merchant_size=micro": None,
                },
                "importances": {"merchant_tenure": 0.34, "amount_zscore": 0.24},
                "cases": {"micro merchant, first week": "decline", "micro merchant, market day": "decline"},
                "tags": {"caveat": "Too few micro merchants in the evaluation set to report a figure."},
            },
        ),
    ),
    pointers={"champion": "2.3.1", "challenger": "3.0.0"},
)

AML_SCREENING: Final = ModelPlan(
    name="aml-screening",
    owner="financial-crime",
    business="share of transfers released without a case",
    quality=Quality(error_rate=0.0015, latency_seconds=0.046, confidence=0.86, business=0.972),
    segments={"region=hk": 0.55, "region=sea": 0.30, "region=eu": 0.15},
    features=("feature=counterparty_risk", "feature=hop_count"),
    repository="git.harbourlight.example/crime/aml-screening",
    lineage=table_lineage(
        [("transfers", 21_700_000, "training", 540), ("case_outcomes", 84_000, "labels", 540)],
        "SELECT f.*, o.outcome FROM transfer_features f LEFT JOIN case_outcomes o USING (transfer_id)",
        "graph-features 2.4.0",
        {"counterparty_risk": 0.37, "hop_count": 0.24, "amount_zscore": 0.21, "corridor": 0.18},
        {"auc": 0.903, "cases per 1000": 4.1},
        cases={"twelve transfers below the limit": "case", "salary, same day each month": "release"},
    ),
    versions=(
        VersionPlan("2.1.0", 520, "k.adeyemi", "Corridor features.", approved_by="a.lam"),
        VersionPlan("2.2.0", 390, "k.adeyemi", "Typologies of 2025.", {"metrics": {"auc": 0.908}}),
        VersionPlan("2.3.1", 214, "k.adeyemi", "Recalibrated on released cases.", {"metrics": {"auc": 0.911}}),
        VersionPlan(
            "3.0.0",
            58,
            "l.marchetti",
            "Graph of counterparties, newer libraries.",
            {
                "feature_pipeline": "graph-features 3.0.1",
                "requirements": NEW_LIBRARIES,
                "runtime": PYTHON_312,
                "metrics": {"auc": 0.924, "cases per 1000": 3.6},
            },
            {"confidence": 0.88},
        ),
    ),
    pointers={"champion": "3.0.0"},
)

CREDIT_SCORER: Final = ModelPlan(
    name="credit-scorer",
    owner="retail-lending",
    business="share of applications accepted",
    quality=Quality(error_rate=0.002, latency_seconds=0.032, confidence=0.84, business=0.71),
    segments={"channel=app": 0.62, "channel=branch": 0.23, "channel=partner": 0.15},
    features=("feature=income_band", "feature=utilisation", "feature=bureau_age"),
    repository="git.harbourlight.example/lending/credit-scorer",
    lineage=table_lineage(
        [("applications", 3_400_000, "training", 730), ("repayments", 2_900_000, "labels", 730)],
        "SELECT a.*, r.days_past_due_max FROM applications a JOIN repayments r USING (application_id)",
        "lending-features 11.2.0",
        {"utilisation": 0.33, "bureau_age": 0.28, "income_band": 0.24, "employment_months": 0.15},
        {"gini": 0.612, "ks": 0.447},
        segment_metrics={"gini/channel=app": 0.618, "gini/channel=branch": 0.605, "gini/channel=partner": 0.581},
        cases={"two incomes, no history": "review", "long history, low use": "accept"},
    ),
    versions=(
        VersionPlan("4.0.0", 560, "t.nguyen", "First version on the new bureau.", approved_by="a.lam"),
        VersionPlan("4.1.0", 402, "t.nguyen", "Monotone in utilisation.", {"parameters": {"monotone": "utilisation"}}),
        VersionPlan(
            "4.2.0",
            246,
            "t.nguyen",
            "Partner channel.",
            {"serving_config": {"decision threshold": "0.55"}, "metrics": {"gini": 0.624}},
            passed_gates=False,
        ),
        VersionPlan(
            "4.2.1",
            232,
            "t.nguyen",
            "Partner channel, thresholds as before.",
            {"serving_config": {"decision threshold": "0.72"}},
            same_data=True,
        ),
        VersionPlan(
            "5.0.0",
            21,
            "b.santos",
            "Retrained on 2026, bureau version 9.",
            {
                "metrics": {"gini": 0.641, "ks": 0.462},
                "feature_pipeline": "lending-features 12.0.0",
                "segment_metrics": {
                    "gini/channel=app": 0.644,
                    "gini/channel=branch": 0.629,
                    "gini/channel=partner": 0.622,
                },
                "cases": {"two incomes, no history": "accept"},
            },
        ),
    ),
    pointers={"champion": "4.2.1", "challenger": "5.0.0"},
)

CHURN_PREDICTOR: Final = ModelPlan(
    name="churn-predictor",
    owner="customer-growth",
    business="share of contacted customers who stay",
    quality=Quality(error_rate=0.0015, latency_seconds=0.024, confidence=0.79, business=0.83),
    features=("feature=tenure_months", "feature=tickets_30d", "feature=plan_price"),
    repository="git.harbourlight.example/growth/churn-predictor",
    lineage=table_lineage(
        [("customers", 1_900_000, "training", 365), ("contacts", 640_000, "training", 365)],
        "SELECT * FROM churn_base WHERE snapshot_month BETWEEN '2025-03' AND '2026-02'",
        "growth-features 3.3.0",
        {"tenure_months": 0.41, "tickets_30d": 0.27, "plan_price": 0.19, "last_login_days": 0.13},
        {"auc": 0.871, "lift at 10%": 3.9},
    ),
    versions=(
        VersionPlan("8.0.0", 330, "d.kowalski", "Monthly base."),
        VersionPlan("8.1.0", 260, "d.kowalski", "Tickets of thirty days.", {"metrics": {"auc": 0.876}}),
        VersionPlan("9.0.0", 160, "d.kowalski", "New price plans.", {"metrics": {"auc": 0.879}}),
        VersionPlan(
            "9.1.0",
            74,
            "y.haddad",
            "Retrained for the spring tariffs.",
            {
                "extraction_query": "SELECT * FROM churn_base WHERE snapshot_month BETWEEN '2025-09' AND '2026-08'",
                "metrics": {"auc": 0.884},
            },
        ),
    ),
    pointers={"champion": "9.1.0"},
)

CARD_ROUTING: Final = ModelPlan(
    name="card-routing",
    owner="payments-platform",
    business="share of payments accepted by the first acquirer",
    quality=Quality(error_rate=0.001, latency_seconds=0.009, confidence=0.93, business=0.947),
    segments={"region=hk": 0.5, "region=sea": 0.3, "region=us": 0.2},
    repository="git.harbourlight.example/payments/card-routing",
    lineage=table_lineage(
        [("authorisations", 88_000_000, "training", 90)],
        "SELECT acquirer, bin, amount, hour, accepted FROM authorisations WHERE day >= CURRENT_DATE - 90",
        "routing-features 1.9.4",
        {"bin": 0.44, "acquirer": 0.31, "amount": 0.14, "hour": 0.11},
        {"accuracy": 0.951},
    ),
    versions=(
        VersionPlan("5.3.0", 200, "f.lindqvist", "Ninety days of data."),
        VersionPlan("5.4.0", 150, "f.lindqvist", "Fourth acquirer."),
        VersionPlan("5.5.0", 96, "f.lindqvist", "Hour of the day.", passed_gates=False),
        VersionPlan("5.5.1", 90, "f.lindqvist", "Hour in local time."),
        VersionPlan(
            "5.6.0",
            6,
            "f.lindqvist",
            "Retrained after the tariff change.",
            {
                "data_snapshots": [("authorisations", 24_500_000, "training", 30)],
                "extraction_query": "SELECT acquirer, bin, amount, hour, accepted FROM authorisations"
                " WHERE day >= CURRENT_DATE - 30",
                "metrics": {"accuracy": 0.958},
            },
            approved_by="",
        ),
    ),
    pointers={"champion": "5.5.1", "challenger": "5.6.0"},
)

TABULAR_MODELS: Final = (FRAUD_DETECTOR, AML_SCREENING, CREDIT_SCORER, CHURN_PREDICTOR, CARD_ROUTING, *STEADY_MODELS)
