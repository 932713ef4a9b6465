"""The models of the demo that are more than one file of weights. Every name in here is invented."""

from __future__ import annotations

from typing import Final

from modeltui.adapters.embedded.plans import ModelPlan, Quality, VersionPlan

_LLM_LIBRARIES: Final = ["transformers==4.56.1", "torch==2.8.0", "numpy==2.2.6", "faiss-cpu==1.12.0"]
_LLM_RUNTIME: Final = {"python": "3.12.6", "image": "llm-gateway-3.12", "hardware": "2 x 80 GB accelerator"}

SUPPORT_ASSISTANT: Final = ModelPlan(
    name="support-assistant",
    owner="customer-care",
    kind="llm-system",
    business="share of conversations solved without a person",
    quality=Quality(
        error_rate=0.003,
        latency_seconds=1.7,
        latency_spread=0.5,
        confidence=0.83,
        confidence_spread=0.14,
        business=0.74,
    ),
    segments={"language=zh-hk": 0.45, "language=en": 0.35, "language=zh-cn": 0.20},
    features=("feature=question_topics", "feature=question_length"),
    repository="git.harbourlight.example/care/support-assistant",
    lineage={
        "data_snapshots": [("help_articles", 8_400, "retrieval"), ("care_dialogues", 96_000, "evaluation")],
        "prompts": {
            "system": "You answer customers of Harbourlight Pay.\nUse only the articles given.\nSay so when they do not"
            " answer the question, and offer a colleague.",
            "refusal": "I cannot help with that here. A colleague will take over.",
            "summary": "Summarise the conversation for the colleague in three sentences.",
        },
        "llm_system": {
            "base model": "lantern-70b-instruct@2026-03-18",
            "temperature": "0.2",
            "max output tokens": "700",
            "retrieval index": "help-articles@sha256:4f0c77b1",
            "embedding model": "lantern-embed-v3@2026-01-09",
            "top k": "6",
            "reranker": "lantern-rerank-small@2025-11-30",
            "guardrails": "care-rails 2.4.0",
            "tools": "order_status, open_ticket",
            "orchestration": "care-graph 1.8.0",
        },
        "parameters": {"judge": "lantern-judge@2026-03-18", "evaluation set": "care-golden-400"},
        "requirements": _LLM_LIBRARIES,
        "runtime": _LLM_RUNTIME,
        "architecture": "answers from retrieved articles",
        "environment_variables": {"TOKENIZERS_PARALLELISM": "false"},
        "cases": {
            "where is my refund": "cites the article on refunds",
            "asks for a discount": "refuses, offers a colleague",
            "card lost abroad, in Cantonese": "cites the article on lost cards",
        },
        "signature": "(conversation: messages) -> answer: text, sources: list",
        "metrics": {"answer quality": 0.842, "grounded": 0.951, "refusals": 0.031},
        "segment_metrics": {
            "answer quality/language=zh-hk": 0.836,
            "answer quality/language=en": 0.861,
            "answer quality/language=zh-cn": 0.827,
        },
        "serving_config": {"replicas": "4", "max concurrency": "64", "time-out": "30s"},
    },
    versions=(
        VersionPlan("r11", 150, "h.yamada", "Cantonese articles."),
        VersionPlan(
            "r12",
            110,
            "h.yamada",
            "Tool to open a ticket.",
            {"llm_system": {"tools": "order_status, open_ticket, refund_status"}},
        ),
        VersionPlan("r13", 71, "h.yamada", "Larger retrieval.", {"llm_system": {"top k": "12"}}, passed_gates=False),
        VersionPlan(
            "r14",
            52,
            "e.oconnell",
            "Smaller retrieval again, new guardrails.",
            {
                "llm_system": {"top k": "8", "guardrails": "care-rails 2.5.1"},
                "metrics": {"answer quality": 0.857, "grounded": 0.958},
            },
        ),
        VersionPlan(
            "r15",
            3,
            "e.oconnell",
            "Friendlier tone; shorter answers.",
            {
                "prompts": {
                    "system": "You are a warm, concise helper of Harbourlight Pay.\nPrefer the articles given.\nKeep"
                    " answers under eighty words, and offer a colleague when you are unsure.",
                },
                "llm_system": {"temperature": "0.4", "retrieval index": "help-articles@sha256:9ad2e315"},
                "cases": {"asks for a discount": "offers a discount that does not exist"},
                "metrics": {"answer quality": 0.861, "grounded": 0.947, "refusals": 0.022},
            },
            {"latency_seconds": 1.5},
            same_data=True,
        ),
    ),
    pointers={"champion": "r14", "challenger": "r15"},
)

PRICING_ENSEMBLE: Final = ModelPlan(
    name="pricing-ensemble",
    owner="merchant-pricing",
    kind="ensemble",
    business="share of quotes accepted",
    quality=Quality(error_rate=0.002, latency_seconds=0.085, confidence=0.85, business=0.58),
    segments={"sector=retail": 0.52, "sector=food": 0.31, "sector=travel": 0.17},
    features=("feature=volume_forecast", "feature=sector_margin"),
    repository="git.harbourlight.example/pricing/ensemble",
    lineage={
        "data_snapshots": [("quotes", 2_100_000, "training", 365), ("contracts", 380_000, "labels", 365)],
        "components": {"price-gbm": "3.3.0", "elasticity-net": "1.9.1", "margin-guard": "12"},
        "extraction_query": "SELECT q.*, c.accepted FROM quotes q LEFT JOIN contracts c USING (quote_id)",
        "feature_pipeline": "pricing-features 8.1.0",
        "parameters": {"combination": "weighted median", "weights": "0.5, 0.35, 0.15"},
        "requirements": ["lightgbm==4.6.0", "torch==2.8.0", "numpy==2.2.6", "pandas==2.3.1"],
        "runtime": {"python": "3.12.6", "image": "ensemble-3.12", "hardware": "8 vCPU", "seed": "11"},
        "architecture": "weighted median of three members",
        "environment_variables": {"OMP_NUM_THREADS": "4"},
        "cases": {"food stall, 40 000 a month": "1.9 %", "airline, 9 million a month": "0.7 %"},
        "signature": "(quote) -> price: double, floor: double",
        "importances": {"volume_forecast": 0.43, "sector_margin": 0.33, "competitor_index": 0.24},
        "metrics": {"margin error": 0.031, "accepted": 0.574},
        "serving_config": {"replicas": "3", "member time-out": "60ms", "on missing member": "margin-guard"},
    },
    versions=(
        VersionPlan("6.4.0", 300, "g.silva", "Three members."),
        VersionPlan("7.0.0", 210, "g.silva", "Elasticity by sector.", {"components": {"elasticity-net": "1.9.2"}}),
        VersionPlan(
            "7.0.1",
            180,
            "g.silva",
            "Guard against negative margins.",
            {"components": {"margin-guard": "13"}},
            same_data=True,
        ),
        VersionPlan("7.0.2", 88, "g.silva", "New tree member.", {"components": {"price-gbm": "3.4.0"}}),
        VersionPlan(
            "7.1.0",
            5,
            "p.castellan",
            "Competitor index.",
            {"components": {"price-gbm": "3.5.0"}, "cases": {"airline, 9 million a month": "1.1 %"}},
            approved_by="",
        ),
    ),
    pointers={"champion": "7.0.2", "challenger": "7.1.0"},
)

PRICE_GBM: Final = ModelPlan(
    name="price-gbm",
    owner="merchant-pricing",
    business="serves inside pricing-ensemble",
    quality=Quality(),
    repository="git.harbourlight.example/pricing/price-gbm",
    lineage={
        "architecture": "LGBMRegressor",
        "data_snapshots": [("quotes", 2_100_000, "training", 365)],
        "extraction_query": "SELECT sector, volume, margin, price FROM quotes WHERE accepted IS NOT NULL",
        "feature_pipeline": "pricing-features 8.1.0",
        "parameters": {"learning_rate": "0.05", "num_leaves": "47", "n_estimators": "600"},
        "requirements": ["lightgbm==4.6.0", "numpy==2.2.6", "pandas==2.3.1"],
        "runtime": {"python": "3.12.6", "image": "tabular-3.12", "hardware": "8 vCPU", "seed": "11"},
        "signature": "(sector, volume, margin) -> price: double",
        "importances": {"volume": 0.58, "margin": 0.31, "sector": 0.11},
        "metrics": {"mape": 0.081},
    },
    versions=(
        VersionPlan("3.2.0", 420, "g.silva", "Monthly quotes."),
        VersionPlan("3.3.0", 310, "g.silva", "By sector.", {"metrics": {"mape": 0.079}}),
        VersionPlan(
            "3.4.0", 92, "g.silva", "More trees.", {"parameters": {"n_estimators": "1000"}, "metrics": {"mape": 0.076}}
        ),
        VersionPlan(
            "3.5.0",
            7,
            "p.castellan",
            "Competitor index.",
            {
                "signature": "(sector, volume, margin, competitor_index) -> price: double",
                "feature_pipeline": "pricing-features 8.2.0",
                "importances": {"competitor_index": 0.22},
                "metrics": {"mape": 0.069},
            },
            approved_by="",
        ),
    ),
    pointers={"champion": "3.4.0"},
)
"""A member of the ensemble: it serves nowhere by itself."""

KYC_AGENT: Final = ModelPlan(
    name="kyc-agent",
    owner="onboarding",
    kind="agent",
    business="share of files completed without a person",
    quality=Quality(
        error_rate=0.006,
        latency_seconds=5.2,
        latency_spread=0.45,
        confidence=0.80,
        confidence_spread=0.13,
        business=0.69,
    ),
    segments={"entity=person": 0.72, "entity=company": 0.28},
    repository="git.harbourlight.example/onboarding/kyc-agent",
    lineage={
        "data_snapshots": [("kyc_files_golden", 1_200, "evaluation")],
        "prompts": {
            "plan": "List the documents that are still missing, then the checks, in this order.",
            "decide": "Decide only when every check has an answer; otherwise hand over.",
        },
        "llm_system": {
            "base model": "lantern-32b-tools@2026-02-02",
            "temperature": "0",
            "tools": "read_document 3.1, company_register 2.0, sanctions_lookup 1.4",
            "memory": "per file, thirty days",
            "step limit": "24",
            "guardrails": "onboarding-rails 1.2.0",
            "policy": "hand over when a tool fails twice",
        },
        "architecture": "plan, call tools, decide",
        "agent": {
            "snapshot": "kyc-agent@2026-06-30",
            "memory": "sha256:5b0f64ce",
            "tools.read_document": "3.1",
            "tools.company_register": "2.0",
            "tools.sanctions_lookup": "1.4",
            "permissions": "read files, open cases",
        },
        "cases": {"passport expired last week": "hand over", "company with two directors": "complete"},
        "parameters": {"evaluation set": "kyc-golden-1200", "trials per file": "3"},
        "requirements": ["torch==2.8.0", "transformers==4.56.1", "pydantic==2.11.7"],
        "runtime": {"python": "3.12.6", "image": "agent-runner-3.12", "hardware": "1 x 80 GB accelerator"},
        "signature": "(file) -> decision, reasons: list, steps: list",
        "metrics": {"completed": 0.684, "wrong decisions": 0.004, "steps per file": 9.3},
        "serving_config": {"replicas": "2", "budget per file": "90s"},
    },
    versions=(
        VersionPlan("1.5.0", 140, "v.dimitrov", "Companies."),
        VersionPlan("1.6.0", 101, "v.dimitrov", "Register of companies as a tool."),
        VersionPlan(
            "1.7.0",
            66,
            "v.dimitrov",
            "Longer memory.",
            {"llm_system": {"memory": "per file, ninety days"}},
            passed_gates=False,
        ),
        VersionPlan(
            "1.8.0",
            47,
            "w.achterberg",
            "Memory as before, step limit.",
            {
                "llm_system": {"memory": "per file, thirty days", "step limit": "18"},
                "agent": {"snapshot": "kyc-agent@2026-10-03", "memory": "sha256:c81a09d2"},
            },
            effects=("opened case K-20417 in the case system", "asked customer 88102 for a newer passport"),
        ),
        VersionPlan(
            "1.9.0-rc.1",
            2,
            "w.achterberg",
            "Newer base model.",
            {
                "llm_system": {"base model": "lantern-32b-tools@2026-09-30"},
                "cases": {"passport expired last week": "complete"},
            },
            approved_by="",
            effects=("closed case K-20460 in the case system",),
        ),
    ),
    pointers={"champion": "1.8.0", "challenger": "1.9.0-rc.1"},
)

DOCUMENT_OCR: Final = ModelPlan(
    name="document-ocr",
    owner="onboarding",
    kind="vision",
    business="share of pages read without a second photo",
    quality=Quality(error_rate=0.003, latency_seconds=0.24, confidence=0.90, business=0.88),
    segments={"device=phone": 0.81, "device=scanner": 0.19},
    repository="git.harbourlight.example/onboarding/document-ocr",
    lineage={
        "architecture": "convnext-s",
        "environment_variables": {"CUDA_MODULE_LOADING": "LAZY"},
        "cases": {"passport under a lamp": "8 of 9 fields", "tilted driving licence": "all fields"},
        "data_snapshots": [("document_scans", 740_000, "training", 540), ("document_scans_golden", 5_000, "test")],
        "feature_pipeline": "page-prep 1.4.0",
        "parameters": {"backbone": "convnext-s", "input": "1024x1024", "epochs": "40", "batch size": "96"},
        "requirements": ["torch==2.8.0", "torchvision==0.23.0", "pillow==11.3.0", "numpy==2.2.6"],
        "runtime": {"python": "3.12.6", "image": "vision-3.12", "hardware": "1 x 24 GB accelerator", "seed": "4"},
        "signature": "(page: image) -> fields: list",
        "metrics": {"field accuracy": 0.972, "page failures": 0.018},
        "segment_metrics": {"field accuracy/device=phone": 0.968, "field accuracy/device=scanner": 0.988},
        "serving_config": {"replicas": "3", "batching": "8 or 20ms"},
    },
    versions=(
        VersionPlan("3.0.0", 260, "x.moreau", "New backbone."),
        VersionPlan("3.1.0", 200, "x.moreau", "Tilted pages."),
        VersionPlan("3.1.2", 150, "x.moreau", "Passports of 2026.", {"metrics": {"field accuracy": 0.975}}),
        VersionPlan(
            "3.1.4",
            61,
            "x.moreau",
            "Glare.",
            {
                "parameters": {"augmentation": "tilt, glare"},
                "metrics": {"field accuracy": 0.978},
                "cases": {"passport under a lamp": "all fields"},
            },
        ),
    ),
    pointers={"champion": "3.1.4"},
)

SYSTEM_MODELS: Final = (SUPPORT_ASSISTANT, PRICING_ENSEMBLE, PRICE_GBM, KYC_AGENT, DOCUMENT_OCR)
