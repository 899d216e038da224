"""Tests of gateway/domain/units.py."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.units import BYTES, LARGEST, SECONDS, seconds, size


class UnitTests(SynchronousTestCase):
    """Sizes and durations as settings write them."""

    def test_a_number_and_a_unit_is_a_size(self) -> None:
        """With or without a blank between."""
        self.assertEqual((size("100MiB"), size("2 kB")), (100 * 1024**2, 2000))

    def test_a_number_and_a_unit_is_a_duration(self) -> None:
        """In seconds."""
        self.assertEqual((seconds("30m"), seconds("1w")), (1800, 604_800))

    def test_what_is_neither_is_said_in_words(self) -> None:
        """A unit of the other kind, no unit, no text, and a number that is too large."""
        for text in ("1h", "5", 5, None, "MiB", "999999999999999TiB", "-1B"):
            self.assertRaises(ValueError, size, text)

    @given(st.text(max_size=20) | st.from_regex(r"[0-9]{1,16} ?[A-Za-z]{1,3}", fullmatch=True))
    def test_any_text_is_a_number_or_refused(self, text: str) -> None:
        """Nothing else is raised, and no number is too large for JSON."""
        for read, units in ((size, BYTES), (seconds, SECONDS)):
            try:
                found = read(text)
            except ValueError:
                continue
            self.assertTrue(0 <= found <= LARGEST and text.endswith(tuple(units)))
