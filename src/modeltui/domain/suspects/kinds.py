"""What kind of thing a difference is, how heavy a change of it is, and as which signals it usually shows.

The table below is the first half of the rule by which suspects are ranked; `suspecting` has the rest. Weights are 0
to 1 and were set so that what decides answers directly (a threshold, a base model, a prompt) comes before what shapes
a training (query, data, features, parameters), before what a training runs in, before what differs almost always (a
commit, a patch release).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from modeltui.domain.comparison.difference import Bump, Difference, Group, ReleaseChange


class Aspect(StrEnum):
    """What is wrong, in the words of the table: a signal's name says which of them it is."""

    ERRORS = "errors"
    LATENCY = "latency"
    THROUGHPUT = "throughput"
    CONFIDENCE = "confidence"
    DRIFT = "drift"
    BUSINESS = "business"


_E, _L, _T, _C, _D, _B = Aspect
_LEARNT: Final = frozenset({_C, _D, _B})
"""As what a model shows that has learnt from something else."""
_ANSWERS: Final = frozenset({_C, _B})


@dataclass(frozen=True, slots=True)
class Traits:
    """One row of the table."""

    weight: float
    usual: frozenset[Aspect]
    """The signals as which such a change usually shows."""
    why: str
    """Why it counts, where nothing is known to be wrong."""
    is_cause: bool = True
    """Whether it can make anything happen; the others only connect and explain."""


class Kind(Enum):
    """What kind of thing differs; the value is its row of the table."""

    THRESHOLD = Traits(0.85, _ANSWERS, "it decides otherwise at the same score")
    BASE_MODEL = Traits(0.84, frozenset({_E, _L, _C, _B}), "every answer comes from it")
    PROMPT = Traits(0.80, _ANSWERS, "every answer follows it")
    MEMBER = Traits(0.79, frozenset({_E, _L, _C, _D, _B}), "every answer depends on it")
    FEATURES = Traits(0.78, frozenset({_E, _C, _D, _B}), "the model sees other inputs")
    QUERY = Traits(0.77, _LEARNT, "it decides which rows the model learns from")
    DATA_ORIGIN = Traits(0.76, _LEARNT, "the rows come from somewhere else")
    DATA_SET = Traits(0.75, _LEARNT, "the model learns from other data sets")
    SIGNATURE = Traits(0.74, frozenset({_E, _C, _B}), "callers and the model must agree on it")
    ARCHITECTURE = Traits(0.73, frozenset({_E, _L, _C, _B}), "it is another kind of model")
    PIPELINE = Traits(0.72, frozenset({_E, _L, _C, _D, _B}), "it computes what the model sees")
    CALIBRATION = Traits(0.71, _ANSWERS, "it moves every score")
    DATA = Traits(0.70, _LEARNT, "this is what the model learns from")
    AGENT_STATE = Traits(0.69, _ANSWERS, "the agent acts on what it remembers")
    RETRIEVAL = Traits(0.65, frozenset({_L, _C, _B}), "it decides which texts are behind an answer")
    RETRIEVED_DATA = Traits(0.62, _ANSWERS, "answers are made from it")
    GUARDRAILS = Traits(0.60, frozenset({_E, _C, _B}), "it decides what may be answered")
    PACKAGE_MAJOR = Traits(0.59, frozenset({_E, _L}), "a major release may break what it promised")
    AGENT_TOOLS = Traits(0.58, frozenset({_E, _L, _B}), "the agent acts through it")
    PARAMETER = Traits(0.55, _ANSWERS, "it shapes the training")
    TOOLS = Traits(0.54, frozenset({_E, _L, _B}), "it decides what can be done in an answer")
    ORCHESTRATION = Traits(0.53, frozenset({_E, _L, _T, _B}), "it decides in which steps an answer is made")
    SYSTEM = Traits(0.50, _ANSWERS, "it is part of how answers are made")
    AGENT_OTHER = Traits(0.49, frozenset({_E, _B}), "it is part of what the agent may do")
    BASE_IMAGE = Traits(0.45, frozenset({_E, _L, _T}), "everything runs on it")
    HARDWARE = Traits(0.44, frozenset({_L, _T}), "everything runs on it")
    VARIABLE = Traits(0.41, frozenset({_E, _L, _T}), "programs may read it when they start")
    SERVING = Traits(0.40, frozenset({_E, _L, _T}), "it decides how requests are served")
    PYTHON = Traits(0.35, frozenset({_E, _L}), "everything runs on it")
    PACKAGE_OTHER = Traits(0.31, frozenset({_E}), "other code runs")
    PACKAGE_MINOR = Traits(0.30, frozenset({_E, _L}), "a minor release may change defaults")
    CODE = Traits(0.20, frozenset({_E, _L}), "other code made the version")
    EFFECTS = Traits(0.18, frozenset({_B}), "going back does not undo it")
    SEED = Traits(0.15, frozenset(), "chance fell otherwise")
    CIRCUMSTANCE = Traits(0.13, frozenset(), "it says how the training was run")
    EVALUATION_DATA = Traits(0.12, frozenset(), "it only measures the model")
    PACKAGE_PATCH = Traits(0.10, frozenset(), "a patch release should change little")
    MOVED = Traits(0.05, frozenset(), "the same under another name or at another place")
    SIZE = Traits(0.32, frozenset({_L}), "more bytes take more time")
    """Of the artifact: a cause only of what is slow, otherwise an effect."""

    SEGMENT_METRIC = Traits(0.08, frozenset(), "", is_cause=False)
    METRIC = Traits(0.05, frozenset(), "", is_cause=False)
    CASE = Traits(0.035, frozenset(), "", is_cause=False)
    BYTES = Traits(0.03, frozenset(), "", is_cause=False)
    IMPORTANCE = Traits(0.025, frozenset(), "", is_cause=False)
    RECORD = Traits(0.01, frozenset(), "", is_cause=False)

    @property
    def traits(self) -> Traits:
        """Return its row of the table."""
        return self.value


_OF_GROUP: Final = {
    Group.QUERY: Kind.QUERY,
    Group.CODE: Kind.CODE,
    Group.PROMPTS: Kind.PROMPT,
    Group.COMPONENTS: Kind.MEMBER,
    Group.METRICS: Kind.METRIC,
    Group.SEGMENTS: Kind.SEGMENT_METRIC,
    Group.CASES: Kind.CASE,
    Group.IMPORTANCES: Kind.IMPORTANCE,
    Group.APPROVALS: Kind.RECORD,
    Group.CARD: Kind.RECORD,
    Group.RECORD: Kind.RECORD,
}
_THRESHOLD: Final = re.compile(r"threshold|cut[\W_]?off|operating point|decision limit", re.IGNORECASE)
_CALIBRATION: Final = re.compile(r"calibrat|isotonic|platt|temperature scal", re.IGNORECASE)
_SEED: Final = re.compile(r"(?:^|[\W_])(?:seeds?|random[\W_]?state)$", re.IGNORECASE)
_IMAGE: Final = re.compile(r"(?:base[ _]?)?image(?:$|[ ._])")
_HARDWARE: Final = re.compile(
    r"(?:hardware|accelerator|gpus?|cpus?|instance|machine|cuda|driver|platform|os|kernel)(?:$|[ ._])"
)
_CIRCUMSTANCE: Final = re.compile(
    r"^(?:run|job|trial|experiment|build|user|host|hostname|cluster|pid|pwd|queue|date|time|timestamp)$"
    r"|^(?:run|job|trial|experiment|build)[ _-]?(?:id|name|number|url)$"
    r"|(?:entry[ _]point|working[ _]directory|duration|elapsed|timestamp|n_jobs|num_workers|verbos)"
    r"|^(?:trained|started|finished|created)(?:[ _]|$)"
    r"|(?:output|log|cache|te?mp|checkpoint|artifact)s?[ _-]?(?:dir|directory|path|folder|uri)$"
)
"""Settings and variables that say how a training was run; every run has others."""
"""Followed by nothing that a package could be called: `cuda-python` is one."""
_SYSTEM: Final = (
    (re.compile(r"retriev|embed|rerank|\btop[\W_]?k\b|index|chunk|vector|passages", re.IGNORECASE), Kind.RETRIEVAL),
    (re.compile(r"guard|rails|moderation|safety|filter", re.IGNORECASE), Kind.GUARDRAILS),
    (re.compile(r"tool", re.IGNORECASE), Kind.TOOLS),
    (re.compile(r"memory|snapshot", re.IGNORECASE), Kind.AGENT_STATE),
    (re.compile(r"prompt", re.IGNORECASE), Kind.PROMPT),
    (re.compile(r"orchestr|workflow|graph|chain|step|router|policy", re.IGNORECASE), Kind.ORCHESTRATION),
    (re.compile(r"model|provider|(?:^|[\W_])(?:pin|llm|engine|deployment)$", re.IGNORECASE), Kind.BASE_MODEL),
)
_RELEASES: Final = {
    Bump.MAJOR: Kind.PACKAGE_MAJOR,
    Bump.MINOR: Kind.PACKAGE_MINOR,
    Bump.PATCH: Kind.PACKAGE_PATCH,
    Bump.OTHER: Kind.PACKAGE_OTHER,
}

PACKAGES: Final = frozenset({*_RELEASES.values()})
"""What a package can be."""


def key_of(fact: Difference) -> str:
    """Return the field without its group: `num_leaves` of `parameters.num_leaves`; empty for a field of one word."""
    return fact.field.removeprefix(fact.group.value).removeprefix(".")


def kind_of(fact: Difference) -> Kind:
    """Return what kind of thing a fact is; data sets are told apart where all facts of one are together."""
    key = key_of(fact)
    match fact.group:
        case Group.ARTIFACT:
            return _artifact(key)
        case Group.DATA:
            return Kind.DATA
        case Group.FEATURES:
            return Kind.PIPELINE if "pipeline" in key.lower() else Kind.FEATURES
        case Group.SYSTEM:
            return next((kind for pattern, kind in _SYSTEM if pattern.search(key)), Kind.SYSTEM)
        case Group.AGENT:
            return _agent(key.lower())
        case Group.PARAMETERS:
            return _setting(key, Kind.PARAMETER)
        case Group.SERVING:
            return _setting(key, Kind.SERVING)
        case Group.ENVIRONMENT:
            return _environment(key, fact)
        case _:
            return _OF_GROUP[fact.group]


def aspects_of(signal: str) -> frozenset[Aspect]:
    """Return what a signal tells about; of one with a name of the team's own by its words, else how answers are."""
    for pattern, aspect in _SIGNALS:
        if pattern.search(signal):
            return frozenset({aspect})
    return _ANSWERS


_SIGNALS: Final = (
    (re.compile(r"latency|duration|_seconds|response.?time|slow|p9\d", re.IGNORECASE), _L),
    (re.compile(r"error|fail|exception|5xx|time.?out", re.IGNORECASE), _E),
    (re.compile(r"throughput|rps|qps|requests", re.IGNORECASE), _T),
    (re.compile(r"drift|psi|skew", re.IGNORECASE), _D),
    (re.compile(r"confidence|score|calibration|entropy", re.IGNORECASE), _C),
    (re.compile(r"business|revenue|conversion|approv", re.IGNORECASE), _B),
)


def _artifact(key: str) -> Kind:
    if key.startswith("signature"):
        return Kind.SIGNATURE
    if key.startswith("architecture"):
        return Kind.ARCHITECTURE
    if key == "reachable":
        return Kind.RECORD
    return Kind.SIZE if key.startswith("size") else Kind.BYTES


def _agent(key: str) -> Kind:
    if "effect" in key:
        return Kind.EFFECTS
    if "memory" in key or "snapshot" in key:
        return Kind.AGENT_STATE
    return Kind.AGENT_TOOLS if key.startswith("tool") else Kind.AGENT_OTHER


def _setting(key: str, otherwise: Kind) -> Kind:
    if _THRESHOLD.search(key):
        return Kind.THRESHOLD
    if _CALIBRATION.search(key):
        return Kind.CALIBRATION
    if _SEED.search(key):
        return Kind.SEED
    return Kind.CIRCUMSTANCE if _CIRCUMSTANCE.search(key.lower()) else otherwise


def _environment(key: str, fact: Difference) -> Kind:
    name = key.lower()
    if name.startswith("variable.") or name == "variables":
        is_circumstance = _CIRCUMSTANCE.search(name.removeprefix("variable."))
        return Kind.CIRCUMSTANCE if is_circumstance else Kind.VARIABLE
    if _IMAGE.match(name):
        return Kind.BASE_IMAGE
    if _HARDWARE.match(name):
        return Kind.HARDWARE
    if _SEED.search(name):
        return Kind.SEED
    if _CIRCUMSTANCE.search(name):
        return Kind.CIRCUMSTANCE
    bump = fact.detail.bump if isinstance(fact.detail, ReleaseChange) else Bump.OTHER
    if name in ("python", "python version", "python_version"):
        return Kind.PACKAGE_PATCH if bump is Bump.PATCH else Kind.PYTHON
    if name.rpartition(".")[2] == "hashes":
        return Kind.PACKAGE_OTHER
    return _RELEASES[bump]
