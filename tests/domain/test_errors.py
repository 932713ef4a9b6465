"""Every expected failure says what happened, what to do, and how the program ends."""

from __future__ import annotations

import pytest

from modeltui.domain import errors
from modeltui.domain.errors import ModeltuiError


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (errors.ConfigError, 2),
        (errors.BackendUnavailable, 1),
        (errors.BackendRefused, 1),
        (errors.BackendMalformed, 1),
        (errors.RevisionConflict, 3),
        (errors.OutcomeUnknown, 4),
        (errors.JournalUnavailable, 1),
    ],
)
def test_a_script_can_tell_failures_apart(kind: type[ModeltuiError], exit_code: int) -> None:
    """Wrong configuration, a moved world and a lost answer end with different exit codes."""
    error = kind("mlflow does not answer", "Look at the VPN.")
    assert error.exit_code == exit_code
    assert (error.title, error.remedy) == ("mlflow does not answer", "Look at the VPN.")
    assert str(error) == "mlflow does not answer\nLook at the VPN."
    assert str(kind("it is over")) == "it is over"


def test_whatever_a_backend_does_is_one_kind_of_error() -> None:
    """The poller catches what backends do, and nothing else."""
    backend = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.BackendError)
    }
    assert {kind.__name__ for kind in backend} == {
        "BackendError",
        "BackendUnavailable",
        "BackendRefused",
        "BackendMalformed",
        "RevisionConflict",
        "OutcomeUnknown",
    }
    assert not issubclass(errors.ConfigError, errors.BackendError)
    assert not issubclass(errors.JournalUnavailable, errors.BackendError)
