"""Colours and flags as the control sequence ``CSI … m`` sets them, and the sequence that sets a style.

The rule: what is not understood changes nothing, and :func:`sequence` read by :func:`restyled` gives its style.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from gateway.domain.screen.cells import (
    BLINK,
    BOLD,
    CONCEAL,
    DEFAULT,
    DIM,
    ITALIC,
    PLAIN,
    REVERSE,
    RGB,
    STRIKE,
    UNDERLINE,
    Style,
)

_ON = {1: BOLD, 2: DIM, 3: ITALIC, 4: UNDERLINE, 5: BLINK, 6: BLINK, 7: REVERSE, 8: CONCEAL, 9: STRIKE, 21: UNDERLINE}
_OFF = {
    22: BOLD | DIM, 23: ITALIC, 24: UNDERLINE, 25: BLINK, 27: REVERSE, 28: CONCEAL, 29: STRIKE,
}
_FIRST = {30: 0, 40: 0, 90: 8, 100: 8}
_SET = ((1, BOLD), (2, DIM), (3, ITALIC), (4, UNDERLINE), (5, BLINK), (7, REVERSE), (8, CONCEAL), (9, STRIKE))
_COLOURED = {38: "fg", 48: "bg", 58: ""}


def restyled(style: Style, parameters: str) -> Style:
    """Return what a style becomes by ``CSI parameters m``."""
    words = iter(parameters.split(";"))
    for word in words:
        number, _, rest = word.partition(":")
        code = _number(number)
        if code in _COLOURED:
            style = _coloured(style, _COLOURED[code], rest.split(":") if rest else None, words)
        elif code == 4 and rest == "0":
            style = attrs.evolve(style, flags=style.flags & ~UNDERLINE)
        else:
            style = _simple(style, code)
    return style


def _simple(style: Style, code: int) -> Style:
    if code == 0:
        return PLAIN
    if code in _ON:
        return attrs.evolve(style, flags=style.flags | _ON[code])
    if code in _OFF:
        return attrs.evolve(style, flags=style.flags & ~_OFF[code])
    tens, unit = code // 10 * 10, code % 10
    if tens in _FIRST and unit < 8:
        side = "fg" if tens in (30, 90) else "bg"
        return attrs.evolve(style, **{side: _FIRST[tens] + unit})
    if code in (39, 49):
        return attrs.evolve(style, **{"fg" if code == 39 else "bg": DEFAULT})
    return style


def _coloured(style: Style, side: str, inner: list[str] | None, words: Iterator[str]) -> Style:
    """Set a colour given as ``5;n`` or ``2;r;g;b``; with colons a colour space may stand before red."""
    if inner is None:
        kind = _number(next(words, ""))
        numbers = [_number(next(words, "")) for _ in range({5: 1, 2: 3}.get(kind, 0))]
    else:
        kind, numbers = _number(inner[0]), [_number(word) for word in inner[1:]]
        if kind == 2 and len(numbers) > 3:
            numbers = numbers[1:4]
    if not side:
        return style
    if kind == 5 and numbers:
        return attrs.evolve(style, **{side: numbers[0] & 0xFF})
    if kind == 2 and len(numbers) == 3:
        red, green, blue = (number & 0xFF for number in numbers)
        return attrs.evolve(style, **{side: RGB | red << 16 | green << 8 | blue})
    return style


def _number(word: str) -> int:
    return int(word) if word.isdecimal() and len(word) < 7 else 0


def sequence(style: Style) -> str:
    """Return the control sequence that sets a style, whatever was set before."""
    words = [str(code) for code, flag in _SET if style.flags & flag]
    words += _colour_words(style.fg, 30) + _colour_words(style.bg, 40)
    return f"\x1b[0;{';'.join(words)}m" if words else "\x1b[m"


def _colour_words(colour: int, base: int) -> list[str]:
    if colour == DEFAULT:
        return []
    if colour & RGB:
        return [f"{base + 8};2;{colour >> 16 & 0xFF};{colour >> 8 & 0xFF};{colour & 0xFF}"]
    if colour < 16:
        return [str(base + colour if colour < 8 else base + 52 + colour)]
    return [f"{base + 8};5;{colour}"]
