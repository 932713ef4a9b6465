"""Releases in order: PEP 440 where a release is spelled so, else as people count; and how far two are apart.

Source of the rules: PEP 440 (epochs, pre-, post-, development and local releases).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import zip_longest
from typing import Final, TypeAlias

from modeltui.domain.comparison.difference import Bump, ReleaseChange
from modeltui.domain.names import NO_DATA, NoData, VersionId
from modeltui.domain.text import SafeText
from modeltui.domain.version import version_order

_LONGEST: Final = 100
_PEP_440: Final = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<pre>alpha|beta|preview|pre|rc|a|b|c)[-_.]?(?P<pre_number>\d*))?"
    r"(?:-(?P<post_bare>\d+)|(?:[-_.]?(?P<post>post|rev|r)[-_.]?(?P<post_number>\d*)))?"
    r"(?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_number>\d*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.IGNORECASE | re.ASCII,
)
_PRE: Final = {"alpha": "a", "beta": "b", "c": "rc", "pre": "rc", "preview": "rc"}
_DATE: Final = re.compile(r"\d{4}([-.]?)\d{2}\1\d{2}(?!\d).*", re.ASCII)
_COUNTED: Final = re.compile(r"[A-Za-z]{0,8}[-_]?\d", re.ASCII)
_NAMED: Final = re.compile(
    r"(?P<name>[^\s@=].{0,150}?)(?P<between>\s+|@|==|:|-)(?P<release>v?\d[\w.+!-]{0,60})", re.ASCII
)
_HASHED: Final = re.compile(r"(?:sha\d*|md5|blake\w+|etag|crc\w+)$", re.IGNORECASE)

_Key: TypeAlias = tuple[object, ...]


@lru_cache(maxsize=16_384)
def release_key(text: str) -> _Key | None:
    """Return by what a PEP 440 release sorts; None for what is spelled otherwise. `1.0` and `1.0.0` are one."""
    found = _PEP_440.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        return None
    numbers = [int(part) for part in found["release"].split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    post = found["post_bare"] or (found["post_number"] or "0" if found["post"] else None)
    dev = found["dev_number"] or "0" if found["dev"] else None
    pre: _Key
    if found["pre"]:
        word = found["pre"].lower()
        pre = (1, _PRE.get(word, word), int(found["pre_number"] or 0))
    else:
        # A development release of nothing yet precedes every pre-release; a release follows them.
        pre = (0,) if dev is not None and post is None else (2,)
    return (
        int(found["epoch"] or 0),
        tuple(numbers),
        pre,
        (0,) if post is None else (1, int(post)),
        (1,) if dev is None else (0, int(dev)),
        _local_key(found["local"]),
    )


def _local_key(local: str | None) -> _Key:
    parts = re.split(r"[-_.]", local.lower()) if local else []
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)


def is_same_release(one: str, other: str) -> bool:
    """Tell whether two spellings are one release."""
    if one == other:
        return True
    key = release_key(one)
    return key is not None and key == release_key(other)


def release_change(one: str, other: str) -> ReleaseChange | NoData:
    """Return how a release became another; no data when they are one, or either is no release at all."""
    if is_same_release(one, other) or not (is_release(one) and is_release(other)):
        return NO_DATA
    a, b = release_key(one), release_key(other)
    if a is None or b is None or _DATE.match(one) or _DATE.match(other):
        order_a, order_b = version_order(VersionId(SafeText(one))), version_order(VersionId(SafeText(other)))
        if order_a == order_b:
            return NO_DATA
        both_dates = _DATE.match(one) is not None and _DATE.match(other) is not None
        bump = Bump.OTHER if both_dates or a is None or b is None else _bump(a, b)
        return ReleaseChange(bump, order_b > order_a)
    return ReleaseChange(_bump(a, b), b > a)


def _bump(a: _Key, b: _Key) -> Bump:
    if a[0] != b[0]:
        return Bump.MAJOR
    one, other = a[1], b[1]
    if not (isinstance(one, tuple) and isinstance(other, tuple)) or one == other:
        return Bump.OTHER
    pairs = zip_longest(one, other, fillvalue=0)
    place = next(place for place, (mine, theirs) in enumerate(pairs) if mine != theirs)
    return (Bump.MAJOR, Bump.MINOR)[place] if place < 2 else Bump.PATCH


def is_release(text: str) -> bool:
    """Tell whether a text counts something: `1.26.4`, `2024a`, `r14`, `2026-03-18`; not a sentence, not a path."""
    return len(text) <= _LONGEST and _COUNTED.match(text) is not None and not re.search(r"[\s/@]", text)


@lru_cache(maxsize=4_096)
def named_release(text: str) -> tuple[str, str] | None:
    """Return the name and the release in `risk-features 5.8.2` or `lantern-70b@2026-03-18`; None where there is none.

    A digest after its algorithm is no release, nor is a word that only ends in a number.
    """
    if len(text) > 2 * _LONGEST:
        return None
    found = _NAMED.fullmatch(text)
    if found is None or _HASHED.search(found["name"]):
        return None
    release = found["release"]
    if release_key(release) is None and not _DATE.fullmatch(release):
        return None
    if found["between"] == "-" and "." not in release:
        return None
    return found["name"], release
