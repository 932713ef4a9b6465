"""Two operators with one shared record: one asks for a promotion, the other approves from elsewhere, the first goes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.acting import Measured, answer_guard, guard_text, observed_share
from tests.e2e.stage import MODELTUI, Object, environment, target_of
from tests.servers.policy import require_program
from tests.servers.postgresql import PostgresServer
from tests.terminal import SOURCE, Terminal
from tests.tui.story_world import RunningWorld, running_world

pytestmark = [pytest.mark.servers, pytest.mark.terminal, pytest.mark.broad, pytest.mark.timeout(300)]

TARGET, OLD, NEW = "credit-scorer@prod-hk", "4.2.1", "5.0.0"
WHY = ("--reason", "gates are green since Tuesday")


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody with a key in an agent of their own, at a process of their own."""

    name: str
    public_key: str
    environ: dict[str, str]
    config: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The finished command, as this operator."""
        return subprocess.run(
            [*MODELTUI, "--config", str(self.config), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environ,
            timeout=150,
        )

    def status(self) -> Object:
        """The target as this operator sees it."""
        answer: Object = json.loads(self.run("status", "--json").stdout)
        return target_of(answer, *TARGET.split("@"))


@pytest.fixture
def agents() -> Iterator[Callable[[], tuple[str, str]]]:
    """Starts ssh agents with one key each; gives the socket and the public half."""
    for program in ("ssh-agent", "ssh-add", "ssh-keygen"):
        require_program(program, "openssh-client")
    directory = Path(tempfile.mkdtemp(prefix="mt-", dir="/tmp"))  # a socket's path has a hundred characters at most
    running: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[str, str]:
        number = len(running)
        socket, key = directory / f"s{number}", directory / f"k{number}"
        running.append(subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL))
        give_up_at = time.monotonic() + 10.0
        while not socket.exists() and time.monotonic() < give_up_at:
            time.sleep(0.01)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        environ = {"PATH": os.environ["PATH"], "HOME": str(directory), "SSH_AUTH_SOCK": str(socket)}
        subprocess.run(["ssh-add", "-q", key], check=True, env=environ)
        public = " ".join(key.with_suffix(".pub").read_text(encoding="ascii").split()[:2])
        key.unlink()
        return str(socket), public

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        process.wait(5.0)
    shutil.rmtree(directory)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RunningWorld]:
    """A world of its own."""
    with running_world(tmp_path / "world", speed=5.0) as running:
        yield running


@pytest.fixture
def operators(
    world: RunningWorld, postgres: PostgresServer, agents: Callable[[], tuple[str, str]], tmp_path: Path
) -> tuple[Operator, Operator]:
    """Ann and Bob: the same world, the same policy, the same database, each with a key of their own."""
    keys = {name: agents() for name in ("ann", "bob")}
    policy = tmp_path / "access.yaml"
    signers = {name: [public] for name, (_, public) in keys.items()}
    rules = [{"name": "by-key", "may": ["abort", "rollback", "promote"], "assurance": "ssh-key"}]
    policy.write_text(json.dumps({"access": 1, "signers": signers, "rules": rules}), encoding="utf-8")
    policy.chmod(0o644)
    text = world.config.read_text(encoding="utf-8")
    own = "      directory: journal"
    assert own in text
    line = next(line for line in text.splitlines() if line.startswith(own))
    shared = text.replace(line, "      shared: env:MODELTUI_TEST_DATABASE").replace(
        "    simulated: true", f"    access: {policy}\n    simulated: true"
    )
    config = world.directory / "shared.yaml"
    config.write_text(shared, encoding="utf-8")
    url = postgres.new_schema()

    def made(name: str) -> Operator:
        socket, public = keys[name]
        more = {"SSH_AUTH_SOCK": socket, "MODELTUI_TEST_DATABASE": url, "PYTHONPATH": str(SOURCE)}
        own_state = {f"XDG_{kind}_HOME": str(tmp_path / name / kind.lower()) for kind in ("STATE", "CACHE", "CONFIG")}
        return Operator(name, public, environment() | more | own_state, config)

    return made("ann"), made("bob")


def test_one_asks_another_approves_the_first_goes(
    operators: tuple[Operator, Operator], tmp_path: Path, measured: Measured
) -> None:
    """Nobody promotes alone: not without a word, not by one's own; with the other's the candidate serves all."""
    ann, bob = operators
    out = str(tmp_path / "plan.json")
    made = ann.run("plan", "promote", TARGET, "--out", out)
    assert made.returncode == 0, made.stdout + made.stderr
    plan = json.loads(Path(out).read_text())
    assert plan["actor"]["principal"] == "ann"
    flags = [word for check in plan["checks"] if check["result"] != "pass" for word in ("--acknowledge", check["name"])]
    go = ("apply", out, "--plan-hash", plan["hash"], *WHY, *flags)

    asked = ann.run(*go)
    assert asked.returncode == 3, asked.stdout + asked.stderr
    assert f"approve {plan['hash'][7:19]}" in asked.stderr
    own = ann.run("approve", plan["hash"])
    assert own.returncode == 3, own.stdout + own.stderr
    still = ann.run(*go)
    assert still.returncode == 3, still.stdout + still.stderr
    assert observed_share(ann.status(), NEW) < 0.5

    waiting = bob.run("approve")
    assert f"promote {TARGET} to {NEW}" in waiting.stdout
    command = [*MODELTUI, "--config", str(bob.config), "approve", plan["hash"][7:19], "--reason", "looked at the gates"]
    started = time.monotonic()
    with Terminal(command, size=(110, 60), env=bob.environ) as terminal:
        terminal.wait_for(lambda lines: guard_text(lines) == plan["hash"][-6:], 30.0)
        measured(f"approve to plan shown in a process of its own: {time.monotonic() - started:.2f} s")
        answer_guard(terminal)
        assert terminal.wait_exit(30.0) == 0, terminal.text()
        assert f"approved: {plan['hash'][:40]}" in terminal.text()

    done = ann.run(*go, "--json")
    outcome = json.loads(done.stdout)
    assert (done.returncode, outcome["outcome"]) == (0, "verified"), done.stdout + done.stderr
    after = bob.status()
    assert (after["serving"], after["desired"]) == (NEW, NEW)
    assert observed_share(after, NEW) > 0.98

    record = bob.run("journal", "list", "--plan", plan["hash"], "--json")
    kinds = [one["kind"] for one in json.loads(record.stdout)["records"]]
    assert kinds.index("approval.asked") < kinds.index("approval.granted") < kinds.index("action.intent")
    verified = bob.run("journal", "verify", "--json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    ended = max(one["seq"] for one in json.loads(record.stdout)["records"] if one["kind"] == "action.outcome")
    assert json.loads(verified.stdout)["signed_to_seq"] >= ended, verified.stdout  # by Ann's key, checked by Bob
    served = json.loads(bob.run("journal", "as-of", "0s", "--model", TARGET, "--json").stdout)["serving"]
    by = [one for one in served if one["version"] == NEW]
    assert by, served
    assert any("bob" in name for name in by[0]["approved_by"]), by


def test_one_no_ends_a_plan(operators: tuple[Operator, Operator], tmp_path: Path) -> None:
    """Bob denies: Ann's plan can no longer be carried out, and she reads why; nothing was sent."""
    ann, bob = operators
    out = str(tmp_path / "plan.json")
    assert ann.run("plan", "promote", TARGET, "--out", out).returncode == 0
    plan = json.loads(Path(out).read_text())
    flags = [word for check in plan["checks"] if check["result"] != "pass" for word in ("--acknowledge", check["name"])]
    go = ("apply", out, "--plan-hash", plan["hash"], *WHY, *flags)
    assert ann.run(*go).returncode == 3
    denied = bob.run("deny", plan["hash"][7:19], "--reason", "drift is not judged yet")
    assert denied.returncode == 0, denied.stdout + denied.stderr
    refused = ann.run(*go)
    assert refused.returncode == 3
    assert "denied" in refused.stderr
    late = bob.run("approve", plan["hash"])
    assert late.returncode == 3 or ann.run(*go).returncode == 3
    kinds = [one["kind"] for one in json.loads(ann.run("journal", "list", "--json").stdout)["records"]]
    assert "action.intent" not in kinds
    assert observed_share(ann.status(), OLD) > 0.5
