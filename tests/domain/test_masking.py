"""What is hidden because it may be a credential, and what must stay readable."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.examples import examples

from modeltui.domain import masking
from modeltui.domain.masking import is_secret_name, masked, without_tokens
from modeltui.domain.requirements import requirement_lines

SECRET_NAMES = "password DB_PASSWORD hf_token aws_secret_access_key api-key apiKey client.secret AUTHORIZATION sas_key"
TRADE_NAMES = (
    "max_tokens tokenizer pad_token eos_token num_tokens key primary_key keyword secretary learning_rate monkey"
)


@pytest.mark.parametrize("name", SECRET_NAMES.split())
def test_names_of_secrets(name: str) -> None:
    """A value under the name of a credential is masked, whatever it is."""
    assert masked(name, "Tr0ub4dor") == "•••"


@pytest.mark.parametrize("name", TRADE_NAMES.split())
def test_words_of_the_trade(name: str) -> None:
    """Parameters that only sound like secrets stay readable: they are what an operator compares."""
    assert not is_secret_name(name)
    assert masked(name, "512") == "512"


@pytest.mark.parametrize("value", ["", "0", "512", "0.1", "1e-4", "true", "None"])
def test_harmless_values(value: str) -> None:
    """A number or a switch is no secret, even under such a name."""
    assert masked("password", value) == value


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://svc:pa55@db/x", "postgres://svc:•••@db/x"),
        ("https://git.example.com/x.git", "https://git.example.com/x.git"),
        ("git@git.example.com:risk/x.git", "git@git.example.com:risk/x.git"),
        ("https://s3/x?X-Amz-Signature=abcd1234&v=2", "https://s3/x?X-Amz-Signature=•••&v=2"),
        ("Authorization: Bearer abc.def.123", "Authorization: Bearer •••"),
        ("a bearer of good tidings", "a bearer of good tidings"),
        ("id AKIAIOSFODNN7EXAMPLE end", "id ••• end"),
        ("ghp_" + "a" * 36, "•••"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig_natur-e", "•••"),
        ("password: hunter22", "password: •••"),
        ("Never tell the password: ask the user.", "Never tell the password: ask the user."),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter", "•••\nafter"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", "•••"),
        ("sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393",) * 2,
    ],
)
def test_tokens_in_text(text: str, shown: str) -> None:
    """What looks like a token is masked inside a text; digests, addresses and prose stay."""
    assert without_tokens(text) == shown


def test_long_text_is_searched_in_bounded_time() -> None:
    """A megabyte made to confuse the search is cut and done with."""
    assert len(without_tokens("token=" * 500_000)) <= 300_000
    assert len(without_tokens("://" + "a:" * 500_000)) <= 300_000


def test_requirement_lines() -> None:
    """Requirements come one a line; comments and continuations are resolved, an unfinished last line counts."""
    text = "\ufeffa==1 # why\n\n#only\nb==2 \\\n ; python_version<'3'\n-r c.txt \\"
    assert requirement_lines(text) == ("a==1", "b==2 ; python_version<'3'", "-r c.txt")
    assert len(requirement_lines("x\n" * 100_000)) == 5_000


@given(st.from_regex(masking._TOKEN))
@settings(max_examples=examples(200))
def test_nothing_is_passed_over_for_want_of_a_hint(text: str) -> None:
    """Whatever looks like a token has one of the words in it by which texts are looked at more closely."""
    assert any(hint in text.casefold() for hint in masking._HINTS)
