"""The policy file, read safely, checked as a whole, and turned into the rules of the domain.

Whoever cannot read it may not write: a policy that is named and not there allows nothing.
"""

# ruff: noqa: PTH100, PTH116, PTH120 - as in paths: plain text

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from modeltui.config.access_checks import contradictions
from modeltui.config.access_policy import policy_of, signers_in
from modeltui.config.access_schema import AccessFile
from modeltui.config.decode import Decoder
from modeltui.config.document import MOST_BYTES, Scalar, in_words, parse
from modeltui.config.problems import InvalidConfigError, Place, Problem
from modeltui.domain.acting.access import DEFAULT_ACCESS, AccessPolicy
from modeltui.domain.errors import ConfigError
from modeltui.domain.text import SafeText, safe_text

CORRECT_IT = "Nothing may be written until the policy is whole: tell whoever keeps it."


@dataclass(frozen=True, slots=True)
class LoadedAccess:
    """A policy, and what has to be known of its file."""

    policy: AccessPolicy
    says: tuple[SafeText, ...] = ()
    """What weakens it: that the operator can change it, that a name in it proves nobody."""
    file: str = ""
    """Where it stands; empty for the built-in one."""


def load_access(file: Path | str | None) -> LoadedAccess:
    """Return the policy in force: the built-in one when no file is named.

    Raises `ConfigError` when the named file is missing, can be written by everybody, or has a mistake: then nothing
    may be written, and looking goes on.
    """
    if file is None:
        return LoadedAccess(DEFAULT_ACCESS)
    name = os.path.abspath(file)
    text, says = _read(name, "the policy")
    return LoadedAccess(check_access_text(text, name), says, name)


def check_access_text(text: str, file: str) -> AccessPolicy:
    """Return the policy that `text` holds; raise `InvalidConfigError` with every mistake.

    `file` is how mistakes name it, and where `allowed_signers` is looked for.
    """
    try:
        document = parse(text, file)
        version = document.items.get("access")
        if not isinstance(version, Scalar) or version.text != "1":
            found = "missing; write 'access: 1' in the first line" if version is None else f"found {in_words(version)}"
            place = document.place if version is None else version.place
            raise InvalidConfigError([Problem(place, "access", f"this program reads format 1: {found}")])
        decoder = Decoder()
        read = decoder.value(document, AccessFile)
        decoder.raise_if_wrong()
        assert isinstance(read, AccessFile)  # noqa: S101 - what could not be read was noted
        more = _more_signers(read)
        decoder.problems.extend(contradictions(read, document, more))
        decoder.raise_if_wrong()
        return policy_of(read, more)
    except InvalidConfigError as error:
        raise InvalidConfigError(error.problems, CORRECT_IT) from error


def _more_signers(read: AccessFile) -> tuple[tuple[str, str], ...]:
    if read.allowed_signers is None:
        return ()
    name = os.path.abspath(read.allowed_signers)
    text, _ = _read(name, "the list of signers")
    return signers_in(text, name)


def _read(name: str, what: str) -> tuple[str, tuple[SafeText, ...]]:
    """Return the text of a file that not everybody can write, and what is to be said of who can."""
    shown = f"{what} {safe_text(name, 4096)}"
    try:
        # Non-blocking: opening a pipe must not wait for a writer.
        descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise ConfigError(f"{shown} is not there: nothing may be written", CORRECT_IT) from error
    except OSError as error:
        raise ConfigError(f"{shown} cannot be read: {error.strerror}", CORRECT_IT) from error
    try:
        facts = os.fstat(descriptor)
        _check(facts, name, shown)
        raw = os.read(descriptor, MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{shown} cannot be read: {error.strerror}", CORRECT_IT) from error
    finally:
        os.close(descriptor)
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"{shown} is larger than {MOST_BYTES // 1024} KiB", CORRECT_IT)
    try:
        return raw.decode(), _says_who_can_write(facts, name, shown)
    except UnicodeDecodeError as error:
        raise InvalidConfigError([Problem(Place(name), "", "not UTF-8 text")], CORRECT_IT) from error


def _check(facts: os.stat_result, name: str, shown: str) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigError(f"{shown} is not a regular file: nothing may be written", "Name a regular file.")
    if facts.st_mode & stat.S_IWOTH:
        raise ConfigError(
            f"{shown} can be written by everybody on this machine (mode {stat.S_IMODE(facts.st_mode):o})",
            f"Look whether it still says what was decided, then: chmod o-w {safe_text(name, 4096)}",
        )
    around = os.stat(os.path.dirname(os.path.realpath(name)))
    if around.st_mode & stat.S_IWOTH and not around.st_mode & stat.S_ISVTX:
        raise ConfigError(
            f"{shown} lies in a directory where everybody can replace it",
            f"chmod o-w {safe_text(os.path.dirname(os.path.realpath(name)), 4096)}",
        )


def _says_who_can_write(facts: os.stat_result, name: str, shown: str) -> tuple[SafeText, ...]:
    directory = os.path.dirname(os.path.realpath(name))
    ours = facts.st_uid == os.geteuid() or os.access(name, os.W_OK) or os.access(directory, os.W_OK)
    return (safe_text(f"{shown} can be changed by whoever it binds here", 4200),) if ours else ()
