"""Every action, once: its keys, its words, where it is valid. Footer, help, palette and bindings are made from this."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does."""

    id: str
    """The name of the method: `action_<id>` on the screen or the app."""
    keys: tuple[str, ...]
    """As the terminal library names them; the first is shown."""
    shown: str
    """The key as people read it."""
    words: str
    """One or two words for the last row."""
    help: str
    """A sentence."""
    screens: frozenset[str]
    """Where it is valid; `any` is everywhere."""
    rank: int = 50
    """Lower comes first in the last row: what rescues before what explains."""
    acts: str = ""
    """The kind of action that it asks for (`rollback`), or `writes` for what switches them; empty when it only looks.

    Its keys are bound by a program that may act, never by a screen: who only looks has no such keys.
    """

    @property
    def target(self) -> str:
        """Return what a binding calls: the screen's own method, or the program's."""
        return f"app.{self.id}" if self.id in _OF_THE_PROGRAM else self.id


_OF_THE_PROGRAM = frozenset(
    {
        *(
            "fleet",
            "skew",
            "contexts",
            "palette",
            "poll_now",
            "sources",
            "repaint",
            "quit",
            "journal",
            "compare",
            "lineage",
        ),
        *("abort", "rollback", "rollback_to", "promote", "weights", "unlock"),
    }
)

FLEET, TARGET, SKEW, TEXT, JOURNAL = "fleet", "target", "skew", "text", "journal"
COMPARE, LINEAGE = "compare", "lineage"


def _action(
    id_: str, keys: str, shown: str, words: str, sentence: str, screens: str, rank: int = 50, acts: str = ""
) -> Action:
    return Action(id_, tuple(keys.split()), shown, words, sentence, frozenset(screens.split()), rank, acts)


ACTIONS: tuple[Action, ...] = (
    _action(
        *("abort", "A", "A", "abort"),
        "Stop this rollout: all traffic to the stable version. One letter confirms.",
        *("fleet target", 1, "abort"),
    ),
    _action(
        *("rollback", "R", "R", "rollback"),
        "Only the last known good version serves. The typed version confirms.",
        *("fleet target", 2, "rollback"),
    ),
    _action(
        *("rollback_to", "", "", "rollback-to"),
        "Make a version of your choice the only one that serves; the heavier guard.",
        *("fleet target", 80, "rollback"),
    ),
    _action(
        *("promote", "", "", "promote"),
        "Make the candidate the stable version; a second person has to agree.",
        *("fleet target", 81, "promote"),
    ),
    _action(
        *("weights", "", "", "weights"),
        "Give the candidate another share of the traffic.",
        *("fleet target", 82, "weights"),
    ),
    _action(
        *("unlock", "u", "u", "writes on/off"),
        "Switch writes on for a limited time, with a reason; or off at once.",
        *("any", 46, "writes"),
    ),
    _action("journal", "5", "5", "journal", "Who did what, when, why? Everything that was asked and done.", "any", 30),
    _action(
        *("compare", "d 3", "d", "compare"),
        "What changed since the last known good version? The likely cause first. Also 3.",
        *("any", 13),
    ),
    _action(
        "lineage", "4", "4", "lineage", "Where does it come from? A version, its run, data, code and kin.", "any", 29
    ),
    _action(
        "previous_version", "left_square_bracket", "[", "older", "Take the version before for B.", "compare lineage", 14
    ),
    _action(
        "next_version", "right_square_bracket", "]", "newer", "Take the version after for B.", "compare lineage", 14
    ),
    _action("previous_first", "left_curly_bracket", "{", "older A", "Take the version before for A.", "compare", 26),
    _action("next_first", "right_curly_bracket", "}", "newer A", "Take the version after for A.", "compare", 26),
    _action("swap", "o", "o", "swap", "Compare the other way round: A becomes B.", "compare", 27),
    _action("everything", "a", "a", "all", "Show equal facts too, or only differences again.", "compare", 12),
    _action(
        "add_version",
        "plus",
        "+",
        "add version",
        "Show one more version beside these, where 120 columns are.",
        "compare",
        28,
    ),
    _action("remove_version", "minus", "-", "", "Take the last version off that was added.", "compare", 29),
    _action(
        "unfold", "enter", "enter", "unfold", "Show all of the row under the cursor, or fold it again.", "compare", 11
    ),
    _action(
        "open_origin",
        "enter",
        "enter",
        "go there",
        "Go to the version or target of this row; else show all of it.",
        "lineage",
        11,
    ),
    _action("as_of", "t", "t", "as of", "Show what served at a time that you type.", "journal", 12),
    _action("export", "e", "e", "export", "Show how to export this.", "journal compare lineage", 21),
    _action("open_record", "enter", "enter", "open", "Show everything that this record holds.", "journal", 11),
    _action("why", "w", "w", "why", "Show the evidence behind every verdict of this target.", "fleet target", 10),
    _action(
        "open_target", "enter", "enter", "open", "Open the target: its versions, charts and segments.", "fleet", 11
    ),
    _action(
        *("filter", "slash", "/", "filter"),
        "Show only lines whose text matches; esc shows all again.",
        *("fleet journal compare lineage", 20),
    ),
    _action("next_signal", "tab right", "tab", "signal", "Chart the next signal.", "target", 21),
    _action("previous_signal", "shift+tab left", "", "", "Chart the signal before.", "target", 22),
    _action("explore", "f", "f", "full chart", "Show this signal's chart over the whole screen.", "target", 23),
    _action("fleet", "1", "1", "fleet", "What is broken? All targets, worst first.", "any", 30),
    _action("skew", "6", "6", "skew", "Is it the same everywhere? Versions over environments.", "any", 31),
    _action("contexts", "c", "c", "context", "Look at another context of the configuration.", "any", 40),
    _action("palette", "colon ctrl+p", ":", "palette", "Find any action, target, context or theme by name.", "any", 41),
    _action("poll_now", "r", "r", "refresh", "Ask every source now, out of turn.", "any", 42),
    _action("sources", "s", "s", "sources", "Show every source: its age, its error, what to do.", "any", 43),
    _action(
        "copy",
        "y",
        "y",
        "copy",
        "Copy the line under the cursor to the clipboard of your terminal.",
        "fleet target compare lineage",
        44,
    ),
    _action("help", "question_mark", "?", "help", "Show every key.", "any", 24),
    _action("go_back", "escape", "esc", "back", "Go back; in a list, show all of it again.", "any", 5),
    _action("repaint", "ctrl+l", "ctrl+l", "", "Draw the whole screen again.", "any", 70),
    _action("quit", "q", "q", "quit", "Leave. Nothing that runs elsewhere stops.", "any", 25),
)


def valid_on(screen: str) -> list[Action]:
    """Return the actions of one screen in the order of the last row."""
    return sorted(
        (action for action in ACTIONS if screen in action.screens or "any" in action.screens),
        key=lambda action: action.rank,
    )


def named_in_palette(screen: str) -> list[Action]:
    """Return the actions that have no key, and are found by name only."""
    return [action for action in valid_on(screen) if not action.keys]


ALL_KEYS: frozenset[str] = frozenset(key for action in ACTIONS for key in action.keys)
"""Every bound key: none of them is ever asked for by a guard."""
