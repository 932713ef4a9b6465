"""Whether a log between two commits names code at all: where models live in git, every version is a commit."""

from __future__ import annotations

import re
from typing import Final

from modeltui.domain.comparison.difference import CodeLog
from modeltui.domain.names import NoData

_TOLD_ELSEWHERE: Final = re.compile(
    r"(?:.*/)?(?:dvc\.lock|[^/]+\.dvc|params\.(?:ya?ml|json|toml)|metrics\.(?:ya?ml|json)|[^/]*requirements[^/]*\.txt"
    r"|(?:poetry|uv|pdm|Pipfile)\.lock|conda\.ya?ml|environment\.ya?ml|Dockerfile|\.gitignore|\.gitattributes)"
    r"|(?:.*/)?(?:prompts|golden|(?:golden_)?cases)/.+\.(?:txt|md|json)|(?:.*/)?[^/]+\.(?:md|rst|pdf|png|svg)"
    r"|(?:.*/)?(?:metadata|signature|importances|feature_importances|serving|serving_config|thresholds|llm|llm_system"
    r"|components|ensemble|agent|external_effects|runtime|cases|golden_cases)\.(?:json|ya?ml)"
)
"""Files that a comparison reads by themselves, as facts of their own, and documents."""


def is_all_told_elsewhere(log: CodeLog | NoData) -> bool:
    """Tell whether a whole log names files, and none of them is code: what they say is compared fact by fact."""
    if not isinstance(log, CodeLog) or log.trouble or log.is_cut or not log.files:
        return False
    return all(_TOLD_ELSEWHERE.fullmatch(path) for path in log.files)
