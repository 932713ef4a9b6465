"""The order of a comparison: what matters first, the same each time."""

from __future__ import annotations

from tests.domain.comparison.telling import FORBIDDEN, compared, states, told, two

from modeltui.domain.comparison.difference import Group
from modeltui.domain.lineage import ABSENT, Approval, Artifact, CodeRevision, DataSnapshot
from modeltui.domain.names import Instant
from modeltui.domain.text import SafeText


def test_groups_come_in_the_order_of_blast_radius() -> None:
    """What serves and what it learned from stand before what was noted about it."""
    fields = {
        "owner": ("a", "b"),
        "model_card": (("a",), ("b",)),
        "metrics": ({"auc": 0.1}, {"auc": 0.2}),
        "parameters": ({"p": "1"}, {"p": "2"}),
        "code": (CodeRevision(SafeText("aaaaaaa1")), CodeRevision(SafeText("bbbbbbb2"))),
        "data_snapshots": (
            (DataSnapshot(SafeText("d"), SafeText("md5:a")),),
            (DataSnapshot(SafeText("d"), SafeText("md5:b")),),
        ),
        "artifact": (Artifact(SafeText("u"), SafeText("md5:a")), Artifact(SafeText("u"), SafeText("md5:b"))),
    }
    a, b = (told(**{name: pair[side] for name, pair in fields.items()}) for side in (0, 1))
    comparison = compared(a, b)
    groups = [one.group for one in comparison.facts]
    assert groups == sorted(groups, key=list(Group).index)
    assert list(states(comparison)) == [
        "artifact.digest",
        "data.d.digest",
        "code.commit",
        "parameters.p",
        "metrics.auc",
        "card",
        "record.owner",
        "record.address",
    ]
    assert [one.field for one in comparison.of(Group.DATA)] == ["data.d.digest"]


def test_differences_of_a_group_stand_before_what_is_unknown_and_equal() -> None:
    """Changed, then on one side only, then not comparable, then unknown, then equal."""
    a = two(told(parameters={"equal": "1", "gone": "1", "changed": "1", "said": "1"}), told(parameters={"said": "2"}))
    b = two(told(parameters={"equal": "1", "new": "1", "changed": "2", "said": "2"}), told())
    assert list(states(compared(a, b)).items()) == [
        ("parameters.changed", "changed"),
        ("parameters.gone", "only-a"),
        ("parameters.new", "only-b"),
        ("parameters.said", "not-comparable"),
        ("parameters.equal", "equal"),
    ]
    unknown = compared(told(owner="risk", run="1", registered="ada"), told(owner=FORBIDDEN, run="2", registered="ada"))
    assert list(states(unknown).values()) == ["changed", "unknown", "equal"]


def test_large_changes_stand_before_small_ones() -> None:
    """Among numbers the one that changed most comes first, and a word before a small change; then by name."""
    a = {"b_little": "100", "a_much": "1", "z_little": "100", "word": "gbdt"}
    b = {"b_little": "101", "a_much": "9", "z_little": "101", "word": "dart"}
    comparison = compared(told(parameters=a), told(parameters=b))
    assert [one.title for one in comparison.facts] == ["word", "a_much", "b_little", "z_little"]


def test_an_environment_begins_with_python_and_the_image() -> None:
    """Packages follow what they stand on, major steps before patches."""
    lines = {
        "old": ("click==8.1.0", "numpy==1.0.0", "attrs==1.0.0"),
        "new": ("click==8.1.1", "numpy==2.0.0", "attrs==1.1.0"),
    }
    a = told(requirements=lines["old"], runtime={"python": "3.11.9"}, base_image="serving:3")
    b = told(requirements=lines["new"], runtime={"python": "3.12.6"}, base_image="serving:4")
    assert [one.title for one in compared(a, b).facts][:5] == ["Python", "base image", "numpy", "attrs", "click"]


def test_parts_of_a_data_set_stand_together() -> None:
    """Digest, rows and address of one data set follow each other, whichever changed most."""
    one, other = (
        tuple(
            DataSnapshot(SafeText(name), SafeText(f"md5:{side}"), SafeText(f"s3://{side}"), rows)
            for name, rows in (("b", 10 * side), ("a", 10 + side))
        )
        for side in (1, 2)
    )
    found = compared(told(data_snapshots=one), told(data_snapshots=other))
    assert [fact.title for fact in found.facts] == [
        "a digest",
        "a rows",
        "a address",
        "b digest",
        "b rows",
        "b address",
    ]


def _approval(by: str, day: int) -> Approval:
    return Approval(SafeText(by), SafeText("approved"), Instant(day * 86_400.0), SafeText("limits agreed"))


def test_an_approval_that_only_one_version_has_is_seen() -> None:
    """A version without an approval shows that the other has one, by whom and when."""
    comparison = compared(told(approvals=(_approval("r.okafor", 0),)), told(approvals=ABSENT))
    assert states(comparison) == {"approvals": "only-a"}
    assert comparison.facts[0].a.value == "approved by r.okafor on 1970-01-01: limits agreed"


def test_lists_to_which_every_source_adds_are_compared_together() -> None:
    """Approvals told by two sources are one list; one more on a side is a line added."""
    a = two(told(approvals=(_approval("ada", 0),)), told(approvals=(_approval("bob", 1),)))
    b = two(told(approvals=(_approval("ada", 0),)), told(approvals=(_approval("bob", 1), _approval("eve", 2))))
    found = compared(a, b).facts[0]
    assert (found.field, found.state.value) == ("approvals", "changed")
    assert [len(side.value) for side in (found.a, found.b) if isinstance(side.value, tuple)] == [2, 3]
    assert compared(a, a).facts[0].state.value == "equal"


def test_what_an_agent_did_twice_is_not_what_it_did_once() -> None:
    """Two payments of the same text are two."""
    once, twice = told(external_effects=("paid 5",)), told(external_effects=("paid 5", "paid 5"))
    assert states(compared(once, twice)) == {"agent.effects": "changed"}


def test_the_importance_that_moved_most_comes_first() -> None:
    """A feature that lost half the weight stands before one that lost a twentieth."""
    a = {"b_moved": 0.60, "a_little": 0.30, "c_gained": 0.10}
    b = {"b_moved": 0.20, "a_little": 0.35, "c_gained": 0.45}
    comparison = compared(told(importances=a), told(importances=b))
    assert [one.title for one in comparison.facts] == ["b_moved", "c_gained", "a_little"]
