"""A registry of a team's own tables, as an operator meets it: in SQLite and in PostgreSQL alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from modeltui.adapters.sql_registry.schema import SCHEMA, TABLES
from modeltui.config.paths import shipped
from modeltui.domain.errors import BackendRefused
from modeltui.domain.lineage import (
    ABSENT,
    FIELDS,
    UNSUPPORTED,
    Approval,
    Artifact,
    CodeRevision,
    Contradicted,
    DataSnapshot,
    Known,
    Unreadable,
)
from modeltui.domain.names import Instant, ModelName
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.registry import Registry
from modeltui.testing import registry_contract
from modeltui.testing.hostile import HOSTILE_TEXTS
from tests.adapters.sql_registry.stage import (
    ACTIVE_ONLY,
    FRAUD,
    ROWS,
    make_postgresql,
    make_sqlite,
    opened,
    told,
)

# Databases on disk, one for each test.
pytestmark = pytest.mark.broad

SHIPPED = Path(shipped("sample_configs"), "sql-registry.sql").read_text(encoding="utf-8")
Open = Callable[[str], AbstractAsyncContextManager[Registry]]
"""Opens a registry that was made by a script."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Makes and opens a registry in each database."""
    if request.param == "sqlite":
        return lambda script: opened(path=make_sqlite(tmp_path / "registry.db", script))
    postgres = request.getfixturevalue("postgres")
    return lambda script: opened(**make_postgresql(postgres, script))


@pytest.fixture
async def registry(make: Open) -> AsyncIterator[Registry]:
    """The registry of the documentation, with every table."""
    async with make(SCHEMA + ROWS) as opened_registry:
        yield opened_registry


@pytest.mark.parametrize("check", registry_contract.CHECKS, ids=registry_contract.name_of)
async def test_contract(check: registry_contract.Check, registry: Registry) -> None:
    """Tables of a team's own keep the promises that every registry gives."""
    await check(registry)


async def test_models_have_their_pointers(registry: Registry) -> None:
    """`active` and `fallback` point where the services look, further pointers beside them; 1.10 is the newest."""
    answer = await registry.read_models()
    fraud = next(model for model in answer.models if model.name == FRAUD)
    assert {(one.name, one.version) for one in fraud.pointers} == {
        ("active", "1.9"),
        ("fallback", "1.10"),
        ("shadow", "1.10"),
    }
    assert (fraud.latest, fraud.owner, fraud.kind) == ("1.10", "risk", "tabular")
    assert fraud.tags[0] == ("tier", "1")
    assert fraud.tags[1][0] == "last_updated"
    assert fraud.tags[1][1].startswith("2026-01-16")
    assert [model.name for model in answer.models if not model.latest] == ["empty"]
    assert answer.warnings == ()


async def test_versions_are_told(registry: Registry) -> None:
    """A version tells when, by whom and in which state it was registered, the newest first."""
    newest, oldest = await registry.read_versions(FRAUD)
    assert (newest.id, newest.pointers, newest.created_at) == ("1.10", ("fallback", "shadow"), 1_771_138_800.0)
    assert (oldest.id, oldest.pointers, oldest.created_at) == ("1.9", ("active",), 1_768_464_000.0)
    assert (oldest.created_by, oldest.state, oldest.description) == ("pipeline", "approved", "the old one")
    assert oldest.tags == (("gold", ""),)


async def test_every_table_adds_to_the_provenance(registry: Registry) -> None:
    """Columns, JSON, facts, snapshots and approvals are one provenance; what nobody wrote is absent."""
    found = await told(registry)
    values = {name: getattr(found, name).value for name in found.known_fields()}
    assert values == {
        "run": "run-9",
        "registered": "pipeline",
        "owner": "risk",
        "artifact": Artifact(safe_text("s3://models/1.9"), safe_text("sha256:aa"), 4096),
        "architecture": "LGBMClassifier",
        "data_snapshots": (
            DataSnapshot(
                safe_text("transactions"),
                safe_text("sha256:36"),
                safe_text("s3://lake/tx"),
                rows=10,
                used_for=safe_text("training"),
                origin=safe_text("warehouse.tx"),
                begins_at=Instant(1_752_451_200.0),
                ends_at=Instant(1_768_348_800.0),
                taken_at=Instant(1_768_360_200.0),
            ),
        ),
        "extraction_query": ("SELECT a", "FROM t", "WHERE x"),
        "code": CodeRevision(safe_text("3537881"), safe_text("git@git.example:risk/fraud.git"), safe_text("main")),
        "parameters": {"seed": "7", "num_leaves": "63"},
        "metrics": {"auc": 0.94},
        "segment_metrics": {"auc/region=hk": 0.91},
        "requirements": ("pandas==2.2.3",),
        "approvals": (
            Approval(safe_text("m.chan"), safe_text("approved"), Instant(1_768_469_400.0), safe_text("RISK-812")),
        ),
        "tags": {"gold": ""},
    }
    assert {getattr(found, name) for name in FIELDS if name not in values} == {ABSENT}


async def test_the_tables_that_ship_can_be_made(make: Open) -> None:
    """The SQL file beside the example makes the documented tables in both databases, as an operator would."""
    assert SHIPPED.endswith(SCHEMA), "the file and the documentation have drifted apart"
    async with make(SHIPPED + ROWS) as registry:
        assert len((await registry.read_models()).models) == 2
        assert {finding.ok for finding in (await registry.probe()).findings} == {True}


async def test_only_the_table_that_the_services_read(make: Open) -> None:
    """With `active_models` alone its versions are listed, and nothing else is claimed: no field is called empty."""
    async with make(ACTIVE_ONLY) as registry:
        models = {model.name: model for model in (await registry.read_models()).models}
        assert {(one.name, one.version) for one in models[FRAUD].pointers} == {("active", "1.9"), ("fallback", "1.10")}
        assert models[FRAUD].latest == "1.10"
        assert [pointer.name for pointer in models[ModelName(SafeText("credit"))].pointers] == ["active"]
        versions = await registry.read_versions(FRAUD)
        assert [(version.id, version.pointers) for version in versions] == [
            ("1.10", ("fallback",)),
            ("1.9", ("active",)),
        ]
        found = await told(registry)
        assert all(getattr(found, name) is UNSUPPORTED for name in FIELDS)
        for check in registry_contract.CHECKS:
            if check is not registry_contract.provenance_says_what_it_does_not_know:  # it wants something to be known
                await check(registry)


@pytest.mark.parametrize("table", [name for name in TABLES if name != "versions"])
async def test_a_table_that_is_not_there(make: Open, table: str) -> None:
    """Every table but that of versions may be missing: the others are told as before."""
    async with make(f"{SCHEMA}{ROWS}DROP TABLE {table};") as registry:
        assert [version.id for version in await registry.read_versions(FRAUD)] == ["1.10", "1.9"]
        assert isinstance((await told(registry)).run, Known)
        for check in registry_contract.CHECKS:
            await check(registry)


async def test_columns_without_a_place_are_unsupported(make: Open) -> None:
    """Where only versions and data sets have tables, a field without a column is unsupported, an empty one absent."""
    script = """
        CREATE TABLE versions (model TEXT, version TEXT, run TEXT);
        CREATE TABLE data_snapshots (model TEXT, version TEXT, name TEXT);
        INSERT INTO versions VALUES ('fraud-detector', '1.9', NULL);
        INSERT INTO data_snapshots VALUES ('fraud-detector', '1.9', 'transactions');
    """
    async with make(script) as registry:
        found = await told(registry)
        assert found.run is ABSENT
        assert isinstance(found.data_snapshots, Known)
        assert found.data_snapshots.value == (DataSnapshot(safe_text("transactions")),)
        assert {name for name in FIELDS if getattr(found, name) is not UNSUPPORTED} == {"run", "data_snapshots"}


async def test_a_table_of_that_name_that_is_something_else(make: Open) -> None:
    """An unrelated table called `versions` is not taken for the registry's; the operator is told what it lacks."""
    async with make(f"{ACTIVE_ONLY}CREATE TABLE versions (id INTEGER);") as registry:
        answer = await registry.read_models()
        assert answer.warnings == ("the table versions has no column model; it is not looked at",)
        assert len(answer.models) == 2


async def test_nothing_of_it_is_there(make: Open) -> None:
    """A database without any of the tables is refused, with the names that were looked for."""
    async with make("CREATE TABLE somewhere_else (id INTEGER);") as registry:
        with pytest.raises(BackendRefused, match="none of the tables is there: models, versions") as caught:
            await registry.read_models()
        assert "tables" in caught.value.remedy


async def test_what_serves_and_was_never_registered(make: Open) -> None:
    """A version that serves without a row of its own is listed all the same, and the operator is warned."""
    async with make(f"{SCHEMA}{ROWS}UPDATE active_models SET active_version = '9.9';") as registry:
        answer = await registry.read_models()
        assert answer.warnings == ("fraud-detector: active is 9.9, which the table of versions does not have",)
        assert answer.models[0].latest == "9.9"
        assert (await registry.read_versions(FRAUD))[0].pointers == ("active",)
        assert (await told(registry, "9.9")).run is ABSENT
        for check in registry_contract.CHECKS:
            if check is not registry_contract.provenance_says_what_it_does_not_know:  # of 9.9 nothing is known
                await check(registry)


BROKEN = {
    "a metric that is no number": (
        "metrics",
        "INSERT INTO facts VALUES ('fraud-detector','1.9','metrics','f1','high')",
    ),
    "two values for one field": (
        "architecture",
        "INSERT INTO facts VALUES ('fraud-detector','1.9','architecture','b','Other')",
    ),
    "JSON that breaks off": (
        "requirements",
        "UPDATE versions SET provenance = '{\"requirements\": [' WHERE version = '1.9'",
    ),
    "JSON that is a list": ("requirements", "UPDATE versions SET provenance = '[1]' WHERE version = '1.9'"),
    "a table of fields that is a word": (
        "importances",
        "UPDATE versions SET provenance = '{\"importances\": \"high\"}' WHERE version = '1.9'",
    ),
}


@pytest.mark.parametrize(("field", "statement"), BROKEN.values(), ids=BROKEN)
async def test_wrong_values_cost_their_own_field(make: Open, field: str, statement: str) -> None:
    """A value that is not of its kind makes its own field unreadable, with the reason; the others are as before."""
    async with make(f"{SCHEMA}{ROWS}{statement};") as registry:
        found = await told(registry)
    fact = getattr(found, field)
    assert isinstance(fact, Unreadable)
    assert fact.reason.startswith(("facts: ", "versions.provenance: "))
    assert {"run", "artifact", "data_snapshots", "segment_metrics", "approvals"} <= set(found.known_fields())


async def test_two_tables_that_contradict_each_other(make: Open) -> None:
    """What a column and the JSON beside it say differently is shown twice, each with where it stands."""
    more = "INSERT INTO facts VALUES ('fraud-detector', '1.9', 'code', 'commit', '99aa001')"
    async with make(f"{SCHEMA}{ROWS}{more};") as registry:
        code = (await told(registry)).code
    assert isinstance(code, Contradicted)
    assert [(claim.value.commit, claim.source) for claim in code.claims] == [
        ("3537881", "registry (versions)"),
        ("99aa001", "registry (facts)"),
    ]


async def test_a_fact_of_no_known_field_is_kept(make: Open) -> None:
    """A field that the program does not know is shown among the tags: a difference in it is not lost."""
    more = "INSERT INTO facts VALUES ('fraud-detector', '1.9', 'moon_phase', 'rising', 'yes')"
    async with make(f"{SCHEMA}{ROWS}{more};") as registry:
        tags = (await told(registry)).tags
    assert isinstance(tags, Known)
    assert tags.value == {"gold": "", "moon_phase.rising": "yes"}


async def test_a_version_has_an_owner_of_its_own(make: Open) -> None:
    """The model's owner answers for a version, unless the version names another."""
    more = "INSERT INTO facts VALUES ('fraud-detector', '1.10', 'owner', '', 'somebody-else')"
    async with make(f"{SCHEMA}{ROWS}{more};") as registry:
        owners = [(await told(registry, version)).owner for version in ("1.9", "1.10")]
    assert [owner.value for owner in owners if isinstance(owner, Known)] == ["risk", "somebody-else"]


async def test_hyperparameters_are_parameters(make: Open) -> None:
    """A field under a name that teams use is told under ours."""
    more = "INSERT INTO facts VALUES ('fraud-detector', '1.10', 'hyperparameters', 'depth', '8')"
    async with make(f"{SCHEMA}{ROWS}{more};") as registry:
        parameters = (await told(registry, "1.10")).parameters
    assert isinstance(parameters, Known)
    assert parameters.value == {"depth": "8"}


async def test_secrets_are_masked(make: Open) -> None:
    """A password that somebody wrote among the parameters or variables is not shown."""
    more = """
        INSERT INTO facts VALUES ('fraud-detector', '1.10', 'environment_variables', 'DB_PASSWORD', 'hunter2secret');
        INSERT INTO facts VALUES ('fraud-detector', '1.10', 'parameters', 'uri', 'postgresql://bot:hunter2secret@db/x');
    """
    async with make(f"{SCHEMA}{ROWS}{more}") as registry:
        assert "hunter2secret" not in repr(await told(registry, "1.10"))


def _literal(text: str) -> str:
    storable = text.replace("\0", "").encode("utf-8", "replace").decode()
    return "'" + storable.replace("'", "''") + "'"


@pytest.mark.broad
async def test_hostile_texts_are_harmless(make: Open) -> None:
    """Whatever stands in a name, a version, a tag or a fact is safe to show, and can still be asked for."""
    rows = []
    for number, text in enumerate(HOSTILE_TEXTS.values()):
        name, value = _literal(f"{text}{number}"), _literal(text or "none")
        rows.append(f"INSERT INTO models VALUES ({name}, {value}, {value}, {value});")
        rows.append(f"INSERT INTO versions (model, version, description) VALUES ({name}, {value}, {value});")
        rows.append(f"INSERT INTO facts VALUES ({name}, {value}, 'parameters', {value}, {value});")
        rows.append(f"INSERT INTO facts VALUES ({name}, {value}, {value}, {value}, {value});")
        rows.append(f"INSERT INTO active_models VALUES ({name}, {value}, NULL, NULL);")
    async with make(SCHEMA + "\n".join(rows)) as registry:
        models = (await registry.read_models()).models
        assert len(models) == len(HOSTILE_TEXTS)
        for model in models:
            (version,) = await registry.read_versions(model.name)
            found = await registry.read_provenance(model.name, version.id)
            registry_contract.check_provenance(model.name, found)
            assert isinstance(found.parameters, Known)
        for check in registry_contract.CHECKS:
            await check(registry)


async def test_a_hostile_name_is_found_without_a_list(make: Open) -> None:
    """A model whose name had to be changed to be shown can be asked for first, before any list was read."""
    name = "fraud\u202edetector"
    rows = f"INSERT INTO versions (model, version) VALUES ('{name}', '1');"
    async with make(SCHEMA + rows) as registry:
        shown = ModelName(safe_text(name))
        assert shown != name
        assert [version.id for version in await registry.read_versions(shown)] == ["1"]


async def test_numbers_as_versions(make: Open) -> None:
    """Versions that are numbers in the table are text everywhere else, ordered as numbers."""
    script = """
        CREATE TABLE versions (model TEXT, version INTEGER, created_at BIGINT);
        INSERT INTO versions VALUES ('fraud-detector', 9, 1768464000), ('fraud-detector', 10, 1768464000000);
        CREATE TABLE facts (model TEXT, version INTEGER, field TEXT, value TEXT);
        INSERT INTO facts VALUES ('fraud-detector', 10, 'owner', 'risk');
    """
    async with make(script) as registry:
        newest, oldest = await registry.read_versions(FRAUD)
        assert (newest.id, oldest.id, newest.created_at, oldest.created_at) == ("10", "9", 1768464000.0, 1768464000.0)
        owner = (await told(registry, "10")).owner
        assert isinstance(owner, Known)
        assert owner.value == "risk"


@pytest.mark.broad
async def test_a_model_card_of_five_megabytes(make: Open) -> None:
    """A long card is read whole; a change in its last line is a difference."""
    card = "\n".join(f"line {number} {'x' * 90}" for number in range(50_000))
    rows = f"INSERT INTO facts VALUES ('fraud-detector', '1.10', 'model_card', '', '{card}');"
    async with make(SCHEMA + ROWS + rows) as registry:
        found = (await told(registry, "1.10")).model_card
    assert isinstance(found, Known)
    assert "\n".join(found.value) == card
