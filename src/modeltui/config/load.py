"""The configuration file, found, read safely, checked as a whole, and joined with the command line."""

# ruff: noqa: PTH117

from __future__ import annotations

import os
import stat
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, replace

from modeltui.config import paths
from modeltui.config.checks import contradictions, literal_secrets
from modeltui.config.decode import FAILED, Decoder
from modeltui.config.document import MOST_BYTES, Mapping, Node, Scalar, in_words, parse
from modeltui.config.options import Options
from modeltui.config.problems import InvalidConfigError, Place, Problem, did_you_mean, one_of, shown
from modeltui.config.schema import Color, Config, ContextConfig, Mode, PollSeconds, SourceConfig, UiConfig
from modeltui.domain.errors import ConfigError
from modeltui.domain.text import safe_text

__all__ = ["NO_CONFIG_REMEDY", "Loaded", "Options", "check_text", "load", "read_file"]

NO_CONFIG_REMEDY = (
    "`modeltui demo` shows a simulated world without any configuration; `modeltui config init` writes a first one."
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """One configuration, one of its contexts, and where every choice came from."""

    config: Config
    document: Mapping
    file: str
    origins: ReadOnly[str, str]
    """What decided, for values that the file alone does not: by path (`context`, `ui.ascii`), `--ascii`."""
    context_name: str
    context: ContextConfig
    """The chosen one, as narrowed by the command line."""
    ui: UiConfig
    """As narrowed by the command line and the environment."""


def load(options: Options | None = None, environ: ReadOnly[str, str] | None = None) -> Loaded:
    """Return the configuration in force; raise `ConfigError` that says what to do."""
    options = options or Options()
    environ = os.environ if environ is None else environ
    file, named_by = paths.config_file(options.config, environ)
    if not os.path.isabs(file):
        raise ConfigError(
            f"{named_by} is not an absolute path: {shown(file)}", "The working directory is never searched."
        )
    config, document = check_text(read_file(file, named_by), file)
    name, chosen_by = _choose(config, document, options, environ)
    context, origins = _narrowed(config.contexts[name], options)
    ui, ui_origins = _ui(config.ui, options, environ)
    origins = {"file": named_by, "context": chosen_by, **origins, **ui_origins}
    return Loaded(config, document, file, origins, name, context, ui)


def check_text(text: str, file: str) -> tuple[Config, Mapping]:
    """Return the configuration that `text` holds, with its document; raise `InvalidConfigError` with all mistakes.

    `file` is how mistakes name it. Options of sources are not looked at: their adapters do that.
    """
    document = parse(text, file)
    _check_version(document)
    decoder = Decoder(hooks={SourceConfig: _source})
    decoder.problems.extend(literal_secrets(document))
    config = decoder.value(document, Config)
    if isinstance(config, Config):
        decoder.problems.extend(contradictions(config, document))
    decoder.raise_if_wrong()
    return config, document


def read_file(file: str, named_by: str = "--config") -> str:
    """Return the text of a configuration file that nobody else can have written."""
    try:
        # Non-blocking: opening a pipe must not wait for a writer.
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        default = "" if named_by == "default" else f" (named by {named_by})"
        raise ConfigError(f"there is no configuration: {shown_file(file)}{default}", NO_CONFIG_REMEDY) from error
    except OSError as error:
        raise ConfigError(f"{shown_file(file)} cannot be read: {error.strerror}", NO_CONFIG_REMEDY) from error
    try:
        _check_owner(os.fstat(descriptor), file)
        raw = os.read(descriptor, MOST_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(raw) > MOST_BYTES:
        says = f"larger than {MOST_BYTES // 1024} KiB; a configuration is written by hand"
        raise InvalidConfigError([Problem(Place(file), "", says)], "Name the right file.")
    return _decoded(raw, file)


def shown_file(file: str) -> str:
    """Return a file name as an error may print it."""
    return safe_text(file, 4096)  # paths are that long at most


def _check_owner(facts: os.stat_result, file: str) -> None:
    """Refuse what somebody else may have written: a configuration names commands, and where tokens go."""
    name = shown_file(file)
    if stat.S_ISDIR(facts.st_mode):
        raise ConfigError(f"{name} is a directory", "Name the file in it, such as modeltui.yaml.")
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigError(f"{name} is not a regular file", "Name a regular file.")
    if facts.st_mode & stat.S_IWOTH:
        raise ConfigError(
            f"{name} can be written by everybody on this machine (mode {stat.S_IMODE(facts.st_mode):o})",
            f"Look whether it is still yours, then: chmod o-w {name}",
        )
    if facts.st_uid not in (0, os.geteuid()):
        raise ConfigError(
            f"{name} belongs to another user (uid {facts.st_uid})", f"Copy it, or: chown {os.geteuid()} {name}"
        )


def _decoded(raw: bytes, file: str) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        place = Place(file, before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1)
        says = "not UTF-8 text"
        raise InvalidConfigError([Problem(place, "", says)], "Save it as UTF-8.") from error


def _check_version(document: Mapping) -> None:
    """Refuse another format before its unknown keys are taken for mistakes."""
    version = document.items.get("modeltui")
    if version is None:
        says = "missing; write 'modeltui: 1' in the first line"
        raise InvalidConfigError([Problem(document.place, "modeltui", says)])
    if not isinstance(version, Scalar) or version.text != "1":
        says = f"this program reads format 1, found {in_words(version)}"
        raise InvalidConfigError([Problem(version.place, "modeltui", says)], "Install the modeltui that reads it.")


def _source(decoder: Decoder, node: Node) -> object:
    """Return a source with its own keys unread."""
    if not isinstance(node, Mapping):
        return decoder.note(node, f"expected keys such as kind and url, found {in_words(node)}")
    kind = node.items.get("kind")
    if kind is None:
        return decoder.note(node, "missing; expected the kind of source, such as mlflow", path=f"{node.path}.kind")
    poll = node.items.get("poll_seconds")
    kind_name = decoder.value(kind, str)
    poll_seconds = None if poll is None else decoder.value(poll, PollSeconds)
    if FAILED in (kind_name, poll_seconds):
        return FAILED
    name = node.path.rpartition(".sources.")[2]
    return SourceConfig(name=name, kind=kind_name, poll_seconds=poll_seconds, node=node)


def _choose(config: Config, document: Mapping, options: Options, environ: ReadOnly[str, str]) -> tuple[str, str]:
    """Return the context to open and what named it."""
    asked = ((options.context, "--context"), (environ.get("MODELTUI_CONTEXT"), "MODELTUI_CONTEXT"))
    for name, named_by in asked:
        if not name:
            continue
        if name not in config.contexts:
            hint = did_you_mean(name, config.contexts)
            raise ConfigError(
                f"{named_by}: there is no context {shown(name)}{hint}", f"Known: {', '.join(config.contexts)}."
            )
        return name, named_by
    if config.default_context is not None:
        return config.default_context, str(document.items["default_context"].place)
    if len(config.contexts) > 1:
        raise ConfigError(
            f"which context: {one_of(config.contexts)}?", "Say --context NAME, or write default_context into the file."
        )
    return next(iter(config.contexts)), "the only one"


def _narrowed(context: ContextConfig, options: Options) -> tuple[ContextConfig, dict[str, str]]:
    if options.read_only and context.mode is not Mode.READ_ONLY:
        return replace(context, mode=Mode.READ_ONLY), {"mode": "--read-only"}
    return context, {}


def _ui(ui: UiConfig, options: Options, environ: ReadOnly[str, str]) -> tuple[UiConfig, dict[str, str]]:
    origins: dict[str, str] = {}
    if options.ascii:
        ui, origins["ui.ascii"] = replace(ui, ascii=True), "--ascii"
    if options.no_color or environ.get("NO_COLOR"):
        origins["ui.color"] = "--no-color" if options.no_color else "NO_COLOR"
        ui = replace(ui, color=Color.NEVER)
    return ui, origins
