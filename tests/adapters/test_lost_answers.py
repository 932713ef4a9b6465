"""Whatever happens to the answer of a write, what is said of it is so, and nothing is ever done twice.

Against `AliasServer` over real sockets, which counts what takes effect; `test_alias_server.py` holds it equal to real
servers. One kind runs against real servers, through a proxy that cuts.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace

import pytest

from modeltui.adapters.mlflow.rollout_writer import MlflowRolloutWriter
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendError, BackendUnavailable, OutcomeUnknown, RevisionConflict
from modeltui.domain.names import ModelName, TargetKey, VersionId
from modeltui.domain.text import safe_text
from modeltui.ports.rollout_writer import Trace, Write
from modeltui.testing.writer_contract import WriterCase, promotion_of, write_of
from tests.adapters.mlflow.alias_server import AliasServer, Fault, Lost
from tests.adapters.mlflow.writing import PROD, QUICK, writing
from tests.servers.mlflow import MlflowServer

TIMES = 200
LATE_SECONDS = 0.03
TIMING = replace(QUICK, settle_seconds=0.0, late_seconds=LATE_SECONDS)


def target(model: str) -> TargetKey:
    return TargetKey(ModelName(safe_text(model)), PROD)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said of one write."""

    by_apply: str
    by_trace: Trace


async def traced(writer: MlflowRolloutWriter, write: Write) -> Trace:
    """Ask until somebody can tell, as who reconciles does."""
    for _ in range(2000):
        if (found := await writer.trace(write)) is not Trace.CANNOT_TELL:
            return found
        await asyncio.sleep(0.005)
    raise AssertionError("nobody can tell")


async def sent(writer: MlflowRolloutWriter, write: Write, server: AliasServer, kind: Lost) -> str:
    """Send one write and return what was said, by the kind of error."""
    server.alias_arrived.clear()
    try:
        if kind is Lost.CANCELLED:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(writer.apply(write))
                await server.alias_arrived.wait()
                task.cancel()
            return "cancelled" if task.cancelled() else "accepted"
        await writer.apply(write)
    except BackendError as error:
        return type(error).__name__
    return "accepted"


SAID = {Lost.REFUSED: BackendUnavailable.__name__, Lost.CANCELLED: "cancelled"}
"""What `apply` says; of the others that it is unknown."""


@pytest.mark.broad
@pytest.mark.parametrize("kind", Lost, ids=lambda kind: kind.value)
async def test_a_lost_answer(kind: Lost, measured: Callable[[str], None]) -> None:
    """Lost 200 times in each way, taken or not by the server: the verdict is right, and a second try does it once."""
    seeds = random.Random(kind.value)
    found: Counter[Trace] = Counter()
    # Several time out together, else the waiting alone would take minutes; the others need the server for themselves.
    together = 10 if kind is Lost.SILENCE else 1
    timeout_seconds = 0.5 if kind is Lost.SILENCE else 5.0
    async with AliasServer() as server, writing(server.url, TIMING, timeout_seconds=timeout_seconds) as writer:
        for first in range(0, TIMES, together):
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(_lost(writer, server, kind, f"model-{number}", seeds.random() < 0.6))
                    for number in range(first, first + together)
                ]
            found.update(task.result() for task in tasks)
    assert found.total() == TIMES
    measured(f"{kind.value}: " + ", ".join(f"{n} × {told.value}" for told, n in sorted(found.items(), key=str)))


async def _lost(writer: MlflowRolloutWriter, server: AliasServer, kind: Lost, model: str, is_applied: bool) -> Trace:
    """Lose the answer to one write, compare what is said with what happened, and send it again."""
    is_applied = is_applied and kind is not Lost.REFUSED
    server.put(model, 4, champion="3", challenger="4")
    write = await _write(writer, model)
    server.faults[model] = Fault(kind, is_applied)
    said = await sent(writer, write, server, kind)
    if kind is Lost.REFUSED:
        server.faults.clear()
        await server.listen()
    told = await traced(writer, write)
    assert said == SAID.get(kind, OutcomeUnknown.__name__), f"{model}: {said}"
    assert (told is Trace.APPLIED) == is_applied, f"{model}: {told.value}, and taken: {is_applied}"
    assert len(server.effects_on(model)) == is_applied
    await _again(writer, write, server, is_applied=is_applied)
    return told


async def _write(writer: MlflowRolloutWriter, model: str) -> Write:
    seen = await writer.read(target(model))
    case = WriterCase(writer, SystemClock(), target(model), VersionId(safe_text("1")), _nobody)
    return write_of(case, seen, promotion_of(seen))


async def _nobody(_: VersionId) -> None:
    raise AssertionError("nobody else moves here")


async def _again(writer: MlflowRolloutWriter, write: Write, server: AliasServer, *, is_applied: bool) -> None:
    """Send the same write once more: it is recognised when it had happened, else it happens now; once in all."""
    try:
        receipt = await writer.apply(write)
    except RevisionConflict:
        pytest.fail("our own write was taken for somebody else's")
    assert receipt.was_done_before is is_applied
    assert len(server.effects_on(write.target.model)) == 1


@pytest.mark.broad
async def test_an_answer_that_is_lost_before_the_write_arrives() -> None:
    """The server takes its time: while it may still arrive nobody says that it did not; when it has, it is told."""
    timing = replace(TIMING, late_seconds=2.0)
    async with AliasServer() as server, writing(server.url, timing, timeout_seconds=0.5) as writer:
        for number in range(5):
            model = f"model-{number}"
            server.put(model, 4, champion="3", challenger="4")
            write = await _write(writer, model)
            server.faults[model] = Fault(Lost.SILENCE, is_applied=True, late_seconds=0.6)
            with pytest.raises(OutcomeUnknown):
                await writer.apply(write)
            assert await writer.trace(write) is Trace.CANNOT_TELL
            assert await traced(writer, write) is Trace.APPLIED
            assert len(server.effects_on(model)) == 1


@pytest.mark.broad
@pytest.mark.parametrize("kind", [Lost.GATEWAY_TIMEOUT, Lost.RESET, Lost.HALF])
async def test_a_write_that_is_set_back_after_its_answer_was_lost(kind: Lost) -> None:
    """Taken, its answer lost, and set back by somebody outside: never told as if it could not have happened."""
    async with AliasServer() as server, writing(server.url, TIMING) as writer, writing(server.url, TIMING) as later:
        assert not writer.promise.finds_own_writes
        server.put("fraud", 4, champion="3", challenger="4")
        write = await _write(writer, "fraud")
        server.faults["fraud"] = Fault(kind, is_applied=True)
        with pytest.raises(OutcomeUnknown):
            await writer.apply(write)
        assert [effect.version for effect in server.effects] == ["4"]
        server.models["fraud"].aliases["champion"] = "3"
        server.models["fraud"].tags.clear()
        assert await traced(writer, write) is Trace.AS_BEFORE
        assert await traced(later, write) is Trace.AS_BEFORE


@pytest.mark.broad
async def test_an_answer_that_is_lost_to_a_tag_changes_nothing() -> None:
    """The claim or the signature is lost on the way: the first writes nothing, the second takes nothing back."""
    async with AliasServer() as server, writing(server.url, TIMING, timeout_seconds=0.5) as writer:
        for number in range(20):
            model = f"model-{number}"
            server.put(model, 4, champion="3", challenger="4")
            write = await _write(writer, model)
            server.lose_tag(1)
            with pytest.raises(BackendUnavailable, match="the alias was not touched"):
                await writer.apply(write)
            assert await writer.trace(write) is Trace.NOT_APPLIED
            server.lose_tag(2)
            assert not (await writer.apply(write)).was_done_before
            assert await writer.trace(write) is Trace.APPLIED
            assert len(server.effects_on(model)) == 1


# Through a proxy that cuts


class CuttingProxy:
    """Stands before a real server and cuts off writes of an alias: before they get there, or after they took effect."""

    def __init__(self, port: int) -> None:
        self._upstream_port = port
        self.is_cutting_before = False
        self.is_cutting_after = False
        self.cuts = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def until_all_have_gone(self) -> None:
        """Reset what is still open, and let everybody notice."""
        while self._open:
            for writer in self._open:
                writer.transport.abort()
            await asyncio.sleep(0.01)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the requests of one connection on, one after the other."""
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        self._open.add(writer)
        with ExitStack() as stack:
            stack.callback(self._open.discard, writer)
            stack.callback(writer.transport.abort)
            stack.callback(up_writer.transport.abort)
            stack.enter_context(suppress(OSError, asyncio.IncompleteReadError))
            while True:
                request = await _message(reader)
                is_write = request.startswith(b"POST /api/2.0/mlflow/registered-models/alias ")
                if is_write and self.is_cutting_before:
                    self.cuts += 1
                    return
                up_writer.write(request)
                answer = await _message(up_reader)
                if is_write and self.is_cutting_after:
                    self.cuts += 1
                    return
                writer.write(answer)
                await writer.drain()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Return one request or answer, whole; both sides say how long their bodies are."""
    head = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    return head + await reader.readexactly(int(found[1]) if found else 0)


@pytest.mark.broad
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_real_server_behind_a_proxy_that_cuts(mlflow: MlflowServer, when: str) -> None:
    """Cut off from a real MLflow right before or right after its write: unknown at first, then told as it is."""
    proxy = CuttingProxy(int(mlflow.url.rpartition(":")[2]))
    client, model = mlflow.client, f"lost-{when}"
    client.create_model(model)
    for _ in range(4):
        client.create_version(model, "s3://nowhere.example/x")
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with writing(f"http://127.0.0.1:{port}", replace(TIMING, quick_seconds=30.0)) as writer:
            for number in range(10):
                client.set_alias(model, "champion", "3")
                client.set_alias(model, "challenger", "4")
                write = await _write(writer, model)
                proxy.is_cutting_before, proxy.is_cutting_after = when == "before", when == "after"
                with pytest.raises(OutcomeUnknown):
                    await writer.apply(write)
                proxy.is_cutting_before = proxy.is_cutting_after = False
                assert await traced(writer, write) is (Trace.APPLIED if when == "after" else Trace.AS_BEFORE)
                assert client.alias(model, "champion") == ("4" if when == "after" else "3")
                assert (await writer.apply(write)).was_done_before is (when == "after")
                assert client.alias(model, "champion") == "4"
                assert proxy.cuts == number + 1
        await proxy.until_all_have_gone()
