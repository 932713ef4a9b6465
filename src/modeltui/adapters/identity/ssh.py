"""OpenSSH's own programs, asked without a terminal, without a question to anybody, and not for long.

Signing is left to `ssh-keygen -Y`: the key stays in its agent, hardware keys work, and there is no cryptography here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from modeltui.domain.acting.access import Signer

SECONDS: Final = 2.0
"""Of one question. An agent that asks its owner to touch something takes longer: then there is no signature."""
MOST_BYTES: Final = 64 * 1024
_PASSED_ON: Final = ("PATH", "HOME", "SSH_AUTH_SOCK", "LANG", "LC_ALL", "TMPDIR", "XDG_RUNTIME_DIR")
_KEY: Final = re.compile(r"(?P<key>[a-z0-9@.-]{6,60} [A-Za-z0-9+/]{40,8000}={0,3})(?: .*)?")
_SIGNATURE: Final = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n(?:[A-Za-z0-9+/=]{1,76}\n){1,400}-----END SSH SIGNATURE-----\n?"
)


def public_key(line: str) -> str:
    """Return type and key of a line such as `ssh-ed25519 AAAA… comment`; empty when it is none."""
    found = _KEY.fullmatch(line.strip())
    return found["key"] if found else ""


def fingerprint(key: str) -> str:
    """Return `SHA256:…` of a public key, as OpenSSH writes it; raises `ValueError` when it is none."""
    try:
        raw = base64.b64decode(key.split()[1], validate=True)
    except (IndexError, binascii.Error) as error:
        raise ValueError("it is not a public key") from error
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


class OpenSsh:
    """One agent and one set of programs."""

    def __init__(self, environ: Mapping[str, str], seconds: float = SECONDS) -> None:
        self._environ = {name: environ[name] for name in _PASSED_ON if name in environ}
        # A program that wants to ask finds neither a terminal (own session) nor a window.
        self._environ["SSH_ASKPASS_REQUIRE"] = "never"
        self._seconds = seconds

    def agent_keys(self) -> tuple[str, ...]:
        """Return the public keys in the agent, in its order; none when there is no agent."""
        if not self._environ.get("SSH_AUTH_SOCK"):
            return ()
        answer = self._ask(["ssh-add", "-L"])
        lines = answer.decode("utf-8", "replace").splitlines() if answer is not None else []
        return tuple(key for line in lines if (key := public_key(line)))

    def sign(self, message: bytes, namespace: str, key: str) -> str:
        """Return the armoured signature by this key of the agent; empty when it cannot be had at once."""
        with _files(key=key + "\n") as files:
            signature = self._ask(
                ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(files / "key")], message
            )
        text = signature.decode("ascii", "replace") if signature is not None else ""
        return text if _SIGNATURE.fullmatch(text) else ""

    def signer(self, message: bytes, namespace: str, signature: str, signers: Iterable[Signer]) -> tuple[str, str]:
        """Return whose key made the signature, and that key's fingerprint; two empty texts for nobody's."""
        known = [signer for signer in signers if "\n" not in signer.principal + signer.key]
        if not known or not _SIGNATURE.fullmatch(signature):
            return "", ""
        # A number instead of the name: what a name may contain has no meaning to the program then.
        allowed = "".join(f"{place} {signer.key}\n" for place, signer in enumerate(known))
        with _files(allowed=allowed, signature=signature) as files:
            common = ["-n", namespace, "-f", str(files / "allowed"), "-s", str(files / "signature")]
            found = self._ask(["ssh-keygen", "-Y", "find-principals", *common])
            place = found.decode("ascii", "replace").split("\n")[0].strip() if found is not None else ""
            if not place.isdecimal() or int(place) >= len(known):
                return "", ""
            good = self._ask(["ssh-keygen", "-q", "-Y", "verify", "-I", place, *common], message)
        if good is None:
            return "", ""
        return known[int(place)].principal, fingerprint(known[int(place)].key)

    def _ask(self, command: Sequence[str], given: bytes = b"") -> bytes | None:
        """Return what a program prints when it ends well and in time; None otherwise, without a word to anybody."""
        program = shutil.which(command[0], path=self._environ.get("PATH"))
        if program is None:
            return None
        try:
            done = subprocess.run(  # noqa: S603 - a list without a shell
                [program, *command[1:]],
                input=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environ,
                cwd="/",
                timeout=self._seconds,
                start_new_session=True,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout if done.returncode == 0 and len(done.stdout) <= MOST_BYTES else None


@contextmanager
def _files(**texts: str) -> Iterator[Path]:
    """Give a directory of our own with these files, for programs that take names only."""
    with tempfile.TemporaryDirectory(prefix="modeltui-") as name:
        directory = Path(name)
        for file, text in texts.items():
            descriptor = os.open(directory / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(text)
        yield directory
