"""Row 1: where am I, may I write, how old is what I see, what time is it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from modeltui.domain.fleet import Fleet, SourceCondition, SourceState
from modeltui.domain.names import Missing
from modeltui.present import format as form
from modeltui.present import words
from modeltui.present.cells import cell_width, elide_middle
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

_WIDE = 100
"""From this width the clock shows seconds."""
_USUAL_CONTEXT = 20
"""A name of this length stays whole as long as the rest finds room."""
_LEAST_CONTEXT = 6
"""A name cut shorter than this names nothing."""


def banner(
    fleet: Fleet, width: int, glyphs: Glyphs, *, behind: bool = False, mode: tuple[str, Tone] | None = None
) -> tuple[Line, Tone]:
    """Return row 1 in `width` cells, and the tone of its background.

    `mode` says whether anything may be written from here, where that is known better than from the configuration.

    When it is too narrow the clock goes first, then the sources that are fresh, then the words about the others,
    then the context's name: the mode, and that a source is not fresh, stay to the end.
    """
    ground = banner_tone(fleet)
    said, tone = mode or (_mode_words(fleet), Tone.PLAIN)
    marks = [Span(f" {said} ", ground if tone is Tone.PLAIN else tone)]
    lost = lost_count(fleet)
    if lost:
        marks.append(Span(f" {lost} OUTCOME{'' if lost == 1 else 'S'} UNKNOWN ", Tone.BREACH))
    if behind:
        marks.append(Span(" DISPLAY BEHIND ", Tone.WARN))
    if not isinstance(fleet.cached_at, Missing):
        marks.append(Span(f" CACHED {form.age(fleet.cached_at, fleet.at)} ago ", Tone.STALE))
    line = _narrowed(fleet, marks, width, ground, glyphs)
    time_of_day = form.clock_time(fleet.at)
    clock = Span(f" {time_of_day if width >= _WIDE else time_of_day[:5]}Z ", ground)
    left = width - _width(line)
    if left >= cell_width(clock.text):
        return (*line, Span(" " * (left - cell_width(clock.text)), ground), clock), ground
    return (*line, Span(" " * max(left, 0), ground)), ground


def lost_count(fleet: Fleet) -> int:
    """Return how many actions of this context nobody knows the end of."""
    if isinstance(fleet.journal, Missing) or not fleet.journal.open_intents:
        return 0
    from modeltui.present.journal_text import lost_intents  # who reads no journal loads nothing of it

    return len(lost_intents(fleet.journal))


def writes_words(left_seconds: float | Missing) -> str:
    """Return what row 1 says while writes are on: `WRITES ON 14:59`."""
    if isinstance(left_seconds, Missing):
        return "WRITES ON"
    left = int(max(left_seconds, 0.0))
    return f"WRITES ON {left // 60:02d}:{left % 60:02d}"


def banner_tone(fleet: Fleet) -> Tone:
    """Return the tone of row 1: simulated data and production cannot be taken for each other."""
    if fleet.context.simulated:
        return Tone.BANNER_DEMO
    return Tone.BANNER_PRODUCTION if fleet.context.production else Tone.BANNER


def _narrowed(fleet: Fleet, marks: list[Span], width: int, ground: Tone, glyphs: Glyphs) -> Line:
    """Return context, mode and sources, with as many words as fit."""
    name = elide_middle(_context_words(fleet), max(width // 3, _USUAL_CONTEXT), glyphs.ellipsis)
    context = Span(f" {name} ", ground)
    for sources in _source_words(fleet, ground):
        line = (context, *marks, *sources)
        if _width(line) <= width:
            return line
    room = width - _width((*marks, *sources))
    if fleet.context.simulated:
        return (Span(" DEMO ", ground), *marks, *sources)
    if room >= _LEAST_CONTEXT:
        return (Span(f" {elide_middle(_context_words(fleet), room - 2, glyphs.ellipsis)} ", ground), *marks, *sources)
    return (*marks, *sources)


def _source_words(fleet: Fleet, ground: Tone) -> Iterator[list[Span]]:
    """Yield what is said of the sources, ever shorter; what is not fresh is said by each."""
    shown = []
    for source in fleet.sources.values():
        text, tone = words.source_words(source, fleet.at)
        shown.append((Span(f" {text} ", ground if tone is Tone.MUTED else tone), source))
    while shown:
        yield [span for span, _ in shown]
        # The least news goes first: fresh sources, from the right.
        fresh = [place for place, (span, _) in enumerate(shown) if span.tone is ground]
        if not fresh:
            break
        shown.pop(fresh[-1])
    troubled = [(_short_words(source, fleet), span.tone) for span, source in shown]
    yield [Span(f" {text} ", tone) for text, tone in troubled]
    counted = Counter((text.rpartition(" ")[2], tone) for text, tone in troubled)
    yield [Span(f" {count} {word} ", tone) for (word, tone), count in counted.items()]
    yield [Span(f" {len(troubled)} not fresh ", troubled[0][1])] if troubled else []
    yield [Span(f" !{len(troubled)} ", troubled[0][1])] if troubled else []


def _short_words(source: SourceState, fleet: Fleet) -> str:
    condition = source.condition(fleet.at)
    if condition is SourceCondition.FRESH:
        return f"{source.name} WARNS"
    return f"{source.name} {condition.value if condition is SourceCondition.CONNECTING else condition.value.upper()}"


def _width(line: Iterable[Span]) -> int:
    return sum(cell_width(span.text) for span in line)


def _context_words(fleet: Fleet) -> str:
    if fleet.context.simulated:
        return f"DEMO simulated data: {fleet.context.name}" if fleet.context.name != "demo" else "DEMO simulated data"
    return f"PROD {fleet.context.name}" if fleet.context.production else fleet.context.name


def _mode_words(fleet: Fleet) -> str:
    return "READ-ONLY" if fleet.context.read_only else "WRITES OFF"
