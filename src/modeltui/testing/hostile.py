"""Texts as an attacker, or an accident, would put them into a model name, a tag or a label."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ESC: Final = "\x1b"
_BEL: Final = "\x07"

_TERMINAL: Final = {
    "OSC 52 writes the clipboard": f"{_ESC}]52;c;cm0gLXJmIC8={_BEL}",
    "OSC 52 ended by ST": f"{_ESC}]52;c;cm0gLXJmIC8={_ESC}\\",
    "OSC 8 makes a link": f"{_ESC}]8;;https://evil.example/{_ESC}\\v4.2.1{_ESC}]8;;{_ESC}\\",
    "OSC 0 sets the title": f"{_ESC}]0;owned{_BEL}",
    "OSC without an end swallows the frame": f"v4{_ESC}]0;",
    "CSI clears the screen": f"{_ESC}[2J{_ESC}[H",
    "CSI moves the cursor up": f"v4{_ESC}[10Ahealthy",
    "CSI colours": f"{_ESC}[32mok{_ESC}[0m",
    "CSI 6n makes the terminal type": f"{_ESC}[6n",
    "CSI switches the screen": f"{_ESC}[?1049l",
    "DCS to tmux": f"{_ESC}Ptmux;{_ESC}{_ESC}]52;c;eA=={_BEL}{_ESC}\\",
    "APC": f"{_ESC}_payload{_ESC}\\",
    "ESC c resets": f"{_ESC}c",
    "8-bit CSI": "\x9b31mred\x9b0m",
    "8-bit OSC": "\x9d52;c;eA==\x9c",
    "bell, backspace, delete": "v4\x07\x08\x08v5\x7f",
    "NUL": "fraud\x00detector",
    "carriage return overwrites": "v4 broken\rv4 healthy",
    "line breaks": "first\nsecond\r\nthird\x0b\x0cfourth\u2028fifth\u2029sixth\x85seventh",
    "tabs": "a\tb\t\tc",
    "shift out": "\x0elqqk\x0f",
}

_MARKUP: Final = {
    "closing tag": "fraud [/] v2",
    "closing a tag never opened": "a[/bold]",
    "style": "[bold red]PROMOTED[/]",
    "action link": "[@click=app.quit]v2[/]",
    "action link without an end": "[@click=app.quit]",
    "web link": "[link=https://evil.example]x[/link]",
    "nested brackets": "[type=x, v={'a[0]'}]",
    "open bracket": "v[",
    "escaped bracket": "v\\[bold]",
    "emoji code": ":skull: v2",
    "html": "<script>alert(1)</script>",
    "markdown": "[click](javascript:alert(1)) `|` **x**",
    "format string": "{0.__class__} %s %(x)n ${HOME} $(id) `id`",
    "path": "../../../etc/passwd",
    "filter": "x' OR '1'='1",
    "PromQL": 'x"} or vector(1) # ',
}

_UNICODE: Final = {
    "nothing but blanks": "   ",
    "blanks that do not break, and wide ones": "\u00a0\u3000\u2003",
    "a pattern without a dot": "\u2800\u2800",
    "right-to-left override": "v4\u202e1.2.5\u202c",
    "isolates": "\u2066v4\u2069\u2067v5\u2069",
    "direction marks": "v4\u200e\u200f\u061c",
    "zero width": "fra\u200bud\u200c-\u200ddet\u2060ector\ufeff",
    "zalgo": "v" + "\u0301\u0316\u0489" * 60 + "4",
    "only combining marks": "\u0301" * 50,
    "lone high surrogate": "v4\ud800",
    "lone low surrogate": "\udc00v4",
    "tags": "v4\U000e0041\U000e0042\U000e007f",
    "variation selectors": "v4\ufe0f\U000e0100",
    "private use and unassigned": "v4\ue000\U0010fffd\u0378\uffff",
    "family emoji": "👨‍👩‍👧‍👦",
    "flag and skin tone": "🇭🇰👍🏽",
    "wide": "模型版本四",
    "full width": "ｖ４．２．１",
    "half width": "ﾓﾃﾞﾙ",
    "Arabic": "نموذج ٤",
    "look-alike letters": "сredit_scoring",
    "soft hyphen": "credit\u00adscoring",
    "Hangul filler": "v4\u3164\u115f",
    "Braille blank": "\u2800\u2800",
}

_SHAPE: Final = {
    "empty": "",
    "blank": "   ",
    "10 000 characters": "x" * 10_000,
    "10 000 wide characters": "模" * 10_000,
    "10 000 combining marks": "x" + "\u0301" * 10_000,
    "formula with =": '=HYPERLINK("https://evil.example")',
    "formula with +": "+1+cmd|' /C calc'!A0",
    "formula with -": "-2+3",
    "formula with @": "@SUM(1+1)",
    "formula after a tab": "\t=1+1",
    "mention": "<!here> @channel",
    "looks like no value": "null",
    "looks like a number": "1e999",
    "not a number": "NaN",
    "minus zero": "-0.0",
    "quotes": "\"'`\\",
    "newline in JSON": '{"a":\n1}',
}

HOSTILE_TEXTS: Final[Mapping[str, str]] = MappingProxyType({**_TERMINAL, **_MARKUP, **_UNICODE, **_SHAPE})
"""What each text does, and the text. Whatever is shown, logged or exported has to survive every one of them."""
