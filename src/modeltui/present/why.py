"""The evidence behind every verdict of a target, in full sentences."""

from __future__ import annotations

from collections.abc import Iterator

from modeltui.domain.fleet import Cell, Fleet, ServedVersion, SourceCondition, SourceState, Target
from modeltui.domain.health import Level, Rule
from modeltui.domain.names import Missing
from modeltui.domain.signal import Signal
from modeltui.present import format as form
from modeltui.present import words
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone


def why_lines(fleet: Fleet, target: Target) -> list[Line]:
    """Return the whole evidence on a target, worst version first."""
    lines: list[Line] = [(Span(str(target.key), Tone.STRONG), Span(f"  {words.level_word(target.level)}"))]
    for version in sorted(target.versions, key=lambda version: -version.level):
        lines.append(())
        lines.extend(_version_lines(fleet, version))
    lines.append(())
    good = target.known_good
    name = "none" if isinstance(good, Missing) else str(good.version)
    lines.append((Span("last known good  ", Tone.TITLE), Span(f"{name}: {words.known_good_words(good, fleet.at)}")))
    return lines


def source_lines(fleet: Fleet) -> list[Line]:
    """Return the state of every source with what to do about it."""
    lines: list[Line] = [(Span("Sources", Tone.TITLE),)]
    for source in fleet.sources.values():
        text, tone = _source_state(source, fleet)
        what = f"{source.backend} {source.kind.value}, asked every {form.about(source.expected_every_seconds)}: "
        lines.append((Span(f"  {source.name}", Tone.STRONG), Span(f"  {what}", Tone.MUTED), Span(text, tone)))
        if not isinstance(source.error, Missing):
            lines.append((Span(f"    {source.error}", Tone.BREACH),))
        if not isinstance(source.remedy, Missing):
            lines.append((Span(f"    {source.remedy}", Tone.PLAIN),))
        lines.extend((Span(f"    {warning}", Tone.WARN),) for warning in source.warnings)
    return lines


def _source_state(source: SourceState, fleet: Fleet) -> tuple[str, Tone]:
    since = form.age(source.answered_at, fleet.at)
    match source.condition(fleet.at):
        case SourceCondition.FRESH:
            return f"fresh, answered {since} ago{_newest_words(source, fleet)}", Tone.OK
        case SourceCondition.STALE:
            return f"STALE, answered {since} ago{_newest_words(source, fleet)}", Tone.WARN
        case SourceCondition.CONNECTING:
            return "connecting, has not answered yet", Tone.UNKNOWN
        case SourceCondition.DOWN:
            never = isinstance(source.answered_at, Missing)
            answered = "never answered" if never else f"last answered {since} ago"
            return f"DOWN, {answered}{_again_words(source, fleet)}", Tone.BREACH


def _again_words(source: SourceState, fleet: Fleet) -> str:
    if isinstance(source.again_at, Missing):
        return ""
    left_seconds = source.again_at - fleet.at
    return f", asked again in {form.duration(left_seconds)}" if left_seconds > 0.0 else ", being asked again"


def _newest_words(source: SourceState, fleet: Fleet) -> str:
    if isinstance(source.newest_at, Missing):
        return ""
    return f", newest observation {form.age(source.newest_at, fleet.at)} old"


def _version_lines(fleet: Fleet, version: ServedVersion) -> Iterator[Line]:
    observed = "not observed" if isinstance(version.observed, Missing) else form.percent(version.observed)
    desired = "unknown" if isinstance(version.desired, Missing) else form.percent(version.desired)
    yield (
        Span(version.version, Tone.STRONG),
        Span(f"  {version.role.value}, traffic desired {desired}, observed {observed}", Tone.MUTED),
    )
    for signal in _worst_first(version, fleet.policy.signals):
        cell = version.cells.get(signal.name)
        if cell is None:
            yield (Span(f"  {signal.name:<14}", Tone.MUTED), Span("no data: no source measures it", Tone.UNKNOWN))
            continue
        yield from _cell_lines(fleet, signal, cell)


def _worst_first(version: ServedVersion, signals: tuple[Signal, ...]) -> list[Signal]:
    def level(signal: Signal) -> int:
        cell = version.cells.get(signal.name)
        return -1 if cell is None else cell.verdict.level

    return sorted(signals, key=lambda signal: -level(signal))


def _cell_lines(fleet: Fleet, signal: Signal, cell: Cell) -> Iterator[Line]:
    verdict = cell.verdict
    tone = words.LEVEL_TONES[verdict.level]
    yield (
        Span(f"  {signal.name:<14}", Tone.MUTED),
        Span(f"{words.level_word(verdict.level):<9}", tone),
        Span(words.because(verdict, signal)),
    )
    n = "unknown" if isinstance(verdict.n, Missing) else form.quantity(verdict.n)
    facts = [f"n={n}", f"window {form.about(cell.sample.window_seconds)}"]
    if isinstance(verdict.rule, Rule):
        facts.append(f"rule {verdict.rule.name}")
    facts.append(words.baseline_words(verdict.baseline, signal.unit))
    if not isinstance(verdict.since, Missing) and verdict.level >= Level.WARN:
        before = "before " if verdict.since_or_earlier else ""
        facts.append(f"since {before}{form.clock_time(verdict.since)}Z ({words.lasted(verdict, fleet.at)})")
    facts.append("sample not scraped" if isinstance(cell.sample.at, Missing) else _age(cell, fleet))
    yield (Span(f"  {'':<14}{'':<9}{', '.join(facts)}", Tone.MUTED),)
    for segment in cell.segments:
        if segment.verdict.level >= Level.WARN:
            yield (
                Span(f"  {'':<14}"),
                Span(f"{words.level_word(segment.verdict.level):<9}", words.LEVEL_TONES[segment.verdict.level]),
                Span(f"{segment.name}: {words.because(segment.verdict, signal)}"),
            )


def _age(cell: Cell, fleet: Fleet) -> str:
    return f"sample {form.age(cell.sample.at, fleet.at)} old"
