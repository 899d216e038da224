"""Text on terminals."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.cells import clean, cut, width


class CellTests(SynchronousTestCase):
    """Clean, and never too wide."""

    def test_what_is_not_for_eyes_is_shown_as_a_question(self) -> None:
        """Controls, escapes, direction marks."""
        self.assertEqual(clean("a\x1b[2J\u202eb\x9bé"), "a?[2J?b?é")

    def test_wide_and_combining_characters_are_measured(self) -> None:
        """Two cells and none."""
        self.assertEqual([width(text) for text in ("ab", "漢字", "e\u0301", "")], [2, 4, 1, 0])
        self.assertEqual(cut("漢字", 3), "漢")

    @settings(max_examples=200)
    @given(st.text(max_size=30), st.integers(0, 20))
    def test_what_is_cut_fits(self, text: str, columns: int) -> None:
        """Whatever it was, it is printable and no wider than asked."""
        kept = cut(text, columns)
        self.assertLessEqual(width(kept), columns)
        self.assertEqual(clean(kept), kept)
