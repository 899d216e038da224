"""One line that is asked for at a terminal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.prompted import LONGEST, Prompted

KEYS = st.lists(
    st.sampled_from([b"a", b"\xe6\x97\xa5", b"\xc3", b"\x7f", b"\b", b"\x15", b"\x03", b"\x04", b"\r", b"\n", b"\x1b",
                     b"\x1b[A", b"\x1bOP", b"\x1bx", b"\x00", b"\x9b", b"e\xcc\x81"]) | st.binary(max_size=3),
    max_size=40,
).map(b"".join)  # fmt: skip


class PromptedTests(SynchronousTestCase):
    """What is typed, shown and returned."""

    def test_a_line_is_typed_and_ended(self) -> None:
        """What is erased is erased on the terminal too, wide characters by two cells."""
        asked = Prompted()
        self.assertEqual(asked.feed(b"ab\x7fc"), "ab\b \bc")
        self.assertEqual(asked.feed("日".encode() + b"\x08"), "日\b \b\b \b")
        self.assertEqual(asked.feed(b"\x15\x7fdone\rmore"), "\b \b\b \bdone\r\n")
        self.assertEqual((asked.text, asked.done, asked.feed(b"x")), ("done", True, ""))

    def test_keys_for_moving_and_controls_are_passed_over(self) -> None:
        """They would only confuse."""
        asked = Prompted()
        self.assertEqual(asked.feed(b"a\x1b[1;5Db\x1bOPc\x1bxd\x00\x07e"), "abcde")

    def test_ctrl_c_and_ctrl_d_cancel(self) -> None:
        """Whatever was typed."""
        for key in (b"\x03", b"\x04", b"\x1b\x03", b"\x1b[\x04"):
            asked = Prompted()
            self.assertEqual(asked.feed(b"a" + key + b"b"), "a^C\r\n")
            self.assertTrue(asked.cancelled and not asked.done)

    @settings(max_examples=200)
    @given(KEYS, st.integers(0, 60))
    def test_cut_anywhere_gives_the_same(self, typed: bytes, cut: int) -> None:
        """And what is kept can be shown, and is bounded."""
        whole, parts = Prompted(), Prompted()
        shown = whole.feed(typed)
        self.assertEqual(parts.feed(typed[:cut]) + parts.feed(typed[cut:]), shown)
        self.assertEqual((parts.text, parts.done, parts.cancelled), (whole.text, whole.done, whole.cancelled))
        self.assertTrue(whole.text.isprintable() and len(whole.text) <= LONGEST)

    def test_a_line_has_a_longest_length(self) -> None:
        """What is too much is not shown either."""
        self.assertEqual(len(Prompted().feed(b"x" * 1000)), LONGEST)
