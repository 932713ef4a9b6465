"""The world of the demo: what serves where, and what goes wrong. Add a model by adding its rows.

A model is a `ModelPlan` in `scenario_tabular` or `scenario_systems`; here it gets a row per target. Requests per
second are chosen with the rules in mind: a segment of a candidate with fewer than a hundred requests in five minutes
is never judged, and one with few hundreds is judged on noise.
"""

from __future__ import annotations

from typing import Final

from modeltui.adapters.embedded.plans import Fault, JobPlan, RolloutPlan, Scenario, TargetPlan
from modeltui.adapters.embedded.scenario_systems import SYSTEM_MODELS
from modeltui.adapters.embedded.scenario_tabular import TABULAR_MODELS

HK: Final = "prod-hk"
CN: Final = "prod-cn"
STAGING: Final = "staging"
ENVIRONMENTS: Final = (HK, CN, STAGING)
"""In the order of display."""

ONSET_SECONDS: Final = 35.0
"""When the canary goes bad; about a minute later that has lasted long enough to be a breach."""

# fmt: off - a table: model, environment, requests per second, stable version, days it has served
TARGETS: Final = (
    # One canary that is going to go bad, in one segment.
    TargetPlan(
        "fraud-detector",
        HK,
        1200,
        "2.3.1",
        163,
        RolloutPlan(version="3.0.0", stage="canary-5", weight=0.05, hours=11, hold_hours=24),
        says="Progressing: canary-5 holds for 24h, then canary-25",
        jobs=(JobPlan(name="chargeback-backfill", version="3.0.0", started_hours_ago=1.6, lasts_hours=3),),
    ),
    TargetPlan("fraud-detector", CN, 1150, "2.3.1", 160),
    TargetPlan("fraud-detector", STAGING, 12, "3.0.0", 7, has_segments=False),
    # Two offices, two versions, two environments.
    TargetPlan(
        "aml-screening",
        HK,
        140,
        "2.3.1",
        205,
        says="Healthy; image pinned by change CHG-2231",
        jobs=(JobPlan(name="nightly-rescreening", version="2.3.1", started_hours_ago=2.1, lasts_hours=5),),
    ),
    TargetPlan("aml-screening", CN, 95, "3.0.0", 48),
    TargetPlan("aml-screening", STAGING, 6, "3.0.0", 52, has_segments=False),
    # A canary that does well.
    TargetPlan(
        "credit-scorer",
        HK,
        210,
        "4.2.1",
        221,
        RolloutPlan(version="5.0.0", stage="canary-25", weight=0.25, hours=40, hold_hours=72),
        says="Progressing: canary-25 holds for 72h, then full",
    ),
    TargetPlan("credit-scorer", CN, 150, "4.2.1", 219),
    TargetPlan("credit-scorer", STAGING, 8, "5.0.0", 18, has_segments=False),
    # A system of prompts, retrieval and a base model.
    TargetPlan(
        "support-assistant",
        HK,
        46,
        "r14",
        44,
        RolloutPlan(version="r15", stage="canary-25", weight=0.25, hours=2, hold_hours=24),
        says="Progressing: canary-25 holds for 24h, then full",
    ),
    TargetPlan("support-assistant", STAGING, 3, "r15", 2, has_segments=False),
    # An ensemble.
    TargetPlan("pricing-ensemble", HK, 64, "7.0.2", 80),
    TargetPlan("pricing-ensemble", CN, 52, "7.0.2", 79),
    TargetPlan("pricing-ensemble", STAGING, 4, "7.1.0", 4, has_segments=False),
    # An agent.
    TargetPlan("kyc-agent", HK, 9, "1.8.0", 40),
    TargetPlan("kyc-agent", STAGING, 4, "1.9.0-rc.1", 1.5, has_segments=False),
    # Slow in one office.
    TargetPlan("document-ocr", HK, 38, "3.1.4", 55),
    TargetPlan("document-ocr", CN, 44, "3.1.4", 54),
    TargetPlan("document-ocr", STAGING, 3, "3.1.4", 58, has_segments=False),
    # One feature has drifted away.
    TargetPlan("churn-predictor", HK, 26, "9.1.0", 66),
    TargetPlan("churn-predictor", STAGING, 2, "9.1.0", 70, has_segments=False),
    # A shadow that nobody sees.
    TargetPlan(
        "card-routing",
        HK,
        900,
        "5.5.1",
        84,
        RolloutPlan(version="5.6.0", stage="shadow", hours=20, hold_hours=24),
        says="Progressing: shadow holds for 24h, then canary-5",
    ),
    TargetPlan("card-routing", CN, 640, "5.5.1", 84),
    TargetPlan("card-routing", STAGING, 10, "5.6.0", 5, has_segments=False),
    # Nothing to report.
    TargetPlan("merchant-category", HK, 75, "6.2.0", 58),
    TargetPlan("merchant-category", CN, 90, "6.2.0", 57),
    # One office stopped sending nine minutes ago.
    TargetPlan("limit-optimizer", HK, 18, "1.4.2", 37),
    TargetPlan(
        "limit-optimizer",
        CN,
        15,
        "1.4.2",
        36,
        says="Healthy; metrics agent restarting",
        falls_silent_at=-540,
    ),
    # Wanted, and measured by nobody.
    TargetPlan("sanctions-matcher", HK, 0, "3.9.0", 22),
    # A job that runs for hours on one version.
    TargetPlan(
        "payout-forecaster",
        HK,
        5,
        "2.8.0",
        33,
        says="Healthy; month-end run in progress",
        jobs=(JobPlan(name="month-end-forecast", version="2.8.0", started_hours_ago=0.7, lasts_hours=2),),
    ),
)
# fmt: on

FAULTS: Final = (
    # Micro merchants were cut out of the training data of 3.0.0.
    Fault(
        match="fraud-detector@prod-*",
        version="3.0.0",
        segment="merchant_size=micro",
        begins_at=ONSET_SECONDS,
        lasts_to_grow=5,
        quality={"error_rate": 0.18, "confidence": 0.49, "business": 0.62},
    ),
    Fault(match="document-ocr@prod-cn", begins_at=-2400, lasts_to_grow=900, quality={"latency_seconds": 0.34}),
    Fault(
        match="churn-predictor@prod-hk",
        segment="feature=tenure_months",
        begins_at=-3000,
        lasts_to_grow=1200,
        quality={"drift": 0.17},
    ),
)

DEMO: Final = Scenario((*TABULAR_MODELS, *SYSTEM_MODELS), TARGETS, FAULTS)
