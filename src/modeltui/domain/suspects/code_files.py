"""Whether a log between two commits names code at all: where models live in git, every version is a commit."""

from __future__ import annotations

import re
from typing import Final, TypeGuard

from modeltui.domain.comparison.difference import CodeLog, Comparison
from modeltui.domain.names import NoData

_RESULT: Final = (
    r"(?:.*/)?(?:dvc\.lock|metrics\.(?:ya?ml|json)|(?:feature_)?importances\.(?:json|ya?ml)"
    r"|(?:golden_)?cases\.(?:json|ya?ml)|\.git(?:ignore|attributes)|(?:golden|(?:golden_)?cases)/.+\.(?:txt|md|json)"
    r"|[^/]+\.(?:rst|pdf|png|svg)|(?:README|MODEL_CARD|CHANGELOG)\.md)"
)
"""Files that come out of a training, or that people read: nothing in them makes a model behave."""
_TOLD_IN: Final = (
    (r"[^/]+\.dvc", "data."),
    (r"params\.(?:ya?ml|json|toml)", "parameters."),
    (r"[^/]*requirements[^/]*\.txt|(?:poetry|uv|pdm|Pipfile)\.lock|(?:conda|environment)\.ya?ml", "environment."),
    (r"runtime\.(?:json|ya?ml)", "environment."),
    (r"prompts/.+\.(?:txt|md|json)", "prompts."),
    (r"sql/.+\.sql", "query"),
    (r"signature\.(?:json|ya?ml)", "artifact.signature"),
    (r"(?:serving|serving_config|thresholds)\.(?:json|ya?ml)", "serving."),
    (r"(?:llm|llm_system)\.(?:json|ya?ml)", "system."),
    (r"(?:components|ensemble)\.(?:json|ya?ml)", "components."),
    (r"(?:agent|external_effects)\.(?:json|ya?ml)", "agent."),
    (r"metadata\.(?:json|ya?ml)", ""),
)
"""Files of which the facts are compared by themselves, by sources that read the repository; and how these begin."""
_RESULTS: Final = re.compile(_RESULT)
_TOLD: Final = tuple((re.compile(rf"(?:.*/)?(?:{path})"), fields) for path, fields in _TOLD_IN)


def is_only_results(log: CodeLog | NoData) -> bool:
    """Tell whether a whole log names files, and only such as come out of a training."""
    return all(map(_RESULTS.fullmatch, log.files)) if _is_whole(log) else False


def is_all_told_elsewhere(comparison: Comparison) -> bool:
    """Tell whether a whole log names files, none of them is code, and of each somebody tells what both versions say.

    The name of a file alone tells nothing: where no source reads it, the commit is all that is known of its change.
    """
    log = comparison.code_log
    if not _is_whole(log):
        return False
    fields = [fact.field for fact in comparison.facts if fact.a.claims and fact.b.claims]
    patterns = [_RESULTS, *(one for one, begin in _TOLD if any(field.startswith(begin) for field in fields))]
    return all(any(pattern.fullmatch(path) for pattern in patterns) for path in log.files)


def _is_whole(log: CodeLog | NoData) -> TypeGuard[CodeLog]:
    return isinstance(log, CodeLog) and not log.trouble and not log.is_cut and bool(log.files)
