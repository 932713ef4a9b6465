"""Any frozen structure can be asked for, so that adapters declare their own options."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.config.decode import decode
from modeltui.config.document import parse
from modeltui.config.problems import InvalidConfigError
from modeltui.config.quantity import Quantity, Within, read_amount
from modeltui.config.secrets import Secret, SecretStore
from modeltui.domain.text import SafeText


class Reveals(Protocol):
    """An adapter's own idea of a secret."""

    def reveal(self) -> str:
        """Return it."""
        ...


class Flavour(Enum):
    ONE = "one"
    TWO = "two"


class Basic(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="basic"):
    username: str
    password: Reveals


class Bearer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="bearer"):
    token: Reveals


class Nothing(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="none"):
    pass


class Part(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    weights: tuple[float, ...] = ()


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """As an adapter would write it."""

    url: Annotated[str, msgspec.Meta(pattern="^https?://", description="an address such as https://host")]
    auth: Basic | Bearer | Nothing = Nothing()
    wait_seconds: float = 1.0
    most_bytes: int = 10
    share: Annotated[float, Quantity.SHARE, Within(ge=0, le=1)] = 0.5
    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    flavour: Flavour = Flavour.ONE
    level: Literal["low", "high"] | None = None
    file: Path | None = None
    headers: dict[str, Reveals | str] = {}
    parts: list[Part] = []
    by_name: Mapping[str, Part] = {}
    labels: Sequence[str] = ()
    size: int | str = 0
    title: SafeText = SafeText("")
    anything: Any = None
    ssl: bool = True


def read(text: str) -> Options:
    return decode(parse(text, "/etc/o.yaml"), Options, SecretStore({"T": "secret-token"}), also_known=("kind",))


def mistakes(text: str) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_every_kind_of_option_is_read() -> None:
    """Nested structures, lists, tables, choices, units, paths and secrets arrive typed."""
    options = read(
        "kind: x\nurl: https://h\nauth: {type: basic, username: me, password: 'env:T'}\nwait_seconds: 1m30s\n"
        "most_bytes: 64KiB\nshare: 20%\ncount: 3\nflavour: two\nlevel: high\nfile: ca.pem\n"
        "headers: {X-Scope-OrgID: risk, X-Api-Key: 'env:T'}\nparts: [{name: a, weights: [0.5, 1]}]\n"
        "by_name: {b: {name: b}}\nlabels: [1.10, no]\nsize: 12\ntitle: ok\nssl: false\nanything: {x: 1}\n"
    )
    assert isinstance(options.auth, Basic)
    assert options.auth.password.reveal() == "secret-token"
    assert (options.wait_seconds, options.most_bytes, options.share, options.count) == (90.0, 65536, 0.2, 3)
    assert (options.flavour, options.level, options.file) == (Flavour.TWO, "high", Path("/etc/ca.pem"))
    assert isinstance(options.headers["X-Api-Key"], Secret)
    assert options.headers["X-Scope-OrgID"] == "risk"
    assert options.parts == [Part(name="a", weights=(0.5, 1.0))]
    assert options.by_name == {"b": Part(name="b")}
    assert (options.labels, options.size, options.ssl) == (("1.10", "no"), 12, False)


def test_defaults_are_the_structures_own() -> None:
    """What is not written is as the adapter has it; an explicit nothing is nothing."""
    assert read("url: https://h\n") == Options(url="https://h")
    assert read("url: https://h\nlevel: ~\nfile:\n").level is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind: x\n", "/etc/o.yaml:1:1: url: missing; expected an address such as https://host"),
        ("url: ftp://h\n", "/etc/o.yaml:1:6: url: expected an address such as https://host, found 'ftp://h'"),
        ("url:\n", "/etc/o.yaml:1:5: url: expected an address such as https://host, found nothing"),
        (
            "url: https://h\nauth: {typ: basic}\n",
            "/etc/o.yaml:2:7: auth.type: missing; expected 'basic', 'bearer' or 'none'",
        ),
        (
            "url: https://h\nauth: {type: baisc}\n",
            "/etc/o.yaml:2:14: auth.type: expected 'basic', 'bearer' or 'none', found 'baisc'; did you mean 'basic'?",
        ),
        (
            "url: https://h\nauth: {type: bearer, tokn: 'env:T', token: 'env:T'}\n",
            "/etc/o.yaml:2:22: auth.tokn: unknown key 'tokn'; did you mean 'token'?",
        ),
        (
            "url: https://h\nauth: {type: bearer, token: 'env:U'}\n",
            "/etc/o.yaml:2:29: auth.token: the environment variable U is not set (export U=…)",
        ),
        (
            "url: https://h\nauth: bearer\n",
            "/etc/o.yaml:2:7: auth: expected keys such as username, password, found 'bearer'",
        ),
        ("url: https://h\ncount: 0\n", "/etc/o.yaml:2:8: count: expected at least 1, found '0'"),
        ("url: https://h\ncount: 1.0\n", "/etc/o.yaml:2:8: count: expected a whole number, found '1.0'"),
        ("url: https://h\nssl: on\n", "/etc/o.yaml:2:6: ssl: expected true or false, found 'on'"),
        ("url: https://h\nflavour: three\n", "/etc/o.yaml:2:10: flavour: expected 'one' or 'two', found 'three'"),
        (
            "url: https://h\nmost_bytes: big\n",
            "/etc/o.yaml:2:13: most_bytes: expected a size such as 8000000, '8MB' or '64KiB', found 'big'",
        ),
        (
            "url: https://h\nparts: [{name: a, weights: [x]}]\n",
            "/etc/o.yaml:2:29: parts[0].weights[0]: expected a number such as 100 or 0.5, found 'x'",
        ),
        ("url: https://h\nby_name: {b: {}}\n", "/etc/o.yaml:2:14: by_name.b.name: missing; expected text"),
        (
            "url: https://h\nparts: {name: a}\n",
            "/etc/o.yaml:2:8: parts: expected a list such as [a, b], found keys and values",
        ),
        (
            "url: https://h\nwait_second: 3\n",
            "/etc/o.yaml:2:1: wait_second: unknown key 'wait_second'; did you mean 'wait_seconds'?",
        ),
    ],
)
def test_a_wrong_option_is_named_with_its_place(text: str, says: str) -> None:
    """An adapter's options are checked as strictly as the rest of the file."""
    assert mistakes(text) == [says]


def test_a_literal_secret_is_refused_without_repeating_it() -> None:
    """A password where a reference belongs is not shown."""
    [says] = mistakes("url: https://h\nauth: {type: bearer, token: hunter2hunter2}\n")
    assert "a secret must not be written here" in says
    assert "hunter2" not in says


def test_all_mistakes_of_a_source_come_together() -> None:
    """Options are corrected once."""
    assert len(mistakes("count: x\nssl: y\nnonsense: z\n")) == 4


def test_a_key_of_ours_is_not_known_further_down() -> None:
    """`kind` belongs to the source, not to every part of it."""
    assert mistakes("kind: x\nurl: https://h\nby_name: {b: {name: b, kind: y}}\n") == [
        "/etc/o.yaml:3:24: by_name.b.kind: unknown key 'kind'; known here: name, weights"
    ]


def test_what_a_structure_refuses_itself_is_reported_at_its_place() -> None:
    """A rule between two options is a mistake with a line, too."""

    @dataclass(frozen=True, slots=True)
    class Range:
        low: int
        high: int

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low is above high")

    with pytest.raises(InvalidConfigError, match=r"^f:1:1: low is above high"):
        decode(parse("low: 2\nhigh: 1\n", "f"), Range)


@pytest.mark.parametrize(
    ("text", "quantity", "value"),
    [
        ("30", Quantity.DURATION, 30.0),
        ("1h30m", Quantity.DURATION, 5400.0),
        ("500ms", Quantity.DURATION, 0.5),
        ("1d 2h", Quantity.DURATION, 93600.0),
        ("20%", Quantity.SHARE, 0.2),
        ("15 %", Quantity.SHARE, 0.15),
        ("-15%", Quantity.CHANGE, -0.15),
        ("+100 %", Quantity.CHANGE, 1.0),
        ("1pp", Quantity.MARGIN, 0.01),
        ("20ms", Quantity.MARGIN, 0.02),
        ("250ms", Quantity.LEVEL, 0.25),
        ("1e-3", Quantity.NUMBER, 0.001),
        ("8MB", Quantity.BYTES, 8e6),
    ],
)
def test_numbers_are_read_with_their_units(text: str, quantity: Quantity, value: float) -> None:
    """People write 5m and 1pp; the program counts in seconds and fractions."""
    assert read_amount(text, quantity).value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("5 parsecs", Quantity.DURATION),
        ("m", Quantity.DURATION),
        ("1h30", Quantity.DURATION),
        ("15%", Quantity.CHANGE),
        ("+15", Quantity.CHANGE),
        ("1%", Quantity.MARGIN),
        ("1pp", Quantity.LEVEL),
        ("30s", Quantity.NUMBER),
        ("1_000", Quantity.NUMBER),
        ("0x10", Quantity.NUMBER),
        ("nan", Quantity.NUMBER),
        ("1e400", Quantity.NUMBER),
        ("0,5", Quantity.NUMBER),
        ("", Quantity.NUMBER),
        ("9" * 50, Quantity.NUMBER),
    ],
)
def test_what_could_be_meant_otherwise_is_refused(text: str, quantity: Quantity) -> None:
    """A percentage of what, a second or a minute: asked, not guessed."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        read_amount(text, quantity)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever is in the file, the answer is a document or a list of mistakes."""
    with suppress(InvalidConfigError):
        assert isinstance(decode(parse(text, "f"), Options, SecretStore({})), Options)


@given(st.text(max_size=60), st.sampled_from(Quantity))
def test_no_number_breaks_the_reader(text: str, quantity: Quantity) -> None:
    """A number is read or refused; it is never infinite."""
    try:
        value = read_amount(text, quantity).value
    except ValueError:
        return
    assert abs(value) < float("inf")
