"""An action tells others how it ended: a webhook has the outcome, and a dead Slack delays nothing."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.acting import Measured, kinds_in_order
from tests.e2e.stage import run
from tests.servers.process import wait_until
from tests.tui.story_world import running_world

pytestmark = [pytest.mark.broad, pytest.mark.timeout(200)]

TARGET = "credit-scorer@prod-hk"


@pytest.fixture
def heard() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A receiver on loopback, and what it heard."""
    got: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join(5)
    server.server_close()


def test_the_outcome_reaches_a_webhook_though_slack_is_dead(
    heard: tuple[str, list[dict[str, Any]]], tmp_path: Path, measured: Measured
) -> None:
    """An abort by a script: verified as ever, signed notice at the webhook, nothing of the dead sink is felt."""
    url, got = heard
    key = tmp_path / "key"
    key.write_text("shared-with-the-receiver", encoding="utf-8")
    key.chmod(0o600)
    address = tmp_path / "slack"
    address.write_text("http://127.0.0.1:9/services/T0/B0/secret", encoding="utf-8")
    address.chmod(0o600)
    with running_world(tmp_path / "world", speed=5.0) as world:
        sinks = [
            {"kind": "webhook", "url": f"{url}/hook", "secret": f"file:{key}"},
            {"kind": "slack", "url": f"file:{address}"},
        ]
        text = world.config.read_text(encoding="utf-8")
        more = text.replace("    simulated: true", f"    notify: {json.dumps(sinks)}\n    simulated: true", 1)
        config = world.directory / "telling.yaml"
        config.write_text(more, encoding="utf-8")
        made = run("--config", str(config), "abort", TARGET, "--json")
        plan = json.loads(made.stdout)
        started = time.monotonic()
        go = ("abort", TARGET, "--plan-hash", plan["hash"], "--json")
        done = run("--config", str(config), *go, deadline_seconds=150)
        assert done.returncode == 0, done.stdout + done.stderr
        measured(f"abort with a dead sink configured: {time.monotonic() - started:.1f} s to verified")
        assert wait_until(lambda: bool(got), 20.0)
    event = got[0]["body"]
    assert event["type"] == "dev.modeltui.notice.outcome.v1"
    assert event["data"]["plan"] == plan["hash"]
    assert {fact["name"]: fact["value"] for fact in event["data"]["facts"]}["outcome"] == "verified"
    assert got[0]["headers"]["X-Modeltui-Signature"].startswith("t=")
    assert "action.outcome" in kinds_in_order(config)
    waiting = list(Path(os.environ["XDG_STATE_HOME"]).rglob("outbox/*.json"))
    assert len(waiting) == 1
    assert "services" not in waiting[0].read_text(encoding="utf-8")
