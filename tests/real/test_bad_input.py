"""Peers that break the protocol after logging in: each is refused, and nobody else notices."""

from __future__ import annotations

import struct

import paramiko
from paramiko.common import cMSG_CHANNEL_DATA, cMSG_CHANNEL_OPEN, cMSG_CHANNEL_REQUEST

from tests.real.harness import PlaceCase, until


class MalformedTests(PlaceCase):
    """Messages an ordinary client never sends."""

    def connected(self) -> paramiko.Transport:
        transport = paramiko.Transport(("127.0.0.1", self.place.gateway.port))
        self.addCleanup(transport.close)
        key = paramiko.Ed25519Key.from_private_key_file(str(self.place.folder / "alice"))
        transport.connect(username=self.place.to_web(), pkey=key)
        return transport

    def sent(self, raw: bytes) -> paramiko.Transport:
        """Log in, open a session channel, send one raw message."""
        transport = self.connected()
        transport.open_session(timeout=20)
        message = paramiko.Message()
        message.packet.write(raw)
        transport._send_user_message(message)  # type: ignore[attr-defined]
        return transport

    def test_broken_messages_end_only_their_own_connection(self) -> None:
        """Cut fields, unknown channels, lengths beyond the packet, unknown numbers: another session lives."""
        other = self.place.start(self.place.to_web("bob"), "cat", key="bob")
        assert other.stdin is not None and other.stdout is not None
        cut = cMSG_CHANNEL_REQUEST + struct.pack(">L", 0)
        for raw in (
            cut, cut + struct.pack(">L", 2**31) + b"exec", cMSG_CHANNEL_DATA + struct.pack(">LL", 7777, 4) + b"junk",
            cMSG_CHANNEL_DATA + struct.pack(">LL", 0, 2**31) + b"junk", cMSG_CHANNEL_OPEN + b"\0\0\0\xff", b"\xc8junk",
            b"\x5d" + struct.pack(">LL", 0, 2**32 - 1) * 3, b"\x14" + b"\0" * 40,
        ):  # fmt: skip
            transport = self.sent(raw)
            other.stdin.write(b"alive\n")
            other.stdin.flush()
            self.assertEqual(other.stdout.readline(), b"alive\n")
            transport.close()
        until(lambda: len(self.place.pamctl("sessions", "--live")) == 1, "the others' sessions are over")
        self.assertEqual(other.communicate(timeout=30)[0], b"")

    def test_more_than_the_window_ends_the_connection(self) -> None:
        """A peer that ignores the window is cut."""
        transport = self.connected()
        channel = transport.open_session(timeout=20)
        channel.exec_command("sleep 5")
        channel.out_window_size = 2**31
        with self.assertRaises((OSError, EOFError, paramiko.SSHException)):
            for _ in range(2000):
                channel.sendall(b"\0" * 30_000)
        until(lambda: not transport.is_active(), "the connection is cut")

    def test_too_many_channels_are_refused(self) -> None:
        """Beyond the cap a channel is refused; those that are open go on."""
        transport = self.connected()
        opened = []
        with self.assertRaises(paramiko.ChannelException):
            for _ in range(200):
                opened.append(transport.open_session(timeout=20))
        self.assertGreater(len(opened), 9)
        opened[0].exec_command("echo on")
        self.assertEqual(opened[0].makefile().read(), b"on\n")

    def test_odd_names_and_lengths_in_requests(self) -> None:
        """Environment with NULs, endless variables, an empty command, a subsystem of control characters."""
        transport = self.connected()
        channel = transport.open_session(timeout=20)
        for name, value in (("LANG", "a\0b"), ("A" * 5000, "x"), ("LANG", "x" * 40_000), ("", "x")):
            channel.set_environment_variable(name, value)
        channel.exec_command("echo [$LANG]")
        self.assertEqual(channel.makefile().read(), b"[]\n")
        refused = transport.open_session(timeout=20)
        refused.invoke_subsystem("sf\x1b[31mtp\r\n\u202e")
        self.assertEqual(refused.recv_exit_status(), 77)
        said = refused.makefile_stderr().read()
        self.assertNotIn(b"\x1b", said)
        self.assertEqual(said.count(b"\n"), 1)
