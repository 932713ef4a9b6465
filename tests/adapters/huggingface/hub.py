"""A Hub on loopback that answers as the real one does, for our adapter and for its own client alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers.answering import Given, answering

_NO_REPOSITORY = (404, {"X-Error-Code": "RepoNotFound"}, b'{"error":"Repository not found"}')
_NO_REVISION = (404, {"X-Error-Code": "RevisionNotFound"}, b'{"error":"Invalid rev id"}')
_NO_ENTRY = (404, {"X-Error-Code": "EntryNotFound"}, b"Entry not found")

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Commit:
    """A state of all files."""

    id: str
    title: str
    date: str
    author: str
    files: dict[str, bytes]
    large: frozenset[str]


@dataclass
class Repository:
    """A repository, with its history."""

    id: str
    commits: list[Commit] = field(default_factory=list)
    """Oldest first."""
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    card_data: dict[str, Any] = field(default_factory=dict)

    def commit(self, title: str, files: dict[str, bytes], *, large: tuple[str, ...] = (), tag: str = "") -> str:
        """Add a commit on main; return its id."""
        before = self.commits[-1] if self.commits else None
        whole = {**(before.files if before else {}), **files}
        names = (before.large if before else frozenset()) | set(large)
        number = len(self.commits)
        commit_id = hashlib.sha1(f"{self.id} {number} {title}".encode()).hexdigest()
        date = f"2026-01-{number + 1:02}T08:00:00.000Z"
        self.commits.append(Commit(commit_id, title, date, "m.chan", whole, frozenset(names)))
        self.branches["main"] = commit_id
        if tag:
            self.tags[tag] = commit_id
        return commit_id

    def at(self, revision: str) -> Commit | None:
        """Return the commit that a revision means."""
        wanted = self.branches.get(revision) or self.tags.get(revision) or revision
        return next((commit for commit in self.commits if commit.id == wanted), None)


@dataclass
class Hub:
    """All repositories, and how the Hub behaves."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    token: str = ""
    """Who asks without it is told that there is nothing; empty: everybody may."""
    redirects_files: bool = False
    """Files are where newer Hubs keep them, and `resolve` sends there."""
    broken: set[str] = field(default_factory=set)
    """Parts of a path that are answered with 503."""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def new(self, repository: str) -> Repository:
        """Add a repository."""
        return self.repositories.setdefault(repository, Repository(repository))

    def answer(self, target: str, authorization: str) -> Answer:
        """Return what is answered to one request."""
        self.asked.append(target)
        parts = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if any(part in target for part in self.broken):
            return 503, {}, b"<html><title>Service Unavailable</title></html>"
        if self.token and authorization != f"Bearer {self.token}":
            return 401, {"X-Error-Code": "RepoNotFound"}, b'{"error":"Invalid username or password."}'
        names = parts.path.strip("/").split("/")
        if names[:2] == ["api", "models"]:
            return self._api(names[2:], query)
        if names[:2] == ["api", "resolve-cache"]:
            return self._file("/".join(names[3:5]), unquote(names[5]), "/".join(names[6:]), redirected=True)
        if "resolve" in names:
            at = names.index("resolve")
            return self._file("/".join(names[:at]), unquote(names[at + 1]), "/".join(names[at + 2 :]))
        return _NO_REPOSITORY

    def _api(self, names: list[str], query: dict[str, str]) -> Answer:
        if not names:
            author = query.get("author", "")
            found = [one for one in self.repositories.values() if not author or one.id.startswith(f"{author}/")]
            return _json([{"id": one.id, "modelId": one.id, "tags": [], "private": False} for one in found])
        known = next((name for name in ("/".join(names[:2]), names[0]) if name in self.repositories), "")
        if not known:
            return _NO_REPOSITORY
        repository, rest = self.repositories[known], names[len(known.split("/")) :]
        what = rest[0] if rest else "revision"
        if what == "refs":
            return _json(_refs(repository))
        commit = repository.at(unquote(rest[1]) if len(rest) > 1 else "main")
        if commit is None:
            return _NO_REVISION
        if what == "commits":
            return self._commits(repository, commit, query)
        if what == "revision":
            return _json(_revision(repository, commit, with_blobs="blobs" in query))
        return _NO_REPOSITORY

    def _commits(self, repository: Repository, commit: Commit, query: dict[str, str]) -> Answer:
        rows = repository.commits[: repository.commits.index(commit) + 1][::-1]
        limit, page = int(query.get("limit", "50")), int(query.get("p", "0"))
        shown = rows[page * limit : (page + 1) * limit]
        status, headers, body = _json(
            [
                {
                    "id": one.id,
                    "title": one.title,
                    "message": "",
                    "date": one.date,
                    "authors": [{"user": one.author, "avatar": "/a.svg"}],
                }
                for one in shown
            ]
        )
        if len(rows) > (page + 1) * limit:
            following = f"{self.url}/api/models/{repository.id}/commits/{commit.id}?limit={limit}&p={page + 1}"
            headers["Link"] = f'<{following}>; rel="next"'
        return status, headers, body

    def _file(self, name: str, revision: str, path: str, *, redirected: bool = False) -> Answer:
        repository = self.repositories.get(name)
        commit = repository.at(revision) if repository else None
        if commit is None:
            return _NO_REPOSITORY if repository is None else _NO_REVISION
        content = commit.files.get(unquote(path))
        if content is None:
            return _NO_ENTRY
        headers = {"X-Repo-Commit": commit.id, "ETag": f'"{_blob(content)}"', "Content-Type": "text/plain"}
        if self.redirects_files and not redirected:
            return 307, {**headers, "Location": f"/api/resolve-cache/models/{name}/{commit.id}/{path}"}, b""
        return 200, headers, content


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A Hub that answers until the end of the block."""
    hub = Hub()
    with answering(lambda asked: Given(*hub.answer(asked.target, asked.headers.get("Authorization", "")))) as url:
        hub.url = url
        yield hub


def _json(value: Any) -> Answer:
    return 200, {"Content-Type": "application/json; charset=utf-8"}, json.dumps(value).encode()


def _blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _refs(repository: Repository) -> Any:
    return {
        "tags": [
            {"name": name, "ref": f"refs/tags/{name}", "targetCommit": at} for name, at in repository.tags.items()
        ],
        "branches": [
            {"name": name, "ref": f"refs/heads/{name}", "targetCommit": at} for name, at in repository.branches.items()
        ],
        "converts": [],
    }


def _revision(repository: Repository, commit: Commit, *, with_blobs: bool) -> Any:
    siblings = []
    for path, content in commit.files.items():
        sibling: dict[str, Any] = {"rfilename": path}
        if with_blobs:
            sibling |= {"blobId": _blob(content), "size": len(content)}
        if with_blobs and path in commit.large:
            sha = hashlib.sha256(content).hexdigest()
            sibling["lfs"] = {"sha256": sha, "size": len(content), "pointerSize": 134}
        siblings.append(sibling)
    return {
        "_id": "621ffdc036468d709f174328",
        "id": repository.id,
        "modelId": repository.id,
        "author": repository.id.rpartition("/")[0] or None,
        "sha": commit.id,
        "lastModified": commit.date,
        "createdAt": repository.commits[0].date,
        "private": False,
        "gated": False,
        "disabled": False,
        "downloads": 7,
        "likes": 1,
        "tags": ["lightgbm", "license:apache-2.0", "region:us"],
        "pipeline_tag": "text-classification",
        "library_name": "transformers",
        "cardData": repository.card_data,
        "siblings": siblings,
        "spaces": [],
        "safetensors": {"parameters": {"F32": 66_955_010}, "total": 66_955_010},
        "config": {"architectures": ["BertForSequenceClassification"], "model_type": "bert"},
        "usedStorage": 100,
    }
