"""What the stories of acting have in common: the guard answered with real keys, the record read back, times told."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.e2e.stage import Object, run
from tests.terminal import Terminal

Measured = Callable[[str], None]

_READING_SECONDS = 0.6
"""Nobody types sooner, and keys in the first half second do not count. A live screen may never be silent for long."""

_LETTER = re.compile(r"Press \[ (\w) \]")
_TYPE = re.compile(r"Type [^:]*: +(\S+)")


def guard_letter(lines: Sequence[str]) -> str:
    """The letter that the guard asks for now; empty while it asks for none."""
    found = [match[1] for line in lines if (match := _LETTER.search(line))]
    return found[-1] if found else ""


def guard_text(lines: Sequence[str]) -> str:
    """The text that the guard asks for now; empty while it asks for none."""
    found = [match[1] for line in lines if (match := _TYPE.search(line))]
    return found[-1] if found else ""


def is_armed(lines: Sequence[str]) -> bool:
    """Whether the terminal has said that it shows the letter, and a key counts; `harmed now` is another word."""
    return bool(guard_letter(lines)) and any(" armed " in line for line in lines)


def answer_guard(terminal: Terminal) -> tuple[float, float]:
    """Type what is asked for, key by key as a person does, and the letter at its end: when it began and when GO was."""
    terminal.wait_for(lambda lines: bool(guard_letter(lines) or guard_text(lines)), 20.0)
    began_at = time.time()
    wanted = guard_text(terminal.lines())
    if wanted:
        terminal.wait_for(lambda lines: any(" > " in line and "_" in line for line in lines), 10.0)
        time.sleep(_READING_SECONDS)
        for key in wanted:
            terminal.send(key)
            time.sleep(0.12)
    terminal.wait_for(is_armed, 10.0)
    terminal.send(guard_letter(terminal.lines()))
    return began_at, time.time()


def leave(terminal: Terminal) -> None:
    """Close the panel, then the program; an Esc and a key right behind it would be one key."""
    terminal.send("\x1b")
    terminal.wait_for(lambda lines: "q quit" in lines[-1], 10.0)
    terminal.send("q")
    assert terminal.wait_exit() == 0


def outcome_record(config: Path, kind: str = "action.outcome") -> Object:
    """The newest outcome in the journal, from a process of its own."""
    done = run("--config", str(config), "journal", "list", "--kind", kind, "--last", "1", "--json")
    assert done.returncode == 0, done.stderr
    records: list[Object] = json.loads(done.stdout)["records"]
    assert len(records) == 1, done.stdout
    return records[0]


def assert_journal_is_whole(config: Path) -> Object:
    """Fail unless the whole chain proves itself; return what `journal verify` says."""
    done = run("--config", str(config), "journal", "verify", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    answer: Object = json.loads(done.stdout)
    assert answer["schema"] == "modeltui.verify/1"
    assert answer["ok"] is True
    assert answer["first_bad_seq"] is None
    return answer


def kinds_in_order(config: Path) -> list[str]:
    """The kinds of all records, oldest first, without what is seen in passing."""
    done = run("--config", str(config), "journal", "export")
    assert done.returncode == 0, done.stderr
    kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    return [kind for kind in kinds if kind != "serving.observed"]


def observed_share(answer: Object, version: str) -> float:
    """The share of the requests that a version was seen to answer; nothing where it is not seen any more."""
    found = [one for one in answer["versions"] if one["version"] == version]
    return float(found[0]["traffic"].get("observed", 0.0)) if found else 0.0


def seconds_of(text: str | None) -> float:
    """The moment that a record says, in seconds since the epoch."""
    assert text is not None
    return datetime.fromisoformat(text).timestamp()


def told_times(measured: Measured, name: str, go_at: float, details: dict[str, Any]) -> None:
    """Print how long each part took, from GO on, as the record has it."""
    moments = [
        ("intent on disk", "requested_at"),
        ("first byte", "sent_at"),
        ("accepted", "accepted_at"),
        ("serving", "serving_at"),
    ]
    moments.append(("healthy", "healthy_at"))
    told = [f"{word} {seconds_of(details[key]) - go_at:.2f} s" for word, key in moments if details.get(key)]
    measured(f"{name}: from GO to " + ", ".join(told))
