"""Answers of the query API as typed rows, read in slices so that a large fleet costs little memory.

Rows come as they are, strings and all; `folding` decides what they mean. The envelope is that of Prometheus and
its relatives: `warnings`, `infos`, `isPartial` (VictoriaMetrics) and `data.warnings` (Thanos) may come with 200.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import msgspec

from modeltui.adapters._http import Answer
from modeltui.adapters.prometheus.arithmetic import Span, number
from modeltui.domain.errors import BackendMalformed, BackendRefused, BackendUnavailable
from modeltui.domain.text import SafeText, safe_text

_SLICE_BYTES: Final = 256 * 1024
"""Some 2,000 rows: 2 ms of decoding, half a megabyte of rows at a time."""
_ROW_START: Final = re.compile(rb',\{"metric":')
"""Cannot occur inside a JSON string: there a quotation mark has a backslash before it."""
_MOST_WARNINGS: Final = 10
_TRANSIENT_ERRORS: Final = frozenset({"timeout", "canceled", "unavailable", "internal", "500", "502", "503", "504"})
_EXPECTED_INFO: Final = "might not be a counter"
"""Prometheus 3 says so of counters without `_total`, which several model servers export."""


class Point(msgspec.Struct, array_like=True, gc=False):
    """A time by the server's clock and a number as text."""

    at: float
    text: str


class NativeHistogram(msgspec.Struct, gc=False):
    """A native histogram: `[rule, low, high, count]` per bucket, without the empty ones."""

    count: str = "NaN"
    sum: str = "NaN"
    buckets: list[tuple[int, str, str, str]] = []

    def spans(self) -> list[Span]:
        """Return the buckets as numbers."""
        return [Span(number(low), number(high), number(count)) for _, low, high, count in self.buckets]


class NativePoint(msgspec.Struct, array_like=True, gc=False):
    """A time by the server's clock and a histogram."""

    at: float
    histogram: NativeHistogram


class Row(msgspec.Struct, gc=False):
    """One series of an instant answer (`value`, `histogram`) or of a range answer (`values`, `histograms`)."""

    metric: Any
    value: Point | None = None
    histogram: NativePoint | None = None
    values: tuple[Point, ...] = ()
    histograms: tuple[NativePoint, ...] = ()


class _Result(msgspec.Struct):
    resultType: str  # noqa: N815 - the API's own names
    result: msgspec.Raw
    warnings: list[str] | None = None


class _Envelope(msgspec.Struct):
    status: str
    data: _Result | None = None
    errorType: str | int = ""  # noqa: N815 - as above
    error: str = ""
    warnings: list[str] | None = None
    infos: list[str] | None = None
    isPartial: bool = False  # noqa: N815 - as above


class Table:
    """The rows of one answer, decoded slice by slice as they are read."""

    def __init__(self, answer: Answer, labels: Sequence[str]) -> None:
        """Read the envelope. Raises `BackendError` when it holds an error, or no rows."""
        envelope = answer.json(_Envelope)
        if envelope.status != "success" or envelope.data is None:
            raise error_in(answer, envelope.errorType, envelope.error)
        data = envelope.data
        if data.resultType not in {"vector", "matrix"}:
            raise BackendMalformed(
                f"{answer.source} answered with a {safe_text(data.resultType, 20)} where series were asked for",
                "A query of your own must keep its labels: sum by ({by}) (…).",
            )
        self.warnings = _warnings(envelope, data.warnings)
        # A view: the body of a large fleet is not copied.
        self._body = memoryview(data.result)
        self._empty_answer = replace(answer, body=b"")
        self._decoder = _decoder(tuple(labels))

    @property
    def size_bytes(self) -> int:
        """How much there is to decode."""
        return len(self._body)

    def __iter__(self) -> Iterator[Any]:
        """Yield every row; `metric` has the labels as attributes `l0`, `l1`, … in the order they were asked for."""
        body, start = self._body, 0
        while len(body) - start > 2 * _SLICE_BYTES:
            found = _ROW_START.search(body, start + _SLICE_BYTES)
            if found is None:
                break
            yield from self._rows((b"[" if start else b"") + bytes(body[start : found.start()]) + b"]")
            start = found.start() + 1
        yield from self._rows((b"[" if start else b"") + bytes(body[start:]))

    def _rows(self, piece: bytes) -> list[Any]:
        try:
            return self._decoder.decode(piece)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            # Repairs what no Unicode text can hold; else it raises, and says where.
            return replace(self._empty_answer, body=piece).json(self._decoder)


def error_in(answer: Answer, kind: str | int, says: str) -> Exception:
    """Return the error that an answer with status 200 carries in its body."""
    word = str(kind)
    said = safe_text(says or word or "an answer without data", 160)
    if word in _TRANSIENT_ERRORS:
        return BackendUnavailable(f"{answer.source} failed on {answer.request}: {said}", "It is asked again by itself.")
    if not word and not says:
        return BackendMalformed(
            f"{answer.source} answered {answer.request} without data", "Check that url leads to the query API."
        )
    return BackendRefused(f"{answer.source} cannot answer {answer.request}: {said}", "See what the server says.")


def _warnings(envelope: _Envelope, inner: list[str] | None) -> tuple[SafeText, ...]:
    infos = [info for info in envelope.infos or () if _EXPECTED_INFO not in info]
    said = [*(envelope.warnings or ()), *(inner or ()), *infos]
    found = [safe_text(line, 300) for line in said[:_MOST_WARNINGS]]
    if envelope.isPartial:
        found.insert(0, safe_text("partial answer: some storage nodes did not reply, so counts are too low"))
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=64)
def _decoder(labels: tuple[str, ...]) -> msgspec.json.Decoder[list[Any]]:
    """Return a decoder for rows whose labels become attributes: half the time and memory of a dictionary per row."""
    names = [f"l{index}" for index in range(len(labels))]
    labels_type = msgspec.defstruct(
        "RowLabels", [(name, str, "") for name in names], rename=dict(zip(names, labels, strict=True)), gc=False
    )
    row_type = msgspec.defstruct("LabelledRow", [("metric", labels_type)], bases=(Row,), gc=False)
    return msgspec.json.Decoder(list[row_type])  # type: ignore[valid-type]  # a type that is made as we go
