"""One channel between two real ends: order, windows, answers, and an end that comes once."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.wire.channels import MOST_UNANSWERED, MOST_WAITING, ChannelEnd, ChannelFault
from gateway.wire.connection import Connection
from tests.wire.joined import Heard, Open, Side, join, settle

WINDOWS = st.one_of(st.integers(1, 40), st.integers(1, 5000))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.booleans(), st.binary(min_size=1, max_size=3000)),
        st.tuples(st.just("request"), st.booleans(), st.sampled_from(["exit-status", "signal", "env"])),
        st.tuples(st.just("reply"), st.booleans()),
        st.tuples(st.just("grant"), st.integers(1, 4000)),
        st.tuples(st.just("deliver"), st.integers(1, 4)),
        st.tuples(st.just("back"), st.integers(1, 4)),
        st.tuples(st.just("eof")),
        st.tuples(st.just("close")),
    ),
    max_size=40,
)


def opened(window: int = 1 << 20, packet: int = 32 * 1024) -> tuple[ChannelEnd, Heard, ChannelEnd, Heard, Side, Side]:
    """Open a channel: ours, what we hear, theirs, what they hear, and the sides."""
    owner = Open(window=window, packet=packet)
    ours, theirs = join(Connection(Open()), Connection(owner))
    heard = Heard()
    end = ours.connection.open("session", heard, 1 << 20)
    settle(ours, theirs)
    return end, heard, owner.ends[0], owner.heard[0], ours, theirs


class ModelTests(SynchronousTestCase):
    """A writer and a reader under every interleaving."""

    @settings(max_examples=150)
    @given(WINDOWS, st.sampled_from([1024, 1500, 32 * 1024]), STEPS)
    def test_what_is_written_arrives_in_order(self, window: int, packet: int, steps: list[tuple[Any, ...]]) -> None:
        """Bytes, requests, EOF and CLOSE arrive as they were queued; the reader never gets more than it granted."""
        end, heard, far, far_heard, ours, theirs = opened(window, packet)
        wanted: list[Any] = []
        granted, closed, ended = window, False, False
        answers: list[bool] = []
        for step in steps:
            match step:
                case ("write", stderr, chunk):
                    end.write(chunk, stderr)
                    if not (closed or ended):
                        wanted += [("stderr" if stderr else "data", chunk[i : i + 1]) for i in range(len(chunk))]
                case ("request", wants, name):
                    end.request(name, b"p", wants)
                    wanted += [] if closed else [("request", name, b"p")]
                case ("reply", ok) if far_heard.slots:
                    answers += [] if far.sent_close else [ok]
                    far.reply(far_heard.slots.pop(0), ok)
                case ("grant", count):
                    far.grant(count)
                    granted += count
                case ("deliver" | "back" as way, count):
                    any([(ours if way == "deliver" else theirs).deliver() for _ in range(count)])
                case ("eof",):
                    end.end()
                    wanted += [] if ended or closed else ["eof"]
                    ended = True
                case ("close",):
                    end.close()
                    closed = True
            self.assertLessEqual(sum(map(len, far_heard.taken)), granted)
            self.assertLessEqual(end.queued, sum(len(event[1]) for event in wanted if event[0] in ("data", "stderr")))
        far.grant(1 << 20)
        settle(ours, theirs)
        self.assertEqual(unpacked(far_heard.events), wanted + ["closed"] * closed)
        self.assertEqual([event[1] for event in heard.events if event[0] == "replied"], answers)
        self.assertEqual(end.queued, 0)
        self.assertEqual(heard.events.count("closed"), closed)
        self.assertFalse(ours.disconnected or theirs.disconnected)
        self.assertEqual(bool(ours.connection.channels or theirs.connection.channels), not closed)


def unpacked(events: list[Any]) -> list[Any]:
    """Cut data into single bytes: packets are not the writer's matter."""
    found: list[Any] = []
    for event in events:
        if event[0] in ("data", "stderr"):
            found += [(event[0], event[1][i : i + 1]) for i in range(len(event[1]))]
        else:
            found.append(event)
    return found


class ChannelTests(SynchronousTestCase):
    """What peers may and may not do."""

    def test_end_of_file_waits_for_the_bytes_before_it(self) -> None:
        """As the exit status waits, and CLOSE for both."""
        end, _, far, far_heard, ours, theirs = opened(window=3)
        end.write(b"abcdef")
        end.request("exit-status", b"\0\0\0\7", wants_reply=False)
        end.end()
        end.close()
        settle(ours, theirs)
        self.assertEqual(far_heard.events, [("data", b"abc")])
        far.grant(100)
        settle(ours, theirs)
        self.assertEqual(far_heard.events[1:],
                         [("data", b"def"), ("request", "exit-status", b"\0\0\0\7"), "eof", "closed"])  # fmt: skip

    def test_nothing_follows_the_end(self) -> None:
        """Bytes after EOF and anything after CLOSE are dropped; both are sent once."""
        end, heard, far, far_heard, ours, theirs = opened()
        end.end()
        end.end()
        end.write(b"late")
        end.close()
        end.close()
        end.request("env", b"", wants_reply=True)
        far.write(b"x")
        settle(ours, theirs)
        self.assertEqual(far_heard.events, ["eof", "closed"])
        self.assertEqual(ours.said.count("eof") + ours.said.count("close"), 2)
        self.assertEqual(heard.events.count("closed"), 1)

    def test_a_peer_that_closes_gets_a_close_and_nothing_queued(self) -> None:
        """What waits for his window is dropped with his interest."""
        end, heard, far, _, ours, theirs = opened(window=1)
        end.write(b"abcdef")
        end.close()
        far.close()
        settle(ours, theirs)
        self.assertEqual((ours.said[-1], end.queued), ("close", 0))
        self.assertEqual(heard.events[-1], "closed")
        self.assertEqual(ours.connection.channels, {})

    def test_a_patient_end_leaves_the_answer_to_its_owner(self) -> None:
        """An exit status that comes after the peer's CLOSE goes before ours; bytes are dropped."""
        end, heard, far, _far_heard, ours, theirs = opened(window=1)
        end.patient = True
        end.write(b"abc")
        far.close()
        settle(ours, theirs)
        self.assertEqual((heard.events[-1], end.queued), ("closed", 0))
        self.assertNotIn("close", ours.said)
        end.write(b"dropped")
        end.request("exit-status", b"\0\0\0\7", wants_reply=False)
        end.close()
        settle(ours, theirs)
        self.assertEqual(ours.said[-2:], ["request", "close"])
        self.assertEqual((heard.events.count("closed"), ours.connection.channels), (1, {}))

    def test_more_than_the_window_is_a_fault(self) -> None:
        """As are bytes after EOF, and a window beyond 32 bits."""
        end, *_ = opened()
        end.granted = 3
        end.take_bytes(b"abc", stderr=True)
        self.assertRaises(ChannelFault, end.take_bytes, b"d", False)
        end.granted = 9
        end.take_eof()
        end.take_eof()
        self.assertRaises(ChannelFault, end.take_bytes, b"d", False)
        end.take_adjust(2**32 - 1 - end.room)
        self.assertRaises(ChannelFault, end.take_adjust, 1)

    def test_answers_keep_the_order_of_the_questions(self) -> None:
        """Answered backwards they leave forwards; an unknown slot is nobody's."""
        end, heard, far, far_heard, ours, theirs = opened()
        for _ in range(3):
            end.request("env", b"", wants_reply=True)
        settle(ours, theirs)
        one, two, three = far_heard.slots
        far.reply(three, False)
        far.reply(99, True)
        far.reply(None, True)
        far.reply(two, True)
        settle(ours, theirs)
        self.assertEqual(heard.events, ["opened"])
        far.reply(one, True)
        settle(ours, theirs)
        self.assertEqual(heard.events[1:], [("replied", True), ("replied", True), ("replied", False)])

    def test_questions_are_bounded(self) -> None:
        """Both those that wait for our answer and those that wait for the peer's window."""
        end, _, far, _, ours, theirs = opened(window=1)
        for _ in range(MOST_UNANSWERED):
            far.take_request("env", True, b"")
        self.assertRaises(ChannelFault, far.take_request, "env", True, b"")
        end.write(b"ab")
        for _ in range(MOST_WAITING):
            end.request("signal", b"", wants_reply=False)
        self.assertRaises(ChannelFault, end.request, "signal", b"", False)
        far.grant(10)
        settle(ours, theirs)
        end.request("signal", b"", wants_reply=False)

    def test_many_small_chunks_take_little_room(self) -> None:
        """A writer of single bytes does not multiply them; their kind is kept."""
        end, _, far, far_heard, ours, theirs = opened(window=1)
        for number in range(5000):
            end.write(b"ab"[number % 2 : number % 2 + 1], stderr=number >= 2500)
        self.assertLess(len(end._queue), 20)
        far.grant(5000)
        settle(ours, theirs)
        self.assertEqual(far_heard.taken, [b"ab" * 1250, b"ab" * 1250])

    def test_small_packets_are_refused(self) -> None:
        """A peer that takes a byte at a time would cost a packet a byte."""
        for size in (0, 1, 1023):
            end, *_ = opened()
            self.assertRaises(ChannelFault, end.take_confirmation, 1, 1, size)

    def test_grants_stop_with_the_end(self) -> None:
        """Nobody is granted more who sends no more, nor before the channel is there."""
        end, _, far, _, ours, theirs = opened()
        before = theirs.said.count("adjust")
        end.end()
        settle(ours, theirs)
        far.grant(10)
        far.grant(-1)
        self.assertEqual(theirs.said.count("adjust"), before)
        alone = Connection(Open())
        sides = join(alone, Connection(Open(accept=False)))
        waiting = alone.open("session", Heard(), 10)
        waiting.grant(5)
        self.assertEqual(sides[0].said, ["open"])

    def test_a_lost_connection_ends_every_channel_once(self) -> None:
        """Whatever was queued."""
        end, heard, _, far_heard, ours, theirs = opened(window=1)
        end.write(b"abc")
        ours.lose()
        settle(ours, theirs)
        for each in (heard, far_heard):
            self.assertEqual(each.events.count("closed"), 1)
        end.lost()
        end.take_close()
        end.take_request("env", True, b"")
        end.take_bytes(b"x" * 2**20, stderr=False)
        end.take_reply(True)
        self.assertEqual(heard.events[-1], "closed")

    def test_a_refusal_carries_its_words(self) -> None:
        """In UTF-8, and the number is free again."""
        owner = Open(accept=False)
        ours, theirs = join(Connection(Open()), Connection(owner))
        heard = Heard()
        ours.connection.open("session", heard, 10)
        settle(ours, theirs)
        owner.ends[0].refuse(1, "nö")
        settle(ours, theirs)
        self.assertEqual(heard.events, [("refused", 1, "nö")])
        self.assertEqual((ours.connection.channels, theirs.connection.channels), ({}, {}))
