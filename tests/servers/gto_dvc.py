"""GTO and DVC themselves, in an environment of their own: what they write is read, and what they say is the truth."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from tests.servers import venvs
from tests.servers.clients import python_of
from tests.servers.git import Clone

GTO_DVC = venvs.Environment("gto-dvc", ("gto==1.10.1", "dvc==3.67.1"))
SECONDS = 90.0


class Workbench:
    """A clone in which somebody works with both programs."""

    def __init__(self, clone: Clone, home: Path) -> None:
        self.clone = clone
        self._programs = python_of(GTO_DVC).parent
        self._home = home

    def gto(self, *arguments: str) -> str:
        """What GTO prints. A second passes first: its tags know no shorter time, and say which came first by it."""
        before = int(time.time())
        give_up_at = time.monotonic() + 5
        while int(time.time()) == before and time.monotonic() < give_up_at:
            time.sleep(0.02)
        return self._run("gto", *arguments)

    def gto_says(self, *arguments: str) -> Any:
        """What GTO prints as JSON."""
        return json.loads(self._run("gto", *arguments, "--json"))

    def dvc(self, *arguments: str) -> str:
        """What DVC prints."""
        return self._run("dvc", *arguments)

    def dvc_says(self, *arguments: str) -> Any:
        """What DVC prints as JSON."""
        return json.loads(self._run("dvc", *arguments, "--json"))

    def _run(self, program: str, *arguments: str) -> str:
        surroundings = self.clone.surroundings()
        surroundings |= {
            "HOME": str(self._home),
            "PATH": f"{self._programs}:{surroundings['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "DVC_SYSTEM_CONFIG_DIR": str(self._home / "system"),
            "DVC_GLOBAL_CONFIG_DIR": str(self._home / "global"),
            "DVC_SITE_CACHE_DIR": str(self._home / "site"),
            "GIT_CONFIG_GLOBAL": str(self._home / ".gitconfig"),
        }
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self.clone.path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=surroundings,
        )
        assert done.returncode == 0, f"{program} {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout
