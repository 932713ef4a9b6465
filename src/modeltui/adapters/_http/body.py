"""The body of an answer, collected up to a limit that counts what it becomes, not what crossed the wire."""

from __future__ import annotations

import zlib
from typing import Final

_GZIP: Final = zlib.MAX_WBITS | 16
SPOKEN_ENCODINGS: Final = "gzip"
"""What we ask for. Deflate is ambiguous, the others need a library each."""


class BodyTooLarge(Exception):  # noqa: N818 - says what it was
    """The body grew over the limit."""


class BodyUnreadable(Exception):  # noqa: N818 - says what it was
    """The compression is one that we did not ask for, is damaged, or ends early."""


class CappedBody:
    """Collects chunks off the wire and never holds more than `most_bytes` of decoded body.

    Decompression is stopped within a chunk: 64 KB of a gzip bomb would else become 64 MB at once.
    """

    def __init__(self, content_encoding: str, most_bytes: int) -> None:
        encoding = content_encoding.strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise BodyUnreadable(f"it is compressed with {encoding!r}, which was not asked for")
        self._inflater = zlib.decompressobj(_GZIP) if encoding.endswith("gzip") else None
        self._room = most_bytes
        self._pieces: list[bytes] = []
        self.wire_bytes = 0
        """Bytes received so far, as they came."""

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes off the wire."""
        self.wire_bytes += len(chunk)
        if self._inflater is None:
            self._keep(chunk)
        else:
            self._inflate(chunk)

    def whole(self) -> bytes:
        """Return the decoded body. The wire must be at its end."""
        if self._inflater is not None and not self._inflater.eof and self.wire_bytes:
            raise BodyUnreadable("its gzip data ends too early")
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def so_far(self) -> bytes:
        """Return what has been decoded, complete or not."""
        return b"".join(self._pieces)

    def _inflate(self, chunk: bytes) -> None:
        assert self._inflater is not None  # noqa: S101 - told apart by `feed`
        while chunk:
            if self._inflater.eof:
                # Another member may follow; servers also pad with zeros.
                chunk = chunk.lstrip(b"\0")
                if not chunk:
                    return
                self._inflater = zlib.decompressobj(_GZIP)
            try:
                self._keep(self._inflater.decompress(chunk, self._room + 1))
            except zlib.error as error:
                raise BodyUnreadable("its gzip data is damaged") from error
            chunk = self._inflater.unconsumed_tail or self._inflater.unused_data

    def _keep(self, piece: bytes) -> None:
        self._room -= len(piece)
        if self._room < 0:
            raise BodyTooLarge
        if piece:
            self._pieces.append(piece)
