"""How many cells a character takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen import cells
from gateway.domain.screen.cells import DIM, FILL, MARK, Cell, Style, to_cells, width

CHARACTERS = st.characters(exclude_categories=("Cs", "Cc"))


class WidthTests(SynchronousTestCase):
    """Narrow, wide, and none at all."""

    def test_letters_lines_and_signs_take_one_cell(self) -> None:
        """Latin, box drawing, and the soft hyphen."""
        self.assertEqual([width(each) for each in "aé│Ω\u00ad"], [1] * 5)

    def test_east_asian_characters_and_emoji_take_two(self) -> None:
        """As terminals draw them."""
        self.assertEqual([width(each) for each in "漢カ가Ａ😀"], [2] * 5)

    def test_marks_and_joiners_take_none(self) -> None:
        """Accents, enclosing marks, joiners, vowels and finals of Hangul."""
        self.assertEqual([width(each) for each in "\u0301\u20dd\u200d\ufe0f\u1161"], [0] * 5)


class CellsTests(SynchronousTestCase):
    """Text as a row holds it."""

    def test_wide_characters_are_followed_by_their_second_half(self) -> None:
        """So that each character of a row is a cell; marks are announced."""
        self.assertEqual(to_cells("a漢e\u0301"), f"a漢{FILL}e{MARK}\u0301")

    @given(st.lists(st.text(CHARACTERS, max_size=30)))
    def test_a_short_memory_changes_nothing(self, texts: list[str]) -> None:
        """Widths that were forgotten are found again."""
        before, cells.KNOWN = cells.KNOWN, 4
        try:
            for text in texts:
                found = to_cells(text)
                self.assertEqual(found.replace(FILL, "").replace(MARK, ""), text)
                self.assertEqual(
                    len(found.replace(MARK, "")) - text.count(FILL), sum(max(1, width(each)) for each in text)
                )
        finally:
            cells.KNOWN = before

    def test_a_cell_may_be_dim(self) -> None:
        """As what a shell merely suggests."""
        self.assertTrue(Cell("x", 1, Style(flags=DIM)).dim)
        self.assertFalse(Cell("x", 1, Style()).dim)
