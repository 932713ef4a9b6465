"""Three versions or more side by side: the first, and each other against it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from modeltui.domain.comparison.difference import (
    Comparison,
    Difference,
    Effect,
    Group,
    LinesChange,
    NumberChange,
    Side,
    State,
)
from modeltui.domain.suspects.suspect import Suspect
from modeltui.present.cells import elide_middle, fit
from modeltui.present.compare_fact import fact_text, unfolded_lines
from modeltui.present.compare_metrics import metric_of, without_metric
from modeltui.present.compare_packed import GROUP_WORDS, Names
from modeltui.present.compare_page import RowKey, View
from modeltui.present.compare_summary import aside_lines, drawable_suspect, missing_lines, nothing_lines, suspect_lines
from modeltui.present.compare_values import (
    STATE_TONES,
    counts_words,
    is_text_change,
    pair_words,
    state_mark,
    value_words,
)
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone

LEAST_WIDTH: Final = 120
"""Below it three values of one row cannot be told apart."""
_FIRST_SUSPECTS: Final = 3


@dataclass(slots=True)
class ColumnsPage:
    """The rows of several comparisons with one first version; drawn when they are asked for."""

    comparisons: Sequence[Comparison]
    suspects: Sequence[Suspect]
    """Of the first comparison."""
    view: View
    glyphs: Glyphs
    asides: Sequence[Span] = ()
    """What to hold beside the suspects."""
    keys: list[RowKey] = field(default_factory=list)
    _ready: dict[RowKey, Line] = field(default_factory=dict)
    _facts: dict[str, list[Difference | None]] = field(default_factory=dict)
    """Each fact as every comparison has it."""
    _metric: str = ""
    """What all segments are segments of."""

    def __post_init__(self) -> None:
        self.suspects = [drawable_suspect(suspect, self.glyphs) for suspect in self.suspects]
        metrics = {metric_of(comparison) for comparison in self.comparisons}
        if len(metrics) == 1:
            self._metric = metrics.pop()
            self.comparisons = [without_metric(comparison) for comparison in self.comparisons]
        for place, comparison in enumerate(self.comparisons):
            for fact in comparison.facts:
                self._facts.setdefault(fact.field, [None] * len(self.comparisons))[place] = fact
        if not self.view.text:
            self._add_suspects()
            for comparison in self.comparisons:
                missing = missing_lines(comparison, self.view.width, self.glyphs)
                self._add("missing", comparison.b, missing)
        self._add_groups()

    def _add_suspects(self) -> None:
        """Add what may be the cause: which two of the versions it is about, and first what speaks against it."""
        about = self.comparisons[0]
        aside = aside_lines(self.asides, self.view.width, self.glyphs)
        is_doubted = any(span.tone is Tone.WARN for span in self.asides)
        if is_doubted:
            self._add("missing", "asides", aside)
        if self.suspects:
            self._add("missing", "about", [(Span(f" what {about.b} changed against {about.a}:", Tone.MUTED),)])
        for suspect in self.suspects[:_FIRST_SUSPECTS]:
            self._add("suspect", suspect.field, suspect_lines(suspect, self.view.width, is_doubted=is_doubted))
        if not is_doubted:
            self._add("missing", "asides", aside)

    def line(self, key: RowKey) -> Line:
        """Return one row."""
        ready = self._ready.get(key)
        if ready is None:
            ready = self._ready[key] = self._fact_line(self._facts[key[1]])
        return ready

    def copied(self, key: RowKey) -> str:
        """Return what copying a row means: all of a fact, however little of it the row shows."""
        facts = self._facts.get(key[1]) if key[0] == "fact" else None
        if facts is None:
            return "".join(span.text for span in self.line(key)).strip()
        pairs = zip(facts, self.comparisons, strict=True)
        return "; ".join(fact_text(fact, Names(one.a, one.b)) for fact, one in pairs if fact is not None)

    def opens(self, key: RowKey) -> str:
        """Return what enter on a row unfolds or folds; empty for a row that is whole."""
        return key[1] if key[0] in {"fact", "part", "suspect"} else ""

    def key_of(self, name: str) -> RowKey | None:
        """Return the row of a field."""
        key = ("fact", name, 0)
        return key if key in set(self.keys) else None

    def _add(self, kind: str, name: str, lines: Sequence[Line]) -> None:
        for place, line in enumerate(lines):
            self.keys.append((kind, name, place))
            self._ready[kind, name, place] = line

    def _add_groups(self) -> None:
        by_group: dict[Group, list[str]] = {group: [] for group in Group}
        for name, facts in self._facts.items():
            known = [fact for fact in facts if fact is not None]
            if known and (self.view.everything or any(fact.is_different for fact in known)) and self._matches(known):
                by_group[known[0].group].append(name)
        for group, names in by_group.items():
            if not names:
                continue
            self._add("heading", group.value, [self._heading(self._words(group))])
            for name in names:
                self.keys.append(("fact", name, 0))
                if name in self.view.opened:
                    self._add("part", name, self._unfolded(name))
        if not any(by_group.values()):
            first = self.comparisons[0]
            self._add("nothing", "", nothing_lines(first, self.view.text, self.view.width, self.glyphs))

    def _words(self, group: Group) -> str:
        words = GROUP_WORDS[group]
        return f"{words}, {self._metric}" if group is Group.SEGMENTS and self._metric else words

    def _matches(self, facts: Sequence[Difference]) -> bool:
        words = self.view.text.lower().split()
        if not words:
            return True
        names = Names(self.comparisons[0].a, "")
        text = " ".join(fact_text(fact, names) for fact in facts).lower()
        return all(word in text for word in words)

    @property
    def _cells(self) -> tuple[int, int]:
        """Return the cells of the title and of each value with its mark."""
        count = len(self.comparisons) + 1
        title = min(max(self.view.width // 5, 16), 36)
        return title, (self.view.width - 1 - title) // count

    def _heading(self, words: str) -> Line:
        title, each = self._cells
        versions = [self.comparisons[0].a, *(comparison.b for comparison in self.comparisons)]
        names = [fit(elide_middle(f"  {name}", each - 1, self.glyphs.ellipsis), each) for name in versions]
        return (
            Span(f" {fit(words.upper(), title, self.glyphs.ellipsis)}", Tone.TITLE),
            *(Span(name, Tone.MUTED) for name in names),
        )

    def _fact_line(self, facts: Sequence[Difference | None]) -> Line:
        title, each = self._cells
        known = next(fact for fact in facts if fact is not None)
        spans = [Span(f" {fit(elide_middle(known.title, title - 1, self.glyphs.ellipsis), title)}", Tone.PLAIN)]
        # The first version's words: those of the first comparison in which it differs, so that they stay apart.
        changed = next((fact for fact in facts if fact is not None and fact.state is State.CHANGED), known)
        spans.append(self._cell(" ", pair_words(changed)[0], changed.a, Tone.PLAIN, each))
        for fact in facts:
            if fact is None:
                spans.append(self._cell(self.glyphs.unknown, "not known", Side(), Tone.UNKNOWN, each))
                continue
            mark = state_mark(fact.state, self.glyphs)
            words = pair_words(fact)[1] if fact.b.claims else value_words(fact.b, fact.nature)
            found, tone = _finding(fact)
            words = f"{elide_middle(words, each - len(found) - 4, self.glyphs.ellipsis)} {found}" if found else words
            spans.append(self._cell(mark, words, fact.b, tone, each))
        return tuple(spans)

    def _cell(self, mark: str, words: str, side: Side, tone: Tone, width: int) -> Span:
        tone = Tone.UNKNOWN if not side.claims else Tone.WARN if side.is_contradicted else tone
        return Span(fit(elide_middle(f"{mark} {words}", width - 1, self.glyphs.ellipsis), width), tone)

    def _unfolded(self, name: str) -> list[Line]:
        lines: list[Line] = []
        for fact, comparison in zip(self._facts[name], self.comparisons, strict=True):
            if fact is not None and (fact.is_different or len(self.comparisons) == 1):
                lines.append((Span(f"   {comparison.a} and {comparison.b}", Tone.MUTED),))
                lines += unfolded_lines(fact, comparison, self.view.width, self.glyphs)
        return lines or [(Span("     the same in all of them", Tone.MUTED),)]


def _finding(fact: Difference) -> tuple[str, Tone]:
    """Return what the value alone does not say, better or worse or how many lines, and the tone of the cell."""
    if fact.state is State.CHANGED and isinstance(fact.detail, LinesChange) and is_text_change(fact):
        return f"({counts_words(fact.detail)})", STATE_TONES[fact.state]
    effect = fact.detail.effect if isinstance(fact.detail, NumberChange) else Effect.UNKNOWN
    if effect is Effect.WORSE:
        return effect.value, Tone.WARN
    return effect.value if effect is Effect.BETTER else "", STATE_TONES[fact.state]
