"""What keys make of a line."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lines.keys import Keys
from gateway.domain.lines.typing import LONGEST, Typing


def typed(keys: bytes) -> Typing:
    """Return a line after some keys."""
    typing = Typing()
    for key in Keys().cut(keys):
        typing.press(key)
    return typing


class TypingTests(SynchronousTestCase):
    """Keys in, text out."""

    def test_editing_keys_do_what_editors_do(self) -> None:
        """Erase, move, cut: and the text is exact."""
        for keys, text, place in (
            (b"abc\x7f", "ab", 2), (b"\x7f\x08", "", 0), (b"ac\x02b", "abc", 2), (b"ab\x01x", "xab", 1),
            (b"ab\x01\x05c", "abc", 3), (b"ab\x1b[D\x06", "ab", 2), (b"abc\x01\x06\x0b", "a", 1),
            (b"ls x\x17", "ls ", 3), (b"ls \x15id", "id", 2), (b"  \x17", "", 0),
            (b"a\x03b", "b", 1), (b"a\x0c\x04", "a", 1), (b"", "", 0),
        ):  # fmt: skip
            typing = typed(keys)
            self.assertEqual((typing.text, typing.place, typing.exact), (text, place, True), keys)

    def test_a_line_is_not_exact_where_editors_differ(self) -> None:
        """History, completion, kills in the middle, words of other letters, moves at the end or over rows."""
        for keys in (b"a\x1b[A", b"a\t", b"ab\x02\x15", b"a/b\x17", b"ab\x02\x17", b"a\x06", b"a\x05",
                     b"\x1b[200~a\nb\x1b[201~\x01", b"\x1b[200~a\nb\x1b[201~\x02\x0b", b"\x18"):  # fmt: skip
            self.assertFalse(typed(keys).exact, keys)

    def test_the_cursor_is_at_the_end_as_far_as_is_known(self) -> None:
        """A completion leaves it there and may show a list; what the editor remembers may have it anywhere."""
        self.assertTrue(typed(b"ab").at_end)
        self.assertFalse(typed(b"ab\x02").at_end)
        self.assertFalse(typed(b"\x1b[A").at_end)
        listing = typed(b"a\t")
        self.assertEqual((listing.at_end, listing.listed, listing.strayed), (True, True, False))
        self.assertEqual((typed(b"\x0c").touched, typed(b"a").touched), (False, True))

    def test_a_long_line_is_kept_in_part(self) -> None:
        """It is longer than any that is read, and says so by its length."""
        typing = typed(b"x" * (LONGEST - 1))
        self.assertTrue(typing.exact)
        typing.press(Keys().cut(b"yy")[0])
        self.assertEqual((len(typing.text), typing.place, typing.exact), (LONGEST, LONGEST, False))
