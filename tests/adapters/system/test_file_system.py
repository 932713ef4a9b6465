"""Which file system a path lies on, as the kernel lists it."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.adapters.system.file_system import file_system_of
from modeltui.domain.names import UNKNOWN

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:40 / /srv rw,relatime shared:2 - nfs4 server:/srv rw,vers=4.2
31 30 0:41 / /srv/local\\040disk rw - xfs /dev/vdb rw
32 22 0:42 / /home rw - ext4 /dev/vdc rw
33 32 0:43 / /home rw - fuse.sshfs ann@host: rw
half a line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/journal", "ext4"),
        ("/srv/journal/of/fraud", "nfs4"),
        ("/srv", "nfs4"),
        ("/srvother/journal", "ext4"),
        ("/srv/local disk/journal", "xfs"),
        ("/home/ann", "fuse.sshfs"),
    ],
)
def test_the_nearest_mount_says_the_kind(tmp_path: Path, path: str, kind: str) -> None:
    """A journal below /srv lies on what is mounted there, and not on what is mounted at the root or beside it."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert file_system_of(Path(path), mounts) == kind


def test_where_nobody_lists_mounts_it_is_unknown(tmp_path: Path) -> None:
    """On a system without such a list, or with an empty one, nothing is guessed."""
    assert file_system_of(Path("/srv"), tmp_path / "nothing") is UNKNOWN
    (tmp_path / "empty").write_text("")
    assert file_system_of(Path("/srv"), tmp_path / "empty") is UNKNOWN


def test_this_machine_says_it(tmp_path: Path) -> None:
    """The real list has an answer for a real path."""
    if not Path("/proc/self/mountinfo").exists():
        pytest.skip("no list of mounts here")
    assert file_system_of(tmp_path) is not UNKNOWN
