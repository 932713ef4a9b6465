"""Everything has one place, known before anything heavy is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modeltui.config import paths


def test_xdg_directories_are_honoured_when_absolute() -> None:
    """Whoever keeps caches elsewhere says so once; a relative value is ignored, as the specification asks."""
    environ = {"HOME": "/home/x", "XDG_CACHE_HOME": "/c", "XDG_STATE_HOME": "relative"}
    assert paths.config_file(None, environ) == ("/home/x/.config/modeltui/config.yaml", "default")
    assert paths.user_themes_dir(environ) == "/home/x/.config/modeltui/themes"
    assert paths.cache_dir("/f.yaml", "prod", environ).startswith("/c/modeltui/prod-")
    assert paths.crash_dir(environ) == "/home/x/.local/state/modeltui/crash"
    assert paths.log_file(environ) == "/home/x/.local/state/modeltui/modeltui.log"


def test_each_context_of_each_file_has_its_own_cache() -> None:
    """The first picture of production is never a cached one of staging."""
    keys = {
        paths.cache_dir(file, context, {"HOME": "/h"})
        for file in ("/a.yaml", "/b.yaml")
        for context in ("", "prod", "pr.od", "pr/od", "../../x", "日本", "x" * 300)
    }
    assert len(keys) == 14
    assert {str(Path(key).parent) for key in keys} == {"/h/.cache/modeltui"}
    assert all(len(Path(key).name) < 60 for key in keys)
    assert Path(paths.frame_file("/a.yaml", "p")).parent == Path(paths.snapshot_file("/a.yaml", "p")).parent


def test_a_private_directory_is_private(tmp_path: Path) -> None:
    """Crash reports and snapshots are for the user's eyes."""
    directory = Path(paths.make_private(str(tmp_path / "a")))
    assert directory.stat().st_mode & 0o777 == 0o700
    assert paths.make_private(str(directory)) == str(directory)


def test_what_came_with_the_program_is_found() -> None:
    """Themes and sample configurations lie in the wheel or beside the source."""
    assert (Path(paths.shipped("sample_configs")) / "embedded.yaml").is_file()
    with pytest.raises(FileNotFoundError, match="install it again"):
        paths.shipped("no-such-thing")


def test_what_came_with_a_wheel_is_found(tmp_path: Path) -> None:
    """Installed elsewhere, the package's own copy counts."""
    package = tmp_path / "site-packages" / "modeltui"
    (package / "config").mkdir(parents=True)
    (package / "themes").mkdir()
    (tmp_path / "sample_configs").mkdir()
    (package / "__init__.py").touch()
    (package / "config" / "__init__.py").touch()
    (package / "config" / "paths.py").write_text(Path(paths.__file__).read_text())
    program = (
        "from modeltui.config import paths\nprint(paths.shipped('themes'))\n"
        "try:\n    paths.shipped('sample_configs')\nexcept FileNotFoundError:\n    print('not beside a wheel')"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(package.parent)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert result.stdout.splitlines() == [str(package / "themes"), "not beside a wheel"]


def test_paths_load_nothing_but_os() -> None:
    """The first frame waits for no import."""
    program = (
        "import sys; before = set(sys.modules); import modeltui.config.paths; print(sorted(set(sys.modules) - before))"
    )
    source = str(Path(paths.__file__).parents[2])
    result = subprocess.run(
        [sys.executable, "-S", "-c", program], env={"PYTHONPATH": source}, capture_output=True, text=True, timeout=30
    )
    loaded = {name.strip("'[] \n") for name in result.stdout.split(",")}
    assert loaded - {
        "__future__",
        "os",
        "stat",
        "_stat",
        "posixpath",
        "genericpath",
        "_collections_abc",
        "os.path",
    } == {
        "modeltui",
        "modeltui.config",
        "modeltui.config.paths",
    }
