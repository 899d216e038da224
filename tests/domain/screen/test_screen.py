"""The screen shows what other terminals show, however its bytes were cut and whenever they were read."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import avt
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen import BOLD, DIM, REVERSE, Cell, Screen, Style
from gateway.domain.screen.screen import BACKLOG, HIGHEST, LEAST, PORTION, WIDEST
from tests.domain.screen.streams import HOSTILE, SIZES, fed, state

GOLDEN = Path(__file__).parent.parent / "golden" / "screens.json"


def shown(screen: Screen) -> dict[str, Any]:
    """Return a screen as ``golden/screens.mjs`` writes it down."""
    terminal = screen._terminal
    return {
        "rows": [
            {"text": screen.row(n).rstrip(), "wrapped": screen.wrapped(n), "looks": looks(screen, n)}
            for n in range(screen.rows)
        ],
        "x": terminal.x,
        "y": terminal.y,
        "alternate": screen.alternate,
        "modes": {
            "paste": screen.bracketed_paste,
            "cursor_keys": 1 in screen.modes,
            "origin": terminal.origin,
            "wrap": terminal.autowrap,
            "insert": terminal.insert,
            "keypad": terminal.keypad or 66 in screen.modes,
            "mouse": mouse(screen.modes),
        },
    }


def looks(screen: Screen, n: int) -> list[list[int]]:
    found: list[list[int]] = []
    for x in range(screen.columns):
        cell = screen.cell(x, n)
        look = [cell.style.fg, cell.style.bg, cell.style.flags]
        if cell.width and (not found or found[-1][1:] != look):
            found.append([x, *look])
    return found


def mouse(modes: frozenset[int]) -> str:
    names = {9: "x10", 1000: "vt200", 1002: "drag", 1003: "any"}
    return next((name for mode, name in names.items() if mode in modes), "none")


class GoldenTests(SynchronousTestCase):
    """What @xterm/headless shows."""

    def test_every_golden_case_is_shown_as_xterm_js_shows_it(self) -> None:
        """Random streams of nine families, and what ls, less, vim, bash, tmux and top write."""
        cases = json.loads(GOLDEN.read_text())
        self.assertGreater(len(cases), 300)
        for case in cases:
            screen = Screen(case["cols"], case["rows"])
            for step in case["steps"]:
                if isinstance(step, str):
                    screen.feed(base64.b64decode(step))
                else:
                    screen.resize(*step)
            self.assertEqual(shown(screen), case["shown"], case["name"])


PIECES = st.tuples(
    st.integers(1, 8),
    st.integers(1, 30),
    st.sampled_from(
        [
            "\x1b[m",
            "\x1b[0;1m",
            "\x1b[0;2;3m",
            "\x1b[7m",
            "\x1b[31;44m",
            "\x1b[38;5;99m",
            "\x1b[48;2;1;2;3m",
            "\x1b[97m",
        ]
    ),
    st.sampled_from(["hello", "漢字", "x", "Größe", "a b c"]),
    st.sampled_from(
        [
            "",
            "\n",
            "\b",
            "\r",
            "\x1b[K",
            "\x1b[1K",
            "\x1b[J",
            "\x1b[r\x1b[3H\x1b[2L",
            "\x1b[r\x1b[2H\x1b[M",
            "\x1b[2S",
            "\x1b[A",
            "\x1b[3C",
            "\x1bM",
            "\x1b[?1049h",
            "\x1b[?1049l",
            "\x1b[2;6r\x1b[6H\n\x1b[r",
            "\x1b7",
            "\x1b8",
            "\x1b[2X",
        ]
    ),
)


class AvtTests(SynchronousTestCase):
    """What the emulator of asciinema's player shows, where no row is written to its end."""

    @settings(max_examples=150, deadline=None)
    @given(st.lists(PIECES, max_size=25))
    def test_text_looks_and_cursor_are_those_of_avt(self, pieces: list[tuple[int, int, str, str, str]]) -> None:
        """Text at places, in styles, with a change after each."""
        written = "".join(f"\x1b[{y};{x}H{style}{text}{change}" for y, x, style, text, change in pieces)
        screen, other = fed((60, 8), written.encode()), avt.Vt(60, 8, 0)
        other.feed_str(written)
        self.assertEqual(screen.text(), [line.text.rstrip() for line in other.view()])
        self.assertEqual(screen.cursor, (other.cursor.col, other.cursor.row))
        for n, line in enumerate(other.view()):
            mine = [screen.cell(x, n) for x in range(60)]
            theirs = [(cell.pen.bold, cell.pen.faint, cell.pen.inverse) for cell in line.cells if cell.char.strip()]
            flags = [each.style.flags for each in mine if each.text.strip()]
            self.assertEqual([(bool(f & BOLD), bool(f & DIM), bool(f & REVERSE)) for f in flags], theirs)


class FeedTests(SynchronousTestCase):
    """Bytes are taken at once and read later."""

    @settings(max_examples=150, deadline=None)
    @given(SIZES, HOSTILE, st.lists(st.integers(0, 300), max_size=6))
    def test_cut_anywhere_gives_the_same_screen(self, size: tuple[int, int], stream: bytes, places: list[int]) -> None:
        """Hostile bytes included, read in one go or piece by piece."""
        edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
        screen = Screen(*size)
        for start, end in pairwise(edges):
            screen.feed(stream[start:end])
            screen.settle()
        self.assertEqual(state(screen), state(fed(size, stream)))

    def test_what_waits_is_bounded_and_read_a_portion_at_a_time(self) -> None:
        """A flood is read as it comes; the last of it waits until somebody looks."""
        screen = Screen(80, 24)
        read: list[int] = []
        screen.watch(lambda mode, on: read.append(mode))
        chunk = b"\x1b[?1h".ljust(1024)
        for _ in range(BACKLOG // 1024):
            screen.feed(chunk)
        self.assertEqual(read, [])
        screen.feed(chunk)
        self.assertEqual(len(read), PORTION // 1024)
        screen.settle()
        self.assertEqual(len(read), BACKLOG // 1024 + 1)

    def test_a_flood_of_lines_leaves_the_last_ones(self) -> None:
        """Lines that scroll away are counted, and the last ones stand."""
        lines = "".join(f"line {n}\r\n" for n in range(5000)).encode()
        screen = fed((80, 24), lines)
        self.assertEqual(screen.text(), [f"line {n}" for n in range(4977, 5000)] + [""])
        self.assertEqual(screen.scrolled, 4977)
        self.assertEqual(state(screen), state(fed((80, 24), *(lines[n : n + 7] for n in range(0, len(lines), 7)))))

    def test_bytes_that_are_no_utf_8_are_shown_as_such(self) -> None:
        """Each wrong byte is one sign."""
        self.assertEqual(fed((10, 1), b"a\xffb\xc3").text(), ["a\ufffdb"])


class FaceTests(SynchronousTestCase):
    """What may be asked of a screen."""

    def setUp(self) -> None:
        self.screen = fed((10, 4), "$ \x1b[2mls\x1b[m 漢e\u0301\r\n".encode(), b"0123456789ab\x1b[?2004h")

    def test_rows_cells_and_spans(self) -> None:
        """Text by columns, looks by cell or in pieces."""
        self.assertEqual(self.screen.text(), ["$ ls 漢e\u0301", "0123456789", "ab", ""])
        self.assertEqual(self.screen.row(0), "$ ls 漢e\u0301  ")
        self.assertEqual(self.screen.row(0, 2, 4), "ls")
        self.assertEqual([self.screen.wrapped(n) for n in range(4)], [False, False, True, False])
        self.assertEqual(self.screen.cell(5, 0), Cell("漢", 2, Style()))
        self.assertEqual(self.screen.cell(6, 0), Cell("", 0, Style()))
        self.assertEqual(self.screen.cell(7, 0).text, "e\u0301")
        self.assertTrue(self.screen.cell(2, 0).dim)
        self.assertFalse(self.screen.cell(0, 0).dim)
        self.assertEqual(
            self.screen.spans(0),
            [
                (0, "$ ", Style()),
                (2, "ls", Style(flags=DIM)),
                (4, " 漢e\u0301  ", Style()),
            ],
        )

    def test_cursor_and_modes(self) -> None:
        """Where the cursor is, whether a wrap is due, what is switched on."""
        self.assertEqual(self.screen.cursor, (2, 2))
        self.assertFalse(self.screen.wrap_due)
        self.assertTrue(self.screen.bracketed_paste)
        self.assertEqual(self.screen.modes, {7, 25, 2004})
        self.screen.feed(b"\x1b[?1049h\x1b[HABCDEFGHIJ")
        self.assertTrue(self.screen.wrap_due)
        self.assertEqual(self.screen.cursor, (9, 0))
        self.assertTrue(self.screen.alternate)

    def test_the_cursor_stands_on_a_row_with_a_number_for_good(self) -> None:
        """Also when rows have left at the top; nothing is read for it."""
        screen = Screen(10, 4)
        screen.feed(b"\r\n" * 100 + b"ab")
        self.assertEqual(screen.standing(), (0, 0))
        screen.settle()
        self.assertEqual(screen.standing(), (2, 100))

    def test_whoever_watches_learns_of_a_mode_at_its_moment(self) -> None:
        """The cursor is where it was when the mode was switched."""
        seen: list[tuple[int, bool, tuple[int, int]]] = []
        self.screen.watch(lambda mode, on: seen.append((mode, on, self.screen.spot())))
        self.screen.feed(b"cd\x1b[?2004l\r\n\x1b[?1;25h")
        self.screen.settle()
        self.assertEqual(seen, [(2004, False, (4, 2)), (1, True, (0, 3)), (25, True, (0, 3))])

    def test_sizes_have_bounds(self) -> None:
        """A terminal of no size is a usual one, and one of no new size stays as it is."""
        screen = Screen(0, 0)
        self.assertEqual((screen.columns, screen.rows), (80, 24))
        screen.resize(1, 0)
        self.assertEqual((screen.columns, screen.rows), (LEAST, 24))
        screen.resize(1 << 31, 1 << 31)
        self.assertEqual((screen.columns, screen.rows), (WIDEST, HIGHEST))

    def test_a_snapshot_is_a_dump_with_its_size(self) -> None:
        """As a player takes it; a repaint does not need a fresh terminal."""
        snapshot = self.screen.snapshot()
        self.assertEqual(snapshot, {"cols": 10, "rows": 4, "init": self.screen.dump().decode()})
        self.assertEqual(
            state(fed((10, 4), b"\x1b[?1049h\x1b[4hrubbish\x1b[31", self.screen.repaint())), state(self.screen)
        )
