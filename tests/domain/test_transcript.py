"""Lines of text of what was shown."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.cast import Event
from gateway.domain.transcript import Line, Transcript


def told(*events: tuple[float, str] | Event, **how: object) -> list[tuple[float, str]]:
    """Return times and texts of all lines."""
    made = [each if isinstance(each, Event) else Event(each[0], "o", each[1]) for each in events]
    transcript = Transcript(**how)  # type: ignore[arg-type]
    found = [*transcript.lines(made), *transcript.rest()]
    return [(line.at, line.text) for line in found]


class TranscriptTests(SynchronousTestCase):
    """What a session showed, line by line."""

    def test_a_line_that_is_typed_is_told_when_it_stands(self) -> None:
        """Not key by key, but when the cursor has left it."""
        keys = [(1.0 + n, key) for n, key in enumerate("$ ls")]
        self.assertEqual(told(*keys, (6.0, "\r\na.txt  b.txt\r\n$ ")),
                         [(6.0, "$ ls"), (6.0, "a.txt  b.txt"), (6.0, "$")])  # fmt: skip

    def test_long_output_is_told_whole(self) -> None:
        """Each line once, though it scrolls by in one event."""
        numbers = "".join(f"line {n}\r\n" for n in range(500))
        self.assertEqual(told((0.0, numbers)), [(0.0, f"line {n}") for n in range(500)])

    def test_a_line_on_several_rows_is_one(self) -> None:
        """No word is cut where a row ends; also a line that is longer than the screen leaves nothing out."""
        words = " ".join(f"word{n}" for n in range(40))
        self.assertEqual(told((0.0, words + "\r\n"), (1.0, "x\r\n")), [(0.0, words), (1.0, "x")])
        text = " ".join(f"word{n:05}" for n in range(2000))
        found = "".join(line for _, line in told((0.0, text + "\r\nend\r\n"), columns=20, rows=4))
        lost = [number for number in range(2000) if f"{number:05}" not in found.replace(" ", "")]
        self.assertEqual(lost[:5], [])

    def test_a_command_without_a_terminal_is_told_too(self) -> None:
        """Line feeds alone end its lines."""
        self.assertEqual(told((0.0, "one\ntwo\n"), terminal=False), [(0.0, "one"), (0.0, "two")])

    def test_a_full_screen_program_is_told_once(self) -> None:
        """What it paints, and not again what was there before it."""
        lines = told((0.0, "before\r\n"), (1.0, "\x1b[?1049h\x1b[Hfirst\r\nsecond\r\n"), (2.0, "\x1b[Hfirst!\r\n\r\n"),
                     (3.0, "\x1b[?1049l"), (4.0, "after\r\n"))  # fmt: skip
        self.assertEqual([text for _, text in lines], ["before", "first", "second", "first!", "after"])

    def test_what_is_wiped_away_was_told(self) -> None:
        """Also when the sequence that does it comes in pieces; the line that was being typed too."""
        lines = told((0.0, "one\r\ntwo\r\n$ cle"), (0.1, "ar\x1b[H\x1b["), (0.1, "2Jthree\r\n$ vi\x1b[?10"),
                     (0.2, "49hfile"))  # fmt: skip
        self.assertEqual([text for _, text in lines], ["one", "two", "$ clear", "three", "$ vi", "    file"])

    def test_known_limits(self) -> None:
        """What is written over at once is not seen; a long line comes in pieces; painted rows are lines."""
        self.assertEqual(told((0.0, "first\rother\r\n")), [(0.0, "other")])
        pieces = [text for _, text in told((0.0, "x" * 700 + "\r\n"), columns=40, rows=10)]
        self.assertGreater(len(pieces), 1)
        self.assertEqual("".join(pieces), "x" * 700)
        painted = told((0.0, "\x1b[?1049h\x1b[1;1Ha row\x1b[2;1Hanother"))
        self.assertEqual([text for _, text in painted], ["a row", "another"])

    def test_a_new_size_loses_nothing(self) -> None:
        """And tells nothing twice; what is no size changes nothing; other codes show nothing."""
        lines = told((0.0, "one\r\n$ tw"), Event(1.0, "r", "40x10"), Event(1.0, "r", "x"), Event(1.0, "i", "o"),
                     (1.1, "o\r\n"))  # fmt: skip
        self.assertEqual([text for _, text in lines], ["one", "$ tw", "$ two"])

    def test_a_kept_screen_is_known_already(self) -> None:
        """A frame that begins with it tells only what comes."""
        transcript = Transcript()
        transcript.begin(20, 4, "old\r\n$ ")
        events = [Event(5.0, "o", "new\r\n")]
        self.assertEqual([*transcript.lines(events), *transcript.rest()], [Line(5.0, "$ new")])

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.sampled_from(["one", "\r\n", "\x1b[2J\x1b[H", "日本", "\t", "\b", "word " * 3]), max_size=40),
           st.integers(1, 7))  # fmt: skip
    def test_cut_anywhere_gives_the_same_lines(self, parts: list[str], size: int) -> None:
        """At the same moment."""
        text = "".join(parts)
        pieces = [(0.0, text[n : n + size]) for n in range(0, len(text), size)]
        self.assertEqual(told(*pieces), told((0.0, text)))
