"""A screen as a picture: SVG made of the model alone.

The rule: what a session wrote is text in an image and nothing else: escaped, cleaned of controls and of what turns the
direction of text, without a link, a script or a style. An image is loaded as one, so nothing in it could run anyway.
"""

from __future__ import annotations

import unicodedata
from html import escape

from gateway.domain.screen import BOLD, CONCEAL, DIM, ITALIC, REVERSE, STRIKE, UNDERLINE, Style
from gateway.domain.screen.cells import DEFAULT, RGB
from gateway.domain.screen.view import Picture

WIDTH, HEIGHT = 8, 16
"""Pixels of a cell."""
INK, GROUND, CURSOR = "#d6dde4", "#0f1317", "#8ab4f8"
ANSI = (
    "#1f252b", "#e0645c", "#7fbf7f", "#d7b45a", "#6c9ef0", "#c586c0", "#56b6c2", "#d6dde4",
    "#6b7680", "#ff8a80", "#a5e0a5", "#f2d27a", "#9cc0ff", "#e0a8dc", "#86d7e0", "#ffffff",
)  # fmt: skip
STEPS = (0, 95, 135, 175, 215, 255)
NO_BREAK = "\u00a0"
"""A blank that an image keeps."""
FONT = "ui-monospace,Menlo,Consolas,DejaVu Sans Mono,Noto Sans Mono CJK SC,monospace"


def colour(value: int, default: str) -> str:
    """Return a colour of a style as SVG writes it."""
    if value == DEFAULT:
        return default
    if value & RGB:
        return f"#{value & 0xFFFFFF:06x}"
    if value < 16:
        return ANSI[value]
    if value < 232:
        red, green, blue = STEPS[(value - 16) // 36], STEPS[(value - 16) // 6 % 6], STEPS[(value - 16) % 6]
        return f"#{red:02x}{green:02x}{blue:02x}"
    grey = 8 + 10 * (value - 232)
    return f"#{grey:02x}{grey:02x}{grey:02x}"


def inks(style: Style) -> tuple[str, str]:
    """Return foreground and background as they are seen."""
    front, back = colour(style.fg, INK), colour(style.bg, GROUND)
    return (back, front) if style.flags & REVERSE else (front, back)


def clean(text: str) -> str:
    """Return text as an image may have it: what is not to be seen is a blank."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if _visible(sign) else " " for sign in text)


def _visible(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) in ("Mn", "Me")


def svg(shown: Picture) -> str:
    """Return a picture of a screen."""
    columns, rows = shown.columns, len(shown.rows)
    words = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * WIDTH} {rows * HEIGHT}" '
        f'font-family="{FONT}" font-size="13">'
        f'<rect width="100%" height="100%" fill="{GROUND}"/>'
    ]
    for y, row in enumerate(shown.rows):
        for number, (x, text, style) in enumerate(row):
            end = row[number + 1][0] if number + 1 < len(row) else columns
            words += _span(x, end, y, text, style)
    if shown.cursor is not None:
        x, y = shown.cursor
        words.append(f'<rect x="{x * WIDTH}" y="{y * HEIGHT}" width="{WIDTH}" height="{HEIGHT}" fill="{CURSOR}" '
                     'fill-opacity="0.6"/>')  # fmt: skip
    return "".join(words) + "</svg>"


def _span(x: int, end: int, y: int, text: str, style: Style) -> list[str]:
    front, back = inks(style)
    words = []
    if back != GROUND:
        words.append(f'<rect x="{x * WIDTH}" y="{y * HEIGHT}" width="{(end - x) * WIDTH}" height="{HEIGHT}" '
                     f'fill="{back}"/>')  # fmt: skip
    shown = clean(text)
    kept = shown.rstrip(" ")
    if not kept.strip(" ") or style.flags & CONCEAL:
        return words
    cells = (end - x) - (len(shown) - len(kept))
    looks = _looks(style.flags)
    spelt = escape(kept.replace(" ", NO_BREAK), quote=False)
    place = f'x="{x * WIDTH}" y="{y * HEIGHT + 12}" textLength="{cells * WIDTH}" lengthAdjust="spacingAndGlyphs"'
    words.append(f'<text {place} fill="{front}"{looks}>{spelt}</text>')
    return words


def _looks(flags: int) -> str:
    lines = " ".join(word for flag, word in ((UNDERLINE, "underline"), (STRIKE, "line-through")) if flags & flag)
    return "".join((
        ' font-weight="bold"' if flags & BOLD else "",
        ' fill-opacity="0.6"' if flags & DIM else "",
        ' font-style="italic"' if flags & ITALIC else "",
        f' text-decoration="{lines}"' if lines else "",
    ))  # fmt: skip
