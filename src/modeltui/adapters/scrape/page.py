"""Reads one page of metrics again and again; a line that was there before costs one look-up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from modeltui.adapters.scrape.catalogue import IGNORED, MOST_SERIES, Catalogue
from modeltui.adapters.scrape.ledger import Reading
from modeltui.adapters.scrape.text_format import OPENMETRICS, Scraped, parse
from modeltui.domain.errors import BackendMalformed
from modeltui.domain.names import Instant, Missing, Unknown
from modeltui.domain.text import SafeText

PROCESS_START: Final = "process_start_time_seconds"
TARGET_INFO: Final = "target_info"
_START: Final = -2
"""The number that the start time has among the series."""
_LARGEST: Final = 1e18
"""Greater counts are no counts: doubles lose whole numbers before."""
_LONGEST_REMEMBERED: Final = 2_000
_LONGEST_LINE: Final = 1 << 14
_SPARE_LINES: Final = 1_000
_BLOCK_CHARACTERS: Final = 1 << 16
_MOST_STRANGE_LINES: Final = 2 * MOST_SERIES
"""Lines that matter and are seen for the first time."""


@dataclass(frozen=True, slots=True)
class PageText:
    """A page as it came."""

    name: SafeText
    """How the page is called in messages."""
    text: str
    media_type: str
    moment: float
    """When it came, by the clock of durations."""
    now: Instant
    """The same by the wall clock."""
    server_date: Instant | Unknown


class PageReader:
    """Turns the text of one address into numbered series."""

    def __init__(self, catalogue: Catalogue, labels: Mapping[str, str], takes_target_info: bool) -> None:
        self._catalogue = catalogue
        self._labels = labels
        self._takes_target_info = takes_target_info
        self._wanted = frozenset(
            (*catalogue.meaning.legs, PROCESS_START, *([TARGET_INFO] if takes_target_info else []))
        )
        self._known: dict[str, int] = {}
        """By the text before the value: the number of the series."""
        self._most_known = _SPARE_LINES
        self._generation = -1
        self._info: Mapping[str, str] = {}
        self.unreadable_count = 0
        """Lines of the last page that could not be read."""

    def read(self, page: PageText) -> Reading:
        """Return what matters on a page; raise `BackendMalformed` when it is no such page."""
        if page.media_type == OPENMETRICS and not _has_end(page):
            raise BackendMalformed(f"{page.name} sent a page without its end", "It is asked again by itself.")
        begins_afresh = self._generation != self._catalogue.generation or len(self._known) > self._most_known
        if begins_afresh:
            self._known.clear()
        numbered, strange = self._look_up(page)
        if begins_afresh:
            self._catalogue.begin_count()
            self._generation = self._catalogue.generation
        self._most_known = 2 * page.text.count("\n") + _SPARE_LINES
        stamps: dict[int, float] = {}
        if not self._read_strange(page, strange, numbered, stamps) and not numbered:
            _check_is_metrics(page)
        started_at = numbered.pop(_START, None)
        series = self._catalogue.series
        found = {
            index: value
            for index, value in numbered.items()
            if index >= 0 and (0.0 <= value < _LARGEST or (not series[index].counters and abs(value) < _LARGEST))
        }
        date = page.now if isinstance(page.server_date, Missing) else page.server_date
        uptime = None if started_at is None else date - started_at
        return Reading(list(found), list(found.values()), stamps, started_at, uptime)

    def _look_up(self, page: PageText) -> tuple[dict[int, float], list[str]]:
        """Return the values of all lines that are known by their text, and the other lines that may matter."""
        known, wanted = self._known, self._wanted
        numbered: dict[int, float] = {}
        strange: list[str] = []
        self.unreadable_count = 0
        for line in _lines(page.text):
            cut = line.rfind(" ")
            number = known.get(line[:cut])
            if number is None:
                if line and not line.startswith("#") and ((name := _name(line)) in wanted or not name):
                    self._put_aside(page, line, strange)
                continue
            written = line[cut + 1 :]
            try:
                value = float(written)
            except ValueError:
                strange.append(line)
                continue
            if "_" in written or not written.isascii():  # Python's own liberties
                strange.append(line)
            else:
                numbered[number] = value
        return numbered, strange

    def _put_aside(self, page: PageText, line: str, strange: list[str]) -> None:
        if len(line) > _LONGEST_LINE:
            self.unreadable_count += 1
            return
        strange.append(line)
        if len(strange) > _MOST_STRANGE_LINES:
            raise BackendMalformed(
                f"{page.name} has more than {_MOST_STRANGE_LINES:,} lines for the signals that are looked for",
                "Let the server export less, or let a Prometheus add it up.",
            )

    def _read_strange(
        self, page: PageText, lines: list[str], numbered: dict[int, float], stamps: dict[int, float]
    ) -> bool:
        """Read lines one by one, and remember them; return whether any could be read."""
        if not lines:
            return False
        media_type = OPENMETRICS if _is_openmetrics(page) else "text/plain"
        exposition = parse("\n".join(lines), media_type, self._wanted)
        samples = [(sample, lines[exposition.line_number - 1]) for sample in exposition]
        self.unreadable_count += exposition.unreadable_count
        if self._takes_target_info:
            self._info = next((sample.labels for sample, _ in samples if sample.name == TARGET_INFO), self._info)
        for sample, line in samples:
            number = self._number(sample, page.moment)
            numbered[number] = sample.value
            if not isinstance(sample.timestamp, Missing):
                offset = 0.0 if isinstance(page.server_date, Missing) else page.server_date - page.now
                stamps[number] = page.moment - (page.now + offset - sample.timestamp)
            elif _is_plain(line, sample):
                self._known[line[: line.rfind(" ")]] = number
        return bool(samples)

    def _number(self, sample: Scraped, moment: float) -> int:
        if sample.name == PROCESS_START:
            # With labels it is a collector's page, which tells of several processes.
            return IGNORED if sample.labels else _START
        if sample.name == TARGET_INFO:
            return IGNORED
        labels = sample.labels
        if self._labels or self._info:
            labels = {**self._info, **labels, **self._labels}
        return self._catalogue.find(sample.name, labels, moment)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a page; a page of millions of empty ones must not become a list of millions."""
    start = 0
    while start < len(text):
        end = text.rfind("\n", start, start + _BLOCK_CHARACTERS)
        if end < start:
            end = text.find("\n", start + _BLOCK_CHARACTERS)
            end = len(text) if end < 0 else end
        yield from text[start:end].split("\n")
        start = end + 1


def _name(line: str) -> str:
    """Return the metric's name at the beginning of a line; the empty text when it has to be looked at closely."""
    brace = line.find("{")
    return line[:brace].strip() if brace >= 0 else next(iter(line.split(None, 1)), "")


def _is_plain(line: str, sample: Scraped) -> bool:
    """Tell whether a line is a series and a value and nothing else, so that its text stands for the series."""
    cut = line.rfind(" ")
    if not 0 < cut <= _LONGEST_REMEMBERED or "#" in line:
        return False
    try:
        return float(line[cut + 1 :]) == sample.value
    except ValueError:
        return False


def _is_openmetrics(page: PageText) -> bool:
    return page.media_type == OPENMETRICS if page.media_type else _has_end(page)


def _has_end(page: PageText) -> bool:
    return page.text[-100:].rstrip().endswith("# EOF")


def _check_is_metrics(page: PageText) -> None:
    """Raise `BackendMalformed` when a page without any series that matters is not a page of metrics at all."""
    exposition = parse(page.text[:_BLOCK_CHARACTERS], "text/plain")
    readable = sum(1 for _ in exposition)
    if exposition.unreadable_count > readable:
        first = exposition.first_unreadable[0].text
        raise BackendMalformed(
            f"{page.name} is not a page of metrics: {first!r}", "Check the path in targets: mostly it is /metrics."
        )
