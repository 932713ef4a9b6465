"""Two versions side by side, made by hand: one of every nature and state."""

from __future__ import annotations

from collections.abc import Sequence

from modeltui.domain.comparison.difference import (
    Bump,
    Claim,
    CodeLog,
    Commit,
    Comparison,
    Detail,
    Difference,
    Effect,
    Group,
    LineMark,
    LinesChange,
    Nature,
    NumberChange,
    RankChange,
    ReleaseChange,
    Side,
    State,
    Value,
)
from modeltui.domain.names import NO_DATA, Missing, ModelName, NoData, SourceName, VersionId
from modeltui.domain.suspects.suspect import Closeness, Suspect
from modeltui.domain.text import SafeText, safe_text

MLFLOW, GIT = SourceName(SafeText("mlflow")), SourceName(SafeText("git"))
A, B = VersionId(SafeText("2.3.1")), VersionId(SafeText("3.0.0"))
FRAUD = ModelName(SafeText("fraud-detector"))


def side(value: Value | str | None, source: SourceName = MLFLOW, why: str = "not recorded") -> Side:
    """Return one version's side: a value that one source tells, or why there is none."""
    if value is None:
        return Side(why_none=safe_text(why))
    return Side((Claim(safe_text(value) if isinstance(value, str) else value, (source,)),))


def fact(
    field: str,
    a: Value | str | None,
    b: Value | str | None,
    detail: Detail | NoData = NO_DATA,
    nature: Nature = Nature.TEXT,
    state: State | None = None,
    why: str = "",
) -> Difference:
    """Return one fact; its state is found from its values unless it is given."""
    if state is None:
        state = State.EQUAL if a == b else State.ONLY_B if a is None else State.ONLY_A if b is None else State.CHANGED
    group, _, title = field.partition(".")
    return Difference(
        safe_text(field),
        Group(group),
        nature,
        state,
        side(a),
        side(b),
        safe_text(title.replace(".", " ") or group),
        detail,
        safe_text(why),
    )


def number(field: str, a: float, b: float, effect: Effect = Effect.UNKNOWN) -> Difference:
    """Return a number that changed."""
    return fact(field, a, b, NumberChange(b - a, (b - a) / a if a else NO_DATA, effect), Nature.NUMBER)


def release(field: str, a: str, b: str, bump: Bump = Bump.MINOR) -> Difference:
    """Return a release that went up."""
    return fact(field, a, b, ReleaseChange(bump, True), Nature.RELEASE)


def query() -> Difference:
    """Return the query with a filter more."""
    before = ("SELECT t.*, m.size, m.tenure_days, c.label", "FROM card_transactions t", "WHERE t.day >= '2025-01-01'")
    after = (*before[:2], "WHERE t.day >= '2024-01-01'", "  AND m.monthly_volume > 500")
    lines = (
        *((LineMark.SAME, SafeText(line)) for line in before[:2]),
        (LineMark.REMOVED, SafeText(before[2])),
        *((LineMark.ADDED, SafeText(line)) for line in after[2:]),
    )
    change = LinesChange(2, 1, lines)
    return fact("query", tuple(map(SafeText, before)), tuple(map(SafeText, after)), change, Nature.LINES)


def fraud(extra: Sequence[Difference] = ()) -> Comparison:
    """Return what changed between two versions of the model that hurts small merchants."""
    digest = "sha256:" + "9f130e83c3aa" * 5 + "0000"
    other = "sha256:" + "17bd38769b65" * 5 + "0000"
    facts = [
        fact("artifact.digest", digest, other, nature=Nature.DIGEST),
        *(
            fact(f"data.{name}.digest", digest, other, nature=Nature.DIGEST)
            for name in ("card_transactions", "chargebacks", "merchants")
        ),
        number("data.card_transactions.rows", 48_200_000.0, 60_700_000.0),
        query(),
        release("features.pipeline", "risk-features 5.8.2", "risk-features 6.0.0", Bump.MAJOR),
        fact("code.commit", "9f130e83c3aa" * 3 + "abcd", "17bd38769b65" * 3 + "abcd", nature=Nature.DIGEST),
        number("parameters.num_leaves", 95.0, 127.0),
        number("parameters.n_estimators", 800.0, 1200.0),
        release("environment.scikit-learn", "1.5.2", "1.7.1"),
        release("environment.lightgbm", "4.5.0", "4.6.0"),
        release("environment.numpy", "1.26.4", "2.2.6", Bump.MAJOR),
        release("environment.pandas", "2.2.3", "2.3.1"),
        release("environment.shap", "0.46.0", "0.48.0"),
        release("environment.python", "3.11.9", "3.12.6"),
        fact("environment.base_image", "tabular-3.11@sha256:1111aaaa", "tabular-3.12@sha256:2222bbbb"),
        number("metrics.auc", 0.947, 0.956, Effect.BETTER),
        number("metrics.recall at 1% fpr", 0.631, 0.667, Effect.BETTER),
        number("metrics.brier", 0.021, 0.018, Effect.BETTER),
        fact("segments.merchant_size=micro", 0.927, None, nature=Nature.NUMBER),
        number("segments.merchant_size=large", 0.948, 0.961, Effect.BETTER),
        number("segments.merchant_size=medium", 0.943, 0.958, Effect.BETTER),
        number("segments.merchant_size=small", 0.936, 0.949, Effect.BETTER),
        fact("importances.merchant_tenure", 0.19, 0.34, RankChange(3, 1), Nature.NUMBER),
        fact("importances.amount_zscore", 0.31, 0.24, RankChange(1, 2), Nature.NUMBER),
        fact("approvals", "a.lam approved", None),
        fact("record.registered", "j.wong", "s.petrova"),
        fact("record.run", "8a1f00c2", "77b1e3d9"),
        fact("record.tag.caveat", None, "Too few micro merchants in the evaluation set to report a figure."),
        fact("artifact.signature", None, None, state=State.UNKNOWN, why="mlflow: 403 for MLmodel"),
        fact("record.owner", "payments-risk", "payments-risk"),
        fact("serving.decision threshold", 0.72, 0.72, nature=Nature.NUMBER),
        fact("environment.hardware", "8 vCPU", "8 vCPU"),
        *extra,
    ]
    order = list(Group)
    ranked = sorted(facts, key=lambda one: (order.index(one.group), not one.is_different))
    log = CodeLog(
        SafeText("git.example/risk/fraud-detector"),
        (Commit(SafeText("17bd38769b65"), 1.76e9, SafeText("s.petrova"), SafeText("Only merchants with volume")),),
        files=(SafeText("features/query.sql"),),
    )
    return Comparison(FRAUD, A, B, tuple(ranked), code_log=log)


def suspects() -> tuple[Suspect, ...]:
    """Return what may be the cause, first the filter that names the harmed segment's table."""
    rows = (
        (
            *("query", Group.QUERY, "query: 2 lines added, 1 removed", Closeness.FEEDS),
            "its new filter 'm.monthly_volume > 500' can drop merchant_size=micro, which is harmed",
        ),
        (
            *("data.card_transactions.digest", Group.DATA, "card_transactions: a new snapshot", Closeness.USUAL),
            "new training data often shows as errors in a segment; rows went from 48.2M to 60.7M",
        ),
        (
            *("features.pipeline", Group.FEATURES, "features: risk-features 5.8.2 to 6.0.0", Closeness.USUAL),
            "a major step of the pipeline changes what every feature means",
        ),
        (
            *("environment.numpy", Group.ENVIRONMENT, "environment: 5 packages and Python", Closeness.UNRELATED),
            "nothing ties it to the harm",
        ),
    )
    return tuple(
        Suspect(rank, SafeText(field), group, SafeText(title), SafeText(because), closeness, 1 / rank)
        for rank, (field, group, title, closeness, because) in enumerate(rows, 1)
    )


__all__ = ["FRAUD", "A", "B", "Missing", "fact", "fraud", "number", "query", "release", "side", "suspects"]
