"""Each control sequence does what it is for."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen import Screen, Style
from gateway.domain.screen.controls import GREATEST, numbers
from tests.domain.screen.streams import fed, state

LETTERS = b"aaaaa\r\nbbbbb\r\nccccc\r\nddddd"


class ControlCase(SynchronousTestCase):
    """What a screen shows after a sequence."""

    def shows(self, written: bytes, *text: str, size: tuple[int, int] = (10, 4)) -> Screen:
        """Check the text, blank rows at its end left out."""
        screen = fed(size, written)
        rows = screen.text()
        while rows and not rows[-1]:
            rows.pop()
        self.assertEqual(rows, list(text), written)
        return screen

    def points(self, written: bytes, x: int, y: int) -> None:
        """Check the cursor."""
        self.assertEqual(fed((10, 4), written).cursor, (x, y), written)


class ParameterTests(SynchronousTestCase):
    """Numbers, as far as they count."""

    def test_what_is_left_out_is_zero_and_nothing_is_too_great(self) -> None:
        """Of what follows a colon nothing is used."""
        self.assertEqual(numbers(""), (0,))
        self.assertEqual(numbers("1;;3:4;99999999999"), (1, 0, 3, GREATEST))
        self.assertEqual(numbers("12;" + "9" * 200), (12, GREATEST))


class CursorTests(ControlCase):
    """The cursor moved."""

    def test_moves_end_at_the_edges_and_margins(self) -> None:
        """A margin stops only what comes from inside."""
        for written, x, y in (
            (b"\x1b[3;4H", 3, 2),
            (b"\x1b[3H", 0, 2),
            (b"\x1b[99;99f", 9, 3),
            (b"\x1b[2;2H\x1b[A", 1, 0),
            (b"\x1b[9B", 0, 3),
            (b"\x1b[9C\x1b[2D", 7, 0),
            (b"ab\x1b[9D", 0, 0),
            (b"0123456789\x1b[D", 8, 0),
            (b"ab\x1b[2E", 0, 2),
            (b"\x1b[3;3H\x1b[F", 0, 1),
            (b"\x1b[4G", 3, 0),
            (b"\x1b[99`", 9, 0),
            (b"ab\x1b[3d", 2, 2),
            (b"ab\x1b[2e", 2, 2),
            (b"ab\x1b[3a", 5, 0),
            (b"\x1b[2;3r\x1b[2;1H\x1b[9B", 0, 2),
            (b"\x1b[2;3r\x1b[4;1H\x1b[9A", 0, 1),
            (b"\x1b[2;3r\x1b[9A", 0, 0),
            (b"\x1b[2;3r\x1b[4;1H\x1b[9B", 0, 3),
            (b"\x1b[2;3r\x1b[?6h\x1b[9;9H\x1b[9e", 8, 2),
            (b"\x1b[2;3r\x1b[?6h", 0, 1),
            (b"\x1b[3;2r\x1b[3;3H", 2, 2),
            (b"\x1b[2;99r\x1b[3;3H\x1b[9B", 2, 3),
        ):
            self.points(written, x, y)

    def test_tabs_forward_back_and_cleared(self) -> None:
        """One stop, all of them, and all as at first."""
        for written, x in (
            (b"\x1b[I", 8),
            (b"\x1b[9I", 9),
            (b"\x1b[9G\x1b[Z", 0),
            (b"0123456789\x1b[Z", 9),
            (b"\x1b[9G\x1b[g\r\t", 9),
            (b"\x1b[3g\t", 9),
            (b"\x1b[3g\x1b[?5W\t", 8),
            (b"\x1b[1g\x1b[?W\t", 8),
        ):
            self.points(written, x, 0)

    def test_the_cursor_is_kept_and_comes_back(self) -> None:
        """By CSI s and u, and by mode 1048."""
        self.points(b"\x1b[3;3H\x1b[s\x1b[H\x1b[u", 2, 2)
        self.points(b"\x1b[3;3H\x1b[?1048h\x1b[H\x1b[?1048l", 2, 2)


class ErasingTests(ControlCase):
    """Cells blanked."""

    def test_parts_of_the_page(self) -> None:
        """From the cursor, to the cursor, all; nothing for another number."""
        self.shows(LETTERS + b"\x1b[2;3H\x1b[J", "aaaaa", "bb")
        self.shows(LETTERS + b"\x1b[2;3H\x1b[1J", "", "   bb", "ccccc", "ddddd")
        self.shows(LETTERS + b"\x1b[2;3H\x1b[2J")
        self.shows(LETTERS + b"\x1b[3J", "aaaaa", "bbbbb", "ccccc", "ddddd")
        self.shows(LETTERS + b"\x1b[2;3H\x1b[?J", "aaaaa", "bb")

    def test_parts_of_a_row(self) -> None:
        """The same of one row, and a number of cells."""
        self.shows(b"abcde\x1b[3G\x1b[K", "ab")
        self.shows(b"abcde\x1b[3G\x1b[1K", "   de")
        self.shows(b"abcde\x1b[3G\x1b[2K")
        self.shows(b"abcde\x1b[3G\x1b[3K", "abcde")
        self.shows(b"abcde\x1b[2G\x1b[2X", "a  de")
        self.shows(b"0123456789\x1b[X", "012345678")

    def test_erasing_leaves_the_background(self) -> None:
        """And no other part of the style."""
        screen = self.shows(b"ab\x1b[1;31;44m\x1b[K", "ab")
        self.assertEqual(screen.cell(5, 0).style, Style(bg=4))

    def test_rows_erased_from_their_first_cell_continue_nothing(self) -> None:
        """Nor does the row below one that is erased to its end."""
        long = b"x" * 25
        for written, wrapped in (
            (b"", [False, True, True]),
            (b"\r\x1b[K", [False, True, False]),
            (b"\x1b[K", [False, True, True]),
            (b"\x1b[2K", [False, True, False]),
            (b"\x1b[A\x1b[10G\x1b[1J", [False, False, False]),
            (b"\x1b[A\x1b[1J", [False, False, True]),
            (b"\x1b[1K", [False, True, True]),
        ):
            screen = fed((10, 3), long + written)
            self.assertEqual([screen.wrapped(n) for n in range(3)], wrapped, written)


class ShiftingTests(ControlCase):
    """Cells and rows moved."""

    def test_cells_are_put_in_and_taken_out(self) -> None:
        """Also where a wrap is due."""
        self.shows(b"abcde\x1b[2G\x1b[2@", "a  bcde")
        self.shows(b"abcde\x1b[2G\x1b[2P", "ade")
        self.shows(b"0123456789\x1b[P", "012345678")

    def test_rows_are_put_in_and_taken_out(self) -> None:
        """Only within the margins."""
        self.shows(LETTERS + b"\x1b[2;3H\x1b[L", "aaaaa", "", "bbbbb", "ccccc")
        self.shows(LETTERS + b"\x1b[2;3H\x1b[2M", "aaaaa", "ddddd")
        for outside in (b"\x1b[L", b"\x1b[M", b"\x1b['}", b"\x1b[ @"):
            self.shows(LETTERS + b"\x1b[2;3r\x1b[4H" + outside, "aaaaa", "bbbbb", "ccccc", "ddddd")

    def test_the_region_is_scrolled(self) -> None:
        """Up and down."""
        self.shows(LETTERS + b"\x1b[2;3r\x1b[S", "aaaaa", "ccccc", "", "ddddd")
        self.shows(LETTERS + b"\x1b[2;3r\x1b[T", "aaaaa", "", "bbbbb", "ddddd")

    def test_columns_are_shifted(self) -> None:
        """All rows of the region alike."""
        self.shows(b"abc\r\nabc\x1b[ @", "bc", "bc")
        self.shows(b"abc\r\nabc\x1b[ A", " abc", " abc")
        self.shows(b"abc\r\nabc\x1b[2G\x1b['}", "a bc", "a bc")
        self.shows(b"abc\r\nabc\x1b[2G\x1b['~", "ac", "ac")

    def test_a_character_is_repeated(self) -> None:
        """As often as is asked, over rows too; a wide one is; nothing is where there was none."""
        self.shows(b"ax\x1b[3b", "axxxx")
        self.shows("漢\x1b[2b".encode(), "漢漢漢")
        self.shows(b"\x1b[3b")
        self.shows(b"x\r\x1b[3b", "x")
        screen = self.shows(b"x\x1b[9999b", *["x" * 10] * 4)
        self.assertTrue(screen.wrap_due)


class ModeTests(ControlCase):
    """Modes switched."""

    def test_characters_are_put_in_between(self) -> None:
        """In insert mode."""
        self.shows(b"abc\x1b[4h\x1b[2Gxy\x1b[4lz", "axyzc")

    def test_a_new_line_returns_the_carriage(self) -> None:
        """In new-line mode."""
        self.shows(b"\x1b[20hab\ncd\x1b[20l\nef", "ab", "cd", "  ef")

    def test_mice_are_one_at_a_time(self) -> None:
        """Reports and their coding; one that is switched off leaves none."""
        self.assertEqual(fed((9, 9), b"\x1b[?1000h\x1b[?1003h\x1b[?1015h\x1b[?1006h").modes, {7, 25, 1003, 1006})
        self.assertEqual(fed((9, 9), b"\x1b[?1000h\x1b[?1006h\x1b[?1002l").modes, {7, 25, 1006})

    def test_character_sets_become_ascii_again(self) -> None:
        """By mode 2, switched on."""
        self.shows(b"\x1b(0q\x1b[?2lq\x1b[?2hq", "──q")

    def test_the_alternate_page_is_blank_and_the_primary_comes_back(self) -> None:
        """1049 brings the cursor back too, 47 does not."""
        self.shows(b"ab\x1b[?1049h")
        screen = self.shows(b"ab\x1b[?1049h\x1b[3;3Hx\x1b[?1049l\x1b[?1049l", "ab")
        self.assertEqual(screen.cursor, (2, 0))
        self.assertEqual(self.shows(b"ab\x1b[?47h\x1b[?47h\x1b[3;3Hx\x1b[?1047l", "ab").cursor, (3, 2))

    def test_the_cursor_has_styles(self) -> None:
        """Seven of them."""
        self.assertIn(b"\x1b[4 q", fed((9, 9), b"\x1b[4 q\x1b[7 q").dump())

    def test_whoever_watches_is_told(self) -> None:
        """Of each private mode, known or not."""
        screen, seen = Screen(9, 9), []
        screen.watch(lambda mode, on: seen.append((mode, on)))
        screen.feed(b"\x1b[?2004;7777h\x1b[?25l")
        screen.settle()
        self.assertEqual(seen, [(2004, True), (7777, True), (25, False)])

    def test_a_soft_reset_leaves_the_text(self) -> None:
        """And little else; unknown modes were never on."""
        screen = self.shows(
            b"a\x1b[31m\x1b[2;3r\x1b[?6h\x1b[?7l\x1b[4h\x1b(0\x1b[?25l\x1b[?1;2004;9999h\x1b[5h\x1b[2y\x1b[!p\x1b[1;2H",
            "a",
        )
        self.assertEqual(state(screen), state(fed((10, 4), b"a")))
