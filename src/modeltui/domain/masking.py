"""Secrets in what a backend stores: tags, parameters, addresses and texts may hold credentials by accident.

A mask must never hide what an operator compares, so words of the trade (`max_tokens`, `pad_token`) stay as they are.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from modeltui.domain.secret import MASK

_SECRET_NAME: Final = re.compile(
    r"(?:^|[-_. /])(?:token|password|passwd|passphrase|pwd|secret|credentials?|bearer|authorization|cookie|apikey"
    r"|(?:api|access|account|secret|private|storage|signing|encryption|sas)[-_. ]?key|secret[-_. ]?access[-_. ]?key"
    r"|connection[-_. ]?string)$",
    re.IGNORECASE,
)
_WORD_OF_THE_TRADE: Final = re.compile(
    r"(?:^|[-_. /])(?:pad|eos|bos|unk|sep|cls|mask|stop|start|end|special|image|decoder_start)[-_. ]token$",
    re.IGNORECASE,
)
_HARMLESS: Final = re.compile(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?[a-z%]{0,3}|true|false|null|none|~|", re.IGNORECASE)
_LONGEST_SEARCHED: Final = 262_144
"""What lies behind it is cut off: nothing is shown that was not searched."""

_TOKEN: Final = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\s+)(?=[\w.~+/=-]*[\d.=])[\w.~+/=-]{8,}"
    r"|(?P<user>://[^/\s:@]{0,200}:)[^/\s@]{1,400}(?=@)"
    r"|(?P<query>[?&;](?:sig|signature|token|access_token|api_key|apikey|key|password|x-amz-signature"
    r"|x-amz-security-token|x-amz-credential|x-goog-signature|x-goog-credential)=)[^&\s\"'#]{4,}"
    r"|(?P<name>\b[\w-]{0,60}(?:token|password|passwd|secret|api[_-]?key|access[_-]?key)[\"']?\s{0,3}[=:]\s{0,3}[\"']?)"
    r"(?=[^\s\"'&,;)}]{0,40}\d)[^\s\"'&,;)}]{6,}"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,8000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bhf_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}|\bdapi[0-9a-f]{32}\b"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    re.IGNORECASE,
)
_HINTS: Final = (
    *("://", "bearer", "basic", "token", "passw", "secret", "key", "sig", "akia", "asia", "ghp_", "gho_", "ghu_"),
    *("ghs_", "ghr_", "github_pat", "glpat", "xox", "hf_", "sk-", "dapi", "eyj", "x-amz", "x-goog"),
)
"""Without one of them there is nothing to mask; to look for these is thirty times faster than for all of the above."""


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Tell whether what is called `name` is, in all likelihood, a credential."""
    return _SECRET_NAME.search(name) is not None and _WORD_OF_THE_TRADE.search(name) is None


def masked(name: str, value: str) -> str:
    """Return `value`, or a mask in its place when `name` says that it is a secret, and without tokens inside."""
    if is_secret_name(name) and not _HARMLESS.fullmatch(value):
        return MASK
    return without_tokens(value)


def without_tokens(text: str) -> str:
    """Return `text` with a mask wherever something looks like a token, a password in an address or a private key."""
    text = text[:_LONGEST_SEARCHED]
    folded = text.casefold()
    if not any(hint in folded for hint in _HINTS):
        return text
    return _TOKEN.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    return (found["scheme"] or found["user"] or found["query"] or found["name"] or "") + MASK
