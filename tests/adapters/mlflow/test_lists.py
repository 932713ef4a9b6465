"""Models and versions: what a list shows, also when the server is odd, slow or half there."""

from __future__ import annotations

from typing import Any

import pytest

from modeltui.adapters.mlflow.registry import MlflowRegistry
from modeltui.domain.errors import BackendError, BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.names import UNKNOWN
from modeltui.domain.version import Model
from modeltui.testing.faults import FaultServer, Reply, half_json, html_page, huge, json_reply, reset
from modeltui.testing.hostile import HOSTILE_TEXTS
from tests.adapters.mlflow.fake import API, FRAUD, FakeMlflow, name, not_found, number, opened, recorded

MODELS = f"{API}registered-models/search"
VERSIONS = f"{API}model-versions/search"
MODEL = f"{API}registered-models/get"


def row(model: str, **more: Any) -> dict[str, Any]:
    return {"name": model, **more}


def page(*rows: dict[str, Any], token: str = "") -> Reply:
    return json_reply({"registered_models": list(rows)} | ({"next_page_token": token} if token else {}))


def by_token(pages: dict[str, Reply]) -> Any:
    return lambda request: pages[request.query.get("page_token", [""])[0]]


async def models_of(server: FaultServer, **options: Any) -> dict[str, Model]:
    async with opened(server.url, **options) as registry:
        return {model.name: model for model in (await registry.read_models()).models}


async def test_pointers_come_with_the_models(registry: MlflowRegistry, fake: FakeMlflow) -> None:
    """One request gives every model with its aliases and stages, the latest version and the owner."""
    answer = await registry.read_models()
    models = {model.name: model for model in answer.models}
    assert len(fake.requests) == 1
    assert fake.requests[0].query["max_results"] == ["1000"]
    fraud = models[FRAUD]
    assert {(pointer.name, pointer.version) for pointer in fraud.pointers} == {
        ("Champion", "2"),
        ("challenger", "11"),
        ("champion", "10"),
        ("stable", "9"),
    }
    assert (fraud.latest, fraud.source, fraud.owner) == ("11", "mlflow", "risk")
    assert ("Production", "2") in {
        (pointer.name, pointer.version) for pointer in models[name("credit-scoring")].pointers
    }


async def test_prompts_are_not_models(registry: MlflowRegistry, fake: FakeMlflow) -> None:
    """A prompt, which MLflow keeps among the models, is not listed as one, whatever the server filters (T11)."""
    prompt = row("greeting", tags=[{"key": "mlflow.prompt.is_prompt", "value": "true"}])
    fake.answer(MODELS, page(prompt, row("fraud")))
    assert [model.name for model in (await registry.read_models()).models] == ["fraud"]


async def test_empty_registry(fake: FakeMlflow) -> None:
    """`{}`, the answer of an empty registry, is no models and no error (T2)."""
    fake.answer(MODELS, Reply(b"{}"))
    assert await models_of(fake) == {}


async def test_model_without_versions(fake: FakeMlflow) -> None:
    """A model that was never trained has no latest version and no pointers; left-out keys mean nothing (T2)."""
    model = (await models_of(fake))[name("not-yet-trained")]
    assert (model.latest, model.pointers, model.tags) == (UNKNOWN, (), ())


async def test_null_in_place_of_values(fake: FakeMlflow) -> None:
    """`null` where a list or text belongs is read as nothing there (T2)."""
    nothing = {"latest_versions": None, "aliases": None, "tags": [{"key": "owner", "value": None}]}
    fake.answer(MODELS, page(row("fraud", **nothing)))
    assert (await models_of(fake))[name("fraud")].pointers == ()


async def test_ten_is_more_than_nine(fake: FakeMlflow) -> None:
    """Versions are compared as numbers, whether they come as text or as numbers (T6, T22)."""
    entries = [
        {"version": "9", "current_stage": "Production"},
        {"version": 10},
        {"version": "2", "current_stage": "Staging"},
    ]
    fake.answer(MODELS, page(row("fraud", latest_versions=entries)))
    model = (await models_of(fake))[name("fraud")]
    assert model.latest == "10"
    assert {(pointer.name, pointer.version) for pointer in model.pointers} == {("Production", "9"), ("Staging", "2")}


async def test_stage_shared_by_several_versions(fake: FakeMlflow) -> None:
    """Of several versions in one stage the newest is its pointer; `None` and `Archived` are no pointers (T22)."""
    stages = [("9", "Production"), ("10", "Production"), ("3", "Archived"), ("11", "None")]
    entries = [{"version": version, "current_stage": stage} for version, stage in stages]
    fake.answer(MODELS, page(row("fraud", latest_versions=entries)))
    pointers = (await models_of(fake))[name("fraud")].pointers
    assert [(pointer.name, pointer.version) for pointer in pointers] == [("Production", "10")]


async def test_aliases_as_unity_catalog_writes_them(fake: FakeMlflow) -> None:
    """Aliases come as objects under two sets of names, or as plain text, and mean the same (T4)."""
    aliases = [{"alias_name": "champion", "version_num": 3}, {"alias": "stable", "version": "2"}]
    fake.answer(MODELS, page(row("fraud", aliases=aliases)))
    fake.answer(MODEL, json_reply({"registered_model": row("fraud", aliases=aliases)}))
    rows = [
        {"name": "fraud", "version": 3, "aliases": ["champion"]},
        {"name": "fraud", "version": 2, "aliases": aliases},
    ]
    fake.answer(VERSIONS, json_reply({"model_versions": rows}))
    pointers = (await models_of(fake))[name("fraud")].pointers
    assert {(pointer.name, pointer.version) for pointer in pointers} == {("champion", "3"), ("stable", "2")}
    async with opened(fake.url) as registry:
        versions = await registry.read_versions(name("fraud"))
    assert [(version.id, version.pointers) for version in versions] == [("3", ("champion",)), ("2", ("stable",))]


async def test_aliases_are_joined_to_versions(registry: MlflowRegistry) -> None:
    """Rows of a search carry no aliases; they are those of the model, and differ by case (T3, T15)."""
    versions = {version.id: version for version in await registry.read_versions(FRAUD)}
    assert "aliases" not in recorded("versions.json")["model_versions"][0]
    assert versions[number(10)].pointers == ("champion",)
    assert versions[number(2)].pointers == ("Champion",)
    assert versions[number(8)].pointers == ()


async def test_deleted_version_takes_its_alias_along(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """When a version and with it its alias vanish, both are gone at the next reading (T13)."""
    before = recorded("models.json")
    await registry.read_models()
    for model in before["registered_models"]:
        model["aliases"] = [alias for alias in model.get("aliases", []) if alias["alias"] != "champion"]
    fake.answer(MODELS, json_reply(before))
    fraud = next(model for model in (await registry.read_models()).models if model.name == FRAUD)
    assert "champion" not in {pointer.name for pointer in fraud.pointers}


async def test_alias_of_a_deleted_version(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """MLflow 2 keeps the alias of a version that it deleted: it is shown, and the operator is told (T13)."""
    latest = [{"version": "2"}]
    fake.answer(MODELS, page(row("fraud", latest_versions=latest, aliases=[{"alias": "champion", "version": "10"}])))
    answer = await registry.read_models()
    assert answer.models[0].pointers[0].version == "10"
    assert answer.warnings == ("fraud: champion points at version 10, which was deleted",)


async def test_versions_newest_first(registry: MlflowRegistry, fake: FakeMlflow) -> None:
    """Versions come highest number first, asked for in that order: an edited description moves nothing (T6, T9)."""
    versions = await registry.read_versions(FRAUD)
    assert [version.id for version in versions] == ["11", "10", "9", "8", "7", "6", "4", "3", "2", "1"]
    assert fake.asked("model-versions/search")[0].query["order_by"] == ["version_number DESC"]
    assert versions[0].state == "READY"
    assert versions[0].description == "Weekly retraining 11"


async def test_times_are_seconds(registry: MlflowRegistry) -> None:
    """MLflow's milliseconds become seconds; text, zero, and nonsense are no time rather than 1970 (T39)."""
    recorded_at = recorded("versions.json")["model_versions"][0]["creation_timestamp"]
    assert (await registry.read_versions(FRAUD))[0].created_at == recorded_at / 1000


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("1768435200000", 1_768_435_200.0), (0, UNKNOWN), ("soon", UNKNOWN), (-5, UNKNOWN), (1e30, UNKNOWN)],
)
async def test_odd_times(fake: FakeMlflow, raw: object, expected: object) -> None:
    """A time stamp as text counts; zero and nonsense are unknown (T39)."""
    fake.answer(VERSIONS, json_reply({"model_versions": [{"name": FRAUD, "version": "1", "creation_timestamp": raw}]}))
    async with opened(fake.url) as registry:
        assert (await registry.read_versions(FRAUD))[0].created_at == expected


async def test_unknown_model_has_no_versions(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """A model that was renamed or deleted while a screen showed it has no versions any more (T20)."""
    fake.answer(MODEL, not_found("Registered Model with name=old not found"))
    fake.answer(VERSIONS, Reply(b"{}"))
    assert await registry.read_versions(name("old")) == ()


async def test_impossible_name_has_no_versions(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """A name that MLflow refuses as impossible (400, not 404) has no versions, like any that does not exist."""
    refusal = {
        "error_code": "INVALID_PARAMETER_VALUE",
        "message": "Invalid model name 'a:b'. Names cannot contain ':'.",
    }
    fake.answer(MODEL, json_reply(refusal, 400))
    fake.answer(VERSIONS, Reply(b"{}"))
    assert await registry.read_versions(name("a:b")) == ()


async def test_model_deleted_and_made_again(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """Version 1 of a model that was deleted and made again is another version: nothing of the old one is kept (T21)."""
    first = [{"name": FRAUD, "version": "1", "creation_timestamp": 1_700_000_000_000, "description": "old"}]
    second = [{"name": FRAUD, "version": "1", "creation_timestamp": 1_768_435_200_000, "description": "new"}]
    fake.answer(VERSIONS, json_reply({"model_versions": first}), json_reply({"model_versions": second}))
    before, after = await registry.read_versions(FRAUD), await registry.read_versions(FRAUD)
    assert before[0].id == after[0].id == "1"
    assert (before[0].created_at, after[0].created_at) == (1_700_000_000.0, 1_768_435_200.0)
    assert after[0].description == "new"


QUOTES = {
    "it's": 'name = "it\'s"',
    'say "yes"': "name = 'say \"yes\"'",
    "50 % Prüfung": "name = '50 % Prüfung'",
    "both ' and \"": "name LIKE 'both _ and _'",
    "x' OR name LIKE '%": "name = \"x' OR name LIKE '%\"",
}


@pytest.mark.parametrize(
    ("raw", "wanted"), QUOTES.items(), ids=["apostrophe", "quotes", "percent", "both", "injection"]
)
async def test_quotes_in_names(fake: FakeMlflow, raw: str, wanted: str) -> None:
    """A name with quotes, blanks or per cent is asked for itself, and nothing else is shown for it (T15)."""
    fake.answer(MODEL, json_reply({"registered_model": row(raw)}))
    rows = [{"name": raw, "version": "1"}, {"name": "another", "version": "2"}]
    fake.answer(VERSIONS, json_reply({"model_versions": rows}))
    async with opened(fake.url) as registry:
        versions = await registry.read_versions(name(raw))
    assert [version.id for version in versions] == ["1"]
    assert fake.asked("model-versions/search")[0].query["filter"] == [wanted]
    assert fake.asked("registered-models/get")[0].query["name"] == [raw]


async def test_names_that_are_not_safe_to_show(fake: FakeMlflow) -> None:
    """A name with hidden characters is shown with them visible, and asked for as the server knows it."""
    raw = "fraud\u202edetector\x1b[2J"
    fake.answer(MODELS, page(row(raw)))
    fake.answer(MODEL, json_reply({"registered_model": row(raw)}))
    fake.answer(VERSIONS, json_reply({"model_versions": [{"name": raw, "version": "1"}]}))
    async with opened(fake.url) as registry:
        shown = (await registry.read_models()).models[0].name
        assert shown == "fraud\\u{202e}detector␛[2J"
        assert [version.id for version in await registry.read_versions(shown)] == ["1"]
    assert fake.asked("registered-models/get")[0].query["name"] == [raw]


async def test_hostile_text_everywhere(fake: FakeMlflow) -> None:
    """Escape sequences, bidi, markup and 10 000 characters in names, tags and aliases are shown, tamed."""
    rows = [
        row(text or "empty", tags=[{"key": text, "value": text}], aliases=[{"alias": text, "version": text}])
        for text in HOSTILE_TEXTS.values()
    ]
    fake.answer(MODELS, page(*rows))
    async with opened(fake.url) as registry:
        answer = await registry.read_models()
    whole = repr(answer)
    assert len(answer.models) > len(HOSTILE_TEXTS) * 0.8
    assert not any(character in whole for character in "\x1b\x07\u202e\u200b\x9b\x00")
    assert all(len(model.name) <= 200 for model in answer.models)


async def test_secrets_in_tags_are_masked(fake: FakeMlflow) -> None:
    """A credential in a tag of a model is masked in the list already (T40)."""
    tags = [
        {"key": "hf_token", "value": "hf_abcdefghijklmnopqrstuvwx"},
        {"key": "note", "value": "see https://u:pa55word@x/"},
    ]
    fake.answer(MODELS, page(row("fraud", tags=tags)))
    shown = repr(await models_of(fake))
    assert "pa55word" not in shown
    assert "abcdefghijkl" not in shown


# Pages


async def test_pages_are_joined(fake: FakeMlflow) -> None:
    """1 002 models are two requests, and all of them are there (T37)."""
    first, rest = [row(f"m{i}") for i in range(1000)], [row("x"), row("y")]
    fake.answer(MODELS, by_token({"": page(*first, token="t1"), "t1": page(*rest)}))
    assert len(await models_of(fake)) == 1002
    assert len(fake.requests) == 2


async def test_later_page_fails(fake: FakeMlflow) -> None:
    """When page 2 fails, page 1 is shown, with a warning that says how much is missing and why."""
    fake.answer(MODELS, by_token({"": page(row("a"), row("b"), token="t1"), "t1": html_page(500)}))
    async with opened(fake.url) as registry:
        answer = await registry.read_models()
    assert [model.name for model in answer.models] == ["a", "b"]
    assert len(answer.warnings) == 1
    assert answer.warnings[0].startswith("only the first 2 models could be read: mlflow failed on GET")


async def test_first_page_fails(fake: FakeMlflow, registry: MlflowRegistry) -> None:
    """When the first page fails there is an error, not an empty registry."""
    fake.answer(MODELS, html_page(500))
    with pytest.raises(BackendUnavailable):
        await registry.read_models()


@pytest.mark.parametrize("endless", ["same", "two in turns", "empty rows"])
async def test_tokens_without_end(fake: FakeMlflow, endless: str) -> None:
    """A server that always has a next page is asked a bounded number of times, and the operator is told (T1, T27)."""
    counter = iter(range(10_000))
    replies: dict[str, Any] = {
        "same": page(row("a"), token="again"),
        "two in turns": lambda request: page(
            row("a"), token="b" if "a" in request.query.get("page_token", []) else "a"
        ),
        "empty rows": lambda _: page(token=f"t{next(counter)}"),
    }
    fake.answer(MODELS, replies[endless])
    async with opened(fake.url) as registry:
        answer = await registry.read_models()
    assert len(fake.requests) <= 25
    assert "may not be whole" in answer.warnings[0]


async def test_page_without_rows_in_between(fake: FakeMlflow) -> None:
    """A page without rows but with a token, as Unity Catalog sends, is not the end (T27)."""
    fake.answer(MODELS, by_token({"": page(token="t1"), "t1": page(token="t2"), "t2": page(row("a"))}))
    assert list(await models_of(fake)) == ["a"]


async def test_list_that_changes_while_it_is_read(fake: FakeMlflow) -> None:
    """A model that comes twice, because somebody wrote in between, is shown once, and the operator is told (T9)."""
    pages = {"": page(row("a"), row("b"), token="t1"), "t1": page(row("b"), row("c"))}
    fake.answer(MODELS, by_token(pages))
    async with opened(fake.url) as registry:
        answer = await registry.read_models()
    assert [model.name for model in answer.models] == ["a", "b", "c"]
    assert "changed while it was read" in answer.warnings[0]


async def test_versions_come_in_pages_too(fake: FakeMlflow) -> None:
    """Versions on several pages, one of them twice, are listed once; a page that fails is an error, never half (T9)."""

    def rows(*versions: int, token: str = "") -> Reply:
        listed = [{"name": FRAUD, "version": str(version)} for version in versions]
        return json_reply({"model_versions": listed, "next_page_token": token})

    fake.answer(VERSIONS, by_token({"": rows(11, 10, token="t1"), "t1": rows(10, 9)}))
    async with opened(fake.url, page_size=2) as registry:
        assert [version.id for version in await registry.read_versions(FRAUD)] == ["11", "10", "9"]
        fake.answer(VERSIONS, by_token({"": rows(11, 10, token="t1"), "t1": reset()}))
        with pytest.raises(BackendUnavailable):
            await registry.read_versions(FRAUD)


async def test_odd_row_costs_itself_only(fake: FakeMlflow) -> None:
    """One record that no MLflow writes is left out and counted; the others are shown."""
    fake.answer(MODELS, page(row("a"), row("b", aliases={"champion": 3}), {"title": "c"}, row("d")))
    async with opened(fake.url) as registry:
        answer = await registry.read_models()
    assert [model.name for model in answer.models] == ["a", "d"]
    assert answer.warnings == ("2 models could not be read: their records are not as MLflow writes them",)


async def test_same_answer_is_not_read_twice(registry: MlflowRegistry, fake: FakeMlflow) -> None:
    """A poll that brings the same bytes gives the very same models; one changed alias is seen at once."""
    first = (await registry.read_models()).models
    again = (await registry.read_models()).models
    assert all(one is other for one, other in zip(first, again, strict=True))
    changed = recorded("models.json")
    next(model for model in changed["registered_models"] if model["name"] == FRAUD)["aliases"][0]["version"] = "7"
    fake.answer(MODELS, json_reply(changed))
    assert (await registry.read_models()).models != first


# Requests


async def test_filter_and_page_size(fake: FakeMlflow) -> None:
    """A configured filter and page size go to the server; a page size of 0, an endless list, cannot be set (T1)."""
    await models_of(fake, model_filter="name LIKE 'risk-%'", page_size=100)
    query = fake.requests[0].query
    assert (query["filter"], query["max_results"]) == (["name LIKE 'risk-%'"], ["100"])


async def test_no_request_that_old_servers_refuse(registry: MlflowRegistry, fake: FakeMlflow) -> None:
    """`name IN (…)`, which only 3.17 understands, is never asked (T16)."""
    await registry.read_models()
    await registry.read_versions(FRAUD)
    assert not any(" IN " in "".join(request.query.get("filter", [])) for request in fake.requests)


async def test_base_path_workspace_and_headers(fake: FakeMlflow) -> None:
    """An MLflow under a path, in a workspace, behind a proxy with a header of its own is asked so."""
    fake.answer(f"/tools/mlflow{MODELS}", page(row("a")))
    async with opened(f"{fake.url}/tools/mlflow/", workspace="risk", headers={"X-Team": "hk"}) as registry:
        assert len((await registry.read_models()).models) == 1
    headers = fake.requests[0].headers
    assert (headers["x-mlflow-workspace"], headers["x-team"]) == ("risk", "hk")


@pytest.mark.parametrize(("close", "connections"), [(True, 3), (False, 1)])
async def test_connections_are_closed_when_asked(fake: FakeMlflow, close: bool, connections: int) -> None:
    """`connection_close` opens a connection per request, which a server with several workers answers faster (T36)."""
    async with opened(fake.url, connection_close=close) as registry:
        for _ in range(3):
            await registry.read_models()
    assert fake.connections_opened == connections


async def test_credentials_from_mlflows_own_variables(fake: FakeMlflow) -> None:
    """The variables of MLflow's own client serve as credentials when the configuration says so: token first."""
    secrets = {"env:MLFLOW_TRACKING_USERNAME": "ana", "env:MLFLOW_TRACKING_PASSWORD": "pw"}
    for known, wanted in (
        (secrets, "Basic YW5hOnB3"),
        (secrets | {"env:MLFLOW_TRACKING_TOKEN": "abc.def"}, "Bearer abc.def"),
    ):
        async with opened(fake.url, known, credentials_from_environment=True) as registry:
            await registry.read_models()
        assert fake.requests[-1].headers["authorization"] == wanted


# Refusals


@pytest.mark.parametrize(
    ("reply", "kind", "says", "remedy"),
    [
        (html_page(401), BackendRefused, "wants other credentials", "auth"),
        (Reply(b"Permission denied", 403, "text/html"), BackendRefused, "Permission denied", "Ask for read permission"),
        (
            Reply(b"Invalid Host header - possible DNS rebinding attack detected", 403, "text/plain"),
            BackendRefused,
            "Invalid Host header",
            "--allowed-hosts",
        ),
        (
            html_page(404),
            BackendRefused,
            "does not know GET /api/2.0/mlflow/registered-models/search",
            "path such as /mlflow",
        ),
        (html_page(200), BackendMalformed, "is not the API", "/mlflow"),
        (
            json_reply({"error_code": "INVALID_PARAMETER_VALUE", "message": "bad filter"}, 400),
            BackendRefused,
            "bad filter",
            "",
        ),
        (half_json(recorded("models.json")), BackendMalformed, "unreadable", ""),
        (huge(40), BackendMalformed, "more than", "most_answer_bytes"),
        (Reply(b'{"registered_models": 5}'), BackendMalformed, "unreadable", ""),
        (reset(), BackendUnavailable, "closed", ""),
    ],
    ids=["401", "403", "host guard", "404 page", "login page", "400", "half", "huge", "other JSON", "reset"],
)
async def test_refusals_say_what_to_do(
    fake: FakeMlflow, registry: MlflowRegistry, reply: Reply, kind: type[BackendError], says: str, remedy: str
) -> None:
    """Pages, plain text and half answers in place of JSON become errors that name the cause and the remedy (T8)."""
    fake.answer(MODELS, reply)
    with pytest.raises(kind) as caught:
        await registry.read_models()
    assert says in caught.value.title
    assert remedy in caught.value.remedy
    fake.answer(MODELS, json_reply(recorded("models.json")))
    assert len((await registry.read_models()).models) == 7


async def test_unset_alias_is_no_question(registry: MlflowRegistry, fake: FakeMlflow) -> None:
    """Aliases are read from the model, never one by one: an unknown one would be a 400, not a 404 (T5)."""
    await registry.read_models()
    await registry.read_versions(FRAUD)
    assert fake.asked("registered-models/alias") == []


async def test_only_reads_are_sent(registry: MlflowRegistry, fake: FakeMlflow) -> None:
    """Whatever is asked, every request is a GET or a HEAD without a body (T7)."""
    await registry.read_models()
    await registry.read_versions(FRAUD)
    await registry.read_provenance(FRAUD, number(10))
    await registry.probe()
    assert {request.method for request in fake.requests} == {"GET", "HEAD"}
    assert not any(request.body for request in fake.requests)
