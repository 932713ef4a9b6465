"""Whether a version may be pruned, and what keeps it: values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from modeltui.domain.names import UNKNOWN, Missing, ModelName, Unknown, VersionId
from modeltui.domain.text import SafeText


class Keep(StrEnum):
    """Why a version is kept."""

    SERVES = "serves"
    DESIRED = "should serve"
    STABLE = "stable"
    CANDIDATE = "candidate"
    SHADOW = "shadow"
    MEASURED = "measured"
    """A target has signals of it: something still runs it."""
    JOB = "job"
    POINTER = "pointer"
    HOLD = "hold"
    GOLD = "gold"
    MEMBER = "member"
    """A version that serves is made of it."""
    PARENT = "parent"
    """A version that serves was derived from it."""
    NEWER = "newer"
    """Registered lately, and after what serves: it may be on its way."""
    UNKNOWN = "not known"
    """Nobody can say that it is not needed."""


class Verdict(StrEnum):
    """What may become of a version."""

    MAY = "may be pruned"
    NEVER = "never"
    """A rule keeps it."""
    KEEP = "keep"
    """No rule is known to keep it, and nobody knows enough to say that none does."""


@dataclass(frozen=True, slots=True)
class KeepReason:
    """One reason and its evidence in a sentence."""

    why: Keep
    says: SafeText
    remedy: SafeText = SafeText("")
    """What is not known: what would tell it; empty where nothing of ours would."""


@dataclass(frozen=True, slots=True)
class Retained:
    """One version."""

    version: VersionId
    reasons: tuple[KeepReason, ...]
    """None: it may be pruned."""
    size_bytes: int | Unknown = UNKNOWN
    """Of its artifact."""
    shares_files_with: tuple[VersionId, ...] = ()
    """Versions with the very same artifact."""

    @property
    def verdict(self) -> Verdict:
        """Return whether it may be pruned."""
        if not self.reasons:
            return Verdict.MAY
        return Verdict.KEEP if all(reason.why is Keep.UNKNOWN for reason in self.reasons) else Verdict.NEVER


@dataclass(frozen=True, slots=True)
class Retention:
    """All versions of a model, as its registry lists them."""

    model: ModelName
    versions: tuple[Retained, ...]
    troubles: tuple[KeepReason, ...] = ()
    """What nobody knows of the model as a whole; it keeps every version."""

    @property
    def prunable(self) -> tuple[Retained, ...]:
        """Return the versions that nobody needs, as far as everything is known."""
        return tuple(one for one in self.versions if one.verdict is Verdict.MAY)

    @property
    def remedies(self) -> tuple[SafeText, ...]:
        """Return what would tell of versions that no rule is known to keep whether they are needed, each once."""
        kept = (one for one in self.versions if one.verdict is Verdict.KEEP)
        reasons = (*self.troubles, *(reason for one in kept for reason in one.reasons))
        return tuple(dict.fromkeys(reason.remedy for reason in reasons if reason.remedy))

    @property
    def stored_bytes(self) -> int:
        """Return how much all versions take together, the same files once; unknown sizes count nothing."""
        return self._sum(self.versions)

    @property
    def freed_bytes(self) -> int:
        """Return how much the prunable ones take that no kept version needs; unknown sizes count nothing."""
        going = {one.version for one in self.prunable}
        return self._sum(one for one in self.prunable if going.issuperset(one.shares_files_with))

    def _sum(self, versions: Iterable[Retained]) -> int:
        counted: set[VersionId] = set()
        total = 0
        for one in versions:
            if counted.isdisjoint(one.shares_files_with) and not isinstance(one.size_bytes, Missing):
                counted.add(one.version)
                total += one.size_bytes
        return total

    @property
    def unsized(self) -> tuple[VersionId, ...]:
        """Return the versions of which nobody knows the size."""
        return tuple(one.version for one in self.versions if isinstance(one.size_bytes, Missing))
