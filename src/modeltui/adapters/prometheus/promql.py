"""PromQL text: one question per signal for the whole fleet, its parts told apart by a label of ours.

Parts are joined by `or`, each under its own value of `modeltui_part`, so that no part can hide another: a version
that never had an error has no row of that part, and that is known to be zero because it has one of the total.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from modeltui.adapters.prometheus.plan import (
    DIMENSIONS,
    Gauge,
    Histogram,
    Identity,
    Join,
    MeanOf,
    Own,
    Ratio,
    Role,
    Selector,
    SignalPlan,
)

PART: Final = "modeltui_part"
"""The label that says which part of a signal a row is."""
BUCKET_BOUND: Final = "le"

LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_METRIC_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_:]*")
_REGEX_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_STRING_SPECIAL: Final = re.compile(r'[\\"\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True)
class Leg:
    """One part of a joined question."""

    role: Role
    scale: float = 1.0
    """For buckets of the bound, else of the value."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for one signal, and how its rows are to be read."""

    plan: SignalPlan
    text: str
    legs: tuple[Leg, ...]
    """In the order of their part labels: "0", "1", …"""
    row_labels: tuple[str, ...]
    """The labels that a row may have besides the part."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """By what a fleet's series are added up, and to what they are narrowed."""

    identity: Identity
    segments: tuple[str, ...] = ()
    join: Join | None = None
    matchers: tuple[str, ...] = ()


def question(plan: SignalPlan, grouping: Grouping) -> Question:
    """Return the one query that answers for a signal of all targets."""
    written = _Writer(grouping, _duration(plan.window_seconds))
    recipe = plan.recipe
    match recipe:
        case Ratio(bad=bad, total=total):
            written.counters(Role.TOTAL, total)
            written.counters(Role.BAD, bad)
            written.seen_at(total)
        case Histogram(base=base, scale=scale):
            buckets = Selector(f"{base.metric}_bucket", base.matchers)
            written.counters(Role.BUCKET, (buckets,), scale, (BUCKET_BOUND,))
            written.counters(Role.NATIVE, (base,), scale)
            written.seen_at((Selector(f"{base.metric}_count", base.matchers), base))
        case MeanOf(sum=total, count=count, scale=scale, native=native):
            written.counters(Role.SUM, (total,), scale)
            written.counters(Role.TOTAL, (count,))
            if native:
                written.counters(Role.NATIVE, (native,), scale)
            written.seen_at((count, native) if native else (count,))
        case Gauge(selector=selector, scale=scale):
            written.gauge(selector, scale)
            written.seen_at((selector,))
        case Own():
            written.own(recipe)
    labels = dict.fromkeys((*grouping.identity.labels, *grouping.segments, BUCKET_BOUND))
    return Question(plan, " or ".join(written.texts), tuple(written.legs), tuple(labels))


def metrics_of(plan: SignalPlan) -> tuple[Selector, ...]:
    """Return the metrics that a signal is made of, to be looked for when it has no data."""
    match plan.recipe:
        case Ratio(bad=bad, total=total):
            return tuple(dict.fromkeys(Selector(selector.metric) for selector in (*total, *bad)))
        case Histogram(base=base):
            return (Selector(f"{base.metric}_bucket"),)
        case MeanOf(sum=total, count=count):
            return Selector(total.metric), Selector(count.metric)
        case Gauge(selector=selector):
            return (Selector(selector.metric),)
        case Own():
            return ()


def written_selector(selector: Selector, *more: str) -> str:
    """Return a selector as PromQL."""
    matchers = (*selector.matchers, *more)
    if not _METRIC_NAME.fullmatch(selector.metric):
        matchers = (f"__name__={quoted(selector.metric)}", *matchers)
        return f"{{{','.join(matchers)}}}"
    return f"{selector.metric}{{{','.join(matchers)}}}" if matchers else selector.metric


def any_of(label: str, values: Collection[str]) -> str:
    """Return a matcher for a label that has one of `values`, which may contain anything."""
    ordered = sorted(values)
    if len(ordered) == 1:
        return f"{label}={quoted(ordered[0])}"
    pattern = "|".join(_REGEX_SPECIAL.sub(r"\\\g<0>", value) for value in ordered)
    return f"{label}=~{quoted(pattern)}"


def quoted(text: str) -> str:
    """Return `text` as a PromQL string, whatever is in it."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return '"' + _STRING_SPECIAL.sub(_escaped, whole) + '"'


def joined(texts: Iterable[str]) -> str:
    """Return one query whose rows say by their part label which of `texts` they answer."""
    return " or ".join(_labelled(text, str(index)) for index, text in enumerate(texts))


_PLACEHOLDER: Final = re.compile(r"\{(by|window|matchers)\}")


class _Writer:
    def __init__(self, grouping: Grouping, window: str) -> None:
        self.texts: list[str] = []
        self.legs: list[Leg] = []
        self._grouping = grouping
        self._window = window
        self._identity = grouping.identity.labels

    def counters(
        self, role: Role, selectors: tuple[Selector, ...], scale: float = 1.0, more: tuple[str, ...] = ()
    ) -> None:
        by = ", ".join((*self._identity, *self._grouping.segments, *more))
        for selector in selectors:
            increases = self._with_identity(f"increase({self._selector(selector)}[{self._window}])")
            self._add(f"sum by ({by}) ({increases})", Leg(role, scale))

    def gauge(self, selector: Selector, scale: float) -> None:
        by = ", ".join((*self._identity, *self._grouping.segments))
        self._add(f"max by ({by}) ({self._with_identity(self._selector(selector))})", Leg(Role.VALUE, scale))

    def seen_at(self, selectors: tuple[Selector, ...]) -> None:
        by = ", ".join(self._identity)
        for selector in selectors:
            times = self._with_identity(f"timestamp({self._selector(selector)})")
            self._add(f"max by ({by}) ({times})", Leg(Role.SEEN_AT))

    def own(self, recipe: Own) -> None:
        labels = (*self._identity, *self._grouping.segments)
        for part in recipe.parts:
            self._add(self._filled(part.text, labels), Leg(part.role, part.scale))
        by = ", ".join(self._identity)
        self._add(f"max by ({by}) (timestamp({self._filled(recipe.freshness, ())}))", Leg(Role.SEEN_AT))

    def _filled(self, text: str, labels: tuple[str, ...]) -> str:
        values = {"by": ", ".join(labels), "window": self._window, "matchers": ",".join(self._grouping.matchers)}
        filled = _PLACEHOLDER.sub(lambda found: values[found[1]], text)
        # A comment must not swallow what follows.
        return f"{filled}\n" if "#" in filled else filled

    def _selector(self, selector: Selector) -> str:
        return written_selector(selector, *(() if self._grouping.join else self._grouping.matchers))

    def _with_identity(self, text: str) -> str:
        join = self._grouping.join
        if join is None:
            return text
        info = written_selector(join.info, *self._grouping.matchers)
        # An information metric has the value 1.
        return f"{text} * on ({', '.join(join.on)}) group_left ({', '.join(self._identity)}) {info}"

    def _add(self, text: str, leg: Leg) -> None:
        self.texts.append(_labelled(text, str(len(self.texts))))
        self.legs.append(leg)


def _labelled(text: str, part: str) -> str:
    # The label is absent, so it is empty, so the empty pattern matches it.
    return f'label_replace({text}, "{PART}", "{part}", "{PART}", "")'


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}s" if float(seconds).is_integer() else f"{seconds * 1000:.0f}ms"


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return f"\\{character}" if character in '\\"' else f"\\u{ord(character):04x}"


def matchers_for(identity: Identity, wanted: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Return matchers that narrow a question to `wanted` values by dimension.

    A dimension with several labels to choose from cannot be narrowed by one matcher; its rows are sorted out later.
    """
    matchers = []
    for dimension in DIMENSIONS:
        labels = identity.of(dimension)
        values = wanted.get(dimension, ())
        if len(labels) == 1 and dimension not in identity.fixed and values:
            matchers.append(any_of(labels[0], values))
    return tuple(matchers)


_TOKEN: Final = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
      | (?P<number>\d[\w.]*) | (?P<name>[a-zA-Z_:][\w:]*) | (?P<sign>\S)""",
    re.VERBOSE,
)
_GROUPERS: Final = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_KEYWORDS: Final = _GROUPERS | {"and", "or", "unless", "offset", "bool", "atan2", "inf", "nan", "start", "end"}


def first_selector(text: str) -> str:
    """Return the first metric selector in a team's query, with its matchers; empty when there is none."""
    text = _PLACEHOLDER.sub(lambda found: {"by": "x", "window": "5m", "matchers": ""}[found[1]], text)
    tokens = list(_TOKEN.finditer(text))
    index = 0
    while index < len(tokens):
        token, following = tokens[index], tokens[index + 1][0] if index + 1 < len(tokens) else ""
        if token["name"] and token[0].lower() in _GROUPERS and following == "(":
            index = _closing(tokens, index + 1, "(", ")")
        elif token["name"] and token[0].lower() not in _KEYWORDS and not _is_call(tokens, index):
            return _selector_text(text, tokens, index)
        elif token[0] == "{":
            return text[token.start() : tokens[_closing(tokens, index, "{", "}")].end()]
        index += 1
    return ""


def _is_call(tokens: list[re.Match[str]], index: int) -> bool:
    following = tokens[index + 1][0] if index + 1 < len(tokens) else ""
    return following == "(" or following.lower() in {"by", "without"}


def _selector_text(text: str, tokens: list[re.Match[str]], index: int) -> str:
    last = index
    if index + 1 < len(tokens) and tokens[index + 1][0] == "{":
        last = _closing(tokens, index + 1, "{", "}")
    return text[tokens[index].start() : tokens[last].end()]


def _closing(tokens: list[re.Match[str]], index: int, opening: str, closing: str) -> int:
    depth = 0
    for position in range(index, len(tokens)):
        depth += (tokens[position][0] == opening) - (tokens[position][0] == closing)
        if depth == 0:
            return position
    return len(tokens) - 1
