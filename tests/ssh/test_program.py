"""Channels that end inside the gateway."""

from __future__ import annotations

import struct

import attrs
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.program import WINDOW, ProgramChannel, ProgramDoor, Refusal, Start, refusal_door
from gateway.wire.channels import ChannelEnd
from gateway.wire.fields import string, uint32
from tests.ssh.outputs import KeptProgram

PTY = string(b"xterm") + struct.pack(">LLLL", 80, 24, 0, 0) + string(b"\x01modes")


@attrs.define(eq=False)
class Wire:
    """Keep what a channel end sends."""

    sent: list[tuple[int, bytes]] = attrs.field(factory=list)
    forgotten: list[int] = attrs.field(factory=list)

    def send(self, number: int, payload: bytes) -> None:
        self.sent.append((number, bytes(payload)))

    def forget(self, local: int) -> None:
        self.forgotten.append(local)


class ProgramCase(SynchronousTestCase):
    """A door with a shell and one subsystem, and an end that the operator opened."""

    def setUp(self) -> None:
        self.program, self.subsystem = KeptProgram(), KeptProgram()
        self.wire = Wire()
        self.end = self.opened(ProgramDoor(lambda: self.program, "no way", {"sftp": lambda: self.subsystem}))

    def opened(self, door: ProgramDoor, kind: str = "session") -> ChannelEnd:
        end = ChannelEnd(self.wire, kind, 0, remote=7, room=1000)
        door.open_requested(end, b"")
        return end

    def ask(self, name: str, payload: bytes = b"") -> bool:
        self.wire.sent.clear()
        self.end.take_request(name, True, payload)
        (number, _), *rest = self.wire.sent
        self.wire.sent[:] = rest
        return number == 99

    def refunds(self) -> int:
        return sum(struct.unpack(">LL", payload)[1] for number, payload in self.wire.sent if number == 93)


class StartTests(ProgramCase):
    """What is run, and how."""

    def test_a_shell_knows_its_terminal(self) -> None:
        """Its size, its name and its modes, and every new size; a side of zero is one that is not known."""
        self.assertTrue(self.ask("pty-req", PTY))
        self.assertTrue(self.ask("window-change", struct.pack(">LLLL", 90, 25, 0, 0)))
        self.assertTrue(self.ask("shell"))
        self.assertTrue(self.ask("window-change", struct.pack(">LLLL", 5000, 0, 0, 0)))
        self.assertEqual(self.program.told, [Start(None, (90, 25), "xterm", b"\x01modes"), (1000, 24)])

    def test_an_exec_has_its_command(self) -> None:
        """And only one program runs in a channel."""
        self.assertTrue(self.ask("exec", string(b"ls -l")))
        self.assertFalse(self.ask("exec", string(b"id")))
        self.assertFalse(self.ask("shell"))
        self.assertEqual(self.program.told, [Start("ls -l", None)])

    def test_a_known_subsystem_runs(self) -> None:
        """In place of the shell's program."""
        self.assertTrue(self.ask("subsystem", string(b"sftp")))
        self.end.take_bytes(b"x", stderr=False)
        self.assertEqual((self.subsystem.told, self.program.told), ([Start("sftp", None), b"x"], []))

    def test_an_unknown_subsystem_is_refused_in_words(self) -> None:
        """On stderr, with the code of wrong usage."""
        self.assertTrue(self.ask("subsystem", string(b"other")))
        self.assertIn(b"ostiary: other needs a target", self.wire.sent[0][1])
        self.assertIn((98, uint32(7) + string(b"exit-status") + b"\0" + uint32(64)), self.wire.sent)

    def test_malformed_and_unknown_requests_fail(self) -> None:
        """And nothing is started."""
        for name, payload in (("pty-req", PTY[:-1]), ("exec", b"\0"), ("window-change", bytes(16)), ("x11-req", b"")):
            self.assertFalse(self.ask(name, payload), name)
        self.assertEqual(self.program.told, [])

    def test_other_channels_are_refused_in_words(self) -> None:
        """With the door's own reason."""
        self.wire.sent.clear()
        self.opened(refusal_door(Refusal(77, "not here")), "direct-tcpip")
        self.assertIn(b"ostiary: not here", self.wire.sent[0][1])


class WindowTests(ProgramCase):
    """What is refunded, and to whom."""

    def test_input_is_refunded_unless_the_program_pauses(self) -> None:
        """What was held back is refunded at once when it goes on."""
        self.ask("shell")
        self.end.take_bytes(b"abc", stderr=False)
        self.assertEqual(self.refunds(), 3)
        assert self.program.output is not None
        self.program.output.pause()
        self.end.take_bytes(b"defg", stderr=False)
        self.assertEqual((self.refunds(), self.end.granted), (3, WINDOW - 4))
        self.program.output.resume()
        self.assertEqual((self.refunds(), self.end.granted), (7, WINDOW))

    def test_a_channel_that_is_handed_over_goes_on(self) -> None:
        """Its program hears and says nothing more; the whole window is granted; nothing is closed."""
        self.ask("pty-req", PTY)
        self.ask("shell")
        output = self.program.output
        assert output is not None
        output.pause()
        self.end.take_bytes(b"key", stderr=False)
        self.program.told.clear()
        self.wire.sent.clear()
        self.assertIs(output.hand_over(), self.end)
        self.assertEqual((self.end.granted, self.refunds()), (WINDOW, 3))
        self.wire.sent.clear()
        output.write(b"x")
        output.write_error(b"x")
        output.exit(1)
        listener = self.end.listener
        assert isinstance(listener, ProgramChannel)
        listener.ended()
        listener.closed()
        self.assertEqual((self.wire.sent, self.program.told), ([], []))
        self.end.write(b"next")
        self.assertEqual(self.wire.sent[0][0], 94)

    def test_a_program_hears_the_end(self) -> None:
        """EOF, room, the channel's loss."""
        self.ask("shell")
        self.end.take_adjust(1)
        self.end.take_eof()
        self.end.take_close()
        self.assertEqual(self.program.told[1:], ["drained", "ended", "stopped"])
        self.assertEqual(self.wire.forgotten, [0])
