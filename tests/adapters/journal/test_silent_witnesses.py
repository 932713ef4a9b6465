"""A witness that cannot be asked is not one that saw nothing: who is silent is said, and nothing is begun anew."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from modeltui.adapters.journal import JsonlJournal
from modeltui.adapters.journal.anchors import FileAnchor, GitAnchor
from modeltui.adapters.journal.checkpoints import checkpoints_path
from modeltui.adapters.journal.segments import segments_of
from modeltui.domain.errors import BackendUnavailable
from modeltui.domain.journal.record import RecordKind
from modeltui.ports.anchor import Anchor, NothingThereError, SignedCheckpoint
from modeltui.ports.journal import Query
from modeltui.present.acting_objects import verify_object
from modeltui.present.journal_text import chain_state_words
from modeltui.present.tone import Tone
from modeltui.testing.clock import VirtualClock
from tests.adapters.journal.stage import Unsynced, entry


def journal(directory: Path, *anchors: Anchor) -> JsonlJournal:
    """Return a journal as the program opens it."""
    return JsonlJournal(directory, VirtualClock(), None, anchors, files=Unsynced())


async def said(directory: Path, *anchors: Anchor) -> tuple[str, Tone]:
    """Return what `journal verify` and the screen say of it."""
    return chain_state_words(await journal(directory, *anchors).verify())


async def cut(directory: Path, anchor: Anchor) -> None:
    """Leave a journal of five records without its end, and without the checkpoints that lay beside it."""
    one = journal(directory, anchor)
    for number in range(5):
        await one.append(entry(step=number))
    await one.checkpoint()
    assert (await said(directory, anchor))[0] == "chain whole, 7 records, anchored to #6"
    path = segments_of(directory)[0].path
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    checkpoints_path(directory).unlink()
    assert (await said(directory, anchor))[0].startswith("CHAIN BROKEN at #4: ")


def repository(path: Path) -> GitAnchor:
    """Return a repository to which nothing was committed yet."""
    git("init", "-q", str(path))
    return GitAnchor(path)


def git(*arguments: str) -> None:
    """Run git."""
    subprocess.run(["git", *arguments], check=True)


@pytest.mark.parametrize("lost", ["the share", "the file", "HEAD", "the branch", "the work tree"])
async def test_a_witness_that_is_gone_is_named_and_nothing_is_called_anchored_nowhere(
    tmp_path: Path, lost: str
) -> None:
    """A share that is not mounted, a repository that cannot be read: no answer, said also where the rest is whole."""
    place, directory = tmp_path / "elsewhere", tmp_path / "journal"
    anchor: Anchor
    if lost in {"the share", "the file"}:
        place.mkdir()
        anchor = FileAnchor(place / "checkpoints")
    else:
        anchor = repository(place)
    await cut(directory, anchor)
    match lost:
        case "the share" | "the work tree":
            place.rename(tmp_path / "away")
        case "the file":
            (place / "checkpoints").unlink()
        case "HEAD":
            git("init", "-q", str(tmp_path))  # nor is it looked for further up
            (place / ".git" / "HEAD").unlink()
        case "the branch":
            git("-C", str(place), "branch", "kept")
            (place / ".git" / "HEAD").write_text("ref: refs/heads/none\n")
    words, tone = await said(directory, anchor)
    assert words == f"chain whole, 3 records, NO ANSWER from {anchor.name}: its end could be cut off unnoticed"
    assert tone is Tone.WARN
    answer = verify_object(await journal(directory, anchor).verify())
    assert answer["no_answer_from"] == [anchor.name]
    assert answer["says"] == f"every record fits; no answer from {anchor.name}"


async def test_one_witness_that_answers_does_not_hide_one_that_does_not(tmp_path: Path) -> None:
    """What one of two has seen is proved, and that the other may have seen more is said beside it."""
    good, gone = FileAnchor(tmp_path / "good"), FileAnchor(tmp_path / "gone")
    one = journal(tmp_path / "journal", good)
    await one.append(entry())
    await one.checkpoint()
    words, tone = await said(tmp_path / "journal", good, gone)
    assert words == f"chain whole, 3 records, anchored to #2; NO ANSWER from {gone.name}, which may have seen more"
    assert tone is Tone.WARN


async def test_the_bytes_of_an_unfinished_record_are_said(tmp_path: Path) -> None:
    """What a crash left at the end is not counted, and that is said in plain output too."""
    await journal(tmp_path).append(entry())
    with segments_of(tmp_path)[0].path.open("ab") as segment:
        segment.write(b'{"v":1,"seq":3')
    words, _ = await said(tmp_path)
    assert words.endswith("; 14 bytes of an unfinished record at its end are not counted")


async def test_a_journal_whose_files_are_all_gone_was_not_exchanged_for_another(tmp_path: Path) -> None:
    """Whoever saw most says how many are gone; nobody is told of another journal where there is none."""
    anchor = FileAnchor(tmp_path / "elsewhere")
    one = journal(tmp_path / "journal", anchor)
    for _ in range(3):
        await one.append(entry())
        await one.checkpoint()
    shutil.rmtree(tmp_path / "journal")
    words, tone = await said(tmp_path / "journal", anchor)
    assert words.startswith(f"CHAIN BROKEN at #1: {anchor.name} saw 5 records at ")
    assert words.endswith(": all 5 are gone")
    assert tone is Tone.BREACH


async def test_an_empty_first_file_makes_no_other_journal_of_it(tmp_path: Path) -> None:
    """A first file that the disk let down before it had a record does not hide whose journal goes on after it."""
    anchor = FileAnchor(tmp_path / "elsewhere")
    one = journal(tmp_path / "journal", anchor)
    await one.append(entry())
    await one.checkpoint()
    (path,) = (segment.path for segment in segments_of(tmp_path / "journal"))
    path.rename(path.with_name(path.name.replace(".jsonl", ".2.jsonl")))
    path.touch()
    assert (await said(tmp_path / "journal", anchor))[0] == "chain whole, 3 records, anchored to #2"


async def test_a_repository_without_a_commit_has_seen_nothing(tmp_path: Path) -> None:
    """A new work tree, or one with other files only, keeps nothing yet and says so."""
    anchor = repository(tmp_path)
    assert await anchor.kept() == ()
    name = ("-c", "user.name=a", "-c", "user.email=a@b")
    git("-C", str(tmp_path), *name, "commit", "-q", "--allow-empty", "-m", "first")
    assert await anchor.kept() == ()


async def test_a_share_that_is_not_mounted_at_the_start_gets_no_file_in_its_place(tmp_path: Path) -> None:
    """The next start looks for what the share has before it hands anything over; until it is back, that is written."""
    share, directory = tmp_path / "share", tmp_path / "journal"
    for step in range(3):
        share.mkdir(exist_ok=True)  # where nothing is mounted, the directory is there all the same
        one = journal(directory, FileAnchor(share / "checkpoints"))
        await one.append(entry())
        await one.checkpoint()
        if step == 0:
            share.rename(tmp_path / "away")
        elif step == 1:
            (failed,) = await one.read(Query(kinds=frozenset({RecordKind.LOG_ANCHOR_FAILED})))
            assert failed.entry.details["because"] == f"file {share}/checkpoints is not there"
            await one.append(entry())
            await one.checkpoint()
            assert list(share.iterdir()) == []
            share.rmdir()
            (tmp_path / "away").rename(share)
    assert len(await FileAnchor(share / "checkpoints").kept()) == 2
    assert (await said(directory, FileAnchor(share / "checkpoints")))[1] is Tone.OK


async def test_no_file_is_made_where_a_share_was_unmounted_meanwhile(tmp_path: Path) -> None:
    """A file that took a checkpoint and is gone is not begun anew under the mount point, until somebody makes it."""
    place = tmp_path / "share" / "checkpoints"
    place.parent.mkdir()
    anchor, kept = FileAnchor(place), []

    class Remembering(FileAnchor):
        async def put(self, checkpoint: SignedCheckpoint) -> None:
            kept.append(checkpoint)
            await super().put(checkpoint)

    one = journal(tmp_path / "journal", Remembering(tmp_path / "other"))
    await one.append(entry())
    await one.checkpoint()
    with pytest.raises(NothingThereError):
        await anchor.kept()
    await anchor.put(kept[0])
    place.unlink()
    with pytest.raises(BackendUnavailable):
        await anchor.put(kept[0])
    assert not place.exists()
    place.touch()
    await anchor.put(kept[0])
    assert await anchor.kept() == (kept[0],)
