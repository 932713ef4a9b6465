"""A session that may act, for the length of one command; where there is none, the reason and exit code 3."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from modeltui.cli.output import fail, json_object
from modeltui.config.load import Loaded, Options, load
from modeltui.domain.acting.action import CheckResult, Refusal
from modeltui.ports.acting import Acting
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs

REFUSED = 3

Use = Callable[[Acting, Loaded], Awaitable[int]]


def with_acting(options: Options, use: Use, *, as_json: bool = False) -> int:
    """Load the configuration and return what `use` returns; a read-only session loads nothing that could act."""
    loaded = load(options)
    from modeltui.wiring.acting import open_acting, read_only_refusal

    refusal = read_only_refusal(loaded)
    if refusal is not None:  # before anything is opened: such a process has nothing that could act
        return say_refusal(refusal, as_json=as_json)

    async def session() -> int:
        async with open_acting(loaded) as acting:
            if isinstance(acting, Refusal):
                return say_refusal(acting, as_json=as_json)
            return await use(acting, loaded)

    return asyncio.run(session())


def say_refusal(refusal: Refusal, *, as_json: bool = False) -> int:
    """Say why something is not done and what to do instead; return the exit code for it."""
    if as_json:
        from modeltui.domain.acting.plan_document import refusal_document

        json_object(refusal_document(refusal))
        return REFUSED
    fail(f"refused: {refusal.reason}", str(refusal.remedy))
    worth = [check for check in refusal.checks if check.result is not CheckResult.PASS]
    for check in worth:
        fail("", f"{check.result.value} {check.name}: {check.says}")
    return REFUSED


def glyphs_of(loaded: Loaded) -> Glyphs:
    """Return the glyphs for plain output: ASCII where the operator wants it, or where it goes to no terminal."""
    import sys

    encoding = (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "")
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return UNICODE if not loaded.ui.ascii and encoding == "utf8" and is_terminal else ASCII
