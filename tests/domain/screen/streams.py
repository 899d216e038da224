"""Streams as programs write them and as nobody should, and a screen's whole state for comparison."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateway.domain.screen import Screen
from gateway.domain.screen.page import Page, Saved
from gateway.domain.screen.palette import Palette

SIZES = st.sampled_from([(80, 24), (20, 6), (10, 4), (2, 1), (7, 2), (3, 1)])

NUMBERS = st.sampled_from(["", "0", "1", "2", "3", "4", "7", "20", "300", "99999"])

TEXTS = st.sampled_from(
    [
        "hello",
        "a",
        "x" * 30,
        "Größe",
        "│",
        "  ",
        "漢字",
        "かな",
        "ab漢",
        "e\u0301",
        "漢\u0301x",
        "😀",
        "\u0301",
        "\r\n",
        "lqk",
    ]
) | st.text(max_size=5)

PLAIN = st.sampled_from(
    [
        "\r",
        "\n",
        "\b",
        "\t",
        "\x0e",
        "\x0f",
        "\x1bD",
        "\x1bM",
        "\x1bE",
        "\x1b7",
        "\x1b8",
        "\x1bH",
        "\x1b(0",
        "\x1b(B",
        "\x1b)0",
        "\x1bn",
        "\x1bo",
        "\x1b+A",
        "\x1b#8",
        "\x1bc",
        "\x1b=",
        "\x1b>",
        "\x1b[!p",
        "\x9b3C",
        "\x8d",
        "\x85",
        "\x84",
        "\x88",
        "\x1b[4 q",
        "\x1b[9 q",
        "\x1b]0;title\x07",
        "\x1b]0;title\x1b\\",
        "\x1bPx\x1b\\",
        "\x1b_x\x1b\\",
        "\x1b]",
        "\x1bP",
        "\x1b",
        "\x1b[",
        "\x1b[1;",
        "\x18",
        "\x7f",
        "\x1b[?6h",
        "\x1b[?6l",
        "\x1b[?7h",
        "\x1b[?7l",
        "\x1b[4h",
        "\x1b[4l",
        "\x1b[20h",
        "\x1b[20l",
        "\x1b[?2l",
        "\x1b[?2h",
        "\x1b[?5W",
        "\x1b[3g",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?47h",
        "\x1b[?47l",
        "\x1b[?1048h",
        "\x1b[?1048l",
        "\x1b[?25l",
        "\x1b[?2004h",
        "\x1b[?1;2004l",
        "\x1b[?1000h",
        "\x1b[?1002h",
        "\x1b[?1002l",
        "\x1b[?1006h",
        "\x1b[?1h",
        "\x1b[?66h",
        "\x1b[?12h",
    ]
)

COUNTED = st.builds(
    "\x1b[{0}{1}".format, NUMBERS, st.sampled_from([*"@ABCDEFGIJKLMPSTXZ`abdefgr", " @", " A", "'}", "'~", "?J", "?K"])
)

PAIRED = st.builds("\x1b[{0};{1}{2}".format, NUMBERS, NUMBERS, st.sampled_from("Hrf"))

STYLED = st.sampled_from(
    [
        "\x1b[m",
        "\x1b[1m",
        "\x1b[2m",
        "\x1b[7m",
        "\x1b[31m",
        "\x1b[44m",
        "\x1b[93m",
        "\x1b[38;5;200m",
        "\x1b[48;2;1;2;3m",
        "\x1b[4:3m",
        "\x1b[3;5;8;9m",
        "\x1b[22m",
    ]
)

STREAMS = st.lists(st.one_of(TEXTS, PLAIN, COUNTED, PAIRED, STYLED), max_size=40).map(
    lambda parts: "".join(parts).encode("utf-8", "replace")
)

HOSTILE = st.one_of(
    STREAMS,
    st.binary(max_size=200),
    st.lists(st.sampled_from(list(b"\x1b[]P?;:019mHh\x9b\xc2\n\x07\\x\x18")), max_size=60).map(bytes),
)


def fed(size: tuple[int, int], *chunks: bytes) -> Screen:
    """Return a screen of what was written."""
    screen = Screen(*size)
    for chunk in chunks:
        screen.feed(chunk)
    screen.settle()
    return screen


def state(screen: Screen, behind: bool = True) -> dict[str, Any]:
    """Return all that a terminal knows, inks spelt out; ``behind``: also the saved cursor of the page not shown."""
    screen.settle()
    terminal = screen._terminal
    palette = terminal.palette
    shown = terminal.page is not terminal.primary
    return {
        "primary": _page(terminal.primary, palette),
        "alternate": _page(terminal.page, palette) if shown else None,
        "behind": _saved(terminal.alternate_saved, palette) if behind and not shown else None,
        "cut": (screen._parser._state, screen._parser._held, screen._decoder.getstate()[0]),
        "cursor": (terminal.x, terminal.y, terminal.cursor_style),
        "style": palette.style(terminal.ink),
        "sets": (terminal.charsets, terminal.level, terminal.translation),
        "modes": terminal.modes,
        "own": (terminal.insert, terminal.newline, terminal.origin, terminal.autowrap, terminal.keypad),
    }


def _page(page: Page, palette: Palette) -> dict[str, Any]:
    rows = [
        (palette.text(row.text), len(row.text), [palette.style(ink) for ink in row.inks], row.wrapped)
        for row in page.rows
    ]
    return {"rows": rows, "frame": (page.top, page.bottom, sorted(page.tabs)), "saved": _saved(page.saved, palette)}


def _saved(saved: Saved, palette: Palette) -> tuple[Any, ...]:
    return saved.x, saved.y, palette.style(saved.ink), saved.charsets, saved.level, saved.origin
