"""What the configuration of an MLflow source may say, as it is written in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from modeltui.adapters._http import BasicAuth, NoAuth
from modeltui.adapters.mlflow.options import Options, http_settings
from modeltui.config.decode import decode
from modeltui.config.document import parse
from modeltui.config.problems import InvalidConfigError
from modeltui.config.secrets import SecretStore
from modeltui.domain.errors import ConfigError
from tests.adapters.mlflow.fake import no_secret

WRITTEN = """\
url: https://mlflow.example/tools/mlflow
auth: {type: basic, username: ana, password: 'env:MLFLOW_PASSWORD'}
ca_file: ca.pem
workspace: risk
model_filter: name LIKE 'risk-%'
page_size: 500
connection_close: true
timeout_seconds: 30s
most_answer_bytes: 64MiB
provenance:
  data_snapshot: ['tag:snapshot', 'input_tag:lakefs.commit']
  extraction_query: ['artifact:provenance/query.sql']
"""


def read(text: str, **environment: str) -> Options:
    return decode(parse(text, "/etc/modeltui/modeltui.yaml"), Options, SecretStore(environment))


def test_everything_that_may_be_written() -> None:
    """Address, credentials, certificates, limits and conventions are read from the file."""
    options = read(WRITTEN, MLFLOW_PASSWORD="pw")
    assert isinstance(options.auth, BasicAuth)
    assert options.auth.password.reveal() == "pw"
    assert (options.page_size, options.timeout_seconds, options.most_answer_bytes) == (500, 30.0, 64 << 20)
    assert options.provenance.data_snapshot == ("tag:snapshot", "input_tag:lakefs.commit")
    assert options.provenance.commit
    settings = http_settings(options, no_secret, Path("/etc/modeltui"))
    assert settings.headers == {"X-MLFLOW-WORKSPACE": "risk"}
    assert settings.ca_file == Path("/etc/modeltui/ca.pem")
    assert "pw" not in repr(options) + repr(settings)


def test_an_address_is_enough() -> None:
    """Everything but the address has a default that works."""
    options = read("url: http://127.0.0.1:5000\n")
    assert isinstance(options.auth, NoAuth)
    assert (options.page_size, options.connection_close) == (1000, False)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("page_size: 0", "at least 1"),
        ("page_size: 1001", "at most 1000"),
        ("pagesize: 10", "page_size"),
        ("provenance: {data_snapshot: ['tagg:x']}", "is no place"),
        ("provenance: {data: ['tag:x']}", "unknown key"),
        ("auth: {type: basic, username: ana, password: hunter2}", "env:NAME"),
        ("auth: {type: kerberos}", "basic"),
    ],
)
def test_mistakes_are_named(line: str, says: str) -> None:
    """A wrong value is answered with its line and what was expected, without repeating a secret."""
    with pytest.raises(InvalidConfigError) as caught:
        read(f"url: http://127.0.0.1:5000\n{line}\n")
    assert says in str(caught.value)
    assert ":2:" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_two_kinds_of_credentials() -> None:
    """Credentials in the file and from MLflow's variables at once are refused: one of them would be ignored."""
    options = Options(
        url="https://x.example", auth=read(WRITTEN, MLFLOW_PASSWORD="pw").auth, credentials_from_environment=True
    )
    with pytest.raises(ConfigError, match="both set"):
        http_settings(options, no_secret, Path("/"))


def test_missing_variables_are_named() -> None:
    """Without any of MLflow's variables the operator is told which one is missing."""
    options = Options(url="https://x.example", credentials_from_environment=True)
    with pytest.raises(ConfigError, match="MLFLOW_TRACKING_USERNAME"):
        http_settings(options, no_secret, Path("/"))
