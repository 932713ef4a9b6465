"""How facts are told of one commit: by whom, when, from which file; and why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from modeltui.adapters._documents.metadata import Teller
from modeltui.adapters._documents.values import Partly
from modeltui.adapters._git import shown_path
from modeltui.adapters.gto.layout import Unsuitable
from modeltui.domain.lineage import ABSENT, Fact, Known, Unreadable
from modeltui.domain.names import Instant, SourceName
from modeltui.domain.text import safe_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """Makes facts of one source at one moment."""

    source: SourceName
    observed_at: Instant

    def teller(self, where: str) -> Teller:
        """Return who tells what stands in a file."""
        return Teller(self.source, self.observed_at, shown_path(where))

    def known(self, value: T | None) -> Fact[T]:
        """Return a fact; absent when there is nothing."""
        return Known(value, self.source, self.observed_at) if value else ABSENT

    def partly(self, read: Partly[T], where: str) -> Fact[T]:
        """Return what could be read of a file; unreadable when there are rows and none could be."""
        if read.value:
            return self.teller(where).known(read.value, left_out=read.left_out)
        if not read.left_out:
            return ABSENT
        return self.teller(where).unreadable("; ".join(f"{name}: {why}" for name, why in read.left_out))

    def unless(self, value: T | None, where: str, trouble: Unsuitable | None) -> Fact[T]:
        """Return a fact; where there is nothing because a file could not be read, why."""
        if value or trouble is None:
            return self.known(value)
        return self.teller(where).unreadable(str(trouble))

    def unreadable(self, why: object) -> Unreadable:
        """Return why there is no fact, where that says already which file it is."""
        return Unreadable(safe_text(str(why), 300), self.source)

    def of_file(self, path: str, make: Callable[[str], T]) -> Fact[T]:
        """Return what is made of a file that is there."""
        try:
            return self.known(make(path))
        except Unsuitable as error:
            return self.teller(path).unreadable(str(error))
