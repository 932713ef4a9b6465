"""One fact of two versions: as a row of a table, unfolded below it, and as text to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from modeltui.domain.comparison.difference import (
    CodeLog,
    Comparison,
    Difference,
    Group,
    LineMark,
    LinesChange,
    Nature,
    Side,
    State,
)
from modeltui.domain.names import Instant, Missing
from modeltui.present import format as form
from modeltui.present.cells import cell_width, elide_end, elide_middle, fit
from modeltui.present.compare_metrics import direction_words
from modeltui.present.compare_packed import Names
from modeltui.present.compare_values import (
    STATE_TONES,
    arrow,
    counts_words,
    detail_spans,
    is_text_change,
    lines_words,
    pair_words,
    shortened,
    state_mark,
    state_words,
    value_words,
)
from modeltui.present.compare_words import TONES, cut_long, line_spans, marked_lines, marked_values
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

MOST_LINES: Final = 400
"""Of one text unfolded on a page: more is read in a file."""
_MOST_COMMITS: Final = 12
_MOST_FILES: Final = 12
_INDENT: Final = "     "


def columns(width: int) -> tuple[int, int, int]:
    """Return the cells of the title and of each value; the rest is for what the comparison found."""
    title = min(max((width - 4) * 3 // 10, 12), 40)
    value = min(max((width - 4 - title) // 3, 8), 48)
    return title, value, max(width - 6 - title - 2 * value, 0)


def group_heading(words: str, names: Names, width: int, glyphs: Glyphs) -> Line:
    """Return the line above the facts of a group, with the names of the versions above their values."""
    title, value, _ = columns(width)
    return (
        Span(f" {fit(words.upper(), title + 2, glyphs.ellipsis)} ", Tone.TITLE),
        Span(f"{fit(elide_middle(names.a, value, glyphs.ellipsis), value)} ", Tone.MUTED),
        Span(fit(elide_middle(names.b, value, glyphs.ellipsis), value), Tone.MUTED),
    )


def fact_line(fact: Difference, names: Names, width: int, glyphs: Glyphs) -> Line:
    """Return one row: mark, title, both values, and what comparing them found."""
    title, value, rest = columns(width)
    tone = STATE_TONES[fact.state]
    one, other = pair_words(fact)
    found = _found(fact, names, rest, glyphs)
    # What comparing found is often one word: the rest of its room is the longer value's.
    spare = rest - sum(cell_width(span.text) for span in found) - 1
    wide = min(value + max(spare, 0), max(cell_width(other), value))
    if fact.group is Group.APPROVALS:  # who and when stand at the beginning
        one, other = elide_end(one, value, glyphs.ellipsis), elide_end(other, wide, glyphs.ellipsis)
    else:
        apart = shortened(one, other, value, glyphs)
        is_tail = apart[1].startswith(glyphs.ellipsis) and other.endswith(apart[1].removeprefix(glyphs.ellipsis))
        # Two that begin alike are cut alike, so that what differs stands below what differs.
        one, other = apart if is_tail else (apart[0], shortened(one, other, wide, glyphs)[1])
        wide = value if is_tail else wide
    name = fit(elide_middle(fact.title, title, glyphs.ellipsis), title)
    quiet = Tone.MUTED if fact.state is State.EQUAL else Tone.PLAIN
    return (
        Span(f" {state_mark(fact.state, glyphs)} ", tone),
        Span(f"{name} ", quiet),
        Span(f"{_cell(one, value, glyphs)} ", _value_tone(fact.a, Tone.MUTED if quiet is Tone.MUTED else Tone.PLAIN)),
        Span(f"{_cell(other, wide, glyphs)} ", _value_tone(fact.b, tone)),
        *found,
    )


def unfolded_lines(fact: Difference, comparison: Comparison, width: int, glyphs: Glyphs) -> list[Line]:
    """Return all that is known of a fact: whole values, who says so, changed lines with + and -, commits, members."""
    lines: list[Line] = []
    names = Names(comparison.a, comparison.b)
    if isinstance(fact.detail, LinesChange) and fact.state is State.CHANGED and is_text_change(fact):
        lines += _change_lines(fact.detail, glyphs)
        lines += _sources(fact.a, names.a) + _sources(fact.b, names.b)
    else:
        marked = marked_values(fact, glyphs.ellipsis)
        for side, name, spans in ((fact.a, names.a, marked[0]), (fact.b, names.b, marked[1])):
            lines += _side_lines(side, name, fact.nature, spans, glyphs)
    if direction := direction_words(fact):
        lines.append((Span(f"{_INDENT}{direction}", Tone.MUTED),))
    if fact.why:
        lines.append((Span(f"{_INDENT}why: ", Tone.MUTED), Span(str(fact.why), STATE_TONES[fact.state])))
    if fact.group is Group.CODE and isinstance(comparison.code_log, CodeLog):
        lines += log_lines(comparison.code_log, names)
    if fact.group is Group.COMPONENTS:
        lines += _component_lines(fact, comparison, width, glyphs)
    return [row for line in lines for row in wrapped(line, width, len(_INDENT) + 2, breaks_words=True)]


def log_lines(log: CodeLog, names: Names) -> list[Line]:
    """Return the commits between two versions, newest first, and the files that differ."""
    if log.trouble:
        return [(Span(f"{_INDENT}no log of {log.repository}: ", Tone.UNKNOWN), Span(str(log.trouble), Tone.UNKNOWN))]
    lines: list[Line] = []
    for commits, name, other in ((log.only_b, names.b, names.a), (log.only_a, names.a, names.b)):
        if not commits:
            continue
        least = "at least " if log.is_cut else ""
        count = f"{least}{len(commits)} commit{'' if len(commits) == 1 else 's'}"
        lines.append((Span(f"{_INDENT}{count} in {name} and not in {other}", Tone.MUTED),))
        for commit in commits[:_MOST_COMMITS]:
            head = Span(f"{_INDENT}  {commit.id[:8]} {form.date_time(Instant(commit.at))[:10]} ", Tone.MUTED)
            lines.append((head, Span(str(commit.subject)), Span(f"  {commit.author}", Tone.MUTED)))
        if len(commits) > _MOST_COMMITS:
            lines.append((Span(f"{_INDENT}  and {len(commits) - _MOST_COMMITS} more", Tone.MUTED),))
    if log.files:
        left = len(log.files) - _MOST_FILES
        more = f" and {left} more" if left > 0 else ""
        names_of = ", ".join(log.files[:_MOST_FILES])
        lines.append((Span(f"{_INDENT}files: ", Tone.MUTED), Span(f"{names_of}{more}")))
    return lines


def fact_text(fact: Difference, names: Names) -> str:
    """Return a fact as one line of text, for copying and for finding: field, values, what comparing found."""
    one, other = pair_words(fact, whole=True)
    said = state_words(fact, names.a, names.b)
    if isinstance(fact.detail, LinesChange) and is_text_change(fact):
        changed = [f"{mark.value} {text}" for mark, text in fact.detail.lines if mark in "+-"]
        return f"{fact.field}: {lines_words(fact.detail)}: {'; '.join(changed)}"
    return f"{fact.field}: {one} -> {other} ({said})"


def _found(fact: Difference, names: Names, room: int, glyphs: Glyphs) -> list[Span]:
    """Return what the row says at its right."""
    if fact.state is State.CHANGED:
        spans = list(detail_spans(fact, glyphs)) or [Span("changed", Tone.MUTED)]
        if isinstance(fact.detail, LinesChange) and is_text_change(fact) and cell_width(spans[0].text) > room:
            spans = [Span(counts_words(fact.detail), Tone.PLAIN)]
    else:
        spans = [Span(state_words(fact, names.a, names.b), STATE_TONES[fact.state])]
    if sum(cell_width(span.text) for span in spans) > room:
        return [Span(elide_end("".join(span.text for span in spans), room, glyphs.ellipsis), spans[0].tone)]
    return spans


def is_whole(fact: Difference, comparison: Comparison, width: int) -> bool:
    """Tell whether its row shows all of a fact, but for the end of a digest."""
    if is_text_change(fact) or fact.nature is Nature.SHAPE or fact.group is Group.COMPONENTS:
        return fact.state is State.EQUAL
    if fact.group is Group.CODE and isinstance(comparison.code_log, CodeLog):
        return False
    _, value, rest = columns(width)
    is_cut = len(state_words(fact, comparison.a, comparison.b)) > rest
    return not is_cut and all(cell_width(words) <= value for words in pair_words(fact))


def _cell(text: str, width: int, glyphs: Glyphs) -> str:
    return fit(elide_middle(text, width, glyphs.ellipsis), width)


def _value_tone(side: Side, tone: Tone) -> Tone:
    if side.is_contradicted:
        return Tone.WARN
    return tone if side.claims else Tone.UNKNOWN


def _side_lines(side: Side, name: str, nature: Nature, marked: Line, glyphs: Glyphs) -> list[Line]:
    head = Span(f"{_INDENT}{name}: ", Tone.MUTED)
    if not side.claims:
        return [(head, Span(value_words(side, nature), Tone.UNKNOWN))]
    lines: list[Line] = []
    for claim in side.claims:
        says = Span(f"  says {', '.join(claim.sources)}", Tone.MUTED)
        if isinstance(claim.value, tuple):
            count = f"{len(claim.value)} line{'' if len(claim.value) == 1 else 's'}"
            lines += [(head, Span(count), says), *_text_lines(claim.value, "  ", glyphs)]
        elif isinstance(claim.value, str):
            value = marked or (Span(cut_long(claim.value, glyphs.ellipsis)),)
            lines.append((head, *value, says))
        else:
            lines.append((head, Span(_exact(claim.value, nature)), says))
    return lines


def _exact(number: float, nature: Nature) -> str:
    if nature is Nature.MOMENT:
        return form.rfc3339(Instant(number))
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def _sources(side: Side, name: str) -> list[Line]:
    told = sorted({source for claim in side.claims for source in claim.sources})
    return [(Span(f"{_INDENT}{name}: says {', '.join(told)}", Tone.MUTED),)] if told else []


def _text_lines(texts: Sequence[str], mark: str, glyphs: Glyphs) -> list[Line]:
    lines: list[Line] = [(Span(f"{_INDENT}{mark}{cut_long(text, glyphs.ellipsis)}"),) for text in texts[:MOST_LINES]]
    if len(texts) > MOST_LINES:
        lines.append((Span(f"{_INDENT}and {len(texts) - MOST_LINES} lines more: in the export", Tone.MUTED),))
    return lines


def _change_lines(change: LinesChange, glyphs: Glyphs) -> list[Line]:
    lines: list[Line] = []
    for line in marked_lines(change.lines[:MOST_LINES]):
        if line.mark is LineMark.SKIPPED:
            lines.append((Span(f"{_INDENT}  {line.pieces[0][1]} equal lines", Tone.MUTED),))
        else:
            sign = Span(f"{_INDENT}{line.mark.value} ", TONES[line.mark])
            lines.append((sign, *line_spans(line, glyphs.ellipsis)))
    if change.is_cut or len(change.lines) > MOST_LINES:
        lines.append((Span(f"{_INDENT}there is more: {lines_words(change)} in all", Tone.WARN),))
    return lines


def _component_lines(fact: Difference, comparison: Comparison, width: int, glyphs: Glyphs) -> list[Line]:
    """Return what differs within a member, one row each."""
    lines: list[Line] = []
    for member in comparison.components:
        if not fact.field.endswith(f".{member.model}"):
            continue
        if isinstance(member.comparison, Missing):
            lines.append((Span(f"{_INDENT}what differs within {member.model} is not known", Tone.UNKNOWN),))
            continue
        for inner in member.comparison.differences[:_MOST_FILES]:
            one, other = pair_words(inner)
            mark = Span(f"{_INDENT}{state_mark(inner.state, glyphs)} ", STATE_TONES[inner.state])
            lines.append((mark, Span(f"{inner.field} ", Tone.MUTED), Span(f"{one}{arrow(glyphs)}{other}")))
        left = len(member.comparison.differences) - _MOST_FILES
        if left > 0:
            lines.append((Span(f"{_INDENT}and {left} more: compare {member.model}", Tone.MUTED),))
    return lines
