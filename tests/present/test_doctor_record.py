"""What doctor says of acting: each weakness is named, with what to do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeltui.domain.acting.access import AccessPolicy, Effect, Role, Rule
from modeltui.domain.acting.deed import Deed
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.record import ChainState
from modeltui.domain.names import UNKNOWN, Environment, Instant, ModelName, TargetKey
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.notifier import OutboxState
from modeltui.ports.probe import Finding
from modeltui.present import doctor_record as words

NOW = Instant(1_800_000_000.0)
ANN = Actor(SafeText("ann"), Assurance.OS_USER, host=SafeText("laptop"))
WHOLE = words.RecordSeen(
    SafeText("/srv/journal"),
    seq=120,
    newest_at=Instant(NOW - 60.0),
    size_bytes=65_000,
    file_system=SafeText("ext4"),
    can_be_written=True,
    chain=ChainState(120, SafeText("sha256:ab")),
    seconds=0.2,
)
AT = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("prod")))
ELSEWHERE = TargetKey(ModelName(SafeText("fraud")), Environment(SafeText("test")))


def of(name: str, findings: list[Finding]) -> Finding:
    """Return the one finding of a name."""
    (found,) = [finding for finding in findings if finding.name == name]
    return found


def test_who_sits_here_and_how_surely_that_is_known() -> None:
    """doctor says my name, my roles, and that a rule wants more than my OS user, with the way to it."""
    by_key = Rule(SafeText("by key"), Effect.DEMAND, frozenset({Deed.PROMOTE}), assurance=Assurance.SSH_KEY)
    roles = {SafeText("sre"): Role(frozenset({SafeText("ann")}))}
    fine = words.identity_finding(ANN, AccessPolicy(roles))
    assert fine.ok is True
    assert fine.says == "ann@laptop, known by the OS user; roles: sre"
    weak = words.identity_finding(ANN, AccessPolicy(rules=(by_key,)))
    assert weak.ok is UNKNOWN
    assert "rule by key wants an SSH key" in weak.says
    assert "ssh-add" in weak.remedy
    shared = words.identity_finding(replace(ANN, assurance=Assurance.NONE), AccessPolicy())
    assert shared.ok is UNKNOWN
    assert "nothing but a name" in shared.says
    assert "shared account" in shared.remedy


def test_whose_rules_hold_and_who_can_change_them() -> None:
    """The policy's file with owner and mode; one that whoever it binds can change is weak, and why is said."""
    file = words.PolicySeen(SafeText("/etc/modeltui/access.yaml"), SafeText("root"), SafeText("644"))
    assert words.policy_finding(file).ok is True
    assert words.policy_finding(file).says == "/etc/modeltui/access.yaml, of root, mode 644"
    weak = words.policy_finding(replace(file, says=(SafeText("it can be changed"),)))
    assert weak.ok is UNKNOWN
    assert "it can be changed" in weak.says
    assert "chown root" in weak.remedy
    assert "built-in" in words.policy_finding(words.PolicySeen()).says


def test_the_rules_are_told_in_one_line() -> None:
    """Who may what: of the built-in rules, and of rules with roles, patterns and conditions."""
    says = words.rules_finding(AccessPolicy()).says
    assert "everybody known by the OS user may do everything" in says
    assert "promote, move traffic in production wants a second person" in says
    assert "break-glass: whoever may the deed" in says
    rule = Rule(
        SafeText("no interns"),
        Effect.MAY_NOT,
        frozenset({Deed.ABORT}),
        frozenset({SafeText("interns")}),
        (SafeText("fraud@*"),),
        production=False,
    )
    assert words.rules_finding(AccessPolicy(rules=(rule,))).says.startswith(
        "no interns: interns may not abort on fraud@* outside production"
    )


def test_what_i_may_do_here() -> None:
    """Each deed on the targets that are known: where, with whom, and what not, with the rule that says so."""
    yes, no = Permission(True, SafeText("allowed")), Permission(False, SafeText("no rule lets ann"))
    found = words.permission_finding(
        ANN,
        {
            Deed.ABORT: {AT: yes, ELSEWHERE: yes},
            Deed.ROLLBACK: {AT: no, ELSEWHERE: yes},
            Deed.PROMOTE: {AT: replace(yes, second_person=True), ELSEWHERE: yes},
            Deed.WEIGHTS: {AT: no, ELSEWHERE: no},
        },
    )
    assert found.ok is True
    assert found.says == (
        "ann: abort, roll back to the last known good (on 1 of 2 targets), promote (with a second person on 1 of them);"
        " not move traffic (no rule lets ann)"
    )
    nothing = words.permission_finding(ANN, {Deed.ABORT: {AT: no}})
    assert nothing.ok is UNKNOWN
    assert nothing.says.startswith("ann: nothing; not abort")
    assert nothing.remedy
    assert words.permission_finding(ANN, {Deed.ABORT: {}}).ok is UNKNOWN
    assert "nothing else" in words.permission_finding(ANN, {Deed.ABORT: {AT: yes}}, is_read_only=True).says


def test_a_journal_that_is_whole() -> None:
    """Its place, its last record, its size, and that it was verified; on a disk that keeps it."""
    findings = words.journal_findings(WHOLE, NOW)
    assert [finding.ok for finding in findings] == [True, True]
    assert findings[0].says == "/srv/journal: #120, the last 1m00s ago, 65kB; verified whole in 200ms"
    empty = words.journal_findings(replace(WHOLE, seq=0), NOW)[0]
    assert (empty.ok, empty.says) == (True, "/srv/journal: nothing is written there yet")


def test_a_journal_that_was_changed_is_a_failure() -> None:
    """A record that does not fit: where, and that it is to be copied before anybody acts."""
    broken = ChainState(120, SafeText("sha256:ab"), 57, SafeText("its hash is not that of its line"))
    found = of("journal", words.journal_findings(replace(WHOLE, chain=broken), NOW))
    assert found.ok is False
    assert "NOT WHOLE from #57: its hash" in found.says
    assert "journal verify" in found.remedy


def test_an_anchor_that_saw_another_journal_is_not_called_fine() -> None:
    """How far it has seen is good news only of a journal that still is what it saw."""
    anchor = words.AnchorSeen(SafeText("git /srv/audit"), 100)
    broken = ChainState(120, SafeText("sha256:ab"), 60, SafeText("changed"))
    for chain, ok in (
        (broken, UNKNOWN),
        (replace(broken, anchored_to_seq=59), UNKNOWN),
        (replace(broken, anchored_to_seq=100), True),
    ):
        (found,) = words.anchor_findings([anchor], replace(WHOLE, chain=chain), NOW)
        assert found.ok is ok
        assert found.says.startswith("it has seen up to #100 of #120")


def test_a_journal_that_is_all_gone_is_a_failure() -> None:
    """Where somebody saw records and there are none, nobody is told that nothing was written yet."""
    gone = ChainState(0, UNKNOWN, 1, SafeText("file /srv/anchor saw 5 records: all 5 are gone"))
    found = of("journal", words.journal_findings(replace(WHOLE, seq=0, chain=gone, newest_at=UNKNOWN), NOW))
    assert found.ok is False
    assert found.says.endswith("NOT WHOLE from #1: file /srv/anchor saw 5 records: all 5 are gone")


def test_a_journal_that_nobody_had_time_to_verify_is_not_called_whole() -> None:
    """Ten years of records: doctor gives up after its time, and says so."""
    found = of("journal", words.journal_findings(replace(WHOLE, chain=UNKNOWN, seconds=5.0), NOW))
    assert found.ok is UNKNOWN
    assert "too long to be verified in 5 s" in found.says
    assert "journal verify" in found.remedy


def test_a_journal_that_cannot_be_read_is_a_failure() -> None:
    """The database is away: its words, and its remedy."""
    seen = replace(WHOLE, error=SafeText("it does not answer"), remedy=SafeText("look whether it is up"))
    (found,) = words.journal_findings(seen, NOW)
    assert (found.ok, found.remedy) == (False, "look whether it is up")
    assert "does not answer" in found.says


@pytest.mark.parametrize(
    ("kind", "ok", "says"),
    [
        ("ext4", True, "it lies on ext4"),
        ("nfs4", UNKNOWN, "a network file system"),
        ("fuse.sshfs", UNKNOWN, "a network file system"),
        ("cifs", UNKNOWN, "a network file system"),
        ("tmpfs", UNKNOWN, "the end of this machine or container loses it"),
        ("overlay", UNKNOWN, "the end of this machine or container loses it"),
        (None, UNKNOWN, "nobody can say"),
    ],
)
def test_a_disk_that_may_not_keep_the_record_is_called_so(kind: str | None, ok: object, says: str) -> None:
    """Network file systems promise neither locks nor flushing, memory no tomorrow: a warning, with the way out."""
    seen = replace(WHOLE, file_system=UNKNOWN if kind is None else safe_text(kind))
    found = of("journal disk", words.journal_findings(seen, NOW))
    assert found.ok is ok
    assert says in found.says
    assert "journal.shared" in found.remedy or ok is True


def test_a_directory_that_cannot_be_written_is_a_failure() -> None:
    """The journal belongs to somebody else: hardly anything could be done, and that is said before it is needed."""
    found = of("journal disk", words.journal_findings(replace(WHOLE, can_be_written=False), NOW))
    assert found.ok is False
    assert "nothing can be written in /srv/journal" in found.says
    assert found.remedy


def test_what_lies_in_a_database_is_not_looked_for_on_a_disk() -> None:
    """A shared journal has no file system here."""
    findings = words.journal_findings(replace(WHOLE, is_shared=True, file_system=UNKNOWN), NOW)
    assert [finding.name for finding in findings] == ["journal"]


def test_actions_without_an_outcome_are_named() -> None:
    """An intent that nobody ended is no failure of the record, and somebody should know of it."""
    found = of("open actions", words.journal_findings(replace(WHOLE, open_intents=2), NOW))
    assert found.ok is UNKNOWN
    assert "2 actions have no outcome yet" in found.says


def test_anchors_say_how_far_they_have_seen() -> None:
    """Each witness: up to which record, how long ago; silent ones fail, and those that saw more than there is, too."""
    anchor = words.AnchorSeen(SafeText("git /srv/audit"), 100, Instant(NOW - 3_600.0))

    def said(seen: words.AnchorSeen, record: words.RecordSeen = WHOLE) -> Finding:
        return words.anchor_findings([seen], record, NOW)[0]

    assert (said(anchor).ok, said(anchor).says) == (True, "it has seen up to #100 of #120, 1h00m ago")
    assert said(anchor).name == "anchor git /srv/audit"
    ahead = said(replace(anchor, seq=500))
    assert ahead.ok is False
    assert "it has seen #500, and the journal ends at #120" in ahead.says
    silent = said(replace(anchor, error=SafeText("no answer"), remedy=SafeText("mount it")))
    assert (silent.ok, silent.says, silent.remedy) == (False, "no answer", "mount it")
    assert said(replace(anchor, seq=0, at=UNKNOWN)).ok is UNKNOWN
    assert said(replace(anchor, seq=0, at=UNKNOWN), replace(WHOLE, seq=0)).ok is True
    new = said(replace(anchor, seq=0, at=UNKNOWN, is_there=False))
    assert (new.ok, new.says) == (UNKNOWN, "it is not there, and no record says that it ever took anything")
    assert "mounted" in new.remedy
    unasked = said(replace(anchor, seq=UNKNOWN))
    assert unasked.ok is True
    assert unasked.says.startswith("it took a checkpoint 1h00m ago, and none failed since; it cannot be asked")
    assert "no checkpoint yet" in said(replace(anchor, seq=UNKNOWN, at=UNKNOWN)).says
    failed = said(replace(anchor, seq=UNKNOWN, failed=SafeText("no such socket")))
    assert failed.ok is UNKNOWN
    assert failed.says == "it did not take the last checkpoint: no such socket"
    assert failed.remedy
    assert said(anchor, replace(WHOLE, error=SafeText("away"))).ok is UNKNOWN
    (none,) = words.anchor_findings([], WHOLE, NOW)
    assert none.ok is UNKNOWN
    assert "journal.anchors" in none.remedy


def test_the_outbox_says_who_is_told_and_what_waits() -> None:
    """How many notices wait, since when and why; what was given up; and a key that is not where it should be."""
    told = words.OutboxSeen((SafeText("slack"), SafeText("pagerduty")), OutboxState(0, UNKNOWN, 0))
    assert words.outbox_finding(told, NOW).says == "tells slack, pagerduty; nothing waits"
    assert words.outbox_finding(told, NOW).ok is True
    trouble = (SafeText("slack-1a2b3c4d: it cannot be reached"),)
    waiting = replace(told, state=OutboxState(3, Instant(NOW - 1_800.0), 0, trouble))
    found = words.outbox_finding(waiting, NOW)
    assert found.ok is UNKNOWN
    assert "3 notices wait, the oldest for 30m00s; slack-1a2b3c4d: it cannot be reached" in found.says
    assert found.remedy
    young = replace(told, state=OutboxState(1, Instant(NOW - 2.0), 0))
    assert words.outbox_finding(young, NOW).ok is True
    late = replace(told, state=OutboxState(1, Instant(NOW - 600.0), 0))
    assert words.outbox_finding(late, NOW).ok is UNKNOWN
    given_up = replace(told, state=OutboxState(0, UNKNOWN, 2))
    assert words.outbox_finding(given_up, NOW).ok is UNKNOWN
    assert "2 were given up" in words.outbox_finding(given_up, NOW).says
    missing = words.outbox_finding(replace(told, unreadable=(SafeText("env:PAGERDUTY_KEY"),)), NOW)
    assert missing.ok is False
    assert "env:PAGERDUTY_KEY" in missing.says
    nobody = words.outbox_finding(words.OutboxSeen((), OutboxState(0, UNKNOWN, 0)), NOW)
    assert (nobody.ok, nobody.says) == (True, "tells nobody; nothing waits")
