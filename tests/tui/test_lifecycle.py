"""However the screens end or pause, the terminal is given back, in time, and nothing secret is left behind."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.terminal import Terminal, terminal_environment

from modeltui.config import crash
from modeltui.tui import lifecycle, terminal
from modeltui.tui.lifecycle import Colours, TerminalRefusal, TerminalUse

pytestmark = pytest.mark.terminal

LIBC = ctypes.CDLL(None)
DEMO = [sys.executable, str(Path(__file__).with_name("demo_app.py"))]


def start(*flags: str, ignore_hangup: bool = False) -> Terminal:
    """Start the demo and wait for its first whole frame."""
    running = Terminal([*DEMO, *flags], size=(100, 30), env=terminal_environment(), ignore_hangup=ignore_hangup)
    try:
        running.wait_for("demo ready")
        if "--log" not in flags:
            running.wait_quiet()
    except BaseException:
        running.close()
        raise
    return running


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Terminal]:
    """The demo, running, with a place for crash reports."""
    with start("--state", str(tmp_path / "crash")) as running:
        yield running


def assert_given_back(running: Terminal) -> None:
    """The terminal is as a shell expects it."""
    assert not running.in_alternate_screen
    assert running.has_mode(25), "the cursor is shown"
    assert running.echoes
    for mode in (b"2004", b"1004", b"2026"):
        switches = re.findall(rb"\x1b\[\?" + mode + rb"([hl])", running.sent)
        assert switches[-1:] in ([], [b"l"]), f"mode {mode!r} stays on"


def test_q_gives_the_terminal_back(demo: Terminal) -> None:
    """After quitting, the terminal is as it was before."""
    demo.send("q")
    assert demo.wait_exit() == 0
    assert_given_back(demo)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_screens_in_good_order(demo: Terminal, number: signal.Signals) -> None:
    """Killed politely, the program leaves within a second and gives the terminal back."""
    demo.signal(number)
    assert demo.wait_exit(1.0) == 128 + number
    assert_given_back(demo)


def test_a_blocked_program_can_still_be_ended(demo: Terminal) -> None:
    """A program that hangs is ended by SIGTERM after its grace, and the terminal is given back even so."""
    demo.send("b")
    demo.wait_quiet()
    demo.signal(signal.SIGTERM)
    assert demo.wait_exit(lifecycle.POLITE_SECONDS + 2) == 128 + signal.SIGTERM
    assert_given_back(demo)


def test_a_dropped_connection_ends_the_program_within_a_second(demo: Terminal) -> None:
    """When the terminal closes, the program is gone within a second."""
    demo.hang_up()
    assert demo.wait_exit(1.0) == 128 + signal.SIGHUP


def test_a_hang_up_that_nobody_announces_is_noticed() -> None:
    """Under nohup or sudo no SIGHUP arrives: the program leaves within a second all the same."""
    with start(ignore_hangup=True) as running:
        running.hang_up()
        assert running.wait_exit(1.0) == 128 + signal.SIGHUP


def test_a_blocked_program_does_not_outlive_its_terminal() -> None:
    """Even with its loop blocked, a program whose terminal is gone ends within its grace."""
    with start(ignore_hangup=True) as running:
        running.send("b")
        running.wait_quiet()
        running.hang_up()
        assert running.wait_exit(lifecycle.HANG_UP_SECONDS + 1.0) == 128 + signal.SIGHUP


def test_a_stalled_terminal_does_not_keep_the_program_alive(tmp_path: Path) -> None:
    """A terminal that reads nothing cannot keep the program from ending."""
    log = tmp_path / "ticks"
    log.touch()
    with start("--log", str(log)) as running:
        running.pause()
        running.wait_until(lambda: log.read_text().endswith(" 1\n"))
        running.signal(signal.SIGTERM)
        assert running.wait_exit(lifecycle.POLITE_SECONDS + 2) == 128 + signal.SIGTERM


def test_after_a_stop_and_continue_the_screen_is_whole(demo: Terminal) -> None:
    """Stopped from outside and continued, the program paints its whole screen again and takes keys once."""
    clean = demo.cells()
    demo.signal(signal.SIGSTOP)
    demo.wait_until(lambda: demo.state() == "T")
    demo.garble()
    before = demo.bytes_sent
    demo.signal(signal.SIGCONT)
    demo.wait_sent(b"side", since=before)
    demo.wait_quiet()
    assert demo.cells() == clean
    demo.send("t")
    demo.wait_for("tick 1")
    demo.wait_quiet()
    assert any("tick 1 " in line for line in demo.lines()), "one key is one key"
    demo.send("q")
    assert demo.wait_exit() == 0
    assert_given_back(demo)


def test_a_signal_is_heard_whichever_thread_gets_it(demo: Terminal) -> None:
    """The kernel may hand a signal to any thread: the program paints after a stop, and ends, though it was idle."""
    pid = demo.process.pid
    helpers = sorted(int(task.name) for task in Path(f"/proc/{pid}/task").iterdir() if int(task.name) != pid)
    before = demo.bytes_sent
    assert LIBC.tgkill(pid, helpers[0], signal.SIGCONT) == 0
    demo.wait_sent(b"side", since=before)
    demo.wait_quiet()
    assert LIBC.tgkill(pid, helpers[0], signal.SIGTERM) == 0
    assert demo.wait_exit(lifecycle.POLITE_SECONDS) == 128 + signal.SIGTERM
    assert_given_back(demo)


def test_a_stop_without_a_shell_comes_straight_back(demo: Terminal) -> None:
    """Where no shell could continue the program, SIGTSTP does not stop it, and the screen is whole."""
    clean = demo.cells()
    before = demo.bytes_sent
    demo.signal(signal.SIGTSTP)
    demo.wait_sent(b"side", since=before)
    demo.wait_quiet()
    assert demo.state() != "T"
    assert demo.cells() == clean


def test_ctrl_z_and_fg_in_a_shell(tmp_path: Path) -> None:
    """Stopped in a shell, the prompt is back on a clean terminal; after fg the screen is whole, without a new size."""
    command = " ".join(DEMO)
    shell = ["bash", "--norc", "--noprofile", "-i"]
    with Terminal(shell, size=(200, 30), env=terminal_environment(PS1="$ ", HOME=str(tmp_path))) as running:
        running.wait_for("$")
        running.send(command + "\r")
        running.wait_for("demo ready")
        running.wait_quiet()
        clean = running.cells()
        running.send("s")
        running.wait_for("Stopped")
        assert not running.in_alternate_screen
        running.send("echo it$((40+2))\r")
        running.wait_for("it42")
        before = running.bytes_sent
        running.send("fg\r")
        running.wait_sent(b"side", since=before)
        running.wait_quiet()
        assert running.cells() == clean
        running.send("q")
        running.wait_for("$")
        running.send("exit\r")
        assert running.wait_exit() == 0
        assert running.echoes


def test_a_crash_says_where_and_nothing_else(demo: Terminal, tmp_path: Path) -> None:
    """A fault is one line on the terminal and a private report: where it was, no values, no secrets."""
    demo.send("x")
    assert demo.wait_exit() == 1
    assert_given_back(demo)
    told = demo.sent.rpartition(b"\x1b[?1004l")[2].decode().strip()
    assert told.startswith("modeltui stopped because of a fault of its own: RuntimeError: it broke")
    assert "\n" not in told
    report = next((tmp_path / "crash").glob("crash-*.txt"))
    assert told.endswith(str(report))
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text()
    assert "in action_crash" in text
    for secret in ("hunter2", "abcdefghijklmnop"):
        assert secret not in text
        assert secret.encode() not in demo.sent


def test_a_crash_without_a_place_for_its_report(tmp_path: Path) -> None:
    """When the report cannot be written, the line on the terminal says so."""
    blocked = tmp_path / "file"
    blocked.touch()
    told = crash.write_report(RuntimeError("no"), str(blocked / "below"))
    assert "No report could be written to" in told


def test_old_crash_reports_make_room(tmp_path: Path) -> None:
    """However often it crashes, a bounded number of reports is kept."""
    for number in range(crash.MOST_REPORTS + 5):
        crash.write_report(RuntimeError(str(number)), str(tmp_path))
    assert len(list(tmp_path.iterdir())) == crash.MOST_REPORTS


def test_a_report_names_the_first_cause_first() -> None:
    """A chain of errors is reported from its cause on, each in one harmless line."""
    try:
        try:
            raise ValueError("first\x1b[2J")
        except ValueError as cause:
            raise RuntimeError("then") from cause
    except RuntimeError as error:
        lines = list(crash.report_lines(error))
    assert [line for line in lines if "Error" in line] == ["ValueError: first␛[2J", "RuntimeError: then"]


@pytest.mark.parametrize(
    ("term", "remedy"),
    [("dumb", "modeltui status --plain"), ("unknown", "modeltui status --plain"), (None, "export TERM=")],
)
def test_a_terminal_that_cannot_draw_is_refused(term: str | None, remedy: str) -> None:
    """Without a terminal that can place the cursor the operator is told what to use instead."""
    code = (
        "from modeltui.tui.lifecycle import check_terminal as c; r = c(); print(r.exit_code, r.title); print(r.remedy)"
    )
    with Terminal([sys.executable, "-c", code], env=terminal_environment(TERM=term)) as running:
        assert running.wait_exit() == 0
        assert "2 " in running.text()
        assert remedy in running.text().replace("\n", "")


def test_without_a_tty_the_screens_are_refused() -> None:
    """In a pipe or a cron job the operator is told to use the plain status."""
    code = "from modeltui.tui.lifecycle import check_terminal as c; r = c(); print(r.exit_code, r.remedy)"
    for stderr in (subprocess.PIPE, subprocess.STDOUT):
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=terminal_environment(),
            timeout=20,
        )
        assert done.stdout.startswith(b"2 ")
        assert b"modeltui status --plain" in done.stdout


def test_a_screen_that_goes_to_a_file_is_refused() -> None:
    """With standard error in a file there would be nothing to see: refused, with the reason."""
    refused = terminal.refusal({"TERM": "xterm"}, True, False)
    assert refused is not None
    assert "standard error" in refused[0]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "tmux-256color"}, "256"),
        ({"TERM": "xterm-kitty"}, "truecolor"),
        ({"TERM": "screen"}, "16"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "never-heard-of"}, "16"),
        ({"TERM": "vt220"}, "none"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, "none"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "256"),
    ],
)
def test_colours_follow_what_the_terminal_says(environ: dict[str, str], expected: str) -> None:
    """Each kind of terminal gets the colours that it can draw, and none where they are not wanted."""
    assert terminal.colours(environ) == expected


@pytest.mark.parametrize(
    ("term", "encoding", "expected"),
    [
        ("xterm", "utf-8", False),
        ("xterm", "UTF8", False),
        ("xterm", "iso-8859-1", True),
        ("xterm", "ascii", True),
        ("vt100", "utf-8", True),
    ],
)
def test_ascii_where_nothing_else_can_be_drawn(term: str, encoding: str, expected: bool) -> None:
    """A locale that is not UTF-8, or an old terminal, gets plain ASCII."""
    assert terminal.wants_ascii({"TERM": term}, encoding) is expected


def test_a_usable_terminal_is_described() -> None:
    """On an ordinary terminal the check answers with colours and size."""
    code = "from modeltui.tui.lifecycle import check_terminal as c; print(c())"
    with Terminal([sys.executable, "-c", code], size=(120, 36), env=terminal_environment()) as running:
        assert running.wait_exit() == 0
        shown = running.text().replace("\n", "")
    assert "width=120, height=36" in shown
    assert "TRUECOLOR" in shown


def test_a_locale_without_utf_8_is_noted() -> None:
    """Where the output is not UTF-8 the check says that only ASCII is drawn."""
    code = "from modeltui.tui.lifecycle import check_terminal as c; print(c())"
    environment = terminal_environment(PYTHONIOENCODING="ascii")
    with Terminal([sys.executable, "-c", code], size=(200, 36), env=environment) as running:
        assert running.wait_exit() == 0
        assert "ascii_only=True" in running.text().replace("\n", "")


def test_nothing_heavy_is_loaded_before_the_environment_is_set() -> None:
    """The framework reads its environment when it is imported, so the lifecycle must not import it."""
    code = "import sys, modeltui.tui.lifecycle as l; l.prepare_environment(); assert 'textual' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env=terminal_environment(), timeout=20)


def test_what_the_operator_has_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame rate that the operator has chosen is not overruled; an empty NO_COLOR means nothing."""
    for name in ("TEXTUAL_ANIMATIONS", "TEXTUAL_SMOOTH_SCROLL", "TEXTUAL_DISABLE_KITTY_KEY", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEXTUAL_FPS", "30")
    monkeypatch.setenv("NO_COLOR", "")
    lifecycle.prepare_environment(TerminalUse(Colours.PALETTE_16, ascii_only=False, width=80, height=24))
    assert os.environ["TEXTUAL_FPS"] == "30"
    assert os.environ["TEXTUAL_ANIMATIONS"] == "none"
    assert os.environ["TEXTUAL_COLOR_SYSTEM"] == "standard"
    assert "NO_COLOR" not in os.environ


def test_a_refusal_says_what_to_do() -> None:
    """A refusal is a value with a title, a remedy and the exit code for wrong usage."""
    refused = lifecycle.check_terminal({"TERM": "dumb"})
    assert isinstance(refused, TerminalRefusal)
    assert refused.exit_code == 2
    assert "modeltui status --plain" in refused.remedy
