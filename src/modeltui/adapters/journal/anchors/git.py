"""A git repository for the audit: each checkpoint is a commit, which whoever fetches it keeps."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from pathlib import Path
from typing import Final

from modeltui.adapters.journal.checkpoints import add_checkpoint, checkpoints_in
from modeltui.adapters.journal.files import FilesElsewhere
from modeltui.adapters.system.own_threads import answered
from modeltui.domain.errors import BackendRefused, BackendUnavailable
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.anchor import Anchor, SignedCheckpoint

FILE_NAME: Final = "modeltui-checkpoints.jsonl"
SECONDS: Final = 15.0
"""Longer than a commit with a hook that pushes usually takes."""
_END_SECONDS: Final = 1.0
"""A program that was killed ends at once, but not before a dead share answers it: then it is left behind."""
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "GNUPGHOME", "TMPDIR")
_NOBODY: Final = {"NAME": "modeltui", "EMAIL": "modeltui@localhost"}


class GitAnchor:
    """Commits each checkpoint to one file in a work tree. Signing and pushing are the repository's own settings."""

    def __init__(self, work_tree: Path) -> None:
        self._tree = work_tree
        self.name: SafeText = safe_text(f"git {work_tree}")

    async def put(self, checkpoint: SignedCheckpoint) -> None:
        """Return once the commit is there."""
        size = checkpoint.text.split("\n")[1]
        try:
            await answered(self.name, SECONDS, add_checkpoint, self._tree / FILE_NAME, checkpoint, FilesElsewhere())
        except OSError as error:
            raise BackendUnavailable(
                safe_text(f"{self.name} cannot be written: {error}"), "Give a work tree of git that this user may write"
            ) from error
        await self._git("add", "--", FILE_NAME)
        await self._git("commit", "--quiet", "-m", f"Checkpoint of {size} records", "--", FILE_NAME)

    async def kept(self) -> tuple[SignedCheckpoint, ...]:
        """Return every checkpoint in the newest commit, whatever the file beside it says."""
        code, listed, errors = await self._asked("ls-tree", "--name-only", "HEAD", "--", FILE_NAME)
        if not listed if code == 0 else await self._is_new():
            return ()
        if code == 0:
            code, shown, errors = await self._asked("show", f"HEAD:./{FILE_NAME}")
        if code != 0:
            raise BackendUnavailable(
                safe_text(f"{self.name} cannot be read: {_first_line(errors)}"),
                safe_text(f"Try it by hand: git -C {self._tree} show HEAD:./{FILE_NAME}"),
            )
        with tempfile.TemporaryDirectory(prefix="modeltui-anchor-") as directory:
            path = Path(directory) / FILE_NAME
            path.write_bytes(shown)
            return checkpoints_in(path).checkpoints

    async def _is_new(self) -> bool:
        """Tell whether it is a repository to which nothing was ever committed: one whose head is lost has branches."""
        code, branches, _ = await self._asked("for-each-ref", "--count=1")
        return code == 0 and not branches

    async def _git(self, *arguments: str) -> None:
        """Have git write; raises `BackendError` when it does not."""
        code, _, errors = await self._asked(*arguments)
        if code != 0:
            raise BackendRefused(
                safe_text(f"{self.name} did not take a checkpoint: {_first_line(errors)}"),
                f"Try it by hand: git -C {self._tree} commit; a new one needs `git init`",
            )

    async def _asked(self, *arguments: str) -> tuple[int, bytes, bytes]:
        """Return git's exit code, output and errors; raises `BackendUnavailable` when it does not come to its end."""
        try:
            environment = await answered(self.name, SECONDS, self._environment)
        except OSError as error:
            raise BackendUnavailable(
                safe_text(f"{self.name} cannot be read: {error}"), "Look whether its disk is mounted and readable"
            ) from error
        if not await self._knows_committer(arguments, environment):
            environment |= {
                f"GIT_{role}_{part}": said for role in ("AUTHOR", "COMMITTER") for part, said in _NOBODY.items()
            }
        return await self._run(["git", "-C", str(self._tree), *arguments], environment)

    def _environment(self) -> dict[str, str]:
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        if (self._tree / ".git").exists():  # a damaged repository is not looked for in the directories above it
            environment["GIT_CEILING_DIRECTORIES"] = str(self._tree.parent.resolve())
        return environment

    async def _knows_committer(self, arguments: tuple[str, ...], environment: dict[str, str]) -> bool:
        if arguments[0] != "commit":
            return True
        code, _, _ = await self._run(["git", "-C", str(self._tree), "config", "user.email"], environment)
        return code == 0

    async def _run(self, command: list[str], environment: dict[str, str]) -> tuple[int, bytes, bytes]:
        try:
            program = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise BackendUnavailable(
                safe_text(f"{self.name}: git cannot be started: {error}"), "Install git, or use another anchor"
            ) from error
        try:
            async with asyncio.timeout(SECONDS):
                output, errors = await program.communicate()
        except TimeoutError as error:
            raise BackendUnavailable(
                f"{self.name} took longer than {SECONDS:g} s", "Look at the hooks of that repository"
            ) from error
        finally:
            if program.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(program.pid, signal.SIGKILL)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_END_SECONDS):
                        await program.wait()
        return program.returncode or 0, output, errors


def _first_line(errors: bytes) -> SafeText:
    return safe_text(errors.decode("utf-8", "replace").split("\n", 1)[0].strip() or "no word", 160)


_: type[Anchor] = GitAnchor
