"""One thing that went into a version, in words: on its row, and whole when it is unfolded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from modeltui.domain.ancestry_origins import Origin
from modeltui.domain.comparison.numbers import number_of, quantity_of
from modeltui.domain.lineage import Artifact, CodeRevision, DataSnapshot
from modeltui.domain.names import Instant, Missing
from modeltui.domain.origin_kind import OriginKind
from modeltui.present import format as form
from modeltui.present.cells import cell_width, elide_end, elide_middle, fit
from modeltui.present.compare_values import number_words, short_digest
from modeltui.present.compare_words import cut_long
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

_MOST_LINES: Final = 200
_WIDEST_NAME: Final = 20
_WORTH_SHOWING: Final = 24
"""Cells in which a shortened address still tells something."""
_FIRST: Final = ("base", "snapshot", "memory", "retriev", "index", "embed", "rank", "guard", "tool", "orchestr")
"""Parts of a system in the order in which somebody looks for them; others follow as they were told."""

LABELS: Final = {OriginKind.MEMBER: "made of", OriginKind.SYSTEM: "LLM system"}
"""What kinds are called on a row, where the word itself is not enough."""


def is_drawn(origin: Origin) -> bool:
    """Tell whether an origin has a row: not what nobody asks of a model of its kind and nobody could know."""
    return origin.applies or not isinstance(origin.value, Missing) or not origin.is_missing


def is_setting(origin: Origin) -> bool:
    """Tell whether a part of a system is an amount: `temperature 0.2`; those share a row."""
    value = origin.value
    is_amount = isinstance(value, str) and (number_of(value) is not None or quantity_of(value) is not None)
    return origin.kind.is_table and origin.kind is not OriginKind.PROMPT and is_amount and not origin.is_contradicted


def in_order(origins: Iterable[Origin]) -> list[Origin]:
    """Return the origins of one kind in the order in which they are read, amounts last."""
    found = list(origins)
    if not found or not found[0].kind.is_table or found[0].kind is OriginKind.PROMPT:
        return found
    return sorted(found, key=lambda one: (is_setting(one), _place(one.name.lower())))


def _place(name: str) -> int:
    return next((place for place, word in enumerate(_FIRST) if word in name), len(_FIRST))


def name_width(origins: Sequence[Origin]) -> int:
    """Return the cells in which the names of parts of one kind stand below each other."""
    return min(max((cell_width(one.name) for one in origins if not is_setting(one)), default=0), _WIDEST_NAME)


def origin_spans(origin: Origin, now: Instant, room: int | None, names: int, glyphs: Glyphs) -> list[Span]:
    """Return an origin in words: in at most `room` cells with a mark for what is left out, or whole without `room`."""
    if isinstance(origin.value, Missing):
        return [Span(f"{glyphs.unknown} {origin.gap}", Tone.UNKNOWN)]
    doubt = [Span(f"  {glyphs.warn} only {origin.source} says so", Tone.WARN)] if origin.is_contradicted else []
    left = None if room is None else room - sum(cell_width(span.text) for span in doubt)
    return [*_value_spans(origin, now, left, names, glyphs), *doubt]


def heading_spans(origin: Origin, names: int, glyphs: Glyphs) -> list[Span]:
    """Return what stands above a text that is shown whole: its name, and how many lines follow."""
    lines = len(origin.value) if isinstance(origin.value, tuple) else 1
    count = Span(f"{lines} line{'' if lines == 1 else 's'}", Tone.MUTED)
    return [*_name_spans(origin, names, glyphs), count]


def _name_spans(origin: Origin, names: int, glyphs: Glyphs) -> list[Span]:
    if not origin.kind.is_table:
        return []
    name = elide_middle(origin.name, _WIDEST_NAME, glyphs.ellipsis)
    return [Span(f"{fit(name, names, glyphs.ellipsis)}  ", Tone.MUTED)]


def settings_spans(origins: Sequence[Origin]) -> list[Span]:
    """Return amounts on one row."""
    spans: list[Span] = []
    for one in origins:
        spans += [Span(f"{', ' if spans else ''}{one.name} ", Tone.MUTED), Span(str(one.value))]
    return spans


def _value_spans(origin: Origin, now: Instant, room: int | None, names: int, glyphs: Glyphs) -> list[Span]:
    value = origin.value
    head = _name_spans(origin, names, glyphs)
    room = room - names - 2 if room is not None and head else room
    match value:
        case DataSnapshot():
            return fitted(_snapshot_spans(value, now), room, glyphs)
        case CodeRevision():
            return fitted(_code_spans(value), room, glyphs)
        case Artifact():
            return _artifact_spans(value, room, glyphs)
        case tuple():
            return [*head, *_lines_spans(value, room, glyphs)]
    text = _address(str(value))
    return [*head, Span(text if room is None else elide_middle(text, room, glyphs.ellipsis), Tone.STRONG)]


def fitted(spans: Sequence[Span], room: int | None, glyphs: Glyphs) -> list[Span]:
    """Return as many of the spans as there is room for, the last of them shortened, and a mark for those left out."""
    if room is None or sum(cell_width(span.text) for span in spans) <= room:
        return list(spans)
    mark = Span(f" {glyphs.ellipsis}", Tone.MUTED)
    left = room - cell_width(mark.text)
    kept: list[Span] = []
    for span in spans:
        if cell_width(span.text) > left and (kept and left < _WORTH_SHOWING):
            return [*kept, mark]
        text = elide_middle(span.text, max(left, 4), glyphs.ellipsis)
        kept.append(span._replace(text=text))
        left -= cell_width(text)
    return kept


def _address(text: str) -> str:
    """Return an address with its digest shortened: `registry/image@sha256:9f13…`."""
    if " " in text:
        return text
    before, at_sign, digest = text.rpartition("@")
    return f"{before}{at_sign}{short_digest(digest)}" if at_sign and before else short_digest(text)


def _artifact_spans(artifact: Artifact, room: int | None, glyphs: Glyphs) -> list[Span]:
    size = "" if isinstance(artifact.size_bytes, Missing) else f"  {number_words(float(artifact.size_bytes))}B"
    digest = "" if isinstance(artifact.digest, Missing) else f"  {short_digest(artifact.digest)}"
    uri = str(artifact.uri)
    if room is not None:
        uri = elide_middle(uri, max(room - cell_width(f"{digest}{size}"), 12), glyphs.ellipsis)
    return [Span(uri, Tone.STRONG), Span(f"{digest}{size}")]


def _lines_spans(lines: tuple[str, ...], room: int | None, glyphs: Glyphs) -> list[Span]:
    is_list = len(lines) < 8 and all(len(line) < 40 for line in lines)
    whole = ", ".join(lines)
    if is_list and (room is None or cell_width(whole) <= room):
        return [Span(whole or "empty")]
    more = f"  +{len(lines) - 1} line{'s' if len(lines) > 2 else ''}" if len(lines) > 1 else ""
    first = cut_long(str(lines[0]), glyphs.ellipsis)
    if room is not None:
        first = elide_end(first, max(room - cell_width(more), 4), glyphs.ellipsis)
    return [Span(first), *([Span(more, Tone.MUTED)] if more else [])]


def _snapshot_spans(snapshot: DataSnapshot, now: Instant) -> list[Span]:
    spans = [Span(str(snapshot.name), Tone.STRONG)]
    if not isinstance(snapshot.used_for, Missing):
        spans.append(Span(f" {snapshot.used_for}", Tone.MUTED))
    if not isinstance(snapshot.digest, Missing):
        spans.append(Span(f"  {short_digest(snapshot.digest)}"))
    if not isinstance(snapshot.rows, Missing):
        spans.append(Span(f"  {number_words(float(snapshot.rows))} rows"))
    if not isinstance(snapshot.taken_at, Missing):
        spans.append(Span(f"  taken {form.about(now - snapshot.taken_at)} ago", Tone.MUTED))
    if days := _days(snapshot):
        spans.append(Span(f"  {days}"))
    if not isinstance(snapshot.origin, Missing):
        spans.append(Span(f"  from {snapshot.origin}", Tone.MUTED))
    return spans


def _days(snapshot: DataSnapshot) -> str:
    begins, ends = (_day(at) for at in (snapshot.begins_at, snapshot.ends_at))
    return f"{begins or '?'} to {ends}" if ends else ""


def _code_spans(code: CodeRevision) -> list[Span]:
    spans = [Span(short_digest(code.commit), Tone.STRONG)]
    if code.has_uncommitted_changes is True:
        spans.append(Span("  with changes that were never committed", Tone.WARN))
    if not isinstance(code.branch, Missing):
        spans.append(Span(f" on {code.branch}"))
    if not isinstance(code.repository, Missing):
        spans.append(Span(f" of {code.repository}"))
    return spans


def whole_lines(origin: Origin, indent: str, glyphs: Glyphs) -> list[Line]:
    """Return all of an origin, and who says so."""
    value = origin.value
    lines: list[Line] = []
    match value:
        case DataSnapshot() | CodeRevision() | Artifact():
            lines += [(Span(f"{indent}{words} ", Tone.MUTED), Span(fact)) for words, fact in _facts(value) if fact]
        case tuple():
            lines += [(Span(f"{indent}{cut_long(line, glyphs.ellipsis)}"),) for line in value[:_MOST_LINES]]
            if len(value) > _MOST_LINES:
                lines.append((Span(f"{indent}and {len(value) - _MOST_LINES} lines more", Tone.MUTED),))
        case str():
            lines.append((Span(f"{indent}{cut_long(value, glyphs.ellipsis)}"),))
    if not isinstance(origin.source, Missing):
        read = "" if isinstance(origin.read_at, Missing) else f", read {form.date_time(origin.read_at)} UTC"
        lines.append((Span(f"{indent}says {origin.source}{read}", Tone.MUTED),))
    return lines


def _facts(value: DataSnapshot | CodeRevision | Artifact) -> list[tuple[str, str]]:
    """Return all that is known of a value, a word and what it is each."""
    named = [(words, getattr(value, name, None)) for words, name in _NAMED]
    facts = [(words, str(fact)) for words, fact in named if isinstance(fact, str)]
    if isinstance(value, DataSnapshot):
        rows = "" if isinstance(value.rows, Missing) else str(value.rows)
        taken = "" if isinstance(value.taken_at, Missing) else f"{form.date_time(value.taken_at)} UTC"
        facts += [("rows", rows), ("covers", _days(value)), ("taken", taken)]
    return facts


_NAMED: Final = (
    *(("address", "uri"), ("digest", "digest"), ("commit", "commit")),
    *(("branch", "branch"), ("repository", "repository"), ("from", "origin")),
)


def _day(at: Instant | Missing) -> str:
    return "" if isinstance(at, Missing) else form.date_time(at)[:10]
