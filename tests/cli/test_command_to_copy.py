"""Commands that a refusal tells can be copied into a shell as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.config.load import Options, load
from modeltui.wiring.acting import program

ONE = "modeltui: 1\ncontexts:\n  hk:\n    sources: {models: {kind: model-folder, path: models}}\n"
TWO = f"{ONE}  eu:\n    sources: {{models: {{kind: model-folder, path: models}}}}\n"


@pytest.mark.parametrize(
    ("text", "is_named", "says"),
    [
        (ONE, False, "modeltui"),
        (ONE, True, "modeltui --config '{file}'"),
        (TWO, False, "modeltui --context hk"),
        (TWO, True, "modeltui --config '{file}' --context hk"),
    ],
)
def test_a_command_leads_to_the_context_that_is_looked_at(
    text: str, is_named: bool, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell with another default would act elsewhere: file and context are named where there is a choice."""
    file = tmp_path / "my config.yaml"
    file.write_text(text)
    monkeypatch.setenv("MODELTUI_CONFIG", str(file))
    loaded = load(Options(config=str(file) if is_named else None, context="hk"))
    assert program(loaded) == says.format(file=file)
