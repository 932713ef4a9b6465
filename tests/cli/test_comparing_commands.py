"""compare, provenance, lineage, parity and versions without a screen: what they print, and how they end."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from tests.cli.folder_world import CONFIG, METADATA, Ended, Here, here, here_in, write_version

from modeltui.adapters.sql_registry.schema import SCHEMA
from modeltui.cli.app import COMMANDS
from modeltui.domain.lineage import FIELDS
from modeltui.testing.hostile import HOSTILE_TEXTS

__all__ = ["here"]


def field(answer: dict[str, Any], name: str) -> dict[str, Any]:
    """Return one difference of a comparison."""
    found = [one for one in answer["differences"] if one["field"] == name]
    assert len(found) == 1, [one["field"] for one in answer["differences"]]
    return dict(found[0])


# compare


def test_compare_says_what_changed_the_cause_first(here: Here) -> None:
    """compare MODEL A B: plain text, the suspects first, only differences; different is no failure."""
    done = here("compare", "fraud", "1.1", "1.2")
    assert (done.code, done.err) == (0, "")
    assert re.match(r" fraud  A 1\.1  B 1\.2  \d+ differ", done.out.splitlines()[0])
    assert "Look first at " in done.out.splitlines()[1]
    assert "1.26.4->2.2.6" in done.out
    assert "rate" not in done.out


def test_compare_json_has_the_documented_shape(here: Here) -> None:
    """compare --json: schema, suspects with rank, field and because, differences with both sides and a state."""
    answer = here("compare", "fraud", "1.1", "1.2", "--json").object
    assert (answer["schema"], answer["model"], answer["a"], answer["b"]) == (
        "modeltui.compare/1",
        "fraud",
        "1.1",
        "1.2",
    )
    assert [one["rank"] for one in answer["suspects"]] == list(range(1, len(answer["suspects"]) + 1))
    assert all(one["because"] and one["field"] for one in answer["suspects"])
    rows = field(answer, "data.cards.rows")
    assert (rows["a"], rows["b"], rows["state"], rows["group"]) == (1000, 900, "changed", "data")
    assert rows["detail"] == {"kind": "number", "delta": -100, "effect": "unknown", "fraction": -0.1, "unit": "rows"}
    assert rows["sources"] == {"a": ["registry"], "b": ["registry"]}
    query = field(answer, "query")["detail"]
    assert (query["added"], query["removed"]) == (1, 1)
    assert ["+", "WHERE booked > '2025-06-01'"] in query["lines"]
    assert "equal" not in {one["state"] for one in answer["differences"]}
    assert "asked" not in answer


def test_what_one_side_lacks_has_a_state_and_no_value(here: Here) -> None:
    """A fact that only one version has is only-a or only-b; the other side is absent and says why."""
    answer = here("compare", "fraud", "1.0", "1.1", "--json").object
    approval = field(answer, "approvals")
    assert approval["state"] == "only-a"
    assert "b" not in approval
    assert approval["b_state"] == {"state": "none", "because": "not recorded"}


def test_all_shows_what_is_equal_and_long_values_whole(here: Here) -> None:
    """--all: equal facts too, and texts in full."""
    done = here("compare", "fraud", "1.0", "1.1", "--all")
    assert "rate" in done.out
    answer = here("compare", "fraud", "1.0", "1.1", "--all", "--json").object
    assert field(answer, "parameters.rate")["state"] == "equal"
    assert len(done.out) > len(here("compare", "fraud", "1.0", "1.1").out)


@pytest.mark.parametrize(
    ("word", "version", "because"),
    [
        ("latest", "1.1", "latest is 1.1: the registry's pointer"),
        ("stable", "1.1", "stable is 1.1 on prod"),
        ("serving", "1.1", "serving is 1.1 on prod"),
        ("candidate", "1.2", "candidate is 1.2 on prod"),
    ],
)
def test_words_become_versions_and_say_so(here: Here, word: str, version: str, because: str) -> None:
    """A pointer or a word for a target's version is resolved, and the answer says what it became."""
    answer = here("compare", "fraud", "1.0", word, "--json").object
    assert answer["b"] == version
    assert answer["asked"] == {"a": "1.0", "b": word, "because": [because]}
    assert because in here("compare", "fraud", "1.0", word).err


def test_without_versions_a_target_is_compared_as_usual(here: Here) -> None:
    """compare MODEL@ENV: the stable version and what is tried there, ranked by what is wrong there."""
    answer = here("compare", "fraud@prod", "--json").object
    assert (answer["a"], answer["b"]) == ("1.1", "1.2")
    assert answer["target"] == {"model": "fraud", "environment": "prod"}
    assert here("compare", "fraud").out == here("compare", "fraud@prod").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("frud", "1.0", "1.1"), "did you mean 'fraud'"),
        (("fraud", "1.0", "1.11"), "did you mean '1.1'"),
        (("fraud", "1.0", "lates"), "did you mean 'latest'"),
        (("fraud", "1.0"), "name both versions, or none"),
        (("fraud", "1.0", "1.1", "--env", "prd"), "did you mean 'prod'"),
        (("fraud", "1.0", "1.1", "--target", "spam@prod"), "no target of fraud"),
        (("fraud@prd",), "did you mean 'prod'"),
    ],
)
def test_unknown_names_are_a_mistake_with_a_hint(here: Here, arguments: tuple[str, ...], says: str) -> None:
    """A typo ends with 2, says what was meant perhaps, and prints no data."""
    done = here("compare", *arguments)
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_a_word_that_nobody_can_resolve_is_no_mistake(here: Here) -> None:
    """last-known-good where nothing is known to be good: a backend could not say."""
    done = here("compare", "fraud", "last-known-good", "1.1")
    assert done.code == 1
    assert "nobody knows the last-known-good version of fraud" in done.err


def test_two_forms_at_once_are_a_mistake(here: Here) -> None:
    """--json with --markdown: a script that asked for JSON must not be given a ticket."""
    done = here("compare", "fraud", "1.0", "1.1", "--json", "--markdown")
    assert (done.code, done.out) == (2, "")
    assert "exclude each other" in done.err


def test_what_may_have_changed_is_said_where_nothing_differs_too(tmp_path: Path) -> None:
    """Two versions that ask for the same range and nothing else: the same as far as is known, and no further."""
    data = [{"name": "cards", "digest": "sha256:" + "1a" * 32}]
    facts = {"requirements": ["numpy>=1.0"], "code": {"commit": "a" * 40}, "data_snapshots": data}
    with closing(sqlite3.connect(tmp_path / "registry.db")) as registry:
        registry.executescript(SCHEMA)
        for version in "12":
            row = ("fraud", version, json.dumps(facts))
            registry.execute("INSERT INTO versions (model, version, provenance) VALUES (?, ?, ?)", row)
        registry.commit()
    config = CONFIG.replace("kind: model-folder, path: ./models", "kind: sql, path: ./registry.db")
    same = here_in(tmp_path, config)
    says = "numpy names no release in either: what was installed may differ"
    plain = same("compare", "fraud", "1", "2").out.splitlines()
    assert "are the same in all" in plain[1]
    assert says in plain[2]
    assert same("compare", "fraud", "1", "2", "--json").object["may_have_changed"] == [says]
    assert f"- not known: `{says}`" in same("compare", "fraud", "1", "2", "--markdown").out.splitlines()


def test_fail_on_difference_passes_only_what_is_the_same(here: Here) -> None:
    """--fail-on-difference: 0 for a version and itself, 1 for two that differ."""
    assert here("compare", "fraud", "1.1", "1.1", "--fail-on-difference").code == 0
    assert here("compare", "fraud", "1.1", "1.2", "--fail-on-difference").code == 1


def test_what_could_not_be_read_ends_with_one(tmp_path: Path, here: Here) -> None:
    """A version whose record is broken is compared as far as it goes, with exit code 1."""
    (tmp_path / "models" / "fraud" / "1.2" / "metadata.json").write_text("{", encoding="utf-8")
    done = here("compare", "fraud", "1.1", "1.2", "--json")
    assert done.code == 1
    assert done.object["unknowns"]


@pytest.mark.parametrize(
    "command", ["compare fraud 1.1 1.2", "lineage fraud 1.1", "provenance fraud 1.1", "parity fraud"]
)
def test_a_registry_that_is_gone_ends_with_one(tmp_path: Path, here: Here, command: str) -> None:
    """Where the only registry cannot be asked, nothing is said to be wrong with the name: exit code 1, and why."""
    (tmp_path / "models").rename(tmp_path / "elsewhere")
    done = here(*command.split())
    assert done.code == 1
    assert "registry" in done.err


@pytest.mark.parametrize(
    "command",
    [
        "compare fraud 1.1 1.2",
        "lineage fraud 1.1",
        "provenance fraud 1.1 --check --threshold 0",
        "parity fraud --allow-unknown",
        "versions fraud --prunable",
    ],
)
def test_a_source_that_fails_beside_another_ends_with_one(tmp_path: Path, here: Here, command: str) -> None:
    """What is known is printed, and the exit code says that it is not all."""
    assert here(*command.split()).code == 0
    config = tmp_path / "modeltui.yaml"
    second = (
        "      registry: {kind: model-folder, path: ./models}\n      second: {kind: model-folder, path: ./nowhere}\n"
    )
    text = config.read_text().replace("      registry: {kind: model-folder, path: ./models}\n", second)
    config.write_text(text, encoding="utf-8")
    done = here(*command.split())
    assert (done.code, bool(done.out)) == (1, True)
    assert "second" in done.err


# Markdown


def test_markdown_can_be_pasted_into_a_ticket(here: Here) -> None:
    """--markdown: a heading, the suspects in order, the differences with their text as a block."""
    done = here("compare", "fraud", "1.1", "1.2", "--markdown")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == "### What changed: `fraud` `1.1` → `1.2`"
    assert re.match(r"`seen 20\d\d-\d\d-\d\dT[\d:.]+Z, context here`", lines[2])
    assert any(line.startswith("1. `") for line in lines)
    assert "    +WHERE booked > '2025-{+06+}-01'" in lines
    assert "  - `environment.numpy`: `changed`: `1.26.4` → `2.2.6` (`major up`)" in lines


ALLOWED = {
    *("heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "text", "hardbreak", "softbreak"),
    *("bullet_list_open", "bullet_list_close", "ordered_list_open", "ordered_list_close"),
    *("list_item_open", "list_item_close", "strong_open", "strong_close", "code_inline", "fence"),
}
"""What our own words become in a ticket; a link, a table, HTML, an image or a rule is nobody's but the backend's."""


MARKDOWN = {
    "link": "[click](https://evil.example)",
    "bare link": "https://evil.example/x www.evil.example",
    "mention": "@everyone #1 !5",
    "html": "<img src=x onerror=alert(1)>",
    "table": "a | b |\n|---|---|",
    "fence": "``` \n~~~~ \n`````",
    "ticks": "`a` ``b`` ```c```",
    "breaking out": "a`<img>`b ``@you`` c",
    "only ticks": "``",
    "heading": "# owned",
    "entity": "&lt;b&gt;",
    "trailing": "x `",
}


@pytest.mark.parametrize("name", MARKDOWN)
def test_nothing_that_a_backend_wrote_is_markup_in_a_ticket(tmp_path: Path, name: str) -> None:
    """Links, mentions, tables and HTML of a tag, a prompt or a query stay plain text in the ticket."""
    text = MARKDOWN[name]
    for version in ("1", "2"):
        told = f"{text} {version}" if name != "only ticks" else text * int(version)
        write_version(
            tmp_path,
            version,
            {"tags": {told[:20]: told}, "prompts": {"system": told}, "sql": f"{text}\n{told}", "run": told},
        )
    done = here_in(tmp_path)("compare", "fraud", "1", "2", "--markdown", "--all")
    tokens = [one for token in MarkdownIt("gfm-like").parse(done.out) for one in (token, *(token.children or ()))]
    assert {token.type for token in tokens} <= ALLOWED
    assert sum(token.type == "heading_open" for token in tokens) == 1
    words = " ".join(token.content for token in tokens if token.type == "text")
    assert not set(words) & set("@#<>&`[]|"), words
    assert any(
        token.type in ("code_inline", "fence") and text.split("\n")[0].strip() in token.content for token in tokens
    )


def test_a_ticket_stays_short_unless_all_is_asked_for(tmp_path: Path) -> None:
    """Of five hundred packages a ticket names some, and says how many more there are; --all names them all."""
    for version in ("1", "2"):
        write_version(tmp_path, version, {"requirements": [f"package{n}=={version}.{n}" for n in range(500)]})
    here = here_in(tmp_path)
    short = here("compare", "fraud", "1", "2", "--markdown")
    whole = here("compare", "fraud", "1", "2", "--markdown", "--all")
    assert short.out.count("`environment.package") < 150 < 500 <= whole.out.count("`environment.package")
    assert "more: modeltui compare --all has them" in short.out
    assert len(short.out) < 65_000


# provenance


def test_provenance_tells_every_field_with_source_and_age(here: Here) -> None:
    """provenance: each field is known with its source and age, or says why it is not."""
    answer = here("provenance", "fraud", "1.1", "--json").object
    assert answer["schema"] == "modeltui.provenance/1"
    assert list(answer["fields"]) == list(FIELDS)
    run = answer["fields"]["run"]
    assert (run["state"], run["value"], run["sources"]) == ("known", "run-2", ["registry"])
    assert run["age_seconds"] >= 0
    assert answer["fields"]["owner"]["state"] == "absent"
    assert answer["fields"]["data_snapshots"]["value"] == [{"name": "cards", "digest": "sha256:aa", "rows": 1000}]
    lines = here("provenance", "fraud", "1.1").out.splitlines()
    assert [line.split()[0] for line in lines if line and not line.startswith(" ")][: len(FIELDS) + 1][1:] == list(
        FIELDS
    )


def test_provenance_check_fails_below_the_threshold(here: Here) -> None:
    """--check: the score and what is missing; 1 below the threshold, 0 above."""
    done = here("provenance", "fraud", "1.1", "--check")
    assert done.code == 1
    assert "fields are known" in done.out
    assert "approvals: absent, not recorded" in done.out
    assert "0.8 is asked for" in done.err
    assert here("provenance", "fraud", "1.1", "--check", "--threshold", "10%").code == 0
    assert here("provenance", "fraud", "1.1", "--check", "--threshold", "much").code == 2


def test_provenance_check_requires_fields_by_name(here: Here) -> None:
    """--require: 1 when a field is not known, whatever the score; a field that does not exist is a mistake."""
    assert here("provenance", "fraud", "1.0", "--require", "approvals,code", "--threshold", "0").code == 0
    done = here("provenance", "fraud", "1.1", "--require", "code", "--require", "model-card", "--threshold", "0")
    assert done.code == 1
    assert "model_card is required and not known: not recorded" in done.err
    assert here("provenance", "fraud", "1.1", "--require", ",").code == 2
    wrong = here("provenance", "fraud", "1.1", "--require", "aprovals")
    assert wrong.code == 2
    assert "did you mean 'approvals'" in wrong.err
    answer = here("provenance", "fraud", "1.1", "--require", "model_card", "--json").object
    assert answer["check"]["passes"] is False
    assert answer["check"]["lacking"] == ["model_card"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_a_score_below_the_threshold_never_reads_as_the_threshold(here: Here, version: str) -> None:
    """A score that lacks a thousandth is cut, not rounded up: nobody reads that 0.60 is less than 0.6."""
    score = here("provenance", "fraud", version, "--json").object["completeness"]["score"]
    done = here("provenance", "fraud", version, "--check", "--threshold", f"{score + 0.0001:.4f}")
    assert done.code == 1
    says = re.search(r": (0\.\d+), and (0\.\d+) is asked for", done.err)
    assert says is not None
    assert float(says[1]) <= score < float(says[2])


@pytest.mark.parametrize(
    ("command", "width"), [(("compare", "fraud", "1.0", "1.2"), 60), (("lineage", "fraud", "1.1"), 44)], ids=str
)
def test_lines_are_as_wide_as_columns_says(
    here: Here, command: tuple[str, ...], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COLUMNS=60: no line is wider, in a pipe too; without it and without a terminal up to 100 are used."""

    def widest() -> int:
        # An address is one word: it is never broken.
        return max(len(line) for line in here(*command).out.splitlines() if "://" not in line)

    monkeypatch.setenv("COLUMNS", str(width))
    assert widest() <= width
    monkeypatch.delenv("COLUMNS")
    assert width < widest() <= 100


def test_what_only_one_side_has_is_not_counted_as_different(here: Here) -> None:
    """1.1 has no approval on record: that is counted by itself, for nobody says that it was taken away."""
    counts = here("compare", "fraud", "1.0", "1.1", "--json").object["counts"]
    heading = here("compare", "fraud", "1.0", "1.1").out.splitlines()[0]
    assert counts["only-a"] + counts["only-b"] > 0
    assert f"  {counts['changed']} differ, {counts['only-a'] + counts['only-b']} only in one, " in heading


# lineage


def test_lineage_tells_origins_relatives_and_places(here: Here) -> None:
    """lineage: where it comes from, what came of it, where it serves, and what to mind."""
    answer = here("lineage", "fraud", "1.1", "--json").object
    assert (answer["schema"], answer["state"]) == ("modeltui.lineage/1", "read")
    assert [(one["model"], one["version"]) for one in answer["parents"]] == [("fraud", "1.0")]
    assert [(one["version"], one["relation"]) for one in answer["children"]] == [("1.2", "parent")]
    assert answer["children_sought_in"] == {"versions_read": 2, "versions_unread": 0}
    assert [(place["environment"], place["role"]) for place in answer["targets"]] == [("prod", "stable")]
    done = here("lineage", "fraud", "1.1")
    assert done.code == 0
    for words in ("fraud:1.0", "fraud 1.2", "prod", "run-2"):
        assert words in done.out
    shared = here("lineage", "fraud", "1.0", "--json").object
    marks = {one["kind"]: [mark["mark"] for mark in one["marks"]] for one in shared["origins"]}
    assert marks["data"] == ["shared"]
    assert marks["code"] == ["shared"]


# parity


def test_parity_is_no_pass_where_nothing_is_known(here: Here) -> None:
    """parity: what nobody knows is no yes, and says so; --allow-unknown takes it for one."""
    done = here("parity", "fraud")
    assert done.code == 1
    assert "no source tells what runs there" in done.out
    assert done.out.splitlines()[-1].startswith("not known: ")
    assert here("parity", "fraud", "--allow-unknown").code == 0
    assert here("parity", "fraud", "--json").object["state"] == "unknown"
    assert here("parity", "frod").code == 2


# versions


@pytest.mark.parametrize("more", [(), ("--timeline",), ("--prunable", "--json")])
def test_versions_of_a_model_that_is_not_there_are_a_mistake(here: Here, more: tuple[str, ...]) -> None:
    """A typo in the model's name ends with 2, as in every other command; 1 would say that a backend failed."""
    done = here("versions", "frud", *more)
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'fraud'" in done.err


def test_versions_timeline_tells_what_became_of_each(here: Here) -> None:
    """versions --timeline: registered, approved, pointed at; what nobody saw is a gap."""
    done = here("versions", "fraud", "--timeline")
    assert done.code == 0
    assert "2026-01-10 10:00Z  registered by ana" in done.out
    assert "approved by bob" in done.out
    assert "not known: what served" in done.out
    answer = here("versions", "fraud", "--timeline", "--json").object
    first = answer["versions"][-1]
    assert first["version"] == "1.0"
    assert {"what": "registered", "at": "2026-01-10T10:00:00.000Z", "by": "ana"} in first["timeline"]
    assert [gap["environment"] for gap in answer["gaps"]] == ["prod"]


def test_versions_prunable_is_a_dry_run(tmp_path: Path, here: Here) -> None:
    """versions --prunable: what keeps each version, that nothing was deleted, and nothing is."""
    before = sorted(path.name for path in (tmp_path / "models" / "fraud").rglob("*"))
    done = here("versions", "fraud", "--prunable")
    assert done.code == 0
    assert "nothing was deleted" in done.out
    assert "looked at prod in context here; not at contexts elsewhere of the same configuration" in done.out
    assert "the tag litigation=case 7 holds it" in done.out
    answer = here("versions", "fraud", "--prunable", "--json").object
    assert {one["version"]: one["retention"]["state"] for one in answer["versions"]} == dict.fromkeys(METADATA, "never")
    assert answer["retention"]["prunable"] == []
    assert answer["retention"]["deleted"] == []
    assert sorted(path.name for path in (tmp_path / "models" / "fraud").rglob("*")) == before


def test_versions_alone_prints_what_it_printed_before(here: Here) -> None:
    """versions MODEL: the table, as scripts know it."""
    lines = here("versions", "fraud").out.splitlines()
    assert lines[0].split()[:3] == ["VERSION", "REGISTERED", "BY"]
    assert [line.split()[0] for line in lines[1:]] == ["1.2", "1.1", "1.0"]
    assert "timeline" not in here("versions", "fraud", "--json").object["versions"][0]


# all of them


@pytest.mark.parametrize("name", ["compare", "lineage", "provenance", "parity", "versions"])
def test_the_commands_explain_themselves(here: Here, name: str) -> None:
    """--help says what is printed and how it ends; the list of commands has a line for each."""
    done = here(name, "--help")
    assert done.code == 0
    assert name == "versions" or "Exit codes: 0" in " ".join(done.out.split())
    assert COMMANDS[name] in " ".join(here("--help").out.split())


@pytest.mark.parametrize(
    "command",
    ["compare fraud 1.1 1.2 --all", "compare fraud 1.1 1.2 --markdown", "provenance fraud 1.1", "lineage fraud 1.1"],
)
def test_ascii_means_ascii(tmp_path: Path, here: Here, command: str) -> None:
    """--ascii: no other character, whatever a backend sends; an arrow stays an arrow and compares nothing."""
    write_version(tmp_path, "1.3", {**METADATA["1.2"], "owner": "Zoë – 风控 …"})
    done = here("--ascii", *command.replace("1.2", "1.3").split())
    assert done.out.isascii()
    assert "1.26.4 > 2.2.6" not in done.out


HOSTILE_CALLS = (
    ("compare", "fraud", "1", "2"),
    ("compare", "fraud", "1", "2", "--all"),
    ("compare", "fraud", "1", "2", "--json"),
    ("compare", "fraud", "1", "2", "--markdown"),
    ("provenance", "fraud", "1", "--all"),
    ("provenance", "fraud", "1", "--json"),
    ("lineage", "fraud", "1", "--all"),
    ("lineage", "fraud", "1", "--json"),
    ("versions", "fraud", "--timeline"),
    ("versions", "fraud", "--prunable", "--all", "--json"),
    ("parity", "fraud"),
)


@pytest.fixture(scope="module")
def hostile_answers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[tuple[str, ...], Ended]]:
    """Every command on a model whose record holds all hostile texts."""
    folder = tmp_path_factory.mktemp("hostile")
    texts = list(HOSTILE_TEXTS.values())
    for version in ("1", "2"):
        table = {f"{text[:60]}": f"{text}{version}" for text in texts}
        metadata: dict[str, Any] = dict.fromkeys(("tags", "params", "prompts", "runtime", "env_vars", "cases"), table)
        metadata |= {
            "sql": "\n".join(table.values()),
            "model_card": "\n".join(table.values()),
            "run": texts[0] + version,
        }
        metadata |= {"datasets": [{"name": text, "digest": f"sha256:{version}"} for text in texts[:40]]}
        metadata |= {"approvals": [{"by": text, "decision": text} for text in texts], "parents": texts[:20]}
        write_version(folder, version, metadata)
    call = here_in(folder)
    return [(arguments, call(*arguments)) for arguments in HOSTILE_CALLS]


def test_no_hostile_text_reaches_a_terminal(hostile_answers: list[tuple[tuple[str, ...], Ended]]) -> None:
    """Whatever a backend sends: no control character, no invisible or turning one, in any form of any answer."""
    for arguments, done in hostile_answers:
        for printed in (done.out, done.err):
            bad = {sign for sign in printed if sign != "\n" and (ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0)}
            bad |= {sign for sign in printed if sign in "\u202e\u2066\u200b\u2028\u2029\ufeff"}
            assert not bad, (arguments, bad)
        assert "Traceback" not in done.err
        assert done.code in (0, 1), (arguments, done.err)
        if "--json" in arguments:
            assert isinstance(json.loads(done.out), dict)
