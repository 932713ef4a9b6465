"""Every error that modeltui raises on purpose, in one tree; each says what happened and what to do next.

    ModeltuiError                 exit 1   anything expected that stops a command
    ├── ConfigError               exit 2   the configuration or the command line is wrong
    ├── BackendError              exit 1   a registry, metrics source or rollout system let us down
    │   ├── BackendUnavailable    exit 1   no answer: refused connection, time-out, 5xx
    │   ├── BackendRefused        exit 1   it answered no: 401, 403, 404, bad query
    │   ├── BackendMalformed      exit 1   it answered something that we cannot read, or too much of it
    │   ├── RevisionConflict      exit 3   the world moved between reading and writing
    │   └── OutcomeUnknown        exit 4   a write may or may not have happened
    └── JournalUnavailable        exit 1   the record cannot be written, so nothing may be done

An expected 'no' of our own (a guard, a policy) is not an error: it is a returned `Refusal`.
Adapters translate what their libraries raise into these, with `raise … from`.
"""

# ruff: noqa: N818 - the names say what happened; an "Error" on each would add nothing

from typing import ClassVar


class ModeltuiError(Exception):
    """Something expected went wrong; the operator is told `title`, then `remedy`."""

    exit_code: ClassVar[int] = 1
    """The exit code of the program when this error ends it."""

    def __init__(self, title: str, remedy: str = "") -> None:
        super().__init__(title, remedy)
        self.title = title
        """What happened, to which object: one line, without a full stop."""
        self.remedy = remedy
        """What to do next; empty when there is nothing to do but wait."""

    def __str__(self) -> str:
        return f"{self.title}\n{self.remedy}" if self.remedy else self.title


class ConfigError(ModeltuiError):
    """The configuration or the command line is wrong; nothing was contacted."""

    exit_code = 2


class BackendError(ModeltuiError):
    """A registry, metrics source or rollout system let us down."""


class BackendUnavailable(BackendError):
    """No usable answer: connection refused, time-out, 5xx. Asking again later may help."""

    def __init__(self, title: str, remedy: str = "", *, asked_pause_seconds: float = 0.0) -> None:
        super().__init__(title, remedy)
        self.asked_pause_seconds = asked_pause_seconds
        """For how long the backend asked to be left alone; 0 where it did not."""


class BackendRefused(BackendError):
    """The backend answered no (credentials, permission, bad query); asking again will not help."""


class BackendMalformed(BackendError):
    """The backend answered something that cannot be read: HTML, half a document, too many bytes."""


class RevisionConflict(BackendError):
    """The object changed between our reading and our writing; nothing was written."""

    exit_code = 3


class OutcomeUnknown(BackendError):
    """A write was sent and its answer is lost: it may or may not have happened. Look, do not repeat."""

    exit_code = 4


class JournalUnavailable(ModeltuiError):
    """The record of actions cannot be written, so no action may be taken."""
