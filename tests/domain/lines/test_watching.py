"""Where no rule can act, everything passes and everything is told."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.lane import Close, Order, OrderKind, Request, Resize
from gateway.domain.lines.watching import LineWatch
from tests.domain.lines.desk import DOWN, OFF, ON, UP, Desk


def desk() -> Desk:
    """Return a desk at a bash prompt."""
    made = Desk(LineWatch)
    made.ready()
    return made


class WatchingTests(SynchronousTestCase):
    """The same shells, with nothing held."""

    def test_lines_pass_at_once_and_are_told_when_they_are_taken(self) -> None:
        """Also several of one packet."""
        made = desk()
        self.assertEqual(made.types(b"ls\rid\r"), b"ls\rid\r")
        made.shows(b"ls\r\n" + OFF + b"\r" + ON + b"$ ")
        self.assertEqual(made.kinds(), ["ls"])
        made.shows(b"id\r\n" + OFF + b"\r" + ON + b"$ ")
        self.assertEqual((made.kinds(), made.told[0][1]["known_by"]), (["ls", "id"], "screen"))

    def test_what_keys_do_not_say_the_screen_does(self) -> None:
        """History; what stands of it in the line as typed is not known."""
        made = desk()
        made.types(b"\x1b[A\r")
        made.shows(b"id -u\r\n" + OFF + b"\r" + ON + b"$ ")
        self.assertEqual(made.kinds(), ["id -u"])
        made.types(b"!z\r")
        made.shows(b"!z\r\n" + OFF)
        self.assertEqual(made.kinds("command.opaque"), ["!z"])

    def test_an_unfinished_line_is_told_when_it_is_finished(self) -> None:
        """As one."""
        made = desk()
        made.runs(b"echo 'a", prompt=b"> ")
        self.assertEqual(made.kinds(), [])
        made.runs(b"b'")
        made.runs(b" ")
        self.assertEqual(made.kinds(), ["echo a\ufffdb"])

    def test_a_line_nobody_submitted_is_told_as_such(self) -> None:
        """Not one that was thrown away."""
        made = desk()
        made.types(b"id")
        made.shows(b"id\r\n" + OFF + b"\r" + ON + b"$ ")
        self.assertEqual(made.kinds("command.unmediated"), ["id"])
        made.types(b"ls\x03")
        made.shows(b"ls^C" + OFF + b"\r\r\n" + ON + b"$ ")
        self.assertEqual(made.kinds(), ["id"])

    def test_what_is_typed_ahead_is_told_when_an_editor_takes_it(self) -> None:
        """Not where the program had it."""
        for taken in (True, False):
            made = desk()
            made.enters(b"sleep 1")
            made.shows(b"\r\n" + OFF)
            made.types(b"id\r")
            made.shows(b"id\r\n" + ON + b"$ ")
            if taken:
                made.shows(b"id\r\n" + OFF + b"\r" + ON + b"$ ")
            made.runs(b"ls")
            self.assertEqual(made.kinds(), ["sleep 1", "id", "ls"] if taken else ["sleep 1", "ls"])

    def test_a_shell_without_an_editor(self) -> None:
        """A line is told when it is echoed; a secret is not, nor what a reader has."""
        made = Desk(LineWatch)
        made.shows(b"$ ")
        made.types(b"id\r")
        self.assertEqual(made.kinds(), [])
        made.shows(b"id\r\n$ ")
        self.assertEqual(made.kinds(), ["id"])
        made.types(b"sudo id\r")
        made.shows(b"sudo id\r\nPassword: ")
        made.types(b"secret\r")
        made.shows(b"\r\nuid=0\r\n$ ")
        made.waits(1)
        made.types(b"\x1b[A")
        made.shows(b"ls")
        made.types(b"\r")
        self.assertEqual(made.kinds(), ["id", "sudo id", "id", "ls"])
        for end in (b"\x04", b"\x03"):
            made.shows(b"\r\n$ ")
            made.types(b"cat\r")
            made.shows(b"cat\r\n")
            made.types(b"data\r" + end)
            made.shows(b"data\r\ndata\r\n$ ")
        made.types(b"ls\r")
        made.shows(b"ls\r\n")
        self.assertEqual(made.kinds()[4:], ["cat", "cat", "ls"])
        self.assertEqual(made.kinds("command.blind"), ["cat", "cat"])

    def test_fish_keeps_a_line_that_is_not_finished(self) -> None:
        """It is told when it is taken."""
        made = Desk(LineWatch)
        made.shows(ON)
        made.shows(b"\x1b[30m\x1b(B\x1b[m\r# ")
        made.types(b"echo 'a\r")
        made.shows(b"echo 'a\r\n")
        made.types(b"b'\r")
        made.shows(b"b'\r\n" + OFF)
        self.assertEqual(made.kinds(), ["echo a\ufffdb"])

    def test_the_last_line_is_told_at_the_end(self) -> None:
        """It was submitted; the end came before anything said that it was taken."""
        made = desk()
        made.types(b"exit\r")
        made.feed(Close(DOWN))
        made.feed(Close(DOWN))
        self.assertEqual(made.kinds(), ["exit"])

    def test_everything_else_passes(self) -> None:
        """An exec says who reads."""
        made = Desk(LineWatch)
        asked = Request(UP, "exec", struct.pack(">L", 3) + b"cat")
        for event in (asked, Resize(90, 30), Close(UP)):
            self.assertEqual(made.flow.feed(event, 1), [event])
        self.assertEqual(made.flow.feed(Order(OrderKind.MARK, ""), 1), [])
        made.types(b"data\r")
        self.assertEqual(made.kinds(), [])

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), st.binary(max_size=20)), max_size=12))
    def test_any_bytes_pass_as_they_come(self, packets: list[tuple[bool, bytes]]) -> None:
        """Both ways, and nothing raises."""
        made = desk()
        before = made.passed
        for typed, packet in packets:
            if typed:
                self.assertEqual(made.types(packet), packet)
            else:
                made.shows(packet)
        self.assertEqual((made.passed, made.flow.ended), (before + b"".join(p for t, p in packets if t), False))
