"""What passes in place, and what goes the ordinary way."""

from __future__ import annotations

import struct

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.channels import ChannelEnd
from gateway.wire.connection import Connection
from gateway.wire.splice import Splice
from tests.wire.joined import Heard, Open


@attrs.define(eq=False)
class Kept:
    """Keep what a channel end sends."""

    frames: list[bytes] = attrs.field(factory=list)
    sent: list[tuple[int, bytes]] = attrs.field(factory=list)

    def forward(self, frame: memoryview) -> None:
        self.frames.append(bytes(frame))

    def send(self, number: int, payload: bytes) -> None:
        self.sent.append((number, payload))

    def forget(self, local: int) -> None: ...

    def pause_reading(self, why: str) -> None: ...

    def resume_reading(self, why: str) -> None: ...


class World:
    """A source and a sink with a splice between them."""

    def __init__(self, granted: int = 1000, room: int = 1000) -> None:
        self.one, self.other = Kept(), Kept()
        self.source = ChannelEnd(self.one, "session", 1, Heard(), granted=granted, remote=11, room=500)
        self.sink = ChannelEnd(self.other, "session", 2, Heard(), granted=500, remote=22, room=room)
        self.seen: list[bytes] = []
        self.splice = Splice(self.source, self.sink, lambda count, view: self.seen.append(bytes(view)))
        self.splice.open()


def frame(number: int, payload: bytes, padding: int = 7) -> memoryview:
    """Return a frame as a packet is opened to."""
    return memoryview(bytearray(bytes((padding, number)) + payload + bytes(padding)))


def bytes_of(chunk: bytes, channel: int = 1, stderr: bool = False) -> memoryview:
    """Return the frame of a message with bytes."""
    kind = struct.pack(">L", 1) if stderr else b""
    return frame(95 if stderr else 94, struct.pack(">L", channel) + kind + struct.pack(">L", len(chunk)) + chunk)


class PassingTests(SynchronousTestCase):
    """The fast way."""

    def test_bytes_pass_with_another_channel_number_and_nothing_else_changed(self) -> None:
        """The ledger takes them from both windows, and the watcher sees exactly them."""
        for stderr in (False, True):
            world = World()
            self.assertTrue(world.splice.take_bytes(95 if stderr else 94, bytes_of(b"chunk", stderr=stderr)))
            self.assertEqual(world.other.frames, [bytes(bytes_of(b"chunk", channel=22, stderr=stderr))])
            self.assertEqual((world.source.granted, world.sink.room, world.seen), (995, 995, [b"chunk"]))

    def test_an_adjustment_goes_back_as_far_as_the_ledger_permits(self) -> None:
        """What the source may send still is not given twice."""
        world = World(granted=100, room=50)
        self.assertTrue(world.splice.take_adjust(frame(93, struct.pack(">LL", 2, 200))))
        self.assertEqual(world.one.frames, [bytes(frame(93, struct.pack(">LL", 11, 150)))])
        self.assertEqual((world.source.granted, world.sink.room), (250, 250))
        self.assertTrue(world.splice.take_adjust(frame(93, struct.pack(">LL", 2, 10))))
        self.assertEqual((len(world.one.frames), world.sink.room), (1, 260))

    def test_a_shut_splice_is_nobodys_way(self) -> None:
        """Shutting takes away what opening gave, and nothing of a later splice."""
        world = World()
        later = Splice(world.source, world.sink, lambda count, view: None)
        later.open()
        world.splice.shut()
        self.assertIs(world.source.onward, later)
        later.shut()
        self.assertEqual((world.source.onward, world.sink.inward), (None, None))


class OrdinaryTests(SynchronousTestCase):
    """What is not passed: the ordinary way refuses, queues or weighs it."""

    def refuses(self, world: World, message: memoryview) -> None:
        before = (world.source.granted, world.sink.room)
        take = world.splice.take_adjust(message) if message[1] == 93 else world.splice.take_bytes(message[1], message)
        self.assertFalse(take)
        self.assertEqual((world.source.granted, world.sink.room), before)
        self.assertEqual((world.one.frames, world.other.frames, world.seen), ([], [], []))

    def test_bytes_beyond_a_window_or_after_an_end(self) -> None:
        """Each alone is enough."""
        self.refuses(World(granted=4), bytes_of(b"chunk"))
        self.refuses(World(room=4), bytes_of(b"chunk"))
        for change in ("got_eof", "got_close"):
            world = World()
            setattr(world.source, change, True)
            self.refuses(world, bytes_of(b"chunk"))

    def test_bytes_behind_something_that_waits(self) -> None:
        """A queue, an EOF, a CLOSE, an open that is not confirmed, a packet size."""
        waiting, ending, closing, early, small = World(room=0), World(), World(), World(), World()
        waiting.sink.write(b"first")
        waiting.sink.room = 1000
        ending.sink.end()
        closing.sink.close()
        early.sink.remote = -1
        small.sink.packet = 4
        for world in (waiting, ending, closing, early, small):
            self.refuses(world, bytes_of(b"chunk"))

    def test_bytes_that_are_none_or_lie_about_their_length(self) -> None:
        """Malformed messages are for whoever ends the connection."""
        self.refuses(World(), bytes_of(b""))
        self.refuses(World(), frame(94, struct.pack(">LL", 1, 4) + b"chunk"))
        self.refuses(World(), frame(94, struct.pack(">LL", 1, 6) + b"chunk"))
        self.refuses(World(), frame(95, struct.pack(">LLL", 1, 2, 5) + b"chunk"))

    def test_adjustments_that_are_wrong_or_for_who_sends_no_more(self) -> None:
        """Also those that would widen a window beyond 2^32."""
        self.refuses(World(), frame(93, struct.pack(">LL", 2, 1 << 31) + b"x"))
        self.refuses(World(room=1 << 31), frame(93, struct.pack(">LL", 2, 1 << 31)))
        ended, closed = World(granted=0), World(granted=0)
        ended.source.got_eof = True
        closed.sink.got_close = True
        self.refuses(ended, frame(93, struct.pack(">LL", 2, 5)))
        self.refuses(closed, frame(93, struct.pack(">LL", 2, 5)))

    @settings(max_examples=200)
    @given(st.sampled_from([93, 94, 95]), st.binary(max_size=40), st.integers(4, 255))
    def test_any_payload_is_passed_whole_or_left(self, number: int, payload: bytes, padding: int) -> None:
        """No message a peer can make raises on the fast way."""
        world = World()
        connection = Connection(Open())
        connection.channels = {1: world.source, 2: world.sink}
        message = frame(number, payload, padding)
        if connection.plane(number, message):
            self.assertEqual(len((world.one.frames + world.other.frames)[0]), len(message))
        else:
            self.assertEqual(bytes(message), bytes(frame(number, payload, padding)))
            self.assertEqual((world.source.granted, world.sink.room), (1000, 1000))
