"""The comparing commands on a live world, each in a process of its own."""

from __future__ import annotations

import json

import pytest
from tests.tui.story_world import RunningWorld

pytestmark = pytest.mark.broad


def test_the_only_target_in_trouble_says_what_is_wrong(world: RunningWorld) -> None:
    """compare MODEL A B: ranked by the symptom of the only target in warn or breach, and what speaks against it."""
    done = world.run("compare", "document-ocr", "3.1.2", "3.1.4", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["target"] == {"model": "document-ocr", "environment": "prod-cn"}
    assert answer["symptom"]["version"] == "3.1.4"
    assert answer["symptom"]["signals"]
    assert any("well in" in doubt for doubt in answer["doubts"])
    assert answer["suspects"][0]["closeness"] != "unrelated"


def test_two_versions_are_not_ranked_by_what_is_wrong_with_a_third(world: RunningWorld) -> None:
    """compare of two older versions while a newer one is in trouble: no suspect is near that, and stderr says why."""
    done = world.run("compare", "document-ocr", "3.1.0", "3.1.2", "--json")
    answer = json.loads(done.stdout)
    assert answer["target"] == {"model": "document-ocr", "environment": "prod-cn"}
    assert answer["symptom"] == {"signals": [], "segments": [], "drifted_features": []}
    assert {one["closeness"] for one in answer["suspects"]} == {"unrelated"}
    plain = world.run("compare", "document-ocr", "3.1.0", "3.1.2")
    says = "what is wrong on document-ocr@prod-cn is wrong with 3.1.4, not with 3.1.0 or 3.1.2"
    assert says in plain.stderr


def test_the_usual_pair_reads_in_one_page(world: RunningWorld) -> None:
    """compare MODEL@ENV: A and B named, the suspect first, not more than a page, marked as simulated on stderr."""
    done = world.run("compare", "credit-scorer@prod-hk")
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert lines[0].split()[:5] == ["credit-scorer", "A", "4.2.1", "B", "5.0.0"]
    assert "Look first at" in lines[1]
    assert len(lines) <= 24
    assert "DEMO: all of this is simulated" in done.stderr


def test_environments_that_differ_fail_and_those_that_agree_pass(world: RunningWorld) -> None:
    """parity: 1 with what differs where the images differ; 0 where all are the same and fit what serves."""
    differs, same = world.run("parity", "aml-screening"), world.run("parity", "card-routing")
    assert (differs.returncode, same.returncode) == (1, 0)
    assert differs.stdout.splitlines()[-1].startswith("different: ")
    assert same.stdout.splitlines()[-1].startswith("the same: ")


def test_a_member_that_changed_is_named_with_both_versions(world: RunningWorld) -> None:
    """compare of an ensemble: the member, its two versions, and what changed between those."""
    answer = json.loads(world.run("compare", "pricing-ensemble", "7.0.2", "7.1.0", "--json").stdout)
    (member,) = answer["components"]
    assert (member["model"], member["a"], member["b"]) == ("price-gbm", "3.4.0", "3.5.0")
    assert "changed" in {one["state"] for one in member["differences"]}


def test_nothing_that_serves_is_prunable_in_the_world(world: RunningWorld) -> None:
    """versions --prunable on every model of the world: what serves or is gold is never prunable."""
    status = json.loads(world.run("status", "--json").stdout)
    serving: dict[str, set[str]] = {}
    for target in status["targets"]:
        named = {one["version"] for one in target["versions"]} | {target.get("last_known_good", {}).get("version", "")}
        serving.setdefault(target["model"], set()).update(named)
    for model in ("fraud-detector", "pricing-ensemble", "sanctions-matcher", "kyc-agent"):
        answer = json.loads(world.run("versions", model, "--prunable", "--json").stdout)
        assert not set(answer["retention"]["prunable"]) & serving[model]
        assert {one["version"] for one in answer["versions"]} >= serving[model] - {""}


def test_json_is_one_object_and_nothing_beside_it(world: RunningWorld) -> None:
    """What lineage and provenance print as JSON is one object of the documented name."""
    for command in (("lineage", "fraud-detector", "champion"), ("provenance", "kyc-agent", "1.8.0")):
        done = world.run(*command, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["schema"] == f"modeltui.{command[0]}/1"
