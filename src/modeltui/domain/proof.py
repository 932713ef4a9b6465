"""What a look at a version proves: being fine beside its predecessor counts only when the two were compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from modeltui.domain.fleet import ServedVersion
from modeltui.domain.health import Change, Level, Rule
from modeltui.domain.names import Missing, SignalName
from modeltui.domain.rollout import Role
from modeltui.domain.version import version_order


def proven_level(
    version: ServedVersion, beside: Iterable[ServedVersion], rules: Mapping[SignalName, tuple[Rule, ...]]
) -> Level:
    """Return the level that counts as evidence for `version`, with those that answer `beside` it.

    A version that nobody can be compared with proves itself by its absolute limits. But while an older one that
    nobody rolls out answers too (a holdback, or what was replaced), figures that were not compared prove nothing:
    else a bad version that was there before anybody looked would be trusted for not having been judged.
    """
    if version.level is not Level.OK or not _lacks_comparison(version, rules):
        return version.level
    return Level.NO_LIMIT if any(_precedes(other, version) for other in beside) else version.level


def _lacks_comparison(version: ServedVersion, rules: Mapping[SignalName, tuple[Rule, ...]]) -> bool:
    return any(
        isinstance(cell.verdict.baseline, Missing)
        and any(isinstance(rule.limit, Change) for rule in rules.get(signal, ()))
        for signal, cell in version.cells.items()
    )


def _precedes(other: ServedVersion, version: ServedVersion) -> bool:
    answers = not isinstance(other.observed, Missing) and other.observed > 0
    older = version_order(other.version) < version_order(version.version)
    return answers and other.role is Role.UNASSIGNED and older
