"""Did it take? Three questions (control, serving, health), three answers each, and the one word they come to.

'Cannot tell' is never as good as yes and never as bad as no. A measurement from before the write says nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from modeltui.domain.acting.action import Desired, Weights
from modeltui.domain.acting.desired import desired_of, is_as_desired, share_of, weights_of, weights_text
from modeltui.domain.acting.outcome import Outcome
from modeltui.domain.fleet import Cell, ServedVersion, Target
from modeltui.domain.health import Level
from modeltui.domain.journal.details import StepResult
from modeltui.domain.names import Instant, Missing, SignalName, Unknown, VersionId
from modeltui.domain.policy import Policy
from modeltui.domain.rollout import Rollout
from modeltui.domain.text import SafeText, safe_text
from modeltui.domain.traffic import RATE

WHOLE_SHARE = 0.99
"""Of the observed requests: the last hundredth are stragglers and rounding."""
SPLIT_MARGIN = 0.05
"""A share that is seen may be this far from the one that is wanted."""
_SLOW_SECONDS = 300.0
"""A signal whose samples live longer (an hourly drift job) cannot say anything soon; nobody waits for it."""


class Answer(Enum):
    """What can be said."""

    YES = "yes"
    NOT_YET = "not yet"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer, with what was seen."""

    answer: Answer
    says: SafeText

    @property
    def is_yes(self) -> bool:
        """Tell whether it is a yes."""
        return self.answer is Answer.YES


NOT_LOOKED = Judgement(Answer.CANNOT_TELL, SafeText("nobody looked"))


@dataclass(frozen=True, slots=True)
class Before:
    """How the target was when the operator decided."""

    causes: frozenset[SignalName] = frozenset()
    """Signals in breach, or on the way to it, on a version that loses traffic: why somebody acts."""
    warned: Mapping[VersionId, frozenset[SignalName]] = field(default_factory=dict)
    """Signals at warn by a rule that only ever warns: what this action did not bring."""
    unmeasured: frozenset[SignalName] = frozenset()
    """Signals that nobody could judge on any version: waiting for them would be in vain."""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was seen of an action."""

    planned: int
    """Steps of the plan."""
    results: tuple[StepResult, ...]
    """What became of each step that was tried, in order."""
    says: SafeText = SafeText("")
    """Of the last step that did not take, or of what stopped the rest."""
    control: Judgement = NOT_LOOKED
    was_in_control: bool = False
    """The controller has read as planned at least once."""
    is_as_before: bool = False
    """The controller reads exactly as before the first step."""
    serving: Judgement = NOT_LOOKED
    health: Judgement = NOT_LOOKED
    in_force: SafeText = SafeText("")
    """How the controller reads now, in words; empty where it cannot be read."""
    has_served: bool = False
    """The planned versions were seen answering at least once."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """How it ended, why, and what to do next."""

    outcome: Outcome
    because: SafeText
    remedy: SafeText = SafeText("")


def control(desired: Desired, rollout: Rollout | Unknown) -> Judgement:
    """Return whether the controller, or the pointer, reads as planned."""
    told = desired_of(rollout)
    if isinstance(told, Missing):
        return Judgement(Answer.CANNOT_TELL, SafeText("nothing says who should serve"))
    if is_as_desired(rollout, desired):
        return Judgement(Answer.YES, safe_text(f"the controller has {state_text(desired)}"))
    return Judgement(Answer.NOT_YET, safe_text(f"the controller has {state_text(told)}"))


def serving(desired: Desired, target: Target | Unknown, since: Instant) -> Judgement:
    """Return whether the planned versions answer the requests, by samples from after `since` alone.

    One version needs `WHOLE_SHARE` of the requests, several each their share within `SPLIT_MARGIN`. A version whose
    newest sample is older than the write might still serve: then it is not yet known.
    """
    if isinstance(target, Missing) or not target.is_serving_observed:
        return Judgement(Answer.CANNOT_TELL, SafeText("no metrics say which version answers"))
    late = [served.version for served in target.versions if _is_late(served, desired, since)]
    observed = observed_shares(target, since)
    if late:
        others = f"; of the others requests go to {weights_text(observed)}" if observed else ""
        says = safe_text(f"no measurement of {', '.join(late)} since the write{others}")
        return Judgement(Answer.NOT_YET if observed else Answer.CANNOT_TELL, says)
    if not observed:
        return Judgement(Answer.CANNOT_TELL, SafeText("no requests were seen since the write"))
    wanted = [(version, share) for version, share in desired.weights if share > 0.0] or [(desired.stable, 1.0)]
    if len(wanted) == 1:
        is_there = share_of(observed, wanted[0][0]) >= WHOLE_SHARE
    else:
        versions = {version for version, _ in (*wanted, *observed)}
        shares = dict(wanted)
        is_there = all(
            abs(share_of(observed, version) - shares.get(version, 0.0)) <= SPLIT_MARGIN for version in versions
        )
    window_seconds = serving_window(target)
    # The share is one of a whole window, which for a while reaches back before the write.
    over = f"of the requests of the last {window_seconds:.0f} s: " if window_seconds else "of the requests: "
    return Judgement(Answer.YES if is_there else Answer.NOT_YET, safe_text(f"{over}{weights_text(observed)}"))


def observed_shares(target: Target | Unknown, since: Instant) -> Weights:
    """Return who answers which share of the requests, by samples from after `since`; empty where nobody can say."""
    if isinstance(target, Missing):
        return ()
    counted = [(served.version, served.observed) for served in target.versions if _counts(served, since)]
    return weights_of({version: share for version, share in counted if not isinstance(share, Missing)})


def health(desired: Desired, target: Target | Unknown, before: Before, since: Instant, policy: Policy) -> Judgement:
    """Return whether the versions that should serve are judged and well, by samples from after `since` alone.

    The signals that caused the action must be judged on each of them. A warning from before the action does not count
    against it.
    """
    if isinstance(target, Missing):
        return Judgement(Answer.CANNOT_TELL, SafeText("no signals are measured"))
    waits: list[str] = []
    bad: list[str] = []
    wanted = [version for version, share in desired.weights if share > 0.0] or [desired.stable]
    for version in wanted:
        served = target.version(version)
        if isinstance(served, Missing) or not served.cells:
            waits.append(f"{version} is not measured")
            continue
        found = dict(_findings(served, before, since, policy))
        bad += [f"{name} of {version} is at {level.name.lower()}" for name, level in found.items() if level in _BAD]
        waits += [f"{name} of {version}" for name, level in found.items() if level in _UNJUDGED]
        waits += [f"{name} of {version}" for name in sorted(before.causes - found.keys())]
        if Level.OK not in found.values():
            waits.append(f"a judged signal of {version}")
    if bad:
        return Judgement(Answer.NOT_YET, safe_text("; ".join(bad)))
    if not any(served.cells for served in target.versions):
        return Judgement(Answer.CANNOT_TELL, SafeText("no signals are measured"))
    if waits:
        return Judgement(Answer.NOT_YET, safe_text(f"waiting for {', '.join(dict.fromkeys(waits))}"))
    return Judgement(Answer.YES, safe_text(f"the signals of {', '.join(wanted)} are within their limits"))


def before_acting(target: Target | Unknown, leaving: Weights, to: Desired) -> Before:
    """Return how the target is now, for comparison afterwards."""
    if isinstance(target, Missing):
        return Before()
    cells = {served.version: served.cells for served in target.versions}
    losing = {version for version, share in leaving if share_of(to.weights, version) < share}
    losing = losing or cells.keys() - {version for version, _ in to.weights}
    names = {name for signals in cells.values() for name in signals}
    return Before(
        frozenset(name for version in losing for name, cell in cells.get(version, {}).items() if _harms(cell)),
        {
            version: frozenset(n for n, cell in signals.items() if _only_warns(cell))
            for version, signals in cells.items()
        },
        frozenset(
            name
            for name in names
            if all(name not in signals or signals[name].verdict.level in _UNJUDGED for signals in cells.values())
        ),
    )


def serving_window(target: Target | Unknown) -> float:
    """Return the seconds that an observed share looks back over; 0 where nobody observes it."""
    if isinstance(target, Missing):
        return 0.0
    windows = [served.cells[RATE].sample.window_seconds for served in target.versions if RATE in served.cells]
    return max(windows, default=0.0)


def state_text(desired: Desired) -> SafeText:
    """Return who gets what in words: `100 % 4.2.1`, or only the names where no shares are told."""
    if desired.weights:
        return weights_text(desired.weights)
    if isinstance(desired.candidate, Missing):
        return SafeText(desired.stable)
    return safe_text(f"stable {desired.stable}, candidate {desired.candidate}")


def conclude(seen: Seen) -> Conclusion:
    """Return the one word for all that was seen. What may have happened is never called failed."""
    took = sum(result.took for result in seen.results)
    last = seen.results[-1] if seen.results else None
    if last is StepResult.UNKNOWN:
        return _unknown(f"step {len(seen.results)} of {seen.planned} was sent and its answer is lost: {seen.says}")
    if took == 0:
        return _nothing_took(last, seen.says)
    if took < seen.planned:
        because = f"{took} of {seen.planned} steps took, then: {seen.says}"
        return Conclusion(Outcome.PARTIAL, _with_state(because, seen), SafeText("look at the target, then plan again"))
    if seen.control.answer is not Answer.YES:
        return _not_in_control(seen)
    if seen.serving.answer is Answer.CANNOT_TELL:
        because = f"accepted, serving not observable: {seen.serving.says}"
        return Conclusion(Outcome.PARTIAL, safe_text(because), SafeText("look at the serving system itself"))
    if not seen.serving.is_yes:
        how = "it served, and stopped serving" if seen.has_served else "accepted, and not serving in time"
        because = f"{how}: {seen.serving.says}"
        return Conclusion(Outcome.PARTIAL, safe_text(because), SafeText("look at what runs the model: it was told"))
    if not seen.health.is_yes:
        because = f"it serves, and is not known to be well: {seen.health.says}"
        return Conclusion(Outcome.PARTIAL, safe_text(because), SafeText("watch the signals; consider another version"))
    return Conclusion(Outcome.VERIFIED, safe_text(f"{seen.serving.says}; {seen.health.says}"))


_BAD = frozenset({Level.WARN, Level.BREACH})
_UNJUDGED = frozenset({Level.NO_DATA, Level.STALE})


def _nothing_took(last: StepResult | None, says: SafeText) -> Conclusion:
    if last is None:
        return Conclusion(Outcome.REFUSED, says or SafeText("nothing was sent"), SafeText("plan again"))
    if last is StepResult.CONFLICT:
        because = f"it moved in the moment of writing, and nothing was written: {says}"
        return Conclusion(Outcome.REFUSED, safe_text(because), SafeText("look at what moved, then plan again"))
    if last is StepResult.NOT_SENT:
        return Conclusion(Outcome.FAILED, safe_text(f"nothing was written: {says}"), SafeText("plan again"))
    if last is StepResult.NOT_THERE:
        because = f"it reads as before: it never arrived, or was set back since: {says}"
        remedy = "look whether something here sets it back, then plan again"
        return Conclusion(Outcome.FAILED, safe_text(because), SafeText(remedy))
    because = f"the backend said no, and nothing was written: {says}"
    return Conclusion(Outcome.FAILED, safe_text(because), SafeText("remove the cause that it names, then plan again"))


def _not_in_control(seen: Seen) -> Conclusion:
    if seen.is_as_before and seen.was_in_control:
        back = _with_state("accepted, and set back to what was before", seen)
        return Conclusion(Outcome.FAILED, back, SafeText("find what sets it back before you plan again"))
    if seen.is_as_before:
        return _unknown(f"accepted, and the controller still reads as before: {seen.in_force}")
    if seen.control.answer is Answer.NOT_YET:
        changed = _with_state("accepted, and changed again since", seen)
        return Conclusion(Outcome.PARTIAL, changed, SafeText("somebody else is acting here: look at the journal"))
    if seen.serving.is_yes:
        because = f"it serves, and the controller cannot be read: {seen.control.says}"
        return Conclusion(Outcome.PARTIAL, safe_text(because), SafeText("look at the controller itself"))
    return _unknown(f"accepted, and the controller cannot be read since: {seen.control.says}")


def _unknown(because: str) -> Conclusion:
    return Conclusion(Outcome.UNKNOWN, safe_text(because), SafeText("look, do not repeat: it may have happened"))


def _with_state(because: str, seen: Seen) -> SafeText:
    return safe_text(f"{because}; in force: {seen.in_force or 'cannot be read'}")


def _sampled_at(served: ServedVersion) -> Instant | Unknown | None:
    cell = served.cells.get(RATE)
    return None if cell is None else cell.sample.at


def _counts(served: ServedVersion, since: Instant) -> bool:
    at = _sampled_at(served)
    return not isinstance(served.observed, Missing) and isinstance(at, float) and at > since


def _is_late(served: ServedVersion, desired: Desired, since: Instant) -> bool:
    """Tell whether what is known of a version's traffic is from before the write, and it may have traffic."""
    if _counts(served, since):
        return False
    may_serve = not isinstance(served.observed, Missing) and served.observed > 0.0
    return may_serve or share_of(desired.weights, served.version) > 0.0


def _findings(
    served: ServedVersion, before: Before, since: Instant, policy: Policy
) -> Iterator[tuple[SignalName, Level]]:
    """Yield what each signal says now; no data for one that has not been measured since the write."""
    slow = {signal.name for signal in policy.signals if signal.max_age_seconds > _SLOW_SECONDS}
    warned = before.warned.get(served.version, frozenset())
    for name, cell in served.cells.items():
        level = cell.verdict.level if _is_newer(cell, since) else Level.NO_DATA
        is_cause = name in before.causes
        if level in _UNJUDGED and not is_cause and (name in slow or name in before.unmeasured):
            continue
        if level is Level.WARN and name in warned and _only_warns(cell) and not is_cause:
            continue
        yield name, level


def _harms(cell: Cell) -> bool:
    """Tell whether a signal is in breach or, for all that somebody who looks for the first time sees, becomes so."""
    return cell.verdict.level is Level.BREACH or (cell.verdict.level is Level.WARN and not _only_warns(cell))


def _only_warns(cell: Cell) -> bool:
    """Tell whether a signal is at warn by a rule that can do no more: not one that is about to be a breach."""
    rule = cell.verdict.rule
    return cell.verdict.level is Level.WARN and not isinstance(rule, Missing) and rule.severity is Level.WARN


def _is_newer(cell: Cell, since: Instant) -> bool:
    at = cell.sample.at
    return not isinstance(at, Missing) and at > since
