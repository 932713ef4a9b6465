"""Each mistake is answered with its place, what was found, what was expected, and the likely word."""

from __future__ import annotations

import pytest

from modeltui.config.load import check_text
from modeltui.config.problems import CORRECT_AND_CHECK, InvalidConfigError

HEAD = "modeltui: 1\ncontexts:\n  c:\n    sources: {r: {kind: mlflow}}\n"


def mistakes(text: str) -> list[str]:
    """Return the lines with which `text` is refused."""
    with pytest.raises(InvalidConfigError) as caught:
        check_text(text, "m.yaml")
    assert caught.value.exit_code == 2
    return caught.value.title.splitlines()


def in_context(line: str) -> str:
    """Return a configuration whose context has one more line: its fifth."""
    return f"{HEAD}    {line}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("contexts: {}\n", "m.yaml:1:1: modeltui: missing; write 'modeltui: 1' in the first line"),
        ("modeltui: 2\n", "m.yaml:1:11: modeltui: this program reads format 1, found '2'"),
        ("modeltui: 1\n", "m.yaml:1:1: contexts: missing; expected keys and values"),
        ("modeltui: 1\ncontexts:\n", "m.yaml:2:10: contexts: expected keys and values, found nothing"),
        ("modeltui: 1\ncontexts: {}\n", "m.yaml:2:1: contexts: at least one context is needed"),
        ("modeltui: 1\ncontexts: [c]\n", "m.yaml:2:11: contexts: expected keys and values, found a list"),
        (
            "modeltui: 1\ncontexts: {c: x}\n",
            "m.yaml:2:15: contexts.c: expected keys such as production, simulated, mode, found 'x'",
        ),
        (
            "modeltui: 1\ncontexts: {a b: {sources: {r: {kind: x}}}}\n",
            (
                "m.yaml:2:12: contexts.a b: expected a name of letters, digits, '.', '_' and '-', at most 63 of them, "
                "found 'a b'"
            ),
        ),
        ("modeltui: 1\ncontexts: {c: {}}\n", "m.yaml:2:15: contexts.c.sources: missing; expected keys and values"),
        (
            "modeltui: 1\ncontexts: {c: {sources: {}}}\n",
            "m.yaml:2:16: contexts.c.sources: at least one source is needed",
        ),
        (
            "modeltui: 1\ncontexts: {c: {sources: {r: mlflow}}}\n",
            "m.yaml:2:29: contexts.c.sources.r: expected keys such as kind and url, found 'mlflow'",
        ),
        (
            "modeltui: 1\ncontexts: {c: {sources: {r: {url: x}}}}\n",
            "m.yaml:2:29: contexts.c.sources.r.kind: missing; expected the kind of source, such as mlflow",
        ),
        (
            "modeltui: 1\ncontexts: {c: {sources: {r: {kind: x, poll_seconds: 0.1}}}}\n",
            "m.yaml:2:53: contexts.c.sources.r.poll_seconds: expected at least 1, found '0.1'",
        ),
        (
            f"default_context: d\n{HEAD}",
            "m.yaml:1:18: default_context: there is no context 'd'",
        ),
        (
            in_context("mod: read-only"),
            "m.yaml:5:5: contexts.c.mod: unknown key 'mod'; did you mean 'mode'?",
        ),
        (
            in_context("mode: readonly"),
            (
                "m.yaml:5:11: contexts.c.mode: expected 'read-only', 'writes-off' or 'writes-on', found 'readonly'; "
                "did you mean 'read-only'?"
            ),
        ),
        (
            in_context("production: yes"),
            "m.yaml:5:17: contexts.c.production: expected true or false, found 'yes'",
        ),
        (
            in_context("max_age_seconds: soon"),
            (
                "m.yaml:5:22: contexts.c.max_age_seconds: expected a duration such as 30, '30s', '5m' or '1h30m', "
                "found 'soon'"
            ),
        ),
        (
            in_context("max_age_seconds: 15%"),
            (
                "m.yaml:5:22: contexts.c.max_age_seconds: expected a duration such as 30, '30s', '5m' or '1h30m', "
                "found '15%'"
            ),
        ),
        (in_context("max_age_seconds: -5"), "m.yaml:5:22: contexts.c.max_age_seconds: expected at least 0, found '-5'"),
        (in_context("proven_share: 150%"), "m.yaml:5:19: contexts.c.proven_share: expected at most 1, found '150%'"),
        (
            in_context("models: {include: fraud}"),
            "m.yaml:5:23: contexts.c.models.include: expected a list such as [a, b], found 'fraud'",
        ),
        (
            in_context("pointers: {champion: {role: stable}}"),
            (
                "m.yaml:5:26: contexts.c.pointers.champion.environment: missing; expected a name of letters, digits, "
                "'.', '_' and '-', at most 63 of them"
            ),
        ),
        (
            in_context("pointers: {champion: {environment: p, role: champ}}"),
            (
                "m.yaml:5:49: contexts.c.pointers.champion.role: expected 'stable', 'candidate', 'shadow' or "
                "'unassigned', found 'champ'"
            ),
        ),
        (
            in_context("pointers: {champion: {environment: prd}}\n    environments: {prod: {}}"),
            "m.yaml:5:40: contexts.c.pointers.champion.environment: not in environments: 'prd'; did you mean 'prod'?",
        ),
        (
            in_context("signals: {error_rat: {}}"),
            (
                "m.yaml:5:26: contexts.c.signals.error_rat: a signal of your own needs title, unit, direction; "
                "did you mean 'error_rate'?"
            ),
        ),
        (
            in_context("signals: {error_rate: {unit: seconds}}"),
            (
                "m.yaml:5:34: contexts.c.signals.error_rate.unit: the unit of error_rate is ratio; "
                "give a signal of your own another name"
            ),
        ),
        (
            in_context("signals: {error_rate: {title: ERRORS}}"),
            "m.yaml:5:35: contexts.c.signals.error_rate.title: expected at most 5 characters, found 6",
        ),
        (
            in_context("limits: [{match: '*', signal: latency_p59, above: 1}]"),
            "m.yaml:5:35: contexts.c.limits[0].signal: there is no signal 'latency_p59'; did you mean 'latency_p95'?",
        ),
        (
            in_context("limits: [{match: '*', signal: latency_p95, above: -5s}]"),
            "m.yaml:5:55: contexts.c.limits[0].above: a signal in seconds is never below 0, found '-5s'",
        ),
        (
            in_context("limits: [{match: '*', signal: drift}]"),
            "m.yaml:5:14: contexts.c.limits[0]: exactly one of change, above and below is needed, found none",
        ),
        (
            f"{HEAD}ui: {{theme: [x]}}\n",
            (
                "m.yaml:5:13: ui.theme: expected a name of letters, digits, '.', '_' and '-', "
                "at most 63 of them, found a list"
            ),
        ),
        (f"{HEAD}ui: {{colour: never}}\n", "m.yaml:5:6: ui.colour: unknown key 'colour'; did you mean 'color'?"),
        (
            f"{HEAD}ui: {{mouse: true}}\n",
            "m.yaml:5:6: ui.mouse: unknown key 'mouse'; known here: theme, ascii, color",
        ),
    ],
)
def test_one_mistake_one_line(text: str, says: str) -> None:
    """Each kind of mistake is explained where it stands."""
    assert mistakes(text) == [says]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("change: '100%'", "58: {}.change: expected a signed percentage such as '-15%' or '+100%', found '100%'"),
        ("change: +1", "58: {}.change: expected a signed percentage such as '-15%' or '+100%', found '+1'"),
        (
            "change: -15%",
            "58: {}.change: '-15%' would alarm when it gets better: the signal is higher-is-worse",
        ),
        ("below: 1%", "57: {}.below: '1%' would alarm when it gets better: the signal is higher-is-worse"),
        ("above: 20", "57: {}.above: a ratio is between 0 and 1, found '20'; did you mean '20%'?"),
        (
            "above: 200ms",
            "57: {}.above: the signal is in ratio: expected a plain number or one in %, found '200ms'",
        ),
        (
            "change: +100%, margin: 20ms",
            "73: {}.margin: the signal is in ratio: expected a plain number or one in pp, found '20ms'",
        ),
        (
            "change: +100%, margin: 1%",
            "73: {}.margin: expected a distance such as 0.01, '1pp' (percentage points) or '20ms', found '1%'",
        ),
        ("above: 20%, margin: 1pp", "62: {}.margin: only a rule with 'change' has a margin"),
        (
            "above: 20%, change: +5%",
            "36: {}: exactly one of change, above and below is needed, found change and above",
        ),
        ("above: 20%, clear: 0", "69: {}.clear: expected more than 0, found '0'"),
        ("above: 20%, min_samples: 1.5", "75: {}.min_samples: expected a whole number, found '1.5'"),
        ("above: 20%, severity: critical", "72: {}.severity: expected 'warn' or 'breach', found 'critical'"),
        ("above: 20%, for: 30s", "62: {}.for: unknown key 'for'; did you mean 'for_seconds'?"),
        ("above: nan", "57: {}.above: expected a value of the signal such as 0.2, '20%' or '250ms', found 'nan'"),
        ("above: 1e999", "57: {}.above: expected a value of the signal such as 0.2, '20%' or '250ms', found '1e999'"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rule: str, says: str) -> None:
    """A rule in the wrong unit or direction is found before the night it is needed."""
    text = in_context(f"signals: {{error_rate: {{rules: [{{name: spike, {rule}}}]}}}}")
    path = "contexts.c.signals.error_rate.rules[0]"
    assert mistakes(text) == [f"m.yaml:5:{says.format(path)}"]


def test_rules_of_one_signal_have_different_names() -> None:
    """The journal must be able to say which rule fired."""
    text = in_context("signals: {drift: {rules: [{name: a, above: 1}, {name: a, above: 2}]}}")
    assert mistakes(text) == [
        "m.yaml:5:59: contexts.c.signals.drift.rules[1].name: another rule is called 'a'; keep names apart"
    ]


@pytest.mark.parametrize(
    "line",
    [
        "password: hunter2",
        "auth: {token: abcdef}",
        "headers: {Authorization: 'Bearer abcdef'}",
        "headers: {X-Api-Key: 0a1b2c3d4e5f6g}",
        "client_secret: s",
        "auth: {bearer: abcdef}",
        "token: [abcdef]",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(line: str) -> None:
    """A token that was pasted into the file is neither used nor shown again."""
    [says] = mistakes(f"modeltui: 1\ncontexts:\n  c:\n    sources: {{r: {{kind: mlflow, {line}}}}}\n")
    assert "a secret must not be written here; write where it is: 'env:NAME'" in says
    for secret in ("hunter2", "abcdef", "0a1b2c3d4e5f6g"):
        assert secret not in says


def test_a_password_in_a_url_is_refused_and_not_repeated() -> None:
    """`https://user:password@host` is a secret too."""
    [says] = mistakes("modeltui: 1\ncontexts: {c: {sources: {r: {kind: mlflow, url: 'https://me:hunter2@host'}}}}\n")
    assert says == ("m.yaml:2:49: contexts.c.sources.r.url: a URL must not hold a user name or password; use 'auth:'")


@pytest.mark.parametrize("line", ["key: region", "key: 12", "partition_key: merchant", "client_key: /etc/ssl/k.pem"])
def test_what_only_sounds_like_a_secret_is_accepted(line: str) -> None:
    """`key: region` is a name, and a path to a key is no key."""
    check_text(f"modeltui: 1\ncontexts: {{c: {{sources: {{r: {{kind: x, {line}}}}}}}}}\n", "m.yaml")


def test_all_mistakes_are_reported_together_in_the_order_of_the_file() -> None:
    """A file is corrected once, not once per mistake; contradictions are found beside typing errors."""
    text = (
        "modeltui: 1\ndefault_context: prod\ncontexts:\n  production:\n    mode: off\n    sources: {r: {kind: x}}\n"
        "    limits: [{match: '*', signal: nothing, above: 1}]\n    pointer: {}\n"
    )
    assert mistakes(text) == [
        "m.yaml:2:18: default_context: there is no context 'prod'; did you mean 'production'?",
        "m.yaml:5:11: contexts.production.mode: expected 'read-only', 'writes-off' or 'writes-on', found 'off'",
        (
            "m.yaml:7:35: contexts.production.limits[0].signal: there is no signal 'nothing'; known here: error_rate, "
            "latency_p95, throughput, confidence, drift, business"
        ),
        "m.yaml:8:5: contexts.production.pointer: unknown key 'pointer'; did you mean 'pointers'?",
    ]


def test_after_twenty_mistakes_the_rest_is_counted() -> None:
    """A file of another program does not fill the screen."""
    lines = mistakes(HEAD + "".join(f"nonsense_{n}: 1\n" for n in range(30)))
    assert len(lines) == 21
    assert lines[-1] == "… and 10 more"


def test_the_remedy_names_the_next_command() -> None:
    """Whoever corrects the file learns how to check it."""
    with pytest.raises(InvalidConfigError) as caught:
        check_text("modeltui: 1\n", "m.yaml")
    assert caught.value.remedy == CORRECT_AND_CHECK
    assert "modeltui config check" in CORRECT_AND_CHECK


def test_hostile_text_in_an_error_is_harmless() -> None:
    """A value of ten thousand characters, or with marks that reorder text, cannot spoil the error."""
    [says] = mistakes(in_context(f"mode: '{'x' * 10_000}'"))
    assert len(says) < 200
