"""What changed between two versions, to be pasted into a ticket: whatever a backend wrote stays plain text there.

All of it stands in code spans or code blocks: there nothing is a link, a mention, a table, HTML or a heading, in any
dialect of Markdown. No tables: a `|` would have to be escaped differently from place to place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from modeltui.domain.comparison.difference import CodeLog, Comparison, Difference, LineMark, LinesChange
from modeltui.domain.fleet import Fleet
from modeltui.domain.names import Instant, Missing
from modeltui.domain.suspects.suspect import Suspect, Symptom
from modeltui.domain.suspects.unknowns import unknowns_that_matter
from modeltui.present import format as form
from modeltui.present.compare_object import Asked
from modeltui.present.compare_packed import GROUP_WORDS
from modeltui.present.compare_summary import count_words, symptom_words
from modeltui.present.compare_values import detail_spans, pair_words, state_words
from modeltui.present.compare_words import line_spans, marked_lines, marked_value
from modeltui.present.glyphs import ASCII
from modeltui.present.span import plain

_MOST_LINES = 40
"""Of one text that differs; a ticket is read, not searched."""
_LONGEST_VALUE = 160
_MOST_COMMITS = 20
_MOST_FACTS = 120
"""Unless all are asked for: trackers refuse longer tickets."""
_MOST_SUSPECTS = 10
_RUNS = re.compile(r"`+")
_FENCES = re.compile(r"[`~]+")


def code(text: str, most: int = 2_000) -> str:
    """Return text as a code span that nothing in it can end."""
    text = text if len(text) <= most else f"{text[: most - 1]}…"
    fence = "`" * (max((len(run) for run in _RUNS.findall(text)), default=0) + 1)
    # A blank inside each fence: a span may neither begin nor end with the sign of the fence, nor be empty.
    pad = " " if not text or text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{pad}{text or ' '}{pad}{fence}"


def block(lines: Sequence[str], language: str = "") -> list[str]:
    """Return lines as a code block that none of them can end, set in as part of a list."""
    longest = max((len(run) for line in lines for run in _FENCES.findall(line)), default=0)
    fence = "`" * max(longest + 1, 3)
    return [f"  {fence}{language}", *(f"  {line}" for line in lines), f"  {fence}"]


def compare_markdown(
    comparison: Comparison,
    suspects: Sequence[Suspect],
    symptom: Symptom,
    asked: Asked,
    fleet: Fleet,
    *,
    everything: bool,
) -> list[str]:
    """Return the comparison as lines of Markdown, the likely cause first."""
    facts = comparison.facts if everything else comparison.differences
    lines = [
        f"### What changed: {code(comparison.model)} {code(comparison.a)} → {code(comparison.b)}",
        "",
        *(["**Simulated data.**", ""] if fleet.context.simulated else []),
        _plain(f"seen {form.rfc3339(fleet.at)}, context {fleet.context.name}"),
        *(_plain(sentence) for sentence in (*asked.because, *_symptom(symptom, asked))),
        _plain(count_words(comparison)),
        "",
    ]
    lines += [*_suspects(suspects if everything else suspects[:_MOST_SUSPECTS]), *_beside(comparison, asked)]
    lines += ["**Facts**" if everything else "**Differences**", ""]
    group = None
    for fact in facts if everything else facts[:_MOST_FACTS]:
        if fact.group is not group:
            group = fact.group
            lines.append(f"- {GROUP_WORDS[group]}")
        lines += (f"  {line}" for line in _fact(fact, comparison))
    if not everything and len(facts) > _MOST_FACTS:
        lines.append(f"- and {len(facts) - _MOST_FACTS} more: modeltui compare --all has them")
    if not facts:
        lines.append("- none" if comparison.facts else "- nothing is known of where the two come from")
    lines += _missing(comparison)
    lines += _log(comparison)
    return lines


def _plain(sentence: str) -> str:
    return f"{code(sentence)}  "


def _symptom(symptom: Symptom, asked: Asked) -> Iterator[str]:
    """Say what the suspects are ranked by."""
    if symptom and not isinstance(asked.target, Missing):
        yield symptom_words(symptom, asked.target)


def _suspects(suspects: Sequence[Suspect]) -> Iterator[str]:
    if not suspects:
        return
    yield "**Likely cause first** (suspects, not findings)"
    yield ""
    for suspect in suspects:
        yield f"{suspect.rank}. {code(suspect.title)}: {code(suspect.because)}"
    yield ""


def _beside(comparison: Comparison, asked: Asked) -> Iterator[str]:
    """Yield what speaks against a change as the cause, and what may have changed without anybody knowing."""
    said = [f"- against it: {code(doubt)}" for doubt in asked.doubts]
    said += [f"- not known: {code(unknown)}" for unknown in unknowns_that_matter(comparison)]
    yield from (*said, "") if said else ()


def _fact(fact: Difference, comparison: Comparison) -> Iterator[str]:
    one, other = (words if len(words) <= _LONGEST_VALUE else f"{words[:_LONGEST_VALUE]}…" for words in pair_words(fact))
    detail = "".join(span.text for span in detail_spans(fact, ASCII)).strip()
    more = f" ({code(detail)})" if detail else ""
    state = code(state_words(fact, comparison.a, comparison.b))
    if isinstance(fact.detail, LinesChange):
        yield f"- {code(fact.field)}: {state}{more}"
        yield from block(_changed(fact.detail), "diff")
        return
    if marked := marked_value(fact, "…"):
        yield f"- {code(fact.field)}: {state}: {code(plain(marked))}{more}"
        return
    yield f"- {code(fact.field)}: {state}: {code(one)} → {code(other)}{more}"


def _changed(change: LinesChange) -> list[str]:
    """Return the lines of a diff; of a line that became another the words that changed are marked in both."""
    lines = [
        f"  ({line.pieces[0][1]} equal lines)"
        if line.mark is LineMark.SKIPPED
        else f"{line.mark.value}{plain(line_spans(line, '…'))}"
        for line in marked_lines(change.lines[:_MOST_LINES])
    ]
    if len(change.lines) > _MOST_LINES or change.is_cut:
        lines.append("  (cut: modeltui compare has all of it)")
    return lines


def _missing(comparison: Comparison) -> Iterator[str]:
    if comparison.awaited or comparison.troubles:
        yield ""
        yield "**Not known**"
        yield ""
    for source in comparison.awaited:
        yield f"- {code(source)} had not answered"
    for trouble in comparison.troubles:
        yield f"- {code(trouble)}"


def _log(comparison: Comparison) -> Iterator[str]:
    log = comparison.code_log
    if isinstance(log, Missing) or not isinstance(log, CodeLog):
        return
    yield ""
    yield f"**Commits** in {code(log.repository)}"
    yield ""
    if log.trouble:
        yield f"- not known: {code(log.trouble)}"
    for sign, commits in (("+", log.only_b), ("-", log.only_a)):
        for commit in commits[:_MOST_COMMITS]:
            day = form.date_time(Instant(commit.at))[:10]
            yield f"- {code(f'{sign}{commit.id[:12]} {day} {commit.subject}')} by {code(commit.author)}"
        if len(commits) > _MOST_COMMITS:
            yield f"- and {len(commits) - _MOST_COMMITS} more"
