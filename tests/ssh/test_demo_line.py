"""Keys in, lines out."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.demo_line import LONGEST_AHEAD, LONGEST_LINE, Key, LineDiscipline

KEYS = st.lists(
    st.sampled_from([b"a", b"B", b" ", b"\r", b"\n", b"\x03", b"\x04", b"\x7f", b"\x15", b"\x17", b"\x1b[A", b"\x1bOB",
                     "é".encode(), "漢".encode(), b"\x1b", b"\t", b"\xff"]),
    max_size=40,
).map(b"".join)  # fmt: skip


def typed(chunks: list[bytes], hidden: bool = False) -> tuple[list[bytes | Key], bytes]:
    echoed: list[bytes] = []
    line = LineDiscipline(echoed.append, hidden)
    events: list[bytes | Key] = []
    for chunk in chunks:
        line.push(chunk)
        while (event := line.take()) is not None:
            events.append(event)
    return events, b"".join(echoed)


class LineTests(SynchronousTestCase):
    """What a person types on the demo target."""

    def test_return_gives_a_line_and_an_echo(self) -> None:
        """CR, LF and CR LF all end one line."""
        self.assertEqual(typed([b"ls\rid\npwd\r\n"]), ([b"ls", b"id", b"pwd"], b"ls\r\nid\r\npwd\r\n"))

    def test_backspace_takes_a_whole_character_back(self) -> None:
        """Also of two bytes, and of two cells."""
        self.assertEqual(typed(["aé漢".encode() + b"\x7f\x7f\r"])[0], [b"a"])
        self.assertEqual(typed(["漢".encode() + b"\x7f"])[1], "漢".encode() + b"\b \b" * 2)
        self.assertEqual(typed([b"\x7f\x7fa\r"]), ([b"a"], b"a\r\n"))

    def test_a_line_and_a_word_can_be_taken_back(self) -> None:
        """Ctrl-U and Ctrl-W."""
        self.assertEqual(typed([b"rm -rf x\x15ls\r"])[0], [b"ls"])
        self.assertEqual(typed([b"ls one two \x17\r"])[0], [b"ls one "])

    def test_what_is_hidden_is_never_echoed(self) -> None:
        """Only the end of the line is seen."""
        self.assertEqual(typed([b"sesamf\x7fe\r"], hidden=True), ([b"sesame"], b"\r\n"))

    def test_ctrl_c_forgets_the_line_and_ctrl_d_ends_an_empty_one(self) -> None:
        """Ctrl-D inside a line is nothing."""
        self.assertEqual(typed([b"abc\x03de\x04f\r\x04"])[0], [Key.INTERRUPT, b"def", Key.END])

    def test_escape_sequences_are_swallowed(self) -> None:
        """Arrows and function keys leave nothing in the line; Ctrl-C is never swallowed."""
        self.assertEqual(typed([b"a\x1b[A\x1b[15~\x1bOPb\r"])[0], [b"ab"])
        self.assertEqual(typed([b"\x1b[1;\x03a\r"])[0], [Key.INTERRUPT, b"a"])

    def test_a_line_has_a_bound(self) -> None:
        """What is too long rings the bell and is dropped; so is what is typed too far ahead."""
        events, echo = typed([b"x" * (LONGEST_LINE + 5) + b"\r"])
        self.assertEqual((len(events[0]), echo.count(b"\a")), (LONGEST_LINE, 5))
        self.assertEqual(typed([b"\r" * (LONGEST_AHEAD + 1)])[0], [b""] * LONGEST_AHEAD)

    def test_an_interrupt_drops_what_was_typed_ahead_of_it(self) -> None:
        """What was typed after it stays."""
        echoed: list[bytes] = []
        line = LineDiscipline(echoed.append)
        line.push(b"ls\r\x03id\r")
        self.assertEqual((line.interrupted(), line.take(), line.interrupted()), (True, b"id", False))

    def test_keys_can_be_taken_raw(self) -> None:
        """A full-screen program gets bytes without an echo."""
        line = LineDiscipline(lambda chunk: self.fail("echo"))
        line.push(b"\x03q")
        self.assertEqual([line.take_key(), line.take_key(), line.take_key()], [3, ord("q"), None])

    @settings(max_examples=200)
    @given(KEYS, st.lists(st.integers(0, 60), max_size=5))
    def test_it_never_matters_how_keys_were_cut(self, keys: bytes, cuts: list[int]) -> None:
        """Events and echo are those of the whole."""
        edges = [0, *sorted(cuts), len(keys)]
        chunks = [keys[start:end] for start, end in pairwise(edges)]
        self.assertEqual(typed(chunks), typed([keys]))

    @settings(max_examples=200)
    @given(st.binary(max_size=200))
    def test_no_bytes_break_it(self, keys: bytes) -> None:
        """Lines hold no control characters, whatever is typed."""
        for event in typed([keys])[0]:
            if isinstance(event, bytes):
                self.assertFalse(any(byte < 32 or byte == 127 for byte in event))
