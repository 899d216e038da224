"""Where commands read and write: bounds and interrupts."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.demo_console import MOST_UNREAD, MOST_UNSENT, Console, Interrupted
from tests.ssh.outputs import KeptOutput


class ConsoleTests(SynchronousTestCase):
    """Pipes and terminals."""

    def setUp(self) -> None:
        self.output = KeptOutput()
        self.interrupts = 0

    def make(self, terminal: bool) -> Console:
        return Console(self.output, (80, 24) if terminal else None, self.interrupted)

    def interrupted(self) -> None:
        self.interrupts += 1

    def later(self, waited: Any) -> Deferred[Any]:
        return Deferred.fromCoroutine(waited)

    def test_unread_input_is_bounded_and_refunded_when_read(self) -> None:
        """A command that does not read holds its peer up."""
        console = self.make(terminal=False)
        console.received(bytes(MOST_UNREAD))
        self.assertFalse(self.output.paused)
        console.received(b"x")
        self.assertTrue(self.output.paused)
        self.assertEqual(len(self.successResultOf(self.later(console.read()))), MOST_UNREAD + 1)
        self.assertFalse(self.output.paused)

    def test_a_writer_waits_for_room(self) -> None:
        """And so does who types, because an echo is output too."""
        self.output.stuck = True
        console = self.make(terminal=True)
        self.successResultOf(self.later(console.write(b"a")))
        waiting = self.later(console.write(bytes(MOST_UNSENT)))
        self.assertNoResult(waiting)
        console.received(b"x")
        self.assertTrue(self.output.paused)
        console.drained()
        self.assertNoResult(waiting)
        self.output.take()
        console.drained()
        self.successResultOf(waiting)
        self.assertFalse(self.output.paused)

    def test_lines_come_from_pipes_too(self) -> None:
        """The last one may have no end."""
        console = self.make(terminal=False)
        first = self.later(console.read_line())
        console.received(b"on")
        self.assertNoResult(first)
        console.received(b"e\ntwo\nthr")
        self.assertEqual(self.successResultOf(first), b"one")
        self.assertEqual(self.successResultOf(self.later(console.read_line())), b"two")
        third = self.later(console.read_line())
        console.ended()
        self.assertEqual(self.successResultOf(third), b"thr")
        self.assertIsNone(self.successResultOf(self.later(console.read_line())))
        self.assertEqual(self.successResultOf(self.later(console.read())), b"")

    def test_hidden_lasts_for_one_line(self) -> None:
        """Also when it is broken off."""
        console = self.make(terminal=True)
        hidden = self.later(console.read_line(hidden=True))
        console.received(b"secret\rseen")
        self.assertEqual(self.successResultOf(hidden), b"secret")
        self.assertNoResult(self.later(console.read_line()))
        self.assertEqual(bytes(self.output.out), b"\r\nseen")
        console.received(b"\r")
        broken = self.later(console.read_line(hidden=True))
        console.received(b"sec\x03")
        self.failureResultOf(broken, Interrupted)
        self.assertFalse(console.keys.hidden)

    def test_ctrl_c_reaches_who_reads_and_who_does_not(self) -> None:
        """As an exception in the one case, by the callback in the other."""
        console = self.make(terminal=True)
        reading = self.later(console.read())
        console.received(b"\x03")
        self.failureResultOf(reading, Interrupted)
        self.assertEqual(self.interrupts, 0)
        console.received(b"ls\r\x03")
        self.assertEqual(self.interrupts, 1)
        self.assertNoResult(self.later(console.read()))

    def test_a_reader_that_is_cancelled_leaves_the_input(self) -> None:
        """The next one gets it."""
        console = self.make(terminal=True)
        reading = self.later(console.read())
        reading.cancel()
        self.failureResultOf(reading, CancelledError)
        console.received(b"a\r")
        self.assertEqual(self.successResultOf(self.later(console.read())), b"a\n")

    def test_the_end_of_input_ends_every_reader(self) -> None:
        """A line, a key, and Ctrl-D where a chunk is read."""
        console = self.make(terminal=True)
        reading = self.later(console.read())
        console.received(b"\x04")
        self.assertEqual(self.successResultOf(reading), b"")
        key = self.later(console.read_key())
        console.ended()
        self.assertIsNone(self.successResultOf(key))
        self.assertIsNone(self.successResultOf(self.later(console.read_line())))
