"""A record of the journal as one line of bytes, and back. The bytes that are hashed are the bytes that are kept.

    {"v":1,"seq":17,"prev":"…","actor":{…},"at":"…Z","context":"…","details":{…},"kind":"action.intent",…,"h":"…"}

`v`, `seq`, `prev` stand first and `h` last; all between is sorted, without spaces. `h` is SHA-256 over a prefix of this
format and the line without `h`: whoever verifies never writes JSON again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeAlias

from modeltui.domain.acting.action import NO_REASON, PlanHash, PlanId, Reason, ReasonCode
from modeltui.domain.identity import Actor, Assurance
from modeltui.domain.journal.record import Detail, Entry, Record, RecordKind
from modeltui.domain.masking import masked, without_tokens
from modeltui.domain.names import UNKNOWN, Environment, Instant, Missing, ModelName, TargetKey, Unknown
from modeltui.domain.text import SafeText, safe_text

HASH_PREFIX: Final = b"modeltui.journal.v1\0"
"""In front of what is hashed, so that no line of another format has the same hash."""
GENESIS: Final = SafeText("0" * 64)
"""What the first record names as the hash before it."""
MOST_BYTES: Final = 16_384
"""Of one line with its line feed: four pages, which file systems write together."""
MOST_TEXT: Final = 500
"""Characters of a free text; the document of a plan may fill the line."""
WHOLE_TEXTS: Final = frozenset({"document", "signature"})
"""Details that are worthless when cut: kept whole, or replaced by their hash when the line is full."""
_MOST_NAME: Final = 200
_MOST_DEPTH: Final = 12
_LARGEST_NUMBER: Final = 2**53
"""Beyond it other readers of JSON lose digits."""

Json: TypeAlias = "str | int | bool | list[Json] | dict[str, Json] | None"

_LINE = re.compile(rb'\{"v":1,"seq":(?P<seq>[1-9]\d{0,15}),"prev":"(?P<prev>[0-9a-f]{64})",(?P<rest>.+)\}', re.DOTALL)
_END = re.compile(rb',"h":"([0-9a-f]{64})"\}')
END_BYTES: Final = 72
"""Of `,"h":"…"}`."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_KEYS: Final = frozenset({"actor", "at", "context", "details", "kind", "plan", "plan_hash", "reason", "target"})
_ACTOR_KEYS: Final = frozenset({"principal", "assurance", "os_user", "host", "ssh_key", "client"})
_KINDS: Final = {str(kind): kind for kind in RecordKind}


def record_line(entry: Entry, seq: int, previous: str) -> tuple[Record, bytes]:
    """Return the record and its line, with the line feed: secrets masked, texts cut, times in milliseconds.

    What does not fit into a line loses its largest texts first, each replaced by its hash. Raises `ValueError` for a
    detail that no line can hold: a float, a name that is not text.
    """
    if not 1 <= seq < _LARGEST_NUMBER or re.fullmatch("[0-9a-f]{64}", previous) is None:
        raise ValueError(f"record {seq} after {previous!r} has no place in a chain")
    plain = _plain_entry(entry)
    body = _body(plain, seq, previous)
    for shrink in (_without_whole_texts, _with_short_texts, _without_details):
        if len(body) + END_BYTES <= MOST_BYTES:
            break
        plain["details"] = shrink(plain["details"])
        body = _body(plain, seq, previous)
    digest = line_hash(body)
    line = body[:-1] + b',"h":"' + digest.encode() + b'"}\n'
    return Record(_entry(plain), seq, SafeText(str(previous)), SafeText(digest)), line


def parse_line(line: bytes) -> Record:
    """Return the record of one line, with or without its line feed; raises `ValueError` naming what is wrong.

    Strict: exactly the bytes that `record_line` would write, and a hash that fits them.
    """
    seq, previous, digest, body = split_line(line)
    plain = json_of(body)
    if _body({key: value for key, value in plain.items() if key not in _HEAD}, seq, previous) != body:
        raise ValueError("it is not written as a record is: keys twice, out of order, or spaces")
    if line_hash(body) != digest:
        raise ValueError(f"record {seq} does not fit its own hash")
    return Record(_entry(plain), seq, SafeText(previous), SafeText(digest))


def split_line(line: bytes) -> tuple[int, str, str, bytes]:
    """Return seq, hash before, hash and the bytes that are hashed; raises `ValueError`. Checks no hash."""
    line = line.removesuffix(b"\n")
    if len(line) >= MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES} bytes")
    end = _END.fullmatch(line, len(line) - END_BYTES) if len(line) > END_BYTES else None
    head = _LINE.fullmatch(line)
    if end is None or head is None:
        raise ValueError("it is not a record")
    return int(head["seq"]), head["prev"].decode(), end[1].decode(), line[:-END_BYTES] + b"}"


def line_hash(body: bytes) -> str:
    """Return the hash of a line from its bytes without `h`."""
    return hashlib.sha256(HASH_PREFIX + body).hexdigest()


def canonical(value: object) -> str:
    """Return JSON with sorted keys, without spaces, in UTF-8: the same value is always the same text."""
    return _ENCODER.encode(value)


def instant_text(at: Instant) -> str:
    """Return a time as records have it: RFC 3339, UTC, milliseconds."""
    try:
        moment = datetime.fromtimestamp(round(at, 3), UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{at!r} is no time") from error
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_of(text: str) -> Instant:
    """Return the time that `instant_text` wrote; raises `ValueError` for any other text."""
    if _TIME.fullmatch(text) is None:
        raise ValueError(f"{safe_text(text, 40)} is not a time in UTC with milliseconds")
    return Instant(datetime.fromisoformat(text).timestamp())


def json_of(body: bytes) -> dict[str, Any]:
    """Return the object that a line holds; raises `ValueError`: no floats, no endless depth."""
    try:
        plain = _DECODER.decode(body.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(plain, dict):
        raise ValueError("it is not an object")
    return plain


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text[:40]} is a number that a record may not hold")


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_DECODER = json.JSONDecoder(parse_float=_no_number, parse_constant=_no_number)
_HEAD: Final = frozenset({"v", "seq", "prev"})


def _body(plain: Mapping[str, Any], seq: int, previous: str) -> bytes:
    return f'{{"v":1,"seq":{seq},"prev":"{previous}",{canonical(plain)[1:]}'.encode()


def _plain_entry(entry: Entry) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "kind": str(entry.kind),
        "at": instant_text(entry.at),
        "actor": _plain_actor(entry.actor),
        "context": _name(entry.context),
        "details": _plain_details(entry.details),
    }
    if isinstance(entry.target, TargetKey):
        plain["target"] = {"model": _name(entry.target.model), "environment": _name(entry.target.environment)}
    if not isinstance(entry.plan_id, Missing):
        plain["plan"] = _name(entry.plan_id)
    if not isinstance(entry.plan_hash, Missing):
        plain["plan_hash"] = _name(entry.plan_hash)
    if entry.reason != NO_REASON:
        reason = entry.reason
        plain["reason"] = {"code": str(reason.code), "text": _text("", reason.text), "incident": _name(reason.incident)}
    return plain


def _plain_actor(actor: Actor) -> dict[str, str]:
    plain = {"principal": _name(actor.principal), "assurance": str(actor.assurance)}
    said = {"os_user": actor.os_user, "host": actor.host, "ssh_key": actor.ssh_key, "client": actor.client}
    plain.update({key: _name(value) for key, value in said.items() if not isinstance(value, Missing)})
    return plain


def _name(text: str) -> str:
    return safe_text(without_tokens(text), _MOST_NAME)


def _text(name: str, text: str) -> str:
    return safe_text(masked(name, text), MOST_BYTES if name in WHOLE_TEXTS else MOST_TEXT)


def _plain_details(details: Mapping[str, Detail]) -> dict[str, Json]:
    return {safe_text(without_tokens(name), 100): _plain(name, value, 1) for name, value in details.items()}


def _plain(name: str, value: Any, depth: int) -> Json:
    """Return a detail as JSON has it; `name` is the key that it, or the list around it, stands under."""
    if depth > _MOST_DEPTH:
        raise ValueError(f"{name} is nested too deeply for a record")
    match value:
        case None | bool():
            return value
        case int():
            if abs(value) >= _LARGEST_NUMBER:
                raise ValueError(f"{name} is a number that others would round: write it as text")
            return value
        case str():
            return _text(name, str(value))
        case tuple() | list():
            return [_plain(name, one, depth + 1) for one in value]
        case Mapping():
            return {
                safe_text(without_tokens(str(key)), 100): _plain(str(key), one, depth + 1) for key, one in value.items()
            }
        case _:
            raise ValueError(
                f"{name} is a {type(value).__name__}: a record holds text, whole numbers, lists and mappings"
            )


def _digest_of(text: str) -> str:
    return f"left out: {len(text)} characters, sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _without_whole_texts(details: dict[str, Json]) -> dict[str, Json]:
    return {
        name: _digest_of(value) if name in WHOLE_TEXTS and isinstance(value, str) else value
        for name, value in details.items()
    }


def _with_short_texts(details: dict[str, Json]) -> dict[str, Json]:
    shortened: Any = _shortened(details)
    result: dict[str, Json] = shortened
    return result


def _shortened(value: Json) -> Json:
    if isinstance(value, str):
        return value if len(value) <= 100 else value[:99] + "…"
    if isinstance(value, list):
        more = [f"and {len(value) - 20} more"] if len(value) > 20 else []
        return [*(_shortened(one) for one in value[:20]), *more]
    return {name: _shortened(one) for name, one in value.items()} if isinstance(value, dict) else value


def _without_details(details: dict[str, Json]) -> dict[str, Json]:
    return {"left_out": _digest_of(canonical(details))}


def _entry(plain: Mapping[str, Any]) -> Entry:
    """Return the entry that a line's object describes; raises `ValueError`."""
    unknown = plain.keys() - _KEYS - _HEAD
    if unknown:
        raise ValueError(
            f"it has keys that a record has not: {', '.join(sorted(safe_text(key, 40) for key in unknown))}"
        )
    kind = _KINDS.get(_of(plain, "kind", str))
    if kind is None:
        raise ValueError(f"{safe_text(plain['kind'], 40)} is not a kind of record")
    details = _detail(_of(plain, "details", dict))
    assert isinstance(details, Mapping)  # noqa: S101 - a dict becomes one
    return Entry(
        kind=kind,
        at=instant_of(_of(plain, "at", str)),
        actor=_actor(_of(plain, "actor", dict)),
        context=_said(plain, "context"),
        target=_target(plain),
        plan_id=UNKNOWN if "plan" not in plain else PlanId(_said(plain, "plan")),
        plan_hash=UNKNOWN if "plan_hash" not in plain else PlanHash(_said(plain, "plan_hash")),
        reason=_reason(plain),
        details=details,
    )


def _of(plain: Mapping[str, Any], key: str, kind: type) -> Any:
    value = plain.get(key)
    if type(value) is not kind:
        raise ValueError(f"{key} is missing or not {'text' if kind is str else 'an object'}")
    return value


def _said(plain: Mapping[str, Any], key: str) -> SafeText:
    return safe_text(_of(plain, key, str), MOST_BYTES)


def _actor(plain: Mapping[str, Any]) -> Actor:
    if plain.keys() - _ACTOR_KEYS:
        raise ValueError("actor has keys that an actor has not")
    names: dict[str, SafeText | Unknown] = {
        key: _said(plain, key) if key in plain else UNKNOWN for key in ("os_user", "host", "ssh_key", "client")
    }
    return Actor(_said(plain, "principal"), Assurance(_of(plain, "assurance", str)), **names)


def _target(plain: Mapping[str, Any]) -> TargetKey | Unknown:
    if "target" not in plain:
        return UNKNOWN
    target = _of(plain, "target", dict)
    if target.keys() != {"model", "environment"}:
        raise ValueError("target is not a model and an environment")
    return TargetKey(ModelName(_said(target, "model")), Environment(_said(target, "environment")))


def _reason(plain: Mapping[str, Any]) -> Reason:
    if "reason" not in plain:
        return NO_REASON
    reason = _of(plain, "reason", dict)
    if reason.keys() != {"code", "text", "incident"}:
        raise ValueError("reason is not a code, a text and an incident")
    return Reason(ReasonCode(_of(reason, "code", str)), _said(reason, "text"), _said(reason, "incident"))


def _detail(value: Any) -> Detail:
    if isinstance(value, str):
        return safe_text(value, MOST_BYTES)
    if isinstance(value, list):
        return tuple(_detail(one) for one in value)
    if isinstance(value, dict):
        return {safe_text(key, MOST_BYTES): _detail(one) for key, one in value.items()}
    result: Detail = value
    return result
