"""What the demo's versions differ in, read from a world as the program reads it: believable, and the cause first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from modeltui.adapters.embedded import code_history, registry
from modeltui.adapters.embedded.file import Options
from modeltui.domain.claims import Claims
from modeltui.domain.comparison.comparing import compare_claims
from modeltui.domain.comparison.difference import CodeLog, Comparison, Group
from modeltui.domain.lineage import Known
from modeltui.domain.names import Missing, ModelName, SegmentName, SignalName
from modeltui.domain.suspects.suspect import Closeness, Symptom
from modeltui.domain.suspects.suspecting import suspects, unknowns_that_matter
from modeltui.domain.text import SafeText
from modeltui.ports.code_history import CodeHistory
from modeltui.ports.registry import Registry
from modeltui.testing.clock import VirtualClock
from tests.adapters.embedded.story import source, surroundings, version

# A whole world is made and compared.
pytestmark = pytest.mark.broad


def model(name: str) -> ModelName:
    return ModelName(SafeText(name))


@dataclass(frozen=True)
class Reader:
    """Somebody who compares versions of a world."""

    port: Registry
    history: CodeHistory

    async def log(self, name: str, a: str, b: str) -> CodeLog:
        told = [next(iter((await self.claims(name, one)).values())).code for one in (a, b)]
        codes = [code.value for code in told if isinstance(code, Known)]
        assert len(codes) == 2
        log = await self.history.read_log(codes[0].repository, codes[0].commit, codes[1].commit)
        assert log is not None
        assert log.only_b
        return log

    async def claims(self, name: str, one: str) -> Claims:
        return {source("registry"): await self.port.read_provenance(model(name), version(one))}

    async def compared(self, name: str, a: str, b: str) -> Comparison:
        return compare_claims(
            model(name), version(a), version(b), await self.claims(name, a), await self.claims(name, b)
        )


@pytest.fixture
async def reader(world_path: Path, clock: VirtualClock) -> AsyncIterator[Reader]:
    options = Options(path=world_path)
    async with (
        registry.connect(options, surroundings("registry", clock)) as port,
        code_history.connect(options, surroundings("code", clock)) as history,
    ):
        yield Reader(port, history)


# fmt: off
PAIRS = (
    ("fraud-detector", "2.2.0", "2.3.0", "parameters.num_leaves", "deeper trees"),
    ("fraud-detector", "2.3.1", "3.0.0", "query", "small merchants by volume"),
    ("aml-screening", "2.3.1", "3.0.0", "features.pipeline", "a graph of counterparties"),
    ("credit-scorer", "4.2.0", "4.2.1", "serving.decision threshold", "thresholds as before"),
    ("credit-scorer", "4.2.1", "5.0.0", "features.pipeline", "another bureau"),
    ("churn-predictor", "9.0.0", "9.1.0", "query", "other months"),
    ("card-routing", "5.5.1", "5.6.0", "query", "thirty days instead of ninety"),
    ("merchant-category", "6.1.1", "6.2.0", "parameters.classes", "new categories"),
    ("limit-optimizer", "1.4.0", "1.4.2", "serving.", "thresholds by segment"),
    ("sanctions-matcher", "3.8.1", "3.9.0", "artifact.signature", "birth year optional"),
    ("payout-forecaster", "2.7.0", "2.8.0", "data.", "retrained"),
    ("document-ocr", "3.1.2", "3.1.4", "parameters.augmentation", "glare"),
    ("support-assistant", "r12", "r13", "system.top k", "larger retrieval"),
    ("support-assistant", "r14", "r15", "prompts.system", "a friendlier tone"),
    ("pricing-ensemble", "7.0.2", "7.1.0", "components.price-gbm", "a member with another feature"),
    ("price-gbm", "3.4.0", "3.5.0", "artifact.signature", "a competitor index"),
    ("kyc-agent", "1.7.0", "1.8.0", "system.memory", "memory as before"),
    ("kyc-agent", "1.8.0", "1.9.0-rc.1", "system.base model", "a newer base model"),
)
# fmt: on


@pytest.mark.parametrize(("name", "a", "b", "first", "says"), PAIRS, ids=str)
async def test_each_model_tells_what_its_version_changed(
    reader: Reader, name: str, a: str, b: str, first: str, says: str
) -> None:
    """The first suspect of two neighbours is what the registry's description says of the later one, log or not."""
    compared = await reader.compared(name, a, b)
    for found in (suspects(compared), suspects(replace(compared, code_log=await reader.log(name, a, b)))):
        assert found[0].field.startswith(first), [(one.field, one.weight) for one in found]
        assert len(found) <= 12, says


async def test_micro_merchants_suffer_and_the_filter_is_named(reader: Reader) -> None:
    """The story of the demo: the filter on merchants is first, with the segment that has no figure any more."""
    wrong = Symptom(
        frozenset(SignalName(SafeText(name)) for name in ("error_rate", "confidence", "business")),
        frozenset({SegmentName(SafeText("merchant_size=micro"))}),
        version=version("3.0.0"),
    )
    found = suspects(await reader.compared("fraud-detector", "2.3.1", "3.0.0"), wrong)
    assert found[0].field == "query"
    assert found[0].closeness is Closeness.FEEDS
    assert found[0].title.startswith("query: “AND m.monthly_volume > 500” added")
    assert "merchant_size=micro" in found[0].because
    assert "3.0.0 has no figure for it" in found[0].because
    fed = [one.field for one in found if one.closeness is Closeness.FEEDS]
    assert fed == ["query", "data.merchants.rows"]


async def test_golden_inputs_of_micro_merchants_are_answered_otherwise(reader: Reader) -> None:
    """Two of five saved cases change from approve to decline, and both are of micro merchants."""
    whole = await reader.compared("fraud-detector", "2.3.1", "3.0.0")
    changed = {fact.field: (fact.a.value, fact.b.value) for fact in whole.of(Group.CASES) if fact.is_different}
    assert changed == {
        "cases.micro merchant, first week": ("approve", "decline"),
        "cases.micro merchant, market day": ("approve", "decline"),
    }


async def test_no_demo_version_leaves_weighty_gaps(reader: Reader) -> None:
    """Nothing that could be the cause is unknown between neighbours: the demo shows whole comparisons."""
    for name, a, b, _, _ in PAIRS:
        assert unknowns_that_matter(await reader.compared(name, a, b)) == (), name


async def test_every_version_tells_owner_architecture_cases_and_environment(reader: Reader) -> None:
    """What the fields of the provenance are for can be seen on each model of the demo."""
    for name, _, b, _, _ in PAIRS:
        (told,) = (await reader.claims(name, b)).values()
        for field in ("owner", "architecture", "code", "data_snapshots", "requirements", "base_image", "signature"):
            assert isinstance(getattr(told, field), Known), f"{name} {b} {field}"
        assert isinstance(told.data_snapshots, Known)
        for snapshot in told.data_snapshots.value:
            assert not any(isinstance(part, Missing) for part in (snapshot.origin, snapshot.taken_at, snapshot.rows))


async def test_an_agent_tells_its_state_and_what_it_has_done(reader: Reader) -> None:
    """Snapshot, memory, tools and permissions; and the effects outside, which only grow."""
    (before,), (after,) = [tuple((await reader.claims("kyc-agent", one)).values()) for one in ("1.8.0", "1.9.0-rc.1")]
    assert isinstance(after.agent, Known)
    assert {"snapshot", "memory", "permissions", "tools.read_document"} <= set(after.agent.value)
    assert isinstance(before.external_effects, Known)
    assert isinstance(after.external_effects, Known)
    done = len(before.external_effects.value)
    assert after.external_effects.value[:done] == before.external_effects.value
    assert len(after.external_effects.value) > done
