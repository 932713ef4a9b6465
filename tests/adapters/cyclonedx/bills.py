"""Bills of material as build pipelines write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SHA = "9f" * 32
IMAGE_SHA = "ab" * 32


def model(version: str = "v1.1", **more: Any) -> dict[str, Any]:
    """Return the component that is a version of fraud-detector."""
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "group": "acme",
        "name": "fraud-detector",
        "version": version,
        "publisher": "Fraud Team",
        "description": "Scores card payments.",
        "hashes": [{"alg": "SHA-512", "content": "cd" * 64}, {"alg": "SHA-256", "content": SHA}],
        "licenses": [{"license": {"id": "Apache-2.0"}}, {"license": {"name": "Ours"}}],
        "externalReferences": [{"type": "distribution", "url": "https://models.example.com/fraud/v1.1.tar"}],
        "pedigree": {"ancestors": [{"type": "machine-learning-model", "name": "fraud-base", "version": "3"}]},
        "properties": [{"name": "ticket", "value": "RISK-7"}, {"name": "api_key", "value": "very-secret-1"}],
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": "classification",
                "architectureFamily": "gradient boosting",
                "modelArchitecture": "LGBMClassifier",
                "datasets": [
                    {"ref": "transactions"},
                    {"type": "dataset", "name": "chargebacks", "contents": {"url": "s3://lake/chargebacks"}},
                ],
                "inputs": [{"format": "amount: double"}, {"format": "merchant: string"}],
                "outputs": [{"format": "score: double"}],
            },
            "quantitativeAnalysis": {
                "performanceMetrics": [
                    {"type": "auc", "value": "0.94"},
                    {"type": "auc", "value": "0.88", "slice": "region=hk"},
                    {"type": "recall", "value": "0.71", "slice": "region=hk"},
                    {"type": "accuracy", "value": "91 %"},
                ]
            },
            "considerations": {
                "users": ["Risk analysts"],
                "technicalLimitations": ["Weak on micro merchants"],
                "ethicalConsiderations": [{"name": "bias", "mitigationStrategy": "monthly review"}],
                "fairnessAssessments": [{"groupAtRisk": "new customers", "harms": "declined payments"}],
            },
        },
        **more,
    }


def bill(*models: dict[str, Any], spec: str = "1.6", **more: Any) -> dict[str, Any]:
    """Return a document with these models, the libraries that they run with, and others that they do not."""
    libraries = [
        {
            "type": "library",
            "bom-ref": "lgb",
            "name": "lightgbm",
            "version": "4.5.0",
            "purl": "pkg:pypi/lightgbm@4.5.0",
        },
        {"type": "library", "bom-ref": "np", "name": "numpy", "version": "2.1.3"},
        {"type": "library", "bom-ref": "npm", "name": "x", "version": "1", "purl": "pkg:npm/%40scope/x@1"},
        {"type": "framework", "bom-ref": "py", "name": "Python", "version": "3.11.7"},
        {"type": "library", "bom-ref": "other", "name": "left-pad", "version": "1.0"},
        {
            "type": "container",
            "bom-ref": "image",
            "name": "registry.example.com/python",
            "version": "3.11-slim",
            "hashes": [{"alg": "SHA-256", "content": IMAGE_SHA}],
        },
    ]
    data = {
        "type": "data",
        "bom-ref": "transactions",
        "name": "card_transactions",
        "version": "2026-01-14",
        "properties": [{"name": "split", "value": "training"}],
        "data": [{"type": "dataset", "name": "Card transactions", "contents": {"url": "s3://lake/card/2026-01-14"}}],
    }
    return {
        "bomFormat": "CycloneDX",
        "specVersion": spec,
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "version": 1,
        "metadata": {"timestamp": "2026-01-14T03:41:00Z"},
        "components": [*(models or (model(),)), data, *libraries],
        "dependencies": [
            {"ref": "model", "dependsOn": ["lgb", "py", "npm", "image", "transactions"]},
            {"ref": "lgb", "dependsOn": ["np"]},
        ],
        **more,
    }


def write(path: Path, document: Any) -> Path:
    """Write a document; text and bytes as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    path.write_bytes(raw)
    return path
