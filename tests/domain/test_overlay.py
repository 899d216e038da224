"""A notice over a terminal's first lines."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.overlay import MOST_LINES, drawn, lifted
from gateway.domain.screen import Screen
from tests.domain.screen.streams import STREAMS

TEXTS = st.text(max_size=200) | st.just("LOCKED by Bob Ray (bob) at 14:03. Reason: " + "w" * 300)


class OverlayTests(SynchronousTestCase):
    """What is drawn and what is painted back."""

    @settings(max_examples=200, deadline=None)
    @given(STREAMS, TEXTS, st.integers(2, 60), st.integers(1, 8), st.tuples(st.integers(2, 60), st.integers(1, 8)))
    def test_any_screen_is_restored_exactly(
        self, stream: bytes, text: str, columns: int, rows: int, size: tuple[int, int]
    ) -> None:
        """Whatever is on it and in whatever modes; other lines than the notice's are not touched meanwhile."""
        screen, terminal = Screen(columns, rows), Screen(columns, rows)
        screen.feed(stream)
        terminal.feed(stream)
        over = drawn(text, screen)
        self.assertTrue(all(each >= 32 or each in b"\x1b\x0f" for each in over))
        before = screen.text()
        terminal.feed(over)
        least = min(MOST_LINES, max(1, rows - 1))
        self.assertEqual(terminal.text()[least:], before[least:])
        self.assertEqual(terminal.cursor, screen.cursor)
        resized = Screen(columns, rows)
        resized.feed(screen.dump())
        if size != (columns, rows):
            resized.resize(*size)
        terminal.feed(lifted(screen))
        self.assertEqual(terminal.dump(), screen.dump())
        terminal.feed(drawn(text, screen))
        if size != (columns, rows):
            terminal.resize(*size)
        terminal.feed(lifted(screen, size))
        self.assertEqual(terminal.dump(), resized.dump())

    def test_what_has_scrolled_away_stays_as_it_is(self) -> None:
        """A known limit, and a good one: neither the notice nor its end scrolls anything."""
        screen = Screen(20, 3)
        screen.feed(b"1\r\n2\r\n3\r\n4\r\n")
        terminal = Screen(20, 3)
        terminal.feed(b"1\r\n2\r\n3\r\n4\r\n" + drawn("a notice of several words", screen) + lifted(screen))
        self.assertEqual((terminal.text(), terminal.scrolled), (screen.text(), screen.scrolled))

    def test_a_notice_is_broken_between_words(self) -> None:
        """Name, time, reason and contact are all there on a terminal of the usual size; controls are blanks."""
        screen = Screen(40, 10)
        screen.feed(b"\x1b[?25l")
        words = "LOCKED by Bob Ray (bob) at 14:03. Reason: change\x1b]0;x\x07 freeze. Call the desk, 555-0100"
        terminal = Screen(40, 10)
        terminal.feed(drawn(words, screen))
        self.assertEqual(terminal.text()[:3], [
            "LOCKED by Bob Ray (bob) at 14:03.", "Reason: change ]0;x freeze. Call the", "desk, 555-0100",
        ])  # fmt: skip
        narrow = Screen(4, 9)
        terminal = Screen(4, 9)
        terminal.feed(drawn("unbreakable 日本語", narrow))
        self.assertEqual(terminal.text()[:5], ["unbr", "eaka", "ble", "日本", ""])
