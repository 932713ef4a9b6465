"""Row 1: where am I, may I write, how old is what I see, what time is it."""

from __future__ import annotations

from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Missing
from modeltui.present import format as form
from modeltui.present import words
from modeltui.present.cells import cell_width
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

_WIDE = 100
"""From this width the clock shows seconds."""


def banner(fleet: Fleet, width: int, glyphs: Glyphs, *, behind: bool = False) -> tuple[Line, Tone]:
    """Return row 1 in `width` cells, and the tone of its background.

    When it is too narrow the clock goes first, then the sources that are fresh: one that is not stays to the end.
    """
    ground = banner_tone(fleet)
    head = [Span(f" {_context_words(fleet)} ", ground), Span(f" {_mode_words(fleet)} ", ground)]
    if behind:
        head.append(Span(" DISPLAY BEHIND ", Tone.WARN))
    if not isinstance(fleet.cached_at, Missing):
        head.append(Span(f" CACHED {form.age(fleet.cached_at, fleet.at)} ago ", Tone.STALE))
    sources = []
    for source in fleet.sources.values():
        text, tone = words.source_words(source, fleet.at)
        sources.append(Span(f" {text} ", ground if tone is Tone.MUTED else tone))
    time_of_day = form.clock_time(fleet.at)
    clock = Span(f" {time_of_day if width >= _WIDE else time_of_day[:5]}Z ", ground)
    return _fitted(head, sources, clock, width, ground, glyphs), ground


def banner_tone(fleet: Fleet) -> Tone:
    """Return the tone of row 1: simulated data and production cannot be taken for each other."""
    if fleet.context.simulated:
        return Tone.BANNER_DEMO
    return Tone.BANNER_PRODUCTION if fleet.context.production else Tone.BANNER


def _context_words(fleet: Fleet) -> str:
    if fleet.context.simulated:
        return f"DEMO simulated data: {fleet.context.name}" if fleet.context.name != "demo" else "DEMO simulated data"
    return f"PROD {fleet.context.name}" if fleet.context.production else fleet.context.name


def _mode_words(fleet: Fleet) -> str:
    return "READ-ONLY" if fleet.context.read_only else "WRITES OFF"


def _fitted(head: list[Span], sources: list[Span], clock: Span, width: int, ground: Tone, glyphs: Glyphs) -> Line:
    head_width = sum(cell_width(span.text) for span in head)
    room = width - head_width
    shown = list(sources)
    while shown and sum(cell_width(span.text) for span in shown) > room:
        # The least news goes first: fresh sources, from the right.
        fresh = [index for index, span in enumerate(shown) if span.tone is ground]
        shown.pop(fresh[-1] if fresh else -1)
    used = head_width + sum(cell_width(span.text) for span in shown)
    left = width - used - cell_width(clock.text)
    if left >= 0:
        return (*head, *shown, Span(" " * left, ground), clock)
    return (*head, *shown, Span(" " * max(width - used, 0), ground))
