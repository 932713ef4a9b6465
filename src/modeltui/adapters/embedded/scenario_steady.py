"""The models of the demo that score rows of a table and have little to report. Every name in here is invented."""

from __future__ import annotations

from typing import Final

from modeltui.adapters.embedded.plans import ModelPlan, Quality, VersionPlan
from modeltui.adapters.embedded.scenario_tables import table_lineage

MERCHANT_CATEGORY: Final = ModelPlan(
    name="merchant-category",
    owner="data-products",
    business="share of labels that merchants leave as they are",
    quality=Quality(error_rate=0.002, latency_seconds=0.014, confidence=0.87, business=0.93),
    segments={"language=zh": 0.58, "language=en": 0.42},
    repository="git.harbourlight.example/data/merchant-category",
    lineage=table_lineage(
        [("merchant_names", 5_100_000, "training"), ("merchant_names_golden", 12_000, "test")],
        "SELECT name, description, category FROM merchant_names WHERE reviewed",
        "text-hashing 0.9.1",
        {"name_tokens": 0.62, "description_tokens": 0.38},
        {"macro f1": 0.887},
        architecture="hashed linear",
        parameters={"algorithm": "logistic", "classes": "212", "hash bits": "20"},
        cases={"七記茶餐廳": "restaurants", "Kwun Tong Hardware Co": "building supplies"},
    ),
    versions=(
        VersionPlan("6.0.0", 240, "n.fernandes", "Two languages in one model."),
        VersionPlan("6.1.0", 170, "n.fernandes", "Longer names.", {"metrics": {"macro f1": 0.893}}),
        VersionPlan("6.1.1", 140, "n.fernandes", "Same data, fixed tokeniser.", same_data=True),
        VersionPlan(
            "6.2.0",
            65,
            "n.fernandes",
            "New categories.",
            {"parameters": {"classes": "240"}, "metrics": {"macro f1": 0.901}},
        ),
    ),
    pointers={"champion": "6.2.0"},
)

LIMIT_OPTIMIZER: Final = ModelPlan(
    name="limit-optimizer",
    owner="retail-lending",
    business="share of raised limits in use after a month",
    quality=Quality(error_rate=0.001, latency_seconds=0.038, confidence=0.82, business=0.66),
    repository="git.harbourlight.example/lending/limit-optimizer",
    lineage=table_lineage(
        [("limits", 1_200_000, "training", 365), ("repayments", 2_900_000, "training", 365)],
        "SELECT * FROM limit_base WHERE raised_at >= DATE '2025-06-01'",
        "lending-features 11.2.0",
        {"utilisation": 0.46, "income_band": 0.31, "limit_age": 0.23},
        {"uplift": 0.118},
    ),
    versions=(
        VersionPlan("1.2.0", 290, "t.nguyen", "Uplift instead of propensity."),
        VersionPlan("1.3.0", 205, "t.nguyen", "Shared lending features."),
        VersionPlan("1.4.0", 130, "b.santos", "Retrained."),
        VersionPlan(
            "1.4.2",
            44,
            "b.santos",
            "Retrained, thresholds by segment.",
            {
                "artifact": {"unreadable": "the artifact store answered 403 when the digest was read"},
                "serving_config": {"decision threshold": "0.68", "threshold, limits over 100 000": "0.80"},
            },
        ),
    ),
    pointers={"champion": "1.4.2"},
)

SANCTIONS_MATCHER: Final = ModelPlan(
    name="sanctions-matcher",
    owner="financial-crime",
    business="share of matches confirmed",
    quality=Quality(),
    repository="git.harbourlight.example/crime/sanctions-matcher",
    lineage=table_lineage(
        [("watchlists", 410_000, "training"), ("match_reviews", 57_000, "labels")],
        "SELECT * FROM match_reviews JOIN watchlists USING (entry_id)",
        "name-matching 4.0.0",
        {"edit_distance": 0.39, "phonetic": 0.34, "birth_year": 0.27},
        {"recall": 0.996},
        cases={"same name, other birth year": "no match", "same name, no birth year": "no match"},
    ),
    versions=(
        VersionPlan("3.7.0", 310, "k.adeyemi", "Phonetic match."),
        VersionPlan("3.8.0", 220, "k.adeyemi", "Watchlists of 2026."),
        VersionPlan("3.8.1", 180, "l.marchetti", "Transliteration fixed.", same_data=True),
        VersionPlan(
            "3.9.0",
            30,
            "l.marchetti",
            "Birth year optional.",
            {
                "signature": "(edit_distance, phonetic, birth_year: optional, …) -> score: double",
                "feature_pipeline": "name-matching 4.1.0",
                "cases": {"same name, no birth year": "match"},
            },
            same_data=True,
        ),
    ),
    pointers={"champion": "3.9.0"},
)

PAYOUT_FORECASTER: Final = ModelPlan(
    name="payout-forecaster",
    owner="treasury",
    kind="batch",
    business="share of days inside the forecast band",
    quality=Quality(error_rate=0.001, latency_seconds=0.22, confidence=0.81, business=0.91),
    repository="git.harbourlight.example/treasury/payout-forecaster",
    lineage=table_lineage(
        [("payouts_daily", 730_000, "training"), ("holidays", 900, "join")],
        "SELECT day, office, sum(amount) FROM payouts GROUP BY day, office",
        "calendar-features 2.2.0",
        {"weekday": 0.36, "lag_7": 0.34, "holiday_distance": 0.30},
        {"mape": 0.043},
    ),
    versions=(
        VersionPlan("2.5.0", 270, "o.brandt", "Per office."),
        VersionPlan("2.6.0", 190, "o.brandt", "Holidays of five countries."),
        VersionPlan("2.7.0", 120, "o.brandt", "Quantile loss.", {"parameters": {"objective": "quantile"}}),
        VersionPlan("2.8.0", 40, "o.brandt", "Retrained."),
    ),
    pointers={"champion": "2.8.0"},
)

STEADY_MODELS: Final = (MERCHANT_CATEGORY, LIMIT_OPTIMIZER, SANCTIONS_MATCHER, PAYOUT_FORECASTER)
