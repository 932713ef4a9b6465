"""Long lines over several rows: a sentence that matters is never cut."""

from __future__ import annotations

from modeltui.present.cells import cell_width
from modeltui.present.span import Line, Span


def wrapped(line: Line, width: int, indent: int = 0, *, breaks_words: bool = False) -> list[Line]:
    """Return `line` as rows of at most `width` cells, broken between words, later ones set in by `indent`.

    `breaks_words`: a word that is longer than a row goes on in the next one; otherwise whoever draws it cuts it.
    """
    if sum(cell_width(span.text) for span in line) <= width or width <= indent + 8:
        return [line]
    rows: list[list[Span]] = [[]]
    used = 0
    for span in line:
        for word in _pieces(span.text, width - indent) if breaks_words else _words(span.text):
            length = cell_width(word)
            if used + cell_width(word.rstrip()) > width and used > indent:
                rows[-1][-1] = rows[-1][-1]._replace(text=rows[-1][-1].text.rstrip())
                rows.append([Span(" " * indent, span.tone)])
                used = indent
                word = word.lstrip()
                length = cell_width(word)
            rows[-1].append(Span(word, span.tone))
            used += length
    return [tuple(row) for row in rows]


def hanging_indent(line: Line) -> int:
    """Return where the last span of a line begins: what a list's later rows are set in by."""
    if not line:
        return 0
    last = line[-1].text
    return sum(cell_width(span.text) for span in line[:-1]) + len(last) - len(last.lstrip())


def _pieces(text: str, most: int) -> list[str]:
    """Return the words, those beyond `most` cells in pieces."""
    pieces: list[str] = []
    for word in _words(text):
        piece, used = "", 0
        for character in word:
            cells = cell_width(character)
            if piece.strip() and character != " " and used + cells > most:
                pieces.append(piece)
                piece, used = "", 0
            piece += character
            used += cells
        pieces.append(piece)
    return pieces


def _words(text: str) -> list[str]:
    """Return the words with the blanks behind them; leading blanks are a word."""
    words: list[str] = []
    for piece in text.split(" "):
        if words:
            words[-1] += " "
        words.append(piece)
    return [word for word in words if word]
