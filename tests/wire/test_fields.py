"""Fields are taken exactly, and written as they are read."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.fields import Fields, MalformedField, natural, string, uint64


class FieldsTest(SynchronousTestCase):
    """Field types."""

    @settings(max_examples=200, deadline=None)
    @given(st.integers(0, 1 << 200))
    def test_numbers_are_read_as_written(self, number: int) -> None:
        """In their one form."""
        self.assertEqual(Fields(natural(number)).natural("number", 64), number)

    @settings(max_examples=200, deadline=None)
    @given(st.binary(max_size=8))
    def test_a_number_has_one_form(self, digits: bytes) -> None:
        """What is accepted is written back byte for byte."""
        payload = string(digits)
        try:
            number = Fields(payload).natural("number", 8)
        except MalformedField:
            return
        self.assertEqual(natural(number), payload)

    @settings(max_examples=100, deadline=None)
    @given(st.integers(0, (1 << 64) - 1), st.binary(max_size=20))
    def test_what_was_taken_and_what_is_left_is_counted(self, number: int, more: bytes) -> None:
        """In bytes, together all of the payload."""
        fields = Fields(uint64(number) + more)
        self.assertEqual((fields.taken, fields.left), (0, 8 + len(more)))
        self.assertEqual(fields.uint64("number"), number)
        self.assertEqual((fields.taken, fields.left), (8, len(more)))
        self.assertRaises(MalformedField, Fields(more[:7]).uint64, "number")

    def test_any_byte_but_zero_is_true(self) -> None:
        """RFC 4251 §5."""
        self.assertEqual([Fields(bytes([n])).boolean("flag") for n in (0, 1, 255)], [False, True, True])

    def test_the_content_is_in_no_repr(self) -> None:
        """Payloads may hold passwords."""
        self.assertNotIn("hunter2", repr(Fields(b"hunter2")))
