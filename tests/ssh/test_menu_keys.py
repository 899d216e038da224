"""Keys off a stream."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.menu_keys import Key, Keys


def keys(*chunks: bytes) -> list[Key | str]:
    reader = Keys()
    return [key for chunk in chunks for key in reader.read(chunk)]


class KeyTests(SynchronousTestCase):
    """What a terminal sends."""

    def test_keys_of_both_modes_are_known(self) -> None:
        """Normal and application cursor keys, the numbered ones, the controls."""
        self.assertEqual(keys(b"\x1b[A\x1bOB\x1b[5~\x1b[6~\x1b[H\x1bOF"), [
            Key.UP, Key.DOWN, Key.PAGE_UP, Key.PAGE_DOWN, Key.HOME, Key.END,
        ])  # fmt: skip
        self.assertEqual(keys(b"\r\x7f\x15\x03\x0c"), [Key.ENTER, Key.ERASE, Key.CLEAR, Key.LEAVE, Key.REPAINT])

    def test_characters_come_whole(self) -> None:
        """Also when their bytes come one by one."""
        self.assertEqual(keys("aé".encode()[:2], "aé".encode()[2:]), ["a", "é"])

    def test_what_is_unknown_is_swallowed_whole(self) -> None:
        """Function keys, mouse reports, pasted brackets, Alt with a letter."""
        self.assertEqual(keys(b"\x1b[15~\x1b[<0;1;2M\x1b[200~x\x1b[201~\x1bq\x00\x1bOP"), ["x"])
        self.assertEqual(keys(b"\x1b[" + b"1;" * 1000 + b"Ax"), ["x"])

    def test_escape_twice_clears_and_ctrl_c_always_leaves(self) -> None:
        """A sequence that never ends keeps nobody in."""
        self.assertEqual(keys(b"\x1b\x1b[B"), [Key.CLEAR, Key.DOWN])
        self.assertEqual(keys(b"\x1b[12\x03a"), [Key.LEAVE, "a"])
        self.assertEqual(keys(b"\x1b[1\x1b[A"), [Key.UP])

    @settings(max_examples=200)
    @given(st.binary(max_size=40), st.lists(st.integers(0, 40), max_size=4))
    def test_it_never_matters_how_bytes_were_cut(self, content: bytes, cuts: list[int]) -> None:
        """The keys are those of the whole."""
        edges = [0, *sorted(cuts), len(content)]
        chunks = [content[start:end] for start, end in pairwise(edges)]
        self.assertEqual(keys(*chunks), keys(content))
