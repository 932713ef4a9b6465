"""Version × environment in words and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Environment, ModelName
from modeltui.domain.skew import ParityRow, Sameness, parity, skew_matrix
from modeltui.present.cells import cell_width, elide_middle, fit
from modeltui.present.format import rfc3339
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

SAMENESS_TONES = {Sameness.DIFFERENT: Tone.WARN, Sameness.UNKNOWN: Tone.UNKNOWN, Sameness.SAME: Tone.MUTED}
_MOST_NAMED = 2
"""Environments that are named one by one where most agree."""
_FACT_WIDTH = 28
_LEAST_VALUE = 9


def environments_in_order(fleet: Fleet) -> list[Environment]:
    """Return all environments: as configured, then by name."""
    seen = {key.environment for key in fleet.targets}
    configured = [environment for environment in fleet.policy.environments if environment in seen]
    return [*configured, *sorted(seen.difference(configured))]


def skew_table(fleet: Fleet) -> list[list[str]]:
    """Return heading and rows: a model, its version in each environment, the verdict."""
    environments = environments_in_order(fleet)
    rows = [["MODEL", *environments, "SKEW"]]
    for row in skew_matrix(fleet):
        stable = dict(row.stable)
        here = {key.environment for key in fleet.targets if key.model == row.model}
        versions = [str(stable.get(place, "?" if place in here else "-")) for place in environments]
        rows.append([row.model, *versions, "skewed" if row.is_skewed else ""])
    return rows


def parity_rows(fleet: Fleet, model: ModelName) -> tuple[ParityRow, ...]:
    """Return what the environments of a model run, differences first."""
    return parity(tuple(fleet.environments_of(model)))


def environments_by_version(versions: Iterable[tuple[Environment, str]]) -> str:
    """Return where each version is, the rarest first: `3.0.0 in prod-cn; 2.3.1 in 9`.

    For screens that have no room for a column per environment: the odd one out must not be what is left out.
    """
    places: dict[str, list[Environment]] = {}
    for environment, version in versions:
        places.setdefault(version, []).append(environment)
    rarest_first = sorted(places.items(), key=lambda one: (len(one[1]), one[0]))
    last = len(rarest_first) - 1
    return "; ".join(
        f"{version} in {len(where) if place == last and len(where) > _MOST_NAMED else ', '.join(where)}"
        for place, (version, where) in enumerate(rarest_first)
    )


def parity_lines(fleet: Fleet, model: ModelName, width: int, glyphs: Glyphs) -> list[Line]:
    """Return what the environments of a model run, fact by fact, differences first, side by side where they fit."""
    rows = parity_rows(fleet, model)
    if not rows:
        return [(Span(" none of the sources tells images or libraries of its environments", Tone.UNKNOWN),)]
    here = {environment for row in rows for environment, _ in row.values}
    environments = [environment for environment in environments_in_order(fleet) if environment in here]
    each = (width - _FACT_WIDTH) // max(len(environments), 1)
    longest = max(cell_width(text) for row in rows for _, value in row.values for text in (value or "",))
    each = min(each, max(longest, *(cell_width(environment) for environment in environments)) + 2)
    if each < _LEAST_VALUE:
        return [line for row in rows for line in wrapped(_grouped_fact(row), width, indent=12)]
    heads = "".join(fit(environment.upper(), each, glyphs.ellipsis) for environment in environments)
    lines: list[Line] = [(Span(" " * _FACT_WIDTH + heads, Tone.TITLE),)]
    return lines + [_fact_in_columns(row, environments, each, glyphs) for row in rows]


def _fact_in_columns(row: ParityRow, environments: list[Environment], each: int, glyphs: Glyphs) -> Line:
    values = dict(row.values)
    told = Counter(value for value in values.values() if value is not None)
    usual = told.most_common(1)[0][1] if told else 0
    # With as many of the one as of the other nobody can say which is odd: all are.
    one_usual = sum(count == usual for count in told.values()) == 1
    line = _fact_head(row)
    for environment in environments:
        value = values.get(environment)
        odd = value is not None and len(told) > 1 and not (one_usual and told[value] == usual)
        tone = Tone.UNKNOWN if value is None else Tone.WARN if odd else Tone.PLAIN
        line.append(Span(fit(elide_middle(value or "?", each - 1, glyphs.ellipsis), each), tone))
    return tuple(line)


def _grouped_fact(row: ParityRow) -> Line:
    words = environments_by_version((environment, value or "?") for environment, value in row.values)
    return (*_fact_head(row), Span(words, SAMENESS_TONES[row.sameness]))


def _fact_head(row: ParityRow) -> list[Span]:
    tone = SAMENESS_TONES[row.sameness]
    return [Span(f" {row.sameness.value:<10}", tone), Span(f"{fit(row.name, _FACT_WIDTH - 12)} ")]


def skew_object(fleet: Fleet) -> dict[str, Any]:
    """Return `modeltui.skew/1`."""
    return {
        "schema": "modeltui.skew/1",
        "at": rfc3339(fleet.at),
        "context": fleet.context.name,
        "models": [
            {
                "model": row.model,
                "skewed": row.is_skewed,
                "stable": dict(row.stable),
                "differences": [
                    {"fact": fact.name, "values": {k: v for k, v in fact.values if v is not None}}
                    for fact in parity_rows(fleet, row.model)
                    if fact.sameness is Sameness.DIFFERENT
                ],
            }
            for row in skew_matrix(fleet)
        ],
    }
