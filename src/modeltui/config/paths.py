"""Every path that modeltui uses outside its backends, in one place.

Only `os` is imported and paths are plain text: the first frame is drawn before anything heavier is loaded.
The working directory is never looked at: a configuration names commands and hosts, and whoever can write a
directory must not choose them for whoever enters it.
"""

# pathlib would cost 8 ms before the first frame.
# ruff: noqa: PTH100, PTH103, PTH111, PTH112, PTH117, PTH118, PTH119, PTH120

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing itself would cost 8 ms more
if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "modeltui"


def config_file(explicit: str | None = None, environ: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return the configuration file to read, and what named it: `--config`, `MODELTUI_CONFIG` or `default`.

    The file need not exist.
    """
    if explicit:
        return os.path.abspath(os.path.expanduser(explicit)), "--config"
    named = _environ(environ).get("MODELTUI_CONFIG", "")
    if named:
        return os.path.expanduser(named), "MODELTUI_CONFIG"
    return os.path.join(config_dir(environ), "config.yaml"), "default"


def config_dir(environ: Mapping[str, str] | None = None) -> str:
    """Return the directory of the operator's own configuration."""
    return os.path.join(_base("XDG_CONFIG_HOME", ".config", environ), APP)


def user_themes_dir(environ: Mapping[str, str] | None = None) -> str:
    """Return where the operator's own themes lie."""
    return os.path.join(config_dir(environ), "themes")


def cache_dir(config: str, context: str = "", environ: Mapping[str, str] | None = None) -> str:
    """Return the cache of one context of one configuration file.

    `context` is the name as the operator gave it, empty when the file's default was meant: the name must be
    known before the file is read. What is in a cache may be deleted at any time.
    """
    name = _name_of(os.path.abspath(config), context)
    return os.path.join(_base("XDG_CACHE_HOME", ".cache", environ), APP, name)


def frame_file(config: str, context: str = "", environ: Mapping[str, str] | None = None) -> str:
    """Return where the last painted frame is kept, for the first picture of the next start."""
    return os.path.join(cache_dir(config, context, environ), "frame.txt")


def snapshot_file(config: str, context: str = "", environ: Mapping[str, str] | None = None) -> str:
    """Return where the last fleet snapshot is kept, for the first numbers of the next start."""
    return os.path.join(cache_dir(config, context, environ), "snapshot.json")


def sources_cache_dir(environ: Mapping[str, str] | None = None) -> str:
    """Return where adapters keep what can be read again, such as copies of repositories; of all contexts together."""
    return os.path.join(_base("XDG_CACHE_HOME", ".cache", environ), APP, "sources")


def state_dir(environ: Mapping[str, str] | None = None) -> str:
    """Return the directory of what must survive a reboot: crash reports, logs."""
    return os.path.join(_base("XDG_STATE_HOME", ".local/state", environ), APP)


def crash_dir(environ: Mapping[str, str] | None = None) -> str:
    """Return where redacted crash reports go."""
    return os.path.join(state_dir(environ), "crash")


def log_file(environ: Mapping[str, str] | None = None) -> str:
    """Return the log of the last runs."""
    return os.path.join(state_dir(environ), "modeltui.log")


def acting_dir(config: str, context: str, environ: Mapping[str, str] | None = None) -> str:
    """Return where everything that acting leaves behind lies, for one context of one configuration file.

    Unlike a cache it may not be deleted. `context` is the context's real name, and links are followed: the same
    world has one record, however it was named.
    """
    return os.path.join(state_dir(environ), "contexts", _name_of(os.path.realpath(config), context))


def journal_dir(config: str, context: str, environ: Mapping[str, str] | None = None) -> str:
    """Return where the journal lies when the configuration names no place for it."""
    return os.path.join(acting_dir(config, context, environ), "journal")


def spool_dir(config: str, context: str, environ: Mapping[str, str] | None = None) -> str:
    """Return where records wait while their journal cannot be written."""
    return os.path.join(acting_dir(config, context, environ), "spool")


def outbox_dir(config: str, context: str, environ: Mapping[str, str] | None = None) -> str:
    """Return where notices wait for delivery."""
    return os.path.join(acting_dir(config, context, environ), "outbox")


def make_private(directory: str) -> str:
    """Create `directory` for this user's eyes only, and return it; an existing one keeps its mode."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    return directory


def shipped(name: str) -> str:
    """Return the directory `name` (`themes`, `sample_configs`) that came with the program.

    It lies inside the package when installed from a wheel, and beside `src` in a checkout. Raises
    `FileNotFoundError` when the installation is broken.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, name)
    if os.path.isdir(inside):
        return inside
    source_root = os.path.dirname(package)
    beside = os.path.join(os.path.dirname(source_root), name)
    if os.path.basename(source_root) == "src" and os.path.isdir(beside):
        return beside
    raise FileNotFoundError(f"{name} did not come with this installation of {APP}: install it again")


def _name_of(config: str, context: str) -> str:
    """Return a directory name for one context of one file: readable, and never another's."""
    readable = "".join(c if c.isalnum() and c.isascii() else "-" for c in context[:40]) or "default"
    return f"{readable}-{_fingerprint(f'{config}{chr(0)}{context}')}"


def _environ(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if environ is None else environ


def _base(variable: str, below_home: str, environ: Mapping[str, str] | None) -> str:
    """Return an XDG base directory; the specification says to ignore one that is not absolute."""
    named = _environ(environ).get(variable, "")
    if os.path.isabs(named):
        return named
    home = _environ(environ).get("HOME") or os.path.expanduser("~")
    return os.path.join(home, below_home)


def _fingerprint(text: str) -> str:
    """Return 16 hexadecimal digits for `text`: FNV-1a, because hashlib would load OpenSSL first."""
    value = 0xCBF29CE484222325
    for byte in text.encode("utf-8", "surrogateescape"):
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"
