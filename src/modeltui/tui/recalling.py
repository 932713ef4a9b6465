"""What the journal's screen asks for besides records: what waits for a second person, and what served at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from textual.app import App

from modeltui.domain.acting.action import Refusal
from modeltui.domain.errors import ModeltuiError
from modeltui.domain.names import Instant
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.tui.local_zone import LOCAL
from modeltui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from modeltui.domain.acting.approval import ApprovalRequest
    from modeltui.domain.fleet import Fleet
    from modeltui.ports.acting import Acting
    from modeltui.present.glyphs import Glyphs
    from modeltui.tui.screens.board import Board

    _Base = App[Any]
else:
    _Base = object

_WHOLE_TABLE = 180
_FIRST_COLUMNS = 6
"""Of what served at a time: what, where, which version, its share, since and until when."""


class Recalling(_Base):
    """Mixin for the app; a session without a way to act asks for none of it."""

    fleet: Fleet
    glyphs: Glyphs
    acting: Acting | Refusal
    _waiting: tuple[ApprovalRequest, ...] = ()

    if TYPE_CHECKING:

        def ask(self, prompt: Prompt) -> None: ...
        def say(self, text: str, tone: Tone) -> None: ...
        def show_text(self, make: Callable[[int], list[Line]]) -> None: ...

    @property
    def board(self) -> Board:
        """Return the screen on top."""
        return cast("Board", self.screen)

    def waiting_approvals(self) -> list[Line]:
        """Return what waits for a second person here, with the command to run; asked for when a journal is opened."""
        if not self._waiting:
            return []
        from modeltui.present.journal_text import approval_lines

        return approval_lines(self._waiting, self.fleet.at, self.glyphs)

    def ask_waiting(self) -> None:
        """Look for plans that wait for a second person."""
        if not isinstance(self.acting, Refusal):
            self.run_worker(self._ask_waiting(self.acting), group="waiting", exclusive=True, exit_on_error=False)

    async def _ask_waiting(self, acting: Acting) -> None:
        with suppress(ModeltuiError):
            self._waiting = await acting.pending()
        self.board.draw_all()

    def ask_as_of(self) -> None:
        """Ask for a time, and show what served then."""
        acting = self.acting
        if isinstance(acting, Refusal):
            self.say("in a session that only looks: 'modeltui journal as-of TIME' answers for any time", Tone.WARN)
            return

        def look(text: str) -> None:
            at = moment_typed(text)
            if at is None:
                self.say("a time is written as 2026-01-15 02:07, in your own zone", Tone.WARN)
                return
            self.run_worker(self._look_back(acting, at), group="as-of", exclusive=True, exit_on_error=False)

        label = "what served at: 2026-01-15 02:07"
        self.ask(Prompt(label, self.glyphs, on_accept=look, accept_words="show", cancel_words="stay here"))

    async def _look_back(self, acting: Acting, at: Instant) -> None:
        from modeltui.engine.journal.as_of import serving_at
        from modeltui.present.serving_table import serving_rows
        from modeltui.present.table import aligned
        from modeltui.present.times import both_date_times

        try:
            found = await serving_at(acting.journal, at, now=self.fleet.at, fleet=self.fleet)
        except ModeltuiError as error:
            self.say(error.title, Tone.WARN)
            return
        heading: Line = (Span(f"as of {both_date_times(at, LOCAL)}", Tone.TITLE),)
        table = serving_rows(found, LOCAL)
        nobody: Line = (Span("nobody knows of anything that served then", Tone.UNKNOWN),)

        def make(width: int) -> list[Line]:
            kept = table if width >= _WHOLE_TABLE else [row[:_FIRST_COLUMNS] for row in table]
            rows: list[Line] = [(Span(line),) for line in aligned(kept)]
            return [heading, *(rows if found else [nobody])]

        self.show_text(make)


def moment_typed(text: str) -> Instant | None:
    """Return the moment that a text names, by the operator's clock of that day unless it names a zone."""
    try:
        at = datetime.fromisoformat(text.strip())
        return Instant((at if at.tzinfo is not None else at.replace(tzinfo=LOCAL)).timestamp())
    except (ValueError, OverflowError):
        return None
