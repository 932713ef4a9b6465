"""Bills of material: the model among their components, what it was made of, and documents as they really are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters.cyclonedx import provenance as cyclonedx
from modeltui.adapters.cyclonedx.provenance import Options
from modeltui.adapters.cyclonedx.telling import NOTHING
from modeltui.adapters.system.clock import SystemClock
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.lineage import (
    ABSENT,
    Artifact,
    Contradicted,
    DataSnapshot,
    Known,
    Provenance,
    Unreadable,
)
from modeltui.domain.names import Instant, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.provenance import ProvenanceSource
from modeltui.testing import provenance_contract
from modeltui.testing.hostile import HOSTILE_TEXTS
from tests.adapters.cyclonedx.bills import IMAGE_SHA, SHA, bill, model, write

FRAUD = ModelName(SafeText("fraud-detector"))
V11 = VersionId(SafeText("v1.1"))
BILLS = SourceName(SafeText("bills"))

Open = Callable[..., AbstractAsyncContextManager[ProvenanceSource]]


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


@pytest.fixture
def bills(tmp_path: Path) -> Open:
    """Opens the source as the program does, over `boms` in the test's folder."""
    (tmp_path / "boms").mkdir()

    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[ProvenanceSource]:
        around = Surroundings(BILLS, SystemClock(), (), _no_secret, tmp_path)
        async with cyclonedx.connect(Options(path=Path("boms"), **options), around) as source:
            yield source

    return opened


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the document of version 1.1 lies."""
    return tmp_path / "boms" / "fraud-detector" / "v1.1" / "bom.json"


async def read(source: ProvenanceSource, version: VersionId = V11, known: Provenance = Provenance()) -> Provenance:  # noqa: B008
    return await source.read_provenance(FRAUD, version, known)


def known(fact: object) -> Any:
    assert isinstance(fact, Known), fact
    assert fact.source == BILLS
    return fact.value


@pytest.mark.parametrize("check", provenance_contract.CHECKS, ids=provenance_contract.name_of)
async def test_contract(check: provenance_contract.Check, bills: Open, place: Path) -> None:
    """Bills of material keep the promises that every source of provenance gives."""
    write(place, bill())
    async with bills(scan=("*.cdx.json",)) as source:
        await check(provenance_contract.Subject(source, FRAUD, V11))


async def test_a_bill_tells_what_a_version_was_made_of(bills: Open, place: Path) -> None:
    """Digest, architecture, data, metrics overall and of slices, libraries that it depends on, ancestors, card."""
    write(place, bill())
    async with bills() as source:
        told = await read(source)
    assert known(told.artifact) == Artifact(
        safe_text("https://models.example.com/fraud/v1.1.tar"), safe_text(f"sha256:{SHA}")
    )
    assert known(told.architecture) == "LGBMClassifier"
    assert known(told.signature) == "amount: double, merchant: string -> score: double"
    assert known(told.data_snapshots) == (
        DataSnapshot(
            safe_text("card_transactions"),
            digest=safe_text("2026-01-14"),
            uri=safe_text("s3://lake/card/2026-01-14"),
            used_for=safe_text("training"),
        ),
        DataSnapshot(safe_text("chargebacks"), uri=safe_text("s3://lake/chargebacks")),
    )
    assert known(told.metrics) == {"auc": 0.94}
    assert known(told.segment_metrics) == {"auc/region=hk": 0.88, "recall/region=hk": 0.71}
    assert known(told.requirements) == ("lightgbm==4.5.0", "npm:@scope/x==1", "numpy==2.1.3")
    assert known(told.runtime) == {"python": "3.11.7"}
    assert known(told.base_image) == f"registry.example.com/python:3.11-slim@sha256:{IMAGE_SHA}"
    assert known(told.parents) == ("fraud-base 3",)
    assert known(told.model_card) == (
        "Scores card payments.",
        "# Users",
        "- Risk analysts",
        "# Technical limitations",
        "- Weak on micro merchants",
        "# Ethical considerations",
        "- bias: monthly review",
        "# Fairness",
        "- new customers; harms: declined payments",
    )
    tags = known(told.tags)
    assert (tags["bom task"], tags["bom licenses"], tags["ticket"]) == ("classification", "Apache-2.0, Ours", "RISK-7")
    assert tags["bom metric accuracy"] == "91 %"
    assert told.attestations is ABSENT


async def test_a_secret_among_properties_is_masked(bills: Open, place: Path) -> None:
    """T40: a key that a pipeline wrote into the document by accident is not shown."""
    write(place, bill())
    async with bills() as source:
        tags = known((await read(source)).tags)
    assert "api_key" in tags
    assert "very-secret" not in str(tags)


async def test_formats_do_not_contradict_a_real_signature(bills: Open, place: Path) -> None:
    """A registry knows the columns: the mere formats of the document are told as a tag, not against it."""
    write(place, bill())
    says = Provenance(signature=Known(safe_text("a: double"), SourceName(SafeText("registry")), Instant(1.0)))
    async with bills() as source:
        told = await read(source, known=says)
    assert told.signature is ABSENT
    assert known(told.tags)["bom input and output formats"] == "amount: double, merchant: string -> score: double"


async def test_considerations_do_not_contradict_a_card(bills: Open, place: Path) -> None:
    """A registry has a card: what the document says for people is told as a tag, whole, and a change of it is seen."""
    write(place, bill())
    says = Provenance(model_card=Known((safe_text("# Card"),), SourceName(SafeText("registry")), Instant(1.0)))
    async with bills() as source:
        told = await read(source, known=says)
        before = known(told.tags)["bom card"]
        write(place, bill(model(description="Scores card payments. " * 1_000)))
        after = known((await read(source, known=says)).tags)["bom card"]
    assert told.model_card is ABSENT
    assert "Weak on micro merchants" in before
    assert "sha256" in after, "what is cut off has a digest"


async def test_without_dependencies_all_libraries_count(bills: Open, place: Path) -> None:
    """The document does not say who needs what: everything in it is what the version runs with."""
    write(place, bill(dependencies=[]))
    async with bills() as source:
        assert "left-pad==1.0" in known((await read(source)).requirements)


async def test_a_model_may_be_what_the_document_is_about(bills: Open, place: Path) -> None:
    """The model is the subject of the document, or lies inside another component: it is found."""
    for document in (
        bill(metadata={"component": model()}, components=[]),
        bill(components=[{"type": "application", "name": "scoring", "components": [model()]}]),
    ):
        write(place, document)
        async with bills() as source:
            assert known((await read(source)).architecture) == "LGBMClassifier"


async def test_documents_are_found_by_what_they_name(bills: Open, tmp_path: Path) -> None:
    """One document about many versions, in any folder: each version is found by name, with or without its group."""
    path = tmp_path / "boms" / "2026" / "all.cdx.json"
    write(path, bill(model("v1.0"), model("v1.1", hashes=[])))
    (tmp_path / "boms" / ".git").mkdir()
    write(tmp_path / "boms" / ".git" / "x.cdx.json", bill(model("v9")))
    async with bills(document="", scan=("*.cdx.json",)) as source:
        assert known((await read(source, VersionId(SafeText("v1.0")))).artifact).digest == f"sha256:{SHA}"
        grouped = await source.read_provenance(ModelName(SafeText("acme/fraud-detector")), V11, Provenance())
        assert known(grouped.architecture) == "LGBMClassifier"
        assert await read(source, VersionId(SafeText("v9"))) == NOTHING
        assert "1 documents about 2 versions" in (await source.probe()).findings[0].says
        write(path, bill(model("v2.0")))
        assert known((await read(source, VersionId(SafeText("v2.0")))).architecture)
        assert await read(source) == NOTHING


async def test_two_documents_about_one_version_are_joined_or_contradict(
    bills: Open, place: Path, tmp_path: Path
) -> None:
    """The build's document and the auditor's: what both say once, what they say differently as a contradiction."""
    write(place, bill())
    other = bill(model(hashes=[{"alg": "SHA-256", "content": "00" * 32}]))
    write(tmp_path / "boms" / "audit.cdx.json", other)
    async with bills(scan=("*.cdx.json", "*/bom.json")) as source:
        told = await read(source)
    assert known(told.architecture) == "LGBMClassifier"
    assert isinstance(told.artifact, Contradicted)
    assert {claim.value.digest for claim in told.artifact.claims} == {f"sha256:{SHA}", f"sha256:{'00' * 32}"}
    assert {claim.source for claim in told.artifact.claims} == {
        "bills (fraud-detector/v1.1/bom.json)",
        "bills (audit.cdx.json)",
    }


async def test_a_document_about_something_else_is_not_believed(bills: Open, place: Path) -> None:
    """In the place of 1.1 lies the document of 1.0: unreadable, and it says what it describes instead."""
    write(place, bill(model("v1.0")))
    async with bills() as source:
        told = await read(source)
    assert isinstance(told.artifact, Unreadable)
    assert "describes fraud-detector v1.0, not fraud-detector v1.1" in told.artifact.reason


async def test_a_document_at_its_place_needs_no_version(bills: Open, place: Path) -> None:
    """The pipeline wrote no version into the document: its place says it."""
    versionless = model()
    del versionless["version"]
    write(place, bill(versionless))
    async with bills() as source:
        assert known((await read(source)).architecture) == "LGBMClassifier"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<bom/>", "not JSON"),
        (b'{"bomFormat": "CycloneDX", "components": [],}', "not JSON"),
        (b"{}", "no CycloneDX document"),
        (b"[]", "no CycloneDX document"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"bomFormat":"CycloneDX"}', "describes no model"),
    ],
)
async def test_what_is_no_bill_is_unreadable_with_the_reason(
    bills: Open, place: Path, content: bytes, says: str
) -> None:
    """XML, a trailing comma, other JSON: the fields are unreadable, and say why; the probe names the file."""
    write(place, content)
    async with bills(scan=("bom.json",)) as source:
        told = await read(source)
        assert isinstance(told.metrics, Unreadable)
        assert says in told.metrics.reason
        if b'"CycloneDX"}' not in content:
            assert any(finding.ok is False for finding in (await source.probe()).findings)
    provenance_contract.check_provenance("odd", told)


@pytest.mark.parametrize("odd", [None, 7, "text", [], [None, 7, "x", [], {}], {"a": {"b": []}}])
async def test_any_part_of_another_kind_costs_itself_only(bills: Open, place: Path, odd: Any) -> None:
    """Every key of the model in turn is something else than the schema says: the rest is told."""
    for key in (*model(), "tags"):
        if key in {"type", "name", "version"}:
            continue
        write(place, bill(model(**{key: odd})))
        async with bills() as source:
            told = await read(source)
        provenance_contract.check_provenance(f"{key}: {odd!r}", told)
        assert isinstance(told.tags, Known)
    for key in ("components", "dependencies", "metadata"):
        document = bill(metadata={"component": model()}) if key != "metadata" else bill()
        write(place, document | {key: odd})
        async with bills() as source:
            provenance_contract.check_provenance(key, await read(source))


async def test_hostile_texts_are_harmless(bills: Open, place: Path) -> None:
    """Whatever stands in whatever place of the document: nothing of it can move the cursor or hide."""
    for text in HOSTILE_TEXTS:
        hostile = model(publisher=text, description=text, tags=[text], properties=[{"name": text, "value": text}])
        hostile["modelCard"]["modelParameters"]["modelArchitecture"] = text
        write(place, bill(hostile))
        async with bills() as source:
            provenance_contract.check_provenance(repr(text), await read(source))


async def test_a_signed_bill_is_not_called_verified(bills: Open, place: Path) -> None:
    """A signature in the document is told, and that nobody verified it."""
    write(place, bill(signature={"algorithm": "ES256", "value": "x"}))
    async with bills() as source:
        told = known((await read(source)).attestations)
    assert told == ("cyclonedx: bill of material read, signature not verified",)


async def test_no_document_is_absent_and_no_folder_is_a_failure(bills: Open, place: Path, tmp_path: Path) -> None:
    """A version without a document has empty places; a folder that is not mounted could have had one."""
    async with bills() as source:
        assert await read(source) == NOTHING
        (tmp_path / "boms").rmdir()
        with pytest.raises(BackendUnavailable, match="no such file"):
            await read(source)


def test_options_that_cannot_be_meant_are_refused() -> None:
    """Nowhere to look, or somewhere outside the folder: a mistake in the configuration."""
    with pytest.raises(ValueError, match="document, scan or both"):
        Options(path=Path("x"), document="")
    with pytest.raises(ValueError, match="not a path below"):
        Options(path=Path("x"), document="../{model}.json")
