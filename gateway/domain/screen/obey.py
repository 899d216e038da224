"""Control characters and escape sequences, and where each thing that the parser reads goes.

The rule: a character or sequence is a row of a table; one that is in no table does nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.domain.screen.controls import CONTROLS, numbers
from gateway.domain.screen.terminal import Terminal

_SETS = {"(": 0, ")": 1, "*": 2, "+": 3}
"""Which of the four character sets a sequence designates."""


class Obeying:
    """Let a terminal do what a parser reads."""

    __slots__ = ("_terminal", "write")

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.write = terminal.write

    def csi(self, parameters: str, name: str) -> None:
        """Obey a control sequence; only directly after a character can it be repeated."""
        terminal = self._terminal
        if name == "m":
            terminal.restyle(parameters)
        elif name in CONTROLS:
            CONTROLS[name](terminal, numbers(parameters))
        terminal.last = ""

    def control(self, character: str) -> None:
        """Obey a control character."""
        act = _CHARACTERS.get(character)
        if act is not None:
            self._terminal.last = ""
            act(self._terminal)

    def escape(self, sequence: str) -> None:
        """Obey an escape sequence."""
        self._terminal.last = ""
        act = _ESCAPES.get(sequence)
        if act is not None:
            act(self._terminal)
        elif len(sequence) == 2 and sequence[0] in _SETS:
            _designate(self._terminal, _SETS[sequence[0]], sequence[1])


def _designate(terminal: Terminal, which: int, charset: str) -> None:
    sets = terminal.charsets
    known = charset if charset in "0A" else "B"
    terminal.use_sets(sets[:which] + known + sets[which + 1 :], terminal.level)


def _shift(level: int) -> Callable[[Terminal], None]:
    """Return what takes another of the four character sets into use."""
    return lambda terminal: terminal.use_sets(terminal.charsets, level)


def _backspace(terminal: Terminal) -> None:
    terminal.x = max(0, min(terminal.x, terminal.columns - 1) - 1)


def _tab(terminal: Terminal) -> None:
    if terminal.x < terminal.columns:
        terminal.x = terminal.page.next_stop(terminal.x)


def _return(terminal: Terminal) -> None:
    terminal.x = 0


def _line_feed(terminal: Terminal) -> None:
    terminal.line_feed()


def _index(terminal: Terminal) -> None:
    terminal.x = min(terminal.x, terminal.columns - 1)
    terminal.down()


def _next_line(terminal: Terminal) -> None:
    terminal.x = 0
    terminal.down()


def _reverse_index(terminal: Terminal) -> None:
    terminal.x = min(terminal.x, terminal.columns - 1)
    if terminal.y == terminal.page.top:
        terminal.page.down(terminal.y, 1, terminal.palette.eraser(terminal.ink))
    else:
        terminal.y = max(0, terminal.y - 1)


def _set_tab(terminal: Terminal) -> None:
    if terminal.x < terminal.columns:
        terminal.page.tabs |= {terminal.x}


def _keypad(on: bool) -> Callable[[Terminal], None]:
    """Return what switches the keypad's application mode."""

    def switch(terminal: Terminal) -> None:
        terminal.keypad = on

    return switch


def _align(terminal: Terminal) -> None:
    terminal.page.clear(0, terminal.height, terminal.ink, "E")
    terminal.place(0, 0)


def _save(terminal: Terminal) -> None:
    terminal.save()


def _restore(terminal: Terminal) -> None:
    terminal.restore()


def _reset(terminal: Terminal) -> None:
    terminal.reset()


_CHARACTERS: dict[str, Callable[[Terminal], None]] = {
    "\b": _backspace, "\t": _tab, "\n": _line_feed, "\v": _line_feed, "\f": _line_feed, "\r": _return,
    "\x0e": _shift(1), "\x0f": _shift(0), "\x84": _index, "\x85": _next_line, "\x88": _set_tab, "\x8d": _reverse_index,
}

_ESCAPES: dict[str, Callable[[Terminal], None]] = {
    "7": _save, "8": _restore, "=": _keypad(True), ">": _keypad(False), "D": _index, "E": _next_line, "H": _set_tab,
    "M": _reverse_index, "c": _reset, "n": _shift(2), "o": _shift(3), "#8": _align,
}
