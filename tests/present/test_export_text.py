"""The command lines that a screen shows for an export."""

from __future__ import annotations

import shlex

import pytest

from modeltui.present.export_text import command_line


@pytest.mark.parametrize("name", ["fraud; rm -rf ~", "$(id)", "it's", "a b", "`id`", "größe", "x|y>z"])
def test_a_name_of_a_backend_is_one_word_to_a_shell(name: str) -> None:
    """Whatever a model is called, pasting the command compares it, and runs nothing else."""
    line = command_line(("--config", "/etc/modeltui/a b.yaml"), "compare", name, "1", "2")
    assert shlex.split(line) == ["modeltui", "--config", "/etc/modeltui/a b.yaml", "compare", name, "1", "2"]
