"""What each control sequence (``CSI …``) does to a terminal.

The rule: a sequence is a row of a table. What is not in a table (reports, titles, unknown) does nothing to a screen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from gateway.domain.screen.page import default_stops
from gateway.domain.screen.terminal import ASCII_SETS, AUTOWRAP, Terminal

GREATEST = 9999
"""No parameter counts for more."""

MOUSE = frozenset((9, 1000, 1002, 1003))
"""Mouse reports: one of them at a time."""

MOUSE_CODING = frozenset((1005, 1006, 1015, 1016))
"""How mouse reports are written: one of them at a time."""

FLAGS = frozenset((1, 12, 25, 66, 1004, 2004, 2026))
"""Private modes that are merely remembered."""

ALTERNATE = frozenset((47, 1047, 1049))
"""Private modes that show the alternate page."""

Numbers = tuple[int, ...]
Control = Callable[[Terminal, Numbers], None]


@lru_cache(2048)
def numbers(parameters: str) -> Numbers:
    """Return the parameters of a control sequence, at least one; what is left out is 0."""
    words = parameters.split(";")
    if ":" in parameters:
        words = [word.partition(":")[0] for word in words]
    return tuple([min(GREATEST, int(word or "0")) for word in words])


def _count(values: Numbers) -> int:
    return values[0] or 1


def _settle_column(terminal: Terminal) -> None:
    terminal.x = min(terminal.x, terminal.columns - 1)


def _up(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    limit = terminal.page.top if terminal.y >= terminal.page.top else 0
    terminal.y = max(limit, terminal.y - _count(values))


def _down(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    limit = terminal.page.bottom if terminal.y <= terminal.page.bottom else terminal.height - 1
    terminal.y = min(limit, terminal.y + _count(values))


def _right(terminal: Terminal, values: Numbers) -> None:
    terminal.x = min(terminal.columns - 1, terminal.x + _count(values))


def _left(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    terminal.x = max(0, terminal.x - _count(values))


def _next_line(terminal: Terminal, values: Numbers) -> None:
    _down(terminal, values)
    terminal.x = 0


def _previous_line(terminal: Terminal, values: Numbers) -> None:
    _up(terminal, values)
    terminal.x = 0


def _to_column(terminal: Terminal, values: Numbers) -> None:
    terminal.x = min(terminal.columns, _count(values)) - 1


def _to_row(terminal: Terminal, values: Numbers) -> None:
    terminal.place(terminal.x, _count(values) - 1)


def _row_relative(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    limit = terminal.page.bottom if terminal.origin else terminal.height - 1
    terminal.y = min(limit, terminal.y + _count(values))


def _position(terminal: Terminal, values: Numbers) -> None:
    terminal.place((values[1] or 1) - 1 if len(values) > 1 else 0, _count(values) - 1)


def _tab(terminal: Terminal, values: Numbers) -> None:
    for _ in range(min(_count(values), terminal.columns)):
        if terminal.x < terminal.columns - 1:
            terminal.x = terminal.page.next_stop(terminal.x)


def _tab_back(terminal: Terminal, values: Numbers) -> None:
    if terminal.x < terminal.columns:
        for _ in range(min(_count(values), terminal.columns)):
            terminal.x = terminal.page.previous_stop(terminal.x)


def _clear_tab(terminal: Terminal, values: Numbers) -> None:
    match values[0]:
        case 0:
            terminal.page.tabs -= {terminal.x}
        case 3:
            terminal.page.tabs = frozenset()


def _default_tabs(terminal: Terminal, values: Numbers) -> None:
    if values[0] == 5:
        terminal.page.tabs = default_stops(terminal.columns)


def _eraser(terminal: Terminal) -> str:
    return terminal.palette.eraser(terminal.ink)


def _erase_page(terminal: Terminal, values: Numbers) -> None:
    page, x, y, ink = terminal.page, terminal.x, terminal.y, _eraser(terminal)
    match values[0]:
        case 0:
            _erase_row(terminal, values)
            page.clear(y + 1, terminal.height, ink)
        case 1:
            page.rows[y].erase(0, x + 1, ink)
            page.rows[y].wrapped = False
            for row in page.rows[y + 1 : y + 2] if x + 1 >= terminal.columns else ():
                row.wrapped = False
            page.clear(0, y, ink)
        case 2:
            page.clear(0, terminal.height, ink)


def _erase_row(terminal: Terminal, values: Numbers) -> None:
    row, x, ink = terminal.page.rows[terminal.y], terminal.x, _eraser(terminal)
    match values[0]:
        case 0:
            row.erase(x, terminal.columns, ink)
            row.wrapped = row.wrapped and x > 0
        case 1:
            row.erase(0, x + 1, ink)
        case 2:
            row.erase(0, terminal.columns, ink)
            row.wrapped = False


def _erase_cells(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    terminal.page.rows[terminal.y].erase(terminal.x, terminal.x + _count(values), _eraser(terminal))


def _insert_cells(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    terminal.page.rows[terminal.y].insert(terminal.x, _count(values), _eraser(terminal))


def _delete_cells(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    terminal.page.rows[terminal.y].delete(terminal.x, _count(values), _eraser(terminal))


def _in_region(terminal: Terminal) -> bool:
    return terminal.page.top <= terminal.y <= terminal.page.bottom


def _insert_rows(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    if _in_region(terminal):
        terminal.page.down(terminal.y, _count(values), _eraser(terminal))
        terminal.x = 0


def _delete_rows(terminal: Terminal, values: Numbers) -> None:
    _settle_column(terminal)
    if _in_region(terminal):
        terminal.page.up(terminal.y, _count(values), _eraser(terminal))
        terminal.x = 0


def _columns(change: str, from_cursor: bool) -> Control:
    """Return a control that shifts columns of the scrolling region."""

    def shift(terminal: Terminal, values: Numbers) -> None:
        if not _in_region(terminal):
            return
        x = min(terminal.x, terminal.columns - 1) if from_cursor else 0
        for row in terminal.page.rows[terminal.page.top : terminal.page.bottom + 1]:
            getattr(row, change)(x, _count(values), _eraser(terminal))
            row.wrapped = False

    return shift


def _scroll_up(terminal: Terminal, values: Numbers) -> None:
    terminal.page.scroll(_count(values), _eraser(terminal))


def _scroll_down(terminal: Terminal, values: Numbers) -> None:
    terminal.page.down(terminal.page.top, _count(values), _eraser(terminal))


def _repeat(terminal: Terminal, values: Numbers) -> None:
    if terminal.last:
        terminal.print_cells(terminal.last * _count(values))


def _margins(terminal: Terminal, values: Numbers) -> None:
    top, bottom = _count(values), values[1] if len(values) > 1 else 0
    if bottom == 0 or bottom > terminal.height:
        bottom = terminal.height
    if bottom > top:
        terminal.page.top, terminal.page.bottom = top - 1, bottom - 1
        terminal.place(0, 0)


def _soft_reset(terminal: Terminal, values: Numbers) -> None:
    terminal.soften()


def _cursor_style(terminal: Terminal, values: Numbers) -> None:
    if values[0] <= 6:
        terminal.cursor_style = values[0]


def _save(terminal: Terminal, values: Numbers) -> None:
    terminal.save()


def _restore(terminal: Terminal, values: Numbers) -> None:
    terminal.restore()


def _mode(on: bool) -> Control:
    """Return the control that switches ANSI modes."""

    def switch(terminal: Terminal, values: Numbers) -> None:
        if 4 in values:
            terminal.insert = on
        if 20 in values:
            terminal.newline = on

    return switch


def _private_mode(on: bool) -> Control:
    """Return the control that switches private modes."""

    def switch(terminal: Terminal, values: Numbers) -> None:
        for mode in values:
            _switch(terminal, mode, on)
            if terminal.watch is not None:
                terminal.watch(mode, on)

    return switch


def _switch(terminal: Terminal, mode: int, on: bool) -> None:
    if mode in FLAGS:
        (terminal.modes.add if on else terminal.modes.discard)(mode)
    elif mode in ALTERNATE or mode == 1048:
        _switch_page(terminal, mode, on)
    elif mode in MOUSE or mode in MOUSE_CODING:
        terminal.modes -= MOUSE if mode in MOUSE else MOUSE_CODING
        terminal.modes |= {mode} if on else set()
    else:
        _switch_screen(terminal, mode, on)


def _switch_page(terminal: Terminal, mode: int, on: bool) -> None:
    if mode in (1048, 1049) and on:
        terminal.save()
    if mode != 1048:
        terminal.show_alternate(on)
    if mode in (1048, 1049) and not on:
        terminal.restore()


def _switch_screen(terminal: Terminal, mode: int, on: bool) -> None:
    match mode:
        case 2 if on:
            terminal.use_sets(ASCII_SETS, terminal.level)
        case 6:
            terminal.set_origin(on)
            terminal.place(0, 0)
        case 7:
            terminal.autowrap = on
            (terminal.modes.add if on else terminal.modes.discard)(AUTOWRAP)


CONTROLS: dict[str, Control] = {
    "@": _insert_cells, "A": _up, "B": _down, "C": _right, "D": _left, "E": _next_line, "F": _previous_line,
    "G": _to_column, "H": _position, "I": _tab, "J": _erase_page, "?J": _erase_page, "K": _erase_row, "?K": _erase_row,
    "L": _insert_rows, "M": _delete_rows, "P": _delete_cells, "S": _scroll_up, "T": _scroll_down, "X": _erase_cells,
    "Z": _tab_back, "`": _to_column, "a": _right, "b": _repeat, "d": _to_row, "e": _row_relative, "f": _position,
    "g": _clear_tab, "?W": _default_tabs, "r": _margins, "s": _save, "u": _restore, "!p": _soft_reset,
    " q": _cursor_style, "h": _mode(True), "l": _mode(False), "?h": _private_mode(True), "?l": _private_mode(False),
    " @": _columns("delete", False), " A": _columns("insert", False),
    "'}": _columns("insert", True), "'~": _columns("delete", True),
}
