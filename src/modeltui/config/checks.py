"""What a configuration must not contradict, once every value is right by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from modeltui.config.acting import AnchorConfig, AnchorKind, NotifyConfig, SinkKind
from modeltui.config.document import Listing, Mapping, Node, Scalar, walk
from modeltui.config.expectations import WRITE_A_REFERENCE
from modeltui.config.problems import Problem, did_you_mean, shown
from modeltui.config.quantity import Quantity, read_amount
from modeltui.config.schema import Config, ContextConfig, LimitConfig, RuleConfig, SignalConfig
from modeltui.config.secrets import is_reference, looks_secret
from modeltui.domain.signal import STANDARD_SIGNALS, Direction, Signal, Unit

_USER_IN_URL = re.compile(r"://[^/\s@]*@")
_STANDARD: dict[str, Signal] = {str(signal.name): signal for signal in STANDARD_SIGNALS}
_LEVEL_UNITS = {Unit.RATIO: ("", "%"), Unit.SCORE: ("", "%"), Unit.SECONDS: ("", "s")}
_MARGIN_UNITS = {Unit.RATIO: ("", "pp"), Unit.SCORE: ("", "pp"), Unit.SECONDS: ("", "s")}


def literal_secrets(root: Mapping) -> Iterator[Problem]:
    """Yield a problem for each secret that is written out, without repeating it."""
    for node in walk(root):
        if not isinstance(node, Scalar):
            continue
        if looks_secret(node.path.rpartition(".")[2].partition("[")[0], node.text):
            yield Problem(node.place, node.path, WRITE_A_REFERENCE)
        elif _USER_IN_URL.search(node.text):
            yield Problem(node.place, node.path, "a URL must not hold a user name or password; use 'auth:'")


def contradictions(config: Config, root: Mapping) -> Iterator[Problem]:
    """Yield a problem for each thing that does not fit the rest of the file.

    `config` may lack what could not be read; what exists is therefore looked up in the document.
    """
    contexts = _below(root, "contexts")
    if config.default_context is not None and config.default_context not in contexts.items:
        node = root.items["default_context"]
        hint = did_you_mean(config.default_context, contexts.items)
        yield Problem(node.place, node.path, f"there is no context {shown(config.default_context)}{hint}")
    if not contexts.items:
        yield Problem(root.keys["contexts"], "contexts", "at least one context is needed")
    for name, context in config.contexts.items():
        yield from _context(context, _below(contexts, name))


def _context(context: ContextConfig, node: Mapping) -> Iterator[Problem]:
    if not _below(node, "sources").items:
        yield Problem(node.keys["sources"], f"{node.path}.sources", "at least one source is needed")
    environments = _below(node, "environments").items
    for pointer, meaning in context.pointers.items():
        if environments and meaning.environment not in environments:
            written = _below(node, "pointers", pointer).items["environment"]
            hint = did_you_mean(meaning.environment, environments)
            yield Problem(written.place, written.path, f"not in environments: {shown(meaning.environment)}{hint}")
    for name, signal in context.signals.items():
        yield from _signal(name, signal, _below(node, "signals", name))
    yield from _limits(context, node)
    yield from _acting(context, node)


def _limits(context: ContextConfig, node: Mapping) -> Iterator[Problem]:
    for limit, written in _pairs(context.limits, node, "limits"):
        if isinstance(limit, LimitConfig):
            yield from _limit(limit, context, written, [*_STANDARD, *_below(node, "signals").items])


def _acting(context: ContextConfig, node: Mapping) -> Iterator[Problem]:
    for anchor, written in _entries(context.journal.anchors, _below(node, "journal"), "anchors"):
        if isinstance(anchor, AnchorConfig):
            needs = "url" if anchor.kind is AnchorKind.WEBHOOK else "path"
            needed = () if anchor.kind is AnchorKind.SYSLOG else (needs,)
            yield from _exactly(written, str(anchor.kind), needed, ("path", "url"))
    for sink, written in _entries(context.notify, node, "notify"):
        if isinstance(sink, NotifyConfig):
            yield from _sink(sink, written)


def _sink(sink: NotifyConfig, node: Mapping) -> Iterator[Problem]:
    needed = ("key",) if sink.kind is SinkKind.PAGERDUTY else ("url",)
    # An address of their events service other than the usual one: a relay, or another region.
    may = ("secret",) if sink.kind is SinkKind.WEBHOOK else ("url",)
    yield from _exactly(node, str(sink.kind), needed, ("url", "key", "secret"), may)
    if sink.kind is SinkKind.SLACK and sink.url is not None and not is_reference(sink.url):
        yield Problem(node.items["url"].place, f"{node.path}.url", WRITE_A_REFERENCE)
    if "on" in node.items and not sink.on:
        yield Problem(node.items["on"].place, f"{node.path}.on", "on no occasion; take the whole entry out")


def _exactly(
    node: Mapping, kind: str, needed: tuple[str, ...], known: tuple[str, ...], may: tuple[str, ...] = ()
) -> Iterator[Problem]:
    """Yield what is missing for this kind, and what belongs to another one."""
    for key in needed:
        if key not in node.items:
            yield Problem(node.place, f"{node.path}.{key}", f"missing; {kind} needs it")
    for key in known:
        if key in node.items and key not in (*needed, *may):
            yield Problem(node.keys[key], f"{node.path}.{key}", f"{kind} has no {key}")


def _entries(values: Sequence[object], node: Mapping, key: str) -> Iterator[tuple[object, Mapping]]:
    """Yield the values under `key` beside what is written."""
    listing = node.items.get(key)
    written = listing.items if isinstance(listing, Listing) else ()
    for value, item in zip(values, written, strict=False):
        if isinstance(item, Mapping):
            yield value, item


def _signal(name: str, signal: SignalConfig, node: Mapping) -> Iterator[Problem]:
    standard = _STANDARD.get(name)
    if standard is None:
        missing = [key for key in ("title", "unit", "direction") if key not in node.items]
        if missing:
            says = f"a signal of your own needs {', '.join(missing)}{did_you_mean(name, _STANDARD)}"
            yield Problem(node.place, node.path, says)
    elif signal.unit not in (None, standard.unit):
        says = f"the unit of {name} is {standard.unit.value}; give a signal of your own another name"
        yield Problem(node.items["unit"].place, f"{node.path}.unit", says)
    unit, direction = _unit_and_direction(name, signal)
    for rule, written in _pairs(signal.rules or (), node, "rules"):
        yield from _rule(rule, unit, direction, written)
    yield from _same_names(node)


def _limit(limit: LimitConfig, context: ContextConfig, node: Mapping, known: Sequence[str]) -> Iterator[Problem]:
    if limit.signal not in known:
        written = node.items["signal"]
        hint = did_you_mean(limit.signal, known) or f"; known here: {', '.join(known)}"
        yield Problem(written.place, written.path, f"there is no signal {shown(limit.signal)}{hint}")
        return
    unit, direction = _unit_and_direction(limit.signal, context.signals.get(limit.signal, SignalConfig()))
    if "rules" not in node.items or _conditions(node):
        yield from _rule(limit, unit, direction, node)
    for rule, written_rule in _pairs(limit.rules, node, "rules"):
        yield from _rule(rule, unit, direction, written_rule)


def _unit_and_direction(name: str, signal: SignalConfig) -> tuple[Unit, Direction]:
    standard = _STANDARD.get(name)
    unit = signal.unit or (standard.unit if standard else Unit.NUMBER)
    return unit, signal.direction or (standard.direction if standard else Direction.EITHER)


def _rule(rule: RuleConfig, unit: Unit, direction: Direction, node: Mapping) -> Iterator[Problem]:
    given = _conditions(node)
    if len(given) != 1:
        found = f"found {' and '.join(given)}" if given else "found none"
        yield Problem(node.place, node.path, f"exactly one of change, above and below is needed, {found}")
        return
    condition = given[0]
    value: float | None = getattr(rule, condition)
    if value is None:
        return  # could not be read, and that is reported
    written = node.items[condition]
    upwards = condition == "above" or (condition == "change" and value > 0)
    if direction is not Direction.EITHER and upwards != (direction is Direction.HIGHER_IS_WORSE):
        says = f"{shown(_text(written))} would alarm when it gets better: the signal is {direction.value}"
        yield Problem(written.place, written.path, says)
    if condition != "change":
        yield from _level(written, unit)
    yield from _margin(condition, unit, node)


def _margin(condition: str, unit: Unit, node: Mapping) -> Iterator[Problem]:
    if "margin" not in node.items:
        return
    if condition != "change":
        yield Problem(node.keys["margin"], f"{node.path}.margin", "only a rule with 'change' has a margin")
        return
    yield from _units(node.items["margin"], Quantity.MARGIN, unit, _MARGIN_UNITS.get(unit, ("",)))


def _level(node: Node, unit: Unit) -> Iterator[Problem]:
    found = list(_units(node, Quantity.LEVEL, unit, _LEVEL_UNITS.get(unit, ("",))))
    yield from found
    if found or unit is Unit.NUMBER:
        return
    value = read_amount(_text(node), Quantity.LEVEL).value
    if unit not in (Unit.RATIO, Unit.SCORE):
        if value < 0:
            says = f"a signal in {unit.value} is never below 0, found {shown(_text(node))}"
            yield Problem(node.place, node.path, says)
    elif not 0 <= value <= 1:
        hint = f"; did you mean '{value:g}%'?" if 1 < value <= 100 else ""
        yield Problem(node.place, node.path, f"a {unit.value} is between 0 and 1, found {shown(_text(node))}{hint}")


def _units(node: Node, quantity: Quantity, unit: Unit, allowed: tuple[str, ...]) -> Iterator[Problem]:
    try:
        written = read_amount(_text(node), quantity).unit
    except ValueError:
        return  # reported already
    if written not in allowed:
        also = "".join(f" or one in {word}" for word in allowed if word)
        says = f"the signal is in {unit.value}: expected a plain number{also}, found {shown(_text(node))}"
        yield Problem(node.place, node.path, says)


def _conditions(node: Mapping) -> list[str]:
    return [key for key in ("change", "above", "below") if key in node.items]


def _pairs(values: Sequence[object], node: Mapping, key: str) -> Iterator[tuple[RuleConfig, Mapping]]:
    """Yield the values under `key` beside what is written, without those that could not be read."""
    for value, item in _entries(values, node, key):
        if isinstance(value, RuleConfig):
            yield value, item


def _same_names(node: Mapping) -> Iterator[Problem]:
    rules = node.items.get("rules")
    seen: set[str] = set()
    for rule in rules.items if isinstance(rules, Listing) else ():
        name = rule.items.get("name") if isinstance(rule, Mapping) else None
        if isinstance(name, Scalar):
            if name.text in seen:
                yield Problem(name.place, name.path, f"another rule is called {shown(name.text)}; keep names apart")
            seen.add(name.text)


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _below(node: Mapping, *keys: str) -> Mapping:
    """Return the mapping under `keys`, which the schema has already found there."""
    for key in keys:
        child = node.items.get(key)
        node = child if isinstance(child, Mapping) else Mapping(node.place, f"{node.path}.{key}")
    return node
