"""The program `git`, run within bounds: no shell, no prompt, no hook, no helper that a repository names.

Why each setting is there: a repository's own configuration and attributes may name programs (CVE-2022-24765,
CVE-2024-32004 and their kin), addresses may name transports (`ext::`), objects may be replaced, and a partial copy
fetches by itself what is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from typing import Final

from modeltui.adapters._git.address import Address
from modeltui.adapters._git.failures import failure
from modeltui.domain.errors import BackendMalformed, BackendUnavailable
from modeltui.domain.text import safe_text

MEBIBYTE: Final = 1 << 20
_CHUNK_BYTES: Final = 1 << 16
_MOST_COMPLAINT_BYTES: Final = 64 * 1024
_SECONDS_TO_END: Final = 1.0
"""Between asking a program to end, so that it takes its lock files away, and making it."""

_PASSED_ON: Final = """
    PATH HOME USER LOGNAME TMPDIR XDG_CONFIG_HOME XDG_RUNTIME_DIR SSH_AUTH_SOCK SSH_AGENT_PID GIT_SSH
    GIT_SSH_COMMAND GIT_SSH_VARIANT GIT_SSL_CAINFO GIT_SSL_CAPATH GIT_EXEC_PATH GIT_CONFIG_GLOBAL GIT_CONFIG_NOSYSTEM
    SSL_CERT_FILE SSL_CERT_DIR KRB5CCNAME http_proxy https_proxy no_proxy all_proxy HTTPS_PROXY NO_PROXY ALL_PROXY
"""
"""What of our own surroundings git may know."""
_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_PAGER": "cat",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GCM_INTERACTIVE": "never",
}
_SETTINGS: Final = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.askPass=",
    "core.pager=cat",
    "core.attributesFile=/dev/null",
    "protocol.ext.allow=never",
    "credential.interactive=false",
    "log.showSignature=false",
    "log.mailmap=false",
    "i18n.logOutputEncoding=UTF-8",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "submodule.recurse=false",
    "color.ui=false",
)
_TRANSPORTS: Final = "file:git:http:https:ssh"
_NO_TRANSPORT: Final = "none"
"""What only reads has no reason to talk to anybody, whatever the repository's configuration says."""


@dataclass(frozen=True, slots=True)
class Output:
    """What git printed."""

    code: int
    text: bytes
    complaint: bytes
    is_cut: bool = False
    """It printed more than was asked for, and was ended."""


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git for one source."""

    what: str
    """How errors begin: the source's name."""
    program: str = "git"
    deadline_seconds: float = 15.0

    async def run(
        self,
        git_directory: str,
        *arguments: str,
        stdin: bytes = b"",
        most_bytes: int = 16 * MEBIBYTE,
        may_cut: bool = False,
        may_fail: bool = False,
    ) -> Output:
        """Return what a reading command prints; it cannot reach the network.

        Raises `BackendError` when it fails (unless it may), takes too long, or prints more than `most_bytes` (unless
        that may be cut).
        """
        environment = {**_surroundings(), "GIT_ALLOW_PROTOCOL": _NO_TRANSPORT}
        command = [f"--git-dir={git_directory}", *arguments]
        output = await self._exchange(command, environment, stdin, most_bytes, self.deadline_seconds)
        if output.is_cut and not may_cut:
            raise BackendMalformed(
                f"{self.what}: git {arguments[0]} printed more than {most_bytes // MEBIBYTE} MiB",
                "Look at the repository: something in it is larger than such things are.",
            )
        if output.code and not output.is_cut and not may_fail:
            raise failure(self.what, output.complaint)
        return output

    async def talk(self, git_directory: str, *arguments: str, address: Address, deadline_seconds: float) -> None:
        """Run a command that talks to another repository; raises `BackendError`.

        Its credentials go with HTTP requests to its own server, and into no list of processes.
        """
        environment = {**_surroundings(), "GIT_ALLOW_PROTOCOL": _TRANSPORTS}
        if header := address.header:
            # Where its first request is sent elsewhere, git goes there with all the rest, this header included.
            environment |= {
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": f"http.{address.server}.extraHeader",
                "GIT_CONFIG_VALUE_0": header,
                "GIT_CONFIG_KEY_1": f"http.{address.server}.followRedirects",
                "GIT_CONFIG_VALUE_1": "false",
            }
        command = [f"--git-dir={git_directory}", *arguments]
        output = await self._exchange(command, environment, b"", MEBIBYTE, deadline_seconds)
        if output.code:
            raise failure(self.what, output.complaint)

    async def _exchange(
        self, arguments: list[str], environment: dict[str, str], stdin: bytes, most_bytes: int, deadline_seconds: float
    ) -> Output:
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        process = await self._start(
            [self.program, "--no-pager", "--literal-pathspecs", *settings, *arguments], environment
        )
        try:
            async with asyncio.timeout(deadline_seconds), asyncio.TaskGroup() as group:
                group.create_task(_feed(process, stdin))
                printed = group.create_task(_read(process.stdout, most_bytes))
                complained = group.create_task(_read_all(process.stderr, _MOST_COMPLAINT_BYTES))
                text, is_cut = await printed
                if is_cut:
                    _signal(process, signal.SIGKILL)
            code = await process.wait()
        except TimeoutError as error:
            raise BackendUnavailable(
                f"{self.what}: git did not finish within {deadline_seconds:g} s",
                "See whether the server, the network or the disk works; it is asked again by itself.",
            ) from error
        finally:
            await _ended(process)
        return Output(code, text, complained.result(), is_cut)

    async def _start(self, command: list[str], environment: dict[str, str]) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        try:
            return await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd="/", start_new_session=True
            )
        except FileNotFoundError as error:
            raise BackendUnavailable(
                f"{self.what}: there is no program git here", "Install git, 2.30 or newer."
            ) from error
        except (OSError, ValueError) as error:
            raise BackendUnavailable(
                safe_text(f"{self.what}: git cannot be started: {error}"), "See whether git works for this account."
            ) from error


def _surroundings() -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON.split() if name in os.environ} | _ENVIRONMENT


async def _feed(process: asyncio.subprocess.Process, stdin: bytes) -> None:
    writer = process.stdin
    if writer is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        if stdin:
            writer.write(stdin)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


async def _read(reader: asyncio.StreamReader | None, most_bytes: int) -> tuple[bytes, bool]:
    """Return what comes, up to `most_bytes`, and whether there was more."""
    chunks, length = [], 0
    while reader is not None and (chunk := await reader.read(_CHUNK_BYTES)):
        chunks.append(chunk)
        length += len(chunk)
        if length > most_bytes:
            return b"".join(chunks)[:most_bytes], True
    return b"".join(chunks), False


async def _read_all(reader: asyncio.StreamReader | None, most_bytes: int) -> bytes:
    """Return the beginning of what comes; the rest is read and forgotten, so that nobody waits to write it."""
    kept = b""
    while reader is not None and (chunk := await reader.read(_CHUNK_BYTES)):
        kept = (kept + chunk)[:most_bytes]
    return kept


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Return when it and all that it started have ended."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS_TO_END):
                await process.wait()
    _signal(process, signal.SIGKILL)
    if process.returncode is None:
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
