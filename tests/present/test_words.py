"""The sentences that an operator reads at two in the morning."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeltui.domain.fleet import Change, ChangeKind, SourceKind, SourceState
from modeltui.domain.health import Above, Baseline, BaselineKind, Cause, Level, Rule, Verdict
from modeltui.domain.health import Change as Relative
from modeltui.domain.known_good import KnownGood
from modeltui.domain.names import NO_DATA, UNKNOWN, Instant, SegmentName
from modeltui.domain.policy import DEFAULT_POLICY
from modeltui.domain.signal import Counts, Signal
from modeltui.domain.text import SafeText
from modeltui.present import words
from modeltui.present.tone import Tone
from modeltui.testing.worlds import START, source_name, version_id

ERRORS: Signal = next(signal for signal in DEFAULT_POLICY.signals if signal.name == "error_rate")
STABLE = Baseline(BaselineKind.STABLE, version_id("2.3.1"), Counts(9, 900))
RELATIVE = Rule(SafeText("error-spike"), Relative(1.0, 0.01), for_seconds=30.0)
ABSOLUTE = Rule(SafeText("hard-errors"), Above(0.2))


def verdict(cause: Cause, level: Level = Level.BREACH, **more: object) -> Verdict:
    """Return a verdict on 21 % errors against 1 % of the stable version."""
    facts = {"value": 0.21, "n": 4100.0, "baseline": STABLE, "limit": 0.02, "rule": RELATIVE, "since": START}
    return Verdict(level, cause, **{**facts, **more})  # type: ignore[arg-type]


SENTENCES = {
    Cause.WITHIN_LIMITS: (
        verdict(Cause.WITHIN_LIMITS, Level.OK, value=0.012),
        "1.2% is within the limit 2.0% (100% above 1.0% of stable 2.3.1)",
    ),
    Cause.OVER_LIMIT: (
        verdict(Cause.OVER_LIMIT),
        "21% is beyond the limit 2.0% (100% above 1.0% of stable 2.3.1)",
    ),
    Cause.NOT_YET_LONG_ENOUGH: (
        verdict(Cause.NOT_YET_LONG_ENOUGH, Level.WARN, limit=0.2, rule=ABSOLUTE),
        "21% is beyond the limit 20%, for less than 1m00s so far",
    ),
    Cause.NOT_YET_CALM: (
        verdict(Cause.NOT_YET_CALM, value=0.018, rule=ABSOLUTE),
        "1.8% is back inside the limit 2.0%, not yet for long enough to trust",
    ),
    Cause.SEGMENT: (
        verdict(Cause.SEGMENT, value=0.012, segment=SegmentName(SafeText("region=hk"))),
        "region=hk is beyond its limit; all segments together are at 1.2%",
    ),
    Cause.TOO_FEW_SAMPLES: (
        verdict(Cause.TOO_FEW_SAMPLES, Level.NO_DATA, n=20.0),
        "20 of the 100 samples that a judgement needs",
    ),
    Cause.NO_OBSERVATIONS: (
        verdict(Cause.NO_OBSERVATIONS, Level.NO_DATA, value=NO_DATA, n=0.0),
        "no requests in the last 5m",
    ),
    Cause.NOTHING_TO_COMPARE: (
        verdict(Cause.NOTHING_TO_COMPARE, Level.NO_LIMIT, baseline=NO_DATA, limit=NO_DATA, rule=NO_DATA),
        "21%: no absolute limit is set, and there is nothing to compare it with",
    ),
    Cause.TOO_OLD: (
        verdict(Cause.TOO_OLD, Level.STALE, before=Level.BREACH),
        "the newest sample is too old to act on; it was breach then",
    ),
    Cause.NOT_SCRAPED: (
        verdict(Cause.NOT_SCRAPED, Level.STALE, before=Level.NO_DATA),
        "nobody scrapes it any more; it was no data when last seen",
    ),
}


@pytest.mark.parametrize("cause", list(Cause), ids=lambda cause: cause.name)
def test_every_cause_has_its_sentence(cause: Cause) -> None:
    """Each verdict says in one line what was seen, against what, and what is missing."""
    judged, sentence = SENTENCES[cause]
    assert words.because(judged, ERRORS) == sentence


def test_a_limit_that_the_margin_sets_says_so() -> None:
    """Near zero the percentage is not what decides: the sentence adds up all the same."""
    thin = replace(STABLE, measurement=Counts(2, 1000))
    judged = verdict(Cause.OVER_LIMIT, value=0.078, baseline=thin, limit=0.012)
    said = "7.8% is beyond the limit 1.2% (a margin of 1.0% above 0.2% of stable 2.3.1)"
    assert words.because(judged, ERRORS) == said


@pytest.mark.parametrize("cause", list(Cause), ids=lambda cause: cause.name)
def test_no_sentence_fails_for_what_is_missing(cause: Cause) -> None:
    """A verdict of which only the cause is known still has a sentence, in plain characters."""
    sentence = words.because(Verdict(Level.NO_DATA, cause), ERRORS)
    assert sentence
    assert sentence.isascii()
    assert not sentence.endswith(".")


def test_too_few_samples_of_the_baseline_are_told_as_such() -> None:
    """When this version has enough and the other has not, the sentence names the other."""
    thin = replace(STABLE, measurement=Counts(0, 20))
    judged = verdict(Cause.TOO_FEW_SAMPLES, Level.NO_DATA, baseline=thin)
    assert words.because(judged, ERRORS) == "the baseline 2.3.1 has 20 of the 100 samples needed"


@pytest.mark.parametrize("kind", list(BaselineKind))
def test_the_baseline_is_always_named(kind: BaselineKind) -> None:
    """Which version, and from when, stands beside every figure that something is compared with."""
    said = words.baseline_words(replace(STABLE, kind=kind), ERRORS.unit)
    assert said.startswith("1.0% ")
    assert kind is BaselineKind.EXPECTED_SHARE or f"{kind} 2.3.1" in said


def test_the_way_back_says_why_it_is_trusted() -> None:
    """A version to go back to comes with its evidence, or with the lack of it."""
    seen = KnownGood(version_id("1"), START, START, 1860.0, False)
    recorded = replace(seen, by_controller=True)
    now, later = START, Instant(START + 7200)
    assert words.known_good_words(seen, now) == "served 31m within all limits as seen here, and serves now"
    assert words.known_good_words(seen, later) == "served 31m within all limits as seen here, until 2h ago"
    assert words.known_good_words(recorded, now) == "the controller records that it passed its gates, serves now"
    assert "no version has been seen" in words.known_good_words(UNKNOWN, now)


SOURCE = SourceState(source_name("prom"), SourceKind.METRICS, SafeText("prometheus"), 15.0)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (SOURCE, ("prom connecting", Tone.UNKNOWN)),
        (replace(SOURCE, answered_at=Instant(START - 4)), ("prom 4s", Tone.MUTED)),
        (replace(SOURCE, answered_at=START, warnings=(SafeText("partial"),)), ("prom 0s", Tone.WARN)),
        (replace(SOURCE, error=SafeText("refused")), ("prom DOWN", Tone.BREACH)),
        (
            replace(SOURCE, answered_at=Instant(START - 192), error=SafeText("refused")),
            ("prom DOWN 3m12s", Tone.BREACH),
        ),
    ],
)
def test_a_source_says_how_old_its_answer_is(state: SourceState, said: tuple[str, Tone]) -> None:
    """Row 1 names each source with the age of its last answer, loudly when it is not fresh."""
    assert words.source_words(state, START) == said


def test_a_late_source_is_stale_in_words() -> None:
    """A source that missed its turns says STALE, whatever the colours."""
    said, tone = words.source_words(replace(SOURCE, answered_at=Instant(START - 60)), START)
    assert said == "prom STALE 1m00s"
    assert tone is not Tone.MUTED


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_every_event_has_its_words(kind: ChangeKind) -> None:
    """Each line of the tail says what is now and what was before."""
    before, after = ("OK", "NO_DATA") if kind is ChangeKind.LEVEL else ("1", "2")
    said = words.change_words(Change(START, kind, SafeText(before), SafeText(after)))
    if kind is ChangeKind.LEVEL:
        assert said == "no data (was ok)"
    else:
        assert "2" in said
        assert "(was 1)" in said


def test_every_level_has_a_word_and_a_tone() -> None:
    """No level is told by colour alone, and none but ok is drawn like ok."""
    assert set(words.LEVEL_WORDS) == set(words.LEVEL_TONES) == set(Level)
    assert len(set(words.LEVEL_WORDS.values())) == len(Level)
    assert [level for level, tone in words.LEVEL_TONES.items() if tone is Tone.OK] == [Level.OK]
