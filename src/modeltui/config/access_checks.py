"""What a policy file must not contradict, once every value is right by itself."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, tzinfo
from typing import Any

from modeltui.config.access_policy import once_window, signers, time_zone, weekly_windows
from modeltui.config.access_schema import AccessFile, AccessRuleConfig, FreezeConfig
from modeltui.config.document import Listing, Mapping, Node, Scalar
from modeltui.config.problems import Problem, did_you_mean, shown
from modeltui.domain.acting.deed import RESCUES, Deed

_EFFECTS = ("may", "may_not", "demand_for")


def contradictions(read: AccessFile, root: Mapping, more_signers: Iterable[tuple[str, str]] = ()) -> Iterator[Problem]:
    """Yield a problem for each thing that does not fit the rest of the file."""
    yield from _zone(read.time_zone, _at(root, "time_zone"))
    yield from _roles(read, root, more_signers)
    yield from _same_names(_at(root, "rules"))
    yield from _same_names(_at(root, "freezes"))
    for place, rule in enumerate(read.rules or ()):
        yield from _rule(rule, _at(root, "rules", place), read)
    for place, freeze in enumerate(read.freezes):
        yield from _freeze(freeze, _at(root, "freezes", place), read)
    for key in ("break_glass", "approvals"):
        yield from _known(_at(root, key, "roles"), read.roles, "role")
        yield from _not_empty(_at(root, key), "roles")
    breaks = _at(root, "break_glass", "kinds")
    for node in _entries(breaks):
        if node.text == Deed.ABORT:
            yield Problem(node.place, node.path, "nothing holds up an abort that could be overruled")


def _roles(read: AccessFile, root: Mapping, more: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    keys: dict[str, str] = {}
    for principal, key in signers(read, more):
        node = _at(root, "signers", principal) or _at(root, "allowed_signers") or root
        found = _fingerprint(key)
        if not found:
            yield Problem(node.place, node.path, f"this is no public key of {principal}: copy the whole line again")
        elif keys.setdefault(found, principal) != principal:
            yield Problem(node.place, node.path, f"{keys[found]} has the same key; a key shows one person")
    for name in read.roles:
        role = _at(root, "roles", name)
        yield from _known(_at(role, "groups"), read.groups, "group")
        for entry in _entries(_at(role, "keys")):
            if entry.text not in keys:
                yield Problem(entry.place, entry.path, "no key under `signers` has this fingerprint")


def _rule(rule: AccessRuleConfig, node: Node | None, read: AccessFile) -> Iterator[Problem]:
    if not isinstance(node, Mapping):
        return
    given = [key for key in _EFFECTS if key in node.items]
    if len(given) != 1:
        found = f"found {' and '.join(given)}" if given else "found none"
        yield Problem(node.place, node.path, f"exactly one of may, may_not and demand_for is needed, {found}")
        return
    yield from _known(node.items.get("roles"), read.roles, "role")
    yield from _not_empty(node, given[0])
    yield from _not_empty(node, "roles")
    yield from _not_empty(node, "match")
    conditions = [key for key in ("assurance", "second_person") if key in node.items]
    if given[0] == "may_not" and conditions:
        yield Problem(node.keys[conditions[0]], f"{node.path}.{conditions[0]}", "a denial has no conditions")
    if given[0] == "demand_for" and not conditions:
        yield Problem(node.place, node.path, "it demands nothing; write assurance or second_person")
    deeds = rule.may or rule.demand_for or ()
    if rule.second_person and Deed.ABORT in deeds:
        says = "an abort waits for nobody: leave 'abort' out where second_person is true"
        yield Problem(node.keys["second_person"], f"{node.path}.second_person", says)


def _freeze(freeze: FreezeConfig, node: Node | None, read: AccessFile) -> Iterator[Problem]:
    if not isinstance(node, Mapping):
        return
    if not freeze.weekly and not freeze.once:
        yield Problem(node.place, node.path, "it is never in force; write weekly or once")
    if freeze.time_zone is not None:
        yield from _zone(freeze.time_zone, node.items.get("time_zone"))
    yield from _known(node.items.get("exempt"), read.roles, "role")
    yield from _not_empty(node, "kinds")
    yield from _not_empty(node, "match")
    for entry in _entries(node.items.get("kinds")):
        if entry.text in {str(deed) for deed in RESCUES}:
            says = f"nothing holds up {entry.text}: it is the way back"
            yield Problem(entry.place, entry.path, says)
    yield from _times(node.items.get("weekly"), lambda text, zone: list(weekly_windows(text, zone)))
    yield from _times(node.items.get("once"), once_window)


def _times(node: Node | None, window: Callable[[str, tzinfo], Any]) -> Iterator[Problem]:
    for entry in _entries(node):
        try:
            window(entry.text, UTC)
        except ValueError as error:
            yield Problem(entry.place, entry.path, f"{error}: found {shown(entry.text)}")


def _zone(name: str, node: Node | None) -> Iterator[Problem]:
    try:
        time_zone(name)
    except ValueError as error:
        if node is not None:
            yield Problem(node.place, node.path, str(error))


def _known(node: Node | None, names: Iterable[str], what: str) -> Iterator[Problem]:
    known = list(names)
    for entry in _entries(node):
        if entry.text not in known:
            says = f"there is no {what} {shown(entry.text)}{did_you_mean(entry.text, known)}"
            yield Problem(entry.place, entry.path, says)


def _not_empty(node: Node | None, key: str) -> Iterator[Problem]:
    listing = _at(node, key)
    if isinstance(listing, Listing) and not listing.items:
        # An empty list reads like `nobody` and would mean `everybody`, or the other way round.
        yield Problem(listing.place, listing.path, "an empty list; take the key out, or name something")


def _same_names(node: Node | None) -> Iterator[Problem]:
    seen: set[str] = set()
    for item in node.items if isinstance(node, Listing) else ():
        name = item.items.get("name") if isinstance(item, Mapping) else None
        if isinstance(name, Scalar):
            if name.text in seen:
                yield Problem(name.place, name.path, f"{shown(name.text)} is already there; keep names apart")
            seen.add(name.text)


def _entries(node: Node | None) -> list[Scalar]:
    return [item for item in node.items if isinstance(item, Scalar)] if isinstance(node, Listing) else []


def _at(node: Node | None, *steps: str | int) -> Node | None:
    for step in steps:
        if isinstance(step, int):
            node = node.items[step] if isinstance(node, Listing) and step < len(node.items) else None
        else:
            node = node.items.get(step) if isinstance(node, Mapping) else None
    return node


def _fingerprint(key: str) -> str:
    """Return `SHA256:…` of a public key, as OpenSSH writes it; nothing when it is none."""
    kind, _, encoded = key.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return ""
    # The blob begins with the length and the name of its kind.
    if raw[:4] != len(kind).to_bytes(4, "big") or raw[4 : 4 + len(kind)] != kind.encode():
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")
