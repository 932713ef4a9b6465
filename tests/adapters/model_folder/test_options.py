"""What the configuration of a model folder may say, as it is written in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.adapters.model_folder.folder import Layout
from modeltui.adapters.model_folder.registry import Options
from modeltui.config.decode import decode
from modeltui.config.document import parse
from modeltui.config.problems import InvalidConfigError


def read(text: str) -> Options:
    return decode(parse(text, "/etc/modeltui/modeltui.yaml"), Options)


def test_everything_that_may_be_written() -> None:
    """Path, layout, the model's name, own keys and the time for digests are read; paths start at the file."""
    options = read("path: models\nlayout: one-model\nmodel: fraud\nkeys: {code: build.sha}\nhash_seconds: 500ms\n")
    assert options.path == Path("/etc/modeltui/models")
    assert (options.layout, options.model, options.keys) == (Layout.ONE_MODEL, "fraud", {"code": "build.sha"})
    assert options.hash_seconds == 0.5
    assert read("path: /srv/models\n").layout is Layout.AUTO


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("layout: auto\n", "path"),
        ("path: x\nlayout: flat\n", "one-model"),
        ("path: x\nkeys: {cod: y}\n", "there is no field 'cod'"),
    ],
)
def test_mistakes_are_named(text: str, says: str) -> None:
    """A wrong value is answered with what was expected."""
    with pytest.raises(InvalidConfigError) as caught:
        read(text)
    assert says in str(caught.value)
