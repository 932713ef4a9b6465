"""Two versions as a fleet knows them: what is awaited, what could not be asked, code between them, and members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.domain.comparison.telling import FOLDER, MLFLOW, MODEL, A, B, fact, told

from modeltui.domain.claims import Claims, joined
from modeltui.domain.comparison.comparing import compare
from modeltui.domain.comparison.difference import CodeLog, CodeSpan, Commit, Comparison, Effect, NumberChange, State
from modeltui.domain.comparison.sense import Better, Sense
from modeltui.domain.fleet import Context, Fleet
from modeltui.domain.lineage import ABSENT, CodeRevision
from modeltui.domain.names import NO_DATA, UNKNOWN, ModelName, VersionId
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.text import SafeText

_ENSEMBLE = ModelName(SafeText("pricing"))
_MEMBER = ModelName(SafeText("price-gbm"))


def _version(name: str) -> VersionId:
    return VersionId(SafeText(name))


def _fleet(claims: Mapping[tuple[ModelName, VersionId], Claims], **more: Any) -> Fleet:
    provenance = {key: joined(claims_of) for key, claims_of in claims.items()}
    return Fleet(Context(SafeText("here")), claims=claims, provenance=provenance, **more)


def test_a_fleet_is_compared_by_what_each_source_says() -> None:
    """Whatever sources told of two versions is compared; nothing is awaited and nothing is in the way."""
    fleet = _fleet({(MODEL, A): {MLFLOW: told(owner="risk")}, (MODEL, B): {MLFLOW: told(owner="care")}})
    comparison = compare(fleet, MODEL, A, B)
    assert (comparison.model, comparison.a, comparison.b) == (MODEL, A, B)
    assert fact(comparison, "record.owner").state is State.CHANGED
    assert (comparison.awaited, comparison.troubles, comparison.code_log) == ((), (), NO_DATA)


def test_a_source_that_has_not_answered_is_named_and_leaves_its_facts_open() -> None:
    """While a source is asked about B, what only A is known to have is not called removed."""
    claims = {(MODEL, A): {MLFLOW: told(owner="risk")}, (MODEL, B): {MLFLOW: told(owner=ABSENT)}}
    comparison = compare(_fleet(claims, awaited={(MODEL, B): frozenset({FOLDER})}), MODEL, A, B)
    assert comparison.awaited == (FOLDER,)
    assert fact(comparison, "record.owner").state is State.UNKNOWN
    assert compare(_fleet(claims), MODEL, A, B).facts[0].state is State.ONLY_A


def test_a_source_that_could_not_be_asked_is_a_trouble() -> None:
    """What a source owes is unknown, with its reason, and the trouble is named once."""
    claims = {(MODEL, A): {MLFLOW: told(owner="risk")}}
    fleet = _fleet(claims, untold={(MODEL, B): {MLFLOW: SafeText("connection refused")}})
    comparison = compare(fleet, MODEL, A, B)
    assert comparison.troubles == ("mlflow could not be asked about 3.0.0: connection refused",)
    assert fact(comparison, "record.owner").b.why_none == "mlflow: connection refused"


def test_an_old_answer_is_said_to_be_old() -> None:
    """When a source answered before and does not now, its last answer is compared, and said to be that."""
    claims = {(MODEL, one): {MLFLOW: told(owner="risk")} for one in (A, B)}
    fleet = _fleet(claims, untold={(MODEL, B): {MLFLOW: SafeText("time-out")}})
    comparison = compare(fleet, MODEL, A, B)
    assert fact(comparison, "record.owner").state is State.EQUAL
    assert comparison.troubles == ("mlflow could not be asked again about 3.0.0, this is its last answer: time-out",)


def test_nothing_is_known_yet() -> None:
    """A comparison that opens before anybody answered is empty, and says who is awaited."""
    comparison = compare(_fleet({}, awaited={(MODEL, A): frozenset({MLFLOW})}), MODEL, A, B)
    assert (comparison.facts, comparison.awaited) == ((), (MLFLOW,))


def _commit(name: str) -> Commit:
    return Commit(SafeText(name), 0.0, SafeText("ada"), SafeText("Change"))


def test_the_log_between_two_commits_is_read_in_either_direction() -> None:
    """The log that was read for A against B serves B against A, the other way round."""
    codes = {A: CodeRevision(SafeText("4f0c77b1")), B: CodeRevision(SafeText("9ad2e315"))}
    claims = {(MODEL, one): {MLFLOW: told(code=code)} for one, code in codes.items()}
    span = CodeSpan(UNKNOWN, codes[A].commit, codes[B].commit)
    log = CodeLog(SafeText("risk"), only_b=(_commit("9ad2e315"),), only_a=(_commit("0aa"),))
    fleet = _fleet(claims, code_logs={span: log})
    assert compare(fleet, MODEL, A, B).code_log == log
    back = compare(fleet, MODEL, B, A).code_log
    assert isinstance(back, CodeLog)
    assert (back.only_a, back.only_b) == (log.only_b, log.only_a)


def _ensembles(members: Mapping[str, tuple[str, str]]) -> dict[tuple[ModelName, VersionId], Claims]:
    tables = ({name: pair[side] for name, pair in members.items()} for side in (0, 1))
    return {(_ENSEMBLE, one): {MLFLOW: told(components=table)} for one, table in zip((A, B), tables, strict=True)}


def test_members_of_an_ensemble_bring_their_own_comparison() -> None:
    """A member in another version shows what changed in it, as far as its versions were read."""
    claims = _ensembles({"price-gbm": ("3.3.0", "3.4.0"), "guard": ("12", "13"), "net": ("1", "1")})
    claims[_MEMBER, _version("3.3.0")] = {MLFLOW: told(parameters={"depth": "6"})}
    claims[_MEMBER, _version("3.4.0")] = {MLFLOW: told(parameters={"depth": "9"})}
    components = {change.model: change for change in compare(_fleet(claims), _ENSEMBLE, A, B).components}
    assert set(components) == {"price-gbm", "guard"}
    inner = components[_MEMBER].comparison
    assert isinstance(inner, Comparison)
    assert [one.field for one in inner.differences] == ["parameters.depth"]
    assert components[ModelName(SafeText("guard"))].comparison is NO_DATA


def test_an_ensemble_that_contains_itself_ends() -> None:
    """A member that is the ensemble itself is compared a few times and no more."""
    claims = _ensembles({"pricing": (A, B)})
    comparison = compare(_fleet(claims), _ENSEMBLE, A, B)
    depth = 0
    while comparison.components and isinstance(inner := comparison.components[0].comparison, Comparison):
        comparison, depth = inner, depth + 1
        assert depth < 10
    assert depth > 0


def test_metrics_are_read_as_the_policy_says() -> None:
    """What a team configured of a metric that nobody else knows decides whether it became worse."""
    claims = {(MODEL, one): {MLFLOW: told(metrics={"refusals": rate})} for one, rate in ((A, 0.02), (B, 0.03))}
    policy = replace(DEFAULT_POLICY, senses={SafeText("refusals"): Sense(Better.LOWER)})
    detail = fact(compare(_fleet(claims, policy=policy), MODEL, A, B), "metrics.refusals").detail
    assert isinstance(detail, NumberChange)
    assert detail.effect is Effect.WORSE
