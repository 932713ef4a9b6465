"""Whether a log between two commits names code at all: where models live in git, every version is a commit."""

from __future__ import annotations

import re
from typing import Final

from modeltui.domain.comparison.difference import CodeLog
from modeltui.domain.names import NoData

_RESULT: Final = (
    r"(?:.*/)?(?:dvc\.lock|metrics\.(?:ya?ml|json)|(?:feature_)?importances\.(?:json|ya?ml)"
    r"|(?:golden_)?cases\.(?:json|ya?ml)|\.git(?:ignore|attributes)|(?:golden|(?:golden_)?cases)/.+\.(?:txt|md|json)"
    r"|[^/]+\.(?:rst|pdf|png|svg)|(?:README|MODEL_CARD|CHANGELOG)\.md)"
)
"""Files that come out of a training, or that people read: nothing in them makes a model behave."""
_TOLD: Final = (
    r"(?:.*/)?(?:[^/]+\.dvc|params\.(?:ya?ml|json|toml)|[^/]*requirements[^/]*\.txt|(?:poetry|uv|pdm|Pipfile)\.lock"
    r"|(?:conda|environment)\.ya?ml|prompts/.+\.(?:txt|md|json)|(?:metadata|signature|serving|serving_config|thresholds"
    r"|llm|llm_system|components|ensemble|agent|external_effects|runtime)\.(?:json|ya?ml)|sql/.+\.sql)"
)
"""Files of which the facts are compared by themselves, by sources that read the repository."""
_RESULTS: Final = re.compile(_RESULT)
_TOLD_ELSEWHERE: Final = re.compile(f"{_RESULT}|{_TOLD}")


def is_only_results(log: CodeLog | NoData) -> bool:
    """Tell whether a whole log names files, and only such as come out of a training."""
    return _all_match(log, _RESULTS)


def is_all_told_elsewhere(log: CodeLog | NoData) -> bool:
    """Tell whether a whole log names files, and none of them is code: what they say is compared fact by fact."""
    return _all_match(log, _TOLD_ELSEWHERE)


def _all_match(log: CodeLog | NoData, pattern: re.Pattern[str]) -> bool:
    if not isinstance(log, CodeLog) or log.trouble or log.is_cut or not log.files:
        return False
    return all(pattern.fullmatch(path) for path in log.files)
