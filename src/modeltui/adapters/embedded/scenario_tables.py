"""What the models of the demo that score rows of a table have in common."""

from __future__ import annotations

from typing import Any, Final

PYTHON_311: Final = {"python": "3.11.9", "image": "tabular-3.11", "hardware": "8 vCPU", "seed": "20260114"}
PYTHON_312: Final = {"python": "3.12.6", "image": "tabular-3.12"}
OLD_LIBRARIES: Final = ["scikit-learn==1.5.2", "lightgbm==4.5.0", "numpy==1.26.4", "pandas==2.2.3", "shap==0.46.0"]
NEW_LIBRARIES: Final = ["scikit-learn==1.7.1", "lightgbm==4.6.0", "numpy==2.2.6", "pandas==2.3.1", "shap==0.48.0"]


def table_lineage(
    snapshots: list[tuple[Any, ...]],
    query: str,
    features: str,
    importances: dict[str, float],
    metrics: dict[str, float],
    **more: Any,
) -> dict[str, Any]:
    """Return the provenance that every table model begins with; data sets as name, rows, use, days that they cover."""
    return {
        "architecture": "LGBMClassifier",
        "data_snapshots": snapshots,
        "extraction_query": query,
        "feature_pipeline": features,
        "importances": importances,
        "metrics": metrics,
        "signature": f"({', '.join(importances)}, …) -> score: double",
        "parameters": {"algorithm": "lightgbm", "learning_rate": "0.05", "num_leaves": "63", "n_estimators": "800"},
        "requirements": OLD_LIBRARIES,
        "runtime": PYTHON_311,
        "environment_variables": {"OMP_NUM_THREADS": "2", "TZ": "Asia/Hong_Kong"},
        "serving_config": {"replicas": "6", "cpu limit": "2", "memory limit": "4Gi", "decision threshold": "0.72"},
        **more,
    }
