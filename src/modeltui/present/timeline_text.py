"""What became of each version, in lines for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modeltui.domain.journal.serving_history import Basis, Interval
from modeltui.domain.names import Instant, Missing, TargetKey
from modeltui.domain.timeline import Happening, Timeline, VersionTimeline
from modeltui.present import format as form

_BASIS = {
    Basis.REGISTRY: "as its controller or registry remembers",
    Basis.ACTION: "as our action left it, seen",
    Basis.OBSERVATION: "seen in passing",
    Basis.GAP: "nobody looked",
}


def timeline_lines(found: Timeline) -> list[str]:
    """Return the versions, newest first, each with what happened to it, oldest first; at last what nobody saw."""
    lines = [line for one in found.versions for line in _version_lines(one)]
    if found.gaps:
        lines += ["", "not known: what served"]
        lines += [f"  {_moment(gap.since)}  {gap.target.environment}, until {_moment(gap.until)}" for gap in found.gaps]
    return lines


def _version_lines(one: VersionTimeline) -> Iterator[str]:
    yield "  ".join(part for part in (str(one.version), *_standing(one)) if part)
    for happening in one.happenings:
        yield f"  {_moment(happening.at):<17}  {_happening_words(happening)}"


def _standing(one: VersionTimeline) -> Iterator[str]:
    if isinstance(one.listed, Missing):
        yield "(no registry lists it)"
    if one.serves:
        yield f"serves {_places(one.serves)}"
    if one.pointers:
        yield f"pointed at by {', '.join(one.pointers)}"
    if one.gold:
        yield "gold " + ", ".join(f"{key.environment} #{place}" for key, place in one.gold)


def _places(places: tuple[TargetKey, ...]) -> str:
    return ", ".join(place.environment for place in places)


def _happening_words(one: Happening) -> str:
    by = "" if isinstance(one.by, Missing) else f" by {one.by}"
    where = "" if isinstance(one.target, Missing) else f" on {one.target.environment}"
    why = f": {one.why}" if one.why else ""
    if isinstance(one.interval, Interval):
        share = "" if isinstance(one.interval.share, Missing) else f" {form.percent(one.interval.share)}"
        earlier = "or earlier, " if one.interval.since_or_earlier else ""
        until = "now" if one.interval.until_or_later else _moment(one.interval.until)
        yes = f", approved by {', '.join(one.interval.approvals)}" if one.interval.approvals else ""
        brought = f", brought{by}" if by else ""
        return f"{earlier}served{share}{where} until {until}, {_BASIS[one.interval.basis]}{brought}{yes}"
    outcome = f", {one.outcome}" if one.outcome else ""
    return f"{one.kind.value}{where}{by}{outcome}{why}"


def _moment(at: Instant | Missing) -> str:
    return "(no date)" if not form.is_moment(at) else f"{form.date_time(at)}Z"


def timeline_object(one: VersionTimeline) -> dict[str, Any]:
    """Return what became of one version: what `versions --timeline --json` adds to it."""
    return {
        "timeline": [_happening_object(happening) for happening in one.happenings],
        "gold": [{**_target(key), "place": place} for key, place in one.gold],
    }


def gaps_object(found: Timeline) -> list[dict[str, Any]]:
    """Return the stretches of time of which nobody knows what served."""
    return [{**_target(gap.target), **_times(gap.since, gap.until)} for gap in found.gaps]


def _happening_object(one: Happening) -> dict[str, Any]:
    answer: dict[str, Any] = {"what": one.kind.value}
    if not isinstance(one.at, Missing) and form.is_moment(one.at):
        answer["at"] = form.rfc3339(one.at)
    if isinstance(one.interval, Interval):
        interval = one.interval
        if not interval.until_or_later:
            answer["until"] = form.rfc3339(interval.until)
        if interval.since_or_earlier:
            answer["at_or_earlier"] = True
        if not isinstance(interval.share, Missing):
            answer["share"] = interval.share
        answer["evidence"] = interval.basis.value
        if interval.approvals:
            answer["approved_by"] = list(interval.approvals)
    if not isinstance(one.target, Missing):
        answer["target"] = _target(one.target)
    if not isinstance(one.by, Missing):
        answer["by"] = one.by
    words = {"because": one.why, "outcome": one.outcome}
    answer |= {name: word for name, word in words.items() if word}
    return answer | ({"seq": list(one.seqs)} if one.seqs else {})


def _target(key: TargetKey) -> dict[str, Any]:
    return {"model": key.model, "environment": key.environment}


def _times(since: Instant, until: Instant) -> dict[str, str]:
    return {"since": form.rfc3339(since), "until": form.rfc3339(until)}
