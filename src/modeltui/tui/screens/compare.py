"""What changed? Two versions or more side by side, the likely cause first."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key

from modeltui.domain.fleet import VersionKey
from modeltui.domain.names import TargetKey, VersionId
from modeltui.domain.reduce import Changes
from modeltui.present.compare_columns import LEAST_WIDTH, ColumnsPage
from modeltui.present.compare_text import ComparePage, RowKey, View, heading_line, version_note
from modeltui.present.export_text import command_line, export_lines
from modeltui.present.span import Line, Span
from modeltui.present.tone import Tone
from modeltui.tui.actions import COMPARE
from modeltui.tui.comparing import (
    MOST_VERSIONS,
    NOTHING_YET,
    Result,
    Subject,
)
from modeltui.tui.detail_layout import compare_layout
from modeltui.tui.screens.board import Board, bindings_of
from modeltui.tui.widgets.lines import StyledLines
from modeltui.tui.widgets.prompt import Choice, Prompt
from modeltui.tui.widgets.row_list import RowList

_MOVES = frozenset({"up", "down", "j", "k", "pageup", "pagedown", "home", "end", "g", "G"})


class CompareScreen(Board):
    """What is compared above, its rows below: suspects, then groups."""

    NAME = COMPARE
    AUTO_FOCUS = "#grid"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(COMPARE)

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.subject = subject
        self.filter_text = ""
        self._everything = False
        self._opened: frozenset[str] = frozenset()
        self._chosen = False
        """Until somebody moves it, the cursor stays on the first row: what matters most."""
        self._result: Result = NOTHING_YET
        self._page: ComparePage | ColumnsPage | None = None
        self._asked: tuple[VersionId | None, ...] = ()

    def compose_body(self) -> ComposeResult:
        yield StyledLines(glyphs=self.glyphs, id="title")
        yield RowList(glyphs=self.glyphs, id="grid")

    def on_mount(self) -> None:
        self.program.want_versions(self.subject.model)
        super().on_mount()

    @property
    def looked_at(self) -> TargetKey | None:
        return self.subject.target

    @property
    def looked_at_version(self) -> VersionKey | None:
        """Return the version that lineage is about from here."""
        return None if self.subject.b is None else (self.subject.model, self.subject.b)

    def place_widgets(self, width: int, height: int) -> None:
        for name, box in compare_layout(width, height).items():
            self._put(name, box)

    # What is compared

    def draw_body(self, changes: Changes | None) -> None:
        """Draw what is known now; ask for what is not, and compare when what is compared has changed."""
        if changes is not None and not (changes.details or changes.order or self.subject.target in changes.targets):
            return
        self._ask()
        self._compare()
        self._draw_page(changes is None)

    def draw_ages(self) -> None:
        """Nothing here is drawn anew as time goes by; `r` asks again, for approvals and tags of a version do change."""

    def _ask(self, *, again: bool = False) -> None:
        subject = self.subject
        subject.settle(self.fleet)
        asked = (subject.a, *subject.others)
        if asked == self._asked or subject.a is None:
            return
        self._asked = asked
        for other in subject.others:
            self.program.want_comparison(subject.model, subject.a, other, again=again)

    def ask_again(self) -> None:
        self._asked = ()
        self.program.want_versions(self.subject.model)
        self._ask(again=True)

    def _compare(self) -> None:
        """Take what comparing finds now; what is large is computed meanwhile, and drawn when it is there."""
        result = self.program.comparer.result(self.fleet, self.subject, self._draw_anew)
        if result is None:
            result = NOTHING_YET
        if result is not self._result:
            self._result = result
            self._page = None

    def _draw_anew(self) -> None:
        if self.can_draw:
            self.draw_body(None)

    # What is drawn

    def _draw_page(self, anew: bool) -> None:
        grid = self.query_one("#grid", RowList)
        if self._page is None or anew:
            self._page = self._made_page()
            page = self._page
            if page is None:
                grid.set_rows([("waiting", "", 0)], lambda _: self._waiting_line())
            else:
                before = self._cursor()
                grid.set_rows(page.keys, lambda key: page.line(cast(RowKey, key)))
                # A group that became a table, or a row again, is the same group to whoever looks at it.
                now = page.key_of(before[1]) if before and self._cursor() != before else None
                if not self._chosen and page.keys:
                    grid.move_to(page.keys[0])
                elif now is not None:
                    grid.move_to(now)
        self._draw_title()
        self.draw_keys()

    def _made_page(self) -> ComparePage | ColumnsPage | None:
        found = self._result.comparisons
        if not found:
            return None
        grid = self.query_one("#grid", RowList)
        width, height = max(self.size.width - 1, 1), max(self.size.height - 3, 1)
        view = View(width, grid.size.height or height, self._everything, opened=self._opened, text=self.filter_text)
        if len(found) > 1:
            return ColumnsPage(found, self._result.suspects, view, self.glyphs, self._result.asides)
        return ComparePage(found[0], self._result.suspects, view, self.glyphs, self._result.asides)

    def _draw_title(self) -> None:
        subject, found = self.subject, self._result.comparisons
        if found and not subject.more:
            notes = (self._note(found[0].a), self._note(found[0].b))
            line = heading_line(found[0], self.size.width, notes)
        else:
            versions = [
                Span(f"  {name}{_bracketed(self._note(name))}") for name in (subject.a, *subject.others) if name
            ]
            line = (Span(f" {subject.model}", Tone.STRONG), *versions)
        self.query_one("#title", StyledLines).update([line])

    def _note(self, version: VersionId) -> str:
        return version_note(self.fleet, self.subject.target, version)

    def _waiting_line(self) -> Line:
        subject = self.subject
        if self.program.comparer.is_computing(subject):
            return (Span(f" comparing {subject.a} and {subject.b}", Tone.UNKNOWN),)
        if subject.a is None and subject.model not in self.fleet.versions:
            return (Span(f" waiting for the list of versions of {subject.model}", Tone.UNKNOWN),)
        if subject.a is None:
            return (Span(f" no second version of {subject.model} is known to compare with", Tone.UNKNOWN),)
        return (Span(f" waiting for what is known of {subject.a} and {subject.b}", Tone.UNKNOWN),)

    def remark(self) -> str:
        if self.filter_text:
            return f"/{self.filter_text}"
        first, last, count = self.query_one("#grid", RowList).position
        return f"rows {first} to {last} of {count}" if first > 1 or last < count else ""

    # Keys

    def on_key(self, event: Key) -> None:
        if event.key in _MOVES:
            self._chosen = True

    def on_row_list_highlighted(self, message: RowList.Highlighted) -> None:
        message.stop()
        self.draw_keys()

    def on_row_list_selected(self, message: RowList.Selected) -> None:
        message.stop()
        self.action_unfold()

    def _cursor(self) -> RowKey | None:
        return cast("RowKey | None", self.query_one("#grid", RowList).cursor_key)

    def action_unfold(self) -> None:
        """Show all of the row under the cursor, or fold it again; on a suspect, go to what is suspected."""
        key, page = self._cursor(), self._page
        if key is None or page is None:
            return
        name = page.opens(key)
        if not name:
            return
        self._chosen = True
        if key[0] == "suspect":
            self._go_to(name)
            return
        self._opened ^= {name}
        self._draw_page(True)
        self._show(name if key[0] != "more" else None)

    def _go_to(self, name: str) -> None:
        """Open the group of a field and the field in it, and put the cursor there."""
        group = next((fact.group.value for fact in self._result.comparisons[0].facts if fact.field == name), "")
        self._opened |= {name, group}
        self._draw_page(True)
        self._show(name)

    def _show(self, name: str | None) -> None:
        key = self._page.key_of(name) if name and self._page else None
        if key is None or self._page is None:
            return
        grid = self.query_one("#grid", RowList)
        grid.move_to(key)
        grid.show_below(sum(other[1] == key[1] for other in self._page.keys) - 1)

    def action_everything(self) -> None:
        """Show equal facts too, or only differences again."""
        self._everything = not self._everything
        self._draw_page(True)

    def action_next_version(self) -> None:
        self._step("b", 1)

    def action_previous_version(self) -> None:
        self._step("b", -1)

    def action_next_first(self) -> None:
        self._step("a", 1)

    def action_previous_first(self) -> None:
        self._step("a", -1)

    def _step(self, side: str, by: int) -> None:
        version = self.subject.stepped(self.fleet, side, by)
        if version is None:
            known = self.subject.model in self.fleet.versions
            end = "newer" if by > 0 else "older"
            self.program.say(
                f"no {end} version is known" if known else "the list of versions has not been read yet", Tone.UNKNOWN
            )
            return
        a, b = (version, self.subject.b) if side == "a" else (self.subject.a, version)
        self._choose(replace(self.subject, a=a, b=b))

    def action_swap(self) -> None:
        """Compare the other way round."""
        self._choose(replace(self.subject, a=self.subject.b, b=self.subject.a))

    def action_add_version(self) -> None:
        """Ask for a further version to stand beside the two."""
        subject = self.subject
        if self.size.width < LEAST_WIDTH:
            self.program.say(f"a third version needs {LEAST_WIDTH} columns, here are {self.size.width}", Tone.UNKNOWN)
            return
        if subject.b is None or len(subject.others) + 1 >= MOST_VERSIONS:
            self.program.say(f"more than {MOST_VERSIONS} versions side by side cannot be read", Tone.UNKNOWN)
            return
        shown = {subject.a, *subject.others}
        choices = [
            Choice(version, self._note(version), partial(self._add_version, version))
            for version in reversed(subject.known_versions(self.fleet))
            if version not in shown
        ]
        self.program.ask(Prompt("one more version", self.glyphs, choices=choices))

    def _add_version(self, version: VersionId) -> None:
        self._choose(replace(self.subject, more=(*self.subject.more, version)))

    def action_remove_version(self) -> None:
        """Take the last version off that was added."""
        if self.subject.more:
            self._choose(replace(self.subject, more=self.subject.more[:-1]))

    def _choose(self, subject: Subject) -> None:
        """Compare other versions; what is unfolded stays unfolded, and the cursor on its row."""
        self.subject = subject
        self._result = NOTHING_YET
        self.draw_body(None)

    def set_filter(self, text: str) -> None:
        """Show only facts whose text matches."""
        self.filter_text = text
        self._draw_page(True)

    def action_filter(self) -> None:
        question = "filter: words in the field, its values or its changed lines"
        cancel = partial(self.set_filter, "")
        self.program.ask(
            Prompt(question, self.glyphs, on_text=self.set_filter, on_cancel=cancel, text=self.filter_text)
        )

    def action_copy(self) -> None:
        key = self._cursor()
        if key is not None and self._page is not None:
            self.program.copy(self._page.copied(key))

    def action_export(self) -> None:
        subject = self.subject
        if subject.a is None or subject.b is None:
            self.program.say("nothing is compared yet", Tone.UNKNOWN)
            return
        place = ("--env", str(subject.target.environment)) if subject.target else ()
        options = (*self.program.started_with, "--context", str(self.fleet.context.name))
        command = command_line(options, "compare", subject.model, subject.a, subject.b, *place)
        lines = export_lines("a comparison", [f"{command} --markdown > compare.md", f"{command} --json > compare.json"])
        self.program.show_text(lambda _: lines)

    def action_go_back(self) -> None:
        if self.filter_text:
            self.set_filter("")
        else:
            self.program.go_back()


def _bracketed(note: str) -> str:
    return f" ({note})" if note else ""
