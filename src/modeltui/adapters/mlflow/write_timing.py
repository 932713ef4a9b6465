"""How long a write of aliases waits for what, and after how long it gives up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modeltui.adapters.mlflow import writing_promise


@dataclass(frozen=True, slots=True)
class Timing:
    """How long is waited for what; whoever sends gives a write 20 s in all."""

    pause_seconds: float = writing_promise.PAUSE_SECONDS
    """Between claiming a model and believing it, at least; twice as long as look and claim took, if that is more."""
    quick_seconds: float = writing_promise.PAUSE_SECONDS
    """For the last look before a write, at most, or as long as was paused: else it may have moved meanwhile."""
    begin_seconds: float = 3.5
    """For the first look and the claim together, at most: what takes longer would not be over in time."""
    before_seconds: float = 13.0
    """From the beginning until the write leaves, at most: its answer is still to come within the time of the whole."""
    seen_seconds: float = 2.0
    """After the pause our claim must be seen within this: else what answers is a copy that lags too far behind."""
    look_again_seconds: float = 0.2
    """Between two looks for a claim that is not seen yet."""
    settle_seconds: float = writing_promise.NOTICED_SECONDS
    """After a write, until the last look at it."""
    whole_seconds: float = 18.0
    """From the beginning until all is tidied up: what is known by then is told, before nobody listens any more."""
    tidy_seconds: float = 0.5
    """For tidying up there is at least this."""
    lock_seconds: float = 30.0
    """A claim ends by itself after this: it outlasts the longest write."""
    late_seconds: float = 20.0
    """A write whose answer is lost may still arrive for this long."""


DEFAULT_TIMING: Final = Timing()
