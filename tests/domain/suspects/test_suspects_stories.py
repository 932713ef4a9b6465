"""One thing was changed: it is the first suspect, alone, amid what every training brings along, and by its symptom."""

from __future__ import annotations

import pytest
from tests.domain.suspects.building import (
    A,
    B,
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
    text,
)
from tests.domain.suspects.changes import DRIFT, LOSSES, MICRO, NOISE, QUERY, SLOW, STORIES, Told, snapshot

from modeltui.domain.comparison.difference import Comparison, ComponentChange, Difference, Group, LineMark
from modeltui.domain.names import NO_DATA, ModelName, VersionId
from modeltui.domain.suspects.suspect import Closeness, Suspect, Symptom
from modeltui.domain.suspects.suspecting import suspects
from modeltui.domain.text import SafeText

BY_NAME = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


def first(found: tuple[Suspect, ...]) -> Suspect:
    assert found, "nothing is suspected"
    return found[0]


@BY_NAME
def test_the_one_thing_that_was_changed_is_suspected(story: Told) -> None:
    """With one difference there is one suspect, all of its facts are in it, and nothing is said of a symptom."""
    (found,) = suspects(comparison(*story.facts))
    assert found.field == story.first
    assert found.rank == 1
    assert set(found.fields) == {fact.field for fact in story.facts if fact.is_different}
    assert found.closeness is Closeness.UNRELATED
    assert "wrong" not in found.because
    assert "can show as" not in found.because


@BY_NAME
def test_it_is_first_amid_what_every_training_brings_along(story: Told) -> None:
    """New run, bytes, commit, metrics, approvals, card and patch releases do not hide the thing that was changed."""
    found = suspects(comparison(*story.facts, *NOISE))
    assert first(found).field == story.first
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    groups = {fact.group for fact in story.facts}
    assert len(found) == (2 if Group.CODE in groups else 3), "the thing, the commit, the patch releases"


@BY_NAME
def test_it_is_first_by_what_is_wrong(story: Told) -> None:
    """With the symptom that such a change brings it is first too, and says how it is connected."""
    found = first(suspects(comparison(*story.facts, *NOISE), story.symptom))
    assert found.field == story.first
    assert found.closeness is story.closeness
    if story.closeness is Closeness.USUAL:
        assert "can show as" in found.because
    else:
        assert any(name in found.because for name in {*story.symptom.segments, *story.symptom.drifted})


@BY_NAME
def test_nothing_is_called_the_cause(story: Told) -> None:
    """No sentence dresses a guess as a finding, and each is short enough for a line of a plan."""
    for wrong in (Symptom(), story.symptom, MICRO):
        for found in suspects(comparison(*story.facts, *NOISE), wrong):
            assert "is the cause" not in found.because
            assert found.because
            assert len(found.title) <= 90
            assert len(found.because) <= 200


def test_the_filter_that_cut_the_harmed_segment_comes_before_a_whole_new_release() -> None:
    """Data, features, parameters, libraries, Python, image and code are new too: the filter on merchants is first."""
    changed = (
        lines("query", QUERY, f"{QUERY.replace('2025', '2024')}\n  AND m.monthly_volume > 500"),
        *snapshot("card_transactions", 48e6, 96e6),
        *snapshot("merchants", 92e3, 41e3),
        release("features.pipeline", "risk 5.8.2", "risk 6.0.0"),
        number("parameters.num_leaves", 95, 127),
        release("environment.numpy", "1.26.4", "2.2.6"),
        release("environment.python", "3.11.9", "3.12.6"),
        fact("environment.base_image", "tabular-3.11", "tabular-3.12"),
        number("segments.merchant_size=micro", 0.927, None),
    )
    found = first(suspects(comparison(*changed, *NOISE), MICRO))
    assert found.field == "query"
    assert "AND m.monthly_volume > 500" in found.title
    assert "merchant_size=micro" in found.because
    assert f"{B} has no figure for it" in found.because


def test_the_example_of_the_rule_can_be_reckoned_by_hand() -> None:
    """The weights that the documentation of the rule reckons out are the weights that come out."""
    changed = (
        lines("query", QUERY, f"{QUERY}\n  AND m.monthly_volume > 500"),
        release("environment.numpy", "1.26.4", "2.2.6"),
        fact("code.commit", "35" * 20, "e1" * 20),
    )
    wrong = symptom("error_rate", segments=("merchant_size=micro",))
    found = [(one.field, one.weight) for one in suspects(comparison(*changed), wrong)]
    assert found == [("query", 0.6545), ("environment.numpy", 0.295), ("code.commit", 0.1)]


def test_a_filter_on_the_segment_alone_is_first_too_without_a_symptom_of_segments() -> None:
    """Two versions are compared and nobody looks at a target: the query comes before what came along."""
    changed = (
        lines("query", QUERY, f"{QUERY}\n  AND m.size <> 'micro'"),
        number("segments.merchant_size=micro", 0.9, 0.7),
    )
    assert first(suspects(comparison(*changed, *NOISE))).field == "query"


def test_a_new_snapshot_behind_a_drifted_feature_beats_a_patch_release() -> None:
    """Drift in amount_zscore: the data set that the query takes it from comes before libraries and code."""
    changed = (
        *snapshot("amounts", 1e6, 1.01e6),
        *snapshot("chargebacks", 3e6, 3.4e6),
        lines("query", QUERY, QUERY),
    )
    found = suspects(comparison(*changed, *NOISE), DRIFT)
    assert first(found).field == "data.amounts.rows"
    assert "feeds the drifted feature amount_zscore" in first(found).because


def test_slow_answers_point_at_what_answers_run_on() -> None:
    """Latency: a new base image comes before a moved threshold and other data, which slow nothing down."""
    changed = (
        fact("environment.base_image", "tabular-3.11", "tabular-3.12"),
        fact("serving.decision threshold", "0.72", "0.30"),
        *snapshot("cards", 3e6, 5e6),
    )
    found = suspects(comparison(*changed, *NOISE), SLOW)
    assert first(found).field == "environment.base_image"
    assert found[-2].field == "serving.decision threshold" or found[-1].closeness is Closeness.UNRELATED


def test_a_larger_artifact_is_suspected_of_slowness_only() -> None:
    """More bytes are a usual cause of slow answers; of anything else they are an effect."""
    changed = (number("artifact.size", 4e6, 40e6), fact("code.commit", "35" * 20, "e1" * 20))
    assert first(suspects(comparison(*changed), SLOW)).field == "artifact.size"
    assert [one.field for one in suspects(comparison(*changed), LOSSES)] == ["code.commit"]


def test_a_commit_with_nothing_else_is_first_and_else_behind() -> None:
    """Another commit is all that is known: it is suspected, with a word on how little that says."""
    code = fact("code.commit", "35" * 20, "e1" * 20)
    found = first(suspects(comparison(code, digest("artifact.digest"), number("metrics.auc", 0.94, 0.91))))
    assert found.field == "code.commit"
    assert found.title == "code 35353535 → e1e1e1e1"
    assert "differs almost always" in found.because


def test_a_log_that_names_the_segment_makes_the_commit_a_suspect() -> None:
    """A commit says that micro merchants were dropped: its subject is quoted."""
    code = fact("code.commit", "35" * 20, "e1" * 20)
    story = comparison(code, *snapshot("cards", 3e6, 3.3e6), log=log("Drop micro merchants", "Tidy up"))
    found = first(suspects(story, MICRO))
    assert found.field == "code.commit"
    assert found.title.endswith("(2 commits)")
    assert "“Drop micro merchants”" in found.because


def test_a_log_of_documents_only_weighs_less() -> None:
    """Nothing but documents and tests lies between two commits: that explains less than a patch release would."""
    code = fact("code.commit", "35" * 20, "e1" * 20)
    plain = first(suspects(comparison(code)))
    documents = first(suspects(comparison(code, log=log("Explain", files=("README.md", "tests/test_a.py")))))
    assert documents.weight < plain.weight


def test_a_removed_feature_comes_before_retrained_data() -> None:
    """Every version is retrained on a new digest with as many rows: the removed feature is what to look at."""
    changed = (shape(removed=("device_age: double",)), *snapshot("cards", 3e6, 3e6))
    assert first(suspects(comparison(*changed, *NOISE))).field == "artifact.signature"


def test_a_pipeline_and_the_feature_that_it_brought_are_one_suspect() -> None:
    """The signature has another column because the pipeline is another: one line, which names both."""
    changed = (shape(added=("device_risk: double",)), release("features.pipeline", "risk 3.2.0", "risk 3.3.0"))
    (found,) = suspects(comparison(*changed))
    assert set(found.fields) == {"artifact.signature", "features.pipeline"}
    assert "device_risk" in found.title
    assert "risk 3.2.0 → 3.3.0" in found.title


def test_parameters_of_another_architecture_belong_to_it() -> None:
    """A network has other parameters than trees: they are not suspects of their own."""
    changed = (
        fact("artifact.architecture", "LGBMClassifier", "TabNet"),
        fact("parameters.num_leaves", "63", None),
        fact("parameters.width", None, "64"),
        fact("parameters.seed", "7", "7"),
    )
    (found,) = suspects(comparison(*changed))
    assert set(found.fields) == {"artifact.architecture", "parameters.num_leaves", "parameters.width"}


def test_many_small_releases_and_newer_data_sets_are_one_line_each() -> None:
    """Nobody reads forty patch releases: they are one suspect that counts them."""
    patches = [release(f"environment.lib{at}", "1.0.0", "1.0.1") for at in range(40)]
    newer = [part for name in ("cards", "disputes", "merchants") for part in snapshot(name, 3e6, 3.05e6)]
    data, packages = suspects(comparison(*patches, *newer))
    assert packages.title.startswith("40 packages by a patch release: lib0, lib1, lib10, lib11 and 36 more")
    assert len(packages.fields) == 40
    assert data.title == "other snapshots of 3 data sets: cards, disputes, merchants (rows +2% at most)"


def test_data_that_a_changed_query_extracts_come_behind_it() -> None:
    """Another filter makes other rows: the query is first, however much the rows changed."""
    changed = (lines("query", QUERY, f"{QUERY}\n  AND t.amount < 9"), *snapshot("cards", 9e6, 1e6))
    found = suspects(comparison(*changed), LOSSES)
    assert [one.field for one in found] == ["query", "data.cards.rows"]


def test_white_space_in_a_query_is_hardly_a_change() -> None:
    """Somebody indented the query: the parameter that was changed too is first."""
    changed = (lines("query", QUERY, QUERY.replace("JOIN", "  join")), number("parameters.num_leaves", 63, 70))
    found = suspects(comparison(*changed))
    assert [one.field for one in found] == ["parameters.num_leaves", "query"]
    assert "only white space" in found[1].because


def test_evaluation_data_are_no_training_data() -> None:
    """Another test set measures otherwise and harms nobody: it comes behind the commit."""
    changed = (*snapshot("golden", 5e3, 9e3, used_for="test"), fact("code.commit", "35" * 20, "e1" * 20))
    assert [one.field for one in suspects(comparison(*changed))] == ["code.commit", "data.golden.rows"]


def test_a_member_brings_its_own_first_suspect() -> None:
    """The member of an ensemble is another version: why that one may be to blame is said with it."""
    inner = comparison(lines("query", QUERY, f"{QUERY}\n  AND m.size <> 'micro'"))
    member = ComponentChange(ModelName(text("price-gbm")), VersionId(text("3.3.0")), VersionId(text("3.4.0")), inner)
    changed = (fact("components.price-gbm", "3.3.0", "3.4.0"), number("parameters.depth", 4, 8))
    found = first(suspects(comparison(*changed, *NOISE, components=(member,)), MICRO))
    assert found.title == "member price-gbm 3.3.0 → 3.4.0"
    assert found.because.startswith("its own first suspect is query: “AND m.size <> 'micro'” added")
    assert found.closeness is Closeness.FEEDS
    assert first(suspects(comparison(*changed, components=(member,)))).field == "components.price-gbm"


def test_what_a_member_feeds_is_named_whole() -> None:
    """Of two drifted features one begins as the other: the one that the member's own suspect feeds is named."""
    inner = comparison(fact("parameters.amount_usd", "1", "2"))
    member = ComponentChange(ModelName(text("scorer")), VersionId(text("1")), VersionId(text("2")), inner)
    wrong = symptom("drift", drifted=("amount", "amount_usd"))
    found = first(suspects(comparison(fact("components.scorer", "1", "2"), components=(member,)), wrong))
    assert found.because.endswith("its own first suspect feeds the drifted feature amount_usd")
    assert found.feeds == "amount_usd"


def test_a_metric_that_is_missing_of_a_segment_is_named() -> None:
    """The harmed segment has a recall on both sides and an AUC on one: only the AUC is said to be missing."""
    figures = (number("segments.auc/region=hk", 0.9, None), number("segments.recall/region=hk", 0.8, 0.8))
    query = lines("query", "SELECT *\nFROM a", "SELECT *\nFROM a\nWHERE region <> 'x'")
    wrong = symptom("errors", segments=("region=hk",))
    assert first(suspects(comparison(query, *figures), wrong)).because.endswith(f"; {B} has no auc for it")
    assert first(suspects(mirrored(comparison(query, *figures)), wrong)).because.endswith(f"; {B} has no auc for it")
    others = (figures[0], number("segments.recall/region=hk", None, 0.8))
    assert first(suspects(comparison(query, *others), wrong)).because.endswith(f"; {B} has no auc for it")
    assert first(suspects(comparison(query, figures[0]), wrong)).because.endswith(f"; {B} has no figure for it")


def test_a_nested_type_that_changed_is_not_shown_by_its_half() -> None:
    """What a list holds is another type now: too long for a title, and its first half would look unchanged."""
    nested = "tags: {'items': {'type': 'string'}, 'type': 'array'} -> {'items': {'type': 'long'}, 'type': 'array'}"
    told = shape(retyped=(nested, "country: string -> string?"))
    found = first(suspects(comparison(told)))
    assert found.title == "features: tags of another type, country: string → string?"


def test_an_unknown_member_is_suspected_by_itself() -> None:
    """No registry knows the member: it is named, and nothing is said of what is inside."""
    member = ComponentChange(ModelName(text("price-gbm")), VersionId(text("7")), VersionId(text("8")), NO_DATA)
    found = first(suspects(comparison(fact("components.price-gbm", "7", "8"), components=(member,))))
    assert "its own" not in found.because


def test_what_an_agent_has_done_since_is_told_and_comes_last() -> None:
    """Effects on other systems do not go away by going back: they are listed behind the memory that was changed."""
    changed = (digest("agent.memory"), lines("agent.effects", "refund R-1", "refund R-1\nrefund R-2"))
    memory, effects = suspects(comparison(*changed))
    assert memory.field == "agent.memory"
    assert effects.title == "1 effect on other systems: refund R-2"
    assert "going back does not undo it" in effects.because


def test_effects_are_suspects_only_when_nothing_else_is_known() -> None:
    """A segment fell, the bytes differ, and nothing recorded says why: that is said, and no guess is made."""
    effects = (digest("artifact.digest"), number("segments.region=hk", 0.93, 0.71), number("metrics.recall", 0.8, 0.7))
    found = suspects(comparison(*effects))
    assert first(found).field == "segments.region=hk"
    assert "nothing recorded explains it" in first(found).because
    assert {one.field for one in found} == {"segments.region=hk", "metrics.recall", "artifact.digest"}
    alone = first(suspects(comparison(digest("artifact.digest"), fact("record.run", "1", "2"))))
    assert alone.because == "the artifact differs and nothing that is recorded says why"


def test_nothing_differs_and_nothing_is_suspected() -> None:
    """Equal facts are no suspects, whatever is wrong."""
    assert suspects(comparison(fact("query", "a", "a"), number("metrics.auc", 0.9, 0.9)), MICRO) == ()


def test_equal_weights_are_ranked_by_group_and_name() -> None:
    """Two parameters that changed by as much are listed in the order of their names."""
    changed = (number("parameters.zeta", 1, 8), number("parameters.alpha", 1, 8), number("parameters.beta", 8, 1))
    names = ["parameters.alpha", "parameters.beta", "parameters.zeta"]
    assert [one.field for one in suspects(comparison(*changed))] == names
    assert [one.field for one in suspects(comparison(*reversed(changed)))] == names


def test_an_addition_says_which_way_it_went() -> None:
    """A line that only B has was added; mirrored, it was removed: the same suspect."""
    there = suspects(comparison(lines("query", QUERY, f"{QUERY}\nLIMIT 10")))
    back = suspects(comparison(lines("query", f"{QUERY}\nLIMIT 10", QUERY)))
    assert first(there).title == "query: “LIMIT 10” added"
    assert first(back).title == "query: “LIMIT 10” removed"
    assert first(there).weight == first(back).weight


@pytest.mark.parametrize(
    ("changed", "segment"),
    [
        (lines("query", QUERY, f"{QUERY}\n  AND t.kind IN (3, 4)"), "region=in"),
        (lines("query", QUERY, f"{QUERY}\n  OR t.kind = 4"), "state=or"),
        (lines("prompts.system", "Be brief.", "Tell us more."), "country=us"),
        (number("parameters.size", 3, 9), "merchant_size=micro"),
        (fact("parameters.width", "1", "2"), "shard=2"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.field,
)
def test_common_words_name_no_segment(changed: Difference, segment: str) -> None:
    """`IN` is no India, `us` in a sentence is no country, and a number is the name of nothing."""
    found = first(suspects(comparison(changed), symptom("confidence", segments=(segment,))))
    assert found.closeness is not Closeness.FEEDS


@pytest.mark.parametrize(
    ("changed", "segment"),
    [
        (lines("query", QUERY, f"{QUERY}\n  AND t.country <> 'in'"), "region=in"),
        (lines("query", QUERY, f"{QUERY}\n  AND t.region <> 'sg'"), "region=hk"),
        (lines("prompts.system", "Be brief.", "Answer zh-hk callers in Cantonese."), "language=zh-hk"),
        (fact("serving.threshold large merchants", "0.7", "0.8"), "merchant_size=large"),
        (fact("system.tools", "order_status", "order_status, phone_lookup"), "device=phone"),
        (fact("environment.variable.REGION", "hk", "sg"), "region=hk"),
    ],
    ids=lambda one: one if isinstance(one, str) else one.field,
)
def test_what_is_named_is_found_wherever_it_stands(changed: Difference, segment: str) -> None:
    """A quoted value, the dimension, two words in a row, a tool's name: each names the harmed segment."""
    found = first(suspects(comparison(changed), symptom("confidence", segments=(segment,))))
    assert found.closeness is Closeness.FEEDS
    assert segment in found.because


def test_how_a_training_was_run_is_hardly_a_suspect() -> None:
    """Every run has another name, host and folder: a parameter that shapes the model is first."""
    changed = (
        fact("parameters.run_name", "brave-otter", "calm-heron"),
        fact("parameters.timestamp", "20260114", "20260214"),
        fact("parameters.output_dir", "/tmp/1", "/tmp/2"),
        fact("environment.variable.HOSTNAME", "pod-1", "pod-2"),
        fact("environment.trained by", "m.chan", "r.okafor"),
        number("parameters.num_leaves", 63, 70),
        fact("code.commit", "35" * 20, "e1" * 20),
    )
    assert [one.field for one in suspects(comparison(*changed))][:2] == ["parameters.num_leaves", "code.commit"]


def test_packages_that_came_and_went_are_one_line_each_way() -> None:
    """Another base image installs hundreds of other packages: two lines, and the image before them."""
    gone = [fact(f"environment.old{at}", "1.0.0", None) for at in range(200)]
    come = [fact(f"environment.new{at}", None, "1.0.0") for at in range(200)]
    image = fact("environment.base_image", "registry.example/tabular-3.11", "registry.example/tabular-3.12")
    found = suspects(comparison(image, *gone, *come))
    assert [one.title.partition(":")[0] for one in found] == [
        "base image tabular-3.11 → tabular-3.12",
        "200 packages added",
        "200 packages left out",
    ]


def test_sources_that_agree_on_nothing_are_shown_with_all_that_they_say() -> None:
    """Two sources say two pipelines of A, and both another of B: it differs, and what was said is in the line."""
    changed = fact("features.pipeline", [text("risk 1.0"), text("risk 1.1")], text("risk 2.0"))
    assert first(suspects(comparison(changed))).title == "feature pipeline risk 1.0 or risk 1.1 → risk 2.0"


def test_the_stories_are_many_and_each_is_told_once() -> None:
    """Every kind of change has its story."""
    assert len(STORIES) >= 40
    assert len({story.name for story in STORIES}) == len(STORIES)
    assert isinstance(comparison(), Comparison)
    assert (A, B, LineMark.ADDED.value, SafeText("")) == ("1.0.0", "1.1.0", "+", "")


def test_a_number_in_fewer_bits_is_hardly_another() -> None:
    """0.1 that came back as 0.10000000149 is suspected last, and its sentence says by how little it moved."""
    found = suspects(comparison(number("parameters.rate", 0.1, 0.10000000149011612), *NOISE))
    assert [one.field for one in found][-1] == "parameters.rate"
    assert found[-1].because.endswith("but by less than a millionth of it")


def test_nobody_says_that_the_pipeline_brought_the_features() -> None:
    """A feature and its pipeline changed together: that is known, and not that one comes from the other."""
    (found,) = suspects(comparison(shape(added=("tenure",)), release("features.pipeline", "risk 5.8.2", "risk 6.0.0")))
    assert found.title == "features: tenure added, with risk 5.8.2 → 6.0.0"


def test_a_version_of_which_nothing_was_recorded_left_nothing_out() -> None:
    """One side tells neither packages nor Python nor image: that it names no variables means nothing."""
    variable = fact("environment.variable.TZ", "UTC", None)
    silent = fact("environment.python", "3.11.9", None)
    assert suspects(comparison(variable, silent)) == ()
    assert [one.field for one in suspects(comparison(variable, fact("environment.python", "3.11.9", "3.11.9")))] == [
        "environment.variable.TZ"
    ]


def test_the_record_of_a_version_is_never_suspected() -> None:
    """Another approval and another run cause nothing, also where nothing else is known to differ."""
    assert suspects(comparison(fact("approvals", "r.okafor", None), fact("record.run", "run-1", "run-2"))) == ()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("AND t.region <> 'hk'", "it names the harmed segment region=hk"),
        ("AND t.region IN ('sg', 'jp')", "it says “region”, and the harmed segment is region=hk"),
        ("AND t.country <> 'hk'", "it says “hk”, and the harmed segment is region=hk"),
    ],
)
def test_a_word_in_common_is_told_as_no_more_than_that(line: str, says: str) -> None:
    """Only a line that says both region and hk names the segment; else I read which word they have in common."""
    (found,) = suspects(
        comparison(lines("query", "SELECT 1", f"SELECT 1\n{line}")), symptom("error_rate", segments=("region=hk",))
    )
    assert found.because == says


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        ("  AND m.volume > 500", "filters"),
        ("WHERE m.volume > 500", "filters"),
        ("JOIN days d ON d.id = m.day", "reads"),
    ],
)
def test_only_what_leaves_rows_out_is_called_a_filter(line: str, verb: str) -> None:
    """A line that joins merchants with something reads them; nobody knows whether it leaves any out."""
    query = "SELECT t.amount\nFROM payments t\nJOIN merchants m USING (merchant_id)"
    found = suspects(comparison(lines("query", query, f"{query}\n{line}")), MICRO)
    assert first(found).because == (f"it {verb} merchants, and the harmed segment merchant_size=micro is about them")


def test_a_variable_that_shares_a_word_with_a_segment_is_not_said_to_be_about_it() -> None:
    """WEB_CONCURRENCY and channel=web: a word in common may be chance."""
    told = comparison(fact("environment.variable.WEB_CONCURRENCY", "2", "4"))
    (found,) = suspects(told, symptom("error_rate", segments=("channel=web",)))
    assert found.because == "it says “web”, and the harmed segment is channel=web"


def test_a_signal_of_the_teams_own_is_called_by_its_name() -> None:
    """Only groundedness is wrong: nobody says that confidence shifted or that business changed."""
    told = comparison(fact("system.retrieval.index", "help-1", "help-2"))
    assert suspects(told, symptom("groundedness"))[0].because == "another retrieval can show as changed groundedness"
    both = suspects(told, symptom("groundedness", "latency_p95"))[0].because
    assert both == "another retrieval can show as slow answers and changed groundedness"


def test_the_same_bytes_under_another_name_are_not_other_data() -> None:
    """A data set that was only renamed comes last, and its title says that nothing else happened."""
    gone = fact("data.cards", "900 rows, sha256:" + "1a" * 32, None)
    come = fact("data.card_tx", None, "900 rows, sha256:" + "1a" * 32)
    other = fact("data.other", None, "900 rows, sha256:" + "2b" * 32)
    same = fact("data.shops.digest", "1", "1")
    moved, seed = reversed(suspects(comparison(gone, come, same, number("parameters.seed", 1, 2))))
    assert (moved.title, moved.because) == (
        "cards is called card_tx: the same bytes",
        "the same under another name or at another place",
    )
    assert seed.field == "parameters.seed"
    assert suspects(comparison(gone, other, same))[0].title == "data set cards left out"


def test_a_data_set_named_by_its_use_is_judged_by_it() -> None:
    """`cards (validation)`: where a version has the set twice its use is in its name, and it only measures."""
    (found,) = suspects(comparison(digest("data.cards (validation).digest")))
    assert found.because.startswith("it only measures the model")
    assert suspects(comparison(digest("data.cards (training).digest")))[0].because.startswith("this is what the model")
