"""What the series of one page are about: each is looked at once, and known by a number from then on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from math import isnan, nan
from typing import Final, NamedTuple, TypeAlias

from modeltui.adapters.scrape.plan import BUCKET_BOUND, DIMENSIONS, Leg, Role, SignalPlan, legs_by_metric
from modeltui.domain.names import Environment, ModelName, TargetKey, VersionId
from modeltui.domain.text import safe_text

MOST_SERIES: Final = 50_000
"""Of all pages together: 20 pages of 2,500 series that matter."""
_MOST_RESERVED: Final = 500
"""Of each page: one that floods must not leave the others without."""
_LONGEST_LABELS: Final = 2_000
"""Characters of a series' labels; longer ones are an accident or an attack."""

SeriesKey: TypeAlias = bytes
"""A digest of name and labels: 50,000 sets of labels would be 75 MB."""
ValueOf: TypeAlias = Callable[[str, Mapping[str, str]], str]
"""What labels say of a dimension, *not yet safe to show*; empty when nothing."""

_MOST_INCOMPLETE: Final = 2 * MOST_SERIES

IGNORED: Final = -1
"""The number of a series that counts for nothing."""


class Group(NamedTuple):
    """One version at one target."""

    target: TargetKey
    version: VersionId


class Segment(NamedTuple):
    """One value of a label that is judged apart."""

    label_index: int
    """Of the label, among the configured ones."""
    value: str
    """*Not yet safe to show*; empty when the series lacks the label."""


class Slot(NamedTuple):
    """One running total, or one gauge."""

    track: int
    role: Role
    bound: float
    """Of a bucket, in the signal's unit."""
    segment: Segment | None
    """None: of the whole version."""


class Part(NamedTuple):
    """A slot as its track knows it."""

    slot: int
    role: Role
    bound: float


@dataclass(slots=True)
class Track:
    """One signal of one version on one page."""

    group: Group
    signal_index: int
    began_at: float
    """The moment from which it was counted: the scrape before the first that had it, where it began in between."""
    seen_at: float
    """The moment when it was last on the page."""
    measured_at: float
    """The moment of its newest value: the same, unless the page says that it is older."""
    parts: dict[Segment | None, list[Part]] = field(default_factory=dict)
    """Its slots, those of the whole version under None."""


@dataclass(slots=True)
class Series:
    """One line of the page, as far as it matters."""

    key: SeriesKey
    metric: str
    counters: tuple[int, ...]
    """The slots that grow with it."""
    gauges: tuple[int, ...]
    """The slots that show its value."""
    tracks: tuple[int, ...]

    @property
    def slots(self) -> tuple[int, ...]:
        """All slots that it adds to."""
        return self.counters + self.gauges


class Pool:
    """How many series there may be: some of each page's own, the others for whoever comes first."""

    def __init__(self, pages: int) -> None:
        self._reserved = min(_MOST_RESERVED, MOST_SERIES // max(pages, 1))
        self._shared = MOST_SERIES - self._reserved * pages

    def take(self, own: int) -> bool:
        """Make room for one more series of a page that has `own`; return whether there is any."""
        if own >= self._reserved:
            if self._shared <= 0:
                return False
            self._shared -= 1
        return True

    def give_back(self, before: int, after: int) -> None:
        """Take note that a page has fewer series now."""
        self._shared += max(before - self._reserved, 0) - max(after - self._reserved, 0)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the configuration makes of series."""

    plans: tuple[SignalPlan, ...]
    segments: tuple[str, ...]
    legs: Mapping[str, tuple[Leg, ...]]

    @classmethod
    def of(cls, plans: tuple[SignalPlan, ...], segments: tuple[str, ...]) -> Meaning:
        """Return the meaning of these plans."""
        return cls(plans, segments, legs_by_metric(plans))


class Catalogue:
    """Every series that one page ever had and that matters; their numbers are stable until `keep`."""

    def __init__(self, meaning: Meaning, value_of: ValueOf, pool: Pool) -> None:
        self.meaning: Final = meaning
        self._value_of = value_of
        self._pool = pool
        self.series: list[Series] = []
        self.tracks: list[Track] = []
        self.slots: list[Slot] = []
        self._by_key: dict[SeriesKey, int] = {}
        self._groups: dict[tuple[str, ...], Group] = {}
        """By what the labels say."""
        self._shared_tracks: dict[tuple[int, ...], tuple[int, ...]] = {}
        """Most series of a version are of the same signals: one tuple for all of them."""
        self._tracks_by_key: dict[tuple[Group, int], int] = {}
        self._slots_by_key: dict[Slot, int] = {}
        self.unlabelled: Counter[tuple[str, ...]] = Counter()
        """Series left out, by the dimensions that their labels do not say."""
        self.refused = 0
        """Series left out because there were too many, or too long ones."""
        self.incomplete: set[tuple[Group, int]] = set()
        """Signals of versions that lack a series for this reason: without its errors a version would seem healthy."""
        self.generation = 0
        """Grows when series get other numbers."""

    def find(self, metric: str, labels: Mapping[str, str], moment: float) -> int:
        """Return the number of a series that is on the page at `moment`, `IGNORED` when it counts for nothing."""
        key = _key(metric, labels)
        known = self._by_key.get(key)
        return self._made(key, metric, labels, moment) if known is None else known

    def keep(self, living: set[int]) -> tuple[list[int], list[int]]:
        """Forget all series but these; return the old numbers of the series and slots that are left, in order."""
        kept_series = sorted(living)
        kept_slots = sorted({slot for index in kept_series for slot in self.series[index].slots})
        kept_tracks = sorted({self.slots[slot].track for slot in kept_slots})
        slot_now = {old: new for new, old in enumerate(kept_slots)}
        track_now = {old: new for new, old in enumerate(kept_tracks)}
        self.slots = [self.slots[old]._replace(track=track_now[self.slots[old].track]) for old in kept_slots]
        self.tracks = [self.tracks[old] for old in kept_tracks]
        for track in self.tracks:
            track.parts = {}
        for number, slot in enumerate(self.slots):
            self._add_part(slot, number)
        self._pool.give_back(len(self.series), len(kept_series))
        self.series = [self.series[old] for old in kept_series]
        for series in self.series:
            series.counters = tuple(slot_now[slot] for slot in series.counters)
            series.gauges = tuple(slot_now[slot] for slot in series.gauges)
            series.tracks = tuple(track_now[track] for track in series.tracks)
        self._by_key = {series.key: index for index, series in enumerate(self.series)}
        self._tracks_by_key = {(track.group, track.signal_index): index for index, track in enumerate(self.tracks)}
        self._slots_by_key = {slot: index for index, slot in enumerate(self.slots)}
        self._groups.clear()
        self._shared_tracks.clear()
        self.generation += 1
        return kept_series, kept_slots

    def begin_count(self) -> None:
        """Count anew what is left out: every series will be looked up again."""
        self.unlabelled.clear()
        self.refused = 0
        self.incomplete.clear()

    def _made(self, key: SeriesKey, metric: str, labels: Mapping[str, str], moment: float) -> int:
        legs = self.meaning.legs.get(metric, ())
        is_long = sum(map(len, labels.values())) > _LONGEST_LABELS
        if not is_long:
            legs = tuple(leg for leg in legs if leg.selector.holds(labels) and not _is_unbounded(leg, labels))
        if not legs:
            return IGNORED
        said = tuple([self._value_of(dimension, labels) for dimension in DIMENSIONS])
        if not all(said):
            self.unlabelled[tuple(name for name, value in zip(DIMENSIONS, said, strict=True) if not value)] += 1
            return IGNORED
        if is_long or not self._pool.take(len(self.series)):
            self._refuse(_group(*said), legs)
            return IGNORED
        group = self._groups.get(said)
        if group is None:
            group = self._groups[said] = _group(*said)
        counters: list[int] = []
        gauges: list[int] = []
        tracks: list[int] = []
        for leg in legs:
            track = self._track(group, leg.signal_index, moment)
            tracks.append(track)
            (gauges if leg.role is Role.VALUE else counters).extend(self._slots_of(track, leg, labels))
        index = len(self.series)
        unique = tuple(dict.fromkeys(tracks))
        shared = self._shared_tracks.setdefault(unique, unique)
        self.series.append(Series(key, metric, tuple(counters), tuple(gauges), shared))
        self._by_key[key] = index
        return index

    def _refuse(self, group: Group, legs: tuple[Leg, ...]) -> None:
        self.refused += 1
        if len(self.incomplete) < _MOST_INCOMPLETE:
            self.incomplete.update((group, leg.signal_index) for leg in legs)

    def _slots_of(self, track: int, leg: Leg, labels: Mapping[str, str]) -> list[int]:
        bound = _bound(labels) * leg.scale if leg.role is Role.BUCKET else 0.0
        wholes_and_parts: list[Segment | None] = [None]
        wholes_and_parts += [Segment(index, labels.get(label, "")) for index, label in enumerate(self.meaning.segments)]
        return [self._slot(Slot(track, leg.role, bound, segment)) for segment in wholes_and_parts]

    def _slot(self, slot: Slot) -> int:
        known = self._slots_by_key.get(slot)
        if known is None:
            known = self._slots_by_key[slot] = len(self.slots)
            self.slots.append(slot)
            self._add_part(slot, known)
        return known

    def _add_part(self, slot: Slot, number: int) -> None:
        self.tracks[slot.track].parts.setdefault(slot.segment, []).append(Part(number, slot.role, slot.bound))

    def _track(self, group: Group, signal_index: int, moment: float) -> int:
        known = self._tracks_by_key.get((group, signal_index))
        if known is None:
            known = self._tracks_by_key[group, signal_index] = len(self.tracks)
            self.tracks.append(Track(group, signal_index, moment, moment, moment))
        return known


def _key(metric: str, labels: Mapping[str, str]) -> SeriesKey:
    text = "\xff".join([metric, *(f"{name}\xfe{labels[name]}" for name in sorted(labels))])
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()


def _group(model: str, version: str, environment: str) -> Group:
    target = TargetKey(ModelName(safe_text(model)), Environment(safe_text(environment)))
    return Group(target, VersionId(safe_text(version)))


def _is_unbounded(leg: Leg, labels: Mapping[str, str]) -> bool:
    """Tell whether a bucket does not say which."""
    return leg.role is Role.BUCKET and isnan(_bound(labels))


def _bound(labels: Mapping[str, str]) -> float:
    """Return a bucket's bound, so that 1 and 1.0 are one; NaN when it is no number."""
    try:
        return float(labels.get(BUCKET_BOUND, ""))
    except ValueError:
        return nan
