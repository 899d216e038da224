"""The styles and the marked characters that a screen has in use, each known by one character.

The rule: a table is bounded by what the screen shows. When one is full, those that no row shows any more are
let go; a screen full of different marked characters loses the marks of further ones.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.domain.screen.cells import FILL, MARK, PLAIN, Style
from gateway.domain.screen.sgr import restyled, sequence

PLAIN_INK = "\0"
"""The ink of what was never coloured."""

INKS = 1024
"""How many styles are kept before those out of use are let go; more when a screen shows more."""

REMEMBERED = 2048
"""How many answers to ``CSI … m`` are remembered."""

FIRST_CLUSTER = 0xD800
CLUSTERS = ord(MARK) - FIRST_CLUSTER
"""How many marked characters a screen can show."""

CLUSTER_LENGTH = 8
"""Characters of the longest marked character."""


class Palette:
    """Know styles by an ink (one character each) and marked characters by a lone surrogate."""

    __slots__ = ("_answers", "_clusters", "_codes", "_inks", "_limit", "_numbers", "_spent", "_styles")

    def __init__(self) -> None:
        self._styles = [PLAIN]
        self._inks = {PLAIN: PLAIN_INK}
        self._answers: dict[tuple[str, str], str] = {}
        self._codes: dict[str, str] = {}
        self._limit = INKS
        self._clusters: list[str] = []
        self._numbers: dict[str, int] = {}
        self._spent = 0

    @property
    def full(self) -> bool:
        """Tell whether styles out of use should be let go."""
        return len(self._styles) > self._limit

    @property
    def crowded(self) -> bool:
        """Tell whether marked characters out of use should be let go."""
        return len(self._clusters) >= CLUSTERS and self._spent >= CLUSTERS // 2

    def style(self, ink: str) -> Style:
        """Return the style an ink stands for."""
        return self._styles[ord(ink)]

    def code(self, ink: str) -> str:
        """Return the control sequence that sets an ink's style, whatever was set before."""
        code = self._codes.get(ink)
        if code is None:
            code = self._codes[ink] = sequence(self.style(ink))
        return code

    def ink(self, style: Style) -> str:
        """Return the ink of a style."""
        ink = self._inks.get(style)
        if ink is None:
            ink = self._inks[style] = chr(len(self._styles))
            self._styles.append(style)
        return ink

    def restyled(self, ink: str, parameters: str) -> str:
        """Return the ink after ``CSI parameters m``."""
        key = (ink, parameters)
        answer = self._answers.get(key)
        if answer is None:
            if len(self._answers) >= REMEMBERED:
                self._answers.clear()
            answer = self._answers[key] = self.ink(restyled(self._styles[ord(ink)], parameters))
        return answer

    def eraser(self, ink: str) -> str:
        """Return the ink that erasing leaves: the background alone."""
        return PLAIN_INK if ink == PLAIN_INK else self.ink(Style(bg=self._styles[ord(ink)].bg))

    def keep(self, used: Iterable[str]) -> dict[int, str]:
        """Let all styles go but those used; return the new ink of each old one."""
        kept = [PLAIN, *(self._styles[ord(ink)] for ink in sorted(set(used) - {PLAIN_INK}))]
        moved = {ord(self._inks[style]): chr(index) for index, style in enumerate(kept)}
        self._styles = kept
        self._inks = {style: chr(index) for index, style in enumerate(kept)}
        self._answers.clear()
        self._codes.clear()
        self._limit = max(INKS, 2 * len(kept))
        return moved

    def marked(self, cell: str, mark: str) -> str:
        """Return the cell's character with one more mark, or as it was where there is no room for more."""
        text = self.text(cell) + mark
        if len(text) > CLUSTER_LENGTH:
            return cell
        known = self._numbers.get(text)
        if known is None:
            self._spent += 1
            if len(self._clusters) >= CLUSTERS:
                return cell
            known = self._numbers[text] = len(self._clusters)
            self._clusters.append(text)
        return chr(FIRST_CLUSTER + known)

    def keep_clusters(self, used: Iterable[str]) -> dict[int, str]:
        """Let all marked characters go but those used; return the new surrogate of each old one."""
        shown = sorted(cell for cell in set(used) if "\ud800" <= cell < MARK)
        moved = {ord(cell): chr(FIRST_CLUSTER + index) for index, cell in enumerate(shown)}
        self._clusters = [self.text(cell) for cell in shown]
        self._numbers = {text: index for index, text in enumerate(self._clusters)}
        self._spent = 0
        return moved

    def text(self, cells: str) -> str:
        """Return cells as text: marked characters spelt out, second halves left out."""
        if cells.isascii():
            return cells
        cells = cells.replace(FILL, "")
        if not self._clusters:
            return cells
        return "".join(
            self._clusters[ord(cell) - FIRST_CLUSTER] if "\ud800" <= cell < MARK else cell for cell in cells
        )
