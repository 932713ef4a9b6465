"""How many requests came, how many failed, how long they took: random, and the same for the same seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random
from typing import Final

from modeltui.adapters.embedded.plans import Fault, Quality
from modeltui.adapters.embedded.schema import BUCKETS, LATENCY_BOUNDS

_MANY: Final = 30.0
"""From this mean on the normal distribution stands for the Poisson one."""
_DAY_SECONDS: Final = 86_400.0
_DAILY_SWING: Final = 0.25
_LEAST_SHARE: Final = 1e-5
"""Buckets with a smaller share of the requests get none."""


@dataclass(slots=True)
class Counter:
    """What one series has counted so far."""

    requests: int = 0
    errors: int = 0
    predictions: int = 0
    confidence_sum: float = 0.0
    outcomes: int = 0
    good_outcomes: int = 0
    latency: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))

    def add(self, other: Counter) -> None:
        """Count what the other counted, too."""
        self.requests += other.requests
        self.errors += other.errors
        self.predictions += other.predictions
        self.confidence_sum += other.confidence_sum
        self.outcomes += other.outcomes
        self.good_outcomes += other.good_outcomes
        self.latency = [mine + more for mine, more in zip(self.latency, other.latency, strict=True)]

    def row(self) -> tuple[int, int, int, float, int, int, bytes]:
        """Return the columns of the counters table after `series` and `at`."""
        return (
            self.requests,
            self.errors,
            self.predictions,
            round(self.confidence_sum, 6),
            self.outcomes,
            self.good_outcomes,
            BUCKETS.pack(*self.latency),
        )


@dataclass(frozen=True, slots=True)
class Weather:
    """What strikes all versions of a target alike, at one moment: the reason to compare, not to remember."""

    load: float
    """Factor on the requests."""
    slowness: float
    """Factor on the latency, in whole per cents."""
    trouble: float
    """Factor on the error rate."""
    doubt: float
    """Added to the confidence."""


def weather(target: str, at: float) -> Weather:
    """Return the weather of a target: a day with a busy afternoon, and small waves of some minutes."""
    phase = _phase(target)
    day = math.sin(2 * math.pi * (at / _DAY_SECONDS - 0.15))
    wave = math.sin(at / 67.0 + phase) + math.sin(at / 211.0 + 2 * phase)
    slow_wave = math.sin(at / 307.0 + 3 * phase)
    return Weather(
        load=(1 + _DAILY_SWING * day) * (1 + 0.02 * wave),
        slowness=round(1 + 0.02 * slow_wave + 0.02 * day, 2),
        trouble=1 + 0.15 * slow_wave,
        doubt=0.002 * wave,
    )


def struck(quality: Quality, faults: Sequence[Fault], segment: str, story_seconds: float) -> Quality:
    """Return the quality of one segment's requests under these faults."""
    for fault in faults:
        strength = fault.strength(story_seconds) if fault.segment in ("", segment) else 0.0
        if strength:
            moved = {name: _between(getattr(quality, name), bad, strength) for name, bad in fault.quality.items()}
            quality = replace(quality, **moved)
    return quality


def counted(random: Random, requests: float, quality: Quality, now: Weather) -> Counter:
    """Return what comes of about this many requests."""
    counter = Counter()
    for bucket, share in _bucket_shares(round(quality.latency_seconds * now.slowness, 6), quality.latency_spread):
        counter.latency[bucket] = poisson(random, requests * share)
    counter.requests = sum(counter.latency)
    counter.errors = binomial(random, counter.requests, quality.error_rate * now.trouble)
    counter.predictions = counter.outcomes = counter.requests - counter.errors
    confidence = quality.confidence + now.doubt
    noise = random.gauss(0.0, quality.confidence_spread) * math.sqrt(counter.predictions)
    counter.confidence_sum = min(max(counter.predictions * confidence + noise, 0.0), float(counter.predictions))
    counter.good_outcomes = binomial(random, counter.outcomes, quality.business)
    return counter


def drifts(
    random: Random, quality: Quality, features: Sequence[str], faults: Sequence[Fault], story_seconds: float
) -> Mapping[str, float]:
    """Return the drift of each feature, and under the empty name that of the worst."""
    found = {
        feature: max(struck(quality, faults, feature, story_seconds).drift * random.uniform(0.94, 1.06), 0.0)
        for feature in features
    }
    whole = max(found.values()) if found else quality.drift * random.uniform(0.94, 1.06)
    return {**found, "": whole}


def poisson(random: Random, mean: float) -> int:
    """Return a Poisson number."""
    if mean <= 0:
        return 0
    if mean > _MANY:
        return max(round(random.gauss(mean, math.sqrt(mean))), 0)
    # Inversion: add up the probabilities until they exceed one uniform number.
    number, probability = 0, math.exp(-mean)
    total, limit = probability, random.random()
    while total < limit and number < 200:
        number += 1
        probability *= mean / number
        total += probability
    return number


def binomial(random: Random, n: int, probability: float) -> int:
    """Return how many of `n` happen."""
    if n <= 0 or probability <= 0:
        return 0
    if probability > 0.5:
        return n - binomial(random, n, 1 - probability)
    mean = n * probability
    if mean > _MANY:
        spread = math.sqrt(mean * (1 - probability))
        return min(max(round(random.gauss(mean, spread)), 0), n)
    if n < 2 * _MANY:
        return sum(random.random() < probability for _ in range(n))
    return min(poisson(random, mean), n)


@lru_cache(maxsize=4096)
def _bucket_shares(median: float, spread: float) -> tuple[tuple[int, float], ...]:
    """Return the share of the requests in each latency bucket that has any."""
    below = [0.5 * (1 + math.erf(math.log(bound / median) / (spread * math.sqrt(2)))) for bound in LATENCY_BOUNDS]
    edges = [0.0, *below, 1.0]
    shares = [(bucket, edges[bucket + 1] - edges[bucket]) for bucket in range(len(edges) - 1)]
    return tuple((bucket, share) for bucket, share in shares if share >= _LEAST_SHARE)


@lru_cache(maxsize=1024)
def _phase(target: str) -> float:
    return Random(target).uniform(0, 2 * math.pi)  # noqa: S311 - a simulation


def _between(good: float, bad: float, strength: float) -> float:
    return good + (bad - good) * strength
