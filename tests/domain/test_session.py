"""What sessions are called."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.session import ALPHABET, EPOCH, State, crockford, normal, reference, session_id

TIMES = st.floats(EPOCH, EPOCH + 3e9)
BITS = st.integers(0, 2**64)


class SessionTests(SynchronousTestCase):
    """Ids that sort by time and survive being read aloud."""

    @given(TIMES, TIMES, BITS, BITS)
    def test_ids_sort_by_time(self, one: float, other: float, bits: int, more: int) -> None:
        """A session 16 ms later has a greater id, whatever the lots."""
        if one + 0.032 < other:
            self.assertLess(session_id(one, bits), session_id(other, more))

    @given(st.floats(0, EPOCH + 3e9), BITS)
    def test_ids_have_one_form(self, now: float, bits: int) -> None:
        """S- and 13 characters of the alphabet, also before the epoch; normal() keeps them."""
        made = session_id(now, bits)
        self.assertEqual((made[:2], len(made)), ("S-", 15))
        self.assertLessEqual(set(made[2:]), set(ALPHABET))
        self.assertEqual(normal(made), made)

    @given(TIMES, BITS)
    def test_what_was_read_aloud_is_found(self, now: float, bits: int) -> None:
        """Small letters, look-alikes, no prefix, spaces around."""
        made = session_id(now, bits)
        spoken = made[2:].replace("0", "o").replace("1", "l").lower()
        for typed in (spoken, "s-" + spoken, f"  S-{spoken}\n", made[2:].replace("1", "I").replace("0", "O")):
            self.assertEqual(normal(typed), made)

    @given(st.text(max_size=20))
    def test_anything_has_a_normal_form(self, typed: str) -> None:
        """Never an error."""
        self.assertTrue(normal(typed).startswith("S-"))

    def test_references_and_numbers(self) -> None:
        """Fixed widths, most significant first."""
        self.assertEqual(reference(0), "R-00000000")
        self.assertEqual(reference(2**40 - 1), "R-ZZZZZZZZ")
        self.assertEqual(crockford(33, 3), "011")
        self.assertEqual({state.value for state in State}, {"waiting", "live", "locked", "ended", "lost"})
