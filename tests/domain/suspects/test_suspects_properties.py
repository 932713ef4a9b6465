"""What holds for every ranking, whatever differs and whatever is wrong."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.domain.suspects.building import (
    comparison,
    digest,
    fact,
    lines,
    log,
    mirrored,
    number,
    release,
    shape,
    symptom,
)
from tests.domain.suspects.changes import NOISE, STORIES

from modeltui.domain.comparison.difference import CodeLog, Comparison, Difference, State
from modeltui.domain.names import NO_DATA, NoData
from modeltui.domain.suspects.suspect import Closeness, Suspect, Symptom
from modeltui.domain.suspects.suspecting import suspects, unknowns_that_matter

ALL = tuple({one.field: one for story in STORIES for one in story.facts} | {one.field: one for one in NOISE})
NUMBERS = st.floats(-1e12, 1e12) | st.none()
WORDS = st.sampled_from(
    ("hk", "region", "micro", "m.size <> 'micro'", "x", "", "amount_zscore", "FROM merchants m", "9")
)


@st.composite
def facts(draw: st.DrawFn) -> list[Difference]:
    """Any facts, none twice: those of the stories, and such as nobody thought of."""
    found: list[Difference] = []
    for story in draw(st.lists(st.sampled_from(STORIES), max_size=5)):
        found += story.facts
    found += draw(st.lists(st.sampled_from(NOISE), max_size=6))
    for name in draw(st.lists(st.sampled_from(("depth", "region_hk", "seed", "threshold", "größe")), max_size=3)):
        found.append(number(f"parameters.{name}", draw(NUMBERS), draw(NUMBERS)))
    if draw(st.booleans()):
        texts = ["\n".join(draw(st.lists(WORDS, max_size=4))) for _ in range(2)]
        found.append(lines("query", *texts))
    if draw(st.booleans()):
        found.append(release("environment.numpy", "1.26.4", draw(st.sampled_from(("1.26.5", "2.2.6", "1.25.0")))))
    found = [one for one in found if one.a.claims or one.b.claims]
    return list({one.field: one for one in found}.values())


LOGS = st.none() | st.just(log("Drop micro merchants", files=("src/a.py",))) | st.just(log("Explain", files=("a.md",)))
SYMPTOMS = st.builds(
    lambda signals, segments, drifted: symptom(*signals, segments=tuple(segments), drifted=tuple(drifted)),
    st.frozensets(st.sampled_from(("error_rate", "latency_p95", "throughput", "confidence", "drift", "business", "x"))),
    st.frozensets(st.sampled_from(("region=hk", "merchant_size=micro", "=", "language=zh-cn"))),
    st.frozensets(st.sampled_from(("amount_zscore", "tenure", ""))),
)


def compared(found: list[Difference], told: CodeLog | None) -> Comparison:
    known: CodeLog | NoData = NO_DATA if told is None else told
    return comparison(*found, log=known)


def ranking(found: tuple[Suspect, ...]) -> list[tuple[str, float, Closeness, frozenset[str]]]:
    return [(one.field, one.weight, one.closeness, frozenset(one.fields)) for one in found]


@given(facts(), LOGS, SYMPTOMS, st.randoms(use_true_random=False))
def test_the_ranking_hangs_on_nothing_but_the_facts(found, told, wrong, random) -> None:  # type: ignore[no-untyped-def]
    """However the facts are listed, and however often somebody asks, the answer is the same, sentence by sentence."""
    once = suspects(compared(found, told), wrong)
    random.shuffle(found)
    assert suspects(compared(found, told), wrong) == once


@given(facts(), LOGS, SYMPTOMS)
def test_the_mirror_has_the_same_ranking(found: list[Difference], told: CodeLog | None, wrong: Symptom) -> None:
    """A against B and B against A: the same suspects in the same order with the same weights."""
    there = compared(found, told)
    assert ranking(suspects(mirrored(there), wrong)) == ranking(suspects(there, wrong))


@given(facts(), SYMPTOMS)
def test_every_suspect_is_something_that_differs(found: list[Difference], wrong: Symptom) -> None:
    """Suspects are ranked 1 to n by falling weight, each covers differences, and no difference is in two."""
    whole = comparison(*found)
    ranked = suspects(whole, wrong)
    assert [one.rank for one in ranked] == list(range(1, len(ranked) + 1))
    assert [one.weight for one in ranked] == sorted((one.weight for one in ranked), reverse=True)
    assert all(0 < one.weight <= 1 for one in ranked)
    covered = [field for one in ranked for field in one.fields]
    assert len(covered) == len(set(covered))
    assert set(covered) <= {one.field for one in whole.differences}
    assert all(one.field in one.fields for one in ranked)
    assert all(one.title and one.because for one in ranked)


@given(facts(), st.data())
def test_what_is_unknown_is_never_suspected(found: list[Difference], data: st.DataObject) -> None:
    """A fact that one side does not tell, or that cannot be compared, is in no suspect."""
    states = st.sampled_from((State.UNKNOWN, State.NOT_COMPARABLE))
    unknown = data.draw(st.sets(st.sampled_from([one.field for one in found]))) if found else set()
    told = [replace(one, state=data.draw(states)) if one.field in unknown else one for one in found]
    covered = {field for one in suspects(comparison(*told)) for field in one.fields}
    assert not covered & unknown
    unknowns_that_matter(comparison(*told))


@given(facts())
def test_without_a_symptom_nothing_is_said_of_one(found: list[Difference]) -> None:
    """Where nothing is known to be wrong no suspect feeds anything, or is a usual cause of anything."""
    for one in suspects(comparison(*found)):
        assert one.closeness is Closeness.UNRELATED
        assert "what is wrong" not in one.because
        assert "can show as" not in one.because


def test_the_properties_look_at_every_kind() -> None:
    """The facts that are shuffled are those of all stories, with digests and shapes among them."""
    assert len(ALL) > 50
    assert {digest("artifact.digest").field, shape().field, fact("record.run", "1", "2").field} <= set(ALL)
