"""The policy file: who may do what, from a file that the operator need not own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from modeltui.config.access import check_access_text, load_access
from modeltui.config.access_schema import AccessFile
from modeltui.config.problems import InvalidConfigError
from modeltui.config.reference import reference
from modeltui.domain.acting.access import DEFAULT_ACCESS, DEFAULT_RULES, Effect, permit
from modeltui.domain.acting.action import ActionKind
from modeltui.domain.acting.deed import Deed
from modeltui.domain.errors import ConfigError
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.names import Environment, Instant, ModelName, TargetKey
from modeltui.domain.text import SafeText

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGW8PmSqTUBa1AB4F3FsbZ5SArp7x4A9pVQb8Y4yRz4q"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGW8PmSqTUBa1AB4F3FsbZ5SArp7x4A9pVQb8Y4yRz4r"
WHOLE = f"""
access: 1
time_zone: Europe/Zurich
groups:
  sre: [alice, bob]
roles:
  oncall: {{groups: [sre]}}
  lead: {{principals: [carol]}}
rules:
  - {{name: rescue, may: [abort, rollback], roles: [oncall, lead]}}
  - {{name: risky, may: [other-version, promote, weights], roles: [lead], assurance: os-user, second_person: true}}
  - {{name: no-weights-in-eu, may_not: [weights], match: ['*@prod-eu', '*@live-eu']}}
  - {{name: keys, demand_for: [promote], production: true, assurance: ssh-key}}
freezes:
  - {{name: weekend, weekly: ['fri 16:00 - mon 08:00'], exempt: [lead]}}
  - {{name: nights, weekly: ['daily 22:00 - 06:00'], time_zone: UTC, match: '*@prod-*', production: true}}
  - {{name: year-end, once: ['2026-12-18 18:00 - 2027-01-04 08:00'], kinds: [promote]}}
break_glass: {{kinds: [other-version], roles: [lead], review_seconds: 12h}}
approvals: {{roles: [lead], expire_seconds: 10m}}
signers:
  carol: ['{KEY} carol@laptop']
shared_accounts: [ops]
"""


def policy_file(directory: Path, text: str = WHOLE, mode: int = 0o644) -> Path:
    """Return a policy file with this in it."""
    file = directory / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


def problems(text: str, file: str = "/etc/policy.yaml") -> list[str]:
    """Return what is wrong with a policy, one line each."""
    with pytest.raises(InvalidConfigError) as caught:
        check_access_text(text, file)
    assert caught.value.remedy == "Nothing may be written until the policy is whole: tell whoever keeps it."
    return [line.removeprefix(f"{file}:") for line in caught.value.title.split("\n")]


def test_no_file_gives_the_built_in_rules() -> None:
    """Without a policy file the rules are those that come with the program."""
    assert load_access(None).policy == DEFAULT_ACCESS


def test_every_word_of_the_file_is_in_the_policy(tmp_path: Path) -> None:
    """What the platform writes down is what decides."""
    policy = load_access(policy_file(tmp_path)).policy
    assert policy.roles[SafeText("oncall")].principals == {"alice", "bob"}
    assert [(rule.name, rule.effect) for rule in policy.rules] == [
        ("rescue", Effect.MAY),
        ("risky", Effect.MAY),
        ("no-weights-in-eu", Effect.MAY_NOT),
        ("keys", Effect.DEMAND),
    ]
    assert policy.rules[1].second_person
    assert policy.rules[2].match == ("*@prod-eu", "*@live-eu")
    assert (policy.rules[3].production, policy.rules[3].assurance) == (True, Assurance.SSH_KEY)
    assert policy.break_glass.deeds == {Deed.OTHER_VERSION}
    assert policy.break_glass.roles == policy.approvers == {"lead"}
    assert (policy.break_glass.review_seconds, policy.approval_seconds) == (43_200.0, 600.0)
    assert policy.shared_accounts == {"ops"}
    assert [(signer.principal, signer.key) for signer in policy.signers] == [("carol", KEY)]
    assert [(freeze.name, len(freeze.windows)) for freeze in policy.freezes] == [
        ("weekend", 1),
        ("nights", 7),
        ("year-end", 1),
    ]


@pytest.mark.parametrize(
    ("when", "zone", "frozen_by"),
    [
        ("2026-11-21 12:00", "Europe/Zurich", "weekend"),
        ("2026-11-23 07:59", "Europe/Zurich", "weekend"),
        ("2026-11-23 08:00", "Europe/Zurich", None),
        ("2026-11-24 22:30", "UTC", "nights"),
        ("2026-11-25 05:59", "UTC", "nights"),
        ("2026-11-25 06:00", "UTC", None),
        ("2026-12-22 12:00", "Europe/Zurich", "year-end"),
        ("2027-01-05 12:00", "Europe/Zurich", None),
    ],
)
def test_windows_are_in_their_time_zone(when: str, zone: str, frozen_by: str | None) -> None:
    """A window is open by the clock of the zone that the file names, for every hour of it."""
    policy = check_access_text(WHOLE, "/etc/policy.yaml")
    now = Instant(datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(zone)).timestamp())
    target = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod-hk")))
    open_now = [
        freeze.name
        for freeze in policy.freezes
        if freeze.concerns(Deed.PROMOTE, target, production=True) and freeze.end(now)
    ]
    assert open_now == ([] if frozen_by is None else [frozen_by])


def test_a_file_without_rules_keeps_the_built_in_ones() -> None:
    """A file that only names freeze windows leaves everything else as it is; an empty list of rules allows nothing."""
    assert check_access_text("access: 1\nfreezes: [{name: x, weekly: ['daily 22:00 - 06:00']}]\n", "/p").rules == (
        DEFAULT_RULES
    )
    policy = check_access_text("access: 1\nrules: []\n", "/p")
    target = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod-hk")))
    answer = permit(
        policy,
        Actor(SafeText("root"), Assurance.SSH_KEY),
        ActionKind.ABORT,
        target,
        is_last_known_good=True,
        production=True,
        now=Instant(0.0),
    )
    assert not answer.is_allowed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "modeltui: 1",
            "1:1: access: this program reads format 1: missing; write 'access: 1' in the first line",
        ),
        ("access: 2", "1:9: access: this program reads format 1: found '2'"),
        ("access: 1\nrole: {}", "2:1: role: unknown key 'role'; did you mean 'roles'?"),
        (
            "access: 1\nrules:\n  - {name: x, may: [promote], roles: [leed]}\nroles: {lead: {principals: [a]}}",
            "3:39: rules[0].roles[0]: there is no role 'leed'; did you mean 'lead'?",
        ),
        (
            "access: 1\nrules:\n  - {name: x, may: [abort], may_not: [promote]}",
            "3:5: rules[0]: exactly one of may, may_not and demand_for is needed, found may and may_not",
        ),
        (
            "access: 1\nrules:\n  - {name: x, roles: []}",
            "3:5: rules[0]: exactly one of may, may_not and demand_for is needed, found none",
        ),
        (
            "access: 1\nrules:\n  - {name: x, may: [abort], roles: []}",
            "3:36: rules[0].roles: an empty list; take the key out, or name something",
        ),
        (
            "access: 1\nrules:\n  - {name: x, may: [abort, promote], second_person: true}",
            "3:38: rules[0].second_person: an abort waits for nobody: leave 'abort' out where second_person is true",
        ),
        (
            "access: 1\nrules:\n  - {name: x, may: [promot]}",
            (
                "3:21: rules[0].may[0]: expected 'abort', 'rollback', 'other-version', 'promote' or 'weights',"
                " found 'promot'; did you mean 'promote'?"
            ),
        ),
        (
            "access: 1\nrules:\n  - {name: x, demand_for: [promote]}",
            "3:5: rules[0]: it demands nothing; write assurance or second_person",
        ),
        (
            "access: 1\nrules:\n  - {name: x, may_not: [promote], second_person: true}",
            "3:35: rules[0].second_person: a denial has no conditions",
        ),
        (
            "access: 1\nrules:\n  - {name: x, may: [abort]}\n  - {name: x, may: [abort]}",
            "4:12: rules[1].name: 'x' is already there; keep names apart",
        ),
        (
            "access: 1\nfreezes:\n  - {name: x, weekly: ['fri 16:00 - mon 08:00'], kinds: [promote, abort]}",
            "3:67: freezes[0].kinds[1]: nothing holds up abort: it is the way back",
        ),
        (
            "access: 1\nfreezes:\n  - {name: x}",
            "3:5: freezes[0]: it is never in force; write weekly or once",
        ),
        (
            "access: 1\nfreezes:\n  - {name: x, weekly: ['fri 25:00 - mon 08:00']}",
            "3:24: freezes[0].weekly[0]: no clock shows 25:00: found 'fri 25:00 - mon 08:00'",
        ),
        (
            "access: 1\nfreezes:\n  - {name: x, weekly: ['fri 16:00 - fri 16:00']}",
            "3:24: freezes[0].weekly[0]: it ends where it begins: found 'fri 16:00 - fri 16:00'",
        ),
        (
            "access: 1\nfreezes:\n  - {name: x, weekly: ['weekends']}",
            (
                "3:24: freezes[0].weekly[0]: expected hours of each week such as 'fri 16:00 - mon 08:00'"
                " or 'daily 22:00 - 06:00', found 'weekends'"
            ),
        ),
        (
            "access: 1\nfreezes:\n  - {name: x, once: ['2027-01-04 08:00 - 2026-12-18 18:00']}",
            "3:22: freezes[0].once[0]: it ends before it begins: found '2027-01-04 08:00 - 2026-12-18 18:00'",
        ),
        (
            "access: 1\nfreezes:\n  - {name: x, once: ['2026-02-30 08:00 - 2026-12-18 18:00']}",
            "3:22: freezes[0].once[0]: day is out of range for month: found '2026-02-30 08:00 - 2026-12-18 18:00'",
        ),
        (
            "access: 1\ntime_zone: Zurich",
            "2:12: time_zone: expected a time zone such as 'UTC' or 'Europe/Zurich', found 'Zurich'",
        ),
        (
            "access: 1\ntime_zone: ../../etc/passwd",
            "2:12: time_zone: expected a time zone such as 'UTC' or 'Europe/Zurich', found '../../etc/passwd'",
        ),
        (
            "access: 1\nbreak_glass: {kinds: [abort]}",
            "2:23: break_glass.kinds[0]: nothing holds up an abort that could be overruled",
        ),
        (
            "access: 1\nroles: {x: {groups: [sre]}}",
            "2:22: roles.x.groups[0]: there is no group 'sre'",
        ),
        (
            f"access: 1\nroles: {{x: {{keys: ['SHA256:{'A' * 43}']}}}}",
            "2:20: roles.x.keys[0]: no key under `signers` has this fingerprint",
        ),
        (
            f"access: 1\nsigners: {{a: ['{KEY}'], b: ['{KEY} again']}}",
            "2:103: signers.b: a has the same key; a key shows one person",
        ),
        (
            f"access: 1\nsigners: {{a: ['ssh-rsa {KEY.split()[1]}']}}",
            "2:14: signers.a: this is no public key of a: copy the whole line again",
        ),
        (
            "access: 1\nsigners: {a: ['-----BEGIN OPENSSH PRIVATE KEY-----']}",
            (
                "2:15: signers.a[0]: expected a public key as `ssh-add -L` prints it:"
                " 'ssh-ed25519 AAAA…', found something else"
            ),
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, says: str) -> None:
    """Whoever keeps the policy is told where it is wrong and what would be right; until then nothing may be written."""
    assert problems(text) == [says]


def test_mistakes_are_told_together() -> None:
    """A file is corrected once, not once per mistake."""
    found = problems("access: 1\nrules:\n  - {name: x, may: [promot]}\n  - {name: y, mai: [abort]}\nrolls: {}\n")
    assert [line.split(":")[0] for line in found] == ["3", "4", "5"]


# The file itself


def test_a_policy_that_is_named_and_not_there_is_an_error(tmp_path: Path) -> None:
    """A policy that is gone allows nothing, and says what is missing."""
    with pytest.raises(ConfigError) as caught:
        load_access(tmp_path / "gone.yaml")
    assert caught.value.title == f"the policy {tmp_path}/gone.yaml is not there: nothing may be written"


@pytest.mark.parametrize(("mode", "is_refused"), [(0o646, True), (0o666, True), (0o664, False), (0o444, False)])
def test_a_policy_that_everybody_can_write_is_refused(tmp_path: Path, mode: int, is_refused: bool) -> None:
    """What everybody on the machine can change is no policy."""
    file = policy_file(tmp_path, mode=mode)
    if not is_refused:
        assert load_access(file).policy.rules
        return
    with pytest.raises(ConfigError) as caught:
        load_access(file)
    assert "can be written by everybody" in caught.value.title


def test_a_policy_that_everybody_can_replace_is_refused(tmp_path: Path) -> None:
    """A file in a directory that everybody can write is as good as written by everybody."""
    file = policy_file(tmp_path)
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigError) as caught:
        load_access(file)
    assert "everybody can replace it" in caught.value.title
    tmp_path.chmod(0o1777)
    assert load_access(file).policy.rules, "a sticky directory protects what is in it"
    tmp_path.chmod(0o700)


def test_a_policy_that_the_operator_can_change_is_said(tmp_path: Path) -> None:
    """A policy in the operator's own hands counts, and everybody is told that it binds by agreement only."""
    loaded = load_access(policy_file(tmp_path))
    assert loaded.says == (f"the policy {tmp_path}/policy.yaml can be changed by whoever it binds here",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read as somebody else")
def test_a_policy_of_somebody_else_is_the_usual_case() -> None:
    """An operator who can only read the policy of the platform is told nothing against it."""
    # Not in tmp_path: whatever lies above that is closed to other users.
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        file = policy_file(directory)
        code = f"from modeltui.config.access import load_access; print(load_access({str(file)!r}).says)"
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd="/",
        )
    assert done.stdout.strip() == "()", done.stderr


def test_a_directory_or_a_pipe_is_no_policy(tmp_path: Path) -> None:
    """What is not a regular file is refused at once, without waiting for a writer."""
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(ConfigError):
            load_access(tmp_path / name)


# Signers in their own file


def test_signers_may_stand_beside(tmp_path: Path) -> None:
    """A list of keys in OpenSSH's format, beside the policy, adds to those in it."""
    (tmp_path / "signers").write_text(f"# people\n\ncarol {KEY} laptop\ndan   {OTHER_KEY}\n", encoding="utf-8")
    file = policy_file(tmp_path, "access: 1\nallowed_signers: signers\n")
    assert [(one.principal, one.key) for one in load_access(file).policy.signers] == [
        ("carol", KEY),
        ("dan", OTHER_KEY),
    ]


@pytest.mark.parametrize(
    "line", ["*@example.com ssh-ed25519 AAAA", f"carol cert-authority {KEY}", "carol", f"a,b {KEY}"]
)
def test_what_is_more_than_a_name_and_a_key_is_refused(tmp_path: Path, line: str) -> None:
    """Options and patterns are refused with their line, rather than passed over."""
    (tmp_path / "signers").write_text(f"# people\n{line}\n", encoding="utf-8")
    with pytest.raises(InvalidConfigError) as caught:
        load_access(policy_file(tmp_path, "access: 1\nallowed_signers: signers\n"))
    assert caught.value.title.startswith(f"{tmp_path}/signers:2:1: expected one principal and one key")


def test_a_list_of_signers_that_everybody_can_write_is_refused(tmp_path: Path) -> None:
    """Who can add a key can be anybody: the list of keys is as protected as the policy."""
    (tmp_path / "signers").write_text(f"carol {KEY}\n", encoding="utf-8")
    (tmp_path / "signers").chmod(0o666)
    with pytest.raises(ConfigError) as caught:
        load_access(policy_file(tmp_path, "access: 1\nallowed_signers: signers\n"))
    assert caught.value.title.startswith(f"the list of signers {tmp_path}/signers can be written by everybody")


def test_every_key_of_the_file_is_explained() -> None:
    """Whoever writes a policy finds each key with a sentence."""
    entries = list(reference(AccessFile))
    assert {entry.path for entry in entries if not entry.says} == set()
    assert "rules[].second_person" in {entry.path for entry in entries}
