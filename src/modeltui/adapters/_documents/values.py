"""JSON as teams write it becomes values of a provenance: every shape that is usual, every text safe, secrets masked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeAlias, TypeVar

from modeltui.adapters._documents.case_tables import Columns, cases_in, together
from modeltui.adapters._documents.long_text import text_lines, whole_text
from modeltui.domain.lineage import Artifact, CodeRevision, DataSnapshot, LeftOut, Scores, Table
from modeltui.domain.names import UNKNOWN, Instant, ModelName, Unknown, VersionId
from modeltui.domain.text import SafeText, safe_text

T = TypeVar("T")

Metadata: TypeAlias = Mapping[str, Any]

LONG_TEXT: Final = 16_000
MOST_ENTRIES: Final = 5_000
NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
"""What says nothing wherever it stands."""
ADDRESS: Final = 1_000
_LONGEST_ODD: Final = 40
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII)
_LONGEST_CASE: Final = 160
_DEEPEST: Final = 8
_MILLISECONDS_FROM: Final = 1e11
"""Numbers above are milliseconds: as seconds this is the year 5138."""
_DATES: Final = {4: "%Y", 6: "%Y%m", 8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""How so many digits spell a date. As seconds or milliseconds, dates of these years would lie in 1970 or 1976."""
_YEARS: Final = range(1900, 2101)
_LAST_SECOND: Final = 253_402_300_800.0


@dataclass(frozen=True, slots=True)
class Partly(Generic[T]):
    """What could be read of a table, and which rows of it could not."""

    value: T
    left_out: LeftOut = ()


def told(value: Any, name: str = "", limit: int = 200) -> SafeText:
    """Return any value as one safe line, secrets masked; objects and lists as compact JSON."""
    return whole_text(plain(value), limit, name)


def plain(value: Any) -> str:
    """Return a value as text, not yet safe."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None or isinstance(value, Mapping | list):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    return repr(value)


def table(value: Any) -> Table:
    """Return an object as names and values; what is nested gets a name with dots."""
    return {safe_text(name): whole_text(plain(inner), LONG_TEXT, name) for name, inner in flat(value)}


def scores(value: Any) -> Partly[Scores]:
    """Return the numbers in an object, by name; what is nested gets a name with dots, what is no number is left out."""
    return _numbers(flat(value))


def segment_scores(value: Any, metrics: frozenset[str]) -> Partly[Scores]:
    """Return metrics of segments: `region=hk`, or `auc/region=hk` where the metric is named.

    `metrics` are the names of the overall metrics: they tell the metric's name from the segment's, in whichever order
    the two are nested.
    """
    return _numbers((_segment(path, metrics), inner) for path, inner in _paths(value, (), 0))


def _numbers(rows: Iterable[tuple[str, Any]]) -> Partly[Scores]:
    found: dict[SafeText, float] = {}
    odd: dict[SafeText, SafeText] = {}
    for name, inner in rows:
        value = number(inner)
        if value is not None:
            found[safe_text(name)] = value
        elif inner not in NOTHING:
            odd[safe_text(name)] = safe_text(f"{told(inner, name, _LONGEST_ODD)} is no number")
    return Partly(found, tuple((name, why) for name, why in odd.items() if name not in found))


def _segment(path: tuple[str, ...], metrics: frozenset[str]) -> str:
    if len(path) == 1:
        return path[0]
    first, *between, last = path
    if first in metrics or ("=" in last and "=" not in first):
        return f"{first}/{_slice((*between, last))}"
    if last in metrics or "=" in first or len(path) > 2:
        return f"{last}/{_slice((first, *between))}"
    return _slice(path)


def _slice(path: tuple[str, ...]) -> str:
    return path[0] if len(path) == 1 else f"{path[0]}={'.'.join(path[1:])}"


def texts(value: Any) -> tuple[SafeText, ...]:
    """Return one text, or each of a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(whole_text(plain(inner), LONG_TEXT) for inner in values[:MOST_ENTRIES])


def lines(value: Any) -> tuple[SafeText, ...]:
    """Return text line by line."""
    values = value if isinstance(value, list) else [value]
    return text_lines("\n".join(plain(inner) for inner in values))


def data_snapshots(value: Any) -> tuple[DataSnapshot, ...]:
    """Return data sets, given as text, as an object, as a list of either, or as an object of named ones."""
    if isinstance(value, list):
        return tuple(_snapshot(inner, f"data {count}") for count, inner in enumerate(value[:MOST_ENTRIES], 1))
    if isinstance(value, Mapping) and value and all(isinstance(inner, Mapping) for inner in value.values()):
        return tuple(_snapshot(inner, str(name)) for name, inner in value.items())
    return (_snapshot(value, "data"),)


def artifact(value: Any) -> Artifact | None:
    """Return where the bytes are and what they are, given as an address or as an object."""
    facts: Metadata = value if isinstance(value, Mapping) else {"uri": value}
    uri = field_of(facts, "uri", "url", "path", "location")
    digest = field_of(facts, "digest", "sha256", "hash")
    size = facts.get("size_bytes", facts.get("size"))
    if isinstance(uri, Unknown) and isinstance(digest, Unknown):
        return None
    return Artifact(safe_text("") if isinstance(uri, Unknown) else uri, digest, count(size))


def code(value: Any, metadata: Metadata) -> CodeRevision | None:
    """Return the commit, given as text or as an object; None when there is none in it."""
    facts: Metadata = value if isinstance(value, Mapping) else {"commit": value}
    commit = field_of(facts, "commit", "git_commit", "sha", "revision")
    if isinstance(commit, Unknown):
        return None
    repository = field_of(facts, "repository", "repo", "url")
    branch = field_of(facts, "branch")
    return CodeRevision(
        commit=commit,
        repository=field_of(metadata, "git_repo", "git_repository") if isinstance(repository, Unknown) else repository,
        branch=field_of(metadata, "git_branch") if isinstance(branch, Unknown) else branch,
        has_uncommitted_changes=yes_or_no(facts.get("dirty", metadata.get("git_dirty"))),
    )


def components(value: Any) -> Partly[Mapping[ModelName, VersionId]]:
    """Return members of an ensemble: `{model: version}`, or a list of objects with both.

    A member that is pinned in another way, by a digest or not at all, has no version that could be compared.
    """
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, Mapping):
        pairs = [(name, inner.get("version") if isinstance(inner, Mapping) else inner) for name, inner in value.items()]
    elif isinstance(value, list):
        pairs = [(row.get("model") or row.get("name"), row.get("version")) for row in value if isinstance(row, Mapping)]
    members = {ModelName(told(name)): VersionId(told(version)) for name, version in pairs if name and _says(version)}
    without = dict.fromkeys(told(name) for name, version in pairs if name and not _says(version))
    return Partly(members, tuple((name, safe_text("no version stands there")) for name in without))


def _says(version: Any) -> bool:
    return version not in NOTHING and not isinstance(version, Mapping | list)


def cases(value: Any) -> Table:
    """Return answers on saved cases: `{case: answer}`, or a list of objects, each with its case and its answer.

    Raises `ValueError` with the reason where cases and answers cannot be told together: half of them would make the
    others missing, and a place in a list is no name.
    """
    if not isinstance(value, list):
        return table(value)
    if len(value) > MOST_ENTRIES:
        raise ValueError(f"it has {len(value)} cases, more than {MOST_ENTRIES}")
    # Each by itself: people write one case with a name and an answer, the next with an id and an output.
    found = together(cases_in([row], Columns()) for row in value if isinstance(row, Mapping))
    if found.lacks:
        raise ValueError(found.lacks)
    return {whole_text(name, _LONGEST_CASE): whole_text(said, LONG_TEXT, name) for name, said in found.answers.items()}


def tag_pairs(value: Any) -> Sequence[tuple[SafeText, SafeText]]:
    """Return tags, given as an object or as a list of words."""
    if isinstance(value, list):
        return [(told(word), safe_text("")) for word in value[:MOST_ENTRIES]]
    return list(table(value).items())


def moment(value: Any) -> Instant | Unknown:
    """Return a time: ISO 8601 (UTC unless it says otherwise), or seconds or milliseconds since the epoch."""
    if isinstance(value, bool) or value is None:
        return UNKNOWN
    written = str(value).strip() if isinstance(value, int | str) else ""
    if written.isascii() and written.isdigit() and (dated := _dated(written)) is not None:
        return dated
    try:
        if "_" in written:
            # Python reads `2026_01_31` as a number.
            return UNKNOWN
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return _iso(value)
    seconds = seconds / 1000.0 if seconds > _MILLISECONDS_FROM else seconds
    return Instant(seconds) if 0.0 < seconds < _LAST_SECOND else UNKNOWN


def count(value: Any) -> int | Unknown:
    """Return a whole number that is not negative, also when it was written as text."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) <= 20:
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else UNKNOWN


def yes_or_no(value: Any) -> bool | Unknown:
    """Return a yes or a no, also as databases write them."""
    words = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}
    if isinstance(value, bool):
        return value
    return words.get(str(value).strip().lower(), UNKNOWN) if isinstance(value, str | int) else UNKNOWN


def number(value: Any) -> float | None:
    """Return a number, also one spelled as text, NaN and infinity as words; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not _is_spelled(value.strip().lower()):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return math.nan if math.isnan(found) else found


def _is_spelled(text: str) -> bool:
    if text in {"nan", "inf", "-inf", "infinity", "-infinity"}:
        return True
    # What overflows is no infinity that anybody measured.
    return len(text) <= _LONGEST_ODD and _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))


def flat(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of an object, each under its names joined by dots."""
    return ((".".join(path), inner) for path, inner in _paths(value, (), 0))


def _paths(value: Any, before: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    if not isinstance(value, Mapping):
        return
    for position, (name, inner) in enumerate(value.items()):
        if position >= MOST_ENTRIES:
            return
        path = (*before, str(name))
        if isinstance(inner, Mapping) and inner and depth < _DEEPEST:
            yield from _paths(inner, path, depth + 1)
        else:
            yield path, inner


def _dated(digits: str) -> Instant | Unknown | None:
    """Return the moment that digits spell as a date; unknown for a year or month alone, whose first is no end."""
    shape = _DATES.get(len(digits))
    try:
        read = datetime.strptime(digits, shape).replace(tzinfo=UTC) if shape else None
    except ValueError:
        return None
    if shape is None or read is None or read.year not in _YEARS:
        return None
    return Instant(read.timestamp()) if "%d" in shape else UNKNOWN


def _iso(value: Any) -> Instant | Unknown:
    try:
        read = datetime.fromisoformat(str(value).strip())
        return Instant((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return UNKNOWN


def _snapshot(value: Any, name: str) -> DataSnapshot:
    if not isinstance(value, Mapping):
        text = plain(value)
        if "/" in text:
            return DataSnapshot(told(name), uri=told(value, limit=ADDRESS))
        return DataSnapshot(told(name), digest=told(value))
    return DataSnapshot(
        name=told(value.get("name") or name),
        digest=field_of(value, "digest", "hash", "md5", "sha256", "version", "snapshot"),
        uri=field_of(value, "uri", "url", "path", "location"),
        rows=count(value.get("rows", value.get("num_rows", value.get("row_count")))),
        used_for=field_of(value, "used_for", "context", "split", "role"),
        origin=field_of(value, "origin", "source", "table", "topic"),
        begins_at=moment(_first(value, "begins_at", "from", "start", "start_date")),
        ends_at=moment(_first(value, "ends_at", "until", "to", "end", "end_date")),
        taken_at=moment(_first(value, "taken_at", "snapshot_at", "extracted_at", "created_at")),
    )


def _first(facts: Metadata, *names: str) -> Any:
    return next((facts[name] for name in names if facts.get(name) not in NOTHING), None)


def field_of(facts: Metadata, *names: str) -> SafeText | Unknown:
    """Return the first of these fields that says something, as one safe line."""
    name = next((name for name in names if facts.get(name) not in NOTHING), "")
    return told(facts[name], name, ADDRESS) if name else UNKNOWN
