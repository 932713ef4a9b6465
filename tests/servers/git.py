"""Repositories of git, written as people write them: clones, commits, tags, a bare remote, a daemon on loopback."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BEGIN = 1_767_225_600
"""2026-01-01 00:00 UTC: the time of the first commit; each one after it is a minute later."""


@dataclass
class Clone:
    """A work tree; each commit and tag is a minute after the one before."""

    path: Path
    person: str = "Ada Lovelace"
    now: int = BEGIN
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, path: Path) -> Clone:
        """A repository that begins here."""
        path.mkdir(parents=True)
        clone = cls(path)
        clone.git("init", "--quiet", "--initial-branch=main")
        return clone

    @classmethod
    def of(cls, remote: str | Path, path: Path, person: str = "Ada Lovelace") -> Clone:
        """A clone of a remote."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["git", "clone", "--quiet", str(remote), str(path)], check=True, capture_output=True, env=_environment()
        )
        clone = cls(path, person)
        clone.git("checkout", "--quiet", "-B", "main")
        return clone

    def surroundings(self) -> dict[str, str]:
        """Environment variables of whoever works here now; time passes."""
        self.now += 60
        who = {
            "NAME": self.person,
            "EMAIL": f"{self.person.split()[0].lower()}@example.com",
            "DATE": f"{self.now} +0000",
        }
        roles = {f"GIT_{role}_{part}": said for role in ("AUTHOR", "COMMITTER") for part, said in who.items()}
        return {**_environment(), **roles, **self.environment}

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        """What git prints."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, input=stdin, capture_output=True, env=self.surroundings(), check=False
        )
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files into the work tree."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, files: Mapping[str, str | bytes], message: str = "Change it") -> str:
        """The id of a commit with these files."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        """The id of the newest commit."""
        return self.git("rev-parse", "HEAD")

    def tag(self, name: str, commit: str = "HEAD", message: str = "") -> None:
        """Make an annotated tag."""
        self.git("tag", "--annotate", "--message", message or f"Tag {name}", name, commit)

    def push(self, *arguments: str) -> None:
        """Push the branch and all tags."""
        self.git("push", "--quiet", *arguments, "origin", "HEAD:main", "--tags")


def bare(path: Path) -> Path:
    """An empty repository for others to push to, that gives parts of itself when asked for parts."""
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)], check=True, env=_environment()
    )
    subprocess.run(["git", "-C", str(path), "config", "uploadpack.allowFilter", "true"], check=True, env=_environment())
    return path


@contextlib.contextmanager
def daemon(base: Path) -> Iterator[str]:
    """The address of a `git daemon` on loopback that serves the repositories below a folder."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port = asked.getsockname()[1]
    process = subprocess.Popen(
        ["git", "daemon", "--export-all", "--listen=127.0.0.1", f"--port={port}", f"--base-path={base}", "--reuseaddr"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        start_new_session=True,
    )
    try:
        give_up_at = time.monotonic() + 10
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert process.poll() is None, "git daemon did not start"
            assert time.monotonic() < give_up_at, "git daemon does not listen"
            time.sleep(0.02)
        yield f"git://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait(timeout=10)


def is_commit(text: str) -> bool:
    """Whether a text is the whole id of a commit."""
    return re.fullmatch(r"[0-9a-f]{40}", text) is not None


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": "/nonexistent", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


@contextlib.contextmanager
def http(base: Path, token: str = "") -> Iterator[str]:
    """The address of a server on loopback that speaks git's protocol over HTTP; with a token, only to who has it."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
            if token and given.partition(":")[2] != token:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._from_git(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def do_POST(self) -> None:
            self.do_GET()

        def _from_git(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            variables = {
                "GIT_PROJECT_ROOT": str(base),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            }
            done = subprocess.run(
                ["git", "http-backend"],
                input=body,
                capture_output=True,
                env={**_environment(), **variables},
                check=False,
            )
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
