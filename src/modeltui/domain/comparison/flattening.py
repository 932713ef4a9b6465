"""One provenance broken into facts: what it says of one version, name by name."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from modeltui.domain.comparison import tables
from modeltui.domain.comparison.environments import told_packages, told_runtime
from modeltui.domain.comparison.facts import NOT_NAMED, Kind, Span, Table, Told, Weight
from modeltui.domain.comparison.moments import date_text, span_text
from modeltui.domain.lineage import (
    FIELDS,
    Approval,
    Artifact,
    CodeRevision,
    Contradicted,
    DataSnapshot,
    Known,
    LeftOut,
    Provenance,
)
from modeltui.domain.names import UNKNOWN, Missing, SourceName
from modeltui.domain.text import SafeText

NO_NAMES: Final[frozenset[SafeText]] = frozenset()

_WITH_ROWS_LEFT_OUT: Final = {
    table.field: table for table in (tables.METRICS, tables.SEGMENTS, tables.IMPORTANCES, tables.COMPONENTS)
}
_NAMES_RELEASE: Final = re.compile(
    r"(?:^|[^A-Za-z])(?i:version|release|revision)(?:$|[^A-Za-z])|[a-z](?:Version|Release|Revision)(?:$|[^a-z])"
)
_MOST_COUNTED: Final = 10**18
LEAST_SHARE: Final = 0.01
"""An importance whose share of all importances moved by less than one hundredth did not move (see `_noise`)."""


def flatten(
    source: SourceName, provenance: Provenance, ambiguous: frozenset[SafeText] = NO_NAMES
) -> Iterator[tuple[SourceName, Told]]:
    """Yield each fact that a provenance holds and who says it; nothing of fields that it does not know.

    `ambiguous`: names of data sets that some version has twice, for training and for test; they are told apart by use.
    """
    for name in FIELDS:
        fact = getattr(provenance, name)
        if isinstance(fact, Known):
            for told in (*_told(name, fact.value, ambiguous), *_left_out(name, fact.left_out)):
                yield source, told
        elif isinstance(fact, Contradicted):
            for claim in fact.claims:
                for told in (*_told(name, claim.value, ambiguous), *_left_out(name, claim.left_out)):
                    yield claim.source, told


def ambiguous_names(provenances: Iterable[Provenance]) -> frozenset[SafeText]:
    """Return the names that stand for several data sets of one version."""
    found: set[SafeText] = set()
    for provenance in provenances:
        fact = provenance.data_snapshots
        for claim in (fact,) if isinstance(fact, Known) else fact.claims if isinstance(fact, Contradicted) else ():
            names = Counter(snapshot.name for snapshot in claim.value)
            found.update(name for name, times in names.items() if times > 1)
    return frozenset(found)


def _left_out(name: str, rows: LeftOut) -> Iterator[Told]:
    """Yield rows that nobody understood: whoever has one neither has a value for it nor says that there is none."""
    for row, why in rows:
        table = _WITH_ROWS_LEFT_OUT[name]
        yield Told(f"{table.group}.{row}", row, table, Kind.VALUE, why, is_silent=True)


def _told(name: str, value: Any, ambiguous: frozenset[SafeText]) -> Iterable[Told]:
    return _snapshots(value, ambiguous) if name == "data_snapshots" else _TELLERS[name](value)


def _one(table: Table, kind: Kind = Kind.TEXT) -> Callable[[Any], Iterable[Told]]:
    """Return what tells a field of one value."""
    return lambda value: (Told(table.name, table.title, table, kind, value),)


def _rows(table: Table, kind: Kind = Kind.VALUE, prefix: str = "") -> Callable[[Any], Iterable[Told]]:
    """Return what tells a field that is a table of texts or numbers."""
    start = prefix or f"{table.group}."

    def tell(rows: Mapping[SafeText, Any]) -> Iterator[Told]:
        for name, value in rows.items():
            yield Told(start + name, name, table, _kind_of_row(name, kind), value)

    return tell


def _kind_of_row(name: str, kind: Kind) -> Kind:
    return Kind.VERSION if kind in (Kind.VALUE, Kind.SETTING) and _NAMES_RELEASE.search(name) else kind


def _texts(table: Table) -> Callable[[Any], Iterable[Told]]:
    """Return what tells a list to which every source may add: each entry a part of one fact."""

    def tell(entries: Iterable[SafeText]) -> Iterator[Told]:
        times: Counter[SafeText] = Counter()
        for place, entry in enumerate(entries):
            times[entry] += 1
            # What was done twice is not what was done once.
            key = f"{table.name}.{times[entry]}.{entry}"
            yield Told(key, table.title, table, Kind.PRESENCE, entry, owner=table.name, order=place)

    return tell


def _prompts(rows: Mapping[SafeText, SafeText]) -> Iterator[Told]:
    for name, text in rows.items():
        yield Told(f"prompts.{name}", name, tables.PROMPTS, Kind.LINES, text_lines(text))


def _cases(rows: Mapping[SafeText, SafeText]) -> Iterator[Told]:
    for name, text in rows.items():
        lines = text_lines(text)
        kind = Kind.LINES if len(lines) > 1 else Kind.VALUE
        yield Told(f"cases.{name}", name, tables.CASES, kind, lines if kind is Kind.LINES else text)


def text_lines(text: SafeText) -> tuple[SafeText, ...]:
    """Return the lines of a text whose line ends became visible signs where it came in."""
    if "␊" not in text and "␍" not in text:
        return (text,)
    return tuple(SafeText(line) for line in text.replace("␍␊", "␊").replace("␍", "␊").split("␊"))


def _artifact(artifact: Artifact) -> Iterator[Told]:
    table = tables.ARTIFACT
    yield _part("artifact.digest", "digest", table, Kind.DIGEST, artifact.digest)
    yield _part("artifact.size", "size", table, Kind.COUNT, _count(artifact.size_bytes))
    if not isinstance(artifact.is_reachable, Missing):
        yield Told("artifact.reachable", "reachable", table, Kind.TEXT, _yes(artifact.is_reachable))
    uri, place = artifact.uri, tables.ADDRESSES
    yield Told(f"{place.name}.1.{uri}", place.title, place, Kind.PRESENCE, uri, owner=place.name)


def _code(code: CodeRevision) -> Iterator[Told]:
    table = tables.CODE
    yield Told("code.commit", "commit", table, Kind.COMMIT, code.commit)
    yield _part("code.repository", "repository", table, Kind.REPOSITORY, code.repository)
    yield _part("code.branch", "branch", table, Kind.TEXT, code.branch)
    unsaved = code.has_uncommitted_changes
    value = unsaved if isinstance(unsaved, Missing) else _yes(unsaved)
    yield _part("code.uncommitted", "uncommitted changes", table, Kind.UNSAVED, value)


def _snapshots(snapshots: Iterable[DataSnapshot], ambiguous: frozenset[SafeText]) -> Iterator[Told]:
    # Two of the same name and use are told apart by a number that does not hang on how they are listed.
    ordered = sorted(
        snapshots, key=lambda one: (one.name, *(str(part) for part in (one.used_for, one.uri, one.digest)))
    )
    times: Counter[str] = Counter()
    for snapshot in ordered:
        used_for = "" if isinstance(snapshot.used_for, Missing) else snapshot.used_for
        name = f"{snapshot.name} ({used_for})" if snapshot.name in ambiguous and used_for else f"{snapshot.name}"
        times[name] += 1
        name = name if times[name] == 1 else f"{name} {times[name]}"
        key = f"data.{name}"
        yield Told(key, name, tables.DATA, Kind.PRESENCE, _summary(snapshot))
        yield from _snapshot_parts(key, name, snapshot, is_use_in_name=snapshot.name in ambiguous)


def _snapshot_parts(key: str, name: str, snapshot: DataSnapshot, *, is_use_in_name: bool) -> Iterator[Told]:
    span = Span(_known(snapshot.begins_at), _known(snapshot.ends_at))
    is_told = span.begins_at is not None or span.ends_at is not None
    parts = (
        ("digest", "digest", Kind.DIGEST, snapshot.digest),
        ("rows", "rows", Kind.COUNT, _count(snapshot.rows)),
        ("span", "span", Kind.SPAN, span_text(span.begins_at, span.ends_at) if is_told else UNKNOWN),
        ("taken", "taken", Kind.MOMENT, snapshot.taken_at),
        ("origin", "origin", Kind.TEXT, snapshot.origin),
        ("uri", "address", Kind.NAME, snapshot.uri),
        ("used_for", "used for", Kind.TEXT, UNKNOWN if is_use_in_name else snapshot.used_for),
    )
    for order, (part, title, kind, value) in enumerate(parts):
        told = _part(f"{key}.{part}", f"{name} {title}", tables.DATA_PARTS, kind, value)
        yield told._replace(owner=key, order=order, basis=span if kind is Kind.SPAN else None)


def _known(moment: float | Missing) -> float | None:
    return None if isinstance(moment, Missing) else moment


def _count(number: int | Missing) -> int | Missing:
    """Return a number of rows or bytes; unknown for one that counts nothing there is, and that no face could draw."""
    return number if isinstance(number, Missing) or abs(number) <= _MOST_COUNTED else UNKNOWN


def _summary(snapshot: DataSnapshot) -> SafeText:
    count = _count(snapshot.rows)
    rows = "" if isinstance(count, Missing) else f"{count:,} rows"
    known = next((text for text in (snapshot.digest, snapshot.uri) if not isinstance(text, Missing)), "")
    return SafeText(", ".join(part for part in (rows, known) if part) or "named, nothing told of it")


def _part(field: str, title: str, table: Table, kind: Kind, value: Any) -> Told:
    """Return a part of something: what is missing of it is not named, which is no absence."""
    if isinstance(value, Missing):
        return Told(field, title, table, kind, NOT_NAMED, is_silent=True)
    return Told(field, title, table, kind, value)


def _approvals(approvals: Iterable[Approval]) -> Iterator[Told]:
    table = tables.APPROVALS
    for place, approval in enumerate(approvals):
        parts = [f"{approval.decision} by {approval.by}"]
        if not isinstance(approval.at, Missing):
            parts.append(f"on {date_text(approval.at)}")
        text = " ".join(parts)
        if not isinstance(approval.comment, Missing):
            text += f": {approval.comment}"
        yield Told(
            f"{table.name}.{text}", table.title, table, Kind.PRESENCE, SafeText(text), owner=table.name, order=place
        )


def _importances(scores: Mapping[SafeText, float]) -> Iterator[Told]:
    sizes = {name: abs(value) for name, value in scores.items()}
    whole = sum(size for size in sizes.values() if not math.isnan(size))
    noise = _noise(len(sizes))
    ranked = sorted(sizes, key=lambda name: (math.isnan(sizes[name]), -sizes[name], name))
    for rank, name in enumerate(ranked, start=1):
        share = sizes[name] / whole if whole else 0.0
        yield Told(
            f"importances.{name}",
            name,
            tables.IMPORTANCES,
            Kind.IMPORTANCE,
            scores[name],
            basis=Weight(share, noise, rank),
        )


def _noise(features: int) -> float:
    """Return what counts as no move: a hundredth of all importances, or half a mean share where features are many.

    Retraining on the same data moves the third digit, and makes neighbours change places; neither is a finding.
    """
    return min(LEAST_SHARE, 0.5 / features) if features else LEAST_SHARE


def _yes(is_so: bool) -> SafeText:
    return SafeText("yes" if is_so else "no")


def _base_image(image: SafeText) -> Iterator[Told]:
    name, at, digest = image.partition("@")
    table = tables.BASE_IMAGE
    if name:
        yield Told("environment.base_image", "base image", table, Kind.TEXT, SafeText(name))
    value = SafeText(digest) if at and digest else UNKNOWN
    yield _part("environment.base_image.digest", "base image digest", table, Kind.DIGEST, value)


_TELLERS: Final[Mapping[str, Callable[[Any], Iterable[Told]]]] = {
    "run": _one(tables.RUN, Kind.NAME),
    "registered": _one(tables.REGISTERED),
    "owner": _one(tables.OWNER),
    "artifact": _artifact,
    "files": _rows(tables.FILES, Kind.DIGEST, "artifact.file."),
    "architecture": _one(tables.ARCHITECTURE),
    "signature": _one(tables.SIGNATURE, Kind.SHAPE),
    "extraction_query": _one(tables.QUERY, Kind.LINES),
    "feature_pipeline": _one(tables.FEATURES, Kind.VERSION),
    "code": _code,
    "parameters": _rows(tables.PARAMETERS),
    "metrics": _rows(tables.METRICS, Kind.SCORE),
    "segment_metrics": _rows(tables.SEGMENTS, Kind.SCORE),
    "requirements": told_packages,
    "runtime": told_runtime,
    "environment_variables": _rows(tables.VARIABLES, Kind.SETTING, "environment.variable."),
    "base_image": _base_image,
    "parents": _texts(tables.PARENTS),
    "prompts": _prompts,
    "llm_system": _rows(tables.SYSTEM, Kind.SETTING),
    "components": _rows(tables.COMPONENTS, Kind.VERSION),
    "agent": _rows(tables.AGENT, Kind.SETTING),
    "external_effects": _texts(tables.EFFECTS),
    "importances": _importances,
    "cases": _cases,
    "approvals": _approvals,
    "model_card": _one(tables.CARD, Kind.LINES),
    "serving_config": _rows(tables.SERVING),
    "tags": _rows(tables.TAGS, Kind.TEXT, "record.tag."),
    "attestations": _texts(tables.ATTESTATIONS),
}
