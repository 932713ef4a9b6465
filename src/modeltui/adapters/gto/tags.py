"""GTO's tags: `fraud@v1.2.0` registers, `fraud#prod#7` assigns a stage, `!` takes back, `dir=name` is in a folder.

Source of the grammar: GTO 1.10 (`gto/constants.py`) and its documentation. The number at the end counts all changes of
one artifact, so that two people who change it at one moment make the same tag, and the second push is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

_NAME: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?"
_NUMBER: Final = r"(?:0|[1-9]\d*)"
_PART: Final = rf"(?:{_NUMBER}|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_RELEASE: Final = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PART}(?:\.{_PART})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
_TAG: Final = re.compile(
    rf"(?:(?P<folder>[a-zA-Z0-9_./-]+)=)?(?P<name>{_NAME})"
    rf"(?:(?:\#(?P<stage>{_NAME})|@(?P<version>v{_RELEASE}))(?P<cancel>!?)|@(?:(?P<deprecated>deprecated)|created))"
    r"(?:\#(?P<counter>[0-9]{1,18}))?",
    re.ASCII,
)
_LONGEST_NAME: Final = 500
_TAGGER: Final = re.compile(r"(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<at>-?\d{1,15}) [+-]\d{4}")
_SIGNATURE: Final = re.compile(r"^-----BEGIN (?:PGP|SSH) (?:SIGNATURE|MESSAGE)-----", re.MULTILINE)


class Action(Enum):
    """What a tag does; where two happen in one second the first here came first."""

    DEPRECATE = 2
    REGISTER = 3
    DEREGISTER = 4
    ASSIGN = 5
    UNASSIGN = 6


@dataclass(frozen=True, slots=True)
class Name:
    """What the name of a tag says."""

    artifact: str
    """`fraud`, or `folder:fraud` as GTO shows it."""
    action: Action
    version: str = ""
    stage: str = ""
    counter: int = 0
    """0 where the tag has none."""


@dataclass(frozen=True, slots=True)
class Event:
    """One tag, with who made it, when and why; texts decoded, not yet safe to show."""

    tag: str
    name: Name
    commit: str
    at: float
    by: str
    email: str
    message: str
    is_signed: bool


def parsed_name(tag: str) -> Name | None:
    """Return what a tag's name says; None when it is none of GTO's."""
    found = _TAG.fullmatch(tag) if len(tag) <= _LONGEST_NAME else None
    if found is None:
        return None
    folder, counter = found["folder"], int(found["counter"] or 0)
    artifact = f"{folder}:{found['name']}" if folder else found["name"]
    if found["version"]:
        return Name(artifact, Action.DEREGISTER if found["cancel"] else Action.REGISTER, found["version"], "", counter)
    if found["stage"]:
        return Name(artifact, Action.UNASSIGN if found["cancel"] else Action.ASSIGN, "", found["stage"], counter)
    return Name(artifact, Action.DEPRECATE, counter=counter) if found["deprecated"] else None


def parsed_tag(tag: str, name: Name, content: bytes) -> Event | None:
    """Return the event in an annotated tag's object; None when it marks no commit, or is not readable."""
    head, _, message = content.decode("utf-8", "replace").partition("\n\n")
    fields = dict(line.partition(" ")[::2] for line in head.split("\n"))
    tagger = _TAGGER.fullmatch(fields.get("tagger", ""))
    if fields.get("type") != "commit" or not fields.get("object"):
        return None
    signature = _SIGNATURE.search(message)
    return Event(
        tag=tag,
        name=name,
        commit=fields["object"],
        at=float(tagger["at"]) if tagger else 0.0,
        by=tagger["name"].strip() if tagger else "",
        email=tagger["email"] if tagger else "",
        message=(message[: signature.start()] if signature else message).strip(),
        is_signed=signature is not None,
    )
