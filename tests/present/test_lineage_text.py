"""Where a version comes from, in lines: on the screen and on the command line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeltui.domain.ancestry import Ancestry, Place, Relation, Relative
from modeltui.domain.ancestry_marks import Mark, Marking
from modeltui.domain.ancestry_origins import Origin, OriginValue
from modeltui.domain.lineage import Artifact, CodeRevision, DataSnapshot
from modeltui.domain.names import NO_DATA, Instant, ModelName, SourceName
from modeltui.domain.origin_kind import OriginKind
from modeltui.domain.rollout import Role
from modeltui.domain.text import SafeText, safe_text
from modeltui.present.cells import cell_width
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs, drawable_text
from modeltui.present.lineage_object import lineage_object
from modeltui.present.lineage_text import LineagePage, lineage_lines, warning_spans
from modeltui.present.span import plain
from modeltui.testing import worlds

FRAUD = ModelName(SafeText("fraud"))
NOW = Instant(worlds.START)
REGISTRY = SourceName(SafeText("registry"))
SHARED = Marking(
    Mark.SHARED, SafeText("the same snapshot is in aml 1.0"), ((ModelName(SafeText("aml")), worlds.version_id("1.0")),)
)


def origin(
    kind: OriginKind, value: OriginValue, *marks: Marking, gap: str = "", is_contradicted: bool = False
) -> Origin:
    """Return one origin, as the registry tells it."""
    name = getattr(value, "name", None) or getattr(value, "commit", None) or str(value)
    told = NO_DATA if gap else value
    return Origin(
        kind,
        safe_text(name),
        told,
        REGISTRY,
        NOW,
        safe_text(gap),
        is_contradicted,
        marks,
    )


def family() -> Ancestry:
    """Return a version with one of everything around it."""
    snapshot = DataSnapshot(
        safe_text("transactions"), safe_text("sha256:" + "ab" * 32), rows=48_200_000, taken_at=Instant(NOW - 864_000)
    )
    return Ancestry(
        FRAUD,
        worlds.version_id("3.0.0"),
        is_read=True,
        origins=(
            origin(OriginKind.RUN, safe_text("run-77b1")),
            origin(OriginKind.ARTIFACT, Artifact(safe_text("s3://models/" + "x" * 120))),
            origin(OriginKind.DATA, snapshot, SHARED, Marking(Mark.STALE, SafeText("it ends 120 days ago"))),
            origin(OriginKind.QUERY, tuple(safe_text(f"SELECT {number}") for number in range(30))),
            origin(OriginKind.FEATURES, SafeText(""), gap="not recorded"),
            origin(OriginKind.CODE, CodeRevision(safe_text("9f" * 20), has_uncommitted_changes=True)),
            origin(OriginKind.IMAGE, safe_text("tabular-3.12"), is_contradicted=True),
            origin(OriginKind.IMAGE, safe_text("tabular-3.11"), is_contradicted=True),
        ),
        parents=(
            Relative(Relation.PARENT, safe_text("fraud:2.3.1"), (FRAUD, worlds.version_id("2.3.1")), is_read=True),
            Relative(Relation.PARENT, safe_text("fraud:2.3.0"), (FRAUD, worlds.version_id("2.3.0")), generation=2),
            Relative(Relation.USES, safe_text("base model: llama-3"), generation=1),
        ),
        places=(
            Place(worlds.target_key("fraud@prod-hk"), Role.CANDIDATE, 0.05, 0.049, is_serving=True),
            Place(worlds.target_key("fraud@prod-cn"), Role.STABLE, 1.0, NO_DATA, is_serving=True),
            Place(worlds.target_key("fraud@staging"), Role.STABLE, 0.0, NO_DATA, is_serving=False),
        ),
        marks=(Marking(Mark.DELETED, SafeText("no registry lists fraud 3.0.0 now")),),
        versions_read=3,
        versions_unread=2,
        awaited=(SourceName(SafeText("git")),),
        troubles=(safe_text("mlflow could not say where 3.0.0 comes from: 403"),),
    )


def text(width: int = 80, glyphs: Glyphs = UNICODE, *, folded: bool = True) -> str:
    """Return it all as text."""
    lines = lineage_lines(family(), NOW, width, glyphs, folded=folded)
    return "\n".join(drawable_text(plain(line), glyphs).rstrip() for line in lines)


def test_everything_around_a_version_is_told() -> None:
    """Who serves it, what went into it, what is missing and why, kin, and where nobody has looked."""
    said = text(100)
    for words in (
        *("✖ deleted: no registry lists fraud 3.0.0 now", "? waiting for git", "403"),
        *("prod-hk  candidate  answers 4.9% of the requests", "should answer 100%: not measured"),
        *("answers nothing now", "run-77b1", "48.2M rows", "taken 10d ago", "? not recorded"),
        *("with changes that were never committed", "only registry says so", "not read yet"),
        *("no version of that name is known", "3 other versions; 2 not read yet"),
    ):
        assert words in said, words


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
def test_each_mark_has_a_sign_and_a_word_of_its_own(glyphs: Glyphs) -> None:
    """Stale, deleted and shared are told apart without colour."""
    rows = [row.split()[:2] for row in text(100, glyphs).splitlines() if ": " in row]
    marks = {words[1]: words[0] for words in rows if len(words) == 2 and words[1] in ("stale:", "deleted:", "shared:")}
    assert len(marks) == len(set(marks.values())) == 3


@pytest.mark.parametrize("width", [60, 80, 120])
def test_unfolded_values_are_whole_on_as_many_rows_as_they_take(width: int) -> None:
    """Nothing long is lost: addresses, digests and queries go on in the next row."""
    lines = [plain(line) for line in lineage_lines(family(), NOW, width, ASCII, folded=False)]
    whole = "".join(line.strip() for line in lines)
    for words in ("x" * 120, "sha256:" + "ab" * 32, "9f" * 20, "SELECT 29"):
        assert words in whole, words
    parts = [line for line in lines if line.startswith(" " * 16)]
    assert all(cell_width(line) <= width for line in parts)


def test_rows_lead_where_they_say() -> None:
    """A target, a parent and whoever shares a snapshot can be gone to; what nobody knows leads nowhere."""
    page = LineagePage(family(), NOW, 80, UNICODE)
    leads = {plain(page.line(key)).strip(): page.goes_to(key) for key in page.keys}
    assert leads[next(row for row in leads if "prod-hk" in row)] == worlds.target_key("fraud@prod-hk")
    assert leads[next(row for row in leads if "fraud:2.3.1" in row)] == (FRAUD, "2.3.1")
    assert leads[next(row for row in leads if "shared" in row)] == ("aml", "1.0")
    assert leads[next(row for row in leads if "llama-3" in row)] is None


def test_a_version_that_nobody_has_read_says_so() -> None:
    """Not read is not the same as from nowhere."""
    unread = Ancestry(FRAUD, worlds.version_id("9"), is_read=False)
    said = "\n".join(plain(line) for line in lineage_lines(unread, NOW, 80, UNICODE))
    assert "nobody has said yet where fraud 9 comes from" in said
    assert "no other version that anybody names" not in said


def assistant() -> Ancestry:
    """Return an LLM system with prompts, base model, retrieval and amounts."""
    shared = tuple(
        Marking(Mark.SHARED, safe_text(f"the same {name} is in mail 1 on prod"), SHARED.others)
        for name in ("base model", "guardrails")
    )
    parts = (
        (OriginKind.PROMPT, "system", (SafeText("You are kind. " * 9), SafeText("Be brief.")), ()),
        (OriginKind.SYSTEM, "temperature", safe_text("0.4"), ()),
        (OriginKind.SYSTEM, "guardrails", safe_text("rails 2"), shared[1:]),
        (OriginKind.SYSTEM, "base model", safe_text("lantern@2026-03-18"), shared[:1]),
        (OriginKind.SYSTEM, "top k", safe_text("8"), ()),
        (OriginKind.AGENT, "memory", safe_text("sha256:c81a09d2"), ()),
    )
    origins = [replace(origin(kind, value, *marks), name=safe_text(name)) for kind, name, value, marks in parts]
    query = replace(origin(OriginKind.QUERY, SafeText(""), gap="no source tells this"), applies=False)
    member = Relative(Relation.COMPONENT, safe_text("gbm 3.3.0"), (FRAUD, worlds.version_id("3.3.0")), is_read=True)
    parent = Relative(Relation.PARENT, safe_text("chat:1"), (FRAUD, worlds.version_id("1")), is_read=True)
    gbm = replace(origin(OriginKind.MEMBER, safe_text("3.3.0")), name=safe_text("gbm"))
    return Ancestry(
        *(FRAUD, worlds.version_id("2")),
        is_read=True,
        origins=(query, gbm, *origins),
        parents=(parent, member),
    )


def test_prompts_base_model_retrieval_members_and_memory_are_drawn() -> None:
    """Each part of an LLM system has its row, the base model first, amounts share one, what is shared is said once."""
    page = LineagePage(assistant(), NOW, 80, UNICODE)
    said = [plain(page.line(key)).rstrip() for key in page.keys]
    assert any(row.startswith(" prompt       system  You are kind. ") and row.endswith("…  +1 line") for row in said)
    place = said.index(" LLM system   base model  lantern@2026-03-18")
    assert said[place + 1 : place + 4] == [
        "              guardrails  rails 2",
        "              temperature 0.4, top k 8",
        "              ↔ shared: the same base model, guardrails are in mail 1 on prod",
    ]
    assert " agent        memory  sha256:c81a09d2" in said
    assert " made of      gbm 3.3.0" in said
    assert " comes from   chat:1" in said
    assert not any("query" in row for row in said)
    assert all(cell_width(row) <= 80 for row in said)


def test_a_prompt_is_whole_when_it_is_unfolded() -> None:
    """Enter on a prompt shows every line of it, with who says so."""
    page = LineagePage(assistant(), NOW, 80, UNICODE)
    key = next(key for key in page.keys if page.opens(key).startswith("prompt"))
    whole = LineagePage(assistant(), NOW, 80, UNICODE, frozenset({page.opens(key)}))
    said = "\n".join(plain(whole.line(key)) for key in whole.keys)
    assert " ".join(said.split()).count("You are kind.") == 9
    assert "Be brief." in said
    assert "says registry" in said


def test_a_row_with_no_room_says_that_there_is_more() -> None:
    """On a narrow screen a data set keeps its row: what has no room is marked, and there when it is unfolded."""
    snapshot = DataSnapshot(
        *(safe_text("transactions"), safe_text("sha256:" + "ab" * 32), safe_text("s3://lake/x"), 48_200_000),
        used_for=safe_text("training"),
        origin=safe_text("lake.payments_risk.card_transactions_of_europe"),
        taken_at=Instant(NOW - 864_000),
    )
    found = Ancestry(FRAUD, worlds.version_id("2"), is_read=True, origins=(origin(OriginKind.DATA, snapshot),))
    page = LineagePage(found, NOW, 80, UNICODE)
    (row,) = [plain(page.line(key)) for key in page.keys if key[0] == "origin"]
    assert row.endswith("48.2M rows  taken 10d ago …")
    name = next(page.opens(key) for key in page.keys if page.opens(key))
    unfolded = LineagePage(found, NOW, 80, UNICODE, frozenset({name}))
    said = "\n".join(plain(unfolded.line(key)) for key in unfolded.keys)
    for words in ("from lake.payments_risk.card_transactions_of_europe", "address s3://lake/x", "rows 48200000"):
        assert words in said
    printed = "\n".join(plain(line) for line in lineage_lines(found, NOW, 80, UNICODE))
    assert "lake.payments_risk.card_transactions_of_europe" in printed


def test_json_has_every_part_by_name_and_what_is_not_asked_of_its_kind() -> None:
    """A script finds prompts line by line, the base model as text, and gaps of other kinds of model marked as such."""
    answer = lineage_object(worlds.empty_fleet(), assistant())
    parts = {(one["kind"], one.get("name", "")): one for one in answer["origins"]}
    assert parts["prompt", "system"]["value"] == ["You are kind. " * 9, "Be brief."]
    assert parts["system", "base model"]["value"] == "lantern@2026-03-18"
    assert parts["agent", "memory"]["source"] == "registry"
    assert parts["member", "gbm"]["value"] == "3.3.0"
    assert parts["query", ""] == {
        "kind": "query",
        "state": "unknown",
        "because": "no source tells this",
        "applies": False,
        "marks": [],
    }


def test_a_mark_that_all_data_sets_have_is_said_once() -> None:
    """Two data sets that one other version has too are one row, and each mark of one alone stays with it."""
    alone = Marking(Mark.STALE, SafeText("it ends 120 days ago"))
    told = [
        origin(OriginKind.DATA, DataSnapshot(safe_text(name)), *marks)
        for name, marks in (("cards", (SHARED, alone)), ("refunds", (SHARED,)))
    ]
    found = Ancestry(FRAUD, worlds.version_id("2"), is_read=True, origins=tuple(told))
    said = [plain(line).strip() for line in lineage_lines(found, NOW, 100, UNICODE)]
    assert said.count("↔ shared: both: the same snapshot is in aml 1.0") == 1
    assert said.index("~ stale: it ends 120 days ago") == said.index("data         cards") + 1


def test_the_title_warns_of_what_is_deleted_and_stale() -> None:
    """Whoever reads only the first line sees that something is deleted or stale, and nothing where nothing is."""
    assert plain(warning_spans(family(), UNICODE)) == "  ✖ 1 deleted  ~ 1 stale"
    assert warning_spans(assistant(), UNICODE) == ()


NOBODY: frozenset[str] = frozenset()


def test_a_tall_page_shows_queries_and_prompts_whole() -> None:
    """Where there is room I read the prompt without a key, and enter folds it; where there is none it stays folded."""
    folded = LineagePage(assistant(), NOW, 80, UNICODE)
    name = next(folded.opens(key) for key in folded.keys if folded.opens(key).startswith("prompt"))
    for rows, opened, is_whole in ((50, NOBODY, True), (50, frozenset({name}), False), (12, NOBODY, False)):
        page = LineagePage(assistant(), NOW, 80, UNICODE, opened, rows=rows)
        said = [plain(page.line(one)) for one in page.keys]
        assert any("Be brief." in row for row in said) is is_whole
        assert (" prompt       system  2 lines" in said) is is_whole
        assert len(page.keys) <= rows
