"""What may be said about acting: records, witnesses, who is told, deadlines; and what is refused at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.config import paths
from modeltui.config.acting import AnchorKind, SinkKind
from modeltui.config.load import Options, check_text, load
from modeltui.config.problems import InvalidConfigError
from modeltui.config.reference import json_schema, reference
from modeltui.config.schema import ContextConfig, Mode
from modeltui.config.show import shown_values
from modeltui.ports.notifier import Occasion

HEAD = "modeltui: 1\ncontexts:\n  c:\n    sources: {r: {kind: mlflow}}\n"

FULL = (
    HEAD
    + """\
    mode: writes-on
    access: policy.yaml
    journal:
      directory: records
      shared: env:JOURNAL_URL
      sign: never
      anchors:
        - {kind: file, path: /var/anchors/modeltui}
        - {kind: syslog}
        - {kind: git, path: ~/audit}
        - {kind: webhook, url: "https://audit.example.com/in"}
      retention_days: 3650
    notify:
      - {kind: webhook, url: "http://127.0.0.1:9/x", secret: env:HMAC_KEY, on: [outcome, break-glass]}
      - {kind: slack, url: env:SLACK_URL}
      - {kind: pagerduty, key: "file:/run/secrets/pagerduty"}
    acting: {accepted_seconds: 2, serving_seconds: 1m, snap_back_checks: [30s]}
"""
)


def context(text: str) -> ContextConfig:
    """Return the only context of a configuration."""
    return check_text(text, "/etc/modeltui/m.yaml")[0].contexts["c"]


def mistakes(text: str) -> list[str]:
    """Return the lines with which `text` is refused."""
    with pytest.raises(InvalidConfigError) as caught:
        check_text(text, "m.yaml")
    return caught.value.title.splitlines()


def test_without_a_word_acting_has_a_private_record_and_patient_deadlines() -> None:
    """Whoever says nothing gets a journal for seven years, writes off, nobody told, and the deadlines of the manual."""
    found = context(HEAD)
    assert found.mode is Mode.WRITES_OFF
    assert [found.journal.directory, found.journal.shared, found.access] == [None] * 3
    assert not found.notify
    assert found.journal.retention_days == 2555
    assert (found.acting.accepted_seconds, found.acting.serving_seconds, found.acting.healthy_seconds) == (10, 60, 300)
    assert list(found.acting.snap_back_checks) == [300, 1800]


def test_everything_can_be_said() -> None:
    """Each key is read with its unit, and relative paths start beside the file."""
    found = context(FULL)
    assert found.mode is Mode.WRITES_ON
    assert found.access == Path("/etc/modeltui/policy.yaml")
    assert found.journal.directory == Path("/etc/modeltui/records")
    assert [anchor.kind for anchor in found.journal.anchors] == list(AnchorKind)
    assert [sink.kind for sink in found.notify] == list(SinkKind)
    assert found.notify[0].on == (Occasion.OUTCOME, Occasion.BREAK_GLASS)
    assert found.notify[1].on == tuple(Occasion)
    assert (found.acting.serving_seconds, found.acting.snap_back_checks) == (60, (30,))


@pytest.mark.parametrize("reference", ["env:JOURNAL_URL", "file:/run/secrets/journal", "command:vault read journal"])
def test_a_secret_stays_a_reference(reference: str) -> None:
    """Looking at the fleet neither runs the command nor needs the variable that only acting needs."""
    assert context(HEAD + f"    journal: {{shared: '{reference}'}}\n").journal.shared == reference


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("journal: {shared: 'postgresql://db.example.com/journal?password=hunter22hunter'}", "journal.shared"),
        ("journal: {shared: 'postgresql://me:hunter22hunter@db.example.com/journal'}", "journal.shared"),
        ("notify: [{kind: pagerduty, key: hunter22hunter}]", "notify[0].key"),
        ("notify: [{kind: webhook, url: 'https://x.example.com', secret: hunter22hunter}]", "notify[0].secret"),
        ("notify: [{kind: slack, url: 'https://hooks.example.com/services/hunter22hunter'}]", "notify[0].url"),
        ("notify: [{kind: webhook, url: 'https://me:hunter22hunter@x.example.com'}]", "notify[0].url"),
        ("notify: [{kind: webhook, url: 'ftp://x.example.com/hunter22hunter'}]", "notify[0].url"),
        (
            "journal: {anchors: [{kind: webhook, url: 'file.example.com/hunter22hunter'}]}",
            "journal.anchors[0].url",
        ),
    ],
)
def test_a_secret_that_is_written_out_is_refused_and_not_repeated(line: str, path: str) -> None:
    """A password in the file is refused at its place, and the error does not print it."""
    found = mistakes(f"{HEAD}    {line}\n")
    assert [problem for problem in found if f"contexts.c.{path}: " in problem], found
    assert "hunter22hunter" not in "\n".join(found)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "notify: [{kind: webhook, url: 'ftp://x.example.com'}]",
            (
                "m.yaml:5:35: contexts.c.notify[0].url: expected an http or https URL without user name, or a "
                "reference to one such as 'env:NAME', found something else"
            ),
        ),
        ("notify: [{kind: slack}]", "m.yaml:5:14: contexts.c.notify[0].url: missing; slack needs it"),
        ("notify: [{kind: pagerduty}]", "m.yaml:5:14: contexts.c.notify[0].key: missing; pagerduty needs it"),
        (
            "notify: [{kind: webhook, url: 'http://x.example.com', key: env:X}]",
            "m.yaml:5:59: contexts.c.notify[0].key: webhook has no key",
        ),
        (
            "notify: [{kind: webhook, url: 'http://x.example.com', on: []}]",
            "m.yaml:5:63: contexts.c.notify[0].on: on no occasion; take the whole entry out",
        ),
        ("journal: {anchors: [{kind: git}]}", "m.yaml:5:25: contexts.c.journal.anchors[0].path: missing; git needs it"),
        (
            "journal: {anchors: [{kind: file, path: /a, url: 'http://x.example.com'}]}",
            "m.yaml:5:48: contexts.c.journal.anchors[0].url: file has no url",
        ),
        (
            "acting: {accepted_seconds: 0}",
            "m.yaml:5:32: contexts.c.acting.accepted_seconds: expected more than 0, found '0'",
        ),
        (
            "journal: {retention_days: 1.5}",
            "m.yaml:5:31: contexts.c.journal.retention_days: expected a whole number, found '1.5'",
        ),
        (
            "journal: {sign: always}",
            "m.yaml:5:21: contexts.c.journal.sign: expected 'auto' or 'never', found 'always'",
        ),
    ],
)
def test_each_mistake_is_named_where_it_stands(line: str, says: str) -> None:
    """A sink without an address and a deadline of nothing are found before the night in which they matter."""
    assert mistakes(f"{HEAD}    {line}\n") == [says]


@pytest.mark.parametrize("mode", ["read-only", "writes-off", "writes-on"])
def test_the_strictest_mode_wins(tmp_path: Path, mode: str) -> None:
    """`--read-only` narrows every context, and nothing on the command line widens one."""
    file = tmp_path / "m.yaml"
    file.write_text(f"{HEAD}    mode: {mode}\n")
    file.chmod(0o600)
    assert load(Options(config=str(file), read_only=True), {}).context.mode is Mode.READ_ONLY
    assert load(Options(config=str(file)), {}).context.mode.value == mode
    widening = dict.fromkeys(("MODELTUI_READ_ONLY", "MODELTUI_MODE", "READ_ONLY"), "0")
    assert load(Options(config=str(file)), widening).context.mode.value == mode


def test_the_reference_and_the_schema_know_every_key() -> None:
    """The manual and an editor explain acting as they explain the rest."""
    entries = {entry.path: entry for entry in reference()}
    for path in ("journal.directory", "journal.anchors[].kind", "notify[].on", "access", "acting.snap_back_checks"):
        assert entries[f"contexts.NAME.{path}"].says, path
    assert entries["contexts.NAME.acting.snap_back_checks"].default == "[300.0, 1800.0]"
    schema = json_schema()["$defs"]
    assert schema["JournalConfig"]["properties"]["retention_days"]["default"] == 2555
    assert schema["NotifyConfig"]["required"] == ["kind"]


def test_every_value_in_force_is_shown_with_its_place_and_no_secret_is_fetched(tmp_path: Path) -> None:
    """`config show` prints references as references."""
    file = tmp_path / "m.yaml"
    file.write_text(FULL)
    file.chmod(0o600)
    found = {str(value.path): value for value in shown_values(load(Options(config=str(file)), {}))}
    assert found["contexts.c.journal.shared"].value == "env:JOURNAL_URL"
    assert found["contexts.c.notify[1].url"].origin == f"{file}:19"


def test_each_world_has_one_private_place_for_its_record(tmp_path: Path) -> None:
    """Journal, spool and outbox of two contexts never meet; a link to the same file leads to the same place."""
    file = tmp_path / "real.yaml"
    file.touch()
    link = tmp_path / "link.yaml"
    link.symlink_to(file)
    environ = {"HOME": str(tmp_path)}
    directories = (paths.journal_dir, paths.spool_dir, paths.outbox_dir)
    found = {place(str(file), name, environ) for place in directories for name in ("prod", "staging", "pr/od")}
    assert len(found) == 9
    assert all(directory.startswith(f"{tmp_path}/.local/state/modeltui/contexts/") for directory in found)
    assert paths.journal_dir(str(link), "prod", environ) == paths.journal_dir(str(file), "prod", environ)
