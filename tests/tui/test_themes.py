"""What a theme promises: every tone drawn, readable, and told apart by everybody; and what a bad file is told."""

import math
from itertools import combinations
from pathlib import Path

import pytest
from textual.app import App
from textual.theme import Theme

from modeltui.present.tone import BANNERS, STATES, Tone
from modeltui.tui.theme_file import ANSI_NAMES, INHERIT, Depth, ThemeError, ThemeSpec, ToneStyle, parse_theme
from modeltui.tui.theme_search import DEFAULT_THEME, find_theme, shipped_directory, theme_directories, theme_names
from modeltui.tui.themes import MONOCHROME, textual_theme, tone_styles, tone_variable_defaults
from modeltui.tui.widgets.lines import StyledLines

SHIPPED = ("modeltui-dark", "modeltui-light", "ansi-16", "colour-blind", "high-contrast", "monochrome")
THEMES = {name: find_theme(name, [shipped_directory()]) for name in SHIPPED}
RGB_THEMES = [theme for theme in THEMES.values() if theme.depth is Depth.RGB]
every_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
every_rgb_theme = pytest.mark.parametrize("theme", RGB_THEMES, ids=lambda theme: theme.name)

Rgb = tuple[float, float, float]

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear light.
COLOUR_VISION: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear(colour: str) -> Rgb:
    """The light of a colour `#rrggbb`."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def contrast(colour: str, background: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    first, second = (
        0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (linear(colour), linear(background))
    )
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def lab(light: Rgb) -> Rgb:
    """CIE L*a*b* under D65."""
    red, green, blue = light
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def difference(one: str, other: str, vision: str) -> float:
    """How far apart two colours are for somebody with this vision (CIE76)."""

    def seen(colour: str) -> Rgb:
        light = linear(colour)
        red, green, blue = (
            min(max(sum(a * b for a, b in zip(row, light, strict=True)), 0.0), 1.0) for row in COLOUR_VISION[vision]
        )
        return lab((red, green, blue))

    return math.dist(seen(one), seen(other))


def drawn(theme: ThemeSpec, tone: Tone, background: str) -> tuple[str, str]:
    """The colour and background that a tone really has on a pane of this background."""
    style = theme.tones[tone]
    colour = theme.palette["foreground"] if style.colour == INHERIT else style.colour
    beneath = background if style.background == INHERIT else style.background
    return (beneath, colour) if style.reverse else (colour, beneath)


def signature(theme: ThemeSpec, tone: Tone) -> str:
    """The colour by which a state is recognised: its background where it has one."""
    style = theme.tones[tone]
    return style.colour if style.background == INHERIT else style.background


def test_the_promised_themes_are_there() -> None:
    """All six themes come with the program and can be listed without reading them."""
    assert theme_names([shipped_directory()]) == SHIPPED
    assert DEFAULT_THEME in SHIPPED
    assert MONOCHROME in SHIPPED


@every_theme
def test_every_tone_is_drawn(theme: ThemeSpec) -> None:
    """No meaning is left without a style, and the cursor looks different with and without the focus."""
    assert set(theme.tones) == set(Tone)
    assert theme.cursor != theme.cursor_blurred


@every_theme
def test_no_state_looks_like_another(theme: ThemeSpec) -> None:
    """In each theme, no data and stale are never drawn like ok, nor any state like another."""
    for one, other in combinations(sorted(STATES), 2):
        assert theme.tones[one] != theme.tones[other], (one, other)


@every_theme
def test_demo_and_production_cannot_be_mistaken(theme: ThemeSpec) -> None:
    """The banners of demo, production and an ordinary context differ, and each is a bar of its own."""
    assert len({theme.tones[tone] for tone in BANNERS}) == len(BANNERS)
    for tone in BANNERS:
        assert theme.tones[tone].background != INHERIT or theme.tones[tone].reverse


@every_rgb_theme
def test_text_is_readable_everywhere(theme: ThemeSpec) -> None:
    """Each tone has a contrast of at least 4.5:1 on every surface and under the cursor; 7:1 in high contrast."""
    surfaces = [theme.palette[name] for name in ("background", "surface", "panel")]
    surfaces += [theme.cursor.background, theme.cursor_blurred.background]
    least = 7.0 if theme.name == "high-contrast" else 4.5
    poor = {
        (tone.value, surface): round(ratio, 2)
        for tone in Tone
        for surface in surfaces
        if (ratio := contrast(*drawn(theme, tone, surface))) < least
    }
    assert poor == {}


@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_states_are_told_apart_with_any_colour_vision(vision: str) -> None:
    """In the colour-blind theme ok, warn and breach are far apart for everybody, and no data is not ok."""
    theme = THEMES["colour-blind"]
    for one, other in combinations((Tone.OK, Tone.WARN, Tone.BREACH), 2):
        assert difference(signature(theme, one), signature(theme, other), vision) >= 25, (one, other)
    assert difference(signature(theme, Tone.OK), signature(theme, Tone.UNKNOWN), vision) >= 15


@every_rgb_theme
@pytest.mark.parametrize("vision", COLOUR_VISION)
def test_a_breach_looks_like_one_in_every_theme(theme: ThemeSpec, vision: str) -> None:
    """Whatever the theme and the operator's eyes, ok, warn and breach differ even before they are read."""
    for one, other in combinations((Tone.OK, Tone.WARN, Tone.BREACH), 2):
        assert difference(signature(theme, one), signature(theme, other), vision) >= 20, (one, other)
    assert difference(signature(theme, Tone.OK), signature(theme, Tone.UNKNOWN), vision) >= 15


def test_sixteen_colours_means_sixteen() -> None:
    """The theme for plain terminals names only colours that the terminal itself defines."""
    theme = THEMES["ansi-16"]
    assert set(theme.palette.values()) <= set(ANSI_NAMES)
    used = {part for style in theme.tones.values() for part in (style.colour, style.background)}
    assert used <= {*ANSI_NAMES, INHERIT}
    assert textual_theme(theme).ansi


def test_monochrome_has_no_colour_at_all() -> None:
    """With NO_COLOR nothing is coloured: no tone, no cursor, and no variable that a style sheet may use."""
    theme = THEMES["monochrome"]
    styles = [*theme.tones.values(), theme.cursor, theme.cursor_blurred]
    assert {(style.colour, style.background) for style in styles} == {(INHERIT, INHERIT)}
    variables = {
        **textual_theme(theme).to_color_system().generate(),
        **textual_theme(theme).variables,
    }
    colours = {value for value in variables.values() if value.startswith(("ansi_", "#"))}
    assert colours == {"ansi_default"}


class ThemedApp(App[None]):
    """Every tone on a line of its own."""

    def __init__(self, first: str) -> None:
        super().__init__()
        for theme in THEMES.values():
            self.register_theme(textual_theme(theme))
        self.theme = first

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Ours, so that any theme can be chosen."""
        return tone_variable_defaults()

    def compose(self) -> list[StyledLines]:
        """Only lines."""
        return [StyledLines([[(tone.value, tone)] for tone in Tone], id="lines")]


@pytest.mark.parametrize("name", SHIPPED)
async def test_a_theme_reaches_the_screen(name: str) -> None:
    """Each theme can be chosen, and what is painted has its colours and no other."""
    app = ThemedApp(name)
    async with app.run_test(size=(40, 24)) as pilot:
        await pilot.pause(0)
        theme = THEMES[name]
        line = list(Tone).index(Tone.BREACH)
        segment = next(iter(app.query_one(StyledLines).render_line(line)))
        assert segment.text == "breach"
        assert segment.style is not None
        if theme.depth is Depth.RGB:
            assert segment.style.color is not None
            assert segment.style.color.name == theme.tones[Tone.BREACH].colour
        elif theme.depth is Depth.NONE:
            painted = [part.style for strip in app.screen._compositor.render_strips() for part in strip if part.style]
            colours = {
                colour.name for style in painted for colour in (style.color, style.bgcolor) if colour is not None
            }
            assert colours <= {"default"}
            assert segment.style.bold
            assert segment.style.reverse


async def test_what_is_painted_follows_a_change_of_theme() -> None:
    """Choosing another theme repaints what is on the screen in the new colours at once."""
    app = ThemedApp("modeltui-dark")
    async with app.run_test(size=(40, 24)) as pilot:
        lines = app.query_one(StyledLines)
        line = list(Tone).index(Tone.OK)
        before = next(iter(lines.render_line(line))).style
        app.theme = "modeltui-light"
        await pilot.pause(0)
        after = next(iter(lines.render_line(line))).style
        assert before is not None
        assert after is not None
        assert after.color != before.color
        assert after.bgcolor != before.bgcolor


async def test_a_foreign_theme_still_shows_every_tone() -> None:
    """Under a theme that is not ours the tones are drawn by weight and underline, without wrong colours."""
    app = ThemedApp("modeltui-dark")
    app.register_theme(Theme(name="foreign", primary="#ff0000"))
    async with app.run_test(size=(40, 24)) as pilot:
        app.theme = "foreign"
        await pilot.pause(0)
        assert tone_styles(app).style(Tone.BREACH).color is None  # type: ignore[arg-type]


GOOD = (shipped_directory() / "modeltui-dark.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "title", "remedy"),
    [
        ("breach:", "braech:", "tones.braech: unknown key", "Did you mean 'breach'?"),
        ("depth: rgb ", "depth: rbg ", "depth: 'rbg' is not known", "Did you mean 'rgb'?"),
        ('"#62d9c0"', "green", "tones.ok.colour: 'green' is no colour here", "#rrggbb"),
        ('"#62d9c0"', '"#7fd08"', "tones.ok.colour: '#7fd08' is no colour here", "#rrggbb"),
        ("bold: true}", "bold: yes}", "tones.strong.bold: 'yes' is neither", "true or false"),
        ("  warn: {", "  ok: {", "tones.ok: written twice", "each key once"),
        ("dark: true", "dark: [true]", "dark: not a single value", "one word"),
        ("title: Dark", "title: &a Dark\ncursor: {colour: *a}", "cursor.colour: YAML aliases are refused", "itself"),
    ],
)
def test_a_wrong_theme_is_told_where_and_what(old: str, new: str, title: str, remedy: str) -> None:
    """A mistake in a theme file is answered with file, line, key, what was expected, and what was perhaps meant."""
    line = GOOD[: GOOD.index(old)].count("\n") + 1
    written = GOOD.replace(old, new, 1)
    if "*a" in new:
        written = written.replace("cursor: {background", "cursor-blurred: {background", 1).rsplit("\n", 2)[0]
    with pytest.raises(ThemeError) as caught:
        parse_theme(written, "mine", "mine.yaml")
    assert caught.value.title.startswith(f"mine.yaml line {line}: ")
    assert title in caught.value.title
    assert remedy in caught.value.remedy
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "title"),
    [
        ("  plain: {colour: foreground}\n", "", "tones: no style for plain"),
        ("  background: ", "  surface: ", "palette.surface: written twice"),
        ("tones:\n", "tones:\n\t", "not valid YAML"),
        ('unknown: {colour: "#d3a4ff"}', 'unknown: {colour: "#62d9c0"}', "tones.unknown: drawn like ok"),
        (GOOD, "", "not a mapping"),
        (GOOD, "[1, 2]", "not a mapping"),
        (GOOD, "title: x", "palette: missing"),
    ],
)
def test_an_incomplete_theme_is_refused(old: str, new: str, title: str) -> None:
    """A theme that leaves a meaning without a style, or draws no data like ok, is not used."""
    assert old in GOOD
    with pytest.raises(ThemeError) as caught:
        parse_theme(GOOD.replace(old, new, 1), "mine", "mine.yaml")
    assert title in caught.value.title
    assert caught.value.remedy


def test_both_spellings_of_colour_are_read() -> None:
    """`color` is as good as `colour`."""
    theme = parse_theme(GOOD.replace("ok: {colour", "ok: {color"), "mine", "mine.yaml")
    assert theme.tones[Tone.OK] == ToneStyle(colour="#62d9c0")


def test_a_huge_or_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that cannot be a theme is refused before it is parsed."""
    huge = tmp_path / "huge.yaml"
    huge.write_bytes(b"a" * 100_000)
    with pytest.raises(ThemeError, match="too many"):
        find_theme("huge", [tmp_path])
    with pytest.raises(ThemeError) as caught:
        find_theme("modeltui-drak", [tmp_path, shipped_directory()])
    assert "did you mean 'modeltui-dark'?" in caught.value.title


def test_an_operators_own_theme_comes_first(tmp_path: Path) -> None:
    """A theme in XDG_CONFIG_HOME is found, and replaces one of ours that has the same name."""
    environment = {"XDG_CONFIG_HOME": str(tmp_path)}
    own = theme_directories(environment)[0]
    own.mkdir(parents=True)
    (own / "modeltui-dark.yaml").write_text(GOOD.replace("title: Dark", "title: Mine"), encoding="utf-8")
    (own / "night.yaml").write_text(GOOD, encoding="utf-8")
    directories = theme_directories(environment)
    assert find_theme("modeltui-dark", directories).title == "Mine"
    assert "night" in theme_names(directories)
    at_home = Path("/home/op/.config/modeltui/themes")
    assert theme_directories({"HOME": "/home/op"})[0] == at_home
    assert theme_directories({"HOME": "/home/op", "XDG_CONFIG_HOME": "x"})[0] == at_home
