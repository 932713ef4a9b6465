"""Where a version comes from and what came of it, in lines: on the screen and on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from modeltui.domain.ancestry import Ancestry, Origin, Place, Relation, Relative
from modeltui.domain.ancestry_marks import Mark, Marking
from modeltui.domain.fleet import VersionKey
from modeltui.domain.lineage import Artifact, CodeRevision, DataSnapshot
from modeltui.domain.names import Instant, Missing, TargetKey
from modeltui.present import format as form
from modeltui.present.cells import fit
from modeltui.present.compare_values import number_words, short_digest
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.present.wrap import wrapped

RowKey: TypeAlias = tuple[str, str, int]
GoesTo: TypeAlias = VersionKey | TargetKey

_LABEL: Final = 13
_MOST_LINES: Final = 200
_MARK_TONES: Final = {Mark.STALE: Tone.STALE, Mark.DELETED: Tone.BREACH, Mark.SHARED: Tone.STRONG}
_RELATIONS: Final = {Relation.PARENT: "", Relation.COMPONENT: "member", Relation.USES: "uses"}


def mark_glyph(mark: Mark, glyphs: Glyphs) -> str:
    """Return the one-cell sign of a mark; its word stands beside it."""
    return {Mark.STALE: glyphs.stale, Mark.DELETED: glyphs.breach, Mark.SHARED: glyphs.both}[mark]


def lineage_lines(ancestry: Ancestry, now: Instant, width: int, glyphs: Glyphs, *, folded: bool = True) -> list[Line]:
    """Return all around one version in lines of at most `width` cells; unfolded with whole queries and environments."""
    opened = frozenset() if folded else frozenset(_name(origin) for origin in ancestry.origins)
    page = LineagePage(ancestry, now, width, glyphs, opened)
    return [page.line(key) for key in page.keys]


@dataclass(slots=True)
class LineagePage:
    """The rows around one version, and where each leads."""

    ancestry: Ancestry
    now: Instant
    width: int
    glyphs: Glyphs
    opened: frozenset[str] = frozenset()
    """Origins that are shown whole."""
    keys: list[RowKey] = field(default_factory=list)
    _lines: dict[RowKey, Line] = field(default_factory=dict)
    _goes: dict[RowKey, GoesTo] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = self.ancestry
        self._add("marks", "", (self._mark_line(mark) for mark in found.marks))
        self._add_missing()
        self._add_places(found.places)
        self._add_origins(found.origins)
        self._add_relatives("parents", "COMES FROM", found.parents)
        self._add_relatives("children", "CAME OF IT", found.children)
        self._add("unread", "", self._about_children())

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
        before = ""
        for origin in origins:
            label = self._label(origin.kind.value if origin.kind.value != before else "")
            before = origin.kind.value
            name = _name(origin)
            self._add("origin", name, [(label, *self._origin_spans(origin))])
            if name in self.opened:
                self._add("part", name, _whole_lines(origin))
            for mark in origin.marks:
                goes = mark.others[0] if mark.others else None
                self._add("mark", f"{name} {mark.mark.value}", [(self._label(""), *self._mark_line(mark))], goes)

    def _add_relatives(self, kind: str, heading: str, relatives: tuple[Relative, ...]) -> None:
        for number, relative in enumerate(relatives):
            label = self._label(heading.lower() if number == 0 else "")
            goes = None if isinstance(relative.key, Missing) else relative.key
            name = f"{kind} {relative.said}"
            self._add("relative", name, [(label, *_relative_spans(relative, self.glyphs))], goes)
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
            words = f"looked for in {found.versions_read} other versions; {found.versions_unread} have not been read"
            lines.append((self._label(""), Span(words, Tone.MUTED)))
        return lines

    def _label(self, words: str) -> Span:
        return Span(f" {fit(words, _LABEL - 1, self.glyphs.ellipsis)} ", Tone.TITLE)

    def _mark_line(self, marking: Marking) -> Line:
        tone = _MARK_TONES[marking.mark]
        return (Span(f"{mark_glyph(marking.mark, self.glyphs)} {marking.mark.value}", tone), Span(f": {marking.says}"))

    def _origin_spans(self, origin: Origin) -> list[Span]:
        if isinstance(origin.value, Missing):
            return [Span(f"{self.glyphs.unknown} {origin.gap}", Tone.UNKNOWN)]
        spans = _value_spans(origin.value, self.now)
        if origin.is_contradicted:
            spans.append(Span(f"  {self.glyphs.warn} only {origin.source} says so", Tone.WARN))
        return spans


def _name(origin: Origin) -> str:
    return f"{origin.kind.value} {origin.name} {origin.source if origin.is_contradicted else ''}".strip()


def _value_spans(value: object, now: Instant) -> list[Span]:
    match value:
        case DataSnapshot():
            return _snapshot_spans(value, now)
        case CodeRevision():
            return _code_spans(value)
        case Artifact():
            size = "" if isinstance(value.size_bytes, Missing) else f"  {number_words(float(value.size_bytes))}B"
            digest = "" if isinstance(value.digest, Missing) else f"  {short_digest(value.digest)}"
            return [Span(str(value.uri), Tone.STRONG), Span(f"{digest}{size}")]
        case tuple():
            first = ", ".join(value) if all(len(line) < 40 for line in value) and len(value) < 8 else value[0]
            return [Span(str(first) if value else "empty"), *_more_lines(value, str(first))]
    return [Span(short_digest(str(value)) if " " not in str(value) else str(value), Tone.STRONG)]


def _more_lines(lines: tuple[str, ...], first: str) -> list[Span]:
    left = len(lines) - 1
    return [Span(f"  +{left} lines", Tone.MUTED)] if lines and left and first == lines[0] else []


def _snapshot_spans(snapshot: DataSnapshot, now: Instant) -> list[Span]:
    spans = [Span(str(snapshot.name), Tone.STRONG)]
    if not isinstance(snapshot.used_for, Missing):
        spans.append(Span(f" {snapshot.used_for}", Tone.MUTED))
    if not isinstance(snapshot.digest, Missing):
        spans.append(Span(f"  {short_digest(snapshot.digest)}"))
    if not isinstance(snapshot.rows, Missing):
        spans.append(Span(f"  {number_words(float(snapshot.rows))} rows"))
    begins, ends = (_day(at) for at in (snapshot.begins_at, snapshot.ends_at))
    if ends:
        spans.append(Span(f"  {begins or '?'} to {ends}"))
    if not isinstance(snapshot.taken_at, Missing):
        spans.append(Span(f"  taken {form.about(now - snapshot.taken_at)} ago", Tone.MUTED))
    if not isinstance(snapshot.origin, Missing):
        spans.append(Span(f"  from {snapshot.origin}", Tone.MUTED))
    return spans


def _code_spans(code: CodeRevision) -> list[Span]:
    spans = [Span(short_digest(code.commit), Tone.STRONG)]
    if not isinstance(code.branch, Missing):
        spans.append(Span(f" on {code.branch}"))
    if not isinstance(code.repository, Missing):
        spans.append(Span(f" of {code.repository}"))
    if code.has_uncommitted_changes is True:
        spans.append(Span("  with changes that were never committed", Tone.WARN))
    return spans


def _whole_lines(origin: Origin) -> list[Line]:
    """Return all of an origin, and who says so."""
    indent = " " * (_LABEL + 3)
    value = origin.value
    lines: list[Line] = []
    match value:
        case DataSnapshot() | CodeRevision() | Artifact():
            named = (("address", "uri"), ("digest", "digest"), ("commit", "commit"))
            facts = [(words, getattr(value, name, None)) for words, name in named]
            lines += [
                (Span(f"{indent}{words} ", Tone.MUTED), Span(str(fact)))
                for words, fact in facts
                if isinstance(fact, str)
            ]
        case tuple():
            lines += [(Span(f"{indent}{line}"),) for line in value[:_MOST_LINES]]
            if len(value) > _MOST_LINES:
                lines.append((Span(f"{indent}and {len(value) - _MOST_LINES} lines more", Tone.MUTED),))
        case str():
            lines.append((Span(f"{indent}{value}"),))
    if not isinstance(origin.source, Missing):
        read = "" if isinstance(origin.read_at, Missing) else f", read {form.date_time(origin.read_at)} UTC"
        lines.append((Span(f"{indent}says {origin.source}{read}", Tone.MUTED),))
    return lines


def _place_spans(place: Place) -> list[Span]:
    spans = [Span(str(place.target.environment), Tone.STRONG), Span(f"  {place.role.value}")]
    if not place.is_serving:
        return [*spans, Span("  answers nothing now", Tone.MUTED)]
    if not isinstance(place.observed, Missing):
        return [*spans, Span(f"  answers {form.percent(place.observed)} of the requests")]
    share = "" if isinstance(place.desired, Missing) else f" {form.percent(place.desired)}"
    return [*spans, Span(f"  should answer{share}: not measured", Tone.UNKNOWN)]


def _relative_spans(relative: Relative, glyphs: Glyphs) -> list[Span]:
    words = _RELATIONS[relative.relation]
    spans = [Span(f"{words} ", Tone.MUTED)] if words else []
    spans = [Span("  " * (relative.generation - 1)), *spans, Span(str(relative.said), Tone.STRONG)]
    if isinstance(relative.key, Missing):
        return [*spans, Span(f"  {glyphs.unknown} no version of that name is known", Tone.UNKNOWN)]
    if relative.serves:
        spans.append(Span(f"  serves {', '.join(place.environment for place in relative.serves[:3])}"))
    if not relative.is_read:
        unread = f"cannot be read: {relative.why_unread}" if relative.why_unread else "not read yet"
        spans.append(Span(f"  {glyphs.unknown} {unread}", Tone.UNKNOWN))
    return spans


def _day(at: Instant | Missing) -> str:
    return "" if isinstance(at, Missing) else form.date_time(at)[:10]
