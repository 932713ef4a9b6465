"""Where tokens and passwords come from, and how they are kept out of everything that is written.

A configuration holds references, never values: `env:NAME`, `file:PATH`, `command:PROGRAM ARGUMENTS`,
`keyring:SERVICE/NAME`. `redact` is the last line: it removes values that are known, in the encodings in which they
travel, and whatever looks like a token.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from modeltui.config.problems import did_you_mean, shown
from modeltui.domain.errors import ConfigError
from modeltui.domain.secret import MASK, Secret
from modeltui.domain.text import safe_text

if TYPE_CHECKING:
    import subprocess

__all__ = ["MASK", "Secret", "SecretStore", "is_reference", "looks_secret", "redact"]

COMMAND_SECONDS = 10.0
"""Long enough for a vault over a VPN, short enough for somebody who waits."""
MOST_BYTES = 64 * 1024

_SCHEMES = ("env", "file", "command", "keyring")
_REFERENCE = re.compile(rf"({'|'.join(_SCHEMES)}):(.+)", re.DOTALL)
_FORMS = "'env:NAME', 'file:PATH', 'command:PROGRAM ARGUMENTS' or 'keyring:SERVICE/NAME'"

_SECRET_KEY = re.compile(
    r"(?:^|[-_.])(token|password|passwd|passphrase|secret|apikey|credential|credentials|bearer|authorization|cookie)$",
    re.IGNORECASE,
)
_KEY_KEY = re.compile(r"(?:^|[-_.])key$", re.IGNORECASE)
_HARMLESS = re.compile(r"[+-]?[\d.]+[a-z%]*|true|false|null|~|")
_SHORTEST = 4
"""Shorter texts are not searched for: a mask in every word helps nobody."""
_LONGEST_PLAIN_KEY = 8
"""`key: region` is a name, a longer text under `key` is taken for a secret."""

_TOKEN_LIKE = re.compile(
    r"(?P<before>\b(?:bearer\s+|(?:basic|token)\s+(?-i:(?=\S*[\d=+/]|\S*[a-z]\S*[A-Z]))))[\w.~+/=-]{8,}"
    r"|(?P<user>://[^/\s:@]*:)[^/\s@]+(?=@)"
    r"|(?P<name>\b[\w-]{0,40}(?:token|password|passwd|secret|api[_-]?key|authorization)[\"']?\s*[=:]\s*[\"']?"
    r"(?:(?:bearer|basic|token)\s+)?)[^\s\"'&,;)}]{4,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abprs]-[\w-]{10,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|\bdapi[0-9a-f]{32}\b",
    re.IGNORECASE,
)


def is_reference(text: str) -> bool:
    """Tell whether `text` says where a secret is, instead of being one."""
    return _REFERENCE.fullmatch(text) is not None


def looks_secret(key: str, text: str) -> bool:
    """Tell whether a literal value under `key` is, in all likelihood, a secret."""
    if is_reference(text) or _HARMLESS.fullmatch(text):
        return False
    if _SECRET_KEY.search(key):
        return True
    is_path = text.startswith(("/", "~/"))
    return _KEY_KEY.search(key) is not None and len(text) > _LONGEST_PLAIN_KEY and not is_path


_EVER_FETCHED: set[str] = set()
"""Every value this process fetched, old ones of rotated secrets too: a crash handler has no way to a store."""


class SecretStore:
    """Fetches secrets when they are asked for, and remembers them for `redact`."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._known: dict[str, Secret] = {}

    @property
    def known(self) -> tuple[Secret, ...]:
        """Every secret that was fetched so far."""
        return tuple(self._known.values())

    def resolve(self, reference: str) -> Secret:
        """Return the secret behind a reference; raise `ConfigError` when it is not there.

        May take ten seconds for `command:`; never asks anybody anything.
        """
        if reference not in self._known:

            def fetch() -> str:
                value = _clean(self._fetch(reference), reference)
                _EVER_FETCHED.add(value)
                return value

            self._known[reference] = Secret(fetch(), reference, fetch)
        return self._known[reference]

    def _fetch(self, reference: str) -> str:
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            scheme = reference.partition(":")[0]
            hint = did_you_mean(scheme, _SCHEMES) if ":" in reference and len(scheme) < 12 else ""
            raise ConfigError(f"not a reference to a secret{hint}", f"Write {_FORMS}.")
        scheme, rest = match[1], match[2].strip()
        match scheme:
            case "env":
                return self._from_environment(rest)
            case "file":
                return _from_file(rest)
            case "command":
                return _from_command(rest)
            case _:
                return _from_keyring(rest)

    def _from_environment(self, name: str) -> str:
        value = self._environ.get(name, "")
        if not value:
            state = "empty" if name in self._environ else "not set"
            raise ConfigError(
                f"the environment variable {safe_text(name, 60)} is {state}", f"export {safe_text(name, 60)}=…"
            )
        return value


def _clean(value: str, reference: str) -> str:
    """Return the value without the line end that files and commands leave behind."""
    value = value.strip()
    what = safe_text(reference, 80)
    if not value:
        raise ConfigError(f"{what} gives nothing", "Put the secret there.")
    if not value.isprintable():
        raise ConfigError(f"{what} gives more than one line or control characters", "Leave one line there: the secret.")
    return value


def _from_file(name: str) -> str:
    path = Path(name).expanduser()
    what = f"the secret file {safe_text(str(path), 120)}"
    if not path.is_absolute():
        raise ConfigError(f"{what} is not an absolute path", "Write file:/… or file:~/….")
    try:
        # Non-blocking: opening a pipe must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{what} cannot be read: {error.strerror}", "Create it, or correct the path.") from error
    try:
        _check_private(os.fstat(descriptor), path, what)
        return _decoded(os.read(descriptor, MOST_BYTES + 1), what)
    finally:
        os.close(descriptor)


def _check_private(facts: os.stat_result, path: Path, what: str) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigError(f"{what} is not a regular file", "Name a regular file.")
    if facts.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{what} belongs to somebody else", f"chown {os.geteuid()} {path}")
    # Mounted secrets are often root:group 0640; anything wider is readable by people it was not meant for.
    is_mounted = facts.st_uid == 0 and os.geteuid() != 0
    if facts.st_mode & (0o037 if is_mounted else 0o077):
        mode = stat.S_IMODE(facts.st_mode)
        raise ConfigError(f"{what} can be read by others (mode {mode:o})", f"chmod 600 {path}")


def _from_command(line: str) -> str:
    """Return what a program prints: no shell, no terminal, ten seconds, 64 KiB."""
    import shlex
    import subprocess

    what = f"the secret command {shown(line.split()[0])}"
    try:
        program = subprocess.Popen(  # noqa: S603 - a list without a shell, from a file that only the user can write
            shlex.split(line),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{what} cannot be started: {reason}", "Run it by hand.") from error
    printed, status = _output_of(program)
    if printed is None or status is None:
        raise ConfigError(f"{what} took longer than {COMMAND_SECONDS:.0f} s", "Run it by hand; it must not ask.")
    if status != 0 and len(printed) <= MOST_BYTES:
        raise ConfigError(f"{what} failed with exit code {status}", "Run it by hand.")
    return _decoded(printed, what)


def _output_of(program: subprocess.Popen[bytes]) -> tuple[bytes | None, int | None]:
    """Return what it printed, at most one byte too much, and its exit code; None for what did not come in time.

    Nothing of its process group survives. A grandchild that fled the group and keeps the pipe open is abandoned
    with the thread that reads it, not awaited.
    """
    import signal
    import subprocess
    import threading

    printed: list[bytes] = []

    def read() -> None:
        if program.stdout is not None:
            with program.stdout as stream:
                printed.append(stream.read(MOST_BYTES + 1))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(COMMAND_SECONDS)
    status: int | None = None
    if printed and len(printed[0]) <= MOST_BYTES:
        with suppress(subprocess.TimeoutExpired):
            status = program.wait(1.0)
    with suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    if status is None:
        program.wait()
        status = 1 if printed and len(printed[0]) > MOST_BYTES else None
    return (printed[0] if printed else None), status


def _from_keyring(name: str) -> str:
    service, slash, user = name.rpartition("/")
    if not slash or not service or not user:
        raise ConfigError(f"keyring:{safe_text(name, 60)} has no name", "Write keyring:SERVICE/NAME.")
    try:
        import keyring  # type: ignore[import-not-found,unused-ignore]  # optional
    except ImportError as error:
        raise ConfigError(
            "keyring: needs the package `keyring`", "pip install keyring, or use env: or file:."
        ) from error
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # its back-ends raise whatever they like
        remedy = "Unlock it, or use env: or file: on a machine without one."
        raise ConfigError(f"the keyring does not answer: {safe_text(str(error), 80)}", remedy) from error
    if not isinstance(value, str):
        raise ConfigError(f"the keyring has no {safe_text(name, 80)}", f"keyring set {service} {user}")
    return value


def _decoded(raw: bytes, what: str) -> str:
    if len(raw) > MOST_BYTES:
        raise ConfigError(f"{what} gives more than {MOST_BYTES // 1024} KiB", "It should hold one secret.")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{what} gives something that is not text", "It should hold one secret.") from error


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Return `text` without secrets, plain or encoded: those given, all that were fetched, and what looks like one."""
    values = _EVER_FETCHED.union(secret.reveal() for secret in secrets)
    for form in sorted({form for value in values for form in _forms(value)}, key=len, reverse=True):
        text = text.replace(form, MASK)
    return _TOKEN_LIKE.sub(_masked, text)


def _masked(match: re.Match[str]) -> str:
    return (match["before"] or match["user"] or match["name"] or "") + MASK


def _forms(value: str) -> Iterable[str]:
    """Yield a secret as it may appear: itself, in a URL, in JSON, in hexadecimal, in base64."""
    from base64 import b64encode
    from json import dumps
    from urllib.parse import quote, quote_plus

    if len(value) < _SHORTEST:
        return  # every text would be full of masks
    raw = value.encode()
    yield from (value, quote(value, safe=""), quote_plus(value), dumps(value)[1:-1], repr(value)[1:-1], raw.hex())
    # Inside a longer text, as in `user:password`, base64 may begin at three offsets: only whole groups are stable.
    for offset in range(3):
        groups = b64encode(b"\0" * offset + raw)[4 if offset else 0 : (offset + len(raw)) // 3 * 4].decode()
        if len(groups) >= _SHORTEST:
            yield from (groups, groups.replace("+", "-").replace("/", "_"))
