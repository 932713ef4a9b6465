"""A Hub as a registry: revisions are versions, cards tell where they come from, odd cards cost themselves only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modeltui.adapters._http import BearerAuth
from modeltui.adapters.huggingface import registry as huggingface
from modeltui.adapters.huggingface.registry import Options
from modeltui.adapters.system.clock import SystemClock
from modeltui.config.secrets import Secret
from modeltui.domain.errors import BackendError, BackendRefused
from modeltui.domain.lineage import ABSENT, UNSUPPORTED, Known, Provenance, Unreadable
from modeltui.domain.names import UNKNOWN, Missing, ModelName, SourceName, VersionId
from modeltui.domain.text import SafeText, safe_text
from modeltui.ports.adapter import Surroundings
from modeltui.ports.registry import Registry
from modeltui.testing import registry_contract
from modeltui.testing.hostile import HOSTILE_TEXTS
from tests.adapters.huggingface.hub import Hub, running_hub

# Real sockets.
pytestmark = pytest.mark.broad

FRAUD = ModelName(SafeText("acme/fraud-text"))
CARD = """---
language: [en, zh]
license: apache-2.0
library_name: transformers
pipeline_tag: text-classification
base_model: google-bert/bert-base-cased
base_model_relation: finetune
datasets:
- acme/messages@5f3c2a
- squad
model-index:
- name: fraud-text
  results:
  - task: {type: text-classification}
    dataset: {type: acme/messages, name: Messages, revision: 5f3c2a}
    metrics:
    - {type: accuracy, value: 0.91}
  - task: {type: text-classification}
    dataset: {type: acme/messages, name: Messages, config: hk, split: test, revision: 5f3c2a}
    metrics:
    - {type: accuracy, value: 0.88, name: Accuracy}
    - {type: f1, value: "not measured"}
---

# fraud-text

Finds fraud in messages.
"""
CONFIG = {
    "architectures": ["BertForSequenceClassification"],
    "model_type": "bert",
    "hidden_size": 768,
    "hidden_dropout_prob": 0.1,
    "transformers_version": "4.48.0",
}

Open = Callable[..., AbstractAsyncContextManager[Registry]]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A running Hub with two tagged versions of one repository, and a repository without tags."""
    with running_hub() as running:
        fraud = running.new("acme/fraud-text")
        files = {
            "README.md": CARD.encode(),
            "config.json": json.dumps(CONFIG).encode(),
            "model.safetensors": b"weights one",
            "requirements.txt": b"torch==2.5.1\ntransformers==4.48.0\n",
            "generation_config.json": b'{"temperature": 0.7, "transformers_version": "4.48.0"}',
            "chat_template.jinja": b"{{ messages }}",
        }
        fraud.commit("Add the first model", files, large=("model.safetensors",), tag="v1.9")
        fraud.commit("Train again", {"model.safetensors": b"weights two"}, tag="v1.10")
        fraud.tags["prod"] = fraud.tags["v1.9"]
        plain = running.new("acme/plain")
        for number in range(4):
            plain.commit(f"Commit {number}", {"model.bin": b"%d" % number}, large=("model.bin",))
        running.new("other/hidden").commit("x", {})
        yield running


@pytest.fixture
def registry(hub: Hub, tmp_path: Path) -> Open:
    """Opens the registry over it as the program does."""

    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[Registry]:
        around = Surroundings(SourceName(SafeText("hub")), SystemClock(), (), _no_secret, tmp_path)
        given = {"repositories": ("acme/fraud-text", "acme/plain"), "pointers": ("main", "prod"), **options}
        async with huggingface.connect(Options(url=hub.url, **given), around) as open_registry:
            yield open_registry

    return opened


def _no_secret(reference: str) -> Any:
    raise AssertionError(f"asked for {reference}")


def vid(text: str) -> VersionId:
    return VersionId(safe_text(text))


def known(fact: object) -> Any:
    assert isinstance(fact, Known), fact
    return fact.value


async def told_by(hub: Hub, opened: Open, card: bytes | None) -> Provenance:
    """Return what is told of a version with this card."""
    repository = hub.repositories["acme/plain"]
    commit = repository.commit("Card", {} if card is None else {"README.md": card})
    async with opened() as registry:
        told = await registry.read_provenance(ModelName(SafeText("acme/plain")), vid(commit))
    registry_contract.check_provenance("card", told)
    return told


@pytest.mark.parametrize("check", registry_contract.CHECKS, ids=registry_contract.name_of)
async def test_contract(check: registry_contract.Check, registry: Open) -> None:
    """A Hub keeps the promises that every registry gives."""
    async with registry() as opened:
        await check(opened)


async def test_tags_are_versions_and_moved_names_are_pointers(registry: Open, hub: Hub) -> None:
    """Two tags are two versions; `main` and the tag `prod` point at them; one request per repository shows that."""
    async with registry() as opened:
        answer = await opened.read_models()
        fraud = next(model for model in answer.models if model.name == FRAUD)
        assert {(pointer.name, pointer.version) for pointer in fraud.pointers} == {("main", "v1.10"), ("prod", "v1.9")}
        assert (fraud.latest, fraud.owner) == ("v1.10", "acme")
        assert len(hub.asked) == 2
        assert [(one.id, one.pointers) for one in await opened.read_versions(FRAUD)] == [
            ("v1.10", ("main",)),
            ("v1.9", ("prod",)),
        ]


async def test_a_tag_is_as_old_as_its_commit(registry: Open, hub: Hub) -> None:
    """Tags have no date: that of the commit is told, with its title; without the commits the tags are there all the
    same.
    """
    async with registry() as opened:
        newest, oldest = await opened.read_versions(FRAUD)
        assert (newest.description, oldest.description) == ("Train again", "Add the first model")
        assert not isinstance(newest.created_at, Missing)
        assert not isinstance(oldest.created_at, Missing)
        assert newest.created_at - oldest.created_at == 86_400.0
        hub.broken = {"/commits/"}
        assert [(one.id, one.created_at) for one in await opened.read_versions(FRAUD)] == [
            ("v1.10", UNKNOWN),
            ("v1.9", UNKNOWN),
        ]


async def test_without_tags_commits_are_versions(registry: Open, hub: Hub) -> None:
    """No tags: the latest commits of main are versions, with their dates and titles; none is called the latest."""
    plain = ModelName(SafeText("acme/plain"))
    async with registry(commits=2) as opened:
        model = next(model for model in (await opened.read_models()).models if model.name == plain)
        assert model.latest is UNKNOWN
        versions = await opened.read_versions(plain)
        head = hub.repositories["acme/plain"].branches["main"]
        assert {str(one.description) for one in versions} == {"Commit 2", "Commit 3"}
        assert [one.id for one in versions if one.pointers == ("main",)] == [head]
        assert all(one.created_at is not UNKNOWN for one in versions)


async def test_all_repositories_of_an_owner(registry: Open) -> None:
    """An owner is named: all that belongs to it is there, nothing of others, and a repository by name besides."""
    async with registry(repositories=("other/hidden",), author="acme") as opened:
        names = {model.name for model in (await opened.read_models()).models}
    assert names == {"acme/fraud-text", "acme/plain", "other/hidden"}


async def test_a_revision_tells_where_it_comes_from(registry: Open, hub: Hub) -> None:
    """Card, configuration and files of one tag: base model, data, metrics, digests, libraries, who and which commit."""
    async with registry(commit_is_code=True) as opened:
        told = await opened.read_provenance(FRAUD, vid("v1.9"))
    commit = hub.repositories["acme/fraud-text"].tags["v1.9"]
    weights = hashlib.sha256(b"weights one").hexdigest()
    assert known(told.code).commit == commit
    assert known(told.registered) == "m.chan"
    assert known(told.owner) == "acme"
    assert known(told.artifact).digest == f"sha256:{weights}"
    assert known(told.artifact).size_bytes == len(b"weights one")
    assert known(told.files)[SafeText("model.safetensors")] == f"sha256:{weights}"
    assert known(told.files)[SafeText("config.json")].startswith("git-sha1:")
    assert known(told.architecture) == "BertForSequenceClassification"
    assert known(told.parameters) == {"hidden_dropout_prob": "0.1", "hidden_size": "768", "model_type": "bert"}
    assert known(told.runtime) == {"transformers": "4.48.0"}
    assert known(told.requirements) == ("torch==2.5.1", "transformers==4.48.0")
    assert known(told.parents) == ("google-bert/bert-base-cased",)
    assert known(told.metrics) == {"accuracy [acme/messages]": 0.91}
    assert known(told.segment_metrics) == {"accuracy/dataset=acme/messages,config=hk,split=test": 0.88}
    assert [(one.name, one.digest, one.used_for) for one in known(told.data_snapshots)] == [
        ("acme/messages", "5f3c2a", "training"),
        ("squad", UNKNOWN, "training"),
        ("acme/messages", "5f3c2a", "evaluation"),
    ]
    assert known(told.serving_config) == {"generation.temperature": "0.7"}
    assert known(told.prompts) == {"chat template": "{{ messages }}"}
    assert known(told.model_card)[-1] == "Finds fraud in messages."
    tags = known(told.tags)
    assert (tags["license"], tags["language"], tags["relation to base model"]) == ("apache-2.0", "en, zh", "finetune")
    assert (tags["commit title"], tags["weights in all"]) == ("Add the first model", "66955010")


async def test_the_digest_differs_where_the_weights_do(registry: Open) -> None:
    """Two tags, other weights, the same card: the digests differ, the cards do not."""
    async with registry() as opened:
        one, other = [await opened.read_provenance(FRAUD, vid(version)) for version in ("v1.9", "v1.10")]
    assert known(one.artifact).digest != known(other.artifact).digest
    assert known(one.model_card) == known(other.model_card)


async def test_several_large_files_have_one_digest(registry: Open, hub: Hub) -> None:
    """Sharded weights: one digest over the names and digests of all, the same for the same files."""
    shards = {f"model-0000{number}.safetensors": b"%d" % number for number in (1, 2)}
    hub.repositories["acme/fraud-text"].commit("Shards", shards, large=tuple(shards), tag="v2")
    async with registry() as opened:
        digest = known((await opened.read_provenance(FRAUD, vid("v2"))).artifact).digest
    assert digest.startswith("sha256-of-3-files:")


async def test_the_commit_of_a_model_is_not_the_code(registry: Open) -> None:
    """Unless it is said, the training code is kept elsewhere: the commit is a tag only, and contradicts nobody."""
    async with registry() as opened:
        told = await opened.read_provenance(FRAUD, vid("v1.9"))
    assert told.code is UNSUPPORTED
    assert known(told.tags)["commit"]


async def test_an_adapter_names_the_pinned_base(registry: Open, hub: Hub) -> None:
    """A LoRA adapter says for which revision of which model it was made: that pin is the parent, told once."""
    adapter = {"base_model_name_or_path": "google-bert/bert-base-cased", "revision": "cd5ef92", "r": 8}
    hub.repositories["acme/fraud-text"].commit("LoRA", {"adapter_config.json": json.dumps(adapter).encode()}, tag="v2")
    async with registry() as opened:
        told = await opened.read_provenance(FRAUD, vid("v2"))
    assert known(told.parents) == ("google-bert/bert-base-cased@cd5ef92",)
    assert known(told.llm_system) == {"base model": "google-bert/bert-base-cased@cd5ef92"}


async def test_files_where_newer_hubs_keep_them(registry: Open, hub: Hub) -> None:
    """The Hub sends away who asks for a file: it is read from the Hub's own cache, and no redirect is followed."""
    hub.redirects_files = True
    async with registry() as opened:
        told = await opened.read_provenance(FRAUD, vid("v1.9"))
    assert known(told.architecture) == "BertForSequenceClassification"


async def test_a_file_that_cannot_be_read_costs_its_own_fields(registry: Open, hub: Hub) -> None:
    """The card cannot be had now: what it would tell is unreadable, the rest is told."""
    hub.broken = {"README.md", "/commits/"}
    async with registry() as opened:
        told = await opened.read_provenance(FRAUD, vid("v1.9"))
    for fact in (told.model_card, told.metrics, told.parents, told.data_snapshots, told.registered):
        assert isinstance(fact, Unreadable)
        assert "503" in fact.reason
    assert known(told.architecture) == "BertForSequenceClassification"


@pytest.mark.parametrize(
    "card",
    [b"# Title\n\nNo facts here.\n", b"", b"text --- with\n---\ndashes\n---\n", b"---\n---\n# Title\n"],
)
async def test_cards_without_facts_are_no_trouble(registry: Open, hub: Hub, card: bytes) -> None:
    """T35: a card without front matter is a card; what it could have told is absent."""
    told = await told_by(hub, registry, card)
    assert (told.metrics, told.parents, told.data_snapshots) == (ABSENT,) * 3
    assert isinstance(told.model_card, Known) is bool(card.strip())


async def test_a_card_with_windows_line_ends(registry: Open, hub: Hub) -> None:
    """T35: CRLF: the same facts, the same lines, no picture of a control character in any of them."""
    told = await told_by(hub, registry, CARD.replace("\n", "\r\n").encode())
    assert known(told.metrics) == {"accuracy [acme/messages]": 0.91}
    assert "␍" not in "".join(known(told.model_card))
    assert known(told.tags)["license"] == "apache-2.0"


@pytest.mark.parametrize(
    ("front", "says"),
    [
        ("a: [unclosed", "not YAML"),
        ("[]", "no object"),
        ("just text", "no object"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("a: " + "[" * 100 + "]" * 100, "nested too deeply"),
        ("a: !!python/object/apply:os.system ['x']\n\tb: 1", "not YAML"),
    ],
)
async def test_broken_facts_are_unreadable_and_the_text_is_shown(
    registry: Open, hub: Hub, front: str, says: str
) -> None:
    """T35: invalid YAML: metrics, data and base model are unreadable with the reason; the card is shown whole."""
    told = await told_by(hub, registry, f"---\n{front}\n---\n# Title\n".encode())
    for fact in (told.metrics, told.parents, told.data_snapshots):
        assert isinstance(fact, Unreadable)
        assert says in fact.reason
    assert known(told.model_card)[-1] == "# Title"


@pytest.mark.parametrize("odd", ["", "3", "text", "[]", "[[1], {a: b}, 7, null]", "{a: {b: [c]}}", "~"])
async def test_facts_of_another_kind_cost_themselves_only(registry: Open, hub: Hub, odd: str) -> None:
    """Every fact of a card in turn is something else than it should be: nothing breaks, the license is told."""
    for key in ("datasets", "base_model", "model-index", "language", "pipeline_tag", "new_version"):
        told = await told_by(hub, registry, f"---\nlicense: mit\n{key}: {odd}\n---\n# T\n".encode())
        assert known(told.tags)["license"] == "mit"
    inner = f"---\nlicense: mit\nmodel-index: [{{results: [{{dataset: {odd or '~'}, metrics: {odd or '~'}}}]}}]\n---\n"
    assert known((await told_by(hub, registry, inner.encode())).tags)["license"] == "mit"


@pytest.mark.broad
async def test_a_card_of_five_megabytes_is_read_whole(registry: Open, hub: Hub) -> None:
    """The largest card that people write: all lines are there; a larger one is unreadable, not cut unseen."""
    line = "| a row of a large table | 0.91 |\n"
    told = await told_by(hub, registry, (CARD + line * (4_900_000 // len(line))).encode())
    assert len(known(told.model_card)) > 140_000
    told = await told_by(hub, registry, (CARD + line * (5_400_000 // len(line))).encode())
    assert isinstance(told.model_card, Unreadable)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[1]", b"[" * 100_000, b"\xff\xfe", b'{"architectures": 3}'])
async def test_odd_configuration_files_are_unreadable_or_absent(registry: Open, hub: Hub, content: bytes) -> None:
    """config.json is no JSON object: architecture and parameters say why, the card is told."""
    hub.repositories["acme/fraud-text"].commit("Odd", {"config.json": content}, tag="v2")
    async with registry() as opened:
        told = await opened.read_provenance(FRAUD, vid("v2"))
    registry_contract.check_provenance("odd", told)
    assert isinstance(told.architecture, Unreadable) or told.architecture is ABSENT
    assert known(told.metrics)


async def test_hostile_texts_are_harmless(registry: Open, hub: Hub) -> None:
    """Titles, cards, file names and settings full of control characters: nothing of it gets through."""
    versions = []
    for text in HOSTILE_TEXTS:
        files = {
            "README.md": f"---\nlicense: {json.dumps(text)}\n---\n{text}".encode("utf-8", "replace"),
            f"{text}.bin": b"x",
            "config.json": json.dumps({"architectures": [text], text: text}).encode(),
        }
        versions.append(hub.repositories["acme/plain"].commit(text, files))
    async with registry() as opened:
        for version in versions:
            told = await opened.read_provenance(ModelName(SafeText("acme/plain")), vid(version))
            registry_contract.check_provenance(version, told)


async def test_a_token_is_sent_and_never_shown(hub: Hub, tmp_path: Path) -> None:
    """A private Hub: with the token it is read, without it is refused in words, and the token is in none of them."""
    hub.token = "hf_" + "a" * 30
    around = Surroundings(SourceName(SafeText("hub")), SystemClock(), (), _no_secret, tmp_path)
    auth = BearerAuth(token=Secret(hub.token, "env:HF_TOKEN"))
    names = ("acme/fraud-text",)
    async with huggingface.connect(Options(url=hub.url, repositories=names, auth=auth), around) as opened:
        assert len((await opened.read_models()).models) == 1
        assert hub.token not in repr(opened)
    async with huggingface.connect(Options(url=hub.url, repositories=names), around) as opened:
        with pytest.raises(BackendRefused) as caught:
            await opened.read_models()
        assert caught.value.remedy


async def test_one_repository_that_is_gone_costs_itself_only(registry: Open, hub: Hub) -> None:
    """A typing mistake in one name: the others are there, and a warning names it; when all are wrong it is an error."""
    async with registry(repositories=("acme/fraud-text", "acme/frod")) as opened:
        answer = await opened.read_models()
        assert [model.name for model in answer.models] == [FRAUD]
        assert "no repository acme/frod" in answer.warnings[0]
        assert await opened.read_versions(ModelName(SafeText("acme/frod"))) == ()
    async with registry(repositories=("acme/frod",)) as opened:
        with pytest.raises(BackendError, match="no repository"):
            await opened.read_models()


@pytest.mark.parametrize("names", [(), ("a/b/c",), ("../b",), ("a/",)])
def test_names_that_no_repository_has_are_refused(names: tuple[str, ...]) -> None:
    """A mistake in the configuration is named before anything is asked."""
    with pytest.raises(ValueError, match=r"repositories|no repository"):
        Options(url="https://hub.example.com", repositories=names)
