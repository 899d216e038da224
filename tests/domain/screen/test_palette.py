"""Inks and marked characters come and go with what shows them."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen.cells import BOLD, FILL, MARK, PLAIN, Style
from gateway.domain.screen.palette import CLUSTER_LENGTH, CLUSTERS, INKS, PLAIN_INK, REMEMBERED, Palette


class InkTests(SynchronousTestCase):
    """Styles, each known by one character."""

    def setUp(self) -> None:
        self.palette = Palette()

    def test_a_style_has_one_ink(self) -> None:
        """The plain one has the first."""
        self.assertEqual(self.palette.ink(PLAIN), PLAIN_INK)
        ink = self.palette.restyled(PLAIN_INK, "1;31")
        self.assertEqual(self.palette.style(ink), Style(1, flags=BOLD))
        self.assertEqual(self.palette.restyled(PLAIN_INK, "31;1"), ink)
        self.assertEqual([self.palette.restyled(ink, "0") for _ in range(2)], [PLAIN_INK] * 2)
        self.assertEqual([self.palette.code(ink) for _ in range(2)], ["\x1b[0;1;31m"] * 2)

    def test_erasing_leaves_the_background(self) -> None:
        """And nothing else of a style."""
        self.assertEqual(self.palette.eraser(PLAIN_INK), PLAIN_INK)
        self.assertEqual(
            self.palette.style(self.palette.eraser(self.palette.restyled(PLAIN_INK, "1;31;44"))), Style(bg=4)
        )

    def test_styles_out_of_use_are_let_go(self) -> None:
        """Those in use keep their look under another ink."""
        inks = [self.palette.restyled(PLAIN_INK, f"38;2;{n >> 8};{n & 255};0") for n in range(INKS + 1)]
        self.assertTrue(self.palette.full)
        kept = {ink: self.palette.style(ink) for ink in inks[-3:]}
        moved = self.palette.keep(kept)
        self.assertFalse(self.palette.full)
        self.assertEqual([self.palette.style(ink.translate(moved)) for ink in kept], list(kept.values()))
        self.assertEqual(PLAIN_INK.translate(moved), PLAIN_INK)
        self.assertEqual(len(moved), 4)

    def test_answers_are_remembered_up_to_a_number(self) -> None:
        """They are found anew then."""
        for n in range(REMEMBERED + 2):
            self.palette.restyled(PLAIN_INK, f"31;{n + 200}")
        self.assertEqual(self.palette.style(self.palette.restyled(PLAIN_INK, "31;200")), Style(1))
        self.assertLess(len(self.palette._answers), 5)


class ClusterTests(SynchronousTestCase):
    """Characters with marks, each known by a lone surrogate."""

    def setUp(self) -> None:
        self.palette = Palette()

    def test_a_marked_character_is_spelt_out_again(self) -> None:
        """Also with several marks, also a wide one, also where there are none."""
        once = self.palette.marked("e", "\u0301")
        twice = self.palette.marked(once, "\u0302")
        self.assertEqual(self.palette.marked("e", "\u0301"), once)
        self.assertEqual(self.palette.text(f"a{once}漢{FILL}{twice}"), "ae\u0301漢e\u0301\u0302")
        self.assertEqual(self.palette.text("abc"), "abc")
        self.assertEqual(Palette().text(f"漢{FILL}"), "漢")

    def test_marks_beyond_the_longest_are_dropped(self) -> None:
        """A tower of accents ends."""
        cell = "e"
        for _ in range(20):
            cell = self.palette.marked(cell, "\u0301")
        self.assertEqual(len(self.palette.text(cell)), CLUSTER_LENGTH)

    def test_those_out_of_use_are_let_go_when_there_is_no_room(self) -> None:
        """Before that, and where all are in use, marks are dropped."""
        made = [self.palette.marked(chr(0x4E00 + n), "\u0301") for n in range(CLUSTERS)]
        self.assertEqual(self.palette.marked("e", "\u0301"), "e")
        self.assertTrue(self.palette.crowded)
        moved = self.palette.keep_clusters([*made[-2:], "a", FILL])
        self.assertFalse(self.palette.crowded)
        self.assertEqual(self.palette.text(made[-1].translate(moved)), chr(0x4E00 + CLUSTERS - 1) + "\u0301")
        self.assertEqual(self.palette.text(self.palette.marked("e", "\u0301")), "e\u0301")
        self.assertLess(max(moved.values()), MARK)
