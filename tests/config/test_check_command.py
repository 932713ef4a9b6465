"""`modeltui config check` finds what would stop the screens, with the place of the mistake, and asks nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.cli.app import run

FILE = """\
modeltui: 1
contexts:
  production:
    sources:
      registry: {kind: mlflow, url: "https://mlflow.example.com"}
      metrics: {kind: prometheus, url: "https://prometheus.example.com"}
"""


def checked(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> tuple[object, str, str]:
    """Return the exit code of the check of a file, and what it wrote."""
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(SystemExit) as ended:
        run(["--config", str(file), "config", "check"])
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


def test_a_good_file_is_called_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file without mistakes passes, though none of its servers exists."""
    code, out, err = checked(tmp_path, FILE, capsys)
    assert (code, out.splitlines()) == (0, ["registry: mlflow registry", "metrics: prometheus metrics"])
    assert "good; context production" in err


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        pytest.param(
            "https://mlflow.example.com",
            "https://mlflow.example.com:999999",
            "config.yaml:5:24: contexts.production.sources.registry: url cannot be read",
            id="a port that is none",
        ),
        pytest.param(
            'url: "https://mlflow.example.com"',
            'url: "http://mlflow.example.com", auth: {type: bearer, token: "env:HOME"}',
            "config.yaml:5:24: contexts.production.sources.registry: credentials would cross the network unencrypted",
            id="a token in the clear",
        ),
        pytest.param(
            "kind: prometheus,",
            "kind: prometheus, profile: kserv,",
            "config.yaml:6:23: contexts.production.sources.metrics: profile 'kserv' is unknown",
            id="a profile that is none",
        ),
        pytest.param(
            "contexts:",
            "ui: {theme: modeltui-drak}\ncontexts:",
            "config.yaml:2:13: ui.theme: there is no theme called 'modeltui-drak'; did you mean 'modeltui-dark'?",
            id="a theme that is none",
        ),
    ],
)
def test_what_would_stop_the_screens_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], right: str, wrong: str, says: str
) -> None:
    """A source that cannot be opened, or a theme that is none, is answered with file, line and key, and exit code 2."""
    code, out, err = checked(tmp_path, FILE.replace(right, wrong, 1), capsys)
    assert (code, out) == (2, "")
    assert says in err
