"""What is wrong with a configuration, with the place of each mistake."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modeltui.domain.errors import ConfigError
from modeltui.domain.text import safe_text

MOST_SHOWN = 20
"""More mistakes than this are the consequence of one; the rest is counted."""

_SHORTEST_BEGINNING = 3
"""`for` means `for_seconds`; two letters could mean anything."""
CORRECT_AND_CHECK = "Correct the file, then run `modeltui config check`. `modeltui config schema` lists every key."


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    file: str
    line: int = 0
    """From 1; 0 when the whole file is meant."""
    column: int = 0
    """From 1, in characters."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake."""

    place: Place
    path: str
    """The keys that lead there, `contexts.production.mode`; empty for the file itself."""
    says: str
    """What was found and what was expected; never a secret."""

    def __str__(self) -> str:
        return f"{self.place}: {self.path}: {self.says}" if self.path else f"{self.place}: {self.says}"


class InvalidConfigError(ConfigError):
    """One or more mistakes in one file; `title` has a line for each of the first twenty."""

    def __init__(self, problems: Sequence[Problem], remedy: str = CORRECT_AND_CHECK) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.place.line, problem.place.column)))
        """All of them, in the order of the file."""
        lines = [str(problem) for problem in self.problems[:MOST_SHOWN]]
        hidden = len(self.problems) - len(lines)
        if hidden:
            lines.append(f"… and {hidden} more")
        super().__init__("\n".join(lines), remedy)


def shown(text: str) -> str:
    """Return a value as an error may quote it: short, visible, in quotes."""
    return f"'{safe_text(text, 60)}'" if text else "nothing"


def did_you_mean(wrong: str, right: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` when one of `right` is close to `wrong`, else nothing."""
    from difflib import get_close_matches  # only on the way to an error

    known = {word.lower(): word for word in right}
    asked = wrong.lower()[:100]
    longer = [word for word in known if len(asked) >= _SHORTEST_BEGINNING and word.startswith(asked)]
    close = longer if len(longer) == 1 else get_close_matches(asked, known, n=1, cutoff=0.6)
    return f"; did you mean '{known[close[0]]}'?" if close else ""


def one_of(words: Iterable[str]) -> str:
    """Return `'a', 'b' or 'c'`."""
    quoted = [f"'{word}'" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
