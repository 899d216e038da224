"""Styles as they are set, and what sets them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen.cells import (
    BLINK,
    BOLD,
    CONCEAL,
    DIM,
    ITALIC,
    PLAIN,
    REVERSE,
    RGB,
    STRIKE,
    UNDERLINE,
    Style,
)
from gateway.domain.screen.sgr import restyled, sequence

COLOURS = st.integers(-1, 255) | st.integers(0, 0xFFFFFF).map(lambda colour: colour | RGB)
STYLES = st.builds(Style, COLOURS, COLOURS, st.integers(0, 255))


class RestyledTests(SynchronousTestCase):
    """``CSI … m`` read."""

    def sets(self, parameters: str, style: Style, before: Style = PLAIN) -> None:
        self.assertEqual(restyled(before, parameters), style)

    def test_flags_are_switched_on_and_off(self) -> None:
        """22 ends bold and dim, the others each their own."""
        for code, flag in (
            (1, BOLD),
            (2, DIM),
            (3, ITALIC),
            (4, UNDERLINE),
            (5, BLINK),
            (7, REVERSE),
            (8, CONCEAL),
            (9, STRIKE),
        ):
            self.sets(str(code), Style(flags=flag))
        for code, left in ((22, 252), (23, 251), (24, 247), (25, 239), (27, 223), (28, 191), (29, 127)):
            self.sets(str(code), Style(flags=left), Style(flags=255))
        self.sets("4:3", Style(flags=UNDERLINE))
        self.sets("4:0", PLAIN, Style(flags=UNDERLINE))

    def test_zero_and_nothing_reset(self) -> None:
        """Also in the middle."""
        self.sets("", PLAIN, Style(1, 2, 3))
        self.sets("31;0;44", Style(bg=4), Style(1, 2, 3))
        self.sets("31;;44", Style(bg=4), Style(1, 2, 3))

    def test_colours_by_number_and_by_shade(self) -> None:
        """16, 256 and all of them, with semicolons or colons, a colour space or none."""
        self.sets("31;102", Style(1, 10))
        self.sets("97;40", Style(15, 0))
        self.sets("38;5;200;48;2;1;2;3", Style(200, RGB | 0x010203))
        self.sets("38:5:200;48:2:1:2:3", Style(200, RGB | 0x010203))
        self.sets("38:2::1:2:3;1", Style(RGB | 0x010203, flags=BOLD))
        self.sets("39;49", PLAIN, Style(1, 2))

    def test_what_is_not_understood_changes_nothing(self) -> None:
        """Unknown codes, colours cut short, colours of underlines."""
        for parameters in ("38", "99;38", "48;5:1", "38;3", "38:5", "38:2:1", "58;2;1;2;3", "58:5:1", "12345678", "78"):
            self.sets(parameters, PLAIN)
        self.sets("58;5;1;1", Style(flags=BOLD))
        self.sets("38;2", Style(RGB))

    @given(st.text("0123456789;:", max_size=40))
    def test_any_parameters_give_a_style(self, parameters: str) -> None:
        """Nothing is raised, and the style is one that can be set again."""
        style = restyled(PLAIN, parameters)
        self.assertEqual(restyled(Style(3, 4, 5), sequence(style)[2:-1]), style)


class SequenceTests(SynchronousTestCase):
    """A style written down."""

    @given(STYLES, STYLES)
    def test_a_sequence_sets_its_style_whatever_was_set(self, style: Style, before: Style) -> None:
        """Nothing of the style before is left."""
        self.assertEqual(restyled(before, sequence(style)[2:-1]), style)

    def test_sequences_are_short_and_old(self) -> None:
        """The sixteen colours by their own numbers."""
        self.assertEqual(sequence(PLAIN), "\x1b[m")
        self.assertEqual(sequence(Style(1, 12, BOLD | DIM)), "\x1b[0;1;2;31;104m")
        self.assertEqual(sequence(Style(16, RGB | 0x0102FF)), "\x1b[0;38;5;16;48;2;1;2;255m")
