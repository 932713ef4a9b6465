"""The operator of this process, by the operating system and by the ssh agent."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import pwd
import secrets
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from modeltui.adapters.identity.ssh import SECONDS, OpenSsh, fingerprint
from modeltui.domain.acting.access import DEFAULT_ACCESS, AccessPolicy
from modeltui.domain.identity import Actor, Assurance, SignedBy
from modeltui.domain.names import UNKNOWN, Unknown
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.identity import Identity
from modeltui.ports.rules import Rules

NAMESPACE: Final = "modeltui-identity"
"""A signature for one purpose is worth nothing for another."""
MOST_KEYS: Final = 4
"""Keys of the agent that are tried: each costs some milliseconds, and a broken one its whole time limit."""
_LOGIN_USER = Path("/proc/self/loginuid")
_NOBODY_LOGGED_IN: Final = 2**32 - 1


class SystemIdentity:
    """Says who sits here. Asks nobody anything: what cannot be shown without a question is not shown."""

    def __init__(
        self,
        access: AccessPolicy | Rules = DEFAULT_ACCESS,
        environ: Mapping[str, str] | None = None,
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._rules = access
        self._environ = dict(os.environ if environ is None else environ)
        self._ssh = OpenSsh(self._environ, seconds)
        self._silent: set[str] = set()
        """Keys that signed nothing in time: they want to be touched or confirmed, and nobody is to be asked again."""

    @property
    def _access(self) -> AccessPolicy:
        return self._rules if isinstance(self._rules, AccessPolicy) else self._rules.policy

    async def actor(self) -> Actor:
        """Return who it is, with the strongest assurance that can be had without asking anything.

        By a key: an agent's key that the policy knows has just signed a challenge. By the OS user: never surer than
        whoever administers this machine.
        """
        return await asyncio.to_thread(self._actor)

    async def sign(self, message: bytes, namespace: str) -> SafeText | Unknown:
        """Return an armoured SSH signature by a key of the agent; unknown when there is no agent or no key.

        By a key that the policy knows where there is one. The text has several lines: it is for stores, not for
        screens.
        """
        return await asyncio.to_thread(self._sign, message, namespace)

    async def signer(self, message: bytes, namespace: str, signature: str) -> SignedBy | Unknown:
        """Return whose key made `signature`, and which, by the policy's allowed signers; unknown for nobody's."""
        found, key = await asyncio.to_thread(self._ssh.signer, message, namespace, signature, self._access.signers)
        return SignedBy(safe_text(found), safe_text(key)) if found else UNKNOWN

    def _actor(self) -> Actor:
        actor = os_actor(self._access, self._environ)
        known = {str(signer.key): signer for signer in self._access.signers}
        if not known:
            return actor
        keys = [key for key in self._ssh.agent_keys() if key in known and key not in self._silent]
        for key in keys[:MOST_KEYS]:
            challenge = secrets.token_bytes(32)
            signature = self._ssh.sign(challenge, NAMESPACE, key)
            if not signature:
                self._silent.add(key)
                continue
            principal, shown = self._ssh.signer(challenge, NAMESPACE, signature, [known[key]])
            if principal:
                return replace(
                    actor, principal=safe_text(principal), assurance=Assurance.SSH_KEY, ssh_key=safe_text(shown)
                )
        return actor

    def _sign(self, message: bytes, namespace: str) -> SafeText | Unknown:
        known = {signer.key for signer in self._access.signers}
        keys = [key for key in self._ssh.agent_keys() if key not in self._silent]
        keys.sort(key=lambda key: key not in known)
        for key in keys[:MOST_KEYS]:
            signature = self._ssh.sign(message, namespace, key)
            if signature:
                return SafeText(signature)
            self._silent.add(key)
        return UNKNOWN


def os_actor(access: AccessPolicy, environ: Mapping[str, str]) -> Actor:
    """Return the user that the operating system knows, never the one that `$USER` says."""
    account = _name_of(os.geteuid())
    person = account
    if os.geteuid() == 0:
        person = _before_root(environ) or account
    is_shared = person in access.shared_accounts
    return Actor(
        principal=safe_text(person),
        assurance=Assurance.NONE if is_shared else Assurance.OS_USER,
        os_user=safe_text(person if person == account else f"{person} as {account}"),
        host=safe_text(os.uname().nodename),
        client=_client(environ),
    )


def _before_root(environ: Mapping[str, str]) -> str:
    """Return who became root: by the login that the kernel remembers, else by what sudo says; empty for nobody."""
    try:
        login = int(_LOGIN_USER.read_text(encoding="ascii"))
    except (OSError, ValueError):
        login = _NOBODY_LOGGED_IN
    if login not in (0, _NOBODY_LOGGED_IN):
        return _name_of(login)
    name, uid = environ.get("SUDO_USER", ""), environ.get("SUDO_UID", "")
    try:
        return name if name != "root" and pwd.getpwnam(name).pw_uid == int(uid) else ""
    except (KeyError, ValueError):
        return ""


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


def _client(environ: Mapping[str, str]) -> SafeText | Unknown:
    """Return the address that the session comes from, if what stands there is one."""
    first = environ.get("SSH_CONNECTION", "").split(" ")[0]
    try:
        return safe_text(str(ipaddress.ip_address(first.partition("%")[0])))
    except ValueError:
        return UNKNOWN


__all__ = ["NAMESPACE", "SystemIdentity", "fingerprint", "os_actor"]

_: type[Identity] = SystemIdentity
