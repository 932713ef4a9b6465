"""What one source says of one version, broken into facts that can be held against another version's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, NamedTuple

from modeltui.domain.comparison.difference import Group, Nature, Value
from modeltui.domain.text import SafeText


class Kind(Enum):
    """How two values of a fact are held against each other: finer than `Nature`, which is how they are shown."""

    TEXT = auto()
    VALUE = auto()
    """Text that may spell a number, a flag or a release."""
    SETTING = auto()
    """As `VALUE`, but `1.10` may be a version: it is not 1.1."""
    SCORE = auto()
    COUNT = auto()
    IMPORTANCE = auto()
    """By its share of all importances of its version: a share that moved too little did not move."""
    DIGEST = auto()
    RELEASE = auto()
    """Of a package: `1.0` and `1.0.0` are one."""
    VERSION = auto()
    """A name that counts: up or down like a release, and another when it is spelled otherwise."""
    COMMIT = auto()
    REPOSITORY = auto()
    LINES = auto()
    MOMENT = auto()
    SPAN = auto()
    NAME = auto()
    """An address or identifier that each source gives in its own way: two sources that name it otherwise agree."""
    SHAPE = auto()
    UNSAVED = auto()
    """Whether code had uncommitted changes: twice yes is not the same code."""
    PRESENCE = auto()
    """It is there: what is known of it is compared apart."""


NATURES: Final = {
    Kind.SCORE: Nature.NUMBER,
    Kind.COUNT: Nature.NUMBER,
    Kind.IMPORTANCE: Nature.NUMBER,
    Kind.DIGEST: Nature.DIGEST,
    Kind.RELEASE: Nature.RELEASE,
    Kind.VERSION: Nature.RELEASE,
    Kind.LINES: Nature.LINES,
    Kind.MOMENT: Nature.MOMENT,
    Kind.SHAPE: Nature.SHAPE,
}
"""Kinds that are not here are text, unless all that is said of them spells numbers or releases."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Facts that come out of one field of a provenance; as long as all of them are unknown they are told as one."""

    field: str
    """Of `Provenance`."""
    group: Group
    name: str
    """What all of them together are called: `parameters`, `environment.packages`."""
    title: str
    also: tuple[str, ...] = ()
    """Other fields that may tell the same facts."""
    tells_absence: bool = True
    """Whether a row that is missing is said not to exist; parts of a row are only not named."""
    is_set: bool = False
    """Every source may add to it, and its rows are shown as one fact."""
    has_rows: bool = False


class Told(NamedTuple):
    """One fact as one source says it."""

    field: str
    """`parameters.num_leaves`."""
    title: str
    table: Table
    kind: Kind
    value: Value
    basis: object = None
    """By what it is compared where that is not its value: a span's two moments, an importance's share."""
    owner: str = ""
    """The fact whose part it is: `data.card_transactions`."""
    is_silent: bool = False
    """The source knows the thing and not this of it: neither a value nor an absence; the value says why."""
    order: int = 0
    """Among the parts of its owner."""


class Weight(NamedTuple):
    """An importance among those of its version."""

    share: float
    """Of the sum of all, without their signs; NaN where there is none."""
    noise: float
    """A share that moved less did not move."""
    rank: int


class Span(NamedTuple):
    """From when to when; None where nobody says."""

    begins_at: float | None
    ends_at: float | None


NOT_NAMED: Final = SafeText("not named")
