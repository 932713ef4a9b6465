"""What `modeltui doctor` says of the rules of who may do what."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tui.story_world import run_modeltui

CONFIG = """\
modeltui: 1
contexts:
  here:
    access: {access}
    sources:
      registry: {{kind: model-folder, path: {models}}}
"""


def _doctor(directory: Path, policy: str) -> tuple[int, bool, str]:
    version = directory / "models" / "fraud" / "v1"
    version.mkdir(parents=True)
    (version / "model.bin").write_bytes(b"model")
    (version / "metadata.json").write_text("{}", encoding="utf-8")
    (directory / "access.yaml").write_text(policy, encoding="utf-8")
    text = CONFIG.format(access=directory / "access.yaml", models=directory / "models")
    (directory / "modeltui.yaml").write_text(text, encoding="utf-8")
    done = run_modeltui("--config", str(directory / "modeltui.yaml"), "doctor", "--json")
    answer = json.loads(done.stdout)
    assert [source["ok"] for source in answer["sources"]] == [True], answer
    return done.returncode, answer["ok"], answer["program"]["access"]


def test_a_policy_that_the_operator_can_change_is_called_so(tmp_path: Path) -> None:
    """doctor with a policy of our own: its file, and that it can be changed by whoever it binds."""
    code, is_ok, says = _doctor(tmp_path, "access: 1\n")
    assert (code, is_ok) == (0, True)
    assert str(tmp_path / "access.yaml") in says
    assert "can be changed by whoever it binds" in says


def test_a_policy_with_a_mistake_is_a_failure(tmp_path: Path) -> None:
    """doctor with a policy that cannot be read: exit code 1, though every source answers."""
    code, is_ok, says = _doctor(tmp_path, "access: 1\nnonsense: 2\n")
    assert (code, is_ok) == (1, False)
    assert says.startswith("FAIL: ")
    assert "nonsense" in says
