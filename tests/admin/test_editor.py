"""One line, edited on a terminal."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.admin.cleaning import clean, width
from gateway.admin.editor import LONGEST, MOST_AHEAD, Event, LineEditor

SOME = [b"\x1b[A", b"\x1b[D", b"\x1b[", b"\x1b", b"\x1b[3~", b"\r", b"\n", b"\t", b"\x7f", b"\x17", b"a b"]
KEYS = st.lists(
    st.sampled_from(SOME)
    | st.binary(max_size=6)
    | st.text(max_size=4).map(lambda text: text.encode("utf-8", "replace")),
    max_size=20,
)
OWN = re.compile(rb"\r\n|\r|\x1b\[K|\x1b\[\d+C")


class EditorTests(SynchronousTestCase):
    """Keys in; paint, and what was asked for, out."""

    def typed(self, *chunks: bytes) -> LineEditor:
        """Return an editor into which was typed, without a line end."""
        editor = LineEditor("> ")
        for chunk in chunks:
            editor.press(chunk)
        return editor

    def test_a_line_is_submitted_by_return(self) -> None:
        """CR LF is one line end, not two."""
        editor = LineEditor("> ")
        self.assertEqual(editor.press(b"lock alice\r\nsessions\n")[1], Event.SUBMIT)
        self.assertEqual(editor.take(), "lock alice")
        self.assertEqual(editor.press()[1], Event.SUBMIT)
        self.assertEqual((editor.take(), editor.press()), ("sessions", (b"", None)))

    def test_keys_move_and_delete_as_readline_does(self) -> None:
        """Each with its line before and after the cursor."""
        for keys, text, before in (
            (b"abc\x01X", "Xabc", "X"),
            (b"abc\x02\x02X", "aXbc", "aX"),
            (b"abc\x1b[D\x1b[3~", "ab", "ab"),
            (b"abc\x1bOD\x7f", "ac", "a"),
            (b"ab cd\x17", "ab ", "ab "),
            (b"abc\x02\x0b", "ab", "ab"),
            (b"abc\x02\x15", "c", ""),
            (b"abc\x01\x04", "bc", ""),
            (b"abc\x1b[H\x1b[C\x1b[F!", "abc!", "abc!"),
            ("日本\x02".encode(), "日本", "日"),
        ):
            editor = self.typed(keys)
            self.assertEqual((editor.text, editor.before), (text, before), keys)

    def test_history_goes_back_and_forth_to_the_draft(self) -> None:
        """Twice the same line is remembered once."""
        editor = LineEditor("> ")
        for line in (b"one\r", b"one\r", b"two\r"):
            editor.press(line)
            editor.take()
        editor.press(b"draft\x1b[A")
        self.assertEqual(editor.text, "two")
        editor.press(b"\x1b[A\x1b[A")
        self.assertEqual(editor.text, "one")
        editor.press(b"\x1b[B\x1b[B\x1b[B")
        self.assertEqual(editor.text, "draft")

    def test_a_hidden_line_is_neither_shown_nor_remembered(self) -> None:
        """Nor completed."""
        editor = LineEditor("")
        editor.begin("password: ", hidden=True)
        painted, asked = editor.press(b"hunter2\t\r")
        self.assertEqual((asked, editor.take()), (Event.SUBMIT, "hunter2"))
        self.assertNotIn(b"hunter2", painted)
        editor.begin("> ")
        editor.press(b"\x1b[A")
        self.assertEqual(editor.text, "")

    def test_the_end_key_asks_for_the_end_on_an_empty_line_only(self) -> None:
        """Otherwise it deletes."""
        self.assertEqual(LineEditor("> ").press(b"\x04")[1], Event.END)
        self.assertEqual(LineEditor("> ").press(b"a\x01\x04")[1], None)

    def test_a_long_line_scrolls_within_its_row(self) -> None:
        """The cursor's surroundings are what is shown."""
        editor = LineEditor("> ", columns=20)
        painted, _ = editor.press(b"0123456789" * 5)
        self.assertIn(b"34567890123456789"[-17:], painted)
        self.assertTrue(painted.endswith(b"\x1b[19C"))

    def test_everything_kept_is_bounded(self) -> None:
        """The line, and what is typed ahead."""
        editor = self.typed(b"x" * (LONGEST + 10))
        self.assertEqual(len(editor.text), LONGEST)
        editor.ahead(b"y" * (MOST_AHEAD + 10))
        self.assertLessEqual(len(editor._ahead), MOST_AHEAD)
        editor.forget()
        self.assertEqual(editor.press(), (b"", None))

    @settings(max_examples=200, deadline=None)
    @given(KEYS, st.integers(1, 100))
    def test_any_bytes_leave_a_line_that_can_be_painted(self, chunks: list[bytes], columns: int) -> None:
        """What is painted is clean text and four sequences of our own, within one row."""
        editor = LineEditor("> ", columns=columns)
        for chunk in chunks:
            editor.ahead(chunk)
            for _ in range(40):
                painted, asked = editor.press()
                shown = OWN.sub(b"", painted).decode("utf-8")
                self.assertEqual(clean(shown), shown)
                self.assertLessEqual(width(shown), max(columns, 7))
                if asked is None:
                    break
                if asked is not Event.COMPLETE:
                    editor.take()
            self.assertEqual(clean(editor.text), editor.text)
            self.assertTrue(0 <= len(editor.before) <= len(editor.text))
