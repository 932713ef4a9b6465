"""A Merkle tree over the lines of the journal: one hash for all of them, and proofs that need few of them.

The tree and its proofs are those of RFC 9162, section 2.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(line: bytes) -> bytes:
    """Return the hash of one line, without its line feed."""
    return hashlib.sha256(b"\0" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return hashlib.sha256(b"\1" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The whole subtrees of a tree that grows, largest first: enough to add leaves and to know the root."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def with_leaf(self, leaf: bytes) -> Frontier:
        """Return the tree with one more leaf."""
        peaks, size = list(self.peaks), self.size
        while size & 1:
            leaf = node_hash(peaks.pop(), leaf)
            size >>= 1
        return Frontier(self.size + 1, (*peaks, leaf))

    def root(self) -> bytes:
        """Return the hash over all leaves."""
        if not self.peaks:
            return EMPTY_ROOT
        peaks = list(self.peaks)
        root = peaks.pop()
        while peaks:
            root = node_hash(peaks.pop(), root)
        return root

    @property
    def is_whole(self) -> bool:
        """Tell whether there are as many peaks as its size asks for, each a hash."""
        return len(self.peaks) == self.size.bit_count() and all(len(peak) == 32 for peak in self.peaks)


EMPTY_TREE: Final = Frontier()


class GrowingTree:
    """A frontier that is changed in place: for millions of leaves."""

    def __init__(self, start: Frontier = EMPTY_TREE) -> None:
        self.size = start.size
        self._peaks = list(start.peaks)

    def add(self, line: bytes) -> None:
        """Add one line, without its line feed."""
        sha256 = hashlib.sha256
        leaf = sha256(b"\0" + line).digest()
        size = self.size
        self.size = size + 1
        peaks = self._peaks
        while size & 1:
            leaf = sha256(b"\1" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)

    def frontier(self) -> Frontier:
        """Return the tree as it is now."""
        return Frontier(self.size, tuple(self._peaks))


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over the hashes of leaves."""
    if not leaves:
        return EMPTY_ROOT
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.with_leaf(leaf)
    return frontier.root()


def root_of_lines(lines: Iterable[bytes]) -> bytes:
    """Return the root over lines, without their line feeds."""
    tree = GrowingTree()
    for line in lines:
        tree.add(line)
    return tree.frontier().root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes that lead from the leaf at `index` (from 0) to the root."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"there is no leaf {index} among {len(leaves)}")
    path: list[bytes] = []
    first, last = 0, len(leaves)
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(merkle_root(leaves[middle:last]))
            last = middle
        else:
            path.append(merkle_root(leaves[first:middle]))
            first = middle
    return tuple(reversed(path))


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether the proof leads from this leaf at `index` to the root of a tree of `size`."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(other, found)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            found = node_hash(found, other)
        node >>= 1
        last >>= 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], earlier_size: int) -> tuple[bytes, ...]:
    """Return the hashes that show that the first `earlier_size` leaves are still what they were."""
    if not 0 < earlier_size <= len(leaves):
        raise ValueError(f"there was no tree of {earlier_size} before the one of {len(leaves)}")
    path: list[bytes] = []
    first, last, earlier, is_whole = 0, len(leaves), earlier_size, True
    while earlier != last - first:
        middle = _split(last - first)
        if earlier <= middle:
            path.append(merkle_root(leaves[first + middle : last]))
            last = first + middle
        else:
            path.append(merkle_root(leaves[first : first + middle]))
            first, earlier, is_whole = first + middle, earlier - middle, False
    if not is_whole:
        path.append(merkle_root(leaves[first:last]))
    return tuple(reversed(path))


def is_consistent(earlier_size: int, earlier_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether the proof shows that the tree of `size` begins with the tree of `earlier_size`."""
    if not 0 < earlier_size <= size:
        return False
    if earlier_size == size:
        return not proof and earlier_root == root
    hashes = list(proof)
    if earlier_size & (earlier_size - 1) == 0:
        hashes.insert(0, earlier_root)
    if not hashes:
        return False
    node, last = earlier_size - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = hashes[0]
    for other in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(other, old), node_hash(other, new)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, other)
        node >>= 1
        last >>= 1
    return last == 0 and old == earlier_root and new == root


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
