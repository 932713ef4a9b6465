"""Who sits here, with real keys in a real ssh agent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from modeltui.adapters.identity import SystemIdentity
from modeltui.adapters.identity import system_identity as module
from modeltui.adapters.identity.ssh import OpenSsh, fingerprint, public_key
from modeltui.adapters.journal import open_journal
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.acting.access import AccessPolicy, Signer
from modeltui.domain.identity import Assurance, SignedBy
from modeltui.domain.journal.record import Entry, RecordKind
from modeltui.domain.names import UNKNOWN, Instant
from modeltui.domain.text import SafeText
from tests.servers.policy import require_program

# A real agent and real keys.
pytestmark = pytest.mark.broad

MESSAGE = b"sha256:abc\n"
NAMESPACE = "modeltui-approval"


@dataclass
class Agent:
    """A running ssh agent with keys in it, whose files are gone."""

    environ: dict[str, str]
    keys: list[str]

    def listed(self) -> str:
        """Return what OpenSSH itself tells of the keys."""
        return subprocess.run(["ssh-add", "-l"], capture_output=True, text=True, env=self.environ).stdout

    def policy(self, *principals: str) -> AccessPolicy:
        """Return a policy that knows the first keys by these names."""
        pairs = zip(principals, self.keys, strict=False)
        return AccessPolicy(signers=tuple(Signer(SafeText(name), SafeText(key)) for name, key in pairs))

    def identity(self, policy: AccessPolicy, **more: str) -> SystemIdentity:
        """Return who sits here by this agent."""
        return SystemIdentity(policy, {**self.environ, **more})


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """An agent with two keys, ended with the test."""
    for program in ("ssh-agent", "ssh-add", "ssh-keygen"):
        require_program(program, "openssh-client")
    # The path of a socket has a hundred characters at most.
    short = Path("/tmp") / f"modeltui-agent-{os.getpid()}-{threading.get_ident() % 100_000}"
    short.mkdir(mode=0o700)
    socket = short / "socket"
    running = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        give_up_at = time.monotonic() + 10.0
        while not socket.exists() and time.monotonic() < give_up_at:
            time.sleep(0.01)
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "SSH_AUTH_SOCK": str(socket)}
        keys = [_added(tmp_path / f"key{number}", environ) for number in range(2)]
        yield Agent(environ, keys)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(5.0)
        shutil.rmtree(short)


def _added(file: Path, environ: dict[str, str]) -> str:
    """Make a key, give it to the agent, and return its public half; the private half is in the agent alone."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a b", "-f", file], check=True)
    subprocess.run(["ssh-add", "-q", file], check=True, env=environ)
    key = public_key(file.with_suffix(".pub").read_text(encoding="ascii"))
    file.unlink()
    file.with_suffix(".pub").unlink()
    return key


async def test_a_key_that_the_policy_knows_says_who_it_is(agent: Agent) -> None:
    """Whoever has a key in the agent that the policy knows is that person, by a signature made just now."""
    actor = await agent.identity(agent.policy("alice@example.com")).actor()
    assert (actor.principal, actor.assurance) == ("alice@example.com", Assurance.SSH_KEY)
    assert actor.ssh_key == fingerprint(agent.keys[0])
    assert str(actor.ssh_key) in agent.listed()


async def test_a_key_that_nobody_knows_says_nothing(agent: Agent) -> None:
    """Keys that the policy does not know change nothing: it is the OS user, as without an agent."""
    unknown = AccessPolicy(signers=(Signer(SafeText("alice"), SafeText(agent.keys[0][:-4] + "AAAA")),))
    for policy in (AccessPolicy(), unknown):
        actor = await agent.identity(policy).actor()
        assert (actor.assurance, actor.ssh_key) == (Assurance.OS_USER, UNKNOWN)


async def test_the_right_one_of_several_keys_is_found(agent: Agent) -> None:
    """With many keys in the agent, the one that the policy knows is used, wherever it stands."""
    policy = AccessPolicy(signers=(Signer(SafeText("bob"), SafeText(agent.keys[1])),))
    actor = await agent.identity(policy).actor()
    assert (actor.principal, actor.ssh_key) == ("bob", fingerprint(agent.keys[1]))


async def test_a_signature_leads_back_to_its_signer(agent: Agent) -> None:
    """What one operator signs, everybody with the policy can tell whose it is."""
    identity = agent.identity(agent.policy("alice", "bob"))
    signature = await identity.sign(MESSAGE, NAMESPACE)
    assert isinstance(signature, str)
    elsewhere = SystemIdentity(agent.policy("alice", "bob"), {"PATH": os.environ["PATH"]})
    assert await elsewhere.signer(MESSAGE, NAMESPACE, signature) == SignedBy(
        SafeText("alice"), SafeText(fingerprint(agent.keys[0]))
    )


async def test_a_signature_is_for_one_message_and_one_purpose(agent: Agent) -> None:
    """Another message, another purpose, a changed signature or a key that was taken out: nobody's."""
    identity = agent.identity(agent.policy("alice"))
    signature = str(await identity.sign(MESSAGE, NAMESPACE))
    middle = len(signature) // 2
    changed = signature[:middle] + ("B" if signature[middle] != "B" else "C") + signature[middle + 1 :]
    assert await identity.signer(MESSAGE + b" ", NAMESPACE, signature) is UNKNOWN
    assert await identity.signer(MESSAGE, "modeltui-checkpoint", signature) is UNKNOWN
    assert await identity.signer(MESSAGE, NAMESPACE, changed) is UNKNOWN
    assert await identity.signer(MESSAGE, NAMESPACE, "") is UNKNOWN
    assert await identity.signer(MESSAGE, NAMESPACE, "-----BEGIN SSH SIGNATURE-----\n") is UNKNOWN
    assert await agent.identity(AccessPolicy()).signer(MESSAGE, NAMESPACE, signature) is UNKNOWN
    other = AccessPolicy(signers=(Signer(SafeText("bob"), SafeText(agent.keys[1])),))
    assert await agent.identity(other).signer(MESSAGE, NAMESPACE, signature) is UNKNOWN


async def test_a_hostile_name_in_the_policy_is_only_a_name(agent: Agent) -> None:
    """A principal that looks like an option, a pattern or a second line is told as it stands, or as nobody."""
    for name in ("*", "-O help", 'a namespaces="x"', "alice,bob"):
        policy = AccessPolicy(signers=(Signer(SafeText(name), SafeText(agent.keys[0])),))
        identity = agent.identity(policy)
        signature = str(await identity.sign(MESSAGE, NAMESPACE))
        signed = await identity.signer(MESSAGE, NAMESPACE, signature)
        assert isinstance(signed, SignedBy)
        assert signed.principal == name


async def test_without_an_agent_nothing_is_signed(tmp_path: Path) -> None:
    """Without an agent, with a dead one and without OpenSSH at all, it is quietly the OS user."""
    policy = AccessPolicy(signers=(Signer(SafeText("alice"), SafeText("ssh-ed25519 " + "A" * 68)),))
    path = os.environ["PATH"]
    for environ in ({"PATH": path}, {"PATH": path, "SSH_AUTH_SOCK": str(tmp_path / "dead")}, {"PATH": str(tmp_path)}):
        identity = SystemIdentity(policy, environ)
        assert await identity.sign(MESSAGE, NAMESPACE) is UNKNOWN
        assert (await identity.actor()).assurance is Assurance.OS_USER


async def test_an_agent_that_hangs_costs_its_time_limit(agent: Agent, tmp_path: Path) -> None:
    """An agent that never answers, as one that waits for a touch, is given up, and nothing of it is left behind."""
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "ssh-add").write_text("#!/bin/sh\nexec sleep 30\n", encoding="ascii")
    (slow / "ssh-add").chmod(0o755)
    environ = {**agent.environ, "PATH": f"{slow}:{os.environ['PATH']}"}
    began = time.monotonic()
    identity = SystemIdentity(agent.policy("alice"), environ, seconds=0.3)
    assert (await identity.actor()).assurance is Assurance.OS_USER
    assert time.monotonic() - began < 3.0


async def test_a_key_that_wants_to_be_touched_is_asked_once(agent: Agent, tmp_path: Path) -> None:
    """A key that waits for a touch costs its time limit once, not each time somebody wants to know who sits here."""
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "ssh-keygen").write_text(f"#!/bin/sh\necho x >> {tmp_path}/asked\nexec sleep 30\n", encoding="ascii")
    (slow / "ssh-keygen").chmod(0o755)
    environ = {**agent.environ, "PATH": f"{slow}:{os.environ['PATH']}"}
    identity = SystemIdentity(agent.policy("alice"), environ, seconds=0.3)
    for _ in range(3):
        assert (await identity.actor()).assurance is Assurance.OS_USER
    assert (tmp_path / "asked").read_text(encoding="ascii") == "x\n"


async def test_a_key_that_wants_to_be_touched_signs_no_checkpoint_twice(agent: Agent, tmp_path: Path) -> None:
    """Every key of the agent waits for a touch: each is asked once for a signature, not for each checkpoint again."""
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "ssh-keygen").write_text(f"#!/bin/sh\necho x >> {tmp_path}/asked\nexec sleep 30\n", encoding="ascii")
    (slow / "ssh-keygen").chmod(0o755)
    environ = {**agent.environ, "PATH": f"{slow}:{os.environ['PATH']}"}
    identity = SystemIdentity(agent.policy("alice"), environ, seconds=0.3)
    for _ in range(3):
        assert await identity.sign(MESSAGE, NAMESPACE) is UNKNOWN
    assert (tmp_path / "asked").read_text(encoding="ascii") == "x\n" * len(agent.keys)


def test_nothing_can_ask_the_operator_anything(tmp_path: Path) -> None:
    """OpenSSH finds no terminal and no window to ask on, and none of our secrets in its environment."""
    (tmp_path / "ssh-add").write_text(
        f"#!/bin/sh\nenv > {tmp_path}/seen\ncut -d ' ' -f 6 /proc/$$/stat > {tmp_path}/session\n", encoding="ascii"
    )
    (tmp_path / "ssh-add").chmod(0o755)
    environ = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "SSH_AUTH_SOCK": "/nowhere",
        "DISPLAY": ":0",
        "SSH_ASKPASS": "/usr/bin/ask",
        "REGISTRY_TOKEN": "s3cret",
    }
    assert OpenSsh(environ).agent_keys() == ()
    seen = (tmp_path / "seen").read_text(encoding="utf-8")
    assert "SSH_ASKPASS_REQUIRE=never" in seen
    assert "DISPLAY" not in seen
    assert "SSH_ASKPASS=" not in seen
    assert "s3cret" not in seen
    session = int((tmp_path / "session").read_text(encoding="ascii"))
    assert session != os.getsid(0), "in the operator's session it would have the operator's terminal"


# The operating system


async def test_the_environment_cannot_say_who_it_is() -> None:
    """The name is the system's: USER and LOGNAME change nothing."""
    plain = await SystemIdentity(AccessPolicy(), {}).actor()
    dressed = await SystemIdentity(AccessPolicy(), {"USER": "mallory", "LOGNAME": "mallory"}).actor()
    assert plain == dressed
    assert plain.assurance is Assurance.OS_USER
    assert plain.host == os.uname().nodename


@pytest.mark.parametrize(
    ("connection", "client"),
    [
        ("192.0.2.7 50000 192.0.2.1 22", "192.0.2.7"),
        ("2001:db8::7 50000 2001:db8::1 22", "2001:db8::7"),
        ("fe80::1%eth0 50000 fe80::2 22", "fe80::1"),
        ("\x1b]52;c;x\x07 1 2 3", UNKNOWN),
        ("", UNKNOWN),
    ],
)
async def test_the_client_of_an_ssh_session_is_told(connection: str, client: object) -> None:
    """Where the session comes from stands beside the name, if it is an address."""
    actor = await SystemIdentity(AccessPolicy(), {"SSH_CONNECTION": connection}).actor()
    assert actor.client == client


async def test_a_shared_account_proves_nobody(agent: Agent) -> None:
    """Behind an account that the policy calls shared, only a key says who it is."""
    name = SafeText(str((await SystemIdentity(AccessPolicy(), {}).actor()).principal))
    shared = frozenset({name})
    actor = await agent.identity(AccessPolicy(shared_accounts=shared)).actor()
    assert (actor.principal, actor.assurance) == (name, Assurance.NONE)
    known = await agent.identity(replace(agent.policy("alice"), shared_accounts=shared)).actor()
    assert (known.principal, known.assurance, known.os_user) == ("alice", Assurance.SSH_KEY, name)


async def test_sudo_keeps_the_person(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Who became root is told by the login that the kernel remembers, else by sudo, and never by a name alone."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(module, "_LOGIN_USER", tmp_path / "loginuid")
    sudo = {"SUDO_USER": "daemon", "SUDO_UID": "1"}

    async def told(environ: dict[str, str]) -> tuple[str, str]:
        actor = await SystemIdentity(AccessPolicy(), environ).actor()
        return str(actor.principal), str(actor.os_user)

    assert await told(sudo) == ("daemon", "daemon as root")
    assert await told({"SUDO_USER": "daemon", "SUDO_UID": "2"}) == ("root", "root")
    assert await told({"SUDO_USER": "no-such-user", "SUDO_UID": "1"}) == ("root", "root")
    assert await told({"SUDO_USER": "daemon"}) == ("root", "root")
    (tmp_path / "loginuid").write_text("4294967295", encoding="ascii")
    assert await told(sudo) == ("daemon", "daemon as root")
    (tmp_path / "loginuid").write_text("2", encoding="ascii")
    assert await told(sudo) == ("bin", "bin as root")


async def test_a_checkpoint_of_the_journal_is_signed_by_the_agent(agent: Agent, tmp_path: Path) -> None:
    """What an operator's key signed of the journal, everybody with the policy can check; without the key nobody can."""
    identity = agent.identity(agent.policy("alice"))
    directory = tmp_path / "journal"
    async with open_journal(directory, SystemClock(), identity) as journal:
        outcome = await journal.append(
            Entry(RecordKind.ACTION_OUTCOME, Instant(1_767_268_800.0), await identity.actor(), SafeText("prod"))
        )
    assert "BEGIN SSH SIGNATURE" in (directory / "checkpoints.jsonl").read_text()
    anybody = SystemIdentity(agent.policy("alice"), {"PATH": os.environ["PATH"]})
    assert (await open_journal(directory, SystemClock(), anybody).verify()).signed_to_seq == outcome.seq
    stranger = SystemIdentity(AccessPolicy(), {"PATH": os.environ["PATH"]})
    assert (await open_journal(directory, SystemClock(), stranger).verify()).signed_to_seq is UNKNOWN
    kept = directory / "checkpoints.jsonl"
    kept.write_text(kept.read_text().replace(f"head {outcome.hash}", f"head {'0' * 64}"))
    changed = await open_journal(directory, SystemClock(), anybody).verify()
    assert (changed.is_whole, changed.signed_to_seq) == (False, UNKNOWN)
