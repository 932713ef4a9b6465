"""What stands above the facts of a comparison: what to look at first and why, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from modeltui.domain.comparison.difference import Comparison, State
from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing, TargetKey, VersionId
from modeltui.domain.suspects.suspect import Closeness, Suspect, Symptom
from modeltui.domain.suspects.unknowns import unknowns_that_matter
from modeltui.domain.text import SafeText
from modeltui.present import format as form
from modeltui.present.cells import elide_end
from modeltui.present.compare_values import arrow
from modeltui.present.glyphs import UNICODE, Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

_TONES = {Closeness.FEEDS: Tone.BREACH, Closeness.USUAL: Tone.WARN, Closeness.UNRELATED: Tone.STRONG}

_MOST_UNKNOWNS: Final = 2
_NEARNESS = {
    Closeness.FEEDS: "touches what is wrong",
    Closeness.USUAL: "can show like this",
    Closeness.UNRELATED: "",
}


def without_suspects_lines(comparison: Comparison, width: int) -> list[Line]:
    """Return in words that nothing is suspected, as far as anything is known."""
    return wrapped((Span(f" {_without_suspects(comparison)}", Tone.STRONG),), width, 1)


def drawable_suspect(suspect: Suspect, glyphs: Glyphs) -> Suspect:
    """Return a suspect whose arrows stay arrows: in ASCII a lone `>` would say which number is larger."""
    if glyphs.braille or "→" not in f"{suspect.title}{suspect.because}":
        return suspect
    title, because = (SafeText(text.replace("→", arrow(glyphs))) for text in (suspect.title, suspect.because))
    return replace(suspect, title=title, because=because)


def suspect_lines(suspect: Suspect, width: int, *, is_doubted: bool = False) -> list[Line]:
    """Return one suspect: its rank, what changed, and in a sentence why it is suspected.

    `is_doubted`: something speaks against any change of version, so that nobody is told to look here first.
    """
    lead = "Look first at " if suspect.rank == 1 and not is_doubted else ""
    head = (Span(f" {suspect.rank} ", _TONES[suspect.closeness]), Span(lead), Span(str(suspect.title), Tone.STRONG))
    return wrapped((*head, Span(f": {suspect.because}")), width, 3)


def short_suspect_line(suspect: Suspect, width: int, glyphs: Glyphs) -> Line:
    """Return one suspect on one row: its rank, what changed, how near it is to what is wrong."""
    near = _NEARNESS[suspect.closeness]
    room = width - 3 - (len(near) + 2 if near else 0)
    title = elide_end(str(suspect.title), room, glyphs.ellipsis)
    tail = (Span(f": {near}"),) if near else ()
    return (Span(f" {suspect.rank} ", _TONES[suspect.closeness]), Span(title, Tone.STRONG), *tail)


def top_line(suspect: Suspect, glyphs: Glyphs = UNICODE) -> str:
    """Return the first suspect in one line, for cards and plans: what changed, and why that is suspected."""
    shown = drawable_suspect(suspect, glyphs)
    return f"{shown.title}: {shown.because}"


def asides(comparison: Comparison, doubts: Sequence[str] = ()) -> tuple[Span, ...]:
    """Return what to hold beside the suspects: what speaks against them, what may have changed without a word of it."""
    unknown = unknowns_that_matter(comparison)[:_MOST_UNKNOWNS]
    return (*(Span(says, Tone.WARN) for says in doubts), *(Span(says, Tone.UNKNOWN) for says in unknown))


def aside_lines(said: Sequence[Span], width: int, glyphs: Glyphs) -> list[Line]:
    """Return each on rows of its own, with its mark."""
    marked = [span._replace(text=f" {glyphs.mark(span.tone)} {span.text}") for span in said]
    return [row for span in marked for row in wrapped((span,), width, 3)]


def missing_lines(comparison: Comparison, width: int, glyphs: Glyphs) -> list[Line]:
    """Return which sources are still awaited, and why other parts are missing."""
    lines: list[Line] = []
    if comparison.awaited:
        waits = f" {glyphs.unknown} waiting for {', '.join(comparison.awaited)}: what they know is not in here yet"
        lines += wrapped((Span(waits, Tone.UNKNOWN),), width, 3)
    for trouble in comparison.troubles:
        lines += wrapped((Span(f" {glyphs.warn} {trouble}", Tone.WARN),), width, 3)
    return lines


def nothing_lines(comparison: Comparison, text: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Return why no fact is shown."""
    if text:
        says = f" nothing matches /{text}: esc shows all {len(comparison.differences)} differences"
    elif not comparison.facts:
        says = f" {glyphs.unknown} nothing is known of where {comparison.a} and {comparison.b} come from"
        says += "" if comparison.awaited else ": no source tells it"
    else:
        says = f" {comparison.a} and {comparison.b} are the same in all {len(comparison.facts)} facts"
    return wrapped((Span(says, Tone.UNKNOWN),), width, 1)


def count_words(comparison: Comparison, most: int = 1_000) -> str:
    """Return how many facts there are of each state, in at most so many cells: `34 differ, 2 not known, 211 same`.

    What only one side has is counted by itself: it may be that nobody recorded it on the other.
    """
    states = [fact.state for fact in comparison.facts]
    counts = (
        (states.count(State.CHANGED), "differ"),
        (states.count(State.ONLY_A) + states.count(State.ONLY_B), "only in one"),
        (states.count(State.UNKNOWN), "not known"),
        (states.count(State.NOT_COMPARABLE), "not comparable"),
        (states.count(State.EQUAL), "same"),
    )
    words = [f"{count} {word}" for count, word in counts if count or word == "differ"]
    while len(words) > 1 and len(", ".join(words)) > most:
        words.pop()
    return ", ".join(words)


def symptom_words(symptom: Symptom, target: TargetKey) -> str:
    """Return what the suspects are ranked by."""
    drifted = [f"drift of {one}" for one in sorted(symptom.drifted)]
    wrong = ", ".join([*sorted(symptom.signals), *sorted(symptom.segments), *drifted])
    return f"ranked by what is wrong with {symptom.version} on {target}: {wrong}"


def version_note(fleet: Fleet, key: TargetKey | None, version: VersionId) -> str:
    """Return what a version is on a target: `stable`, `candidate 5.0%`, `last known good`; empty for none of them."""
    target = fleet.targets.get(key) if key else None
    if target is None:
        return ""
    good = target.known_good
    is_good = not isinstance(good, Missing) and good.version == version
    served = target.version(version)
    if isinstance(served, Missing):
        return "last known good" if is_good else ""
    share = served.desired if isinstance(served.observed, Missing) else served.observed
    words = served.role.value if isinstance(share, Missing) else f"{served.role.value} {form.percent(share)}"
    return f"{words}, known good" if is_good else words


def _without_suspects(comparison: Comparison) -> str:
    if not comparison.facts:
        return "Waiting: nothing can be compared yet" if comparison.awaited else "Nothing can be compared"
    known = [fact for fact in comparison.differences if fact.state is not State.UNKNOWN]
    unknown = len(comparison.differences) - len(known)
    if known:
        return "Nothing that could change behaviour is known to differ"
    if unknown:
        return f"Nothing is known to differ; {unknown} {'fact is' if unknown == 1 else 'facts are'} not known"
    return "Nothing differs"
