"""How far the server's clock is from ours."""

from __future__ import annotations

from typing import Final

from modeltui.adapters._http import Answer
from modeltui.adapters.prometheus.api import Api
from modeltui.adapters.prometheus.wire import Table
from modeltui.domain.errors import BackendMalformed, BackendRefused
from modeltui.domain.names import UNKNOWN, Missing, Unknown
from modeltui.ports.clock import Clock

_NOISE_SECONDS: Final = 0.25
"""Differences below this are the way there and back; following them would move every sample a little each time."""
_JUMP_SECONDS: Final = 2.0
"""The Date header counts whole seconds: a change of two is a clock that stepped."""
_HALF_SECOND: Final = 0.5


class ServerClock:
    """Measures the offset once, exactly, and again when the Date headers say that a clock has stepped."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._must_measure = True
        self._date_bias: float | Unknown = UNKNOWN
        """What the Date header says beyond the measured offset: a proxy may have a clock of its own."""
        self.offset_seconds = 0.0
        """The server's clock minus ours."""
        self.latency_seconds: float | Unknown = UNKNOWN

    async def settle(self) -> None:
        """Make `offset_seconds` right, asking the server if need be. Raises `BackendUnavailable`."""
        if not self._must_measure:
            return
        try:
            answer = await self._api.instant("vector(1)")
            rows = list(Table(answer, ()))
        except (BackendRefused, BackendMalformed):
            # What is wrong will be said by the questions that matter.
            return
        self.latency_seconds = answer.elapsed_seconds
        point = rows[0].value if rows else None
        by_date = self._by_date(answer)
        # The result's own time has milliseconds; VictoriaMetrics evaluates earlier than it says.
        measured = point.at - self._midpoint(answer) if point is not None else by_date
        if isinstance(measured, Missing):
            return
        if abs(measured - self.offset_seconds) > _NOISE_SECONDS:
            self.offset_seconds = measured
        self._date_bias = by_date - measured if isinstance(by_date, float) else UNKNOWN
        self._must_measure = False

    def note(self, answer: Answer) -> None:
        """Look at the time in an answer's Date header."""
        by_date = self._by_date(answer)
        if isinstance(by_date, float) and isinstance(self._date_bias, float):
            drift = by_date - self._date_bias - self.offset_seconds
            self._must_measure = self._must_measure or abs(drift) > _JUMP_SECONDS + answer.elapsed_seconds

    def _by_date(self, answer: Answer) -> float | Unknown:
        if isinstance(answer.server_date, Missing):
            return UNKNOWN
        return answer.server_date + _HALF_SECOND - self._midpoint(answer)

    def _midpoint(self, answer: Answer) -> float:
        return self._clock.now() - answer.elapsed_seconds / 2
