"""A server that is slow, hangs, or answers reads from a copy that lags: what is told of a write is what is so."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from modeltui.adapters._http.writer import WALL_SECONDS
from modeltui.adapters.mlflow.rollout_writer import DEFAULT_TIMING, MlflowRolloutWriter, Timing
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendUnavailable, OutcomeUnknown, RevisionConflict
from modeltui.domain.journal.details import StepResult
from modeltui.domain.names import UNKNOWN, ModelName, TargetKey, VersionId
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.engine.acting.deadlines import DEADLINES, Deadlines
from modeltui.engine.acting.recording import PlanRecord
from modeltui.engine.acting.sending import MustNot, Sender, Sent
from modeltui.ports.rollout_writer import Trace, Write
from modeltui.testing.faults import Reply, SeenRequest, json_reply
from modeltui.testing.writer_contract import WriterCase, plan_of, rollback_to, write_of
from tests.adapters.mlflow.alias_server import AliasServer, ModelState, _row
from tests.adapters.mlflow.writing import PROD, writing

# Real sockets, and looks that settle.
pytestmark = pytest.mark.broad

FRAUD = TargetKey(ModelName(SafeText("fraud")), PROD)
TWO = VersionId(SafeText("2"))
TIMING = Timing(
    pause_seconds=0.08,
    begin_seconds=0.8,
    before_seconds=1.6,
    seen_seconds=0.6,
    look_again_seconds=0.05,
    settle_seconds=0.6,
    whole_seconds=2.2,
    tidy_seconds=0.1,
    lock_seconds=30.0,
    late_seconds=0.1,
)
"""A quarter of the usual, and less where nothing rests on it."""
HANGING = replace(TIMING, before_seconds=1.2, settle_seconds=0.05, whole_seconds=1.0)
SHORT = Deadlines(send_seconds=3.0, retry_after_seconds=0.05, look_up_seconds=(0.1, 0.1), not_applied_after_seconds=0.1)


class LaggingServer(AliasServer):
    """Takes writes at once, and answers reads from a copy that knows them only after a while."""

    def __init__(self) -> None:
        super().__init__()
        self.lag_seconds = 0.0
        self._past: list[tuple[float, dict[str, ModelState]]] = []

    def remember(self) -> None:
        """Keep how it is now."""
        self._past.append((asyncio.get_running_loop().time(), copy.deepcopy(self.models)))

    def _routed(self, route: str, request: SeenRequest, body: dict[str, Any]) -> Reply:
        reply = super()._routed(route, request, body)
        if request.method == "POST":
            self.remember()
        return reply

    def _model(self, asked: dict[str, Any]) -> Reply:
        seen_until = asyncio.get_running_loop().time() - self.lag_seconds
        known = [models for at, models in self._past if at <= seen_until] or [self._past[0][1]]
        return json_reply({"registered_model": _row(asked["name"], known[-1][asked["name"]])})


@asynccontextmanager
async def lagging(lag_seconds: float, **tags: str) -> AsyncIterator[LaggingServer]:
    async with LaggingServer() as server:
        server.put("fraud", 4, champion="3", challenger="4").tags.update(tags)
        server.remember()
        server.lag_seconds = lag_seconds
        yield server


def write(writer: MlflowRolloutWriter, seen: Rollout, version: VersionId = TWO) -> Write:
    return write_of(case_of(writer), seen, rollback_to(version))


def case_of(writer: MlflowRolloutWriter) -> WriterCase:
    async def nobody(_: VersionId) -> None:
        raise AssertionError("nobody else moves here")

    return WriterCase(writer, SystemClock(), FRAUD, TWO, nobody)


OLD = json.dumps({"key": "11111111-old-plan/0", "by": "bob", "until": 0.0})


@pytest.mark.parametrize(("lag_seconds", "tags"), [(0.05, {}), (0.15, {"modeltui.lock": OLD}), (0.4, {})])
async def test_a_copy_that_lags_a_little_is_written_to(lag_seconds: float, tags: dict[str, str]) -> None:
    """Reads know a write only a moment later: it is waited for, and nobody is blamed for it."""
    async with lagging(lag_seconds, **tags) as server, writing(server.url, TIMING) as writer:
        receipt = await writer.apply(write(writer, await writer.read(FRAUD)))
        assert not receipt.was_done_before
        assert receipt.revision is not UNKNOWN
        assert [(effect.alias, effect.version) for effect in server.effects] == [("champion", "2"), ("challenger", "2")]


@pytest.mark.parametrize("tags", [{}, {"modeltui.lock": OLD}], ids=["never claimed", "given back"])
async def test_a_copy_that_lags_far_behind_is_not_written_to(tags: dict[str, str]) -> None:
    """Our own claim does not show up: nothing is written, twice, and the lag is named, not an operator who is none."""
    async with lagging(30.0, **tags) as server, writing(server.url, TIMING) as writer:
        wanted = write(writer, await writer.read(FRAUD))
        for _ in range(2):
            with pytest.raises(BackendUnavailable, match="what answers here lags behind") as caught:
                await writer.apply(wanted)
            assert "somebody" not in caught.value.title
            assert "bob" not in caught.value.title
        assert not server.effects
        assert await writer.trace(wanted) is Trace.NOT_APPLIED


async def test_a_claim_that_an_abort_does_not_wait_for_is_not_taken_for_a_newer_one() -> None:
    """The way back passes another's claim, which reads show a moment longer: it goes through all the same."""
    held = json.dumps({"key": "22222222-promotion/0", "by": "bob", "until": SystemClock().now() + 20.0})
    async with lagging(0.2, **{"modeltui.lock": held}) as server, writing(server.url, TIMING) as writer:
        await writer.apply(write(writer, await writer.read(FRAUD), VersionId(SafeText("3"))))
        assert [(effect.alias, effect.version) for effect in server.effects] == [("challenger", "3")]


async def test_an_earlier_claim_for_the_same_write_is_not_taken_for_the_new_one() -> None:
    """The claim of a first try shows up late, at the second: it does not stand for the second claim."""
    async with lagging(0.0) as server, writing(server.url, TIMING) as writer:
        wanted = write(writer, await writer.read(FRAUD))
        earlier = {"key": wanted.key, "by": "me", "until": SystemClock().now() + 20.0}
        server.models["fraud"].tags["modeltui.lock"] = json.dumps(earlier)
        server.remember()
        server.lag_seconds = 30.0
        server._past = server._past[-1:]
        with pytest.raises(BackendUnavailable, match="lags behind"):
            await writer.apply(wanted)
        assert not server.effects


@pytest.mark.parametrize("later_seconds", [0.0, 0.06, 0.12])
async def test_two_operators_before_a_copy_that_lags(later_seconds: float) -> None:
    """Each sees the model free although the other has claimed it: one of them writes at most, and the other is told."""
    timing = replace(TIMING, look_again_seconds=0.2)
    async with lagging(0.24) as server, writing(server.url, timing) as one, writing(server.url, timing) as other:
        seen = await one.read(FRAUD)

        async def told(writer: MlflowRolloutWriter, version: str, after_seconds: float) -> str:
            await SystemClock().sleep(after_seconds)
            try:
                await writer.apply(write(writer, seen, VersionId(safe_text(version))))
            except (RevisionConflict, BackendUnavailable):
                return "refused"
            return "accepted"

        said = await asyncio.gather(told(one, "1", 0.0), told(other, "2", later_seconds))
        assert "refused" in said
        assert len({effect.version for effect in server.effects}) == said.count("accepted")


async def test_a_write_that_is_set_back_at_once_is_not_said_to_have_met_another() -> None:
    """Accepted, and it reads as before: that it was set back or lags is said, and not who would have done it."""
    async with AliasServer() as server, writing(server.url, TIMING) as writer:
        server.put("fraud", 4, champion="3")
        seen = await writer.read(FRAUD)
        server.after("registered-models/alias", lambda: server.models["fraud"].aliases.update(champion="3"))
        with pytest.raises(OutcomeUnknown, match=r"still reads champion=3 .*set back at once, or .* lags behind"):
            await writer.apply(write(writer, seen))


class HangingServer(AliasServer):
    """Stops answering with one request, counted from now; what it hears still takes effect, tags apart."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = 1_000

    def _reply_to(self, request: SeenRequest) -> Reply:
        reply = super()._reply_to(request)
        self.answers -= 1
        return reply if self.answers >= 0 else replace(reply, stall_before_headers_seconds=60.0)


@asynccontextmanager
async def sending(server: AliasServer) -> AsyncIterator[tuple[Sender, Rollout, list[StepResult]]]:
    """What sends one plan to a server, what it shows, and what is noted of the step."""
    noted: list[StepResult] = []

    class Notes:
        async def note(self, _: object, details: dict[str, Any]) -> None:
            noted.append(StepResult(details["result"]))

    async with writing(server.url, HANGING) as writer:
        seen = await writer.read(FRAUD)
        plan = plan_of(case_of(writer), seen, rollback_to(TWO))
        yield Sender(writer, plan, cast(PlanRecord, Notes()), SystemClock(), SHORT, lambda *_: None), seen, noted


async def sent(sender: Sender, seen: Rollout) -> Sent:
    async def look() -> Rollout:
        return seen

    async def keep() -> bool:
        return True

    found = await sender.send(0, SafeText("me"), look, keep)
    assert not isinstance(found, MustNot)
    return found


@pytest.mark.parametrize("answers", [0, 1, 2], ids=["looking", "claiming", "looking again"])
async def test_a_server_that_hangs_before_the_write_is_said_to_be_too_slow(answers: int) -> None:
    """It hangs before the alias is set: nothing was sent, and I am told that the server is too slow."""
    async with HangingServer() as server:
        server.put("fraud", 4, champion="3")
        async with sending(server) as (sender, seen, noted):
            server.answers = answers
            found = await sent(sender, seen)
        assert found.result is StepResult.NOT_SENT
        assert "too slow to write to fraud@prod safely" in found.says
        assert "nothing was changed" in found.says
        assert noted == [StepResult.NOT_SENT]
        assert not server.effects


@pytest.mark.parametrize("answers", [4, 5, 6, 7], ids=["our key", "a look", "the last look", "giving back"])
async def test_a_server_that_hangs_after_the_write_does_not_take_its_answer_back(answers: int) -> None:
    """It took the alias, said so, and then hangs: it is accepted, not unknown."""
    async with HangingServer() as server:
        server.put("fraud", 4, champion="3")
        async with sending(server) as (sender, seen, noted):
            server.answers = answers
            found = await sent(sender, seen)
        assert found.result is StepResult.ACCEPTED
        assert noted == [StepResult.ACCEPTED]
        assert [effect.version for effect in server.effects] == ["2"]


async def test_a_server_that_says_no_and_hangs_has_said_no() -> None:
    """Forbidden, and then no answer to anything: I read that it was refused, not that nobody knows."""
    async with HangingServer() as server:
        server.put("fraud", 4, champion="3")
        server.refuse_alias = "champion"
        async with sending(server) as (sender, seen, noted):
            server.answers = 4
            found = await sent(sender, seen)
        assert found.result is StepResult.REFUSED
        assert "403" in found.says
        assert noted == [StepResult.REFUSED]


async def test_a_slow_look_claims_nothing() -> None:
    """Where the first look takes half of the time there is, no claim is left behind to keep others away."""
    async with AliasServer() as server:
        server.put("fraud", 4, champion="3")
        async with writing(server.url, replace(TIMING, begin_seconds=1e-6)) as writer:
            seen = await writer.read(FRAUD)
            with pytest.raises(BackendUnavailable, match="too slow"):
                await writer.apply(write(writer, seen))
        assert "modeltui.lock" not in server.models["fraud"].tags


def test_a_write_is_over_before_nobody_listens_any_more() -> None:
    """Whatever the server does, what is known of a write is told within the time that the sender gives it."""
    usual = DEFAULT_TIMING
    assert usual.before_seconds < usual.whole_seconds
    assert usual.whole_seconds + 2 * usual.tidy_seconds < DEADLINES.send_seconds
    # The claim stands until the last byte of the write can have left; a lost write may arrive as long as it is sent.
    assert usual.before_seconds + WALL_SECONDS <= usual.lock_seconds
    assert usual.late_seconds >= WALL_SECONDS
    # A server at the limit can still be written to: look, claim, pause, look, two aliases.
    slowest_seconds = usual.begin_seconds / 2
    assert 2 * slowest_seconds + 4 * slowest_seconds + slowest_seconds <= usual.before_seconds
    assert 9 * slowest_seconds <= usual.whole_seconds
