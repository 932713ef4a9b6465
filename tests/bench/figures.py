"""What was measured, beside what, against which aim; and the table that says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, slots=True)
class Measured:
    """The values of several runs."""

    values: tuple[float, ...]
    unit: str = "ms"

    @property
    def middle(self) -> float:
        """Return the median; not a number when nothing was measured."""
        return median(self.values) if self.values else math.nan

    def percentile(self, share: float) -> float:
        """Return the value below which this share of the runs lies: the nearest one that was measured."""
        if not self.values:
            return math.nan
        ordered = sorted(self.values)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def __str__(self) -> str:
        if not self.values:
            return "not measured"
        if len(self.values) == 1:
            return f"{short(self.middle)} {self.unit}"
        spread = f"{short(min(self.values))}–{short(max(self.values))}"
        return f"{short(self.middle)} {self.unit} ({spread}, N={len(self.values)})"


@dataclass(frozen=True, slots=True)
class Aim:
    """A number that must not be exceeded."""

    words: str
    value: float
    most: float

    @property
    def is_met(self) -> bool:
        """Tell whether it holds; what was not measured does not."""
        return self.value <= self.most


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    id: str
    what: str
    ours: Measured
    references: Mapping[str, Measured | str] = field(default_factory=dict)
    """By name; a text is the reason why there is none."""
    aims: tuple[Aim, ...] = ()
    note: str = ""

    def ratios(self) -> str:
        """Return how many times a reference our figure is."""
        return " · ".join(
            f"{short(self.ours.middle / reference.middle)}× {name}"
            for name, reference in self.references.items()
            if isinstance(reference, Measured) and reference.values and reference.middle
        )

    @property
    def verdict(self) -> str:
        """Return whether every aim is met, and by how much the others are missed."""
        missed = [aim for aim in self.aims if not aim.is_met]
        if not self.aims:
            return "-"
        if not missed:
            return "met"
        return "MISSED: " + ", ".join(f"{aim.words} is {short(aim.value)}" for aim in missed)

    def row(self) -> tuple[str, ...]:
        """Return the cells of its line."""
        references = "; ".join(f"{name} {reference}" for name, reference in self.references.items())
        what = f"{self.what} [{self.note}]" if self.note else self.what
        aims = ", ".join(aim.words for aim in self.aims)
        return self.id, what, str(self.ours), references or "-", self.ratios() or "-", aims or "-", self.verdict


HEADINGS = ("id", "what", "ours", "reference", "ratio", "aim", "met")


def ratio(ours: float, reference: Measured | str | None) -> float:
    """Return how many times the reference `ours` is; not a number without one."""
    if not isinstance(reference, Measured) or not reference.values or not reference.middle:
        return math.nan
    return ours / reference.middle


def ratio_aims(ours: float, *wanted: tuple[str, Measured | str | None, float]) -> tuple[Aim, ...]:
    """Return an aim for each (words, reference, most times); without its reference an aim says nothing."""
    return tuple(
        Aim(words, times, most) for words, reference, most in wanted if not math.isnan(times := ratio(ours, reference))
    )


def interleaved(
    contenders: Mapping[str, Callable[[], float] | str], runs: int, unit: str = "ms"
) -> dict[str, Measured | str]:
    """Measure every contender in turn, round by round, so that what the machine does meanwhile hits all alike.

    A text instead of a function is the reason why there is nothing to run.
    """
    values: dict[str, list[float]] = {name: [] for name, run in contenders.items() if not isinstance(run, str)}
    for _ in range(runs):
        for name, run in contenders.items():
            if not isinstance(run, str):
                values[name].append(run())
    return {
        name: run if isinstance(run, str) else Measured(tuple(values[name]), unit) for name, run in contenders.items()
    }


def measured(found: Mapping[str, Measured | str], name: str) -> Measured:
    """Return what was measured of one contender; empty when there was none."""
    value = found[name]
    return value if isinstance(value, Measured) else Measured(())


def others(found: Mapping[str, Measured | str], ours: str) -> dict[str, Measured | str]:
    """Return all contenders but one."""
    return {name: value for name, value in found.items() if name != ours}


def short(value: float) -> str:
    """Return a number with as many digits as it deserves."""
    if math.isnan(value):
        return "?"
    size = abs(value)
    if size >= 1_000_000:
        return f"{value / 1_000_000:.3g}M"
    if size >= 10_000:
        return f"{value / 1_000:.3g}k"
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or not size else f"{value:.2g}"


def markdown(figures: Iterable[Figure], head: Sequence[str] = ()) -> str:
    """Return a Markdown document with the table."""
    lines = [*head, "", f"| {' | '.join(HEADINGS)} |", f"|{'---|' * len(HEADINGS)}"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in figure.row()) + " |" for figure in figures]
    return "\n".join(lines) + "\n"


def plain(figure: Figure) -> str:
    """Return one figure as a few lines for a terminal."""
    name, what, ours, references, ratios, aims, verdict = figure.row()
    lines = [f"{name:4} {what}", f"       ours {ours}"]
    lines += [f"       {reference}" for reference in references.split("; ") if reference != "-"]
    lines += [f"       ratio {ratios}"] if ratios != "-" else []
    return "\n".join([*lines, f"       aim {aims}: {verdict}"])
