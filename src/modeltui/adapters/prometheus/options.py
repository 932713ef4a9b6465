"""What the configuration may say of a Prometheus source, and the plans that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from modeltui.adapters._http import MEBIBYTE, HttpSettings
from modeltui.adapters.prometheus.flavours import FLAVOURS, FlavourName
from modeltui.adapters.prometheus.plan import DIMENSIONS, Identity, Own, OwnPart, Ratio, Role, Selector, SignalPlan
from modeltui.adapters.prometheus.profiles import APPROVED, PROFILES, Profile
from modeltui.adapters.prometheus.promql import LABEL_NAME, Grouping, first_selector, quoted
from modeltui.domain.errors import ConfigError
from modeltui.domain.names import SignalName, SourceName
from modeltui.domain.signal import BUSINESS, ERRORS, LATENCY, THROUGHPUT, Signal
from modeltui.domain.text import SafeText, safe_text

Seconds = Annotated[float, Meta(gt=0)]

_THROUGHPUT: Final = SignalName(SafeText(THROUGHPUT))
_SCRAPES_PER_WINDOW: Final = 4
"""A range that is open at its left end loses a point; `rate` needs two, and a missed scrape is not yet an outage."""


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


class QueryOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One signal in PromQL of your own. `{by}` becomes the labels, `{window}` the signal's window.

    Either `bad` and `total`, or `sum` and `total`, or `buckets`, or `value`, or `rate`. Counts are over the window:
    `sum by ({by}) (increase(x[{window}]))`. `{matchers}` inside a selector's braces lets charts ask for less.
    """

    bad: str = ""
    """How many were bad."""
    total: str = ""
    """How many there were."""
    sum: str = ""
    """The sum whose mean over `total` is the value."""
    buckets: str = ""
    """Cumulative buckets, with `le`: `sum by ({by}, le) (increase(x_bucket[{window}]))`."""
    value: str = ""
    """The value itself: a gauge, or something computed."""
    rate: str = ""
    """Something per second."""
    quantile: Annotated[float, Meta(ge=0, le=1)] = 0.95
    """Of `buckets`."""
    scale: float = 1.0
    """From the metric's unit into the signal's: 0.001 for milliseconds."""
    per_second: bool = False
    """The counts are rates, as recording rules keep them: they are multiplied by the window."""
    freshness: str = ""
    """The selector whose newest raw sample tells the value's age; empty: the first one in the query."""


class Options(HttpSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server that answers PromQL."""

    flavour: FlavourName = "prometheus"
    """`prometheus`, `victoriametrics`, `thanos`, `mimir` or `grafana-proxy`."""
    profile: str = "generic"
    """What is scraped: `generic`, `kserve`, `knative`, `seldon-v1`, `triton`, `mlserver`, `bentoml`, `istio`, …"""
    labels: LabelOptions = LabelOptions()
    """Label names, where they differ from the profile's."""
    segments: tuple[str, ...] = ()
    """Labels whose values are judged apart, such as `region`."""
    queries: dict[str, QueryOptions] = field(default_factory=dict)
    """PromQL of your own, by signal; replaces the profile's or adds to it."""
    business_outcome: str = APPROVED
    """Regular expression of the outcomes whose share is the business signal of the generic profile."""
    tenant: str = ""
    """The tenant, where the server has several."""
    datasource_uid: str = ""
    """Grafana's id of the data source; for `grafana-proxy`."""
    path_prefix: str = ""
    """What stands before `/api/v1`, when it is not the flavour's usual."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Further parameters of every query, such as `partial_response: "false"`."""
    visibility_lag_seconds: Annotated[float, Meta(ge=0)] | None = None
    """How late new data can be seen; without it, as the flavour has it."""
    scrape_interval_seconds: Seconds = 15.0
    """How often the server scrapes."""
    poll_seconds: Seconds = 15.0
    """How often it is asked."""
    most_answer_bytes: Annotated[int, Meta(ge=1)] = 64 * MEBIBYTE
    """Largest answer, counted after decompression: the buckets of ten thousand versions are 30 MiB."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the options mean."""

    plans: tuple[SignalPlan, ...]
    """One request each."""
    derived_rate: Signal | None
    """Throughput, when it is to be derived from the counts of another signal."""
    derive_from: tuple[SignalName, ...]
    """From which signals, the first that answers."""
    grouping: Grouping
    profile: Profile
    warnings: tuple[SafeText, ...]


def check_options(source: SourceName, options: Options, signals: Iterable[Signal]) -> Setup:
    """Return what `options` mean for these signals; raise `ConfigError` where they cannot be meant."""
    profile = _profile(source, options)
    identity = _identity(source, options.labels, profile.identity)
    for label in options.segments:
        _check_label(source, "segments", label)
    if options.flavour == "grafana-proxy" and not (options.datasource_uid or options.path_prefix):
        raise ConfigError(
            f"{source}: grafana-proxy needs datasource_uid",
            "It stands in Grafana's address bar on the data source's page: /connections/datasources/edit/UID.",
        )
    wanted = tuple(signals)
    names = {str(signal.name) for signal in wanted}
    for name in options.queries:
        if name not in names:
            known = ", ".join(sorted(names))
            raise ConfigError(f"{source}: queries.{safe_text(name, 60)} is no signal", f"Known here: {known}.")
    plans = tuple(plan for signal in wanted if (plan := _plan(source, options, profile, signal)))
    return Setup(
        plans,
        *_derived(plans, wanted),
        Grouping(identity, options.segments, profile.join),
        profile,
        _window_warnings(options, plans),
    )


def http_settings(options: Options) -> HttpSettings:
    """Return the settings of the connection, with the flavour's headers in them."""
    header = FLAVOURS[options.flavour].tenant_header
    values = {name: getattr(options, name) for name in HttpSettings.__struct_fields__}
    if options.tenant and header:
        values["headers"] = {header: options.tenant, **options.headers}
    return HttpSettings(**values)


def _profile(source: SourceName, options: Options) -> Profile:
    profile = PROFILES.get(options.profile)
    if profile is None:
        raise ConfigError(f"{source}: profile {safe_text(options.profile, 60)!r} is unknown", f"Known: {_known()}.")
    business = profile.signals.get(BUSINESS)
    if options.business_outcome == APPROVED or options.profile != "generic" or not isinstance(business, Ratio):
        return profile
    total = business.total[0]
    approving = Selector(total.metric, (*total.matchers, f"outcome=~{quoted(options.business_outcome)}"))
    return replace(profile, signals={**profile.signals, BUSINESS: replace(business, bad=(approving,))})


def _known() -> str:
    return ", ".join(PROFILES)


def _identity(source: SourceName, labels: LabelOptions, usual: Identity) -> Identity:
    named: dict[str, tuple[str, ...]] = {}
    fixed = dict(usual.fixed)
    for dimension in DIMENSIONS:
        written = getattr(labels, dimension).strip()
        if not written:
            named[dimension] = usual.of(dimension)
        elif written.startswith("="):
            named[dimension] = ()
            fixed[dimension] = written[1:].strip()
        else:
            named[dimension] = tuple(part.strip() for part in written.split("|"))
            fixed.pop(dimension, None)
        for label in named[dimension]:
            _check_label(source, f"labels.{dimension}", label)
    if not (named["model"] or named["version"] or named["environment"]):
        raise ConfigError(f"{source}: labels are all fixed", "At least the version must come from a label.")
    return Identity(named["model"], named["version"], named["environment"], fixed)


def _check_label(source: SourceName, key: str, label: str) -> None:
    if not LABEL_NAME.fullmatch(label):
        raise ConfigError(
            f"{source}: {key}: {safe_text(label, 60)!r} is not a label name",
            "Letters, digits and _, not beginning with a digit; a fixed value is written '=prod'.",
        )


def _plan(source: SourceName, options: Options, profile: Profile, signal: Signal) -> SignalPlan | None:
    own = options.queries.get(signal.name)
    recipe = _own(source, signal, own) if own else profile.signals.get(signal.name)
    return SignalPlan(signal.name, recipe, signal.window_seconds) if recipe else None


def _own(source: SourceName, signal: Signal, query: QueryOptions) -> Own:
    key = f"{source}: queries.{signal.name}"
    count_scale = signal.window_seconds if query.per_second else 1.0
    given = {name for name in ("bad", "total", "sum", "buckets", "value", "rate") if getattr(query, name).strip()}
    shapes = {
        frozenset({"bad", "total"}): ((Role.TOTAL, query.total, count_scale), (Role.BAD, query.bad, count_scale)),
        frozenset({"sum", "total"}): (
            (Role.SUM, query.sum, count_scale * query.scale),
            (Role.TOTAL, query.total, count_scale),
        ),
        frozenset({"buckets"}): ((Role.BUCKET, query.buckets, query.scale),),
        frozenset({"value"}): ((Role.VALUE, query.value, query.scale),),
        frozenset({"rate"}): ((Role.TOTAL, query.rate, query.scale),),
    }
    shape = shapes.get(frozenset(given))
    if shape is None:
        found = ", ".join(sorted(given)) or "nothing"
        raise ConfigError(f"{key} has {found}", "Give bad and total, or sum and total, or buckets, or value, or rate.")
    freshness = query.freshness.strip() or next((found for _, text, _ in shape if (found := first_selector(text))), "")
    if not freshness:
        raise ConfigError(f"{key}: no metric found in it", "Say in freshness which metric tells the value's age.")
    parts = tuple(OwnPart(role, text.strip(), scale) for role, text, scale in shape)
    return Own(parts, is_rate="rate" in given, freshness=freshness, quantile=query.quantile)


def _derived(plans: tuple[SignalPlan, ...], wanted: tuple[Signal, ...]) -> tuple[Signal | None, tuple[SignalName, ...]]:
    throughput = next((signal for signal in wanted if signal.name == _THROUGHPUT), None)
    if throughput is None or any(plan.signal == _THROUGHPUT for plan in plans):
        return None, ()
    counting = [plan.signal for plan in plans if _counts_requests(plan)]
    return throughput, tuple(counting)


def _counts_requests(plan: SignalPlan) -> bool:
    """Tell whether a signal's total is the number of requests: errors count all, latencies the answered ones."""
    if plan.signal not in (ERRORS, LATENCY):
        return False
    return not isinstance(plan.recipe, Own) or any(part.role in (Role.TOTAL, Role.BUCKET) for part in plan.recipe.parts)


def _window_warnings(options: Options, plans: tuple[SignalPlan, ...]) -> tuple[SafeText, ...]:
    shortest = _SCRAPES_PER_WINDOW * options.scrape_interval_seconds
    return tuple(
        safe_text(
            f"{plan.signal}: a window of {plan.window_seconds:g} s is too short for a scrape every "
            f"{options.scrape_interval_seconds:g} s; {shortest:g} s at least"
        )
        for plan in plans
        if plan.window_seconds < shortest
    )
