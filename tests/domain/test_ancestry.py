"""Where a version comes from, what came of it, and what to mind about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from modeltui.domain.ancestry import Ancestry, Relation, ancestry
from modeltui.domain.ancestry_marks import Mark, Marking, merged
from modeltui.domain.event import ProvenanceRead, ProvenanceUnread, VersionsRead
from modeltui.domain.lineage import ABSENT, Artifact, CodeRevision, DataSnapshot, Known, Provenance, Unreadable
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, ModelName
from modeltui.domain.origin_kind import OriginKind
from modeltui.domain.text import SafeText
from modeltui.domain.version import Version
from modeltui.testing.worlds import START, World, model, rollout, source_name, target_key, version_id

DAY = 86_400.0
REGISTRY = source_name("registry")


def text(value: str) -> SafeText:
    """Return a text."""
    return SafeText(value)


def known(value: Any, source: str = "registry") -> Known[Any]:
    """Return a value that a source knows."""
    return Known(value, source_name(source), START)


def snapshot(name: str = "cards", digest: str = "sha256:aa", days: float | None = None) -> DataSnapshot:
    """Return a data set whose newest row is some days old."""
    ends = UNKNOWN if days is None else Instant(START - days * DAY)
    return DataSnapshot(text(name), text(digest), ends_at=ends)


def told(world: World, version: str, name: str = "fraud", source: str = "registry", **fields: Any) -> None:
    """Let a source say where a version comes from."""
    facts = {
        field: value if not isinstance(value, dict | tuple | str) else known(value) for field, value in fields.items()
    }
    world.apply(
        ProvenanceRead(source_name(source), START, ModelName(text(name)), version_id(version), Provenance(**facts))
    )


def listed(world: World, *versions: str, name: str = "fraud") -> None:
    """Let the registry list the versions of a model."""
    rows = tuple(Version(ModelName(text(name)), version_id(one)) for one in versions)
    world.apply(VersionsRead(REGISTRY, START, ModelName(text(name)), rows))


def of(world: World, version: str, name: str = "fraud") -> Ancestry:
    """Return the ancestry of a version."""
    return ancestry(world.fleet, ModelName(text(name)), version_id(version))


def marks(found: Ancestry, kind: OriginKind) -> list[Mark]:
    """Return the marks of one kind of origin."""
    return [marking.mark for origin in found.of(kind) for marking in origin.marks]


def test_a_version_that_nobody_read_says_so() -> None:
    """A version of which nobody was asked has no origins, and is not said to have none."""
    world = World()
    world.told(rollout("fraud@prod", "1"))
    found = of(world, "1")
    assert not found.is_read
    assert found.origins == ()
    assert [place.target for place in found.places] == [target_key("fraud@prod")]


def test_every_kind_of_origin_is_there_or_says_why_not() -> None:
    """Run, data, code and the rest are listed in order; what is missing says whether it is absent or untold."""
    world = World()
    told(world, "1", run="r-1", extraction_query=ABSENT, code=Unreadable(text("403"), REGISTRY))
    found = of(world, "1")
    assert [origin.kind for origin in found.origins] == list(OriginKind)
    gaps = {origin.kind: origin.gap for origin in found.origins}
    assert gaps[OriginKind.RUN] == ""
    assert gaps[OriginKind.QUERY] == "not recorded"
    assert gaps[OriginKind.CODE] == "registry: 403"
    assert gaps[OriginKind.IMAGE] == "no source tells this"


def test_a_source_that_failed_makes_no_field_absent() -> None:
    """What one source has no word of and another could not be asked for is unreadable."""
    world = World()
    told(world, "1", run=ABSENT)
    world.apply(
        ProvenanceUnread(source_name("metrics"), START, ModelName(text("fraud")), version_id("1"), text("down"))
    )
    found = of(world, "1")
    assert found.of(OriginKind.RUN)[0].gap == "metrics: down"
    assert found.troubles == ("metrics could not say where 1 comes from: down",)


def test_contradicting_sources_are_both_shown() -> None:
    """Two commits for one version are two origins, each with who says it."""
    world = World()
    told(world, "1", code=known(CodeRevision(text("a" * 40))))
    told(world, "1", source="metrics", code=known(CodeRevision(text("b" * 40)), "metrics"))
    codes = of(world, "1").of(OriginKind.CODE)
    assert [(code.name[0], code.source, code.is_contradicted) for code in codes] == [
        ("a", "registry", True),
        ("b", "metrics", True),
    ]


def test_parents_are_followed_as_far_as_they_are_read() -> None:
    """The parent of a parent is listed too, each once, also where somebody wrote a circle."""
    world = World()
    listed(world, "3", "2", "1")
    told(world, "3", parents=(text("fraud:2"),))
    told(world, "2", parents=(text("1"),))
    told(world, "1", parents=(text("models:/fraud/3"),))
    found = of(world, "3").parents
    assert [(one.key, one.generation, one.is_read) for one in found] == [
        (("fraud", "2"), 1, True),
        (("fraud", "1"), 2, True),
    ]


def test_a_parent_that_nobody_knows_stays_a_text() -> None:
    """A name that fits no known version is shown as it was written, and leads nowhere."""
    world = World()
    told(world, "3", parents=(text("s3://somewhere/base"),))
    (parent,) = of(world, "3").parents
    assert parent.key is NO_DATA
    assert parent.said == "s3://somewhere/base"


def test_names_of_models_may_hold_separators() -> None:
    """`risk/fraud v2` means version 2 of the model `risk/fraud`, and not a version of `risk`."""
    world = World()
    world.registered(model("risk"), model("risk/fraud", "2"))
    listed(world, "2", name="risk/fraud")
    told(world, "3", parents=(text("risk/fraud v2"),))
    (parent,) = of(world, "3").parents
    assert parent.key == ("risk/fraud", "2")


def test_children_are_versions_that_name_it() -> None:
    """Whoever names a version as parent, member or base model is its child; who is unread is counted."""
    world = World()
    world.registered(model("fraud", "2"), model("quotes", "7"), model("chat", "1"))
    listed(world, "2", "1")
    listed(world, "8", "7", name="quotes")
    told(world, "1")
    told(world, "2", parents=(text("fraud:1"),))
    told(world, "7", "quotes", components={ModelName(text("fraud")): version_id("1")})
    told(world, "1", "chat", llm_system={text("guardrail"): text("fraud:1")})
    found = of(world, "1")
    assert {(one.key, one.relation) for one in found.children} == {
        (("fraud", "2"), Relation.PARENT),
        (("quotes", "7"), Relation.COMPONENT),
        (("chat", "1"), Relation.USES),
    }
    assert (found.versions_read, found.versions_unread) == (3, 1)


def test_a_run_names_its_parent_run() -> None:
    """A parent that is a run leads to the version that this run made."""
    world = World()
    told(world, "1", run="abc")
    told(world, "2", parents=(text("run abc"),))
    assert of(world, "2").parents[0].key == ("fraud", "1")


def test_data_that_is_shared_with_another_serving_version_is_marked() -> None:
    """The same snapshot in another version that serves is marked; in one that does not serve it is not."""
    world = World()
    world.told(rollout("spam@prod", "9", shadow="7"))
    told(world, "1", data_snapshots=known((snapshot(),)))
    told(world, "9", "spam", data_snapshots=known((snapshot("other name"),)))
    for idle in ("8", "7"):
        told(world, idle, "spam", data_snapshots=known((snapshot(),)))
    (origin,) = of(world, "1").of(OriginKind.DATA)
    (marking,) = origin.marks
    assert (marking.mark, marking.others) == (Mark.SHARED, (("spam", "9"),))
    assert marking.says == "the same snapshot is in spam 9 on prod"


def test_short_digests_count_only_for_data_of_one_name() -> None:
    """A digest of eight letters that names no algorithm says nothing of another data set."""
    world = World()
    world.told(rollout("spam@prod", "9"))
    told(world, "1", data_snapshots=known((snapshot(digest="12345678"),)))
    told(world, "9", "spam", data_snapshots=known((snapshot("other", "12345678"),)))
    assert marks(of(world, "1"), OriginKind.DATA) == []


@pytest.mark.parametrize("digest", ["2026-01-15T00:00:00Z", "delta:42", "version:7", "snapshot:8271638172"])
def test_the_same_night_is_not_the_same_data(digest: str) -> None:
    """A moment or a number of a version is the same in many sets of data: shared is only the one of that name."""
    world = World()
    world.told(rollout("spam@prod", "9"))
    told(world, "1", data_snapshots=known((snapshot(digest=digest),)))
    told(world, "9", "spam", data_snapshots=known((snapshot("clicks", digest),)))
    assert marks(of(world, "1"), OriginKind.DATA) == []
    told(world, "9", "spam", data_snapshots=known((snapshot("cards", digest),)))
    assert marks(of(world, "1"), OriginKind.DATA) == [Mark.SHARED]


def test_commits_and_images_are_shared_too() -> None:
    """The same commit, also spelled short, and the same base image in a version that serves are marked."""
    world = World()
    world.told(rollout("fraud@prod", "2"))
    told(world, "1", code=known(CodeRevision(text("abcdef0123"))), base_image="img@sha256:1")
    told(world, "2", code=known(CodeRevision(text("abcdef0"))), base_image="img@sha256:1")
    assert marks(of(world, "1"), OriginKind.CODE) == [Mark.SHARED]
    assert marks(of(world, "1"), OriginKind.IMAGE) == [Mark.SHARED]


def test_commits_of_two_repositories_are_not_shared() -> None:
    """The same beginning of a commit in another repository is chance."""
    world = World()
    world.told(rollout("fraud@prod", "2"))
    for version, repository in (("1", "https://h/a.git"), ("2", "https://h/b.git")):
        told(world, version, code=known(CodeRevision(text("abcdef0"), text(repository))))
    assert marks(of(world, "1"), OriginKind.CODE) == []


def test_old_data_is_stale() -> None:
    """Data that ends more than ninety days ago is stale; fresher is not; without a time nobody says so."""
    for days, expected in ((91, [Mark.STALE]), (89, []), (None, [])):
        world = World()
        told(world, "1", data_snapshots=known((snapshot(days=days),)))
        assert marks(of(world, "1"), OriginKind.DATA) == expected, days


def test_data_is_stale_beside_a_serving_version_with_newer() -> None:
    """A month behind the version that serves is stale, however young."""
    world = World()
    world.told(rollout("fraud@prod", "2"), rollout("spam@prod", "9"))
    told(world, "9", "spam", data_snapshots=known((snapshot(digest="sha256:cc", days=0),)))
    told(world, "1", data_snapshots=known((snapshot(days=40),)))
    told(world, "2", data_snapshots=known((snapshot(digest="sha256:bb", days=2),)))
    (origin,) = of(world, "1").of(OriginKind.DATA)
    assert [marking.says for marking in origin.marks] == ["2, which serves people, has one that is 38 days newer"]
    assert marks(of(world, "2"), OriginKind.DATA) == []


def test_a_candidate_is_meant_to_be_ahead() -> None:
    """Newer data in a candidate, or on staging, makes nothing stale."""
    world = World()
    world.told(rollout("fraud@prod", "1", "2"), rollout("fraud@staging", "3"))
    told(world, "1", data_snapshots=known((snapshot(days=60),)))
    for newer in ("2", "3"):
        told(world, newer, data_snapshots=known((snapshot(digest="sha256:bb", days=1),)))
    assert marks(of(world, "1"), OriginKind.DATA) == []


def test_what_was_deleted_is_marked() -> None:
    """A run in the trash, files out of reach and a version that no registry lists are marked as deleted."""
    runs: tuple[Mapping[str, Any], ...] = (
        {"run": "r", "tags": {text("run"): text("deleted: in the trash, soon gone for good")}},
        {"run": "r", "runtime": {text("run"): text("deleted: in the trash, soon gone for good")}},
        {"run": Unreadable(text("its run r was deleted for good"), REGISTRY)},
    )
    for fields in runs:
        world = World()
        listed(world, "2")
        told(world, "1", artifact=known(Artifact(text("s3://x"), is_reachable=False)), **fields)
        found = of(world, "1")
        assert marks(found, OriginKind.RUN) == [Mark.DELETED]
        assert marks(found, OriginKind.ARTIFACT) == [Mark.DELETED]
        assert [marking.mark for marking in found.marks] == [Mark.DELETED]


def test_places_tell_desired_from_observed() -> None:
    """A version that should serve and one that is only in the shadow are told apart."""
    world = World()
    world.told(rollout("fraud@prod", "1", "2", 0.2, shadow="3"))
    assert [(p.desired, p.observed, p.is_serving) for p in of(world, "2").places] == [(0.2, NO_DATA, True)]
    assert [p.is_serving for p in of(world, "3").places] == [False]


def test_members_of_a_parent_are_not_members_of_the_child() -> None:
    """An ensemble lists its own members; those of the version that it was derived from went into that one."""
    world = World()
    listed(world, "2", "1")
    told(world, "2", parents=(text("1"),), components={ModelName(text("net")): version_id("5")})
    told(world, "1", components={ModelName(text("net")): version_id("4")})
    assert [one.key for one in of(world, "2").parents] == [("fraud", "1"), ("net", "5")]


def test_a_relative_that_could_not_be_read_says_why() -> None:
    """A member that no registry has says so; one that nobody asked about is only unread."""
    world = World()
    told(world, "2", components={ModelName(text("net")): version_id("5"), ModelName(text("tree")): version_id("1")})
    world.apply(ProvenanceUnread(REGISTRY, START, ModelName(text("net")), version_id("5"), text("no such version")))
    assert [(one.is_read, one.why_unread) for one in of(world, "2").parents] == [
        (False, "no such version"),
        (False, ""),
    ]


def test_prompts_system_members_and_agent_are_origins_part_by_part() -> None:
    """Each prompt, the base model, every member and the agent's snapshot stand there by name with who says it."""
    world = World()
    told(
        world,
        "1",
        prompts={text("system"): text("Be kind.␊Be brief.")},
        llm_system={text("base model"): text("lantern@2026-03"), text("temperature"): text("0.2")},
        components={ModelName(text("gbm")): version_id("3.3.0")},
        agent={text("snapshot"): text("agent@2026-10-03")},
    )
    found = of(world, "1")
    parts = {(origin.kind, origin.name): origin.value for origin in found.origins if origin.kind.is_table}
    assert parts == {
        (OriginKind.PROMPT, "system"): ("Be kind.", "Be brief."),
        (OriginKind.SYSTEM, "base model"): "lantern@2026-03",
        (OriginKind.SYSTEM, "temperature"): "0.2",
        (OriginKind.MEMBER, "gbm"): "3.3.0",
        (OriginKind.AGENT, "snapshot"): "agent@2026-10-03",
    }
    assert all(origin.source == REGISTRY for origin in found.origins if origin.name)


def test_a_part_that_sources_contradict_is_told_by_each_and_the_rest_once() -> None:
    """Two sources name two base models and one reranker: both stand there, the reranker is in no doubt."""
    world = World()
    same = {text("reranker"): text("rank 2")}
    told(world, "1", llm_system={text("base model"): text("lantern 1"), **same})
    told(world, "1", source="hub", llm_system={text("base model"): text("lantern 2"), **same})
    found = [(one.name, one.value, one.is_contradicted) for one in of(world, "1").of(OriginKind.SYSTEM)]
    assert sorted(found) == [
        ("base model", "lantern 1", True),
        ("base model", "lantern 2", True),
        ("reranker", "rank 2", False),
    ]


def test_what_is_not_asked_of_a_kind_of_model_says_so() -> None:
    """A tabular model owes no prompts, an LLM system no query; what could not be read is owed all the same."""
    world = World()
    told(world, "1", run="r-1", prompts=ABSENT, agent=Unreadable(text("403"), REGISTRY))
    applies = {origin.kind: origin.applies for origin in of(world, "1").origins}
    assert applies[OriginKind.QUERY]
    assert not applies[OriginKind.PROMPT]
    assert not of(world, "1").of(OriginKind.AGENT)[0].is_missing
    told(world, "2", prompts={text("system"): text("Be kind.")}, extraction_query=ABSENT)
    applies = {origin.kind: origin.applies for origin in of(world, "2").origins}
    assert (applies[OriginKind.QUERY], applies[OriginKind.SYSTEM], applies[OriginKind.MEMBER]) == (False, True, False)


def test_parts_of_a_system_are_shared_settings_are_not() -> None:
    """The base model and a prompt of another serving version are marked; a temperature that both have is no news."""
    world = World()
    system = {
        text("base model"): text("lantern@2026-03"),
        text("temperature"): text("0.2"),
        text("time-out"): text("30s"),
    }
    for name in ("chat", "mail"):
        told(world, "1", name, llm_system=system, prompts={text("refusal"): text("No.")}, components={"gbm": "12"})
        world.told(rollout(f"{name}@prod", "1"))
    found = {
        origin.name: [mark.says for mark in origin.marks] for origin in of(world, "1", "chat").origins if origin.name
    }
    assert found == {
        "gbm": ["the same gbm is in mail 1 on prod"],
        "refusal": ["the same prompt refusal is in mail 1 on prod"],
        "base model": ["the same base model is in mail 1 on prod"],
        "temperature": [],
        "time-out": [],
    }


def test_a_member_that_no_registry_lists_is_deleted() -> None:
    """A member of an ensemble that is gone from its registry cannot be made again."""
    world = World()
    listed(world, "3.4.0", name="gbm")
    told(world, "1", components={ModelName(text("gbm")): version_id("3.3.0")})
    assert marks(of(world, "1"), OriginKind.MEMBER) == [Mark.DELETED]


def test_a_snapshot_named_by_its_own_model_is_no_deleted_version() -> None:
    """An agent's snapshot is called after the agent and a day: that is no version, and nobody has deleted it."""
    world = World()
    listed(world, "1", name="kyc-agent")
    told(world, "1", "kyc-agent", agent={text("snapshot"): text("kyc-agent@2026-10-03")})
    found = of(world, "1", "kyc-agent")
    assert found.parents == ()
    assert found.of(OriginKind.AGENT)[0].value == "kyc-agent@2026-10-03"


def test_marks_of_several_parts_are_said_in_one_sentence() -> None:
    """Five parts shared with one version are one row; parts shared with two versions are two."""
    mail, chat = (ModelName(text("mail")), version_id("1")), (ModelName(text("chat")), version_id("2"))
    told_of = [
        ("base model", Marking(Mark.SHARED, text("the same base model is in mail 1 on prod"), (mail,))),
        ("reranker", Marking(Mark.SHARED, text("the same reranker is in mail 1 on prod"), (mail,))),
        ("tools", Marking(Mark.SHARED, text("the same tools is in chat 2 on prod"), (chat,))),
    ]
    assert [(mark.says, mark.others) for mark in merged(told_of)] == [
        ("the same base model, reranker are in mail 1 on prod", (mail,)),
        ("the same tools is in chat 2 on prod", (chat,)),
    ]
