"""Secrets come from where the configuration points, and never out again."""

from __future__ import annotations

import base64
import copy
import pickle
import sys
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from modeltui.config import secrets
from modeltui.config.secrets import MASK, Secret, SecretStore, is_reference, redact
from modeltui.domain.errors import ConfigError

CANARY = "CANARY-9f/2+x=3"


def refusal(reference: str, environ: dict[str, str] | None = None) -> str:
    """Return title and remedy with which a reference is refused, on one line."""
    with pytest.raises(ConfigError) as caught:
        SecretStore(environ or {}).resolve(reference)
    return f"{caught.value.title} | {caught.value.remedy}"


def secret_file(directory: Path, text: str = CANARY + "\n", mode: int = 0o600) -> Path:
    """Return a new file with a secret in it."""
    path = directory / "token"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_secret_prints_as_dots_wherever_it_gets() -> None:
    """A token in an exception, a log line or a debugger's view is three dots."""
    secret = Secret(CANARY, "env:X")
    shown = [str(secret), repr(secret), f"{secret:>20}", f"{secret!s}", repr([secret]), repr({"token": secret})]
    assert all(CANARY not in text and MASK in text for text in shown)
    assert secret.reveal() == CANARY
    assert not hasattr(secret, "__dict__")


def test_a_secret_cannot_be_pickled_or_encoded() -> None:
    """No cache, recording or other process gets a token by accident."""
    secret = Secret(CANARY)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    assert copy.deepcopy({"token": secret})["token"] is secret
    assert copy.copy(secret) is secret


def test_two_secrets_are_never_equal() -> None:
    """Comparing is a way to guess."""
    assert Secret("a") != Secret("a")


def test_an_environment_variable_is_read() -> None:
    """`env:NAME` gives its value without the line end."""
    store = SecretStore({"TOKEN": f" {CANARY}\n"})
    secret = store.resolve("env:TOKEN")
    assert secret.reveal() == CANARY
    assert secret.reference == "env:TOKEN"
    assert store.known == (secret,)
    assert store.resolve("env:TOKEN") is secret


def test_a_rotated_secret_is_read_again() -> None:
    """After the server refused a token, the new one is fetched; when there is none, the old one stays."""
    environ = {"TOKEN": "old"}
    secret = SecretStore(environ).resolve("env:TOKEN")
    environ["TOKEN"] = "new"
    assert secret.reveal() == "old"
    secret.reread()
    assert secret.reveal() == "new"
    del environ["TOKEN"]
    with pytest.raises(ConfigError):
        secret.reread()
    assert secret.reveal() == "new"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("env:TOKEN", "the environment variable TOKEN is not set | export TOKEN=…"),
        ("env:EMPTY", "the environment variable EMPTY is empty | export EMPTY=…"),
        ("env:BLANK", "env:BLANK gives nothing | Put the secret there."),
        ("env:LINES", "env:LINES gives more than one line or control characters | Leave one line there: the secret."),
        ("file:token", "the secret file token is not an absolute path | Write file:/… or file:~/…."),
        (
            "file:/no/such/file",
            "the secret file /no/such/file cannot be read: No such file or directory | Create it, or correct the path.",
        ),
        ("file:/dev/null", "the secret file /dev/null is not a regular file | Name a regular file."),
        (
            "command:no-such-program --x",
            "the secret command 'no-such-program' cannot be started: No such file or directory | Run it by hand.",
        ),
        (
            "command:'unclosed",
            "the secret command ''unclosed' cannot be started: No closing quotation | Run it by hand.",
        ),
        ("command:false", "the secret command 'false' failed with exit code 1 | Run it by hand."),
        ("command:true", "command:true gives nothing | Put the secret there."),
        ("keyring:service", "keyring:service has no name | Write keyring:SERVICE/NAME."),
        (
            "evn:TOKEN",
            (
                "not a reference to a secret; did you mean 'env'? | Write 'env:NAME', 'file:PATH', "
                "'command:PROGRAM ARGUMENTS' or 'keyring:SERVICE/NAME'."
            ),
        ),
    ],
)
def test_a_secret_that_is_not_there_is_named_with_a_remedy(reference: str, says: str) -> None:
    """Whoever forgot to export a token learns which and how."""
    assert refusal(reference, {"EMPTY": "", "BLANK": " \n", "LINES": "a\nb"}) == says


def test_a_literal_is_not_repeated_in_the_refusal() -> None:
    """A token where a reference belongs does not appear in the error about it."""
    assert CANARY not in refusal(CANARY)
    assert "hunter2" not in refusal("hunter2:and:more")


def test_a_private_file_is_read(tmp_path: Path) -> None:
    """`file:PATH` gives the one line in it."""
    assert SecretStore({}).resolve(f"file:{secret_file(tmp_path)}").reveal() == CANARY


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o666, 0o620])
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    """A token that the whole machine can read is reported, with the command that closes it."""
    path = secret_file(tmp_path, mode=mode)
    assert refusal(f"file:{path}") == (
        f"the secret file {path} can be read by others (mode {mode:o}) | chmod 600 {path}"
    )


def test_a_large_or_binary_file_is_refused(tmp_path: Path) -> None:
    """A file that cannot be a token is not read to its end."""
    assert "gives more than 64 KiB" in refusal(f"file:{secret_file(tmp_path, 'x' * 70_000)}")
    path = secret_file(tmp_path)
    path.write_bytes(b"\xff\xfe")
    assert "gives something that is not text" in refusal(f"file:{path}")


def test_a_command_is_run_without_a_shell(tmp_path: Path) -> None:
    """`command:` splits its words; `;`, `$` and `>` are only characters."""
    marker = tmp_path / "marker"
    program = f"{sys.executable} -c 'import sys; print(sys.argv[1])' 'a;touch {marker}'"
    assert SecretStore({}).resolve(f"command:{program}").reveal() == f"a;touch {marker}"
    assert not marker.exists()


@pytest.mark.parametrize(
    "program",
    [
        "import time; time.sleep(60)",
        "import os, time; print('x', flush=True); os.close(1); time.sleep(60)",
        "import os, time; os.fork() or os.setsid(); time.sleep(5)",
    ],
    ids=["silent", "closes its output and stays", "leaves a grandchild"],
)
def test_a_command_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """A vault that waits for a password nobody can type costs seconds, not the start."""
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.5)
    says = refusal(f'command:{sys.executable} -c "{program}"')
    assert says == f"the secret command '{sys.executable}' took longer than 0 s | Run it by hand; it must not ask."


def test_a_command_that_prints_without_end_is_ended() -> None:
    """64 KiB are enough for any token."""
    assert "gives more than 64 KiB" in refusal("command:yes")


def test_without_a_keyring_the_remedy_names_the_other_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server without the package, the error says what to use instead."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert refusal("keyring:modeltui/hk") == (
        "keyring: needs the package `keyring` | pip install keyring, or use env: or file:."
    )


def test_only_references_are_references() -> None:
    """A Windows path, a URL and a time are none."""
    assert is_reference("env:X")
    assert not any(is_reference(text) for text in ("C:/x", "https://x", "12:30", "env:", "abc"))


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        f"GET /?token={quote(CANARY, safe='')}",
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"oncall:{CANARY}".encode()).decode(),
        base64.b64encode(f"me:{CANARY}:more".encode()).decode(),
        base64.urlsafe_b64encode(f"a:{CANARY}".encode()).decode(),
        CANARY.encode().hex(),
        f'{{"error": "bad token {CANARY}"}}',
        f"KeyError: {CANARY!r}",
    ],
)
def test_a_known_secret_is_masked_in_every_encoding(text: str) -> None:
    """A crash report holds no token, however it travelled."""
    result = redact(text, [Secret(CANARY)])
    assert MASK in result
    for form in (
        CANARY,
        quote(CANARY, safe=""),
        CANARY.encode().hex(),
        base64.b64encode(CANARY.encode()).decode()[:16],
    ):
        assert form not in result


def test_whatever_was_fetched_is_masked_without_being_named() -> None:
    """A crash handler masks every token of this process, those that were rotated away too."""
    environ = {"T": "first-value-of-it"}
    secret = SecretStore(environ).resolve("env:T")
    environ["T"] = "second-value-of-it"
    secret.reread()
    assert redact("first-value-of-it second-value-of-it third") == f"{MASK} {MASK} third"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("Authorization: Bearer abcdefgh12345", f"Authorization: Bearer {MASK}"),
        ("https://me:hunter2@host/x", f"https://me:{MASK}@host/x"),
        ("api_key=abcd1234&x=1", f"api_key={MASK}&x=1"),
        ('"password": "hunter2"', f'"password": "{MASK}"'),
        ("key AKIAABCDEFGHIJKLMNOP here", f"key {MASK} here"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIx.SflKxwRJSMeK", MASK),
        ("ghp_0123456789abcdefghij0123", MASK),
        ("model fraud-detector 3.0.0: 4.8% errors, token bucket full", None),
        ("basic health", None),
    ],
)
def test_what_looks_like_a_token_is_masked(text: str, result: str | None) -> None:
    """Tokens of others, in a server's error, are masked too; ordinary words stay."""
    assert redact(text) == (text if result is None else result)
