"""Why a fact is not known or cannot be compared, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from modeltui.domain.claims import algorithm
from modeltui.domain.comparison.difference import State
from modeltui.domain.comparison.facts import Kind, Told
from modeltui.domain.comparison.sides import Said, Silence
from modeltui.domain.comparison.speaking import groups_of
from modeltui.domain.names import SourceName, VersionId
from modeltui.domain.text import SafeText

_LONGEST: Final = 60


def unknown(version: VersionId, silence: Silence) -> SafeText:
    """Return why a fact of a version is not known."""
    return SafeText(f"{version}: {silence.why}.")


def no_measure(version_a: VersionId, a: Said, version_b: VersionId, b: Said) -> tuple[State, SafeText]:
    """Return what two values without a common measure come to."""
    match a.told.kind:
        case Kind.UNSAVED:
            return State.UNKNOWN, SafeText("Both were made with uncommitted changes, and nobody knows which.")
        case Kind.SPAN:
            return State.UNKNOWN, SafeText("The spans are not known whole.")
        case Kind.NAME:
            who = " and ".join(sorted((a.source, b.source)))
            return State.NOT_COMPARABLE, SafeText(f"{who} name it each in its own way.")
    one, other = (str(said.told.value).lower() for said in (a, b))
    if algorithm(SafeText(one)) and algorithm(SafeText(one)) == algorithm(SafeText(other)):
        shorter = version_a if len(one) < len(other) else version_b
        return State.NOT_COMPARABLE, SafeText(f"The digests begin alike, and that of {shorter} is cut short.")
    made = sorted(f"that of {version} {_made(said.told)}" for version, said in ((version_a, a), (version_b, b)))
    return State.NOT_COMPARABLE, SafeText(f"The digests were not made the same way: {', '.join(made)}.")


def _made(told: Told) -> str:
    found = algorithm(SafeText(str(told.value)))
    return f"is {found}" if found else "does not say how"


def contradiction(
    sides: Iterable[tuple[VersionId, Sequence[Said], frozenset[SourceName]]],
) -> SafeText:
    """Return who says what where sources contradict each other."""
    sentences = []
    for version, said, denying in sides:
        groups = groups_of(said)
        spoken = [
            f"{_all(sources)} {'say' if len(sources) > 1 else 'says'} {short(first.told)}" for first, sources in groups
        ]
        spoken += [f"{source} lists none" for source in sorted(denying)]
        sentences.append(f"Of {version} {', '.join(spoken)}.")
    return SafeText(" ".join(sorted(sentences)))


def _all(sources: Sequence[SourceName]) -> str:
    return " and ".join(sources)


def short(told: Told) -> str:
    """Return a value as it stands in a sentence."""
    if isinstance(told.value, tuple):
        return f"a text of {len(told.value)} lines"
    text = f"{told.value:g}" if isinstance(told.value, float) else str(told.value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
