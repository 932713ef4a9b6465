"""The policy file as the domain needs it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from modeltui.config.access_schema import AccessFile, AccessRuleConfig, FreezeConfig
from modeltui.config.problems import InvalidConfigError, Place, Problem, shown
from modeltui.domain.acting.access import (
    DEFAULT_RULES,
    AccessPolicy,
    BreakGlass,
    Effect,
    Role,
    Rule,
    Signer,
)
from modeltui.domain.acting.freeze import MINUTES_IN_A_DAY, Freeze, Once, Weekly, Window
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.text import SafeText, safe_text

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SIGNER = re.compile(
    r"(?P<principal>[A-Za-z0-9_][A-Za-z0-9._@+-]{0,99})\s+(?P<key>[a-z0-9@.-]{6,60}\s+[A-Za-z0-9+/=]{40,8000})(\s.*)?"
)


def policy_of(read: AccessFile, more_signers: Iterable[tuple[str, str]] = ()) -> AccessPolicy:
    """Return the policy of a file that `contradictions` has nothing against."""
    zone = time_zone(read.time_zone)
    return AccessPolicy(
        roles={
            safe_text(name): Role(
                frozenset(
                    safe_text(principal)
                    for principal in (*role.principals, *(one for group in role.groups for one in read.groups[group]))
                ),
                frozenset(safe_text(key) for key in role.keys),
            )
            for name, role in read.roles.items()
        },
        rules=DEFAULT_RULES if read.rules is None else tuple(_rule(rule) for rule in read.rules),
        freezes=tuple(_freeze(freeze, zone) for freeze in read.freezes),
        break_glass=BreakGlass(
            frozenset(read.break_glass.kinds), _names(read.break_glass.roles), read.break_glass.review_seconds
        ),
        approvers=_names(read.approvals.roles),
        approval_seconds=read.approvals.expire_seconds,
        signers=tuple(
            Signer(safe_text(principal), safe_text(key, 9_000)) for principal, key in signers(read, more_signers)
        ),
        shared_accounts=_names(read.shared_accounts),
    )


def signers(read: AccessFile, more: Iterable[tuple[str, str]] = ()) -> Iterator[tuple[str, str]]:
    """Yield every principal with each key, without the comments."""
    for principal, keys in read.signers.items():
        for key in keys:
            yield principal, " ".join(key.split()[:2])
    yield from more


def signers_in(text: str, file: str) -> tuple[tuple[str, str], ...]:
    """Return principals and keys of a file in OpenSSH's format; raise `InvalidConfigError` for what is more than that.

    Options (validity, namespaces, authorities) and patterns are refused rather than passed over.
    """
    found: list[tuple[str, str]] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _SIGNER.fullmatch(line.strip())
        if match is None:
            says = "expected one principal and one key, 'alice ssh-ed25519 AAAA…', without options and patterns"
            problems.append(Problem(Place(file, number, 1), "", says))
        else:
            found.append((match["principal"], " ".join(match["key"].split())))
    if problems:
        raise InvalidConfigError(problems)
    return tuple(found)


def time_zone(name: str) -> tzinfo:
    """Return a time zone by its name; raise `ValueError` when this machine has none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"expected a time zone such as 'UTC' or 'Europe/Zurich', found {shown(name)}") from error


def windows(freeze: FreezeConfig, zone: tzinfo) -> Iterator[Window]:
    """Yield the windows of a freeze; raise `ValueError` for a time that no clock shows, or an end before its start."""
    for text in freeze.weekly:
        yield from weekly_windows(text, zone)
    for text in freeze.once:
        yield once_window(text, zone)


def weekly_windows(text: str, zone: tzinfo) -> Iterator[Weekly]:
    """Yield the windows of `fri 16:00 - mon 08:00` or `daily 22:00 - 06:00`."""
    start, _, end = text.partition(" - ")
    day, _, from_time = start.partition(" ")
    if day == "daily":
        begins, ends = _minute(from_time), _minute(end)
        for number in range(7):
            yield Weekly(
                number * MINUTES_IN_A_DAY + begins,
                ((number + (ends <= begins)) % 7) * MINUTES_IN_A_DAY + ends,
                zone,
            )
        return
    end_day, _, to_time = end.partition(" ")
    from_minute = _DAYS.index(day) * MINUTES_IN_A_DAY + _minute(from_time)
    to_minute = _DAYS.index(end_day) * MINUTES_IN_A_DAY + _minute(to_time)
    if from_minute == to_minute:
        raise ValueError("it ends where it begins")
    yield Weekly(from_minute, to_minute, zone)


def once_window(text: str, zone: tzinfo) -> Once:
    """Return the window of `2026-12-18 18:00 - 2027-01-04 08:00`."""
    start, _, end = text.partition(" - ")
    # An hour that a clock shows twice belongs to the freeze twice.
    begins = datetime.fromisoformat(start).replace(tzinfo=zone, fold=0).timestamp()
    ends = datetime.fromisoformat(end).replace(tzinfo=zone, fold=1).timestamp()
    if ends <= begins:
        raise ValueError("it ends before it begins")
    return Once(Instant(begins), Instant(ends), zone)


def _minute(text: str) -> int:
    hour, minute = int(text[:2]), int(text[3:])
    if hour > 23 or minute > 59:
        raise ValueError(f"no clock shows {text}")
    return hour * 60 + minute


def _rule(rule: AccessRuleConfig) -> Rule:
    if rule.may is not None:
        effect, deeds = Effect.MAY, rule.may
    elif rule.may_not is not None:
        effect, deeds = Effect.MAY_NOT, rule.may_not
    else:
        effect, deeds = Effect.DEMAND, rule.demand_for or ()
    return Rule(
        safe_text(rule.name),
        effect,
        frozenset(deeds),
        _names(rule.roles),
        _patterns(rule.match),
        UNKNOWN if rule.production is None else rule.production,
        rule.assurance,
        rule.second_person,
    )


def _freeze(freeze: FreezeConfig, zone: tzinfo) -> Freeze:
    own = zone if freeze.time_zone is None else time_zone(freeze.time_zone)
    return Freeze(
        safe_text(freeze.name),
        tuple(windows(freeze, own)),
        frozenset(freeze.kinds),
        _patterns(freeze.match),
        UNKNOWN if freeze.production is None else freeze.production,
        _names(freeze.exempt),
    )


def _patterns(match: str | tuple[str, ...]) -> tuple[SafeText, ...]:
    return tuple(safe_text(pattern) for pattern in ((match,) if isinstance(match, str) else match))


def _names(names: Iterable[str]) -> frozenset[SafeText]:
    return frozenset(safe_text(name) for name in names)
