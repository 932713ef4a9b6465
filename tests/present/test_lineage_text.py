"""Where a version comes from, in lines: on the screen and on the command line."""

from __future__ import annotations

import pytest

from modeltui.domain.ancestry import Ancestry, Origin, OriginValue, Place, Relation, Relative
from modeltui.domain.ancestry_marks import Mark, Marking
from modeltui.domain.lineage import Artifact, CodeRevision, DataSnapshot
from modeltui.domain.names import NO_DATA, Instant, ModelName, SourceName
from modeltui.domain.origin_kind import OriginKind
from modeltui.domain.rollout import Role
from modeltui.domain.text import SafeText, safe_text
from modeltui.present.cells import cell_width
from modeltui.present.glyphs import ASCII, UNICODE, Glyphs, drawable_text
from modeltui.present.lineage_text import LineagePage, lineage_lines
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
        *("no version of that name is known", "3 other versions; 2 have not been read"),
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
