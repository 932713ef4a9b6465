"""What the configuration may say of pages that are scraped, and the plans that follow from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

from msgspec import Meta, Struct, field

from modeltui.adapters._http import HttpSettings
from modeltui.adapters.scrape.plan import (
    DIMENSIONS,
    Gauge,
    Histogram,
    Identity,
    MeanOf,
    Rate,
    Ratio,
    Recipe,
    Selector,
    SignalPlan,
    selectors,
)
from modeltui.adapters.scrape.profiles import PROFILES, Profile
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import SignalName, SourceName
from modeltui.domain.signal import BUSINESS, ERRORS, LATENCY, THROUGHPUT, Signal
from modeltui.domain.text import SafeText, safe_text

Seconds = Annotated[float, Meta(gt=0)]
PageUrl = Annotated[str, Meta(pattern="^https?://", description="an address such as http://host:8000/metrics")]

MOST_AT_ONCE: Final = 8
_LABEL_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_USUAL_PATH: Final = "/metrics"


class LabelOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which labels say what a series is about, where they differ from the profile's.

    `=prod` is a fixed value in place of a label; `app|service` takes the first that is not empty.
    """

    model: str = ""
    """The label with the model's name."""
    version: str = ""
    """The label with the version."""
    environment: str = ""
    """The label with the environment."""


class TargetOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page of metrics."""

    url: PageUrl
    """Its address; without a path, `/metrics` of it."""
    labels: dict[str, str] = field(default_factory=dict)
    """Fixed `model`, `version` and `environment` of all that is on the page; other names are labels added to it."""


class QueryOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signal from metrics of your own: `requests_total{code=~"5.."}`; several are added: `a_total + b_total`.

    Either `bad` and `total`, or `sum` and `total`, or `buckets`, or `value`, or `rate`.
    """

    bad: str = ""
    """Counter of the bad ones."""
    total: str = ""
    """Counter of all."""
    sum: str = ""
    """Counter whose growth over that of `total` is the value, a mean."""
    buckets: str = ""
    """A histogram, with or without `_bucket`."""
    value: str = ""
    """A gauge: the value itself."""
    rate: str = ""
    """Counter whose growth per second is the value."""
    quantile: Annotated[float, Meta(ge=0, le=1)] = 0.95
    """Of `buckets`."""
    scale: float = 1.0
    """From the metric's unit into the signal's: 0.001 for milliseconds."""


class Options(HttpSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pages in the Prometheus text format that are read directly, without a Prometheus.

    What is known begins when the program starts: windows fill up from nothing. The first look therefore reads each
    page twice, `first_gap_seconds` apart. `auth`, `headers` and certificates count for all pages.
    """

    url: Annotated[str, Meta(pattern="^https?://|^$", description="an address such as http://host:8000/metrics")] = ""
    """One page, in place of `targets`."""
    targets: tuple[PageUrl | TargetOptions, ...] = ()
    """The pages: an address each, or `url` and `labels`."""
    profile: str = "generic"
    """What exports them: `generic`, `triton`, `mlserver`, `bentoml`, `vllm`, `seldon-v2`, `istio`, … or `none`."""
    labels: LabelOptions = LabelOptions()
    """Label names, where they differ from the profile's."""
    segments: tuple[str, ...] = ()
    """Labels whose values are judged apart, such as `region`."""
    queries: dict[str, QueryOptions] = field(default_factory=dict)
    """Metrics of your own, by signal; replace the profile's or add to them."""
    business_outcome: str = ""
    """Regular expression of the outcomes whose share is the business signal of the generic profile."""
    first_gap_seconds: Annotated[float, Meta(ge=0.1, le=10)] = 2.0
    """Pause between the two scrapes of the first look: counters say something only when they have grown."""
    history_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 3600.0
    """How long what was read is kept for charts, in memory; less when it would be too much."""
    timeout_seconds: Seconds = 5.0
    """Longest whole exchange with one page; the first look needs two of them within 15 seconds."""
    most_concurrent_requests: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = MOST_AT_ONCE
    """Pages read at one moment."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one page is, and what is known of it beforehand."""

    name: SafeText
    """How it is called in messages: host and port, and the path when it is not the usual."""
    origin: str
    path: str
    parameters: Mapping[str, list[str]]
    identity: Identity
    labels: Mapping[str, str]
    """Added to every series on the page."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the options mean."""

    places: tuple[Place, ...]
    plans: tuple[SignalPlan, ...]
    segments: tuple[str, ...]
    profile: Profile
    longest_window_seconds: float


def check_options(source: SourceName, options: Options, signals: Iterable[Signal]) -> Setup:
    """Return what `options` mean for these signals; raise `ConfigError` where they cannot be meant."""
    profile = _profile(source, options)
    identity = _identity(source, options.labels, profile.identity)
    for label in options.segments:
        _check_label(source, "segments", label)
    wanted = tuple(signals)
    names = {str(signal.name) for signal in wanted}
    for name in options.queries:
        if name not in names:
            raise ConfigError(
                f"{source}: queries.{safe_text(name, 60)} is no signal", f"Known here: {', '.join(sorted(names))}."
            )
    recipes = _recipes(source, options, profile)
    plans = tuple(
        SignalPlan(signal.name, recipes[signal.name], signal.window_seconds)
        for signal in wanted
        if signal.name in recipes
    )
    places = _places(source, options, identity)
    longest = max((plan.window_seconds for plan in plans), default=300.0)
    return Setup(places, plans, tuple(dict.fromkeys(options.segments)), profile, longest)


def http_settings(options: Options, place: Place) -> HttpSettings:
    """Return the settings of the connection to one page."""
    values = {name: getattr(options, name) for name in HttpSettings.__struct_fields__}
    return HttpSettings(**{**values, "url": place.origin, "most_concurrent_requests": 1})


def _profile(source: SourceName, options: Options) -> Profile:
    profile = PROFILES.get(options.profile)
    if profile is None:
        raise ConfigError(
            f"{source}: profile {safe_text(options.profile, 60)!r} is unknown", f"Known: {', '.join(PROFILES)}."
        )
    if not options.business_outcome:
        return profile
    if options.profile != "generic":
        raise ConfigError(
            f"{source}: business_outcome is for the generic profile",
            "Write the signal in queries.business of this source.",
        )
    outcome = options.business_outcome.replace("\\", "\\\\").replace('"', '\\"')
    text = f'model_decisions_total{{outcome=~"{outcome}"}}'
    business = Ratio(_selectors(source, "business_outcome", text), selectors("model_decisions_total"))
    return replace(profile, signals={**profile.signals, BUSINESS: business})


def _identity(source: SourceName, labels: LabelOptions, usual: Identity) -> Identity:
    named: dict[str, tuple[str, ...]] = {}
    fixed = dict(usual.fixed)
    for dimension in DIMENSIONS:
        written = getattr(labels, dimension).strip()
        named[dimension] = usual.of(dimension)
        if written.startswith("="):
            fixed[dimension] = written[1:].strip()
        elif written:
            named[dimension] = tuple(part.strip() for part in written.split("|"))
            for label in named[dimension]:
                _check_label(source, f"labels.{dimension}", label)
    return Identity(named["model"], named["version"], named["environment"], fixed)


def _places(source: SourceName, options: Options, identity: Identity) -> tuple[Place, ...]:
    targets = [TargetOptions(url=item) if isinstance(item, str) else item for item in options.targets]
    if options.url:
        targets.insert(0, TargetOptions(url=options.url))
    if not targets:
        raise ConfigError(f"{source}: no page is named", "Write targets: [http://HOST:PORT/metrics].")
    places = tuple(_place(source, target, identity) for target in targets)
    seen: set[tuple[str, str, str]] = set()
    for place in places:
        page = (place.origin, place.path, repr(place.parameters))
        if page in seen:
            raise ConfigError(
                f"{source}: {place.name} is among the targets twice", "Its requests would count twice: keep one."
            )
        seen.add(page)
    return places


def _place(source: SourceName, target: TargetOptions, identity: Identity) -> Place:
    try:
        parts = urlsplit(target.url)
    except ValueError:
        raise ConfigError(f"{source}: a target cannot be read", "Write it as http://host:port/metrics.") from None
    for label in target.labels:
        _check_label(source, "labels of a target", label)
    path = parts.path if parts.path not in ("", "/") else _USUAL_PATH
    if parts.fragment or ".." in path.split("/"):
        raise ConfigError(f"{source}: a target has # or .. in it", "Write it as http://host:port/metrics.")
    fixed = {**identity.fixed, **{name: value for name, value in target.labels.items() if name in DIMENSIONS and value}}
    return Place(
        # A user name and password never get this far: the reader's settings refuse them.
        safe_text(parts.netloc.rpartition("@")[2] + (path if path != _USUAL_PATH else ""), 80),
        f"{parts.scheme}://{parts.netloc}",
        path,
        parse_qs(parts.query, keep_blank_values=True),
        replace(identity, fixed=fixed),
        {name: value for name, value in target.labels.items() if name not in DIMENSIONS},
    )


def _check_label(source: SourceName, key: str, label: str) -> None:
    if not _LABEL_NAME.fullmatch(label):
        raise ConfigError(
            f"{source}: {key}: {safe_text(label, 60)!r} is not a label name",
            "Letters, digits and _, not beginning with a digit; a fixed value is written '=prod'.",
        )


def _recipes(source: SourceName, options: Options, profile: Profile) -> dict[str, Recipe]:
    own = {name: _own(source, SignalName(safe_text(name)), query) for name, query in options.queries.items()}
    recipes = {**profile.signals, **own}
    if THROUGHPUT not in recipes and (counting := _counting(recipes)):
        recipes[THROUGHPUT] = Rate(*counting[:2])
    return recipes


def _counting(recipes: Mapping[str, Recipe]) -> list[tuple[Selector, ...]]:
    """Return the counters of requests, best first: errors count all, latencies the answered ones."""
    found = []
    for signal in (ERRORS, LATENCY):
        match recipes.get(signal):
            case Ratio(total=total):
                found.append(total)
            case MeanOf(count=count):
                found.append(count)
            case Histogram(base=base):
                found.append((base.of("_count"),))
            case _:
                pass
    return found


def _own(source: SourceName, signal: SignalName, query: QueryOptions) -> Recipe:
    key = f"queries.{signal}"
    given = {name for name in ("bad", "total", "sum", "buckets", "value", "rate") if getattr(query, name).strip()}
    read = {name: _selectors(source, f"{key}.{name}", getattr(query, name)) for name in given}
    if given == {"bad", "total"}:
        return Ratio(read["bad"], read["total"])
    if given == {"sum", "total"}:
        return MeanOf(read["sum"], read["total"], query.scale)
    if given == {"value"}:
        return Gauge(read["value"], query.scale)
    if given == {"rate"}:
        return Rate(read["rate"])
    if given == {"buckets"} and len(read["buckets"]) == 1:
        base = read["buckets"][0]
        base = replace(base, metric=base.metric.removesuffix("_bucket"))
        return Histogram(base, query.quantile, query.scale)
    found = ", ".join(sorted(given)) or "nothing"
    raise ConfigError(
        f"{source}: {key} has {found}", "Give bad and total, or sum and total, or one of buckets, value, rate."
    )


def _selectors(source: SourceName, key: str, text: str) -> tuple[Selector, ...]:
    try:
        return selectors(text)
    except ValueError as error:
        raise ConfigError(
            f"{source}: {key}: {error}", 'Write a metric and its labels: requests_total{code=~"5.."}; no functions.'
        ) from error
