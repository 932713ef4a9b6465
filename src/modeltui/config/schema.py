"""What the configuration may say. The reference and the JSON Schema are made from the docstrings here.

These are the plain values of the file; `wiring` turns them into the values of the domain. What belongs to one kind
of source is declared by its adapter and stays a positioned mapping here.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar

from modeltui.config.acting import ActingConfig, JournalConfig, NotifyConfig
from modeltui.config.decode import decode
from modeltui.config.document import Mapping
from modeltui.config.problems import Place
from modeltui.config.quantity import Quantity, Spelled, Within
from modeltui.config.secrets import SecretStore
from modeltui.domain.rollout import Role
from modeltui.domain.signal import Direction, Unit

T = TypeVar("T")

Name: TypeAlias = Annotated[
    str,
    Spelled(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z",
        "a name of letters, digits, '.', '_' and '-', at most 63 of them",
    ),
]
Seconds: TypeAlias = Annotated[float, Quantity.DURATION, Within(ge=0, le=30 * 86_400)]
Window: TypeAlias = Annotated[float, Quantity.DURATION, Within(ge=5, le=7 * 86_400)]
PollSeconds: TypeAlias = Annotated[float, Quantity.DURATION, Within(ge=1, le=86_400)]
Share: TypeAlias = Annotated[float, Quantity.SHARE, Within(ge=0, le=1)]
Level: TypeAlias = Annotated[float, Quantity.LEVEL]
Pattern: TypeAlias = Annotated[str, Spelled(r"^\S+\Z", "a shell pattern such as 'fraud-*'", max_length=200)]

SOURCE_KEYS = ("kind", "poll_seconds")
"""Keys of a source that are ours; all others belong to its adapter."""


class Mode(StrEnum):
    """What a session may do."""

    READ_ONLY = "read-only"
    """No writer exists in the process; it cannot be unlocked."""
    WRITES_OFF = "writes-off"
    """Writing must be unlocked first, for a while."""
    WRITES_ON = "writes-on"
    """Writing needs no unlocking; every guard stands all the same. For simulated worlds and scripts."""


class Severity(StrEnum):
    """How bad a broken rule is."""

    WARN = "warn"
    BREACH = "breach"


class Color(StrEnum):
    """Whether colours are sent."""

    AUTO = "auto"
    """As far as the terminal can; none when NO_COLOR is set."""
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """One registry, metrics store or rollout system."""

    name: str
    kind: str
    """Which adapter: `mlflow`, `prometheus`, `embedded`, `scrape`, …; `modeltui doctor` lists them."""
    poll_seconds: PollSeconds | None = None
    """How often it is asked; without it, as its adapter thinks fit."""
    node: Mapping
    """All its keys with their places; `options` reads them."""

    @property
    def place(self) -> Place:
        """Where its kind is written."""
        return self.node.items["kind"].place

    @property
    def path(self) -> str:
        """The keys that lead to it: `contexts.production.sources.registry`."""
        return self.node.path

    @property
    def base_directory(self) -> Path:
        """Where relative paths start: beside the configuration file."""
        return Path(self.node.place.file).parent

    def options(self, structure: type[T], secrets: SecretStore | None = None) -> T:
        """Return its keys as the adapter's own `structure`; raise `InvalidConfigError` with every mistake."""
        return decode(self.node, structure, secrets, also_known=SOURCE_KEYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerConfig:
    """What a registry's alias or stage means."""

    environment: Name
    """The environment in which the version it points to serves."""
    role: Role = Role.STABLE
    """What that version is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentConfig:
    """A place where models serve."""

    group: Name | None = None
    """Environments of one group should serve the same version; without it, the name up to its first '-'."""
    production: bool | None = None
    """Whether people are served from here; without it, when the group is prod, production or live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsConfig:
    """Which models are shown."""

    include: tuple[Pattern, ...] = ("*",)
    """Shell patterns on model names; one match is enough."""
    exclude: tuple[Pattern, ...] = ()
    """Shell patterns on model names; one match removes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleConfig:
    """A condition on one signal: one of `change`, `above` and `below`."""

    name: Name = "limit"
    """What the rule is called on screen and in the journal."""
    change: Annotated[float, Quantity.CHANGE, Within(ge=-1, le=1000)] | None = None
    """Broken when the value is further than this, `-15%`, from the baseline: the stable version, at the same time."""
    above: Level | None = None
    """Broken when the value is higher than this."""
    below: Level | None = None
    """Broken when the value is lower than this."""
    margin: Annotated[float, Quantity.MARGIN, Within(ge=0)] = 0.0
    """With `change`: at least this far from the baseline too, `1pp` or `20ms`; 0.01 % to 0.03 % is no alarm."""
    for_seconds: Seconds = 60.0
    """How long it must be broken before it counts."""
    clear: Annotated[float, Quantity.SHARE, Within(gt=0, le=1)] = 0.7
    """It ends when the value is back within this part of the limit's distance."""
    keep_firing_seconds: Seconds = 60.0
    """How long it must be calm before it ends."""
    min_samples: Annotated[int, Within(ge=0)] = 100
    """Observations needed on both sides; with fewer there is no verdict."""
    min_events: Annotated[int, Within(ge=0)] = 0
    """For counted signals: bad events needed on both sides together; two errors are an anecdote."""
    severity: Severity = Severity.BREACH
    """What a broken rule makes of the signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalConfig:
    """A measured series: one of the six that exist, changed, or one of your own. What is not said stays as it is."""

    title: Annotated[str, Spelled(r"^\S(.*\S)?\Z", "text", max_length=5)] | None = None
    """The heading of its column, at most five characters."""
    unit: Unit | None = None
    """The unit of its values; fixed for the six that exist."""
    direction: Direction | None = None
    """Which way it gets worse."""
    window_seconds: Window | None = None
    """The rolling window that one value covers."""
    max_age_seconds: Seconds | None = None
    """A sample older than this is stale; without it, as the context says. A job that runs hourly needs hours."""
    rules: tuple[RuleConfig, ...] | None = None
    """Its rules, instead of those that exist; `[]` for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitConfig(RuleConfig):
    """Rules of one signal on some targets, instead of the signal's own; the last that matches counts."""

    match: Pattern
    """Shell pattern on `model@environment`: `fraud-*@prod-*`."""
    signal: Name
    """Which signal."""
    rules: tuple[RuleConfig, ...] = ()
    """Several rules; a single one may be written right here, with `change`, `above` or `below`."""

    def all_rules(self) -> tuple[RuleConfig, ...]:
        """Return the rules, wherever they are written."""
        if self.change is None and self.above is None and self.below is None:
            return self.rules
        return (self, *self.rules)


class BetterConfig(StrEnum):
    """Which way a metric gets better."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfig:
    """How to read a metric of training or evaluation."""

    better: BetterConfig
    """Which way it gets better."""
    unit: str = ""
    """What it is counted in: `seconds`, `ratio`, `HKD`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextConfig:
    """One world to look at: its sources, and what counts as good there."""

    production: bool = False
    """Marks row 1 in the colour of production."""
    simulated: bool = False
    """Everything in it is invented: row 1 says DEMO, and so does the JSON."""
    mode: Mode = Mode.WRITES_OFF
    """`read-only` cannot be widened by any option."""
    sources: ReadOnly[Name, SourceConfig]
    """Registries, metrics stores and rollout systems, by a name of your own."""
    pointers: ReadOnly[str, PointerConfig] = field(default_factory=dict)
    """Registry aliases (champion) and stages (Production), and what they mean."""
    environments: ReadOnly[Name, EnvironmentConfig] = field(default_factory=dict)
    """Where models serve, in the order of display."""
    models: ModelsConfig = ModelsConfig()
    """Which models are shown."""
    signals: ReadOnly[Name, SignalConfig] = field(default_factory=dict)
    """Changes to error_rate, latency_p95, throughput, confidence, drift and business, and signals of your own."""
    limits: tuple[LimitConfig, ...] = ()
    """Rules for some models or targets only."""
    max_age_seconds: Seconds = 60.0
    """A sample older than this is stale."""
    proven_after_seconds: Seconds = 600.0
    """How long a version must serve within its limits to count as known good."""
    proven_share: Share = 0.5
    """And with at least this share of the traffic: a canary proves nothing for all."""
    journal: JournalConfig = field(default_factory=JournalConfig)
    """The record of everything that is asked, refused, done and seen here."""
    access: Path | None = None
    """The policy file: who may do what, when, with whom. Without it, whoever can run the program may act."""
    notify: tuple[NotifyConfig, ...] = ()
    """Who else is told what happened."""
    acting: ActingConfig = field(default_factory=ActingConfig)
    """How long an action may take to show."""
    evaluation: ReadOnly[str, EvaluationConfig] = field(default_factory=dict)
    """Metrics of training and evaluation, by name: which way each gets better, where its name does not say it."""
    hold_tags: tuple[str, ...] = ("legal_hold", "legal-hold", "hold", "retain")
    """Tags of a version that keep it for ever, unless their value is no, false or 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UiConfig:
    """How the screens look."""

    theme: Name = "modeltui-dark"
    """A theme that came with the program, or a YAML file of your own in `~/.config/modeltui/themes`."""
    ascii: bool = False
    """No character outside ASCII."""
    color: Color = Color.AUTO
    """`never` sends no colour at all; the words carry everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole file."""

    modeltui: Literal[1]
    """The version of this format."""
    default_context: Name | None = None
    """The context that is opened unless another is asked for; not needed when there is only one."""
    contexts: ReadOnly[Name, ContextConfig]
    """Worlds to look at, by name."""
    ui: UiConfig = UiConfig()
    """How the screens look."""
