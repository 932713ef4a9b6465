"""Where a version comes from and what came of it, in lines: on the screen and on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, TypeAlias

from modeltui.domain.ancestry import Ancestry, Place, Relation, Relative
from modeltui.domain.ancestry_marks import Mark, Marking, merged, part_words
from modeltui.domain.ancestry_origins import Origin
from modeltui.domain.fleet import VersionKey
from modeltui.domain.names import Instant, Missing, TargetKey
from modeltui.domain.origin_kind import OriginKind
from modeltui.domain.text import safe_text
from modeltui.present import format as form
from modeltui.present.cells import fit
from modeltui.present.glyphs import Glyphs
from modeltui.present.origin_text import (
    LABELS,
    heading_spans,
    in_order,
    is_drawn,
    is_setting,
    name_width,
    origin_spans,
    settings_spans,
    whole_lines,
)
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

RowKey: TypeAlias = tuple[str, str, int]
GoesTo: TypeAlias = VersionKey | TargetKey

_LABEL: Final = 13
_MARK_TONES: Final = {Mark.STALE: Tone.STALE, Mark.DELETED: Tone.BREACH, Mark.SHARED: Tone.STRONG}


def mark_glyph(mark: Mark, glyphs: Glyphs) -> str:
    """Return the one-cell sign of a mark; its word stands beside it."""
    return {Mark.STALE: glyphs.stale, Mark.DELETED: glyphs.breach, Mark.SHARED: glyphs.both}[mark]


def lineage_lines(ancestry: Ancestry, now: Instant, width: int, glyphs: Glyphs, *, folded: bool = True) -> list[Line]:
    """Return all around one version in lines of at most `width` cells; unfolded with whole queries and environments."""
    opened = frozenset() if folded else frozenset(_name(origin) for origin in ancestry.origins)
    page = LineagePage(ancestry, now, width, glyphs, opened, has_keys=False)
    return [page.line(key) for key in page.keys]


def warning_spans(ancestry: Ancestry, glyphs: Glyphs) -> Line:
    """Return how much of what made a version is deleted or stale, for whoever reads only one line; nothing if none."""
    parts = (*(origin.marks for origin in ancestry.origins), *(parent.marks for parent in ancestry.parents))
    found = [mark.mark for marks in (ancestry.marks, *parts) for mark in marks]
    return tuple(
        Span(f"  {mark_glyph(mark, glyphs)} {found.count(mark)} {mark.value}", _MARK_TONES[mark])
        for mark in (Mark.DELETED, Mark.STALE)
        if mark in found
    )


@dataclass(slots=True)
class LineagePage:
    """The rows around one version, and where each leads."""

    ancestry: Ancestry
    now: Instant
    width: int
    glyphs: Glyphs
    opened: frozenset[str] = frozenset()
    """Origins that are shown whole; of those that a tall page shows whole anyway, those that are not."""
    has_keys: bool = True
    """Somebody can unfold what a row has no room for; otherwise it goes on in the next."""
    text: str = ""
    """Only what holds all its words is shown, each fact and each relative whole; empty for everything."""
    rows: int = 0
    """What there is room for at once: where all texts fit they are unfolded, and enter folds one."""
    keys: list[RowKey] = field(default_factory=list)
    _lines: dict[RowKey, Line] = field(default_factory=dict)
    _goes: dict[RowKey, GoesTo] = field(default_factory=dict)

    def __post_init__(self) -> None:
        opened, self.opened = self.opened, frozenset()
        self._draw()
        if texts := frozenset(_name(origin) for origin in self.ancestry.origins if _is_long_text(origin)):
            folded, self.opened = len(self.keys), texts
            self._draw()
            texts = texts if folded < len(self.keys) <= self.rows else frozenset()
        if self.opened != opened ^ texts:
            self.opened = opened ^ texts
            self._draw()
        if words := self.text.lower().split():
            self._keep_what_holds(words)

    def _draw(self) -> None:
        self.keys.clear()
        self._goes.clear()
        found = self.ancestry
        self._add("marks", "", (self._mark_line(mark) for mark in found.marks))
        self._add_missing()
        self._add_places(found.places)
        self._add_origins(found.origins)
        self._add_relatives("parents", "uses", self._related(Relation.USES))
        self._add_relatives("parents", "comes from", self._related(Relation.PARENT))
        self._add_relatives("children", "came of it", found.children)
        self._add("unread", "", self._about_children())

    def _keep_what_holds(self, words: list[str]) -> None:
        """Leave only what holds all words, and what says that something is not known: that is never filtered away."""
        said: dict[tuple[str, str], str] = {}
        for key in self.keys:
            said[key[:2]] = f"{said.get(key[:2], '')} {self.copied(key).lower()}"
        found = [key for key in self.keys if all(word in said[key[:2]] for word in words)]
        self.keys[:] = [key for key in self.keys if key[0] in ("missing", "unread") or key in found]
        if not found:
            self._add("nothing", "", [(Span(f" nothing matches /{self.text}: esc shows all", Tone.UNKNOWN),)])

    def line(self, key: RowKey) -> Line:
        """Return one row."""
        return self._lines[key]

    def goes_to(self, key: RowKey) -> GoesTo | None:
        """Return what enter on a row shows: another version, a target; None for a row that leads nowhere."""
        return self._goes.get(key)

    def opens(self, key: RowKey) -> str:
        """Return the origin that enter on a row unfolds or folds; empty for other rows."""
        return key[1] if key[0] == "origin" else ""

    def copied(self, key: RowKey) -> str:
        """Return a row as text."""
        return "".join(span.text for span in self._lines[key]).strip()

    def _add(self, kind: str, name: str, lines: Iterable[Line], goes: GoesTo | None = None) -> None:
        place = sum(key[:2] == (kind, name) for key in self.keys)
        for line in lines:
            is_whole = kind == "part"
            for row in wrapped(line, self.width, _LABEL + (3 if is_whole else 1), breaks_words=is_whole):
                key = (kind, name, place)
                self.keys.append(key)
                self._lines[key] = row
                if goes is not None:
                    self._goes[key] = goes
                place += 1

    def _add_missing(self) -> None:
        found, glyphs = self.ancestry, self.glyphs
        if found.awaited:
            words = f" {glyphs.unknown} waiting for {', '.join(found.awaited)}: what they know is not in here yet"
            self._add("missing", "", [(Span(words, Tone.UNKNOWN),)])
        elif not found.is_read and not found.troubles:
            words = f" {glyphs.unknown} nobody has said yet where {found.model} {found.version} comes from"
            self._add("missing", "", [(Span(words, Tone.UNKNOWN),)])
        self._add("missing", "", ((Span(f" {glyphs.warn} {trouble}", Tone.WARN),) for trouble in found.troubles))

    def _add_places(self, places: tuple[Place, ...]) -> None:
        if not places:
            self._add("place", "", [(self._label("serves"), Span("no target has it", Tone.MUTED))])
        for number, place in enumerate(places):
            label = self._label("serves" if number == 0 else "")
            self._add("place", str(place.target), [(label, *_place_spans(place))], place.target)

    def _add_origins(self, origins: tuple[Origin, ...]) -> None:
        for kind, told in groupby(origins, lambda one: one.kind):
            found = in_order(origin for origin in told if is_drawn(origin))
            members = self._related(Relation.COMPONENT) if kind is OriginKind.MEMBER else ()
            if members:
                self._add_relatives("parents", LABELS[kind], members)
            else:
                self._add_rows(kind, found)
            if kind.is_table:
                marks = merged(
                    (part_words(kind, one.name), mark)
                    for one in found
                    for mark in one.marks
                    if mark.mark is Mark.SHARED
                )
                for mark in marks:
                    self._add_mark(kind.value, mark)

    def _add_rows(self, kind: OriginKind, origins: Sequence[Origin]) -> None:
        """Add a row for each origin of one kind, and one for all its amounts."""
        label, names = LABELS.get(kind, kind.value), name_width(origins)
        room = self.width - _LABEL - 1 if self.has_keys else None
        of_all = [mark for mark in origins[0].marks if all(mark in one.marks for one in origins)] if origins else []
        of_all = of_all if len(origins) > 1 and not kind.is_table else []
        for number, origin in enumerate(one for one in origins if not is_setting(one)):
            name = _name(origin)
            if name in self.opened and _is_long_text(origin) and not origin.is_contradicted:
                spans = heading_spans(origin, names, self.glyphs)
            else:
                spans = origin_spans(origin, self.now, room, names, self.glyphs)
            self._add("origin", name, [(self._label(label if number == 0 else ""), *spans)])
            if name in self.opened:
                self._add("part", name, whole_lines(origin, " " * (_LABEL + 3), self.glyphs))
            for mark in () if kind.is_table else origin.marks:
                if mark not in of_all:
                    self._add_mark(name, mark)
        for mark in of_all:
            words = safe_text(f"{'both' if len(origins) == 2 else f'all {len(origins)}'}: {mark.says}", 400)
            self._add_mark(kind.value, replace(mark, says=words))
        settings = [one for one in origins if is_setting(one)]
        if settings:
            label = label if len(settings) == len(origins) else ""
            self._add("settings", kind.value, [(self._label(label), *settings_spans(settings))])

    def _add_mark(self, name: str, mark: Marking) -> None:
        goes = mark.others[0] if mark.others else None
        self._add("mark", f"{name} {mark.mark.value}", [(self._label(""), *self._mark_line(mark))], goes)

    def _related(self, relation: Relation) -> tuple[Relative, ...]:
        return tuple(one for one in self.ancestry.parents if one.relation is relation)

    def _add_relatives(self, kind: str, heading: str, relatives: Sequence[Relative]) -> None:
        for number, relative in enumerate(relatives):
            label = self._label(heading if number == 0 else "")
            goes = None if isinstance(relative.key, Missing) else relative.key
            name = f"{kind} {relative.said}"
            says_how = kind == "children"
            self._add("relative", name, [(label, *_relative_spans(relative, says_how, self.glyphs))], goes)
            for mark in relative.marks:
                self._add("mark", f"{name} {mark.mark.value}", [(self._label(""), *self._mark_line(mark))])

    def _about_children(self) -> list[Line]:
        """Return where children were not looked for: what nobody has read is not absent."""
        found = self.ancestry
        lines: list[Line] = []
        if not found.parents and found.is_read:
            lines.append((self._label("comes from"), Span("no other version that anybody names", Tone.MUTED)))
        if not found.children:
            lines.append((self._label("came of it"), Span("nothing that anybody has read", Tone.MUTED)))
        if found.versions_unread:
            others = f"{found.versions_read} other version{'' if found.versions_read == 1 else 's'}"
            words = f"looked for in {others}; {found.versions_unread} not read yet"
            lines.append((self._label(""), Span(words, Tone.MUTED)))
        return lines

    def _label(self, words: str) -> Span:
        return Span(f" {fit(words, _LABEL - 1, self.glyphs.ellipsis)} ", Tone.TITLE)

    def _mark_line(self, marking: Marking) -> Line:
        tone = _MARK_TONES[marking.mark]
        return (Span(f"{mark_glyph(marking.mark, self.glyphs)} {marking.mark.value}", tone), Span(f": {marking.says}"))


def _is_long_text(origin: Origin) -> bool:
    """Tell whether an origin is a text of several lines: a query, a prompt."""
    is_text = origin.kind in (OriginKind.QUERY, OriginKind.PROMPT)
    return is_text and isinstance(origin.value, tuple) and len(origin.value) > 1


def _name(origin: Origin) -> str:
    return f"{origin.kind.value} {origin.name} {origin.source if origin.is_contradicted else ''}".strip()


def _place_spans(place: Place) -> list[Span]:
    spans = [Span(str(place.target.environment), Tone.STRONG), Span(f"  {place.role.value}")]
    if not place.is_serving:
        return [*spans, Span("  answers nothing now", Tone.MUTED)]
    if not isinstance(place.observed, Missing):
        return [*spans, Span(f"  answers {form.percent(place.observed)} of the requests")]
    share = "" if isinstance(place.desired, Missing) else f" {form.percent(place.desired)}"
    return [*spans, Span(f"  should answer{share}: not measured", Tone.UNKNOWN)]


_HOW: Final = {Relation.PARENT: "", Relation.COMPONENT: "has it as a member", Relation.USES: "uses it"}


def _relative_spans(relative: Relative, says_how: bool, glyphs: Glyphs) -> list[Span]:
    spans = [Span("  " * (relative.generation - 1)), Span(str(relative.said), Tone.STRONG)]
    if says_how and _HOW[relative.relation]:
        spans.append(Span(f"  {_HOW[relative.relation]}", Tone.MUTED))
    if isinstance(relative.key, Missing):
        return [*spans, Span(f"  {glyphs.unknown} no version of that name is known", Tone.UNKNOWN)]
    if relative.serves:
        spans.append(Span(f"  serves {', '.join(place.environment for place in relative.serves[:3])}"))
    if not relative.is_read:
        unread = f"cannot be read: {relative.why_unread}" if relative.why_unread else "not read yet"
        spans.append(Span(f"  {glyphs.unknown} {unread}", Tone.UNKNOWN))
    return spans
