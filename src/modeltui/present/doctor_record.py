"""What `doctor` says of acting: who sits here, whose rules hold, whether the record holds, and who is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from modeltui.domain.acting.access import AccessPolicy, Effect, Rule
from modeltui.domain.acting.deed import Deed
from modeltui.domain.acting.permission import Permission
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.record import ChainState, Record
from modeltui.domain.names import UNKNOWN, Instant, Missing, TargetKey, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.notifier import OutboxState
from modeltui.ports.probe import Finding
from modeltui.present import format as form

NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs", "ocfs2"}
    | {"gfs2", "virtiofs", "vboxsf", "drvfs", "davfs", "ncpfs", "coda"}
)
"""File systems on which locks and flushing depend on a server, or on how it was mounted."""
VOLATILE: Final = frozenset({"tmpfs", "ramfs", "overlay", "aufs"})
"""File systems of memory, and the layers of containers."""
LATE_SECONDS: Final = 300.0
"""A notice that waits longer has a sink that does not take it."""
_LONGEST: Final = 600


@dataclass(frozen=True, slots=True)
class PolicySeen:
    """The file that the rules come from."""

    file: SafeText = SafeText("")
    """Empty for the built-in rules."""
    owner: SafeText = SafeText("")
    mode: SafeText = SafeText("")
    says: tuple[SafeText, ...] = ()
    """What weakens it."""


@dataclass(frozen=True, slots=True)
class RecordSeen:
    """The journal as it was found."""

    place: SafeText
    """Its directory, or that it is shared."""
    seq: int = 0
    newest_at: Instant | Unknown = UNKNOWN
    size_bytes: int | Unknown = UNKNOWN
    file_system: SafeText | Unknown = UNKNOWN
    is_shared: bool = False
    can_be_written: bool | Unknown = UNKNOWN
    chain: ChainState | Unknown = UNKNOWN
    """Unknown when there was no time to verify it."""
    seconds: float = 0.0
    """How long verifying took, or was given."""
    open_intents: int = 0
    anchoring: Mapping[str, Record] = field(default_factory=dict)
    """Of each anchor the newest record about it."""
    error: SafeText = SafeText("")
    remedy: SafeText = SafeText("")


@dataclass(frozen=True, slots=True)
class AnchorSeen:
    """One witness of the journal."""

    name: SafeText
    seq: int | Unknown = UNKNOWN
    """Up to which record it has seen the journal; 0 for nothing, unknown where it cannot be asked."""
    at: Instant | Unknown = UNKNOWN
    failed: SafeText = SafeText("")
    """Why it did not take the last checkpoint that it was handed, as the journal says; empty where it did."""
    error: SafeText = SafeText("")
    remedy: SafeText = SafeText("")
    is_there: bool = True
    """Whether there is anything that could have been asked; no record says that it ever took something if not."""


@dataclass(frozen=True, slots=True)
class OutboxSeen:
    """Who is told, and what waits."""

    sinks: tuple[SafeText, ...]
    state: OutboxState
    unreadable: tuple[SafeText, ...] = ()
    """Addresses and keys that cannot be read: by their references, never what they hold."""


def identity_finding(actor: Actor, policy: AccessPolicy) -> Finding:
    """Return who sits here, and whether that is sure enough for every rule."""
    client = "" if isinstance(actor.client, Missing) else f", from {actor.client}"
    key = "" if isinstance(actor.ssh_key, Missing) else f" {actor.ssh_key}"
    says = f"{actor}, known by {_ASSURANCE[actor.assurance]}{key}{client}"
    roles = sorted(str(role) for role in policy.roles_of(actor))
    says += f"; roles: {', '.join(roles)}" if roles else ""
    wanting = [rule for rule in policy.rules if not actor.assurance.is_at_least(rule.assurance)]
    if not wanting:
        return _finding("identity", True, says)
    strictest = max(wanting, key=lambda rule: list(Assurance).index(rule.assurance))
    remedy = "Log in as yourself, not through a shared account."
    if strictest.assurance is Assurance.SSH_KEY:
        remedy = "Load the key that the policy lists for you into the ssh agent: ssh-add, then `modeltui doctor` again."
    return _finding(
        "identity", UNKNOWN, f"{says}; rule {strictest.name} wants {_ASSURANCE[strictest.assurance]}", remedy
    )


def policy_finding(seen: PolicySeen) -> Finding:
    """Return where the rules come from, and who can change them."""
    if not seen.file:
        return _finding("policy", True, "no file is named: the built-in rules", "")
    says = "; ".join((f"{seen.file}, of {seen.owner}, mode {seen.mode}", *seen.says))
    remedy = f"Let somebody own it whom it does not bind: chown root {seen.file}; chmod 644 {seen.file}"
    return _finding("policy", UNKNOWN if seen.says else True, says, remedy)


def rules_finding(policy: AccessPolicy) -> Finding:
    """Return who may what here, in one line."""
    sentences = [_rule_words(rule) for rule in policy.rules]
    sentences += [f"{len(policy.freezes)} freeze windows"] if policy.freezes else []
    glass = policy.break_glass
    who = ", ".join(sorted(glass.roles)) or "whoever may the deed"
    sentences += [f"break-glass: {who}, for {_deeds(glass.deeds)}"] if glass.deeds else ["no break-glass"]
    return _finding("rules", True, "; ".join(sentences))


def permission_finding(
    actor: Actor, permissions: Mapping[Deed, Mapping[TargetKey, Permission]], *, is_read_only: bool = False
) -> Finding:
    """Return what whoever sits here may do on the targets that are known."""
    if is_read_only:
        return _finding("you may", True, f"{actor.principal}: look, and nothing else: this context is read-only")
    count = max((len(found) for found in permissions.values()), default=0)
    if not count:
        says = "no target is known, so nobody can say what you may do here"
        return _finding("you may", UNKNOWN, says, "See above why no source knows one.")
    may, may_not = [], []
    for deed, found in permissions.items():
        allowed = [one for one in found.values() if one.is_allowed]
        if not allowed:
            may_not.append(f"{_DEEDS[deed]} ({next(iter(found.values())).says})")
            continue
        notes = [f"on {len(allowed)} of {count} targets"] if len(allowed) < count else []
        two = sum(one.second_person for one in allowed)
        where = "" if two == len(allowed) else f" on {two} of them"
        notes += [f"with a second person{where}"] if two else []
        may.append(f"{_DEEDS[deed]} ({', '.join(notes)})" if notes else _DEEDS[deed])
    says = f"{actor.principal}: {', '.join(may) or 'nothing'}" + (f"; not {', '.join(may_not)}" if may_not else "")
    remedy = "" if may else "Ask whoever keeps the policy, or act as somebody whom it names."
    return _finding("you may", True if may else UNKNOWN, says, remedy)


def journal_findings(seen: RecordSeen, now: Instant) -> list[Finding]:
    """Return whether the record is there, whole, and on a disk that keeps it."""
    if seen.error:
        return [_finding("journal", False, f"{seen.place}: {seen.error}", seen.remedy)]
    findings = [_journal(seen, now)]
    if seen.can_be_written is False:
        says = f"nothing can be written in {seen.place}: no action but an abort or the way back can be taken"
        findings.append(
            _finding("journal disk", False, says, "Give it to this user, or name another: journal.directory.")
        )
    elif not seen.is_shared:
        findings.append(_disk(seen.file_system))
    if seen.open_intents:
        says = f"{seen.open_intents} actions have no outcome yet"
        remedy = "Who acts is still at it, or died: the next start that may act finds out what became of them."
        findings.append(_finding("open actions", UNKNOWN, says, remedy))
    return findings


def anchor_findings(seen: Sequence[AnchorSeen], record: RecordSeen, now: Instant) -> list[Finding]:
    """Return what each witness has seen, and whether the journal still has it."""
    if not seen:
        says = "none: whoever can write the journal can change it unnoticed"
        return [_finding("anchors", UNKNOWN, says, "Name a witness elsewhere: journal.anchors.")]
    return [_anchor(anchor, record, now) for anchor in seen]


def outbox_finding(seen: OutboxSeen, now: Instant) -> Finding:
    """Return who is told, what waits for whom, and why."""
    state = seen.state
    troubles = "".join(f"; {says}" for says in state.says)
    counts = f"{state.waiting} notices wait" if state.waiting else "nothing waits"
    is_late = False
    if state.waiting and not isinstance(state.oldest_at, Missing):
        age = max(0.0, now - state.oldest_at)
        counts += f", the oldest for {form.duration(age)}"
        is_late = age > LATE_SECONDS
    counts += f"; {state.given_up} were given up" if state.given_up else ""
    says = f"tells {', '.join(seen.sinks) or 'nobody'}; {counts}{troubles}"
    if seen.unreadable:
        remedy = "Put the secret where the reference leads, for the user who acts."
        return _finding("outbox", False, f"{says}; not readable: {', '.join(seen.unreadable)}", remedy)
    if is_late or state.given_up or state.says:
        remedy = "Look whether the sink is up and its address and key are right; what was given up lies in given-up/."
        return _finding("outbox", UNKNOWN, says, remedy)
    return _finding("outbox", True, says, "" if seen.sinks else "Name whom to tell: notify.")


_DEEDS: Final = {
    Deed.ABORT: "abort",
    Deed.ROLLBACK: "roll back to the last known good",
    Deed.OTHER_VERSION: "roll back to another version",
    Deed.PROMOTE: "promote",
    Deed.WEIGHTS: "move traffic",
}
_ASSURANCE: Final = {
    Assurance.NONE: "nothing but a name",
    Assurance.OS_USER: "the OS user",
    Assurance.SSH_KEY: "an SSH key",
}


def _journal(seen: RecordSeen, now: Instant) -> Finding:
    if not seen.seq and (isinstance(seen.chain, Missing) or seen.chain.is_whole):
        return _finding("journal", True, f"{seen.place}: nothing is written there yet")
    size = "" if isinstance(seen.size_bytes, Missing) else f", {form.quantity(float(seen.size_bytes))}B"
    age = (
        "" if isinstance(seen.newest_at, Missing) else f", the last {form.duration(max(0.0, now - seen.newest_at))} ago"
    )
    says = f"{seen.place}: #{seen.seq}{age}{size}"
    chain = seen.chain
    if isinstance(chain, Missing):
        says += f"; too long to be verified in {seen.seconds:.0f} s"
        return _finding("journal", UNKNOWN, says, "Verify it apart: `modeltui journal verify`.")
    if not chain.is_whole:
        remedy = "Copy the directory as it is, before anybody acts; then look: `modeltui journal verify`."
        return _finding("journal", False, f"{says}; NOT WHOLE from #{chain.first_bad_seq}: {chain.says}", remedy)
    return _finding("journal", True, f"{says}; verified whole in {form.seconds(seen.seconds)}")


def _disk(kind: SafeText | Unknown) -> Finding:
    remedy = "Put journal.directory on a local disk, or share it through PostgreSQL: journal.shared."
    if isinstance(kind, Missing):
        return _finding("journal disk", UNKNOWN, "nobody can say which file system it lies on", remedy)
    if kind in NETWORK or kind.startswith("fuse."):
        says = f"it lies on {kind}, a network file system: locks and flushing there may not keep what the record needs"
        return _finding("journal disk", UNKNOWN, says, remedy)
    if kind in VOLATILE:
        return _finding(
            "journal disk", UNKNOWN, f"it lies on {kind}: the end of this machine or container loses it", remedy
        )
    return _finding("journal disk", True, f"it lies on {kind}")


def _anchor(anchor: AnchorSeen, record: RecordSeen, now: Instant) -> Finding:
    name = f"anchor {anchor.name}"
    if anchor.error:
        return _finding(
            name, False, str(anchor.error), str(anchor.remedy) or "Look whether it can be reached from here."
        )
    if anchor.failed:
        remedy = "Look whether it is there and may be written to; the next checkpoint is handed to it again."
        return _finding(name, UNKNOWN, f"it did not take the last checkpoint: {anchor.failed}", remedy)
    if isinstance(anchor.seq, Missing):
        since = "" if isinstance(anchor.at, Missing) else form.duration(max(0.0, now - anchor.at))
        took = f"took a checkpoint {since} ago, and none failed since" if since else "was handed no checkpoint yet"
        return _finding(name, True, f"it {took}; it cannot be asked what it has seen")
    if record.error:
        return _finding(name, UNKNOWN, f"it has seen up to #{anchor.seq}; the journal cannot be read to compare")
    if anchor.seq > record.seq:
        says = f"it has seen #{anchor.seq}, and the journal ends at #{record.seq}: records are gone, or it is another's"
        return _finding(name, False, says, "Copy the journal as it is; then look: `modeltui journal verify`.")
    if not anchor.seq:
        if not record.seq:
            return _finding(name, True, "there is nothing to be seen yet")
        if not anchor.is_there:
            says = "it is not there, and no record says that it ever took anything"
            remedy = "Look whether its disk is mounted; where it is new, the next action hands it a checkpoint."
            return _finding(name, UNKNOWN, says, remedy)
        return _finding(name, UNKNOWN, "it has seen nothing yet", "The next action hands it a checkpoint.")
    age = "" if isinstance(anchor.at, Missing) else f", {form.duration(max(0.0, now - anchor.at))} ago"
    says = f"it has seen up to #{anchor.seq} of #{record.seq}{age}"
    if not isinstance(record.chain, Missing) and not record.chain.is_whole:
        fits_to = record.chain.anchored_to_seq
        if isinstance(fits_to, Missing) or anchor.seq > fits_to:
            remedy = "Keep what it has: it shows what the journal was. See what is said of the journal."
            return _finding(name, UNKNOWN, f"{says}; the journal is not whole, and may be another than it saw", remedy)
    return _finding(name, True, says)


def _rule_words(rule: Rule) -> str:
    where = "" if rule.match == ("*",) else f" on {', '.join(rule.match)}"
    if not isinstance(rule.production, Missing):
        where += " in production" if rule.production else " outside production"
    who = ", ".join(sorted(rule.roles)) or "everybody"
    known = "" if rule.assurance is Assurance.NONE else f" known by {_ASSURANCE[rule.assurance]}"
    two = "a second person" if rule.second_person else ""
    deeds = _deeds(rule.deeds)
    if rule.effect is Effect.DEMAND:
        asked = f" of {who}" if rule.roles else ""
        wants = " and ".join(one for one in (f"to be{known}" if known else "", two) if one) or "nothing"
        return f"{rule.name}: {deeds}{where} wants {wants}{asked}"
    verb = "may" if rule.effect is Effect.MAY else "may not"
    return f"{rule.name}: {who}{known} {verb} {deeds}{where}" + (f", with {two}" if two else "")


def _deeds(deeds: frozenset[Deed]) -> str:
    if deeds == frozenset(Deed):
        return "do everything"
    return ", ".join(_DEEDS[deed] for deed in Deed if deed in deeds)


def _finding(name: str, ok: bool | Unknown, says: str, remedy: str = "") -> Finding:
    return Finding(safe_text(name), ok, safe_text(says, _LONGEST), safe_text(remedy, _LONGEST))
