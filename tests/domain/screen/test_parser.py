"""Sequences are read alike however they are cut, and nothing of a string is kept."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.screen.parser import LONGEST, Parser

PIECES = st.lists(
    st.sampled_from(
        [
            "a",
            "bc\r\n",
            "é",
            "\x1b",
            "[",
            "]",
            "1",
            ";",
            ":",
            "?",
            "<",
            "!",
            " ",
            "m",
            "H",
            "(",
            "0",
            "\\",
            "P",
            "X",
            "_",
            "7",
            "\x07",
            "\x18",
            "\x1a",
            "\b",
            "\x7f",
            "\x84",
            "\x9b",
            "\x9c",
            "\x9d",
            "\x90",
            "\x98",
            "\x1b[1m",
            "\x1b[?25h",
            "\x1b(B",
            "\x1b]0;t\x07",
            "1" * 250,
            "\t",
            "\xa0",
            "\x81",
        ]
    ),
    max_size=60,
).map("".join)


class Log:
    """Write down what is to be obeyed."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []

    def write(self, text: str) -> None:
        self.said += [("char", each) if each not in "\r\n" else ("control", each) for each in text]

    def control(self, character: str) -> None:
        self.said.append(("control", character))

    def escape(self, sequence: str) -> None:
        self.said.append(("escape", sequence))

    def csi(self, parameters: str, name: str) -> None:
        self.said.append(("csi", parameters, name))


def read(*texts: str) -> list[tuple[str, ...]]:
    parser, log = Parser(), Log()
    for text in texts:
        parser.feed(text, log)
    return log.said


class ParserTests(SynchronousTestCase):
    """What is text, what is not."""

    @settings(max_examples=200, deadline=None)
    @given(PIECES, st.lists(st.integers(0, 500), max_size=6))
    def test_cut_anywhere_reads_the_same(self, text: str, places: list[int]) -> None:
        """Down to single characters."""
        edges = [0, *sorted(place % (len(text) + 1) for place in places), len(text)]
        whole = read(text)
        self.assertEqual(read(*(text[a:b] for a, b in pairwise(edges))), whole)
        self.assertEqual(read(*text), whole)
        parser, log = Parser(), Log()
        parser.feed(text[: edges[1]], log)
        self.assertEqual(log.said + read(parser.begun + text[edges[1] :]), whole)

    def test_sequences_have_a_name_and_parameters(self) -> None:
        """The name is prefix, intermediates and final."""
        self.assertEqual(
            read("\x1b[1;2H\x1b[?25h\x1b[0 q\x9b!p\x1b(0\x1b7"),
            [
                ("csi", "1;2", "H"),
                ("csi", "25", "?h"),
                ("csi", "0", " q"),
                ("csi", "", "!p"),
                ("escape", "(0"),
                ("escape", "7"),
            ],
        )

    def test_controls_inside_a_sequence_are_obeyed_and_some_break_it_off(self) -> None:
        """CAN, SUB, ESC and C1 begin anew."""
        self.assertEqual(read("\x1b[1\n2C"), [("control", "\n"), ("csi", "12", "C")])
        self.assertEqual(read("\x1b[1\x18C")[1:], [("char", "C")])
        self.assertEqual(read("\x1b[1\x1b[m"), [("csi", "", "m")])
        self.assertEqual(read("\x1b[1\x85m"), [("control", "\x85"), ("char", "m")])
        self.assertEqual(read("\x1b\x7f[m"), [("csi", "", "m")])

    def test_letters_beyond_ascii_end_a_sequence(self) -> None:
        """But not one that is passed over anyway."""
        self.assertEqual(read("\x1b[1éa"), [("char", "a")])
        self.assertEqual(read("\x1b[1?éam"), [("char", "m")])

    def test_strings_are_passed_over(self) -> None:
        """Titles, queries, pictures; ended as they may be, or not at all."""
        self.assertEqual(read("\x1b]0;t\x07a\x1b]0;t\x1b\\b"), [("char", "a"), ("escape", "\\"), ("char", "b")])
        self.assertEqual(read("\x1bPq\x07#0\x9ca"), [("char", "a")])
        self.assertEqual(read("\x1b_x\x18a", "\x1b]" + "x" * 99, "x" * 99), [("char", "a")])

    def test_overlong_sequences_are_passed_over(self) -> None:
        """Nothing of them is obeyed, what follows is."""
        self.assertEqual(read("\x1b[" + "1" * LONGEST + "ma"), [("csi", "1" * LONGEST, "m"), ("char", "a")])
        self.assertEqual(read("\x1b[" + "1" * (LONGEST + 1) + "ma"), [("char", "a")])
        self.assertEqual(read("\x1b[1?5ha"), [("char", "a")])

    def test_intermediates_are_collected_up_to_two(self) -> None:
        """An escape sequence has a final character in the end."""
        self.assertEqual(read("\x1b ((((A"), [("escape", " (A")])
