"""What paints a screen paints all of it."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen import Screen
from gateway.domain.screen.dump import AFRESH, dump
from tests.domain.screen.streams import HOSTILE, SIZES, STREAMS, fed, state


class DumpTests(SynchronousTestCase):
    """A screen fed with a dump is the screen that was dumped."""

    @settings(max_examples=200, deadline=None)
    @given(SIZES, STREAMS)
    @example((10, 4), b"0123456789" * 5 + b"\x1b[?47h\x1b7\x1b[3;2H\x1b(0\x0e\x1b7\x1b[?47l")
    @example(
        (10, 4), b"0123456789" * 5 + b"\x1b[?1049h\x1b[2;3r\x1b[?6h\x1b[5;5H\x1b7\x1b[31m0123456789\x1b[?7l\x1b[4h"
    )
    @example((2, 1), "xx漢".encode() * 3)
    @example((10, 4), "01234567漢".encode())
    @example((10, 4), b"\x1b[?7l\x1b[?25l\x1b[?2004h\x1b=\x1b[20h\x1b[4 q\x1b[3g\x1b[5GH\x1bH")
    @example((10, 4), b"0123456789x\x1b[A\x1b[41m\x1b[2J\x1bn\x1b*0")
    @example((3, 1), b"hellohellohellohello\x1b[E\x1b[48;2;1;2;3ma")
    def test_a_dump_paints_the_screen_it_was_made_of(self, size: tuple[int, int], stream: bytes) -> None:
        """Text, looks, wraps, modes, margins, stops, saved cursors, both pages."""
        screen = fed(size, stream)
        painted = fed(size, screen.dump())
        self.assertEqual(state(painted), state(screen))
        self.assertEqual(painted.dump(), screen.dump())

    @settings(max_examples=150, deadline=None)
    @given(SIZES, HOSTILE, STREAMS)
    def test_a_repaint_needs_no_fresh_terminal(self, size: tuple[int, int], before: bytes, stream: bytes) -> None:
        """Whatever state the terminal is in, inside a sequence too."""
        screen = fed(size, stream)
        painted = fed(size, before, screen.repaint())
        self.assertEqual(state(painted, behind=False), state(screen, behind=False))

    @settings(max_examples=100, deadline=None)
    @given(SIZES, STREAMS, STREAMS)
    def test_what_follows_a_dump_is_shown_as_after_the_original(
        self, size: tuple[int, int], stream: bytes, after: bytes
    ) -> None:
        """One who joins late sees what the others see from then on."""
        screen = fed(size, stream)
        joined = fed(size, screen.dump())
        self.assertEqual(state(fed_on(joined, after)), state(fed_on(screen, after)))

    @settings(max_examples=60, deadline=None)
    @given(SIZES, STREAMS, st.integers(2, 30), st.integers(1, 30))
    def test_a_resized_screen_is_dumped_in_its_new_size(
        self, size: tuple[int, int], stream: bytes, columns: int, rows: int
    ) -> None:
        """Nothing of the old size is left anywhere."""
        screen = fed(size, stream)
        screen.resize(columns, rows)
        self.assertEqual(state(fed((columns, rows), screen.dump())), state(screen))

    def test_an_empty_screen_takes_hardly_anything(self) -> None:
        """The cursor's place alone."""
        self.assertEqual(dump(fed((80, 24))._terminal), "\x1b[1;1H")
        self.assertTrue(fed((80, 24)).repaint().startswith(AFRESH.encode()))


def fed_on(screen: Screen, after: bytes) -> Screen:
    """Return the same screen, fed with more; the character to repeat is no part of a screen."""
    screen._terminal.last = ""
    screen.feed(after)
    return screen
