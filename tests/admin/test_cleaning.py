"""What may be painted on a person's terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.cleaning import clean, clean_lines, width

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


class CleaningTests(SynchronousTestCase):
    """No character of data moves a cursor, hides or turns text around."""

    @settings(max_examples=200, deadline=None)
    @given(st.text(st.characters(), max_size=50))
    @example("\x1b]0;title\x07\x9b31m" + BIDI + "\ud800\ufeff\u2028\x00\x7f")
    def test_no_control_or_bidi_character_is_left(self, text: str) -> None:
        """Whatever goes in."""
        for character in clean(text):
            self.assertNotIn(unicodedata.category(character), {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
        self.assertEqual(clean(clean(text)), clean(text))
        clean(text).encode("utf-8")

    def test_white_space_becomes_blanks_and_words_stay(self) -> None:
        """So that a cell stays on its line."""
        self.assertEqual(clean("a\tb\r\nc Grüße 日本"), "a b  c Grüße 日本")

    def test_lines_stay_lines(self) -> None:
        """Only line feeds part them."""
        self.assertEqual(clean_lines("a\x1b[2J\nb\rc\n"), "a[2J\nb c\n")

    def test_width_counts_columns(self) -> None:
        """Wide characters are two, combining ones none."""
        self.assertEqual([width(text) for text in ("abc", "日本", "e\u0301", "")], [3, 4, 1, 0])
