"""The lock gate: nothing moves, nothing is lost, nothing typed is delivered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from gateway.domain.barrier import MOST_HELD, LockGate
from gateway.domain.flow import Flow
from gateway.domain.lane import (
    Bytes,
    Close,
    Effect,
    End,
    EndSession,
    Event,
    Lane,
    Mark,
    Notice,
    Order,
    OrderKind,
    Request,
    Resize,
    Tick,
)
from gateway.domain.screen import Screen

UP, DOWN = Lane.TO_TARGET, Lane.TO_OPERATOR
LOCK = Order(OrderKind.LOCK, "bob", notice="locked")
UNLOCK = Order(OrderKind.UNLOCK, "bob", notice="unlocked")


def transcript(flow: Flow, *events: Event) -> list[Effect]:
    """Feed events and return all effects."""
    return [effect for event in events for effect in flow.feed(event, 0)]


def stream(events: list[Bytes | End]) -> list[int | End]:
    """Return the bytes one by one, and the ends between them."""
    return [each for event in events for each in (event.chunk if isinstance(event, Bytes) else (event,))]


class LockGateTests(SynchronousTestCase):
    """One channel under a lock."""

    def test_unlocked_everything_passes(self) -> None:
        """A lock gate is no hindrance by itself."""
        events = [Bytes(UP, b"a"), End(UP), Resize(80, 24), Request(UP, "signal", b""), Close(UP), Tick()]
        self.assertEqual(transcript(Flow((LockGate(True),)), *events), events[:-1])

    def test_locked_input_of_a_terminal_never_reaches_the_target(self) -> None:
        """Keys, signals and breaks are discarded, also after the release."""
        gate = LockGate(True)
        flow = Flow((gate,))
        keys = [Bytes(UP, b"rm -rf /\r"), Request(UP, "signal", b"INT"), Request(UP, "break", b"")]
        self.assertEqual(transcript(flow, LOCK, *keys, UNLOCK), [Notice("locked"), Notice("unlocked")])
        self.assertEqual(gate.discarded, 9)
        self.assertEqual(flow.held(UP), 0)

    def test_output_is_held_in_order_and_delivered_on_release(self) -> None:
        """The terminal's output, its end and its exit status wait."""
        flow = Flow((LockGate(True),))
        status = Request(DOWN, "exit-status", bytes(4))
        held = [Bytes(DOWN, b"one"), Bytes(DOWN, b"two"), status, End(DOWN), Close(DOWN)]
        self.assertEqual(transcript(flow, LOCK, *held), [Notice("locked")])
        self.assertEqual(flow.held(DOWN), 6)
        self.assertEqual(transcript(flow, UNLOCK), [Notice("unlocked"), Bytes(DOWN, b"onetwo"), *held[2:]])
        self.assertEqual(flow.held(DOWN), 0)

    def test_stdout_and_stderr_keep_their_places(self) -> None:
        """Small chunks of one kind are joined, never across another kind; large ones stay as they are."""
        flow = Flow((LockGate(True),))
        held = [Bytes(DOWN, b"1"), Bytes(DOWN, b"2", True), Bytes(DOWN, b"3"), Bytes(DOWN, b"x" * 600)]
        transcript(flow, LOCK, *held)
        self.assertEqual(transcript(flow, UNLOCK)[1:], held)

    def test_a_flood_of_requests_ends_the_session(self) -> None:
        """They have no window that could bound them."""
        flow = Flow((LockGate(True),))
        out = transcript(flow, LOCK, *(Request(DOWN, "xon-xoff", b"") for _ in range(MOST_HELD + 1)))
        self.assertEqual([type(each) for each in out], [Notice, EndSession])

    def test_only_the_last_size_is_delivered(self) -> None:
        """A window resized ten times under a lock is resized once."""
        flow = Flow((LockGate(True),))
        out = transcript(flow, LOCK, Resize(1, 1), Resize(2, 2), UNLOCK)
        self.assertEqual(out, [Notice("locked"), Notice("unlocked"), Resize(2, 2)])

    def test_a_channel_born_locked_is_frozen_without_words(self) -> None:
        """A channel opened under a lock waits like the others."""
        flow = Flow((LockGate(False, locked=True),))
        self.assertEqual(transcript(flow, Request(UP, "exec", b"x")), [])
        self.assertEqual(transcript(flow, UNLOCK), [Notice("unlocked"), Request(UP, "exec", b"x")])

    def test_orders_twice_change_nothing(self) -> None:
        """A second lock or release is silent, and so are other orders; a mark goes into the recording."""
        flow = Flow((LockGate(True),))
        mark, other = Order(OrderKind.MARK, "bob", "look"), Order(OrderKind.PRESENCE, "bob")
        self.assertEqual(transcript(flow, UNLOCK, mark, other, LOCK, LOCK), [Mark("look"), Notice("locked")])

    def test_a_terminal_is_drawn_over_and_has_its_screen_back(self) -> None:
        """Exactly, cursor and looks too, also when the window was changed meanwhile."""
        for size in (None, (30, 3), (8, 6)):
            screen, terminal = Screen(20, 5), Screen(20, 5)
            gate = LockGate(True, screen=screen)
            for each in (screen, terminal):
                each.feed("\x1b[31mred\x1b7\x1b[4;2H\x1b(0qx\x1b[?6h\x1b[2;4r日本".encode())
            before = screen.dump()
            [over] = transcript(Flow((gate,)), LOCK)
            assert isinstance(over, Notice) and over.drawn is not None
            terminal.feed(over.drawn)
            self.assertEqual((terminal.text()[0], terminal.cursor), ("locked", screen.cursor))
            resized = [] if size is None else [Resize(*size)]
            [under, *rest] = transcript(Flow((gate,)), *resized, UNLOCK)
            assert isinstance(under, Notice) and under.drawn is not None
            self.assertEqual((rest, screen.dump()), (resized, before))
            for each in (screen, terminal) if size else ():
                each.resize(*size)
            terminal.feed(under.drawn)
            self.assertEqual(terminal.dump(), screen.dump())

    @given(st.lists(st.one_of(
        st.sampled_from([LOCK, UNLOCK]),
        st.builds(Bytes, st.sampled_from(Lane), st.binary(min_size=1, max_size=5)),
        st.builds(End, st.sampled_from(Lane)),
    ), max_size=40))  # fmt: skip
    def test_without_a_terminal_nothing_is_lost_or_reordered(self, events: list[Event]) -> None:
        """An exec, sftp or forward gets exactly its bytes, however it is locked and released."""
        flow = Flow((LockGate(False),))
        out = transcript(flow, *events, UNLOCK)
        for lane in Lane:
            came = [each for each in events if isinstance(each, Bytes | End) and each.lane is lane]
            left = [each for each in out if isinstance(each, Bytes | End) and each.lane is lane]
            self.assertEqual(stream(left), stream(came))
            self.assertEqual(flow.held(lane), 0)
