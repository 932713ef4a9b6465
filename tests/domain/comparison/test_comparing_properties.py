"""What holds of every comparison, whatever sources say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.domain.comparison.telling import MODEL, A, B
from tests.examples import examples

from modeltui.domain.claims import Claims, joined
from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.comparison.difference import (
    Comparison,
    Detail,
    Difference,
    Effect,
    LineMark,
    LinesChange,
    Nature,
    NumberChange,
    RankChange,
    ReleaseChange,
    ShapeChange,
    State,
)
from modeltui.domain.lineage import (
    ABSENT,
    FIELDS,
    UNSUPPORTED,
    Approval,
    Artifact,
    CodeRevision,
    Contradicted,
    DataSnapshot,
    Known,
    Provenance,
    Unreadable,
)
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, Missing, NoData, SourceName
from modeltui.domain.text import SafeText, safe_text

# Whole versions, told by several sources, hundreds of times.
pytestmark = pytest.mark.broad

SOURCES = [SourceName(SafeText(name)) for name in ("mlflow", "folder", "openlineage")]
_WORDS = [
    "1",
    "1.0",
    "0.10",
    "0.1",
    "nan",
    "30s",
    "60s",
    "true",
    "True",
    "risk-features 5.8.2",
    "v2.0rc1",
    "",
    "…",
    "x",
]
_NAMES = ["a", "b", "model_version", "seed", "numpy", "python", "python_version", "auc", "auc/region=hk", "loss"]
_LINES = [
    "numpy==1.26.4", "numpy==2.2.6", "numpy>=2", "NumPy[extra]==2.2.6; python_version < '3.12'", "-r base.txt",
    "python=3.11.9", "torch @ https://x/torch.whl", "-e .", "pandas==1.0 --hash=sha256:aa", "", "numpy", "%%%",
]  # fmt: skip
_hostile = st.text(max_size=12).map(safe_text)
texts = st.one_of(st.sampled_from(_WORDS), _hostile).map(SafeText)
names = st.one_of(st.sampled_from(_NAMES), st.text(max_size=4).map(safe_text)).map(SafeText)
numbers = st.one_of(st.sampled_from([0.0, 0.94, 0.94 + 1e-12, 1e308, -1e308]), st.floats())
moments = st.one_of(st.sampled_from([0.0, 1.7e9]), st.floats()).map(Instant)
tables = st.dictionaries(names, texts, max_size=4)
scores = st.dictionaries(names, numbers, max_size=4)
lines = st.lists(texts, max_size=6).map(tuple)
digests = st.sampled_from(["sha256:aa", "sha256:bb", "md5:aa", "aa", "bb", "SHA256:AA"]).map(SafeText)


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.just(UNKNOWN), strategy)


snapshots = st.builds(
    DataSnapshot,
    name=st.sampled_from(["tx", "users", ""]).map(SafeText),
    digest=_maybe(digests),
    uri=_maybe(texts),
    rows=_maybe(st.integers(min_value=0) | st.just(10**400)),
    used_for=_maybe(st.sampled_from(["training", "test"]).map(SafeText)),
    origin=_maybe(texts),
    begins_at=_maybe(moments),
    ends_at=_maybe(moments),
    taken_at=_maybe(moments),
)
commits = st.sampled_from(["4f0c77b", "4f0c77b19ad2e315", "9ad2e315", "v1.10.0"]).map(SafeText)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(FIELDS, texts),
    **dict.fromkeys(("extraction_query", "model_card", "parents", "attestations", "external_effects"), lines),
    **dict.fromkeys(("metrics", "segment_metrics", "importances"), scores),
    **dict.fromkeys(
        (
            "parameters", "runtime", "environment_variables", "prompts", "llm_system", "components", "agent", "cases",
            "serving_config", "tags",
        ),
        tables,
    ),
    "files": st.dictionaries(names, digests, max_size=3),
    "requirements": st.lists(st.sampled_from(_LINES).map(SafeText), max_size=4).map(tuple),
    "signature": st.sampled_from(
        ["(a, b) -> c: long", "(b, a) -> c: long", "a: long -> double", "((", '[{"type": "long"}]', "float32[-1, 2]"]
    ).map(SafeText),
    "artifact": st.builds(
        Artifact,
        uri=texts,
        digest=_maybe(digests),
        size_bytes=_maybe(st.integers()),
        is_reachable=_maybe(st.booleans()),
    ),
    "code": st.builds(
        CodeRevision,
        commit=commits,
        repository=_maybe(texts),
        branch=_maybe(texts),
        has_uncommitted_changes=_maybe(st.booleans()),
    ),
    "data_snapshots": st.lists(snapshots, max_size=3).map(tuple),
    "approvals": st.lists(
        st.builds(Approval, by=texts, decision=texts, at=_maybe(moments), comment=_maybe(texts)), max_size=2
    ).map(tuple),
}  # fmt: skip


def _facts(source: SourceName, value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    known = value.map(lambda one: Known(one, source, Instant(0.0)))
    several = st.tuples(value, value).map(
        lambda pair: Contradicted(tuple(Known(one, source, Instant(0.0)) for one in pair))
    )
    untold = st.just(Unreadable(SafeText("time-out"), source))
    return st.one_of(known, known, known, known, st.just(ABSENT), st.just(UNSUPPORTED), untold, several)


@st.composite
def provenances(draw: st.DrawFn, source: SourceName, least: int = 1) -> Provenance:
    """Draw what one source says: a few fields, so that sources and versions meet in the same ones."""
    chosen = draw(st.lists(st.sampled_from(FIELDS), min_size=least, max_size=4, unique=True))
    return Provenance(**{name: draw(_facts(source, VALUES[name])) for name in chosen})


@st.composite
def all_claims(draw: st.DrawFn) -> Claims:
    """Draw what up to three sources say of one version."""
    chosen = draw(st.lists(st.sampled_from(SOURCES), max_size=3, unique=True))
    return {source: draw(provenances(source)) for source in chosen}


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Claims, Claims]:
    """Draw two versions; the second is often the first with some fields said anew, so that much is comparable."""
    a = draw(all_claims())
    if draw(st.booleans()):
        return a, draw(all_claims())
    b = {}
    for source, provenance in a.items():
        known = [name for name in FIELDS if getattr(provenance, name) is not UNSUPPORTED]
        anew = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
        b[source] = replace(provenance, **{name: draw(_facts(source, VALUES[name])) for name in anew})
    return a, b


_quick = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(_quick, max_examples=examples(80))
@given(all_claims())
def test_a_version_against_itself_has_no_differences(claims: Claims) -> None:
    """Whatever is said of a version: held against itself it differs in nothing."""
    assert compare_claims(MODEL, A, A, claims, dict(claims)).differences == ()


@settings(_quick, max_examples=examples(200))
@given(pairs())
def test_the_comparison_the_other_way_round_is_its_mirror(pair: tuple[Claims, Claims]) -> None:
    """B against A says the same as A against B, with sides, states and directions swapped, in the same order."""
    there = compare_claims(MODEL, A, B, *pair)
    back = compare_claims(MODEL, B, A, *reversed(pair))
    assert repr(back.facts) == repr(_mirrored(there).facts)


def _mirrored(comparison: Comparison) -> Comparison:
    states = {State.ONLY_A: State.ONLY_B, State.ONLY_B: State.ONLY_A}
    facts = tuple(
        replace(one, a=one.b, b=one.a, state=states.get(one.state, one.state), detail=_inverse(one))
        for one in comparison.facts
    )
    return replace(comparison, a=comparison.b, b=comparison.a, facts=facts)


def _inverse(one: Difference) -> Detail | NoData:
    detail = one.detail
    match detail:
        case NumberChange():
            effects = {Effect.BETTER: Effect.WORSE, Effect.WORSE: Effect.BETTER}
            base = 0.0 if one.nature is Nature.MOMENT else _number(one.b.claims[0].value)
            fraction: float | NoData = -detail.delta / abs(base) if base else NO_DATA
            if not isinstance(fraction, Missing) and fraction in (float("inf"), float("-inf")):
                fraction = NO_DATA
            return NumberChange(-detail.delta, fraction, effects.get(detail.effect, detail.effect), detail.unit)
        case ReleaseChange():
            return replace(detail, is_upgrade=not detail.is_upgrade)
        case RankChange():
            return RankChange(detail.rank_b, detail.rank_a)
        case ShapeChange():
            retyped = tuple(SafeText(_turned(text)) for text in detail.retyped)
            return ShapeChange(detail.removed, detail.added, retyped, detail.is_order_only)
        case LinesChange():
            return replace(detail, added=detail.removed, removed=detail.added, lines=_swapped(detail.lines))
    return NO_DATA


def _number(value: Any) -> float:
    return float(value.removesuffix("s")) if isinstance(value, str) else float(value)


def _turned(retyped: str) -> str:
    name, _, kinds = retyped.partition(": ")
    before, _, after = kinds.partition(" -> ")
    return f"{name}: {after} -> {before}"


def _swapped(shown: tuple[tuple[LineMark, SafeText], ...]) -> tuple[tuple[LineMark, SafeText], ...]:
    """Return a diff the other way round: in each block what goes stands before what comes."""
    marks = {LineMark.ADDED: LineMark.REMOVED, LineMark.REMOVED: LineMark.ADDED}
    turned: list[tuple[LineMark, SafeText]] = []
    block: list[tuple[LineMark, SafeText]] = []
    for mark, line in (*shown, (LineMark.SAME, SafeText("end"))):
        if mark in marks:
            block.append((marks[mark], line))
            continue
        turned += sorted(block, key=lambda one: one[0] is LineMark.ADDED)
        turned.append((mark, line))
        block = []
    return tuple(turned[:-1])


@settings(_quick, max_examples=examples(200))
@given(pairs())
def test_unknown_is_neither_equal_nor_changed_nor_missing(pair: tuple[Claims, Claims]) -> None:
    """Only what both sides say is equal or changed; only what somebody denies is on one side only."""
    facts = compare_claims(MODEL, A, B, *pair).facts
    assert len({one.field for one in facts}) == len(facts)
    for one in facts:
        said_a, said_b = bool(one.a.claims), bool(one.b.claims)
        match one.state:
            case State.EQUAL | State.CHANGED | State.NOT_COMPARABLE:
                assert said_a
                assert said_b
                assert bool(one.why) is (one.state is State.NOT_COMPARABLE)
            case State.ONLY_A | State.ONLY_B:
                assert said_a is (one.state is State.ONLY_A)
                assert said_b is (one.state is State.ONLY_B)
                assert (one.b if said_a else one.a).why_none == "not recorded"
            case State.UNKNOWN:
                assert one.why


@settings(_quick, max_examples=examples(80))
@given(pairs(), st.data())
def test_a_side_that_says_nothing_makes_all_of_it_unknown(pair: tuple[Claims, Claims], data: st.DataObject) -> None:
    """When no source tells anything of one version, every fact of the other is unknown."""
    a, _ = pair
    gap = data.draw(st.sampled_from([UNSUPPORTED, Unreadable(SafeText("time-out"), SOURCES[0])]))
    nothing: dict[str, Any] = dict.fromkeys(FIELDS, gap)
    silent = {source: Provenance(**nothing) for source in a}
    assert {one.state for one in compare_claims(MODEL, A, B, a, silent).facts} <= {State.UNKNOWN}
    assert {one.state for one in compare_claims(MODEL, A, B, silent, a).facts} <= {State.UNKNOWN}


_SURE = frozenset({State.CHANGED, State.ONLY_A, State.ONLY_B})


def _sure(comparison: Comparison) -> set[str]:
    """Return the facts that differ, and those that sources contradict each other about."""
    return {
        one.field
        for one in comparison.facts
        if one.state in _SURE or (one.state is State.NOT_COMPARABLE and one.why.startswith("Of "))
    }


@settings(_quick, max_examples=examples(200))
@given(pairs(), st.sampled_from(SOURCES), st.data())
def test_one_more_field_of_a_source_never_hides_a_difference(
    pair: tuple[Claims, Claims], source: SourceName, data: st.DataObject
) -> None:
    """What differs still differs when a source learns to tell one field more, of either version or of both."""
    before = _sure(compare_claims(MODEL, A, B, *pair))
    # Where names of data sets become ambiguous their facts are called otherwise, so they are left alone here.
    name = data.draw(st.sampled_from([field for field in FIELDS if field != "data_snapshots"]))
    more = []
    for claims in pair:
        provenance = claims.get(source, Provenance())
        if getattr(provenance, name) is UNSUPPORTED and data.draw(st.booleans()):
            said = data.draw(_facts(source, VALUES[name]).filter(lambda fact: not isinstance(fact, Unreadable)))
            more.append({**claims, source: replace(provenance, **{name: said})})
        else:
            more.append(dict(claims))
    after = {one.field for one in compare_claims(MODEL, A, B, *more).differences}
    assert before <= after


@settings(_quick, max_examples=examples(60))
@given(pairs())
def test_what_all_sources_say_together_is_comparable_too(pair: tuple[Claims, Claims]) -> None:
    """Joined claims, contradictions and all, are compared without trouble."""
    a, b = (joined(claims) if claims else Provenance() for claims in pair)
    compare_claims(MODEL, A, B, {SOURCES[0]: a}, {SOURCES[0]: b})
