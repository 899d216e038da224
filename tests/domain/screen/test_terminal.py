"""Printing puts characters where terminals put them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen import Screen, Style
from gateway.domain.screen.palette import CLUSTERS, INKS
from tests.domain.screen.streams import fed, state


class PrintingTests(SynchronousTestCase):
    """Runs of text at the edge and within."""

    def shows(self, written: str, *text: str, size: tuple[int, int] = (10, 3)) -> Screen:
        screen = fed(size, written.encode())
        self.assertEqual(screen.text(), [*text, *[""] * (size[1] - len(text))], written)
        self.assertEqual(state(screen), state(fed(size, *(bytes([each]) for each in written.encode()))), "one by one")
        return screen

    def test_text_wraps_at_the_edge(self) -> None:
        """The wrap is due before it is done; a wide character does not stand half on the edge."""
        self.assertTrue(self.shows("0123456789", "0123456789").wrap_due)
        screen = self.shows("0123456789abc", "0123456789", "abc")
        self.assertEqual([screen.wrapped(n) for n in range(3)], [False, True, False])
        self.shows("012345678漢字", "012345678", "漢字")
        self.shows("漢字漢字漢字漢", "漢字漢字漢", "字漢")
        self.shows("0123456789\n1", "0123456789", "         1")

    def test_long_runs_scroll(self) -> None:
        """Only what stays is written, and what has gone is counted."""
        screen = self.shows("".join(str(n % 10) for n in range(95)), "0123456789", "0123456789", "01234")
        self.assertEqual(screen.scrolled, 7)
        self.assertEqual([screen.wrapped(n) for n in range(3)], [True] * 3)
        self.shows("漢字漢字漢" * 4, "漢字漢字漢", "漢字漢字漢", "漢字漢字漢")
        self.shows(
            "\x1b[1;2r" + "0123456789" * 4 + "\x1b[3H" + "abcdefghij" * 2, "0123456789", "0123456789", "abcdefghij"
        )

    def test_without_wrapping_the_last_column_is_overwritten(self) -> None:
        """A wide character that does not fit is not shown."""
        self.shows("\x1b[?7l0123456789abc", "012345678c")
        self.shows("\x1b[?7l012345678漢", "012345678")
        self.assertEqual(self.shows("\x1b[?7l0123456789a漢", "012345678a").cursor, (9, 0))
        self.shows("\x1b[?7l012345678漢a", "012345678a")

    def test_inserted_text_pushes_the_rest_out(self) -> None:
        """Also where it wraps."""
        self.shows("abc\x1b[4h\r12345678", "12345678ab")
        self.shows("abc\x1b[4h\r123456789012", "1234567890", "12")
        self.shows("abc\x1b[4h\x1b[?7l\r12", "12abc")

    def test_characters_of_another_set_are_translated(self) -> None:
        """As box drawing is."""
        self.shows("\x1b(0lqk漢", "┌─┐漢")

    def test_marks_stand_on_the_character_before(self) -> None:
        """On a wide one, at the edge, on a blank; on nothing they are dropped."""
        self.shows("\u0301e\u0301\u0302x漢\u0301", "e\u0301\u0302x漢\u0301")
        self.shows("0123456789\u0301a", "0123456789\u0301", "a")
        self.shows("a\x1b[4G\u0301b", "a  \u0301b")
        self.shows("e\u0301\x1b[2b", "e\u0301" * 3)

    def test_returns_within_a_text(self) -> None:
        """Text over text."""
        self.shows("abc\rx\r\ndef\r\r\nghi\r", "xbc", "def", "ghi")
        self.shows("abc\r\rx", "xbc")

    def test_lines_that_scroll_out_are_not_written(self) -> None:
        """Unless there are margins, or lines do not begin at the left."""
        lines = "".join(f"{n}\r\n" for n in range(20))
        self.assertEqual(self.shows(lines, "18", "19").scrolled, 18)
        self.assertEqual(self.shows("ab\r\ncd" + lines, "18", "19").scrolled, 19)
        self.shows("\x1b[1;2r" + lines, "19")
        self.shows("".join(f"{n}\n" for n in range(8)), "      6", "       7")
        self.shows("\x1b[20h" + lines.replace("\r", ""), "18", "19")
        self.shows("x\r\n" * 9 + "\x1b[2b", "x", "x")


class ModeTests(SynchronousTestCase):
    """What a terminal remembers."""

    def test_the_cursor_stays_within_the_margins_in_origin_mode(self) -> None:
        """Also when it comes back, and when another page has other margins."""
        screen = fed((10, 4), b"\x1b[2;3r\x1b[?6h\x1b[2;1H\x1b7\x1b[?6l\x1b[4H\x1b8")
        self.assertEqual(screen.cursor, (0, 2))
        screen.feed(b"\x1b[?47l\x1b[?47h\x1b[4H\x1b[?47l")
        self.assertEqual(screen.cursor, (0, 2))
        screen.feed(b"\x1b[?6l\x1b[3;4r\x1b8")
        self.assertEqual(screen.cursor, (0, 2))

    def test_a_feed_below_the_margins_stops_at_the_last_row(self) -> None:
        """And one before them moves on."""
        self.assertEqual(fed((10, 4), b"\x1b[2;3r\x1b[4H\n\na").text(), ["", "", "", "a"])
        self.assertEqual(fed((10, 4), b"\x1b[2;3r\n\n\n\na").text(), ["", "", "a", ""])

    def test_a_resize_moves_both_pages(self) -> None:
        """The row of each page's cursor stays."""
        screen = fed((10, 4), b"a\r\nb\r\nc\r\nd\x1b7\x1b[?47h\x1b[31m\x1b7\x1b[Hx\x1b[4Hy")
        screen.resize(5, 2)
        self.assertEqual(screen.text(), ["", "y"])
        screen.feed(b"\x1b[?47l")
        self.assertEqual((screen.text(), screen.cursor), (["c", "d"], (1, 1)))
        screen.feed(b"\x1b[?47h\x1b8")
        self.assertEqual(screen.cursor, (1, 1))


class TableTests(SynchronousTestCase):
    """Tables that fill up are cleared of what nothing shows."""

    def test_a_picture_in_true_colour_keeps_its_colours(self) -> None:
        """Thousands of styles, of which the screen shows the last."""

        def code(n: int) -> str:
            return f"38;2;{n >> 8};{n & 255};7"

        cells = "".join(f"\x1b[{code(n)}mx" for n in range(INKS * 3))
        screen = fed((10, 3), f"\x1b[32m\x1b7\x1b[?47h\x1b[33m\x1b7\x1b[?47l\x1b[4m{cells}".encode())
        last = INKS * 3 - 1
        self.assertEqual(
            screen.cell(screen.cursor[0] - 1, 2).style,
            Style(1 << 24 | last >> 8 << 16 | (last & 255) << 8 | 7, flags=8),
        )
        self.assertLess(len(screen._terminal.palette._styles), INKS * 2)
        self.assertEqual(fed((10, 3), screen.dump()).spans(2), screen.spans(2))
        screen.feed(b"\x1b8y")
        self.assertEqual(screen.cell(0, 0).style, Style(2))

    def test_marked_characters_keep_their_marks(self) -> None:
        """Thousands of them, of which the screen shows the last; the alternate page hides some."""
        cells = "".join(chr(0x3400 + n) + "\u0301" for n in range(CLUSTERS * 2))
        screen = fed((10, 3), f"e\u0301\x1b[?47h{cells}".encode())
        self.assertTrue("".join(screen.text()).endswith(cells[-4:]))
        screen.feed(b"\x1b[?47l")
        self.assertEqual(screen.text()[0], "e\u0301")
