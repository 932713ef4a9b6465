"""Data that were only written down otherwise: the same bytes are no suspect, another address may hold other data."""

from __future__ import annotations

from tests.domain.suspects.building import comparison, digest, fact, mirrored, number
from tests.domain.suspects.changes import snapshot

from modeltui.domain.comparison.difference import Difference, Nature
from modeltui.domain.suspects.suspecting import suspects

SAME = "sha256:" + "ab" * 32
URI = ("s3://old/cards", "s3://new/cards")


def taken(name: str) -> Difference:
    """The moments at which a data set was written down."""
    return fact(f"data.{name}.taken", 1.7e9, 1.8e9, Nature.MOMENT)


def moved(name: str) -> Difference:
    """The addresses of a data set."""
    return fact(f"data.{name}.uri", *URI)


def test_the_same_bytes_taken_again_are_no_suspect() -> None:
    """Only the time at which a snapshot was taken differs: neither its bytes nor its address, so nobody looks there."""
    assert suspects(comparison(digest("data.cards.digest", SAME, SAME), taken("cards"))) == ()
    (rate,) = suspects(
        comparison(digest("data.cards.digest", SAME, SAME), taken("cards"), number("parameters.r", 1, 2))
    )
    assert rate.field == "parameters.r"


def test_the_same_bytes_at_another_address_are_elsewhere() -> None:
    """The address differs too: then it is said where the same bytes are."""
    (found,) = suspects(comparison(digest("data.cards.digest", SAME, SAME), taken("cards"), moved("cards")))
    assert (found.title, found.fields) == ("cards: elsewhere, the same bytes", ("data.cards.uri",))


def test_another_address_alone_says_nothing_of_what_is_there() -> None:
    """No digest is known: another address is told as that, not as another snapshot; also the other way round."""
    for told in (comparison(moved("cards")), mirrored(comparison(moved("cards")))):
        (found,) = suspects(told)
        assert found.title == "cards: another address"
        assert found.because.endswith("; but whether it holds other data is not known")
    (found,) = suspects(comparison(moved("cards"), fact("data.cards.rows", 5, 5)))
    assert found.because.endswith("; but it has as many rows, and whether it holds other data is not known")
    (found,) = suspects(comparison(moved("cards"), taken("cards")))
    assert found.title == "cards: another snapshot"


def test_addresses_and_snapshots_are_not_counted_together() -> None:
    """Of four data sets two were taken anew and two are read elsewhere: two suspects, each called what it is."""
    changed = [moved("cards"), moved("users"), *snapshot("shops", 100, 99), *snapshot("banks", 100, 99)]
    assert {one.title for one in suspects(comparison(*changed))} == {
        "other snapshots of 2 data sets: banks, shops (rows -1% at most)",
        "other addresses of 2 data sets: cards, users",
    }
