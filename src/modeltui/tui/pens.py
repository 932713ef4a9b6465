"""How cells look, and the shortest way from one look to another."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from rich.color import ColorSystem
from rich.style import Style

COLOUR_SYSTEMS: Final = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}
_ATTRIBUTES = (
    ("bold", "1"),
    ("dim", "2"),
    ("italic", "3"),
    ("underline", "4"),
    ("blink", "5"),
    ("blink2", "6"),
    ("reverse", "7"),
    ("conceal", "8"),
    ("strike", "9"),
    ("underline2", "21"),
    ("frame", "51"),
    ("encircle", "52"),
    ("overline", "53"),
)


class Pen(NamedTuple):
    """How a cell looks, as SGR parameters; an empty part is the terminal's own."""

    attributes: tuple[str, ...] = ()
    foreground: str = ""
    background: str = ""

    @property
    def parameters(self) -> str:
        """All parameters that set this look on a pen that was reset."""
        return ";".join((*self.attributes, *filter(None, (self.foreground, self.background))))


PLAIN: Final = Pen()


def pen_of(style: Style | None, system: ColorSystem | None) -> Pen:
    """Return how `style` looks on a terminal with these colours; None for none."""
    if style is None:
        return PLAIN
    attributes = tuple(code for name, code in _ATTRIBUTES if getattr(style, name))
    if system is None:
        return _interned(Pen(attributes))
    foreground = background = ""
    if style.color is not None:
        foreground = ";".join(style.color.downgrade(system).get_ansi_codes(foreground=True))
    if style.bgcolor is not None:
        background = ";".join(style.bgcolor.downgrade(system).get_ansi_codes(foreground=False))
    return _interned(Pen(attributes, _own(foreground, "39"), _own(background, "49")))


def _own(codes: str, default: str) -> str:
    return "" if codes == default else codes


_PENS: dict[Pen, Pen] = {}


def _interned(pen: Pen) -> Pen:
    if len(_PENS) > 8192:
        _PENS.clear()
    return _PENS.setdefault(pen, pen)


@lru_cache(maxsize=4096)
def sgr_between(old: Pen | None, new: Pen) -> str:
    """Return the shortest sequence that turns a pen from `old` (None: anything) to `new`."""
    if old == new:
        return ""
    if new == PLAIN:
        return "\x1b[m"
    whole = f"\x1b[0;{new.parameters}m"
    if old is None:
        return whole
    if old == PLAIN:
        return f"\x1b[{new.parameters}m"
    if not set(old.attributes) <= set(new.attributes):
        return whole
    parts = [attribute for attribute in new.attributes if attribute not in old.attributes]
    if old.foreground != new.foreground:
        parts.append(new.foreground or "39")
    if old.background != new.background:
        parts.append(new.background or "49")
    change = f"\x1b[{';'.join(parts)}m"
    return change if len(change) < len(whole) else whole
