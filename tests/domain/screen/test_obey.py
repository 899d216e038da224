"""Control characters and escape sequences do what they are for."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen import Screen, Style
from tests.domain.screen.streams import fed


class CharacterTests(SynchronousTestCase):
    """One character, one act."""

    def test_the_cursor_is_moved(self) -> None:
        """Backspace from where a wrap is due goes two columns back; a tab there does nothing."""
        for written, cursor in (
            (b"ab\b", (1, 0)),
            (b"\b", (0, 0)),
            (b"0123456789\b", (8, 0)),
            (b"\t", (8, 0)),
            (b"0123456789\t", (9, 0)),
            (b"ab\x00\v", (2, 1)),
            (b"ab\f", (2, 1)),
            (b"ab\x00\r", (0, 0)),
            (b"ab\x1bD", (2, 1)),
            (b"ab\x1bE", (0, 1)),
            (b"ab\n\x1bM", (2, 0)),
            (b"ab\xc2\x84", (2, 1)),
            (b"ab\xc2\x85", (0, 1)),
            (b"ab\n\xc2\x8d", (2, 0)),
            (b"a\x07\x01b", (2, 0)),
            (b"ab\x1b[\rm", (0, 0)),
            (b"ab\x1b[\nm", (2, 1)),
            (b"ab\x1b[9z", (2, 0)),
        ):
            self.assertEqual(fed((10, 4), written).cursor, cursor, written)

    def test_reverse_index_scrolls_down_at_the_top(self) -> None:
        """At the top margin, that is; above it the cursor stops at the first row."""
        self.assertEqual(fed((10, 3), b"a\r\nb\r\nc\x1b[H\x1bM").text(), ["", "a", "b"])
        self.assertEqual(fed((10, 3), b"a\r\nb\r\nc\x1b[2;3r\x1b[H\x1bM").text(), ["a", "b", "c"])

    def test_stops_are_set_where_the_cursor_is(self) -> None:
        """Not beyond the edge."""
        self.assertEqual(fed((20, 2), b"abc\x1bH\r\t").cursor, (3, 0))
        self.assertEqual(fed((20, 2), b"abc\xc2\x88\r\t").cursor, (3, 0))
        self.assertEqual(fed((10, 2), b"0123456789\x1bH\r\t\t").cursor, (9, 0))


class SetTests(SynchronousTestCase):
    """Characters of other sets."""

    def test_lines_are_drawn_in_the_set_for_it(self) -> None:
        """Designated to any of four places, which are shifted in."""
        self.assertEqual(
            fed((20, 1), b"\x1b(0lqk\x1b(Bx\x1b)0\x0eq\x0fq\x1b*0\x1bnx\x1b+A\x1bo#\x0f#").text(), ["┌─┐x─q│£#"]
        )
        self.assertEqual(fed((20, 1), b"\x1b(Kx\x1b%Gy\x1b(5").text(), ["xy"])


class StateTests(SynchronousTestCase):
    """What is kept, and what is made new."""

    def test_the_cursor_comes_back_as_it_was_kept(self) -> None:
        """With style and character set."""
        screen = fed((10, 2), b"\x1b[31m\x1b(0a\x1b7\x1b[m\x1b(B\r\nb\x1b8q")
        self.assertEqual(screen.text(), ["▒─", "b"])
        self.assertEqual(screen.cell(1, 0).style, Style(1))

    def test_the_keypad_has_two_modes(self) -> None:
        """Remembered for whoever repaints."""
        self.assertIn(b"\x1b=", fed((10, 1), b"\x1b=").dump())
        self.assertNotIn(b"\x1b=", fed((10, 1), b"\x1b=\x1b>").dump())

    def test_the_screen_is_filled_to_be_aligned(self) -> None:
        """In the present style, the cursor at home."""
        screen = fed((3, 2), b"x\x1b[7m\x1b#8")
        self.assertEqual((screen.text(), screen.cursor), (["EEE", "EEE"], (0, 0)))

    def test_a_reset_leaves_nothing(self) -> None:
        """But for the count of rows that have gone."""
        screen = fed((10, 2), b"a\nb\nc\nd\x1b[?1049h\x1b[31;4m\x1b[?2004h\x1b[1;1H\x1bcx")
        self.assertEqual(screen.dump(), fed((10, 2), b"x").dump())
        self.assertEqual((screen.scrolled, Screen(10, 2).scrolled), (2, 0))
