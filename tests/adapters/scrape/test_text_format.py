"""What a model server exposes is read exactly, whatever is in its labels, and a broken line costs only itself."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeltui.adapters.scrape.text_format import Exposition, parse
from modeltui.domain.names import NO_DATA
from modeltui.testing.hostile import HOSTILE_TEXTS

OPENMETRICS = "application/openmetrics-text"

TRITON = b"""# HELP nv_inference_request_success Number of successful inference requests, all batch sizes
# TYPE nv_inference_request_success counter
nv_inference_request_success{model="fraud",version="3"} 1027 1395066363000
nv_inference_request_success{model="fraud",version="4",} 3   1395066363500

# a comment, and a blank line above
# TYPE latency histogram
latency_bucket{le="0.05"} 24054
latency_bucket{le="+Inf"} 144320\r
latency_sum 53423.5
latency_count\t144320
  padded { a = "1" , b = "2" }   -1.5e-3
not_a_number NaN
above +Inf
below -Inf
:tensorflow:serving:requests 7
"""


def read(body: bytes, media_type: str = "") -> tuple[list[tuple[object, ...]], Exposition]:
    exposition = parse(body, media_type)
    return [tuple(sample) for sample in exposition], exposition


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def test_an_exposition_is_read_with_its_types_and_times() -> None:
    """Counters, histograms, blanks, comments, times and odd spacing are read as they are meant."""
    samples, exposition = read(TRITON)
    assert samples[:10] == [
        ("nv_inference_request_success", {"model": "fraud", "version": "3"}, 1027.0, 1395066363.0),
        ("nv_inference_request_success", {"model": "fraud", "version": "4"}, 3.0, 1395066363.5),
        ("latency_bucket", {"le": "0.05"}, 24054.0, NO_DATA),
        ("latency_bucket", {"le": "+Inf"}, 144320.0, NO_DATA),
        ("latency_sum", {}, 53423.5, NO_DATA),
        ("latency_count", {}, 144320.0, NO_DATA),
        ("padded", {"a": "1", "b": "2"}, -0.0015, NO_DATA),
        *samples[7:10],
    ]
    assert math.isnan(samples[7][2])  # type: ignore[arg-type]
    assert [samples[8][2], samples[9][2]] == [math.inf, -math.inf]
    assert samples[10] == (":tensorflow:serving:requests", {}, 7.0, NO_DATA)
    assert exposition.types == {"nv_inference_request_success": "counter", "latency": "histogram"}
    assert (exposition.samples_given, exposition.unreadable_count, exposition.is_complete) == (11, 0, True)


def test_openmetrics_counts_seconds_and_says_its_end() -> None:
    """OpenMetrics has times in seconds, exemplars, and a mark at the end; without the mark it is incomplete."""
    body = (
        b"# TYPE requests counter\n# UNIT requests requests\n"
        b'requests_total{code="200"} 5 1520879607.789 # {trace_id="a}b \\" c"} 0.67 1520879607.1\n'
        b'latency_bucket{le="1.0"} 7 # {} 0.5\n'
        b"# EOF\n"
    )
    samples, exposition = read(body, OPENMETRICS)
    assert samples == [
        ("requests_total", {"code": "200"}, 5.0, 1520879607.789),
        ("latency_bucket", {"le": "1.0"}, 7.0, NO_DATA),
    ]
    assert exposition.is_complete
    assert read(body)[0] == samples
    cut = read(body.replace(b"# EOF\n", b""), OPENMETRICS)[1]
    assert not cut.is_complete
    assert cut.unreadable_count == 0


def test_nothing_after_the_end_of_openmetrics_is_read() -> None:
    """What stands behind the end mark does not count."""
    assert read(b"a 1\n# EOF\nb 2\n", OPENMETRICS)[0] == [("a", {}, 1.0, NO_DATA)]


def test_names_with_any_character_are_read() -> None:
    """Prometheus 3 writes names with dots in quotes, among the labels."""
    samples, exposition = read('{"my.metric","k8s.pod"="p\\"1",region="ü"} 4\n{"plain"} 5\n'.encode())
    assert samples == [
        ("my.metric", {"k8s.pod": 'p"1', "region": "ü"}, 4.0, NO_DATA),
        ("plain", {}, 5.0, NO_DATA),
    ]
    assert exposition.unreadable_count == 0


@pytest.mark.parametrize(
    "line",
    [
        b"no_value",
        b"1name 5",
        b'a{b="c" 5',
        b'a{b="c} 5',
        b'a{b="c"d="e"} 5',
        b"a{b=c} 5",
        b'a{b="c",b="d"} 5',
        b'a{="c"} 5',
        b'a{"other"} 5',
        b'{b="c"} 5',
        b"{} 5",
        b"5 6",
        b"a 1_000",
        b"a 0x10",
        b"a one",
        b"a 1 2 3",
        b"a 1 1.5",
        b"a 1 99999999999999999999",
        b"a 1 NaN",
        b"a - 1",
        b"a\xc3\xa4 1",
        b"a \xd9\xa1",
        b"\xff\xfe",
        b"<html>",
        b'{"status":"success"}',
        b"a{b='c'} 1",
        b"\x1b[2Ja 1",
        b"a 1\x00",
    ],
)
def test_a_line_that_cannot_be_read_is_counted_and_skipped(line: bytes) -> None:
    """One broken series costs itself; its number and a harmless excerpt are kept for the operator."""
    samples, exposition = read(b"before 1\n" + line + b"\nafter 2\n")
    assert [name for name, *_ in samples] == ["before", "after"]
    assert exposition.unreadable_count == 1
    assert [bad.number for bad in exposition.first_unreadable] == [2]
    assert exposition.first_unreadable[0].text.isprintable()


def test_only_the_first_broken_lines_are_kept() -> None:
    """A thousand broken lines are all counted, and a few are shown."""
    exposition = read(b"broken\n" * 1000 + b"good 1")[1]
    assert (exposition.samples_given, exposition.unreadable_count, len(exposition.first_unreadable)) == (1, 1000, 5)


def test_hostile_labels_come_through_unharmed() -> None:
    """Any text can stand in a label and comes back as the same text."""
    for text in HOSTILE_TEXTS.values():
        sent = text.encode("utf-8", "replace").decode()
        samples, exposition = read(f'm{{a={quoted(sent)},b="1"}} 1\n'.encode())
        assert samples == [("m", {"a": sent, "b": "1"}, 1.0, NO_DATA)]
        assert exposition.unreadable_count == 0


def test_unwanted_metrics_are_left_out() -> None:
    """When only some metrics are needed the others are not given, wherever their name stands."""
    exposition = parse(b'a 1\nb{x="1"} 2\n{"c.d"} 3\n{"e.f"} 4\nbroken\n', wanted={"b", "c.d"})
    assert [(sample.name, sample.value) for sample in exposition] == [("b", 2.0), ("c.d", 3.0)]
    assert exposition.unreadable_count == 1


@given(
    name=st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True),
    labels=st.dictionaries(
        st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,8}", fullmatch=True),
        st.text(st.characters(codec="utf-8"), max_size=12),
        max_size=5,
    ),
    value=st.floats(allow_nan=False),
    milliseconds=st.none() | st.integers(0, 4_000_000_000_000),
)
def test_what_is_written_is_read(name: str, labels: dict[str, str], value: float, milliseconds: int | None) -> None:
    """Every sample that can be written is read back with the same name, labels, value and time."""
    written = ",".join(f"{label}={quoted(text)}" for label, text in labels.items())
    line = f"{name}{{{written}}} {value!r}" + ("" if milliseconds is None else f" {milliseconds}")
    samples, exposition = read(line.encode())
    assert samples == [(name, labels, value, NO_DATA if milliseconds is None else milliseconds / 1000)]
    assert exposition.unreadable_count == 0


@given(st.binary(max_size=300))
def test_no_bytes_can_break_the_reader(body: bytes) -> None:
    """Random bytes give samples or counted lines, never an error."""
    samples, exposition = read(body)
    assert exposition.samples_given == len(samples)
    assert exposition.samples_given + exposition.unreadable_count <= body.count(b"\n") + 1


@given(st.text('{}",=\\# \ta1\n', max_size=200))
def test_no_punctuation_can_break_the_reader(text: str) -> None:
    """Wild quotes, braces and backslashes give samples or counted lines, never an error."""
    samples, exposition = read(text.encode())
    assert exposition.samples_given + exposition.unreadable_count <= text.count("\n") + 1
    assert all(isinstance(sample[0], str) for sample in samples)
