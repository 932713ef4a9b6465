"""The right file is found, read only when it can be trusted, and narrowed by the command line, never widened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modeltui.config.load import NO_CONFIG_REMEDY, Options, load
from modeltui.config.problems import InvalidConfigError
from modeltui.config.schema import Color, Mode
from modeltui.domain.errors import ConfigError

ONE = "modeltui: 1\ncontexts:\n  only: {sources: {r: {kind: mlflow}}}\n"
TWO = (
    "modeltui: 1\n{default}contexts:\n  prod: {{mode: read-only, sources: {{r: {{kind: mlflow}}}}}}\n"
    "  staging: {{sources: {{r: {{kind: mlflow}}}}}}\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(ONE)
    path.chmod(0o600)
    return path


def refusal(options: Options, environ: dict[str, str] | None = None) -> str:
    """Return title and remedy on one line."""
    with pytest.raises(ConfigError) as caught:
        load(options, environ or {})
    assert caught.value.exit_code == 2
    return f"{caught.value.title} | {caught.value.remedy}"


def test_without_a_configuration_the_way_to_one_is_named(tmp_path: Path) -> None:
    """A new user learns about `demo` and `config init`, and sees no invented data."""
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    says = refusal(Options(), environ)
    assert says == f"there is no configuration: {tmp_path}/modeltui/config.yaml | {NO_CONFIG_REMEDY}"
    assert "modeltui demo" in NO_CONFIG_REMEDY
    assert "modeltui config init" in NO_CONFIG_REMEDY


def test_who_named_a_missing_file_is_said(tmp_path: Path) -> None:
    """A forgotten MODELTUI_CONFIG is found in the error."""
    missing = f"{tmp_path}/x.yaml"
    assert refusal(Options(), {"MODELTUI_CONFIG": missing}).startswith(
        f"there is no configuration: {missing} (named by MODELTUI_CONFIG)"
    )
    assert refusal(Options(config=missing)).startswith(f"there is no configuration: {missing} (named by --config)")


def test_the_working_directory_is_never_searched(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entering somebody's directory does not load their configuration."""
    monkeypatch.chdir(file.parent)
    for name in ("modeltui.yaml", ".modeltui.yaml"):
        (file.parent / name).write_text(ONE)
    assert "there is no configuration" in refusal(Options(), {"XDG_CONFIG_HOME": "relative", "HOME": "/nonexistent"})
    assert refusal(Options(), {"MODELTUI_CONFIG": "config.yaml"}) == (
        "MODELTUI_CONFIG is not an absolute path: 'config.yaml' | The working directory is never searched."
    )


def test_the_option_comes_before_the_environment_and_that_before_the_default(tmp_path: Path) -> None:
    """What is typed now counts most."""
    for name in ("a", "b", "modeltui/config"):
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(ONE.replace("only", name.replace("/", "-")))
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "MODELTUI_CONFIG": str(tmp_path / "b.yaml")}
    assert load(Options(config=str(tmp_path / "a.yaml")), environ).context_name == "a"
    assert load(Options(), environ).context_name == "b"
    del environ["MODELTUI_CONFIG"]
    loaded = load(Options(), environ)
    assert loaded.context_name == "modeltui-config"
    assert loaded.origins["file"] == "default"


def test_a_file_that_everybody_can_write_is_refused(file: Path) -> None:
    """A configuration names commands and where tokens go: nobody else may have written it."""
    file.chmod(0o606)
    assert refusal(Options(config=str(file))) == (
        f"{file} can be written by everybody on this machine (mode 606) | "
        f"Look whether it is still yours, then: chmod o-w {file}"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(file: Path) -> None:
    """Another user's file is not obeyed."""
    os.chown(file, 12345, 12345)
    assert refusal(Options(config=str(file))) == (
        f"{file} belongs to another user (uid 12345) | Copy it, or: chown {os.geteuid()} {file}"
    )


def test_what_is_not_a_file_is_refused_at_once(tmp_path: Path) -> None:
    """A directory, a device or a pipe without a writer does not hang the start."""
    assert refusal(Options(config=str(tmp_path))).startswith(f"{tmp_path} is a directory")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refusal(Options(config=str(pipe))).startswith(f"{pipe} is not a regular file")
    assert refusal(Options(config="/dev/zero")).startswith("/dev/zero is not a regular file")


def test_ten_megabytes_are_refused_unread(file: Path) -> None:
    """The wrong file is noticed before it is parsed."""
    file.write_bytes(b"a" * 10_000_000)
    assert refusal(Options(config=str(file))) == (
        f"{file}: larger than 256 KiB; a configuration is written by hand | Name the right file."
    )


def test_bytes_that_are_no_text_are_named_with_their_place(file: Path) -> None:
    """A Latin-1 umlaut is found by line and column."""
    file.write_bytes(b"modeltui: 1\n# ok\nui: {theme: gr\xfcn}\n")
    assert refusal(Options(config=str(file))) == f"{file}:3:15: not UTF-8 text | Save it as UTF-8."


def test_the_only_context_needs_no_name(file: Path) -> None:
    """One context is simply opened."""
    loaded = load(Options(config=str(file)), {})
    assert (loaded.context_name, loaded.origins["context"]) == ("only", "the only one")


def test_of_several_contexts_one_must_be_chosen(file: Path) -> None:
    """The program never guesses which world to show."""
    file.write_text(TWO.format(default=""))
    assert refusal(Options(config=str(file))) == (
        "which context: 'prod' or 'staging'? | Say --context NAME, or write default_context into the file."
    )
    assert refusal(Options(config=str(file), context="stagin")) == (
        "--context: there is no context 'stagin'; did you mean 'staging'? | Known: prod, staging."
    )
    assert refusal(Options(config=str(file)), {"MODELTUI_CONTEXT": "x"}).startswith("MODELTUI_CONTEXT: there is no")


def test_the_context_is_chosen_by_option_then_environment_then_file(file: Path) -> None:
    """What is typed now counts most, and `config show` says which it was."""
    file.write_text(TWO.format(default="default_context: prod\n"))
    path = str(file)
    environ = {"MODELTUI_CONTEXT": "staging"}
    assert load(Options(path, context="prod"), environ).origins["context"] == "--context"
    assert load(Options(path), environ).context_name == "staging"
    by_file = load(Options(path), {})
    assert (by_file.context_name, by_file.origins["context"]) == ("prod", f"{file}:2:18")


def test_read_only_can_be_asked_for_and_never_undone(file: Path) -> None:
    """The strictest wins."""
    file.write_text(TWO.format(default=""))
    path = str(file)
    assert load(Options(path, context="staging"), {}).context.mode is Mode.WRITES_OFF
    assert load(Options(path, context="staging", read_only=True), {}).context.mode is Mode.READ_ONLY
    assert load(Options(path, context="prod"), {}).context.mode is Mode.READ_ONLY


def test_options_and_environment_make_the_screens_plainer(file: Path) -> None:
    """`--ascii`, `--no-color` and NO_COLOR count over the file; an empty NO_COLOR does not."""
    plain = load(Options(str(file), ascii=True, no_color=True), {})
    assert (plain.ui.ascii, plain.ui.color, plain.origins["ui.color"]) == (True, Color.NEVER, "--no-color")
    assert load(Options(str(file)), {"NO_COLOR": "1"}).ui.color is Color.NEVER
    assert load(Options(str(file)), {"NO_COLOR": ""}).ui.color is Color.AUTO


def test_a_mistake_names_the_file(file: Path) -> None:
    """An editor can jump there."""
    file.write_text("modeltui: 1\ncontexts: 3\n")
    with pytest.raises(InvalidConfigError, match=rf"^{file}:2:11: contexts: expected keys and values, found '3'"):
        load(Options(str(file)), {})
