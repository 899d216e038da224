"""What a screen shows of a line: over rows, without prompts, suggestions and lists."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lines.showing import MOST_PROMPTS, Showing
from gateway.domain.screen import Screen


def showing(prompt: bytes = b"$ ", columns: int = 20, more: bytes = b"") -> Showing:
    """Return a screen at a prompt, where something follows."""
    made = Showing(Screen(columns, 8))
    made.screen.feed(prompt)
    made.begin()
    made.screen.feed(more)
    return made


class ShowingTests(SynchronousTestCase):
    """From the end of the prompt to the cursor."""

    def test_a_line_is_read_up_to_the_cursor(self) -> None:
        """What stands right of it is a suggestion, unless the cursor may have moved back."""
        made = showing(more=b"ls -l -a\x1b[3D")
        self.assertEqual(made.read(), ["ls -l"])
        self.assertEqual(made.read(strayed=True), ["ls -l -a"])
        self.assertTrue(made.shows("ls -l", at_end=True))
        self.assertFalse(made.shows("ls", at_end=True))
        self.assertTrue(made.shows("ls -l -a", at_end=False))
        self.assertFalse(made.shows("ls -l", at_end=False))

    def test_a_line_goes_on_over_rows(self) -> None:
        """Also where a wide character had no room; the last column may be full."""
        for text in ("echo " + "x" * 40, "echo aaaaaaaaaaaa日本", "echo aaaaaaaaaaaaa日本", "x" * 18, "x" * 38):
            made = showing(more=text.encode())
            self.assertTrue(made.shows(text, at_end=True), text)
            self.assertEqual(made.read(), [text])
            self.assertEqual(made.read(strayed=True), [text])
        self.assertFalse(showing(more=b"x" * 18).shows("x" * 19, at_end=True))
        made = showing(more=b"\r\n" * 7)
        made.begin()
        self.assertFalse(made.shows("x" * 30, at_end=True))

    def test_rows_of_their_own_are_lines_of_their_own(self) -> None:
        """What the editor shows below a search does not count."""
        made = showing(more=b"echo 'a\r\nb'\r\nbck-i-search: e_")
        self.assertEqual(made.read(), ["echo 'a\nb'"])
        made = showing(more=b"echo 'a\r\nb'\r\nc\r\n\r\nd\x1b[4A\r")
        self.assertEqual(made.below(), ["b'", "c"])
        made.screen.feed(b"\x1b[H\x1b[2J" + b"\r\n".join([b"x"] * 8) + b"\x1b[H")
        self.assertEqual(len(made.below()), 7)

    def test_texts_that_can_not_be_laid_out_are_not_shown(self) -> None:
        """Marks, controls, what is far too long."""
        made = showing(more=b"e\xcc\x81")
        for text in ("e\u0301", "a\nb", "x" * 70_000):
            self.assertFalse(made.shows(text, at_end=True))

    def test_a_right_prompt_is_none_of_the_line(self) -> None:
        """It was there before the line."""
        made = Showing(Screen(20, 8))
        made.screen.feed(b"$ \x1b[16C~\x1b[17D")
        made.begin()
        made.screen.feed(b"ls")
        self.assertEqual(made.read(strayed=True), ["ls"])
        self.assertTrue(made.shows("ls", at_end=False))

    def test_the_prompt_is_looked_for_where_it_moved(self) -> None:
        """After clearing, a resize, a redraw; upwards from the cursor, over the line's rows."""
        made = showing(b"x\r\nuser$ ", more=b"ls\x1b[H\x1b[2Juser$ ls -l")
        self.assertEqual(made.read(), ["ls -l"])
        made.screen.feed(b"\x1b[H\x1b[2J\r\n\r\nuser$ " + b"y" * 30)
        self.assertEqual(made.read(), ["y" * 30])
        self.assertFalse(made.lost)
        made.screen.feed(b"\x1b[H\x1b[2Jelse> ls")
        self.assertEqual(made.read(), ["ls"])
        made.screen.feed(b"\x1b[H\x1b[2Jls")
        self.assertEqual((made.read(), made.lost), (["ls"], True))
        made = showing(b"", more=b"ls")
        self.assertEqual(made.read(), ["ls"])

    def test_a_prompt_may_be_written_again_below(self) -> None:
        """After a message of the editor's."""
        made = showing(more=b"!x\r\nno event\r\n$ !x")
        made.again = True
        self.assertEqual(made.read(), ["!x"])

    def test_a_search_in_the_history_shows_the_line(self) -> None:
        """Bash writes it instead of the prompt; also when it finds nothing."""
        made = showing(columns=60)
        made.screen.feed(b"\r(reverse-i-search)`ec': echo hi\x1b[2D")
        self.assertEqual(made.read(), ["echo hi"])
        made.screen.feed(b"\r\x1b[K(failed reverse-i-search)`ecx':")
        self.assertEqual(made.read(), [""])
        made.screen.feed(b"\r\x1b[Ki-search)` but not one")
        self.assertEqual(made.read(), ["i-search)` but not one"])

    def test_text_before_the_first_key_is_none_of_the_prompt(self) -> None:
        """Typed ahead, or put there by the editor: a known prompt stands before it."""
        made = showing()
        made.screen.feed(b"x\r\n$ rm ")
        made.begin("rm ")
        self.assertEqual((made.anchor and made.anchor.column, made.read()), (2, ["rm "]))
        made.screen.feed(b"x\r\n$ put there")
        self.assertTrue(made.begin(filled=True))
        self.assertEqual(made.read(), ["put there"])
        self.assertTrue(made.begin())
        made.screen.feed(b"\r\nnew% ls")
        self.assertTrue(made.begin(filled=True))
        self.assertEqual(made.read(), ["put there\nnew% ls", "ls"])

    def test_no_prompt_is_found_where_none_is(self) -> None:
        """On rows without a blank one between."""
        made = Showing(Screen(10, 2))
        made.screen.feed(b"a\r\nb")
        self.assertTrue(made.begin(filled=True))
        self.assertIsNone(made.anchor)

    def test_without_a_prompt_every_reading_is_given(self) -> None:
        """Behind each end a prompt may have."""
        made = Showing(Screen(40, 4))
        made.screen.feed(b"\r\na > b # rm x")
        self.assertEqual(made.read(), ["b # rm x", "rm x"])
        made.screen.feed(b"\r\nplain")
        self.assertEqual(made.read(), ["plain"])
        self.assertFalse(made.shows("plain", at_end=True))

    def test_prompts_are_remembered_of_shells_alone(self) -> None:
        """The latest ones; blank ones never."""
        made = showing()
        made.screen.feed(b"x")
        self.assertEqual((made.prompts, made.ready), (["$ "], False))
        made.screen.feed(b"\r\n$ ")
        self.assertTrue(made.ready)
        self.assertEqual(made.before, "$ ")
        made.screen.feed(b"\r\n>>> ")
        made.begin(shell=False)
        self.assertEqual(made.prompts, ["$ "])
        for number in range(MOST_PROMPTS + 1):
            made.learn(f"{number}$ ")
        made.learn("  ")
        self.assertEqual((len(made.prompts), made.prompts[0]), (MOST_PROMPTS, "1$ "))

    def test_a_line_that_was_accepted_is_read_above_the_cursor(self) -> None:
        """From its prompt on; without one from a prompt that is known; nothing where it is gone."""
        made = showing(more=b"ls -l\r\n")
        self.assertEqual(made.accepted(0, 1), "ls -l")
        made.forget()
        self.assertEqual(made.accepted(0, 1), "ls -l")
        made = showing(more=b"ls -l\x1b[2D")
        self.assertEqual(made.accepted(5, 0), "ls -l")
        self.assertEqual(made.accepted(0, 0), "")
        made.screen.feed(b"\r\n" * 20)
        self.assertEqual(made.accepted(0, 1), "")
        made.forget()
        self.assertEqual(made.accepted(0, 99), "")

    def test_the_gateways_own_lines_are_none_of_the_line(self) -> None:
        """A notice came while it was typed."""
        made = showing(columns=40, more=b"ls\r\nostiary: " + b"soon over " * 5 + b"\r\n -l")
        self.assertEqual(made.read(), ["ls\n -l"])

    def test_a_blank_in_the_last_column_may_be_one_or_none(self) -> None:
        """Editors go on in the next row in their own ways; both readings are given."""
        made = showing(columns=10, more=b"echo ab\r\nrm x")
        self.assertEqual(made.read(), ["echo ab rm x", "echo ab\nrm x"])
