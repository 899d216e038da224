"""The gateway's own SFTP channel: what a target says is read, bounded, or the channel is over."""

from __future__ import annotations

from typing import Any

import attrs
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gateway.ssh.procreader import (
    DATA,
    HANDLE,
    LONGEST_REPLY,
    NAME,
    READ,
    STATUS,
    VERSION,
    Reader,
    Unreadable,
)
from gateway.wire.fields import string, uint32


@attrs.define(eq=False)
class FakeEnd:
    """The channel's end: keep what is written."""

    remote: int = 0
    written: bytearray = attrs.Factory(bytearray)
    asked: list[str] = attrs.Factory(list)
    closed: bool = False

    def write(self, chunk: bytes) -> None:
        self.written += chunk

    def request(self, name: str, payload: bytes, wants_reply: bool) -> None:
        self.asked.append(name)

    def reply(self, slot: int | None, ok: bool) -> None:
        self.asked.append(f"reply {ok}")

    def grant(self, count: int) -> None:
        self.asked.append("grant")

    def close(self) -> None:
        self.closed = True


@attrs.define(eq=False)
class FakeConnection:
    """The target's connection: open one end."""

    end: FakeEnd = attrs.Factory(FakeEnd)

    def open(self, *words: Any) -> FakeEnd:
        return self.end


def packet(kind: int, number: int, payload: bytes) -> bytes:
    """Return one reply."""
    return string(bytes((kind,)) + uint32(number) + payload)


class ReaderTests(SynchronousTestCase):
    """One channel."""

    def setUp(self) -> None:
        connection: Any = FakeConnection()
        self.end = connection.end
        self.reader = Reader()
        self.ready = self.reader.begin(connection)

    def begun(self) -> Reader:
        """Go on until SFTP is spoken."""
        self.reader.opened()
        self.reader.replied(True)
        self.reader.received(packet(VERSION, 3, b""), False)
        self.assertIsNone(self.successResultOf(self.ready))
        self.end.written.clear()
        return self.reader

    def test_a_file_is_opened_read_and_closed(self) -> None:
        """The read and the close leave together; what is not there is None."""
        reading = Deferred.fromCoroutine(self.begun().file("/proc/1/stat"))
        self.reader.received(packet(HANDLE, 1, string(b"h")), False)
        self.assertIn(bytes((READ,)), bytes(self.end.written))
        self.reader.received(packet(DATA, 2, string(b"content")) + packet(STATUS, 3, uint32(0)), False)
        self.assertEqual(self.successResultOf(reading), b"content")
        missing = Deferred.fromCoroutine(self.reader.file("/proc/2/stat"))
        self.reader.received(packet(STATUS, 4, uint32(2)), False)
        self.assertIsNone(self.successResultOf(missing))

    def test_a_folder_is_listed(self) -> None:
        """Names with all kinds of attributes, until the end of it."""
        listing = Deferred.fromCoroutine(self.begun().names("/proc"))
        self.reader.received(packet(HANDLE, 1, string(b"h")), False)
        row = string(b"1") + string(b"drwx") + uint32(0x8000000F) + bytes(8 + 8 + 4 + 8) + uint32(1)
        row += string(b"a") + string(b"b")
        self.reader.received(packet(NAME, 2, uint32(2) + row + string(b"2") + string(b"") + uint32(0)), False)
        self.reader.received(packet(STATUS, 3, uint32(1)), False)
        self.assertEqual(self.successResultOf(listing), ["1", "2"])
        refused = Deferred.fromCoroutine(self.reader.names("/proc"))
        self.reader.received(packet(STATUS, 5, uint32(3)), False)
        self.failureResultOf(refused, Unreadable)

    def test_no_subsystem_is_said(self) -> None:
        """Also where the channel is not opened at all, or ends."""
        for refuse in (lambda reader: reader.replied(False), lambda reader: reader.open_refused(1, "no"),
                       lambda reader: reader.ended(), lambda reader: reader.closed()):  # fmt: skip
            self.setUp()
            refuse(self.reader)
            self.failureResultOf(self.ready, Unreadable)
            self.assertTrue(self.reader.over)

    def test_what_is_no_reply_ends_the_channel(self) -> None:
        """Too long, or an answer to nothing; what waits fails, and nothing is asked any more."""
        for junk in (uint32(LONGEST_REPLY + 1), uint32(0), packet(STATUS, 77, b""), string(b"\x65")):
            self.setUp()
            reading = Deferred.fromCoroutine(self.begun().files(["/proc/1/stat"]))
            self.reader.received(junk, False)
            self.failureResultOf(reading, Unreadable)
            self.assertTrue(self.end.closed)
            self.failureResultOf(Deferred.fromCoroutine(self.reader.file("x")), Unreadable)
            self.reader.received(b"more", False)
        self.reader.widened()
        self.reader.requested("exit-status", b"", None)
        self.reader.opened()

    @given(st.binary(max_size=200), st.integers(0, 200))
    def test_junk_does_no_harm(self, junk: bytes, cut: int) -> None:
        """Any bytes in place of replies, cut anywhere, and on stderr."""
        self.setUp()
        listing = Deferred.fromCoroutine(self.begun().names("/proc"))
        self.reader.received(junk, True)
        self.reader.received(packet(HANDLE, 1, string(b"h")) + junk[:cut], False)
        self.reader.received(junk[cut:], False)
        self.reader.received(packet(NAME, 2, junk), False)
        self.reader.close()
        listing.addErrback(lambda _: None)
