"""The gateway's own lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.notice import LONGEST, line


class NoticeTests(SynchronousTestCase):
    """One line, whatever is in it."""

    def test_a_terminal_and_stderr(self) -> None:
        """On a terminal it stands on a line of its own."""
        self.assertEqual(line("no", False), b"ostiary: no\n")
        self.assertEqual(line("no", True), b"\r\nostiary: no\r\n")

    @given(st.text(max_size=2000))
    def test_it_is_one_printable_line(self, text: str) -> None:
        """No control character, no half character, no second line, at most a kilobyte of text."""
        said = line(text, False)
        words = said.decode("utf-8")
        self.assertTrue(words.startswith("ostiary: ") and words.endswith("\n"))
        self.assertTrue(words[:-1].isprintable())
        self.assertLessEqual(len(words), LONGEST + 10)
