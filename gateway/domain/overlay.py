"""The notice of a lock, drawn over a terminal's first lines, and the screen as it was.

The rule: the notice is made of printable characters, fits the terminal, and touches no more lines than its words need.
It is not on the screen that the gateway keeps, so :func:`lifted` paints exactly what was there, for whatever terminal
the operator has by then.

Known limit: what a terminal has scrolled away is not touched and not restored.
"""

from __future__ import annotations

from functools import lru_cache

from gateway.domain.screen import Screen
from gateway.domain.screen.cells import width
from gateway.domain.screen.terminal import SHOWN

MOST_LINES = 4
"""Lines a notice takes at most."""

PLAINLY = "\x0f\x1b(B\x1b[?6l\x1b[4l\x1b[?7l\x1b[?25l"
"""Makes text come out as it is, where it is put."""

LONGEST = 1024


def drawn(text: str, screen: Screen) -> bytes:
    """Return what draws a notice over the first lines of a screen, the cursor staying where it was."""
    x, y = screen.cursor
    shown = "\x1b[?25h" if SHOWN in screen.modes else ""
    lines = max(1, min(MOST_LINES, screen.rows - 1))
    return _painted(text, screen.columns, lines) + f"\x1b[m\x1b[{y + 1};{x + 1}H{shown}".encode()


@lru_cache(maxsize=64)
def _painted(text: str, columns: int, lines: int) -> bytes:
    """Return what writes a notice on so many lines; many terminals get the same one at once."""
    words = [PLAINLY]
    for number, row in enumerate(_broken(_printable(text), columns)[:lines]):
        blank = " " * (columns - sum(map(width, row)))
        words.append(f"\x1b[{number + 1};1H\x1b[0;7m{row}{blank}")
    return "".join(words).encode("utf-8", "replace")


def lifted(screen: Screen, size: tuple[int, int] | None = None) -> bytes:
    """Return what paints the screen as it was; ``size`` is the terminal's, where it was changed meanwhile."""
    if size is not None and size != (screen.columns, screen.rows):
        other = Screen(screen.columns, screen.rows)
        other.feed(screen.dump())
        other.resize(*size)
        screen = other
    return screen.repaint()


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() and width(each) else " " for each in text)[:LONGEST]


def _broken(text: str, columns: int) -> list[str]:
    """Break text into lines, between words where they fit."""
    lines, line = list[str](), ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if sum(map(width, joined)) <= columns:
            line = joined
            continue
        if line:
            lines.append(line)
        pieces = _pieces(word, columns)
        lines += pieces[:-1]
        line = pieces[-1]
    return [*lines, line]


def _pieces(word: str, columns: int) -> list[str]:
    pieces, used = [""], 0
    for character in word:
        taken = width(character)
        if used + taken > columns:
            pieces.append("")
            used = 0
        pieces[-1] += character
        used += taken
    return pieces
