"""Several sources tell of one version: what they say together, and where they contradict each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.domain.claims import algorithm, at_place, is_of, joined
from modeltui.domain.lineage import (
    ABSENT,
    UNSUPPORTED,
    Approval,
    Artifact,
    CodeRevision,
    Contradicted,
    DataSnapshot,
    Fact,
    Known,
    Provenance,
    Unreadable,
)
from modeltui.domain.names import UNKNOWN, Instant, SourceName
from modeltui.domain.text import SafeText, safe_text

A, B, C = (SourceName(SafeText(name)) for name in ("mlflow", "tables", "files"))


def text(value: str) -> SafeText:
    return safe_text(value)


def known(value: Any, source: SourceName = A, at: float = 1.0) -> Known[Any]:
    return Known(value, source, Instant(at))


def of(field: str, *facts: Fact[Any]) -> Fact[Any]:
    """What sources with these facts say together."""
    claims = {source: Provenance(**{field: fact}) for source, fact in zip((A, B, C), facts, strict=False)}
    fact: Fact[Any] = getattr(joined(claims), field)
    return fact


def snapshot(name: str = "tx", **parts: Any) -> DataSnapshot:
    told: dict[str, Any] = {part: text(value) if isinstance(value, str) else value for part, value in parts.items()}
    return DataSnapshot(text(name), **told)


TOGETHER: dict[str, tuple[str, Any, Any, Any]] = {
    "tables with other rows": ("parameters", {"a": "1"}, {"b": "2"}, {"a": "1", "b": "2"}),
    "a digest that only one names": (
        "artifact",
        Artifact(text("s3://m")),
        Artifact(text("file:///m"), text("sha256:aa"), 4),
        Artifact(text("s3://m"), text("sha256:aa"), 4),
    ),
    "a commit and its beginning": (
        "code",
        CodeRevision(text("3537881")),
        CodeRevision(text("3537881aa99"), branch=text("main")),
        CodeRevision(text("3537881aa99"), branch=text("main")),
    ),
    "one repository in two spellings": (
        "code",
        CodeRevision(text("3537881"), text("git@git.example:risk/fraud.git")),
        CodeRevision(text("3537881"), text("https://git.example/risk/fraud")),
        CodeRevision(text("3537881"), text("git@git.example:risk/fraud.git")),
    ),
    "approvals": (
        "approvals",
        (Approval(text("ann"), text("approved")),),
        (Approval(text("bob"), text("approved")),),
        (Approval(text("ann"), text("approved")), Approval(text("bob"), text("approved"))),
    ),
    "parts of a data set": (
        "data_snapshots",
        (snapshot(rows=3),),
        (snapshot(digest="aa"),),
        (snapshot(rows=3, digest="aa"),),
    ),
    "a data set whose use only one names": (
        "data_snapshots",
        (snapshot(digest="aa"),),
        (snapshot(used_for="training"),),
        (snapshot(digest="aa", used_for="training"),),
    ),
    "a data set that is used twice": (
        "data_snapshots",
        (snapshot(used_for="training", digest="aa"), snapshot(used_for="test", digest="bb")),
        (snapshot(used_for="test", rows=3),),
        (snapshot(used_for="training", digest="aa"), snapshot(used_for="test", digest="bb", rows=3)),
    ),
    "what was asked for, and all that was installed": (
        "requirements",
        (text("numpy>=2"), text("Scikit_Learn==1.5.2")),
        (text("numpy==2.1.3"), text("scikit-learn==1.5.2"), text("scipy==1.14.1")),
        (
            *(text("numpy>=2"), text("Scikit_Learn==1.5.2"), text("numpy==2.1.3")),
            *(text("scikit-learn==1.5.2"), text("scipy==1.14.1")),
        ),
    ),
    "a package that markers choose two releases of": (
        "requirements",
        (text("numpy==1.26.4; python_version < '3.12'"), text("numpy==2.1.3; python_version >= '3.12'")),
        (text("numpy==2.1.3"), text("numpy==1.26.4")),
        (
            *(text("numpy==1.26.4; python_version < '3.12'"), text("numpy==2.1.3; python_version >= '3.12'")),
            *(text("numpy==2.1.3"), text("numpy==1.26.4")),
        ),
    ),
    "a data set that one lists twice": (
        "data_snapshots",
        (snapshot(digest="aa"), snapshot(digest="bb")),
        (snapshot("labels"),),
        (snapshot(digest="aa"), snapshot(digest="bb"), snapshot("labels")),
    ),
}


@pytest.mark.parametrize(("field", "one", "other", "both"), TOGETHER.values(), ids=TOGETHER)
def test_sources_complete_each_other(field: str, one: Any, other: Any, both: Any) -> None:
    """What two sources say without contradiction is one fact, as old as the older reading."""
    assert of(field, known(one, A, 5.0), known(other, B, 3.0)) == known(both, A, 3.0)


APART: dict[str, tuple[str, Any, Any]] = {
    "a value": ("owner", "risk", "fraud"),
    "a row": ("parameters", {"a": "1", "b": "2"}, {"a": "2"}),
    "a digest": ("artifact", Artifact(text("s3://m"), text("sha256:aa")), Artifact(text("s3://m"), text("sha256:bb"))),
    "a commit": ("code", CodeRevision(text("3537881")), CodeRevision(text("99aa001"))),
    "a repository": (
        "code",
        CodeRevision(text("3537881"), text("git.example/a")),
        CodeRevision(text("3537881"), text("git.example/b")),
    ),
    "a data set": ("data_snapshots", (snapshot(digest="aa"),), (snapshot(digest="bb"),)),
    "a list": ("requirements", ("pandas==2.2.3",), ("pandas==3.0.1",)),
    "one of many packages": (
        "requirements",
        ("a==1", "Num_Py == 2.1.3"),
        ("scipy==1", "num-py==2.2.0 --hash=sha256:a"),
    ),
}


@pytest.mark.parametrize(("field", "one", "other"), APART.values(), ids=APART)
def test_a_contradiction_is_kept(field: str, one: Any, other: Any) -> None:
    """What two sources say differently is contradicted: all of it, none chosen."""
    assert of(field, known(one, A), known(other, B)) == Contradicted((known(one, A), known(other, B)))


def test_digests_of_two_algorithms_do_not_contradict_each_other() -> None:
    """The MD5 that one source has and the SHA-256 of another may be of the same bytes."""
    sha, md5 = Artifact(text("a"), text("sha256:aa")), Artifact(text("b"), text("md5:bb"))
    assert of("artifact", known(sha, A), known(md5, B)) == known(sha, A)


@pytest.mark.parametrize(
    ("digest", "expected"),
    [
        ("sha256:9F86", "sha256"),
        ("SHA-256:aa", "sha-256"),
        ("md5:d41d8c.dir", "md5"),
        ("crc32c:yZRlqg==", "crc32c"),
        ("sha256:9f86…", "sha256"),
        ("2026-01-15T00:00:00Z", ""),
        ("nightly 00:30", ""),
        ("run:2026-01-15T00:00:00Z", ""),
        ("s3://lake/cards", ""),
        ("9f86d081", ""),
        ("sha256:", ""),
        (UNKNOWN, ""),
    ],
)
def test_an_algorithm_is_only_what_a_digest_names(digest: Any, expected: str) -> None:
    """A moment, an address or a sentence with a colon in it was made by no algorithm."""
    assert algorithm(digest if digest is UNKNOWN else text(digest)) == expected


GAPS: tuple[Fact[Any], ...] = (UNSUPPORTED, ABSENT, Unreadable(text("403"), C))


@pytest.mark.parametrize("gap", GAPS, ids=["unsupported", "absent", "unreadable"])
def test_who_knows_nothing_takes_nothing_away(gap: Fact[Any]) -> None:
    """A source that says nothing does not hide what another knows, nor that others contradict each other."""
    assert of("owner", gap, known("risk", B)) == known("risk", B)
    assert isinstance(of("owner", gap, known("risk", B), known("fraud", C)), Contradicted)


def test_the_gap_that_says_most_is_shown() -> None:
    """Unreadable before absent before unsupported: what may still be learnt is not called empty."""
    assert of("owner", UNSUPPORTED, ABSENT) is ABSENT
    assert of("owner", UNSUPPORTED, UNSUPPORTED) is UNSUPPORTED
    assert of("owner", ABSENT, GAPS[2], UNSUPPORTED) == GAPS[2]


TABLES = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), min_size=1)


@given(st.lists(TABLES, min_size=1, max_size=3))
def test_the_order_of_sources_decides_nothing(tables: list[dict[str, str]]) -> None:
    """Whoever is asked first: the same is known, or the same is contradicted."""
    facts = [known(table, source) for table, source in zip(tables, (A, B, C), strict=False)]
    one, other = of("parameters", *facts), of("parameters", *reversed(facts))
    assert type(one) is type(other)
    if isinstance(one, Known) and isinstance(other, Known):
        assert one.value == other.value


def test_places_of_a_source() -> None:
    """What stands in one place of a source is told by that source, and by no other whose name begins alike."""
    place = at_place(B, "facts")
    assert place == "tables (facts)"
    assert is_of(place, B)
    assert is_of(B, B)
    assert not is_of(place, A)
    assert not is_of(SourceName(SafeText("tables-2")), B)
