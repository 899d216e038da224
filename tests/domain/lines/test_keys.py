"""Bytes become keys: each byte in exactly one, cut anywhere."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lines.keys import Act, Key, Keys

PIECES = st.lists(
    st.sampled_from([b"a", b"\r", b"\x1b", b"\x1b[A", b"\x1b[200~", b"\x1b[201~", b"\x1bOM", b"[", b"O", "é".encode(),
                     b"\xff", b"\x1b[" + b"1" * 40, b"\x03", b"\x1ba", b"\x1b[13;5u", b"\x1b[0;1R"]), max_size=12,
).map(b"".join)  # fmt: skip


def acts(chunk: bytes) -> list[Act]:
    """Return what the keys of a packet do."""
    return [key.act for key in Keys().cut(chunk)]


class KeysTests(SynchronousTestCase):
    """From bytes to keys."""

    def test_text_and_editing_keys_are_known(self) -> None:
        """Text in runs; controls and sequences one by one."""
        self.assertEqual(Keys().cut("né".encode()), [Key("né".encode(), Act.TEXT, "né")])
        self.assertEqual(acts(b"\x01\x02\x05\x06\x7f\x08\x15\x17\x0b"), [
            Act.HOME, Act.LEFT, Act.TAIL, Act.RIGHT, Act.ERASE, Act.ERASE, Act.KILL, Act.WORD, Act.CUT,
        ])  # fmt: skip
        self.assertEqual(acts(b"\x1b[D\x1bOC\x1b[A\t\x0c\x18\x1bq"), [
            Act.LEFT, Act.RIGHT, Act.EDIT, Act.COMPLETE, Act.STILL, Act.RARE, Act.RARE,
        ])  # fmt: skip

    def test_every_key_that_may_submit_is_one(self) -> None:
        """CR, LF, Ctrl-O, Esc-a, Esc-CR, Enter of the keypad and in its longer spellings."""
        for keys in (b"\r", b"\n", b"\x0f", b"\x1ba", b"\x1b\r", b"\x1bOM", b"\x1b[13u", b"\x1b[13;5u",
                     b"\x1b[27;5;13~", b"\x1b[57414u"):  # fmt: skip
            self.assertEqual(acts(keys), [Act.COMMIT], keys)
        self.assertEqual(acts(b"\x04\x03\x1a\x1c"), [Act.END, Act.CANCEL, Act.CANCEL, Act.CANCEL])

    def test_reports_of_the_terminal_change_nothing(self) -> None:
        """Cursor, device and mode reports."""
        for keys in (b"\x1b[3;1R", b"\x1b[?62;c", b"\x1b[?2004;1$y", b"\x1b[I"):
            self.assertEqual(acts(keys), [Act.STILL], keys)

    def test_in_a_paste_everything_is_text(self) -> None:
        """Line ends are still keys that may submit: who reads them is not known here."""
        keys = Keys().cut(b"\x1b[200~a\rb\x03\x1b[A\x1b[201~\r")
        self.assertEqual([(key.act, key.text, key.pasted) for key in keys], [
            (Act.STILL, "", False), (Act.TEXT, "a", True), (Act.COMMIT, "\n", True), (Act.TEXT, "b", True),
            (Act.TEXT, "\x03", True), (Act.EDIT, "", True), (Act.STILL, "", False), (Act.COMMIT, "", False),
        ])  # fmt: skip

    def test_what_begins_a_key_is_passed_on_and_known_later(self) -> None:
        """Esc, and a moment later the rest."""
        keys = Keys()
        self.assertEqual(keys.cut(b"\x1b"), [Key(b"\x1b", Act.PART)])
        self.assertEqual(keys.cut(b"a"), [Key(b"a", Act.COMMIT)])
        self.assertEqual([key.act for key in keys.cut(b"\x1b\x1b[A")], [Act.RARE, Act.EDIT])
        self.assertEqual(acts(b"\x1b[" + b"1" * 40), [Act.RARE, Act.TEXT])
        self.assertEqual(keys.cut(b"\x1b[1"), [Key(b"\x1b[1", Act.PART)])
        self.assertEqual(keys.cut(b"\r"), [Key(b"", Act.RARE), Key(b"\r", Act.COMMIT)])

    @given(PIECES, st.lists(st.integers(0, 200), max_size=6))
    def test_cut_anywhere_gives_the_same_keys(self, given: bytes, cuts: list[int]) -> None:
        """The same acts and texts; and the bytes as they came."""
        whole, pieces = Keys(), Keys()
        places = sorted({0, len(given), *(cut for cut in cuts if cut < len(given))})
        found = [key for start, end in pairwise(places) for key in pieces.cut(given[start:end])]
        self.assertEqual(b"".join(key.raw for key in found), given)

        def told(keys: list[Key]) -> tuple[list[Act], str]:
            kept = [key.act for key in keys if key.act not in (Act.PART, Act.TEXT)]
            return kept, "".join(key.text for key in keys)

        self.assertEqual(told(found), told(whole.cut(given)))
