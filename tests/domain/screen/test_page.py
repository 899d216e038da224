"""Rows stay as wide as their page, whatever is moved about in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen.cells import FILL
from gateway.domain.screen.page import Page, Row, Saved
from gateway.domain.screen.palette import PLAIN_INK

WIDE = f"a漢{FILL}b字{FILL}cd"


def row(text: str = WIDE) -> Row:
    return Row(text, PLAIN_INK * len(text))


class RowTests(SynchronousTestCase):
    """Cells written, blanked, moved."""

    def check(self, changed: Row, text: str, inks: str | None = None) -> None:
        self.assertEqual(changed.text.replace(FILL, "_"), text)
        self.assertEqual(len(changed.inks), len(text))
        if inks is not None:
            self.assertEqual(changed.inks.replace(PLAIN_INK, "."), inks)

    def test_half_a_wide_character_is_blanked_when_the_other_is_overwritten(self) -> None:
        """On both sides of what is written."""
        written = row()
        written.put(2, "xyz", "i")
        self.check(written, "a xyz cd", ".iiiii..")
        written = row()
        written.put(1, "xy", "i")
        self.check(written, "axyb字_cd", ".ii.....")
        written = row("abcd")
        written.put(1, "xy", "i")
        self.check(written, "axyd", ".ii.")

    def test_erasing_ends_at_the_edge(self) -> None:
        """And erases nothing beyond it."""
        erased = row()
        erased.erase(5, 99, "i")
        erased.erase(8, 9, "i")
        self.check(erased, "a漢_b    ", "....iiii"[:4] + "iiii")

    def test_cells_move_right_and_fall_off(self) -> None:
        """Wide characters that are torn become blanks."""
        moved = row()
        moved.insert(2, 3, "i")
        self.check(moved, "a    " + " b ")
        moved = row("abcd")
        moved.insert(1, 9, "i")
        self.check(moved, "a   ", ".iii")

    def test_cells_move_left(self) -> None:
        """Blanks come in at the right."""
        moved = row()
        moved.delete(2, 3, "i")
        self.check(moved, "a  cd   ")
        moved = row("abcd")
        moved.delete(1, 2, "i")
        self.check(moved, "ad  ", "..ii")

    def test_a_row_is_cut_and_lengthened(self) -> None:
        """A wide character across the edge goes whole."""
        cut = row()
        cut.resize(5)
        self.check(cut, "a漢_b ")
        cut.resize(7)
        self.check(cut, "a漢_b   ")

    @given(
        st.lists(st.tuples(st.sampled_from(["put", "erase", "insert", "delete"]), st.integers(0, 7), st.integers(0, 9)))
    )
    def test_no_half_stands_alone(self, changes: list[tuple[str, int, int]]) -> None:
        """Whatever is done in whatever order, the row keeps its width."""
        changed = row()
        for kind, x, count in changes:
            if kind == "put":
                changed.put(x, f"漢{FILL}漢{FILL}"[: min(count // 2 * 2, (8 - x) // 2 * 2)], "i")
            elif kind == "erase":
                changed.erase(x, x + count, "i")
            else:
                getattr(changed, kind)(x, count, "i")
            self.assertEqual((len(changed.text), len(changed.inks)), (8, 8))
            self.assertNotIn(FILL, changed.text.replace(f"漢{FILL}", "").replace(f"字{FILL}", ""))
            self.assertEqual(changed.text.count(FILL), changed.text.count("漢") + changed.text.count("字"))


class PageTests(SynchronousTestCase):
    """Rows moved about."""

    def setUp(self) -> None:
        self.page = Page(20, 5)
        for n, each in enumerate(self.page.rows):
            each.put(0, str(n), PLAIN_INK)

    def check(self, text: str) -> None:
        self.assertEqual("".join(each.text[0] for each in self.page.rows), text)
        self.assertEqual(len(self.page.rows), len(text))

    def test_only_what_leaves_at_the_top_of_the_page_is_counted(self) -> None:
        """Not what leaves a region below it."""
        self.page.scroll(2, "i")
        self.check("234  ")
        self.assertEqual((self.page.gone, self.page.rows[4].inks), (2, "i" * 20))
        self.page.top = 1
        self.page.scroll(1, "i")
        self.check("24   ")
        self.assertEqual(self.page.gone, 2)

    def test_rows_move_within_the_margins(self) -> None:
        """What is below the bottom margin stays."""
        self.page.bottom = 3
        self.page.up(1, 2, PLAIN_INK)
        self.check("03  4")
        self.page.down(0, 1, PLAIN_INK)
        self.check(" 03 4")
        self.page.down(1, 99, PLAIN_INK)
        self.check("    4")

    def test_stops_are_every_eight_columns(self) -> None:
        """And at the edges when there are no more."""
        self.assertEqual([self.page.next_stop(x) for x in (0, 7, 8, 16, 19)], [8, 8, 16, 19, 19])
        self.assertEqual([self.page.previous_stop(x) for x in (19, 8, 1, 0)], [16, 0, 0, 0])

    def test_a_lower_page_keeps_the_row_of_the_cursor(self) -> None:
        """Rows below it go first, then those at the top; the saved cursor moves along."""
        self.page.saved = Saved(19, 4)
        self.assertEqual(self.page.resize(10, 3, 3), 1)
        self.check("123")
        self.assertEqual((self.page.saved, self.page.gone, self.page.bottom), (Saved(9, 2), 1, 2))

    def test_a_larger_page_has_blank_rows_and_further_stops(self) -> None:
        """Stops that were taken away stay away."""
        self.page.tabs -= {8}
        self.assertEqual(self.page.resize(41, 7, 0), 0)
        self.check("01234  ")
        self.assertEqual(self.page.tabs, {0, 16, 24, 32, 40})
        self.page.reset()
        self.check("       ")
        self.assertIn(8, self.page.tabs)
