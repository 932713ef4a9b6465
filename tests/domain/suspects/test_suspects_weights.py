"""How much a change weighs, by how much it changed; the figures are those of the rule's own tables."""

from __future__ import annotations

import pytest
from tests.domain.suspects.building import comparison, digest, fact, lines, log, number, release, shape, symptom
from tests.domain.suspects.changes import QUERY, snapshot

from modeltui.domain.comparison.difference import Difference
from modeltui.domain.suspects.suspect import Closeness
from modeltui.domain.suspects.suspecting import suspects

CODE = fact("code.commit", "35" * 20, "e1" * 20)
SPAN = fact("data.cards.span", "2025-01-01 to 2025-12-31", "2024-01-01 to 2025-12-31")
MOVED = fact("data.cards.span", "2025-01-01 to 2025-12-31", "2025-03-01 to 2026-02-28")


@pytest.mark.parametrize(
    ("changed", "weight"),
    [
        (snapshot("cards", 100, 50), 0.7),
        (snapshot("cards", 100, 90), 0.455),
        (snapshot("cards", 100, 99), 0.294),
        (snapshot("cards", 100, 100), 0.28),
        ((digest("data.cards.digest"),), 0.294),
        ((digest("data.cards.digest"), SPAN), 0.7),
        ((digest("data.cards.digest"), MOVED), 0.294),
        ((fact("data.cards.uri", "s3://a", "s3://b"), fact("data.cards.digest", "1", "1")), 0.05),
        (snapshot("golden", 100, 50, used_for="test"), 0.12),
        (snapshot("articles", 100, 50, used_for="retrieval"), 0.62),
        ((number("parameters.num_leaves", 100, 50),), 0.55),
        ((number("parameters.num_leaves", 100, 75),), 0.5225),
        ((number("parameters.num_leaves", 100, 95),), 0.4675),
        ((number("parameters.learning_rate", 0.1, 0.10000000149011612),), 0.055),
        ((number("serving.decision_threshold", 0.999999, 0.9999995),), 0.085),
        ((number("serving.decision_threshold", 0.99, 0.9901),), 0.7225),
        ((fact("parameters.objective", "binary", "focal"),), 0.495),
        ((fact("serving.replicas", "8", "4"),), 0.4),
        ((lines("query", QUERY, f"{QUERY}\nLIMIT 9"),), 0.77),
        ((lines("query", QUERY, f"{QUERY}\n, t.city"),), 0.616),
        ((lines("query", QUERY, QUERY.lower()),), 0.077),
        ((lines("query", QUERY, f"{QUERY} -- since last year"),), 0.077),
        ((lines("query", "WHERE region = 'HK'", "WHERE region = 'hk'"),), 0.77),
        ((lines("prompts.system", "Never promise.", "Never  promise."),), 0.08),
        ((lines("prompts.system", "Never promise. -- Ever", "Never promise."),), 0.8),
        ((lines("prompts.system", "never promise", "NEVER promise"),), 0.72),
        ((lines("prompts.system", "a b c d e f g h i j k l", "a b c d e f g h i j k m"),), 0.72),
        ((release("features.pipeline", "risk 5.8.2", "risk 5.9.0"),), 0.612),
        ((release("features.pipeline", "risk 5.8.2", "risk 5.8.3"),), 0.432),
        ((shape(),), 0.37),
        ((CODE,), 0.2),
        ((CODE, fact("code.uncommitted", "no", "yes")), 0.32),
        ((CODE, fact("code.repository", "git.example/a", "git.example/b")), 0.32),
        ((release("environment.python", "3.11.8", "3.11.9"),), 0.1),
    ],
)
def test_a_change_weighs_what_the_tables_say(changed: tuple[Difference, ...], weight: float) -> None:
    """Kind times amount, with nothing wrong: a reader can reckon each weight from the documentation."""
    (found,) = suspects(comparison(*changed))
    assert found.weight == pytest.approx(weight)


def test_as_many_rows_speak_against_a_snapshot() -> None:
    """The digest differs and the rows are as many: that is said with it."""
    (found,) = suspects(comparison(*snapshot("cards", 100, 100)))
    assert found.because.endswith("but it has as many rows")


def test_rows_that_follow_from_a_query_weigh_less_than_of_their_own() -> None:
    """Nine tenths of the rows are gone, as the changed query would have it: six tenths of the weight."""
    changed = (lines("query", QUERY, f"{QUERY}\nLIMIT 9"), *snapshot("cards", 100, 10))
    assert [(one.field, one.weight) for one in suspects(comparison(*changed))] == [
        ("query", 0.77),
        ("data.cards.rows", 0.42),
    ]


def test_equal_weights_of_two_groups_are_ranked_as_groups_are_shown() -> None:
    """A setting of the system and a base image weigh the same: the system is shown before the environment."""
    changed = (fact("environment.base_image", "a", "b"), fact("system.temperature", "low", "high"))
    found = suspects(comparison(*changed))
    assert [(one.field, one.weight) for one in found] == [
        ("system.temperature", 0.45),
        ("environment.base_image", 0.45),
    ]


@pytest.mark.parametrize(
    "field", ["code.commit", "environment.base_image", "environment.hardware", "query", "features.pipeline"]
)
def test_what_only_one_version_tells_is_not_a_change_of_it(field: str) -> None:
    """Every version has code, an image, a query: where one names none, it was not recorded, and is no suspect."""
    assert suspects(comparison(fact(field, "35" * 20, None))) == ()
    assert suspects(comparison(fact(field, None, "35" * 20))) == ()


def test_a_part_that_only_one_version_tells_is_no_new_data_set() -> None:
    """Both name the data, one its rows too: nothing is known to have been added or left out."""
    same = fact("data.cards.digest", "sha256:1a", "sha256:1a")
    assert suspects(comparison(same, fact("data.cards.rows", None, 12.0))) == ()


def test_a_table_that_one_version_does_not_tell_was_not_emptied() -> None:
    """No parameter at all is recorded of one version: two hundred were not left out."""
    assert suspects(comparison(*(number(f"parameters.p{at}", 1.0, None) for at in range(9)))) == ()


@pytest.mark.parametrize(
    ("changed", "drifted"),
    [
        (snapshot("merchants", 100, 99), "tenure_days"),
        ((*snapshot("shops", 100, 99), fact("data.shops.origin", "lake.merchants", "lake.merchants")), "tenure_days"),
        (snapshot("country_codes", 100, 99), "countries_visited"),
        (snapshot("categories", 100, 99), "category_share"),
    ],
)
def test_the_source_of_a_drifted_feature_is_found(changed: tuple[Difference, ...], drifted: str) -> None:
    """By the table that the query takes the column from, whatever the data set is called; or by a word in common."""
    query = f"{QUERY.replace('m.size', 'm.size, m.tenure_days')}"
    told = comparison(*changed, lines("query", query, query), release("environment.numpy", "1.26.4", "1.26.5"))
    found = suspects(told, symptom("drift", drifted=(drifted,)))
    assert found[0].group.value == "data"
    assert found[0].closeness is Closeness.FEEDS
    verb = "it feeds" if drifted == "tenure_days" else "by its name it is about"
    assert found[0].because.startswith(f"{verb} the drifted feature {drifted}")


def test_a_commit_whose_log_names_what_is_wrong_weighs_more_than_any_other() -> None:
    """Its subject names the segment: more than a refreshed data set that usually shows as the same signal."""
    changed = (CODE, *snapshot("cards", 100, 90))
    wrong = symptom("business", segments=("merchant_size=micro",))
    named = suspects(comparison(*changed, log=log("Leave micro merchants out")), wrong)
    assert (named[0].field, named[0].weight) == ("code.commit", 0.4)
    silent = suspects(comparison(*changed, log=log("Tidy up")), wrong)
    assert (silent[1].field, silent[1].weight) == ("code.commit", 0.02)


def test_numbers_beyond_any_scale_are_ranked_all_the_same() -> None:
    """Somebody logged 10^400, or NaN: it differs, and nothing breaks."""
    changed = (fact("parameters.huge", 10**400, 5), fact("parameters.odd", float("nan"), 1.0))
    assert [one.field for one in suspects(comparison(*changed))] == ["parameters.huge", "parameters.odd"]
