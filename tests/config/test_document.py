"""YAML is read as it was written, and what a configuration does not need is refused with its place."""

from __future__ import annotations

import pytest

from modeltui.config.document import MOST_BYTES, Listing, Mapping, Scalar, parse, plain, walk
from modeltui.config.problems import InvalidConfigError


def refusal(text: str) -> str:
    """Return the one line with which `text` is refused."""
    with pytest.raises(InvalidConfigError) as caught:
        parse(text, "f.yaml")
    assert len(caught.value.problems) == 1
    return caught.value.title


def test_versions_stay_text() -> None:
    """1.10 is not 1.1, `no` is Norway, and a date is what was typed."""
    document = parse("a: 1.10\nb: no\nc: 2024-01-15\nd: 0x1F\ne: 1_000\nf: '~'\ng: ~\n", "f.yaml")
    assert plain(document) == {
        "a": "1.10",
        "b": "no",
        "c": "2024-01-15",
        "d": "0x1F",
        "e": "1_000",
        "f": "~",
        "g": None,
    }


def test_every_key_and_value_knows_its_place() -> None:
    """An editor can jump to each key and each value."""
    document = parse("a:\n  b: [x, {c: 'y'}]\n", "f.yaml")
    a = document.items["a"]
    assert isinstance(a, Mapping)
    b = a.items["b"]
    assert isinstance(b, Listing)
    assert [(str(node.place), node.path) for node in walk(document)] == [
        ("f.yaml:1:1", ""),
        ("f.yaml:2:3", "a"),
        ("f.yaml:2:6", "a.b"),
        ("f.yaml:2:7", "a.b[0]"),
        ("f.yaml:2:10", "a.b[1]"),
        ("f.yaml:2:14", "a.b[1].c"),
    ]
    assert str(document.keys["a"]) == "f.yaml:1:1"
    assert str(a.keys["b"]) == "f.yaml:2:3"


def test_a_query_in_a_block_keeps_its_lines_and_loses_its_last_line_end() -> None:
    """PromQL over several lines is one text."""
    query = parse("q: |\n  sum by (x) (\n  \trate(y[5m]))\n", "f.yaml").items["q"]
    assert isinstance(query, Scalar)
    assert query.text == "sum by (x) (\n\trate(y[5m]))"


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Files from Windows editors are read."""
    assert plain(parse("\ufeffa: 1\r\nb: 2\r\n", "f.yaml")) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a:\n\tb: 1\n", "f.yaml:2:1: a tab indents this line; YAML takes spaces only"),
        ("a:\n  b: 1\n  \tc: 2\n", "f.yaml:3:3: a tab indents this line; YAML takes spaces only"),
        (
            "a: b: c\n",
            "f.yaml:1:5: a ':' where no key can be: line keys up, and quote text that has ': ' in it",
        ),
        ("a: @x\n", "f.yaml:1:4: a value cannot begin with '@'; put it in quotes"),
        ("a: %x\n", "f.yaml:1:4: a value cannot begin with '%'; put it in quotes"),
        ("a: 'x\n", "f.yaml:1:4: this quote is never closed"),
        ("a: [1,\n", "f.yaml:2:1: a bracket is never closed, or a comma is missing"),
        ("a: {b: 1\nc: 2\n", "f.yaml:1:4: a bracket is never closed, or a comma is missing"),
        ('a: "\\q"\n', "f.yaml:1:5: unknown escape in double quotes; use single quotes for text with backslashes"),
        ("a: 1\nb\n", "f.yaml:3:1: a ':' is missing after the key"),
        (
            "a:\n    b: 1\n  c: 2\n",
            "f.yaml:3:3: this line does not line up with those above; indent by the same number of spaces",
        ),
        ("a: &x 1\nb: *x\n", "f.yaml:1:4: a: anchors are not accepted; remove '&x'"),
        ("a: *x\n", "f.yaml:1:4: a: aliases are not accepted; put '*x' in quotes if it is a pattern"),
        ("a: [*]\n", "f.yaml:1:6: a value cannot begin with '*'; put it in quotes"),
        (
            "key: 'it's'\n",
            "f.yaml:1:10: text after the end of a value; put the whole value in quotes (inside '…', write '' for ')",
        ),
        (
            "a: !!python/object/apply:os.system [x]\n",
            "f.yaml:1:4: a: tags are not accepted; remove 'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("a: {<<: {b: 1}}\n", "f.yaml:1:5: a: merge keys ('<<') are not accepted; write the values out"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: 'a' is already there, in line 1; keep one"),
        (
            "a:\n  x: 1\n  x: 2\n",
            "f.yaml:3:3: a: 'x' is already there, in line 2; keep one",
        ),
        ("[a]: 1\n", "f.yaml:1:1: a key must be plain text"),
        ("'': 1\n", "f.yaml:1:1: a key must be one short line of text, found nothing"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here; keep one, and use contexts for variants"),
        ("- a\n", "f.yaml:1:1: expected keys such as 'contexts:', found a list"),
        ("hello\n", "f.yaml:1:1: expected keys such as 'contexts:', found 'hello'"),
        ("", "f.yaml: the file is empty; `modeltui config init` prints a starting point"),
        ("# only this\n---\n", "f.yaml: the file is empty; `modeltui config init` prints a starting point"),
        ("a: x\x1b[31my\n", "f.yaml:1:5: U+001B is a control or invisible character"),
        ("a: 1\nb: x\u202ey\n", "f.yaml:2:5: U+202E is a control or invisible character"),
        ('a: "\\e[31m"\n', "f.yaml:1:4: a: the text has U+001B, a control or invisible character"),
        ('"\\u200b": 1\n', "f.yaml:1:1: the text has U+200B, a control or invisible character"),
        ("a: " + "[" * 25, "f.yaml:1:23: a" + "[0]" * 19 + ": more than 20 levels deep"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, says: str) -> None:
    """Whoever mistyped learns where and what, without knowing YAML's grammar."""
    assert refusal(text) == says


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    """A billion laughs costs one line of reading."""
    levels = "\n".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9))
    assert refusal(f"a: &a [lol]\n{levels}\n") == "f.yaml:1:4: a: anchors are not accepted; remove '&a'"


@pytest.mark.parametrize("text", ["[" * 200_000, "{a: " * 60_000, "- " * 100_000])
def test_a_deep_text_is_refused_before_it_is_read(text: str) -> None:
    """Nesting that would keep a parser busy for a minute is refused at its twentieth level."""
    assert "more than 20 levels deep" in refusal(f"a: {text}" if text[0] in "[{" else text)


def test_a_wide_text_is_refused() -> None:
    """A list of a hundred thousand is data, not configuration."""
    assert "more than 20000 values; a configuration is written by hand" in refusal(f"a: [{'1,' * 100_000}]")


def test_a_large_text_is_refused() -> None:
    """Ten megabytes are refused unread."""
    assert refusal("#" * 10_000_000) == "f.yaml: larger than 256 KiB; a configuration is written by hand"
    assert plain(parse("a: " + "x" * (MOST_BYTES - 4) + "\n", "f.yaml"))["a"][:3] == "xxx"


def test_a_lone_surrogate_is_refused() -> None:
    """Text that no encoding can hold is not an internal error."""
    assert refusal("a: \ud83d\n") == "f.yaml:1:4: U+D83D is a control or invisible character"
