"""The record in words: one row for each record, all of it in detail, the chain's state, what is open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo

from modeltui.domain.acting.action import ReasonCode
from modeltui.domain.acting.approval import ApprovalRequest
from modeltui.domain.acting.lease import Lease
from modeltui.domain.acting.wording import approve_command
from modeltui.domain.journal.record import ChainState, Detail, Record, RecordKind
from modeltui.domain.journal.view import JournalView
from modeltui.domain.names import Instant, Missing
from modeltui.present import format as form
from modeltui.present.glyphs import Glyphs
from modeltui.present.span import Line, Span
from modeltui.present.times import both_date_times
from modeltui.present.tone import Tone

REASON_WORDS = {
    ReasonCode.ERROR: "errors",
    ReasonCode.LATENCY: "latency",
    ReasonCode.DRIFT: "drift",
    ReasonCode.SEGMENT: "harm in a segment",
    ReasonCode.BUSINESS: "business figures",
    ReasonCode.DRILL: "drill",
    ReasonCode.OTHER: "something else",
}
_KIND_WORDS = {
    RecordKind.LOG_OPENED: "journal opened",
    RecordKind.LOG_ROTATED: "journal goes on in a new file",
    RecordKind.LOG_RECOVERED: "torn tail cut off, kept aside",
    RecordKind.LOG_CHECKPOINT: "checkpoint",
    RecordKind.LOG_ANCHORED: "anchored elsewhere",
    RecordKind.LOG_ANCHOR_FAILED: "anchoring failed",
    RecordKind.LOG_SPOOLED: "records written elsewhere meanwhile",
    RecordKind.WRITES_UNLOCKED: "writes on",
    RecordKind.WRITES_LOCKED: "writes off",
    RecordKind.PLAN_MADE: "planned",
    RecordKind.PLAN_REFUSED: "refused",
    RecordKind.PLAN_MOVED: "void: the world moved",
    RecordKind.PLAN_EXPIRED: "void: expired",
    RecordKind.PLAN_ABANDONED: "not done: left by the operator",
    RecordKind.APPROVAL_ASKED: "waits for a second person",
    RecordKind.APPROVAL_GRANTED: "approved",
    RecordKind.APPROVAL_DENIED: "denied",
    RecordKind.BREAK_GLASS: "BREAK-GLASS used",
    RecordKind.BREAK_GLASS_REVIEWED: "break-glass reviewed",
    RecordKind.LEASE_TAKEN: "busy with it",
    RecordKind.LEASE_BROKEN: "took over from another",
    RecordKind.LEASE_LOST: "lost to another",
    RecordKind.ACTION_INTENT: "GO",
    RecordKind.ACTION_STEP: "step",
    RecordKind.ACTION_REASON: "reason given",
    RecordKind.ACTION_OUTCOME: "ended",
    RecordKind.ACTION_RECONCILED: "found out later",
    RecordKind.ACTION_SNAPPED_BACK: "SNAPPED BACK",
    RecordKind.NOTICE_QUEUED: "others are told",
    RecordKind.SERVING_OBSERVED: "seen serving",
    RecordKind.EXPORTED: "exported",
}
_KIND_TONES = {
    RecordKind.PLAN_REFUSED: Tone.UNKNOWN,
    RecordKind.PLAN_MOVED: Tone.WARN,
    RecordKind.PLAN_EXPIRED: Tone.MUTED,
    RecordKind.PLAN_ABANDONED: Tone.MUTED,
    RecordKind.BREAK_GLASS: Tone.BREACH,
    RecordKind.LEASE_BROKEN: Tone.WARN,
    RecordKind.ACTION_INTENT: Tone.STRONG,
    RecordKind.ACTION_SNAPPED_BACK: Tone.BREACH,
    RecordKind.APPROVAL_DENIED: Tone.WARN,
    RecordKind.LOG_RECOVERED: Tone.WARN,
    RecordKind.LOG_ANCHOR_FAILED: Tone.WARN,
    RecordKind.WRITES_UNLOCKED: Tone.WARN,
    RecordKind.NOTICE_QUEUED: Tone.MUTED,
    RecordKind.SERVING_OBSERVED: Tone.MUTED,
}
_OUTCOME_TONES = {"verified": Tone.OK, "partial": Tone.WARN, "refused": Tone.UNKNOWN}
_ENDS = frozenset({RecordKind.ACTION_OUTCOME, RecordKind.ACTION_RECONCILED})
_ROUTINE = frozenset(
    {
        RecordKind.SERVING_OBSERVED,
        RecordKind.LOG_CHECKPOINT,
        RecordKind.LOG_ANCHORED,
        RecordKind.LEASE_TAKEN,
        RecordKind.NOTICE_QUEUED,
    }
)
"""Records that would only fill the tail."""
_LABEL = 12
_ACTION = re.compile(r'"action":"([a-z-]+)"')


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One record in its cells."""

    seq: str
    time: str
    who: str
    target: str
    what: str
    tone: Tone

    @property
    def searched(self) -> str:
        """Return what typed words are looked for in."""
        return " ".join((self.seq, self.time, self.who, self.target, self.what)).lower()


def kind_words(kind: RecordKind) -> str:
    """Return what a kind of record says."""
    return _KIND_WORDS[kind]


def journal_row(record: Record) -> JournalRow:
    """Return one record in cells: when, who, where, what."""
    entry = record.entry
    tone = _KIND_TONES.get(entry.kind, Tone.PLAIN)
    if entry.kind in _ENDS:
        tone = _OUTCOME_TONES.get(_text(entry.details, "outcome"), Tone.BREACH)
    return JournalRow(
        seq=f"#{record.seq}",
        time=form.clock_time(entry.at) + "Z",
        who=str(entry.actor.principal),
        target="" if isinstance(entry.target, Missing) else str(entry.target),
        what=what_words(record),
        tone=tone,
    )


def journal_line(record: Record) -> Line:
    """Return one record as a line: for the tail under the fleet and for plain output."""
    row = journal_row(record)
    where = f"{row.target}  " if row.target else ""
    return (
        Span(f" {row.time}  ", Tone.MUTED),
        Span(where),
        Span(row.what, row.tone),
        Span(f"  {row.who}  {row.seq}", Tone.MUTED),
    )


def what_words(record: Record) -> str:
    """Return what a record says, in a few words with the figures that matter."""
    entry = record.entry
    details = entry.details
    words = _KIND_WORDS[entry.kind]
    match entry.kind:
        case RecordKind.ACTION_INTENT:
            verb = _text(details, "kind") or "action"
            return f"GO: {verb} to {_weights(details, 'to')} (was {_weights(details, 'from')}){_by_glass(details)}"
        case RecordKind.ACTION_OUTCOME | RecordKind.ACTION_RECONCILED:
            late = f"{words}: " if entry.kind is RecordKind.ACTION_RECONCILED else ""
            outcome = _text(details, "outcome") or "unknown"
            shown = "OUTCOME UNKNOWN" if outcome == "unknown" else outcome.upper()
            return _joined(f"{late}{shown}", _text(details, "because"))
        case RecordKind.ACTION_STEP:
            return _step_words(details)
        case RecordKind.PLAN_MADE:
            return _joined(words, _text(details, "kind") or _planned_kind(_text(details, "document")))
        case RecordKind.PLAN_REFUSED | RecordKind.PLAN_MOVED:
            said = _text(details, "reason") or _text(details, "says") or _text(details, "moved")
            return _joined(words, said)
        case RecordKind.SERVING_OBSERVED:
            return f"{words} {_weights(details, 'serving')}"
        case RecordKind.ACTION_REASON:
            return _joined(words, _reason_words(record))
        case RecordKind.LOG_ANCHORED | RecordKind.LOG_ANCHOR_FAILED:
            because = _text(details, "because") or f"{_text(details, 'records')} records"
            return f"{words}: {_text(details, 'anchor')}: {because}"
        case RecordKind.NOTICE_QUEUED:
            return _joined(words, _text(details, "occasion"))
    return _joined(words, _text(details, "says") or _reason_words(record))


def detail_lines(record: Record, glyphs: Glyphs, zone: tzinfo = UTC) -> list[Line]:
    """Return everything that a record holds, one matter a line."""
    entry = record.entry
    row = journal_row(record)
    lines: list[Line] = [
        (Span(f"{row.seq} ", Tone.MUTED), Span(row.what, row.tone if row.tone is not Tone.PLAIN else Tone.TITLE)),
        _row("when", both_date_times(entry.at, zone) + f", {form.clock_time(entry.at)}Z"),
        _row("who", f"{entry.actor}, known by {entry.actor.assurance.value}{_from_words(record)}"),
    ]
    if row.target:
        lines.append(_row("target", row.target))
    lines.append(_row("context", str(entry.context)))
    lines.append(_row("kind", entry.kind.value))
    reason = _reason_words(record)
    if reason:
        lines.append(_row("reason", reason))
    if not isinstance(entry.plan_hash, Missing):
        lines.append(_row("plan", str(entry.plan_hash)))
    if not isinstance(entry.plan_id, Missing):
        lines.append(_row("plan id", str(entry.plan_id)))
    for key, value in entry.details.items():
        lines += _detail(str(key), value)
    lines += [
        (),
        _row("hash", str(record.hash)),
        _row("before", f"{record.previous} {glyphs.left} the record before it"),
    ]
    return lines


def chain_words(view: JournalView) -> tuple[str, Tone]:
    """Return whether the record can be trusted, and in which tone to say so."""
    if not isinstance(view.error, Missing):
        return f"JOURNAL CANNOT BE READ: {view.error}", Tone.BREACH
    if isinstance(view.chain, Missing):
        return "chain not looked at yet", Tone.UNKNOWN
    says, tone = chain_state_words(view.chain)
    newest = view.records[-1].seq if view.records else 0
    newer = newest - view.chain.records if view.chain.is_whole else 0
    if view.chain.is_whole and not view.chain.records and newer:
        return f"chain not looked at since it began, {newer} records", Tone.UNKNOWN
    return (f"{says}; {newer} newer not looked at yet", tone) if newer > 0 else (says, tone)


def chain_state_words(chain: ChainState) -> tuple[str, Tone]:
    """Return what a look at the chain found; honest about what nobody else has seen yet."""
    if not chain.is_whole:
        return f"CHAIN BROKEN at #{chain.first_bad_seq}: {chain.says}", Tone.BREACH
    words = f"chain whole, {chain.records} records"
    torn = f"; {chain.torn_bytes} bytes of an unfinished record at its end are not counted" if chain.torn_bytes else ""
    silent = f"NO ANSWER from {', '.join(chain.silent)}" if chain.silent else ""
    if isinstance(chain.anchored_to_seq, Missing):
        return f"{words}, {silent or 'anchored nowhere'}: its end could be cut off unnoticed{torn}", Tone.WARN
    signed = "" if isinstance(chain.signed_to_seq, Missing) else f", signed to #{chain.signed_to_seq}"
    words += f", anchored to #{chain.anchored_to_seq}{signed}"
    return (f"{words}; {silent}, which may have seen more{torn}", Tone.WARN) if silent else (words + torn, Tone.OK)


def open_words(count: int) -> str:
    """Return how many actions nobody knows the end of: `1 action with unknown outcome`."""
    return f"{count} action{'' if count == 1 else 's'} with unknown outcome"


def lost_intents(view: JournalView) -> tuple[Record, ...]:
    """Return the open intents that nobody works on: those without a lease that is still held."""
    busy = {
        lease.plan_id for lease in view.leases if isinstance(view.read_at, Missing) or lease.expires_at > view.read_at
    }
    return tuple(record for record in view.open_intents if record.entry.plan_id not in busy)


def open_lines(view: JournalView, now: Instant, glyphs: Glyphs) -> list[Line]:
    """Return what is open: actions without an outcome first, then who is busy with what."""
    lost = [
        (
            Span(f" {glyphs.breach} UNKNOWN OUTCOME ", Tone.BREACH),
            Span(f" {_where(record)}  {what_words(record)}", Tone.STRONG),
            Span(f"  {record.entry.actor.principal}, {form.age(record.entry.at, now)} ago, #{record.seq}", Tone.MUTED),
        )
        for record in lost_intents(view)
    ]
    return lost + [lease_line(lease, now) for lease in view.leases if lease.expires_at > now]


def lease_line(lease: Lease, now: Instant) -> Line:
    """Return who is busy with a target: `bob@ops1: rollback fraud@prod, verifying, 34s`."""
    doing = f", {lease.says}" if lease.says else ""
    return (
        Span(f" {lease.holder}: ", Tone.STRONG),
        Span(f"{lease.kind.value} {lease.target}{doing}"),
        Span(f"  for {form.age(lease.taken_at, now)}", Tone.MUTED),
    )


def approval_lines(waiting: Iterable[ApprovalRequest], now: Instant, glyphs: Glyphs) -> list[Line]:
    """Return what waits for a second person, each with the command that says yes or no."""
    lines: list[Line] = []
    for request in waiting:
        plan = request.plan
        left = form.duration(max(request.expires_at - now, 0.0))
        lines.append(
            (
                Span(f" {glyphs.warn} WAITS FOR APPROVAL ", Tone.WARN),
                Span(f" {plan.kind.value} {plan.target} to {plan.version}", Tone.STRONG),
                Span(f"  by {plan.actor.principal}, {left} left"),
            )
        )
        lines.append((Span(f"   a second person runs: {approve_command(plan)}"),))
    return lines


def short_hash(plan_hash: str) -> str:
    """Return enough of a hash to name one plan of many: its first twelve digits."""
    return plan_hash.removeprefix("sha256:")[:12]


def told_in_tail(view: JournalView, most: int) -> list[Record]:
    """Return the newest records that somebody made or has to know of, newest first."""
    return [record for record in reversed(view.records) if record.entry.kind not in _ROUTINE][:most]


def filtered(records: Sequence[Record], text: str) -> list[Record]:
    """Return the records that hold every word, newest first."""
    words = text.lower().split()
    newest_first = reversed(records)
    if not words:
        return list(newest_first)
    return [record for record in newest_first if all(word in journal_row(record).searched for word in words)]


def _planned_kind(document: str) -> str:
    """Return which kind of action a plan's canonical text is about."""
    found = _ACTION.search(document)
    return found[1] if found else ""


def _where(record: Record) -> str:
    return "" if isinstance(record.entry.target, Missing) else str(record.entry.target)


def _reason_words(record: Record) -> str:
    reason = record.entry.reason
    parts = [] if reason.code is ReasonCode.OTHER else [REASON_WORDS[reason.code]]
    parts += [str(reason.text)] if reason.text else []
    parts += [f"incident {reason.incident}"] if reason.incident else []
    return ", ".join(parts)


def _step_words(details: Mapping[str, Detail]) -> str:
    """Return `step 1 accepted: revision 42`; the record counts from 0, people from 1."""
    step, result, says = details.get("step"), _text(details, "result"), _text(details, "says")
    number = step + 1 if isinstance(step, int) else _text(details, "step")
    return _joined(f"step {number} {result}", "" if says == result else says)


def _by_glass(details: Mapping[str, Detail]) -> str:
    return ", BREAK-GLASS" if details.get("break_glass") is True else ""


def _from_words(record: Record) -> str:
    client = record.entry.actor.client
    return "" if isinstance(client, Missing) else f", from {client}"


def _joined(words: str, more: str) -> str:
    return f"{words}: {more}" if more else words


def _text(details: Mapping[str, Detail], key: str) -> str:
    value = details.get(key)
    if isinstance(value, tuple | list):
        return "; ".join(_flat(one) for one in value)
    return "" if value is None else str(value)


def _weights(details: Mapping[str, Detail], key: str) -> str:
    """Return `[["2.3.1", "0.95"], …]` as people read it; what is no such list as it stands."""
    pairs = details.get(key)
    if not isinstance(pairs, tuple | list) or not pairs:
        return "?"
    shown = []
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            return "?"
        version, share = pair
        shown.append(f"{version} {_share(share)}")
    return ", ".join(shown)


def _share(share: Detail) -> str:
    try:
        return form.percent(float(str(share)))
    except ValueError:
        return form.MISSING


def _detail(key: str, value: Detail) -> list[Line]:
    if isinstance(value, Mapping):
        return [_row(key, ", ".join(f"{name} {_flat(one)}" for name, one in value.items()))]
    if isinstance(value, tuple | list) and value and not isinstance(value[0], tuple | list):
        return [_row(key if place == 0 else "", _flat(one)) for place, one in enumerate(value)]
    return [_row(key, _flat(value))]


def _flat(value: Detail) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_flat(one)}" for name, one in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(_flat(one) for one in value)
    return str(value)


def _row(label: str, text: str) -> Line:
    return (Span(f"  {label:<{_LABEL}}", Tone.MUTED), Span(text))
